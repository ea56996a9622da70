"""The trend of several periods at once: a page reads its days and those it compares them with by one query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Sum, Value, When
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
    measures that are named are read; the others are 0. One query, or one for each period when they overlap.
    """
    wanted, numbered = sorted(measures), dict(enumerate(periods))
    together = [numbered] if _apart(periods) else [{at: period} for at, period in numbered.items()]
    rows = [row for part in together for row in _rows(shop, part, step, wanted)]
    told = {(row["period"], row["start"]): _sums(row, step, wanted) for row in rows}
    return [
        [(_part(start, step, period), told.get((at, start), Sums({}))) for start in steps(period, step)]
        for at, period in numbered.items()
    ]


def total(trend: Trend) -> Sums:
    """Add the steps of a period up."""
    return sum((sums for _part, sums in trend), start=Sums({}))


def _apart(periods: Sequence[Period]) -> bool:
    """Say whether no day belongs to two of the periods."""
    ordered = sorted(periods, key=lambda period: period.first)
    return all(one.last < other.first for one, other in pairwise(ordered))


def _rows(shop: Shop, periods: Mapping[int, Period], step: str, measures: Sequence[str]) -> QuerySet:
    """Return a row for each step of each period in which something happened; the keys tell the periods apart."""
    within = {at: Q(day__gte=period.first, day__lte=period.last) for at, period in periods.items()}
    which = Case(*(When(days, then=Value(at)) for at, days in within.items()), output_field=IntegerField())
    days = reduce(or_, within.values())
    rows = DayFigure.objects.for_shop(shop).filter(days, grain=Grain.DAY, dimension="").order_by()
    if step == "day":
        return rows.values(*measures, start=F("day"), period=which)
    sums = {f"sum_{name}": Sum(name) for name in measures}
    return rows.values(start=_CUTS[step]("day"), period=which).annotate(**sums)


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
