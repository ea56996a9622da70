"""Shopify's order export: a row for each line, the order's own cells on its first row only, private data in plain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, product
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from orders.facts import ZERO, OrderFacts
from orders.imports import cells
from orders.imports import shopify_words as words
from orders.imports.flat import Cell, LineRead
from orders.imports.foreign import ForeignReader, ForeignReading, like, meant
from orders.imports.layout import As, Column, Layout, Of
from orders.states import Abnormal, ParcelStatus, PaymentMethod, Status
from sellercenter import money, privacy
from sellercenter.imports import Header, Row
from sellercenter.models import Shop

_LINE_CELLS = ("Lineitem name", "Lineitem quantity", "Lineitem price")
_WATCHED = (Status.UNPAID, Status.TO_REVIEW, Status.TO_SHIP)
_NUMBER_LENGTH = 64


# --- Columns ----------------------------------------------------------------------------------------------------------


def _private(name: str, field: str, limit: int = 200) -> Column:
    return Column(name, Of.ORDER, As.TEXT, field, (), False, limit, private=True)


def _text(name: str, field: str, limit: int) -> Column:
    return Column(name, Of.ORDER, As.TEXT, field, (), False, limit)


def _money(name: str, field: str, *, kind: As = As.MONEY, of: Of = Of.ORDER) -> Column:
    return Column(name, of, kind, field)


_COLUMNS = (
    like("number", "Name", required=True),
    _private("Email", "email", 320),
    _private("Phone", "buyer_phone", 40),
    meant("financial", "Financial Status", required=True, meanings={word: word for word in words.FINANCIAL}),
    like("paid_at", "Paid at"),
    meant("fulfilment", "Fulfillment Status", "Fulfilment Status", meanings=words.FULFILMENT),
    Column("Fulfilled at", Of.ORDER, As.TIME, "fulfilled_at"),
    like("currency", "Currency"),
    _money("Subtotal", "subtotal"),
    like("freight_amount", "Shipping"),
    _money("Taxes", "taxes"),
    _money("Duties", "duties"),
    like("total", "Total", required=True),
    _money("Discount Amount", "discount"),
    like("placed_at", "Created at", required=True),
    like("cancelled_at", "Cancelled at", "Canceled at"),
    _text("Payment Method", "method", 200),
    _text("Payment Reference", "reference", 400),
    like("refunded_amount", "Refunded Amount"),
    _money("Outstanding Balance", "outstanding", kind=As.SIGNED),
    like("buyer_message", "Notes"),
    _text("Risk Level", "risk", 20),
    _text("Source", "origin", 40),
    like("name", "Shipping Name"),
    _private("Shipping Company", "company"),
    _private("Shipping Street", "street"),
    _private("Shipping Address1", "address1"),
    _private("Shipping Address2", "address2"),
    _private("Shipping Country", "country", 60),
    like("postcode", "Shipping Zip"),
    like("phone", "Shipping Phone"),
    like("city", "Shipping City"),
    like("province", "Shipping Province"),
    _text("Shipping Province Name", "province_name", 60),
    like("title", "Lineitem name", of=Of.LINE, required=True),
    like("quantity", "Lineitem quantity", of=Of.LINE, required=True, kind=As.TALLY),
    like("unit_price", "Lineitem price", of=Of.LINE, required=True),
    like("list_price", "Lineitem compare at price", of=Of.LINE),
    like("seller_sku", "Lineitem sku", of=Of.LINE),
    meant("state", "Lineitem fulfillment status", of=Of.LINE, meanings=words.FULFILMENT),
    _money("Lineitem discount", "discount", of=Of.LINE),
)
_UNREAD = (
    *("Accepts Marketing", "Discount Code", "Shipping Method", "Lineitem requires shipping", "Lineitem taxable"),
    *(f"Billing {part}" for part in ("Name", "Street", "Address1", "Address2", "Company", "City", "Zip", "Province")),
    *("Billing Country", "Billing Phone", "Billing Province Name", "Note Attributes", "Vendor", "Employee", "Location"),
    *("Device ID", "Id", "Tags", "Receipt Number", "Payment ID", "Payment Terms Name", "Next Payment Due At"),
    "Payment References",
    *(f"Tax {place} {what}" for place in range(1, 6) for what in ("Name", "Value")),
)
_MINE = (
    *("email", "buyer_phone", "financial", "fulfilment", "fulfilled_at", "subtotal", "taxes", "duties", "discount"),
    *("method", "reference", "outstanding", "risk", "origin", "province_name"),
)
_PLACE = ("company", "street", "address1", "address2", "country")


class ShopifyReader(ForeignReader):
    """Reads the orders of one export of Shopify into one shop."""

    def __init__(self, layout: Layout, header: Header, shop: Shop) -> None:
        super().__init__(layout, header, shop)
        self.shop_id = shop.pk

    def reading(self, rows: list[Row]) -> ShopifyReading:
        """Begin to read one order."""
        return ShopifyReading(self, rows)

    def reader_of(self, column: Column, readers: dict[As, cells.Reader]) -> cells.Reader:
        """Return what reads the cells of one column; an apostrophe keeps phones and postcodes whole in Excel."""
        read = super().reader_of(column, readers)
        return (lambda cell: read(cell.lstrip("'"))) if column.private else read


SHOPIFY = Layout("shopify", _COLUMNS, "Name", ShopifyReader, _UNREAD)


# --- Reading ----------------------------------------------------------------------------------------------------------


class _Way(NamedTuple):
    """One way in which an order's amounts may hang together."""

    discount: Decimal
    freight_discount: Decimal
    tax: Decimal
    duties: Decimal

    def total(self, goods: Decimal, freight: Decimal) -> Decimal:
        """Return what the order costs."""
        return goods - self.discount + freight - self.freight_discount + self.tax + self.duties


