"""Tables that people bring, CSV or XLSX: rows of text, whatever their encoding, delimiter and order of columns.

A table can be read more than once and is never held in memory. XLSX is turned into a CSV in a process of its own, with
a limit on its memory and its time, so that a hostile or broken workbook ends that process and not ours. Temporary files
belong to nobody but this user and are gone when the table is closed.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
import zlib
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

Row = tuple[int, list[str]]

CELL_LIMIT = 1 << 20
HEADER_WITHIN = 20
_PIECE = 1 << 20
_XLSX_ENTRIES, _XLSX_BYTES = 2000, 600 << 20
_XLSX_MEMORY, _XLSX_SECONDS = 1 << 30, 120
_DELIMITERS = ",;\t"
_MAGIC = {b"\xd0\xcf\x11\xe0": "XLS", b"%PDF": "PDF", b"\x89PNG": "PNG", b"\x1f\x8b": "GZ", b"\xff\xd8\xff": "JPEG"}


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

    path: Path
    encoding: str
    delimiter: str

    def rows(self) -> Iterator[Row]:
        """Yield each row that is not blank with its number in the file, counted from 1; raises UnreadableFile."""
        csv.field_size_limit(CELL_LIMIT)
        number = 0
        with self.path.open(encoding=self.encoding, newline="") as lines:
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            try:
                for number, cells in enumerate(reader, 1):
                    if cells and any(cells) and not (number == 1 and _is_separator(cells)):
                        yield number, cells
            except csv.Error as error:
                raise UnreadableFile(
                    _("Row %(row)d can't be read (%(reason)s). Look for a quotation mark that is not closed there.")
                    % {"row": number + 1, "reason": error}
                ) from None


def _is_separator(cells: Sequence[str]) -> bool:
    """Recognise the line `sep=;` with which some programs tell Excel the delimiter."""
    return cells[0].lower().startswith("sep=") and not any(cells[1:])


# --- Opening ----------------------------------------------------------------------------------------------------------


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a CSV or XLSX file, told apart by its content and never by its name; raises UnreadableFile."""
    try:
        with path.open("rb") as file:
            head = file.read(_PIECE)
    except OSError as error:
        raise UnreadableFile(
            _("The file %(name)s can't be opened: %(reason)s.") % {"name": path.name, "reason": error.strerror}
        ) from None
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise UnreadableFile(_("The file is empty."))
    if head.startswith(b"PK\x03\x04"):
        with tempfile.TemporaryDirectory(prefix="import-") as folder:
            spool = Path(folder) / "sheet.csv"
            _unpack(path, spool)
            yield Table(spool, "utf-8", ",")
        return
    _refuse_foreign(head)
    encoding = _encoding(path, head)
    yield Table(path, encoding, _delimiter(head.decode(encoding, "ignore")))


def _refuse_foreign(head: bytes) -> None:
    kind = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")
    if kind:
        raise UnreadableFile(_("This is a file of the kind %s. Save the table as XLSX or CSV.") % kind)


def _encoding(path: Path, head: bytes) -> str:
    """Find the encoding in which the whole file reads without an error."""
    if head.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif head.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    else:
        sample = head[:4096]
        odd, even = sample[1::2].count(0) * 4 > len(sample), sample[::2].count(0) * 4 > len(sample)
        candidates = ["utf-16-le"] if odd else ["utf-16-be"] if even else ["utf-8", "gb18030"]
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    raise UnreadableFile(_("The file's encoding is not known. Save it as “CSV UTF-8” or as XLSX."))


def _decodes(path: Path, encoding: str) -> bool:
    """Say whether every byte of the file has a meaning in the encoding, and the whole looks like text."""
    decoder = getincrementaldecoder(encoding)()
    foreign = strange = control = total = 0
    with path.open("rb") as file:
        try:
            while piece := file.read(_PIECE):
                text = decoder.decode(piece)
                total += len(text)
                control += len(_CONTROL.findall(text))
                if encoding == "gb18030":
                    rare = _FOREIGN.findall(text)
                    foreign += len(rare)
                    strange += sum(1 for char in rare if not _in_gb2312(char))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    # Western text in Windows-1252 also reads as GB18030, but into characters that nobody writes.
    return control * 50 <= total and strange * 4 <= foreign


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_FOREIGN = re.compile(r"[^\x00-\x7f]")


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _delimiter(text: str) -> str:
    """Take the delimiter that the first line names, or that stands in it most often outside quotes."""
    first = next((line for line in text.lstrip("\ufeff").splitlines() if line.strip()), "")
    if first.lower().startswith("sep=") and first[4:5] in _DELIMITERS and len(first) <= 5:
        return first[4:5]
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)


