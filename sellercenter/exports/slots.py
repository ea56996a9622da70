"""When a scheduled export is owed, and of which days: on the shop's calendar, at an hour of the shop's wall."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sellercenter import addresses
from sellercenter.exports.declared import Source
from sellercenter.filters import Edge, LastDays
from sellercenter.models import Every
from sellercenter.times import hour_start

_DAY = timedelta(days=1)
# Between two of its days there is never more than a month.
_FURTHEST = 32


def is_due_on(every: str, day: date) -> bool:
    """Say whether a rule has its turn on a day."""
    return {Every.DAY: True, Every.WEEK: day.weekday() == 0, Every.MONTH: day.day == 1}[Every(every)]


def newest(every: str, hour: int, zone: ZoneInfo, now: datetime) -> tuple[datetime, date]:
    """Return when a rule had its turn last, now included, and on which day of the shop."""
    today = now.astimezone(zone).date()
    turns = ((hour_start(day, hour, zone), day) for day in _days(today + _DAY, -1) if is_due_on(every, day))
    return next(turn for turn in turns if turn[0] <= now)


def coming(every: str, hour: int, zone: ZoneInfo, now: datetime) -> datetime:
    """Return when a rule has its turn next, later than now."""
    today = now.astimezone(zone).date()
    turns = (hour_start(day, hour, zone) for day in _days(today - _DAY, 1) if is_due_on(every, day))
    return next(turn for turn in turns if turn > now)


def _days(first: date, step: int) -> list[date]:
    return [first + step * ahead * _DAY for ahead in range(_FURTHEST + 3)]


def turn_before(every: str, today: date) -> date:
    """Return the newest day, today included, on which a rule has its turn."""
    return next(day for day in _days(today, -1) if is_due_on(every, day))


def days_of(every: str, turn: date) -> tuple[date, date]:
    """Return the first and the last day that an export is about which has its turn on a day."""
    last = turn - _DAY
    first = {Every.DAY: last, Every.WEEK: turn - 7 * _DAY, Every.MONTH: last.replace(day=1)}[Every(every)]
    return first, last


def edges(source: Source) -> tuple[str, str]:
    """Return the list's own filters for the first and the last day of the source's time; empty where it has none."""
    timed = {one.upper: name for name, one in _timed(source).items() if isinstance(one, Edge)}
    return timed.get(False, ""), timed.get(True, "")


def _timed(source: Source) -> dict[str, Any]:
    """Return the list's filters on the source's time."""
    filters = source.filterset_class.base_filters.items()
    return {
        name: one
        for name, one in filters
        if source.time and isinstance(one, Edge | LastDays) and one.field_name == source.time
    }


def lasting(source: Source, query: str) -> str:
    """Return of a list's address what may be kept and asked again: nothing private, and no time that a rule sets."""
    return addresses.without(source.kept(query), {*_timed(source)})


def about(source: Source, query: str, every: str, turn: date) -> str:
    """Return the list's address of the days that an export is about; all of it for a list without a time."""
    low, high = edges(source)
    if not (low and high):
        return query
    first, last = days_of(every, turn)
    return addresses.normal(f"{query}&{low}={first}&{high}={last}")
