"""Logistics tickets: the list, the page of one, the door on the order's page that opens one, and the other doors."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import dispute_offers, tickets, timeline
from aftersales.dispute_filters import TICKET_TABS, TicketFilter
from aftersales.dispute_forms import SaidForm, SolvedForm, TicketForm
from aftersales.dispute_tables import TicketTable, ticket_due
from aftersales.models import Ticket
from aftersales.states import TicketKind, TicketStatus
from orders.models import Order, Parcel
from sellercenter.columns import labels
from sellercenter.pages import ActPage, ShopPage, TablePage, Text
from sellercenter.permissions import Perm
from sellercenter.times import moment

_NEXT = {
    TicketStatus.OPEN: gettext_lazy("The carrier looks into it. Note its answer when it comes."),
    TicketStatus.ANSWERED: gettext_lazy("Does the answer solve it? Otherwise ask again."),
}


class TicketList(TablePage):
    """Logistics tickets of this shop: what the carriers have to answer, and what they answered."""

    name, url_name, permission = "tickets", "ticket_list", Perm.ORDERS_VIEW
    title = gettext_lazy("Logistics tickets")
    queryset = Ticket.objects.select_related("order", "parcel")
    filterset_class, table_class, tabs = TicketFilter, TicketTable, TICKET_TABS

    def link(self, record: Ticket) -> str:
        """Return the address of the ticket's page."""
        return self.url("ticket_detail", record.pk)


class TicketDetail(ShopPage):
    """One ticket: what is wrong, what the carrier says."""

    permission = Perm.ORDERS_VIEW
    template = "aftersales/ticket_detail.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the ticket with what happened to it."""
        ticket = get_object_or_404(Ticket.objects.for_shop(self.shop).select_related("order", "parcel"), pk=pk)
        ticket.shop = self.shop
        crumbs = [{"label": _("Logistics tickets"), "url": self.url("ticket_list")}]
        crumbs.append({"label": ticket.number, "url": ""})
        shown = {
            **self._facts(ticket),
            **dispute_offers.offered(ticket, self.actor, partial(self._door, ticket)),
            "timeline": timeline.of_records({"ticket": [ticket.pk]}, self.setting, self.shop.currency),
        }
        return self.show(page={"title": ticket.number, "breadcrumbs": crumbs}, record=shown)

    def _door(self, ticket: Ticket, name: str) -> str:
        return self.url(f"ticket_{name}", ticket.pk)

    def _facts(self, ticket: Ticket) -> dict[str, Any]:
        at, order, parcel = self.setting, ticket.order, ticket.parcel
        return {
            "number": ticket.number,
            "badge": {"code": ticket.status, "label": labels(TicketStatus)[ticket.status]},
            "due": ticket_due(ticket, at),
            "next": _NEXT.get(TicketStatus(ticket.status), ""),
            "kind": labels(TicketKind)[ticket.kind],
            "words": ticket.words,
            "answer": ticket.answer,
            "order": {"number": order.number, "url": self.url("order_detail", order.pk)},
            "parcel": {"carrier": parcel.carrier, "tracking_no": parcel.tracking_no} if parcel else None,
            "opened_by": ticket.opened_label,
            "opened": moment(ticket.opened_at, at.zone, this_year=at.year),
            "ended": moment(ticket.ended_at, at.zone, this_year=at.year),
        }


class TicketOpen(ActPage):
    """Ask the carrier to mend something about one of the order's parcels."""

    permission, form_class = Perm.TRACKING_WATCH, TicketForm
    done = gettext_lazy("The ticket is open; the carrier has two working days.")
    order: Order

    def find(self, **kwargs: Any) -> Order:
        """Return the order of this shop, or 404."""
        found = Order.objects.for_shop(self.shop).select_related("shop__policy")
        self.order = get_object_or_404(found, pk=kwargs["pk"])
        return self.order

    def sent(self) -> forms.Form:
        """Accept the parcels of the order and no others."""
        parcels = Parcel.objects.for_shop(self.shop).filter(parts__order=self.order).distinct()
        return TicketForm(self.request.POST, parcels=[(one.pk, str(one)) for one in parcels])

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        parcel = Parcel.objects.for_shop(self.shop).get(pk=data.pop("parcel"))
        tickets.open_ticket(record, parcel=parcel, **data, by=self.actor)
        return None

    def after(self, record: Order) -> str:
        """Go back to the order."""
        return self.url("order_detail", record.pk)


class TicketAct(ActPage):
    """A verb on one ticket of this shop."""

    abstract = True
    permission = Perm.TRACKING_WATCH
    form_class: ClassVar[type[forms.Form] | None] = SaidForm

    def find(self, **kwargs: Any) -> Ticket:
        """Return the ticket of this shop, or 404."""
        found = Ticket.objects.for_shop(self.shop).select_related("shop__policy")
        return get_object_or_404(found, pk=kwargs["pk"])

    def after(self, record: Ticket) -> str:
        """Go back to the ticket."""
        return self.url("ticket_detail", record.pk)


class TicketAnswer(TicketAct):
    """Note what the carrier answered."""

    permission, done = Perm.TRACKING_WATCH, gettext_lazy("The answer is noted.")

    def act(self, record: Ticket, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        tickets.answer(record, **data, by=self.actor)
        return None


class TicketAskAgain(TicketAct):
    """Ask the carrier once more."""

    permission, done = Perm.TRACKING_WATCH, gettext_lazy("The carrier is asked again.")

    def act(self, record: Ticket, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        tickets.ask_again(record, **data, by=self.actor)
        return None


class TicketSolve(TicketAct):
    """Note that it is mended."""

    permission, form_class, done = Perm.TRACKING_WATCH, SolvedForm, gettext_lazy("The ticket is solved.")

    def act(self, record: Ticket, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        tickets.solve(record, **data, by=self.actor)
        return None


class TicketClose(TicketAct):
    """Give the ticket up."""

    permission, done = Perm.TRACKING_WATCH, gettext_lazy("The ticket is closed.")

    def act(self, record: Ticket, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        tickets.close(record, **data, by=self.actor)
        return None
