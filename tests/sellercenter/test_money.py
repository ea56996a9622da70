"""Money: exact to the last cent, rounded in one place, written as people read it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from sellercenter import money

CODES = st.sampled_from(sorted(money.CURRENCIES))
AMOUNTS = st.decimals(0, 10**9, places=2)


@given(AMOUNTS, st.lists(AMOUNTS, min_size=1, max_size=12), CODES)
def test_shares_add_up_to_the_amount_exactly(total, weights, currency):
    total = money.quantise(total, currency)
    parts = money.share(total, weights, currency)
    assert sum(parts) == total
    assert len(parts) == len(weights)


@given(AMOUNTS, st.lists(AMOUNTS, min_size=1, max_size=12), CODES)
def test_every_share_but_the_last_is_right_to_half_a_coin(total, weights, currency):
    total = money.quantise(total, currency)
    coin = Decimal(1).scaleb(-money.digits(currency))
    whole = sum(weights)
    for part, weight in list(zip(money.share(total, weights, currency), weights, strict=True))[:-1]:
        fair = total * weight / whole if whole else total / len(weights)
        assert abs(part - fair) <= coin / 2 + Decimal("1e-15")


def test_equal_weights_of_nothing_share_equally_and_the_rest_goes_last():
    assert money.share(Decimal("10.00"), [Decimal(0)] * 3, "CNY") == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]


def test_nothing_to_share_over_raises():
    with pytest.raises(ValueError, match="nothing to share"):
        money.share(Decimal(1), [], "CNY")


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [("1.005", "CNY", "1.01"), ("-1.005", "CNY", "-1.01"), ("0.5", "JPY", "1"), ("1.004", "GBP", "1.00")],
)
def test_halves_are_rounded_up_to_what_the_currency_can_pay(amount, currency, rounded):
    assert str(money.quantise(Decimal(amount), currency)) == rounded


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1280", "CNY", "¥1,280.00"),
        ("0", "GBP", "£0.00"),
        ("-3.5", "USD", "−$3.50"),
        ("1234567", "JPY", "JP¥1,234,567"),
        ("0.005", "CNY", "¥0.01"),
    ],
)
def test_an_amount_is_written_with_its_sign(amount, currency, text):
    assert money.text(Decimal(amount), currency) == text


def test_a_missing_amount_is_a_dash_and_an_unknown_currency_raises():
    assert money.text(None, "CNY") == "—"
    with pytest.raises(KeyError):
        money.text(Decimal(1), "XXX")


def test_an_amount_that_rounds_to_nothing_is_not_negative():
    assert money.text(Decimal("-0.001"), "CNY") == "¥0.00"


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (999, "999"), (10_000, "10,000"), (10_001, "10,000+")])
def test_a_capped_count_says_that_there_are_more(count, text):
    with translation.override("en"):
        assert money.capped(count, 10_000) == text
