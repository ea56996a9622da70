"""Verbs on money that comes in or goes back: it counts once, whenever and however often it is reported."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders import clocks
from orders.lifecycle import ORDER
from orders.models import Order, Payment
from orders.states import PaymentMethod, PaymentStatus, Status
from sellercenter import events, money
from sellercenter.lifecycle import Refused, locked
from sellercenter.permissions import Actor, Perm


@transaction.atomic
def pay(order: Order, *, amount: Decimal, method: PaymentMethod | str, transaction_no: str, by: Actor) -> bool:
    """Record a payment, and let the order go on once all of it is paid; say whether it was new.

    A transaction that is known already changes nothing. What comes after the order was cancelled, or beyond what was
    owed, does not revive it: the money becomes a refund to make.
    """
    if not by.is_outside:
        raise PermissionDenied(f"{by.label} may not order.pay")
    transaction_no = transaction_no.strip()
    if amount <= 0:
        raise Refused(_("A payment must be more than nothing."), "bad_amount")
    if not transaction_no:
        raise Refused(_("A payment needs its transaction number, so that it counts once."), "no_transaction")
    now = locked(order)
    if order.payments.filter(transaction_no=transaction_no).exists():
        return False
    if order.status != Status.UNPAID:
        add_unowed(order, amount=amount, method=method, transaction_no=transaction_no, by=by)
        return True
    _record(order, amount, method, transaction_no, Now())
    order.paid_amount += amount
    missing = order.total_amount - order.paid_amount
    if missing > 0:
        Order.objects.filter(pk=order.pk).update(paid_amount=order.paid_amount, updated_at=now)
        events.record(order.shop, "order.part_paid", order, by=by, amount=amount, missing=missing)
        return True
    _go_on(order, method, now, by)
    return True


def add_unowed(
    order: Order,
    *,
    amount: Decimal,
    method: PaymentMethod | str,
    transaction_no: str,
    by: Actor,
    paid_at: datetime | None = None,
    back: Decimal | None = None,
) -> Payment:
    """Record a payment that was not known of an order that owes nothing, or less: `back` of it is a refund to make.

    All of it when `back` is left out. `paid_at` is when it was made, the database's now unless somebody tells. The
    caller holds the order locked; states and clocks stay as they are.
    """
    payment = _record(order, amount, method, transaction_no, paid_at or Now())
    back = amount if back is None else back
    order.paid_amount += amount
    order.refund_due += back
    values = {"paid_amount": order.paid_amount, "refund_due": order.refund_due}
    Order.objects.filter(pk=order.pk).update(**values, updated_at=Now())
    kind = "order.paid_late" if order.status == Status.CANCELLED else "order.paid_twice"
    events.record(order.shop, kind, order, by=by, amount=back, payment=payment.position)
    return payment


@transaction.atomic
def record_refund(order: Order, *, amount: Decimal, reference: str, by: Actor) -> bool:
    """Note that money went back to the buyer, spread over the payments from the first on; say whether it was new.

    `reference` is the number of the refund where it was made; one that is known already changes nothing. Refused for
    an unpaid order and for more than was captured and not refunded yet. What was to be refunded lessens by as much.
    """
    by.require(Perm.REFUNDS_MAKE)
    reference = reference.strip()[:80]
    if not reference:
        raise Refused(_("A refund needs its number, so that it counts once."), "no_reference")
    locked(order)
    if amount <= 0 or money.quantise(amount, order.currency) != amount:
        raise Refused(_("A refund is more than nothing, in coins that the currency has."), "bad_amount")
    if events.of(order).filter(kind="order.refunded", data__reference=reference).exists():
        return False
    _give_back(order, amount)
    ORDER.move(
        *(order, "record_refund"),
        by=by,
        data={"amount": amount, "reference": reference},
        refunded_amount=order.refunded_amount + amount,
        refund_due=max(Decimal(0), order.refund_due - amount),
        updated_at=Now(),
    )
    return True


def _give_back(order: Order, amount: Decimal) -> None:
    """Spread a refund over what was captured of a locked order."""
    left = amount
    for payment in order.payments.filter(status=PaymentStatus.CAPTURED).order_by("position"):
        part = min(left, payment.amount - payment.refunded)
        free = Payment.objects.filter(pk=payment.pk, status=PaymentStatus.CAPTURED, refunded__lte=F("amount") - part)
        if part > 0 and free.update(refunded=F("refunded") + part):
            left -= part
    if left:
        rest = money.text(amount - left, order.currency)
        raise Refused(_("Not more than %s can still be refunded.") % rest, "too_much")


def _record(
    order: Order, amount: Decimal, method: PaymentMethod | str, transaction_no: str, paid_at: datetime | Now
) -> Payment:
    last = order.payments.aggregate(last=Max("position"))["last"] or 0
    return Payment.objects.create(
        shop_id=order.shop_id,
        order=order,
        position=last + 1,
        method=PaymentMethod(method),
        status=PaymentStatus.CAPTURED,
        transaction_no=transaction_no,
        amount=amount,
        paid_at=paid_at,
    )


def _go_on(order: Order, method: PaymentMethod | str, now: datetime, by: Actor) -> None:
    """Make the move of an order whose payments cover what it costs; what is beyond it goes back."""
    ORDER.move(
        *(order, "pay"),
        by=by,
        data={"amount": order.paid_amount},
        paid_at=now,
        paid_amount=order.paid_amount,
        refund_due=order.paid_amount - order.total_amount,
        payment_method=PaymentMethod(method),
        ship_by=order.ship_by or clocks.plus(now, order.shop.policy.ship_within),
        updated_at=now,
    )
