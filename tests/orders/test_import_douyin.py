"""Douyin's order export: rows of sub-orders, joined rows, gifts, ciphertexts, and amounts that add up to the cent."""

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
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orders import recipients
from orders.facts import OrderFacts
from orders.imports.douyin_sums import BORNE, freight_waived, of_lines, reckon, unit_prices
from orders.imports.flat import RejectedOrder
from orders.imports.run import recognise
from orders.models import Buyer, Order, OrderLine, Parcel, ParcelLine
from sellercenter.imports import UnreadableFile, open_table
from sellercenter.models import Event, Shop
from tests.orders.import_files import counts, open_shop, refusals, take

HEADERS = Path(os.environ.get("SELLERCENTER_DATA", "../shared/data")) / "headers"
VARIANTS = ("A_75col", "B_74col", "C_73col")
MASK = "****"
NO = "6917926768823643751"
COLUMNS = (
    *("主订单编号", "子订单编号", "选购商品", "商品ID", "商家编码", "商品数量", "商品单价", "订单应付金额", "运费"),
    *("平台优惠", "商家优惠", "达人优惠", "支付优惠", "红包抵扣", "商家改价", "手续费"),
    *("平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额", "支付方式", "订单提交时间"),
    *("支付完成时间", "订单完成时间", "承诺发货时间", "预计送达时间", "发货时间", "订单状态", "售后状态", "取消原因"),
    *("收件人", "收件人手机号", "省", "市", "区", "街道", "详细地址", "快递信息", "旗帜颜色", "商家备注", "买家留言"),
    *("达人ID", "达人昵称", "流量来源", "流量体裁", "流量渠道", "APP渠道", "订单类型", "货号", "商品规格"),
)
RIGHT = {
    "主订单编号": NO,
    "子订单编号": NO,
    "选购商品": "绿茶",
    "商品规格": "100g",
    "商品数量": "2",
    "商品ID": "3601",
    "商家编码": "TEA-100",
    "商品单价": "30.00",
    "订单应付金额": "57.00",
    "运费": "6.00",
    "平台实际承担优惠金额": "5.00",
    "商家实际承担优惠金额": "3.00",
    "达人实际承担优惠金额": "1.00",
    "支付方式": "支付宝",
    "收件人": "##Qk9hWmE3cXlrZ2NQc0l4T2VtdkpzZ1p4cnA1#8kq2V0m3JtYlZQd2lNbmRrTmF6cGx1b3JhUQ##",
    "收件人手机号": "$$V2hxdGN5cGxsdW1hYg$MTIzNDU2Nzg5MDEyMzQ1Njc4OTA$1$$",
    "省": "广东省",
    "市": "广州市",
    "区": "天河区",
    "街道": "石牌街道",
    "详细地址": "##" + "c3RyZWV0" * 30 + "##",
    "买家留言": "请快点",
    "订单提交时间": "2026-05-14 11:23:45",
    "旗帜颜色": "红色",
    "商家备注": "礼品",
    "支付完成时间": "2026-05-14 11:24:00",
    "APP渠道": "抖音",
    "流量来源": "精选联盟",
    "流量体裁": "直播",
    "订单状态": "待发货",
    "承诺发货时间": "2026-05-16 11:24:00",
    "预计送达时间": "2026-05-18",
    "订单类型": "普通订单",
    "达人ID": "88001",
    "达人昵称": "李雷",
}


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop()


