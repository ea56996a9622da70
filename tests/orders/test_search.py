"""One search box: whatever strategy answers, the rows are those that a plain look through the table finds."""

from __future__ import annotations

import random

import pytest
from django.db.models import F

from orders import search
from orders.models import Order
from sellercenter.keyset import Cursor, Sort
from tests import make
from tests.conftest import url

pytestmark = pytest.mark.django_db
NEWEST = Sort("placed_at", descending=True)


def found(shop, text, *, size=50, sort=NEWEST):
    """Walk all pages of a search."""
    rows = Order.objects.for_shop(shop)
    page = search.fetch(rows, text, sort, size, None, shop=shop)
    numbers = [order.number for order in page.rows]
    while page.next:
        page = search.fetch(rows, text, sort, size, Cursor.read(page.next.token(), sort), shop=shop)
        numbers += [order.number for order in page.rows]
    return numbers


@pytest.fixture
def few(shop, other_shop):
    """Load orders that differ in all that is searched."""
    make.order(shop, number="6900001", buyer_nickname="Tea_Lover100%", lines=[make.line("Longjing 龙井茶")])
    make.order(shop, number="6900002", buyer_nickname="王小明", lines=[make.line("Silk scarf", seller_sku="SC-1")])
    make.shipped(shop, "SF123456", number="7100001", buyer_nickname="plain")
    theirs = {"number": "6900001", "buyer_nickname": "王小明", "lines": [make.line("Longjing 龙井茶")]}
    make.order(other_shop, **theirs)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("6900001", ["6900001"]),
        ("69000", ["6900002", "6900001"]),
        ("SF123456", ["7100001"]),
        ("SF1234", []),
        (make.PHONE, ["7100001", "6900002", "6900001"]),
        ("+86 138-0013-8000", ["7100001", "6900002", "6900001"]),
        ("138 0013 8000", ["7100001", "6900002", "6900001"]),
        ("1380013800", []),
        ("lov", ["6900001"]),
        ("LOVER", ["6900001"]),
        ("小明", ["6900002"]),
        ("王小明", ["6900002"]),
        ("龙井", ["6900001"]),
        ("longjing", ["6900001"]),
        ("silk sc", ["6900002"]),
        ("P-Silk scarf", ["6900002"]),
        ("K-Silk scarf", ["6900002"]),
        ("SC-1", ["6900002"]),
        ("100%", ["6900001"]),
        ("_lover", ["6900001"]),
        ("%", []),
        ("a_o", []),
        ("l%r", []),
        ("\\", []),
        ("6", ["6900002", "6900001"]),
        ("nothing of this", []),
    ],
)
def test_the_box_finds(few, shop, text, numbers):
    assert sorted(found(shop, text)) == sorted(numbers)


def test_the_page_finds_what_the_search_finds(few, shop, owner):
    for text in ("小明", "+86 138-0013-8000", "SF123456", "龙井"):
        answer = owner.get(url("order_list", shop), {"q": text})
        assert sorted(order.number for order in answer.context["table"]["rows"]) == sorted(found(shop, text))


def test_a_search_stays_inside_its_tab_and_its_filters(few, shop, owner):
    rows = owner.get(url("order_list", shop), {"q": make.PHONE, "tab": "shipped"}).context["table"]["rows"]
    assert [order.number for order in rows] == ["7100001"]
    assert not owner.get(url("order_list", shop), {"q": make.PHONE, "tab": "unpaid"}).context["table"]["rows"]


NAMES = ["小明", "王小明", "李雷", "tea lover", "Tea Master", "ab", "茶", "韩梅梅", "ice", "50% off", "a_b", ""]
TITLES = ["Green tea", "Black tea", "青花瓷茶杯", "Silk", "茶叶", "50% sale", "a_b set", "Ice cup"]
WORDS = [
    "小明",
    "tea",
    "茶",
    "茶杯",
    "ab",
    "a_b",
    "50%",
    "ice",
    "lover",
    "Master",
    "瓷",
    "x",
    "zz",
    "梅梅",
    "00",
    "9",
    "69",
]


@pytest.fixture(scope="module")
def dice():
    return random.Random(20261122)


@pytest.fixture
def many(shop, dice):
    """Load 300 orders with random names, titles and times, seeded."""
    told = [
        make.facts(
            shop,
            dice.choice(["unpaid", "to_ship", "completed"]),
            buyer_nickname=dice.choice(NAMES),
            placed_at=make.NOW - dice.randrange(60) * make.HOUR,
            lines=[make.line(title) for title in dice.sample(TITLES, dice.choice([1, 1, 2]))],
        )
        for _order in range(300)
    ]
    return make.orders(shop, told)


