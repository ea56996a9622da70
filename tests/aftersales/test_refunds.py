"""Refunds: never more than was captured, a second person above the limit, and what becomes of money that is owed."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from django.core.exceptions import PermissionDenied

from aftersales import paying, refund_actions, refunds
from aftersales.models import Refund
from aftersales.refund_gateways import RecordingGateway
from aftersales.states import RefundStatus as S
from orders import actions, payments
from orders.models import Order
from orders.states import Status
from sellercenter.lifecycle import Refused
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER, SYSTEM, StockRole, actor_for
from tests import make
from tests.aftersales.money import order_owing
from tests.conftest import fresh, told

pytestmark = pytest.mark.django_db
BY_HAND = "aftersales.refund_gateways.NoGateway"


@pytest.fixture(autouse=True)
def _by_hand(settings):
    settings.REFUND_GATEWAY = BY_HAND


@pytest.fixture
def recording(settings):
    settings.REFUND_GATEWAY = "aftersales.refund_gateways.RecordingGateway"
    RecordingGateway.taken.clear()
    return RecordingGateway.taken


def make_one(order, amount="5.00", by=SYSTEM, **more):
    return refunds.make(order, amount=D(amount), case=None, reason="", by=by, **more)


def sums(order):
    order = fresh(order)
    return [str(one) for one in (order.refunded_amount, order.refunding_amount, order.refund_due)]


def of_payments(order):
    return [(str(one.refunded), str(one.refunding)) for one in order.payments.order_by("position")]


def finance(shop):
    return actor_for(make.member(shop, StockRole.FINANCE))


def limit(shop, amount):
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=D(amount))
    shop.policy.refresh_from_db()


def test_a_refund_takes_from_the_first_payment_on_and_is_set_aside(shop):
    order = order_owing(shop)
    made = make_one(order, "15.00")
    assert [(str(one.amount), one.status) for one in made] == [("12.00", S.REQUESTED), ("3.00", S.REQUESTED)]
    assert of_payments(order) == [("0.00", "12.00"), ("0.00", "3.00")]
    assert sums(order) == ["0.00", "15.00", "20.00"]
    with pytest.raises(Refused, match=r"5\.00") as no:
        payments.reserve_refund(order, amount=D("5.01"))
    assert no.value.code == "too_much"
    assert sums(order) == ["0.00", "15.00", "20.00"]


def test_without_a_case_no_more_goes_back_than_is_owed_and_only_by_who_may(shop, cast):
    order = order_owing(shop, due="6.00")
    with pytest.raises(Refused, match=r"6\.00") as no:
        make_one(order, "6.01")
    assert no.value.code == "not_owed"
    with pytest.raises(PermissionDenied):
        make_one(order, "6.00", by=cast["service"].actor)
    with pytest.raises(PermissionDenied):
        make_one(order, "6.00", by=BUYER)
    assert sums(order) == ["0.00", "0.00", "6.00"]
    make_one(order, "6.00", by=cast["finance"].actor)
    with pytest.raises(Refused):
        make_one(order, "0.01")


def test_what_was_paid_by_hand_is_booked_once_under_its_number(shop, owner):
    order = order_owing(shop)
    first, second = make_one(order, "15.00")
    refund_actions.settle_by_hand(first, number=" BANK-1 ", by=owner.actor)
    assert (first.status, first.provider_no, first.by_hand, first.due_at) == (S.SUCCEEDED, "BANK-1", True, None)
    assert sums(order) == ["12.00", "3.00", "8.00"]
    assert of_payments(order) == [("12.00", "0.00"), ("0.00", "3.00")]
    with pytest.raises(Refused) as no:
        refund_actions.settle_by_hand(second, number="BANK-1", by=owner.actor)
    assert no.value.code == "number_taken"
    with pytest.raises(Refused) as no:
        refund_actions.settle_by_hand(Refund.objects.get(pk=first.pk), number="BANK-2", by=owner.actor)
    assert no.value.code == "not_now"
    assert told(order).count("order.refunded") == 1
    assert told(first) == ["refund.requested", "refund.succeeded"]


def test_above_the_limit_somebody_else_confirms(shop, owner):
    limit(shop, "10.00")
    order, asker = order_owing(shop), finance(shop)
    (refund,) = make_one(order, "10.00", by=asker)
    assert refund.status == S.REQUESTED
    # Small ones in a row do not slip under it, and neither do the parts that several payments give.
    made = make_one(order, "2.01", by=owner.actor)
    assert [one.status for one in made] == [S.TO_CONFIRM, S.TO_CONFIRM]
    with pytest.raises(Refused) as no:
        refund_actions.confirm(made[0], by=owner.actor)
    assert no.value.code == "same_person"
    with pytest.raises(Refused):
        refund_actions.settle_by_hand(made[0], number="B1", by=asker)
    with pytest.raises(PermissionDenied):
        refund_actions.confirm(made[0], by=actor_for(make.member(shop, StockRole.AFTER_SALES)))
    refund_actions.confirm(made[0], by=asker)
    assert (made[0].status, made[0].confirmed_label) == (S.REQUESTED, asker.label)
    refund_actions.reject(made[1], reason="too much", by=asker)
    assert (made[1].status, made[1].last_error) == (S.REJECTED, "too much")
    assert sums(order) == ["0.00", "12.00", "20.00"]
    # What somebody else has looked at does not count again.
    assert Refund.objects.filter(order=order, confirmed_at=None, status=S.REQUESTED).count() == 1


def test_what_the_system_asks_for_above_the_limit_waits_for_any_confirmer(shop, owner):
    limit(shop, "1.00")
    order = order_owing(shop)
    assert refunds.make_owed(100) == 1
    assert {one.status for one in Refund.objects.all()} == {S.TO_CONFIRM}
    for one in Refund.objects.all():
        refund_actions.confirm(one, by=owner.actor)
    assert sums(order) == ["0.00", "20.00", "20.00"]


def test_a_refund_that_was_called_back_is_free_again_and_left_to_people(shop, owner):
    order = order_owing(shop)
    refunds.make_owed(100)
    for one in Refund.objects.all():
        refund_actions.call_back(one, reason="the buyer changed his mind", by=owner.actor)
    assert sums(order) == ["0.00", "0.00", "20.00"]
    assert refunds.make_owed(100) == 0
    made = refunds.make_owed_of(order, by=owner.actor)
    assert [str(one.amount) for one in made] == ["12.00", "8.00"]


def test_the_sweep_asks_for_what_is_owed_once(shop):
    order = order_owing(shop)
    unpaid = make.order(shop, Status.UNPAID)
    imported = make.order(shop, Status.CANCELLED, payments=[])
    Order.objects.filter(pk__in=[imported.pk]).update(refund_due=1, paid_amount=1)
    assert [refunds.make_owed(100), refunds.make_owed(100)] == [1, 0]
    assert sums(order) == ["0.00", "20.00", "20.00"]
    assert Refund.objects.exclude(order=order).count() == 0
    assert sums(unpaid)[1] == "0.00"
    payments.add_unowed(order, amount=D("3.00"), method="card", transaction_no="late", by=SYSTEM)
    assert refunds.make_owed(100) == 1
    assert sums(order) == ["0.00", "23.00", "23.00"]


def test_a_cancelled_order_gets_its_money_back_by_the_gateway(shop, recording):
    order = make.order(shop, Status.TO_SHIP)
    actions.cancel(order, reason="sold out", by=SYSTEM)
    assert refunds.make_owed(100) == 1
    refund = Refund.objects.get()
    assert (refund.status, refund.due_step) == (S.REQUESTED, "submit")
    assert [paying.pay_due(100), paying.pay_due(100)] == [1, 0]
    assert [one.key for one in recording] == [refund.key]
    refund = fresh(refund)
    assert (refund.status, refund.provider_no, refund.attempts) == (S.SUCCEEDED, f"DEMO-{refund.key}", 1)
    assert sums(order) == ["20.00", "0.00", "0.00"]
    assert told(refund) == ["refund.requested", "refund.submitted", "refund.succeeded"]
