"""The files of exports while they are written: CSV, and workbooks whose sheets stream straight into the archive.

Both are written under a name that ends in `.part`, synced, and renamed when they are whole; whoever dies before leaves
a part that nobody takes for a file.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import IO, Protocol
from xml.sax.saxutils import escape, quoteattr

from sellercenter import money, sheets
from sellercenter.exports.declared import Column
from sellercenter.kept_files import whole
from sellercenter.sheets import EXPORT_MARK, Kind, guarded

# Excel's rows, less the header.
MOST_ROWS = 1_048_575
# Fast rather than small: the next levels cost twice the time and save a tenth.
_LEVEL = 1
_WIDTHS = {Kind.TEXT: 22, Kind.STAMP: 26, Kind.TIME: 19, Kind.DATE: 12, Kind.MONEY: 14}
_WIDTH = 11


@dataclass(frozen=True)
class Told:
    """What a file says of itself: its title, and names with values such as shop, filter and time zone.

    `about` names the sheet of a workbook on which they stand.
    """

    title: str
    notes: Sequence[tuple[str, str]]
    about: str


@dataclass(frozen=True)
class Written:
    """A file that is whole and lies under its name."""

    path: Path
    size: int
    sha256: str


class Sink(Protocol):
    """A file to which rows are written as bytes, in the form that its cells have."""

    def write(self, rows: Sequence[bytes | memoryview]) -> None:
        """Write some rows; each is whole."""


def written(path: Path) -> Written:
    """Return what a whole file is."""
    with path.open("rb") as file:
        return Written(path, os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest())


# --- CSV --------------------------------------------------------------------------------------------------------------


def csv_line(cells: Sequence[str]) -> bytes:
    """Write one row of CSV: all in quotes, ended by a line feed as COPY ends its rows."""
    out = StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


class CsvFile:
    """A CSV file: UTF-8 with its mark, what it says of itself, the header, and rows ended by CRLF."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def begin(self, told: Told | None, header: Sequence[str], second: Sequence[str]) -> None:
        """Write what stands above the rows."""
        self._file.write("\ufeff".encode())
        above = [[EXPORT_MARK, told.title], *([f"#{name}", value] for name, value in told.notes)] if told else []
        lines = [
            [EXPORT_MARK if cell == EXPORT_MARK else guarded(cell) if at else cell for at, cell in enumerate(row)]
            for row in above
        ]
        lines += [[guarded(cell) for cell in row] for row in (header, second) if row]
        self.write([csv_line(line) for line in lines])

    def write(self, rows: Sequence[bytes | memoryview]) -> None:
        """Write rows as COPY gives them, each ended by a line feed."""
        if rows:
            self._file.write(b"\r\n".join([row[:-1] for row in rows]))
            self._file.write(b"\r\n")


@contextmanager
def csv_file(path: Path, told: Told | None, columns: Sequence[Column], second: Sequence[str]) -> Iterator[CsvFile]:
    """Write a CSV file, which exists under its path when the block ends well."""
    with whole(path) as file:
        sink = CsvFile(file)
        sink.begin(told, [str(column.label) for column in columns], second)
        yield sink


# --- Workbooks --------------------------------------------------------------------------------------------------------

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def text_cell(text: str, style: int = 0) -> str:
    """Write a cell of text, whatever it says; what no cell can hold is left out."""
    if not text:
        return "<c/>"
    text = sheets.UNPRINTABLE.sub("", text)
    text = re.sub(r"_(x[0-9A-Fa-f]{4}_)", r"_x005F_\1", text)
    if len(text.encode("utf-16-le")) > 2 * sheets.LONGEST_CELL:
        text = text.encode("utf-16-le")[: 2 * sheets.LONGEST_CELL].decode("utf-16-le", "ignore")
    styled = f' s="{style}"' if style else ""
    said = escape(text, {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})
    return f'<c{styled} t="inlineStr"><is><t xml:space="preserve">{said}</t></is></c>'


def _row(cells: Sequence[str], style: int = 0) -> bytes:
    return f"<row>{''.join(text_cell(cell, style) for cell in cells)}</row>\n".encode()


