"""Verbs on money that goes back: asked for, confirmed by a second person when it is much, called back, tried again.

An amount is set aside of the payments in the transaction that asks for it, so however many ask at once, no more goes
back than was captured. What the gateway does with it stands in `aftersales/paying.py`.
"""

from __future__ import annotations

import secrets
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum

from aftersales.lifecycle import REFUND
from aftersales.models import Case, Refund
from aftersales.states import REFUND_OPEN, RefundStatus
from orders import payments
from orders.models import Order, Payment
from sellercenter import events
from sellercenter.lifecycle import locked
from sellercenter.permissions import Actor, Perm

# Letters and digits that nobody mixes up when reading a number aloud.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
# What still counts against the limit of what one person may send back.
_COUNTED = (*REFUND_OPEN, RefundStatus.SUCCEEDED)


@transaction.atomic
def make(
    order: Order,
    *,
    amount: Decimal,
    case: Case | None,
    reason: str,
    by: Actor,
    only: Payment | None = None,
    by_hand: bool = False,
) -> list[Refund]:
    """Ask that an amount goes back to the buyer, and return one refund for each payment that gives a part of it.

    With a case, the move that granted the money has checked who may; without one `by` needs the right to make refunds.
    Above the shop's limit they wait for a second person. `only` takes the amount from one payment; `by_hand` keeps it
    from the gateway, for somebody who pays otherwise. Leaves the order locked. Raises Refused, with code `too_much`
    when less than that can still be refunded.
    """
    if case is None and not by.may(Perm.REFUNDS_MAKE):
        raise PermissionDenied(f"{by.label} may not make refunds")
    now = locked(order)
    parts = payments.reserve_refund(order, amount=amount, only=only)
    waits = _needs_second(order, amount)
    status = RefundStatus.TO_CONFIRM if waits else RefundStatus.REQUESTED
    made = [
        Refund(
            shop=order.shop,
            key=_key(),
            order=order,
            payment=payment,
            case=case,
            amount=part,
            currency=order.currency,
            status=status,
            status_at=now,
            requested_at=now,
            requested_by_id=by.member_id,
            requested_label=by.label[:60],
            reason=reason.strip()[:200],
            by_hand=by_hand,
        )
        for payment, part in parts
    ]
    for refund in made:
        for name, value in REFUND.plan(refund, {}, now=now).values().items():
            setattr(refund, name, value)
    Refund.objects.bulk_create(made)
    events.record_all("refund.requested", made, by=by, data=_told)
    return made


def _told(refund: Refund) -> dict[str, object]:
    return {"amount": refund.amount, "order": refund.order_id, "case": refund.case_id, "status": refund.status}


def _key() -> str:
    return "R" + "".join(secrets.choice(_ALPHABET) for _place in range(15))


def _needs_second(order: Order, amount: Decimal) -> bool:
    """Say whether a second person must look at it: all of the order's refunds at which nobody else looked count.

    Small refunds in a row, or the parts of one that several payments give, do not slip under the limit.
    """
    limit = order.shop.policy.refund_limit
    if limit is None:
        return False
    alone = Refund.objects.filter(order=order, status__in=_COUNTED, confirmed_at__isnull=True)
    return amount + (alone.aggregate(sum=Sum("amount"))["sum"] or 0) > limit
