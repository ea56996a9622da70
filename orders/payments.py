"""Verbs on money that comes in or goes back: it counts once, whenever and however often it is reported."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

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
from sellercenter.permissions import Actor


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


# --- Refunds: reserved, then booked or freed --------------------------------------------------------------------------


@transaction.atomic
def reserve_refund(order: Order, *, amount: Decimal, only: Payment | None = None) -> list[tuple[Payment, Decimal]]:
    """Set an amount aside that is to go back, and return what of it each payment gives, from the first on.

    `only` takes it from one payment alone. Each part must end by `book_refund` or `free_refund`. Refused for an unpaid
    order, and for more than was captured and is neither refunded nor under way already. Leaves the order locked; who
    asks stands in the history of the refund.
    """
    locked(order)
    if order.status not in ORDER.moves["record_refund"].sources:
        raise Refused(_("Nothing of this order can be refunded: it is not paid."), "not_now")
    _check_amount(order, amount)
    parts = _spread(order, amount, only)
    for payment, part in parts:
        room = Payment.objects.filter(pk=payment.pk, amount__gte=F("refunded") + F("refunding") + part)
        if not room.update(refunding=F("refunding") + part):
            raise _too_much(Decimal(0), order)
    order.refunding_amount += amount
    Order.objects.filter(pk=order.pk).update(refunding_amount=order.refunding_amount, updated_at=Now())
    return parts


@transaction.atomic
def book_refund(payment: Payment, *, amount: Decimal, reference: str, refund: str, owed: bool, by: Actor) -> None:
    """Note that an amount which `reserve_refund` set aside of a payment has gone back.

    `reference` is its number where it was made, `refund` our own. With `owed` it was money to be refunded anyway;
    otherwise that stays, as far as there is something left to give back.
    """
    order = _unreserve(payment, amount, refunded=F("refunded") + amount)
    left = order.paid_amount - order.refunded_amount - amount
    due = min(left, max(Decimal(0), order.refund_due - amount) if owed else order.refund_due)
    told = {"reference": reference, "refund": refund}
    _book(order, amount, told, by, refund_due=due, refunding_amount=order.refunding_amount)


@transaction.atomic
def free_refund(payment: Payment, *, amount: Decimal) -> None:
    """Give back to a payment what `reserve_refund` set aside, because it does not go back to the buyer."""
    order = _unreserve(payment, amount)
    Order.objects.filter(pk=order.pk).update(refunding_amount=order.refunding_amount, updated_at=Now())


def _unreserve(payment: Payment, amount: Decimal, **also: Any) -> Order:
    """Take an amount off what is under way of a payment, and return its order, locked and with as much less."""
    order = payment.order
    locked(order)
    reserved = Payment.objects.filter(pk=payment.pk, refunding__gte=amount)
    if not reserved.update(refunding=F("refunding") - amount, **also):
        raise Refused(_("This money is not on its way back."), "not_reserved")
    order.refunding_amount -= amount
    return order


def _book(order: Order, amount: Decimal, told: dict[str, str], by: Actor, **sums: Decimal) -> None:
    """Make the move of a locked order of which money went back."""
    refunded = order.refunded_amount + amount
    data = {"amount": amount, **told}
    ORDER.move(order, "record_refund", by=by, data=data, refunded_amount=refunded, **sums, updated_at=Now())


def _check_amount(order: Order, amount: Decimal) -> None:
    if amount <= 0 or money.quantise(amount, order.currency) != amount:
        raise Refused(_("A refund is more than nothing, in coins that the currency has."), "bad_amount")


def _spread(order: Order, amount: Decimal, only: Payment | None = None) -> list[tuple[Payment, Decimal]]:
    """Spread an amount over what is left of a locked order's captured payments, the first one first."""
    captured = Payment.objects.filter(order=order, status=PaymentStatus.CAPTURED).order_by("position")
    free = order.paid_amount - order.refunded_amount - order.refunding_amount
    left, parts = min(amount, free), []
    for payment in captured if only is None else captured.filter(pk=only.pk):
        part = min(left, payment.amount - payment.refunded - payment.refunding)
        if part > 0:
            payment.order = order
            parts.append((payment, part))
            left -= part
    if (found := sum((part for _payment, part in parts), Decimal(0))) < amount:
        raise _too_much(found, order)
    return parts


def _too_much(rest: Decimal, order: Order) -> Refused:
    return Refused(_("Not more than %s can still be refunded.") % money.text(rest, order.currency), "too_much")


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