def real_header(variant: str) -> list[str]:
    """Return the header of a real export; the test is skipped where the data is not there."""
    path = HEADERS / f"douyin_orders_{variant}.csv.gz"
    if not path.exists():
        pytest.skip(f"the headers of real exports are not there: {path}")
    return next(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8-sig"))))


def row(**changes: str) -> dict[str, str]:
    """Return a right row with some cells changed."""
    return RIGHT | changes


def export(folder: Path, *rows: dict[str, str], header: Any = COLUMNS, encoding: str = "utf-8-sig") -> Path:
    """Write an export as Douyin does: texts begin with a TAB, what is empty is a hyphen."""
    path = folder / "orders.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(",".join(header) + "\n")
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        for one in rows:
            writer.writerow(f"\t{one.get(name) or '-'}" for name in header)
    return path


def facts_of(folder: Path, *rows: dict[str, str], header: Any = COLUMNS) -> tuple[OrderFacts, list[str]]:
    """Read one order without a database; return its facts and what is worth a note."""
    with open_table(export(folder, *rows, header=header)) as table:
        layout, found, _notes = recognise(table)
        reader = layout.reader(layout, found, Shop(pk=1, currency="CNY", time_zone="Asia/Shanghai"))
        return reader([line for line in table.rows() if line[0] > found.row]), reader.notes


def only_order() -> Order:
    return Order.objects.select_related("buyer", "recipient").get()


def amounts(order: Order | OrderFacts) -> dict[str, Decimal]:
    """Return the order's amounts that are not zero."""
    names = ("goods", "freight", "fee")
    told = {name: getattr(order, f"{name}_amount") for name in names}
    told |= {name: getattr(order, f"{name}_discount") for name in ("platform", "seller", "creator", "payment")}
    told["waived"] = order.freight_discount
    return {name: amount for name, amount in (told | {"adjustment": order.adjustment}).items() if amount}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_an_order_of_every_real_header_arrives_with_all_that_is_told(
    tmp_path: Path, shop: Shop, variant: str, encoding: str
) -> None:
    header = real_header(variant)
    told = row(**{"商品金额": "30.00", "货号": "TEA", "快递信息": ""})
    report = take(shop, export(tmp_path, told, header=header, encoding=encoding))
    assert (counts(report), report.unknown_columns, report.notes, report.errors) == ((1, 0, 0, 0), [], [], "")
    assert report.layout == "douyin"
    order = only_order()
    assert (order.number, order.status, order.raw_status, order.kind, order.source, order.channel) == (
        *(NO, "to_ship", "待发货", "normal", "live", "抖音"),
    )
    assert order.placed_at == datetime(2026, 5, 14, 3, 23, 45, tzinfo=UTC)
    assert order.paid_at == datetime(2026, 5, 14, 3, 24, tzinfo=UTC)
    assert order.ship_by == datetime(2026, 5, 16, 3, 24, tzinfo=UTC)
    assert order.deliver_by == datetime(2026, 5, 18, 15, 59, 59, tzinfo=UTC)
    assert (order.total_amount, order.paid_amount, order.payment_method) == (57, 57, "alipay")
    assert (order.goods_amount, order.freight_amount, order.adjustment) == (60, 6, 0)
    assert (order.platform_discount, order.seller_discount, order.creator_discount) == (5, 3, 1)
    assert (order.buyer_message, order.flag, order.seller_note) == ("请快点", 5, "礼品")
    assert (order.province, order.city, order.district) == ("广东省", "广州市", "天河区")
    assert (order.recipient.name_masked, order.recipient.phone_masked, order.recipient.address_masked) == (MASK,) * 3
    line = OrderLine.objects.select_related("product", "creator").get()
    assert (line.number, line.title, line.product.number, line.quantity) == (NO, "绿茶", "3601", 2)
    assert (line.unit_price, line.amount, line.freight_amount) == (30, 51, 6)
    assert line.creator is not None
    assert (line.creator.number, line.creator.name) == ("88001", "李雷")
    assert (line.seller_sku, line.variant) == ("TEA-100", "" if variant == "A_75col" else "100g")
    again = take(shop, export(tmp_path, told, header=header, encoding=encoding))
    assert counts(again) == (0, 0, 1, 0)
    assert Event.objects.filter(kind="order.imported").count() == 0


def test_the_header_need_not_be_the_first_row_and_columns_may_stand_in_any_order(tmp_path: Path, shop: Shop) -> None:
    path = export(tmp_path, row(), header=sorted(COLUMNS))
    path.write_text("订单报表\n\n" + path.read_text(encoding="utf-8-sig"), encoding="utf-8-sig")
    assert counts(take(shop, path)) == (1, 0, 0, 0)
    assert only_order().total_amount == 57


def test_a_buyer_without_an_id_is_nobody_elses(tmp_path: Path, shop: Shop) -> None:
    take(shop, export(tmp_path, row(), row(**{"主订单编号": "6917926768823643999", "子订单编号": "1"})))
    assert {*Buyer.objects.values_list("uid", flat=True)} == {f"order:{NO}", "order:6917926768823643999"}


# --- Lines ------------------------------------------------------------------------------------------------------------


def test_rows_of_one_order_are_its_lines_and_their_amounts_are_added_up(tmp_path: Path, shop: Shop) -> None:
    mug = {"子订单编号": "6917926768823643752", "选购商品": "杯; 大", "商品ID": "3602", "商品数量": "1", "运费": "0.00"}
    mug |= {"商品单价": "10.00", "订单应付金额": "9.50", "达人ID": "0", "达人昵称": "-"}
    mug |= {"平台实际承担优惠金额": "0.50", "商家实际承担优惠金额": "0.00", "达人实际承担优惠金额": "0.00"}
    other = row(**{"主订单编号": "7000000000000000001", "子订单编号": "7000000000000000001"})
    report = take(shop, export(tmp_path, row(), other, row(**mug)))
    assert (counts(report), report.notes) == ((2, 0, 0, 0), [])
    order = Order.objects.get(number=NO)
    assert (order.total_amount, order.paid_amount) == (Decimal("66.50"), Decimal("66.50"))
    assert amounts(order) == {
        "goods": 70,
        "freight": 6,
        "platform": Decimal("5.50"),
        "seller": 3,
        "creator": 1,
    }
    assert [*order.lines.order_by("position").values_list("number", "title", "amount", "creator__number")] == [
        (NO, "绿茶", 51, "88001"),
        ("6917926768823643752", "杯; 大", Decimal("9.50"), None),
    ]


def test_a_row_with_several_lines_is_split_and_its_amounts_are_shared_by_price_to_the_cent(
    tmp_path: Path, shop: Shop
) -> None:
    joined = row(
        **{
            "选购商品": "\t绿茶;杯;勺",
            "商品ID": "\t3601;\t3602;3603",
            "商品数量": "2;1;3;",
            "商品单价": "30.00;10.00;0.01",
        },
        **{
            "商家编码": "T;M;S",
            "商品规格": "-",
            "运费": "1.00",
            "订单应付金额": "61.03",
            "平台实际承担优惠金额": "10.00",
        },
        **{"商家实际承担优惠金额": "0.00", "达人实际承担优惠金额": "0.00"},
    )
    report = take(shop, export(tmp_path, joined))
    assert (counts(report), report.new.lines, report.notes) == ((1, 0, 0, 0), 3, [])
    order = only_order()
    assert amounts(order) == {"goods": Decimal("70.03"), "freight": 1, "platform": 10}
    told = ("number", "title", "product__number", "seller_sku", "quantity", "unit_price", "platform_discount", "amount")
    assert [*order.lines.order_by("position").values_list(*told)] == [
        (f"{NO}-1", "绿茶", "3601", "T", 2, 30, Decimal("8.56"), Decimal("51.44")),
        (f"{NO}-2", "杯", "3602", "M", 1, 10, Decimal("1.42"), Decimal("8.58")),
        (f"{NO}-3", "勺", "3603", "S", 3, Decimal("0.01"), Decimal("0.02"), Decimal("0.01")),
    ]
    assert sum(order.lines.values_list("amount", flat=True)) + 1 == order.total_amount == Decimal("61.03")
    assert sum(order.lines.values_list("freight_amount", flat=True)) == 1
    assert counts(take(shop, export(tmp_path, joined))) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("quantities", "payable", "prices", "rest"),
    [
        ("1;2", "10.00", ("3.34", "3.33"), "0"),
        ("1;1;1", "10.00", ("3.34", "3.33", "3.33"), "0"),
        ("3;2", "10.00", ("2.00", "2.00"), "0"),
        ("3;1", "1.00", ("0.25", "0.25"), "0"),
        ("1;1;2", "10.03", ("2.51", "2.50", "2.51"), "0"),
        ("2;2", "10.01", ("2.50", "2.50"), "0.01"),
    ],
)
def test_without_a_price_the_pieces_share_what_the_row_costs(
    tmp_path: Path, quantities: str, payable: str, prices: tuple[str, ...], rest: str
) -> None:
    names = ";".join(f"p{place}" for place in range(len(prices)))
    plain = dict.fromkeys(("商品单价", "平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额"), "")
    joined = {"选购商品": names, "商品ID": names, "商品数量": quantities, "商家编码": "", "商品规格": ""}
    order, notes = facts_of(tmp_path, row(**plain, **joined, **{"运费": "", "订单应付金额": payable}))
    assert (order.total_amount, order.adjustment) == (Decimal(payable), Decimal(rest))
    assert [line.unit_price for line in order.lines] == [*map(Decimal, prices)]
    assert len(notes) == (rest != "0")


