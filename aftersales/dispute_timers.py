"""The sweep over disputes, appeals and tickets whose time is up: it warns, tells, and lets unfiled appeals lapse.

A dispute in which the shop stays silent is told of and left as it is: the platform decides it, and we don't.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aftersales.lifecycle.disputes import APPEAL, DISPUTE, TICKET
from aftersales.models import Appeal, Dispute, Ticket
from sellercenter import events
from sellercenter.due_steps import DueSteps
from sellercenter.permissions import SYSTEM

BATCH = 100


def _tell(kind: str, *names: str) -> Callable[[Any, datetime], None]:
    """Return a step that only tells, with these columns of the record."""

    def tell(record: Any, _now: datetime) -> None:
        events.record(record.shop, kind, record, by=SYSTEM, **{name: getattr(record, name) for name in names})

    return tell


def _lapse(appeal: Appeal, now: datetime) -> None:
    """End an appeal that nobody filed in time."""
    APPEAL.move(appeal, "lapse", by=SYSTEM, ended_at=now)


DISPUTES = DueSteps(
    *(DISPUTE, Dispute),
    {
        "warn_evidence": _tell("dispute.evidence_warned", "evidence_by"),
        "silent": _tell("dispute.silent", "evidence_by"),
    },
)
APPEALS = DueSteps(
    *(APPEAL, Appeal),
    {
        "warn_file": _tell("appeal.file_warned", "file_by"),
        "lapse": _lapse,
        "unanswered": _tell("appeal.unanswered", "answer_by"),
    },
)
TICKETS = DueSteps(TICKET, Ticket, {"overdue": _tell("ticket.overdue", "answer_by")})

# How a step that was given up comes again, for settings.REPLAYS.
replay_dispute, replay_appeal, replay_ticket = DISPUTES.replay, APPEALS.replay, TICKETS.replay


def fire_due(limit: int = BATCH) -> int:
    """Let up to `limit` records of each kind whose time is up take their next step; return how many were handled."""
    return sum(one.fire(limit) for one in (DISPUTES, APPEALS, TICKETS))
