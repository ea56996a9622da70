"""TikTok Shop's order export, of any site: one row per SKU; what is said of the order repeats on each of its rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from orders.facts import ZERO, OrderFacts
from orders.imports import tiktok_words as words
from orders.imports.flat import LineRead
from orders.imports.foreign import ForeignReader, ForeignReading, like, meant, settle_dates
from orders.imports.layout import As, Column, Dates, Layout, Of
from orders.states import AfterSales, Kind, ParcelStatus, PaymentMethod, Status
from sellercenter.imports import Header, Row

_FEES = ("Retail Delivery Fee", "Buyer Service Fee", "Handling Fee", "Shipping Insurance", "Item Insurance")
_WAIVED = ("Shipping Fee Seller Discount", "Shipping Fee Platform Discount", "Co-Funded Shipping Fee Discount")
_ADDRESS = (
    *("House Name or Number", "Detail Address", "Address Line 1", "Address Line 2", "Additional address information"),
)
# Where one of these is missing, a part of the order's amount is in no column.
_MONEY = (
    *("SKU Platform Discount", "SKU Seller Discount", "Shipping Fee After Discount"),
    *("Payment platform discount", "Taxes"),
)
_L, _P = Of.LINE, Of.PARCEL


def _off(field: str, name: str, *aliases: str, of: Of = Of.ORDER) -> Column:
    """Return a column of a discount; some sites write it with a minus."""
    return Column(name, of, As.SIGNED, field, aliases)


_COLUMNS = (
    like("number", "Order ID", required=True),
    like("raw_status", "Order Status"),
    meant("stage", "Order Status", meanings=words.STATES, required=True),
    meant("substatus", "Order Substatus", "Order Sub Status", of=_L, meanings=words.STATES, otherwise=words.UNKNOWN),
    meant(
        "type",
        *("Cancelation/Return Type", "Cancellation/Return Type", "Cancel/Return Type", "Cancelation Return Type"),
        "Cancellation Return Type",
        of=_L,
        meanings=words.TYPES,
        otherwise=words.UNKNOWN,
    ),
    meant("kind", "Normal or Pre-order", of=_L, meanings=words.KINDS, otherwise=Kind.NORMAL),
    like("sku_number", "SKU ID", of=_L, required=True),
    like("seller_sku", "Seller SKU", of=_L),
    like("title", "Product Name", of=_L, required=True),
    like("variant", "Variation", of=_L),
    like("quantity", "Quantity", of=_L, required=True),
    Column("Sku Quantity of return", _L, As.TALLY, "returned"),
    like("unit_price", "SKU Unit Original Price", of=_L, required=True),
    Column("SKU Subtotal Before Discount", _L, As.MONEY, "before"),
    _off("platform_discount", "SKU Platform Discount", of=_L),
    _off("seller_discount", "SKU Seller Discount", of=_L),
    Column("SKU Subtotal After Discount", _L, As.MONEY, "after"),
    Column("Shipping Fee After Discount", Of.ORDER, As.MONEY, "freight_after"),
    like("freight_amount", "Original Shipping Fee"),
    *(_off(name, name) for name in _WAIVED),
    _off("payment_discount", "Payment platform discount"),
    *(Column(name, Of.ORDER, As.MONEY, name) for name in _FEES),
    like("tax_amount", "Taxes", "Tax"),
    like("total", "Order Amount", required=True),
    Column("Order Refund Amount", _L, As.SIGNED, "refunded_amount"),
    like("placed_at", "Created Time", "Order Created Time", "Create Time", required=True),
    like("paid_at", "Paid Time"),
    like("shipped_at", "Shipped Time", of=_P),
    like("delivered_at", "Delivered Time", of=_P),
    Column("Cancelled Time", _L, As.TIME, "cancelled_at", ("Canceled Time",)),
    meant("cancelled_by", "Cancel By", "Canceled By", "Cancelled By", of=_L, meanings=words.ENDED_BY, otherwise=""),
    like("cancel_reason", "Cancel Reason", of=_L),
    like("tracking_no", "Tracking ID", of=_P),
    like("carrier", "Shipping Provider Name", of=_P),
    like("buyer_message", "Buyer Message", "Buyer Note"),
    like("buyer_uid", "Buyer Username"),
    like("buyer_nickname", "Buyer Nickname"),
    like("seller_note", "Seller Note"),
    like("name", "Recipient", "Receiver Name"),
    like("phone", "Phone #", "Phone Number"),
    like("province", "State"),
    like("province", "Province", "Prefecture"),
    like("city", "City"),
    like("city", "Post Town"),
    like("city", "Regency and City"),
    like("district", "District", "Districts"),
    Column("Commune", Of.ORDER, As.TEXT, "commune", ("Villages", "Subdistrict", "Ward"), limit=60),
    like("postcode", "Zipcode", "Zip Code", "Postal Code"),
    *(Column(name, Of.ORDER, As.TEXT, name, limit=500, private=True) for name in _ADDRESS),
    Column("Payment Method", Of.ORDER, As.TEXT, "pays_by", limit=80),
)
_UNREAD = (
    *("RTS Time", "Fulfillment Type", "Warehouse Name", "Delivery Option Type", "Delivery Option", "Country"),
    *("Delivery Instruction", "Weight(kg)", "Product Category", "Package ID", "Shipping Information"),
    *("Checked Status", "Checked Marked by", "Order Channel"),
)


class TikTokReader(ForeignReader):
    """Reads the orders of one TikTok Shop file."""

    def reading(self, rows: list[Row]) -> TikTokReading:
        """Begin to read one order."""
        return TikTokReading(self, rows)


class TikTokReading(ForeignReading):
    """The reading of one order of TikTok Shop."""

    def shape(self, values: dict[str, Any], lines: list[LineRead]) -> None:
        """Turn what TikTok says into the values of our own columns."""
        if not lines[0].values:
            self.refuse(lines[0].row, "SKU ID", "", _("A line needs a value in this column."))
            return
        values["stage"] = self._stage(values["stage"], lines)
        self.number_lines(lines, "sku_number")
        for line in lines:
            # The file does not say to which product a SKU belongs.
            line.values["product_number"] = line.values["sku_number"]
            self._line_money(line)
            _set_parcel(line)
        if Kind.PRE_ORDER in {line.values.pop("kind", Kind.NORMAL) for line in lines}:
            values["kind"] = Kind.PRE_ORDER
        values.setdefault("buyer_nickname", values.get("buyer_uid", ""))
        self.know_buyer(values)
        _set_address(values)
        _set_freight(values)
        values["fee_amount"] = sum((values.pop(name, ZERO) for name in _FEES), ZERO)
        values["payment_discount"] = abs(values.get("payment_discount", ZERO))
        self._end(values, lines)
        self._pay(values)

    def explained(self, facts: OrderFacts) -> bool:
        """Say whether the file may leave much of the total unexplained: columns are missing, or lines were ended."""
        ended = facts.aftersales != AfterSales.NONE or any(line.cancelled for line in facts.lines)
        return ended or super().explained(facts) or not self.reader.has(*_MONEY)

    # --- States -------------------------------------------------------------------------------------------------------

    def _stage(self, stage: Status, lines: list[LineRead]) -> Status:
        """Return the state of the order, more exactly where the substatus of its lines tells more."""
        told = {line.values.get("substatus", stage) for line in lines}
        if words.UNKNOWN in told:
            self.note(_("The word in “%s” is not known and was left out.") % "Order Substatus")
        if stage == Status.SHIPPED and told == {Status.DELIVERED}:
            return Status.DELIVERED
        return Status.TO_REVIEW if stage == Status.TO_SHIP and Status.TO_REVIEW in told else stage

    def _end(self, values: dict[str, Any], lines: list[LineRead]) -> None:
        """Say what was cancelled, returned and refunded."""
        ended, returned = values["stage"] == Status.CANCELLED, False
        for line in lines:
            told = {name: line.values.pop(name, None) for name in _ENDING}
            kind, at = told["type"], told["cancelled_at"]
            returned = returned or kind == words.RETURN or bool(told["returned"] and not ended and kind != words.CANCEL)
            if kind == words.UNKNOWN:
                self.note(_("The word in “%s” is not known and was left out.") % "Cancelation/Return Type")
            if ended:
                _tell(values, told, "cancelled_at", "cancelled_by", "cancel_reason")
            elif kind == words.CANCEL and at:
                line.values |= {"cancelled": True, "cancel_reason": told["cancel_reason"] or ""}
                values["cancelled_at"] = max(at, values.get("cancelled_at") or at)
            elif kind == words.CANCEL:
                self.note(_("A cancellation is under way at the platform; the file does not say since when."))
        if not ended and not all("cancelled" in line.values for line in lines):
            values.pop("cancelled_at", None)
        values["refunded_amount"] = self._refunded(lines)
        if returned:
            values["aftersales"] = AfterSales.CLOSED if values["refunded_amount"] else AfterSales.OPEN

    # --- Money --------------------------------------------------------------------------------------------------------

    def _line_money(self, line: LineRead) -> None:
        """Take the discounts of a line, and work out the one that has no column from what is left after it."""
        told = line.values
        before, after = told.pop("before", None), told.pop("after", None)
        goods = told["unit_price"] * told["quantity"]
        if before is not None and before != goods:
            self._differs("SKU Subtotal Before Discount", before, goods)
        discounts = {name: abs(told.get(name, ZERO)) for name in ("platform_discount", "seller_discount")}
        left = goods - sum(discounts.values(), ZERO)
        if after is not None and after != left:
            missing = next((name for name, column in _DISCOUNTS if not self.reader.has(column)), "")
            if missing and after < left:
                discounts[missing] += left - after
            else:
                self._differs("SKU Subtotal After Discount", after, left)
        told |= discounts

    def _differs(self, column: str, told: Decimal, worked_out: Decimal) -> None:
        note = _("“%(column)s” says %(told)s; price, quantity and discounts make %(worked_out)s.")
        self.note(note % {"column": column, "told": self.told(told), "worked_out": self.told(worked_out)})

    def _refunded(self, lines: list[LineRead]) -> Decimal:
        """Return what was refunded of the order: the amount that its rows repeat, or their sum where they differ."""
        told = [abs(line.values.pop("refunded_amount", ZERO)) for line in lines]
        if len({*told}) == 1:
            return told[0]
        self.note(_("The rows of this order tell different refunds; their sum was taken."))
        return sum(told, ZERO)

    def _pay(self, values: dict[str, Any]) -> None:
        """Book the order's amount as one payment, if it was paid; without a column that tells, its state does."""
        name, stage = values.pop("pays_by", ""), values["stage"]
        method = words.method_of(name)
        if name:
            values["payment_method"] = method
        if self.reader.has("Paid Time"):
            paid = "paid_at" in values
        elif method == PaymentMethod.COD:
            paid = stage in (Status.DELIVERED, Status.COMPLETED)
        else:
            paid = stage not in (Status.UNPAID, Status.CANCELLED)
        if paid or values["refunded_amount"]:
            self.pay(values, values["total"], method)