@pytest.mark.parametrize(
    ("cells", "column", "parts"),
    [
        ({"选购商品": "绿茶;杯;勺"}, "选购商品", 3),
        ({"商品ID": "3601"}, "商品ID", 1),
        ({"商品数量": "2"}, "商品数量", 1),
        ({"商家编码": "T"}, "商家编码", 1),
        ({"商品单价": "30.00"}, "商品单价", 1),
    ],
)
def test_joined_cells_that_do_not_agree_in_number_are_refused(
    tmp_path: Path, cells: dict[str, str], column: str, parts: int
) -> None:
    joined = {"选购商品": "绿茶;杯", "商品ID": "3601;3602", "商品数量": "2;1", "商家编码": "T;M", "商品规格": ""}
    joined |= {"商品单价": "30.00;10.00"}
    with pytest.raises(RejectedOrder) as refused:
        facts_of(tmp_path, row(**joined | cells))
    message = f"The row holds 2 lines, but this cell {parts} parts. Export the orders by product instead."
    assert [(error.row, error.column, error.message) for error in refused.value.errors] == [(2, column, message)]


def test_joined_amounts_of_their_own_stay_with_their_lines(tmp_path: Path, shop: Shop) -> None:
    joined = {"子订单编号": "11;12", "选购商品": "绿茶;杯", "商品ID": "3601;3602", "商品数量": "2;1", "商家编码": ""}
    joined |= {"商品规格": "", "商品单价": "30.00;10.00", "订单应付金额": "55.00;10.00", "运费": "0.00"}
    joined |= {"平台实际承担优惠金额": "5.00;0.00", "商家实际承担优惠金额": "", "达人实际承担优惠金额": ""}
    assert counts(take(shop, export(tmp_path, row(**joined)))) == (1, 0, 0, 0)
    told = only_order().lines.order_by("position").values_list("number", "platform_discount", "amount")
    assert [*told] == [("11", 5, 55), ("12", 0, 10)]


