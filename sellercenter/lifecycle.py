"""The engine of every stateful record: one table of moves, one guarded write, one event.

A record's life is declared once, as a `Lifecycle`; verbs call `move`, pages ask `open_to`, docs print `diagram`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import ExpressionWrapper, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from sellercenter import events
from sellercenter.models import Event, ShopPolicy
from sellercenter.permissions import Actor
from sellercenter.texts import Text

# What a move writes by itself; a verb that gave one of these would undo the guard.
_OWN = frozenset({"status", "status_at", "due_at", "due_step"})


class Refused(Exception):
    """The expected no: pages show the message, the API answers 409 with the code, bulk jobs record it."""

    def __init__(self, message: Text, code: str) -> None:
        super().__init__(str(message))
        self.message = message
        self.code = code


@dataclass(frozen=True)
class Step:
    """One thing that happens by itself `after` a state was entered; the policy's empty clock means never."""

    name: str
    after: Callable[[ShopPolicy], timedelta | None]


@dataclass(frozen=True)
class Timer:
    """The steps of one state, in the order in which they come due."""

    steps: tuple[Step, ...]

    def __init__(self, *steps: Step) -> None:
        object.__setattr__(self, "steps", steps)

    def armed(self, policy: ShopPolicy, *, after: str | None = None) -> tuple[str, timedelta] | None:
        """Return the name and the delay of the next step, counted from the state's start; None when nothing is owed."""
        names = [step.name for step in self.steps]
        later = self.steps[names.index(after) + 1 :] if after else self.steps
        return next(((step.name, delay) for step in later if (delay := step.after(policy)) is not None), None)


@dataclass(frozen=True)
class Move:
    """One legal change of state: from where, to where, who may, and what else must hold.

    Without `needs` only the system, the platform or the buyer may make it. `where` is part of the guarded write;
    `why_not` is what people read when it does not hold. `event` is the word under which history keeps it, the same
    word as for what arrives already done.
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

    def __init__(self, subject: str, *moves: Move, timers: dict[str, Timer] | None = None) -> None:
        self.subject = subject
        self.moves = {move.name: move for move in moves}
        self.timers = timers or {}
        if len(self.moves) != len(moves):
            raise ValueError(f"{subject}: two moves share a name")

    def move(self, obj: Any, name: str, *, by: Actor, data: dict[str, Any] | None = None, **fields: Any) -> Event:
        """Make the move in the caller's transaction, or raise Refused or PermissionDenied with nothing changed.

        One UPDATE guarded by the old status and the move's own condition writes status, `status_at`, `fields` and the
        next state's `due_at` and `due_step` by the database's clock; then `obj` is read again and one event is written.
        """
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError(f"{self.subject}.{name} must run in a transaction")
        if clash := _OWN & fields.keys():
            raise TypeError(f"{self.subject}.{name} sets {', '.join(sorted(clash))} itself")
        move, before = self.moves[name], obj.status
        self._check(obj, move, by)
        values = {"status": move.target, "status_at": Now(), **self.due(obj, move.target), **fields}
        rows = type(obj)._base_manager.filter(pk=obj.pk, status=before).filter(move.where).update(**values)
        if not rows:
            self._refuse(obj, move, before)
        obj.refresh_from_db(fields=[*values, *_generated(type(obj))])
        return events.record(obj.shop, self.kind(name), obj, by=by, before=before, after=move.target, **(data or {}))

    def kind(self, name: str) -> str:
        """Return the kind of event that a move leaves behind, such as `order.paid`."""
        return f"{self.subject}.{self.moves[name].event or name}"

    def due(self, obj: Any, status: str) -> dict[str, Any]:
        """Return the values of `due_at` and `due_step` with which a record enters `status` now."""
        timer = self.timers.get(status)
        armed = timer.armed(obj.shop.policy) if timer else None
        if armed is None:
            return {"due_at": None, "due_step": ""}
        step, delay = armed
        due_at = ExpressionWrapper(Now() + Value(delay), output_field=models.DateTimeField())
        return {"due_at": due_at, "due_step": step}

    def open_to(self, obj: Any, by: Actor) -> list[Move]:
        """Return the moves that this actor could make now: the same list drives buttons, API and admin."""
        return [move for move in self.moves.values() if obj.status in move.sources and allowed(move, by)]

    def diagram(self) -> str:
        """Draw the table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2"]
        for move in self.moves.values():
            lines += [f"    {source} --> {move.target}: {move.name}" for source in move.sources]
        for status, timer in self.timers.items():
            lines.append(f"    note right of {status}: {', then '.join(step.name for step in timer.steps)}")
        return "\n".join(lines) + "\n"

    def _check(self, obj: Any, move: Move, by: Actor) -> None:
        if not allowed(move, by):
            raise PermissionDenied(f"{by.label} may not {self.subject}.{move.name}")
        if obj.status not in move.sources:
            raise Refused(_("This is not possible any more: the state is “%s”.") % obj.get_status_display(), "not_now")

    def _refuse(self, obj: Any, move: Move, before: str) -> None:
        """Say which of the two guards did not hold."""
        now = type(obj)._base_manager.filter(pk=obj.pk).values_list("status", flat=True).first()
        if now == before and move.why_not:
            raise Refused(move.why_not, "not_now")
        raise Refused(_("Somebody changed this meanwhile. Look at it again, then repeat."), "changed_meanwhile")


def _generated(model: type[models.Model]) -> list[str]:
    """Return the columns that the database works out from the others."""
    return [field.name for field in model._meta.fields if field.generated]


def allowed(move: Move, by: Actor) -> bool:
    """Say whether the actor's kind and rights permit the move."""
    return by.may(move.needs) if move.needs else by.is_outside


def holds(obj: models.Model, condition: Q) -> bool:
    """Say whether a move's own condition holds for the record as the database has it."""
    return type(obj)._base_manager.filter(condition, pk=obj.pk).exists()


def reachable(lifecycle: Lifecycle, start: Iterable[str]) -> set[str]:
    """Return every state that the table can lead to from `start`; used by the walking test."""
    seen, waiting = set(), list(start)
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += [move.target for move in lifecycle.moves.values() if state in move.sources]
    return seen
