"""Products and stock counts from files: what gets in, what is refused and why, and that twice is as once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction

from orders import inventory
from orders.models import Product, Sku
from orders.states import Status
from sellercenter.imports import UnreadableFile
from sellercenter.models import Event
from sellercenter.permissions import SYSTEM
from tests import make
from tests.orders.import_files import open_shop
from tests.orders.row_tables import Desk, counts

pytestmark = pytest.mark.django_db
HEAD = "product_no,title,sku_no,seller_sku,variant,price"
TEA = "3601,Green tea,360101,TEA-100,100 g,25.00"


@pytest.fixture
def goods(tmp_path):
    return Desk("products", open_shop(), tmp_path)


def skus():
    columns = ("product__number", "product__title", "number", "code", "variant", "price")
    return list(Sku.objects.order_by("number").values_list(*columns))


def test_products_and_skus_come_in_and_a_second_time_change_nothing(goods):
    rows = [HEAD, TEA, ",,360102,TEA-250,250 g,55", "3602,Mug,360201,,,", "3603,Card without SKUs,,,,"]
    assert goods.try_out(*rows) == (4, 0, 0, 0)
    assert goods.try_out(*rows) == (4, 0, 0, 0)
    assert goods.take(*rows) == (4, 0, 0, 0)
    assert skus() == [
        ("3601", "Green tea", "360101", "TEA-100", "100 g", Decimal("25.00")),
        ("3601", "Green tea", "360102", "TEA-250", "250 g", Decimal("55.00")),
        ("3602", "Mug", "360201", "", "", Decimal(0)),
    ]
    assert set(Product.objects.values_list("number", "title")) == {
        *(("3601", "Green tea"), ("3602", "Mug"), ("3603", "Card without SKUs"))
    }
    assert goods.try_out(*rows) == (0, 0, 4, 0)
    assert goods.take(*rows) == (0, 0, 4, 0)
    assert [event.data for event in Event.objects.filter(kind="stock.goods_uploaded")] == [{"new": 4, "changed": 0}]


def test_what_a_file_tells_otherwise_changes_and_what_it_leaves_out_is_kept(goods):
    goods.take(HEAD, TEA, ",,360102,TEA-250,250 g,55")
    rows = ["商品ID,商品名称,SKU ID,售价", "3601,Jasmine tea,360101,¥26", "3601,,360102,"]
    assert goods.try_out(*rows) == (0, 1, 1, 0)
    assert goods.take(*rows) == (0, 1, 1, 0)
    assert skus() == [
        ("3601", "Jasmine tea", "360101", "TEA-100", "100 g", Decimal("26.00")),
        ("3601", "Jasmine tea", "360102", "TEA-250", "250 g", Decimal("55.00")),
    ]
    assert goods.take(*rows) == (0, 0, 2, 0)
    changes = Event.objects.filter(kind__in=["sku.changed", "product.retitled"]).order_by("pk")
    assert [event.data for event in changes] == [
        {"before": "Green tea", "after": "Jasmine tea"},
        {"before": {"price": "25.00"}, "after": {"price": "26.00"}},
    ]


def test_a_new_sku_of_a_known_product_needs_no_title(goods):
    goods.take(HEAD, TEA)
    assert goods.try_out(HEAD, "3601,,360103,,500 g,99") == (1, 0, 0, 0)
    assert goods.take(HEAD, "3601,,360103,,500 g,99") == (1, 0, 0, 0)
    assert [(title, number) for _no, title, number, *_rest in skus()] == [
        ("Green tea", "360101"),
        ("Green tea", "360103"),
    ]


REFUSED = [
    ("3601,,360101,,,", "", "The product is not known here yet. Give its title."),
    (
        "5.76E+17,Tea,1,,,",
        "product_no",
        "Excel has rounded this number: its last digits are lost. Format the column as text, export again.",
    ),
    ("3601,Tea,,TEA-100,,", "sku_no", "Give the id of the SKU that this row tells of."),
    ("3601,Tea,1,,,cheap", "price", "This is not an amount. Write it like 1280.50."),
    ("3601,Tea,1,,,-3", "price", "The amount must not be negative."),
    ("3601,Tea,1,,,$3", "price", "“$” is not a sign of the shop's currency CNY."),
    ("3601,Tea,1,,,1,2", "", "The row has more cells than the header."),
    (f"3601,{'x' * 201},1,,,", "title", "The text has 201 characters, at most 200 fit."),
    (f"3601,{'x' * ((1 << 20) - 99)},1,,,", "title", "The text has 1048477 characters, at most 200 fit."),
    ("3601,Te\0a,1,,,", "title", "The text holds the character NUL, which can't be stored. Remove it."),
]


def test_each_row_that_cannot_be_taken_says_why_and_its_neighbours_get_in(goods):
    rows = [HEAD, "1,One,11,,,1", *(row for row, *_why in REFUSED), "2,Two,22,,,2"]
    expected = [(number, *why) for number, (_row, *why) in enumerate(REFUSED, 3)]
    assert (goods.try_out(*rows), goods.refusals()) == ((2, 0, 0, len(REFUSED)), expected)
    assert (goods.take(*rows), goods.refusals()) == ((2, 0, 0, len(REFUSED)), expected)
    assert [number for *_product, number, _code, _variant, _price in skus()] == ["11", "22"]


def test_rows_that_contradict_those_above_are_refused_and_repeated_ones_are_not(goods):
    rows = [HEAD, TEA, TEA, "3601,Black tea,360102,,,", "3601,,360101,TEA-100,100 g,26", "3602,Mug,360101,,,"]
    expected = [
        (4, "title", "Row 2 gives this product another title. Keep one."),
        (5, "sku_no", "Row 2 says something else of this SKU. Keep one."),
        (6, "sku_no", "Row 2 says something else of this SKU. Keep one."),
    ]
    assert (goods.try_out(*rows), goods.refusals()) == ((1, 0, 1, 3), expected)
    assert (goods.take(*rows), goods.refusals()) == ((1, 0, 1, 3), expected)
    assert (goods.take(*rows), goods.refusals()) == ((0, 0, 2, 3), expected)
    assert len(skus()) == 1


def test_a_title_that_comes_late_is_taken(goods):
    goods.take(HEAD, TEA)
    rows = [HEAD, "3601,,360101,TEA-100,100 g,25", "3601,Red tea,360101,TEA-100,100 g,25"]
    assert (goods.try_out(*rows), goods.take(*rows)) == ((0, 1, 1, 0), (0, 1, 1, 0))
    assert skus()[0][1] == "Red tea"


def test_a_sku_never_moves_to_another_product(goods):
    goods.take(HEAD, TEA)
    assert goods.take(HEAD, "3602,Mug,360101,,,1") == (0, 0, 0, 1)
    assert goods.refusals() == [(2, "", "This SKU belongs to the product 3601 already.")]
    assert skus() == [("3601", "Green tea", "360101", "TEA-100", "100 g", Decimal("25.00"))]
    assert not Product.objects.filter(number="3602").exists()


def test_the_first_row_must_name_its_product(goods):
    assert goods.take(HEAD, ",Tea,360101,,,", TEA) == (1, 0, 0, 1)
    assert goods.refusals() == [(2, "product_no", "This column must not be empty.")]


def test_rows_below_one_that_cannot_name_its_product_are_refused_with_it(goods):
    rows = [HEAD, TEA, "5.76E+17,Mug,1,,,1", ",,2,,,2", "3603,Pot,3,,,3"]
    assert goods.take(*rows) == (2, 0, 0, 2)
    assert [row for row, *_rest in goods.refusals()] == [3, 4]
    assert goods.refusals()[1][2] == "Not imported, because row 3, which names the product, was refused."
    assert [number for *_product, number, _code, _variant, _price in skus()] == ["3", "360101"]


def test_formulas_and_markup_are_kept_as_text_and_made_harmless_in_the_list(goods):
    rows = [HEAD, '=cmd|1,<script>alert(1)</script>,+1,"=HYPERLINK(""x"")",@a,1', "=cmd|2,,=1+1,,,"]
    assert goods.take(*rows) == (1, 0, 0, 1)
    assert skus() == [("=cmd|1", "<script>alert(1)</script>", "+1", '=HYPERLINK("x")', "@a", Decimal(1))]
    assert '"\'=1+1"' in goods.errors.read_text(encoding="utf-8-sig")


def test_each_shop_has_goods_of_its_own(goods, tmp_path):
    other = Desk("products", open_shop("south"), tmp_path)
    goods.take(HEAD, TEA)
    assert other.take(HEAD, "3601,Mug,360101,,,1") == (1, 0, 0, 0)
    assert sorted(title for _no, title, *_rest in skus()) == ["Green tea", "Mug"]


@pytest.mark.parametrize(
    ("head", "missing"),
    [("title,sku_no,price", "product_no"), ("sku,title", "product_no"), ("product_no,sku_no", "title")],
)
def test_a_file_without_a_column_that_is_needed_is_refused(goods, head, missing):
    with pytest.raises(UnreadableFile, match=f"^Columns are missing: {missing}.$"):
        goods.take(head, "1,2,3")
    assert not Product.objects.exists()


def test_the_header_may_stand_below_other_rows_and_have_columns_that_nobody_knows(goods):
    assert goods.take("Report of today", "", HEAD + ",Colour,库存", TEA + ",green,5") == (1, 0, 0, 0)
    assert goods.outcome.unknown_columns == ["Colour", "库存"]


def test_a_file_that_is_said_to_be_one_of_products_may_have_many_other_columns(goods):
    others = ",".join(f"other {number}" for number in range(30))
    assert goods.take(f"{HEAD},{others}", TEA) == (1, 0, 0, 0)


# --- Stock ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def stock(goods, tmp_path):
    goods.take(HEAD, TEA, ",,360102,TEA-250,,", ",,360103,TEA-X,,", ",,360104,TEA-X,,")
    return Desk("stock_counts", goods.shop, tmp_path)


def shelves():
    return dict(Sku.objects.filter(tracked=True).values_list("number", "on_hand"))


def test_counts_come_in_by_code_or_id_and_a_second_time_change_nothing(stock):
    rows = ["商家编码,SKU编号,库存", "TEA-100,,7", ",360103,0", "TEA-250,360102,５.0"]
    assert stock.try_out(*rows) == (3, 0, 0, 0)
    assert stock.take(*rows) == (3, 0, 0, 0)
    assert shelves() == {"360101": 7, "360102": 5, "360103": 0}
    assert stock.take(*rows) == (0, 0, 3, 0)
    assert stock.take("sku_id,on hand", "360101,8", "360102,5") == (0, 1, 1, 0)
    assert shelves() == {"360101": 8, "360102": 5, "360103": 0}


def test_each_count_that_cannot_be_taken_says_why_and_the_others_are_entered(stock):
    order = make.order(stock.shop, Status.UNPAID, lines=[make.line("Tea", quantity=3, sku_number="360102")])
    inventory.count(Sku.objects.get(number="360102"), on_hand=4, reason="", by=SYSTEM)
    with transaction.atomic():
        inventory.reserve(order, list(order.lines.all()), by=SYSTEM)
    rows = ["sku,on_hand", "TEA-100,1", "TEA-X,1", ",1", "gone,1", "360103,many", "TEA-250,2", "360104,1", "360104,1"]
    expected = [
        (3, "", "2 SKUs share this code. Write the SKU id instead."),
        (4, "", "The SKU is missing."),
        (5, "", "No SKU of this shop has this code or id."),
        (6, "on_hand", "“many” is not a number of units."),
        (7, "", "Orders have reserved 3 units already. Cancel orders first, or count again."),
        (8, "", "The rows 8, 9 count the same SKU. Keep one of them."),
        (9, "", "The rows 8, 9 count the same SKU. Keep one of them."),
    ]
    assert (stock.try_out(*rows), stock.refusals()) == ((1, 0, 0, 7), expected)
    assert (stock.take(*rows), stock.refusals()) == ((1, 0, 0, 7), expected)
    assert shelves() == {"360101": 1, "360102": 4}


def test_rows_far_apart_that_count_one_sku_are_both_refused(stock, monkeypatch):
    monkeypatch.setattr("orders.row_files.stock._CHUNK", 1)
    rows = ["sku,on_hand", "TEA-100,1", "TEA-250,2", "360101,3"]
    assert stock.take(*rows) == (1, 0, 0, 2)
    assert [row for row, *_rest in stock.refusals()] == [2, 4]
    assert shelves() == {"360102": 2}


def test_another_shops_sku_is_unknown(stock, tmp_path):
    other = Desk("stock_counts", open_shop("south"), tmp_path)
    assert other.take("sku_id,on_hand", "360101,1") == (0, 0, 0, 1)
    assert other.refusals() == [(2, "", "No SKU of this shop has this code or id.")]
    assert shelves() == {}


def test_a_large_file_goes_chunk_by_chunk_and_tells_how_far_it_is(goods, stock):
    rows = [f",,9{number:05d},C{number},," for number in range(2100)]
    seen = []
    path = goods.file(HEAD, TEA, *rows)
    goods.run(path, progress=lambda outcome: seen.append(outcome.handled))
    assert (counts(goods.outcome), seen) == ((2100, 0, 1, 0), [1000, 2000, 2101])
    path = stock.file("sku,库存", *(f"C{number},{number}" for number in range(2100)))
    assert counts(stock.run(path)) == (2100, 0, 0, 0)
    assert sum(shelves().values()) == 2099 * 2100 // 2


def test_what_progress_raises_ends_the_work_and_a_second_time_ends_it_well(goods):
    path = goods.file(HEAD, TEA, *(f",,9{number:05d},C{number},,1" for number in range(1500)))

    class Over(Exception):
        pass

    told = []

    def stop(outcome):
        told.append(outcome.new.records)
        raise Over

    with pytest.raises(Over):
        goods.run(path, progress=stop)
    assert told == [Sku.objects.count()] == [1000]
    assert counts(goods.run(path)) == (501, 0, 1000, 0)
