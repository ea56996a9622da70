"""Where an order stands, against a model so small that one sees that it is right."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.derive import line_status, order_status
from orders.states import LineStatus, ParcelStatus, Status

LINES = st.lists(st.sampled_from(LineStatus), max_size=6)
PARTS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(ParcelStatus)), max_size=5)
PAID = [Status.TO_SHIP, Status.PART_SHIPPED, Status.SHIPPED, Status.DELIVERED]


def model(stage, lines):
    """Tell the state in the words of the platforms' help pages."""
    left = [line for line in lines if line != "cancelled"]
    if stage == "cancelled" or (lines and not left):
        return "cancelled"
    if stage in ("completed", "unpaid", "to_review") or not left:
        return stage
    if set(left) == {"delivered"}:
        return "delivered"
    if set(left) <= {"delivered", "shipped"}:
        return "shipped"
    return "to_ship" if set(left) == {"waiting"} else "part_shipped"


def model_line(quantity, parts):
    """Lay the units out one by one and look at them."""
    units = [state for n, state in parts for _unit in range(n)]
    left = [state for state in units if state != "ready"]
    there = [state for state in left if state == "delivered"]
    if len(there) >= quantity:
        return "delivered"
    return "shipped" if len(left) >= quantity else "part_shipped" if left else "waiting"


@pytest.mark.parametrize("stage", Status)
def test_every_mix_of_up_to_three_lines_is_as_the_model_says(stage):
    for size in range(4):
        for lines in combinations_with_replacement(LineStatus, size):
            assert order_status(stage, lines) == model(stage, list(lines)), lines


@given(st.sampled_from(Status), LINES)
def test_any_mix_of_lines_is_as_the_model_says_in_whatever_order(stage, lines):
    assert order_status(stage, lines) == order_status(stage, lines[::-1]) == model(stage, lines)


@given(st.integers(1, 9), PARTS)
def test_a_line_is_what_its_units_are(quantity, parts):
    assert line_status(quantity, parts) == model_line(quantity, parts)
    assert line_status(quantity, parts, cancelled=True) == LineStatus.CANCELLED


@given(st.sampled_from(PAID), LINES)
def test_the_stage_of_a_paid_order_does_not_matter_once_it_has_lines(stage, lines):
    if any(line != LineStatus.CANCELLED for line in lines):
        assert order_status(stage, lines) == order_status(Status.TO_SHIP, lines)


@given(st.sampled_from(Status), st.lists(st.sampled_from(LineStatus), min_size=1, max_size=5))
def test_deriving_again_from_what_was_derived_changes_nothing(stage, lines):
    once = order_status(stage, lines)
    assert order_status(once, lines) == once


def test_one_parcel_delivered_and_one_on_its_way_is_still_shipped():
    assert order_status(Status.TO_SHIP, [LineStatus.DELIVERED, LineStatus.SHIPPED]) == Status.SHIPPED


def test_a_parcel_that_waits_for_pick_up_has_not_left():
    assert line_status(2, [(2, ParcelStatus.READY)]) == LineStatus.WAITING


def test_a_cancelled_line_does_not_hold_the_others_back():
    assert order_status(Status.TO_SHIP, [LineStatus.CANCELLED, LineStatus.DELIVERED]) == Status.DELIVERED