_PARCELS = {
    Status.TO_SHIP: ParcelStatus.READY,
    Status.SHIPPED: ParcelStatus.IN_TRANSIT,
    Status.DELIVERED: ParcelStatus.DELIVERED,
}
_ENDING = ("type", "returned", "cancelled_at", "cancelled_by", "cancel_reason")
_DISCOUNTS = (("seller_discount", "SKU Seller Discount"), ("platform_discount", "SKU Platform Discount"))


def _tell(values: dict[str, Any], told: dict[str, Any], *names: str) -> None:
    """Take over what one more line says of the whole order, where no line before it did."""
    for name in names:
        if told[name] and not values.get(name):
            values[name] = told[name]


def _set_parcel(line: LineRead) -> None:
    """Take the parcel's state from the line's substatus; a carrier that nothing was handed to yet makes no parcel."""
    state = _PARCELS.get(line.values.pop("substatus", None))
    if state and line.parcel.get("tracking_no"):
        line.parcel["status"] = state
    elif not line.parcel.get("tracking_no") and "shipped_at" not in line.parcel:
        line.parcel.pop("carrier", None)


def _set_freight(values: dict[str, Any]) -> None:
    """Take the freight before its discounts, and as discount what is waived of it until the freight after them."""
    after, original = values.pop("freight_after", None), values.get("freight_amount")
    waived = sum((abs(values.pop(name, ZERO)) for name in _WAIVED), ZERO)
    if original is None or (after is not None and after > original):
        original, after = after or ZERO, after or ZERO
    values["freight_amount"] = original
    values["freight_discount"] = min(original, waived) if after is None else original - after


def _set_address(values: dict[str, Any]) -> None:
    """Put the parts of the address together; sites without cities have a district and a commune in their places."""
    parts = [values.pop(name, "") for name in _ADDRESS]
    values["address"] = ", ".join(filter(None, parts))
    commune = values.pop("commune", "")
    if commune and "city" not in values:
        values["city"], values["district"] = values.get("district", ""), commune
    elif commune:
        values["district"] = ", ".join(filter(None, (values.get("district", ""), commune)))[:60]


def _site_dates(header: Header) -> Dates:
    """Say how the site of a header writes dates: the United States put the month first, all others the day."""
    american = header.places.keys() >= {"City", "Zipcode"} or "Retail Delivery Fee" in header.places
    return Dates.MONTH_FIRST if american else Dates.DAY_FIRST


TIKTOK = Layout(
    *("tiktok", _COLUMNS, "Order ID", TikTokReader),
    unread=_UNREAD,
    explained=True,
    settle=settle_dates,
    site_dates=_site_dates,
)
