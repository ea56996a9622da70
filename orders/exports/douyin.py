"""Douyin's order export of 75 columns, written: one row per sub-order; what a row lacks is a hyphen.

The names of the columns and the words are the platform's own, so nothing here is translated. Each row has amounts of
its own, and those of an order are the sums over its rows: what is said of the order alone stands on its dearest line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Sum, Value, When, Window
from django.db.models.functions import Coalesce, Concat, RowNumber
from django.utils.translation import gettext_lazy as _

from orders.exports import line_parcels
from orders.exports.order_columns import as_many_lines, opened
from orders.exports.own_layout import promised_ship_by
from orders.exports.tiktok import clock, told, words
from orders.facts import ZERO
from orders.states import AfterSales, Flag, Kind, LineStatus, PaymentMethod, Source, Status
from sellercenter.exports import Column, Layout
from sellercenter.sheets import NOTHING
from sellercenter.sheets import Kind as As

_ZERO = Value(ZERO)
_CLOCK = "YYYY-MM-DD HH24:MI:SS"
# The platform writes a TAB before ids, which our guard against formulas would have to cover; behind them it keeps
# spreadsheet programs from rounding them just as well.
_TAB = "\t"

_STATES = {
    Status.UNPAID: "待支付",
    Status.TO_REVIEW: "已支付",
    Status.COMPLETED: "已完成",
    Status.CANCELLED: "已关闭",
}
_LINE_STATES = {
    LineStatus.CANCELLED: "已关闭",
    LineStatus.WAITING: "待发货",
    LineStatus.PART_SHIPPED: "部分发货",
    LineStatus.SHIPPED: "已发货",
    LineStatus.DELIVERED: "已签收",
}
_WITHOUT_LINES = {
    Status.TO_SHIP: "待发货",
    Status.PART_SHIPPED: "部分发货",
    Status.SHIPPED: "已发货",
    Status.DELIVERED: "已签收",
}
_METHODS = {
    PaymentMethod.DOUYIN_PAY: "抖音支付",
    PaymentMethod.ALIPAY: "支付宝",
    PaymentMethod.WECHAT_PAY: "微信",
    PaymentMethod.CARD: "信用卡",
    PaymentMethod.DEBIT_CARD: "储蓄卡",
    PaymentMethod.PAYPAL: "PayPal",
    PaymentMethod.WALLET: "电子钱包",
    PaymentMethod.BANK_TRANSFER: "银行转账",
    PaymentMethod.VOUCHER: "代金券",
    PaymentMethod.COD: "货到付款",
    PaymentMethod.PAY_LATER: "抖音月付",
    PaymentMethod.OTHER: "其他",
}
_KINDS = {
    Kind.NORMAL: "普通订单",
    Kind.PRE_ORDER: "预售订单",
    Kind.MADE_TO_ORDER: "定制订单",
    Kind.SAMPLE: "样品订单",
    Kind.LOTTERY: "福袋订单",
    Kind.REPLACEMENT: "补发订单",
    Kind.EXCHANGE: "换货订单",
}
_SOURCES = {
    Source.LIVE: "直播",
    Source.VIDEO: "短视频",
    Source.SHOWCASE: "橱窗",
    Source.SEARCH: "搜索",
    Source.SHOP: "商品卡",
    Source.OTHER: "其他",
}
_FLAGS = {
    Flag.GREY: "灰色",
    Flag.PURPLE: "紫色",
    Flag.CYAN: "青色",
    Flag.GREEN: "绿色",
    Flag.ORANGE: "橙色",
    Flag.RED: "红色",
}


# --- Rows -------------------------------------------------------------------------------------------------------------


def _each_line(orders: QuerySet) -> QuerySet:
    """Return a row for each line that knows whether its line is the dearest of the order."""
    dearest = [F("lines__amount").desc(), F("lines__position").asc(), F("lines__pk").asc()]
    rank = Window(RowNumber(), partition_by=[F("pk")], order_by=dearest)
    return line_parcels.each_line(orders).annotate(rank=rank)


_DEAREST = Q(rank=1)


def _with_rest(field: str) -> Any:
    """Return a line's part of an amount; what of the order's the lines leave goes on the dearest one."""
    all_lines = Window(Sum(f"lines__{field}"), partition_by=[F("pk")])
    rest = Case(When(_DEAREST, then=F(field) - Coalesce(all_lines, _ZERO)), default=_ZERO)
    return Coalesce(F(f"lines__{field}"), _ZERO) + rest


def _of_order(value: Any) -> Case:
    """Return an amount that lines have no part of."""
    return Case(When(_DEAREST, then=value), default=_ZERO)


_GIFT = Q(lines__gift=True, lines__unit_price=0, lines__tax_amount=0) & ~_DEAREST
_PLATFORM, _SELLER, _CREATOR, _PAYMENT = (
    _with_rest(f"{who}_discount") for who in ("platform", "seller", "creator", "payment")
)
_FREIGHT = _of_order(F("freight_amount") - F("freight_discount"))
_TAX, _FEE, _CHANGE = _with_rest("tax_amount"), _of_order(F("fee_amount")), _of_order(F("adjustment"))
_DISCOUNTS = _PLATFORM + _SELLER + _CREATOR + _PAYMENT
_GOODS = Coalesce(F("lines__unit_price") * F("lines__quantity"), F("goods_amount"))
# What a gift would have cost; nobody owes it.
_PRICE = Case(When(_GIFT, then=F("lines__list_price")), default=Coalesce(F("lines__unit_price"), F("goods_amount")))


def _state() -> Case:
    whole = When(status__in=_STATES, then=words("status", _STATES))
    bare = When(lines__pk=None, then=words("status", _WITHOUT_LINES))
    ended = When(lines__status=LineStatus.CANCELLED, then=Value(_LINE_STATES[LineStatus.CANCELLED]))
    return Case(ended, whole, bare, default=words("lines__status", _LINE_STATES))


def _case() -> Case:
    back = Q(paid_amount__gt=0, refunded_amount__gte=F("paid_amount"))
    back |= Q(lines__status=LineStatus.CANCELLED, lines__refunded_amount__gt=0)
    return Case(
        When(aftersales=AfterSales.OPEN, then=Value("售后处理中")),
        When(back, then=Value("退款成功")),
        When(aftersales=AfterSales.CLOSED, then=Value("售后完成")),
        default=Value(NOTHING),
    )


def _parcel() -> Any:
    """Return carrier and number; a parcel without a number is none that a program could follow."""
    return Case(
        When(line_parcels.NUMBERED, then=Concat(line_parcels.carrier(), Value(":"), line_parcels.tracking_no())),
        default=Value(""),
    )


# --- Columns ----------------------------------------------------------------------------------------------------------


def _or_nothing(value: Any) -> Coalesce:
    return Coalesce(value, Value(NOTHING))


def _text(value: Any) -> Any:
    return _or_nothing(told(F(value) if isinstance(value, str) else value))


def _id(value: str) -> Any:
    return _or_nothing(told(F(value), _TAB))


def _time(value: Any) -> Any:
    return _or_nothing(clock(F(value) if isinstance(value, str) else value, _CLOCK))


# What we know, by the names of the platform's columns; all others hold a hyphen.
_KNOWN: Mapping[str, Any] = {
    "主订单编号": _id("number"),
    "子订单编号": _id("lines__number"),
    "支付方式": _text(words("payment_method", _METHODS)),
    "选购商品": _text("lines__title"),
    "商品ID": _id("lines__product__number"),
    "商家编码": _text("lines__seller_sku"),
    "订单提交时间": _time("placed_at"),
    "支付完成时间": _time("paid_at"),
    "订单完成时间": _time("completed_at"),
    "承诺发货时间": _time(promised_ship_by()),
    "买家留言": _text("buyer_message"),
    "旗帜颜色": _text(words("flag", _FLAGS)),
    "商家备注": _text("seller_note"),
    "APP渠道": _text("channel"),
    "订单状态": _state(),
    "取消原因": _or_nothing(Coalesce(told(F("lines__cancel_reason")), told(F("cancel_reason")))),
    "售后状态": _case(),
    "订单类型": words("kind", _KINDS),
    "发货时间": _time(line_parcels.shipped_at()),
    "收件人": _text("recipient__name_masked"),
    "收件人手机号": _text("recipient__phone_masked"),
    "省": _text("province"),
    "市": _text("city"),
    "区": _text("district"),
    "详细地址": _text("recipient__address_masked"),
    "快递信息": _text(_parcel()),
    "达人ID": _id("lines__creator__number"),
    "达人昵称": _text("lines__creator__name"),
    "流量体裁": words("source", _SOURCES),
    "预计送达时间": _time("deliver_by"),
}
_AMOUNTS: Mapping[str, Any] = {
    "商品金额": _PRICE,
    "订单应付金额": _GOODS - _DISCOUNTS + _FREIGHT + _TAX + _FEE + _CHANGE,
    "运费": _FREIGHT,
    "优惠总金额": _DISCOUNTS,
    "平台优惠": _PLATFORM,
    "商家优惠": _SELLER,
    "达人优惠": _CREATOR,
    "商家改价": _CHANGE,
    "支付优惠": _PAYMENT,
    "手续费": _FEE,
    "平台实际承担优惠金额": _PLATFORM,
    "商家实际承担优惠金额": _SELLER,
    "达人实际承担优惠金额": _CREATOR,
    "税费": _TAX,
}
_PRIVATE = {"收件人": "name", "收件人手机号": "phone", "详细地址": "address"}
_COUNT = "商品数量"
NAMES = (
    *("主订单编号", "子订单编号", "支付方式", "选购商品", "货号", "商品ID", "商家编码", _COUNT, "商品金额"),
    *(
        "订单提交时间",
        "支付完成时间",
        "订单完成时间",
        "承诺发货时间",
        "预约发货时间",
        "买家留言",
        "旗帜颜色",
        "商家备注",
    ),
    *("APP渠道", "订单状态", "取消原因", "售后状态", "订单类型", "发货时间", "车型", "是否是以旧换新", "换新额外补贴"),
    *("换新额外补贴发放状态", "订单应付金额", "运费", "优惠总金额", "平台优惠", "商家优惠", "达人优惠", "商家改价"),
    *("支付优惠", "手续费", "红包抵扣", "降价类优惠", "平台实际承担优惠金额", "商家实际承担优惠金额"),
    *("达人实际承担优惠金额", "收件人", "收件人手机号", "省", "市", "区", "街道", "详细地址", "是否修改过地址"),
    *("快递信息", "序列号", "达人ID", "达人昵称", "拼团订单团编号", "商品单价是否含税", "税费", "鲁班落地页ID"),
    *("所属门店ID", "流量来源", "仓库ID", "仓库名称", "是否安心购", "广告渠道", "流量类型", "流量体裁", "流量渠道"),
    *("发货主体", "发货主体明细", "教育优惠", "预计送达时间", "是否平台仓自流转", "是否是渠道商品", "预约送达时间"),
    *("建议发货时间（起）", "建议发货时间（止）"),
)


def _column(name: str) -> Column:
    if name in _AMOUNTS:
        return Column(name, name, _AMOUNTS[name], As.MONEY)
    if name == _COUNT:
        return Column(name, name, "lines__quantity", As.COUNT)
    private = opened(_PRIVATE[name]) if name in _PRIVATE else None
    return Column(name, name, _KNOWN.get(name, Value(NOTHING)), opened=private)


DOUYIN = Layout(
    "douyin",
    _("Douyin order export"),
    columns=tuple(map(_column, NAMES)),
    help=_("As Douyin writes its orders: a row for each line with amounts of its own, a hyphen for nothing."),
    prepare=_each_line,
    expected=as_many_lines,
    then=("lines__position", "lines__pk"),
    fixed=True,
    bare=True,
)
