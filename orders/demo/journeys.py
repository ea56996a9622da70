"""What becomes of an order: its fate, when each thing happens, and how much of it has happened until now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from random import Random

from orders.demo.markets import Wheel
from orders.states import CancelledBy, Status


class Fate(Enum):
    """What an order is in for."""

    FINE = "fine"
    SPLIT = "split"
    EXPIRES = "expires"
    DROPS = "drops"
    REGRETS = "regrets"
    SOLD_OUT = "sold_out"
    PLATFORM = "platform"
    LATE = "late"
    STUCK = "stuck"
    MISSED = "missed"
    LOST = "lost"
    REFUSED = "refused"


_FATES = Wheel(
    {Fate.FINE: 75, Fate.SPLIT: 5, Fate.EXPIRES: 6, Fate.DROPS: 2.5, Fate.REGRETS: 3, Fate.SOLD_OUT: 1.2}
    | {Fate.PLATFORM: 0.3, Fate.LATE: 2.5, Fate.STUCK: 1.5, Fate.MISSED: 1.8, Fate.LOST: 0.5, Fate.REFUSED: 0.7}
)
_ENDED_BY = {
    Fate.EXPIRES: CancelledBy.SYSTEM,
    Fate.DROPS: CancelledBy.BUYER,
    Fate.REGRETS: CancelledBy.BUYER,
    Fate.SOLD_OUT: CancelledBy.SELLER,
    Fate.PLATFORM: CancelledBy.PLATFORM,
    Fate.LOST: CancelledBy.PLATFORM,
    Fate.REFUSED: CancelledBy.BUYER,
}
_UNPAID, _UNSENT = (Fate.EXPIRES, Fate.DROPS), (Fate.REGRETS, Fate.SOLD_OUT, Fate.PLATFORM)
# Which part of its age an order needs for each step, when it has to stand in a given state today.
_STAGED = {
    Status.UNPAID: 0,
    Status.TO_REVIEW: 1,
    Status.TO_SHIP: 2,
    Status.PART_SHIPPED: 3,
    Status.SHIPPED: 3,
    Status.DELIVERED: 4,
    Status.COMPLETED: 5,
}
_PARTS = (0.05, 0.12, 0.3, 0.75, 0.95)


@dataclass(slots=True)
class Journey:
    """When each thing happened to an order, as far as it has; `second` is when the rest of a split order left."""

    fate: Fate
    placed: datetime
    paid: datetime | None = None
    reviewed: datetime | None = None
    shipped: datetime | None = None
    second: datetime | None = None
    delivered: datetime | None = None
    completed: datetime | None = None
    cancelled: datetime | None = None

    @property
    def stage(self) -> Status:
        """The state that the times amount to."""
        if self.cancelled:
            return Status.CANCELLED
        if self.shipped and self.fate == Fate.SPLIT and not self.second:
            return Status.PART_SHIPPED
        reached = (self.completed, self.delivered, self.shipped, self.reviewed, self.paid)
        stages = (Status.COMPLETED, Status.DELIVERED, Status.SHIPPED, Status.TO_SHIP, Status.TO_REVIEW)
        return next((stage for time, stage in zip(reached, stages, strict=True) if time), Status.UNPAID)

    @property
    def cancelled_by(self) -> CancelledBy | str:
        """Who ended it, if anybody did."""
        return _ENDED_BY[self.fate] if self.cancelled else ""


def travel(rng: Random, placed: datetime, *, until: datetime, stage: Status | None = None) -> Journey:
    """Live an order's life up to `until`; with a `stage`, one that stands there then."""
    if stage is not None:
        return _staged(placed, until, stage)
    fate = _FATES.spin(rng)
    journey = Journey(fate, placed)
    _pay(rng, journey)
    _send(rng, journey)
    _arrive(rng, journey)
    _cut(journey, until)
    return journey


def _staged(placed: datetime, until: datetime, stage: Status) -> Journey:
    if stage == Status.CANCELLED:
        return Journey(Fate.DROPS, placed, cancelled=placed + (until - placed) / 2)
    age, steps = until - placed, _STAGED[stage]
    done = [placed + age * part if number < steps else None for number, part in enumerate(_PARTS)]
    fate = Fate.SPLIT if stage == Status.PART_SHIPPED else Fate.EXPIRES if stage == Status.UNPAID else Fate.FINE
    paid, reviewed, shipped, delivered, completed = done
    return Journey(fate, placed, paid, reviewed, shipped, None, delivered, completed)


def _hours(rng: Random, low: float, high: float) -> timedelta:
    return timedelta(seconds=int((low + rng.random() * (high - low)) * 3600))


def _pay(rng: Random, journey: Journey) -> None:
    if journey.fate == Fate.EXPIRES:
        journey.cancelled = journey.placed + timedelta(hours=48)
    elif journey.fate == Fate.DROPS:
        journey.cancelled = journey.placed + _hours(rng, 0.1, 20)
    else:
        quick = rng.random() < 0.85
        journey.paid = journey.placed + (_hours(rng, 0.005, 0.3) if quick else _hours(rng, 0.3, 40))
        journey.reviewed = journey.paid + (_hours(rng, 0.02, 0.1) if rng.random() < 0.5 else _hours(rng, 0.5, 9))


def _send(rng: Random, journey: Journey) -> None:
    if not journey.paid or not journey.reviewed:
        return
    if journey.fate in _UNSENT:
        journey.cancelled = journey.reviewed + _hours(rng, 0.5, 28)
    elif journey.fate == Fate.LATE:
        journey.shipped = journey.paid + _hours(rng, 74, 130)
    elif journey.fate == Fate.STUCK:
        journey.shipped = journey.paid + _hours(rng, 150, 300)
    else:
        journey.shipped = journey.reviewed + _hours(rng, 4, 44)
    if journey.shipped and journey.fate == Fate.SPLIT:
        journey.second = journey.shipped + _hours(rng, 14, 100)


def _arrive(rng: Random, journey: Journey) -> None:
    last = journey.second or journey.shipped
    if not last:
        return
    if journey.fate in (Fate.LOST, Fate.REFUSED):
        journey.cancelled = last + _hours(rng, 24 * 9, 24 * 14)
        return
    journey.delivered = last + _hours(rng, 22, 90) + timedelta(hours=24 if journey.fate == Fate.MISSED else 0)
    patient = rng.random() < 0.4
    journey.completed = journey.delivered + (timedelta(days=10) if patient else _hours(rng, 5, 120))


def _cut(journey: Journey, until: datetime) -> None:
    """Forget what has not happened yet."""
    for name in ("paid", "reviewed", "shipped", "second", "delivered", "completed", "cancelled"):
        time = getattr(journey, name)
        if time is not None and time > until:
            setattr(journey, name, None)
