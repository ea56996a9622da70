"""Shopify's order export: cells of the order on its first row only, private data in plain, amounts told as sums."""

from __future__ import annotations

import csv
import gzip
import io
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orders import recipients
from orders.facts import OrderFacts
from orders.imports.flat import RejectedOrder
from orders.imports.run import recognise
from orders.models import Buyer, Order, ParcelLine
from sellercenter.imports import open_table
from sellercenter.models import Event, Shop
from tests.orders.import_files import counts, open_shop, refusals, take

HEADERS = Path(os.environ.get("SELLERCENTER_DATA", "../shared/data")) / "headers"
COLUMNS = (
    *("Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Currency", "Subtotal"),
    *("Shipping", "Taxes", "Total", "Discount Amount", "Created at", "Lineitem quantity", "Lineitem name"),
    *("Lineitem price", "Lineitem compare at price", "Lineitem sku", "Lineitem fulfillment status", "Shipping Name"),
    *("Shipping Street", "Shipping Company", "Shipping City", "Shipping Zip", "Shipping Province", "Shipping Country"),
    *("Shipping Phone", "Notes", "Cancelled at", "Payment Method", "Payment Reference", "Refunded Amount"),
    *("Outstanding Balance", "Id", "Risk Level", "Source", "Lineitem discount", "Duties", "Phone"),
)
RIGHT = {
    "Name": "#1001",
    "Email": "Ann.Other@example.com",
    "Financial Status": "paid",
    "Paid at": "2026-05-14 11:25:00 +0100",
    "Fulfillment Status": "unfulfilled",
    "Currency": "USD",
    "Subtotal": "54.00",
    "Shipping": "5.00",
    "Taxes": "4.32",
    "Total": "63.32",
    "Discount Code": "SPRING",
    "Discount Amount": "6.00",
    "Shipping Method": "Standard",
    "Created at": "2026-05-14 11:23:45 +0100",
    "Lineitem quantity": "2",
    "Lineitem name": "Mug - red",
    "Lineitem price": "20.00",
    "Lineitem compare at price": "25.00",
    "Lineitem sku": "MUG-RED",
    "Lineitem requires shipping": "true",
    "Lineitem fulfillment status": "pending",
    "Billing Name": "Ann Other",
    "Shipping Name": "Ann Other",
    "Shipping Street": "1 Invented Lane, Flat 2",
    "Shipping Company": "Tea Ltd",
    "Shipping City": "Springfield",
    "Shipping Zip": "'02134",
    "Shipping Province": "MA",
    "Shipping Country": "US",
    "Shipping Phone": "'+1 617 555 0100",
    "Notes": "Please be quick",
    "Payment Method": "Shopify Payments",
    "Payment Reference": "c1001.1",
    "Refunded Amount": "0.00",
    "Outstanding Balance": "0.00",
    "Id": "5551001",
    "Risk Level": "Low",
    "Source": "web",
    "Lineitem discount": "2.00",
}
LINE = dict.fromkeys(RIGHT, "") | {"Name": "#1001", "Email": RIGHT["Email"]}
SPOON = LINE | {
    "Lineitem quantity": "4",
    "Lineitem name": "Spoon",
    "Lineitem price": "5.00",
    "Lineitem sku": "",
    "Lineitem fulfillment status": "pending",
}
ONE = {"Subtotal": "40.00", "Taxes": "0.00", "Shipping": "0.00", "Total": "40.00", "Discount Amount": "0.00"}
ONE |= {"Lineitem discount": "0.00"}


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop(currency="USD", time_zone="America/New_York")


