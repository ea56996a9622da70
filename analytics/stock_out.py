"""When stock runs out: units a day of each SKU over the last weeks, shared out by weekday, against what is available.

Of SKUs that are counted alone, and without lines that were cancelled. The days between `earliest` and `latest` hold the
end of the stock in four of five cases, when units vary from day to day as they did; nothing says that they will.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from math import sqrt
from statistics import fmean, pvariance

from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from analytics.models import StockSales
from orders.models import OrderLine, Sku
from orders.states import LineStatus
from sellercenter.models import Shop
from sellercenter.times import day_start

WEEK = 7
# So many days are looked back on; a SKU that first sold in them is taken by the days since, but by no fewer than these.
WINDOW, LEAST_DAYS = 4 * WEEK, 2 * WEEK
# What was kept longer ago is read again.
OLD = timedelta(days=2)
# Nobody plans further.
MOST_AHEAD = 180
# Of a normal distribution, a tenth lies beyond this on either side.
_TENTH = 1.2816

# By the codes of badges: what will become of a SKU.
LEVELS = {
    "out": _("Sold out"),
    "late": _("Runs out too soon"),
    "soon": _("May run out too soon"),
    "enough": _("Enough"),
    "idle": _("Not sold lately"),
}
ALARMING = ("out", "late")
_RANK = {level: rank for rank, level in enumerate(LEVELS)}

# Units of a SKU by day.
Sold = Mapping[date, int]


@dataclass(frozen=True)
class Sales:
    """What was sold of each counted SKU on the days of the window, which ends before `until`."""

    until: date
    units: Mapping[int, Sold]


@dataclass(frozen=True)
class Outlook:
    """What will become of the stock of one SKU; without a date it lasts for longer than half a year, or is not sold."""

    sku: int
    available: int
    per_day: float
    runs_out_on: date | None
    earliest: date | None
    latest: date | None
    level: str

    @property
    def alarming(self) -> bool:
        """Say whether nothing will be left before new goods can be there."""
        return self.level in ALARMING


@dataclass(frozen=True)
class Days:
    """The days ahead as shares of an average day, summed up: by how much of one's rate is sold after so many days."""

    today: date
    summed: tuple[float, ...]

    def when(self, average_days: float) -> date | None:
        """Return the day on which as much was sold as on so many average days."""
        place = bisect_left(self.summed, average_days)
        return self.today + timedelta(days=place) if place < len(self.summed) else None


def outlooks(shop: Shop, sales: Sales, *, now: datetime, lead_days: int) -> list[Outlook]:
    """Foretell the stock of every counted SKU, by one query; what runs out first stands first."""
    days = days_ahead(now.astimezone(shop.zone), sales.units.values())
    stock = Sku.objects.for_shop(shop).filter(tracked=True).values_list("pk", "available")
    found = [
        outlook(pk, left, sales.units.get(pk, {}), days, until=sales.until, lead_days=lead_days) for pk, left in stock
    ]
    return sorted(found, key=lambda one: (one.runs_out_on or date.max, _RANK[one.level], one.sku))


def sales_of(shop: Shop, *, now: datetime) -> Sales:
    """Return what was sold lately as the hourly look kept it; read from the lines where that is missing or old."""
    today = now.astimezone(shop.zone).date()
    kept = StockSales.objects.for_shop(shop).filter(until__gt=today - OLD, until__lte=today).first()
    return _unpacked(kept) if kept else Sales(today, units_sold(shop, today=today))


def packed(sales: Sales) -> dict[str, list[int]]:
    """Return units as they are kept: a number for each day of the window, the newest first."""
    days = _window(sales.until)
    return {str(sku): [sold.get(day, 0) for day in days] for sku, sold in sales.units.items()}


def _unpacked(kept: StockSales) -> Sales:
    days = _window(kept.until)
    told = {
        int(sku): {day: units for day, units in zip(days, counts, strict=True) if units}
        for sku, counts in kept.units.items()
    }
    return Sales(kept.until, told)


