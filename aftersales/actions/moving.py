"""What all verbs on cases share: lock in the order of the house, check what was seen, move, promise money, settle."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from aftersales import amounts, clocks, policies, refunds
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case, CaseLine, Refund
from aftersales.states import ENDED, OPEN, CaseStatus, RefundStatus
from orders import actions as order_actions
from orders.models import Order, OrderLine
from orders.states import Status
from sellercenter import events, money
from sellercenter.lifecycle import Refused, locked
from sellercenter.money import ZERO
from sellercenter.permissions import SYSTEM, Actor, ActorKind


def begin(case: Case, *, seen: int | None) -> datetime:
    """Lock the case's order, then the case, read both again, and return the database's now.

    Refused when the case is not what its caller knew: another version than `seen`, or another state.
    """
    status = case.status
    order = Order.objects.select_for_update().get(pk=case.order_id)
    order.shop = case.shop
    now = locked(case)
    case.order = order
    if case.status != status or seen not in (None, case.version):
        raise Refused(_("Somebody changed this meanwhile. Look at it again, then repeat."), "changed_meanwhile")
    return now


def move(case: Case, name: str, *, by: Actor, now: datetime, data: dict[str, Any] | None = None, **fields: Any) -> None:
    """Make a move of a case that `begin` has locked: count it, set the deadline of the new state, settle the order."""
    target = CASE.moves[name].target
    if target:
        fields = {"act_by": clocks.act_by(case.shop.policy, CaseStatus(target), now), **fields}
        fields |= {"paused_at": None, "pause_reason": ""}
    if target in ENDED:
        fields["ended_at"] = now
    CASE.move(case, name, by=by, data=data, version=case.version + 1, **fields)
    if target in ENDED:
        let_go(case, by=by)


def let_go(case: Case, *, by: Actor) -> None:
    """Let the order go on when none of its cases is open any more."""
    if not Case.objects.filter(order=case.order_id, status__in=OPEN).exists():
        order_actions.end_aftersales(case.order, case=case.number, by=by)


def lines_of(case: Case) -> list[CaseLine]:
    """Read what the case is about; the order's lines are locked, in the order of their keys."""
    found = list(CaseLine.objects.filter(case=case).select_related("wanted_sku__product").order_by("line_id"))
    lines = OrderLine.objects.select_related("product", "sku").select_for_update(of=("self",)).order_by("pk")
    stored = {line.pk: line for line in lines.filter(pk__in=[one.line_id for one in found])}
    for one in found:
        one.line = stored[one.line_id]
    return found


def decided(
    case: Case, name: str, *, by: Actor, now: datetime, note: str, rule: str, coupon: str, amount: Decimal | None = None
) -> dict[str, Any]:
    """Return what a decision leaves in its case; a person who goes against the proposal must say why."""
    values: dict[str, Any] = {"decided_at": case.decided_at or now}
    if coupon.strip():
        values["coupon"] = coupon.strip()[:40]
    if rule:
        values["decided_by_rule"] = rule[:80]
    if by.is_outside or policies.follows(case, name, amount):
        return values
    note = note.strip()[:300]
    if not note:
        raise Refused(_("The shop's policy proposes something else. Say why you decide otherwise."), "note_missing")
    told = {"proposed": case.proposal.get("answer", ""), "answered": name}
    events.record(case.shop, "case.overridden", case, by=by, **told)
    return {**values, "overridden": True, "override_note": note}


def refunding(
    case: Case, name: str, *, by: Actor, now: datetime, data: dict[str, Any] | None = None, **fields: Any
) -> None:
    """Make a move that grants the case's amount, and send it on its way; without any amount the case is done.

    What happens by itself grants what the order can still give back; people are told when that is less.
    """
    lines = lines_of(case)
    if by.kind == ActorKind.SYSTEM:
        fit(case, lines)
    amount = case.goods_amount + case.freight_amount
    move(case, name, by=by, now=now, data={"amount": amount, **(data or {})}, **fields)
    grant(lines)
    if (asked := missing(case)) > 0:
        # Who decides a case needs no right of their own to make refunds.
        refunds.make(case.order, amount=asked, case=case, reason=case.reason, by=by)
    settle(case, by=SYSTEM)


