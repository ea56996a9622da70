"""What the columns of these files have in common: readers that fit the database, and the names that platforms give."""

from __future__ import annotations

from collections.abc import Callable

from django.db import models

from orders.imports import cells
from orders.stock_counts import NAMES
from sellercenter.models import Shop
from sellercenter.row_imports import Reader

ORDER_NO = (
    *("order id", "order number", "order", "main order id", "platform order no"),
    *("订单号", "订单编号", "主订单编号", "主订单号", "平台订单号", "交易订单号", "订单ID"),
)
LINE_NO = (
    *("line id", "line number", "line", "order item id", "order line id", "sub order id"),
    *("子订单编号", "子订单号", "商品单号", "子单号"),
)
CARRIER = (
    *(
        "shipping provider",
        "shipping provider name",
        "shipping carrier",
        "carrier name",
        "courier",
        "logistics company",
    ),
    *("物流公司", "快递公司", "物流公司名称", "快递公司名称", "承运商", "快递", "物流"),
)
TRACKING_NO = (
    *("tracking number", "tracking id", "tracking", "waybill", "waybill no", "waybill number"),
    *("快递单号", "物流单号", "运单号", "运单编号", "物流运单号", "快递编号"),
)
PRODUCT_NO = ("product id", "product number", "item id", "商品ID", "商品编号", "商品号", "宝贝ID", "货品ID")
TITLE = (
    *("product title", "product name", "item name", "item title", "name"),
    *("商品名称", "商品标题", "选购商品", "宝贝标题", "货品名称"),
)
SKU_NO = (*NAMES["sku_id"], "SKUID", "规格ID", "商品规格ID", "规格编号")
SELLER_SKU = NAMES["sku"]
VARIANT = ("variation", "variant name", "sku name", "规格", "商品规格", "规格名称", "SKU名称", "销售属性", "颜色分类")
PRICE = (
    "unit price",
    "sale price",
    "retail price",
    "selling price",
    "价格",
    "售价",
    "销售价",
    "单价",
    "商品单价",
    "现价",
)
QUANTITY = ("qty", "units", "shipped quantity", "数量", "商品数量", "发货数量")

SHIPPED_AT = ("shipped time", "ship date", "ship time", "shipped on", "发货时间", "发货日期")
CARRIER_TIME = (
    *("event time", "tracking time", "date", "datetime", "timestamp", "at", "occurred at"),
    *("时间", "物流时间", "轨迹时间", "扫描时间", "操作时间", "更新时间"),
)
CARRIER_CODE = (
    *("status", "event", "tracking status", "event code", "state"),
    *("状态", "物流状态", "轨迹状态", "节点", "物流节点"),
)
CARRIER_TEXT = (
    *("description", "message", "details", "remark", "event description"),
    *("描述", "物流信息", "轨迹", "物流轨迹", "轨迹描述", "物流详情", "说明"),
)
SITE = ("location", "city", "hub", "place", "facility", "网点", "地点", "站点", "所在地", "所在网点")


def identifier(_shop: Shop) -> Reader:
    """Read an id, as long as the database keeps one."""
    return cells.identifier(64)


def text(model: type[models.Model], name: str) -> Callable[[Shop], Reader]:
    """Read a text that fits into a field."""
    limit = model._meta.get_field(name).max_length or 0  # type: ignore[union-attr]
    return lambda _shop: cells.text(limit)


def time(shop: Shop) -> Reader:
    """Read a time; one without an offset is the clock on the wall of the shop."""
    return cells.time(shop.zone)
