"""Reviews from a file, CSV or XLSX: our own columns, or the layout of Olist; each row that can't be taken says why."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from aftersales import reviews
from aftersales.reviews import ReviewFacts
from orders.imports import cells
from sellercenter.imports import (
    ErrorReport,
    Header,
    Row,
    RowError,
    Table,
    UnreadableFile,
    first_rows,
    open_table,
    resolve,
    squeezed,
)
from sellercenter.models import Shop
from sellercenter.permissions import Actor

BATCH = 2000
# What each column may be called, the first name is the one of our own layout.
COLUMNS = {
    "number": ("review no.", "review number", "review id", "评价编号", "评价ID"),
    "order": ("order no.", "order number", "order id", "订单号", "订单编号"),
    "line": ("line no.", "line number", "order line", "子订单编号"),
    "sku": ("SKU id", "sku", "规格编号"),
    "product": ("product id", "product number", "商品ID", "商品编号"),
    "rating": ("stars", "rating", "score", "review score", "星级", "评分"),
    "title": ("title", "review comment title", "标题"),
    "words": ("review", "words", "comment", "review comment message", "评价内容", "评价"),
    "at": ("written", "written at", "review time", "review creation date", "评价时间"),
    "more_words": ("later addition", "follow-up", "追评内容", "追评"),
    "more_at": ("added", "added at", "follow-up time", "追评时间"),
    "reply": ("reply", "our reply", "商家回复"),
    "replied_at": ("replied", "replied at", "回复时间"),
    # Known and left alone: when somebody answered, without the words.
    "answered": ("review answer timestamp",),
}
_NAMES = {squeezed(name): column for column, names in COLUMNS.items() for name in names}
NEEDED = ("number", "rating", "at")
# One review of Olist may speak of several orders; it then counts for each of them.
_OLIST = {"number", "order", "rating", "title", "answered"}


@dataclass
class Report:
    """What became of a file: numbers of reviews, the columns nobody knows, and where refused rows are listed."""

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    unknown: list[str] = field(default_factory=list)
    errors: str = ""


def import_file(shop: Shop, path: Path, *, errors: Path, by: Actor) -> Report:
    """Bring a file of reviews in; the same file again changes nothing. Raises UnreadableFile, with nothing written.

    Each batch is a transaction of its own, so what was written before an interruption stays.
    """
    refusals = ErrorReport(errors)
    try:
        with open_table(path) as table:
            header = _header(first_rows(table))
            report = Report(unknown=header.unknown)
            # A quotation mark that is open at the end is found before anything is written.
            deque(table.rows(), maxlen=0)
            rows = _read(shop, table, header, refusals)
            while batch := list(islice(rows, BATCH)):
                _take(shop, batch, report, refusals, by)
    finally:
        refusals.close()
    report.refused, report.errors = refusals.rows, str(errors) if refusals.rows else ""
    return report


def _header(rows: list[Row]) -> Header:
    for number, names in rows:
        if {_NAMES.get(squeezed(name)) for name in names} >= {*NEEDED}:
            return resolve(number, names, _NAMES)
    raise UnreadableFile(_("The table needs the columns “review no.”, “stars” and “written” in its first rows."))


def _read(shop: Shop, table: Table, header: Header, refusals: ErrorReport) -> Iterator[tuple[int, ReviewFacts]]:
    """Yield each row that can be read with its number in the file; a number that comes again is refused."""
    readers, seen = _readers(shop), set[str]()
    olist = header.places.keys() >= _OLIST
    for row, line in table.rows():
        if row <= header.row:
            continue
        told = {name: line[place].strip() for name, place in header.places.items() if place < len(line)}
        try:
            facts = _facts(told, readers, olist=olist)
            if facts.number in seen:
                raise _Bad("number", facts.number, _("This number stands in an earlier row already."))
        except _Bad as bad:
            refusals.add([RowError(row, told.get("number", ""), bad.column, bad.value, bad.message)])
            continue
        seen.add(facts.number)
        yield row, facts


class _Bad(Exception):
    """A cell that can't be read, and why."""

    def __init__(self, column: str, value: str, message: str) -> None:
        super().__init__(message)
        self.column, self.value, self.message = column, value[:80], message


def _readers(shop: Shop) -> dict[str, Callable[[str], Any]]:
    name, time = cells.identifier(64), cells.time(shop.zone)
    ids = dict.fromkeys(("number", "order", "line", "sku", "product"), name)
    return {**ids, "rating": _stars, "at": time, "more_at": time, "replied_at": time}


def _stars(cell: str) -> int:
    whole = cell.partition(".")[0] if cell.rstrip("0").endswith(".") else cell
    if whole not in {"1", "2", "3", "4", "5"}:
        raise cells.Unclear(_("Stars go from 1 to 5."))
    return int(whole)


def _facts(told: dict[str, str], readers: dict[str, Callable[[str], Any]], *, olist: bool) -> ReviewFacts:
    for name in NEEDED:
        if not told.get(name):
            raise _Bad(name, "", _("This column can't be empty."))
    values = {
        name: _cell(name, text, readers) for name, text in told.items() if text and name not in ("title", "answered")
    }
    if title := told.get("title"):
        values["words"] = f"{title}\n{values.get('words', '')}".strip()
    if olist:
        values["number"] = f"{values['number']}-{values.get('order', '')[:24]}"
    return ReviewFacts(**values)


def _cell(name: str, text: str, readers: dict[str, Callable[[str], Any]]) -> Any:
    try:
        return readers[name](text) if name in readers else text
    except cells.Unclear as unclear:
        raise _Bad(name, text, str(unclear)) from None


def _take(shop: Shop, batch: list[tuple[int, ReviewFacts]], report: Report, refusals: ErrorReport, by: Actor) -> None:
    loaded = reviews.load(shop, [facts for _row, facts in batch], by=by)
    for place, message in loaded.refused.items():
        row, facts = batch[place]
        refusals.add([RowError(row, facts.number, "", "", message)])
    report.new += loaded.new
    report.changed += loaded.changed
    report.same += loaded.same
