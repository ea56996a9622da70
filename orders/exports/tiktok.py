"""TikTok Shop's order export of the United States, written: one row per SKU, what is said of the order on each of them.

The names of the columns, the row below them and the words are the platform's own, so nothing here is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, CharField, F, Func, Q, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from orders.exports import line_parcels
from orders.exports.order_columns import as_many_lines, opened
from orders.facts import anonymous_buyer
from orders.states import AfterSales, CancelledBy, Kind, LineStatus, PaymentMethod, Status
from sellercenter.exports import Column, Layout, Opened
from sellercenter.sheets import Kind as As

# Behind ids and times, as the platform writes them: spreadsheet programs then leave them as they are.
_TAB = "\t"
_CLOCK = "MM/DD/YYYY FMHH12:MI:SS AM"

_STATES = {
    Status.UNPAID: "Unpaid",
    Status.TO_REVIEW: "To ship",
    Status.TO_SHIP: "To ship",
    Status.PART_SHIPPED: "To ship",
    Status.SHIPPED: "Shipped",
    Status.DELIVERED: "Shipped",
    Status.COMPLETED: "Completed",
    Status.CANCELLED: "Canceled",
}
_SUBSTATES = {
    Status.UNPAID: "Unpaid",
    Status.TO_REVIEW: "On hold",
    Status.TO_SHIP: "Awaiting shipment",
    Status.PART_SHIPPED: "Partially shipping",
    Status.SHIPPED: "In transit",
    Status.DELIVERED: "Delivered",
    Status.COMPLETED: "Completed",
    Status.CANCELLED: "Canceled",
}
_ENDED_BY = {
    CancelledBy.BUYER: "Buyer",
    CancelledBy.SELLER: "Seller",
    CancelledBy.SYSTEM: "System",
    CancelledBy.PLATFORM: "TikTok Shop",
}
_METHODS = {
    PaymentMethod.DOUYIN_PAY: "Douyin Pay",
    PaymentMethod.ALIPAY: "Alipay",
    PaymentMethod.WECHAT_PAY: "WeChat Pay",
    PaymentMethod.CARD: "Credit card",
    PaymentMethod.DEBIT_CARD: "Debit card",
    PaymentMethod.PAYPAL: "PayPal",
    PaymentMethod.WALLET: "Wallet",
    PaymentMethod.BANK_TRANSFER: "Bank transfer",
    PaymentMethod.VOUCHER: "Voucher",
    PaymentMethod.COD: "Cash on delivery",
    PaymentMethod.PAY_LATER: "PayLater",
    PaymentMethod.OTHER: "Other",
}


def told(value: Any, *more: str) -> Func:
    """Return a text with what stands behind it, nothing where there is no text."""
    parts = (NullIf(value, Value("")), *map(Value, more))
    return Func(*parts, template="(%(expressions)s)", arg_joiner=" || ", output_field=CharField())


def clock(value: Any, form: str) -> Func:
    """Return the expression of what the clock on the shop's wall shows."""
    return Func(value, Value(form), function="to_char", output_field=CharField())


def words(field: str, meant: Mapping[Any, str]) -> Case:
    """Return the expression of another program's words for our codes."""
    whens = [When(**{field: code}, then=Value(word)) for code, word in meant.items()]
    return Case(*whens, default=Value(""), output_field=CharField())


def known_buyer() -> Case:
    """Return the expression of the buyer's id, empty for one whom the source did not name."""
    anonymous = anonymous_buyer("")
    return Case(When(buyer__uid__startswith=anonymous, then=Value("")), default=F("buyer__uid"))


def _at(value: Any) -> Func:
    return told(clock(value, _CLOCK), _TAB)


def _text(name: str, value: Any = "", *, opened: Opened | None = None) -> Column:
    """Return a column of text; without a value it is empty, for we know nothing of it."""
    return Column(name, name, value or Value(""), opened=opened)


def _id(name: str, value: Any) -> Column:
    return _text(name, told(value, _TAB))


def _time(name: str, value: Any = None) -> Column:
    return _text(name, _at(value) if value else "")


def _money(name: str, value: Any) -> Column:
    return Column(name, name, value, As.MONEY)


def _return_type() -> Case:
    back = ~Q(aftersales=AfterSales.NONE) | Q(refunded_amount__gt=0)
    return Case(
        When(Q(status=Status.CANCELLED) | Q(lines__status=LineStatus.CANCELLED), then=Value("Cancel")),
        When(back, then=Value("Return/Refund")),
        default=Value(""),
    )


def _cancelled_at() -> Case:
    """Return when it was cancelled; that of a line alone is not kept, the state of its order has a time."""
    return Case(
        When(status=Status.CANCELLED, then=F("cancelled_at")),
        When(lines__status=LineStatus.CANCELLED, then=F("status_at")),
    )


def _delivered_at() -> Case:
    """Return when it arrived, if all of the line did: the file can't tell that a part of it did not."""
    return Case(When(lines__status=LineStatus.PART_SHIPPED, then=None), default=line_parcels.delivered_at())


