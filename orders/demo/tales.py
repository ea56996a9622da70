"""The orders of the demo, one after another as they were placed: the same ones for the same seed and moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from orders.demo.journeys import Fate, Journey, travel
from orders.demo.markets import Customer, Market, Wheel, customer
from orders.demo.parcels import pack, shared
from orders.demo.prices import MONEY, basket, price
from orders.demo.rhythm import times
from orders.facts import NoteFacts, OrderFacts, ParcelFacts, PaymentFacts
from orders.states import Abnormal, Flag, Kind, PaymentMethod, Source, Status
from sellercenter.times import day_start

_SOURCES = Wheel(
    {Source.LIVE: 42, Source.VIDEO: 18, Source.SHOWCASE: 8, Source.SEARCH: 12, Source.SHOP: 17, Source.OTHER: 3}
)
# What is sent again belongs to cases, which are not told here.
_KINDS = Wheel({Kind.NORMAL: 950, Kind.PRE_ORDER: 20, Kind.MADE_TO_ORDER: 10, Kind.SAMPLE: 12, Kind.LOTTERY: 8})
_OPEN = (Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED, Status.SHIPPED)
# In a tiny demo chance leaves states empty, so the newest orders are told where to stand, newest first.
_SMALL = 2000
_NEWEST = (
    *(Status.UNPAID, Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED, Status.SHIPPED, Status.CANCELLED),
    *(Status.DELIVERED, Status.COMPLETED),
)
_REPEATS, _MERGES = 0.3, 0.03
_DAY = timedelta(days=1)
# So that about one parcel in eight comes late.
_DELIVERED_WITHIN = 5 * _DAY


@dataclass(frozen=True, slots=True)
class Slice:
    """One of the equal parts into which a shop's orders are cut, so that two processes can write them at once."""

    market: Market
    number: int
    of: int
    count: int


