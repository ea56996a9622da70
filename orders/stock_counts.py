"""Counts of stock from a file: what each row says, what it would change, and why it can't.

Nothing is written here. What a person has looked at travels through their browser sealed, so that exactly this is
counted when they agree, in one go.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core import signing
from django.db.models import Q
from django.utils.translation import gettext as _

from orders.inventory import MOST_ON_HAND
from orders.models import Sku
from sellercenter.imports import Header, Row, UnreadableFile, first_rows, open_table, resolve, squeezed
from sellercenter.lifecycle import Refused
from sellercenter.models import Shop

MOST_ROWS = 10_000
MOST_BYTES = 10 << 20
# As long as somebody may look at what would change.
_KEPT_SECONDS = 3600
NAMES = {
    "sku": ("sku", "seller sku", "merchant sku", "sku code", "code", "商家编码", "货号", "商家SKU"),
    "sku_id": ("sku id", "sku no", "sku number", "platform sku", "SKU编号", "规格编码"),
    "on_hand": (
        "on hand",
        "stock",
        "quantity",
        "qty",
        "count",
        "counted",
        "units",
        "库存",
        "现货库存",
        "数量",
        "盘点数量",
    ),
}
_COLUMNS = {squeezed(name): column for column, names in NAMES.items() for name in names}

# A row's number, the SKU that it names, and what it says of it.
Cells = tuple[int, str, str]


@dataclass(frozen=True)
class Told:
    """One row of the file: what it names, what it would do, or the `problem` that keeps it from doing it."""

    row: int
    name: str
    said: str
    sku: Sku | None = None
    counted: int | None = None
    problem: str = ""

    @property
    def before(self) -> int | None:
        """Return the units on hand when the file was read; None for a SKU that nobody had counted."""
        return self.sku.on_hand if self.sku and self.sku.tracked else None

    @property
    def changes(self) -> bool:
        """Say whether the row would change anything."""
        return not self.problem and self.sku is not None and (not self.sku.tracked or self.sku.on_hand != self.counted)


def read(shop: Shop, path: Path) -> list[Told]:
    """Return what each row of a CSV or XLSX file says of the shop's stock; raises UnreadableFile."""
    with open_table(path) as table:
        header = _header(first_rows(table))
        cells = []
        for number, row in table.rows():
            if number > header.row:
                cells.append((number, _text(row, header, "sku", "sku_id"), _text(row, header, "on_hand")))
            if len(cells) > MOST_ROWS:
                raise UnreadableFile(_("The file has more than %d rows. Split it.") % MOST_ROWS)
    if not cells:
        raise UnreadableFile(_("There is no row below the head of the table."))
    known = skus_named(shop, {name for _row, name, _said in cells})
    return list(judged(cells, known, counted_twice(counting(cells, known))))


def seal(shop: Shop, told: Iterable[Told]) -> str:
    """Return the counts that change something, each with the stock before, as text that only this shop can open."""
    counts = [[one.sku.pk, one.counted, one.before] for one in told if one.changes and one.sku]
    return signing.dumps(counts, salt=_salt(shop), compress=True)


def unseal(shop: Shop, text: str) -> tuple[dict[int, int], dict[int, int | None]]:
    """Return the counts and the stocks seen beside them, each by SKU id; raises Refused when too old or not ours."""
    try:
        counts: list[Any] = signing.loads(text, salt=_salt(shop), max_age=_KEPT_SECONDS)
    except signing.BadSignature:
        raise Refused(_("What you looked at is too old. Upload the file again."), "counts_gone") from None
    return {sku: counted for sku, counted, _before in counts}, {sku: before for sku, _counted, before in counts}


def _salt(shop: Shop) -> str:
    return f"stock-counts-and-before-{shop.pk}"


def _header(rows: list[Row]) -> Header:
    """Find the row that names a SKU column and the column of counts."""
    for number, cells in rows:
        known = {_COLUMNS.get(squeezed(cell)) for cell in cells}
        if "on_hand" in known and known & {"sku", "sku_id"}:
            return resolve(number, cells, _COLUMNS)
    raise UnreadableFile(_("The table needs a column “SKU” and a column “On hand” in its first rows."))


def _text(row: list[str], header: Header, *columns: str) -> str:
    """Return the first of these cells that holds something."""
    places = (header.places[column] for column in columns if column in header.places)
    found = (row[place].strip().strip("'").strip() for place in places if place < len(row))
    return next((text for text in found if text), "")


def skus_named(shop: Shop, names: set[str]) -> dict[str, list[Sku]]:
    """Return the shop's SKUs by their own codes and the platform's ids; several may share a code."""
    named = Sku.objects.for_shop(shop).filter(Q(code__in=names) | Q(number__in=names)).order_by("pk")
    found: dict[str, list[Sku]] = {}
    for sku in named.only("code", "number", "tracked", "on_hand", "reserved"):
        for name in {sku.code, sku.number} & names:
            found.setdefault(name, []).append(sku)
    return found


def counting(cells: Iterable[Cells], known: Mapping[str, Sequence[Sku]]) -> Iterator[tuple[int, int]]:
    """Yield the key of the SKU and the number of each row that names exactly one."""
    for row, name, _said in cells:
        if len(found := known.get(name, ())) == 1:
            yield found[0].pk, row


def counted_twice(counts: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Return the rows that count a SKU for each that several rows count, by its key; remembers one row of others."""
    first: dict[int, int] = {}
    twice: dict[int, list[int]] = {}
    for sku, row in counts:
        if first.setdefault(sku, row) != row:
            twice.setdefault(sku, [first[sku]]).append(row)
    return twice


def judged(
    cells: Iterable[Cells], known: Mapping[str, Sequence[Sku]], twice: Mapping[int, Sequence[int]]
) -> Iterator[Told]:
    """Say what each row does; of rows that count the same SKU none is taken, because nobody knows which is right."""
    for row, name, said in cells:
        skus, counted = known.get(name, ()), _number(said)
        sku = skus[0] if len(skus) == 1 else None
        problem = _problem(name, said, skus, counted)
        if sku and sku.pk in twice:
            rows = ", ".join(map(str, twice[sku.pk][:5]))
            problem = problem or _("The rows %s count the same SKU. Keep one of them.") % rows
        yield Told(row, name, said, sku, counted, problem)


def _problem(name: str, said: str, skus: Sequence[Sku], counted: int | None) -> str:
    """Say why a row can't be taken, or nothing."""
    if not name:
        return _("The SKU is missing.")
    if not skus:
        return _("No SKU of this shop has this code or id.")
    if len(skus) > 1:
        return _("%d SKUs share this code. Write the SKU id instead.") % len(skus)
    if counted is None:
        return _("“%s” is not a number of units.") % said[:40]
    if counted < skus[0].reserved:
        return below(skus[0].reserved)
    return ""


def below(reserved: int) -> str:
    """Say why a count that is less than what orders have reserved can't be taken."""
    return _("Orders have reserved %d units already. Cancel orders first, or count again.") % reserved


def _number(text: str) -> int | None:
    """Read a whole number, also one that a spreadsheet wrote with decimals or in full-width digits."""
    plain = unicodedata.normalize("NFKC", text)
    if not re.fullmatch(r"[0-9]{1,12}(\.0+)?", plain):
        return None
    number = int(plain.partition(".")[0])
    return number if number <= MOST_ON_HAND else None
