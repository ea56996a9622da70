"""The home board: what waits, each counter opening exactly the orders that it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.filters import TABS, OrderFilter
from orders.models import Order
from orders.states import UNSHIPPED
from sellercenter import money
from sellercenter.counts import CAP, capped_counts
from sellercenter.models import Shop
from sellercenter.pages import ShopPage, Text
from sellercenter.permissions import Perm
from sellercenter.policy_forms import span_said


@dataclass(frozen=True)
class Counter:
    """A number on the board: the length of the list that `query` opens, counted through the same filter."""

    label: Text
    query: str
    icon: str
    tone: str = ""
    help: Callable[[Shop], Text] = lambda shop: ""


def _warning(shop: Shop) -> Text:
    warning = shop.policy.ship_warning
    return _("Within %s.") % span_said(warning) if warning else _("The policy names no time to warn.")


def _answer(shop: Shop) -> Text:
    return _("Without an answer they count as accepted.") if shop.policy.cancel_answer else ""


_SHIP = "&".join(f"status={status}" for status in UNSHIPPED) + "&sort=deadline"
_PAY = "tab=unpaid&sort=deadline"

COUNTERS = (
    Counter(gettext_lazy("Due to ship soon"), f"{_SHIP}&due=soon", "truck-loading", "soon", _warning),
    Counter(gettext_lazy("Shipping overdue"), f"{_SHIP}&due=overdue", "alarm", "late"),
    Counter(gettext_lazy("Cancel requests"), "asked=cancel&sort=answer", "ban", "late", _answer),
    Counter(gettext_lazy("Refunds to make"), "settle=refund", "receipt-refund", "late"),
    Counter(gettext_lazy("To review"), "tab=to_review", "clipboard-check", "info"),
    Counter(gettext_lazy("To ship"), "tab=to_ship", "package", "info"),
    Counter(gettext_lazy("Unpaid, cancelled within 24 hours"), f"{_PAY}&due=soon", "hourglass", "soon"),
    Counter(gettext_lazy("Held"), "settle=held", "lock", "soon"),
    Counter(gettext_lazy("Parcels without news"), "abnormal=parcel", "truck-delivery", "late"),
    Counter(gettext_lazy("After-sales open"), "tab=aftersales", "receipt-refund", "info"),
    Counter(gettext_lazy("Abnormal"), "tab=abnormal", "alert-triangle", "late"),
)


class Home(ShopPage):
    """What waits in this shop."""

    permission = Perm.ORDERS_VIEW
    title, template = gettext_lazy("Home"), "orders/home.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Count everything in one query, each up to the cap."""
        found = capped_counts({counter.query: self.rows(counter) for counter in COUNTERS}, shop=self.shop)
        return self.show(counters=[self._card(counter, found[counter.query]) for counter in COUNTERS])

    def rows(self, counter: Counter) -> QuerySet:
        """Return the orders that a counter counts, through the filter of the list that it opens."""
        query = QueryDict(counter.query)
        filters = OrderFilter(query, Order.objects.for_shop(self.shop), shop=self.shop, now=self.now)
        tab = next((tab.condition for tab in TABS if tab.code == query.get("tab")), Q())
        filters.form.is_valid()
        return filters.rows().filter(tab)

    def _card(self, counter: Counter, count: int) -> dict[str, Any]:
        return {
            "label": counter.label,
            "count": money.capped(count, CAP),
            "url": f"{self.url('order_list')}?{counter.query}",
            "icon": counter.icon,
            "tone": counter.tone,
            "help": counter.help(self.shop),
        }
