"""Refunds for tests, made by the verbs: of cancelled orders whose money is owed."""

from __future__ import annotations

from decimal import Decimal

from aftersales import refund_actions, refunds
from aftersales.models import Refund
from orders.facts import PaymentFacts
from orders.models import Order
from orders.states import PaymentMethod, Status
from sellercenter.models import Shop
from sellercenter.permissions import SYSTEM, Actor
from tests import make


def order_owing(shop: Shop, *amounts: str, due: str | None = None) -> Order:
    """Load a cancelled order that was paid by payments of these amounts, of which so much has to go back."""
    paid = [
        PaymentFacts(PaymentMethod.ALIPAY, Decimal(amount), make.NOW - make.DAY, make.number("T"))
        for amount in amounts or ("12.00", "8.00")
    ]
    order = make.order(shop, Status.CANCELLED, payments=paid)
    all_of_it = sum((one.amount for one in paid), Decimal(0))
    Order.objects.filter(pk=order.pk).update(refund_due=Decimal(due) if due else all_of_it)
    return Order.objects.select_related("shop__policy").get(pk=order.pk)


def make_refund(shop: Shop, amount: str = "5.00", *, by: Actor = SYSTEM, by_hand: bool = False) -> Refund:
    """Ask for a refund of an order of its own."""
    order = order_owing(shop, amount)
    return refunds.make(order, amount=Decimal(amount), case=None, reason="", by=by, by_hand=by_hand)[0]


def some_refunds(shop: Shop, many: int) -> list[Refund]:
    """Make refunds of equal and of different amounts: waiting, paid, called back."""
    found = [make_refund(shop, f"{1 + i % 4}.00", by_hand=True) for i in range(many)]
    for i, refund in enumerate(found):
        if i % 3 == 1:
            refund_actions.settle_by_hand(refund, number=make.number("BANK-"), by=SYSTEM)
        elif i % 3 == 2:
            refund_actions.call_back(refund, reason="not today", by=SYSTEM)
    return found
