"""Figures of roll-ups: working a whole history out, and reading a month and a year of it."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from analytics import figures as reading
from analytics import periods, rollups
from analytics.models import Dirt
from analytics.periods import Period
from sellercenter.models import Shop
from tests.bench import floor
from tests.bench.figures import figure
from tests.bench.order_list import client, ok


def figures(big: Shop, small: Shop) -> Iterator[dict[str, Any]]:
    """Measure the back-fill of both shops, then what the panel asks of the database, and the panel itself."""
    yield from _back_fill(big, small)
    last = periods.today(big, timezone.now())
    month, year = (Period(last - timedelta(days=days - 1), last) for days in (30, 365))
    works: dict[str, Callable[[], object]] = {
        "month": lambda: _read(big, month),
        "year": lambda: _read(big, year),
        "small": lambda: _read(small, month),
    }
    p50 = {name: floor.share(taken, 0.5) for name, taken in floor.interleaved(works, rounds=40).items()}
    yield figure("panel: reading 30 days, queries and Python", p50["month"], "ms")
    yield figure("panel: reading 365 days against 30", p50["year"], "ms", floor=p50["month"], target=1.3)
    yield figure("panel: reading 30 days, big shop against 10,000 orders", p50["month"], "ms", floor=p50["small"])
    for name, period in (("30", month), ("365", year)):
        yield figure(f"panel: database time of {name} days", _database_time(big, period), "ms", target=15)
    yield from _pages(big, small)


def _back_fill(*shops: Shop) -> Iterator[dict[str, Any]]:
    before, began, longest = _memory(), time.monotonic(), 0.0
    for shop in shops:
        for month in rollups.months(shop):
            start = time.monotonic()
            rollups.rebuild_month(shop, month)
            longest = max(longest, time.monotonic() - start)
    seconds = time.monotonic() - began
    orders = sum(shop.orders.count() for shop in shops)  # type: ignore[attr-defined]
    yield figure(f"back-fill of {orders:,} orders", seconds, "s", target=300)
    yield figure("back-fill: orders per second", orders / seconds, "orders/s")
    yield figure("back-fill: the longest month", longest, "s")
    yield figure("back-fill: memory gained", _memory() - before, "MB", target=30)
    today = periods.today(shops[0], timezone.now())
    start = time.monotonic()
    rollups.recompute(shops[0], [today])
    yield figure("working one day of the big shop out", (time.monotonic() - start) * 1000, "ms")
    assert not Dirt.objects.filter(shop__in=shops).exists()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE analytics_dayfigure, analytics_daydurations")
        cursor.execute("RESET statement_timeout")


def _memory() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _read(shop: Shop, period: Period) -> None:
    """Read what a panel shows: the trend of the period and of the one before, the times, and how old all of it is."""
    for one in (period, period.before()):
        reading.series(shop, one, period.step())
        reading.every_duration(shop, one)
    reading.as_of(shop)


def _database_time(shop: Shop, period: Period) -> float:
    """Return the milliseconds that the database took for a reading, the median of several."""
    taken = []
    for _round in range(15):
        spent = [0.0]

        def timed(execute: Any, sql: str, params: Any, many: bool, context: Any, spent: list[float] = spent) -> Any:
            start = time.perf_counter()
            try:
                return execute(sql, params, many, context)
            finally:
                spent[0] += (time.perf_counter() - start) * 1000

        with ExitStack() as stack:
            stack.enter_context(connection.execute_wrapper(timed))
            _read(shop, period)
        taken.append(spent[0])
    return floor.share(sorted(taken), 0.5)


def _pages(big: Shop, small: Shop) -> Iterator[dict[str, Any]]:
    visitor, other = client(big), client(small)
    shell, panel, there = (
        reverse("notice_list", args=[big.code]),
        reverse("figures", args=[big.code]),
        reverse("figures", args=[small.code]),
    )
    works: dict[str, Callable[[], object]] = {
        "shell": lambda: ok(visitor, shell),
        "month": lambda: ok(visitor, f"{panel}?period=30"),
        "year": lambda: ok(visitor, f"{panel}?period=365"),
        "small": lambda: ok(other, f"{there}?period=30"),
    }
    p50 = {name: floor.share(taken, 0.5) for name, taken in floor.interleaved(works, rounds=30).items()}
    yield figure("panel: page of 30 days against an empty shell page", p50["month"], "ms", floor=p50["shell"], target=3)
    yield figure("panel: page of 365 days against 30", p50["year"], "ms", floor=p50["month"], target=1.3)
    yield figure("panel: page, big shop against 10,000 orders", p50["month"], "ms", floor=p50["small"], target=1.3)
