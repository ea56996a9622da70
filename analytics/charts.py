"""Charts as declarations: what is drawn, in which unit and colour; the table under it and the downloads come along.

Lines and bars are drawn by `static/js/charts.js` from the table that `templates/analytics/parts/chart.html` writes, so
the picture and the table can't differ. Funnels, sparklines, heat maps and rows of bars need no script at all.

A tone is the colour of a thing, the same in every chart; the names are those of `static/css/figures.css`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sellercenter import money, sheets
from sellercenter.models import Shop
from sellercenter.sheets import Column, Kind, Sheet
from sellercenter.texts import Text

Value = int | Decimal | None
_DAY = gettext_lazy("Day")


class Tone(StrEnum):
    """The colours of things. `before` is what something is compared with; C1 to C8 tell things of one sort apart."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    AFTERSALES = "aftersales"
    LATE = "late"
    PROBLEM = "problem"
    PLAIN = "plain"
    BEFORE = "before"
    REST = "rest"
    C1 = "c1"
    C2 = "c2"
    C3 = "c3"
    C4 = "c4"
    C5 = "c5"
    C6 = "c6"
    C7 = "c7"
    C8 = "c8"


# For things without a colour of their own, in this order; what is left over shares REST.
CATEGORIES = (Tone.C1, Tone.C2, Tone.C3, Tone.C4, Tone.C5, Tone.C6, Tone.C7, Tone.C8)


@dataclass(frozen=True)
class Series:
    """One line or one row of bars: a value for each label, None where nothing is known.

    `urls` lead from a point to what it counts. With `highs` the series is a band from `values` up to these.
    """

    name: Text
    values: Sequence[Value]
    tone: Tone = Tone.PLAIN
    dashed: bool = False
    urls: Sequence[str] = ()
    highs: Sequence[Value] | None = None


@dataclass(frozen=True)
class Chart:
    """A chart over days or words. `kind` is 'line', 'bar' or 'stacked'; `head` names the labels.

    `marks` are labels at which a vertical line stands, with its words. Dates are written as days and drawn short.
    """

    code: str
    title: Text
    kind: str
    labels: Sequence[Text | date]
    series: Sequence[Series]
    unit: Kind = Kind.COUNT
    head: Text = _DAY
    help: Text = ""
    marks: Sequence[tuple[int, Text]] = ()

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing to draw."""
        return not any(value is not None and value != 0 for one in self.series for value in one.values)

    def sheet(self, shop: Shop) -> Sheet:
        """Return the table of the chart: a row for each label, a column for each series, two for a band."""
        dated = bool(self.labels) and isinstance(self.labels[0], date)
        columns = [Column(self.head, Kind.DATE if dated else Kind.TEXT)]
        parts: list[Sequence[Any]] = [self.labels]
        for one in self.series:
            names = [one.name] if one.highs is None else [_low(one.name), _high(one.name)]
            columns += [Column(name, self.unit) for name in names]
            parts += [one.values] if one.highs is None else [one.values, one.highs]
        return Sheet(self.title, columns, list(zip(*parts, strict=True)), shop.currency, shop.zone)

    def shown(self, shop: Shop, *, links: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the context of `analytics/parts/chart.html`; `links` are those to the downloads, by their words."""
        said = {"code": self.code, "title": self.title, "help": self.help, "empty": self.is_empty}
        legend = [{"name": one.name, "tone": one.tone.value, "dashed": one.dashed} for one in self.series]
        table = shown_table(self.sheet(shop), urls=self._urls())
        spec = {"id": f"spec-{self.code}", "data": self._spec(shop)}
        return {**said, "legend": legend, "table": table, "spec": spec, "links": links or {}}

    def _spec(self, shop: Shop) -> dict[str, Any]:
        """Return what the script needs besides the texts, which it reads from the table."""
        symbol, digits = money.CURRENCIES[shop.currency]
        return {
            "kind": self.kind,
            "unit": self.unit.value,
            "symbol": symbol,
            "digits": digits,
            "marks": [[at, str(words)] for at, words in self.marks],
            "series": [
                {"tone": one.tone.value, "values": _plain(one.values)}
                | ({"dashed": True} if one.dashed else {})
                | ({"highs": _plain(one.highs)} if one.highs is not None else {})
                for one in self.series
            ],
        }

    def _urls(self) -> dict[tuple[int, int], str]:
        found: dict[tuple[int, int], str] = {}
        at = 1
        for one in self.series:
            found |= {(row, at): url for row, url in enumerate(one.urls) if url}
            at += 1 if one.highs is None else 2
        return found


