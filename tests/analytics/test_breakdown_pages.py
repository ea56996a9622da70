"""Pages that tell figures apart: their numbers, how they are sorted, where they lead, and what is on the map."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from aftersales.models import Case
from aftersales.states import CaseKind
from analytics import breakdowns, rollups
from analytics.breakdowns import DIMENSIONS
from analytics.periods import Period
from orders.models import Order, Product
from orders.states import CancelledBy
from sellercenter.models import Event
from tests import make
from tests.aftersales import talk
from tests.conftest import url

pytestmark = pytest.mark.django_db
PAGES = ("sources", "creators", "products", "regions", "carriers", "methods", "hours", "cancels")
D = Decimal


def told_of(shop, state="completed", **facts):
    return make.facts(shop, state, **{"placed_at": make.NOW - timedelta(days=2), **facts})


def line(title, price, **facts):
    return make.line(title, quantity=1, price=price, **facts)


@pytest.fixture
def busy(shop):
    """Load orders of several sources, regions, products and creators, with cases, reviews and cancellations."""
    by_host = {"creator_number": "C1", "creator_name": "Host <1>", "room": "R1", "commission_amount": D("3.00")}
    loaded = make.orders(
        shop,
        [
            told_of(shop, source="live", lines=[line("Tea", "30.00", **by_host), line("Cup", "10.00")]),
            told_of(shop, source="live", province="浙江省", lines=[line("Tea", "20.00", **by_host)]),
            told_of(shop, source="shop", province="浙江省", payment_method="card"),
            told_of(
                shop, "shipped", source="search", province="", ship_by=make.NOW - make.DAY, parcels=[make.parcel()]
            ),
            told_of(shop, "unpaid", source="search"),
            told_of(shop, "cancelled", source="search", paid_at=None, cancel_reason="", payments=[]),
            told_of(shop, "cancelled", source="shop", cancelled_by=CancelledBy.SELLER, cancel_reason="no stock"),
            told_of(shop, placed_at=make.NOW - timedelta(days=40), source="live", lines=[line("Tea", "15.00")]),
            told_of(shop, kind="sample", source="live"),
        ],
    )
    for order in loaded[:2]:
        make.case(shop, kind=CaseKind.RETURN, order=order)
    talk.review(loaded[1], rating=1)
    for month in rollups.months(shop):
        rollups.rebuild_month(shop, month)
    return loaded


@pytest.fixture
def month(shop):
    today = make.NOW.astimezone(shop.zone).date()
    return Period(today - timedelta(days=29), today)


def page(person, shop, name, query=""):
    answer = person.get(f"{url(f'figures_{name}', shop)}?{query}")
    assert answer.code == 200
    return answer


def tables(answer):
    """Return the tables of a page by their codes: a row of texts for each row, its name first."""
    return {
        one["code"]: [[row["head"], *(cell["text"] for cell in row["cells"])] for row in one["table"]["rows"]]
        for one in answer.context["blocks"]
        if one["kind"] == "table"
    }


def test_each_source_is_told_with_its_figures_its_share_and_its_change(busy, shop, data):
    rows = tables(page(data, shop, "sources"))["source"]
    assert rows == [
        ["Livestream", "2", "2", "¥60.00", "¥30.00", "100.00 %", "33.33 %", "100.00 %", "50.00 %", "+300.00 %"],
        ["Shop page", "2", "2", "¥40.00", "¥20.00", "100.00 %", "0.00 %", "0.00 %", "33.33 %", "—"],
        ["Search", "3", "1", "¥20.00", "¥20.00", "33.33 %", "100.00 %", "0.00 %", "16.67 %", "—"],
        ["All orders", "7", "5", "¥120.00", "¥24.00", "71.43 %", "40.00 %", "40.00 %", "100.00 %", "+700.00 %"],
    ]


def test_a_table_is_sorted_by_any_column_and_says_so(busy, shop, data):
    assert [row[0] for row in tables(page(data, shop, "sources"))["source"][:3]] == [
        "Livestream",
        "Shop page",
        "Search",
    ]
    for query, first in (("sort=placed", 2), ("sort=-placed", 3)):
        answer = page(data, shop, "sources", query)
        assert tables(answer)["source"][0][1] == str(first)
        (table,) = answer.context["blocks"]
        heads = {str(head["label"]): head for head in table["table"]["heads"]}
        assert heads["Orders placed"]["sorted"] == ("descending" if "-" in query else "ascending")
        assert [head for head in heads.values() if head["sorted"]] == [heads["Orders placed"]]
    assert [row[0] for row in tables(page(data, shop, "sources", "sort=-name"))["source"]] == [
        *("Shop page", "Search", "Livestream", "All orders")
    ]


def test_no_figure_stands_last_whichever_way_a_table_is_sorted(busy, shop, data):
    for query in ("sort=change", "sort=-change"):
        rows = tables(page(data, shop, "sources", query))["source"]
        assert [row[-1] for row in rows] == ["+300.00 %", "—", "—", "+700.00 %"]


def test_each_number_of_a_page_opens_a_list_of_so_many(busy, shop, owner):
    for name in PAGES:
        opened = 0
        for row in (
            row for one in page(owner, shop, name).context["blocks"] if "table" in one for row in one["table"]["rows"]
        ):
            cell = next((cell for cell in row["cells"] if cell["url"] and cell["text"].isdecimal()), None)
            if cell:
                listed = owner.get(cell["url"])
                assert listed.context["filters"]["errors"] == []
                assert cell["text"] == str(len(listed.context["table"]["rows"])), (name, row["head"])
                opened += 1
        assert opened > 1, name


def test_what_stands_after_the_largest_is_summed_up_as_others(busy, shop, month, monkeypatch):
    told = breakdowns.breakdowns(shop, [DIMENSIONS["source"]], month)["source"]
    assert (len(told.rows), told.rest) == (3, None)
    short = breakdowns.breakdowns(shop, [replace(DIMENSIONS["source"], most=1)], month)["source"]
    assert ([row.key for row in short.rows], short.rest.name) == (["live"], "2 others")
    assert (short.rest.sums["placed"], short.rest.sums["paid_amount"]) == (5, D("60.00"))
    assert short.urls(short.rest) == [""] * 8
    assert short.total.sums == told.total.sums


def test_creators_and_rooms_are_told_with_their_commission(busy, shop, data):
    answer = page(data, shop, "creators", "compare=")
    expected = ["2", "2", "¥50.00", "¥6.00", "12.00 %", "100.00 %"]
    found = tables(answer)
    assert found["creator"][0][:7] == ["Host <1>", *expected]
    assert found["room"][0][:7] == ["R1", *expected]
    answer.says("Host <1>")
    assert b"Host &lt;1&gt;" in answer.content


def test_products_are_told_with_the_causes_of_their_cases(busy, shop, owner):
    answer = page(owner, shop, "products")
    tea = Product.objects.get(shop=shop, title="Tea")
    rows = {row[0]: row for row in tables(answer)["product"]}
    assert rows["Tea"][1:7] == ["2", "2", "¥50.00", "2", "100.00 %", "100.00 %"]
    (bars,) = [one["bars"] for one in answer.context["blocks"] if one["kind"] == "bars"]
    (row,) = bars["table"]["rows"]
    problem = Case.objects.filter(shop=shop).values_list("problem", flat=True).distinct().get()
    assert [row["head"]["text"], *(cell["text"] for cell in row["cells"])] == ["Tea", "2", "2"]
    for cell in row["cells"]:
        assert f"product_id={tea.pk}" in cell["url"]
        assert len(owner.get(cell["url"]).context["table"]["rows"]) == 2
    assert row["cells"][0]["url"].endswith(f"&problem={problem}")


def test_numbers_lead_only_where_the_person_may_go(busy, shop, data, owner):
    cases = url("case_list", shop)
    page(owner, shop, "products").says(cases)
    page(data, shop, "products").keeps_quiet_about(cases).says(url("order_list", shop))
    owner.get(url("home", shop)).says(f"{cases}?counted=all")
    data.get(url("home", shop)).keeps_quiet_about(f"{cases}?counted=all")


def test_cancellations_are_told_by_step_by_reason_and_by_who_did_it(busy, shop, data):
    answer = page(data, shop, "cancels")
    (bars,) = [one["bars"] for one in answer.context["blocks"] if one["kind"] == "bars"]
    told = {row["head"]["text"]: [cell["text"] for cell in row["cells"]] for row in bars["table"]["rows"]}
    assert told == {
        "Never paid": ["1", "50.00 %", "¥20.00"],
        "Paid, not shipped": ["1", "50.00 %", "¥20.00"],
        "Shipped": ["0", "0.00 %", "¥0.00"],
    }
    found = tables(answer)
    assert {row[0]: row[1:3] for row in found["cancel_reason"]} == {
        "no stock": ["1", "¥20.00"],
        "Not known": ["1", "¥20.00"],
        "All orders": ["2", "¥40.00"],
    }
    assert {row[0] for row in found["cancelled_by"]} == {"Buyer", "Seller", "All orders"}
    assert [row[:4] for row in found["source"] if row[0] == "Search"] == [["Search", "3", "33.33 %", "¥20.00"]]


def tiles(answer):
    (found,) = [one["tiles"] for one in answer.context["blocks"] if one["kind"] == "tiles"]
    return found


def test_a_map_shows_what_the_table_is_sorted_by_and_says_what_it_does_not_show(busy, shop, data):
    Order.objects.filter(pk=busy[0].pk).update(province="广东省")
    rollups.recompute(shop, [(make.NOW - timedelta(days=2)).astimezone(shop.zone).date()])
    shown = tiles(page(data, shop, "regions", "sort=-placed"))
    by_name = {one["short"]: one for one in shown["tiles"]}
    assert (len(by_name), shown["columns"]) == (34, 8)
    assert {name: by_name["浙江"][name] for name in ("name", "said", "value")} == {
        **{"name": "浙江省", "said": "29 %", "value": "2"}
    }
    # Two spellings of one province stand together, and no list shows both.
    assert (by_name["广东"]["value"], by_name["广东"]["name"], by_name["广东"]["url"]) == ("4", "广东, 广东省", "")
    assert (by_name["新疆"]["said"], by_name["新疆"]["level"], by_name["新疆"]["url"]) == ("–", 0, "")
    assert shown["outside"] == "Orders that are not on the map: 1. The table has them."
    assert {one["level"] for one in shown["tiles"]} == {0, 3, 4}
    assert tiles(page(data, shop, "regions"))["tiles"] != shown["tiles"]


def test_without_a_country_that_is_known_there_is_no_map(shop, data):
    make.orders(shop, [told_of(shop, province="Kent")])
    rollups.rebuild_month(shop, make.NOW.astimezone(shop.zone).date().replace(day=1))
    assert [one["kind"] for one in page(data, shop, "regions").context["blocks"]] == ["table"]


def test_an_empty_page_says_that_there_is_nothing(shop, data):
    for name in PAGES:
        page(data, shop, name).says("Nothing in this time.")


def test_a_page_asks_little_and_is_small(busy, shop, data, django_assert_max_num_queries):
    for name in PAGES:
        page(data, shop, name)
        with django_assert_max_num_queries(8):
            answer = page(data, shop, name)
        assert len(answer.content) < 60_000


def test_what_makes_no_sense_in_the_address_is_said_and_nothing_is_shown(busy, shop, data):
    for query in ("sort=worth", "sort=-change&compare=", "period=moon"):
        answer = page(data, shop, "sources", query)
        assert answer.context["problem"]
        assert "blocks" not in answer.context
        answer.says("Sources")


def test_every_table_of_a_page_is_there_as_a_file(busy, shop, data):
    for name, codes in (("cancels", ["steps", "cancel_reason", "cancelled_by", "source", "method"]),):
        for code in codes:
            answer = page(data, shop, name, f"download=xlsx&table={code}")
            sheet = load_workbook(io.BytesIO(answer.content)).active
            assert shop.name in str([cell.value for row in sheet.iter_rows() for cell in row])
    assert Event.objects.filter(shop=shop, kind="shop.figures_downloaded").count() == 5
    text = page(data, shop, "products", "download=csv&table=causes").content.decode("utf-8-sig")
    assert '"Tea","2","2"' in text.replace("\r\n", "\n")
