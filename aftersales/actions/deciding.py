"""What the shop answers to a request, and what the buyer answers to an offer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from aftersales import amounts, reasons, refunds
from aftersales.actions.moving import begin, decided, lessen, lines_of, move, refunding, resize, whole_of
from aftersales.actions.resending import replace
from aftersales.models import Case, Evidence, Refund
from aftersales.states import CaseKind, CaseStatus, Side
from orders import actions as order_actions
from orders.states import Status
from sellercenter import money
from sellercenter.lifecycle import Refused
from sellercenter.money import ZERO
from sellercenter.permissions import Actor


@transaction.atomic
def accept(case: Case, *, by: Actor, seen: int | None = None, note: str = "", rule: str = "", coupon: str = "") -> None:
    """Grant what a case without goods asks for: the money goes on its way; a wish to cancel ends the order.

    `note` says why, when the shop's policy proposes something else; `rule` names the rule that decided by itself.
    """
    now = begin(case, seen=seen)
    values = decided(case, "accept", by=by, now=now, note=note, rule=rule, coupon=coupon)
    if case.kind == CaseKind.CANCEL and case.status == CaseStatus.REQUESTED:
        if case.order.status != Status.CANCELLED:
            order_actions.accept_cancel(case.order, by=by)
        cancelled(case)
    refunding(case, "accept", by=by, now=now, **values)


def cancelled(case: Case) -> None:
    """Let a case be about all that is owed for its order, which has been cancelled; also what was asked for since."""
    case.order.refresh_from_db(fields=["refund_due", "refunding_amount", "refunded_amount", "paid_amount"])
    since = Refund.objects.filter(order=case.order, case=None, requested_at__gte=case.order.cancelled_at)
    asked = since.filter(status__in=refunds.COUNTED).aggregate(sum=Sum("amount"))["sum"] or ZERO
    since.update(case=case)
    lines = lines_of(case)
    goods, freight = amounts.fit(case.order, [one.line for one in lines], asked + refunds.owed(case.order))
    resize(case, lines, goods, freight)


@transaction.atomic
def accept_return(
    case: Case, *, by: Actor, seen: int | None = None, note: str = "", rule: str = "", coupon: str = ""
) -> None:
    """Let the buyer send the goods back; the money, or the exchange, follows once they have been looked at."""
    now = begin(case, seen=seen)
    values = decided(case, "accept_return", by=by, now=now, note=note, rule=rule, coupon=coupon)
    move(case, "accept_return", by=by, now=now, **values)


@transaction.atomic
def keep(case: Case, *, by: Actor, seen: int | None = None, note: str = "", rule: str = "", coupon: str = "") -> None:
    """Refund a return without having the goods back: for what is not worth the way."""
    now = begin(case, seen=seen)
    values = decided(case, "keep", by=by, now=now, note=note, rule=rule, coupon=coupon)
    refunding(case, "keep", by=by, now=now, keep_goods=True, **values)


@transaction.atomic
def accept_resend(
    case: Case, *, by: Actor, seen: int | None = None, note: str = "", rule: str = "", coupon: str = ""
) -> None:
    """Send again what did not come: a linked order without a price waits to be shipped.

    Refused, as `out_of_stock`, when there is too little of it; then refund instead.
    """
    now = begin(case, seen=seen)
    values = decided(case, "accept_resend", by=by, now=now, note=note, rule=rule, coupon=coupon)
    move(case, "accept_resend", by=by, now=now, replacement=replace(case, by=by), **values)


@transaction.atomic
def offer(
    case: Case, *, amount: Decimal, by: Actor, seen: int | None = None, note: str = "", rule: str = "", coupon: str = ""
) -> None:
    """Offer a part of the money, with which the buyer keeps the goods; silence declines it."""
    now = begin(case, seen=seen)
    whole = case.goods_amount + case.freight_amount
    if money.quantise(amount, case.currency) != amount or not 0 < amount < whole:
        told = {"most": money.text(whole, case.currency)}
        raise Refused(_("Offer more than nothing and less than %(most)s, the amount of the case.") % told, "bad_amount")
    values = decided(case, "offer", by=by, now=now, note=note, rule=rule, coupon=coupon, amount=amount)
    move(case, "offer", by=by, now=now, data={"amount": amount}, offer_amount=amount, **values)


@transaction.atomic
def offer_exchange(
    case: Case, *, by: Actor, seen: int | None = None, note: str = "", rule: str = "", coupon: str = ""
) -> None:
    """Offer to send the same in good condition instead of the money; silence declines it."""
    now = begin(case, seen=seen)
    values = decided(case, "offer_exchange", by=by, now=now, note=note, rule=rule, coupon=coupon)
    move(case, "offer_exchange", by=by, now=now, offer_amount=None, **values)


@transaction.atomic
def refuse(
    case: Case,
    *,
    refusal: str,
    words: str = "",
    by: Actor,
    seen: int | None = None,
    note: str = "",
    rule: str = "",
    coupon: str = "",
) -> None:
    """Refuse a request, for one of the reasons of `aftersales/reasons.py` and with words for the buyer.

    Possible until the very last second before the deadline. Some reasons need evidence of the shop's first.
    """
    now = begin(case, seen=seen)
    values = {
        **decided(case, "refuse", by=by, now=now, note=note, rule=rule, coupon=coupon),
        **refusing(case, refusal, words, inspecting=False, by=by),
    }
    if case.kind == CaseKind.CANCEL and case.order.cancel_requested_at is not None:
        said = words.strip() or str(reasons.label(refusal))
        order_actions.refuse_cancel(case.order, reason=said, by=by)
    move(case, "refuse", by=by, now=now, data={"refusal": refusal}, **values)


def refusing(case: Case, refusal: str, words: str, *, inspecting: bool, by: Actor) -> dict[str, Any]:
    """Return what a refusal leaves in its case; refuse a reason that does not fit or is not proved."""
    found = reasons.refusal(refusal, case.kind, inspecting=inspecting)
    if found.evidence and not by.is_outside and not Evidence.objects.filter(case=case, side=Side.SELLER).exists():
        raise Refused(_("Add evidence first: this reason has to be proved."), "evidence_missing")
    return {"refusal": found.code, "refusal_words": words.strip()[:500]}


# --- The buyer answers ------------------------------------------------------------------------------------------------


@transaction.atomic
def take_offer(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Take the offered part of the money, which goes on its way; the buyer keeps the goods."""
    now, whole = begin(case, seen=seen), None
    if case.status == CaseStatus.OFFERED and case.offer_amount is not None:
        lines = lines_of(case)
        whole = whole_of(case, lines)
        lessen(case, lines, case.offer_amount)
    refunding(case, "take_offer", by=by, now=now, data={"whole": whole}, keep_goods=True)


@transaction.atomic
def take_exchange(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Take the offered exchange: the return goes on as one."""
    now = begin(case, seen=seen)
    move(case, "take_exchange", by=by, now=now, kind=CaseKind.EXCHANGE)


@transaction.atomic
def decline_offer(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Decline what was offered; the shop has to answer again."""
    now = begin(case, seen=seen)
    move(case, "decline_offer", by=by, now=now, offer_amount=None)
