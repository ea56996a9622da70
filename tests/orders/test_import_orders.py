"""Orders from a file: what gets in, what a second run does, and what a crash in the middle leaves."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from orders import recipients
from orders.imports import import_file, run
from orders.models import Buyer, Order, OrderLine, Parcel, ParcelLine, Payment, Recipient
from sellercenter.models import Event, Shop
from sellercenter.permissions import BUYER
from tests.orders.import_files import counts, csv_file, nothing_written, open_shop, refusals, row, take, xlsx_file

FULL = row(
    status="shipped",
    raw_status="已发货",
    kind="pre-order",
    source="Live",
    channel="douyin",
    buyer_nickname="tea <b>lover</b> 🍵",
    buyer_message="=cmd() | '\"",
    recipient_name="王小明",
    recipient_phone="13800138000",
    recipient_address="幸福路 8 号",
    recipient_postcode="510000",
    province="广东省",
    city="广州市",
    district="天河区",
    freight="6.00",
    freight_discount="1.00",
    fee="0.50",
    adjustment="-2.00",
    total="21.00",
    refunded="5",
    payments="card=15.00@2026-03-01 10:04#TX1; voucher=6.00",
    line_platform_discount="1.50",
    line_seller_discount="1.00",
    line_amount="17.50",
    sku_no="s-1",
    seller_sku="MUG",
    variant="red",
    creator_id="c-1",
    creator_name="李雷",
    live_room="room-9",
    commission_rate="10%",
    commission_amount="1.75",
    carrier="SF",
    tracking_no="'SF100\t",
    shipped_at="2026-03-02 09:00",
    flag="red",
    seller_note="gift wrap",
    ship_by="2026-03-03 10:00",
    deliver_by="2026/3/5",
)


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop()


@pytest.mark.parametrize("form", ["csv", "xlsx", "gb18030", "tabs"])
def test_every_column_of_an_order_arrives(tmp_path: Path, shop: Shop, form: str) -> None:
    plain = FULL | {"buyer_nickname": "tea lover"}
    path = {
        "csv": lambda: csv_file(tmp_path, FULL),
        "xlsx": lambda: xlsx_file(tmp_path, FULL),
        "gb18030": lambda: csv_file(tmp_path, plain, encoding="gb18030"),
        "tabs": lambda: csv_file(tmp_path, FULL, delimiter="\t", encoding="utf-16"),
    }[form]()
    report = take(shop, path)
    assert (counts(report), report.unknown_columns, report.errors) == ((1, 0, 0, 0), [], "")
    order = Order.objects.select_related("buyer", "recipient").get()
    assert (order.number, order.status, order.raw_status, order.kind, order.source) == (
        *("A1", "shipped", "已发货", "pre_order", "live"),
    )
    assert order.placed_at == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert order.buyer_nickname == ("tea lover" if form == "gb18030" else "tea <b>lover</b> 🍵")
    assert (order.buyer_message, order.flag, order.seller_note) == ("=cmd() | '\"", 5, "gift wrap")
    assert (order.goods_amount, order.platform_discount, order.seller_discount) == (20, Decimal("1.50"), 1)
    assert (order.total_amount, order.paid_amount, order.refunded_amount) == (21, 21, 5)
    assert (order.payment_method, order.ship_by) == ("card", datetime(2026, 3, 3, 2, tzinfo=UTC))
    assert order.deliver_by == datetime(2026, 3, 5, 15, 59, 59, tzinfo=UTC)
    assert recipients.opened(order.recipient, order_number="A1").address == "幸福路 8 号"
    assert order.recipient.phone_masked == "138****8000"
    line = OrderLine.objects.select_related("sku", "creator").get()
    assert (line.number, line.quantity, line.amount, line.status) == ("1", 2, Decimal("17.50"), "shipped")
    assert (line.sku.number, line.seller_sku, line.variant) == ("s-1", "MUG", "red")
    assert (line.creator.name, line.room, line.commission_rate) == ("李雷", "room-9", Decimal("0.1000"))
    assert [*Payment.objects.values_list("method", "amount", "transaction_no", "refunded")] == [
        ("card", 15, "TX1", 5),
        ("voucher", 6, "", 0),
    ]
    parcel = Parcel.objects.get()
    assert (parcel.carrier, parcel.tracking_no, parcel.status) == ("SF", "SF100", "in_transit")
    assert ParcelLine.objects.get().quantity == 2


def test_columns_are_found_by_name_in_any_order_and_unknown_ones_are_reported(tmp_path: Path, shop: Shop) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "a note for people\n\nColour,Customer ID,ORDER  NO,Created-At,order_status,Price,Qty,Title,Product Id,line id\n"
        "red,b,A1,2026-03-01,Unpaid,10,2,Mug,p,1\n"
    )
    report = take(shop, path)
    assert (counts(report), report.unknown_columns) == ((1, 0, 0, 0), ["Colour"])
    assert Order.objects.get().total_amount == 20


def test_an_order_without_lines_is_one_row(tmp_path: Path, shop: Shop) -> None:
    bare = dict.fromkeys(("line_no", "product_no", "product_title", "quantity", "unit_price"), "-")
    report = take(shop, csv_file(tmp_path, row(**bare, goods_amount="20", status="canceled")))
    assert (counts(report), report.new.lines) == ((1, 0, 0, 0), 0)
    order = Order.objects.get()
    assert (order.status, order.total_amount, order.lines.count()) == ("cancelled", 20, 0)
    assert order.cancelled_at == order.paid_at == datetime(2026, 3, 1, 2, 5, tzinfo=UTC)


def test_the_same_file_again_costs_one_query_a_chunk_and_writes_nothing(tmp_path: Path, shop: Shop) -> None:
    path = csv_file(tmp_path, FULL, row(order_no="A2", payments=""))
    assert counts(take(shop, path)) == (2, 0, 0, 0)
    before = [*Order.objects.order_by("pk").values()], Event.objects.count()
    with CaptureQueriesContext(connection) as queries:
        assert counts(take(shop, path)) == (0, 0, 2, 0)
    assert len(queries) == 1
    assert ([*Order.objects.order_by("pk").values()], Event.objects.count()) == before


def test_the_same_facts_from_another_file_with_other_columns_and_formats_are_unchanged(
    tmp_path: Path, shop: Shop
) -> None:
    take(shop, csv_file(tmp_path, row()))
    other = row(unit_price="¥10", placed_at="2026-03-01T02:00:00Z", status="TO SHIP", seller_note="-", quantity="2.0")
    again = dict(reversed(other.items()))
    assert counts(take(shop, xlsx_file(tmp_path, again))) == (0, 0, 1, 0)


def test_rows_of_an_order_in_another_order_are_the_same_order(tmp_path: Path, shop: Shop) -> None:
    first, second = (row(line_no=line, payments="", carrier="SF", tracking_no=f"SF{line}") for line in "12")
    assert counts(take(shop, csv_file(tmp_path, first, second))) == (1, 0, 0, 0)
    with CaptureQueriesContext(connection) as queries:
        assert counts(take(shop, csv_file(tmp_path, second, first))) == (0, 0, 1, 0)
    assert len(queries) == 1


def test_a_dry_run_counts_the_same_and_writes_no_order(tmp_path: Path, shop: Shop) -> None:
    path = csv_file(tmp_path, FULL, row(order_no="A2", payments=""), row(order_no="A3", quantity="0"))
    dry = take(shop, path, dry_run=True)
    assert nothing_written()
    wet = take(shop, path)
    assert counts(dry) == counts(wet) == (2, 0, 0, 1)
    changed = csv_file(
        tmp_path, FULL | {"city": "Foshan"}, row(order_no="A2", payments=""), row(order_no="A4", payments="")
    )
    events = Event.objects.count()
    dry = take(shop, changed, dry_run=True)
    assert (Order.objects.get(number="A1").city, Event.objects.count()) == ("广州市", events)
    assert counts(dry) == counts(take(shop, changed)) == (1, 1, 1, 0)


def test_lines_of_one_order_that_stand_far_apart_are_brought_together(
    tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 7)
    rows = [
        row(order_no=f"A{order}", payments="", line_no=str(line), unit_price=f"{order}.00")
        for order in range(1, 31)
        for line in range(1, 4)
    ]
    random.Random(4).shuffle(rows)
    report = take(shop, csv_file(tmp_path, *rows))
    assert (counts(report), report.new.lines) == ((30, 0, 0, 0), 90)
    assert {order.number: order.total_amount for order in Order.objects.all()} == {
        f"A{order}": Decimal(order * 6) for order in range(1, 31)
    }


def test_hostile_text_is_kept_as_it_is_or_refused_but_breaks_nothing(tmp_path: Path, shop: Shop) -> None:
    hostile = "<script>alert(1)</script> 👩‍👩‍👧 \u202eevil'); DROP TABLE orders_order; -- {{7*7}}"
    path = csv_file(
        tmp_path,
        row(order_no="A1", payments="", product_title=hostile, buyer_message=hostile),
        row(order_no="A2", payments="", buyer_message="x" * 10_000),
        row(order_no="A3", payments="", city="a\0b"),
        row(order_no="A4", payments="", seller_note="line one\nline two"),
    )
    report = take(shop, path)
    assert counts(report) == (2, 0, 0, 2)
    assert OrderLine.objects.get(order__number="A1").title == hostile
    assert Order.objects.get(number="A4").seller_note == "line one\nline two"
    assert [(number, column) for number, column, _message in refusals(report)] == [(3, "buyer_message"), (4, "city")]


def test_an_order_that_the_database_refuses_leaves_its_neighbours_in(
    tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = run.load

    def failing(shop: Shop, orders: list, **how: object) -> dict[str, int]:
        if any(order.number == "A2" for order in orders):
            raise IntegrityError("no room for A2")
        return load(shop, orders, **how)

    monkeypatch.setattr(run, "load", failing)
    report = take(shop, csv_file(tmp_path, *(row(order_no=f"A{number}", payments="") for number in (1, 2, 3))))
    assert counts(report) == (2, 0, 0, 1)
    assert [*Order.objects.order_by("number").values_list("number", flat=True)] == ["A1", "A3"]
    assert refusals(report) == [(3, "order_no", "The order can't be stored: IntegrityError.")]


def test_a_transaction_may_pay_several_orders_but_none_twice(tmp_path: Path, shop: Shop) -> None:
    path = csv_file(
        tmp_path,
        *(row(order_no=f"A{number}", payments="card=20#T1") for number in (1, 2)),
        row(order_no="A3", payments="cod=1#T;cod=2#T"),
    )
    dry, wet = take(shop, path, dry_run=True), take(shop, path)
    assert counts(dry) == counts(wet) == (2, 0, 0, 1)
    assert refusals(wet) == [(4, "payments", "One transaction number stands there twice.")]


def test_an_import_that_dies_in_the_middle_keeps_whole_chunks_and_the_next_run_does_the_rest(
    tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 10)
    path = csv_file(
        tmp_path, *(row(order_no=f"A{order}", payments="", line_no=str(line)) for order in range(35) for line in (1, 2))
    )

    def die(report: run.Report) -> None:
        if report.new.orders == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(shop, path, progress=die)
    assert (Order.objects.count(), OrderLine.objects.count()) == (20, 40)
    assert counts(take(shop, path)) == (15, 0, 20, 0)
    assert (Order.objects.count(), OrderLine.objects.count(), Buyer.objects.count()) == (35, 70, 1)


def test_two_shops_keep_the_same_order_apart(tmp_path: Path, shop: Shop) -> None:
    path = csv_file(tmp_path, FULL)
    other = open_shop("south")
    assert counts(take(shop, path)) == counts(take(other, path)) == (1, 0, 0, 0)
    assert [*Recipient.objects.order_by("pk").values_list("shop_id", flat=True)] == [shop.pk, other.pk]
    first, second = Order.objects.order_by("pk").values_list("import_digest", flat=True)
    assert bytes(first) != bytes(second)


def test_somebody_without_the_right_imports_nothing(tmp_path: Path, shop: Shop) -> None:
    with pytest.raises(PermissionDenied):
        import_file(shop, csv_file(tmp_path, row()), by=BUYER)
    assert nothing_written()


@pytest.mark.django_db
def test_a_relay_address_is_kept_for_new_buyers_and_for_those_that_are_known(tmp_path: Path) -> None:
    shop = open_shop()
    first, second = row(), row(order_no="A2", buyer_id="b-2")
    take(shop, csv_file(tmp_path, first))
    told = {"buyer_relay_email": "b-1@relay.example"}
    take(shop, csv_file(tmp_path, first | told, second | {"buyer_relay_email": "b-2@relay.example"}))
    # Neither an empty cell nor a masked or another address takes it away.
    for later in ("", "b***@relay.example", "other@relay.example"):
        take(shop, csv_file(tmp_path, first | {"buyer_relay_email": later}))
    assert sorted(Buyer.objects.values_list("relay_email", flat=True)) == ["b-1@relay.example", "b-2@relay.example"]
    assert "relay.example" not in str(list(Event.objects.values_list("data", flat=True)))


@pytest.mark.django_db
@pytest.mark.parametrize("bad", ["Li <b-1@relay.example>", "b-1@relay.example, b-2@relay.example", "b-1"])
def test_what_is_no_plain_address_is_refused_and_not_repeated(bad: str, tmp_path: Path) -> None:
    shop = open_shop()
    report = take(shop, csv_file(tmp_path, row(buyer_relay_email=bad)))
    [(_row, column, message)] = refusals(report)
    assert column == "buyer_relay_email"
    assert message.startswith("This is not one plain e-mail address")
    assert bad not in Path(report.errors).read_text(encoding="utf-8-sig").replace(message, "")
