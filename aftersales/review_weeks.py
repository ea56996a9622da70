"""Causes of negative reviews by product and week, so that what goes wrong finds its way back to the goods."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncWeek

from aftersales.models import Review
from aftersales.review_filters import IS_NEGATIVE
from aftersales.states import Cause
from sellercenter.models import Shop
from sellercenter.times import day_start

WEEKS = 8
# So many products are shown, those with the most negative reviews.
MOST = 20
UNKNOWN = ""


@dataclass
class Week:
    """One product in one week of the shop's calendar: all reviews, the negative ones, and these by cause."""

    begins: date
    every: int = 0
    negative: int = 0
    causes: dict[str, int] = field(default_factory=lambda: dict.fromkeys([*Cause.values, UNKNOWN], 0))

    @property
    def ends(self) -> date:
        """The last day of the week."""
        return self.begins + timedelta(days=6)


@dataclass
class ProductWeeks:
    """One product with its weeks, the newest first."""

    product_id: int
    number: str
    title: str
    weeks: list[Week]


def weekly(shop: Shop, *, now: datetime, weeks: int = WEEKS, product: str = "") -> list[ProductWeeks]:
    """Return the products with the most negative reviews of the last weeks, each with every week of them.

    Weeks begin on Mondays of the shop's zone, the current one included. A review is negative by its first stars, and
    counts in the week in which it was written. `product` narrows to one product number.
    """
    days = _mondays(shop, now, weeks)
    first, after = day_start(days[-1], shop.zone), day_start(days[0] + timedelta(weeks=1), shop.zone)
    rows = Review.objects.for_shop(shop).filter(at__gte=first, at__lt=after)
    if product:
        rows = rows.filter(product__number=product)
    worst = rows.values("product", "product__number", "product__title").annotate(
        bad=Count("pk", filter=IS_NEGATIVE), every=Count("pk")
    )
    chosen = list(worst.order_by("-bad", "-every", "product")[:MOST])
    found = {
        one["product"]: ProductWeeks(
            one["product"], one["product__number"], one["product__title"], [Week(day) for day in days]
        )
        for one in chosen
    }
    for row in _counted(rows.filter(product__in=found), shop):
        _enter(found[row["product"]], row)
    return list(found.values())


def _mondays(shop: Shop, now: datetime, weeks: int) -> list[date]:
    today = now.astimezone(shop.zone).date()
    this = today - timedelta(days=today.weekday())
    return [this - timedelta(weeks=n) for n in range(weeks)]


def _counted(rows: Any, shop: Shop) -> Any:
    """Count by product, week and cause in one query."""
    week = TruncWeek("at", tzinfo=shop.zone)
    grouped = rows.annotate(week=week).values("product", "week", "cause").order_by()
    return grouped.annotate(every=Count("pk"), bad=Count("pk", filter=Q(IS_NEGATIVE)))


def _enter(product: ProductWeeks, row: dict[str, Any]) -> None:
    begins = row["week"].date()
    week = next(one for one in product.weeks if one.begins == begins)
    week.every += row["every"]
    week.negative += row["bad"]
    week.causes[row["cause"]] += row["bad"]