def test_an_article_stands_for_a_missing_code_and_a_name_alone_for_no_creator(tmp_path: Path) -> None:
    order, _notes = facts_of(tmp_path, row(**{"商家编码": "", "货号": "ART-9", "达人ID": ""}))
    assert (order.lines[0].seller_sku, order.lines[0].creator_number, order.lines[0].creator_name) == ("ART-9", "", "")


def test_lines_that_were_submitted_one_after_the_other_are_one_order_of_the_first_moment(tmp_path: Path) -> None:
    later = row(**{"子订单编号": "2", "订单提交时间": "2026-05-14 11:23:46"})
    order, _notes = facts_of(tmp_path, later, row())
    assert order.placed_at == datetime(2026, 5, 14, 3, 23, 45, tzinfo=UTC)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5000)), min_size=1, max_size=5),
    st.lists(st.integers(0, 1000), min_size=3, max_size=3),
    st.integers(0, 1500),
    st.booleans(),
)
def test_whatever_is_shared_out_over_lines_adds_up_and_no_line_costs_less_than_nothing(
    lines: list[tuple[int, int]], shares: list[int], freight: int, priced: bool
) -> None:
    quantities = [quantity for quantity, _cents in lines]
    costs = [quantity * Decimal(cents) / 100 for quantity, cents in lines]
    discounts = [Decimal(cents) / 100 for cents in shares]
    owed = sum(costs) - sum(discounts) + Decimal(freight) / 100
    assume(owed >= 0 and sum(costs) > 0)
    told = dict(zip(BORNE.values(), discounts, strict=True)) | {"payable": owed, "freight": Decimal(freight) / 100}
    sums = reckon(told, [sum(costs)] if priced else [])
    assert sums.total == owed
    if not priced:
        prices = unit_prices(sums.goods, quantities, "CNY")
        rest = sums.goods - sum(price * quantity for price, quantity in zip(prices, quantities, strict=True))
        assert 0 <= rest < min(quantities) * Decimal("0.01")
    sums, waived = freight_waived(sums)
    assert sums.total - waived == owed
    parts = of_lines(sums, costs, "CNY")
    for name, amount in (*sums.discounts.items(), ("freight_amount", sums.freight)):
        assert sum(part[name] for part in parts) == amount
    assert all(cost >= sum(part[name] for name in sums.discounts) for cost, part in zip(costs, parts, strict=True))


