"""The runner of jobs: claims one, works on it for a short turn, and can die at any moment.

The fence is the proof of who holds a job: each claim counts it up, each transaction begins by writing the heartbeat
under the holder's number, and whoever finds no row there has been replaced and writes nothing more. The results of
records stand in the transaction of their effects, so every record is worked on exactly once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import translation
from django.utils.translation import gettext as _

from sellercenter import events
from sellercenter.crash import crash_here
from sellercenter.jobs.items import without_choice
from sellercenter.jobs.kinds import FILES, JobKind, every_kind, find, of_lane, task_of
from sellercenter.lifecycle import Refused
from sellercenter.locks import once_more
from sellercenter.models import ItemState, Job, JobItem, JobState
from sellercenter.permissions import SYSTEM, Actor, ActorKind, actor_for
from sellercenter.wake import wake, wake_together

LEASE = timedelta(seconds=60)
# Seconds after which a job makes room for the next one.
TURN = 20.0
CHUNK = 25
# Of a kind that does records together, more fit into the same short time under locks.
TOGETHER = 100
# So often is a record tried that breaks, and a job claimed that never gets any further.
MOST_TRIES = 3
MOST_CLAIMS = 10
_LEASED = {"heartbeat_at": Now(), "lease_until": Now() + LEASE}
_log = logging.getLogger(__name__)


class FencedOut(Exception):
    """Somebody else holds the job by now."""


class Stopped(Exception):
    """A person asked the job to stop."""


def run_some(limit: int, lane: str = "") -> int:
    """Work on one open job for a turn, or on several that have nothing to do; return how many records got a result.

    Any number of processes may do this at once; at most `limit` records are handled, and a chunk more.
    """
    ends = monotonic() + TURN
    while monotonic() < ends and (job := _claim(lane)) is not None:
        crash_here("job.claimed")
        handled = _turn(job, limit, ends)
        if handled:
            return handled
    return 0


def run_files(limit: int) -> int:
    """Work on one open job that reads or writes a file; return how many records got a result."""
    return run_some(limit, FILES)


@transaction.atomic
def _claim(lane: str = "") -> Job | None:
    """Take the open job that has waited longest and that nobody holds; of files one for each shop at a time."""
    free = Job.objects.open().filter(Q(lease_until=None) | Q(lease_until__lt=Now()), of_lane(lane))
    if lane == FILES:
        at_work = Job.objects.open().filter(of_lane(lane), lease_until__gte=Now())
        free = free.exclude(shop__in=at_work.values("shop"))
    waiting = free.select_for_update(skip_locked=True).order_by(F("heartbeat_at").asc(nulls_first=True), "pk")
    pk = waiting.values_list("pk", flat=True).first()
    if pk is None:
        return None
    Job.objects.filter(pk=pk).update(
        **_LEASED,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        state=JobState.RUNNING,
        started_at=Coalesce("started_at", Now()),
    )
    return Job.objects.select_related("shop", "member__user", "member__role").get(pk=pk)


def _turn(job: Job, limit: int, ends: float) -> int:
    """Work on a claimed job in its starter's language, and leave it ended, released, or to whoever has it now."""
    worked = Worked()
    chosen = job.member.user.language if job.member else ""
    with translation.override(chosen or job.params.get("language") or settings.LANGUAGE_CODE):
        try:
            _work(job, limit, ends, worked)
        except FencedOut:
            _log.info("job %s is held by somebody else", job.pk)
        except Stopped:
            _end(job, JobState.CANCELLED)
        except (Refused, PermissionDenied) as no:
            _end(job, JobState.FAILED, error=str(no))
        except Exception as error:
            _log.exception("job %s could not go on", job.pk)
            _release(job, error=_reason(error), pause=timedelta(seconds=5 * job.attempts))
    return worked.records


@dataclass
class Worked:
    """How many records got their result in this turn, kept outside of what may break."""

    records: int = 0


def _work(job: Job, limit: int, ends: float, worked: Worked) -> None:
    kind = find(job.kind)
    by = _starter(job, kind)
    if job.attempts > MOST_CLAIMS:
        told = _("It was begun %(times)s times and never got any further.") % {"times": MOST_CLAIMS}
        raise Refused(f"{told} {job.error}".strip(), "no_progress")
    if kind.run:
        result = kind.run(job, by, Progress(job))
        _end(job, JobState.DONE, result=result)
        return
    if job.total is None:
        _prepare(job, kind)
    _through(job, kind, by, limit, ends, worked)


