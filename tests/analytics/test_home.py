"""Today on the home page: beside yesterday until the same time, and all of yesterday; each number opens its list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from analytics import home, rollups
from orders.states import Status
from sellercenter.permissions import Perm, StockRole
from tests import make
from tests.conftest import url

pytestmark = pytest.mark.django_db
# In Shanghai it is half past ten in the evening of the 10th.
NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def two_days(shop):
    """Three orders today, two of them paid, and yesterday two in the morning, two in this hour and two at its end."""
    yesterday = NOW - DAY
    early, this_hour, late = yesterday - 8 * HOUR, yesterday, yesterday + timedelta(minutes=50)
    times = [NOW - HOUR, NOW - 2 * HOUR, early, early, this_hour, this_hour, late, late]
    told = [make.facts(shop, placed_at=at, paid_at=at, reviewed_at=None) for at in times]
    told.append(make.facts(shop, Status.UNPAID, placed_at=NOW - 3 * HOUR))
    make.orders(shop, told)
    rollups.recompute(shop, [day.astimezone(shop.zone).date() for day in (NOW - DAY, NOW)])


def shown(shop, person) -> dict[str, dict]:
    return {str(one["label"]): one for one in home.today(shop, person.actor, NOW)["items"]}


def test_today_stands_beside_yesterday_until_the_same_time(two_days, shop, owner):
    placed = shown(shop, owner)["Orders placed"]
    # Of the two orders of the hour that is half over, one is taken to have come by now.
    assert placed["value"] == "3"
    assert placed["before"] == "about 3 by 22:30 yesterday, 6 in all"
    assert (placed["change"], placed["good"]) == ("±0.0 %", None)
    paid = shown(shop, owner)["Orders paid"]
    assert (paid["value"], paid["change"], paid["good"]) == ("2", "−33.3 %", False)
    assert shown(shop, owner)["Paid amount"]["value"] == "¥40.00"


def test_what_has_no_hour_stands_beside_the_whole_of_yesterday(two_days, shop, owner):
    items = shown(shop, owner)
    assert (items["Payment conversion"]["value"], items["Payment conversion"]["before"]) == (
        "66.67 %",
        "100.00 % yesterday",
    )
    assert (items["Orders shipped"]["value"], items["Orders shipped"]["before"]) == ("0", "0 yesterday")
    assert (items["Cases opened"]["value"], items["Cases opened"]["before"]) == ("0", "0 yesterday")


def test_each_number_opens_what_it_counts(two_days, shop, owner):
    with time_machine.travel(NOW, tick=False):
        for label, lines in (("Orders placed", 3), ("Orders paid", 2), ("Orders shipped", 0)):
            listed = owner.get(shown(shop, owner)[label]["url"])
            assert listed.context["filters"]["errors"] == []
            assert len(listed.context["table"]["rows"]) == lines, label


def test_the_page_says_it_to_those_who_may_see_figures_and_costs_three_queries(
    shop, cast, django_assert_max_num_queries
):
    for role in ("owner", *StockRole.values):
        page = cast[role].get(url("home", shop))
        assert bool(page.context["today"]) == cast[role].actor.may(Perm.FIGURES_VIEW), role
    with django_assert_max_num_queries(8):
        cast["owner"].get(url("home", shop)).says("Today beside yesterday").says("Updated ")
