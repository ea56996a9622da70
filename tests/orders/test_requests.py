"""What people and buyers ask of an order besides its way: to hold it, to remind, to cancel."""

from __future__ import annotations

import pytest

from orders import actions, timers
from orders.models import OrderLine
from orders.states import Status
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from sellercenter.schedule import Schedule
from tests import make
from tests.conftest import fresh, row, told

pytestmark = pytest.mark.django_db


def refused(order, code, act, **given):
    before = row(order), told(order)
    with pytest.raises(Refused) as caught:
        act(order, **given)
    assert caught.value.code == code
    assert (row(order), told(order)) == before


def last(order):
    return events.of(order).last()


def test_a_held_order_waits_until_it_is_released(shop, reviewer):
    order = make.order(shop, Status.TO_REVIEW)
    planned = Schedule.of(fresh(order))
    actions.hold(order, reason="  phone does not answer ", by=reviewer.actor)
    stored = fresh(order)
    assert (stored.held, stored.held_reason, stored.status) == (True, "phone does not answer", "to_review")
    assert (last(order).kind, last(order).data) == ("order.held", {"reason": "phone does not answer"})
    refused(order, "not_now", actions.approve, by=reviewer.actor)
    refused(order, "not_now", actions.cancel, reason="x", by=reviewer.actor)
    refused(order, "not_now", actions.hold, reason="again", by=reviewer.actor)
    actions.release(order, by=reviewer.actor)
    assert (fresh(order).held, fresh(order).held_reason, last(order).kind) == (False, "", "order.released")
    # Holding stops people, not clocks.
    assert Schedule.of(fresh(order)) == planned
    refused(order, "not_now", actions.release, by=reviewer.actor)
    actions.approve(order, by=reviewer.actor)


def test_holding_needs_a_reason_that_fits_its_column(shop, reviewer):
    order = make.order(shop, Status.TO_SHIP)
    refused(order, "reason_missing", actions.hold, reason=" ", by=reviewer.actor)
    actions.hold(order, reason="x" * 300, by=reviewer.actor)
    assert fresh(order).held_reason == "x" * 120


def test_a_reason_to_cancel_fits_its_column(shop, reviewer):
    order = make.order(shop, Status.TO_SHIP)
    actions.cancel(order, reason="x" * 300, by=reviewer.actor)
    assert fresh(order).cancel_reason == "x" * 120


@pytest.mark.parametrize(("actor", "by"), [(SYSTEM, "system"), (CHANNEL, "platform")])
def test_who_cancelled_is_kept(shop, actor, by):
    order = make.order(shop, Status.TO_SHIP)
    actions.cancel(order, reason="sold out", by=actor)
    assert (fresh(order).cancelled_by, fresh(order).refund_due) == (by, 20)


def test_a_person_reminds_the_buyer_over_the_channels_of_the_ladder(shop, service):
    order = make.order(shop, Status.UNPAID)
    planned = Schedule.of(fresh(order))
    actions.remind(order, by=service.actor)
    assert last(order).data == {"stage": "seller", "channels": ["in_site", "sms"], "coupon": ""}
    assert fresh(order).reminded_at is not None
    assert Schedule.of(fresh(order)) == planned
    refused(order, "not_now", actions.remind, by=service.actor)


def test_a_coupon_is_offered_only_when_the_shop_has_one(shop, service):
    order = make.order(shop, Status.UNPAID)
    refused(order, "no_coupon", actions.remind, coupon=True, by=service.actor)
    ShopPolicy.objects.filter(shop=shop).update(coupon="TEA5", first_channels=[], second_channels=[])
    order.shop.policy.refresh_from_db()
    actions.remind(order, coupon=True, by=service.actor)
    assert last(order).data == {"stage": "seller", "channels": ["in_site"], "coupon": "TEA5"}


@pytest.mark.parametrize("status", [one for one in Status if one != Status.UNPAID])
def test_only_who_has_not_paid_is_reminded(shop, service, status):
    refused(make.order(shop, status), "not_now", actions.remind, by=service.actor)


def test_a_buyers_wish_to_cancel_stops_the_shipment_and_starts_a_clock(shop, clock):
    now = clock.set(make.NOW)
    order = make.order(shop, Status.TO_SHIP)
    before = Schedule.of(fresh(order))
    actions.request_cancel(order, reason=" ordered twice ", by=BUYER)
    stored = fresh(order)
    answer_by = now + 48 * make.HOUR
    assert (stored.status, stored.cancel_requested_at, stored.answer_by) == ("to_ship", now, answer_by)
    assert stored.cancel_wish == "ordered twice"
    assert Schedule.of(stored) == before.plus("accept_cancel", answer_by)
    assert (last(order).kind, last(order).actor_kind) == ("order.cancel_requested", "buyer")
    refused(order, "not_now", actions.request_cancel, reason="again", by=BUYER)


