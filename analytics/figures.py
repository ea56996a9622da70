"""Reading figures: sums, trends, breakdowns and percentiles of a period, from roll-ups alone.

A period is read as its whole months and the days around them, so that a year costs little more than a month.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import DecimalField, Func, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, ExtractIsoWeekDay, Now, TruncMonth, TruncWeek

from analytics.durations import Durations
from analytics.measures import MEASURES, SPANS
from analytics.models import DayDurations, DayFigure, Dirt, Grain
from analytics.periods import Period
from analytics.rollup_sql import Run
from sellercenter.models import Shop

Number = int | Decimal


class Sums(Mapping[str, Number]):
    """The sums of a time by the names of the measures, 0 where there is nothing; raises KeyError for other names."""

    def __init__(self, told: Mapping[str, Number | None]) -> None:
        self._told = {name: value for name, value in told.items() if value is not None and name in MEASURES}

    def __getitem__(self, name: str) -> Number:
        return self._told[name] if name in self._told else _NOTHING[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MEASURES)

    def __len__(self) -> int:
        return len(MEASURES)

    def __add__(self, other: Sums) -> Sums:
        return Sums({name: self[name] + other[name] for name in {*self._told, *other._told}})


_NOTHING: dict[str, Number] = dict.fromkeys(MEASURES, 0)
_SUMS = {f"sum_{name}": Sum(name) for name in MEASURES}


def totals(shop: Shop, period: Period) -> Sums:
    """Return the sums of the whole shop."""
    return _sums(_rows(DayFigure, shop, period, "").aggregate(**_SUMS))


def series(shop: Shop, period: Period, step: str = "day") -> list[tuple[date, Sums]]:
    """Return the sums of each `day`, `week` (from Monday on) or `month`, also of those in which nothing happened."""
    rows = DayFigure.objects.for_shop(shop).filter(_days(period), dimension="")
    if step == "day":
        told = {row.pop("day"): Sums(row) for row in rows.values("day", *MEASURES)}
    else:
        cut = {"week": TruncWeek, "month": TruncMonth}[step]("day")
        told = {row["start"]: _sums(row) for row in rows.values(start=cut).annotate(**_SUMS)}
    return [(start, told.get(start, Sums({}))) for start in steps(period, step)]


def steps(period: Period, step: str) -> list[date]:
    """Return the first day of each step that a period touches."""
    found = []
    day = _start(period.first, step)
    while day <= period.last:
        found.append(day)
        day = _start(day + timedelta(days={"day": 1, "week": 7, "month": 31}[step]), step)
    return found


def _start(day: date, step: str) -> date:
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


def by(shop: Shop, period: Period, dimension: str, *, key: str = "") -> dict[str, Sums]:
    """Return the sums under each key of a dimension, or under one; keys are codes or primary keys, as texts."""
    rows = _rows(DayFigure, shop, period, dimension)
    rows = rows.filter(key=key) if key else rows
    return {row.pop("key"): _sums(row) for row in rows.values("key").annotate(**_SUMS)}


def by_each(
    shop: Shop, period: Period, dimensions: Sequence[str], measures: Iterable[str] = tuple(MEASURES)
) -> dict[str, dict[str, Sums]]:
    """Return some sums under each key of several dimensions, in one query; the whole shop is dimension and key ""."""
    sums = {f"sum_{name}": Sum(name) for name in measures}
    rows = _rows(DayFigure, shop, period, "", *dimensions).values("dimension", "key").annotate(**sums)
    told: dict[str, dict[str, Sums]] = {name: {} for name in ("", *dimensions)}
    for row in rows:
        told[row["dimension"]][row["key"]] = Sums({name: row[f"sum_{name}"] for name in measures})
    return told


def by_weekday_and_hour(shop: Shop, period: Period, measure: str = "placed") -> dict[tuple[int, int], Number]:
    """Return a sum for each weekday (0 is Monday) and hour of the shop's day."""
    rows = DayFigure.objects.for_shop(shop).filter(_days(period), dimension="hour")
    told = rows.values("key", weekday=ExtractIsoWeekDay("day")).annotate(n=Sum(measure))
    return {(row["weekday"] - 1, int(row["key"])): row["n"] for row in told if row["n"]}


