"""The verb by which a file of orders comes in: read, checked, compared with what is stored, written in chunks."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.facts import OrderFacts
from orders.imports import changes
from orders.imports.digests import digest
from orders.imports.douyin import DOUYIN
from orders.imports.flat import FLAT, RejectedOrder
from orders.imports.layout import Layout
from orders.imports.pace import side_by_side
from orders.imports.shopify import SHOPIFY
from orders.imports.tiktok import TIKTOK
from orders.loading import Known, check, load, register_parties
from orders.models import (
    Buyer,
    Creator,
    Order,
    OrderLine,
    Parcel,
    ParcelLine,
    Payment,
    Product,
    Recipient,
    Sku,
)
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
)
from sellercenter.models import Event, Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.privacy import Unreadable

log = logging.getLogger(__name__)

LAYOUTS: tuple[Layout, ...] = (FLAT, TIKTOK, DOUYIN, SHOPIFY)
CHUNK = 1000
_LEARN_AFTER, _YOUNG = (1, 10), 100_000
_FILLED = (Order, OrderLine, Recipient, Payment, Parcel, ParcelLine, Buyer, Product, Sku, Creator, Event)
NOTES_KEPT = 1000
_TRIES = 3
# What PostgreSQL says of a lock that was waited for too long, of a deadlock, and of a conflict between transactions.
_BUSY = {"55P03", "40P01", "40001"}
# The classes of what it says when it hangs up; often it has no time to say anything.
_CUT = ("08", "57P")
# The classes of what it says when disk, memory or connections have run out, and when a disk fails.
_EXHAUSTED = ("53", "58")
_Done = TypeVar("_Done")


@dataclass
class Counts:
    """How many orders and lines of them met one fate."""

    orders: int = 0
    lines: int = 0

    def add(self, lines: int) -> None:
        """Count one order with so many lines."""
        self.orders += 1
        self.lines += lines


@dataclass
class Report:
    """What became of a file."""

    layout: str = ""
    dry_run: bool = False
    new: Counts = field(default_factory=Counts)
    changed: Counts = field(default_factory=Counts)
    unchanged: Counts = field(default_factory=Counts)
    rejected: Counts = field(default_factory=Counts)
    unknown_columns: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: str = ""
    error_rows: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values for JSON."""
        return asdict(self)

    def add(self, part: Report) -> None:
        """Add what became of a part of the file."""
        for mine, more in (
            *((self.new, part.new), (self.changed, part.changed)),
            *((self.unchanged, part.unchanged), (self.rejected, part.rejected)),
        ):
            mine.orders += more.orders
            mine.lines += more.lines
        self.notes += part.notes[: NOTES_KEPT - len(self.notes)]


@dataclass(slots=True)
class _Read:
    """One order of the file and the rows it came from."""

    rows: list[Row]
    facts: OrderFacts
    notes: list[str]


@dataclass(slots=True)
class _Bad:
    """The rows of an order that can't be read, and why."""

    rows: list[Row]
    errors: list[RowError]


def import_file(
    shop: Shop,
    path: Path,
    *,
    by: Actor,
    dry_run: bool = False,
    errors: Path | None = None,
    trusted: bool = False,
    progress: Callable[[Report], None] | None = None,
) -> Report:
    """Import a file of orders into the shop and return what became of them; may be repeated at any time.

    An order with a bad row is refused whole, its rows are listed in the file `errors` (default: beside the input), and
    the others go in, a thousand new ones per transaction and each changed one in its own: what is committed stays whole
    whatever happens later. Nothing is written, no report either, when UnreadableFile is raised; a dry run writes the
    report only. Trusted is an operator's own file, as `open_table` says.
    """
    by.require(Perm.IMPORTS_RUN)
    began = perf_counter()
    with open_table(path, trusted=trusted) as table:
        layout, header, notes = recognise(table)
        key = _key(header.places[layout.key])
        # This pass through the whole file also finds what can't be read, before anything is written.
        torn = scattered(_body(table, header), key)
        _same_currency(layout, shop)
        report = Report(layout.code, dry_run, unknown_columns=header.unknown, notes=notes)
        errors_file = ErrorReport(_writable(errors or path.with_name(f"{path.stem}.errors.csv")))
        importer = _Importer(shop, layout, header, by, dry_run, timezone.now())
        try:
            chunks = _chunks(table, header, key, torn)
            # Closed at once when `progress` ends it: whoever tells of the end finds nobody writing any more.
            with closing(side_by_side(importer.take, chunks)) as parts:
                for number, (part, refused) in enumerate(parts, 1):
                    report.add(part)
                    errors_file.add(refused)
                    if number in _LEARN_AFTER and report.new.orders and not dry_run:
                        _learn()
                    if progress:
                        progress(report)
        finally:
            errors_file.close()
    report.errors, report.error_rows = (str(errors_file.path), errors_file.rows) if errors_file.rows else ("", 0)
    report.seconds = round(perf_counter() - began, 3)
    return report