def settle(case: Case, *, by: Actor) -> None:
    """Finish a case that is being refunded once everything it was promised is there."""
    paid = sum((amount for amount, status in _refunds(case) if status == RefundStatus.SUCCEEDED), ZERO)
    if case.status != CaseStatus.REFUNDING or paid < case.goods_amount + case.freight_amount:
        return
    now = locked(case)
    move(case, "finish", by=by, now=now)
    complete_refunded(case)


def _refunds(case: Case) -> list[tuple[Decimal, str]]:
    return list(Refund.objects.filter(case=case).values_list("amount", "status"))


def missing(case: Case) -> Decimal:
    """Return how much of what was granted is neither there nor on its way."""
    there = sum((amount for amount, status in _refunds(case) if status in refunds.COUNTED), ZERO)
    return max(ZERO, case.goods_amount + case.freight_amount - there)


def complete_refunded(case: Case) -> None:
    """Complete an order that has left and of which everything went back; without an open case."""
    order = Order.objects.select_related("shop__policy").get(pk=case.order_id)
    whole = order.paid_amount > 0 and order.refunded_amount >= order.paid_amount
    left = order.status in (Status.PART_SHIPPED, Status.SHIPPED, Status.DELIVERED)
    if whole and left and not Case.objects.filter(order=order, status__in=OPEN).exists():
        order_actions.complete_refunded(order, by=SYSTEM)


def grant(lines: list[CaseLine]) -> None:
    """Count what is granted of each line; no more than its amount, whatever other cases granted meanwhile."""
    for one in lines:
        free = OrderLine.objects.filter(pk=one.line_id, refunded_amount__lte=F("amount") - one.amount)
        if one.amount and not free.update(refunded_amount=F("refunded_amount") + one.amount):
            raise Refused(_("So much can't be refunded of “%s” any more.") % one.line.title, "too_much")


def fit(case: Case, lines: list[CaseLine]) -> None:
    """Lessen a case that is to be granted to what its order can still give back, since a file may have told of less."""
    goods = {one.line_id: min(one.amount, one.line.amount - one.line.refunded_amount) for one in lines}
    resize(case, lines, goods, case.freight_amount)
    over = missing(case) - amounts.left_of_order(case.order)
    if over > 0:
        lessen(case, lines, case.goods_amount + case.freight_amount - over)


def lessen(case: Case, lines: list[CaseLine], amount: Decimal) -> None:
    """Let a case be about a part of its amount: of the goods first, spread over the lines, then of the freight."""
    goods = min(amount, case.goods_amount)
    most = {one.line_id: one.amount for one in lines}
    resize(case, lines, money.spread(goods, most, case.currency), amount - goods)


def whole_of(case: Case, lines: list[CaseLine]) -> dict[str, Any]:
    """Return, for the history, what a case is about before only a part of it is granted."""
    return {"goods": {str(one.line_id): str(one.amount) for one in lines}, "freight": str(case.freight_amount)}


def take_back_grant(lines: list[CaseLine]) -> None:
    """Forget what was granted, because it does not go back now."""
    for one in lines:
        OrderLine.objects.filter(pk=one.line_id).update(refunded_amount=F("refunded_amount") - one.amount)


def resize(case: Case, lines: list[CaseLine], goods: dict[int, Decimal], freight: Decimal) -> None:
    """Let a case be about these amounts from now on: goods by the keys of the order's lines, and freight."""
    for one in lines:
        if goods[one.line_id] != one.amount:
            CaseLine.objects.filter(pk=one.pk).update(amount=goods[one.line_id])
            one.amount = goods[one.line_id]
    case.goods_amount, case.freight_amount = sum(goods.values(), ZERO), freight
    Case.objects.filter(pk=case.pk).update(goods_amount=case.goods_amount, freight_amount=freight)
