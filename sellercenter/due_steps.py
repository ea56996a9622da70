"""The sweep over one kind of record whose steps happen by themselves: claim what is due, take the steps, go on.

It asks the database what is due, claims it under locks that other sweeps pass by, and decides there and then: any
number of processes may run it. When one record spoils a batch, each is decided alone, and the one that can't be is put
off, counted, and given up at last where people can see it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models.functions import Now

from sellercenter import events, faults, schedule
from sellercenter.crash import crash_here
from sellercenter.lifecycle import Lifecycle
from sellercenter.models import Fault
from sellercenter.permissions import SYSTEM, Actor
from sellercenter.schedule import Schedule

# Takes the step of one locked record at the database's now, by moving it or by telling of it.
Take = Callable[[Any, datetime], None]
# Locks what comes before the record in the order of locks, by the records' keys; returns the keys that may go on.
LockFirst = Callable[[list[int]], list[int]]


@dataclass(frozen=True)
class DueSteps:
    """What the records of one lifecycle do by themselves: each step by name, and what has to be locked before."""

    lifecycle: Lifecycle
    model: type[models.Model]
    steps: Mapping[str, Take]
    lock_first: LockFirst | None = None

    def fire(self, limit: int) -> int:
        """Let up to `limit` records whose time is up take their next step; return how many were handled."""
        try:
            with transaction.atomic():
                handled = self._fire(limit)
                crash_here("timer.decided")
            crash_here("timer.committed")
            return handled
        except transaction.TransactionManagementError:
            raise
        except Exception:  # one of the batch can't be decided: find out which, and let the others pass
            return self._one_by_one(limit)

    def replay(self, fault: Fault, *, by: Actor) -> None:
        """Let a step that was given up come again, now, if it still makes sense; forget the fault."""
        with transaction.atomic():
            found = self.model._base_manager.select_for_update(of=("self",)).select_related("shop")
            record: Any = found.annotate(now_there=Now()).filter(pk=fault.subject_id).first()
            if record is not None and self._belongs(record, fault.step):
                schedule.put(record, Schedule.of(record).plus(fault.step, record.now_there))
                events.record(record.shop, f"{self.lifecycle.subject}.replayed", record, by=by, step=fault.step)
            faults.forget(fault, by=by)

    def _belongs(self, record: Any, step: str) -> bool:
        timer = self.lifecycle.timers.get(record.status)
        return timer is not None and step in [one.name for one in timer.steps]

    def _due(self) -> models.QuerySet:
        """Return the records whose time is up, the longest waiting first."""
        return self.model._base_manager.filter(due_at__lte=Now()).order_by("due_at", "pk")

    def _fire(self, limit: int, **only: int) -> int:
        """Let due records that nobody else holds take their steps, in the caller's transaction."""
        due = self._due().filter(**only)
        if self.lock_first is not None:
            due = due.filter(pk__in=self.lock_first(list(due.values_list("pk", flat=True)[:limit])))
        free = due.select_for_update(skip_locked=True, of=("self",)).select_related("shop__policy")
        rows: list[Any] = list(free.annotate(now_there=Now())[:limit])
        for record in rows:
            self._take(record)
        return len(rows)

    def _take(self, record: Any) -> None:
        """Let one locked record take its step; what only told is followed by what comes after it."""
        step, planned = record.due_step, Schedule.of(record)
        self.steps[step](record, record.now_there)
        if Schedule.of(record) == planned:
            schedule.put(record, planned.rest())
        faults.cleared(events.subject_type(record), [record.pk], step)

    def _one_by_one(self, limit: int) -> int:
        """Decide each due record alone; put off the one that can't be decided."""
        handled = 0
        for pk, shop_id, step in self._due().values_list("pk", "shop_id", "due_step")[:limit]:
            try:
                with transaction.atomic():
                    handled += self._fire(1, pk=pk)
            except Exception as error:  # whatever it is, its neighbours must not wait for it
                self.put_off(pk, shop_id, step, error)
                handled += 1
        return handled

    @transaction.atomic
    def put_off(self, pk: int, shop_id: int, step: str, error: Exception) -> None:
        """Count the failed attempt and try again later; after the last one the step waits for a person."""
        fault = faults.note(events.subject_type(self.model), pk, step, shop_id, error)
        found = self.model._base_manager.select_for_update(of=("self",)).select_related("shop")
        record: Any = found.filter(pk=pk).first()
        if record is None or record.due_step != step:
            return
        planned = Schedule.of(record)
        if fault.dead_at:
            schedule.put(record, planned.rest())
            events.record(record.shop, f"{self.lifecycle.subject}.step_failed", record, by=SYSTEM, step=step)
        else:
            schedule.put(record, planned.plus(step, fault.last_at + faults.wait_after(fault.attempts)))
