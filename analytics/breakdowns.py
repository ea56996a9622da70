"""Figures told apart by a dimension: a row for each key, the rest summed up, and the whole shop under them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from aftersales.states import Problem
from analytics import drills, figures
from analytics.figures import Sums
from analytics.kpis import KPIS, Basis, Group, Kpi, Unit
from analytics.periods import Period
from orders.models import Creator, Product
from orders.states import CancelledBy, PaymentMethod, Source
from sellercenter.columns import labels
from sellercenter.models import Shop
from sellercenter.sheets import Column, Kind, Sheet
from sellercenter.texts import Text

MOST = 50

COMMISSION_RATE = Kpi(
    *("commission_rate", gettext_lazy("Commission rate"), Group.BUYERS, Unit.RATIO, Basis.PAID),
    formula=gettext_lazy("Commission ÷ GMV of the lines that the creator brought."),
    numerator="commission",
    denominator="gmv",
    good="",
)
CASES = Kpi(
    *("cases", gettext_lazy("Cases"), Group.AFTERSALES, Unit.COUNT, Basis.CASE),
    formula=gettext_lazy("After-sales cases that were opened."),
    numerator="cases",
    good="down",
)
CANCELLED_AMOUNT = Kpi(
    *("cancelled_amount", gettext_lazy("Amount cancelled"), Group.SALES, Unit.MONEY, Basis.CANCELLED),
    formula=gettext_lazy("Totals of the orders that were cancelled."),
    numerator="cancelled_amount",
    good="down",
)
_ALSO = {kpi.code: kpi for kpi in (COMMISSION_RATE, CASES, CANCELLED_AMOUNT)}
Names = Callable[[Shop, Sequence[str]], Mapping[str, str]]


def _written(shop: Shop, keys: Sequence[str]) -> dict[str, str]:
    return {key: key for key in keys if key}


def _words(choices: type[models.TextChoices]) -> Names:
    return lambda shop, keys: labels(choices)


def _records(model: type[models.Model], name: str) -> Names:
    def named(shop: Shop, keys: Sequence[str]) -> dict[str, str]:
        wanted = [int(key) for key in keys if key.isdecimal()]
        found = model._default_manager.for_shop(shop).filter(pk__in=wanted)  # type: ignore[attr-defined]
        return {str(key): text for key, text in found.values_list("pk", name)}

    return named


@dataclass(frozen=True)
class Dimension:
    """By what figures are told apart: its name, the head of its column, which figures, and what its keys are called.

    `bar` is the measure of which each row shows its share. Where `several` says why, an order may count under more than
    one key, so that the rows hold more than the shop.
    """

    code: str
    label: Text
    head: Text
    kpis: tuple[str, ...]
    names: Names = _written
    bar: str = "paid_amount"
    several: Text = ""
    sort: str = "-paid_amount"
    # Whether it is welcome that the measure of the bars grows.
    good: bool = True
    # So many keys have a row of their own; those after them are summed up in one.
    most: int = MOST

    @property
    def columns(self) -> list[Kpi]:
        """The figures of a row, in their order."""
        return [KPIS.get(code) or _ALSO[code] for code in self.kpis]


_SALES = ("placed", "paid", "paid_amount", "aov", "payment_conversion")
_RATES = ("late_shipment_rate", "return_rate")
DIMENSIONS = {
    one.code: one
    for one in (
        Dimension("source", gettext_lazy("Sources"), gettext_lazy("Source"), (*_SALES, *_RATES), names=_words(Source)),
        Dimension("region", gettext_lazy("Regions"), gettext_lazy("Province"), (*_SALES, *_RATES), most=100),
        Dimension(
            *("carrier", gettext_lazy("Carriers"), gettext_lazy("Carrier")),
            kpis=("shipped", "late_shipment_rate", "on_time_delivery", "logistics_problem_rate", "return_rate"),
            bar="shipped",
            several=gettext_lazy("An order that travels with several carriers counts under each of them."),
            sort="-shipped",
        ),
        Dimension(
            *("method", gettext_lazy("Payment methods"), gettext_lazy("Payment method"), (*_SALES, "return_rate")),
            names=_words(PaymentMethod),
        ),
        Dimension(
            *("hour", gettext_lazy("Hours"), gettext_lazy("Hour of the day"), _SALES),
            names=lambda shop, keys: {key: f"{key}:00" for key in keys},
            bar="placed",
            sort="name",
        ),
        Dimension(
            *("creator", gettext_lazy("Creators"), gettext_lazy("Creator")),
            kpis=("placed", "paid", "gmv", "commission", "commission_rate", "return_rate"),
            names=_records(Creator, "name"),
            bar="gmv",
            several=gettext_lazy("An order counts under each creator of its lines, its amounts line by line."),
            sort="-gmv",
        ),
        Dimension(
            *("room", gettext_lazy("Live rooms"), gettext_lazy("Live room")),
            kpis=("placed", "paid", "gmv", "commission", "commission_rate", "return_rate"),
            bar="gmv",
            several=gettext_lazy("An order counts under each live room of its lines, its amounts line by line."),
            sort="-gmv",
        ),
        Dimension(
            *("product", gettext_lazy("Products"), gettext_lazy("Product")),
            kpis=("placed", "paid", "gmv", "cases", "return_rate_by_day", "negative_review_rate"),
            names=_records(Product, "title"),
            bar="gmv",
            several=gettext_lazy("An order counts under each product of its lines, its amounts line by line."),
            sort="-gmv",
        ),
        Dimension(
            *("product_problem", gettext_lazy("Causes"), gettext_lazy("Product and problem"), ("cases",)),
            bar="cases",
            sort="-cases",
            most=10_000,
        ),
        Dimension(
            *("cancel_reason", gettext_lazy("Reasons"), gettext_lazy("Reason"), ("cancelled", "cancelled_amount")),
            bar="cancelled",
            sort="-cancelled",
            good=False,
        ),
        Dimension(
            *("cancelled_by", gettext_lazy("Who cancelled"), gettext_lazy("Cancelled by")),
            kpis=("cancelled", "cancelled_amount"),
            names=_words(CancelledBy),
            bar="cancelled",
            sort="-cancelled",
            good=False,
        ),
    )
}
# The same keys, told of what was placed and never paid.
UNPAID = tuple(
    replace(
        DIMENSIONS[code],
        label=label,
        kpis=("placed", "unpaid_loss", "unpaid_lost_amount"),
        bar="unpaid_lost",
        sort="-unpaid_lost_amount",
        good=False,
    )
    for code, label in (
        ("source", gettext_lazy("Never paid, by source")),
        ("method", gettext_lazy("Never paid, by payment method")),
    )
)
_KINDS = {unit: Kind(unit.value) for unit in Unit}
SHARE, CHANGE, NAME = "share", "change", "name"
_NOTHING = Sums({})
_SHARE = pgettext_lazy("of the whole", "Share")


@dataclass(frozen=True)
class Row:
    """One key with its figures, and those of the period that it is compared with."""

    key: str
    name: str
    sums: Sums
    before: Sums | None = None


@dataclass(frozen=True)
class Breakdown:
    """What a dimension tells apart in a period: its largest keys, all others summed up, and the whole shop."""

    dimension: Dimension
    shop: Shop
    period: Period
    rows: list[Row]
    rest: Row | None
    total: Row
    compared: bool

    @property
    def every(self) -> list[Row]:
        """The rows as they stand in the table, the rest and the whole at its end."""
        return [*self.rows, *([self.rest] if self.rest else []), self.total]

    @property
    def codes(self) -> list[str]:
        """The columns by what one sorts: figures by their codes, the share, and the change."""
        return [*self.dimension.kpis, SHARE, *([CHANGE] if self.compared else [])]

    def values(self, row: Row) -> list[Any]:
        """Return a row's figures in the order of the columns; None for what is no figure."""
        told: list[Any] = [kpi.value(row.sums) for kpi in self.dimension.columns]
        told.append(self.share(row))
        return [*told, self.change(row)] if self.compared else told

    def share(self, row: Row) -> Decimal | None:
        """Return which part of the shop's whole a row is."""
        whole = self.total.sums[self.dimension.bar]
        return Decimal(row.sums[self.dimension.bar]) / Decimal(whole) if whole else None

    def change(self, row: Row) -> Decimal | None:
        """Return by which part of what it was before the measure of the bars has grown."""
        before = row.before[self.dimension.bar] if row.before else 0
        return Decimal(row.sums[self.dimension.bar]) / Decimal(before) - 1 if before else None

    def urls(self, row: Row) -> list[str]:
        """Return the list behind each figure of a row; nothing where none leads."""
        if row is self.rest:
            return [""] * len(self.codes)
        of = {} if row is self.total else {"dimension": self.dimension.code, "key": row.key}
        links = [drills.link(kpi.numerator, self.shop, self.period, **of) for kpi in self.dimension.columns]
        return links + [""] * (len(self.codes) - len(links))

    def sheet(self, title: Text = "") -> Sheet:
        """Return the table as people read and download it."""
        columns = [Column(self.dimension.head)]
        columns += [Column(kpi.label, _KINDS[Unit(kpi.unit)]) for kpi in self.dimension.columns]
        columns += [Column(_SHARE, Kind.RATIO)]
        columns += [Column(gettext_lazy("Change"), Kind.RATIO)] if self.compared else []
        rows = [[row.name, *self.values(row)] for row in self.every]
        return Sheet(title or self.dimension.label, columns, rows, self.shop.currency, self.shop.zone)


