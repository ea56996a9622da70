"""The order list as people read it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orders import tables
from orders.models import Order
from orders.views.lists import OrderList
from sellercenter import counts, pages
from sellercenter.columns import Setting
from sellercenter.models import ShopPolicy
from tests import make
from tests.conftest import Person, url

pytestmark = pytest.mark.django_db


def opened(person, shop, **query):
    return person.get(url("order_list", shop), query)


def numbers(answer):
    return [order.number for order in answer.context["table"]["rows"]]


def test_a_row_shows_what_matters_and_nothing_private(shop, view_only):
    line = make.line("Longjing 龙井", variant="250 g", creator_number="c1", creator_name="Tea Host", room="room 8")
    order = make.order(shop, lines=[line, make.line("Cup")], seller_note="gift wrap", flag=5, source="live")
    answer = opened(view_only, shop)
    for text in (
        order.number,
        "To ship",
        "Longjing 龙井",
        "250 g ×2",
        "+1",
        "¥40.00",
        "tea lover",
        "王**",
        "广东 · 广州",
    ):
        answer.says(text)
    answer.says("Alipay").says("Livestream").says("Tea Host").says("gift wrap").says("Red flag")
    for secret in ("王小明", make.PHONE, "幸福路", "138****8000"):
        answer.keeps_quiet_about(secret)
    answer.says(f'href="{url("order_detail", order)}"')


def test_the_newest_order_stands_first(shop, owner):
    for hours in (5, 1, 3):
        make.order(shop, number=f"{hours} h ago", placed_at=make.NOW - hours * make.HOUR)
    assert numbers(opened(owner, shop)) == ["1 h ago", "3 h ago", "5 h ago"]


def test_sorted_by_time_left_the_most_urgent_stands_first_and_closed_orders_last(shop, owner):
    make.order(shop, number="soon", ship_by=make.NOW + make.HOUR)
    make.order(shop, number="late", ship_by=make.NOW - make.HOUR)
    make.order(shop, "completed", number="closed")
    answer = opened(owner, shop, sort="deadline")
    assert numbers(answer) == ["late", "soon", "closed"]
    assert answer.text.count('<tr class="late">') == 1


def badges(answer):
    """Return what stands beside the state of each row, by order number."""
    return {
        order.number: [one["label"] for one in tables.states(order, Setting(order.shop, make.NOW))][1:]
        for order in answer.context["table"]["rows"]
    }


def test_cancel_requests_are_listed_by_the_time_left_for_an_answer(shop, owner):
    make.order(shop, number="calm")
    for number, ago, ship_by in (("young", 1, 90), ("old", 40, 90), ("late to ship", 20, 2)):
        asked_at = make.NOW - ago * make.HOUR
        make.order(shop, number=number, cancel_requested_at=asked_at, ship_by=make.NOW + ship_by * make.HOUR)
    answer = opened(owner, shop, asked="cancel", sort="answer", cols="answer")
    assert numbers(answer) == ["old", "late to ship", "young"]
    answer.says("Without an answer it counts as accepted.")
    assert badges(answer) == {
        "old": ["Cancel requested · 8 h 0 min"],
        "late to ship": ["Cancel requested"],
        "young": ["Cancel requested · 1 d 23 h"],
    }


def test_what_has_to_be_settled_is_found_and_marked(shop, owner):
    make.order(shop, number="calm")
    make.order(shop, number="waits", held=True)
    owes = make.order(shop, "cancelled", number="owes")
    Order.objects.filter(pk=owes.pk).update(refund_due=5)
    held, refund = (opened(owner, shop, settle=word) for word in ("held", "refund"))
    assert (numbers(held), badges(held)) == (["waits"], {"waits": ["Held"]})
    assert (numbers(refund), badges(refund)) == (["owes"], {"owes": ["Refund to make"]})


def test_due_soon_is_the_shops_own_warning_for_what_has_to_be_shipped_and_a_day_for_the_rest(shop, owner):
    ShopPolicy.objects.filter(shop=shop).update(ship_warning=3 * make.HOUR)
    for hours in (2, 5):
        make.order(shop, number=f"ship in {hours} h", ship_by=make.NOW + hours * make.HOUR)
    make.order(shop, "unpaid", number="pay in 20 h", placed_at=make.NOW - 28 * make.HOUR)
    assert numbers(opened(owner, shop, due="soon", sort="deadline")) == ["ship in 2 h", "pay in 20 h"]


@pytest.mark.parametrize(
    ("tab", "states"),
    [
        ("unpaid", ["unpaid"]),
        ("to_review", ["to_review"]),
        ("to_ship", ["part_shipped", "to_ship"]),
        ("shipped", ["delivered", "shipped"]),
        ("completed", ["completed"]),
        ("cancelled", ["cancelled"]),
    ],
)
def test_each_tab_holds_its_states(shop, owner, tab, states):
    every = ["unpaid", "to_review", "to_ship", "part_shipped", "shipped", "delivered", "completed", "cancelled"]
    make.orders(shop, [make.facts(shop, state) for state in every])
    assert sorted(order.status for order in opened(owner, shop, tab=tab).context["table"]["rows"]) == states


def test_the_tabs_of_cases_and_marks_hold_them_in_whatever_state(shop, owner):
    make.order(shop, "completed", number="case", aftersales="open")
    make.order(shop, "to_ship", number="mark", abnormal="stock")
    make.order(shop, "to_ship", aftersales="closed")
    assert numbers(opened(owner, shop, tab="aftersales")) == ["case"]
    assert numbers(opened(owner, shop, tab="abnormal")) == ["mark"]


@pytest.fixture
def small_cap(monkeypatch):
    """Count up to three; queries that are kept are composed anew before and after."""
    for module in (counts, pages):
        monkeypatch.setattr(module, "CAP", 3)
    counts._composed.cache_clear()
    yield
    counts._composed.cache_clear()


def test_counts_stop_at_their_cap(shop, owner, small_cap):
    make.orders(shop, [make.facts(shop) for _order in range(5)])
    shown = {tab["code"]: tab["count"] for tab in opened(owner, shop).context["tabs"]}
    assert (shown[""], shown["to_ship"], shown["unpaid"]) == ("3+", "3+", "0")


def test_an_empty_shop_says_how_orders_come_in_and_an_empty_filter_how_to_get_out(shop, owner):
    opened(owner, shop).says("No orders yet.")
    make.order(shop)
    answer = opened(owner, shop, city="nowhere", tab="to_ship").says("Nothing matches.")
    assert answer.context["table"]["empty"]["actions"][0]["url"] == f"{url('order_list', shop)}?tab=to_ship"
    opened(owner, shop, tab="unpaid").says("Nothing here.")


def test_a_list_without_a_right_is_refused_in_words(shop):
    member = make.member(shop, make.role(shop, "figures.view"))
    answer = Person(member.user, member).get(url("order_list", shop))
    assert (answer.code, "You may not open this" in answer.text) == (403, True)


def test_filters_survive_tabs_sorts_and_pages(shop, owner, monkeypatch):
    monkeypatch.setattr(OrderList, "per_page", 1)
    make.orders(shop, [make.facts(shop, source="live") for _order in range(3)])
    answer = opened(owner, shop, source="live", sort="total")
    assert all("source=live" in tab["url"] and "sort=total" in tab["url"] for tab in answer.context["tabs"])
    after = owner.get(answer.context["pager"]["next_url"])
    assert len(numbers(after)) == 1
    assert "after=" not in after.context["tabs"][1]["url"]
    assert "after=" not in after.context["filters"]["chips"][0]["remove_url"]


def test_the_pager_says_how_many_of_how_many(shop, owner):
    make.orders(shop, [make.facts(shop) for _order in range(3)])
    opened(owner, shop).says("3 of 3")
    opened(owner, shop, city="广州").says("3 found")


def test_amounts_are_in_the_currency_of_the_order(other_shop, stranger):
    make.order(other_shop)
    stranger.get(url("order_list", other_shop)).says("£20.00").keeps_quiet_about("¥20.00")


def test_times_are_on_the_clock_of_the_shop(shop, owner):
    make.order(shop, placed_at=datetime(2020, 3, 4, 18, 30, tzinfo=UTC))
    opened(owner, shop).says("2020-03-05 02:30:00 CST")
