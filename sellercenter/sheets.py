"""Small tables that people read, download and open elsewhere: one declaration for the page, for CSV and for Excel.

The value of a cell is what its column's kind says: text, a whole number, an amount of the sheet's currency (Decimal),
a share of one (0.25 is 25 %), seconds, a day, an aware moment, or yes or no. None is what is not known, or can't be
worked out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from sellercenter import money, times
from sellercenter.texts import Text

# Loaded when a workbook is written: workers that are started again and again never write one by it.
if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

UNKNOWN = "—"
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# The first cell of a CSV whose texts are all guarded, so that whoever reads it back may take the guards away.
EXPORT_MARK = "#sd-export:1"
# What spreadsheet programs take for the beginning of a formula, and the full-width forms of it.
_TRIGGERS = frozenset("=+-@\t\r\n|%＝＋－＠")
# What platforms write where there is nothing; alone it is no formula, and programs look for just that.
NOTHING = "-"
# What neither XML nor a spreadsheet can hold.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST_CELL, LONGEST_NAME = 32_767, 31
_TENTH, _HUNDREDTH, _FINE = Decimal("0.1"), Decimal("0.01"), Decimal("0.000001")


class Kind(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    RATIO = "ratio"
    SECONDS = "seconds"
    DATE = "date"
    TIME = "time"
    # A moment to the second with its offset, as text: nothing is lost in the hour that comes twice.
    STAMP = "stamp"
    YES = "yes or no"


NUMBERS = frozenset({Kind.COUNT, Kind.MONEY, Kind.RATIO, Kind.SECONDS})


@dataclass(frozen=True)
class Column:
    """One column: its head, and what its values are."""

    label: Text
    kind: Kind = Kind.TEXT

    @property
    def is_number(self) -> bool:
        """Say whether the values are lined up at their ends."""
        return self.kind in NUMBERS


@dataclass(frozen=True)
class Told:
    """A value that is not of its column's kind, such as one of several figures under each other."""

    value: Any
    kind: Kind


@dataclass(frozen=True)
class Sheet:
    """One table with its name, its rows of values, and the currency and zone in which they are written."""

    title: Text
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    currency: str
    zone: ZoneInfo

    def said(self, row: Sequence[Any]) -> list[str]:
        """Write the values of a row as people read them."""
        return [self.as_text(one) for one in self.told(row)]

    def as_text(self, told: Told) -> str:
        """Write one value as people read it."""
        return say(told.value, told.kind, self.currency, self.zone)

    def told(self, row: Sequence[Any]) -> list[Told]:
        """Return the values of a row, each with its kind."""
        return [_told(value, column) for value, column in zip(row, self.columns, strict=True)]


def _told(value: Any, column: Column) -> Told:
    return value if isinstance(value, Told) else Told(value, column.kind)


# What stands above a table: names and values, such as the shop and the period.
Notes = Sequence[tuple[Text, Text]]


def say(value: Any, kind: Kind | str, currency: str, zone: ZoneInfo | None = None) -> str:
    """Write one value as people read it; what is not known is an em dash."""
    if value is None:
        return UNKNOWN
    if kind == Kind.MONEY:
        return money.text(Decimal(value), currency)
    if kind == Kind.RATIO:
        return f"{percent(value)} %"
    if kind == Kind.SECONDS:
        return f"{'−' if value < 0 else ''}{times.span(timedelta(seconds=abs(int(value))))}"
    if kind == Kind.COUNT:
        return _count(value)
    if kind == Kind.TIME:
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if kind == Kind.STAMP:
        return value.astimezone(zone).isoformat(" ", "seconds")
    if kind == Kind.YES:
        return _("yes") if value else _("no")
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else str(value)


def percent(share: Decimal | int) -> str:
    """Write a share of one in percent with two digits, such as 14.69."""
    return number_format((Decimal(share) * 100).quantize(_HUNDREDTH, ROUND_HALF_UP), use_l10n=True)


def _count(value: Decimal | int) -> str:
    """Write a number with its thousands apart; what is no whole number, such as a mean, keeps one digit."""
    whole = Decimal(value) == int(value)
    shown = int(value) if whole else Decimal(value).quantize(_TENTH, ROUND_HALF_UP)
    return number_format(shown, use_l10n=True, force_grouping=True)


def guarded(text: str) -> str:
    """Keep a spreadsheet from running a text: what looks like a formula, or begins with ', gets a ' before it.

    Reversible: whoever takes one leading ' away has the text again, but for characters that no cell can hold.
    """
    text = text.replace("\x00", "")
    first = text.lstrip()[:1]
    risky = text[:1] in _TRIGGERS or text[:1] == "'" or first in _TRIGGERS
    return f"'{text}" if risky and text != NOTHING else text


def unguarded(text: str) -> str:
    """Give back the text of a cell that `guarded` wrote."""
    return text.removeprefix("'")