def _starter(job: Job, kind: JobKind) -> Actor:
    """Return the actor as whom the job works, with the rights of this moment; raises Refused when they are gone."""
    if job.actor_kind == ActorKind.SYSTEM:
        return SYSTEM
    if job.member is None or not job.member.active:
        raise Refused(_("%s may not enter the shop any more, so their work ends here.") % job.actor_label, "no_member")
    by = actor_for(job.member)
    if not by.may(kind.permission):
        lost = {"name": job.actor_label, "right": kind.permission.label}
        raise Refused(_("%(name)s does not hold the right “%(right)s” any more.") % lost, "no_right")
    return by


def _prepare(job: Job, kind: JobKind) -> None:
    """Write the items once; what was chosen is forgotten then, as filters can hold a phone."""
    assert kind.prepare
    with transaction.atomic():
        _hold(job)
        job.total = kind.prepare(job)
        job.params = without_choice(job.params)
        _hold(job, total=job.total, params=job.params)
    crash_here("job.prepared")


def _through(job: Job, kind: JobKind, by: Actor, limit: int, ends: float, worked: Worked) -> None:
    """Go through the waiting items, chunk by chunk and round by round, until none is left or the turn is over."""
    # A claim that comes after one without progress: a record may have killed the process, so each goes alone.
    careful = job.attempts > 1
    after: int | None = 0
    while worked.records < limit and monotonic() < ends:
        if careful:
            _count_try(job, after or 0)
        after, handled = _chunk(job, kind, by, after or 0, careful=careful)
        crash_here("job.chunk_committed")
        worked.records += handled
        if after is None and not _waiting(job).exists():
            _end(job, JobState.DONE)
            return
    _release(job)


def _waiting(job: Job, after: int = 0) -> Any:
    return JobItem.objects.filter(job_id=job.pk, state=ItemState.WAITING, pk__gt=after).order_by("pk")


@transaction.atomic
def _count_try(job: Job, after: int) -> None:
    """Count the try of the next item before it begins, as its process may not live to do so."""
    _hold(job)
    following = _waiting(job, after).values("pk")[:1]
    JobItem.objects.filter(pk__in=following).update(attempts=F("attempts") + 1)


def _chunk(job: Job, kind: JobKind, by: Actor, after: int, *, careful: bool) -> tuple[int | None, int]:
    """Handle the next items; return the last one, None at the end of the round, and how many got a result.

    What a kind does together is one transaction. All else is one for each record: in a common one the second record
    would lock what belongs to it, such as stock, while the first one's is held, in an order that nobody else keeps.
    """
    size = 1 if careful else TOGETHER if kind.act_all else CHUNK
    with wake_together():
        items, handled = _together(job, kind, by, after, size, careful=careful)
        for item in items:
            if item.state == ItemState.WAITING:
                handled += _alone(job, kind, item, by, counted=careful)
    return (items[-1].pk if len(items) == size else None), handled


@transaction.atomic
def _together(job: Job, kind: JobKind, by: Actor, after: int, size: int, *, careful: bool) -> tuple[list[JobItem], int]:
    """Take the next items and do at once what the kind can; return them all, and how many got a result."""
    _hold(job)
    if Job.objects.filter(pk=job.pk, stop_asked_at__isnull=False).exists():
        raise Stopped
    items = list(_waiting(job, after)[:size])
    if not kind.act_all or careful:
        return items, 0
    handled = _keep(job, _try_all(job, kind, items, by))
    crash_here("job.chunk_done")
    return items, handled


def _try_all(job: Job, kind: JobKind, items: list[JobItem], by: Actor) -> list[JobItem]:
    """Let the kind do what it can, and return the items that it did; none when it broke, as when a record is held."""
    assert kind.load
    assert kind.act_all
    try:
        with transaction.atomic():
            records = kind.load(job, [item.ref for item in items])
            found = [(item, records[item.ref]) for item in items if item.ref in records and not item.attempts]
            done = kind.act_all(job, found, by) if found else []
    except Exception:  # whatever it is, the records one by one tell which of them it was
        return []
    for item in done:
        _note(item, ItemState.DONE)
    return done


def _alone(job: Job, kind: JobKind, item: JobItem, by: Actor, *, counted: bool) -> int:
    """Work on one item in a transaction of its own, with its result; return how many got one."""
    if item.attempts > MOST_TRIES:
        _note(item, ItemState.FAILED, "broke", _("The work on it ended the process %s times.") % MOST_TRIES)
    else:
        try:
            return _try(job, kind, item, by)
        except FencedOut:
            raise
        except Refused as refused:
            _note(item, ItemState.SKIPPED, refused.code, str(refused.message))
        except PermissionDenied:
            _note(item, ItemState.FAILED, "denied", _("%s may not do this.") % by.label)
        except Exception as error:
            _log.exception("job %s, record %s", job.pk, item.ref)
            item.attempts += 0 if counted else 1
            tried_enough = item.attempts >= MOST_TRIES
            _note(item, ItemState.FAILED if tried_enough else ItemState.WAITING, "broke", _reason(error))
    with transaction.atomic():
        return _keep(job, [item])


