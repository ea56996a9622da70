"""Exports of a whole shop: CSV against the bare COPY of the same SELECT, workbooks against openpyxl; their memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone
from openpyxl import Workbook

from deploy.places import PROJECT
from sellercenter.exports import find, making, statements
from sellercenter.models import FileForm, Shop
from tests.bench.figures import figure

# Twenty columns of every kind: numbers, words, times, amounts, masked data and free texts.
COLUMNS = (
    *("number", "status", "placed", "paid", "total", "paid_amount", "method", "freight", "refunded", "buyer_id"),
    *("buyer", "recipient", "phone", "province", "city", "address", "source", "payment", "shipped", "seller_note"),
)
# So many rows of openpyxl tell its pace.
_SAMPLE = 50_000
_CHILD = """
import re, sys, django
django.setup()
from tests.bench import exports
from sellercenter.models import Shop
exports.whole(Shop.objects.get(pk=int(sys.argv[1])), sys.argv[2], sys.argv[3])
print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""


def figures(shop: Shop) -> Iterator[dict[str, Any]]:
    """Measure both forms on twenty columns, and on those that are chosen when nobody chooses."""
    rows = shop.orders.count()  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        target = Path(folder)
        yield from _csv(shop, rows, target, "20 columns", COLUMNS)
        yield from _xlsx(shop, rows, target, "20 columns", COLUMNS)
        yield from _csv(shop, rows, target, "columns of the list, items and parcels among them", ())
        for form in FileForm:
            peak, shell = (_memory(shop, form, target, only) for only in ("all", "none"))
            yield figure(f"export {form}: peak memory of the process", peak, "MB", target=300)
            yield figure(f"export {form}: memory beyond an empty export", peak - shell, "MB")


def plan(shop: Shop, form: str, columns: Sequence[str], query: str = "") -> making.Plan:
    """Return the plan of an export of all orders."""
    source = find("orders")
    layout = source.layout("orders")
    chosen = layout.named(columns)
    return making.Plan(shop, source, layout, chosen, query, 0, FileForm(form), False, "bench", timezone.now())


def whole(shop: Shop, form: str, folder: str) -> None:
    """Write everything; for a process of its own."""
    query = "number=none-such" if folder.startswith("none:") else ""
    making.write(
        plan(shop, form, COLUMNS, query), Path(folder.removeprefix("none:")) / f"whole.{form}", lambda *_told: None
    )


def _csv(shop: Shop, rows: int, folder: Path, name: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    wanted = plan(shop, "csv", columns)
    asked = statements.values(wanted.ordered(wanted.rows()), wanted.columns)
    composed = statements.as_csv(asked, shop)
    bare = f"COPY {asked.sql} TO STDOUT (FORMAT csv)"
    best = {"ours": 0.0, "composed": 0.0, "bare": 0.0}
    for _round in range(3):
        taken = {
            "bare": _copied(shop, bare, asked.params, folder),
            "composed": _copied(shop, composed, asked.params, folder),
            "ours": _written(wanted, folder),
        }
        best = {what: max(best[what], rows / seconds) for what, seconds in taken.items()}
    # What is asked of other tables row by row, such as items, has no target: the database alone takes that long.
    pace = 100_000 if columns else None
    yield figure(f"export CSV, {name}", best["ours"], "rows/s", target=pace, more=True)
    yield figure(
        f"export CSV, {name}: against COPY of the same SELECT",
        best["ours"],
        "rows/s",
        best["composed"],
        target=0.85,
        more=True,
    )
    yield figure(f"export CSV, {name}: against COPY of bare values", best["ours"], "rows/s", best["bare"], more=True)


def _xlsx(shop: Shop, rows: int, folder: Path, name: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    wanted = plan(shop, "xlsx", columns)
    ours, theirs = 0.0, 0.0
    for _round in range(2):
        theirs = max(theirs, _openpyxl(wanted, folder))
        ours = max(ours, rows / _written(wanted, folder))
    yield figure(f"export XLSX, {name}: against openpyxl", ours, "rows/s", theirs, target=6, more=True)


def _written(wanted: making.Plan, folder: Path) -> float:
    start = time.perf_counter()
    made, rows, _as_of = making.write(wanted, folder / f"ours.{wanted.form}", lambda *_told: None)
    print(f"# {made.path.name}: {rows:,} rows, {made.size / 1e6:.0f} MB", file=sys.stderr, flush=True)
    return time.perf_counter() - start


def _copied(shop: Shop, sql: str, params: Any, folder: Path) -> float:
    """Let the database write straight into a file, as the floor."""
    start = time.perf_counter()
    with (
        making.snapshot(shop) as shot,
        (folder / "floor.csv").open("wb") as file,
        shot.wrapper.cursor() as cursor,
        cursor.copy(sql, params) as copy,
    ):
        for piece in copy:
            file.write(piece)
    return time.perf_counter() - start


def _openpyxl(wanted: making.Plan, folder: Path) -> float:
    """Return how many of the same rows openpyxl writes in a second, from a cursor and typed."""
    asked = statements.values(wanted.ordered(wanted.rows()), wanted.columns)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("orders")
    start, count = time.perf_counter(), 0
    with making.snapshot(wanted.shop) as shot, shot.wrapper.chunked_cursor() as cursor:
        cursor.itersize = 2000
        cursor.execute(f"SELECT * FROM {asked.sql} AS rows", asked.params)
        for row in islice(cursor, _SAMPLE):
            sheet.append([value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value for value in row])
            count += 1
    book.save(folder / "theirs.xlsx")
    return count / (time.perf_counter() - start)


def _memory(shop: Shop, form: str, folder: Path, only: str) -> float:
    """Return the most memory of a process that writes everything, or nothing, in MB."""
    place = f"none:{folder}" if only == "none" else str(folder)
    command = [sys.executable, "-c", _CHILD, str(shop.pk), form, place]
    assert connection.settings_dict["NAME"]
    said = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    return int(said.split()[-1]) / 1024