def real_header() -> list[str]:
    """Return the header of a real export; the test is skipped where the data is not there."""
    path = HEADERS / "shopify_orders_export.csv.gz"
    if not path.exists():
        pytest.skip(f"the headers of real exports are not there: {path}")
    return next(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8-sig"))))


def row(**changes: str) -> dict[str, str]:
    """Return a right first row of an order with some cells changed; underscores stand for spaces."""
    return RIGHT | {name.replace("_", " "): told for name, told in changes.items()}


def export(folder: Path, *rows: dict[str, str], header: Any = COLUMNS) -> Path:
    """Write an export as Shopify does."""
    path = folder / "orders_export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([header, *([one.get(name, "") for name in header] for one in rows)])
    return path


def facts_of(
    folder: Path, *rows: dict[str, str], currency: str = "USD", header: Any = COLUMNS
) -> tuple[OrderFacts, list[str]]:
    """Read one order without a database; return its facts and what is worth a note."""
    with open_table(export(folder, *rows, header=header)) as table:
        layout, found, _notes = recognise(table)
        reader = layout.reader(layout, found, Shop(pk=1, currency=currency, time_zone="America/New_York"))
        return reader([line for line in table.rows() if line[0] > found.row]), reader.notes


def amounts(order: Order | OrderFacts) -> dict[str, Decimal]:
    """Return the order's amounts that are not zero."""
    names = {"goods": "goods_amount", "off": "seller_discount", "freight": "freight_amount", "tax": "tax_amount"}
    names |= {"waived": "freight_discount", "fee": "fee_amount", "adjustment": "adjustment"}
    return {name: amount for name, field in names.items() if (amount := getattr(order, field))}


def test_an_order_of_the_real_header_arrives_with_all_that_is_told(tmp_path: Path, shop: Shop) -> None:
    path = export(tmp_path, row(), SPOON, header=real_header())
    report = take(shop, path)
    assert (counts(report), report.new.lines, report.unknown_columns, report.notes) == ((1, 0, 0, 0), 2, [], [])
    assert (report.layout, report.errors) == ("shopify", "")
    order = Order.objects.select_related("buyer", "recipient").get()
    assert (order.number, order.status, order.raw_status, order.source, order.channel) == (
        *("#1001", "to_ship", "paid/unfulfilled", "shop", "web"),
    )
    assert order.placed_at == datetime(2026, 5, 14, 10, 23, 45, tzinfo=UTC)
    assert order.paid_at == datetime(2026, 5, 14, 10, 25, tzinfo=UTC)
    assert amounts(order) == {"goods": 60, "off": 6, "freight": 5, "tax": Decimal("4.32")}
    assert (order.total_amount, order.paid_amount, order.payment_method) == (
        *(Decimal("63.32"), Decimal("63.32"), "card"),
    )
    assert order.payments.get().transaction_no == "c1001.1"
    assert (order.buyer_message, order.province, order.city) == ("Please be quick", "MA", "Springfield")
    opened = recipients.opened(order.recipient, order_number="#1001")
    assert (opened.name, opened.phone, opened.postcode) == ("Ann Other", "+1 617 555 0100", "02134")
    assert opened.address == "Tea Ltd, 1 Invented Lane, Flat 2, US"
    told = ("number", "title", "product__number", "sku__number", "quantity", "unit_price", "list_price")
    assert [*order.lines.order_by("position").values_list(*told, "seller_discount", "amount")] == [
        ("1", "Mug - red", "MUG-RED", "MUG-RED", 2, 20, 25, Decimal("4.62"), Decimal("35.38")),
        ("2", "Spoon", "Spoon", None, 4, 5, 0, Decimal("1.38"), Decimal("18.62")),
    ]
    assert counts(take(shop, path)) == (0, 0, 1, 0)
    assert Event.objects.filter(kind="order.imported").count() == 0


def test_the_buyers_own_address_is_kept_nowhere_and_yet_known_again(tmp_path: Path, shop: Shop) -> None:
    rows = (
        row(),
        row(Name="#1002", Email="ann.other@EXAMPLE.com "),
        row(Name="#1003", Email="else@example.com"),
        row(Name="#1004", Email="", Phone="+1 617 555 0100"),
        row(Name="#1005", Email="", Phone="+16175550100"),
        row(Name="#1006", Email=""),
        row(Name="#1007", Email="a***@example.com"),
    )
    assert counts(take(shop, export(tmp_path, *(one | ONE for one in rows)))) == (7, 0, 0, 0)
    uids = [*Order.objects.order_by("number").values_list("buyer__uid", flat=True)]
    assert uids[0] == uids[1]
    assert uids[3] == uids[4]
    assert len({*uids}) == 5
    assert uids[5:] == ["order:#1006", "order:#1007"]
    buyers = [*Buyer.objects.values_list("uid", "nickname", "relay_email")]
    assert all("@" not in text and "617" not in text for buyer in buyers for text in buyer if text)
    assert all(uid.startswith("shopify:") and len(uid) == 40 for uid in uids[:5])


@pytest.mark.parametrize(
    "again",
    [
        dict.fromkeys(("Email", "Currency", "Total", "Financial Status", "Created at"), ""),
        {name: RIGHT[name] for name in ("Currency", "Total", "Subtotal", "Financial Status", "Created at", "Shipping")},
    ],
    ids=["blank", "repeated"],
)
def test_what_the_order_says_stands_on_its_first_row_or_on_all_and_counts_once(
    tmp_path: Path, again: dict[str, str]
) -> None:
    order, notes = facts_of(tmp_path, row(), SPOON | again)
    assert (order.total_amount, order.paid_amount, len(order.lines), notes) == (*[Decimal("63.32")] * 2, 2, [])


def test_rows_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RejectedOrder) as refused:
        facts_of(tmp_path, row(), SPOON | {"Total": "1.00"})
    [error] = refused.value.errors
    assert (error.row, error.column) == (3, "Total")


