"""Verbs on orders: one door for each thing that can be done to one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders import clocks, inventory
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine, OrderNote
from orders.states import HELD_BY_CASE, UNSHIPPED, Abnormal, AfterSales, CancelledBy, Flag, LineStatus, Status
from sellercenter import events, schedule
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import Channel
from sellercenter.permissions import Actor, ActorKind, Perm
from sellercenter.schedule import Schedule

# What has to go back to the buyer of an order that ends.
OWED = F("paid_amount") - F("refunded_amount")
_ENDED_BY = {ActorKind.SYSTEM: CancelledBy.SYSTEM, ActorKind.CHANNEL: CancelledBy.PLATFORM}


@transaction.atomic
def approve(order: Order, *, by: Actor) -> None:
    """Pass the order on to shipping."""
    ORDER.move(order, "approve", by=by, reviewed_at=Now(), updated_at=Now())


@transaction.atomic
def hold(order: Order, *, reason: str, by: Actor) -> None:
    """Stop the order: nobody approves, ships or cancels it until it is released; its clocks run on."""
    reason = reason.strip()[:120]
    if not reason:
        raise Refused(_("Say why the order is held, so that others know what it waits for."), "reason_missing")
    ORDER.move(order, "hold", by=by, data={"reason": reason}, held=True, held_reason=reason, updated_at=Now())


@transaction.atomic
def release(order: Order, *, by: Actor) -> None:
    """Let a held order go on."""
    ORDER.move(order, "release", by=by, held=False, held_reason="", updated_at=Now())


@transaction.atomic
def remind(order: Order, *, coupon: bool = False, by: Actor) -> None:
    """Remind the buyer to pay, at most once in 24 hours, with the shop's coupon if wished."""
    policy = order.shop.policy
    if coupon and not policy.coupon:
        raise Refused(_("The shop has no coupon to offer. An owner can name one in the policy."), "no_coupon")
    channels = policy.second_channels or policy.first_channels or [Channel.IN_SITE.value]
    told = {"stage": "seller", "channels": channels, "coupon": policy.coupon if coupon else ""}
    ORDER.move(order, "remind", by=by, data=told, reminded_at=Now(), updated_at=Now())


@transaction.atomic
def cancel(order: Order, *, reason: str, by: Actor) -> None:
    """Cancel the order and all of its lines; refused once anything has been shipped or while a case is open."""
    reason = _stated(reason)
    ORDER.move(order, "cancel", by=by, data=_kept(reason, by), **_ended(reason, by))
    _end(order, reason=reason, by=by)


@transaction.atomic
def cancel_all(orders: Sequence[Order], *, reason: str, now: datetime, by: Actor) -> None:
    """Cancel many orders that the caller has locked and just read, by the rules of `cancel` and in few statements.

    `now` is the database's. Refused as a whole when one of them can't be cancelled; the caller rolls back then.
    """
    reason = _stated(reason)
    ORDER.move_all(orders, "cancel", by=by, now=now, data=lambda _order: _kept(reason, by), **_ended(reason, by))
    lines = OrderLine.objects.filter(order__in=orders).exclude(status=LineStatus.CANCELLED)
    lines.update(status=LineStatus.CANCELLED, cancel_reason=reason)
    inventory.release_many([order.pk for order in orders], by=by)


def _stated(reason: str) -> str:
    if not (reason := reason.strip()[:120]):
        raise Refused(_("Say why the order is cancelled; the buyer sees the reason."), "reason_missing")
    return reason


def _kept(reason: str, by: Actor) -> dict[str, Any]:
    """Return what history keeps of a reason: what the shop states, and never the words of a buyer.

    Those stand in the order (`cancel_wish`, `cancel_reason`), where they can be erased; nobody deletes history.
    """
    return {} if by.kind in (ActorKind.BUYER, ActorKind.CHANNEL) else {"reason": reason}


def _ended(reason: str, by: Actor) -> dict[str, Any]:
    """Return what an order keeps of its cancellation."""
    ended_by = _ENDED_BY.get(by.kind, CancelledBy.SELLER)
    end = {"cancelled_at": Now(), "cancelled_by": ended_by, "cancel_reason": reason}
    return {**end, "refund_due": OWED, "updated_at": Now()}


