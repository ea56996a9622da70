"""The trend of several periods at once: a page reads its days and those it compares them with by one query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import F, IntegerField, QuerySet, Sum, Value
from django.db.models.functions import TruncMonth, TruncWeek

from analytics.figures import Sums, steps
from analytics.models import DayFigure, Grain
from analytics.periods import Period
from sellercenter.models import Shop

_CUTS = {"week": TruncWeek, "month": TruncMonth}
Trend = list[tuple[Period, Sums]]


def trends(shop: Shop, periods: Sequence[Period], step: str, measures: Iterable[str]) -> list[Trend]:
    """Return the sums of each step of each period, also of steps in which nothing happened.

    Steps are told by the days of theirs that lie in the period, so those at its ends may be shorter. Only the
    measures that are named are read; the others are 0.
    """
    wanted = sorted(measures)
    first, *rest = (_rows(shop, period, step, wanted, at) for at, period in enumerate(periods))
    rows = first.union(*rest, all=True) if rest else first
    told = {(row["period"], row["start"]): _sums(row, step, wanted) for row in rows}
    return [
        [(_part(start, step, period), told.get((at, start), Sums({}))) for start in steps(period, step)]
        for at, period in enumerate(periods)
    ]


def total(trend: Trend) -> Sums:
    """Add the steps of a period up."""
    return sum((sums for _part, sums in trend), start=Sums({}))


def _rows(shop: Shop, period: Period, step: str, measures: Sequence[str], at: int) -> QuerySet:
    """Return a row for each step of one period in which something happened; `at` tells the periods apart."""
    rows = DayFigure.objects.for_shop(shop).filter(
        grain=Grain.DAY, day__gte=period.first, day__lte=period.last, dimension=""
    )
    which = Value(at, output_field=IntegerField())
    if step == "day":
        return rows.order_by().values(*measures, start=F("day"), period=which)
    sums = {f"sum_{name}": Sum(name) for name in measures}
    return rows.order_by().values(start=_CUTS[step]("day"), period=which).annotate(**sums)


def _sums(row: Mapping[str, Any], step: str, measures: Sequence[str]) -> Sums:
    return Sums({name: row[name if step == "day" else f"sum_{name}"] for name in measures})


def _part(start: date, step: str, period: Period) -> Period:
    """Return the days of a step that belong to the period."""
    after = {
        "day": start + timedelta(days=1),
        "week": start + timedelta(days=7),
        "month": (start + timedelta(days=31)).replace(day=1),
    }[step]
    return Period(max(start, period.first), min(after - timedelta(days=1), period.last))
