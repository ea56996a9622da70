"""What the daily report of a day says: its figures beside those of the days before, what waits, and what runs out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Window
from django.urls import reverse

from analytics import drills, figures, waiting
from analytics.compared import Change, change
from analytics.figures import Sums
from analytics.kpis import KPIS, Kpi, Unit
from analytics.models import StockAlert
from analytics.periods import Period
from orders.stock_tables import name_of
from sellercenter import money, times
from sellercenter.counts import CAP
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm

CODES = (
    *("placed", "paid", "gmv", "paid_amount", "payment_conversion", "aov", "shipped", "ship_time"),
    *("late_shipment_rate", "return_rate_by_day", "aftersales_rate"),
)
# The days before, of which the mean is taken.
MEAN_DAYS = 7
# So many SKUs are named; the page of the forecast has them all.
NAMED = 5


@dataclass(frozen=True)
class Line:
    """One figure of the day, the day before and the mean of the week before, as texts; `url` opens what it counts."""

    label: str
    formula: str
    value: str
    before: str
    before_change: Change | None
    mean: str
    mean_change: Change | None
    url: str


@dataclass(frozen=True)
class Wait:
    """A step at which something waits: how much of it, how much too long (or nothing), and since when the oldest."""

    label: str
    count: str
    late: str
    oldest: str
    url: str


@dataclass(frozen=True)
class Report:
    """Everything that the report of a day says to one reader."""

    day: date
    lines: tuple[Line, ...]
    waits: tuple[Wait, ...]
    running_out: tuple[dict[str, Any], ...]
    running_out_count: int
    as_of: datetime


def of(shop: Shop, day: date, *, actor: Actor, now: datetime) -> Report:
    """Return the report of a day, with what waits at this moment and this reader may see; a handful of queries."""
    days = dict(figures.series(shop, Period(day - timedelta(days=MEAN_DAYS), day)))
    alerts = _running_out(shop)
    return Report(
        day,
        tuple(_line(KPIS[code], shop, day, days, actor) for code in CODES),
        tuple(_waits(shop, actor, now)),
        tuple(_named(shop, one) for one in alerts) if actor.may(Perm.ORDERS_VIEW) else (),
        alerts[0].total if alerts else 0,
        figures.as_of(shop),
    )


def mean_of(kpi: Kpi, days: list[Sums]) -> Decimal | None:
    """Return a figure's mean over some days: sums by day; shares and lengths of time over all of them together."""
    together = kpi.value(sum(days, Sums({})))
    return together if together is None or kpi.denominator else together / len(days)


def standing_alerts(shop: Shop) -> QuerySet[StockAlert]:
    """Return the SKUs of which people were warned and that have not been filled up, the first to run out first."""
    return StockAlert.objects.for_shop(shop).order_by("runs_out_on", "sku")


def _line(kpi: Kpi, shop: Shop, day: date, days: dict[date, Sums], actor: Actor) -> Line:
    value, before = kpi.value(days[day]), kpi.value(days[day - timedelta(days=1)])
    mean = mean_of(kpi, [sums for one, sums in days.items() if one < day])
    link = kpi.link(shop, Period(day, day)) if drills.opens(actor, kpi.numerator) else ""
    return Line(
        str(kpi.label),
        str(kpi.formula),
        kpi.say(value, shop),
        kpi.say(before, shop),
        change(kpi, value, before),
        _said(kpi, mean, shop),
        change(kpi, value, mean),
        link,
    )


def _said(kpi: Kpi, mean: Decimal | None, shop: Shop) -> str:
    """Write a mean; of small counts with a digit after the point."""
    if mean is not None and kpi.unit == Unit.COUNT and mean < 100:
        return f"{mean:.1f}".removesuffix(".0")
    return kpi.say(mean, shop)


def _waits(shop: Shop, actor: Actor, now: datetime) -> list[Wait]:
    """Return where something waits too long first, then where the most waits."""
    found = [one for one in waiting.steps_now(shop, now=now) if one.count and actor.may(one.step.permission)]
    found.sort(key=lambda one: (-one.late, -one.count))
    return [_wait(shop, one) for one in found]


def _wait(shop: Shop, one: waiting.Waiting) -> Wait:
    url = f"{reverse(one.step.place, args=[shop.code])}?{one.step.query}"
    count, late = money.capped(one.count, CAP), money.capped(one.late, CAP) if one.late else ""
    return Wait(str(one.step.label), count, late, times.span(one.oldest) if one.oldest else "", url)


def _running_out(shop: Shop) -> list[Any]:
    """Return the first alerts, each with the number of all."""
    every = standing_alerts(shop).select_related("sku__product").annotate(total=Window(Count("*")))
    return list(every[:NAMED])


def _named(shop: Shop, alert: StockAlert) -> dict[str, Any]:
    sku = alert.sku
    url = reverse("stock_detail", args=[shop.code, sku.pk])
    return {"sku": name_of(sku), "product": sku.product.title, "day": alert.runs_out_on, "url": url}
