"""The engine of every stateful record: one table of moves, one guarded write, one event.

A record's life is declared once, as a `Lifecycle`; verbs call `move`, pages ask `open_to`, docs print `diagram`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from sellercenter import events
from sellercenter.models import Event, ShopPolicy
from sellercenter.permissions import Actor
from sellercenter.schedule import Schedule
from sellercenter.texts import Text

# What a move writes by itself; a verb that gave one of these would undo the guard.
_OWN = frozenset({"status", "status_at", "due_at", "due_step", "due_later"})


class Refused(Exception):
    """The expected no: pages show the message, the API answers 409 with the code, bulk jobs record it."""

    def __init__(self, message: Text, code: str) -> None:
        super().__init__(str(message))
        self.message = message
        self.code = code


@dataclass(frozen=True)
class Step:
    """One thing that happens by itself at the time that `at` works out of the record and its shop's policy.

    None is never. A step that `acts` stays owed when its time had passed before anybody planned it; one that only
    tells is then left out, because old news helps nobody.
    """

    name: str
    at: Callable[[Any, ShopPolicy], datetime | None]
    acts: bool = False


@dataclass(frozen=True)
class Timer:
    """The steps of one state, or of several states that share them."""

    steps: tuple[Step, ...]

    def __init__(self, *steps: Step) -> None:
        object.__setattr__(self, "steps", steps)

    def plan(self, record: Any, policy: ShopPolicy, *, now: datetime) -> Schedule:
        """Return the steps of a record with their times; of several that tell at the same moment only the last."""
        planned: dict[tuple[datetime, str], str] = {}
        for step in self.steps:
            at = step.at(record, policy)
            if at is not None and (step.acts or at > now):
                planned[at, step.name if step.acts else ""] = step.name
        return Schedule(tuple(sorted(((at, name) for (at, _key), name in planned.items()), key=lambda one: one[0])))


@dataclass(frozen=True)
class Move:
    """One legal change: from where, to where, who may, and what else must hold.

    A move without `target` changes something else than the state, and leaves state and timers alone. Without `needs`
    only the system, the platform or the buyer may make it. `where` is part of the guarded write; `why_not` is what
    people read when it does not hold. `event` is the word under which history keeps it, the same word as for what
    arrives already done.
    """

    name: str
    sources: Sequence[str]
    target: str
    needs: str | None = None
    where: Q = field(default_factory=Q)
    why_not: Text = ""
    label: Text = ""
    event: str = ""


class Lifecycle:
    """All moves and timers of one kind of record."""

    def __init__(self, subject: str, *moves: Move, begins: str = "", timers: dict[str, Timer] | None = None) -> None:
        self.subject, self.begins = subject, begins
        self.moves = {move.name: move for move in moves}
        self.timers = timers or {}
        if len(self.moves) != len(moves):
            raise ValueError(f"{subject}: two moves share a name")

    def move(self, obj: Any, name: str, *, by: Actor, data: dict[str, Any] | None = None, **fields: Any) -> Event:
        """Make the move in the caller's transaction, or raise Refused or PermissionDenied with nothing changed.

        The record is read again under its lock; then one UPDATE, guarded by the old status and the move's own
        condition, writes status, `status_at`, `fields` and the steps of the new state by the database's clock, and one
        event is written. A field given as `Now()` gets the very moment of the move.
        """
        move, seen = self.moves[name], obj.status
        self._check(obj, move, by)
        now = locked(obj)
        if obj.status != seen:
            raise Refused(_("Somebody changed this meanwhile. Look at it again, then repeat."), "changed_meanwhile")
        values = self._values(obj, move, now, fields)
        rows = type(obj)._base_manager.filter(pk=obj.pk, status=seen).filter(move.where).update(**values)
        if not rows:
            raise Refused(move.why_not or _("This is not possible now."), "not_now")
        _bring_up_to_date(obj, values)
        return events.record(obj.shop, self.kind(name), obj, by=by, **_states(move, seen), **(data or {}))

    def move_all(
        self,
        objs: Sequence[Any],
        name: str,
        *,
        by: Actor,
        now: datetime,
        data: Callable[[Any], dict[str, Any]] | None = None,
        **fields: Any,
    ) -> None:
        """Make one move for many records that the caller has locked and just read, in one UPDATE and one INSERT.

        Only for moves into states without timers. Raises Refused, with nothing kept once the caller's savepoint is
        rolled back, when any of the records can't make it.
        """
        move = self.moves[name]
        if move.target in self.timers:
            raise TypeError(f"{self.subject}.{name} starts timers, which differ from record to record")
        for obj in objs:
            self._check(obj, move, by)
        values = self._values(objs[0], move, now, fields)
        found = type(objs[0])._base_manager.filter(pk__in=[obj.pk for obj in objs], status__in=move.sources)
        if found.filter(move.where).update(**values) != len(objs):
            raise Refused(move.why_not or _("This is not possible now."), "not_now")
        before = {obj.pk: obj.status for obj in objs}
        for obj in objs:
            _bring_up_to_date(obj, values)
        told = data or (lambda _obj: {})
        events.record_all(self.kind(name), objs, by=by, data=lambda obj: {**_states(move, before[obj.pk]), **told(obj)})

    def kind(self, name: str) -> str:
        """Return the kind of event that a move leaves behind, such as `order.paid`."""
        return f"{self.subject}.{self.moves[name].event or name}"

    def open_to(self, obj: Any, by: Actor) -> list[Move]:
        """Return the moves that this actor could make now: the same list drives buttons, API and admin."""
        return [move for move in self.moves.values() if obj.status in move.sources and allowed(move, by)]

    def diagram(self) -> str:
        """Draw the changes of state as a Mermaid diagram."""
        lines = ["stateDiagram-v2", *([f"    [*] --> {self.begins}"] if self.begins else [])]
        for move in self.moves.values():
            lines += [f"    {source} --> {move.target}: {move.name}" for source in move.sources if move.target]
        for status, timer in self.timers.items():
            lines.append(f"    note right of {status}: {', '.join(step.name for step in timer.steps)}")
        return "\n".join(lines) + "\n"

    def _check(self, obj: Any, move: Move, by: Actor) -> None:
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError(f"{self.subject}.{move.name} must run in a transaction")
        if not allowed(move, by):
            raise PermissionDenied(f"{by.label} may not {self.subject}.{move.name}")
        if obj.status not in move.sources:
            raise Refused(_("This is not possible any more: the state is “%s”.") % obj.get_status_display(), "not_now")

    def _values(self, obj: Any, move: Move, now: datetime, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the columns that the move writes; states that share a timer keep what was planned."""
        if clash := _OWN & fields.keys():
            raise TypeError(f"{self.subject}.{move.name} sets {', '.join(sorted(clash))} itself")
        values = {name: now if isinstance(value, Now) else value for name, value in fields.items()}
        if not move.target:
            return values
        values |= {"status": move.target, "status_at": now}
        timer = self.timers.get(move.target)
        if timer is not None and timer is self.timers.get(obj.status):
            return values
        return values | (self.plan(obj, values, now=now) if timer else Schedule()).values()

    def plan(self, obj: Any, values: dict[str, Any], *, now: datetime) -> Schedule:
        """Return the steps that lie before a record once these columns are written."""
        ahead = copy(obj)
        for name, value in values.items():
            setattr(ahead, name, value)
        timer = self.timers.get(ahead.status)
        return timer.plan(ahead, obj.shop.policy, now=now) if timer else Schedule()


