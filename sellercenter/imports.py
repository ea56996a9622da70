"""Tables that people bring, CSV or XLSX: rows of text, whatever their encoding, delimiter and order of columns.

A table can be read more than once and is never held in memory. What a stranger brought is read by a process of its own
(`unpacking`), which has little memory, time and rights, so that a hostile or broken file ends that process and not
ours; we read the plain CSV that it wrote, in a file without a name that vanishes with us.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import dropwhile, groupby, islice
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sellercenter import unpacking
from sellercenter.sheets import EXPORT_MARK, guarded, unguarded
from sellercenter.texts import Text

log = logging.getLogger(__name__)

Row = tuple[int, list[str]]

CELL_LIMIT = unpacking.CELL_LIMIT
HEADER_WITHIN = 20
# So many rows may belong to one record, and so much is held at once of what they hold.
MOST_TOGETHER, _PORTION = 2000, 1 << 24
# More than any sheet has: an operator's own workbook is read whole.
_ALL_ROWS = 1 << 21
_MOST_SAID = 4096
_START = (
    "import sys; sys.path.append(sys.argv[1]); from sellercenter import unpacking; unpacking.main(int(sys.argv[2]))"
)
_ROOT = str(Path(__file__).resolve().parent.parent)
# None of our keys, and no searching for the place where the reader of workbooks gave up, which takes seconds.
_ENVIRONMENT = {"RUST_BACKTRACE": "0"}
# Calls to die that come from the limits: time is up, or the memory that was asked for is not to be had.
_TIME_UP = {-signal.SIGALRM, -signal.SIGXCPU}
# Why a file can't be read, by the code that the reader knows.
REASONS: dict[str, Text] = {
    "empty": gettext_lazy("The file is empty."),
    "kind": gettext_lazy("This is a file of the kind %(kind)s. Save the table as XLSX or CSV."),
    "encoding": gettext_lazy("The file's encoding is not known. Save it as “CSV UTF-8” or as XLSX."),
    "quote": gettext_lazy(
        "Row %(row)d can't be read (%(reason)s). Look for a quotation mark that is not closed there."
    ),
    "long": gettext_lazy(
        "Row %(row)d holds more than %(most)d characters. Shorten it, or look for a quotation mark that is not closed."
    ),
    "columns": gettext_lazy("Row %(row)d has cells beyond column %(most)d. Take out the columns that nobody needs."),
    "rows": gettext_lazy("The file has more than %(most)d rows. Divide it and bring the parts one after the other."),
    "gap": gettext_lazy(
        "Before row %(row)d more than %(most)d rows are blank. Take out those rows, or what stands below them."
    ),
    "not_workbook": gettext_lazy("This is not an XLSX workbook, or it is damaged. Save the table as XLSX or CSV."),
    "damaged": gettext_lazy("The file is damaged, protected or too large. Save the table anew as CSV."),
    "protected": gettext_lazy("The workbook is protected by a password. Save it without one, or the sheet as CSV."),
    "large": gettext_lazy("The workbook is too large. Save the sheet as CSV."),
    "path": gettext_lazy("The workbook names places outside itself, which none does. Save the sheet as CSV."),
    "nested": gettext_lazy("The workbook holds another archive. Save the sheet as CSV."),
    "macros": gettext_lazy("The workbook holds macros. Save it as XLSX without macros, or the sheet as CSV."),
    "links": gettext_lazy("The workbook has links to other workbooks. Break them, or save the sheet as CSV."),
    "entities": gettext_lazy("The workbook holds declarations that no workbook needs. Save the sheet as CSV."),
    "no_sheet": gettext_lazy("The workbook has no sheet that is shown. Show the one to read, or save it as CSV."),
    "empty_sheet": gettext_lazy("The workbook's first sheet is empty."),
    "memory": gettext_lazy(
        "Reading the file takes too much memory. Take out cells far from the table, or divide the file."
    ),
    "no_room": gettext_lazy("The server has no room left to read the file. Tell whoever runs it, and try again later."),
    "slow": gettext_lazy("Reading the file takes too long. Divide it, or save the sheet as CSV."),
    "died": gettext_lazy("The file can't be read: its reader ended without a word. Save the table anew as CSV."),
    "not_begun": gettext_lazy("The file can't be read right now. Try again in a minute."),
}


class UnreadableFile(Exception):  # an answer, not an error
    """The file can't be imported at all; the message is one sentence for the person who brought it."""


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row was not taken: the file's own row number, the record it belongs to, and a sentence."""

    row: int
    record: str
    column: str
    value: str
    message: str


