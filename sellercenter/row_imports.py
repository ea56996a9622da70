"""Files in which each row tells of one record, or a few rows of the same one: read by column names, handled in chunks.

A room declares a `RowFile` for each kind of file; what becomes of the records is the matter of its `Work`. Nothing of
the file is held but the rows of one chunk, whatever its length.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.db import DataError, IntegrityError, OperationalError
from django.utils.translation import gettext as _

from sellercenter.import_kinds import ImportKind, Outcome, Tally
from sellercenter.imports import (
    ErrorReport,
    Header,
    Row,
    RowError,
    Table,
    UnreadableFile,
    adjacent,
    first_rows,
    gathered,
    open_table,
    portions,
    resolve,
    scattered,
    squeezed,
)
from sellercenter.lifecycle import Refused
from sellercenter.locks import once_more, too_busy
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.texts import Text

# Returns what a cell says; raises ValueError with a sentence for people when it says nothing that can be understood.
Reader = Callable[[str], Any]
Progress = Callable[[Outcome], None]

NOTES_KEPT = 1000
_TELL_EVERY = 50
_VALUE_LENGTH = 100
# A file of which nobody knows more than this is another kind of file, such as a ledger that names products too.
_KNOWN = 0.3


@dataclass(frozen=True)
class Column:
    """One column: its name, what reads its cells in a shop, its other names, and whether no cell may be empty."""

    name: str
    reader: Callable[[Shop], Reader]
    aliases: tuple[str, ...] = ()
    needed: bool = False


@dataclass(slots=True)
class Said:
    """What one row says, by column; empty cells say nothing. `problems` are the cells that can't be read."""

    row: int
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[RowError] = field(default_factory=list)


class Fate(StrEnum):
    """What becomes of a record that is taken."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record is not taken; `row` is the one to look at, without it the record's first."""

    message: str
    column: str = ""
    row: int = 0


Verdict = Fate | Refusal


class Work(ABC):
    """The work on one file; in a dry run it answers the same and writes nothing.

    What is done `together` has happened for a whole chunk as soon as its first record is answered.
    """

    together = False

    def __init__(self, shop: Shop, *, by: Actor, dry_run: bool) -> None:
        self.shop, self.by, self.dry_run = shop, by, dry_run
        self.notes: list[str] = []

    def survey(self, rows: Iterable[Said]) -> None:
        """Look at all rows before the first one is taken, so that what can't be read ends the import by then."""
        for _row in rows:
            pass

    def complete(self, said: Said) -> Said:
        """Return a row with what rows above it said added; called for each row as it stands in the file."""
        return said

    @abstractmethod
    def take(self, records: Sequence[list[Said]]) -> Iterator[Verdict]:
        """Yield what becomes of each record, given by its rows, in their order; never from inside a transaction."""

    def note(self, text: str) -> None:
        """Keep a sentence that people should read about a record that was taken."""
        if len(self.notes) < NOTES_KEPT:
            self.notes.append(text)


def alone(verb: Callable[[], Verdict]) -> Verdict:
    """Do the work on one record by itself; what refuses it, or stands in its way, becomes the answer."""
    try:
        return once_more(verb)()
    except Refused as refused:
        return Refusal(str(refused.message))
    except OperationalError as error:
        if not too_busy(error):
            raise
        return Refusal(_("Somebody is working on this. Import the file again."))
    except (IntegrityError, DataError) as error:
        # What the database says may repeat private values, the name of a rule never does.
        rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        return Refusal(_("This can't be stored: %s.") % (rule or type(error).__name__))


@dataclass(frozen=True)
class RowFile:
    """One kind of file. Of each of `needs` the header holds one column at least; `key` name the record in messages.

    With `grouped` all rows with the same first key are one record, wherever they stand; otherwise each row is one.
    `example` is a row as people would write it, by column.
    """

    code: str
    label: Text
    records: Text
    permission: Perm
    columns: tuple[Column, ...]
    needs: tuple[tuple[str, ...], ...]
    key: tuple[str, ...]
    work: Callable[..., Work]
    grouped: bool = False
    chunk: int = 1000
    example: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """Return the column for each squeezed name and alias."""
        return {squeezed(name): column.name for column in self.columns for name in (column.name, *column.aliases)}

    def kind(self) -> ImportKind:
        """Return this file as the import centre knows it."""
        told = (self.code, self.label, self.permission, self.recognises, self.run, self.records)
        return ImportKind(*told, example=self.example_rows)

    def example_rows(self) -> list[list[str]]:
        """Return the header with every column, and a row."""
        names = [column.name for column in self.columns]
        return [names, [self.example.get(name, "") for name in names]]

    def recognises(self, cells: Sequence[str]) -> float:
        """Say which part of a row is known as headers; nothing when it is little, or a column is missing."""
        share = self._share(cells)
        return share if share >= _KNOWN else 0

    def _share(self, cells: Sequence[str]) -> float:
        told = {squeezed(cell) for cell in cells if cell.strip()}
        names = self.names
        known = told & names.keys()
        return 0 if self._missing({names[name] for name in known}) else len(known) / len(told)

    def run(
        self,
        shop: Shop,
        path: Path,
        *,
        by: Actor,
        dry_run: bool,
        errors: Path,
        progress: Progress | None = None,
    ) -> Outcome:
        """Take in a file, or say what would become of it; see sellercenter.import_kinds.Run."""
        by.require(Perm.IMPORTS_RUN)
        by.require(self.permission)
        with open_table(path) as table:
            header = self._header(first_rows(table))
            reading = _Reading(self, header, shop)
            work = self.work(shop, by=by, dry_run=dry_run)
            work.survey(map(reading.said, _body(table, header)))
            torn = self.grouped and scattered(_body(table, header), reading.key)
            outcome = Outcome(str(self.label), notes=work.notes, unknown_columns=header.unknown)
            report = ErrorReport(errors)
            try:
                for rows in self._chunks(table, reading, torn):
                    _Chunk(outcome, report, work, reading, progress).handle(rows)
            finally:
                report.close()
        return outcome

    def _missing(self, found: set[str]) -> list[str]:
        """Return what the header lacks, each as the names of which one is enough."""
        return [" / ".join(names) for names in self.needs if found.isdisjoint(names)]

    def _header(self, rows: list[Row]) -> Header:
        """Find the row that names the columns; raises UnreadableFile with what the best one lacks."""
        number, cells = max(rows, key=lambda row: self._share(row[1]))
        if not self._share(cells):
            number, cells = max(rows, key=lambda row: len({squeezed(cell) for cell in row[1]} & self.names.keys()))
        header = resolve(number, cells, self.names)
        if missing := self._missing({*header.places}):
            raise UnreadableFile(_("Columns are missing: %(columns)s.") % {"columns": ", ".join(missing)})
        return header

    def _chunks(self, table: Table, reading: _Reading, torn: bool) -> Iterator[list[list[Row]]]:
        """Yield records, each with all of its rows, so many at a time."""
        rows = _body(table, reading.header)
        if not self.grouped:
            yield from portions(([row] for row in rows), self.chunk)
        elif not torn:
            yield from portions((run for _key, run in adjacent(rows, reading.key)), self.chunk)
        else:
            with gathered(rows, reading.key) as sorted_rows:
                yield from portions((run for _key, run in adjacent(sorted_rows, reading.key)), self.chunk)


