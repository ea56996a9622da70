"""The fingerprint of an order's facts, by which the same order in the same state is known again without reading it."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any

from orders.facts import LineFacts, OrderFacts, ParcelFacts, PaymentFacts, RecipientFacts
from sellercenter import privacy

_VERSION = "1"
_LABELS = [f"{place}=" for place in range(100)]
_ORDER = attrgetter(
    *(
        field.name
        for field in fields(OrderFacts)
        if field.name not in ("lines", "payments", "parcels", "notes", "recipient", "digest", "flag")
    )
)
_LINE, _PAYMENT, _RECIPIENT = (
    attrgetter(*(field.name for field in fields(kind))) for kind in (LineFacts, PaymentFacts, RecipientFacts)
)
_number = attrgetter("number")
_PARCEL = attrgetter(*(field.name for field in fields(ParcelFacts) if field.name not in ("contents", "tracking")))


def digest(facts: OrderFacts, *, shop_id: int) -> bytes:
    """Return 16 bytes that stay the same while the facts do.

    The key is the shop's own, so that nobody can try phone numbers against what a stolen dump holds.
    """
    told = [_VERSION, str(facts.flag), *_said(_ORDER(facts)), *_said(_RECIPIENT(facts.recipient))]
    # Rows of an order may come in any order; payments are told in theirs.
    for line in sorted(facts.lines, key=_number) if len(facts.lines) > 1 else facts.lines:
        told += ["line", *_said(_LINE(line))]
    for payment in facts.payments:
        told += ["payment", *_said(_PAYMENT(payment))]
    parcels = [["parcel", *_said(_PARCEL(parcel)), str(sorted(parcel.contents.items()))] for parcel in facts.parcels]
    for parcel in sorted(parcels):
        told += parcel
    return privacy.blind_index("\x1f".join(told), shop_id=shop_id)


def _said(values: tuple[Any, ...]) -> list[str]:
    """Write what is there, each with its place; empty, zero and absent are the same."""
    return [
        _LABELS[place] + (value if type(value) is str else str(value)) for place, value in enumerate(values) if value
    ]