def test_header_names_may_be_spelt_in_other_ways(tmp_path: Path, shop: Shop) -> None:
    other = {"Cancelled at": "canceled AT", "Lineitem sku": "Lineitem SKU"}
    other |= {"Lineitem compare at price": "lineitem compare-at price", "Fulfillment Status": "Fulfilment Status"}
    header = [other.get(name, name) for name in COLUMNS]
    told = {other.get(name, name): cell for name, cell in row(Cancelled_at="2026-05-15 08:00:00 -0400").items()}
    report = take(shop, export(tmp_path, told, SPOON, header=header))
    assert (counts(report), report.unknown_columns) == ((1, 0, 0, 0), [])
    order = Order.objects.get()
    assert (order.status, order.cancelled_at) == ("cancelled", datetime(2026, 5, 15, 12, tzinfo=UTC))
    assert order.lines.get(number="1").list_price == 25


# --- Amounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param({}, {"goods": 40}, id="plain"),
        pytest.param({"Taxes": "3.64"}, {"goods": 40}, id="taxes that are in the prices"),
        pytest.param({"Taxes": "3.60", "Total": "43.60"}, {"goods": 40, "tax": Decimal("3.60")}, id="taxes on top"),
        pytest.param(
            {"Shipping": "5.00", "Discount Amount": "5.00"},
            {"goods": 40, "freight": 5, "waived": 5},
            id="a discount of the freight",
        ),
        pytest.param(
            {"Subtotal": "", "Discount Amount": "4.00", "Lineitem discount": "1.00", "Total": "36.00"},
            {"goods": 40, "off": 4},
            id="no subtotal, a discount that holds the lines' own",
        ),
        pytest.param(
            {"Subtotal": "", "Discount Amount": "4.00", "Lineitem discount": "1.00", "Total": "35.00"},
            {"goods": 40, "off": 5},
            id="no subtotal, a discount beside the lines' own",
        ),
        pytest.param({"Duties": "2.50", "Total": "42.50"}, {"goods": 40, "fee": Decimal("2.50")}, id="duties"),
    ],
)
def test_the_amounts_of_an_order_are_read_so_that_they_make_its_total(
    tmp_path: Path, cells: dict[str, str], expected: dict[str, Decimal]
) -> None:
    told = row() | ONE | cells
    order, notes = facts_of(tmp_path, told)
    assert (amounts(order), notes) == (expected, [])
    assert order.total_amount == Decimal(told["Total"])
    line = order.lines[0]
    assert line.amount == 40 - order.seller_discount


def test_a_small_rest_is_booked_and_noted_and_a_large_one_refused(tmp_path: Path, shop: Shop) -> None:
    report = take(shop, export(tmp_path, row() | ONE | {"Total": "42.00"}))
    assert amounts(Order.objects.get()) == {"goods": 40, "adjustment": 2}
    [note] = report.notes
    assert note.startswith("#1001: $2.00 of the order's amount $42.00 are in no column")
    large = take(shop, export(tmp_path, row(Name="#1002") | ONE | {"Total": "62.00"}))
    assert [reason[:2] for reason in refusals(large)] == [(2, "Total")]


