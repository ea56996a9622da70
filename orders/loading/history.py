"""The history that facts can tell of an order, each event at its own time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from orders.facts import OrderFacts
from orders.loading.arrivals import Arrival
from orders.states import CancelledBy, Flag
from sellercenter.copying import Batch
from sellercenter.models import Event, Shop
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM, Actor, ActorKind

_EVENT = ("shop", "kind", "subject_type", "subject_id", "actor_kind", "actor_label", "member", "at", "data")


@dataclass(frozen=True)
class _Told:
    """One kind of event that facts can tell: when it happened, who did it, what is kept with it."""

    kind: str
    at: Callable[[Arrival], datetime | None]
    actor: Callable[[OrderFacts], Actor | None] = lambda facts: None
    data: Callable[[OrderFacts], dict[str, Any] | bytes] = lambda facts: b"{}"


def _buyer(_facts: OrderFacts) -> Actor:
    return BUYER


def _system(_facts: OrderFacts) -> Actor:
    return SYSTEM


_CANCELLED_BY = {CancelledBy.BUYER: BUYER, CancelledBy.SYSTEM: SYSTEM, CancelledBy.PLATFORM: CHANNEL}


def _ended_by(facts: OrderFacts) -> Actor | None:
    return _CANCELLED_BY.get(CancelledBy(facts.cancelled_by)) if facts.cancelled_by else None


def _paid(facts: OrderFacts) -> bytes:
    return b'{"amount": "%s"}' % str(facts.paid_amount).encode()


def _marked(facts: OrderFacts) -> dict[str, Any]:
    return {"before": "", "after": str(facts.abnormal), "reason": facts.abnormal_reason}


def _cancelled(facts: OrderFacts) -> dict[str, Any]:
    """Tell who cancelled, and why when the shop or its machinery did: a buyer's words stand in the order alone."""
    by = facts.cancelled_by
    said = {"reason": facts.cancel_reason} if by in (CancelledBy.SELLER, CancelledBy.SYSTEM) else {}
    return {**said, "cancelled_by": str(by)}


def _flagged(facts: OrderFacts) -> dict[str, Any]:
    return {"before": "", "after": "" if facts.flag is None else Flag(facts.flag).name.lower()}


def _flagged_at(arrival: Arrival) -> datetime | None:
    """Return the last change of state: nobody tells when a flag was set, and this is the nearest time known."""
    return None if arrival.facts.flag is None else arrival.status_at


# Without an actor it was the one who loads. No person may make the moves to delivered and completed.
_HISTORY = (
    _Told("order.placed", attrgetter("facts.placed_at"), _buyer),
    _Told("order.paid", attrgetter("paid_at"), _buyer, _paid),
    _Told("order.approved", attrgetter("facts.reviewed_at")),
    _Told("order.marked", attrgetter("abnormal_at"), data=_marked),
    _Told("order.shipped", attrgetter("shipped_at")),
    _Told("order.delivered", attrgetter("delivered_at"), _system),
    _Told("order.completed", attrgetter("completed_at"), _system),
    _Told("order.cancel_requested", attrgetter("facts.cancel_requested_at"), _buyer),
    _Told("order.cancelled", attrgetter("cancelled_at"), _ended_by, _cancelled),
    _Told("order.flagged", _flagged_at, data=_flagged),
)


def batch(shop: Shop, arrivals: list[Arrival], *, by: Actor, authors: dict[str, int]) -> Batch:
    """Return the history of orders that are about to be written."""
    return Event, _EVENT, _event_rows(shop, arrivals, by, authors)


def _event_rows(shop: Shop, arrivals: list[Arrival], by: Actor, authors: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    """Give the history that the facts tell, in the order in which it is declared."""
    shop_id = shop.pk
    for arrival in arrivals:
        facts, order_id = arrival.facts, arrival.id
        for told in _HISTORY:
            at = told.at(arrival)
            if at is None:
                continue
            actor = told.actor(facts) or by
            yield (
                *(shop_id, told.kind, "order", order_id, actor.kind, actor.label, actor.member_id),
                *(at, told.data(facts)),
            )
        for note in facts.notes:
            author = authors.get(note.author)
            who = (ActorKind.MEMBER, note.author, author) if author else (by.kind, by.label, by.member_id)
            yield (shop_id, "order.noted", "order", order_id, *who, note.at, {})