@transaction.atomic
def give_up(order: Order, *, reason: str = "", by: Actor) -> None:
    """End an unpaid order because its buyer does not want it any more."""
    reason = reason.strip()[:120]
    ended = {**_ended(reason, by), "cancelled_by": CancelledBy.BUYER}
    ORDER.move(order, "give_up", by=by, **ended)
    _end(order, reason=reason, by=by)


@transaction.atomic
def request_cancel(order: Order, *, reason: str, by: Actor) -> None:
    """Keep the buyer's wish to cancel a paid order; silence until `answer_by` accepts it."""
    now = locked(order)
    answer_by = clocks.plus(now, order.shop.policy.cancel_answer)
    planned = Schedule.of(order).plus("accept_cancel", answer_by)
    ORDER.move(
        *(order, "request_cancel"),
        by=by,
        data={"answer_by": answer_by},
        cancel_requested_at=now,
        cancel_wish=reason.strip()[:120],
        answer_by=answer_by,
        updated_at=now,
    )
    schedule.put(order, planned)


@transaction.atomic
def accept_cancel(order: Order, *, by: Actor) -> None:
    """Grant the buyer's wish: the order is cancelled and what was paid is to be refunded."""
    now = locked(order)
    ORDER.move(
        *(order, "accept_cancel"),
        by=by,
        cancelled_at=now,
        cancelled_by=CancelledBy.BUYER,
        cancel_reason=order.cancel_wish,
        refund_due=OWED,
        updated_at=now,
    )
    _end(order, reason=order.cancel_wish, by=by)


@transaction.atomic
def refuse_cancel(order: Order, *, reason: str, by: Actor) -> None:
    """Refuse the buyer's wish, with a reason for the buyer; possible until the very last second before `answer_by`."""
    reason = reason.strip()[:120]
    if not reason:
        raise Refused(_("Say why the request is refused; the buyer sees the reason."), "reason_missing")
    locked(order)
    planned = Schedule.of(order).without("accept_cancel")
    ORDER.move(
        *(order, "refuse_cancel"),
        by=by,
        data={"reason": reason},
        cancel_requested_at=None,
        cancel_wish="",
        answer_by=None,
        updated_at=Now(),
    )
    schedule.put(order, planned)


@transaction.atomic
def withdraw_cancel(order: Order, *, by: Actor) -> None:
    """Let the buyer take back the wish to cancel; the order goes on as if nobody had asked."""
    locked(order)
    planned = Schedule.of(order).without("accept_cancel")
    values: dict[str, Any] = {"cancel_requested_at": None, "cancel_wish": "", "answer_by": None}
    ORDER.move(order, "withdraw_cancel", by=by, **values, updated_at=Now())
    schedule.put(order, planned)


# --- While a case is open ---------------------------------------------------------------------------------------------


@transaction.atomic
def begin_aftersales(order: Order, *, case: str, hold: bool, by: Actor) -> None:
    """Keep that a case is open, so that the order does not complete by itself; with `hold` nothing leaves meanwhile.

    An order that a person holds already stays that person's to release.
    """
    locked(order)
    values: dict[str, Any] = {"aftersales": AfterSales.OPEN, "updated_at": Now()}
    if hold and not order.held and order.status in UNSHIPPED:
        values |= {"held": True, "held_reason": HELD_BY_CASE}
    Order.objects.filter(pk=order.pk).update(**values)
    order.refresh_from_db(fields=["aftersales", "held", "held_reason"])
    events.record(order.shop, "order.case_opened", order, by=by, case=case)


@transaction.atomic
def end_aftersales(order: Order, *, case: str, by: Actor) -> None:
    """Let the order go on because its last open case has ended: what a case stopped is released and completes again."""
    now = locked(order)
    values: dict[str, Any] = {"aftersales": AfterSales.CLOSED, "updated_at": Now()}
    if order.held_reason == HELD_BY_CASE:
        values |= {"held": False, "held_reason": ""}
    Order.objects.filter(pk=order.pk).update(**values)
    order.refresh_from_db(fields=["aftersales", "held", "held_reason"])
    if order.status == Status.DELIVERED and order.confirm_by is not None:
        schedule.put(order, Schedule.of(order).plus("complete", max(now, order.confirm_by)))
    events.record(order.shop, "order.case_closed", order, by=by, case=case)


