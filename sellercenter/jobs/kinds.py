"""What kinds of jobs there are: each room declares its own, settings.JOB_KINDS names their lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from sellercenter.lifecycle import Refused
from sellercenter.models import Job, JobItem
from sellercenter.permissions import Actor, Perm
from sellercenter.texts import Text

if TYPE_CHECKING:
    from sellercenter.jobs.runner import Progress


# The lane of work that reads or writes whole files.
FILES = "files"


@dataclass(frozen=True)
class JobKind:
    """One kind of long work, in one of two shapes.

    Work on records: `prepare` writes a JobItem for each, as `items.fill` does, and returns how many; `load` returns the
    records of some items by their key, locked and with all that `act` reads; `act` does the work on one of them, in a
    transaction of its own, and raises Refused for an expected no. Where speed counts, `act_all` does at once what it
    can of some items with their records and returns the items that it did; when it raises, nothing of it is kept, and
    either way the others are done one by one.

    Work without records: `run` does everything, tells its `Progress` now and then, and returns the job's result. It
    begins again from the start when its process dies.

    `record_url` names the page of a record inside its shop, for the links of the result page; `about_url` that of the
    one record that the whole work is about, whose key the parameters keep under `about`. `ended` writes what follows
    from the end of a job, whatever the end, in the transaction of it. `lane` says who works on it: files have workers
    of their own, so that nobody waits for them.
    """

    code: str
    label: Text
    permission: Perm
    prepare: Callable[[Job], int] | None = None
    load: Callable[[Job, Sequence[int]], Mapping[int, Any]] | None = None
    act: Callable[[Job, JobItem, Any, Actor], object] | None = None
    act_all: Callable[[Job, Sequence[tuple[JobItem, Any]], Actor], list[JobItem]] | None = None
    run: Callable[[Job, Actor, Progress], dict[str, Any]] | None = None
    record_url: str = ""
    about_url: str = ""
    ended: Callable[[Job], object] | None = None
    lane: str = ""

    def __post_init__(self) -> None:
        on_records = all((self.prepare, self.load, self.act))
        if on_records == bool(self.run):
            raise ValueError(f"{self.code}: give prepare, load and act, or run")


@cache
def every_kind() -> dict[str, JobKind]:
    """Return every kind that the installed rooms declare, by its code."""
    return {kind.code: kind for path in settings.JOB_KINDS for kind in import_string(path)}


def find(code: str) -> JobKind:
    """Return the kind of this code; raises Refused when there is none, as after a room was taken out."""
    kind = every_kind().get(code)
    if kind is None:
        raise Refused(_("There is no work of the kind “%s”.") % code, "unknown_kind")
    return kind


def task_of(code: str) -> str:
    """Return the task that works on jobs of this kind."""
    kind = every_kind().get(code)
    return f"sellercenter.tasks.run_{FILES}" if kind and kind.lane == FILES else "sellercenter.tasks.run_jobs"


def of_lane(lane: str) -> Q:
    """Return the condition of the jobs of a lane; what nobody knows any more is of the common one."""
    filed = Q(kind__in=[code for code, kind in every_kind().items() if kind.lane == FILES])
    return filed if lane == FILES else ~filed


def seen_by(actor: Actor) -> Q:
    """Return the condition of the jobs that somebody may see: their own, and those of kinds that they could start."""
    permitted = [code for code, kind in every_kind().items() if actor.may(kind.permission)]
    own = Q(member_id=actor.member_id) if actor.member_id else Q(pk__in=[])
    return own | Q(kind__in=permitted)
