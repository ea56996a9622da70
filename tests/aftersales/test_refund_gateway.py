"""The gateway of refunds over HTTP: one booking for one refund, however late, often or badly it is answered."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from django.db.models import F
from django.db.models.functions import Now

from aftersales import paying, refund_actions, refunds
from aftersales.lifecycle.refunds import ASK_AFTER
from aftersales.models import Refund
from aftersales.states import RefundStatus as S
from orders import payments
from orders.models import Order
from orders.states import Status
from sellercenter import crash, faults
from sellercenter.lifecycle import Refused
from sellercenter.models import Fault
from sellercenter.permissions import SYSTEM
from tests import crashing, make
from tests.conftest import fresh, told
from tests.outside import refund_gateway
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def outside(settings):
    with refund_gateway() as stub:
        settings.REFUND_GATEWAY = "aftersales.refund_gateways.HttpGateway"
        settings.REFUND_GATEWAY_URL, settings.REFUND_GATEWAY_TOKEN = stub.url, "secret"
        settings.REFUND_GATEWAY_TIMEOUT = 2.0
        yield stub


@pytest.fixture
def refund(shop, outside):
    order = make.order(shop, Status.CANCELLED)
    Order.objects.filter(pk=order.pk).update(refund_due=F("paid_amount"))
    return refunds.make_owed_of(fresh(order), by=SYSTEM)[0]


def later():
    """Let the time pass after which somebody looks again."""
    Refund.objects.filter(due_at__isnull=False).update(due_at=Now())


def booked(refund):
    """Assert that the money is counted once, in every place."""
    refund = Refund.objects.select_related("order", "payment").get(pk=refund.pk)
    assert (refund.status, refund.provider_no, refund.due_at) == (S.SUCCEEDED, f"P-{refund.key}", None)
    assert (refund.payment.refunded, refund.payment.refunding) == (refund.amount, 0)
    order = refund.order
    assert (order.refunded_amount, order.refunding_amount, order.refund_due) == (refund.amount, 0, 0)
    assert told(order).count("order.refunded") == 1


def test_a_refund_is_told_in_full_and_booked(outside, refund):
    assert paying.pay_due(10) == 1
    booked(refund)
    told = {"refund": refund.key, "order": f"{refund.shop.code}/{refund.order.number}", "amount": "20.00"}
    assert outside.bodies[refund.key] == {**told, "currency": "CNY", "transaction_no": refund.payment.transaction_no}
    assert outside.tokens == {"Bearer secret"}
    assert (outside.posts.total(), outside.gets.total()) == (1, 0)


@pytest.mark.parametrize("how", ["hang", "slow"])
def test_a_gateway_that_took_it_and_did_not_answer_is_asked(outside, refund, settings, how):
    if how == "hang":
        outside.behave = lambda key, call: "hang"
    else:
        outside.delay, settings.REFUND_GATEWAY_TIMEOUT = 1.0, 0.2
    paying.pay_due(10)
    found = fresh(refund)
    assert (found.status, found.due_step, found.attempts) == (S.UNKNOWN, "ask", 1)
    assert found.last_error.startswith("no answer")
    assert found.due_at - found.status_at == faults.wait_after(1)
    assert fresh(refund.order).refunding_amount == D("20.00")
    assert paying.pay_due(10) == 0
    outside.delay, settings.REFUND_GATEWAY_TIMEOUT = 0.0, 2.0
    later()
    paying.pay_due(10)
    booked(refund)
    assert (outside.posts[refund.key], outside.gets[refund.key], outside.paid[refund.key]) == (1, 1, 1)


def test_what_the_gateway_never_heard_of_is_handed_over_again_under_the_same_key(outside, refund):
    outside.behave = lambda key, call: {1: "deaf", 2: 500}.get(call)
    for _round in range(3):
        later()
        paying.pay_due(10)
    booked(refund)
    assert (outside.posts[refund.key], outside.gets[refund.key], outside.paid[refund.key]) == (3, 2, 1)


def test_the_longer_nobody_knows_the_later_it_is_asked_again(outside, refund):
    outside.behave = lambda key, call: 503
    for attempt in range(1, 8):
        later()
        paying.pay_due(10)
        left = Refund.objects.annotate(left=F("due_at") - Now()).get(pk=refund.pk).left
        assert faults.wait_after(attempt) - left < faults.wait_after(1) / 2
    assert fresh(refund).status == S.UNKNOWN
    assert not Fault.objects.exists()


def test_one_under_way_is_asked_about_until_it_is_there(outside, refund):
    outside.states[refund.key] = {"state": "processing"}
    paying.pay_due(10)
    assert (fresh(refund).status, fresh(refund).due_step) == (S.SUBMITTED, "ask")
    outside.states.clear()
    later()
    paying.pay_due(10)
    booked(refund)


def test_a_refund_that_failed_frees_its_money_and_waits_for_a_person(outside, refund, owner):
    outside.states[refund.key] = {"state": "failed", "reason": "account closed"}
    paying.pay_due(10)
    found = fresh(refund)
    assert (found.status, found.last_error, found.due_at) == (S.FAILED, "account closed", None)
    order = fresh(refund.order)
    assert (order.refunded_amount, order.refunding_amount, order.refund_due) == (0, 0, D("20.00"))
    assert refunds.make_owed(10) == 0
    (again,) = refund_actions.try_again(found, by_hand=True, by=owner.actor)
    assert (again.payment, again.status, again.due_at, again.by_hand) == (refund.payment, S.REQUESTED, None, True)
    with pytest.raises(Refused):
        refund_actions.try_again(fresh(refund), by=owner.actor)
    refund_actions.settle_by_hand(again, number=f"P-{again.key}", by=owner.actor)
    booked(again)


@pytest.mark.parametrize("said", [{"state": "maybe"}, {"refund_no": "P"}, {"state": "succeeded", "refund_no": "P-old"}])
def test_an_answer_without_sense_is_no_answer(outside, refund, said):
    Refund.objects.filter(pk=refund.pk).update(provider_no="")
    old = make.order(refund.shop, Status.CANCELLED)
    Order.objects.filter(pk=old.pk).update(refund_due=1)
    (other,) = refunds.make(fresh(old), amount=D(1), case=None, reason="", by=SYSTEM, by_hand=True)
    refund_actions.settle_by_hand(other, number="P-old", by=SYSTEM)
    outside.states[refund.key] = said
    paying.pay_due(10)
    assert fresh(refund).status == S.UNKNOWN
    assert fresh(refund.order).refunded_amount == 0


def test_two_workers_never_call_for_the_same_refund(outside, shop, refund):
    outside.delay = 0.2
    assert at_once(*[lambda: paying.pay_due(10)] * 3) == ["done"] * 3
    booked(refund)
    assert (outside.posts[refund.key], outside.gets[refund.key]) == (1, 0)


def test_somebody_who_looked_at_the_provider_is_booked_and_a_late_answer_is_not(outside, refund, owner):
    outside.behave = lambda key, call: "hang"
    paying.pay_due(10)
    refund_actions.settle_by_hand(fresh(refund), number=f"P-{refund.key}", by=owner.actor)
    paying._note(fresh(refund), outside_said(refund))
    later()
    assert paying.pay_due(10) == 0
    booked(refund)


def outside_said(refund):
    from aftersales.refund_gateways import Verdict

    return Verdict("succeeded", f"P-{refund.key}")


@pytest.mark.parametrize("point", [one for one in crash.POINTS if one.startswith("refund.")])
def test_a_worker_that_dies_is_followed_by_one_that_asks(outside, refund, point, settings):
    named = ("REFUND_GATEWAY", "REFUND_GATEWAY_URL", "REFUND_GATEWAY_TOKEN")
    http = {name: getattr(settings, name) for name in named}
    code = "from aftersales import paying; paying.pay_due(10)"
    assert crashing.run(code, at=point, **http) == crashing.KILLED
    if point != "refund.noted":
        found = fresh(refund)
        assert (found.status, found.due_step, found.due_at - found.status_at) == (S.SUBMITTED, "ask", ASK_AFTER)
        assert paying.pay_due(10) == 0
        later()
        paying.pay_due(10)
    booked(refund)
    assert outside.paid == {refund.key: 1}


def test_what_breaks_while_booking_is_counted_given_up_and_can_be_tried_again(outside, refund, shop):
    payments.Payment.objects.filter(pk=refund.payment_id).update(refunding=0)  # somebody meddled
    for _round in range(faults.MOST_ATTEMPTS):
        later()
        paying.pay_due(10)
    fault = Fault.objects.get()
    assert (fault.step, fault.error[:21], fresh(refund).due_at) == ("ask", "Refused: not_reserved", None)
    payments.Payment.objects.filter(pk=refund.payment_id).update(refunding=refund.amount)
    paying.replay(fault, by=SYSTEM)
    paying.pay_due(10)
    booked(refund)
    assert not Fault.objects.exists()
