"""The lives of what others decide: disputes, appeals and logistics tickets, each on one screen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.states import AppealStatus as A
from aftersales.states import DisputeStatus as D
from aftersales.states import TicketStatus as T
from sellercenter.lifecycle import Lifecycle, Move, Step, Timer
from sellercenter.models import ShopPolicy
from sellercenter.permissions import Perm

_HANDLE, _WATCH = Perm.DISPUTES_HANDLE, Perm.TRACKING_WATCH
_OPEN = [D.IN_PROGRESS, D.EVIDENCE, D.NEGOTIATING]
# What is put in counts until the last second, and is refused from the deadline on.
_IN_TIME = Q(evidence_by__isnull=True) | Q(evidence_by__gt=Now())
_SILENT = _("The time for evidence is over: the platform decides by what it has.")


def _evidence_by(dispute: Any, _policy: ShopPolicy) -> datetime | None:
    return dispute.evidence_by


def _evidence_soon(dispute: Any, policy: ShopPolicy) -> datetime | None:
    """Return when the team is warned that the platform waits for evidence."""
    return dispute.evidence_by - policy.case_warning if dispute.evidence_by and policy.case_warning else None


def _file_by(appeal: Any, _policy: ShopPolicy) -> datetime | None:
    return appeal.file_by


def _file_soon(appeal: Any, policy: ShopPolicy) -> datetime | None:
    """Return when the team is warned that an appeal must be filed."""
    return appeal.file_by - policy.case_warning if appeal.file_by and policy.case_warning else None


def _answer_by(record: Any, _policy: ShopPolicy) -> datetime | None:
    return record.answer_by


# Whoever records what the platform decided needs the right; the platform comes with every right, a buyer with none.
DISPUTE = Lifecycle(
    "dispute",
    Move(
        *("ask_evidence", _OPEN, D.EVIDENCE, _HANDLE), label=_("The platform asks for evidence"), event="evidence_asked"
    ),
    Move(
        *("put_in", [D.EVIDENCE], D.IN_PROGRESS, _HANDLE, _IN_TIME, _SILENT),
        label=_("Put in the statement"),
        event="put_in",
    ),
    Move(
        *("say_more", [D.IN_PROGRESS, D.NEGOTIATING], "", _HANDLE, _IN_TIME, _SILENT),
        label=_("Change the statement"),
        event="stated",
    ),
    Move(
        *("negotiate", [D.IN_PROGRESS, D.EVIDENCE], D.NEGOTIATING, _HANDLE),
        label=_("The platform asks to negotiate"),
        event="negotiating",
    ),
    Move(*("decide_for_buyer", _OPEN, D.FOR_BUYER, _HANDLE), label=_("For the buyer"), event="decided_for_buyer"),
    Move(*("decide_for_seller", _OPEN, D.FOR_SELLER, _HANDLE), label=_("For the shop"), event="decided_for_seller"),
    Move(*("end", _OPEN, D.ENDED, _HANDLE), label=_("Both sides agreed"), event="ended"),
    Move("withdraw", _OPEN, D.WITHDRAWN, event="withdrawn"),
    begins=D.IN_PROGRESS,
    timers={D.EVIDENCE: Timer(Step("warn_evidence", _evidence_soon), Step("silent", _evidence_by))},
)

APPEAL = Lifecycle(
    "appeal",
    Move(*("change", [A.DRAFT], "", _HANDLE), label=_("Change"), event="changed"),
    Move(
        *("file", [A.DRAFT], A.FILED, _HANDLE, Q(file_by__isnull=True) | Q(file_by__gt=Now())),
        why_not=_("The time to file this appeal is over."),
        label=_("File the appeal"),
        event="filed",
    ),
    Move(*("win", [A.FILED], A.WON, _HANDLE), label=_("The appeal was won"), event="won"),
    Move(*("lose", [A.FILED], A.LOST, _HANDLE), label=_("The appeal was lost"), event="lost"),
    Move(*("withdraw", [A.DRAFT, A.FILED], A.WITHDRAWN, _HANDLE), label=_("Withdraw"), event="withdrawn"),
    Move("lapse", [A.DRAFT], A.LAPSED, event="lapsed"),
    begins=A.DRAFT,
    timers={
        A.DRAFT: Timer(Step("warn_file", _file_soon), Step("lapse", _file_by, acts=True)),
        A.FILED: Timer(Step("unanswered", _answer_by)),
    },
)

TICKET = Lifecycle(
    "ticket",
    Move(*("answer", [T.OPEN], T.ANSWERED, _WATCH), label=_("Note the carrier's answer"), event="answered"),
    Move(*("ask_again", [T.ANSWERED], T.OPEN, _WATCH), label=_("Ask again"), event="asked_again"),
    Move(*("solve", [T.OPEN, T.ANSWERED], T.SOLVED, _WATCH), label=_("Solved"), event="solved"),
    Move(*("close", [T.OPEN, T.ANSWERED], T.CLOSED, _WATCH), label=_("Close without a solution"), event="closed"),
    begins=T.OPEN,
    timers={T.OPEN: Timer(Step("overdue", _answer_by))},
)
