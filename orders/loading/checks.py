"""What may come in: facts that can't become rows are refused by name, before anything is written."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from operator import attrgetter, gt
from typing import Any

from django.db import models

from orders import recipients
from orders.facts import ZERO, OrderFacts, ParcelFacts
from orders.models import (
    Buyer,
    Creator,
    Order,
    OrderLine,
    OrderNote,
    Parcel,
    Payment,
    Product,
    Recipient,
    Sku,
    TrackingEvent,
)
from orders.states import Flag
from sellercenter import privacy

_TOO_MUCH = Decimal(10) ** 12


class _Texts:
    """The text fields of one kind of facts, with the lengths of the columns that they go to."""

    def __init__(self, **columns: tuple[type[models.Model], str]) -> None:
        self.names = tuple(columns)
        self.limits = tuple(model._meta.get_field(name).max_length or 1_000_000 for model, name in columns.values())  # type: ignore[union-attr]
        self.read = attrgetter(*self.names)

    def check(self, facts: Any, where: str) -> None:
        """Raise ValueError when a text is too long for its column or holds what PostgreSQL can't keep."""
        texts = self.read(facts)
        if any(map(gt, map(len, texts), self.limits)):
            for name, text, limit in zip(self.names, texts, self.limits, strict=True):
                if len(text) > limit:
                    raise ValueError(f"{where}: {name} has {len(text)} characters, at most {limit} fit")
        everything = "".join(texts)
        if not everything.isascii() or "\0" in everything:
            _check_characters(everything, where)


def _same(model: type[models.Model], *names: str) -> dict[str, tuple[type[models.Model], str]]:
    return {name: (model, name) for name in names}


_ORDER_TEXTS = _Texts(
    buyer_uid=(Buyer, "uid"),
    **_same(Order, "number", "raw_status", "cancel_reason", "buyer_nickname", "buyer_message", "province", "city"),
    **_same(Order, "district", "channel", "seller_note", "abnormal_reason"),
)
_LINE_TEXTS = _Texts(
    product_number=(Product, "number"),
    sku_number=(Sku, "number"),
    creator_number=(Creator, "number"),
    creator_name=(Creator, "name"),
    **_same(OrderLine, "number", "title", "variant", "seller_sku", "cancel_reason", "room", "video"),
)
_PARCEL_TEXTS = _Texts(**_same(Parcel, "carrier", "tracking_no"))
_TRACKING_TEXTS = _Texts(**_same(TrackingEvent, "text", "site"))
_NOTE_TEXTS = _Texts(author=(OrderNote, "author_label"), body=(OrderNote, "body"))
_PAYMENT_TEXTS = _Texts(transaction_no=(Payment, "transaction_no"), method=(Payment, "method"))
_MASKED_LIMITS = dict(
    zip(
        ("name", "phone", "address", "postcode"),
        _Texts(**_same(Recipient, "name_masked", "phone_masked", "address_masked", "postcode_masked")).limits,
        strict=True,
    )
)
_ORDER_AMOUNTS = attrgetter(
    *("goods_amount", "platform_discount", "seller_discount", "creator_discount", "payment_discount"),
    *("freight_amount", "freight_discount", "tax_amount", "fee_amount", "refunded_amount", "total_amount"),
)
_LINE_AMOUNTS = attrgetter(
    *("list_price", "unit_price", "platform_discount", "seller_discount", "creator_discount"),
    *("payment_discount", "freight_amount", "tax_amount", "amount", "commission_amount"),
)


def check(order: OrderFacts) -> None:
    """Raise ValueError, naming the order and the field, for facts that can't become rows.

    That is: an empty or too long text, an e-mail address that is none, a negative or unreadable amount, more refunded
    than paid, a line number that comes twice, a parcel with units of a line that isn't there.
    """
    where = f"order {order.number}"
    _check_head(order, where)
    _check_lines(order, where)
    for payment in order.payments:
        _PAYMENT_TEXTS.check(payment, f"{where}, payment")
        _check_amounts((payment.amount,), f"{where}, payment")
    for parcel in order.parcels:
        _check_parcel(order, parcel, where)
    for note in order.notes:
        _NOTE_TEXTS.check(note, f"{where}, note")
        if not note.body:
            raise ValueError(f"{where}, note: body is empty")
    for name, length in recipients.masked_lengths(order.recipient).items():
        if length > _MASKED_LIMITS[name]:
            raise ValueError(f"{where}, recipient: {name} has {length} characters, at most {_MASKED_LIMITS[name]} fit")


def _check_head(order: OrderFacts, where: str) -> None:
    _ORDER_TEXTS.check(order, where)
    for name in ("number", "buyer_uid"):
        if not getattr(order, name):
            raise ValueError(f"{where}: {name} is empty")
    if not (len(order.currency) == 3 and order.currency.isascii() and order.currency.isupper()):
        raise ValueError(f"{where}: currency is {order.currency!r}, three capital letters are needed")
    if order.buyer_email and not privacy.is_plain_email(order.buyer_email):
        raise ValueError(f"{where}: buyer_email is no plain e-mail address")
    if order.flag is not None and order.flag not in Flag.values:
        raise ValueError(f"{where}: flag is {order.flag}, known are {Flag.values}")
    _check_amounts(_ORDER_AMOUNTS(order), where)
    if order.refunded_amount > order.paid_amount:
        raise ValueError(f"{where}: refunded_amount {order.refunded_amount} is more than was paid")


def _check_characters(text: str, where: str) -> None:
    if "\0" in text:
        raise ValueError(f"{where}: a text holds the character NUL")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{where}: a text holds half a character ({error.reason})") from None


def _check_amounts(amounts: tuple[Decimal, ...], where: str) -> None:
    try:
        fits = min(amounts) >= 0 and max(amounts) < _TOO_MUCH
    except InvalidOperation:
        raise ValueError(f"{where}: an amount is not a number") from None
    if not fits:
        raise ValueError(f"{where}: an amount is negative or too large")
    # A sum has as many digits after the point as the finest of its parts.
    exponent = sum(amounts, ZERO).as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -2:
        raise ValueError(f"{where}: an amount has more than two digits after the point")


def _check_lines(order: OrderFacts, where: str) -> None:
    for line in order.lines:
        here = f"{where}, line {line.number}"
        _LINE_TEXTS.check(line, here)
        if not line.number or not line.product_number:
            raise ValueError(f"{here}: number or product_number is empty")
        if not 0 < line.quantity < 2**31:
            raise ValueError(f"{here}: quantity is {line.quantity}")
        _check_amounts(_LINE_AMOUNTS(line), here)
        if line.commission_amount and not line.creator_number:
            raise ValueError(f"{here}: commission_amount without creator_number")
        if line.commission_rate is not None and not 0 <= line.commission_rate <= 1:
            raise ValueError(f"{here}: commission_rate is {line.commission_rate}, a share from 0 to 1 is needed")
    if len({line.number for line in order.lines}) < len(order.lines):
        raise ValueError(f"{where}: two lines share a number")


def _check_parcel(order: OrderFacts, parcel: ParcelFacts, where: str) -> None:
    here = f"{where}, parcel {parcel.tracking_no}"
    _PARCEL_TEXTS.check(parcel, here)
    for message in parcel.tracking:
        _TRACKING_TEXTS.check(message, here)
    if parcel.contents:
        lines = {line.number for line in order.lines}
        for number, units in parcel.contents.items():
            if number not in lines or units <= 0:
                raise ValueError(f"{here}: contents holds {units} of line {number}")