def _same_currency(layout: Layout, shop: Shop) -> None:
    """Refuse a file of a platform that pays in another currency than the shop; its amounts name none."""
    if layout.currency not in ("", shop.currency):
        told = {"theirs": layout.currency, "own": shop.currency}
        raise UnreadableFile(
            _("Files of this platform are in %(theirs)s, and the shop keeps its orders in %(own)s.") % told
        )


def _learn() -> None:
    """Let PostgreSQL look at its tables again while they are young.

    Into an empty database the checks of foreign keys are planned for empty tables, and that plan would stay for
    the whole session: the first import then takes the server three times as long as the next one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [Order._meta.db_table])
        if cursor.fetchone()[0] < _YOUNG:
            # Looking at one column is enough to know how many rows there are, and takes a fifth of the time.
            tables = ", ".join(f"{model._meta.db_table} ({model._meta.pk.column})" for model in _FILLED)
            cursor.execute(f"ANALYZE {tables}")


def _writable(path: Path) -> Path:
    """Refuse a place for the report before anything is written to the database."""
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise UnreadableFile(
            _("The list of refused rows can't be written to %s. Name another place with --errors.") % path
        )
    return path


def recognise(table: Table) -> tuple[Layout, Header, list[str]]:
    """Find the layout and the header row of a table, and what the whole table settles; raises UnreadableFile."""
    rows = first_rows(table)
    number, cells = next((row for row in rows if any(layout.recognises(row[1]) for layout in LAYOUTS)), rows[0])
    # Names overlap between platforms; the first of the layouts that know most of the header is meant.
    layout = max((layout for layout in LAYOUTS if layout.recognises(cells)), key=_fit(cells), default=LAYOUTS[0])
    header = resolve(number, cells, layout.names)
    missing = [name for name in layout.required if name not in header.places]
    if missing:
        raise UnreadableFile(
            _("Columns are missing: %(columns)s. See docs/import-layout.md.") % {"columns": ", ".join(missing)}
        )
    if layout.explained:
        header = _below_explanations(rows, header, header.places[layout.key])
    if layout.settle is None:
        return layout, header, []
    settled, notes = layout.settle(layout, header, _body(table, header))
    return settled, header, notes


def _fit(cells: Sequence[str]) -> Callable[[Layout], tuple[bool, int]]:
    return lambda layout: layout.match(cells)


def _below_explanations(rows: list[Row], header: Header, key: int) -> Header:
    """Return the header as if it ended with the rows right below it that explain it or repeat it.

    Where an order's number stands they have words: an order's number has a digit and no space within.
    """
    for number, cells in rows:
        if number > header.row:
            name = cells[key].strip() if key < len(cells) else ""
            if not name or (any(map(str.isdigit, name)) and not any(map(str.isspace, name))):
                break
            header = replace(header, row=number)
    return header


def _key(place: int) -> Callable[[list[str]], str]:
    """Return what names the order of a row, cleaned as ids are; rows without it belong to nobody."""

    def key(cells: list[str]) -> str:
        name = cells[place].strip().lstrip("'").strip() if place < len(cells) else ""
        return "" if name == "-" else name

    return key


def _body(table: Table, header: Header) -> Iterator[Row]:
    return (row for row in table.rows() if row[0] > header.row)


def _chunks(table: Table, header: Header, key: Callable[[list[str]], str], torn: bool) -> Iterator[list[list[Row]]]:
    """Yield orders, each with all of its rows, a thousand at a time."""
    rows = _body(table, header)
    if not torn:
        yield from portions((run for _name, run in adjacent(rows, key)), CHUNK)
        return
    with gathered(rows, key) as sorted_rows:
        yield from portions((run for _name, run in adjacent(sorted_rows, key)), CHUNK)


class _Importer:
    """Takes the orders of one file, chunk by chunk; travels to a second process by pickle."""

    def __init__(self, shop: Shop, layout: Layout, header: Header, by: Actor, dry_run: bool, now: datetime) -> None:
        self._made_of = (shop, layout, header, by, dry_run, now)
        self.shop, self.by, self.now = shop, by, now
        self.report, self.errors = Report(dry_run=dry_run), list[RowError]()
        self._reader = layout.reader(layout, header, shop)
        self.key_column = layout.key

    def __reduce__(self) -> tuple[type[_Importer], tuple[Any, ...]]:
        return _Importer, self._made_of

    def take(self, orders: Iterable[list[Row]]) -> tuple[Report, list[RowError]]:
        """Read a chunk, write what of it is new or changed, and return what became of it and which rows were bad."""
        self.report, self.errors = Report(dry_run=self.report.dry_run), []
        self._write([self._read(rows) for rows in orders])
        return self.report, self.errors

    def _write(self, chunk: list[_Read | _Bad]) -> None:
        """Write what of a chunk is new, in one transaction, and then what is changed, order by order."""
        for bad in chunk:
            if isinstance(bad, _Bad):
                self._reject(bad.rows, bad.errors)
        found = [read for read in chunk if isinstance(read, _Read)]
        stored = self._stored(found)
        new = [read for read in found if read.facts.number not in stored]
        other = []
        for read in found:
            if stored.get(read.facts.number) == read.facts.digest:
                self._count(self.report.unchanged, read)
            elif read.facts.number in stored:
                other.append(read)
        if not new and not other:
            return
        known = self._register(new)
        self._insert(new, known)
        # Each order changes in a transaction of its own: whoever needs its row waits no longer than that takes.
        for read in other:
            self._update(read)

    def _register(self, new: Sequence[_Read]) -> Known | None:
        """Write what new orders share with others; nothing when that fails, for then each order goes in by itself.

        In a transaction of its own: the other process must not wait for our orders to get at a product.
        """
        if not new or self.report.dry_run:
            return None
        try:
            with transaction.atomic():
                return register_parties(self.shop, [read.facts for read in new])
        except (DatabaseError, ValueError) as error:
            _reraise_lost_connection(error)
            return None

    def _read(self, rows: list[Row]) -> _Read | _Bad:
        try:
            facts = self._reader(rows)
        except RejectedOrder as rejected:
            return _Bad(rows, rejected.errors)
        facts.digest = digest(facts, shop_id=self.shop.pk)
        return _Read(rows, facts, self._reader.notes)

    def _stored(self, found: Sequence[_Read]) -> dict[str, bytes]:
        """Return the digests under which the shop has these orders already."""
        numbers = [read.facts.number for read in found]
        # As one JSON text: a thousand parameters take psycopg longer than the query takes PostgreSQL.
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT number, import_digest FROM {Order._meta.db_table} "
                "WHERE shop_id = %s AND number IN (SELECT json_array_elements_text(%s))",
                [self.shop.pk, json.dumps(numbers, ensure_ascii=False)],
            )
            return {number: bytes(stored) for number, stored in cursor}

    def _insert(self, new: list[_Read], known: Known | None) -> None:
        """Write new orders all at once; when one of them can't be, one by one, so that its neighbours get in."""
        if self.report.dry_run:
            for read in new:
                self._check(read)
            return
        try:
            _patiently(lambda: load(self.shop, [read.facts for read in new], by=self.by, now=self.now, known=known))
        except (DatabaseError, ValueError) as error:
            _reraise_lost_connection(error)
            for read in new:
                self._insert_alone(read)
            return
        for read in new:
            self._count(self.report.new, read)

    def _check(self, read: _Read) -> None:
        """Count one new order of a dry run as loading it would."""
        try:
            check(read.facts)
        except ValueError as error:
            self._fail(read, error)
            return
        self._count(self.report.new, read)

    def _insert_alone(self, read: _Read) -> None:
        """Write one new order in a savepoint of its own; somebody else may have written it meanwhile."""
        try:
            _patiently(lambda: load(self.shop, [read.facts], by=self.by, now=self.now))
        except Exception as error:  # the documented fallback: one order must not take its neighbours along
            _reraise_lost_connection(error)
            stored = self._stored([read]).get(read.facts.number)
            if stored is None:
                self._fail(read, error)
            elif stored == read.facts.digest:
                self._count(self.report.unchanged, read)
            else:
                self._update(read)
            return
        self._count(self.report.new, read)

    def _update(self, read: _Read) -> None:
        """Bring one stored order up to the file, in a transaction of its own."""
        try:
            change = _patiently(lambda: self._change(read.facts))
        except (DatabaseError, ValueError, Unreadable) as error:
            _reraise_lost_connection(error)
            self._fail(read, error)
            return
        self._count(self.report.changed if change.changed else self.report.unchanged, read, change.notes)

    def _change(self, facts: OrderFacts) -> changes.Change:
        if not self.report.dry_run:
            return changes.update(self.shop, facts, by=self.by, now=self.now)
        with transaction.atomic():
            change = changes.update(self.shop, facts, by=self.by, now=self.now)
            transaction.set_rollback(True)
        return change

    def _count(self, fate: Counts, read: _Read, notes: Sequence[str] = ()) -> None:
        """Count one order, and keep what is worth a note about it unless it is here just as it was read."""
        fate.add(len(read.facts.lines))
        told = [*notes] if fate is self.report.unchanged else [*read.notes, *notes]
        room = NOTES_KEPT - len(self.report.notes)
        self.report.notes += [f"{read.facts.number}: {note}" for note in told][:room]

    def _fail(self, read: _Read, error: Exception) -> None:
        log.warning("an order of shop %s was refused by %s", self.shop.code, type(error).__name__)
        if _is_busy(error):
            self._refuse(read, _("Somebody is working on this order. Import the file again."))
            return
        # A message of the database may repeat private values, one of ours never does.
        reason = str(error) if isinstance(error, ValueError) else _constraint(error)
        self._refuse(read, _("The order can't be stored: %s.") % reason)

    def _refuse(self, read: _Read, message: str, column: str = "", value: str = "") -> None:
        first = read.rows[0][0]
        self._reject(read.rows, [RowError(first, read.facts.number, column or self.key_column, value, message)])

    def _reject(self, rows: list[Row], errors: list[RowError]) -> None:
        """List every row of a refused order: the bad ones with their reasons, the others with where to look."""
        bad = {error.row for error in errors}
        also = _("Not imported, because row %d of the same order was refused.") % min(bad)
        record = errors[0].record
        others = [RowError(number, record, "", "", also) for number, _cells in rows if number not in bad]
        self.report.rejected.add(len(rows))
        self.errors += sorted([*errors, *others], key=lambda error: error.row)


def _patiently(work: Callable[[], _Done]) -> _Done:
    """Do the work, again when a lock was in the way or the line was cut; raises what the last try raised."""
    for _try in range(_TRIES - 1):
        try:
            return work()
        except OperationalError as error:
            # Django has connected anew by now if it could; inside a transaction it could not.
            if not (_is_busy(error) or (_was_cut(error) and connection.is_usable())):
                raise
    return work()


def _is_busy(error: Exception) -> bool:
    return _sqlstate(error) in _BUSY


def _was_cut(error: Exception) -> bool:
    return _sqlstate(error).startswith(_CUT) or not _sqlstate(error)


def _sqlstate(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _reraise_lost_connection(error: Exception) -> None:
    """Go on only when the database is there and has room: without it every order would seem to be bad."""
    if not isinstance(error, OperationalError | InterfaceError):
        return
    if _sqlstate(error).startswith(_EXHAUSTED) or not connection.is_usable():
        raise error


def _constraint(error: Exception) -> str:
    """Name the rule that was broken, without the values that broke it."""
    cause = error.__cause__
    name = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return str(name or type(error).__name__)
