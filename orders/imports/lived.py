"""What was done here to an order that a file tells of: it stays, whatever the file says."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from orders.models import Order
from orders.states import Status
from sellercenter import events
from sellercenter.permissions import ActorKind

_PEOPLE = (ActorKind.MEMBER, ActorKind.ADMIN)
_MARK = ("abnormal", "abnormal_reason", "abnormal_at")
_MARKED_BY: dict[str, tuple[str, ...]] = {
    "order.seller_note_written": ("seller_note",),
    "order.flagged": ("flag",),
    "order.marked": _MARK,
    "order.unmarked": _MARK,
}


class Lived:
    """The life of one order here, read from its history when somebody first asks."""

    def __init__(self, order: Order) -> None:
        self._order = order

    @cached_property
    def _history(self) -> list[tuple[str, str, datetime, object]]:
        told = events.of(self._order).exclude(kind="order.imported")
        return [*told.values_list("kind", "actor_kind", "at", "data__after")]

    @property
    def marks(self) -> set[str]:
        """The fields among note, flag and mark that somebody here has set or emptied."""
        kinds = {kind for kind, actor, _at, _after in self._history if actor in _PEOPLE}
        return {name for kind in kinds for name in _MARKED_BY.get(kind, ())}

    @property
    def priced(self) -> bool:
        """Whether price or freight were changed here; loading never tells that."""
        return self._has("order.price_changed")

    @property
    def moved(self) -> bool:
        """Whether the address was changed here."""
        return self._has("order.address_changed")

    @property
    def ended(self) -> bool:
        """Whether the order was cancelled here, by whomever, and not by a file or before it arrived."""
        return self._order.status == Status.CANCELLED and any(
            after == Status.CANCELLED for _kind, _actor, _at, after in self._history
        )

    def refused(self, *, since: datetime) -> bool:
        """Say whether a cancel request was refused here at that time or later."""
        return any(kind == "order.cancel_refused" and at >= since for kind, _actor, at, _after in self._history)

    def _has(self, kind: str) -> bool:
        return any(kind == one for one, _actor, _at, _after in self._history)