def _low(name: Text) -> str:
    return _("%(name)s, at least") % {"name": name}


def _high(name: Text) -> str:
    return _("%(name)s, at most") % {"name": name}


def _plain(values: Sequence[Value]) -> list[int | str | None]:
    """Return numbers as JSON keeps them exactly; the script reads texts as numbers."""
    return [str(value) if isinstance(value, Decimal) and value % 1 else _whole(value) for value in values]


def _whole(value: Value) -> int | None:
    return None if value is None else int(value)


def shown_table(sheet: Sheet, *, urls: dict[tuple[int, int], str] | None = None) -> dict[str, Any]:
    """Return the context of `analytics/parts/table.html`; the first column heads each row.

    `urls` lead from a cell, named by row and column from 0, to what it counts.
    """
    urls, numbers = urls or {}, [one.is_number for one in sheet.columns]
    rows = []
    for at, row in enumerate(sheet.rows):
        texts = sheet.said(row)
        cells = [
            {"text": text, "url": urls.get((at, place), ""), "number": numbers[place]}
            for place, text in enumerate(texts)
        ]
        rows.append({"head": cells[0], "cells": cells[1:]})
    heads = [{"label": one.label, "number": one.is_number} for one in sheet.columns]
    return {"caption": sheet.title, "numbers": all(numbers[1:]), "heads": heads, "rows": rows}


@dataclass(frozen=True)
class Step:
    """One step of a funnel: how many came so far, and the list of them."""

    label: Text
    value: int
    tone: Tone = Tone.PLAIN
    url: str = ""


