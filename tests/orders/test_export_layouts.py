"""Layouts for other programs and shops: what we write, our import reads back as the same orders."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orders.facts import OrderFacts
from orders.imports.flat_columns import FLAT_COLUMNS
from orders.loading import load
from orders.models import Order, OrderLine, ParcelLine, Payment
from sellercenter.models import FileForm, Shop
from sellercenter.permissions import SYSTEM
from tests.make import NOW
from tests.orders.export_files import amounts, exported, hostile, mixed, records, states, table
from tests.orders.import_files import counts, csv_file, open_shop, refusals, row, take
from tests.real.olist import FOLDER

ZONE = "America/Sao_Paulo"
PRIVATE = {column.name for column in FLAT_COLUMNS if column.private}


def filled(told: Callable[[Shop], list[OrderFacts]] = mixed) -> Shop:
    """Open a shop that has some of the mixed orders."""
    shop = open_shop("north", "BRL", ZONE)
    load(shop, told(shop), by=SYSTEM, now=NOW)
    return shop


def raw(path: Path) -> list[dict[str, str]]:
    """Read the cells of a CSV file of a platform as they stand there, without the row that explains."""
    rows = [*csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")))]
    return [row for row in rows if row.get("Order Status") != "Current order status."]


def stand(shop: Shop) -> list[tuple[Any, ...]]:
    """Return where each order, each line and each payment of a shop stands."""
    orders = Order.objects.for_shop(shop).order_by("number")
    lines = OrderLine.objects.for_shop(shop).order_by("order__number", "position")
    payments = Payment.objects.for_shop(shop).order_by("order__number", "position")
    return [
        *orders.values_list(
            *("number", "status", "payment_state", "total_amount", "paid_amount", "refunded_amount", "placed_at"),
            *("paid_at", "shipped_at", "delivered_at", "completed_at", "cancelled_at", "buyer__uid", "deadline_at"),
        ),
        *lines.values_list("order__number", "number", "status", "quantity", "amount", "gift", "title"),
        *payments.values_list("order__number", "position", "method", "status", "amount", "refunded", "paid_at"),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", FileForm)
def test_another_shop_makes_the_same_orders_of_our_own_layout(tmp_path: Path, form: FileForm) -> None:
    shop, other = filled(), open_shop("south", "BRL", ZONE)
    first = exported(tmp_path, shop, "own", form=form, plain=True)
    report = take(other, first)
    assert (counts(report), report.notes, report.unknown_columns) == ((len(mixed(shop)), 0, 0, 0), [], [])
    assert stand(other) == stand(shop)
    second = exported(tmp_path, other, "own", form=form, plain=True)
    assert sorted(table(second)) == sorted(table(first))


@pytest.mark.django_db(transaction=True)
def test_our_own_layout_changes_nothing_in_the_shop_that_it_comes_from(tmp_path: Path) -> None:
    shop = filled(states)
    before = stand(shop)
    report = take(shop, exported(tmp_path, shop, "own"))
    assert (counts(report), report.notes, stand(shop)) == ((0, 0, len(states(shop)), 0), [], before)


@pytest.mark.django_db(transaction=True)
def test_a_masked_file_says_nothing_private_and_stays_as_it_is_when_it_goes_round(tmp_path: Path) -> None:
    shop, other = filled(), open_shop("south", "BRL", ZONE)
    first = exported(tmp_path, shop, "own")
    told = next(row for row in records(first) if row["order_no"] == "A001")
    assert {name: told[name] for name in PRIVATE} == {
        "buyer_relay_email": "",
        "recipient_name": "A**",
        "recipient_phone": "119****4321",
        "recipient_address": "****",
        "recipient_postcode": "0131****",
    }
    for secret in ("Souza", "987654321", "Flores", "01310100", "relay.example"):
        assert secret not in first.read_text()
    assert counts(take(other, first)) == (len(mixed(shop)), 0, 0, 0)
    assert stand(other) == stand(shop)
    assert sorted(table(exported(tmp_path, other, "own"))) == sorted(table(first))


@pytest.mark.django_db(transaction=True)
def test_our_own_layout_has_the_columns_of_the_import_and_a_row_for_each_parcel_of_a_line(tmp_path: Path) -> None:
    shop = filled(states)
    path = exported(tmp_path, shop, "own")
    assert table(path)[0] == [column.name for column in FLAT_COLUMNS]
    split = [row for row in records(path) if row["order_no"] == "S011"]
    parcels = ("line_no", "tracking_no", "parcel_status", "shipped_quantity", "shipped_at")
    assert [tuple(row[name] for name in parcels) for row in split] == [
        ("1", "BR20000001", "delivered", "1", "2026-03-01 09:00:00-03:00"),
        ("1", "BR20000002", "ready", "1", ""),
    ]


@pytest.mark.django_db
def test_a_line_that_is_told_twice_is_two_parcels_only_when_their_units_fit_into_it(tmp_path: Path) -> None:
    shop = open_shop()
    one = row(status="shipped", tracking_no="SF10001", shipped_quantity="1")
    two = one | {"tracking_no": "SF10002", "parcel_status": "ready"}
    again = {"order_no": "A2"}
    report = take(shop, csv_file(tmp_path, one, two, one | again, one | again, name="parts.csv"))
    assert (counts(report), [told[:2] for told in refusals(report)]) == ((1, 0, 0, 1), [(4, ""), (5, "line_no")])
    parts = ParcelLine.objects.order_by("parcel__tracking_no")
    assert [*parts.values_list("parcel__tracking_no", "quantity", "line__status")] == [
        ("SF10001", 1, "part_shipped"),
        ("SF10002", 1, "part_shipped"),
    ]
    for wrong in ({"shipped_quantity": "2"}, {"shipped_quantity": ""}, {"unit_price": "9.00"}):
        report = take(shop, csv_file(tmp_path, one | {"order_no": "A3"}, two | {"order_no": "A3"} | wrong))
        assert (2, "line_no") not in [told[:2] for told in refusals(report)]
        assert (3, "line_no", "This line of the order is there already, in row 2.") in refusals(report)


# --- The files of platforms -------------------------------------------------------------------------------------------

# What a platform's file can't say, and what is read in its place.
SAID_OTHERWISE: dict[str, dict[str, tuple[Any, ...]]] = {
    "tiktok": {
        # Units of a line have no parcels of their own there.
        "S007": ("shipped", Decimal("20.00"), Decimal("20.00"), Decimal("0.00"), ["shipped"]),
        "S011": ("shipped", Decimal("20.00"), Decimal("20.00"), Decimal("0.00"), ["shipped"]),
        # One payment of the order's amount, and no creator's discount that nobody but the order knows of.
        "A001": ("to_ship", Decimal("60.95"), Decimal("60.95"), Decimal("0.00"), ["waiting", "waiting"]),
    },
    "douyin": {
        # There is no word for an order that waits for its review, and no refund of an order that lives.
        "S003": ("to_ship", Decimal("42.65"), Decimal("42.65"), Decimal("0.00"), ["waiting", "waiting"]),
        "S020": ("completed", Decimal("42.65"), Decimal("42.65"), Decimal("0.00"), ["delivered", "delivered"]),
        "A001": ("to_ship", Decimal("60.95"), Decimal("60.95"), Decimal("0.00"), ["waiting", "waiting"]),
        "A004": ("to_ship", Decimal("20.75"), Decimal("20.75"), Decimal("0.00"), ["waiting"]),
    },
}
SHOPS = {"tiktok": ("USD", "America/New_York"), "douyin": ("CNY", "Asia/Shanghai")}


def sold(shop: Shop) -> list[OrderFacts]:
    """Tell of the orders in every state, and those with hard amounts, that have lines."""
    return [order for order in (*states(shop), *amounts(shop)) if order.lines]


def essence(shop: Shop) -> dict[str, tuple[Any, ...]]:
    """Return by its number where each order stands and what it costs, and where its lines stand."""
    found = Order.objects.for_shop(shop).order_by("number").prefetch_related("lines")
    return {
        one.number: (
            *(one.status, one.total_amount, one.paid_amount, one.refunded_amount),
            [line.status for line in one.lines.all()],
        )
        for one in found
    }


def goods(shop: Shop) -> list[tuple[Any, ...]]:
    """Return what was bought of what, at which price, when and by whom."""
    told = ("order__number", "seller_sku", "title", "quantity", "unit_price", "order__placed_at", "order__paid_at")
    lines = OrderLine.objects.for_shop(shop).order_by("order__number", "position")
    return [*lines.values_list(*told, "order__province", "order__city", "order__recipient__name_masked")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("code", "form"), [("tiktok", "csv"), ("tiktok", "xlsx"), ("douyin", "csv"), ("douyin", "xlsx")]
)
def test_our_import_makes_the_same_orders_of_a_platforms_layout(tmp_path: Path, code: str, form: str) -> None:
    shop, other = open_shop("north", *SHOPS[code]), open_shop("south", *SHOPS[code])
    load(shop, sold(shop), by=SYSTEM, now=NOW)
    report = take(other, exported(tmp_path, shop, code, form=form))
    assert (report.layout, counts(report)) == (code, (len(sold(shop)), 0, 0, 0))
    assert report.unknown_columns == []
    assert essence(other) == essence(shop) | SAID_OTHERWISE[code]
    assert goods(other) == goods(shop)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("code", "name"), [("tiktok", "tiktok_shop_us_orders"), ("douyin", "douyin_orders_A_75col")])
def test_a_platforms_layout_begins_as_the_platforms_own_file(tmp_path: Path, code: str, name: str) -> None:
    real = FOLDER / "headers" / f"{name}.csv.gz"
    if not real.exists():
        pytest.skip(f"the headers of real exports are not there: {real}")
    head = [*csv.reader(io.StringIO(gzip.decompress(real.read_bytes()).decode("utf-8-sig")))]
    written = exported(tmp_path, open_shop("north", *SHOPS[code]), code).read_bytes().decode("utf-8-sig")
    assert [*csv.reader(io.StringIO(written))] == head


@pytest.mark.django_db(transaction=True)
def test_tiktoks_rows_are_written_as_tiktok_writes_them(tmp_path: Path) -> None:
    shop = open_shop("north", *SHOPS["tiktok"])
    load(shop, sold(shop), by=SYSTEM, now=NOW)
    first, second = (row for row in raw(exported(tmp_path, shop, "tiktok")) if row["Order ID"] == "A001\t")
    assert {name: cell for name, cell in first.items() if cell} == {
        "Order ID": "A001\t",
        "Order Status": "To ship",
        "Order Substatus": "Awaiting shipment",
        "Normal or Pre-order": "Pre-order",
        "SKU ID": "K1\t",
        "Seller SKU": "TEA-100",
        "Product Name": "Tea 1",
        "Variation": "100 g",
        "Quantity": "2",
        "SKU Unit Original Price": "30.00",
        "SKU Subtotal Before Discount": "60.00",
        "SKU Platform Discount": "3.00",
        "SKU Seller Discount": "0.55",
        "SKU Subtotal After Discount": "56.45",
        "Shipping Fee After Discount": "6.50",
        "Original Shipping Fee": "9.00",
        "Shipping Fee Seller Discount": "2.50",
        "Payment platform discount": "0.45",
        "Retail Delivery Fee": "0.50",
        "Taxes": "1.20",
        "Order Amount": "60.95",
        "Order Refund Amount": "0.00",
        "Created Time": "03/01/2026 5:00:00 AM\t",
        "Paid Time": "03/01/2026 6:00:00 AM\t",
        "Buyer Username": "u-A001",
        "Recipient": "A**",
        "Phone #": "119****4321",
        "State": "SP",
        "City": "Sao Paulo",
        "Zipcode": "0131****",
        "Detail Address": "****",
        "Payment Method": "Credit card",
        "Seller Note": "gift wrap",
    }
    assert (second["Order Amount"], second["SKU ID"], second["Quantity"]) == ("60.95", "K2\t", "1")


@pytest.mark.django_db(transaction=True)
def test_douyins_rows_are_written_as_douyin_writes_them(tmp_path: Path) -> None:
    shop = open_shop("north", *SHOPS["douyin"])
    load(shop, sold(shop), by=SYSTEM, now=NOW)
    rows = raw(exported(tmp_path, shop, "douyin"))
    first, second = (row for row in rows if row["主订单编号"] == "A001\t")
    known = {name: cell for name, cell in first.items() if cell != "-"}
    assert {name: known[name] for name in ("子订单编号", "商品ID", "商品数量", "订单状态", "旗帜颜色", "流量体裁")} == {
        "子订单编号": "1\t",
        "商品ID": "P1\t",
        "商品数量": "2",
        "订单状态": "待发货",
        "旗帜颜色": "灰色",
        "流量体裁": "直播",
    }
    money = (
        "商品金额",
        "订单应付金额",
        "运费",
        "平台优惠",
        "商家优惠",
        "达人优惠",
        "支付优惠",
        "商家改价",
        "手续费",
        "税费",
    )
    assert [first[name] for name in money] == [
        *("30.00", "60.95", "6.50", "3.00", "0.55", "2.00", "0.45", "-1.25", "0.50", "1.20")
    ]
    assert [second[name] for name in money] == ["9.90", *["0.00"] * 9]
    assert (first["收件人"], first["收件人手机号"], first["详细地址"], first["货号"]) == (
        "A**",
        "119****4321",
        "****",
        "-",
    )
    assert {row["快递信息"] for row in rows if row["主订单编号"] == "S005\t"} == {"Correios:BR00000001"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", SHOPS)
def test_a_platforms_layout_opens_what_is_private_and_guards_what_looks_like_a_formula(
    tmp_path: Path, code: str
) -> None:
    shop = open_shop("north", *SHOPS[code])
    load(shop, hostile(shop), by=SYSTEM, now=NOW)
    masked, opened = (exported(tmp_path, shop, code, plain=plain) for plain in (False, True))
    assert "98765-4321" not in masked.read_text()
    assert "98765-4321" in opened.read_text()
    for path in (masked, opened):
        cells = {cell for row in raw(path) for cell in row.values()} - {"-"}
        assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r|%")]
        assert "'=1+1" in cells
