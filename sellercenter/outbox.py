"""The outbox: what happened is passed on to everybody who must be told of it, exactly once.

An event is owed from the commit of its change on. Each consumer writes what follows from it in the transaction that
settles it, under keys that make a second time change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Now

from sellercenter import events, faults
from sellercenter.crash import crash_here
from sellercenter.models import Event, Fault
from sellercenter.permissions import Actor
from sellercenter.wake import wake

STEP = "fan_out"


def fan_out(limit: int) -> int:
    """Tell every consumer of up to `limit` owed events, the oldest debts first; return how many were handled.

    When a consumer fails, each event is passed on by itself, and only the one that can't be is put off.
    """
    try:
        with transaction.atomic():
            owed = _claim(limit)
            _tell(owed)
            _settle(owed)
        crash_here("outbox.committed")
        return len(owed)
    except Exception:  # whatever a consumer trips over, the other events must not wait for it
        return _one_by_one(limit)


def _claim(limit: int) -> list[Event]:
    """Lock owed events that nobody else is passing on."""
    owed = Event.objects.filter(owed_at__lte=Now()).order_by("owed_at", "pk").select_related("shop__policy")
    return list(owed.select_for_update(skip_locked=True, of=("self",))[:limit])


def _tell(told: Sequence[Event]) -> None:
    for consumer in events.consumers():
        if wanted := [event for event in told if event.kind in consumer.kinds]:
            consumer.take(wanted)
            crash_here("outbox.told")


def _settle(told: Sequence[Event]) -> None:
    if told:
        settled = [event.pk for event in told]
        Event.objects.filter(pk__in=settled).update(owed_at=None)
        faults.cleared("event", settled, STEP)
        crash_here("outbox.settled")


def _one_by_one(limit: int) -> int:
    with transaction.atomic():
        owed = _claim(limit)
        fine = []
        for event in owed:
            try:
                with transaction.atomic():
                    _tell([event])
            except Exception as error:  # this one alone is put off
                _put_off(event, error)
            else:
                fine.append(event)
        _settle(fine)
    return len(owed)


def _put_off(event: Event, error: Exception) -> None:
    """Count the failed attempt and try again later; after the last one the event waits for a person."""
    fault = faults.note("event", event.pk, STEP, event.shop_id, error)
    again_at = None if fault.dead_at else fault.last_at + faults.wait_after(fault.attempts)
    Event.objects.filter(pk=event.pk).update(owed_at=again_at)


@transaction.atomic
def replay(fault: Fault, *, by: Actor) -> None:
    """Owe an event again that was given up, and forget the fault."""
    Event.objects.filter(pk=fault.subject_id).update(owed_at=Now())
    faults.forget(fault, by=by)
    wake(events.FAN_OUT)
