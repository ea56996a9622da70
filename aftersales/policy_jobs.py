"""What a new policy means for cases: nothing for the open ones, unless the owner wants their times anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales import clocks, review_rules
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case
from aftersales.states import CaseKind, CaseStatus
from orders.clocks import plus
from sellercenter import events, jobs, schedule
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Job, JobItem
from sellercenter.permissions import Actor, Perm
from sellercenter.schedule import Schedule

REPLAN = "cases.replan"
_BY_HAND = (CASE.kind("extend"), CASE.kind("resume"))


def _prepare(job: Job) -> int:
    """Choose the cases whose clock runs now; those that come later have the new times from the beginning."""
    return jobs.fill(job, Case.objects.for_shop(job.shop).filter(status__in=[*clocks.SPANS]), label="number")


def _load(job: Job, keys: Sequence[int]) -> dict[int, Case]:
    """Lock the cases in the order of their keys, with what happened to their clocks since their state began."""
    found = Case.objects.for_shop(job.shop).filter(pk__in=keys).order_by("pk").select_related("order")
    told = found.annotate(now_there=Now(), by_hand=_since(*_BY_HAND), warned=_since("case.warned"))
    cases: dict[int, Case] = {case.pk: case for case in told.select_for_update(of=("self",))}
    for case in cases.values():
        case.shop = job.shop  # with its policy, read once for all of them
    return cases


def _since(*kinds: str) -> Exists:
    """Say whether something of these kinds happened to a case since its state began."""
    past = Event.objects.filter(subject_type=events.subject_type(Case), subject_id=OuterRef("pk"))
    return Exists(past.filter(kind__in=kinds, at__gte=OuterRef("status_at")))


def _wind(job: Job, item: JobItem, case: Case, by: Actor) -> None:
    """Work the deadline of one case out anew, and what happens by itself; what a person set stays."""
    if case.status not in clocks.SPANS:
        raise Refused(_("The case waits for nobody any more."), "over")
    if case.paused_at or case.by_hand:  # type: ignore[attr-defined]
        raise Refused(_("Somebody set the clock of this case by hand, so it stays."), "by_hand")
    case.act_by = _act_by(case)
    case.save(update_fields=["act_by"])
    ahead = CASE.plan(case, {}, now=case.now_there)  # type: ignore[attr-defined]
    # What rules are about to look at is looked at still.
    kept = {name: at for at, name in Schedule.of(case).steps if name == review_rules.STEP}
    ahead = ahead.plus(review_rules.STEP, kept.get(review_rules.STEP))
    schedule.put(case, ahead.without("warn") if case.warned else ahead)  # type: ignore[attr-defined]


def _act_by(case: Case) -> datetime | None:
    """Return the deadline by the policy as it is now; a wish to cancel has that of its order."""
    policy = case.shop.policy
    if case.kind == CaseKind.CANCEL and case.status == CaseStatus.REQUESTED:
        return plus(case.order.cancel_requested_at, policy.cancel_answer)
    return clocks.act_by(policy, CaseStatus(case.status), case.status_at)


JOB_KINDS = [
    jobs.JobKind(
        *(REPLAN, _("New times for open cases"), Perm.POLICIES_EDIT, _prepare, _load, _wind),
        record_url="case_detail",
    )
]
