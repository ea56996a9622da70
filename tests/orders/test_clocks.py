"""The clocks of an order that arrives in the middle of its life; all times are given, none is read from a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from orders.clocks import Clocks, next_step, set_clocks
from orders.states import Status
from sellercenter.models import POLICY_CLOCKS, ShopPolicy

PLACED = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SECOND = timedelta(seconds=1)
POLICY = ShopPolicy()


def policy(**clocks):
    return ShopPolicy(**{**dict.fromkeys(POLICY_CLOCKS), **clocks})


@pytest.mark.parametrize(
    ("passed", "step", "at"),
    [
        (timedelta(0), "remind", 15 * MINUTE),
        (15 * MINUTE - SECOND, "remind", 15 * MINUTE),
        (15 * MINUTE, "remind_again", 16 * HOUR),
        (16 * HOUR, "expire", 48 * HOUR),
        (48 * HOUR, "expire", 48 * HOUR),
        (1000 * HOUR, "expire", 48 * HOUR),
    ],
)
def test_an_unpaid_order_owes_the_first_step_that_is_still_ahead_else_the_last(passed, step, at):
    assert next_step(POLICY, Status.UNPAID, entered=PLACED, now=PLACED + passed) == (PLACED + at, step)


def test_empty_clocks_are_skipped_and_none_at_all_owes_nothing():
    assert next_step(policy(), Status.UNPAID, entered=PLACED, now=PLACED) == (None, "")
    only = policy(payment_window=HOUR)
    assert next_step(only, Status.UNPAID, entered=PLACED, now=PLACED) == (PLACED + HOUR, "expire")


@pytest.mark.parametrize(
    "status", [Status.TO_REVIEW, Status.TO_SHIP, Status.SHIPPED, Status.COMPLETED, Status.CANCELLED]
)
def test_states_without_a_timer_owe_nothing(status):
    assert next_step(POLICY, status, entered=PLACED, now=PLACED) == (None, "")


def test_a_delivered_order_completes_itself_and_owes_nothing_when_nobody_knows_since_when():
    assert next_step(POLICY, Status.DELIVERED, entered=PLACED, now=PLACED) == (PLACED + 240 * HOUR, "complete")
    assert next_step(POLICY, Status.DELIVERED, entered=None, now=PLACED) == (None, "")


def test_all_clocks_of_a_paid_order():
    found = set_clocks(POLICY, Status.TO_SHIP, now=PLACED, placed_at=PLACED, paid_at=PLACED + HOUR)
    assert found == Clocks(PLACED + 48 * HOUR, PLACED + 73 * HOUR, None, None, "")


def test_the_promise_of_the_platform_wins_over_the_policy():
    promise = PLACED + 5 * HOUR
    found = set_clocks(POLICY, Status.TO_SHIP, now=PLACED, placed_at=PLACED, paid_at=PLACED, ship_by=promise)
    assert found.ship_by == promise


def test_a_policy_without_clocks_sets_none():
    found = set_clocks(policy(), Status.DELIVERED, now=PLACED, placed_at=PLACED, paid_at=PLACED, delivered_at=PLACED)
    assert found == Clocks(None, None, None, None, "")


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
