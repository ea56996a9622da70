"""What the layouts of other platforms share: their columns told by ours, their cells, dates, buyers and money.

A platform declares its columns with `like` (ours under its name) and `Column` (what only it has), takes `ForeignReader`
with a reading of its own, and fills in `ForeignReading.shape`, which turns its values into those of our columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from orders.facts import ZERO, OrderFacts, PaymentFacts, anonymous_buyer
from orders.imports import cells
from orders.imports.flat import FlatReader, LineRead, Reading
from orders.imports.flat_columns import FLAT_COLUMNS
from orders.imports.layout import As, Column, Dates, Layout, Of
from orders.states import PaymentMethod, Status
from sellercenter import money, privacy
from sellercenter.imports import Header, Row, UnreadableFile
from sellercenter.models import Shop

_OURS = {(column.of, column.field): column for column in FLAT_COLUMNS}
_UNSEEN = re.compile(r"^[\s\ufeff\u200b-\u200f\u2060]+|[\s\ufeff\u200b-\u200f\u2060]+$")
_NOTHING = {"-", "--", "—", "'", "'-"}
# How much of an order may be money that no column explains, before the columns themselves are doubted.
_REST = Decimal("0.1")


# --- Declaring --------------------------------------------------------------------------------------------------------


def like(field: str, name: str, *aliases: str, of: Of = Of.ORDER, **other: Any) -> Column:
    """Return our own column for a field under the name that the platform gives it; `other` replaces what differs."""
    differing: dict[str, Any] = {"name": name, "aliases": aliases, "required": False} | other
    return replace(_OURS[of, field], **differing)


def meant(field: str, name: str, *aliases: str, of: Of = Of.ORDER, **other: Any) -> Column:
    """Return a column of words of the platform; `meanings` say what they mean here, `otherwise` what all others do."""
    return Column(name, of, As.WORD, field, aliases, **other)


# --- Settling what the whole file decides -----------------------------------------------------------------------------


def settle_dates(layout: Layout, header: Header, rows: Iterable[Row]) -> tuple[Layout, list[str]]:
    """Return the layout with the order of day and month that all cells of the file agree on; raises UnreadableFile.

    A number above 12 settles it, else AM or PM does (only sites that put the month first write it), else the site.
    """
    places = [header.places[column.name] for column in _times(layout) if column.name in header.places]
    first: dict[Dates, tuple[int, str]] = {}
    open_ended = halves = False
    for number, row in rows:
        for place in places:
            cell = cleaned(row[place]) if place < len(row) else ""
            found = cells.first_numbers(cell)
            if found is None:
                continue
            one, two, half = found
            open_ended, halves = True, halves or half
            if (one > 12) is not (two > 12):
                first.setdefault(Dates.DAY_FIRST if one > 12 else Dates.MONTH_FIRST, (number, cell))
    if len(first) > 1:
        raise UnreadableFile(_contradiction(first))
    if first:
        return replace(layout, dates=next(iter(first))), []
    if not open_ended or halves:
        return replace(layout, dates=Dates.MONTH_FIRST if halves else layout.dates), []
    dates = layout.site_dates(header) if layout.site_dates else Dates.DAY_FIRST
    note = _("No date of this file shows whether day or month comes first; they were read as %s.")
    return replace(layout, dates=dates), [note % _order_of(dates)]


def _order_of(dates: Dates) -> str:
    return _("day/month/year") if dates is Dates.DAY_FIRST else _("month/day/year")


def _times(layout: Layout) -> Iterable[Column]:
    return (column for column in layout.columns if column.kind in (As.TIME, As.UNTIL))


def _contradiction(first: dict[Dates, tuple[int, str]]) -> str:
    day, month = first[Dates.DAY_FIRST], first[Dates.MONTH_FIRST]
    return _(
        "The dates contradict each other: in row %(day_row)d the day comes first (%(day)s), in row %(month_row)d the"
        " month (%(month)s). Export the file again and do not save it with a spreadsheet program."
    ) % {"day_row": day[0], "day": day[1], "month_row": month[0], "month": month[1]}


# --- Reading ----------------------------------------------------------------------------------------------------------


def cleaned(cell: str) -> str:
    """Return a cell without what keeps it whole in Excel: TABs, spaces of any kind, unseen characters; `-` is empty."""
    bare = cell.strip() if cell.isascii() else _UNSEEN.sub("", cell)
    return "" if bare in _NOTHING else bare


class ForeignReader(FlatReader):
    """Reads the orders of another platform's file into one shop."""

    def __init__(self, layout: Layout, header: Header, shop: Shop) -> None:
        super().__init__(layout, header, shop)
        self.currency, self.places, self.layout = shop.currency, header.places, layout
        own = {(column.of, column.field): column.name for column in layout.columns}
        self.named = {ours.name: own[place] for place, ours in _OURS.items() if place in own}
        self.needed_of_order, self.needed_of_line = (
            {column.name: column.field for column in layout.columns if column.required and column.of is of}
            for of in (Of.ORDER, Of.LINE)
        )

    def reading(self, rows: list[Row]) -> ForeignReading:
        """Begin to read one order."""
        return ForeignReading(self, rows)

    def readers(self, layout: Layout, shop: Shop) -> dict[As, cells.Reader]:
        """Return the readers of the kinds of cells, in the ways in which platforms write them."""
        own = super().readers(layout, shop) | {
            As.MONEY: cells.amount(shop.currency, whole=True),
            As.SIGNED: cells.amount(shop.currency, signed=True, whole=True),
            As.TIME: cells.local_time(shop.zone, layout.dates),
            As.TALLY: _tally,
        }
        return {kind: _bare(reader) for kind, reader in own.items()}

    def reader_of(self, column: Column, readers: dict[As, cells.Reader]) -> cells.Reader:
        """Return what reads the cells of one column; texts that are too long are cut, private ones are refused."""
        if column.meanings is not None:
            return _bare(cells.meaning(column.meanings, column.otherwise))
        if column.kind is As.TEXT and not column.private:
            return cells.cut(column.limit)
        return super().reader_of(column, readers)

    def has(self, *names: str) -> bool:
        """Say whether the file has all of these columns."""
        return self.places.keys() >= {*names}


