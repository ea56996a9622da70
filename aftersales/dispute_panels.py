"""What disputes, appeals and tickets show elsewhere: on the page of a case and of an order."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from aftersales import evidence_shown
from aftersales.dispute_forms import TicketForm
from aftersales.dispute_tables import appeal_due, dispute_states, evidence_by, ticket_due
from aftersales.models import Appeal, Case, Dispute, Ticket
from aftersales.states import AppealKind, AppealStatus, TicketKind, TicketStatus
from orders.models import Order, Parcel
from orders.states import ParcelStatus
from sellercenter.columns import Setting, labels
from sellercenter.permissions import Actor, Perm


def of_case(case: Case, at: Setting, by: Actor) -> list[dict[str, Any]]:
    """Return the panels of a case: its disputes and appeals, where there are any, and its evidence."""
    disputes = [_dispute(one, at) for one in Dispute.objects.for_shop(at.shop).filter(case=case).order_by("pk")]
    appeals = [_appeal(one, at) for one in Appeal.objects.for_shop(at.shop).filter(case=case).order_by("pk")]
    panels: list[dict[str, Any]] = []
    if disputes or appeals:
        handles = by.may(Perm.DISPUTES_HANDLE)
        add = f"{reverse('appeal_add', args=[at.shop.code])}?case={case.number}" if handles else ""
        panels.append({"template": "aftersales/parts/dispute.html", "records": [*disputes, *appeals], "add_url": add})
    return [*panels, evidence_shown.of(case, at, by)]


def of_order(order: Order, at: Setting, by: Actor) -> dict[str, Any] | None:
    """Return the logistics tickets of an order, with the form for one more while a parcel of it is on its way."""
    found = Ticket.objects.for_shop(at.shop).filter(order=order).select_related("parcel").order_by("-pk")
    records = [_ticket(one, at) for one in found]
    form = _ticket_form(order) if by.may(Perm.TRACKING_WATCH) else None
    if not records and form is None:
        return None
    url = reverse("ticket_open", args=[at.shop.code, order.pk])
    # What happened to tickets stands in the timeline of the cases' panel.
    return {
        "template": "aftersales/parts/tickets.html",
        "records": records,
        "form": form,
        "url": url,
        "timeline": [],
    }


def _dispute(dispute: Dispute, at: Setting) -> dict[str, Any]:
    return {
        "number": dispute.number,
        "said": dispute.conclusion or dispute.demand,
        "badge": dispute_states(dispute, at)[-1],
        "due": evidence_by(dispute, at),
        "url": reverse("dispute_detail", args=[at.shop.code, dispute.pk]),
    }


def _appeal(appeal: Appeal, at: Setting) -> dict[str, Any]:
    return {
        "number": appeal.number,
        "said": appeal.outcome or labels(AppealKind)[appeal.kind],
        "badge": {"code": appeal.status, "label": labels(AppealStatus)[appeal.status]},
        "due": appeal_due(appeal, at),
        "url": reverse("appeal_detail", args=[at.shop.code, appeal.pk]),
    }


def _ticket(ticket: Ticket, at: Setting) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "said": labels(TicketKind)[ticket.kind],
        "badge": {"code": ticket.status, "label": labels(TicketStatus)[ticket.status]},
        "due": ticket_due(ticket, at),
        "url": reverse("ticket_detail", args=[at.shop.code, ticket.pk]),
    }


def _ticket_form(order: Order) -> TicketForm | None:
    """Return the form for a ticket about one of the order's parcels; None while nothing has left."""
    left = Parcel.objects.filter(parts__order=order).exclude(status=ParcelStatus.READY).distinct().order_by("pk")
    parcels = [(one.pk, " ".join(filter(None, (one.carrier, str(one))))) for one in left]
    return TicketForm(parcels=parcels, auto_id="ticket_%s") if parcels else None
