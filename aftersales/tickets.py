"""Verbs on logistics tickets: what a carrier is asked to mend about an order's parcel, and what it answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales import clocks, numbers
from aftersales.lifecycle.disputes import TICKET
from aftersales.models import Case, Ticket
from aftersales.seen import as_seen, plain
from aftersales.states import TicketKind, TicketStatus
from orders.models import Order, Parcel, TrackingEvent
from orders.states import ParcelStatus, TrackingCode
from sellercenter import events
from sellercenter.lifecycle import Refused, locked
from sellercenter.permissions import Actor, Perm

# The platform asks the carrier within two working days; later the ticket counts as overdue.
ANSWER_DAYS = 2
# So long after a failed attempt another delivery can be asked for.
REDELIVERY = timedelta(days=7)
TICKET_OPEN = (TicketStatus.OPEN, TicketStatus.ANSWERED)


@transaction.atomic
def open_ticket(
    order: Order, *, kind: TicketKind | str, words: str, parcel: Parcel, case: Case | None = None, by: Actor
) -> Ticket:
    """Ask the carrier to mend something about a parcel of the order; answered within two working days.

    Refused when the parcel is not the order's or is past mending, when a ticket of the kind is open for it, and for
    another delivery later than seven days after the last failed attempt.
    """
    by.require(Perm.TRACKING_WATCH)
    if not (words := plain(words, 1000)):
        raise Refused(_("Write what is wrong, so that the carrier knows where to look."), "words_missing")
    now, kind = locked(order), TicketKind(kind)
    _can_be_mended(order, parcel, kind, now)
    answer_by = clocks.working_days(now, ANSWER_DAYS, order.shop.zone)
    ticket = Ticket(
        **{"shop": order.shop, "number": numbers.made("T", now), "kind": kind.value, "order": order, "parcel": parcel},
        **{"case": case, "words": words, "opened_at": now, "opened_label": by.label[:60], "answer_by": answer_by},
    )
    for name, value in TICKET.plan(ticket, {}, now=now).values().items():
        setattr(ticket, name, value)
    Ticket.objects.bulk_create([ticket])
    told: dict[str, Any] = {"ticket_kind": kind.value, "carrier": parcel.carrier, "tracking_no": parcel.tracking_no}
    events.record(order.shop, "ticket.opened", ticket, by=by, order=order.number, answer_by=answer_by, **told)
    return ticket


def _can_be_mended(order: Order, parcel: Parcel, kind: TicketKind, now: datetime) -> None:
    """Refuse what no carrier could do; the caller holds the order locked, so no second ticket opens meanwhile."""
    if parcel.shop_id != order.shop_id or not parcel.parts.filter(order=order).exists():
        raise Refused(_("This parcel carries nothing of the order."), "other_parcel")
    open_ones = Ticket.objects.for_shop(order.shop).filter(parcel=parcel, kind=kind, status__in=TICKET_OPEN)
    if open_ones.exists():
        raise Refused(_("The carrier has been asked this already; look at the open ticket."), "ticket_open")
    if kind == TicketKind.INTERCEPT and parcel.status in (ParcelStatus.DELIVERED, ParcelStatus.RETURNED):
        raise Refused(_("The parcel has arrived, so nobody can call it back."), "arrived")
    if kind == TicketKind.REDELIVERY:
        _can_come_again(parcel, now)


def _can_come_again(parcel: Parcel, now: datetime) -> None:
    """Refuse another delivery of a parcel that was not tried in vain in the last seven days."""
    failed = TrackingEvent.objects.filter(parcel=parcel, code=TrackingCode.ATTEMPT_FAILED).order_by("-at").first()
    if failed is None or parcel.status == ParcelStatus.DELIVERED:
        raise Refused(_("Another delivery can be asked for after one has failed."), "no_failure")
    if failed.at + REDELIVERY <= now:
        raise Refused(_("The last attempt was more than seven days ago: the parcel goes back."), "too_late")


@transaction.atomic
def answer(ticket: Ticket, *, words: str, seen: str = "", by: Actor) -> None:
    """Keep what the carrier answered."""
    as_seen(ticket, seen)
    TICKET.move(ticket, "answer", by=by, answer=_said(words))


@transaction.atomic
def ask_again(ticket: Ticket, *, words: str, seen: str = "", by: Actor) -> None:
    """Ask the carrier once more because its answer mends nothing; it has two working days again.

    The new words stand before the old ones.
    """
    now = as_seen(ticket, seen)
    asked = plain(f"{_said(words)}\n{ticket.words}", 1000)
    answer_by = clocks.working_days(now, ANSWER_DAYS, ticket.shop.zone)
    TICKET.move(ticket, "ask_again", by=by, data={"answer_by": answer_by}, words=asked, answer_by=answer_by)


@transaction.atomic
def solve(ticket: Ticket, *, words: str = "", seen: str = "", by: Actor) -> None:
    """Note that the carrier has mended it."""
    now = as_seen(ticket, seen)
    TICKET.move(ticket, "solve", by=by, answer=plain(words, 500) or ticket.answer, ended_at=now)


@transaction.atomic
def close(ticket: Ticket, *, words: str, seen: str = "", by: Actor) -> None:
    """Give the ticket up, and say why."""
    now = as_seen(ticket, seen)
    TICKET.move(ticket, "close", by=by, answer=_said(words), ended_at=now)


def _said(words: str) -> str:
    if not (words := plain(words, 500)):
        raise Refused(_("Write what was said."), "words_missing")
    return words
