"""Exports of Douyin to import: a right row, files as Douyin writes them, and one order read without a database."""

from __future__ import annotations

import csv
import gzip
import io
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orders.facts import OrderFacts
from orders.imports.run import recognise
from orders.models import Order
from sellercenter.imports import open_table
from sellercenter.models import Shop

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
