"""The home board: what waits, each counter opening exactly the orders that it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _

from orders.filters import TABS, OrderFilter
from orders.models import Order
from sellercenter import money
from sellercenter.counts import CAP, capped_counts
from sellercenter.pages import ShopPage, Text
from sellercenter.permissions import Perm


@dataclass(frozen=True)
class Counter:
    """A number on the board: the length of the list that `query` opens, counted through the same filter."""

    label: Text
    query: str
    icon: str
    tone: str = ""
    help: Text = ""


COUNTERS = (
    Counter(_("Ship within 24 hours"), "tab=to_ship&due=soon&sort=deadline", "truck-loading", "soon"),
    Counter(_("Shipping overdue"), "tab=to_ship&due=overdue&sort=deadline", "alarm", "late"),
    Counter(_("To review"), "tab=to_review", "clipboard-check", "info"),
    Counter(_("To ship"), "tab=to_ship", "package", "info"),
    Counter(_("Unpaid, cancelled within 24 hours"), "tab=unpaid&due=soon&sort=deadline", "hourglass", "soon"),
    Counter(_("Cancellation requested"), "asked=cancel", "ban", "late"),
    Counter(_("After-sales open"), "tab=aftersales", "receipt-refund", "info"),
    Counter(_("Abnormal"), "tab=abnormal", "alert-triangle", "late"),
)


class Home(ShopPage):
    """What waits in this shop."""

    permission = Perm.ORDERS_VIEW
    title, template = _("Home"), "orders/home.html"

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
            "help": counter.help,
        }
