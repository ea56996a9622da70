"""When a file tells that money went back, nobody has to pay by hand what waits here for it: that was this very money.

A consumer of events that looks at the order, not at the event: the second time it finds nothing to do.
"""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Sum

from aftersales import refund_actions
from aftersales.models import Refund
from aftersales.states import RefundStatus
from orders.models import Order
from sellercenter.lifecycle import locked
from sellercenter.models import Event
from sellercenter.permissions import SYSTEM


class Reported:
    """Books the refunds that wait for a person, as far as a file tells that their money went back."""

    kinds = frozenset({"order.refund_reported"})

    def take(self, events: list[Event]) -> None:
        """Note the refunds of these orders as paid."""
        for event in events:
            order = Order.objects.filter(pk=event.subject_id).first()
            if order is not None:
                _book(order, Decimal(event.data["amount"]))


def _book(order: Order, told: Decimal) -> None:
    """Book refunds that were never handed over, the oldest first, as long as the told sum covers them whole."""
    locked(order)
    at_gateway = Refund.objects.filter(order=order, status__in=[RefundStatus.SUBMITTED, RefundStatus.UNKNOWN])
    # Which of both went back nobody knows; the gateway will tell of its own.
    left = told - order.refunded_amount - (at_gateway.aggregate(sum=Sum("amount"))["sum"] or 0)
    waiting = Refund.objects.filter(order=order, status=RefundStatus.REQUESTED, due_at=None).order_by("pk")
    for refund in waiting.select_related("shop__policy", "order", "payment", "case"):
        if refund.amount <= left:
            refund_actions.settle_by_hand(refund, number=f"FILE-{refund.key}", by=SYSTEM)
            left -= refund.amount


REPORTED = Reported()
