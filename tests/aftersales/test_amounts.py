"""What lines and units are worth: to the cent, never less than nothing, never more than was paid."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales import amounts
from sellercenter import money

CENTS = st.integers(0, 10_000).map(lambda cents: Decimal(cents) / 100)


def order_of(paid, total=None, currency="CNY", status="delivered"):
    told = {"paid_amount": Decimal(paid), "total_amount": Decimal(total or paid), "currency": currency}
    return SimpleNamespace(**told, status=status, refunded_amount=Decimal(0), refunding_amount=Decimal(0))


def lines_of(*amounts_, **facts):
    told = {"status": "delivered", "gift": False, "refunded_amount": Decimal(0), **facts}
    return [SimpleNamespace(pk=pk, amount=Decimal(amount), **told) for pk, amount in enumerate(amounts_, start=1)]


def test_lines_are_worth_their_amounts_and_the_rest_is_freight_and_fees():
    worth = amounts.shares(order_of("38.00"), lines_of("20.00", "10.00"))
    assert (worth.lines, worth.rest) == ({1: Decimal("20.00"), 2: Decimal("10.00")}, Decimal("8.00"))


def test_less_paid_than_the_lines_cost_is_shared_and_the_last_has_the_remainder():
    worth = amounts.shares(order_of("10.00"), lines_of("10.00", "10.00", "10.00"))
    assert list(worth.lines.values()) == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]
    assert worth.rest == 0


def test_what_was_paid_twice_belongs_to_no_line():
    worth = amounts.shares(order_of("40.00", total="20.00"), lines_of("20.00"))
    assert (worth.lines, worth.rest) == ({1: Decimal("20.00")}, 0)


def test_a_line_that_was_cancelled_on_its_own_is_worth_nothing_and_one_of_a_cancelled_order_is():
    gone = lines_of("20.00", status="cancelled")
    assert amounts.shares(order_of("20.00"), gone).lines == {1: 0}
    assert amounts.shares(order_of("20.00", status="cancelled"), gone).lines == {1: Decimal("20.00")}


def test_currencies_without_cents_are_shared_in_whole_coins():
    worth = amounts.shares(order_of("100", currency="JPY"), lines_of("99", "99", "99", currency="JPY"))
    assert list(worth.lines.values()) == [33, 33, 34]


@given(st.lists(CENTS, min_size=1, max_size=6), st.integers(0, 1000))
def test_what_is_spread_adds_up_and_no_part_has_more_than_fits(limits, permille):
    most = dict(enumerate(limits))
    total = (sum(limits) * permille / 1000).quantize(Decimal("0.01"), "ROUND_DOWN")
    parts = money.spread(total, most, "CNY")
    assert sum(parts.values()) == total
    assert all(0 <= parts[key] <= most[key] for key in most)


@given(CENTS, st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_units_claimed_one_after_the_other_are_worth_the_line_in_the_end(worth, claims):
    quantity, before, granted = sum(claims), 0, Decimal(0)
    for units in claims:
        part = amounts.of_units(worth, quantity, before=before, units=units, currency="CNY")
        assert part >= 0
        granted, before = granted + part, before + units
    assert granted == worth


def test_more_than_fits_is_a_programming_mistake():
    with pytest.raises(ValueError, match="does not fit"):
        money.spread(Decimal("1.01"), {1: Decimal("1.00")}, "CNY")


def test_a_line_has_left_what_was_neither_granted_nor_asked_for():
    line = lines_of("20.00", refunded_amount=Decimal("5.00"))[0]
    assert amounts.left_of_line(line, Decimal("18.00"), Decimal("4.00")) == Decimal("9.00")
    assert amounts.left_of_line(line, Decimal("4.00")) == 0
