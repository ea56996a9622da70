"""Cancels that come late: one by one, whatever they waited for, however many look for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import pacing, payments, timers
from orders.models import Order
from orders.states import PaymentMethod, Status
from sellercenter.permissions import CHANNEL
from tests import make
from tests.conftest import fresh, told
from tests.orders.test_timers import due, policy, steps, sweep, wind_anew
from tests.together import in_threads

pytestmark = pytest.mark.django_db
T = datetime(2026, 3, 1, 10, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def ended(orders):
    return [fresh(order).status == "cancelled" for order in orders]


def all_due(shop, clock):
    """Let everything be due at once, as after a pause in which nobody looked."""
    Order.objects.filter(shop=shop, due_at__isnull=False).update(due_at=clock.now)


def test_after_an_outage_the_late_orders_of_a_shop_are_cancelled_one_by_one(shop, other_shop, clock):
    clock.set(T)
    late, other = due(shop, clock, "expire", many=26), due(other_shop, clock, "expire")
    clock.set(T + 5 * HOUR)
    on_time = due(shop, clock, "expire")
    sweep()
    # Nobody else has to wait: not the late one of another shop, not what is due just now.
    assert ended([other, on_time]) == [True, True]
    assert [fresh(order).due_at - clock.now for order in late[1:]] == [pacing.PACE * i for i in range(1, 26)]
    for done in range(1, 27):
        assert ended(late) == [True] * done + [False] * (26 - done)
        clock.advance(pacing.PACE)
        sweep()
    assert all(told(order).count("order.expired") == 1 for order in late)


def test_those_that_a_later_batch_finds_queue_up_behind(shop, other_shop, clock):
    clock.set(T)
    mine, theirs = [due(one, clock, "expire", many=30) for one in (shop, other_shop)]
    clock.set(T + 5 * HOUR)
    while timers.fire_due(7):
        pass
    for orders in (mine, theirs):
        times = [fresh(order).due_at for order in orders]
        assert times == [None, *(clock.now + pacing.PACE * i for i in range(1, 30))]
    clock.advance(30 * pacing.PACE)
    sweep()
    assert {fresh(order).status for order in (*mine, *theirs)} == {"cancelled"}


def test_orders_that_are_less_than_half_an_hour_late_do_not_queue(shop, clock):
    clock.set(T)
    orders = due(shop, clock, "expire", many=30)
    clock.set(T + pacing.OUTAGE)
    sweep()
    assert {fresh(order).status for order in orders} == {"cancelled"}


def test_a_second_outage_does_not_let_the_whole_queue_go_at_once(shop, clock):
    clock.set(T)
    late = due(shop, clock, "expire", many=60)
    clock.set(T + 5 * HOUR)
    sweep()
    clock.advance(HOUR)
    sweep()
    assert ended(late) == [True] * 2 + [False] * 58
    assert [fresh(order).due_at - clock.now for order in late[2:]] == [pacing.PACE * i for i in range(1, 59)]


def test_a_short_pause_is_made_good_and_those_still_queuing_keep_their_turns(shop, clock):
    clock.set(T)
    late = due(shop, clock, "expire", many=60)
    clock.set(T + 5 * HOUR)
    sweep()
    clock.advance(10 * pacing.PACE)
    sweep()
    assert ended(late) == [True] * 11 + [False] * 49
    clock.advance(40 * pacing.PACE)
    sweep()
    # Twelve seconds are too long: one goes now, and those whose turns have passed go behind the others.
    assert ended(late) == [True] * 12 + [False] * 48
    waits = [(fresh(order).due_at - clock.now) / pacing.PACE for order in late[12:]]
    assert waits == [*range(10, 49), *range(1, 10)]


def test_batches_that_were_put_off_one_over_the_other_still_end_one_by_one(shop, clock):
    """As after a gateway that did not answer: every batch has its own times, the same as those of the others."""
    clock.set(T)
    late = due(shop, clock, "expire", many=40)
    clock.set(T + HOUR)
    for place, order in enumerate(late):
        Order.objects.filter(pk=order.pk).update(due_at=clock.now + pacing.PACE * (place % 4))
    for turn in range(1, 9):
        clock.advance(pacing.PACE)
        sweep()
        assert sum(ended(late)) <= turn + 1
    clock.advance(9 * pacing.PACE)
    sweep()
    assert sum(ended(late)) <= 18
    while Order.objects.filter(status="unpaid").exists():
        clock.advance(SECOND)
        sweep()
    assert all(ended(late))


@pytest.mark.parametrize("step", ["cancel_unshipped", "accept_cancel"])
def test_paid_orders_are_cancelled_at_the_same_pace(shop, clock, step):
    clock.set(T)
    asked = {"cancel_requested_at": T - 2 * DAY, "answer_by": T} if step == "accept_cancel" else {}
    paid = due(shop, clock, step, Status.TO_SHIP, many=5, **asked)
    unpaid = due(shop, clock, "expire", many=5)
    clock.set(T + HOUR)
    sweep()
    assert sum(ended([*paid, *unpaid])) == 1
    clock.advance(4 * pacing.PACE)
    sweep()
    assert sum(ended([*paid, *unpaid])) == 5
    clock.advance(5 * pacing.PACE)
    sweep()
    assert all(ended([*paid, *unpaid]))


def test_a_new_limit_for_open_orders_does_not_cancel_a_whole_shop_at_once(shop, clock):
    clock.set(make.NOW)
    orders = [make.order(shop, Status.TO_SHIP) for _i in range(5)]
    clock.advance(10 * DAY)
    sweep()
    policy(shop, ship_cancel=4 * DAY)
    wind_anew(shop)
    sweep()
    assert sum(ended(orders)) == 1
    # Even when the policy is another one by then.
    policy(shop, ship_cancel=None)
    all_due(shop, clock)
    clock.advance(HOUR)
    sweep()
    assert sum(ended(orders)) == 2


def test_what_has_partly_left_takes_nobodys_turn(shop, clock):
    clock.set(T)
    kept = due(shop, clock, "cancel_unshipped", Status.PART_SHIPPED, many=3)
    late = due(shop, clock, "expire")
    clock.set(T + HOUR)
    sweep()
    assert ended([*kept, late]) == [False, False, False, True]
    assert [steps(order) for order in kept] == [[], [], []]


def test_a_payment_that_comes_while_an_order_queues_saves_it(shop, clock):
    clock.set(T)
    late = due(shop, clock, "expire", many=21)
    clock.set(T + HOUR)
    sweep()
    payments.pay(late[20], amount=Decimal(20), method=PaymentMethod.CARD, transaction_no="T1", by=CHANNEL)
    for _second in range(8):
        clock.advance(SECOND)
        sweep()
    assert [fresh(order).status for order in late[19:]] == ["cancelled", "to_review"]


def test_cancels_of_several_kinds_lock_the_stock_once(shop, clock):
    clock.set(T)
    orders = [
        *due(shop, clock, "expire", many=2),
        *due(shop, clock, "accept_cancel", Status.TO_SHIP, many=2, cancel_requested_at=T - DAY, answer_by=T),
        *due(shop, clock, "cancel_unshipped", Status.TO_SHIP, many=2),
    ]
    with CaptureQueriesContext(connection) as ran:
        sweep()
    assert all(ended(orders))
    assert sum("orders_sku sku SET reserved" in query["sql"] for query in ran) == 1


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_keep_one_pace_together(shop, other_shop):
    """The database's own clock: what three sweeps find at the same moment has one turn, the rest gets one each."""
    placed_at = make.NOW - 50 * HOUR
    told_of = [make.facts(one, Status.UNPAID, placed_at=placed_at) for one in (shop, other_shop) for _i in range(30)]
    orders = [*make.orders(shop, told_of[:30]), *make.orders(other_shop, told_of[30:])]

    def work():
        while timers.fire_due(7):
            pass

    in_threads(work, work, work)
    for mine in (orders[:30], orders[30:]):
        waiting = sorted(at for order in mine if (at := fresh(order).due_at))
        assert len(waiting) >= 25
        assert all(second - first >= pacing.PACE for first, second in pairwise(waiting))
