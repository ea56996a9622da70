"""Douyin's order export: rows of sub-orders, joined rows, gifts, ciphertexts, and amounts that add up to the cent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orders import recipients
from orders.imports.flat import RejectedOrder
from orders.models import Buyer, Order, OrderLine, Parcel, ParcelLine
from sellercenter.imports import UnreadableFile
from sellercenter.models import Event, Shop
from tests.orders.douyin_files import (
    COLUMNS,
    MASK,
    NO,
    RIGHT,
    VARIANTS,
    amounts,
    export,
    facts_of,
    only_order,
    real_header,
    row,
)
from tests.orders.import_files import counts, open_shop, refusals, take


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop()


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


def test_a_row_that_joins_more_lines_than_any_order_has_is_refused(tmp_path: Path) -> None:
    joined = {"选购商品": ";".join("茶" * 201), "商品ID": ";".join("3" * 201), "商品数量": ";".join("1" * 201)}
    with pytest.raises(RejectedOrder) as refused:
        facts_of(tmp_path, row(**joined))
    (error,) = refused.value.errors
    assert (error.row, error.column, error.message) == (2, "商品ID", "The row holds more than 200 lines.")


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


def test_a_shop_that_keeps_its_orders_in_another_currency_takes_none_of_them(tmp_path: Path, db: None) -> None:
    with pytest.raises(UnreadableFile, match="are in CNY, and the shop keeps its orders in GBP"):
        take(open_shop(currency="GBP"), export(tmp_path, row()))
    assert not Order.objects.exists()
