"""What can be done with many refunds at once; how that goes in general stands in `sellercenter/bulk.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy

from aftersales import refund_actions
from aftersales.lifecycle import REFUND
from aftersales.models import Refund
from aftersales.refund_filters import matching
from sellercenter import bulk
from sellercenter.models import Job
from sellercenter.permissions import Actor, Perm


def _load(job: Job, keys: Sequence[int]) -> dict[int, Refund]:
    """Load refunds with all that their verbs read; these lock the order first, so nothing is locked here."""
    around = ("order", "payment", "case")
    refunds: dict[int, Refund] = Refund.objects.for_shop(job.shop).select_related(*around).in_bulk(keys)
    for refund in refunds.values():
        refund.shop = refund.order.shop = job.shop  # with its policy, read once for all of them
    return refunds


REFUNDS = bulk.Listed(
    *("refunds", "refund", Refund, REFUND, matching, _load, "refund_list", "refund_detail"),
    nothing_chosen=gettext_lazy("Tick some refunds first."),
    too_many=gettext_lazy("At most %s refunds can be ticked at once."),
    too_old=gettext_lazy("This choice of refunds can't be used any more. Choose them again."),
    label="key",
)


class Chosen(bulk.Chosen):
    """Which refunds are meant."""

    listed: ClassVar[bulk.Listed] = REFUNDS


class RefundAction(bulk.BulkAction):
    """One action on many refunds."""

    listed: ClassVar[bulk.Listed] = REFUNDS


def _confirm(refund: Refund, values: dict[str, Any], given: str, by: Actor) -> None:
    refund_actions.confirm(refund, by=by)


def _try_again(refund: Refund, values: dict[str, Any], given: str, by: Actor) -> None:
    refund_actions.try_again(refund, by_hand=values.get("by_hand", False), by=by)


def _call_back(refund: Refund, values: dict[str, Any], given: str, by: Actor) -> None:
    refund_actions.call_back(refund, reason=values["reason"], by=by)


ACTIONS = (
    RefundAction("confirm", gettext_lazy("Confirm"), "checks", Perm.REFUNDS_CONFIRM, _confirm, "confirm"),
    RefundAction("try_again", gettext_lazy("Try again"), "rotate", Perm.REFUNDS_MAKE, _try_again, "try_again"),
    RefundAction(
        *("call_back", gettext_lazy("Call back"), "arrow-back-up", Perm.REFUNDS_MAKE, _call_back, "call_back"),
        danger=True,
    ),
)
JOB_KINDS = [bulk.kind_of(action, Chosen) for action in ACTIONS]