def breakdowns(
    shop: Shop,
    dimensions: Sequence[Dimension],
    period: Period,
    *,
    compared: Period | None = None,
    sorts: Mapping[str, str] | None = None,
    also: Iterable[str] = (),
) -> dict[str, Breakdown]:
    """Return the largest keys of several dimensions, in one query for each period and one for the names of records.

    `sorts` says by dimension how to order the keys: a code of its columns, with a minus for the largest first. Raises
    ValueError for a word by which one can't sort. `also` names measures that no column has.
    """
    codes = [dimension.code for dimension in dimensions]
    measures = [*_measures(dimensions), *also]
    told = figures.by_each(shop, period, codes, measures)
    before = figures.by_each(shop, compared, codes, measures) if compared else None
    found = {}
    for one in dimensions:
        sort = (sorts or {}).get(one.code) or one.sort
        found[one.code] = _largest(Breakdown(one, shop, period, *_rows(shop, one, told, before, sort)), sort)
    return found


def _measures(dimensions: Iterable[Dimension]) -> list[str]:
    """Return the measures that the columns of some dimensions are made of."""
    found: dict[str, None] = {}
    for one in dimensions:
        found |= dict.fromkeys([one.bar, *(part for kpi in one.columns for part in (kpi.numerator, kpi.denominator))])
    return [name for name in found if name]


