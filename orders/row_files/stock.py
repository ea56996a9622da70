"""Counts of stock from large files: read and judged as on the page for counts, entered a thousand at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import OperationalError
from django.utils.translation import gettext_lazy

from orders import inventory, stock_counts
from orders.imports import cells
from orders.row_files.columns import identifier
from orders.stock_counts import Cells, Told
from sellercenter.locks import once_more, too_busy
from sellercenter.permissions import Perm
from sellercenter.row_imports import Column, Fate, Refusal, RowFile, Said, Verdict, Work, alone

_CHUNK = 1000


class _Counts(Work):
    """The counts of one file."""

    together = True
    _twice: dict[int, list[int]]

    def survey(self, rows: Iterable[Said]) -> None:
        """Find the SKUs that several rows count, so that none of these is taken."""
        self._twice = stock_counts.counted_twice(self._counting(rows))

    def _counting(self, rows: Iterable[Said]) -> Iterator[tuple[int, int]]:
        rest = iter(rows)
        while chunk := list(islice(rest, _CHUNK)):
            told = list(map(_cells, chunk))
            yield from stock_counts.counting(told, stock_counts.skus_named(self.shop, {name for _row, name, _ in told}))

    def take(self, records: Sequence[list[Said]]) -> Iterator[Verdict]:
        """Count all SKUs of a chunk at once, or one by one when somebody keeps one of them."""
        told = [_cells(said) for [said] in records]
        known = stock_counts.skus_named(self.shop, {name for _row, name, _said in told})
        judged = list(stock_counts.judged(told, known, self._twice))
        if self.dry_run:
            yield from map(_foreseen, judged)
            return
        try:
            met = self._count([one for one in judged if one.changes])
        except OperationalError as error:
            if not too_busy(error):
                raise
            yield from (self._alone(one) for one in judged)
            return
        yield from (met.get(one.row) or _foreseen(one) for one in judged)

    def _alone(self, one: Told) -> Verdict:
        return alone(lambda: self._count([one])[one.row]) if one.changes else _foreseen(one)

    def _count(self, told: Sequence[Told]) -> dict[int, Verdict]:
        """Enter counts, and return what each row met under the lock of its SKU."""
        rows = {one.sku.pk: one for one in told if one.sku}
        counts = {sku: one.counted for sku, one in rows.items() if one.counted is not None}
        met: dict[int, Verdict] = {}
        for one in once_more(inventory.count_many)(self.shop, counts, reason="", by=self.by) if counts else ():
            if one.refused:
                met[rows[one.sku_id].row] = Refusal(stock_counts.below(one.reserved), "on_hand")
            else:
                met[rows[one.sku_id].row] = _fate(first=one.began, changed=one.changed)
        return met


def _cells(said: Said) -> Cells:
    named: Any = said.values.get("sku") or said.values.get("sku_id") or ""
    return said.row, named, said.values.get("on_hand", "")


def _foreseen(one: Told) -> Verdict:
    """Say what a row does to the stock as it was read."""
    if one.problem:
        return Refusal(one.problem, "on_hand" if one.sku and one.counted is None else "")
    return _fate(first=one.before is None, changed=one.changes)


def _fate(*, first: bool, changed: bool) -> Fate:
    return Fate.UNCHANGED if not changed else Fate.NEW if first else Fate.CHANGED


COUNTS = RowFile(
    code="stock_counts",
    label=gettext_lazy("Stock counts"),
    records=gettext_lazy("SKUs"),
    permission=Perm.STOCK_EDIT,
    columns=(
        Column("sku", identifier, stock_counts.NAMES["sku"]),
        Column("sku_id", identifier, stock_counts.NAMES["sku_id"]),
        Column("on_hand", lambda _shop: cells.text(40), stock_counts.NAMES["on_hand"]),
    ),
    needs=(("sku", "sku_id"), ("on_hand",)),
    key=("sku", "sku_id"),
    work=_Counts,
    example={"sku": "TEA-250", "on_hand": "120"},
)
