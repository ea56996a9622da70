"""The product's own layout, read: all rows of one order become facts, or every reason why they can't.

One row is one line; what is said of the order may stand on each of its rows and has to agree (docs/import-layout.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from django.utils.translation import gettext as _

from orders.facts import ZERO, LineFacts, OrderFacts, ParcelFacts, RecipientFacts
from orders.imports import cells
from orders.imports.flat_columns import FLAT_COLUMNS
from orders.imports.layout import As, Column, Layout, Of
from orders.states import ParcelStatus, Status
from sellercenter.imports import Header, Row, RowError
from sellercenter.models import Shop
from sellercenter.money import CURRENCIES

_CANCELLED_SPELLINGS = {"canceled": "cancelled"}
_NEEDED_OF_ORDER = {"order_no": "number", "status": "stage", "placed_at": "placed_at", "buyer_id": "buyer_uid"}
_NEEDED = {
    "line_no": "number",
    "product_no": "product_number",
    "product_title": "title",
    "quantity": "quantity",
    "unit_price": "unit_price",
}
_OF_PARCEL = {"shipped_at": "shipped_at", "delivered_at": "delivered_at", "parcel_status": "status"}
_RECIPIENT = ("name", "phone", "address", "postcode")
_LINE_DISCOUNTS = ("platform_discount", "seller_discount", "creator_discount", "payment_discount")
_SHARED = (*_LINE_DISCOUNTS, "freight_amount", "tax_amount")
_SENT = (Status.SHIPPED, Status.DELIVERED, Status.COMPLETED, Status.CANCELLED)
_VALUE_LENGTH = 100


class RejectedOrder(Exception):  # an answer, not an error
    """An order's rows can't become facts; holds one RowError for each reason."""

    def __init__(self, errors: list[RowError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


Cell = tuple[int, str, cells.Reader, Column]


class FlatReader:
    """Reads the orders of one file into one shop."""

    needed_of_order, needed_of_line = _NEEDED_OF_ORDER, _NEEDED

    def __init__(self, layout: Layout, header: Header, shop: Shop) -> None:
        self.width, self.notes = header.width, list[str]()
        self.columns = {column.name: column for column in layout.columns}
        self.key = header.places[layout.key]
        readers = self.readers(layout, shop)
        placed = [
            (header.places[column.name], column.field, self.reader_of(column, readers), column)
            for column in layout.columns
            if column.name in header.places
        ]
        self._order, self._line, self._parcel = (
            [cell for cell in placed if cell[3].of is part] for part in (Of.ORDER, Of.LINE, Of.PARCEL)
        )
        self._currency = shop.currency

    def __call__(self, rows: list[Row]) -> OrderFacts:
        """Return the facts of one order from all of its rows; raises RejectedOrder with every reason at once."""
        reading = self.reading(rows)
        self.notes = reading.notes
        if reading.errors:
            raise RejectedOrder(reading.errors)
        values = reading.order_values(self._order)
        lines = reading.lines(self._line, self._parcel)
        if not reading.errors:
            reading.shape(values, lines)
        if not reading.errors:
            facts = reading.facts(values, lines, self._currency)
        if reading.errors:
            raise RejectedOrder(reading.errors)
        return facts

    def reading(self, rows: list[Row]) -> Reading:
        """Begin to read one order."""
        return Reading(self, rows)

    def readers(self, layout: Layout, shop: Shop) -> dict[As, cells.Reader]:
        """Return the readers of the kinds of cells that need nothing but the shop."""
        amount, time = cells.amount(shop.currency), cells.time(shop.zone)
        return {
            As.EMAIL: cells.email,
            As.TIME: time,
            As.UNTIL: cells.until(shop.zone),
            As.MONEY: amount,
            As.SIGNED: cells.amount(shop.currency, signed=True),
            As.COUNT: cells.count,
            As.RATE: cells.rate,
            As.FLAG: cells.flag,
            As.YES: cells.yes_no,
            As.PAYMENTS: cells.payments(amount, time),
            As.CURRENCY: _currency(shop.currency),
        }

    def reader_of(self, column: Column, readers: dict[As, cells.Reader]) -> cells.Reader:
        """Return what reads the cells of one column."""
        if column.kind is As.ID:
            return cells.identifier(column.limit)
        if column.kind is As.TEXT:
            return cells.text(column.limit)
        if column.words is not None:
            return cells.word(column.words, **(_CANCELLED_SPELLINGS if column.words is Status else {}))
        return readers[column.kind]


FLAT = Layout("flat", FLAT_COLUMNS, "order_no", FlatReader)


def _currency(own: str) -> cells.Reader:
    def read(cell: str) -> str:
        code = cell.upper()
        if code not in CURRENCIES:
            raise cells.Unclear(_("This currency is not known. Write its three letters, like %s.") % own)
        if code != own:
            raise cells.Unclear(
                _("The shop keeps its orders in %(own)s, not in %(other)s.") % {"own": own, "other": code}
            )
        return code

    return read


class LineRead:
    """One line while it is read: where it stands, its own values, those of its parcel, and its parts in others."""

    __slots__ = ("parcel", "parts", "row", "values")

    def __init__(self, row: int, values: dict[str, Any], parcel: dict[str, Any]) -> None:
        self.row, self.values, self.parcel = row, values, parcel
        self.parts: list[LineRead] = []


class Reading:
    """The reading of one order; gathers every reason against it, and what is worth a note."""

    clean: Callable[[str], str] = staticmethod(str.strip)

    def __init__(self, reader: FlatReader, rows: list[Row]) -> None:
        self.reader, self.columns, self.width = reader, reader.columns, reader.width
        self.rows, self.errors, self.notes = rows, list[RowError](), list[str]()
        wide = self._fit() if _ragged(rows, reader.width) else ()
        # What stands where in a row that is too wide is not known: anywhere in it may be a private value.
        names = (row[reader.key].strip() for number, row in self.rows if number not in wide)
        self.number = next(names, "")
        for number in wide:
            self.refuse(number, "", "", _("The row has more cells than the header."))

    def _fit(self) -> list[int]:
        """Give each row as many cells as the header has; return the rows that have something beyond."""
        wide = [number for number, row in self.rows if any(map(str.strip, row[self.width :]))]
        self.rows = [(number, row[: self.width] + [""] * (self.width - len(row))) for number, row in self.rows]
        return wide

    def refuse(self, row: int, column: str, value: str, message: str) -> None:
        """Note one reason; a private value is not repeated."""
        found = self.columns.get(column)
        shown = "" if found and found.private else value[:_VALUE_LENGTH]
        self.errors.append(RowError(row, self.number[:_VALUE_LENGTH], column, shown, message))

    # --- Cells --------------------------------------------------------------------------------------------------------

    def read(self, number: int, row: list[str], wanted: Iterable[Cell]) -> dict[str, Any]:
        """Read the cells that say something; a hyphen says nothing."""
        values, clean = {}, self.clean
        for place, field, reader, column in wanted:
            cell = row[place]
            if not cell:
                continue
            cell = clean(cell)
            if not cell or cell == "-":
                continue
            try:
                values[field] = reader(cell)
            except cells.Unclear as error:
                self.refuse(number, column.name, cell, str(error))
        return values

    def order_values(self, wanted: list[Cell]) -> dict[str, Any]:
        """Read what is said of the order, once; other rows may repeat it or leave it out, never contradict it."""
        number, first = self.rows[0]
        values = self.read(number, first, wanted)
        for number, row in self.rows[1:]:
            differing = [cell for cell in wanted if row[cell[0]] != first[cell[0]]]
            if differing:
                self._agree(number, self.read(number, row, differing), values, differing)
        for name, field in self.reader.needed_of_order.items():
            if field not in values and not any(error.column == name for error in self.errors):
                self.refuse(self.rows[0][0], name, "", _("This column must not be empty."))
        return values

    def _agree(self, number: int, other: dict[str, Any], values: dict[str, Any], differing: list[Cell]) -> None:
        for _place, field, _reader, column in differing:
            value = other.get(field)
            if value is None:
                continue
            if values.setdefault(field, value) != value:
                self.refuse(
                    number,
                    column.name,
                    str(value),
                    _("The rows of this order disagree: row %(row)d says something else in the column “%(column)s”.")
                    % {"row": self.rows[0][0], "column": column.name},
                )

    # --- Lines --------------------------------------------------------------------------------------------------------

    def lines(self, own: list[Cell], parcel: list[Cell]) -> list[LineRead]:
        """Read the lines; an order of one row may have none."""
        found: list[LineRead] = []
        seen: dict[str, LineRead] = {}
        for number, row in self.rows:
            before = len(self.errors)
            line = LineRead(number, self.read(number, row, own), self.read(number, row, parcel))
            name = line.values.get("number")
            first = line if name is None else seen.setdefault(name, line)
            if first is not line and len(self.errors) == before and _is_part(first, line):
                first.parts.append(line)
                continue
            found.append(line)
            if not line.values and len(self.errors) == before and len(self.rows) == 1:
                return found
            if len(self.errors) == before:
                self._need(line)
            if first is not line:
                message = _("This line of the order is there already, in row %d.")
                self.refuse(number, "line_no", str(name), message % first.row)
        return found

    def _need(self, line: LineRead) -> None:
        if not line.values:
            self.refuse(line.row, "line_no", "", _("The order has several rows, so each of them needs a line."))
            return
        for name, field in self.reader.needed_of_line.items():
            if field not in line.values:
                self.refuse(line.row, name, "", _("A line needs a value in this column."))

    def shape(self, values: dict[str, Any], lines: list[LineRead]) -> None:
        """Turn what another platform's file says into the values of our own columns; here they are that already."""

    # --- Facts --------------------------------------------------------------------------------------------------------

    def facts(self, values: dict[str, Any], lines: list[LineRead], currency: str) -> OrderFacts:
        """Put the values together, work out what follows from them, and check that it adds up."""
        total = values.pop("total", None)
        values.setdefault("currency", currency)
        recipient = RecipientFacts(**{field: values.pop(field) for field in _RECIPIENT if field in values})
        facts = OrderFacts(**values, recipient=recipient)
        if lines[0].values:
            facts.lines = [self._line(line) for line in lines]
            if self.errors:
                return facts
            self._sum_up(facts, lines, values)
        self._ship(facts, lines)
        self._complete(facts)
        self.check(facts, total)
        return facts

    def _line(self, line: LineRead) -> LineFacts:
        values = line.values
        stated = values.pop("amount", None)
        facts = LineFacts(**values, amount=ZERO)
        discounts = facts.platform_discount + facts.seller_discount + facts.creator_discount + facts.payment_discount
        facts.amount = facts.unit_price * facts.quantity - discounts + facts.tax_amount
        if facts.amount < 0:
            self.refuse(line.row, "unit_price", str(facts.unit_price), _("The discounts are more than the line costs."))
        elif stated is not None and stated != facts.amount:
            self.refuse(
                line.row,
                "line_amount",
                str(stated),
                _("Price times quantity less discounts plus tax is %s, not this.") % facts.amount,
            )
        if (facts.creator_name or facts.commission_amount) and not facts.creator_number:
            self.refuse(line.row, "creator_id", "", _("A creator or a commission needs the creator's id."))
        return facts

    def _sum_up(self, facts: OrderFacts, lines: list[LineRead], stated: dict[str, Any]) -> None:
        """Take from the lines what is not said of the order; what is said must cover the lines."""
        goods = sum([line.unit_price * line.quantity for line in facts.lines], ZERO)
        if stated.get("goods_amount", goods) != goods:
            self.off("goods_amount", facts.goods_amount, _("The lines' goods make %s, not this.") % goods)
        facts.goods_amount = goods
        told = {*stated} | {field for line in lines for field in line.values}
        for field in told.intersection(_SHARED):
            parts = sum([getattr(line, field) for line in facts.lines], ZERO)
            if field not in stated:
                setattr(facts, field, parts)
            elif stated[field] < parts:
                self.off(field, stated[field], _("The lines alone make %s, which is more.") % parts)

    def off(self, field: str, value: Decimal | str, message: str) -> None:
        """Refuse what the column for a field of the order says."""
        found = sorted(
            (column.of is not Of.ORDER, name) for name, column in self.columns.items() if column.field == field
        )
        name = found[0][1] if found else ""
        self.refuse(self.rows[0][0], name, str(value), message)

    def check(self, facts: OrderFacts, total: Decimal | None) -> None:
        """Refuse what does not add up, or says half of something."""
        owed = facts.total_amount
        if owed < 0:
            self.off("total", owed, _("The discounts are more than the order costs: %s.") % owed)
        elif total is not None and total != owed:
            self.off("total", total, _("Goods less discounts plus freight, tax and fees make %s, not this.") % owed)
        if facts.refunded_amount and facts.refunded_amount > facts.paid_amount:
            message = _("More was refunded than the payments make: %s.") % facts.paid_amount
            self.off("refunded_amount", facts.refunded_amount, message)
        numbers = [payment.transaction_no for payment in facts.payments if payment.transaction_no]
        if len({*numbers}) < len(numbers):
            self.off("payments", ";".join(numbers), _("One transaction number stands there twice."))
        if (facts.abnormal_reason or facts.abnormal_at) and not facts.abnormal:
            self.off("abnormal", "", _("What is wrong with an order needs a word in this column."))

    # --- Parcels and times --------------------------------------------------------------------------------------------

    def _ship(self, facts: OrderFacts, lines: list[LineRead]) -> None:
        """Make the order's parcels from what its lines say; times alone, the same everywhere, are the order's own."""
        told = [line for line in lines if line.parcel]
        if not told:
            return
        times = {(line.parcel.get("shipped_at"), line.parcel.get("delivered_at")) for line in lines}
        bare = all(line.parcel.keys() <= {"shipped_at", "delivered_at"} for line in lines)
        if bare and (not facts.lines or (len(times) == 1 and facts.stage in _SENT)):
            facts.shipped_at, facts.delivered_at = times.pop()
        elif not facts.lines:
            facts.parcels = [_parcel(told[0].parcel, facts.stage)]
            facts.shipped_at, facts.delivered_at = facts.parcels[0].shipped_at, facts.parcels[0].delivered_at
        else:
            facts.parcels = self._parcels(told, facts.stage)

    def _parcels(self, lines: list[LineRead], stage: Status) -> list[ParcelFacts]:
        parcels: dict[tuple[Any, ...], ParcelFacts] = {}
        for line in chain.from_iterable((line, *line.parts) for line in lines):
            told, number, quantity = line.parcel, line.values["number"], line.values["quantity"]
            new = _parcel(told, stage)
            times = () if new.tracking_no else (new.shipped_at, new.delivered_at)
            parcel = parcels.setdefault((new.carrier, new.tracking_no, *times), new)
            self._same_parcel(line, parcel, new)
            sent = told.get("shipped_quantity", quantity)
            if sent > quantity:
                self.refuse(line.row, "shipped_quantity", str(sent), _("More is shipped than the line has."))
            parcel.contents[number] = parcel.contents.get(number, 0) + sent
        return [*parcels.values()]

    def _same_parcel(self, line: LineRead, parcel: ParcelFacts, other: ParcelFacts) -> None:
        for name, field in _OF_PARCEL.items():
            if getattr(parcel, field) != getattr(other, field):
                self.refuse(
                    line.row,
                    name,
                    str(getattr(other, field) or ""),
                    _("Another line says something else of the parcel %s.") % other.tracking_no,
                )

    @staticmethod
    def _complete(facts: OrderFacts) -> None:
        """Fill in the method of the largest payment, and for a cancelled order without a time the last one known."""
        if facts.payments and not facts.payment_method:
            facts.payment_method = max(facts.payments, key=lambda payment: payment.amount).method
        if facts.stage == Status.CANCELLED and facts.cancelled_at is None:
            known = (
                *(facts.placed_at, facts.paid_at, facts.reviewed_at, facts.cancel_requested_at),
                *(facts.shipped_at, facts.delivered_at),
            )
            facts.cancelled_at = max(time for time in known if time is not None)


