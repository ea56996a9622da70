"""Cases follow their orders: the order's own doors, its clock and its parcels decide cases too, once."""

from __future__ import annotations

import pytest

from aftersales import actions, refunds
from aftersales.following import FOLLOWING
from aftersales.models import Case, Refund
from aftersales.states import CaseKind, CaseStatus
from orders import actions as order_actions
from orders import fulfilment
from orders import timers as order_timers
from orders.states import Status
from sellercenter import outbox
from sellercenter.lifecycle import Refused
from sellercenter.models import Event
from sellercenter.permissions import BUYER
from tests import make
from tests.conftest import fresh, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_holds")]
K, S = CaseKind, CaseStatus
SAID = {"actor_kind": "system", "actor_label": "system"}


def tell():
    """Pass on what happened, all of it twice."""
    while outbox.fan_out(100):
        pass
    FOLLOWING.take(list(Event.objects.filter(kind__in=FOLLOWING.kinds)))


def wished(shop):
    """Let a buyer ask to cancel at the order's own door, and return the case that follows."""
    order = make.order(shop, Status.TO_SHIP)
    order_actions.request_cancel(order, reason="<b>too late</b>", by=BUYER)
    tell()
    return Case.objects.get(order=order)


def test_a_wish_to_cancel_opens_one_case_until_the_order_s_own_deadline(shop):
    case = wished(shop)
    assert (case.kind, case.status, case.words) == (K.CANCEL, S.REQUESTED, "<b>too late</b>")
    assert (case.act_by, case.amount) == (fresh(case.order).answer_by, case.order.paid_amount)


def test_silence_of_the_order_s_clock_cancels_it_and_refunds_all_of_it_through_the_case(shop, clock):
    case = wished(shop)
    clock.set(case.act_by)
    while order_timers.fire_due():
        pass
    tell()
    assert (fresh(case).status, fresh(case.order).status) == (S.REFUNDING, Status.CANCELLED)
    refund = Refund.objects.get()
    assert (refund.case_id, refund.amount) == (case.pk, case.order.paid_amount)
    line = case.order.lines.get()
    assert line.refunded_amount == line.amount


def test_what_was_asked_for_before_the_case_heard_of_it_belongs_to_the_case(shop, after_sales):
    case = wished(shop)
    order_actions.accept_cancel(fresh(case.order), by=after_sales.actor)
    refunds.make_owed(10)
    assert Refund.objects.get().case_id is None
    tell()
    assert (Refund.objects.get().case_id, fresh(case).status) == (case.pk, S.REFUNDING)


def test_a_refusal_at_the_order_refuses_the_case_and_one_at_the_case_the_order_s_wish(shop, after_sales):
    one, two = wished(shop), wished(shop)
    order_actions.refuse_cancel(fresh(one.order), reason="packed", by=after_sales.actor)
    tell()
    assert (fresh(one).status, fresh(one).refusal_words) == (S.REFUSED, "packed")
    actions.refuse(two, refusal="packed", by=after_sales.actor)
    tell()
    assert (fresh(two).status, fresh(two.order).cancel_requested_at) == (S.REFUSED, None)
    assert told(two).count("case.refused") == 1


def test_a_wish_that_is_withdrawn_leaves_nothing_behind_whichever_door(shop):
    one, two = wished(shop), wished(shop)
    actions.withdraw(one, by=BUYER)
    order_actions.withdraw_cancel(fresh(two.order), by=BUYER)
    tell()
    for case in (one, two):
        order = fresh(case.order)
        assert (fresh(case).status, order.cancel_requested_at, order.aftersales) == (S.WITHDRAWN, None, "closed")
        assert "accept_cancel" not in [order.due_step, *[name for name, _at in order.due_later]]


def test_accepting_the_case_cancels_the_order_in_the_same_breath(shop, after_sales):
    case = wished(shop)
    actions.accept(case, by=after_sales.actor)
    assert (fresh(case.order).status, fresh(case).status) == (Status.CANCELLED, S.REFUNDING)
    tell()
    assert Refund.objects.count() == 1


def test_nobody_refuses_the_case_of_an_order_that_its_clock_has_cancelled(shop, clock, after_sales):
    case = wished(shop)
    clock.set(case.act_by)
    while order_timers.fire_due():
        pass
    with pytest.raises(Refused):
        actions.refuse(case, refusal="packed", by=after_sales.actor)
    assert fresh(case).status == S.REQUESTED


def test_a_cancelled_order_closes_its_other_cases_and_its_money_goes_back_once(shop, after_sales):
    price = make.case(shop, kind=K.PRICE)
    order_actions.cancel(fresh(price.order), reason="sold out", by=after_sales.actor)
    tell()
    assert (fresh(price).status, fresh(price.order).aftersales) == (S.CLOSED, "closed")


def test_a_replacement_that_leaves_ends_the_case_and_one_that_is_cancelled_refunds_it(shop, shipping, after_sales):
    sent, dropped = make.case(shop, S.TO_RESEND), make.case(shop, S.TO_RESEND)
    fulfilment.ship(sent.replacement, carrier="SF", tracking_no="SF1", by=shipping.actor)
    order_actions.cancel(dropped.replacement, reason="broken", by=after_sales.actor)
    tell()
    assert (fresh(sent).status, fresh(dropped).status) == (S.DONE, S.REFUNDING)
    assert Refund.objects.get().case_id == dropped.pk


def test_an_unheard_event_of_a_deleted_order_disturbs_nobody(shop):
    Event.objects.create(shop=shop, kind="order.cancelled", subject_type="order", subject_id=0, **SAID)
    tell()
    assert not Case.objects.exists()
