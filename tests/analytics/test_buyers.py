"""Buyers by what they do: each segment by its definition, and nobody of another shop in any."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from analytics import buyers
from analytics.buyers import Rules, segments
from analytics.periods import Period
from orders.models import Buyer
from tests import make

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def month(shop):
    """The thirty days of the shop up to today."""
    today = make.NOW.astimezone(shop.zone).date()
    return Period(today - timedelta(days=29), today)


def bought(shop, uid, *days, price="10.00", **facts):
    """Let a buyer pay for one order on each of these days, counted back from now."""
    told = [
        make.facts(
            *(shop, "completed"),
            buyer_uid=uid,
            buyer_nickname=f"nick {uid}",
            lines=[make.line(quantity=1, price=price)],
            placed_at=make.NOW - timedelta(days=ago, hours=2),
            **facts,
        )
        for ago in days
    ]
    return make.orders(shop, told)


def sizes(found):
    return {code: (one.buyers, one.orders, one.amount) for code, one in found.sizes.items()}


def names(found):
    return [one.nickname.removeprefix("nick ") for one in found.listed]


@pytest.fixture
def crowd(shop, other_shop):
    bought(shop, "new", 3)
    bought(shop, "back", 5, 60, price="40.00")
    bought(shop, "often", 2, 4, 6, price="20.00")
    bought(shop, "gone", 100, 120)
    bought(shop, "older", 300)
    bought(shop, "sample", 3, kind="sample")
    make.orders(shop, [make.facts(shop, "unpaid", buyer_uid="unpaid")])
    bought(other_shop, "foreign", 3, 100)


def test_each_buyer_is_in_the_segments_by_their_definition(crowd, shop, month):
    found = segments(shop, month, Rules())
    assert sizes(found) == {
        "all": (3, 5, D("110.00")),
        "new": (2, 4, D("70.00")),
        "returning": (1, 1, D("40.00")),
        "repeat": (1, 3, D("60.00")),
        "high": (1, 1, D("40.00")),
        "lapsed": (1, 2, D("20.00")),
    }
    assert (found.threshold, found.twice) == (D("40.00"), 1)
    assert found.repurchase == D(1) / 3


@pytest.mark.parametrize(
    ("chosen", "sort", "listed"),
    [
        ("all", "-amount", ["often", "back", "new"]),
        ("all", "amount", ["new", "back", "often"]),
        ("all", "-orders", ["often", "new", "back"]),
        ("all", "-mean", ["back", "often", "new"]),
        ("all", "-last", ["often", "new", "back"]),
        ("new", "-amount", ["often", "new"]),
        ("returning", "-amount", ["back"]),
        ("repeat", "-amount", ["often"]),
        ("high", "-amount", ["back"]),
        ("lapsed", "-amount", ["gone"]),
    ],
)
def test_a_segment_lists_its_buyers_in_the_order_asked_for(crowd, shop, month, chosen, sort, listed):
    assert names(segments(shop, month, Rules(), chosen=chosen, sort=sort)) == listed


def test_a_buyer_is_listed_with_what_they_paid_for(crowd, shop, month):
    (often,) = segments(shop, month, Rules(), chosen="repeat").listed
    assert often.id == Buyer.objects.get(shop=shop, uid="often").pk
    assert (often.orders, often.amount, often.mean, often.known_before) == (3, D("60.00"), D("20.00"), False)
    assert often.last_at == make.NOW - timedelta(days=2, hours=1)


def test_the_rules_move_the_borders(crowd, shop, month):
    assert sizes(segments(shop, month, Rules(repeat=4)))["repeat"][0] == 0
    assert sizes(segments(shop, month, Rules(threshold=D("20.00"))))["high"][0] == 2
    assert sizes(segments(shop, month, Rules(lapsed=60)))["lapsed"][0] == 1
    assert sizes(segments(shop, month, Rules(lapsed=200)))["lapsed"][0] == 1
    assert names(segments(shop, month, Rules(lapsed=200), chosen="lapsed")) == ["older"]


def test_a_lapsed_buyer_was_there_in_the_days_before_and_not_after():
    first, last, away = buyers.lapse(Period(*[make.NOW.date()] * 2), 90)
    assert make.NOW.date() - away == timedelta(days=89)
    assert (away - last, away - first) == (timedelta(days=1), timedelta(days=90))


def test_nobody_bought_in_an_empty_shop(shop, month, django_assert_num_queries):
    with django_assert_num_queries(2):
        found = segments(shop, month, Rules())
    assert set(sizes(found).values()) == {(0, 0, D(0))}
    assert (found.threshold, found.twice, found.repurchase, found.listed) == (None, 0, None, [])