def as_csv(sheet: Sheet, notes: Notes = ()) -> bytes:
    """Write the sheet as CSV: UTF-8 with its mark, all quoted, lines ended by CRLF, numbers plain, texts guarded.

    Shares are written as parts of one and lengths of time in seconds, so that sums still work.
    """
    out = StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([guarded(str(sheet.title))])
    writer.writerows([[guarded(str(name)), guarded(str(value))] for name, value in notes])
    writer.writerow([])
    writer.writerow([guarded(str(one.label)) + (" (s)" if one.kind == Kind.SECONDS else "") for one in sheet.columns])
    for row in sheet.rows:
        writer.writerow([plain(one.value, one.kind, sheet.currency, sheet.zone) for one in sheet.told(row)])
    return out.getvalue().encode("utf-8-sig")


def plain(value: Any, kind: Kind, currency: str, zone: ZoneInfo) -> str:
    """Write one value as programs read it from a CSV file; what is not known is empty."""
    if value is None:
        return ""
    if kind == Kind.TEXT:
        return guarded(str(value))
    if kind == Kind.MONEY:
        return f"{money.quantise(Decimal(value), currency):f}"
    if kind == Kind.RATIO:
        return f"{Decimal(value).quantize(_FINE, ROUND_HALF_UP).normalize():f}"
    if kind == Kind.SECONDS:
        return str(int(value))
    if kind == Kind.COUNT:
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return say(value, kind, currency, zone)


def as_xlsx(sheet: Sheet, notes: Notes = ()) -> bytes:
    """Write the sheet as a workbook: typed cells, amounts in the currency's form, texts as texts whatever they say."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    page: Worksheet = book.active
    page.title = sheet_name(str(sheet.title))
    _put(page.cell(1, 1), str(sheet.title)).font = Font(bold=True, size=14)
    for at, (name, value) in enumerate(notes, start=2):
        _put(page.cell(at, 1), str(name))
        _put(page.cell(at, 2), str(value))
    head = len(notes) + 3
    for at, column in enumerate(sheet.columns, start=1):
        _put(page.cell(head, at), str(column.label)).font = Font(bold=True)
    for down, row in enumerate(sheet.rows, start=head + 1):
        for at, told in enumerate(sheet.told(row), start=1):
            _fill(page.cell(down, at), told, sheet)
    page.freeze_panes = page.cell(head + 1, 2)
    _widen(page, sheet)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _put(cell: Cell, text: str) -> Cell:
    """Write a text, and say that it is one: a leading equals sign would make a formula of it."""
    cell.value = UNPRINTABLE.sub("", text)[:LONGEST_CELL]
    cell.data_type = "s"
    return cell


def _fill(cell: Cell, told: Told, sheet: Sheet) -> None:
    if told.value is None:
        return
    if told.kind in (Kind.TEXT, Kind.STAMP, Kind.YES):
        _put(cell, sheet.as_text(told))
        return
    cell.value, cell.number_format = _typed(told.value, told.kind, sheet)


def _typed(value: Any, kind: Kind, sheet: Sheet) -> tuple[Any, str]:
    """Return a value as spreadsheets calculate with it, and the form in which they show it."""
    if kind == Kind.MONEY:
        symbol, places = money.CURRENCIES[sheet.currency]
        return money.quantise(Decimal(value), sheet.currency), f'"{symbol}"#,##0' + ("." + "0" * places) * bool(places)
    if kind == Kind.RATIO:
        return Decimal(value).quantize(_FINE, ROUND_HALF_UP), "0.00%"
    if kind == Kind.SECONDS:
        return timedelta(seconds=int(value)), "[h]:mm:ss"
    if kind == Kind.COUNT:
        return value, "#,##0" if Decimal(value) == int(value) else "#,##0.0"
    if kind == Kind.TIME:
        return value.astimezone(sheet.zone).replace(tzinfo=None), "yyyy-mm-dd hh:mm"
    return value, "yyyy-mm-dd"


def sheet_name(title: str) -> str:
    """Return what a workbook accepts as the name of a sheet."""
    return re.sub(r"[\[\]:*?/\\']", " ", UNPRINTABLE.sub("", title))[:LONGEST_NAME].strip() or "Sheet"


def _widen(page: Worksheet, sheet: Sheet) -> None:
    """Give each column the width of its longest text, within reason; wide characters count twice."""
    from openpyxl.utils import get_column_letter

    rows = [[str(column.label) for column in sheet.columns], *(sheet.said(row) for row in sheet.rows)]
    for at in range(len(sheet.columns)):
        longest = max(sum(2 if ord(sign) > 0x2E7F else 1 for sign in row[at]) for row in rows)
        page.column_dimensions[get_column_letter(at + 1)].width = min(max(longest + 3, 10), 60)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Write a moment for the notes above a table, with the name of its zone."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
