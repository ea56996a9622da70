"""When people buy: a shop's ninety days, with quiet nights, evening live shows, week-ends and a little growth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

DAYS = 90
# Orders by hour of the shop's day; the host goes live at eight in the evening.
_HOURS = (4, 2, 1, 1, 1, 2, 5, 9, 14, 19, 23, 24, 25, 21, 19, 18, 19, 22, 28, 46, 74, 78, 52, 19)
_WEEKDAYS = (0.92, 0.9, 0.94, 0.98, 1.08, 1.24, 1.16)
# Enough of the newest orders for every page to show something, even in a tiny demo.
_RUSH, _RUSH_DAYS = 40, 5


def times(rng: Random, zone: ZoneInfo, *, count: int, until: datetime) -> Iterator[datetime]:
    """Give `count` moments of the ninety days before `until`, ascending."""
    rush = min(count // 4, _RUSH)
    step = timedelta(days=_RUSH_DAYS) / max(rush, 1)
    fresh = [until - step * (rush - number - 0.6) for number in range(rush)]
    waiting, position = _bought(rng, zone, count=count - rush, until=until), 0
    for moment in waiting:
        while position < rush and fresh[position] <= moment:
            yield fresh[position]
            position += 1
        yield moment
    yield from fresh[position:]


def _bought(rng: Random, zone: ZoneInfo, *, count: int, until: datetime) -> Iterator[datetime]:
    start = (until - timedelta(days=DAYS)).replace(minute=0, second=0, microsecond=0)
    hours = [start + timedelta(hours=number) for number in range(DAYS * 24 + 1)]
    weights = [_weight(rng, hour.astimezone(zone), (hour - start).days) for hour in hours]
    total, sofar, given = sum(weights), 0.0, 0
    for hour, weight in zip(hours, weights, strict=True):
        sofar += weight
        owed = round(count * sofar / total) - given
        given += owed
        length = min(3600.0, (until - hour).total_seconds())
        for second in sorted(rng.random() * length for _order in range(owed)):
            yield hour + timedelta(seconds=int(second))


def _weight(rng: Random, local: datetime, day: int) -> float:
    """Weigh one hour: the hour of the day, the weekday, some growth, some weather, and a sale once a month."""
    sale = 2.6 if local.day == 18 and local.hour >= 18 else 1.0
    return _HOURS[local.hour] * _WEEKDAYS[local.weekday()] * (1 + day / 180) * (0.8 + 0.4 * rng.random()) * sale