# --- Gifts and states -------------------------------------------------------------------------------------------------

GIFT = row(
    **{"子订单编号": "6917926768823643759", "选购商品": "赠品", "商品ID": "3609", "商品数量": "1", "商品单价": "0.00"},
    **{
        "订单应付金额": "0.00",
        "运费": "0.00",
        "支付方式": "无需支付",
        "订单状态": "已关闭",
        "取消原因": "主品订单售后完成",
    },
    **dict.fromkeys(("平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额"), "0.00"),
)


@pytest.mark.parametrize("price", ["0.00", "9.90", ""])
def test_a_closed_gift_does_not_end_the_order(tmp_path: Path, shop: Shop, price: str) -> None:
    done = row(**{"订单状态": "已完成", "发货时间": "2026-05-15 08:00:00", "订单完成时间": "2026-05-25 08:00:00"})
    report = take(shop, export(tmp_path, done, GIFT | {"商品单价": price}))
    assert (counts(report), report.notes) == ((1, 0, 0, 0), [])
    order = only_order()
    assert (order.status, order.total_amount, order.refunded_amount, order.payment_method) == (
        *("completed", 57, 0, "alipay"),
    )
    assert order.completed_at == datetime(2026, 5, 25, tzinfo=UTC)
    told = order.lines.order_by("position").values_list("gift", "amount", "status", "cancel_reason", "list_price")
    listed = Decimal(price) if price == "9.90" else 0
    assert [*told] == [(False, 51, "delivered", "", 0), (True, 0, "cancelled", "主品订单售后完成", listed)]


def test_a_gift_alone_does_not_keep_an_order_alive(tmp_path: Path, shop: Shop) -> None:
    closed = row(**{"订单状态": "已关闭", "售后状态": "退款成功", "取消原因": "不想要了"})
    take(shop, export(tmp_path, closed, GIFT | {"订单状态": "待发货"}))
    order = only_order()
    assert (order.status, order.cancel_reason, order.refunded_amount) == ("cancelled", "不想要了", 57)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        *(
            ("待付款", "unpaid"),
            ("待支付", "unpaid"),
            ("备货中", "to_ship"),
            ("待发货", "to_ship"),
            ("已发货", "shipped"),
        ),
        *(("部分发货", "part_shipped"), ("已签收", "delivered"), ("已完成", "completed"), ("已关闭", "cancelled")),
        ("已取消", "cancelled"),
    ],
)
def test_every_state_of_douyin_is_one_of_ours(tmp_path: Path, told: str, state: str) -> None:
    unpaid = {"支付完成时间": ""} if state in ("unpaid", "cancelled") else {}
    order, _notes = facts_of(tmp_path, row(**{"订单状态": told}, **unpaid))
    assert (order.stage, order.raw_status) == (state, told)
    assert order.paid_amount == (0 if unpaid else 57)
    assert (order.cancelled_at is not None) is (state == "cancelled")


def test_a_state_that_is_not_known_is_refused_by_its_word(tmp_path: Path, shop: Shop) -> None:
    report = take(shop, export(tmp_path, row(**{"订单状态": "飞走了"})))
    [(number, column, message)] = refusals(report)
    assert (number, column) == (2, "订单状态")
    assert message.startswith("The word “飞走了” is not known in this column. Known are")


def test_lines_that_left_and_lines_that_wait_make_a_partly_shipped_order(tmp_path: Path, shop: Shop) -> None:
    second = {"子订单编号": "2", "商品ID": "3602"}
    gone = row(**{"订单状态": "已发货", "发货时间": "2026-05-15 08:00:00", "快递信息": "顺丰速运:SF1029384756"})
    waiting = row(**second)
    take(shop, export(tmp_path, gone, waiting))
    order = only_order()
    assert (order.status, order.raw_status) == ("part_shipped", "待发货/已发货")
    parcel = Parcel.objects.get()
    assert (parcel.carrier, parcel.tracking_no, parcel.status) == ("顺丰速运", "SF1029384756", "in_transit")
    assert parcel.shipped_at == datetime(2026, 5, 15, tzinfo=UTC)
    assert [*ParcelLine.objects.values_list("line__number", "quantity")] == [(NO, 2)]
    later = {"订单状态": "已完成", "订单完成时间": "2026-05-25 08:00:00"}
    report = take(shop, export(tmp_path, gone | later, waiting | later | {"快递信息": "顺丰速运:SF1029384757"}))
    assert counts(report) == (0, 1, 0, 0)
    assert only_order().status == "completed"
    assert [*Parcel.objects.order_by("tracking_no").values_list("tracking_no", "status")] == [
        ("SF1029384756", "delivered"),
        ("SF1029384757", "delivered"),
    ]
    older = take(shop, export(tmp_path, gone, waiting))
    assert (counts(older), only_order().status) == ((0, 0, 1, 0), "completed")
    assert older.notes == [f"{NO}: The file is older than what is stored: the order is “Completed” already."]


