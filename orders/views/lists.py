"""The order list: tabs, filters, search, pasted numbers."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import lookups, search
from orders.bulk import ACTIONS
from orders.filters import TABS, OrderFilter
from orders.forms import MOST_NUMBERS, NumbersForm
from orders.models import Order, PastedNumbers
from orders.tables import OrderTable
from sellercenter import keyset
from sellercenter.keyset import Cursor, Page
from sellercenter.lifecycle import Refused
from sellercenter.pages import ActPage, Bulk, TablePage, Text
from sellercenter.permissions import Perm


class OrderList(TablePage):
    """Orders of this shop: tabs, filters, one search box, saved views."""

    name, url_name, permission = "orders", "order_list", Perm.ORDERS_VIEW
    title = gettext_lazy("Orders")
    queryset = Order.objects.with_parties()
    filterset_class, table_class, tabs = OrderFilter, OrderTable, TABS
    bulk = tuple(Bulk(one.label, one.icon, one.permission, one.url_name, one.danger) for one in ACTIONS)

    def link(self, record: Order) -> str:
        """Return the address of the order's page."""
        return f"{self._base}/{record.pk}"

    @cached_property
    def _base(self) -> str:
        return self.url(self.url_name)

    def fetch(self, rows: QuerySet, sort: keyset.Sort, cursor: Cursor | None) -> Page:
        """Search in the quickest way when something is searched."""
        text = self.filterset.form.cleaned_data.get("q")
        if text:
            return search.fetch(rows, text, sort, self.per_page, cursor, shop=self.shop)
        return super().fetch(rows, sort, cursor)

    @cached_property
    def pasted(self) -> tuple[PastedNumbers, list[int], list[str]] | None:
        """The pasted numbers that the address names, with what they found and what not."""
        asked = self.request.GET.get("list", "")
        if not asked:
            return None
        kept = lookups.kept(self.shop, asked)
        return (kept, *search.pasted(self.shop, kept.numbers))

    def narrow(self, rows: QuerySet) -> QuerySet:
        """Keep the orders that the pasted numbers name."""
        return rows.filter(pk__in=self.pasted[1]) if self.pasted else rows

    def extras(self) -> dict[str, Any]:
        """Show the paste dialog and what became of pasted numbers."""
        shown: dict[str, Any] = {"paste": {"url": self.url("order_paste"), "limit": MOST_NUMBERS}}
        try:
            pasted = self.pasted
        except Refused:
            return shown
        if pasted:
            kept, _found, missing = pasted
            asked = len(kept.numbers)
            clear = self.here(drop=["list", "after"])
            shown["pasted"] = {"found": asked - len(missing), "asked": asked, "missing": missing, "clear_url": clear}
        return shown

    def empty(self) -> dict[str, Any]:
        """Say how orders come in when there are none at all."""
        if self.filterset.active() or self.request.GET.get("list") or (self.tab and self.tab.code):
            return super().empty()
        text = _("Import a file of orders, or start the demo to look around.")
        bring = {"label": _("Import"), "url": self.url("import_list"), "primary": True}
        return {
            "title": _("No orders yet."),
            "text": text,
            "actions": [bring] if self.actor.may(Perm.IMPORTS_RUN) else [],
        }


class OrderPaste(ActPage):
    """Look up many order or tracking numbers at once."""

    permission = Perm.ORDERS_VIEW
    form_class = NumbersForm
    kept: PastedNumbers | None = None

    def find(self, **kwargs: Any) -> None:
        """Name no record: the whole list is searched."""

    def act(self, record: None, data: dict[str, Any]) -> Text | None:
        """Keep the numbers."""
        self.kept = lookups.keep(self.member, numbers=data["numbers"])
        return None

    def after(self, record: None) -> str:
        """Open the list narrowed to the numbers."""
        address = self.url("order_list")
        return f"{address}?list={self.kept.pk}" if self.kept else address
