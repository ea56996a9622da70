"""Verbs on jobs: start one, ask it to stop, repeat what failed; `run_some` works on them.

A job is for work that outlasts a request: bulk actions, exports, imports, roll-ups. What it does says its `JobKind`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sellercenter import events
from sellercenter.crash import crash_here
from sellercenter.jobs.items import fill, fill_from, without_choice
from sellercenter.jobs.kinds import FILES, JobKind, every_kind, find, seen_by, task_of
from sellercenter.jobs.runner import LEASE, Progress, run_files, run_some, settle
from sellercenter.lifecycle import Refused
from sellercenter.models import ItemState, Job, JobItem, JobState, Member, Shop
from sellercenter.permissions import Actor
from sellercenter.wake import wake

__all__ = [
    "FILES",
    "LEASE",
    "JobKind",
    "Progress",
    "ask_stop",
    "create",
    "every_kind",
    "fill",
    "fill_from",
    "find",
    "repeat",
    "run_files",
    "run_some",
    "seen_by",
]


@transaction.atomic
def create(shop: Shop, kind: str, *, params: dict[str, Any], by: Actor, member: Member | None) -> Job:
    """Write down that the work is wanted; a worker takes it up.

    `params` is plain JSON; what stands there under `chosen` is forgotten once the job's items are written, and when it
    ends. `member` is the person whose rights count while it runs, None for the system's own work.
    """
    by.require(find(kind).permission)
    # Who never chose a language reads the browser's, of which the worker knows nothing.
    if (language := get_language()) and language != settings.LANGUAGE_CODE:
        params = {**params, "language": language}
    job = Job.objects.create(
        shop=shop, kind=kind, params=params, member=member, actor_kind=by.kind, actor_label=by.label
    )
    events.record(shop, "job.created", job, by=by, kind_of_job=kind)
    crash_here("job.created")
    wake(task_of(kind))
    return job


@transaction.atomic
def ask_stop(job: Job, *, by: Actor) -> None:
    """Stop the job: at once when it has not begun, else after the records that are at work; results are kept."""
    _require(job, by)
    same = Job.objects.filter(pk=job.pk)
    ended: dict[str, Any] = {"state": JobState.CANCELLED, "finished_at": Now(), "stop_asked_at": Now()}
    ended["params"] = without_choice(job.params)
    if same.filter(state=JobState.QUEUED).update(**ended):
        settle(same.select_related("shop", "member__user", "member__role").get())
    elif not same.open().update(stop_asked_at=Now()):
        raise Refused(_("This work has ended already."), "ended")
    events.record(job.shop, "job.stop_asked", job, by=by, kind_of_job=job.kind)


@transaction.atomic
def repeat(job: Job, *, by: Actor, member: Member) -> Job:
    """Start the work again for those records on which it failed; while such a repetition is open, return that one."""
    _require(job, by)
    # Two clicks wait for each other here, so that the second one finds what the first began.
    job = Job.objects.select_for_update(of=("self",)).select_related("shop").get(pk=job.pk)
    failed = JobItem.objects.filter(job=job, state=ItemState.FAILED)
    if job.state in (JobState.QUEUED, JobState.RUNNING) or not failed.exists():
        raise Refused(_("There is nothing to repeat."), "nothing_failed")
    if begun := Job.objects.for_shop(job.shop).open().filter(params__repeats=job.pk).first():
        return begun
    params = {**without_choice(job.params), "repeats": job.pk}
    again = create(job.shop, job.kind, params=params, by=by, member=member)
    total = fill(again, failed, ref="ref", label="label", given=F("given"))
    Job.objects.filter(pk=again.pk).update(total=total)
    return again


def _require(job: Job, by: Actor) -> None:
    """Let the starter through, and everybody who could have started it."""
    if by.member_id is None or job.member_id != by.member_id:
        by.require(find(job.kind).permission)