@pytest.mark.parametrize(
    ("told", "carrier", "number"),
    [
        *(
            ("中通快递 78901234567890", "中通快递", "78901234567890"),
            ("圆通速递-YT2233445566778", "圆通速递", "YT2233445566778"),
        ),
        *(("EMS|EA123456789CN", "EMS", "EA123456789CN"), ("78901234567890", "", "78901234567890")),
        ("韵达快递（4312345678901）", "韵达快递", "4312345678901"),
    ],
)
def test_carrier_and_number_are_told_apart(tmp_path: Path, told: str, carrier: str, number: str) -> None:
    order, notes = facts_of(tmp_path, row(**{"订单状态": "已发货", "快递信息": told}))
    assert notes == []
    assert [(parcel.carrier, parcel.tracking_no) for parcel in order.parcels] == [(carrier, number)]


def test_what_is_not_understood_beside_the_order_is_left_out_with_a_note(tmp_path: Path, shop: Shop) -> None:
    odd = row(**{"订单状态": "已发货", "快递信息": "上门自提", "预计送达时间": "后天前", "旗帜颜色": "蓝色"})
    report = take(shop, export(tmp_path, odd))
    assert counts(report) == (1, 0, 0, 0)
    assert report.notes == [
        f"{NO}: The flag “蓝色” is not known and was left out.",
        f"{NO}: The promised delivery time “后天前” can't be read and was left out.",
        f"{NO}: No parcel number can be read in “上门自提”.",
    ]
    order = only_order()
    assert (order.status, order.flag, order.deliver_by, Parcel.objects.count()) == ("shipped", None, None, 0)


def test_a_part_of_a_line_that_left_counts_as_one_piece(tmp_path: Path, shop: Shop) -> None:
    report = take(shop, export(tmp_path, row(**{"订单状态": "部分发货", "发货时间": "2026-05-15 08:00:00"})))
    assert [*ParcelLine.objects.values_list("quantity", flat=True)] == [1]
    assert report.notes == [f"{NO}: How many pieces of a line have left is not told; one was taken to have."]
    take(shop, export(tmp_path, row(**{"订单状态": "已发货", "发货时间": "2026-05-15 08:00:00"})))
    assert only_order().status == "shipped"


def test_of_a_joined_row_that_left_in_part_the_first_line_has_left(tmp_path: Path) -> None:
    joined = {"选购商品": "绿茶;杯", "商品ID": "3601;3602", "商品数量": "1;1", "商家编码": "T;M", "商品规格": ""}
    joined |= {"商品单价": "50.00;10.00", "订单状态": "部分发货", "发货时间": "2026-05-15 08:00:00"}
    order, _notes = facts_of(tmp_path, row(**joined))
    assert (order.stage, [parcel.contents for parcel in order.parcels]) == ("part_shipped", [{f"{NO}-1": 1}])


