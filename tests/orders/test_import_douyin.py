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

from orders import recipients
from orders.models import Buyer, Order, OrderLine, Parcel, ParcelLine, Payment
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


def only_order() -> Order:
    return Order.objects.select_related("buyer", "recipient").get()


def amounts(order: Order) -> dict[str, Decimal]:
    """Return the order's amounts that are not zero."""
    names = ("goods", "freight", "fee")
    told = {name: getattr(order, f"{name}_amount") for name in names}
    told |= {name: getattr(order, f"{name}_discount") for name in ("platform", "seller", "creator", "payment", "freight")}
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
