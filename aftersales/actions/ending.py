"""How cases end: withdrawn, run out, taken to the platform and decided there, or refunded to the last cent."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales import amounts, disputes, refunds
from aftersales.actions.deciding import cancelled
from aftersales.actions.moving import (
    begin,
    fit,
    grant,
    lessen,
    lines_of,
    missing,
    move,
    refunding,
    resize,
    settle,
    take_back_grant,
)
from aftersales.models import Case, Refund
from aftersales.states import CaseKind, CaseStatus
from orders import actions as order_actions
from orders.states import Status
from sellercenter import events, money
from sellercenter.lifecycle import Refused
from sellercenter.permissions import SYSTEM, Actor


@transaction.atomic
def withdraw(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Let the buyer take the request back; a wish to cancel the order goes with it."""
    now = begin(case, seen=seen)
    if case.kind == CaseKind.CANCEL and case.order.cancel_requested_at is not None:
        order_actions.withdraw_cancel(case.order, by=by)
    disputed = case.status == CaseStatus.DISPUTED
    move(case, "withdraw", by=by, now=now)
    if disputed:
        disputes.withdrawn_with(case, by=by)


@transaction.atomic
def lapse(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Close a case because the goods did not come back in time, or its order went another way."""
    now = begin(case, seen=seen)
    move(case, "lapse", by=by, now=now)


@transaction.atomic
def close(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Close a refused case that nobody took to the platform."""
    now = begin(case, seen=seen)
    move(case, "close", by=by, now=now)


@transaction.atomic
def escalate(case: Case, *, by: Actor, number: str = "", demand: str = "", seen: int | None = None) -> None:
    """Let the buyer take the case to the platform; `number` and `demand` are the platform's, where it gives them."""
    _dispute(case, "escalate", by=by, number=number, demand=demand, seen=seen)


@transaction.atomic
def ask_platform(case: Case, *, by: Actor, number: str = "", seen: int | None = None) -> None:
    """Ask the platform to decide the case."""
    _dispute(case, "ask_platform", by=by, number=number, demand="", seen=seen)


def _dispute(case: Case, name: str, *, by: Actor, number: str, demand: str, seen: int | None) -> None:
    """Stop the clocks of a case until the platform has decided, and open the dispute over it."""
    now = begin(case, seen=seen)
    if case.kind == CaseKind.CANCEL and case.status == CaseStatus.REQUESTED:
        raise Refused(_("Answer the wish to cancel first: its clock does not stop for the platform."), "not_now")
    move(case, name, by=by, now=now)
    disputes.open_dispute(case, by=by, number=number, demand=demand)


@transaction.atomic
def decide_for_buyer(case: Case, *, by: Actor, amount: Decimal | None = None, seen: int | None = None) -> None:
    """Refund a case because the platform decided so: all of it, or this amount of it.

    An order that the buyer wanted to cancel is cancelled when nothing of it has left; then all of it goes back.
    """
    now = begin(case, seen=seen)
    if case.status == CaseStatus.DISPUTED:
        if amount is not None:
            _only(case, amount)
        if case.kind == CaseKind.CANCEL and _cancel(case):
            cancelled(case)
        elif case.kind == CaseKind.CANCEL:
            fit(case, lines_of(case))
    refunding(case, "decide_for_buyer", by=by, now=now)


def _cancel(case: Case) -> bool:
    """Cancel the order of a wish to cancel if it still can be; say whether it is cancelled."""
    order = case.order
    if order.status in (Status.TO_REVIEW, Status.TO_SHIP):
        if order.held:
            order_actions.release(order, by=SYSTEM)
        order_actions.cancel(order, reason=_("The platform decided for the buyer."), by=SYSTEM)
    return order.status == Status.CANCELLED


def _only(case: Case, amount: Decimal) -> None:
    """Lessen a case to an amount that was decided."""
    whole = case.goods_amount + case.freight_amount
    if not 0 < amount <= whole or money.quantise(amount, case.currency) != amount:
        told = {"most": money.text(whole, case.currency)}
        raise Refused(_("The platform can grant no more than %(most)s, the amount of the case.") % told, "too_much")
    if case.kind == CaseKind.CANCEL and amount != whole:
        raise Refused(_("A cancelled order is refunded whole."), "not_whole")
    lessen(case, lines_of(case), amount)


@transaction.atomic
def decide_for_seller(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Close a case because the platform decided for the shop; called by `aftersales/rulings.py`."""
    now = begin(case, seen=seen)
    move(case, "decide_for_seller", by=by, now=now)


# --- Money that went back, or did not ---------------------------------------------------------------------------------


@transaction.atomic
def finish(case: Case, *, by: Actor) -> None:
    """End a case once all that it granted has gone back; nothing happens before. Called by refunds that succeed."""
    begin(case, seen=None)
    settle(case, by=by)


@transaction.atomic
def reopen(case: Case, *, by: Actor) -> None:
    """Let a case be decided again because its refund was rejected or failed for good; forget what was granted.

    After an offer that was taken it is about the whole amount again.

    Nothing happens while another part of it is under way or has gone back: somebody asks for the rest again. Neither
    does it for a cancelled order, which owes its money whatever becomes of one refund.
    """
    now = begin(case, seen=None)
    going = Refund.objects.filter(case=case, status__in=refunds.COUNTED)
    if case.status != CaseStatus.REFUNDING or case.order.status == Status.CANCELLED or going.exists():
        return
    lines = lines_of(case)
    take_back_grant(lines)
    granted = events.of(case).filter(data__after=CaseStatus.REFUNDING.value).last()
    if granted is not None and (whole := granted.data.get("whole")):
        goods = {one.line_id: Decimal(whole["goods"][str(one.line_id)]) for one in lines}
        resize(case, lines, goods, Decimal(whole["freight"]))
    move(case, "reopen", by=by, now=now, keep_goods=False, offer_amount=None)


@transaction.atomic
def forgo(case: Case, *, by: Actor) -> None:
    """Let a case be about less when the order can't give back any more what failed: a file told that it went back."""
    begin(case, seen=None)
    over = missing(case) - amounts.left_of_order(case.order)
    if case.status != CaseStatus.REFUNDING or over <= 0:
        return
    lines = lines_of(case)
    take_back_grant(lines)
    lessen(case, lines, case.goods_amount + case.freight_amount - over)
    grant(lines)
    settle(case, by=by)