# --- Workbooks --------------------------------------------------------------------------------------------------------


def _unpack(path: Path, spool: Path) -> None:
    """Turn a workbook's first visible sheet into a CSV, in a process of its own."""
    _check_zip(path)
    command = [sys.executable, "-m", "sellercenter.imports", str(path.resolve()), str(spool)]
    try:
        done = subprocess.run(
            command,
            cwd=Path(__file__).resolve().parent.parent,
            env={"PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            timeout=_XLSX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableFile(_("Reading the workbook takes too long. Save the sheet as CSV.")) from None
    if done.returncode:
        raise UnreadableFile(_("The workbook is damaged, protected or too large. Save the sheet as CSV."))
    if not spool.stat().st_size:
        raise UnreadableFile(_("The workbook's first sheet is empty."))


def _check_zip(path: Path) -> None:
    """Refuse an archive that is no workbook, or unpacks to more than it says or than we take."""
    damaged = UnreadableFile(_("This is not an XLSX workbook, or it is damaged. Save the table as XLSX or CSV."))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if not any(entry.filename == "xl/workbook.xml" for entry in entries):
                raise damaged
            if len(entries) > _XLSX_ENTRIES or sum(entry.file_size for entry in entries) > _XLSX_BYTES:
                raise UnreadableFile(_("The workbook is too large. Save the sheet as CSV."))
            # Reads every entry up to its declared size and compares the checksum, so a lying header is found.
            if archive.testzip() is not None:
                raise damaged
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        raise damaged from None


def _write_sheet(source: str, target: str) -> None:
    """Write the first visible sheet as CSV; runs in the child process."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    resource.setrlimit(resource.RLIMIT_AS, (_XLSX_MEMORY, _XLSX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_XLSX_SECONDS, _XLSX_SECONDS))
    book = CalamineWorkbook.from_path(source)
    names = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    sheet = book.get_sheet_by_name(names[0])
    with open(target, "x", encoding="utf-8", newline="") as file:
        if sheet.start is None:
            return
        writer = csv.writer(file)
        # Rows above the first used one come along empty, so that our numbers are the sheet's.
        writer.writerows([_cell(value) for value in row] for row in sheet.iter_rows())


def _cell(value: Any) -> str:
    """Write a typed cell as text; numbers of 16 digits and more stay in the form that shows what they lost."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        # Excel keeps 15 digits; the rest of a longer number has become zeros already.
        if abs(value) >= 10**15:
            return f"{value:.5E}"
        return str(int(value)) if value == int(value) else f"{value:.15g}"
    if isinstance(value, datetime):
        return (value + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(" ")
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


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


def scattered(keys: Iterable[str]) -> bool:
    """Say whether a key comes back after others came between; remembers eight bytes a key, not the key."""
    seen: set[int] = set()
    for key, _run in groupby(keys):
        if not key:
            continue
        mark = hash(key)
        if mark in seen:
            return True
        seen.add(mark)
    return False


def adjacent(rows: Iterable[Row], key: Callable[[list[str]], str]) -> Iterator[tuple[str, list[Row]]]:
    """Yield runs of rows with the same key; a row without a key stands alone."""
    for name, run in groupby(rows, key=lambda row: key(row[1])):
        if name:
            yield name, list(run)
        else:
            yield from ((name, [row]) for row in run)


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

_TRIGGERS = frozenset("=+-@\t\r\n|%\0'＝＋－＠")
REPORT_HEADER = ("row", "order", "column", "value", "message")


def formula_safe(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet program would take for a formula."""
    text = text.replace("\0", "")
    first = text.lstrip()[:1]
    return f"'{text}" if text and (text[0] in _TRIGGERS or (first and first in _TRIGGERS)) else text


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
            self._writer.writerow((error.row, *map(formula_safe, texts)))
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


if __name__ == "__main__":
    _write_sheet(sys.argv[1], sys.argv[2])
