"""The jobs behind an imported file: look at what it would change without writing anything, and take it in.

Both read the file anew and compare its hash first, both may be repeated at any moment, and both can be stopped between
two records. Their ends write what they found (`sellercenter/import_files.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sellercenter import import_files, import_kinds
from sellercenter.import_kinds import ImportKind, Outcome
from sellercenter.imports import UnreadableFile, first_rows, open_table
from sellercenter.jobs import JobKind, Progress
from sellercenter.jobs.kinds import FILES
from sellercenter.lifecycle import Refused
from sellercenter.models import ImportFile, ImportState, Job
from sellercenter.permissions import Actor, Perm

# So long a large file may say nothing while it is opened and looked through.
SILENT = timedelta(minutes=3)
# A workbook of this size may unpack to a hundred megabytes.
LARGE = 256 * 1024
# So much of what people should know is kept: notes, and columns that nobody knows.
MOST_NOTES, LONGEST_NOTE = 100, 300


def _check(job: Job, by: Actor, progress: Progress) -> dict[str, Any]:
    """Find out what the file is and what it would change."""
    file = _file(job, ImportState.CHECKING)
    place = _whole(file)
    _wait(file, progress)
    try:
        kind, rows = _look(file, place)
    except UnreadableFile as error:
        raise Refused(str(error), "unreadable") from None
    outcome = _run(file, kind, by, progress, rows=rows, dry_run=True)
    return {"kind": kind.code, "layout": outcome.layout[:30], "checked": _kept(outcome)}


def _apply(job: Job, by: Actor, progress: Progress) -> dict[str, Any]:
    """Take the file in."""
    file = _file(job, ImportState.APPLYING)
    _whole(file)
    rows = sum(file.checked.get(fate, {}).get("rows", 0) for fate in import_files.FATES)
    kind = import_kinds.find(file.kind)
    outcome = _run(file, kind, by, progress, rows=rows, dry_run=False)
    return {"layout": outcome.layout[:30], "outcome": _kept(outcome)}


def _file(job: Job, state: ImportState) -> ImportFile:
    """Return the file that the job is about, as long as it waits for this job."""
    found = ImportFile.objects.for_shop(job.shop).select_related("shop__policy")
    file = found.filter(pk=job.params.get("about"), state=state).first()
    if file is None:
        raise Refused(_("The file has changed meanwhile. Look at it again."), "changed_meanwhile")
    return file


def _whole(file: ImportFile) -> Path:
    """Return where the file lies; raises Refused when it is not what was brought any more."""
    if not import_files.unharmed(file):
        words = _("The file on the server is missing or is not the one that was uploaded. Upload it again.")
        raise Refused(words, "spoiled")
    return import_files.place_of(file)


def _look(file: ImportFile, place: Path) -> tuple[ImportKind, int]:
    """Return the kind of the file, by its header unless somebody chose it, and how many rows it has."""
    with open_table(place) as table:
        first = first_rows(table)
        kind = import_kinds.find(file.kind) if file.kind else import_kinds.recognise(first)
        if kind is None:
            words = _(
                "The columns of this file are not known: none of its first rows looks like a header that is "
                "understood. Choose what is in the file, or begin with an example file."
            )
            raise Refused(words, "unknown_columns")
        return kind, max(sum(1 for _row in table.rows()) - 1, 0)


def _run(file: ImportFile, kind: ImportKind, by: Actor, progress: Progress, *, rows: int, dry_run: bool) -> Outcome:
    """Let the kind do its work, and tell how far it is."""
    if not by.may(kind.permission):
        lost = {"name": by.label, "right": kind.permission.label, "kind": kind.label}
        raise Refused(_("“%(kind)s”: %(name)s does not hold the right “%(right)s”.") % lost, "no_right")
    _wait(file, progress, rows)
    place, errors = import_files.place_of(file), import_files.refused_rows_of(file, dry_run=dry_run)
    tell = _teller(file, progress, rows, dry_run=dry_run)
    try:
        outcome = kind.run(file.shop, place, by=by, dry_run=dry_run, errors=errors, progress=tell)
    except UnreadableFile as error:
        raise Refused(str(error), "unreadable") from None
    progress.tell(outcome.handled, outcome.handled)
    return outcome


def _wait(file: ImportFile, progress: Progress, rows: int | None = None) -> None:
    """Keep the job while the file is opened."""
    progress.tell(0, rows, **({"silent": SILENT} if file.size > LARGE else {}))


def _teller(file: ImportFile, progress: Progress, rows: int, *, dry_run: bool) -> Callable[[Outcome], None]:
    def tell(outcome: Outcome) -> None:
        progress.tell(outcome.handled, max(rows, outcome.handled))
        if not dry_run:
            import_files.note_progress(file, progress.job, found=_kept(outcome))

    return tell


def _kept(outcome: Outcome) -> dict[str, Any]:
    """Return what is kept of an outcome."""
    told = outcome.as_dict()
    for name in ("notes", "unknown_columns"):
        # A file may name a column by the one character that PostgreSQL does not store.
        told[name] = [text[:LONGEST_NOTE].replace("\0", "\ufffd") for text in told[name][:MOST_NOTES]]
    return told


_SHARED: dict[str, Any] = {"permission": Perm.IMPORTS_RUN, "about_url": "import_detail", "lane": FILES}
JOB_KINDS = [
    JobKind(
        *(import_files.CHECK, gettext_lazy("Check of a file")),
        **{"run": _check, "ended": import_files.check_ended, **_SHARED},
    ),
    JobKind(
        *(import_files.APPLY, gettext_lazy("Taking a file in")),
        **{"run": _apply, "ended": import_files.apply_ended, **_SHARED},
    ),
]