def _is_part(first: LineRead, other: LineRead) -> bool:
    """Say whether a row tells of the same line once more because further units of it are in another parcel."""
    rows = [*(line.parcel for line in (first, *first.parts, other))]
    numbers = [row["tracking_no"] for row in rows if "tracking_no" in row]
    return (
        other.values == first.values
        and all("shipped_quantity" in row for row in rows)
        and sum(row["shipped_quantity"] for row in rows) <= first.values.get("quantity", 0)
        and len({*numbers}) == len(numbers)
    )


def _ragged(rows: list[Row], width: int) -> bool:
    return any(len(cells) != width for _number, cells in rows)


def _parcel(told: dict[str, Any], stage: Status) -> ParcelFacts:
    shipped: datetime | None = told.get("shipped_at")
    delivered: datetime | None = told.get("delivered_at")
    status = told.get("status")
    if status is None:
        if delivered or stage in (Status.DELIVERED, Status.COMPLETED):
            status = ParcelStatus.DELIVERED
        elif shipped or stage in (Status.PART_SHIPPED, Status.SHIPPED):
            status = ParcelStatus.IN_TRANSIT
        else:
            status = ParcelStatus.READY
    return ParcelFacts(told.get("carrier", ""), told.get("tracking_no", ""), status, shipped, delivered)