def _window(until: date) -> list[date]:
    return [until - timedelta(days=back) for back in range(1, WINDOW + 1)]


def units_sold(shop: Shop, *, today: date) -> dict[int, dict[date, int]]:
    """Return the units of each counted SKU on each of the last whole days.

    Reads every line of four weeks: for the hourly look, and for pages only while that has not been.
    """
    start, end = (day_start(day, shop.zone) for day in (today - timedelta(days=WINDOW), today))
    lines = OrderLine.objects.for_shop(shop).filter(placed_at__gte=start, placed_at__lt=end, sku__tracked=True)
    by_day = lines.exclude(status=LineStatus.CANCELLED).annotate(day=TruncDate("placed_at", tzinfo=shop.zone))
    found: dict[int, dict[date, int]] = {}
    for sku, day, units in by_day.order_by().values_list("sku", "day").annotate(units=Sum("quantity")):
        found.setdefault(sku, {})[day] = units
    return found


def days_ahead(now: datetime, sold: Iterable[Sold]) -> Days:
    """Return the days ahead, each by its weekday's share of all units sold, and of today what is left of it.

    `now` is on the shop's wall clock.
    """
    units = [0] * WEEK
    for by_day in sold:
        for day, count in by_day.items():
            units[day.weekday()] += count
    mean = fmean(units)
    shares = [count / mean if mean else 1.0 for count in units]
    rest = 1 - (now.hour * 60 + now.minute) / (24 * 60)
    each = [shares[(now.weekday() + ahead) % WEEK] for ahead in range(MOST_AHEAD + 1)]
    return Days(now.date(), tuple(accumulate([each[0] * rest, *each[1:]])))


def outlook(sku: int, available: int, sold: Sold, days: Days, *, until: date | None = None, lead_days: int) -> Outlook:
    """Foretell one stock by what was sold before `until`, which is today when left out.

    With units that vary around their mean by `spread` times as much as chance alone would make them, what is sold until
    a day lies within 1.28 standard deviations of its mean in four of five cases; where that edge meets what is
    available are the earliest and the latest day.
    """
    per_day, spread = _rate(sold, until or days.today)
    if available <= 0:
        return Outlook(sku, available, per_day, days.today, days.today, days.today, "out" if sold else "idle")
    if not sold:
        return Outlook(sku, available, 0.0, None, None, None, "idle")
    wide = _TENTH * sqrt(spread)
    edge = sqrt(wide * wide + 4 * available)
    sure, early, late = (
        days.when(units / per_day) for units in (available, ((edge - wide) / 2) ** 2, ((edge + wide) / 2) ** 2)
    )
    new_goods = days.today + timedelta(days=lead_days)
    level = "late" if _before(sure, new_goods) else "soon" if _before(early, new_goods) else "enough"
    return Outlook(sku, available, per_day, sure, early, late, level)


def _rate(sold: Sold, today: date) -> tuple[float, float]:
    """Return the units a day, and how much more they vary than chance makes them, which is at least as much."""
    if not sold:
        return 0.0, 1.0
    length = max(LEAST_DAYS, (today - min(sold)).days)
    units = [sold.get(today - timedelta(days=back), 0) for back in range(1, length + 1)]
    mean = fmean(units)
    return mean, max(1.0, pvariance(units) / mean)


def _before(day: date | None, limit: date) -> bool:
    return day is not None and day < limit


def missed_share(sold: Iterable[Sold], today: date) -> float | None:
    """Return by which share of its units the last week was missed by what the weeks before it foretold, SKU by SKU.

    None when nothing was sold in it.
    """
    cut = today - timedelta(days=WEEK)
    missed = real = 0.0
    for by_day in sold:
        known = {day: units for day, units in by_day.items() if day < cut}
        came = sum(by_day.values()) - sum(known.values())
        missed += abs(came - WEEK * _rate(known, cut)[0])
        real += came
    return missed / real if real else None