@dataclass(frozen=True)
class Funnel:
    """How many of those who began came how far; each step is a part of the one before."""

    code: str
    title: Text
    steps: Sequence[Step]
    help: Text = ""

    def sheet(self, shop: Shop) -> Sheet:
        """Return the steps with their shares of the first and of the one before."""
        columns = [
            Column(_("Step")),
            Column(_("Orders"), Kind.COUNT),
            Column(_("Of all"), Kind.RATIO),
            Column(_("Of the step before"), Kind.RATIO),
        ]
        rows = [[one.label, one.value, *self._shares(at)] for at, one in enumerate(self.steps)]
        return Sheet(self.title, columns, rows, shop.currency, shop.zone)

    def shown(self, shop: Shop, *, links: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the context of `analytics/parts/funnel.html`."""
        steps = []
        for at, one in enumerate(self.steps):
            of_all, of_previous = (sheets.say(share, Kind.RATIO, shop.currency) for share in self._shares(at))
            shown = {"label": one.label, "value": sheets.say(one.value, Kind.COUNT, shop.currency), "url": one.url}
            shares = {"of_all": of_all, "of_previous": of_previous if at else ""}
            steps.append(shown | shares | {"tone": one.tone.value, "width": _width(one.value, self.steps[0].value)})
        return {"code": self.code, "title": self.title, "help": self.help, "steps": steps, "links": links or {}}

    def _shares(self, at: int) -> tuple[Decimal | None, Decimal | None]:
        value = self.steps[at].value
        return _share(value, self.steps[0].value), _share(value, self.steps[max(at - 1, 0)].value)


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def _width(part: Value, whole: Value) -> str:
    """Return a part of the whole as a length of at most 100, as SVG writes it."""
    return f"{Decimal(part or 0) * 100 / whole:.1f}" if whole else "0"


@dataclass(frozen=True)
class Heat:
    """A table whose cells are the darker the more they hold: a row for each name, a column for each head."""

    code: str
    title: Text
    heads: Sequence[Text]
    rows: Sequence[tuple[Text, Sequence[int]]]
    corner: Text
    help: Text = ""

    def sheet(self, shop: Shop) -> Sheet:
        """Return the counts as a table."""
        columns = [Column(self.corner), *(Column(head, Kind.COUNT) for head in self.heads)]
        rows = [[name, *values] for name, values in self.rows]
        return Sheet(self.title, columns, rows, shop.currency, shop.zone)

    def shown(self, shop: Shop, *, links: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the context of `analytics/parts/heat.html`; the levels go from 0, nothing, to 8, the most."""
        most = max((value for _name, values in self.rows for value in values), default=0)
        rows = [{"name": name, "cells": [_shade(value, most) for value in values]} for name, values in self.rows]
        said = {"code": self.code, "title": self.title, "help": self.help, "corner": self.corner, "most": most}
        return {**said, "heads": self.heads, "rows": rows, "empty": not most, "links": links or {}}


def _shade(value: int, most: int) -> tuple[str, str]:
    return str(value), str(-(-value * 8 // most) if most else 0)


@dataclass(frozen=True)
class Bar:
    """One row of bars: its name, the list behind it, and a value for each part."""

    label: Text
    values: Sequence[Value]
    url: str = ""


@dataclass(frozen=True)
class Bars:
    """Rows of bars, each made of parts that lie one after the other, all on one scale from zero."""

    code: str
    title: Text
    head: Text
    parts: Sequence[tuple[Text, Tone]]
    rows: Sequence[Bar]
    unit: Kind = Kind.COUNT
    help: Text = ""

    def sheet(self, shop: Shop) -> Sheet:
        """Return the rows with a column for each part and one for all of them."""
        columns = [Column(self.head), *(Column(name, self.unit) for name, _tone in self.parts)]
        together = len(self.parts) > 1
        columns += [Column(_("Together"), self.unit)] if together else []
        rows = [[one.label, *one.values, *([_sum(one.values)] if together else [])] for one in self.rows]
        return Sheet(self.title, columns, rows, shop.currency, shop.zone)

    def shown(self, shop: Shop, *, links: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the context of `analytics/parts/bars.html`."""
        most = max((_sum(one.values) for one in self.rows), default=0)
        legend = [{"name": name, "tone": tone.value} for name, tone in self.parts]
        said = {"code": self.code, "title": self.title, "help": self.help, "legend": legend, "empty": not most}
        rows = [self._row(one, most, shop) for one in self.rows]
        return {**said, "rows": rows, "table": shown_table(self.sheet(shop)), "links": links or {}}

    def _row(self, bar: Bar, most: int | Decimal, shop: Shop) -> dict[str, Any]:
        pieces, start = [], Decimal(0)
        for value, (name, tone) in zip(bar.values, self.parts, strict=True):
            if value:
                said = sheets.say(value, self.unit, shop.currency)
                piece = {"x": _width(start, most), "width": _width(value, most), "tone": tone.value}
                pieces.append(piece | {"said": f"{name}: {said}"})
                start += value
        total = sheets.say(_sum(bar.values), self.unit, shop.currency)
        return {"label": bar.label, "url": bar.url, "pieces": pieces, "total": total}


def _sum(values: Sequence[Value]) -> int | Decimal:
    return sum((value for value in values if value is not None), start=0)


@dataclass(frozen=True)
class Spark:
    """A small line without axes beside a number, from zero to its highest value, in a box of `width` by 60."""

    values: Sequence[Value]
    tone: Tone = Tone.PLAIN

    @property
    def width(self) -> int:
        """Return how wide the box is: one for each step."""
        return max(len(self.values) - 1, 1)

    @property
    def points(self) -> str:
        """Return the points as SVG writes them; nothing where there are too few for a line."""
        known = [(at, value) for at, value in enumerate(self.values) if value is not None]
        most = max((value for _at, value in known), default=0)
        if len(known) < 3:
            return ""
        return " ".join(f"{at},{int(58 - value * 56 / most) if most else 58}" for at, value in known)
