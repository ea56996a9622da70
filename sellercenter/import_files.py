"""Verbs on imported files: keep one that somebody brought, agree that it is taken in, drop it, delete what is old.

A file lies in a folder of its shop under a random name, its lists of refused rows beside it. Its row stays for good.
Two jobs do the work (`sellercenter/import_jobs.py`); what they found is written here, in the
transactions of their ends.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from sellercenter import events, import_kinds, jobs, kept_files
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import ImportFile, ImportState, Job, JobState, Member, Shop
from sellercenter.permissions import SYSTEM, Actor, Perm, actor_for
from sellercenter.sheets import unguarded

CHECK, APPLY = "imports.check", "imports.apply"
KEPT = timedelta(days=30)
# A file that no row names is being put in, or was left by a process that died: after a day it is the second.
LEFT_OVER = timedelta(days=1)
# From so many refused records on, or such a part of all, one must say that one has seen it.
MOST_REFUSED, MOST_REFUSED_PART = 1000, 5
FATES = ("new", "changed", "unchanged", "rejected")
_AT_WORK = (ImportState.CHECKING, ImportState.APPLYING)
_BATCH = 1000


def receive(
    shop: Shop, file: UploadedFile, *, title: str, kind: str = "", by: Actor, member: Member | None
) -> ImportFile:
    """Keep a file that somebody brought and let it be checked; without a kind its header decides what it is.

    The bytes are written first, so that no row is ever without them. Refused for a kind that nobody knows, and once the
    shop keeps too much; raises PermissionDenied without IMPORTS_RUN and the right of the kind.
    """
    by.require(Perm.IMPORTS_RUN)
    if kind:
        by.require(import_kinds.find(kind).permission)
    _has_room(shop, file.size or 0)
    written = kept_files.write(settings.IMPORT_ROOT, shop.pk, file.chunks())
    try:
        return _receive(shop, written, title=title, kind=kind, by=by, member=member)
    except Refused:
        # Whatever else goes wrong may have been committed all the same: then the chore decides, a day later.
        _remove(written.path)
        raise


@transaction.atomic
def _receive(
    shop: Shop, written: kept_files.Written, *, title: str, kind: str, by: Actor, member: Member | None
) -> ImportFile:
    file = ImportFile.objects.create(
        **{"shop": shop, "member": member, "actor_label": by.label[:60], "kind": kind},
        **{"title": kept_files.shown_name(title) or "—", "name": written.path},
        **{"size": written.size, "sha256": written.sha256},
    )
    job = jobs.create(shop, CHECK, params={"about": file.pk}, by=by, member=member)
    ImportFile.objects.filter(pk=file.pk).update(check_job=job)
    file.check_job = job
    # What people call the file may name a buyer, so the log has its hash instead.
    events.record(shop, "import.received", file, by=by, import_kind=kind, size=written.size, sha256=written.sha256)
    return file


def _has_room(shop: Shop, size: int) -> None:
    """Refuse a file when the shop keeps too much already; two at the same moment may go a little beyond."""
    there = ImportFile.objects.for_shop(shop).exclude(name="").aggregate(sum=Sum("size"))["sum"] or 0
    if there + size > settings.IMPORT_LIMIT:
        raise Refused(_("The shop keeps as many imported files as it may. Drop some that are not needed."), "no_room")


@transaction.atomic
def agree(file: ImportFile, *, despite_refused: bool = False, by: Actor, member: Member | None) -> Job:
    """Let a checked file be taken in, and return the job that does it.

    After a stop or a failure the rest can be taken in the same way. Refused while the file is at work or over, when it
    would change nothing, and when many records are refused and `despite_refused` does not say that this was seen.
    """
    _require(file, by)
    # Two clicks wait for each other here, so that the second one finds what the first began.
    locked(file)
    _refuse_what_is_not_ready(file)
    if not _would_change(file):
        raise Refused(_why_nothing(file), "nothing_to_do")
    if many_refused(file) and not despite_refused:
        raise Refused(_("Many records of this file are refused. Tick that you have seen it."), "many_refused")
    job = jobs.create(file.shop, APPLY, params={"about": file.pk}, by=by, member=member)
    begun: dict[str, Any] = {"state": ImportState.APPLYING, "apply_job": job, "outcome": {}, "error": ""}
    if not ImportFile.objects.filter(pk=file.pk, state=file.state).update(finished_at=None, **begun):
        raise Refused(_("The file has changed meanwhile. Look at it again."), "changed_meanwhile")
    return job


def _refuse_what_is_not_ready(file: ImportFile) -> None:
    """Raise Refused unless the file was checked, is still there, and nobody takes it in."""
    words = {
        ImportState.CHECKING: _("The file is being checked. Wait until you see what it would change."),
        ImportState.APPLYING: _("Somebody has said so already: the file is being taken in."),
        ImportState.DONE: _("This file has been taken in. Upload it again to take it in once more."),
        ImportState.DROPPED: _("This file was dropped. Upload it again."),
    }
    state = ImportState(file.state)
    if state in words:
        raise Refused(words[state], str(state))
    if not file.checked:
        raise Refused(_("This file could not be checked, so it can't be taken in. Upload a better one."), "unchecked")
    if not file.name:
        raise Refused(_("The file was deleted meanwhile. Upload it again."), "gone")


def _would_change(file: ImportFile) -> bool:
    return bool(records(file.checked, "new") or records(file.checked, "changed"))


def _why_nothing(file: ImportFile) -> str:
    """Say why a file would change nothing: because all of it is known, or because of what is refused."""
    if not records(file.checked, "rejected"):
        return _("There is nothing new and nothing changed in this file.")
    if records(file.checked, "unchanged"):
        return _("Nothing can be taken in: what is not refused is here already, unchanged.")
    return _("Nothing can be taken in: all of this file is refused. The list below says why.")


def ready(file: ImportFile) -> str:
    """Return why the file can't be taken in now, in a sentence; empty when it can."""
    try:
        _refuse_what_is_not_ready(file)
    except Refused as refused:
        return str(refused.message)
    return "" if _would_change(file) else _why_nothing(file)