class XlsxFile:
    """A workbook of one table, on as many sheets as its rows need, and a sheet that says what it is."""

    def __init__(self, archive: zipfile.ZipFile, told: Told, columns: Sequence[Column], second: Sequence[str]) -> None:
        self._archive, self._told, self._columns, self._second = archive, told, columns, second
        self._sheets = 0
        self._rows = 0
        self._sheet: IO[bytes] | None = None
        self._open()

    def write(self, rows: Sequence[bytes | memoryview]) -> None:
        """Write rows of XML; what does not fit on the sheet goes on to the next one."""
        while rows:
            if self._rows == MOST_ROWS:
                self._end()
                self._open()
            assert self._sheet
            fitting, rows = rows[: MOST_ROWS - self._rows], rows[MOST_ROWS - self._rows :]
            self._sheet.write(b"".join(fitting))
            self._rows += len(fitting)

    def finish(self, currency: str) -> None:
        """Write what makes a workbook of the sheets."""
        self._end()
        about = [_row([self._told.title], style=1), *(_row(pair) for pair in self._told.notes)]
        columns = "".join(
            f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in ((1, 24), (2, 70))
        )
        self._put(
            f"xl/worksheets/sheet{self._sheets + 1}.xml",
            _sheet_head("", f"<cols>{columns}</cols>").encode() + b"".join(about) + _END,
        )
        for name, text in _book(self._names(), currency).items():
            self._put(name, text.encode())

    def _names(self) -> list[str]:
        base = sheets.sheet_name(self._told.title)
        more = [f"{base[: sheets.LONGEST_NAME - 5]} ({number})" for number in range(2, self._sheets + 1)]
        return [base, *more, sheets.sheet_name(self._told.about)]

    def _open(self) -> None:
        self._sheets += 1
        entry = zipfile.ZipInfo(f"xl/worksheets/sheet{self._sheets}.xml", _stamp())
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._sheet = self._archive.open(entry, "w", force_zip64=True)
        widths = "".join(
            f'<col min="{at}" max="{at}" width="{_WIDTHS.get(column.kind, _WIDTH)}" customWidth="1"/>'
            for at, column in enumerate(self._columns, start=1)
        )
        frozen = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        self._sheet.write(_sheet_head(frozen, f"<cols>{widths}</cols>").encode())
        self._sheet.write(_row([str(column.label) for column in self._columns], style=1))
        if self._second and self._sheets == 1:
            self._sheet.write(_row(self._second))
        self._rows = bool(self._second and self._sheets == 1)

    def _end(self) -> None:
        assert self._sheet
        self._sheet.write(_END)
        self._sheet.close()

    def close(self) -> None:
        """Let go of the archive, whatever state the sheet is in."""
        if self._sheet:
            self._sheet.close()

    def _put(self, name: str, data: bytes) -> None:
        entry = zipfile.ZipInfo(name, _stamp())
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._archive.writestr(entry, data)


def _stamp() -> tuple[int, int, int, int, int, int]:
    now = datetime.now(UTC)
    return now.year, now.month, now.day, now.hour, now.minute, now.second


_END = b"</sheetData></worksheet>"


def _sheet_head(pane: str, columns: str) -> str:
    view = f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
    return f"{_HEAD}<worksheet {_MAIN}>{view}{columns}<sheetData>\n"


def _book(names: Sequence[str], currency: str) -> dict[str, str]:
    """Return the parts of the workbook besides its sheets, by their names in the archive."""
    numbered = list(enumerate(names, start=1))
    listed = "".join(f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="rId{at}"/>' for at, name in numbered)
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at, _name in numbered
    )
    styles = f'<Relationship Id="rId{len(names) + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
        for at, _name in numbered
    )
    return {
        "xl/workbook.xml": f'{_HEAD}<workbook {_MAIN} xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}{styles}</Relationships>'
        ),
        "xl/styles.xml": _styles(currency),
        "_rels/.rels": (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
            f' Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "[Content_Types].xml": (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>{parts}</Types>'
        ),
    }


def _styles(currency: str) -> str:
    """Return the styles: plain, bold, the number forms in the order of `statements.STYLES`, that of broken counts."""
    symbol, places = money.CURRENCIES[currency]
    amount = f'"{symbol}"#,##0' + ("." + "0" * places) * bool(places)
    forms = ["#,##0", amount, "0.00%", "[h]:mm:ss", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "#,##0.0#"]
    declared = "".join(f'<numFmt numFmtId="{164 + at}" formatCode={quoteattr(form)}/>' for at, form in enumerate(forms))
    used = "".join(
        f'<xf numFmtId="{164 + at}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for at in range(len(forms))
    )
    plain = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    bold = '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    return (
        f'{_HEAD}<styleSheet {_MAIN}><numFmts count="{len(forms)}">{declared}</numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(forms) + 2}">{plain}{bold}{used}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


@contextmanager
def xlsx_file(
    path: Path, told: Told, columns: Sequence[Column], second: Sequence[str], currency: str
) -> Iterator[XlsxFile]:
    """Write a workbook, which exists under its path when the block ends well."""
    with whole(path) as file:
        archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        with archive, closing(XlsxFile(archive, told, columns, second)) as sink:
            yield sink
            sink.finish(currency)