def _body(table: Table, header: Header) -> Iterator[Row]:
    return (row for row in table.rows() if row[0] > header.row)


class _Reading:
    """Turns the rows of one file into what they say."""

    def __init__(self, kind: RowFile, header: Header, shop: Shop) -> None:
        self.header, self._key = header, kind.key
        self._cells = [
            (header.places[column.name], column, column.reader(shop))
            for column in kind.columns
            if column.name in header.places
        ]

    def key(self, cells: list[str]) -> str:
        """Return what names the record of a row, cleaned as ids are; a row without it stands alone."""
        place = self.header.places[self._key[0]]
        name = cells[place].strip().lstrip("'").strip() if place < len(cells) else ""
        return "" if name == "-" else name

    def said(self, row: Row) -> Said:
        """Read a row; a hyphen says nothing."""
        number, cells = row
        said = Said(number)
        if any(map(str.strip, cells[self.header.width :])):
            said.problems.append(RowError(number, "", "", "", _("The row has more cells than the header.")))
            return said
        for place, column, reader in self._cells:
            cell = cells[place].strip() if place < len(cells) else ""
            message = ""
            if cell and cell != "-":
                try:
                    said.values[column.name] = reader(cell)
                except ValueError as error:
                    message = str(error)
            elif column.needed:
                message = _("This column must not be empty.")
            if message:
                said.problems.append(RowError(number, "", column.name, cell[:_VALUE_LENGTH], message))
        return said

    def record(self, said: Said) -> str:
        """Return what names the record of a row in messages."""
        told = (str(said.values[name]) for name in self._key if said.values.get(name))
        return next(told, "")[:_VALUE_LENGTH]


class _Chunk:
    """The records of one chunk on their way to their fates."""

    def __init__(
        self, outcome: Outcome, report: ErrorReport, work: Work, reading: _Reading, progress: Progress | None
    ) -> None:
        self.outcome, self.report, self.work, self.reading = outcome, report, work, reading
        self.progress = progress

    def handle(self, rows: list[list[Row]]) -> None:
        """Let the work take what can be read, count the fates, and list the rows that are refused."""
        records = [[self._said(row) for row in run] for run in rows]
        verdicts = self.work.take([record for record in records if not _problems(record)])
        for place, record in enumerate(records, 1):
            problems = _problems(record)
            if problems:
                self._reject(record, problems)
            else:
                self._settle(record, next(verdicts))
            # In the middle of what is done together a stop would leave the rest in, but not counted.
            between = place % _TELL_EVERY == 0 and not self.work.together
            if self.progress and (between or place == len(records)):
                self.progress(self.outcome)

    def _said(self, row: Row) -> Said:
        return self.work.complete(self.reading.said(row))

    def _settle(self, record: list[Said], verdict: Verdict) -> None:
        if isinstance(verdict, Fate):
            _count(getattr(self.outcome, verdict.value), record)
            return
        bad = next((said for said in record if said.row == verdict.row), record[0])
        value = str(bad.values.get(verdict.column, ""))[:_VALUE_LENGTH]
        self._reject(record, [RowError(bad.row, "", verdict.column, value, verdict.message)])

    def _reject(self, record: list[Said], problems: list[RowError]) -> None:
        """List every row of a refused record: the bad ones with their reasons, the others with where to look."""
        _count(self.outcome.rejected, record)
        name = next(filter(None, map(self.reading.record, record)), "")
        bad = {problem.row for problem in problems}
        also = _("Not imported, because row %d of the same record was refused.") % min(bad)
        others = [RowError(said.row, "", "", "", also) for said in record if said.row not in bad]
        listed = sorted([*problems, *others], key=lambda one: one.row)
        self.report.add(RowError(one.row, name, one.column, one.value, one.message) for one in listed)
        self.outcome.rejected_rows = self.report.rows


def _problems(record: list[Said]) -> list[RowError]:
    return [problem for said in record for problem in said.problems]


def _count(fate: Tally, record: list[Said]) -> None:
    fate.records += 1
    fate.rows += len(record)