@once_more
@transaction.atomic
def _try(job: Job, kind: JobKind, item: JobItem, by: Actor) -> int:
    """Do one item and note that it is done; whatever it raises, nothing of it is kept."""
    assert kind.act
    assert kind.load
    # Before the record, as everywhere; here a lock is enough, as the lease is pushed forward with the result.
    if not _mine(job).select_for_update(no_key=True).values_list("pk").first():
        raise FencedOut
    record = kind.load(job, [item.ref]).get(item.ref)
    if record is None:
        raise Refused(_("It is not there any more."), "gone")
    kind.act(job, item, record, by)
    _note(item, ItemState.DONE)
    handled = _keep(job, [item])
    crash_here("job.chunk_done")
    return handled


def _note(item: JobItem, state: ItemState, code: str = "", message: str = "") -> None:
    item.state, item.code, item.message = state, code[:40], message[:300]


def _reason(error: Exception) -> str:
    """Name an unexpected error without its words: they can hold what is private."""
    return _("Something unexpected happened (%s). The log of the server says more.") % type(error).__name__


def _keep(job: Job, items: list[JobItem]) -> int:
    """Write the results and count them, while the job is held; return how many there are."""
    counts = _write(items)
    handled = sum(counts.values())
    if items:
        ended = {name: F(name) + n for name, n in counts.items()}
        _hold(job, **({"attempts": 0, "error": "", **ended} if handled else {}))
    return handled


def _write(items: list[JobItem]) -> dict[str, int]:
    """Write the results in as few statements as there are different ones; return how many items of each end."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for item in items:
        alike.setdefault((item.state, item.code, item.message, item.attempts), []).append(item.pk)
    counts: dict[str, int] = {}
    for (state, code, message, attempts), pks in alike.items():
        values = {"state": state, "code": code, "message": message, "attempts": attempts}
        JobItem.objects.filter(pk__in=pks).update(**values)
        if state != ItemState.WAITING:
            counts[str(state)] = counts.get(str(state), 0) + len(pks)
    return counts


def _hold(job: Job, **values: Any) -> None:
    """Prove that the job is still held, push its lease forward, and write `values`; raises FencedOut otherwise."""
    if not _mine(job).update(**_LEASED | values):
        raise FencedOut


def _mine(job: Job) -> QuerySet[Job]:
    """Return the job's row as long as nobody else has claimed it."""
    return Job.objects.filter(pk=job.pk, fence=job.fence, state=JobState.RUNNING)


def _release(job: Job, *, error: str = "", pause: timedelta = timedelta(0)) -> None:
    """Let others take a turn; after an error not before a pause."""
    values: dict[str, Any] = {"error": error} if error else {}
    _mine(job).update(lease_until=Now() + pause if pause else None, **values)
    if not pause:
        wake(task_of(job.kind))


@transaction.atomic
def _end(job: Job, state: JobState, *, error: str = "", result: dict[str, Any] | None = None) -> None:
    """End the job and tell its history, unless somebody else holds it by now."""
    values = {"state": state, "error": error[:300], "result": result or {}, "lease_until": None}
    values["params"] = without_choice(job.params)
    if not _mine(job).update(finished_at=Now(), **values):
        return
    job.refresh_from_db(fields=["done", "skipped", "failed", "state", "error", "result"])
    counts: dict[str, Any] = {"done": job.done, "skipped": job.skipped, "failed": job.failed}
    by = SYSTEM if job.member is None else actor_for(job.member)
    events.record(job.shop, "job.ended", job, by=by, kind_of_job=job.kind, state=state.value, **counts)
    settle(job)
    transaction.on_commit(lambda: crash_here("job.ended"))


def settle(job: Job) -> None:
    """Let the kind of a job that has just ended write what follows from it; nothing when it was taken out."""
    kind = every_kind().get(job.kind)
    if kind and kind.ended:
        kind.ended(job)


@dataclass(frozen=True)
class Progress:
    """With this, work without records says how far it is."""

    job: Job

    def tell(self, done: int, total: int | None = None, *, silent: timedelta = LEASE) -> None:
        """Show the progress and keep the job; raises when somebody else has taken it or a person asked to stop.

        `silent` is how long there may be no further word: a file that is being opened says nothing.
        """
        told = {} if total is None else {"total": total}
        _hold(self.job, done=done, lease_until=Now() + silent, **told)
        if Job.objects.filter(pk=self.job.pk, stop_asked_at__isnull=False).exists():
            raise Stopped