# --- Money ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param({}, {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1}, id="what was borne"),
        pytest.param(
            {"平台优惠": "4.00", "商家优惠": "3.00", "达人优惠": "1.00", "订单应付金额": "58.00"},
            {"goods": 60, "freight": 6, "platform": 4, "seller": 3, "creator": 1},
            id="what was granted, when only that adds up",
        ),
        pytest.param(
            {"平台优惠": "新人券", "平台实际承担优惠金额": "", "商家实际承担优惠金额": "", "达人实际承担优惠金额": ""}
            | {"商家优惠": "9.00"},
            {"goods": 60, "freight": 6, "seller": 9},
            id="a discount told by its name says nothing",
        ),
        pytest.param(
            {"支付优惠": "2.00", "订单应付金额": "55.00"},
            {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1, "payment": 2},
            id="a payment discount that lessens what is owed",
        ),
        pytest.param(
            {"支付优惠": "2.00"},
            {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1},
            id="a payment discount that does not",
        ),
        pytest.param(
            {"红包抵扣": "-1.50", "手续费": "0.50", "订单应付金额": "56.00"},
            {"goods": 60, "freight": 6, "platform": Decimal("6.50"), "seller": 3, "creator": 1, "fee": Decimal("0.50")},
            id="a red packet and a fee",
        ),
        pytest.param(
            {"商家改价": "-7.00", "订单应付金额": "50.00"},
            {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1, "adjustment": -7},
            id="a change of the price",
        ),
        pytest.param(
            {"商家改价": "7.00", "订单应付金额": "50.00"},
            {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1, "adjustment": -7},
            id="a change of the price without its sign",
        ),
        pytest.param(
            {"商品单价": "8.00", "商品数量": "1", "订单应付金额": "5.00"},
            {"goods": 8, "freight": 6, "platform": 4, "seller": 3, "creator": 1, "waived": 1},
            id="discounts that go on with the freight",
        ),
    ],
)
def test_the_amounts_of_a_row_are_read_so_that_they_make_what_is_owed(
    tmp_path: Path, cells: dict[str, str], expected: dict[str, Decimal]
) -> None:
    told = row(**cells)
    order, notes = facts_of(tmp_path, told)
    assert (amounts(order), notes) == (expected, [])
    assert order.total_amount == order.paid_amount == Decimal(told["订单应付金额"])


@pytest.mark.parametrize("amount", ["30.00", "60.00"])
def test_the_column_that_may_mean_a_piece_or_the_line_is_read_as_it_adds_up(tmp_path: Path, amount: str) -> None:
    header = ["商品金额" if name == "商品单价" else name for name in COLUMNS]
    order, notes = facts_of(tmp_path, row(**{"商品金额": amount}), header=header)
    assert (order.goods_amount, order.lines[0].unit_price, notes) == (Decimal(60), Decimal(30), list[str]())


def test_a_small_rest_is_booked_and_noted_and_a_large_one_refused(tmp_path: Path, shop: Shop) -> None:
    report = take(shop, export(tmp_path, row(**{"订单应付金额": "57.30"})))
    assert amounts(only_order())["adjustment"] == Decimal("0.30")
    [note] = report.notes
    assert note.startswith(f"{NO}: ¥0.30 of the order's amount ¥57.30 are in no column")
    large = take(shop, export(tmp_path, row(**{"主订单编号": "2", "订单应付金额": "157.00"})))
    assert refusals(large) == [(2, "", "Goods less discounts plus freight, tax and fees make 57.00, not this.")]


def test_money_goes_back_with_a_line_that_was_closed_and_refunded(tmp_path: Path, shop: Shop) -> None:
    closed = {"订单状态": "已关闭", "售后状态": "退款成功", "取消原因": "拍错了"}
    second = row(**{"子订单编号": "2", "商品ID": "3602"})
    report = take(shop, export(tmp_path, row(**closed), second))
    assert counts(report) == (1, 0, 0, 0)
    order = only_order()
    assert (order.status, order.aftersales, order.paid_amount, order.refunded_amount) == ("to_ship", "closed", 114, 57)
    assert [*order.lines.order_by("position").values_list("status", flat=True)] == ["cancelled", "waiting"]


def test_a_refund_after_completion_closes_the_case_and_tells_no_amount(tmp_path: Path, shop: Shop) -> None:
    take(shop, export(tmp_path, row(**{"订单状态": "已完成", "售后状态": "退款成功"})))
    assert (only_order().aftersales, only_order().refunded_amount) == ("closed", 0)
    take(shop, export(tmp_path, row(**{"主订单编号": "2", "售后状态": "待商家处理"})))
    assert Order.objects.get(number="2").aftersales == "open"


@pytest.mark.parametrize(
    ("told", "method"),
    [
        *(("支付宝", "alipay"), ("微信支付", "wechat_pay"), ("抖音支付", "douyin_pay"), ("抖音月付-3期", "pay_later")),
        *(("银行卡", "card"), ("先用后付", "pay_later"), ("在线支付", "other"), ("", "other")),
    ],
)
def test_ways_to_pay_are_known_by_their_words(tmp_path: Path, told: str, method: str) -> None:
    order, _notes = facts_of(tmp_path, row(**{"支付方式": told}))
    assert order.payments[0].method == order.payment_method == method


