"""Filters of lists: strict, on the shop's days, and drawn as what they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict

from orders.filters import OrderFilter
from orders.models import Order
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)  # the 23rd in Shanghai, the 22nd in London


def filtered(shop, query):
    filters = OrderFilter(QueryDict(query), Order.objects.for_shop(shop), shop=shop, now=NOW)
    assert filters.problems() == []
    return set(filters.rows().values_list("number", flat=True))


def placed(shop, number, *moment):
    return make.order(shop, number=number, placed_at=datetime(*moment, tzinfo=UTC))


def test_a_day_is_a_day_of_the_shop_and_the_last_one_counts_whole(shop):
    placed(shop, "before", 2026, 11, 20, 15, 59, 59)
    placed(shop, "first", 2026, 11, 20, 16)
    placed(shop, "last", 2026, 11, 22, 15, 59, 59)
    placed(shop, "after", 2026, 11, 22, 16)
    assert filtered(shop, "placed_from=2026-11-21&placed_to=2026-11-22") == {"first", "last"}
    assert filtered(shop, "placed_to=2026-11-20") == {"before"}
    assert filtered(shop, "placed_from=2026-11-23") == {"after"}


def test_a_time_of_day_is_on_the_shops_clock(shop):
    placed(shop, "a", 2026, 11, 22, 6, 5)
    placed(shop, "b", 2026, 11, 22, 6, 6)
    assert filtered(shop, "placed_to=2026-11-22T14:05") == {"a"}
    assert filtered(shop, "placed_from=2026-11-22+14:06") == {"b"}


def test_the_last_days_count_today_as_the_shop_has_it(shop, other_shop):
    for one in (shop, other_shop):
        placed(one, "17th in Shanghai", 2026, 11, 16, 16)
        placed(one, "16th everywhere", 2026, 11, 16, 12)
    assert filtered(shop, "placed=7") == {"17th in Shanghai"}
    assert filtered(other_shop, "placed=7") == {"17th in Shanghai", "16th everywhere"}


def test_several_words_of_one_filter_are_alternatives_and_two_filters_both_hold(shop):
    make.order(shop, "unpaid", number="u", source="live")
    make.order(shop, "to_ship", number="s", source="live")
    make.order(shop, "shipped", number="x", source="search")
    assert filtered(shop, "status=unpaid&status=to_ship") == {"u", "s"}
    assert filtered(shop, "status=unpaid&status=to_ship&source=live&payment=paid") == {"s"}


def test_amounts_are_bounds_that_belong(shop):
    for price in ("9.99", "10.00", "20.00", "20.01"):
        make.order(shop, number=price, lines=[make.line(quantity=1, price=price)])
    assert filtered(shop, "total_from=10&total_to=20.00") == {"10.00", "20.00"}


def test_overdue_begins_at_the_very_second_and_closed_orders_are_never_overdue(shop):
    def due(number, status, at):
        return make.order(shop, status, number=number, ship_by=at)

    due("at", "to_ship", NOW)
    due("ahead", "to_ship", NOW + timedelta(seconds=1))
    due("far", "to_ship", NOW + timedelta(hours=24, seconds=1))
    due("edge", "to_ship", NOW + timedelta(hours=24))
    due("done", "completed", NOW - timedelta(days=1))
    assert filtered(shop, "due=overdue") == {"at"}
    assert filtered(shop, "due=soon") == {"ahead", "edge"}


def test_parcels_creators_notes_flags_and_regions_are_found(shop):
    shipped = make.shipped(shop, "SF100", "SF200", number="shipped")
    host = make.line("Oolong", creator_number="c9", creator_name="Tea Host")
    make.order(shop, number="hosted", lines=[host], seller_note="gift wrap", flag=5, province="浙江", city="杭州")
    assert filtered(shop, "tracking=SF200") == {shipped.number}
    assert filtered(shop, "carrier=sf+express") == {"shipped"}
    assert filtered(shop, "creator=tea+ho") == filtered(shop, "creator=c9") == {"hosted"}
    assert filtered(shop, "note=yes") == filtered(shop, "flag=5") == filtered(shop, "province=浙") == {"hosted"}
    assert filtered(shop, "note=no") == {"shipped"}
    assert filtered(shop, "city=杭州&province=广东") == set()


def test_a_phone_is_found_exactly_and_in_its_own_shop_alone(shop, other_shop):
    make.order(shop, number="mine")
    make.order(other_shop, number="theirs")
    assert filtered(shop, "phone=%2B86+138+0013+8000") == {"mine"}
    assert filtered(shop, "phone=1380013800") == set()
    assert filtered(shop, "phone=x") == set()


def drawn(shop, query, name):
    filters = OrderFilter(QueryDict(query), Order.objects.for_shop(shop), shop=shop, now=NOW)
    shown = filters.shown(lambda **_change: "/", ())
    fields = [*shown["main"], *(field for group in filters.panel() for field in group["fields"])]
    return next(field for field in fields if field["name"] == name)


def test_what_the_side_panel_holds_stays_in_the_form_until_the_panel_comes(shop):
    query = QueryDict("status=unpaid&flag=5&flag=4&paid=7&total_from=1")
    filters = OrderFilter(query, Order.objects.for_shop(shop), shop=shop, now=NOW)
    kept = filters.shown(lambda **_change: "/", ())["kept"]
    assert sorted(kept) == [("flag", "4"), ("flag", "5"), ("paid", "7"), ("total_from", "1")]


def test_a_filter_of_several_words_is_drawn_as_boxes_with_the_chosen_ticked(shop):
    status = drawn(shop, "status=unpaid&status=to_ship", "status")
    assert status["kind"] == "multi"
    assert [option["value"] for option in status["options"] if option["selected"]] == ["unpaid", "to_ship"]
    assert status["html"].count('type="checkbox"') == 8
    assert status["html"].count(" checked") == 2


def test_each_filter_is_drawn_as_what_it_is(shop):
    kinds = {"status": "multi", "flag": "multi", "due": "select", "note": "select", "phone": "text", "city": "text"}
    kinds |= {"placed": "time_range", "total_range": "number_range", "deadline_range": "time_range"}
    assert {name: drawn(shop, "", name)["kind"] for name in kinds} == kinds


def test_a_kept_drawing_never_shows_what_another_person_typed(shop):
    first = drawn(shop, "city=secret-city", "city")
    assert 'value="secret-city"' in first["html"]
    assert "secret-city" not in drawn(shop, "", "city")["html"]


def test_every_filter_stands_somewhere_on_the_page():
    joined = {name for one in OrderFilter.ranges.values() for name in (one.low, one.high, one.quick)}
    placed_ones = {*OrderFilter.main, *(name for _label, names in OrderFilter.more for name in names)}
    shown = (placed_ones - set(OrderFilter.ranges)) | joined | {OrderFilter.search, *OrderFilter.linked}
    assert set(OrderFilter.base_filters) - shown == set()


def test_chips_say_what_is_active_and_take_it_away(shop, owner):
    answer = owner.get(f"/s/{shop.code}/orders", {"status": ["unpaid", "to_ship"], "total_from": "5", "tab": "unpaid"})
    chips = answer.context["filters"]["chips"]
    assert [(chip["label"], chip["value"]) for chip in chips] == [("Status", "Unpaid, To ship"), ("Total", "≥ 5")]
    assert chips[0]["remove_url"] == f"/s/{shop.code}/orders?total_from=5&tab=unpaid"