def durations(shop: Shop, period: Period, span: str, *, dimension: str = "", key: str = "") -> Durations:
    """Return how long a span of `measures.SPANS` took in a period."""
    return durations_by(shop, period, span, dimension=dimension).get(key, Durations({}))


def durations_by(shop: Shop, period: Period, span: str, *, dimension: str) -> dict[str, Durations]:
    """Return how long a span took under each key of a dimension."""
    return {key: told for (_span, key), told in every_duration(shop, period, (span,), dimension=dimension).items()}


def every_duration(
    shop: Shop, period: Period, spans: tuple[str, ...] = tuple(SPANS), *, dimension: str = "", whole: bool = False
) -> dict[tuple[str, str], Durations]:
    """Return how long several spans took, by span and key, in one query; with the `whole` shop under no key."""
    rows = _rows(DayDurations, shop, period, dimension, *([""] if whole else [])).filter(span__in=spans)
    parts = rows.values("span", "key", "buckets", "counts")
    told: dict[tuple[str, str], dict[int, int]] = {}
    for row in parts:
        counts = told.setdefault((row["span"], row["key"]), {})
        for bucket, n in zip(row["buckets"], row["counts"], strict=True):
            counts[bucket] = counts.get(bucket, 0) + n
    return {place: Durations(counts) for place, counts in told.items()}


def exact_percentile(shop: Shop, period: Period, span: str, share: str | float) -> Decimal | None:
    """Return the seconds below which this share of a span's durations lies, from the records themselves.

    By PostgreSQL's percentile_cont, so in proportion between two neighbours. Reads every record of the period: for
    scripts and proofs, not for pages.
    """
    basis, told = SPANS[span]
    rows = Run(shop, period.first, period.last).records(basis).filter(told.ended)
    found = rows.aggregate(value=_PercentileCont(told.seconds(), share=share))["value"]
    return found  # type: ignore[no-any-return]


class _PercentileCont(Func):
    """PostgreSQL's percentile_cont of an expression."""

    template = "(percentile_cont(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s))::numeric"
    contains_aggregate = True
    window_compatible = False

    def __init__(self, expression: Any, *, share: str | float) -> None:
        if not 0 <= Fraction(share) <= 1:
            raise ValueError("a share lies between 0 and 1")
        super().__init__(expression, share=share, output_field=DecimalField())


def as_of(shop: Shop) -> datetime:
    """Return until when the figures of a shop tell everything."""
    told = Dirt.objects.filter(shop=shop).aggregate(at=Coalesce(Min("at"), Now()))
    return told["at"]  # type: ignore[no-any-return]


def _rows(model: type[DayFigure] | type[DayDurations], shop: Shop, period: Period, *dimensions: str) -> QuerySet:
    """Return the rows that make up a period: its whole months, and the days before and after them."""
    return model.objects.for_shop(shop).filter(_covering(period), dimension__in=dimensions)


def _days(period: Period) -> Q:
    return Q(grain=Grain.DAY, day__gte=period.first, day__lte=period.last)


def _covering(period: Period) -> Q:
    first = period.first if period.first.day == 1 else _start(period.first.replace(day=28) + timedelta(days=4), "month")
    after = _start(period.last + timedelta(days=1), "month")
    if first >= after:
        return _days(period)
    months = Q(grain=Grain.MONTH, day__gte=first, day__lt=after)
    edges = [
        _days(edge)
        for edge in (Period(period.first, first - timedelta(days=1)), Period(after, period.last))
        if edge.first <= edge.last
    ]
    for edge in edges:
        months |= edge
    return months


def _sums(row: Mapping[str, Any]) -> Sums:
    return Sums({name: row[f"sum_{name}"] for name in MEASURES})
