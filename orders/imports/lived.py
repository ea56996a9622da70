"""What was done here to an order that a file tells of: it stays, whatever the file says."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cached_property

from django.utils.translation import gettext as _

from orders.facts import OrderFacts
from orders.models import Order
from orders.states import AfterSales, Status
from sellercenter import events, money
from sellercenter.permissions import Actor, ActorKind

_PEOPLE = (ActorKind.MEMBER, ActorKind.ADMIN)
_MARK = ("abnormal", "abnormal_reason", "abnormal_at")
_MARKED_BY: dict[str, tuple[str, ...]] = {
    "order.seller_note_written": ("seller_note",),
    "order.flagged": ("flag",),
    "order.marked": _MARK,
    "order.unmarked": _MARK,
}


_REGION = ("province", "city", "district")
_PRICE = ("adjustment", "freight_amount")


class Lived:
    """The life of one order here, read from its history when somebody first asks; `notes` hear what stays and why."""

    def __init__(self, order: Order, notes: list[str]) -> None:
        self._order, self._notes = order, notes

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
    def ended(self) -> bool:
        """Whether the order was cancelled here, by whomever, and not by a file or before it arrived."""
        return self._order.status == Status.CANCELLED and any(
            after == Status.CANCELLED for _kind, _actor, _at, after in self._history
        )

    def gone_back(self, told: Decimal, *, by: Actor) -> Decimal:
        """Return how much more went back than was known, where a file tells of `told` in all.

        What is under way from here is taken to be a part of that, so that it does not count twice: it is booked when
        it is there, and a file that tells of still more is believed.
        """
        order = self._order
        more, under_way = told - order.refunded_amount, order.refunding_amount
        if more > 0 and under_way:
            events.record(order.shop, "order.refund_reported", order, by=by, amount=told, under_way=under_way)
            note = _("%s of what the file tells as refunded is under way here, and is booked once it is there.")
            self._say(note % money.text(min(more, under_way), order.currency))
        return more - under_way

    def kept(self, facts: OrderFacts) -> set[str]:
        """Return the names of the order's fields that stay, because the file tells of what was decided here."""
        kept: set[str] = set()
        asked = facts.cancel_requested_at
        if asked and asked != self._order.cancel_requested_at and self._refused(since=asked):
            self._say(_("The cancel request of the file was refused here already."))
            kept.add("cancel_requested_at")
        if any(getattr(facts, name) not in ("", getattr(self._order, name)) for name in _REGION) and self.moved():
            kept.update(_REGION)
        if facts.aftersales not in (AfterSales.NONE, self._order.aftersales) and self._has("order.case_opened"):
            kept.add("aftersales")  # its cases are here, and say whether one is open
        return kept

    def amounts(self, told: dict[str, Decimal]) -> dict[str, Decimal]:
        """Return the amounts of the file, with price change and freight as they were set here, and their total."""
        ours = {name: getattr(self._order, name) for name in _PRICE}
        if all(told[name] == amount for name, amount in ours.items()) or not self._has("order.price_changed"):
            return told
        self._say(_("Price and freight were changed here and stay; the other amounts are the file's."))
        total = told["total_amount"] + sum(amount - told[name] for name, amount in ours.items())
        return told | ours | {"total_amount": total}

    def moved(self) -> bool:
        """Say whether the address was changed here, and note that it stays; asked when the file tells another one."""
        if not self._has("order.address_changed"):
            return False
        self._say(_("The address was changed here and stays; the file tells another one."))
        return True

    def _refused(self, *, since: datetime) -> bool:
        return any(kind == "order.cancel_refused" and at >= since for kind, _actor, at, _after in self._history)

    def _has(self, kind: str) -> bool:
        return any(kind == one for one, _actor, _at, _after in self._history)

    def _say(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)
