"""The work behind an export: one snapshot of the database is counted, written, counted again, and only then a file.

Everything is read in one read-only transaction on a connection of its own, so that rows neither double nor vanish while
others work, and the job can go on telling that it lives. Whoever is killed leaves a part; the next attempt starts over.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from sellercenter import events, jobs, sheets
from sellercenter.crash import crash_here
from sellercenter.exports import files, statements
from sellercenter.exports.declared import Column, Layout, Source, find
from sellercenter.exports.files import Sink, Told, Written
from sellercenter.jobs import LEASE, Progress
from sellercenter.lifecycle import Refused
from sellercenter.models import Export, ExportState, FileForm, Job, Shop
from sellercenter.permissions import SYSTEM, Actor, Perm, actor_for

# Rows that are handed on together, and seconds between two signs of life.
_BATCH = 500
_SIGN = 2.0
_AT_MOST = "15min"
# How long a row of a list that is sorted may take until the first one comes, with its items and parcels.
_SORTING = timedelta(milliseconds=0.5)
# What a cell takes on disk, roughly; a disk needs twice as much as the file, and something to breathe.
_CELL_BYTES, _SPARE = 16, 1 << 30


@dataclass(frozen=True)
class Plan:
    """Everything that decides what stands in a file."""

    shop: Shop
    source: Source
    layout: Layout
    columns: Sequence[Column]
    query: str
    days: int
    form: FileForm
    plain: bool
    who: str
    now: datetime

    def rows(self) -> QuerySet:
        """Return the list's rows, in no order; raises Refused when the address makes no sense any more."""
        return self.source.rows(self.shop, self.query, days=self.days, now=self.now)

    def ordered(self, rows: QuerySet) -> QuerySet:
        """Return the rows of the file in the list's order."""
        prepared = self.layout.prepare(rows) if self.layout.prepare else rows
        return prepared.order_by(*self.source.order(self.query), *self.layout.then)


@dataclass(frozen=True)
class Snapshot:
    """One state of the database, on a connection of its own."""

    wrapper: DatabaseWrapper
    as_of: datetime

    def one(self, sql: str, params: Sequence[Any]) -> Any:
        """Return the first value of a query."""
        with self.wrapper.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchone()[0]


@contextmanager
def snapshot(shop: Shop) -> Iterator[Snapshot]:
    """Open a connection on which everything is read as of one moment, in the shop's time zone."""
    wrapper: Any = connection.copy()
    try:
        wrapper.set_autocommit(False)
        with wrapper.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # A long list is sorted in memory where that is possible, and may take its time.
            cursor.execute(f"SET LOCAL statement_timeout = '{_AT_MOST}'; SET LOCAL work_mem = '64MB'")
            # Asked before the zone is set: Django takes whatever the server's zone tells for its own.
            cursor.execute("SELECT now()")
            as_of = cursor.fetchone()[0]
            cursor.execute("SELECT set_config('TimeZone', %s, true)", [shop.zone.key])
        yield Snapshot(wrapper, as_of)
    finally:
        wrapper.close()


def write(plan: Plan, path: Path, tell: Callable[[int, int], None]) -> tuple[Written, int, datetime]:
    """Write the file and return it with its rows and the moment as of which they stand.

    `tell` is told now and then how many rows of how many are written, and may raise to stop. Raises Refused when rows
    got lost or doubled on the way, or the disk is full; then there is no file.
    """
    with snapshot(plan.shop) as shot:
        rows = plan.rows()
        listed = shot.one(*statements.count_of(rows))
        expected = listed if plan.layout.expected is None else _expected(shot, plan.layout, rows)
        _has_room(path.parent, expected * len(plan.columns))
        tell(0, expected)
        told = _told(plan, shot.as_of, listed, expected)
        with _sink(plan, path, told) as sink:
            count = _stream(plan, rows, shot, sink, lambda done: tell(done, expected))
            if count != expected:
                raise Refused(
                    _("The file has %(count)d rows where the list has %(expected)d. Nothing was kept; try again.")
                    % {"count": count, "expected": expected},
                    "rows_differ",
                )
            crash_here("export.written")
        crash_here("export.renamed")
        return files.written(path), count, shot.as_of


def _expected(shot: Snapshot, layout: Layout, rows: QuerySet) -> int:
    assert layout.expected
    return sum(shot.one(*statements.count_of(part)) for part in layout.expected(rows))


def _has_room(folder: Path, cells: int) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < 2 * cells * _CELL_BYTES + _SPARE:
        raise Refused(_("The server's disk is too full for this file. Tell whoever runs the server."), "disk_full")