def test_accepting_cancels_with_all_money_and_refusing_lets_the_order_go_on(shop, after_sales):
    accepted, declined = make.order(shop, Status.TO_REVIEW), make.order(shop, Status.TO_SHIP)
    planned = Schedule.of(fresh(declined))
    for order in (accepted, declined):
        actions.request_cancel(order, reason="ordered twice", by=BUYER)
    actions.accept_cancel(accepted, by=after_sales.actor)
    stored = fresh(accepted)
    assert (stored.status, stored.cancelled_by, stored.cancel_reason) == ("cancelled", "buyer", "ordered twice")
    assert (stored.refund_due, stored.due_at, stored.cancelled_at) == (20, None, stored.cancelled_at)
    assert set(accepted.lines.values_list("status", "cancel_reason")) == {("cancelled", "ordered twice")}
    refused(declined, "reason_missing", actions.refuse_cancel, reason=" ", by=after_sales.actor)
    actions.refuse_cancel(declined, reason="packed already", by=after_sales.actor)
    stored = fresh(declined)
    assert (stored.status, stored.cancel_requested_at, stored.answer_by, stored.cancel_wish) == (
        "to_ship",
        None,
        None,
        "",
    )
    assert Schedule.of(stored) == planned
    assert last(declined).data == {"reason": "packed already"}
    # A buyer may ask again.
    actions.request_cancel(declined, reason="please", by=BUYER)


WORDS = "call me: 13800138000 "


def test_what_a_buyer_writes_stands_in_the_order_and_never_in_its_history(shop, after_sales, clock):
    paid = [make.order(shop, Status.TO_SHIP) for _each in range(2)]
    unpaid = [make.order(shop, Status.UNPAID) for _each in range(2)]
    for order in paid:
        actions.request_cancel(order, reason=WORDS * 20, by=BUYER)
    actions.accept_cancel(paid[0], by=after_sales.actor)
    actions.give_up(unpaid[0], reason=WORDS * 20, by=BUYER)
    actions.cancel(unpaid[1], reason=WORDS * 20, by=CHANNEL)
    clock.set(fresh(paid[1]).answer_by)
    while timers.fire_due():
        pass
    ended = [fresh(order) for order in (*paid, *unpaid)]
    assert {(order.status, order.cancel_reason) for order in ended} == {("cancelled", (WORDS * 20).strip()[:120])}
    assert set(OrderLine.objects.filter(order=unpaid[0]).values_list("cancel_reason", flat=True)) == {
        (WORDS * 20).strip()[:120]
    }
    assert [event for event in Event.objects.all() if "138" in str(event.data)] == []


def test_what_a_member_states_stands_in_the_history_and_fits_its_column(shop, after_sales, owner):
    order = make.order(shop, Status.TO_SHIP)
    actions.request_cancel(order, reason="", by=BUYER)
    actions.refuse_cancel(order, reason="packed" * 50, by=after_sales.actor)
    assert last(order).data == {"reason": ("packed" * 50)[:120]}
    actions.mark_abnormal(order, kind="stock", reason="x" * 400, by=owner.actor)
    assert (fresh(order).abnormal_reason, last(order).data["reason"]) == ("x" * 300, "x" * 300)
    actions.write_seller_note(order, note="x" * 600, before="", by=owner.actor)
    assert fresh(order).seller_note == "x" * 500


def test_without_a_wish_there_is_nothing_to_answer(shop, after_sales):
    order = make.order(shop, Status.TO_SHIP)
    refused(order, "not_now", actions.accept_cancel, by=after_sales.actor)
    refused(order, "not_now", actions.refuse_cancel, reason="no", by=after_sales.actor)


def test_a_wish_outlives_the_approval(shop, reviewer):
    order = make.order(shop, Status.TO_REVIEW)
    actions.request_cancel(order, reason="", by=BUYER)
    planned = Schedule.of(fresh(order))
    actions.approve(order, by=reviewer.actor)
    assert (fresh(order).cancel_requested_at is not None, Schedule.of(fresh(order))) == (True, planned)


def test_an_order_that_came_partly_shipped_with_a_wish_is_not_stuck(shop, after_sales):
    order = make.order(shop, Status.PART_SHIPPED, cancel_requested_at=make.NOW - make.HOUR)
    refused(order, "not_now", actions.accept_cancel, by=after_sales.actor)
    actions.refuse_cancel(order, reason="has left", by=after_sales.actor)
    assert fresh(order).cancel_requested_at is None


def test_a_buyer_gives_an_unpaid_order_up(shop):
    order = make.order(shop, Status.UNPAID)
    actions.give_up(order, reason="too expensive", by=BUYER)
    stored = fresh(order)
    assert (stored.status, stored.cancelled_by, stored.cancel_reason) == ("cancelled", "buyer", "too expensive")
    assert (stored.refund_due, stored.due_at, last(order).kind) == (0, None, "order.given_up")
