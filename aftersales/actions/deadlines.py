"""Verbs on the clock of a case: people may give more time or stop it, each with a reason in the log."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.actions.moving import begin, move
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case
from sellercenter import schedule
from sellercenter.lifecycle import Refused
from sellercenter.permissions import Actor

# Nobody waits for longer than that by one decision.
LONGEST = timedelta(days=30)


@transaction.atomic
def extend(case: Case, *, until: datetime, reason: str, by: Actor, seen: int | None = None) -> None:
    """Give whoever acts next until a later time, at most 30 days from now."""
    reason = _stated(reason)
    now = begin(case, seen=seen)
    if not max(now, case.act_by or now) < until <= now + LONGEST:
        raise Refused(_("Choose a time later than the deadline, and at most 30 days from now."), "bad_time")
    data = {"reason": reason, "until": until, "before": case.act_by}
    _wind(case, "extend", by=by, now=now, data=data, act_by=until)


@transaction.atomic
def pause(case: Case, *, reason: str, by: Actor, seen: int | None = None) -> None:
    """Stop the clock, because the case waits for something that nobody here can hasten."""
    reason = _stated(reason)
    now = begin(case, seen=seen)
    _wind(case, "pause", by=by, now=now, data={"reason": reason}, paused_at=now, pause_reason=reason)


@transaction.atomic
def resume(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Let a stopped clock go on with what was left of its time."""
    now = begin(case, seen=seen)
    until = case.act_by + (now - case.paused_at) if case.act_by and case.paused_at else case.act_by
    _wind(case, "resume", by=by, now=now, data={"until": until}, act_by=until, paused_at=None, pause_reason="")


def _stated(reason: str) -> str:
    if not (reason := reason.strip()[:200]):
        raise Refused(_("Say why, so that others understand it later."), "reason_missing")
    return reason


def _wind(case: Case, name: str, *, by: Actor, now: datetime, data: dict[str, object], **fields: object) -> None:
    """Make the move, and plan anew what happens by itself."""
    move(case, name, by=by, now=now, data=data, **fields)
    schedule.put(case, CASE.plan(case, {}, now=now))