def test_cash_on_delivery_is_paid_at_the_door(tmp_path: Path, shop: Shop) -> None:
    cash = {"支付方式": "货到付款", "支付完成时间": ""}
    take(shop, export(tmp_path, row(**cash)))
    assert (only_order().payment_method, only_order().paid_amount) == ("cod", 0)
    take(shop, export(tmp_path, row(**cash, **{"订单状态": "已完成"})))
    assert only_order().paid_amount == 57


@pytest.mark.parametrize(
    ("genre", "entrance", "origin", "source"),
    [
        *(
            ("直播", "", "", "live"),
            ("短视频", "", "", "video"),
            ("商品卡", "搜索", "", "shop"),
            ("", "橱窗", "", "showcase"),
        ),
        *(("", "搜索", "", "search"), ("其他", "", "", "other"), ("", "", "精选联盟", "shop")),
        ("数据将于第二天更新", "数据将于第二天更新", "", "shop"),
    ],
)
def test_an_order_comes_from_where_its_traffic_came(
    tmp_path: Path, genre: str, entrance: str, origin: str, source: str
) -> None:
    order, _notes = facts_of(tmp_path, row(**{"流量体裁": genre, "流量渠道": entrance, "流量来源": origin}))
    assert order.source == source


def test_a_source_that_is_known_stays_when_a_file_does_not_know_it_yet(tmp_path: Path, shop: Shop) -> None:
    take(shop, export(tmp_path, row()))
    take(shop, export(tmp_path, row(**{"流量体裁": "数据将于第二天更新", "订单状态": "已发货"})))
    assert (only_order().source, only_order().status) == ("live", "shipped")


def test_what_a_report_has_no_columns_for_is_booked_as_adjustment(tmp_path: Path) -> None:
    header = [name for name in COLUMNS if "优惠" not in name]
    order, notes = facts_of(tmp_path, row(**{"订单应付金额": "46.00"}), header=header)
    assert amounts(order) == {"goods": 60, "freight": 6, "adjustment": -20}
    assert len(notes) == 1


# --- Private data -----------------------------------------------------------------------------------------------------


def test_ciphertexts_never_cover_what_is_known_in_plain(tmp_path: Path, shop: Shop) -> None:
    plain = {"收件人": "王小明", "收件人手机号": "13800138000", "详细地址": "幸福路 8 号"}
    take(shop, export(tmp_path, row(**plain)))
    report = take(shop, export(tmp_path, row(**{"订单状态": "已发货"})))
    assert counts(report) == (0, 1, 0, 0)
    opened = recipients.opened(only_order().recipient, order_number=NO)
    assert (opened.name, opened.phone, opened.address) == ("王小明", "13800138000", "石牌街道幸福路 8 号")
    other = {name: told + "x" for name, told in RIGHT.items() if name in plain}
    assert counts(take(shop, export(tmp_path, row(**{"订单状态": "已发货"}, **other)))) == (0, 0, 1, 0)


def test_the_list_of_refused_rows_repeats_no_private_value(tmp_path: Path, shop: Shop) -> None:
    secret = "王小明" * 30
    report = take(shop, export(tmp_path, row(**{"收件人": secret, "订单状态": "飞走了"})))
    assert [column for _row, column, _message in refusals(report)] == ["收件人", "订单状态"]
    assert "王小明" not in Path(report.errors).read_text(encoding="utf-8-sig")


def test_a_rounded_number_is_refused_because_excel_has_destroyed_it(tmp_path: Path, shop: Shop) -> None:
    report = take(shop, export(tmp_path, row(**{"商品ID": "3.6E+18"})))
    assert refusals(report)[0][1:] == (
        "商品ID",
        "Excel has rounded this number: its last digits are lost. Format the column as text, export again.",
    )


def test_a_file_without_what_is_owed_says_which_column_is_missing(tmp_path: Path, shop: Shop) -> None:
    header = [name for name in COLUMNS if name != "订单应付金额"]
    with pytest.raises(UnreadableFile, match="Columns are missing: 订单应付金额"):
        take(shop, export(tmp_path, row(), header=header))
    assert not Order.objects.exists()
