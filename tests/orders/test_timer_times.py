"""Every step by the second: never early, there at `now >= due_at`, over a change of the clocks too."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import transaction

from orders import actions, fulfilment, inventory, placing, timers
from orders.models import Order, Sku
from orders.payments import pay
from orders.states import PaymentMethod, Status
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.conftest import fresh, row, told

pytestmark = pytest.mark.django_db
T = datetime(2026, 3, 1, 10, tzinfo=UTC)
INSTANT, SECOND, MINUTE, HOUR = (
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
)
DAY = timedelta(days=1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sweep():
    while timers.fire_due():
        pass


def place(shop, clock, when, **facts):
    clock.set(when)
    return placing.place(shop, make.facts(shop, Status.UNPAID, **facts), by=BUYER)


def pay_all(order):
    return pay(order, amount=order.total_amount, method=PaymentMethod.ALIPAY, transaction_no="T1", by=CHANNEL)


def fires(order, clock, when):
    """Say what happens at a moment, having made sure that it does not happen a second or an instant before."""
    before = row(order), told(order)
    for early in (SECOND, INSTANT):
        clock.set(when - early)
        sweep()
        assert (row(order), told(order)) == before
    clock.set(when)
    sweep()
    return told(order)[len(before[1]) :]


STEPS = [
    ("remind", Status.UNPAID, "order.reminded", {}),
    ("remind_again", Status.UNPAID, "order.reminded", {}),
    ("expire", Status.UNPAID, "order.expired", {"pay_by": T}),
    ("warn_ship", Status.TO_REVIEW, "order.ship_warned", {}),
    ("overdue", Status.PART_SHIPPED, "order.overdue", {"ship_by": T}),
    ("cancel_unshipped", Status.TO_SHIP, "order.lapsed", {}),
    ("accept_cancel", Status.TO_SHIP, "order.cancel_accepted", {"cancel_requested_at": T - 48 * HOUR, "answer_by": T}),
    ("silence", Status.SHIPPED, "order.silent", {"shipped_at": T - 7 * DAY}),
    ("complete", Status.DELIVERED, "order.completed", {"confirm_by": T}),
]


@pytest.mark.parametrize(("step", "status", "event", "columns"), STEPS, ids=[step for step, *_rest in STEPS])
def test_a_step_fires_at_its_very_moment_and_never_before(shop, clock, step, status, event, columns):
    order = make.order(shop, status)
    Order.objects.filter(pk=order.pk).update(due_at=T, due_step=step, due_later=[], **columns)
    assert fires(order, clock, T) == [event]
    after = row(order), told(order)
    assert after[0]["due_at"] is None
    clock.advance(365 * DAY)
    sweep()
    assert (row(order), told(order)) == after


def test_every_step_is_tried_by_the_second():
    assert {step for step, *_rest in STEPS} == set(timers._STEPS)


def test_an_unpaid_order_is_reminded_twice_and_cancelled(shop, clock):
    """The first worked example of the domain."""
    order = place(shop, clock, at("2026-03-01 10:00:00"))
    assert order.placed_at == at("2026-03-01 10:00:00")
    assert fires(order, clock, at("2026-03-01 10:15:00")) == ["order.reminded"]
    assert events.of(order).last().data == {"stage": "first", "channels": ["in_site"]}
    assert fires(order, clock, at("2026-03-02 02:00:00")) == ["order.reminded"]
    assert events.of(order).last().data == {"stage": "second", "channels": ["in_site", "sms"]}
    assert fires(order, clock, at("2026-03-03 10:00:00")) == ["order.expired"]
    stored = fresh(order)
    assert (stored.status, stored.cancelled_by) == ("cancelled", "system")
    assert stored.cancelled_at == stored.status_at == at("2026-03-03 10:00:00")
    assert set(order.lines.values_list("status", flat=True)) == {"cancelled"}
    assert (stored.refund_due, stored.due_later, stored.deadline_at) == (0, [], None)


def test_a_payment_in_the_last_second_keeps_the_order(shop, clock):
    order = place(shop, clock, at("2026-03-01 10:00:00"))
    clock.set(at("2026-03-01 16:00:00"))
    sweep()
    clock.set(at("2026-03-03 09:59:59"))
    pay_all(order)
    clock.set(at("2026-03-03 10:00:00"))
    sweep()
    assert fresh(order).status == "to_review"
    assert told(order) == ["order.placed", "order.reminded", "order.paid"]
    assert fresh(order).ship_by == at("2026-03-06 09:59:59")


@pytest.mark.parametrize("end", ["pay", "cancel", "give_up"])
def test_reminders_stop_at_once_when_the_order_is_paid_or_ends(shop, clock, end):
    order = place(shop, clock, T)
    clock.set(T + 15 * MINUTE - SECOND)
    ends = {
        "pay": lambda: pay_all(order),
        "cancel": lambda: actions.cancel(order, reason="sold out", by=SYSTEM),
        "give_up": lambda: actions.give_up(order, by=BUYER),
    }
    ends[end]()
    clock.set(T + 47 * HOUR)
    sweep()
    assert "order.reminded" not in told(order)


def test_a_cancel_request_that_nobody_answers_is_granted_with_all_money_and_stock(shop, clock):
    """The second worked example of the domain."""
    first = make.order(shop, Status.UNPAID)
    sku = Sku.objects.get(number="K-Green tea")
    inventory.count(sku, on_hand=10, reason="", by=SYSTEM)
    actions.give_up(first, by=BUYER)
    order = place(shop, clock, T, freight_amount=6)
    pay_all(order)
    actions.approve(order, by=SYSTEM)
    asked = clock.set(T + 5 * HOUR)
    actions.request_cancel(order, reason="ordered twice", by=BUYER)
    assert (order.answer_by, fresh(sku).reserved) == (asked + 48 * HOUR, 2)
    clock.set(asked + 45 * HOUR)
    sweep()
    assert fires(order, clock, asked + 48 * HOUR) == ["order.cancel_accepted"]
    stored, event = fresh(order), events.of(order).last()
    # The buyer's words stand in the order, where they can be erased, and not in the history.
    assert (event.actor_kind, "ordered twice" in str(event.data)) == ("system", False)
    assert (stored.status, stored.cancelled_by, stored.cancel_reason) == ("cancelled", "buyer", "ordered twice")
    # Goods for 20 and freight for 6: nothing was shipped, so everything goes back.
    assert stored.refund_due == stored.paid_amount == 26
    with transaction.atomic():
        inventory.release(order, by=SYSTEM)
    assert (fresh(sku).on_hand, fresh(sku).reserved, fresh(sku).available) == (10, 0, 10)
    assert list(sku.movements.filter(order=order).order_by("pk").values_list("kind", "reserved")) == [
        ("reserve", 2),
        ("release", -2),
    ]


def test_a_cancel_request_can_be_refused_until_the_last_second_and_not_after(shop, clock):
    asked = clock.set(T)
    orders = [make.order(shop, Status.TO_SHIP) for _i in range(2)]
    for order in orders:
        actions.request_cancel(order, reason="", by=BUYER)
    clock.set(asked + 48 * HOUR - SECOND)
    actions.refuse_cancel(orders[0], reason="packed already", by=SYSTEM)
    clock.set(asked + 48 * HOUR)
    with pytest.raises(Refused) as refused:
        actions.refuse_cancel(orders[1], reason="packed already", by=SYSTEM)
    assert refused.value.code == "not_now"
    sweep()
    assert [fresh(order).status for order in orders] == ["to_ship", "cancelled"]
    assert fresh(orders[0]).cancel_requested_at is None


def test_a_person_reminds_again_after_exactly_24_hours(shop, clock):
    order = make.order(shop, Status.UNPAID)
    clock.set(T)
    actions.remind(order, by=SYSTEM)
    clock.set(T + 24 * HOUR - SECOND)
    with pytest.raises(Refused, match="once in 24 hours"):
        actions.remind(order, by=SYSTEM)
    clock.set(T + 24 * HOUR)
    actions.remind(order, by=SYSTEM)
    assert told(order).count("order.reminded") == 2


@pytest.mark.parametrize(
    ("zone", "placed", "wall_before", "wall_after"),
    [
        ("Europe/London", "2026-03-28 12:00:00", "12:00 GMT", "13:00 BST"),
        ("Europe/London", "2026-10-24 12:00:00", "13:00 BST", "12:00 GMT"),
        ("America/New_York", "2026-03-07 12:00:00", "07:00 EST", "08:00 EDT"),
        ("America/New_York", "2026-10-31 12:00:00", "08:00 EDT", "07:00 EST"),
    ],
)
def test_48_hours_are_48_hours_over_a_change_of_the_clocks(clock, db, zone, placed, wall_before, wall_after):
    shop = make.shop(time_zone=zone)
    order = place(shop, clock, at(placed))
    clock.set(at(placed) + 20 * HOUR)
    sweep()
    end = at(placed) + 48 * HOUR
    assert fires(order, clock, end) == ["order.expired"]
    walls = [f"{when.astimezone(shop.zone):%H:%M %Z}" for when in (at(placed), end)]
    assert walls == [wall_before, wall_after]


@pytest.mark.parametrize(
    ("zone", "placed", "reminded"),
    [
        ("Europe/London", "2026-03-28 23:00:00", "2026-03-29 07:00:00"),
        ("Europe/London", "2026-10-24 22:00:00", "2026-10-25 08:00:00"),
        ("America/New_York", "2026-03-08 04:00:00", "2026-03-08 12:00:00"),
        ("America/New_York", "2026-11-01 03:00:00", "2026-11-01 13:00:00"),
    ],
)
def test_quiet_hours_end_on_the_wall_of_the_shop(clock, db, zone, placed, reminded):
    shop = make.shop(time_zone=zone)
    ShopPolicy.objects.filter(shop=shop).update(quiet_from=time(22), quiet_until=time(8))
    shop.refresh_from_db()
    order = place(shop, clock, at(placed))
    assert f"{at(reminded).astimezone(shop.zone):%H:%M}" == "08:00"
    assert fires(order, clock, at(reminded)) == ["order.reminded"]


def test_an_order_goes_its_whole_way_by_the_clock(shop, clock):
    order = place(shop, clock, T)
    clock.set(T + HOUR)
    pay_all(order)
    paid = clock.now
    assert fires(order, clock, paid + 48 * HOUR) == ["order.ship_warned"]
    assert events.of(order).last().data == {"ship_by": "2026-03-04T11:00:00Z"}
    actions.approve(order, by=SYSTEM)
    assert fires(order, clock, paid + 72 * HOUR) == ["order.overdue"]
    assert fresh(order).status == "to_ship"
    clock.advance(HOUR)
    parcel = fulfilment.ship(order, carrier="SF", tracking_no="SF1", by=SYSTEM)
    assert fires(order, clock, clock.now + 7 * DAY) == ["order.silent"]
    assert (fresh(order).abnormal, fresh(order).abnormal_at) == ("parcel", clock.now)
    there = clock.advance(HOUR)
    fulfilment.record_tracking(parcel, code="delivered", at=there, by=CHANNEL)
    assert fires(order, clock, there + 10 * DAY) == ["order.completed"]
    assert fresh(order).completed_at == there + 10 * DAY


def test_a_person_reminds_until_the_very_end_of_the_time_to_pay(shop, clock):
    order = place(shop, clock, T)
    clock.set(order.pay_by)
    before = row(order), told(order)
    with pytest.raises(Refused, match="can still be paid in time"):
        actions.remind(order, by=SYSTEM)
    assert (row(order), told(order)) == before
    clock.set(order.pay_by - INSTANT)
    actions.remind(order, by=SYSTEM)
    assert told(order)[-1] == "order.reminded"


def test_nobody_reminds_the_buyer_of_a_held_order(shop, clock):
    order = place(shop, clock, T)
    actions.hold(order, reason="odd address", by=SYSTEM)
    before = row(order), told(order)
    with pytest.raises(Refused, match="not held"):
        actions.remind(order, by=SYSTEM)
    assert (row(order), told(order)) == before
    actions.release(order, by=SYSTEM)
    actions.remind(order, by=SYSTEM)
    assert told(order)[-1] == "order.reminded"
