"""Verbs on refunds, one door each: confirm, reject, call back, pay by hand, note a failure, try again."""

from __future__ import annotations

from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from aftersales import actions, paying, refunds
from aftersales.lifecycle import REFUND
from aftersales.models import Refund
from aftersales.refunds import COUNTED, PAY
from aftersales.states import CaseStatus
from orders.models import Payment
from sellercenter.lifecycle import Refused, locked
from sellercenter.permissions import SYSTEM, Actor
from sellercenter.wake import wake


@transaction.atomic
def confirm(refund: Refund, *, by: Actor) -> None:
    """Let a refund above the limit go back; refused for whoever asked for it."""
    if by.member_id is not None and refund.requested_by_id == by.member_id:
        raise Refused(_("Somebody else than the person who asked has to confirm it."), "same_person")
    looked = {"confirmed_at": Now(), "confirmed_by_id": by.member_id, "confirmed_label": by.label[:60]}
    REFUND.move(refund, "confirm", by=by, data={"amount": refund.amount}, **looked)
    wake(PAY)


@transaction.atomic
def reject(refund: Refund, *, reason: str, by: Actor) -> None:
    """Say no to a refund above the limit: its money is free again, and its case is decided anew."""
    _take_back(refund, "reject", reason, by)


@transaction.atomic
def call_back(refund: Refund, *, reason: str, by: Actor) -> None:
    """Take a refund back before it was handed over: its money is free again, and its case is decided anew."""
    _take_back(refund, "call_back", reason, by)


def _take_back(refund: Refund, move: str, reason: str, by: Actor) -> None:
    locked(refund.order)
    paying.fail(refund, move, _stated(reason), by=by)
    if refund.case is not None:
        actions.reopen(refund.case, by=SYSTEM)


def _stated(reason: str) -> str:
    if not (reason := reason.strip()):
        raise Refused(_("Say why, so that others know."), "reason_missing")
    return reason


def settle_by_hand(refund: Refund, *, number: str, by: Actor) -> None:
    """Note that somebody sent the money outside, under the number that it has there; refused for a number in use.

    Also for what the gateway keeps silent about, once somebody has looked there.
    """
    if not (number := number.strip()[:80]):
        raise Refused(_("A refund needs its number, so that it counts once."), "no_reference")
    taken = Refused(_("Another refund has this number already."), "number_taken")
    try:
        with transaction.atomic():
            locked(refund.order)
            if paying.number_taken(refund, number):
                raise taken
            paying.succeed(refund, "settle_by_hand", number, by=by, by_hand=True)
    except IntegrityError:  # somebody used it for another order at this very moment
        raise taken from None


@transaction.atomic
def note_failure(refund: Refund, *, reason: str, by: Actor) -> None:
    """Note that a refund of which the gateway tells nothing never happened: its money is free again."""
    locked(refund.order)
    paying.fail(refund, "note_failure", _stated(reason), by=by)


@transaction.atomic
def try_again(refund: Refund, *, by_hand: bool = False, by: Actor) -> list[Refund]:
    """Ask once more, by a new refund of the same payment, for money that did not go back; return that.

    Of several payments when that one has given back something else meanwhile, and can't give all of it any more.
    `by_hand` keeps it from the gateway. Refused when somebody has asked already, or when it is not owed any more.
    """
    locked(refund.order)
    # What went wrong stays to be read; the engine writes nothing without a column.
    REFUND.move(refund, "try_again", by=by, data={"amount": refund.amount}, last_error=F("last_error"))
    if refund.case is not None and _missing(refund) < refund.amount:
        raise Refused(_("Nobody waits for this money any more, or it was asked for again."), "not_owed")
    same = Payment.objects.filter(pk=refund.payment_id, amount__gte=F("refunded") + F("refunding") + refund.amount)
    asked = {"amount": refund.amount, "case": refund.case, "reason": refund.reason, "only": same.first()}
    return refunds.make(refund.order, **asked, by_hand=by_hand, by=by)


def _missing(refund: Refund) -> Decimal:
    """Return how much of what the refund's case grants is neither there nor on its way."""
    case = refund.case
    if case is None or case.status != CaseStatus.REFUNDING:
        return Decimal(0)
    there = Refund.objects.filter(case=case, status__in=COUNTED).aggregate(sum=Sum("amount"))["sum"] or 0
    return case.goods_amount + case.freight_amount - there
