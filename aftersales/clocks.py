"""The clocks of after-sales: until when whoever acts next must act, worked out once when a state begins, then kept.

A due time is absolute. A later change of the policy moves nothing that is already running; a person may extend a
clock or stop it, each with a reason in the log.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aftersales.states import CaseKind, CaseStatus
from orders.clocks import plus
from sellercenter.models import ShopPolicy

# Which clock of the policy runs in which state of a case.
SPANS = {
    CaseStatus.REQUESTED: "case_answer",
    CaseStatus.OFFERED: "offer_answer",
    CaseStatus.TO_RETURN: "return_window",
    CaseStatus.TO_INSPECT: "inspect_within",
    CaseStatus.TO_RESEND: "resend_within",
    CaseStatus.REFUSED: "escalate_window",
}


def act_by(policy: ShopPolicy, status: CaseStatus, start: datetime) -> datetime | None:
    """Return until when a case that enters the state at `start` must be acted on; None is never."""
    span = SPANS.get(status)
    return plus(start, getattr(policy, span)) if span else None


def deadline(case: Any, _policy: ShopPolicy) -> datetime | None:
    """Return when silence decides; never while the clock stands."""
    return None if case.paused_at else case.act_by


def warning(case: Any, policy: ShopPolicy) -> datetime | None:
    """Return when the team is warned that a deadline comes near."""
    at = deadline(case, policy)
    return at - policy.case_warning if at is not None and policy.case_warning else None


def silence(case: Any, policy: ShopPolicy) -> datetime | None:
    """Return when a request counts as accepted; a wish to cancel is decided by the clock of its order."""
    return None if case.kind == CaseKind.CANCEL else deadline(case, policy)


def by_rule(_case: Any, _policy: ShopPolicy) -> None:
    """Return when a new case is held against the rules: whoever is told of it plans that, no clock does."""


def working_days(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the end of the working day (Monday to Friday in the zone) that comes `days` after the day of `start`.

    The day of `start` does not count; public holidays are not known.
    """
    day = start.astimezone(zone).date()
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=zone)
