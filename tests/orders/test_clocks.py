"""The clocks of an order that arrives in the middle of its life; all times are given, none is read from a clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from orders.clocks import wind
from orders.lifecycle import ORDER
from orders.states import Status
from sellercenter.models import POLICY_CLOCKS, Shop, ShopPolicy
from sellercenter.schedule import Schedule

PLACED = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SECOND = timedelta(seconds=1)
POLICY = ShopPolicy()


def policy(**clocks):
    return ShopPolicy(**{**dict.fromkeys(POLICY_CLOCKS), **clocks})


def at(**spans):
    """Return a schedule of steps, each so long after the order was placed."""
    return Schedule(tuple((PLACED + span, name) for name, span in spans.items()))


def wound(status, given=POLICY, *, now=PLACED, **times):
    return wind(given, ORDER.timers.get(status), now=now, **{"placed_at": PLACED, **times})


LADDER = {"remind": 15 * MINUTE, "remind_again": 16 * HOUR, "expire": 48 * HOUR}


@pytest.mark.parametrize(
    ("passed", "first"),
    [
        (timedelta(0), 0),
        (15 * MINUTE - SECOND, 0),
        (15 * MINUTE, 1),
        (16 * HOUR - SECOND, 1),
        (16 * HOUR, 2),
        (48 * HOUR, 2),
        (1000 * HOUR, 2),
    ],
)
def test_an_unpaid_order_has_the_steps_before_it_that_are_still_ahead_and_always_its_end(passed, first):
    left = dict([*LADDER.items()][first:])
    assert wound(Status.UNPAID, now=PLACED + passed).schedule == at(**left)


@pytest.mark.parametrize(
    ("clocks", "steps"),
    [
        ({}, {}),
        ({"payment_window": HOUR}, {"expire": HOUR}),
        ({"first_reminder": HOUR}, {"remind": HOUR}),
        # A reminder that would come with the end or after it never comes.
        ({"first_reminder": HOUR, "payment_window": HOUR}, {"expire": HOUR}),
        ({"first_reminder": HOUR - SECOND, "payment_window": HOUR}, {"remind": HOUR - SECOND, "expire": HOUR}),
        ({"first_reminder": HOUR, "first_channels": []}, {}),
    ],
)
def test_an_empty_clock_never_rings_and_a_step_without_channels_is_left_out(clocks, steps):
    assert wound(Status.UNPAID, policy(**clocks)).schedule == at(**steps)


PAID = {"paid_at": PLACED + HOUR}


@pytest.mark.parametrize("status", [Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED])
def test_a_paid_order_is_warned_of_then_late_and_never_cancelled_unless_the_policy_says_so(status):
    assert wound(status, **PAID).schedule == at(warn_ship=49 * HOUR, overdue=73 * HOUR)
    limited = policy(ship_within=72 * HOUR, ship_cancel=96 * HOUR)
    assert wound(status, limited, **PAID).schedule == at(overdue=73 * HOUR, cancel_unshipped=97 * HOUR)


def test_a_cancel_request_that_nobody_answers_is_granted():
    asked = {**PAID, "cancel_requested_at": PLACED + 2 * HOUR}
    found = wound(Status.TO_SHIP, **asked)
    assert found.answer_by == PLACED + 50 * HOUR
    assert found.schedule == at(warn_ship=49 * HOUR, accept_cancel=50 * HOUR, overdue=73 * HOUR)


def test_a_parcel_is_silent_after_a_week_and_receipt_is_confirmed_after_ten_days():
    assert wound(Status.SHIPPED, **PAID, shipped_at=PLACED).schedule == at(silence=7 * 24 * HOUR)
    assert wound(Status.SHIPPED, **PAID, shipped_at=PLACED, now=PLACED + 8 * 24 * HOUR).schedule == Schedule()
    late = wound(Status.DELIVERED, **PAID, delivered_at=PLACED, now=PLACED + 1000 * HOUR)
    assert late.schedule == at(complete=240 * HOUR)
    assert wound(Status.DELIVERED).schedule == Schedule()


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
def test_an_order_that_has_ended_has_nothing_before_it(status):
    assert wound(status, **PAID, delivered_at=PLACED).schedule == Schedule()


def test_all_clocks_of_a_paid_order():
    found = wound(Status.TO_SHIP, **PAID, delivered_at=PLACED)
    assert (found.pay_by, found.ship_by) == (PLACED + 48 * HOUR, PLACED + 73 * HOUR)
    assert (found.confirm_by, found.answer_by) == (PLACED + 240 * HOUR, None)


def test_the_promise_of_the_platform_wins_over_the_policy():
    promise = PLACED + 30 * HOUR
    found = wound(Status.TO_SHIP, **PAID, ship_by=promise)
    assert found.ship_by == promise
    assert found.schedule == at(warn_ship=6 * HOUR, overdue=30 * HOUR)


def test_a_policy_without_clocks_sets_none():
    found = wound(Status.DELIVERED, policy(), **PAID, delivered_at=PLACED)
    assert (found.pay_by, found.ship_by, found.confirm_by, found.answer_by) == (None, None, None, None)
    assert found.schedule == Schedule()


QUIET = {"quiet_from": time(22), "quiet_until": time(8)}


@pytest.mark.parametrize(
    ("zone", "placed", "reminded"),
    [
        # Shanghai: 15 minutes later it is 21:59:59, 22:00:00, 07:59:59 and 08:00:00 there.
        ("Asia/Shanghai", "2026-03-01 13:44:59", "2026-03-01 13:59:59"),
        ("Asia/Shanghai", "2026-03-01 13:45:00", "2026-03-02 00:00:00"),
        ("Asia/Shanghai", "2026-03-01 23:44:59", "2026-03-02 00:00:00"),
        ("Asia/Shanghai", "2026-03-01 23:45:00", "2026-03-02 00:00:00"),
        # London, the night in which summer time begins: eight on the wall is seven in UTC, and comes an hour earlier.
        ("Europe/London", "2026-03-28 23:00:00", "2026-03-29 07:00:00"),
        ("Europe/London", "2026-03-27 23:00:00", "2026-03-28 08:00:00"),
        # New York, the night in which it ends.
        ("America/New_York", "2026-11-01 03:00:00", "2026-11-01 13:00:00"),
        ("America/New_York", "2026-10-31 03:00:00", "2026-10-31 12:00:00"),
    ],
)
def test_a_reminder_waits_for_the_end_of_the_quiet_hours_on_the_shops_wall(zone, placed, reminded):
    placed_at = datetime.fromisoformat(placed).replace(tzinfo=UTC)
    given = policy(first_reminder=15 * MINUTE, payment_window=48 * HOUR, **QUIET)
    given.shop = Shop(time_zone=zone)
    schedule = wound(Status.UNPAID, given, placed_at=placed_at, now=placed_at).schedule
    remind_at = datetime.fromisoformat(reminded).replace(tzinfo=UTC)
    # 48 hours are 48 hours, whatever the clocks on the walls do; the end itself knows no quiet hours.
    assert schedule == Schedule(((remind_at, "remind"), (placed_at + 48 * HOUR, "expire")))


def test_two_reminders_that_wait_for_the_same_morning_are_one():
    given = policy(first_reminder=HOUR, second_reminder=2 * HOUR, payment_window=48 * HOUR, **QUIET)
    given.shop = Shop(time_zone="UTC")
    night = PLACED.replace(hour=22)
    steps = wound(Status.UNPAID, given, placed_at=night, now=night).schedule.steps
    assert [(at - night, name) for at, name in steps] == [(10 * HOUR, "remind_again"), (48 * HOUR, "expire")]


def test_a_reminder_that_would_wait_beyond_the_end_never_comes():
    given = policy(first_reminder=HOUR, payment_window=10 * HOUR, **QUIET)
    given.shop = Shop(time_zone="UTC")
    night = PLACED.replace(hour=22)
    steps = wound(Status.UNPAID, given, placed_at=night, now=night).schedule.steps
    assert [(at - night, name) for at, name in steps] == [(10 * HOUR, "expire")]


@pytest.mark.django_db
@pytest.mark.parametrize("name", POLICY_CLOCKS)
def test_no_clock_is_zero_or_negative(shop, name):
    for wrong in (timedelta(0), -HOUR):
        with pytest.raises(IntegrityError, match=r"policy_clocks_are_positive|follows_first"), transaction.atomic():
            ShopPolicy.objects.filter(shop=shop).update(**{name: wrong})
    ShopPolicy.objects.filter(shop=shop).update(**{name: None})


@pytest.mark.django_db
def test_the_second_reminder_comes_after_the_first(shop):
    with pytest.raises(IntegrityError, match="policy_second_reminder_follows_first"), transaction.atomic():
        ShopPolicy.objects.filter(shop=shop).update(first_reminder=HOUR, second_reminder=HOUR)
