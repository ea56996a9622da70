"""The home board: what waits in every room, each counter opening exactly the records that it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.states import UNSHIPPED
from orders.views.lists import OrderList
from sellercenter import money
from sellercenter.counts import CAP, capped_counts
from sellercenter.models import Shop
from sellercenter.pages import ShopPage, TablePage, Text
from sellercenter.permissions import Perm
from sellercenter.policy_forms import span_said


@dataclass(frozen=True)
class Counter:
    """A number on the board: the length of the list that `query` opens, counted through the list's own filter.

    A page that is no table says what it lists by `listed`, and where it is by `url_name`.
    """

    label: Text
    query: str
    icon: str
    tone: str = ""
    help: Callable[[Shop], Text] = lambda shop: ""
    page: type[ShopPage] = OrderList
    listed: Callable[[Shop], QuerySet] | None = None
    url_name: str = ""

    @property
    def place(self) -> str:
        """The name of the address of the list."""
        return self.url_name or self.page.url_name  # type: ignore[attr-defined]

    @property
    def key(self) -> str:
        """The name of the number among those of the board."""
        return f"{self.place}?{self.query}"

    def rows(self, shop: Shop, now: datetime) -> QuerySet:
        """Return what is counted."""
        if self.listed is not None:
            return self.listed(shop)
        query, page = QueryDict(self.query), self.page
        assert issubclass(page, TablePage)
        everything = page.queryset.model._default_manager.for_shop(shop)  # type: ignore[attr-defined]
        filters = page.filterset_class(query, everything, shop=shop, now=now)
        tab = next((tab.condition for tab in page.tabs if tab.code == query.get("tab")), Q())
        filters.form.is_valid()
        return filters.rows().filter(tab)


@dataclass(frozen=True)
class Board:
    """Some numbers under a title; each is for those who may open its list."""

    title: Text
    counters: tuple[Counter, ...]


def boards() -> list[Board]:
    """Return the boards of every room, in the order of settings.HOME_BOARDS."""
    return [import_string(path) for path in settings.HOME_BOARDS]


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
BOARD = Board(gettext_lazy("To do"), COUNTERS)


class Home(ShopPage):
    """What waits in this shop."""

    permission = Perm.ORDERS_VIEW
    title, template = gettext_lazy("Home"), "orders/home.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Count everything in one query, each up to the cap, and say how today goes beside yesterday."""
        mine = [(board.title, [one for one in board.counters if self.may_open(one)]) for board in boards()]
        every = [one for _title, counters in mine for one in counters]
        found = capped_counts({one.key: one.rows(self.shop, self.now) for one in every}, shop=self.shop)
        shown = [
            {"title": title, "counters": [self._card(one, found[one.key]) for one in counters]}
            for title, counters in mine
            if counters
        ]
        today = import_string(settings.HOME_FIGURES)(self.shop, self.actor, self.now)
        return self.show(boards=shown, today=today)

    def may_open(self, counter: Counter) -> bool:
        """Say whether this person may open the list behind a number."""
        return self.actor.may(counter.page.permission or "")

    def _card(self, counter: Counter, count: int) -> dict[str, Any]:
        return {
            "label": counter.label,
            "count": money.capped(count, CAP),
            "url": f"{self.url(counter.place)}?{counter.query}" if counter.query else self.url(counter.place),
            "icon": counter.icon,
            "tone": counter.tone,
            "help": counter.help(self.shop),
        }