def _bare(reader: cells.Reader) -> cells.Reader:
    def read(cell: str) -> Any:
        return reader(cell.lstrip("'").strip() if cell[:1] == "'" else cell)

    return read


def _tally(cell: str) -> int:
    found: int = 0 if cell.strip("0.") == "" else cells.count(cell)
    return found


class ForeignReading(Reading):
    """The reading of one order of another platform; `shape` is each platform's own."""

    clean = staticmethod(cleaned)
    reader: ForeignReader

    def __init__(self, reader: FlatReader, rows: list[Row]) -> None:
        self._refused: set[tuple[int, str]] = set()
        super().__init__(reader, rows)

    def refuse(self, row: int, column: str, value: str, message: str) -> None:
        """Note one reason, once a cell, under the name that the column has in the file."""
        column = self.reader.named.get(column, column)
        if (row, column) not in self._refused:
            self._refused.add((row, column))
            super().refuse(row, column, value, message)

    def number_lines(self, lines: list[LineRead], field: str = "") -> None:
        """Number the lines by a field of theirs, by their places without one; a second of the same gets `-2`."""
        seen: dict[str, int] = {}
        for place, line in enumerate(lines, 1):
            name = line.values.get(field) or str(place)
            seen[name] = seen.get(name, 0) + 1
            line.values["number"] = name if seen[name] == 1 else f"{name[:60]}-{seen[name]}"

    def know_buyer(self, values: dict[str, Any]) -> None:
        """Keep the buyer's id if it is one; who is masked or not named is a buyer of this one order."""
        uid = values.get("buyer_uid", "")
        if not uid or "*" in uid or privacy.is_masked(uid):
            # By the number as it was read: an apostrophe before it would make somebody else of them.
            values["buyer_uid"] = anonymous_buyer(values["number"])

    def pay(self, values: dict[str, Any], amount: Decimal, method: PaymentMethod, number: str = "") -> None:
        """Say that the order was paid by one payment; an order of nothing needs none."""
        values.setdefault("payment_method", method)
        if amount > 0:
            values["payments"] = [PaymentFacts(method, amount, values.get("paid_at"), number)]

    def told(self, amount: Decimal) -> str:
        """Write an amount as people read it."""
        return money.text(amount, self.reader.currency)

    def note(self, message: str) -> None:
        """Keep something worth a note about this order."""
        if message not in self.notes:
            self.notes.append(message)

    def facts(self, values: dict[str, Any], lines: list[LineRead], currency: str) -> OrderFacts:
        """Put the values together; say which texts had to be cut."""
        told = [values, *(line.values for line in lines), *(line.parcel for line in lines)]
        texts = (value for one in told for value in one.values() if isinstance(value, str))
        for column in self.columns.values() if any(text[-1:] == "…" for text in texts) else ():
            if column.kind is As.TEXT and any(_was_cut(one.get(column.field), column.limit) for one in told):
                self.note(_("The text in “%(column)s” was cut at %(limit)d characters.") % _limits(column))
        return super().facts(values, lines, currency)

    def explained(self, facts: OrderFacts) -> bool:
        """Say whether the file may leave a large part of the total unexplained."""
        return facts.stage == Status.CANCELLED

    def check(self, facts: OrderFacts, total: Decimal | None) -> None:
        """Book what the columns do not explain of the total as adjustment, with a note; refuse it when it is large."""
        rest = ZERO if total is None else total - facts.total_amount
        if rest and total is not None:
            if abs(rest) > _REST * max(total, facts.total_amount) and not self.explained(facts):
                super().check(facts, total)
                return
            facts.adjustment += rest
            note = _("%(rest)s of the order's amount %(total)s are in no column and were booked as adjustment.")
            self.note(note % {"rest": self.told(rest), "total": self.told(total)})
        super().check(facts, total)


def _was_cut(value: Any, limit: int) -> bool:
    return isinstance(value, str) and len(value) == limit and value.endswith("…")


def _limits(column: Column) -> dict[str, Any]:
    return {"column": column.name, "limit": column.limit}