_Told = Mapping[str, Mapping[str, Sums]]


def _rows(
    shop: Shop, dimension: Dimension, told: _Told, before: _Told | None, sort: str
) -> tuple[list[Row], None, Row, bool]:
    """Return a row for each key, no rest, and the whole shop; names stand in the rows when they decide their order."""
    mine, earlier = told[dimension.code], before[dimension.code] if before else {}
    names = dimension.names(shop, list(mine)) if sort.lstrip("-") == NAME else {}
    rows = [Row(key, str(names.get(key, "")), sums, earlier.get(key)) for key, sums in mine.items()]
    whole = Row("", _("All orders"), told[""].get("", _NOTHING), before[""].get("", _NOTHING) if before else None)
    return rows, None, whole, before is not None


def _largest(whole: Breakdown, sort: str) -> Breakdown:
    """Keep the first rows, named, and sum up the others."""
    rows = _sorted(whole, sort)
    kept, left = rows[: whole.dimension.most], rows[whole.dimension.most :]
    names = {} if sort.lstrip("-") == NAME else whole.dimension.names(whole.shop, [row.key for row in kept])
    named = [replace(row, name=row.name or str(names.get(row.key) or row.key or _("Not known"))) for row in kept]
    return replace(whole, rows=named, rest=_rest(left))


def _rest(rows: Sequence[Row]) -> Row | None:
    if not rows:
        return None
    name = ngettext("%(n)d other", "%(n)d others", len(rows)) % {"n": len(rows)}
    before = [row.before for row in rows if row.before]
    return Row("", name, added(row.sums for row in rows), added(before) if before else None)


def added(sums: Iterable[Sums]) -> Sums:
    """Add up the sums of several keys."""
    return reduce(add, sums, _NOTHING)


def _sorted(told: Breakdown, sort: str) -> list[Row]:
    """Order the rows by a column, what is no figure at the end either way; equal ones by their key."""
    down, word = sort.startswith("-"), sort.lstrip("-")
    if word == NAME:
        return sorted(told.rows, key=lambda row: (row.name or row.key, row.key), reverse=down)
    place = told.codes.index(word)
    keyed = [(told.values(row)[place], row) for row in sorted(told.rows, key=lambda row: row.key)]
    known = [one for one in keyed if one[0] is not None]
    known.sort(key=lambda one: one[0], reverse=down)
    return [row for _value, row in known] + [row for value, row in keyed if value is None]


def problems(told: Breakdown) -> dict[str, dict[str, int]]:
    """Return how many cases each product had of each problem, from the breakdown by both; by key and by code."""
    found: dict[str, dict[str, int]] = {}
    for row in told.rows:
        product, _colon, problem = row.key.partition(":")
        if problem in Problem.values and row.sums["cases"]:
            found.setdefault(product, {})[problem] = int(row.sums["cases"])
    return found
