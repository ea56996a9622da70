"""The words of Douyin's order export, and what they mean here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from orders.states import AfterSales, CancelledBy, Flag, Kind, PaymentMethod, Source, Status

_Meant = TypeVar("_Meant")

STATUSES: Mapping[str, Status] = {
    **dict.fromkeys(("待确认", "待支付", "待付款", "未支付", "部分支付"), Status.UNPAID),
    **dict.fromkeys(("已支付", "备货中", "待发货"), Status.TO_SHIP),
    "部分发货": Status.PART_SHIPPED,
    **dict.fromkeys(("已发货", "待收货", "运输中"), Status.SHIPPED),
    **dict.fromkeys(("已签收", "已收货"), Status.DELIVERED),
    **dict.fromkeys(("已完成", "交易完成", "交易成功"), Status.COMPLETED),
    **dict.fromkeys(("已关闭", "已取消", "交易关闭", "订单关闭"), Status.CANCELLED),
}
REFUNDED = "退款成功"
_ENDED_CASES = ("成功", "关闭", "完成", "取消")

# A cell may hold more than the word, such as 抖音月付-3期; the first word that is in it counts.
METHODS: Mapping[str, PaymentMethod] = {
    "货到付款": PaymentMethod.COD,
    **dict.fromkeys(("月付", "先用后付", "放心花", "花呗", "分期"), PaymentMethod.PAY_LATER),
    **dict.fromkeys(("抖音支付", "DOU", "合众", "零钱"), PaymentMethod.DOUYIN_PAY),
    "支付宝": PaymentMethod.ALIPAY,
    "微信": PaymentMethod.WECHAT_PAY,
    "信用卡": PaymentMethod.CARD,
    **dict.fromkeys(("储蓄卡", "借记卡"), PaymentMethod.DEBIT_CARD),
    "银行卡": PaymentMethod.CARD,
}
NOTHING_TO_PAY = "无需支付"
KINDS: Mapping[str, Kind] = {
    "预售": Kind.PRE_ORDER,
    "定制": Kind.MADE_TO_ORDER,
    **dict.fromkeys(("福袋", "抽奖"), Kind.LOTTERY),
    **dict.fromkeys(("样品", "小样", "试用"), Kind.SAMPLE),
    "换货": Kind.EXCHANGE,
    "补发": Kind.REPLACEMENT,
}
SOURCES: Mapping[str, Source] = {
    "直播": Source.LIVE,
    "视频": Source.VIDEO,
    "橱窗": Source.SHOWCASE,
    "搜索": Source.SEARCH,
    **dict.fromkeys(("商品卡", "商城", "店铺", "小店"), Source.SHOP),
    **dict.fromkeys(("图文", "其他", "其它"), Source.OTHER),
}
# Which way an order came is only known on the day after.
NOT_YET_KNOWN = "数据将于"
_FLAGS: Mapping[str, Flag] = {
    **dict.fromkeys("灰", Flag.GREY),
    **dict.fromkeys("紫", Flag.PURPLE),
    **dict.fromkeys("青", Flag.CYAN),
    **dict.fromkeys("绿", Flag.GREEN),
    **dict.fromkeys("橙橘", Flag.ORANGE),
    **dict.fromkeys("红", Flag.RED),
}
_NUMBERED = {str(flag.value): flag.value for flag in Flag}
_NO_FLAG = ("无", "未标记", "未插旗")
_OUT_OF_TIME = ("超时", "未支付", "未付款")


def payment_method(told: str) -> PaymentMethod | str:
    """Return how the buyer pays; a way that is not known is another one, and what is free is paid in none."""
    if not told or told == NOTHING_TO_PAY:
        return ""
    return _first(METHODS, told) or PaymentMethod.OTHER


def kind(told: str) -> Kind:
    """Return what sort of order it is."""
    return _first(KINDS, told) or Kind.NORMAL


def source(*told: str) -> Source:
    """Return where an order came from by the first text that knows; the shop when none does."""
    known = (_first(SOURCES, text) for text in told if text and NOT_YET_KNOWN not in text)
    return next((one for one in known if one), Source.SHOP)


def flag(told: str) -> int | None:
    """Return the flag's number, None without a flag; raises KeyError for a colour that is not known."""
    if not told or told in _NO_FLAG:
        return None
    found = _first(_FLAGS, told)
    return found.value if found is not None else _NUMBERED[told]


def case(told: str) -> AfterSales:
    """Return whether what is said of after-sales means an open case, a closed one or none."""
    if not told:
        return AfterSales.NONE
    return AfterSales.CLOSED if any(word in told for word in _ENDED_CASES) else AfterSales.OPEN


def ended_by(reason: str) -> CancelledBy | str:
    """Return who ended an order, as far as the reason tells."""
    return CancelledBy.SYSTEM if any(word in reason for word in _OUT_OF_TIME) else ""


def _first(meanings: Mapping[str, _Meant], told: str) -> _Meant | None:
    return next((meant for word, meant in meanings.items() if word in told), None)
