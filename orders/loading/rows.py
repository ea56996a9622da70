"""The rows of an order's tables, in the order in which they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from orders import recipients
from orders.clocks import Clocks
from orders.facts import ZERO
from orders.loading.arrivals import Arrival
from orders.loading.parties import Known
from orders.models import (
    Order,
    OrderLine,
    OrderNote,
    ParcelLine,
    Payment,
    Recipient,
)
from orders.states import PaymentStatus
from sellercenter.copying import Batch
from sellercenter.models import Shop

_ORDER_AS_IS = (
    *("number", "kind", "raw_status", "placed_at", "reviewed_at", "cancelled_by", "cancel_reason"),
    *("cancel_requested_at", "buyer_nickname", "buyer_message", "province", "city", "district", "currency"),
    *("goods_amount", "platform_discount", "seller_discount", "creator_discount", "payment_discount"),
    *("freight_amount", "freight_discount", "tax_amount", "fee_amount", "adjustment", "refunded_amount"),
    *("payment_method", "aftersales", "source", "channel", "flag", "seller_note", "abnormal", "abnormal_reason"),
    "deliver_by",
)
_ORDER_WORKED_OUT = (
    *(
        "id",
        "shop",
        "buyer",
        "status",
        "status_at",
        "due_at",
        "due_step",
        "due_later",
        "paid_at",
        "shipped_at",
        "delivered_at",
    ),
    *("completed_at", "cancelled_at", "abnormal_at", "pay_by", "ship_by", "confirm_by", "answer_by"),
    *("total_amount", "paid_amount", "refund_due"),
    *("ship_by_promised", "held", "note_count", "import_digest"),
)
_LINE_AS_IS = (
    *("number", "title", "variant", "seller_sku", "quantity", "list_price", "unit_price", "platform_discount"),
    *("seller_discount", "creator_discount", "payment_discount", "freight_amount", "tax_amount", "amount", "gift"),
    *("cancel_reason", "room", "video", "commission_rate", "commission_amount"),
)
_LINE_WORKED_OUT = ("id", "shop", "order", "position", "product", "sku", "status", "creator", "placed_at")
_RECIPIENT = (
    *("order", "shop", "name_sealed", "phone_sealed", "address_sealed", "name_masked", "phone_masked"),
    *("address_masked", "postcode_masked", "phone_index"),
)
_order_as_is, _line_as_is = attrgetter(*_ORDER_AS_IS), attrgetter(*_LINE_AS_IS)


def batches(shop: Shop, arrivals: list[Arrival], known: Known, *, authors: dict[str, int]) -> list[Batch]:
    """Return the orders and everything that hangs on them; parcels, buyers and goods are there already."""
    return [
        (Order, (*_ORDER_WORKED_OUT, *_ORDER_AS_IS), _order_rows(shop, arrivals, known)),
        (Recipient, _RECIPIENT, _recipient_rows(shop, arrivals)),
        (OrderLine, (*_LINE_WORKED_OUT, *_LINE_AS_IS), _line_rows(shop, arrivals, known)),
        (Payment, _PAYMENT, _payment_rows(shop, arrivals)),
        (ParcelLine, ("shop", "parcel", "line", "order", "quantity"), _part_rows(shop, arrivals)),
        (OrderNote, ("shop", "order", "author", "author_label", "body", "at"), _note_rows(shop, arrivals, authors)),
    ]


def _order_rows(shop: Shop, arrivals: list[Arrival], known: Known) -> Iterator[tuple[Any, ...]]:
    shop_id = shop.pk
    for arrival in arrivals:
        facts, clocks = arrival.facts, arrival.clocks
        assert clocks is not None
        yield (
            *(arrival.id, shop_id, known.buyers[facts.buyer_uid], arrival.status, arrival.status_at),
            *_schedule(clocks),
            *(arrival.paid_at, arrival.shipped_at, arrival.delivered_at),
            *(arrival.completed_at, arrival.cancelled_at, arrival.abnormal_at),
            *(clocks.pay_by, clocks.ship_by, clocks.confirm_by, clocks.answer_by),
            *(facts.total_amount, facts.paid_amount, ZERO),
            *(facts.ship_by is not None, False, len(facts.notes), facts.digest),
            *_order_as_is(facts),
        )


def _schedule(clocks: Clocks) -> tuple[Any, ...]:
    """Give the steps as COPY takes them: most orders have none or one, so the rest is rarely worth encoding."""
    planned = clocks.schedule.values()
    later = planned["due_later"]
    return planned["due_at"], planned["due_step"], json.dumps(later).encode() if later else b"[]"


def _recipient_rows(shop: Shop, arrivals: list[Arrival]) -> Iterator[tuple[Any, ...]]:
    for arrival in arrivals:
        facts = arrival.facts
        columns = recipients.sealed(facts.recipient, order_number=facts.number, shop_id=shop.pk)
        yield (arrival.id, shop.pk, *(columns[name] for name in _RECIPIENT[2:]))


def _line_rows(shop: Shop, arrivals: list[Arrival], known: Known) -> Iterator[tuple[Any, ...]]:
    shop_id, products, skus, creators = shop.pk, known.products, known.skus, known.creators
    for arrival in arrivals:
        placed_at = arrival.facts.placed_at
        for position, line in enumerate(arrival.facts.lines):
            yield (
                *(arrival.line_ids[position], shop_id, arrival.id, position + 1),
                *(products[line.product_number], skus.get(line.sku_number), arrival.lines[position]),
                *(creators.get(line.creator_number), placed_at),
                *_line_as_is(line),
            )


_PAYMENT = ("shop", "order", "position", "method", "status", "transaction_no", "amount", "refunded", "paid_at")


def _payment_rows(shop: Shop, arrivals: list[Arrival]) -> Iterator[tuple[Any, ...]]:
    """Give each payment its part of what was refunded: the first payment is paid back first."""
    for arrival in arrivals:
        left = arrival.facts.refunded_amount
        for position, payment in enumerate(arrival.facts.payments):
            refunded = min(left, payment.amount)
            left -= refunded
            yield (
                *(shop.pk, arrival.id, position + 1, payment.method, PaymentStatus.CAPTURED, payment.transaction_no),
                *(payment.amount, refunded, payment.paid_at or arrival.paid_at),
            )


def _part_rows(shop: Shop, arrivals: list[Arrival]) -> Iterator[tuple[Any, ...]]:
    """Give the units of each line in each parcel; a parcel that is told twice is added up."""
    for arrival in arrivals:
        if not arrival.parcels:
            continue
        lines = {line.number: row for line, row in zip(arrival.facts.lines, arrival.line_ids, strict=True)}
        parts: dict[tuple[int, int], int] = {}
        for parcel, _state, contents in arrival.parcels:
            for number, units in contents.items():
                key = (parcel, lines[number])
                parts[key] = parts.get(key, 0) + units
        for (parcel, line), units in parts.items():
            yield (shop.pk, parcel, line, arrival.id, units)


def _note_rows(shop: Shop, arrivals: list[Arrival], authors: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    for arrival in arrivals:
        for note in arrival.facts.notes:
            yield (shop.pk, arrival.id, authors.get(note.author), note.author, note.body, note.at)