@dataclass(frozen=True)
class Table:
    """A table on disk; `rows` may be called again and again."""

    file: BinaryIO
    encoding: str
    delimiter: str

    def rows(self) -> Iterator[Row]:
        """Yield each row that is not blank with its number in the file, counted from 1; raises UnreadableFile."""
        with _in_words(), io.TextIOWrapper(io.BufferedReader(_Place(self.file)), self.encoding, newline="") as lines:
            rows = (row for row in unpacking.parsed(lines, self.delimiter) if any(row[1]))
            first = next(rows, None)
            if first is None:
                return
            if first[1][0] == EXPORT_MARK:
                # Our own export: what it tells of itself is no data, and its apostrophes are ours.
                told = dropwhile(lambda row: row[1][0].startswith("#"), rows)
                rows = ((number, list(map(unguarded, cells))) for number, cells in told)
            elif not _is_separator(*first):
                yield first
            yield from rows


class _Place(io.RawIOBase):
    """A place of its own in a file that others read too."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor, self._at = file.fileno(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        got = os.preadv(self._descriptor, [room], self._at)
        self._at += got
        return got


def _is_separator(number: int, cells: Sequence[str]) -> bool:
    """Recognise the line `sep=;` with which some programs tell Excel the delimiter."""
    return number == 1 and cells[0].lower().startswith("sep=") and not any(cells[1:])


# --- Opening ----------------------------------------------------------------------------------------------------------


@contextmanager
def open_table(path: Path, *, trusted: bool = False) -> Iterator[Table]:
    """Open a CSV or XLSX file, told apart by its content and never by its name; raises UnreadableFile.

    Trusted is an operator's own file: its CSV is read where it lies, in our process, and has any number of rows.
    """
    with ExitStack() as stack:
        source = stack.enter_context(_opened(path))
        if trusted and source.read(len(unpacking.WORKBOOK)) != unpacking.WORKBOOK:
            with _in_words():
                encoding, delimiter = unpacking.sniff(source)
            yield Table(source, encoding, delimiter)
            return
        spool = stack.enter_context(tempfile.TemporaryFile(prefix="import-", dir=settings.FILE_UPLOAD_TEMP_DIR))
        with _in_words():
            _unpack(source, spool, _ALL_ROWS if trusted else settings.IMPORT_ROWS)
        yield Table(spool, "utf-8", ",")


def _opened(path: Path) -> BinaryIO:
    told = {"name": path.name}
    try:
        file = path.open("rb")
    except OSError as error:
        told["reason"] = error.strerror or ""
        raise UnreadableFile(_("The file %(name)s can't be opened: %(reason)s.") % told) from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnreadableFile(_("%(name)s is not a file that can be read twice. Save it first.") % told)
    return file


@contextmanager
def _in_words() -> Iterator[None]:
    """Say in the reader's language why a file can't be read."""
    try:
        yield
    except unpacking.Unfit as unfit:
        raise UnreadableFile(REASONS[unfit.code] % unfit.values) from None


def _unpack(source: BinaryIO, spool: BinaryIO, rows: int) -> None:
    """Let a process of its own write the table as plain CSV; raises Unfit."""
    source.seek(0)
    command = [sys.executable, "-I", "-c", _START, _ROOT, str(rows)]
    try:
        # The process ends itself when its time is up; should it not, it is killed a little later.
        code = subprocess.run(
            command,
            stdin=source,
            stdout=spool,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            timeout=unpacking.SECONDS + 5,
        ).returncode
    except subprocess.TimeoutExpired:
        raise unpacking.Unfit("slow") from None
    except OSError as error:
        log.error("no process could be started to read a file: %s", error.strerror)
        raise unpacking.Unfit("not_begun") from None
    if code == unpacking.REFUSED:
        raise _told(os.pread(spool.fileno(), _MOST_SAID, 0))
    if code:
        log.warning("the process that read a file ended with %d", code)
        died = {-signal.SIGABRT: "memory", -signal.SIGKILL: "memory"}
        raise unpacking.Unfit("slow" if code in _TIME_UP else died.get(code, "died"))


def _told(answer: bytes) -> unpacking.Unfit:
    """Understand what the process says; it has read a hostile file, so it may say anything."""
    try:
        code, values = json.loads(answer)
        unfit = unpacking.Unfit(code, **values)
        REASONS[unfit.code] % unfit.values
    except (ValueError, TypeError, KeyError, RecursionError):
        return unpacking.Unfit("died")
    return unfit


# --- Headers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Header:
    """Where each known column of a table stands, and the names that nobody knows."""

    row: int
    width: int
    places: dict[str, int]
    unknown: list[str] = field(default_factory=list)


def squeezed(name: str) -> str:
    """Reduce a header to what counts: no case, spaces, underscores or hyphens, full-width forms made normal."""
    return re.sub(r"[\s_\-\ufeff\u200b]+", "", unicodedata.normalize("NFKC", name)).casefold()


def resolve(row: int, cells: Sequence[str], names: dict[str, str]) -> Header:
    """Match header cells against `names` (squeezed name or alias -> column); raises UnreadableFile on a double."""
    places: dict[str, int] = {}
    unknown = []
    for place, cell in enumerate(cells):
        column = names.get(squeezed(cell))
        if column is None:
            unknown += [cell.strip()] if cell.strip() else []
        elif column in places:
            raise UnreadableFile(
                _("The column “%(column)s” is there twice, once as “%(header)s”. Keep one.")
                % {"column": column, "header": cell.strip()}
            )
        else:
            places[column] = place
    return Header(row, len(cells), places, unknown)


def first_rows(table: Table) -> list[Row]:
    """Return the rows among which the header is looked for; raises UnreadableFile when there are none."""
    rows = list(islice(table.rows(), HEADER_WITHIN))
    if not rows:
        raise UnreadableFile(_("The file is empty."))
    return rows


# --- Grouping ---------------------------------------------------------------------------------------------------------


def scattered(rows: Iterable[Row], key: Callable[[list[str]], str]) -> bool:
    """Say whether a key comes back after others came between; remembers numbers of each key, not the key.

    Raises UnreadableFile when rows of one key are so many that they could not be held together.
    """
    held: dict[int, tuple[int, int]] = {}
    torn = False
    for name, run in groupby(rows, key=lambda row: key(row[1])):
        if not name:
            continue
        mark = hash(name)
        many, size = held.get(mark, (0, 0))
        torn = torn or many > 0
        for number, cells in run:
            many, size = many + 1, size + _weight(cells)
            if many > MOST_TOGETHER or size > _PORTION:
                raise UnreadableFile(
                    _(
                        "Too many rows name the same “%(name)s”, the last of them row %(row)d. Look at that column: a"
                        " spreadsheet program rounds long numbers, and many of them become one."
                    )
                    % {"name": name[:40], "row": number}
                )
        held[mark] = many, size
    return torn


def adjacent(rows: Iterable[Row], key: Callable[[list[str]], str]) -> Iterator[tuple[str, list[Row]]]:
    """Yield runs of rows with the same key; a row without a key stands alone."""
    for name, run in groupby(rows, key=lambda row: key(row[1])):
        if name:
            yield name, list(run)
        else:
            yield from ((name, [row]) for row in run)


def portions(records: Iterable[list[Row]], most: int) -> Iterator[list[list[Row]]]:
    """Yield records so many at a time, fewer where they are long, so that what is held at once stays small."""
    some, size = list[list[Row]](), 0
    for rows in records:
        some.append(rows)
        size += sum(_weight(cells) for _number, cells in rows)
        if len(some) == most or size > _PORTION:
            yield some
            some, size = [], 0
    if some:
        yield some


def _weight(cells: list[str]) -> int:
    """Return about how many bytes a row takes."""
    return sum(map(len, cells)) + 8 * len(cells)


@contextmanager
def gathered(rows: Iterable[Row], key: Callable[[list[str]], str]) -> Iterator[Iterator[Row]]:
    """Bring rows with the same key together, in the order in which keys first come, by a temporary file on disk."""
    # An empty name is SQLite's own temporary database: a file that is unlinked at once.
    spool = sqlite3.connect("", check_same_thread=False)
    try:
        spool.execute("CREATE TABLE line (number INTEGER PRIMARY KEY, name TEXT, cells TEXT)")
        packed = ((number, key(cells), json.dumps(cells)) for number, cells in rows)
        spool.executemany("INSERT INTO line VALUES (?, ?, ?)", packed)
        spool.execute("CREATE INDEX by_name ON line (name, number)")
        found = spool.execute(
            "SELECT number, cells FROM line"
            " JOIN (SELECT name, min(number) AS first FROM line GROUP BY name) USING (name)"
            " ORDER BY CASE name WHEN '' THEN number ELSE first END, number"
        )
        yield ((number, json.loads(cells)) for number, cells in found)
    finally:
        spool.close()


# --- The report of refused rows ---------------------------------------------------------------------------------------

REPORT_HEADER = ("row", "order", "column", "value", "message")


class ErrorReport:
    """A CSV of refused rows, made when the first one comes; a report of an earlier run is replaced or removed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._part = path.with_name(f"{path.name}.part")
        self._file: Any = None

    def add(self, errors: Iterable[RowError]) -> None:
        """Write rows to the report."""
        for error in errors:
            if self._file is None:
                self._file = self._part.open("w", encoding="utf-8-sig", newline="")
                self._writer = csv.writer(self._file, quoting=csv.QUOTE_ALL)
                self._writer.writerow(REPORT_HEADER)
            texts = (error.record, error.column, error.value, error.message)
            self._writer.writerow((error.row, *map(guarded, texts)))
            self.rows += 1

    def close(self) -> None:
        """Put the finished report in its place, or take away what an earlier run left there."""
        if self._file is not None:
            self._file.close()
            self._part.replace(self.path)
        elif self.path.exists() and _is_report(self.path):
            self.path.unlink()


def _is_report(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return next(csv.reader(file), None) == list(REPORT_HEADER)
