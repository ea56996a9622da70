"""What the people around an order want to do next, and when: always the same for the same order number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random

from orders.demo.journeys import Fate, Journey, travel
from orders.demo.parcels import messages
from orders.states import CancelledBy, Status

# Lives are worked out on a calendar of their own; only the time between two things counts.
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# The longest that anybody in the tales waits for anything.
LIFETIME = timedelta(days=30)
_LATE_PAYMENT = timedelta(minutes=40)
_USUAL = timedelta(hours=20)
# Who has not confirmed receipt by then leaves it to the clock.
_PATIENCE = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that somebody wants to do with one order or parcel at a time."""

    deed: str
    subject: int
    number: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order stands, as far as its people care."""

    pk: int
    number: str
    status: str
    status_at: datetime
    paid_at: datetime | None
    cancel_requested_at: datetime | None
    cancelled_by: str
    held: bool


@dataclass(frozen=True, slots=True)
class Travelling:
    """A parcel on its way to the buyer of an order, with what its carrier has told so far."""

    pk: int
    number: str
    province: str
    shipped_at: datetime
    told: tuple[str, ...]


@lru_cache(maxsize=4096)
def life_of(number: str) -> Journey:
    """Return the life that the order of this number is in for, if nobody interferes."""
    # The running number without the time in front of it, so that a seed decides lives, too.
    return travel(Random(f"life {number[-7:]}"), _BEGIN, until=_BEGIN + 2 * LIFETIME)


def wishes_of_buyer(order: Standing, speed: float) -> Iterator[Wish]:
    """Give what the buyer or the platform wants to do with the order, `speed` times as fast as in life."""
    life = life_of(order.number)

    def want(deed: str, since: datetime, wait: timedelta) -> Wish:
        return Wish(deed, order.pk, order.number, since + wait / speed)

    if order.status == Status.UNPAID and life.paid:
        yield want("pay", order.status_at, life.paid - life.placed)
    elif order.status == Status.UNPAID and life.fate == Fate.DROPS and life.cancelled:
        yield want("give_up", order.status_at, life.cancelled - life.placed)
    elif order.status == Status.CANCELLED and _pays_late(order, life):
        yield want("pay_late", order.status_at, _LATE_PAYMENT)
    elif order.status in (Status.TO_REVIEW, Status.TO_SHIP) and order.paid_at and life.paid and life.cancelled:
        if life.fate == Fate.REGRETS and not order.cancel_requested_at:
            yield want("ask_to_cancel", order.paid_at, life.cancelled - life.paid)
        elif life.fate == Fate.PLATFORM and not order.held:
            yield want("close", order.paid_at, life.cancelled - life.paid)
    elif order.status == Status.DELIVERED and life.completed and life.delivered:
        wait = life.completed - life.delivered
        if wait < _PATIENCE:
            yield want("confirm", order.status_at, wait)


def _pays_late(order: Standing, life: Journey) -> bool:
    """Say whether the buyer sends money for an order that has run out of time: about one of four does."""
    forgot = life.fate == Fate.EXPIRES and order.cancelled_by == CancelledBy.SYSTEM
    return forgot and Random(f"late {order.number[-7:]}").random() < 0.25


def wishes_of_team(order: Standing, speed: float) -> Iterator[Wish]:
    """Give what the team wants to do with the order; what is held or to be cancelled waits for a person."""
    if order.held or order.cancel_requested_at:
        return
    life = life_of(order.number)
    deed, wait = "", _USUAL
    if order.status == Status.TO_REVIEW:
        deed, wait = "approve", (life.reviewed - life.paid if life.reviewed and life.paid else _USUAL)
    elif order.status == Status.TO_SHIP and life.fate == Fate.SOLD_OUT and life.cancelled and life.reviewed:
        deed, wait = "sell_out", life.cancelled - life.reviewed
    elif order.status == Status.TO_SHIP:
        deed = "ship_part" if life.fate == Fate.SPLIT else "ship"
        wait = life.shipped - life.reviewed if life.shipped and life.reviewed else _USUAL
    elif order.status == Status.PART_SHIPPED:
        deed, wait = "ship", (life.second - life.shipped if life.second and life.shipped else _USUAL)
    if deed:
        yield Wish(deed, order.pk, order.number, order.status_at + wait / speed)


def wish_of_carrier(parcel: Travelling, speed: float) -> tuple[Wish, str] | None:
    """Return the next scan of a parcel with its code; None when its carrier has told everything."""
    life, sent = life_of(parcel.number), parcel.shipped_at
    left = life.second or life.shipped
    arrives = sent + (life.delivered - left if life.delivered and left else timedelta(hours=60))
    for at, code in messages(Random(f"way {parcel.pk}"), life.fate, parcel.province, sent, arrives):
        if code not in parcel.told:
            return Wish("scan", parcel.pk, parcel.number, sent + (at - sent) / speed), code
    return None