@transaction.atomic
def complete_refunded(order: Order, *, by: Actor) -> None:
    """Complete an order of which something has left and everything was refunded; what has not left stays here."""
    now = locked(order)
    ORDER.move(order, "complete", by=by, data={"refunded": True}, completed_at=now, updated_at=now)
    order.lines.filter(status=LineStatus.WAITING).update(status=LineStatus.CANCELLED, cancel_reason=_("Refunded"))
    inventory.release(order, by=by)


def _end(order: Order, *, reason: str, by: Actor) -> None:
    """Cancel the lines of a cancelled order and give back what they reserve."""
    order.lines.exclude(status=LineStatus.CANCELLED).update(status=LineStatus.CANCELLED, cancel_reason=reason)
    inventory.release(order, by=by)


@transaction.atomic
def add_note(order: Order, *, body: str, by: Actor) -> OrderNote:
    """Add an internal note; the buyer never sees it, and nobody can change it afterwards."""
    by.require(Perm.ORDERS_NOTE)
    body = body.strip()
    if not body:
        raise Refused(_("Write something first."), "note_empty")
    note = OrderNote.objects.create(
        shop_id=order.shop_id, order=order, author_id=by.member_id, author_label=by.label, body=body
    )
    Order.objects.filter(pk=order.pk).update(note_count=F("note_count") + 1, updated_at=Now())
    events.record(order.shop, "order.noted", order, by=by, note=note.pk)
    return note


@transaction.atomic
def write_seller_note(order: Order, *, note: str, before: str, by: Actor) -> None:
    """Replace the seller note that travels with the order to the platform.

    `before` is the text that the writer saw; refused when somebody else has changed it since.
    """
    by.require(Perm.ORDERS_NOTE)
    note = note.strip().replace("\r\n", "\n")[:500]
    # Browsers send every line end as two characters, whatever the page held.
    seen = {before, before.replace("\r\n", "\n")}
    if note in seen:
        return
    if not Order.objects.filter(pk=order.pk, seller_note__in=seen).update(seller_note=note, updated_at=Now()):
        raise Refused(_("Somebody changed the seller note meanwhile. Read it, then write again."), "changed_meanwhile")
    order.seller_note = note
    # People write phones and names here, and history is never deleted: it keeps that the note changed, not the words.
    events.record(order.shop, "order.seller_note_written", order, by=by)


@transaction.atomic
def set_flag(order: Order, *, flag: int | None, by: Actor) -> None:
    """Set the order's flag colour, or take the flag away."""
    by.require(Perm.ORDERS_NOTE)
    before = _locked(order).flag
    if before == flag:
        return
    Order.objects.filter(pk=order.pk).update(flag=flag, updated_at=Now())
    order.flag = flag
    events.record(order.shop, "order.flagged", order, by=by, before=_colour(before), after=_colour(flag))


@transaction.atomic
def mark_abnormal(order: Order, *, kind: Abnormal, reason: str, by: Actor) -> None:
    """Mark the order as one that needs somebody's eyes, with what is wrong."""
    by.require(Perm.ORDERS_MARK)
    before = _locked(order)
    reason = reason.strip()[:300]
    if (before.abnormal, before.abnormal_reason) == (kind, reason):
        return
    values = {"abnormal": Abnormal(kind), "abnormal_reason": reason}
    Order.objects.filter(pk=order.pk).update(**values, abnormal_at=Now(), updated_at=Now())
    order.refresh_from_db(fields=["abnormal", "abnormal_reason", "abnormal_at"])
    events.record(order.shop, "order.marked", order, by=by, before=before.abnormal, after=kind, reason=reason)


@transaction.atomic
def clear_abnormal(order: Order, *, by: Actor) -> None:
    """Take the mark away when the matter is settled."""
    by.require(Perm.ORDERS_MARK)
    before = _locked(order).abnormal
    if not before:
        raise Refused(_("The order is not marked as abnormal."), "not_marked")
    Order.objects.filter(pk=order.pk).update(abnormal="", abnormal_reason="", abnormal_at=None, updated_at=Now())
    order.refresh_from_db(fields=["abnormal", "abnormal_reason", "abnormal_at"])
    events.record(order.shop, "order.unmarked", order, by=by, before=before)


def _locked(order: Order) -> Order:
    """Read what is about to change under the row's lock, so that the history tells the truth."""
    return Order.objects.select_for_update().only("flag", "abnormal", "abnormal_reason").get(pk=order.pk)


def _colour(flag: int | None) -> str:
    return "" if flag is None else Flag(flag).name.lower()
