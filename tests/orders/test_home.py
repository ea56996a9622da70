"""The home board: each number is the length of the list that it opens."""

from __future__ import annotations

import pytest

from orders.models import Order
from orders.views.home import COUNTERS
from sellercenter.models import ShopPolicy
from tests import make
from tests.conftest import url

pytestmark = pytest.mark.django_db
DUE = [-make.HOUR, make.HOUR, 23 * make.HOUR, 25 * make.HOUR]


@pytest.fixture
def busy(shop, other_shop):
    """Load orders in every state, due in every span, asked about, marked and with cases, in both shops."""
    told = [
        make.facts(one, state, ship_by=make.NOW + DUE[i % 4], placed_at=make.NOW - (46 + i % 4) * make.HOUR, **extra)
        for one in (shop, other_shop)
        for i, (state, extra) in enumerate(
            (state, extra)
            for state in ("unpaid", "to_review", "to_ship", "part_shipped", "shipped", "completed", "cancelled")
            for extra in ({}, {"abnormal": "risk"}, {"aftersales": "open"}, {"cancel_requested_at": make.NOW}, {})
        )
    ]
    loaded = make.orders(shop, [one for one in told if one.currency == "CNY"])
    Order.objects.filter(pk__in=[one.pk for one in loaded[::3]]).update(held=True)
    Order.objects.filter(pk__in=[one.pk for one in loaded[::4]]).update(
        refund_due=1, abnormal="parcel", abnormal_at=make.NOW
    )
    make.orders(other_shop, [one for one in told if one.currency == "GBP"])


def test_each_counter_is_the_length_of_the_list_that_it_opens(busy, shop, owner):
    counters = owner.get(url("home", shop)).context["boards"][0]["counters"]
    assert len(counters) == len(COUNTERS)
    for counter in counters:
        listed = owner.get(counter["url"])
        assert listed.context["filters"]["errors"] == []
        assert counter["count"] == str(len(listed.context["table"]["rows"])), counter["label"]
        assert counter["count"] != "0", f"{counter['label']} counts nothing, so this proves nothing"


def counted(person, shop):
    boards = person.get(url("home", shop)).context["boards"]
    return {str(counter["label"]): counter["count"] for board in boards for counter in board["counters"]}


def test_soon_means_within_the_time_of_the_shops_own_warning(shop, owner):
    for hours in (1, 5, 30):
        make.order(shop, ship_by=make.NOW + hours * make.HOUR)
    assert counted(owner, shop)["Due to ship soon"] == "2"
    for warning, soon in ((3 * make.HOUR, "1"), (48 * make.HOUR, "3"), (None, "0")):
        ShopPolicy.objects.filter(shop=shop).update(ship_warning=warning)
        assert counted(owner, shop)["Due to ship soon"] == soon
    ShopPolicy.objects.filter(shop=shop).update(ship_warning=3 * make.HOUR)
    owner.get(url("home", shop)).says("Within 3 hours.")


def test_an_order_that_still_waits_for_review_counts_as_overdue_to_ship(shop, owner):
    make.order(shop, "to_review", ship_by=make.NOW - make.HOUR)
    make.order(shop, "shipped", ship_by=make.NOW - make.HOUR)
    assert counted(owner, shop)["Shipping overdue"] == "1"


def test_an_empty_shop_counts_nothing(shop, view_only):
    assert set(counted(view_only, shop).values()) == {"0"}


def test_everything_is_counted_in_one_query(busy, shop, owner, django_assert_max_num_queries):
    owner.get(url("home", shop))
    with django_assert_max_num_queries(8):
        owner.get(url("home", shop))


def test_what_waits_behind_a_place_is_the_length_of_its_list(busy, shop, owner):
    items = [item for group in owner.get(url("home", shop)).context["nav"] for item in group["items"] if item["count"]]
    assert items
    for item in items:
        assert item["count"] == str(len(owner.get(item["url"]).context["table"]["rows"])), item["label"]


def test_places_are_shown_to_those_who_may_enter_them(shop, owner, view_only):
    members = url("member_list", shop)
    owner.get(url("home", shop)).says(f'href="{members}"')
    view_only.get(url("home", shop)).keeps_quiet_about(f'href="{members}"')


def test_exactly_one_place_is_the_current_one(shop, owner):
    make.order(shop)
    for address in (
        url("home", shop),
        url("order_list", shop),
        f"{url('order_list', shop)}?tab=unpaid",
        url("member_list", shop),
    ):
        nav = owner.get(address).context["nav"]
        assert sum(item["active"] for group in nav for item in group["items"]) == 1, address