@contextmanager
def _sink(plan: Plan, path: Path, told: Told) -> Iterator[Sink]:
    """Open the file; a disk that runs full is a clear answer and nothing to try again."""
    second = plan.layout.second
    try:
        if plan.form == FileForm.CSV:
            with files.csv_file(path, None if plan.layout.bare else told, plan.columns, second) as sink:
                yield sink
        else:
            with files.xlsx_file(path, told, plan.columns, second, plan.shop.currency) as book:
                yield book
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        full = _("The server's disk ran full. Nothing was kept; tell whoever runs the server.")
        raise Refused(full, "disk_full") from error


def _told(plan: Plan, as_of: datetime, listed: int, rows: int) -> Told:
    words = plan.source.words(plan.shop, plan.query, plan.now)
    said = "; ".join(f"{name}: {value}".rstrip(": ") for name, value in words) or _("none")
    days = [(_("Time"), _("the last %d days") % plan.days)] if plan.days else []
    notes = [
        (_("Shop"), f"{plan.shop.name} ({plan.shop.code})"),
        (_("Filter"), said),
        *days,
        (_("Sorted by"), plan.source.sorted_by(plan.query)),
        (_("As of"), sheets.moment(as_of, plan.shop.zone)),
        (_("Time zone"), plan.shop.zone.key),
        (_("Currency"), plan.shop.currency),
        (str(plan.source.label), str(listed)),
        (pgettext("export", "Rows"), str(rows)),
        (_("Exported by"), plan.who),
        (_("Private data"), _("in plain") if plan.plain else _("masked")),
    ]
    title = f"{plan.source.label}: {plan.layout.label}"
    return Told(title, [(str(name), str(value)) for name, value in notes], _("About this file"))


# --- Rows -------------------------------------------------------------------------------------------------------------


def _stream(plan: Plan, rows: QuerySet, shot: Snapshot, sink: Sink, tell: Callable[[int], None]) -> int:
    """Write all rows in the quickest way that their columns allow, and return how many there were."""
    count, told_at = 0, monotonic()
    for batch in _batched(_pieces(plan, rows, shot)):
        sink.write(batch)
        count += len(batch)
        crash_here("export.batch")
        if monotonic() - told_at > _SIGN:
            tell(count)
            told_at = monotonic()
    return count