def many_refused(file: ImportFile) -> bool:
    """Say whether so many records are refused that one must say that one has seen it."""
    refused = records(file.checked, "rejected")
    return refused >= MOST_REFUSED or refused * MOST_REFUSED_PART > sum(records(file.checked, fate) for fate in FATES)


def records(found: dict[str, Any], fate: str) -> int:
    """Return how many records met a fate in what a phase found."""
    return int(found.get(fate, {}).get("records", 0))


@transaction.atomic
def drop(file: ImportFile, *, by: Actor) -> None:
    """Delete a file that is not wanted any more, with its lists of refused rows; what was taken in of it stays."""
    _require(file, by)
    locked(file)
    if file.state not in (ImportState.CHECKED, ImportState.FAILED):
        raise Refused(_("Only a file that waits for you can be dropped."), "not_now")
    path = file.name
    dropped: dict[str, Any] = {"state": ImportState.DROPPED, "name": "", "finished_at": Now()}
    if not ImportFile.objects.filter(pk=file.pk, state=file.state).update(**dropped):
        raise Refused(_("The file has changed meanwhile. Look at it again."), "changed_meanwhile")
    events.record(file.shop, "import.dropped", file, by=by, import_kind=file.kind)
    transaction.on_commit(lambda: _remove(path))


def _require(file: ImportFile, by: Actor) -> None:
    """Raise PermissionDenied without IMPORTS_RUN and the right of the file's kind, where that is known."""
    by.require(Perm.IMPORTS_RUN)
    if kind := import_kinds.every_kind().get(file.kind):
        by.require(kind.permission)


# --- What the jobs found ----------------------------------------------------------------------------------------------


def note_progress(file: ImportFile, job: Job, *, found: dict[str, Any]) -> None:
    """Keep how far the taking in has come, so that it is known after a stop, too."""
    ImportFile.objects.filter(pk=file.pk, state=ImportState.APPLYING, apply_job=job).update(outcome=found)


def check_ended(job: Job) -> None:
    """Write what the check of a file found, or why it came to nothing, in the transaction of the job's end."""
    same = ImportFile.objects.filter(check_job=job, state=ImportState.CHECKING)
    if job.state == JobState.DONE:
        same.update(state=ImportState.CHECKED, **job.result)
    else:
        stopped = _("The check was stopped. Drop the file, or upload it again.")
        same.update(state=ImportState.FAILED, error=job.error or stopped, finished_at=Now())