def test_what_a_file_has_no_columns_for_is_booked_as_adjustment(tmp_path: Path) -> None:
    told = row() | ONE | {"Total": "30.00"}
    header = [name for name in COLUMNS if name not in ("Subtotal", "Discount Amount", "Lineitem discount")]
    order, notes = facts_of(tmp_path, told, header=header)
    assert (amounts(order), len(notes)) == ({"goods": 40, "adjustment": -10}, 1)


def test_a_currency_without_cents_is_shared_in_whole_coins(tmp_path: Path) -> None:
    told = row(Currency="JPY", Subtotal="11000", Shipping="0", Taxes="1000", Total="11000", Discount_Amount="100")
    told |= {"Lineitem price": "5000", "Lineitem discount": "0", "Lineitem compare at price": ""}
    order, _notes = facts_of(tmp_path, told, SPOON | {"Lineitem price": "275"}, currency="JPY")
    assert (order.goods_amount, order.seller_discount, order.total_amount) == (*map(Decimal, (11100, 100, 11000)),)
    assert [line.seller_discount for line in order.lines] == [90, 10]


def test_another_currency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RejectedOrder, match="The shop keeps its orders in EUR, not in USD"):
        facts_of(tmp_path, row(), currency="EUR")


def test_a_line_that_was_taken_out_is_left_out_and_numbers_stay(tmp_path: Path) -> None:
    gone = SPOON | {"Lineitem name": "Fork", "Lineitem quantity": "0"}
    order, _notes = facts_of(tmp_path, row(), gone, SPOON)
    assert [(line.number, line.title) for line in order.lines] == [("1", "Mug - red"), ("3", "Spoon")]


def test_rows_without_a_line_say_nothing_of_lines(tmp_path: Path) -> None:
    order, _notes = facts_of(tmp_path, row(), LINE, SPOON)
    assert [line.number for line in order.lines] == ["1", "2"]
    bare = {name: "" for name in RIGHT if name.startswith("Lineitem")}
    order, _notes = facts_of(tmp_path, row() | ONE | bare)
    assert not order.lines
    assert order.goods_amount == order.total_amount == 40


def test_a_line_without_price_is_a_gift_and_a_long_title_a_short_product_number(tmp_path: Path) -> None:
    title = "A very long title of a spoon that nobody would ever want to have in full on any label"
    free = SPOON | {"Lineitem price": "0.00", "Lineitem name": title}
    order, _notes = facts_of(tmp_path, row() | ONE, free)
    assert [line.gift for line in order.lines] == [False, True]
    number = order.lines[1].product_number
    assert (len(number), number[:47], order.lines[1].title) == (64, title[:47], title)


# --- States -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("financial", "fulfilment", "stage", "paid"),
    [
        *(("pending", "", "unpaid", 0), ("authorized", "unfulfilled", "to_review", 0), ("paid", "", "to_ship", 40)),
        *(("paid", "fulfilled", "shipped", 40), ("paid", "on hold", "to_ship", 40), ("voided", "", "cancelled", 0)),
        *(
            ("pending", "fulfilled", "shipped", 0),
            ("expired", "", "cancelled", 0),
            ("Paid", "Fulfilled", "shipped", 40),
        ),
        *(("partially_refunded", "fulfilled", "shipped", 40), ("refunded", "restocked", "cancelled", 40)),
        *(("refunded", "fulfilled", "shipped", 40), ("paid", "partial", "part_shipped", 40)),
    ],
)
def test_the_states_of_payment_and_fulfilment_make_one_of_ours(
    tmp_path: Path, financial: str, fulfilment: str, stage: str, paid: int
) -> None:
    order, _notes = facts_of(tmp_path, row(Financial_Status=financial, Fulfillment_Status=fulfilment) | ONE)
    assert (order.stage.value, order.paid_amount) == (stage, Decimal(paid))


def test_a_state_that_is_not_known_is_refused_by_its_word(tmp_path: Path) -> None:
    with pytest.raises(RejectedOrder, match="The word “lost” is not known in this column") as refused:
        facts_of(tmp_path, row(Financial_Status="lost"))
    assert refused.value.errors[0].column == "Financial Status"


