"""The columns of the product's own layout, in the order in which docs/import-layout.md explains them."""

from __future__ import annotations

from django.db import models

from orders import models as records
from orders.imports.layout import As, Column, Of
from orders.states import Abnormal, AfterSales, CancelledBy, Kind, ParcelStatus, PaymentMethod, Source, Status


def _limit(model: type[models.Model], field: str) -> int:
    return model._meta.get_field(field).max_length or 2000  # type: ignore[union-attr]


def _id(
    name: str, of: Of, field: str, *aliases: str, at: tuple[type[models.Model], str], required: bool = False
) -> Column:
    return Column(name, of, As.ID, field, aliases, required, _limit(*at))


def _text(
    name: str, of: Of, field: str, *aliases: str, at: tuple[type[models.Model], str] | int, private: bool = False
) -> Column:
    return Column(name, of, As.TEXT, field, aliases, False, at if isinstance(at, int) else _limit(*at), private=private)


def _word(
    name: str, of: Of, field: str, words: type[models.TextChoices], *aliases: str, required: bool = False
) -> Column:
    return Column(name, of, As.WORD, field, aliases, required, words=words)


def _time(name: str, of: Of, *aliases: str, required: bool = False) -> Column:
    return Column(name, of, As.TIME, name, aliases, required)


def _money(name: str, of: Of, field: str, *aliases: str, kind: As = As.MONEY) -> Column:
    return Column(name, of, kind, field, aliases)


_O, _L, _P = Of.ORDER, Of.LINE, Of.PARCEL
_order, _line, _parcel = records.Order, records.OrderLine, records.Parcel

