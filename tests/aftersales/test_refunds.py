"""Refunds: never more than was captured, a second person above the limit, and what becomes of money that is owed."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from aftersales import refunds
from aftersales.states import RefundStatus
from orders.facts import PaymentFacts
from orders.states import PaymentMethod, Status
from sellercenter.lifecycle import Refused
from sellercenter.permissions import SYSTEM
from tests import make
from tests.conftest import fresh

pytestmark = pytest.mark.django_db


def paid_twice(shop, status=Status.COMPLETED, first="12.00", second="8.00"):
    """Load an order that was paid by two payments."""
    paid = [
        PaymentFacts(PaymentMethod.ALIPAY, D(amount), make.NOW - make.DAY, f"T-{shop.code}-{amount}")
        for amount in (first, second)
    ]
    return make.order(shop, status, payments=paid)


def test_a_refund_takes_from_the_first_payment_on_and_is_set_aside(shop):
    order = paid_twice(shop)
    made = refunds.make(order, amount=D("15.00"), case=None, reason="too salty", by=SYSTEM)
    assert [(one.amount, one.status) for one in made] == [
        (D("12.00"), RefundStatus.REQUESTED),
        (D("3.00"), RefundStatus.REQUESTED),
    ]
    assert [one.refunding for one in order.payments.order_by("position")] == [D("12.00"), D("3.00")]
    assert (fresh(order).refunding_amount, fresh(order).refunded_amount) == (D("15.00"), 0)
    with pytest.raises(Refused, match="5.00") as no:
        refunds.make(order, amount=D("5.01"), case=None, reason="", by=SYSTEM)
    assert no.value.code == "too_much"
    assert fresh(order).refunding_amount == D("15.00")