def _batched(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _pieces(plan: Plan, rows: QuerySet, shot: Snapshot) -> Iterator[Any]:
    plain = plan.plain and any(column.opened for column in plan.columns)
    asked = statements.values(plan.ordered(rows), plan.columns, plain=plain)
    yield from _opened(plan, asked, shot) if plain else _copied(plan, asked, shot)


def _copied(plan: Plan, asked: statements.Asked, shot: Snapshot) -> Iterator[Any]:
    """Let PostgreSQL write whole rows; each piece that COPY gives is one of them."""
    sql = statements.as_csv(asked, plan.shop) if plan.form == FileForm.CSV else statements.as_xml(asked)
    with shot.wrapper.cursor() as cursor, cursor.copy(sql, asked.params) as copy:
        yield from copy


def _opened(plan: Plan, asked: statements.Asked, shot: Snapshot) -> Iterator[bytes]:
    """Open what is encrypted row by row; all other cells come written from PostgreSQL."""
    csv = plan.form == FileForm.CSV
    form: statements.Form = statements.CsvCells(plan.shop.currency) if csv else statements.XmlCells()
    width, readers = len(plan.columns), _readers(plan)
    cursor: Any
    with shot.wrapper.chunked_cursor() as cursor:
        cursor.itersize = 2000
        cursor.execute(statements.cells(asked, form, plain=True), asked.params)
        for row in cursor:
            cells = list(row[:width])
            for place, first, last, read in readers:
                text = read(plan.shop, *row[first:last])
                cells[place] = sheets.guarded(text) if csv else files.text_cell(text)
            yield files.csv_line(["" if cell is None else str(cell) for cell in cells]) if csv else _xml(cells)


def _readers(plan: Plan) -> list[tuple[int, int, int, Callable[..., str]]]:
    """Return for each private column its place, where its fields stand in a row, and how they are opened."""
    found, at = [], len(plan.columns)
    for place, column in enumerate(plan.columns):
        if column.opened:
            found.append((place, at, at + len(column.opened.fields), column.opened.read))
            at += len(column.opened.fields)
    return found


def _xml(cells: Sequence[str]) -> bytes:
    return f"<row>{''.join(cells)}</row>\n".encode()


# --- The job ----------------------------------------------------------------------------------------------------------

KIND = "exports.make"


def folder_of(shop_id: int) -> Path:
    """Return the folder of a shop's exports."""
    return Path(settings.EXPORT_ROOT) / str(shop_id)


def run(job: Job, by: Actor, progress: Progress) -> dict[str, Any]:
    """Write the file of the export that the job is about; what an earlier attempt left is thrown away first."""
    export = Export.objects.select_related("shop", "member__user", "rule").get(job=job)
    if export.state != ExportState.WAITING:
        # An earlier attempt died between its last word on the export and the end of the job.
        return {"export": export.pk}
    plan = _plan(export, job, by)
    path = folder_of(export.shop_id) / f"{export.pk}-{job.fence}.{export.form}"
    _clear(export, job)
    made, rows, as_of = write(plan, path, lambda done, total: _sign(progress, done, total))
    _keep(export, made, rows, as_of, progress)
    return {"export": export.pk, "rows": rows}


def _clear(export: Export, job: Job) -> None:
    """Throw away what earlier attempts left; what a later one wrote belongs to it, however late this one wakes up."""
    for left in folder_of(export.shop_id).glob(f"{export.pk}-*"):
        if int(left.name.split(".")[0].split("-")[1]) < job.fence:
            left.unlink(missing_ok=True)


def _sign(progress: Progress, done: int, total: int) -> None:
    """Show the progress; before the first row a long list is sorted, which takes its time and says nothing."""
    progress.tell(done, total, silent=LEASE if done else LEASE + total * _SORTING)


def _plan(export: Export, job: Job, by: Actor) -> Plan:
    """Ask for the rights again: they may have been taken since the export was asked for."""
    source = find(export.source)
    layout = source.layout(export.layout)
    for right in (source.permission, *([Perm.EXPORTS_PRIVATE] if export.private else [])):
        if not by.may(right):
            raise Refused(_("%(name)s does not hold the right “%(right)s” any more.") % _lost(by, right), "no_right")
    chosen = job.params.get("chosen", {})
    return Plan(
        shop=export.shop,
        source=source,
        layout=layout,
        columns=layout.named(export.columns),
        query=chosen.get("query", ""),
        days=chosen.get("days", 0),
        form=FileForm(export.form),
        plain=export.private,
        who=export.actor_label,
        now=datetime.fromisoformat(chosen["at"]) if "at" in chosen else timezone.now(),
    )


def _lost(by: Actor, right: Perm) -> dict[str, Any]:
    return {"name": by.label, "right": right.label}


def _keep(export: Export, made: Written, rows: int, as_of: datetime, progress: Progress) -> None:
    """Say that the file is there, if the job is still ours; otherwise nobody needs it."""
    try:
        with transaction.atomic():
            progress.tell(rows, rows)
            values = {"name": made.path.name, "rows": rows, "size": made.size, "sha256": made.sha256, "as_of": as_of}
            kept = Now() + settings.EXPORT_KEPT
            waiting = Export.objects.filter(pk=export.pk, state=ExportState.WAITING)
            if not waiting.update(state=ExportState.READY, expires_at=kept, error="", **values):
                raise Refused(_("Somebody has ended this export meanwhile."), "ended")
            facts: dict[str, Any] = {"source": export.source, "rows": rows, "private": export.private}
            events.record(export.shop, "export.ready", export, by=_actor(export), **facts)
    except DatabaseError:
        # It may be committed all the same; what nobody names is thrown away by the next attempt, or after an hour.
        raise
    except BaseException:
        made.path.unlink(missing_ok=True)
        raise
    crash_here("export.ready")


def _fail(export: Export, why: str, by: Actor) -> None:
    waiting = Export.objects.filter(pk=export.pk, state=ExportState.WAITING)
    if waiting.update(state=ExportState.FAILED, error=why[:300]):
        events.record(export.shop, "export.failed", export, by=by, source=export.source)


def _actor(export: Export) -> Actor:
    return actor_for(export.member) if export.member else SYSTEM


def _ended(job: Job) -> None:
    """Let an export whose job ended without a file say so."""
    export = Export.objects.select_related("shop", "member__user", "member__role").filter(job=job).first()
    if export:
        _fail(export, job.error or _("It was stopped before it was whole."), _actor(export))


JOB_KINDS = [
    jobs.JobKind(
        *(KIND, gettext_lazy("Export"), Perm.EXPORTS_CREATE),
        run=run,
        about_url="export_detail",
        ended=_ended,
        lane=jobs.FILES,
    )
]