FLAT_COLUMNS = (
    _id(
        "order_no",
        _O,
        "number",
        "order id",
        "order number",
        "order",
        "订单号",
        "订单编号",
        at=(_order, "number"),
        required=True,
    ),
    _word("status", _O, "stage", Status, "order status", "state", "订单状态", required=True),
    _time("placed_at", _O, "created at", "order time", "ordered at", "created time", "下单时间", required=True),
    _id(
        "buyer_id",
        _O,
        "buyer_uid",
        "buyer uid",
        "customer id",
        "user id",
        "买家id",
        at=(records.Buyer, "uid"),
        required=True,
    ),
    Column("currency", _O, As.CURRENCY, "currency", ("币种",)),
    _text("raw_status", _O, "raw_status", "platform status", at=(_order, "raw_status")),
    _word("kind", _O, "kind", Kind, "order type", "订单类型"),
    _word("source", _O, "source", Source, "traffic source", "流量来源"),
    _text("channel", _O, "channel", "app", "app渠道", at=(_order, "channel")),
    _text(
        "buyer_nickname",
        _O,
        "buyer_nickname",
        "buyer",
        "nickname",
        "buyer username",
        "买家昵称",
        at=(_order, "buyer_nickname"),
    ),
    Column("buyer_relay_email", _O, As.EMAIL, "buyer_email", ("relay email",), private=True),
    _text("buyer_message", _O, "buyer_message", "message", "买家留言", at=2000),
    _time("paid_at", _O, "paid time", "payment time", "支付完成时间"),
    _time("reviewed_at", _O, "approved at"),
    _time("completed_at", _O, "finished at", "订单完成时间"),
    _time("cancelled_at", _O, "canceled at", "cancelled time"),
    _word("cancelled_by", _O, "cancelled_by", CancelledBy, "canceled by", "cancel by"),
    _text("cancel_reason", _O, "cancel_reason", "cancellation reason", "取消原因", at=(_order, "cancel_reason")),
    _time("cancel_requested_at", _O),
    _time("ship_by", _O, "ship before", "promised ship time", "承诺发货时间"),
    Column("deliver_by", _O, As.UNTIL, "deliver_by", ("estimated delivery", "promised delivery time", "承诺送达时间")),
    _text("recipient_name", _O, "name", "recipient", "收件人", at=60, private=True),
    _text("recipient_phone", _O, "phone", "phone", "phone #", "收件人手机号", at=40, private=True),
    _text("recipient_address", _O, "address", "address", "detail address", "详细地址", at=500, private=True),
    _text("recipient_postcode", _O, "postcode", "postcode", "zip", "zipcode", "postal code", at=20, private=True),
    _text("province", _O, "province", "state or province", "省", at=(_order, "province")),
    _text("city", _O, "city", "市", at=(_order, "city")),
    _text("district", _O, "district", "区", at=(_order, "district")),
    _money("goods_amount", _O, "goods_amount", "goods"),
    _money("platform_discount", _O, "platform_discount", "平台优惠"),
    _money("seller_discount", _O, "seller_discount", "shop discount", "商家优惠"),
    _money("creator_discount", _O, "creator_discount", "达人优惠"),
    _money("payment_discount", _O, "payment_discount", "支付优惠"),
    _money("freight", _O, "freight_amount", "freight amount", "shipping fee", "shipping", "运费"),
    _money("freight_discount", _O, "freight_discount", "shipping discount"),
    _money("tax", _O, "tax_amount", "tax amount", "taxes", "税费"),
    _money("fee", _O, "fee_amount", "fee amount", "fees", "手续费"),
    _money("adjustment", _O, "adjustment", "price change", "商家改价", kind=As.SIGNED),
    _money("total", _O, "total", "total amount", "order amount", "订单应付金额"),
    _money("refunded", _O, "refunded_amount", "refunded amount", "order refund amount"),
    _word("payment_method", _O, "payment_method", PaymentMethod, "支付方式"),
    Column("payments", _O, As.PAYMENTS, "payments", ("payment",)),
    _word("aftersales", _O, "aftersales", AfterSales, "after-sales", "after-sales status"),
    Column("flag", _O, As.FLAG, "flag", ("flag colour", "flag color", "旗帜颜色")),
    _text("seller_note", _O, "seller_note", "note", "商家备注", at=(_order, "seller_note")),
    _word("abnormal", _O, "abnormal", Abnormal),
    _text("abnormal_reason", _O, "abnormal_reason", at=(_order, "abnormal_reason")),
    _time("abnormal_at", _O),
    _id("line_no", _L, "number", "line id", "line number", "line", "子订单编号", at=(_line, "number")),
    _id("product_no", _L, "product_number", "product id", "product number", "商品id", at=(records.Product, "number")),
    _text("product_title", _L, "title", "title", "product name", "product", "选购商品", at=(_line, "title")),
    _id("sku_no", _L, "sku_number", "sku id", "sku number", at=(records.Sku, "number")),
    _id("seller_sku", _L, "seller_sku", "sku", "merchant sku", "商家编码", at=(_line, "seller_sku")),
    _text("variant", _L, "variant", "variation", "sku name", "商品规格", at=(_line, "variant")),
    Column("quantity", _L, As.COUNT, "quantity", ("qty", "商品数量")),
    _money("unit_price", _L, "unit_price", "price", "商品单价"),
    _money("list_price", _L, "list_price", "original price"),
    _money("line_platform_discount", _L, "platform_discount"),
    _money("line_seller_discount", _L, "seller_discount"),
    _money("line_creator_discount", _L, "creator_discount"),
    _money("line_payment_discount", _L, "payment_discount"),
    _money("line_freight", _L, "freight_amount"),
    _money("line_tax", _L, "tax_amount"),
    _money("line_amount", _L, "amount", "line total"),
    Column("gift", _L, As.YES, "gift", ("is gift",)),
    Column("line_cancelled", _L, As.YES, "cancelled", ("line canceled",)),
    _text("line_cancel_reason", _L, "cancel_reason", at=(_line, "cancel_reason")),
    _id("creator_id", _L, "creator_number", "author id", "达人id", at=(records.Creator, "number")),
    _text("creator_name", _L, "creator_name", "creator", "author", "达人昵称", at=(records.Creator, "name")),
    _id("live_room", _L, "room", "room", "room id", "live room id", at=(_line, "room")),
    _id("video", _L, "video", "video id", at=(_line, "video")),
    Column("commission_rate", _L, As.RATE, "commission_rate"),
    _money("commission_amount", _L, "commission_amount", "commission"),
    _text("carrier", _P, "carrier", "shipping provider", "快递公司", at=(_parcel, "carrier")),
    _id("tracking_no", _P, "tracking_no", "tracking number", "tracking id", "快递单号", at=(_parcel, "tracking_no")),
    _word("parcel_status", _P, "status", ParcelStatus),
    _time("shipped_at", _P, "shipped time", "发货时间"),
    _time("delivered_at", _P, "delivered time"),
    Column("shipped_quantity", _P, As.COUNT, "shipped_quantity"),
)