class Tales:
    """The orders of one slice; parts of one shop share no buyer, so they never wait for each other."""

    def __init__(self, part: Slice, *, seed: int, until: datetime, authors: list[str]) -> None:
        self.part, self.market, self.until, self.authors = part, part.market, until, authors
        self.rng = Random(f"{seed} {part.market.code} {part.number}")
        self.buyers = 0
        self.previous: tuple[OrderFacts, Journey, Customer] | None = None

    def __iter__(self) -> Iterator[OrderFacts]:
        """Give the orders, oldest first."""
        moments = times(self.rng, self.market.zone, count=self.part.count, until=self.until)
        for position, placed in enumerate(moments):
            yield self._order(position, placed)

    def _order(self, position: int, placed: datetime) -> OrderFacts:
        rng, serial = self.rng, position * self.part.of + self.part.number
        newest = self.part.count - 1 - position
        stage = _NEWEST[newest] if self.part.count < _SMALL and newest < len(_NEWEST) else None
        journey, buyer = travel(rng, placed, until=self.until, stage=stage), self._buyer()
        together = None if stage else self._together(journey)
        if together:
            parcel, buyer = together
        number = self.number(placed, serial)
        order = self._head(number, journey, buyer)
        self._fill(order, journey)
        _settle_cash(order, journey)
        if together:
            order.parcels = [shared(parcel)]
        elif order.stage != Status.TO_REVIEW:
            order.parcels = pack(rng, self.market, journey, order.lines, buyer, serial=serial, until=self.until)
        self._decorate(order, journey)
        self.previous = (order, journey, buyer)
        return order

    def number(self, placed: datetime, serial: int) -> str:
        """Return the number of the shop's order that was placed then."""
        if self.market.currency == "CNY":
            return f"69{int(placed.timestamp())}{serial:07}"
        return f"HP{placed:%y%m%d}-{serial:07}"

    def now(self, number: str, fate: Fate, placed: datetime) -> OrderFacts:
        """Give an order that is placed at this moment: unpaid, and not to be paid at the door."""
        journey, buyer = Journey(fate, placed), self._buyer()
        while True:
            order = self._head(number, journey, buyer)
            self._fill(order, journey)
            if order.payment_method != PaymentMethod.COD:
                return order

    def _buyer(self) -> Customer:
        """Return somebody new, or somebody who has bought before."""
        if self.buyers and self.rng.random() < _REPEATS:
            index = int(self.rng.random() * self.buyers)
        else:
            index, self.buyers = self.buyers, self.buyers + 1
        return customer(self.market, index * self.part.of + self.part.number)

    def _together(self, journey: Journey) -> tuple[ParcelFacts, Customer] | None:
        """Put an order into the parcel of the one before, when its buyer ordered once more before it left."""
        if self.previous is None or self.rng.random() >= _MERGES:
            return None
        order, other, buyer = self.previous
        fine = other.fate == journey.fate == Fate.FINE and len(order.parcels) == 1 and not order.parcels[0].contents
        if not (fine and other.shipped and journey.reviewed and journey.reviewed < other.shipped):
            return None
        journey.shipped, journey.delivered, journey.completed = other.shipped, other.delivered, other.completed
        return order.parcels[0], buyer

    def _head(self, number: str, journey: Journey, buyer: Customer) -> OrderFacts:
        rng, words = self.rng, self.market.words
        return OrderFacts(
            number=number,
            stage=journey.stage,
            placed_at=journey.placed,
            buyer_uid=buyer.uid,
            currency=self.market.currency,
            buyer_nickname=buyer.nickname,
            buyer_email=buyer.relay_email,
            buyer_message=_one(rng, words.MESSAGES) if rng.random() < 0.1 else "",
            kind=_KINDS.spin(rng),
            source=_SOURCES.spin(rng),
            channel=self.market.channels.spin(rng),
            paid_at=journey.paid,
            reviewed_at=journey.reviewed,
            shipped_at=journey.shipped,
            delivered_at=journey.delivered,
            completed_at=journey.completed,
            cancelled_at=journey.cancelled,
            cancelled_by=journey.cancelled_by,
            cancel_reason=_one(rng, words.REASONS[journey.fate.value]) if journey.cancelled else "",
            deliver_by=self._promised(journey.placed),
            province=buyer.province,
            city=buyer.city,
            district=buyer.district,
            recipient=buyer.recipient,
        )

    def _promised(self, placed: datetime) -> datetime:
        """Return the end of the local day on which delivery was promised to whoever ordered then."""
        zone = self.market.zone
        return day_start(placed.astimezone(zone).date() + _DELIVERED_WITHIN + _DAY, zone) - timedelta(seconds=1)

    def _fill(self, order: OrderFacts, journey: Journey) -> None:
        """Put goods into the order, price it, and let the buyer pay if they did."""
        rng, market = self.rng, self.market
        hosted = order.source in (Source.LIVE, Source.VIDEO, Source.SHOWCASE)
        host = market.hosts[int(len(market.hosts) * rng.random() ** 1.7)] if hosted else None
        at_least = 2 if journey.fate == Fate.SPLIT else 1
        lines = basket(rng, market, number=order.number, source=order.source, host=host, at_least=at_least)
        order.payment_method = market.payment.spin(rng)
        total = price(rng, market, order, lines)
        if order.paid_at and order.payment_method != PaymentMethod.COD:
            order.payments = _payments(rng, order, total)

    def _decorate(self, order: OrderFacts, journey: Journey) -> None:
        """Add what people did around the order: requests, refunds of what was cancelled, marks, flags, notes."""
        rng = self.rng
        if order.stage in (Status.TO_REVIEW, Status.TO_SHIP) and rng.random() < 0.06:
            order.cancel_requested_at = order.placed_at + (self.until - order.placed_at) * 0.8
        if order.stage == Status.CANCELLED and order.payments:
            order.refunded_amount = order.paid_amount
        self._mark(order, journey)
        if rng.random() < 0.1:
            order.flag = int(rng.random() * len(Flag.values))
        if rng.random() < 0.12:
            order.seller_note = _one(rng, self.market.words.SELLER_NOTES)
        if rng.random() < 0.05:
            self._note(order)

    def _mark(self, order: OrderFacts, journey: Journey) -> None:
        trouble = journey.fate in (Fate.LOST, Fate.REFUSED, Fate.MISSED) and order.stage == Status.SHIPPED
        if not trouble and self.rng.random() >= (0.06 if order.stage in _OPEN else 0.002):
            return
        kind = Abnormal.PARCEL if trouble else Abnormal(_one(self.rng, Abnormal.values))
        order.abnormal = kind
        order.abnormal_reason = _one(self.rng, self.market.words.ABNORMAL[kind.value])
        start = order.shipped_at or order.paid_at or order.placed_at
        order.abnormal_at = start + (min(self.until, start + timedelta(days=3)) - start) * 0.7

    def _note(self, order: OrderFacts) -> None:
        start = order.paid_at or order.placed_at
        until = min(self.until, start + timedelta(days=2))
        for _note in range(1 + int(self.rng.random() * 2)):
            at, author = start + (until - start) * self.rng.random(), _one(self.rng, self.authors)
            order.notes.append(NoteFacts(at, author, _one(self.rng, self.market.words.TEAM_NOTES)))


def _one(rng: Random, words: Sequence[str]) -> str:
    return words[int(rng.random() * len(words))]


def _payments(rng: Random, order: OrderFacts, total: int) -> list[PaymentFacts]:
    """Pay in one sum, or a part of it by voucher."""
    method = PaymentMethod(order.payment_method)
    if method != PaymentMethod.VOUCHER and total > 2000 and rng.random() < 0.04:
        return [
            PaymentFacts(PaymentMethod.VOUCHER, MONEY[1000], order.paid_at, f"V{order.number}"),
            PaymentFacts(method, MONEY[total - 1000], order.paid_at, f"P{order.number}"),
        ]
    return [PaymentFacts(method, MONEY[total], order.paid_at, f"P{order.number}")]


def _settle_cash(order: OrderFacts, journey: Journey) -> None:
    """Let cash on delivery be paid at the door; the goods must leave in time all the same."""
    if order.payment_method != PaymentMethod.COD or not journey.paid:
        return
    order.ship_by = journey.paid + timedelta(hours=72)
    order.paid_at = journey.delivered
    if journey.delivered:
        order.payments = [PaymentFacts(PaymentMethod.COD, order.total_amount, journey.delivered, f"P{order.number}")]
