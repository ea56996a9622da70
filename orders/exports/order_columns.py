"""The columns of exported orders: a row for each order, or one for each of its lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Exists, F, Func, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders import recipients
from orders.models import OrderLine, ParcelLine
from orders.states import (
    Abnormal,
    AfterSales,
    CancelledBy,
    Flag,
    Kind,
    LineStatus,
    PaymentMethod,
    PaymentState,
    ShipmentState,
    Source,
    Status,
)
from sellercenter.exports import Column, Layout, Opened, Words
from sellercenter.sheets import Kind as As


def joined(found: QuerySet, field: str) -> Func:
    """Return the values of other rows in their order, as one text."""
    return Func(ArraySubquery(found.values(field)), Value("; "), function="array_to_string", output_field=CharField())


def _lines() -> QuerySet:
    return OrderLine.objects.filter(order=OuterRef("pk")).order_by("position", "pk")


def items() -> Func:
    """Return the expression of what was bought, such as “Green tea × 2; Mug × 1”."""
    said = Concat("title", Value(" × "), Cast("quantity", CharField()), output_field=CharField())
    return joined(_lines().annotate(said=said), "said")


def _units() -> Coalesce:
    many = _lines().order_by().values("order").annotate(many=Sum("quantity")).values("many")
    return Coalesce(Subquery(many), 0)


def _creators() -> Func:
    return joined(_lines().exclude(creator=None).order_by("creator_id").distinct("creator_id"), "creator__name")


def parcels(field: str, *, of: str = "order", outer: str = "pk") -> Callable[[], Func]:
    """Return what makes the expression of a field of the parcels in which an order, or a line, travels."""
    path = f"parcel__{field}"

    def _make() -> Func:
        parts = ParcelLine.objects.filter(**{of: OuterRef(outer)}).exclude(**{path: ""})
        return joined(parts.order_by("parcel_id").distinct("parcel_id"), path)

    return _make


def opened(field: str) -> Opened:
    """Return how a field of the recipient is read in plain."""
    return Opened(recipients.SEALED[field], recipients.reader(field))


_TIME: dict[str, Any] = {"kind": As.TIME}
_MONEY: dict[str, Any] = {"kind": As.MONEY}
_MORE: dict[str, Any] = {"shown": False}

_WHO = (
    Column("buyer_id", _("Buyer id"), "buyer__uid", required=True),
    Column("buyer", _("Buyer"), "buyer_nickname"),
    Column("recipient", _("Recipient"), "recipient__name_masked", opened=opened("name")),
    Column("phone", _("Phone"), "recipient__phone_masked", opened=opened("phone")),
    Column("province", _("Province"), "province"),
    Column("city", _("City"), "city"),
    Column("district", _("District"), "district"),
    Column("address", _("Address"), "recipient__address_masked", opened=opened("address"), **_MORE),
    Column("postcode", _("Postcode"), "recipient__postcode_masked", opened=opened("postcode"), **_MORE),
)
_ORDER = (
    Column("number", _("Order no."), "number", required=True),
    Column("status", _("Status"), Words("status", Status)),
    Column("placed", pgettext_lazy("time", "Placed"), "placed_at", **_TIME),
    Column("paid", pgettext_lazy("time", "Paid"), "paid_at", **_TIME),
)
_AMOUNTS = (
    Column("total", _("Total"), "total_amount", **_MONEY),
    Column("paid_amount", _("Paid amount"), "paid_amount", required=True, **_MONEY),
    Column("method", _("Payment method"), Words("payment_method", PaymentMethod), required=True),
    Column("freight", _("Freight"), "freight_amount", **_MONEY),
    Column("refunded", _("Refunded"), "refunded_amount", **_MONEY),
)
_REST = (
    Column("source", _("Source"), Words("source", Source)),
    Column("payment", _("Payment"), Words("payment_state", PaymentState), **_MORE),
    Column("shipment", _("Shipment"), Words("shipment_state", ShipmentState), **_MORE),
    Column("aftersales", _("After-sales"), Words("aftersales", AfterSales), **_MORE),
    Column("kind", _("Kind"), Words("kind", Kind), **_MORE),
    Column("app", _("App"), "channel", **_MORE),
    Column("platform_status", _("Status at the platform"), "raw_status", **_MORE),
    Column("goods", _("Goods"), "goods_amount", **_MONEY, **_MORE),
    Column("platform_discount", _("Platform discount"), "platform_discount", **_MONEY, **_MORE),
    Column("seller_discount", _("Shop discount"), "seller_discount", **_MONEY, **_MORE),
    Column("creator_discount", _("Creator discount"), "creator_discount", **_MONEY, **_MORE),
    Column("payment_discount", _("Payment discount"), "payment_discount", **_MONEY, **_MORE),
    Column("freight_discount", _("Freight discount"), "freight_discount", **_MONEY, **_MORE),
    Column("tax", _("Tax"), "tax_amount", **_MONEY, **_MORE),
    Column("fees", _("Fees"), "fee_amount", **_MONEY, **_MORE),
    Column("adjustment", _("Price change by the seller"), "adjustment", **_MONEY, **_MORE),
    Column("refund_due", _("Refund to make"), "refund_due", **_MONEY, **_MORE),
    Column("reviewed", _("Reviewed"), "reviewed_at", **_TIME, **_MORE),
    Column("shipped", pgettext_lazy("time", "Shipped"), "shipped_at", **_TIME, **_MORE),
    Column("delivered", pgettext_lazy("time", "Delivered"), "delivered_at", **_TIME, **_MORE),
    Column("completed", pgettext_lazy("time", "Completed"), "completed_at", **_TIME, **_MORE),
    Column("cancelled", pgettext_lazy("time", "Cancelled"), "cancelled_at", **_TIME, **_MORE),
    Column("cancelled_by", _("Cancelled by"), Words("cancelled_by", CancelledBy), **_MORE),
    Column("cancel_reason", _("Cancel reason"), "cancel_reason", **_MORE),
    Column("ship_by", _("Ship by"), "ship_by", **_TIME, **_MORE),
    Column("deliver_by", _("Promised day of delivery"), "deliver_by", **_TIME, **_MORE),
    Column("flag", _("Flag"), Words("flag", Flag), **_MORE),
    Column("seller_note", _("Seller note"), "seller_note", **_MORE),
    Column("buyer_message", _("Buyer's message"), "buyer_message", **_MORE),
    Column("abnormal", _("Abnormal"), Words("abnormal", Abnormal), **_MORE),
    Column("abnormal_reason", _("What is wrong"), "abnormal_reason", **_MORE),
)

_LINE_DISCOUNTS = tuple(
    Column(f"line_{who}_discount", label, f"lines__{who}_discount", As.MONEY, shown=False)
    for who, label in (
        ("platform", _("Platform discount on the line")),
        ("seller", _("Shop discount on the line")),
        ("creator", _("Creator discount on the line")),
        ("payment", _("Payment discount on the line")),
    )
)

BY_ORDER = Layout(
    "orders",
    _("A row for each order"),
    columns=(
        *_ORDER,
        Column("items", _("Items"), items),
        Column("units", _("Units"), _units, As.COUNT),
        *_AMOUNTS,
        *_WHO,
        Column("carrier", _("Carrier"), parcels("carrier")),
        Column("tracking", _("Tracking no."), parcels("tracking_no")),
        Column("creators", _("Creators"), _creators, **_MORE),
        *_REST,
    ),
)


def _each_line(orders: QuerySet) -> QuerySet:
    # The lines of an order that has none are one row without a line.
    return orders.annotate(line_id=F("lines__pk"))


def as_many_lines(orders: QuerySet) -> list[QuerySet]:
    """Return the lines of the orders, and the orders without any: together as many as rows of a file by line."""
    lines = OrderLine.objects.filter(order__in=orders.order_by().values("pk"))
    return [lines, orders.filter(~Exists(OrderLine.objects.filter(order=OuterRef("pk"))))]


BY_LINE = Layout(
    "lines",
    _("A row for each line"),
    columns=(
        *_ORDER,
        Column("line_no", _("Line no."), "lines__number", required=True),
        Column("product_no", _("Product id"), "lines__product__number"),
        Column("title", _("Title"), "lines__title"),
        Column("variant", _("Variant"), "lines__variant"),
        Column("sku_no", _("SKU id"), "lines__sku__number", **_MORE),
        Column("seller_sku", _("Seller SKU"), "lines__seller_sku"),
        Column("quantity", _("Quantity"), "lines__quantity", As.COUNT),
        Column("unit_price", _("Unit price"), "lines__unit_price", **_MONEY),
        Column("line_amount", _("Line amount"), "lines__amount", **_MONEY),
        Column("line_status", _("Status of the line"), Words("lines__status", LineStatus)),
        Column("line_refunded", _("Refunded on the line"), "lines__refunded_amount", **_MONEY, **_MORE),
        *_LINE_DISCOUNTS,
        Column("gift", _("Gift"), "lines__gift", As.YES, **_MORE),
        Column("creator", _("Creator"), "lines__creator__name"),
        Column("creator_no", _("Creator id"), "lines__creator__number", **_MORE),
        Column("room", _("Live room"), "lines__room", **_MORE),
        Column("video", _("Short video"), "lines__video", **_MORE),
        Column("commission_rate", _("Commission rate"), "lines__commission_rate", As.RATIO, **_MORE),
        Column("commission", _("Commission"), "lines__commission_amount", **_MONEY),
        *_AMOUNTS,
        *_WHO,
        Column("carrier", _("Carrier"), parcels("carrier", of="line", outer="lines__pk")),
        Column("tracking", _("Tracking no."), parcels("tracking_no", of="line", outer="lines__pk")),
        *_REST,
    ),
    help=_("What is said of the order stands on each of its rows: never add up the order's total over rows."),
    prepare=_each_line,
    expected=as_many_lines,
    then=("lines__position", "lines__pk"),
)