def apply_ended(job: Job) -> None:
    """Write what came of taking a file in, in the transaction of the job's end."""
    same = ImportFile.objects.filter(apply_job=job, state=ImportState.APPLYING)
    if job.state != JobState.DONE:
        stopped = _("The work was stopped. What was taken in stays; the rest can be taken in when you like.")
        same.update(state=ImportState.FAILED, error=job.error or stopped, finished_at=Now())
    elif same.update(state=ImportState.DONE, finished_at=Now(), **job.result):
        file = ImportFile.objects.get(apply_job=job)
        by = SYSTEM if job.member is None else actor_for(job.member)
        counts: dict[str, Any] = {fate: records(file.outcome, fate) for fate in FATES}
        events.record(job.shop, "import.taken_in", file, by=by, import_kind=file.kind, layout=file.layout, **counts)


# --- On disk ----------------------------------------------------------------------------------------------------------


def place_of(file: ImportFile) -> Path:
    """Return where the file lies."""
    return kept_files.place_of(settings.IMPORT_ROOT, file.name)


def refused_rows_of(file: ImportFile, *, dry_run: bool) -> Path:
    """Return where the list of the rows lies that one of the phases refused; there is none when it refused none."""
    return kept_files.place_of(settings.IMPORT_ROOT, f"{file.name or '-'}.{'check' if dry_run else 'apply'}.csv")


def refused_rows(file: ImportFile, *, dry_run: bool, most: int) -> list[list[str]]:
    """Return the first of the rows that one of the phases refused, as their list has them; none once it is deleted."""
    if not file.name:
        return []
    try:
        with refused_rows_of(file, dry_run=dry_run).open(encoding="utf-8-sig", newline="") as rows:
            return [list(map(unguarded, cells)) for cells in islice(csv.reader(rows), 1, most + 1)]
    except FileNotFoundError:
        return []


def unharmed(file: ImportFile) -> bool:
    """Say whether the file on disk still is the one that was brought."""
    return bool(file.name) and kept_files.hash_of(settings.IMPORT_ROOT, file.name) == file.sha256


def _remove(path: str) -> int:
    """Delete a file with its lists; return how many there were."""
    place = kept_files.place_of(settings.IMPORT_ROOT, path)
    found = [place, *place.parent.glob(f"{place.name}.*")] if path else []
    for one in found:
        one.unlink(missing_ok=True)
    return len(found)


def clear_old() -> int:
    """Delete the files of 30 days ago, and what no row names after a day; the rows stay. Return how many. A chore."""
    old = ImportFile.objects.exclude(name="").exclude(state__in=_AT_WORK).filter(created_at__lt=Now() - KEPT)
    deleted = 0
    while batch := dict(old.order_by("pk").values_list("pk", "name")[:_BATCH]):
        deleted += sum(_remove(batch[pk]) for pk in _forget(ImportFile.objects.filter(pk__in=batch)))
    return deleted + sum(_clear(paths) for paths in _left_over())


@transaction.atomic
def _forget(files: QuerySet[ImportFile]) -> list[int]:
    """Let rows name no file any more; what waited for somebody is dropped. Return their keys.

    Not of a file that somebody has begun to take in meanwhile.
    """
    idle = files.exclude(state__in=_AT_WORK).select_for_update().values_list("pk", flat=True)
    same = files.filter(pk__in=list(idle))
    same.filter(state=ImportState.CHECKED).update(state=ImportState.DROPPED, finished_at=Now())
    same.update(name="")
    return [*same.values_list("pk", flat=True)]


def _left_over() -> Iterator[dict[str, Path]]:
    """Yield what was last written a day ago, some at a time: places by the path of the file that they belong to."""
    before, some = time.time() - LEFT_OVER.total_seconds(), dict[str, Path]()
    for path, place in kept_files.left_over(settings.IMPORT_ROOT, before):
        some[path] = place
        if len(some) == _BATCH:
            yield some
            some = {}
    yield some


def _clear(found: dict[str, Path]) -> int:
    """Delete what no row names; a list belongs to the file whose name it begins with."""
    owners = {path: path.partition(".")[0] for path in found}
    named = set(ImportFile.objects.filter(name__in=owners.values()).values_list("name", flat=True))
    unnamed = [place for path, place in found.items() if owners[path] not in named]
    for place in unnamed:
        place.unlink(missing_ok=True)
    return len(unnamed)