def _reason() -> Case:
    own = told(F("lines__cancel_reason"))
    return Case(When(Q(status=Status.CANCELLED), then=Coalesce(told(F("cancel_reason")), own)), default=own)


_GOODS = F("lines__unit_price") * F("lines__quantity")
# What creators bear has no column; it is no discount of the shop's.
_PLATFORM = F("lines__platform_discount") + F("lines__creator_discount")

_COLUMNS = (
    _id("Order ID", F("number")),
    _text("Order Status", words("status", _STATES)),
    _text("Order Substatus", words("status", _SUBSTATES)),
    _text("Cancelation/Return Type", _return_type),
    _text("Normal or Pre-order", Case(When(kind=Kind.PRE_ORDER, then=Value("Pre-order")), default=Value("Normal"))),
    _id("SKU ID", Coalesce(F("lines__sku__number"), F("lines__product__number"))),
    _text("Seller SKU", "lines__seller_sku"),
    _text("Product Name", "lines__title"),
    _text("Variation", "lines__variant"),
    Column("Quantity", "Quantity", "lines__quantity", As.COUNT),
    _text("Sku Quantity of return"),
    _money("SKU Unit Original Price", "lines__unit_price"),
    _money("SKU Subtotal Before Discount", _GOODS),
    _money("SKU Platform Discount", _PLATFORM),
    _money("SKU Seller Discount", "lines__seller_discount"),
    _money("SKU Subtotal After Discount", _GOODS - _PLATFORM - F("lines__seller_discount")),
    _money("Shipping Fee After Discount", F("freight_amount") - F("freight_discount")),
    _money("Original Shipping Fee", "freight_amount"),
    _money("Shipping Fee Seller Discount", "freight_discount"),
    _text("Shipping Fee Platform Discount"),
    _money("Payment platform discount", "payment_discount"),
    _money("Retail Delivery Fee", "fee_amount"),
    _money("Taxes", "tax_amount"),
    _money("Order Amount", "total_amount"),
    _money("Order Refund Amount", "refunded_amount"),
    _time("Created Time", F("placed_at")),
    _time("Paid Time", F("paid_at")),
    _time("RTS Time"),
    _time("Shipped Time", line_parcels.shipped_at()),
    _time("Delivered Time", _delivered_at()),
    _time("Cancelled Time", _cancelled_at()),
    _text("Cancel By", words("cancelled_by", _ENDED_BY)),
    _text("Cancel Reason", _reason()),
    _text("Fulfillment Type"),
    _text("Warehouse Name"),
    _id("Tracking ID", line_parcels.tracking_no()),
    _text("Delivery Option Type"),
    _text("Delivery Option"),
    _text("Shipping Provider Name", line_parcels.carrier),
    _text("Buyer Message", "buyer_message"),
    _text("Buyer Username", known_buyer),
    _text("Recipient", "recipient__name_masked", opened=opened("name")),
    _text("Phone #", "recipient__phone_masked", opened=opened("phone")),
    _text("Country"),
    _text("State", "province"),
    _text("City", "city"),
    _text("Zipcode", "recipient__postcode_masked", opened=opened("postcode")),
    _text("Detail Address", "recipient__address_masked", opened=opened("address")),
    _text("Additional address information"),
    _text("House Name or Number"),
    _text("Delivery Instruction"),
    _text("Payment Method", words("payment_method", _METHODS)),
    _text("Weight(kg)"),
    _text("Product Category"),
    _text("Package ID"),
    _text("Seller Note", "seller_note"),
    _text("Shipping Information"),
)
_EXPLAINED = {
    "Order ID": "Platform unique order ID.",
    "Order Status": "Current order status.",
    "Cancelation/Return Type": "The filed to explain the order is in cancellation or in return/refund.",
    "SKU ID": "Platform SKU ID.",
    "Seller SKU": "Seller sku input by the seller in the product system.",
    "Product Name": "Platform product name.",
    "Variation": "Platform SKU variation",
    "Quantity": "SKU sold quantity in the order.",
    "Sku Quantity of return": "SKU returned quantity in the order.",
    "SKU Unit Original Price": "1 SKU original price.",
    "SKU Subtotal Before Discount": "It equals to SKU Unit Original Price * Sku Quantity.",
    "SKU Platform Discount": "Total platform discount in this SKU ID",
    "SKU Seller Discount": "Total seller discount in this SKU ID",
}

TIKTOK = Layout(
    "tiktok",
    _("TikTok Shop order export (US)"),
    columns=_COLUMNS,
    help=_("As TikTok Shop writes its orders: a row for each SKU, a row below the header that explains."),
    prepare=line_parcels.each_line,
    expected=as_many_lines,
    then=("lines__position", "lines__pk"),
    fixed=True,
    bare=True,
    second=tuple(_EXPLAINED.get(column.name, "") for column in _COLUMNS),
)
