"""Figures told apart: sources, carriers, payment methods and hours; the base of all pages with such tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import breakdowns
from analytics.breakdowns import CHANGE, DIMENSIONS, NAME, SHARE, Breakdown, Dimension, Row
from analytics.views.downloads import PeriodPage
from sellercenter.lifecycle import Refused
from sellercenter.permissions import Perm
from sellercenter.sheets import Sheet
from sellercenter.texts import Text

# The tabs of the breakdown pages, by the names of their addresses.
TABS: tuple[tuple[str, Text], ...] = (
    ("figures_sources", gettext_lazy("Sources")),
    ("figures_creators", gettext_lazy("Creators")),
    ("figures_products", gettext_lazy("Products")),
    ("figures_regions", gettext_lazy("Regions")),
    ("figures_carriers", gettext_lazy("Carriers")),
    ("figures_methods", gettext_lazy("Payment methods")),
    ("figures_hours", gettext_lazy("Hours")),
    ("figures_cancels", gettext_lazy("Cancellations")),
)


class BreakdownPage(PeriodPage):
    """A page with a table for each of some dimensions; each number opens the list of what it counts."""

    abstract = True
    template = "analytics/breakdown.html"
    title = gettext_lazy("Breakdowns")
    url_name: ClassVar[str] = ""
    dimensions: ClassVar[Sequence[Dimension]] = ()
    # Measures that no column of a table has.
    also: ClassVar[Sequence[str]] = ()

    def check(self) -> None:
        """Raise Refused when the address names no period, or no way to sort."""
        super().check()
        for one in self.dimensions:
            asked = self.sorts.get(one.code, "")
            known = {NAME, SHARE, *one.kpis, *([CHANGE] if self.choice.compared else [])}
            if asked and asked.removeprefix("-") not in known:
                raise Refused(_("“%s” is not a way to sort this list.") % asked[:40], "bad_sort")

    @cached_property
    def sorts(self) -> dict[str, str]:
        """How the address wants each table sorted, by its dimension."""
        return {one.code: self.request.GET.get(self.sort_name(one), "") for one in self.dimensions}

    def sort_name(self, dimension: Dimension) -> str:
        """Return the part of the address that sorts a table; that of the first table has the short name."""
        return "sort" if dimension is self.dimensions[0] else f"sort_{dimension.code}"

    @cached_property
    def told(self) -> dict[str, Breakdown]:
        """The figures of each dimension."""
        return breakdowns.breakdowns(
            self.shop,
            self.dimensions,
            self.period,
            compared=self.choice.compared,
            sorts=self.sorts,
            also=self.also,
        )

    def show(self, *, status: int = 200, **context: Any) -> Any:
        """Answer with the page under the tabs of all breakdown pages."""
        query = self.choice.query() if "problem" not in context else ""
        tabs = [
            {
                "label": label,
                "url": f"{self.url(name)}?{query}" if query else self.url(name),
                "active": name == self.url_name,
            }
            for name, label in TABS
        ]
        return super().show(status=status, tabs=tabs, **context)

    def figures(self) -> dict[str, Any]:
        """Return the parts of the page, one after the other."""
        return {"blocks": self.blocks()}

    def blocks(self) -> list[dict[str, Any]]:
        """Return the parts that the template shows: each names its kind and whether it takes half of the width."""
        return [self.table(one) for one in self.told.values()]

    def tables(self) -> dict[str, Sheet]:
        """Return every table of the page by the code that names it in addresses."""
        return {code: told.sheet() for code, told in self.told.items()}

    def table(self, told: Breakdown, *, half: bool = False) -> dict[str, Any]:
        """Prepare the table of a dimension."""
        one = told.dimension
        return {
            **{"kind": "table", "half": half, "code": one.code, "title": one.label},
            "help": one.several,
            "links": self.links(one.code),
            "table": self._shown(told),
            "empty": not told.rows,
        }

    def _shown(self, told: Breakdown) -> dict[str, Any]:
        """Return the context of `analytics/parts/breakdown_table.html`."""
        sheet = told.sheet()
        rows = [self._row(told, row, sheet.said(values)) for row, values in zip(told.every, sheet.rows, strict=True)]
        codes = [NAME, *told.codes]
        helps = {kpi.code: kpi.formula for kpi in told.dimension.columns}
        heads = [
            {
                "label": column.label,
                "number": column.is_number,
                "help": helps.get(code, ""),
                **self._sorting(told, code),
            }
            for code, column in zip(codes, sheet.columns, strict=True)
        ]
        return {"caption": sheet.title, "heads": heads, "rows": rows}

    def _sorting(self, told: Breakdown, code: str) -> dict[str, str]:
        """Say how the table is sorted by a column, and where it is sorted by it, or the other way round."""
        one = told.dimension
        now = self.sorts[one.code] or one.sort
        first = code if code == NAME else f"-{code}"
        turned = code if first.startswith("-") else f"-{code}"
        sorted_ = "" if now.lstrip("-") != code else "descending" if now.startswith("-") else "ascending"
        return {"sorted": sorted_, "url": self.here(**{self.sort_name(one): turned if now == first else first})}

    def _row(self, told: Breakdown, row: Row, texts: list[str]) -> dict[str, Any]:
        kind = "rest" if row is told.rest else "whole" if row is told.total else ""
        named, *said = texts
        values, urls = told.values(row), told.urls(row)
        for place, kpi in enumerate(told.dimension.columns):
            urls[place] = urls[place] if self.opens(kpi.numerator) else ""
        cells = []
        for code, text, value, url in zip(told.codes, said, values, urls, strict=True):
            cell = {"text": text, "url": url if value else "", "number": True}
            if code == SHARE:
                cell["bar"] = width(value)
            elif code == CHANGE:
                cell |= {"text": signed(text, value), "tone": tone(value, told.dimension.good)}
            cells.append(cell)
        return {"kind": kind, "head": named, "cells": cells}


def width(share: Decimal | None) -> str:
    """Return a share as a length of at most 100, as SVG writes it."""
    return f"{min(max(share or Decimal(0), Decimal(0)), Decimal(1)) * 100:.1f}"


def signed(text: str, value: Decimal | None) -> str:
    """Write a change with its sign."""
    return f"+{text}" if value and value > 0 else text.replace("-", "−")


def tone(value: Decimal | None, good: bool) -> str:
    """Say whether a change is welcome, where growth is `good` or not; the signs say which way it went."""
    return "" if not value else "welcome" if (value > 0) is good else "unwelcome"


class Breakdowns(BreakdownPage):
    """Dimensions by themselves; which ones, is said where the address is declared."""

    permission = Perm.FIGURES_VIEW


def of(*codes: str) -> tuple[Dimension, ...]:
    """Return dimensions by their codes."""
    return tuple(DIMENSIONS[code] for code in codes)