class ShopifyReading(ForeignReading):
    """The reading of one order of Shopify."""

    reader: ShopifyReader

    def lines(self, own: list[Cell], parcel: list[Cell]) -> list[LineRead]:
        """Read the lines; a row of the order may have none, for it tells of something else."""
        places = [self.reader.places[name] for name in _LINE_CELLS]
        rows = self.rows
        self.rows = [(number, row) for number, row in rows if any(self.clean(row[place]) for place in places)]
        self.rows = self.rows or rows[:1]
        found = super().lines(own, parcel)
        self.rows = rows
        return found

    def shape(self, values: dict[str, Any], lines: list[LineRead]) -> None:
        """Turn the values of Shopify's columns into those of ours."""
        told = {name: values.pop(name) for name in _MINE if name in values}
        if lines[0].values:
            self.number_lines(lines)
            kept = [line for line in lines if line.values["quantity"]]
            # What was taken out of an order stays in the file with no pieces.
            lines[:] = kept or [LineRead(lines[0].row, {}, {})]
        states = [line.values.pop("state", "") for line in lines]
        self._buyer(values, told)
        self._address(values, told)
        self._amounts(values, told, lines)
        self._state(values, told)
        if lines[0].values:
            self._goods(lines)
            self._send(values, told, lines, states)
        self._settle_payment(values, told)

    def explained(self, facts: OrderFacts) -> bool:
        """Say whether much of the total may stay unexplained: what went back, or what the file has no column for."""
        whole = self.reader.has("Shipping", "Taxes") and (
            self.reader.has("Subtotal") or self.reader.has("Discount Amount")
        )
        return super().explained(facts) or bool(facts.refunded_amount) or not whole

    # --- Who and where ------------------------------------------------------------------------------------------------

    def _buyer(self, values: dict[str, Any], told: Mapping[str, Any]) -> None:
        """Know a buyer again by a keyed hash of the address or phone: neither is kept."""
        known = (told.get("email", "").casefold(), privacy.normal_phone(told.get("buyer_phone", "")))
        mark = next((one for one in known if one and "*" not in one), "")
        if mark:
            values["buyer_uid"] = f"shopify:{privacy.blind_index(f'buyer|{mark}', shop_id=self.reader.shop_id).hex()}"
        self.know_buyer(values)

    def _address(self, values: dict[str, Any], told: Mapping[str, Any]) -> None:
        place = {name: values.pop(name, "") for name in _PLACE}
        street = place["street"] or ", ".join(filter(None, (place["address1"], place["address2"])))
        address = ", ".join(filter(None, (place["company"], street, place["country"])))
        if street:
            values["address"] = address
        if told.get("province_name"):
            values["province"] = told["province_name"]

    # --- Amounts ------------------------------------------------------------------------------------------------------

    def _amounts(self, values: dict[str, Any], told: Mapping[str, Any], lines: list[LineRead]) -> None:
        """Find how the order's amounts make its total, and share its discount out over the lines."""
        if not lines[0].values:
            values["goods_amount"] = goods = told.get("subtotal", ZERO)
            worth, own = [], ZERO
        else:
            worth = [line.values["unit_price"] * line.values["quantity"] for line in lines]
            goods, own = sum(worth, ZERO), sum((line.values.get("discount", ZERO) for line in lines), ZERO)
        freight = values.get("freight_amount", ZERO)
        ways = _ways(told, goods, freight, own)
        first = next(ways)
        way = next((one for one in chain((first,), ways) if one.total(goods, freight) == values["total"]), first)
        values |= {"freight_discount": way.freight_discount, "tax_amount": way.tax, "fee_amount": way.duties}
        for line, part in zip(lines, self._discounts(way.discount, worth, lines), strict=False):
            line.values["seller_discount"] = part

    def _discounts(self, discount: Decimal, worth: Sequence[Decimal], lines: list[LineRead]) -> list[Decimal]:
        """Return each line's part of the discount: its own first, and of the rest what its price takes."""
        own = [min(line.values.pop("discount", ZERO), cost) for line, cost in zip(lines, worth, strict=False)]
        if sum(own, ZERO) > discount:
            own = [ZERO] * len(own)
        room = {place: cost - part for place, (cost, part) in enumerate(zip(worth, own, strict=True))}
        rest = money.spread(discount - sum(own, ZERO), room, self.reader.currency)
        return [part + rest[place] for place, part in enumerate(own)]

    # --- States -------------------------------------------------------------------------------------------------------

    def _state(self, values: dict[str, Any], told: Mapping[str, Any]) -> None:
        financial, fulfilment = told["financial"], told.get("fulfilment", words.UNFULFILLED)
        method = values["payment_method"] = words.payment_method(told.get("method", ""))
        stage = values["stage"] = words.stage(
            *(financial, fulfilment),
            cancelled="cancelled_at" in values,
            on_delivery=method == PaymentMethod.COD,
        )
        values["raw_status"] = f"{financial}/{fulfilment}"
        values["source"], values["channel"] = words.source(told.get("origin", "")), told.get("origin", "")
        if told.get("risk", "").casefold() == "high" and stage in _WATCHED:
            values["abnormal"] = Abnormal.RISK

    @staticmethod
    def _goods(lines: list[LineRead]) -> None:
        """Name the products: the file has no ids of them, so it is the SKU that tells them apart, else the title."""
        priced = any(line.values["unit_price"] for line in lines)
        for line in lines:
            sku, title = line.values.get("seller_sku", ""), line.values["title"]
            line.values |= {"product_number": sku or _short(title), "sku_number": sku}
            line.values["gift"] = priced and not line.values["unit_price"]

    def _send(
        self, values: dict[str, Any], told: Mapping[str, Any], lines: list[LineRead], states: Sequence[str]
    ) -> None:
        """Say when the order left, or which lines of it have."""
        stage, at = values["stage"], told.get("fulfilled_at")
        if stage is not Status.CANCELLED and any(state != words.RESTOCKED for state in states):
            for line, state in zip(lines, states, strict=True):
                line.values["cancelled"] = state == words.RESTOCKED
        if stage is not Status.PART_SHIPPED:
            values |= {"shipped_at": at} if at else {}
            return
        sent = [place for place, state in enumerate(states) if state in (words.FULFILLED, words.PARTIAL)]
        for place in sent or [0]:
            part = lines[place].values["quantity"] > 1 and states[place] != words.FULFILLED
            lines[place].parcel = {"status": ParcelStatus.IN_TRANSIT} | ({"shipped_at": at} if at else {})
            if part:
                lines[place].parcel["shipped_quantity"] = 1
            if part or not sent:
                self.note(_("How many pieces of a line have left is not told; one was taken to have."))

    # --- Payment ------------------------------------------------------------------------------------------------------

    def _settle_payment(self, values: dict[str, Any], told: Mapping[str, Any]) -> None:
        refunded = values.get("refunded_amount", ZERO)
        if words.is_paid(told["financial"]):
            paid = values["total"]
        elif told["financial"] == words.PART_PAID:
            paid = values["total"] - told.get("outstanding", ZERO)
        else:
            paid = ZERO
        # What went back had come, even if the total has become less since.
        if paid := max(paid, refunded):
            method = PaymentMethod(values["payment_method"] or PaymentMethod.OTHER)
            reference = told.get("reference", "").split("+")[0].strip()
            values["payment_method"] = method
            self.pay(values, paid, method, reference if len(reference) <= 80 else "")


def _ways(told: Mapping[str, Any], goods: Decimal, freight: Decimal, own: Decimal) -> Iterator[_Way]:
    """Yield how an order's amounts may hang together, the likeliest way first.

    Its discount may hold the lines' own or not, and that of the freight or not; taxes may be in the prices.
    """
    discount, subtotal = told.get("discount", ZERO), told.get("subtotal")
    if subtotal is not None and subtotal <= goods:
        discounts = [goods - subtotal]
    else:
        discounts = [min(one, goods) for one in (discount, discount + own)]
    for off, tax, duties in product(discounts, (told.get("taxes", ZERO), ZERO), (told.get("duties", ZERO), ZERO)):
        yield _Way(off, ZERO, tax, duties)
        yield _Way(off, min(max(ZERO, discount - off), freight), tax, duties)


def _short(title: str) -> str:
    """Return a title as a product's number; one that is too long ends with a mark of the whole."""
    if len(title) <= _NUMBER_LENGTH:
        return title
    return f"{title[: _NUMBER_LENGTH - 17]}-{hashlib.sha256(title.encode()).hexdigest()[:16]}"
