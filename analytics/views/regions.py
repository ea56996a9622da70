"""Where orders go: a map of equal tiles where the country is known, and the table of the same figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics import tiles
from analytics.breakdowns import Breakdown, Row, added
from analytics.kpis import Kpi
from analytics.tiles import TileMap
from analytics.views.breakdowns import BreakdownPage, of
from sellercenter import sheets
from sellercenter.permissions import Perm
from sellercenter.sheets import Kind


class Regions(BreakdownPage):
    """Provinces and states; a tile shows what the table is sorted by, where that can be counted."""

    permission = Perm.FIGURES_VIEW
    name, url_name = "regions", "figures_regions"
    dimensions = of("region")

    def blocks(self) -> list[dict[str, Any]]:
        """Return the map, when most orders lie in a country that is known, and the table."""
        (told,) = self.told.values()
        drawn = tiles.map_of({row.key: int(row.sums["placed"]) for row in told.rows})
        shown = [{"kind": "tiles", "half": False, "tiles": self._tiles(told, drawn)}] if drawn else []
        return [*shown, self.table(told)]

    def _shaded(self, told: Breakdown) -> int:
        """Return the place of the column that the map shows: the one sorted by, or that of the orders placed."""
        word = (self.sorts["region"] or told.dimension.sort).lstrip("-")
        return told.dimension.kpis.index(word if word in told.dimension.kpis else "placed")

    def _tiles(self, told: Breakdown, drawn: TileMap) -> dict[str, Any]:
        place = self._shaded(told)
        kpi, kind = told.dimension.columns[place], told.sheet().columns[place + 1].kind
        rows = {short: _one(some) for short, some in _by_tile(told, drawn).items()}
        values = {short: told.values(row)[place] or 0 for short, row in rows.items()}
        cuts = tiles.levels(values.values())
        shown = [
            {
                **{"short": one.short, "column": one.column, "row": one.row},
                **self._tile(told, rows.get(one.short), place, kind),
                "level": tiles.level(values.get(one.short, 0), cuts),
            }
            for one in drawn.tiles
        ]
        legend = [
            (tiles.level(cut, cuts), pgettext("legend", "from %(value)s") % {"value": self._say(cut, kind)})
            for cut in cuts
        ]
        return {
            **{"code": "map", "columns": drawn.columns, "tiles": shown, "links": {}},
            **{"title": _("Map of provinces"), "help": self._shown_words(kpi)},
            "legend": [{"level": level, "said": said} for level, said in legend],
            "outside": self._outside(told, drawn),
        }

    def _tile(self, told: Breakdown, row: Row | None, place: int, kind: Kind) -> dict[str, str]:
        """Say a tile's part of the whole, or the figure itself where figures can't be added up."""
        if row is None:
            return {"name": _("No orders"), "said": "–", "url": "", "value": ""}
        value, whole = told.values(row)[place], told.values(told.total)[place]
        text = self._say(value, kind)
        adds_up = not told.dimension.columns[place].denominator
        said = _percent(Decimal(value) / Decimal(whole)) if adds_up and whole else text
        return {"name": row.name, "said": said, "value": text, "url": told.urls(row)[place] if row in told.rows else ""}

    def _shown_words(self, kpi: Kpi) -> str:
        words = _("Shown: %(figure)s.") if kpi.denominator else _("Shown: %(figure)s, as a share of the whole.")
        return words % {"figure": kpi.label}

    def _say(self, value: Any, kind: Kind) -> str:
        return sheets.say(value, kind, self.shop.currency)

    def _outside(self, told: Breakdown, drawn: TileMap) -> str:
        """Say how many orders the map does not show."""
        outside = sum(int(row.sums["placed"]) for row in told.rows if drawn.find(row.key) is None)
        outside += int(told.rest.sums["placed"]) if told.rest else 0
        number = sheets.say(outside, Kind.COUNT, self.shop.currency)
        return _("Orders that are not on the map: %(n)s. The table has them.") % {"n": number} if outside else ""


def _percent(share: Decimal) -> str:
    """Write a share so that it fits on a tile; the table has it exactly."""
    return _("under 1 %") if 0 < share < Decimal("0.005") else f"{share * 100:.0f} %"


def _by_tile(told: Breakdown, drawn: TileMap) -> dict[str, list[Row]]:
    """Return the rows of each tile; a province that is written in several ways has several."""
    found: dict[str, list[Row]] = {}
    for row in told.rows:
        if tile := drawn.find(row.key):
            found.setdefault(tile.short, []).append(row)
    return found


def _one(rows: list[Row]) -> Row:
    """Put the rows of a tile together; no list shows several spellings at once."""
    if len(rows) == 1:
        return rows[0]
    return Row("", ", ".join(row.name for row in rows), added(row.sums for row in rows))
