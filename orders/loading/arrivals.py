"""From facts to arrivals: ids, parcels, the states of lines and order, and the times that go with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from orders import derive
from orders.clocks import Clocks, wind
from orders.facts import OrderFacts, ParcelFacts
from orders.lifecycle import ORDER
from orders.loading.parties import register_parcels
from orders.models import (
    Order,
    OrderLine,
)
from orders.states import LineStatus, ParcelStatus, Status
from sellercenter.copying import take_ids
from sellercenter.models import Shop

_LEFT = (Status.PART_SHIPPED, Status.SHIPPED, Status.DELIVERED, Status.COMPLETED, Status.CANCELLED)
_ARRIVED = (Status.DELIVERED, Status.COMPLETED, Status.CANCELLED)


@dataclass(slots=True)
class Arrival:
    """An order on its way into the database, with all that was worked out about it."""

    id: int
    facts: OrderFacts
    line_ids: list[int]
    parcels: list[tuple[int, ParcelStatus | str, dict[str, int]]] = field(default_factory=list)
    lines: list[LineStatus] = field(default_factory=list)
    status: Status = Status.UNPAID
    status_at: datetime | None = None
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    abnormal_at: datetime | None = None
    clocks: Clocks | None = None


def arrivals_of(shop: Shop, orders: Sequence[OrderFacts], *, now: datetime | None) -> list[Arrival]:
    """Give ids to orders, lines and parcels, and work out where everything stands.

    Without a `now` the orders are placed at what the database's clock says.
    """
    clock, taken = take_ids((Order, len(orders)), (OrderLine, sum(len(order.lines) for order in orders)))
    ids, line_ids = map(iter, taken)
    if now is None:
        now, orders = clock, [replace(order, placed_at=clock) for order in orders]
    parcels = [order.parcels or _implied_parcels(order) for order in orders]
    found = register_parcels(shop, [parcel for group in parcels for parcel in group])
    arrivals = []
    for order, group in zip(orders, parcels, strict=True):
        arrival = Arrival(next(ids), order, list(islice(line_ids, len(order.lines))))
        arrival.parcels = [(*found[id(parcel)], parcel.contents or _everything(order)) for parcel in group]
        _settle(arrival, group, now)
        arrival.clocks = wind(
            *(shop.policy, ORDER.timers.get(arrival.status)),
            now=now,
            placed_at=order.placed_at,
            paid_at=arrival.paid_at,
            ship_by=order.ship_by,
            shipped_at=arrival.shipped_at,
            delivered_at=arrival.delivered_at,
            cancel_requested_at=order.cancel_requested_at,
        )
        arrivals.append(arrival)
    return arrivals


def _implied_parcels(order: OrderFacts) -> list[ParcelFacts]:
    """Return the parcel without a number in which an order left that is said to have been shipped."""
    if order.shipped_at is None or order.stage not in (Status.SHIPPED, Status.DELIVERED, Status.COMPLETED):
        return []
    status = ParcelStatus.IN_TRANSIT if order.stage == Status.SHIPPED else ParcelStatus.DELIVERED
    return [ParcelFacts(status=status, shipped_at=order.shipped_at, delivered_at=order.delivered_at)]


def _everything(order: OrderFacts) -> dict[str, int]:
    """Return all units of an order, without its cancelled lines unless nothing else is left."""
    live = {line.number: line.quantity for line in order.lines if not line.cancelled}
    return live or {line.number: line.quantity for line in order.lines}


def _settle(arrival: Arrival, parcels: list[ParcelFacts], now: datetime) -> None:
    """Derive the states of lines and order, and fill in the times that the facts leave to parcels and payments."""
    facts = arrival.facts
    arrival.lines = _line_states(arrival)
    arrival.status = status = derive.order_status(facts.stage, arrival.lines)
    arrival.paid_at = facts.paid_at or _latest(payment.paid_at for payment in facts.payments)
    if status in _LEFT:
        arrival.shipped_at = facts.shipped_at or _latest(parcel.shipped_at for parcel in parcels)
    if status in _ARRIVED:
        arrival.delivered_at = facts.delivered_at or _latest(parcel.delivered_at for parcel in parcels)
    if status == Status.COMPLETED:
        arrival.completed_at = facts.completed_at
    if status == Status.CANCELLED:
        arrival.cancelled_at = facts.cancelled_at or now
    if facts.abnormal:
        arrival.abnormal_at = facts.abnormal_at or now
    arrival.status_at = _entered(arrival, status) or facts.placed_at


def _line_states(arrival: Arrival) -> list[LineStatus]:
    facts = arrival.facts
    parts: dict[str, list[tuple[int, ParcelStatus | str]]] = {}
    for _parcel, state, contents in arrival.parcels:
        for number, units in contents.items():
            parts.setdefault(number, []).append((units, state))
    gone = facts.stage == Status.CANCELLED
    if not parts and not gone:
        state = _UNPACKED.get(Status(facts.stage), LineStatus.WAITING)
        return [LineStatus.CANCELLED if line.cancelled else state for line in facts.lines]
    return [
        derive.line_status(line.quantity, parts.get(line.number, ()), cancelled=gone or line.cancelled)
        for line in facts.lines
    ]


# The state of lines that left the house by no known parcel.
_UNPACKED = {
    Status.SHIPPED: LineStatus.SHIPPED,
    Status.DELIVERED: LineStatus.DELIVERED,
    Status.COMPLETED: LineStatus.DELIVERED,
}


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


def _entered(arrival: Arrival, status: Status) -> datetime | None:
    """Return when the order came to the state in which it is, as far as anybody knows."""
    match status:
        case Status.UNPAID:
            return arrival.facts.placed_at
        case Status.TO_REVIEW:
            return arrival.paid_at
        case Status.TO_SHIP:
            return arrival.facts.reviewed_at or arrival.paid_at
        case Status.DELIVERED:
            return arrival.delivered_at
        case Status.COMPLETED:
            return arrival.completed_at or arrival.delivered_at
        case Status.CANCELLED:
            return arrival.cancelled_at
    return arrival.shipped_at