def test_a_part_of_what_is_owed_is_what_is_not_outstanding(tmp_path: Path) -> None:
    told = row(Financial_Status="partially_paid", Outstanding_Balance="30.00") | ONE
    order, _notes = facts_of(tmp_path, told)
    assert (order.stage.value, order.paid_amount) == ("unpaid", Decimal(10))


def test_cash_on_delivery_is_shipped_before_it_is_paid(tmp_path: Path) -> None:
    told = row(Financial_Status="pending", Payment_Method="Cash on Delivery (COD)", Paid_at="") | ONE
    order, _notes = facts_of(tmp_path, told)
    assert (order.stage.value, order.payment_method, order.paid_amount) == ("to_ship", "cod", Decimal(0))


def test_lines_that_left_make_a_partly_shipped_order_and_a_later_file_moves_it_on(tmp_path: Path, shop: Shop) -> None:
    gone = {"Fulfillment Status": "partial", "Fulfilled at": "2026-05-15 09:00:00 -0400"}
    first = row() | gone | {"Lineitem fulfillment status": "fulfilled"}
    assert counts(take(shop, export(tmp_path, first, SPOON))) == (1, 0, 0, 0)
    order = Order.objects.get()
    assert (order.status, order.shipped_at) == ("part_shipped", datetime(2026, 5, 15, 13, tzinfo=UTC))
    assert [*ParcelLine.objects.values_list("line__number", "quantity")] == [("1", 2)]
    rest = SPOON | {"Lineitem fulfillment status": "fulfilled"}
    report = take(shop, export(tmp_path, first | {"Fulfillment Status": "fulfilled"}, rest))
    assert (counts(report), Order.objects.get().status) == ((0, 1, 0, 0), "shipped")
    older = take(shop, export(tmp_path, first, SPOON))
    assert (counts(older), Order.objects.get().status) == ((0, 0, 1, 0), "shipped")


def test_what_was_refunded_is_told_and_a_cancelled_order_ends(tmp_path: Path, shop: Shop) -> None:
    told = row(Financial_Status="partially_refunded", Refunded_Amount="10.00", Fulfillment_Status="fulfilled") | ONE
    take(shop, export(tmp_path, told))
    order = Order.objects.get()
    assert (order.status, order.paid_amount, order.refunded_amount) == ("shipped", 40, 10)
    ended = row(Name="#1002", Financial_Status="refunded", Refunded_Amount="40.00") | ONE
    take(shop, export(tmp_path, ended | {"Cancelled at": "2026-05-15 08:00:00 -0400"}))
    order = Order.objects.get(number="#1002")
    assert (order.status, order.refunded_amount, order.cancelled_at) == (
        *("cancelled", 40, datetime(2026, 5, 15, 12, tzinfo=UTC)),
    )


@pytest.mark.parametrize(
    ("told", "method", "reference"),
    [
        *(("PayPal Express Checkout", "paypal", "c1001.1"), ("shopify_payments", "card", "c1001.1")),
        *(("gift_card + shopify_payments", "card", "c1001.1"), ("Gift Card", "voucher", "c1001.1")),
        *(("Shop Pay Installments", "pay_later", "c1001.1"), ("Bank Deposit", "bank_transfer", "c1001.1")),
        *(("manual", "other", "c1001.1"), ("", "other", "c1001.1")),
    ],
)
def test_ways_to_pay_are_known_by_their_words(tmp_path: Path, told: str, method: str, reference: str) -> None:
    order, _notes = facts_of(tmp_path, row(Payment_Method=told) | ONE)
    [payment] = order.payments
    assert (payment.method, order.payment_method, payment.transaction_no) == (method, method, reference)


def test_a_high_risk_asks_for_somebodys_eyes_while_there_is_time(tmp_path: Path) -> None:
    assert facts_of(tmp_path, row(Risk_Level="High") | ONE)[0].abnormal == "risk"
    assert facts_of(tmp_path, row(Risk_Level="High", Fulfillment_Status="fulfilled") | ONE)[0].abnormal == ""


def test_orders_from_elsewhere_than_the_web_say_so(tmp_path: Path) -> None:
    order, _notes = facts_of(tmp_path, row(Source="pos") | ONE)
    assert (order.source, order.channel) == ("other", "pos")
