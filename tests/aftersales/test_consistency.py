"""Cases, refunds and orders agree with each other, whatever files, rules and second thoughts do to one of them."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from aftersales import actions, refund_actions, refunds, timers
from aftersales.models import Case, CaseRule, Refund
from aftersales.states import CaseKind, CaseStatus, RefundStatus
from orders import actions as order_actions
from orders import fulfilment, payments
from orders import timers as order_timers
from orders.facts import OrderFacts
from orders.imports.changes import update
from orders.models import Order
from orders.states import AfterSales, Status
from sellercenter import outbox
from sellercenter.lifecycle import Refused
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.conftest import fresh, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_holds")]
K, S = CaseKind, CaseStatus


def ordered(shop, stage=Status.DELIVERED, **facts) -> tuple[Order, OrderFacts]:
    """Load an order, and keep what was told of it, for a file to come."""
    known = make.facts(shop, stage, **facts)
    return make.orders(shop, [known])[0], known


def bring(shop, known: OrderFacts, **changes) -> None:
    """Let a newer file tell this of the order, and everybody hear of it."""
    for name, value in changes.items():
        setattr(known, name, value)
    update(shop, known, by=SYSTEM, now=make.NOW)
    tell()


def tell() -> None:
    while outbox.fan_out(50):
        pass


def limit(shop, amount: str) -> None:
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=D(amount))
    shop.policy.refresh_from_db()


def again(case: Case) -> Case:
    return Case.objects.select_related("shop__policy", "order", "replacement").get(pk=case.pk)


def the_refund(**which) -> Refund:
    found = Refund.objects.select_related("shop__policy", "order__shop__policy", "payment", "case__shop__policy")
    return found.filter(**which).latest("pk")


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


# --- Files ------------------------------------------------------------------------------------------------------------


def test_a_file_says_nothing_of_whether_a_case_is_open_here(shop):
    order, known = ordered(shop)
    case = make.case(shop, order=order)
    bring(shop, known, aftersales=AfterSales.CLOSED)
    assert fresh(order).aftersales == AfterSales.OPEN
    actions.withdraw(case, by=BUYER)
    bring(shop, known, aftersales=AfterSales.OPEN)
    assert fresh(order).aftersales == AfterSales.CLOSED


@pytest.mark.parametrize("stage", [Status.SHIPPED, Status.COMPLETED])
def test_a_wish_to_cancel_what_left_as_a_file_tells_ends_and_the_order_goes_on(shop, stage):
    order, known = ordered(shop, Status.TO_SHIP)
    case = make.case(shop, kind=K.CANCEL, order=order)
    bring(shop, known, stage=stage, shipped_at=make.NOW)
    assert (fresh(case).status, fresh(order).aftersales) == (S.CLOSED, "closed")


def test_a_wish_to_cancel_what_has_partly_left_can_be_refused_though_its_time_is_over(shop, clock):
    order, known = ordered(shop, Status.TO_SHIP)
    case = make.case(shop, kind=K.CANCEL, order=order)
    one = known.lines[0].number
    bring(shop, known, parcels=[make.parcel(shipped_at=make.NOW, contents={one: 1})])
    clock.set(fresh(order).answer_by)
    while order_timers.fire_due():
        pass
    assert fresh(order).status == Status.PART_SHIPPED
    actions.refuse(again(case), refusal="shipped", by=SYSTEM)
    assert fresh(order).cancel_requested_at is None


def test_a_file_may_make_a_line_smaller_than_what_a_case_is_about(shop):
    order, known = ordered(shop)
    case = make.case(shop, order=order)
    known.lines[0].quantity = 1
    bring(shop, known)
    assert (fresh(order).lines.get().quantity, fresh(case).status) == (1, S.REQUESTED)


@pytest.mark.parametrize("gone", ["15", "20"])
def test_silence_grants_no_more_than_a_file_leaves_of_the_order(shop, clock, gone):
    order, known = ordered(shop)
    case = make.case(shop, order=order)
    bring(shop, known, refunded_amount=D(gone))
    clock.set(case.act_by)
    timers.fire_due()
    left = D(20) - D(gone)
    assert (fresh(case).status, fresh(case).amount) == (S.REFUNDING if left else S.DONE, left)
    assert (fresh(order).refunded_amount, fresh(order).refunding_amount) == (D(gone), left)


def test_what_failed_here_and_went_back_as_a_file_tells_ends_the_case(shop, after_sales, finance):
    limit(shop, "1")
    order, known = ordered(shop, Status.TO_SHIP)
    case = make.case(shop, kind=K.CANCEL, order=order)
    actions.accept(case, by=after_sales.actor)
    refund_actions.reject(the_refund(), reason="the platform does it", by=finance.actor)
    assert again(case).status == S.REFUNDING
    bring(shop, known, stage=Status.CANCELLED, refunded_amount=D(20))
    assert (again(case).status, again(case).amount, fresh(order).aftersales) == (S.DONE, 0, "closed")


def test_what_a_file_tells_may_be_what_the_gateway_has_and_is_not_booked_for_another(shop, settings):
    settings.REFUND_GATEWAY = "aftersales.refund_gateways.NoGateway"
    order, known = ordered(shop, Status.TO_SHIP)
    order_actions.cancel(order, reason="sold out", by=SYSTEM)
    tell()
    refunds.make(order, amount=D(10), case=None, reason="", by=SYSTEM)
    Refund.objects.update(status=RefundStatus.UNKNOWN, due_at=make.NOW, due_step="ask")
    refunds.make(order, amount=D(10), case=None, reason="", by=SYSTEM)
    Refund.objects.filter(status=RefundStatus.REQUESTED).update(due_at=None, due_step="")
    bring(shop, known, stage=Status.CANCELLED, refunded_amount=D(10))
    assert set(Refund.objects.values_list("status", flat=True)) == {"unknown", "requested"}
    Refund.objects.filter(status=RefundStatus.UNKNOWN).update(status=RefundStatus.REQUESTED, due_at=None, due_step="")


# --- Wishes to cancel -------------------------------------------------------------------------------------------------


def refused_wish(shop, order) -> Case:
    case = make.case(shop, kind=K.CANCEL, order=order)
    actions.refuse(case, refusal="packed", by=SYSTEM)
    return again(case)


@pytest.mark.parametrize("own_door", [True, False])
def test_a_buyer_who_asks_to_cancel_once_more_asks_for_all_of_it_in_one_case(shop, own_door):
    order, _known = ordered(shop, Status.TO_SHIP)
    first = refused_wish(shop, order)
    if own_door:
        order_actions.request_cancel(fresh(order), reason="please", by=BUYER)
        tell()
    else:
        make.case(shop, kind=K.CANCEL, order=fresh(order))
    second = Case.objects.exclude(pk=first.pk).get()
    assert (fresh(first).status, second.status, second.amount) == (S.CLOSED, S.REQUESTED, D(20))


def test_a_refused_wish_to_cancel_keeps_nobody_from_sending_the_goods_back(shop):
    order, _known = ordered(shop, Status.TO_SHIP)
    first = refused_wish(shop, order)
    fulfilment.ship(fresh(order), carrier="SF", tracking_no="SF1", by=SYSTEM)
    fulfilment.deliver(fresh(order), by=CHANNEL)
    assert make.case(shop, kind=K.RETURN, order=fresh(order)).amount == D(20)
    assert (fresh(first).status, fresh(order).aftersales) == (S.CLOSED, "open")


def test_nobody_asks_to_cancel_anew_while_the_platform_decides_it(shop):
    order, _known = ordered(shop, Status.TO_SHIP)
    actions.escalate(refused_wish(shop, order), by=BUYER)
    with refused("asked_already"):
        make.case(shop, kind=K.CANCEL, order=fresh(order))
    assert fresh(order).cancel_requested_at is None


def test_a_claim_for_the_price_does_not_hide_what_a_wish_to_cancel_is_about(shop):
    order, _known = ordered(shop, Status.TO_SHIP)
    make.case(shop, kind=K.PRICE, order=order, amount=D(19))
    CaseRule.objects.create(shop=shop, name="small", kinds=["cancel"], most_amount=D(5), active=True)
    case = make.case(shop, kind=K.CANCEL, order=fresh(order))
    tell()
    timers.fire_due()
    assert (fresh(case).amount, fresh(order).status) == (D(20), Status.TO_SHIP)


def test_money_of_a_case_that_was_rejected_waits_for_a_person_and_ends_the_case(shop, after_sales, finance):
    limit(shop, "1")
    order, _known = ordered(shop, Status.TO_SHIP)
    case = make.case(shop, kind=K.CANCEL, order=order)
    actions.accept(case, by=after_sales.actor)
    refund_actions.reject(the_refund(), reason="look again", by=finance.actor)
    assert (refunds.owing().count(), refunds.make_owed(10), refunds.owed(fresh(order))) == (0, 0, 0)
    with refused("not_owed"):
        refunds.make_owed_of(fresh(order), by=finance.actor)
    [once_more] = refund_actions.try_again(the_refund(), by=after_sales.actor)
    refund_actions.confirm(once_more, by=finance.actor)
    refund_actions.settle_by_hand(the_refund(), number="B1", by=finance.actor)
    assert (again(case).status, fresh(order).refunded_amount, fresh(order).refund_due) == (S.DONE, D(20), 0)


def test_what_was_rejected_is_asked_for_again_though_its_payment_gave_back_something_else(shop, after_sales, finance):
    limit(shop, "5")
    order, _known = ordered(shop, Status.TO_SHIP)
    case = make.case(shop, kind=K.CANCEL, order=order)
    actions.accept(case, by=after_sales.actor)
    refund_actions.reject(the_refund(), reason="look again", by=finance.actor)
    payments.pay(fresh(order), amount=D(1), method="card", transaction_no="late", by=BUYER)
    refunds.make_owed(10)
    refund_actions.settle_by_hand(the_refund(case=None), number="B0", by=finance.actor)
    parts = refund_actions.try_again(the_refund(case=case), by=after_sales.actor)
    assert [part.amount for part in parts] == [D(19), D(1)]
    for place, part in enumerate(parts):
        refund_actions.confirm(part, by=finance.actor)
        refund_actions.settle_by_hand(part, number=f"B{place + 1}", by=finance.actor)
    assert (again(case).status, fresh(order).refunded_amount) == (S.DONE, D(21))


# --- Second thoughts --------------------------------------------------------------------------------------------------


def test_a_rule_that_is_refused_is_not_tried_for_ever_and_silence_still_counts(shop, monkeypatch):
    CaseRule.objects.create(shop=shop, name="all", kinds=["refund"], active=True)
    case = make.case(shop)
    tell()

    def too_much(*_args, **_told):
        raise Refused("nothing left", "too_much")

    monkeypatch.setattr(refunds, "make", too_much)
    assert [timers.fire_due(), timers.fire_due()] == [1, 0]
    assert "consent" in [fresh(case).due_step, *[name for name, _at in fresh(case).due_later]]


def test_goods_can_be_sent_again_after_money_instead_was_rejected(shop, after_sales, finance):
    limit(shop, "1")
    case = make.case(shop, S.TO_RESEND)
    actions.refund_instead(case, by=after_sales.actor)
    refund_actions.reject(the_refund(), reason="send it", by=finance.actor)
    actions.accept_resend(again(case), by=SYSTEM)
    numbers = Order.objects.filter(kind="replacement").order_by("pk").values_list("number", "status")
    assert list(numbers) == [(f"{case.number}-R", "cancelled"), (f"{case.number}-R2", "to_ship")]


def test_of_an_exchange_only_what_came_back_goes_out_again(shop, after_sales):
    case = make.case(shop, kind=K.EXCHANGE)
    actions.accept_return(case, by=SYSTEM)
    actions.receive(case, by=SYSTEM)
    actions.inspect(case, results={case.lines.get().line_id: (1, 0)}, by=after_sales.actor)
    assert again(case).replacement.lines.get().quantity == 1


def test_goods_that_are_back_are_not_exchanged_for_themselves(shop, after_sales, finance):
    limit(shop, "1")
    case = make.case(shop, S.TO_INSPECT)
    actions.inspect(case, results={case.lines.get().line_id: (2, 0)}, by=after_sales.actor)
    refund_actions.reject(the_refund(), reason="no", by=finance.actor)
    with refused("not_now"):
        actions.offer_exchange(again(case), by=SYSTEM)


def test_a_taken_offer_that_was_rejected_leaves_the_whole_amount_to_be_decided(shop, after_sales, finance):
    limit(shop, "1")
    case = make.case(shop, kind=K.RETURN)
    actions.offer(case, amount=D(3), by=after_sales.actor)
    actions.take_offer(again(case), by=BUYER)
    assert again(case).amount == D(3)
    refund_actions.reject(the_refund(), reason="too little", by=finance.actor)
    found = again(case)
    assert (found.status, found.amount, found.offer_amount, found.keep_goods) == (S.REQUESTED, D(20), None, False)
    assert told(case)[-1] == "case.reopened"
