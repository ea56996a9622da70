"""Where a figure leads: the list behind each measure, with the filter that finds exactly what was counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.urls import reverse

from analytics.periods import Period
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm

ORDERS, CASES, REVIEWS, BUYERS = "order_list", "case_list", "review_list", "figures_buyers"
# The right that each of them asks for.
_RIGHTS = {
    ORDERS: Perm.ORDERS_VIEW,
    BUYERS: Perm.ORDERS_VIEW,
    CASES: Perm.AFTERSALES_VIEW,
    REVIEWS: Perm.AFTERSALES_VIEW,
}
# A filter's word for "nothing is written there".
BLANK = "-"
# The filters by which the order list tells apart what a dimension tells apart.
ORDER_FILTERS = {
    "source": "source",
    "method": "method",
    "region": "region",
    "carrier": "carrier",
    "status": "status",
    "product": "product_id",
    "creator": "creator_id",
    "room": "room",
    "cancel_reason": "cancel_reason",
    "cancelled_by": "cancelled_by",
}
# Hours are those of the moment itself.
HOUR_FILTERS = {"placed": {"hour": "hour"}, "paid": {"hour": "paid_hour"}}
CASE_FILTERS = {"problem": "problem", "fault": "fault", "product": "product_id"}
REVIEW_FILTERS = {"product": "product_id"}


@dataclass(frozen=True)
class Drill:
    """A list with a filter, over the days between the ends that its `moment` begins the names of."""

    page: str
    moment: str
    words: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)

    def url(self, shop: Shop, period: Period, *, dimension: str = "", key: str = "") -> str:
        """Return the address of exactly the records counted, as a whole or under one key; nothing where none leads."""
        if dimension and dimension not in self.filters:
            return ""
        asked = dict(self.words)
        asked |= {f"{self.moment}from": period.first.isoformat(), f"{self.moment}to": period.last.isoformat()}
        if dimension:
            asked[self.filters[dimension]] = key or BLANK
        return f"{reverse(self.page, args=[shop.code])}?{urlencode(asked)}"


def _orders(moment: str, word: str = "all") -> Drill:
    return Drill(ORDERS, f"{moment}_", {"counted": word}, ORDER_FILTERS | HOUR_FILTERS.get(moment, {}))


def _cases(word: str = "all") -> Drill:
    return Drill(CASES, "opened_", {"counted": word}, CASE_FILTERS)


# The list behind each measure; that of an amount adds the amounts up.
DRILLS: dict[str, Drill] = {
    "placed": _orders("placed"),
    "placed_amount": _orders("placed"),
    "placed_paid": _orders("placed", "paid"),
    "placed_paid_amount": _orders("placed", "paid"),
    "placed_shipped": _orders("placed", "paid_shipped"),
    "placed_delivered": _orders("placed", "paid_delivered"),
    "placed_cancelled": _orders("placed", "cancelled"),
    "unpaid_lost": _orders("placed", "unpaid_lost"),
    "unpaid_lost_amount": _orders("placed", "unpaid_lost"),
    "seller_cancelled": _orders("placed", "seller_cancelled"),
    "placed_disputed": _orders("placed", "disputed"),
    "paid": _orders("paid"),
    "paid_amount": _orders("paid"),
    "gmv": _orders("paid"),
    "commission": _orders("paid"),
    "paid_cased": _orders("paid", "with_case"),
    "paid_returned": _orders("paid", "returned"),
    "shipped": _orders("shipped"),
    "ship_promised": _orders("shipped", "ship_promised"),
    "ship_late": _orders("shipped", "ship_late"),
    "ship_timed": _orders("shipped", "ship_timed"),
    "ship_seconds": _orders("shipped", "ship_timed"),
    "ship_problem": _orders("shipped", "ship_problem"),
    "delivered": _orders("delivered"),
    "deliver_promised": _orders("delivered", "deliver_promised"),
    "deliver_on_time": _orders("delivered", "deliver_on_time"),
    "deliver_late": _orders("delivered", "deliver_late"),
    "transit_timed": _orders("delivered", "transit_timed"),
    "transit_seconds": _orders("delivered", "transit_timed"),
    "cancelled": _orders("cancelled", "cancelled"),
    "cancelled_amount": _orders("cancelled", "cancelled"),
    "cancelled_unpaid": _orders("cancelled", "unpaid_lost"),
    "cancelled_unshipped": _orders("cancelled", "cancelled_unshipped"),
    "cancelled_shipped": _orders("cancelled", "cancelled_shipped"),
    "cancelled_unpaid_amount": _orders("cancelled", "unpaid_lost"),
    "cancelled_unshipped_amount": _orders("cancelled", "cancelled_unshipped"),
    "cancelled_shipped_amount": _orders("cancelled", "cancelled_shipped"),
    "cases": _cases(),
    "cases_amount": _cases(),
    "cases_returned": _cases("returned"),
    "cases_seller_fault": _cases("seller_fault"),
    "cases_decided": _cases("decided"),
    "decide_seconds": _cases("decided"),
    "buyers": Drill(BUYERS, "", {"segment": "all", "period": "custom"}),
    "repeat_buyers": Drill(BUYERS, "", {"segment": "repeat", "period": "custom"}),
    "reviews": Drill(REVIEWS, "written_", {}, REVIEW_FILTERS),
    "reviews_negative": Drill(REVIEWS, "written_", {"negative": "yes"}, REVIEW_FILTERS),
    "stars": Drill(REVIEWS, "written_", {}, REVIEW_FILTERS),
}


def link(measure: str, shop: Shop, period: Period, *, dimension: str = "", key: str = "") -> str:
    """Return the address of the list behind a measure; raises KeyError for a name that is none."""
    return DRILLS[measure].url(shop, period, dimension=dimension, key=key)


def opens(actor: Actor, measure: str) -> bool:
    """Say whether somebody may open the list behind a measure."""
    return actor.may(_RIGHTS[DRILLS[measure].page])