def locked(obj: models.Model) -> datetime:
    """Read a record again under its lock, in the caller's transaction, and return the database's now.

    Raises DoesNotExist when somebody has deleted it.
    """
    model = type(obj)
    names = [one.attname for one in model._meta.concrete_fields]
    found = model._base_manager.select_for_update().annotate(now_there=Now()).values(*names, "now_there").get(pk=obj.pk)
    now: datetime = found.pop("now_there")
    for name, value in found.items():
        setattr(obj, name, value)
    return now


def _states(move: Move, before: str) -> dict[str, Any]:
    return {"before": str(before), "after": str(move.target)} if move.target else {}


def _bring_up_to_date(obj: models.Model, values: dict[str, Any]) -> None:
    """Set what was written; what the database works out is forgotten, and read again when somebody asks for it."""
    for name, value in values.items():
        if hasattr(value, "resolve_expression"):
            obj.__dict__.pop(name, None)
        else:
            setattr(obj, name, value)
    for generated in _generated(type(obj)):
        obj.__dict__.pop(generated, None)


def _generated(model: type[models.Model]) -> list[str]:
    """Return the columns that the database works out from the others."""
    return [field.name for field in model._meta.fields if field.generated]


def allowed(move: Move, by: Actor) -> bool:
    """Say whether the actor's kind and rights permit the move."""
    return by.may(move.needs) if move.needs else by.is_outside


def holding(obj: models.Model, moves: Iterable[Move]) -> set[str]:
    """Return the names of those moves whose own condition holds for the record as the database has it, in one query."""
    moves = list(moves)
    asked = {f"holds_{move.name}": ExpressionWrapper(move.where, models.BooleanField()) for move in moves if move.where}
    found = type(obj)._base_manager.filter(pk=obj.pk).values(**asked).first() if asked else None
    return {move.name for move in moves if not move.where or (found or {}).get(f"holds_{move.name}")}


def reachable(lifecycle: Lifecycle, start: Iterable[str]) -> set[str]:
    """Return every state that the table can lead to from `start`; used by the walking test."""
    seen, waiting = set(), list(start)
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += [move.target for move in lifecycle.moves.values() if move.target and state in move.sources]
    return seen
