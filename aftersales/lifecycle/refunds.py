"""The whole life of a refund on one screen: its moves, who may make them, and when the gateway is called or asked."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales import refund_gateways
from aftersales.states import RefundStatus as S
from sellercenter import faults
from sellercenter.lifecycle import Lifecycle, Move, Step, Timer
from sellercenter.models import ShopPolicy
from sellercenter.permissions import Perm

# Longer than a call may take: whoever called and died is followed by a question under the same key after this.
ASK_AFTER = timedelta(minutes=2)


def submission(refund: Any, _policy: ShopPolicy) -> datetime | None:
    """Return when a refund is handed to the gateway: at once; never without a gateway, or when a person pays."""
    return refund.status_at if refund_gateways.configured() and not refund.by_hand else None


def question(refund: Any, _policy: ShopPolicy) -> datetime:
    """Return when the gateway is asked what became of a refund that it was just given."""
    return refund.status_at + ASK_AFTER  # type: ignore[no-any-return]


def next_question(refund: Any, _policy: ShopPolicy) -> datetime:
    """Return when the gateway is asked again after no answer: half a minute, then fourfold, at most an hour."""
    return refund.status_at + faults.wait_after(refund.attempts)  # type: ignore[no-any-return]


_MAKE, _CONFIRM = Perm.REFUNDS_MAKE, Perm.REFUNDS_CONFIRM
_NEVER_SENT = Q(attempts=0)

REFUND = Lifecycle(
    "refund",
    Move("confirm", [S.TO_CONFIRM], S.REQUESTED, _CONFIRM, label=_("Confirm"), event="confirmed"),
    Move("reject", [S.TO_CONFIRM], S.REJECTED, _CONFIRM, label=_("Reject"), event="rejected"),
    Move(
        *("call_back", [S.TO_CONFIRM, S.REQUESTED], S.REJECTED, _MAKE, _NEVER_SENT),
        why_not=_("This refund was handed over already."),
        label=_("Call back"),
        event="called_back",
    ),
    Move("submit", [S.REQUESTED], S.SUBMITTED, event="submitted"),
    Move("lose_track", [S.SUBMITTED], S.UNKNOWN, event="unknown"),
    Move("succeed", [S.SUBMITTED, S.UNKNOWN], S.SUCCEEDED, event="succeeded"),
    Move("fail", [S.SUBMITTED, S.UNKNOWN], S.FAILED, event="failed"),
    # Whoever looked at the provider's own pages knows more than a gateway that does not answer.
    Move(
        *("settle_by_hand", [S.REQUESTED, S.UNKNOWN], S.SUCCEEDED, _MAKE),
        label=_("Note that it was paid"),
        event="succeeded",
    ),
    Move(
        *("note_failure", [S.UNKNOWN], S.FAILED, _CONFIRM),
        label=_("Note that it was not paid"),
        event="failed",
    ),
    Move(
        *("try_again", [S.FAILED, S.REJECTED], "", _MAKE),
        label=_("Try again"),
        event="tried_again",
    ),
    begins=S.REQUESTED,
    timers={
        S.REQUESTED: Timer(Step("submit", submission, acts=True)),
        S.SUBMITTED: Timer(Step("ask", question, acts=True)),
        S.UNKNOWN: Timer(Step("ask", next_question, acts=True)),
    },
)
