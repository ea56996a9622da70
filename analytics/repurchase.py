"""Who buys again within a period: not to be added up from days, so counted from the orders themselves."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Q, QuerySet

from analytics.periods import Period
from orders.counted import COUNTED
from orders.models import Buyer, Order
from sellercenter.models import Shop
from sellercenter.times import day_start

# A buyer with so many paid orders in a period has come back.
REPEAT = 2


def paid_orders(shop: Shop, period: Period) -> QuerySet[Order]:
    """Return the orders that count, by when they were paid."""
    first, after = (day_start(day, shop.zone) for day in (period.first, period.last + timedelta(days=1)))
    return Order.objects.for_shop(shop).filter(COUNTED, paid_at__gte=first, paid_at__lt=after)


def buyers(shop: Shop, period: Period, *, least: int = 1) -> QuerySet[Buyer]:
    """Return the buyers with at least so many paid orders in a period."""
    several = paid_orders(shop, period).order_by().values("buyer").annotate(n=Count("pk")).filter(n__gte=least)
    return Buyer.objects.for_shop(shop).filter(pk__in=several.values("buyer"))


def sums(shop: Shop, period: Period) -> dict[str, int]:
    """Count the `buyers` of a period and the `repeat_buyers` among them, in one query."""
    each = paid_orders(shop, period).order_by().values("buyer").annotate(n=Count("pk"))
    told = each.aggregate(buyers=Count("buyer"), repeat_buyers=Count("buyer", filter=Q(n__gte=REPEAT)))
    return {name: told[name] or 0 for name in ("buyers", "repeat_buyers")}
