"""What all files of rows share: how they are told apart, what their page of docs/ says, and who may bring them."""

from __future__ import annotations

import csv
import gzip
import os
import re
from pathlib import Path

import pytest

from orders.row_files.products import PRODUCTS
from orders.row_files.stock import COUNTS
from orders.row_files.tracking_events import TRACKING_EVENTS
from orders.row_files.tracking_numbers import TRACKING_NUMBERS
from sellercenter.import_kinds import find, recognise
from sellercenter.imports import squeezed
from sellercenter.permissions import Perm
from tests.orders.import_files import RIGHT

FILES = (PRODUCTS, COUNTS, TRACKING_NUMBERS, TRACKING_EVENTS)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "import-rows.md"
REAL = Path(os.environ.get("SELLERCENTER_DATA", "../shared/data")) / "headers"
HEADERS = {
    "products": [
        "product_no,title,sku_no,seller_sku,variant,price",
        "商品ID,商品名称,SKU ID,商家编码,规格,价格,库存",
        "Product ID,Product Name,SKU ID,Variation,Price,Quantity",
    ],
    "stock_counts": ["sku,on hand", "商家编码,库存", "SKU ID,Seller SKU,Product,Quantity"],
    "tracking_numbers": [
        "order_no,carrier,tracking_no",
        "订单编号,物流公司,快递单号",
        "Order ID,SKU ID,Quantity,Shipping Provider,Tracking ID",
        "主订单编号,子订单编号,快递公司,运单号,发货时间",
    ],
    "tracking_events": [
        "tracking_no,time,status",
        "运单号,物流公司,时间,状态,描述,网点",
        "Tracking Number,Date,Event,Location",
    ],
    "orders": [",".join(RIGHT), ",".join([*RIGHT, "carrier", "tracking_no", "shipped_at", "sku_no", "seller_sku"])],
    "": ["name,phone", "order_no,amount", "tracking_no", "product_no", "sku,price", "", "订单编号,备注"],
}


@pytest.mark.parametrize(("kind", "header"), [(kind, one) for kind, found in HEADERS.items() for one in found])
def test_each_kind_is_known_by_its_header(kind, header):
    found = recognise([(1, ["Report", ""]), (2, header.split(",")), (3, ["1", "2", "3"])])
    assert (found.code if found else "") == kind


@pytest.mark.skipif(not REAL.exists(), reason=f"the real headers are not in {REAL} (SELLERCENTER_DATA)")
def test_what_platforms_export_beside_these_files_is_taken_for_none_of_them():
    taken = {}
    for path in sorted(REAL.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8-sig") as file:
            found = recognise([(1, next(csv.reader(file)))])
        taken[path.name.partition(".")[0]] = found.code if found else ""
    assert {name: kind for name, kind in taken.items() if kind not in ("", "orders")} == {}
    assert taken["tiktok_shop_us_orders"] == taken["douyin_orders_A_75col"] == "orders"


def test_a_file_of_which_little_is_known_is_not_recognised():
    header = ["product_no", "title", *map(str, range(30))]
    assert (PRODUCTS.recognises(header), PRODUCTS.recognises(header[:6])) == (0, 2 / 6)


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.code)
def test_no_name_stands_for_two_columns(kind):
    named = [squeezed(name) for one in kind.columns for name in {squeezed(name) for name in (one.name, *one.aliases)}]
    assert len(named) == len({*named})


def test_the_docs_name_every_column_and_only_names_that_are_understood():
    text = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    for kind, part in zip(FILES, parts, strict=True):
        rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
        told = {row[0].strip().strip("`"): [name.strip() for name in row[-1].split(",")] for row in rows}
        assert list(told) == [column.name for column in kind.columns]
        assert {name: kind.names.get(squeezed(one)) for name, also in told.items() for one in also} == {
            name: name for name in told
        }


def test_the_examples_of_the_docs_are_recognised():
    examples = re.findall(r"```csv\n(.*?)\n", PAGE.read_text(encoding="utf-8"))
    assert [recognise([(1, one.split(","))]) for one in examples] == [find(kind.code) for kind in FILES]


def test_each_kind_needs_the_right_of_what_it_does():
    assert {kind.code: find(kind.code).permission for kind in FILES} == {
        "products": Perm.IMPORTS_RUN,
        "stock_counts": Perm.STOCK_EDIT,
        "tracking_numbers": Perm.PARCELS_SHIP,
        "tracking_events": Perm.TRACKING_WATCH,
    }