@pytest.fixture
def scan(many, shop):
    """Look at every order, one by one, in Python."""
    every = [
        (order.number, [order.buyer_nickname.lower(), *(line.product.title.lower() for line in order.lines.all())])
        for order in Order.objects.for_shop(shop).prefetch_related("lines__product")
    ]

    def look(text):
        wanted = text.lower()
        hits = {number for number, texts in every if len(text) > 1 and any(wanted in one for one in texts)}
        return hits | {number for number, _texts in every if number.startswith(text)}

    return look


def test_by_every_stage_the_rows_are_those_of_a_plain_scan(scan, shop, monkeypatch):
    for reach, common, walk in ((1, 1, 2), (7, 2, 30), (60, 3, 90), (60, 99, 90), (299, 1, 299)):
        monkeypatch.setattr(search, "SLICE", reach)
        monkeypatch.setattr(search, "COMMON", common)
        monkeypatch.setattr(search, "WALK", walk)
        for text in WORDS:
            rows = found(shop, text, size=40)
            assert len(rows) == len(set(rows)), f"{text}: a row twice"
            assert set(rows) == scan(text), (text, reach)


def test_a_word_that_is_common_after_all_still_finds_every_row(scan, shop, monkeypatch):
    monkeypatch.setattr(search, "SLICE", 5)
    monkeypatch.setattr(search, "WALK", 10)
    for most in (0, 5):
        monkeypatch.setattr(search, "MOST_CANDIDATES", most)
        for text in ("tea", "小明", "zz"):
            assert set(found(shop, text, size=40)) == scan(text)


SORTS = [NEWEST, Sort("paid_at", True, True), Sort("deadline_at", False, True), Sort("placed_at")]


def test_found_rows_are_in_the_order_of_the_list_page_after_page(scan, shop, monkeypatch):
    monkeypatch.setattr(search, "SLICE", 20)
    monkeypatch.setattr(search, "WALK", 50)
    monkeypatch.setattr(search, "COMMON", 3)
    for sort in SORTS:
        column = F(sort.field).desc(nulls_last=True) if sort.descending else F(sort.field).asc(nulls_last=True)
        ordered = Order.objects.for_shop(shop).order_by(column, f"{sort.sign}pk")
        plain = list(ordered.values_list("number", flat=True))
        for text in ("tea", "小明"):
            wanted = scan(text)
            assert found(shop, text, size=25, sort=sort) == [number for number in plain if number in wanted]


def test_a_search_walks_back_the_way_it_came(many, shop, monkeypatch):
    monkeypatch.setattr(search, "SLICE", 20)
    monkeypatch.setattr(search, "WALK", 50)
    monkeypatch.setattr(search, "COMMON", 3)
    rows, pages, page = Order.objects.for_shop(shop), [], None
    cursor = None
    while page is None or page.next:
        cursor = page.next if page else None
        page = search.fetch(rows, "tea", NEWEST, 7, cursor, shop=shop)
        pages.append([order.number for order in page.rows])
    back = [pages[-1]]
    while page.previous:
        page = search.fetch(rows, "tea", NEWEST, 7, page.previous, shop=shop)
        back.append([order.number for order in page.rows])
    assert back[::-1] == pages


def test_a_search_takes_few_queries(many, shop, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(search, "SLICE", 20)
    monkeypatch.setattr(search, "WALK", 50)
    monkeypatch.setattr(search, "COMMON", 3)
    for text in ("tea", "zz", "69000", make.PHONE, "茶"):
        with django_assert_max_num_queries(6):
            search.fetch(Order.objects.for_shop(shop), text, NEWEST, 9, None, shop=shop)


def test_the_phone_stands_in_no_query(many, shop, django_assert_max_num_queries):
    with django_assert_max_num_queries(6) as captured:
        search.fetch(Order.objects.for_shop(shop), make.PHONE, NEWEST, 9, None, shop=shop)
    # The number is also looked for as an order and tracking number, but never beside the sealed data.
    assert not [
        one["sql"] for one in captured if "recipient" in one["sql"] and f"phone_index = '{make.PHONE}" in one["sql"]
    ]


def test_a_pattern_is_taken_letter_by_letter():
    assert search.like("50%_\\A") == "%50\\%\\_\\\\a%"
