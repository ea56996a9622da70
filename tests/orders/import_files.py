"""Files to import: an order of one line that is right in every column, and tables built from changes of it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from orders.imports import Report, import_file
from orders.models import Order
from sellercenter.models import Event, Shop, ShopPolicy
from sellercenter.permissions import SYSTEM

RIGHT = {
    "order_no": "A1",
    "status": "to_ship",
    "placed_at": "2026-03-01 10:00:00",
    "paid_at": "2026-03-01 10:05:00",
    "buyer_id": "b-1",
    "payments": "card=20.00",
    "line_no": "1",
    "product_no": "p-1",
    "product_title": "Mug",
    "quantity": "2",
    "unit_price": "10.00",
}


def open_shop(code: str = "north", currency: str = "CNY", time_zone: str = "Asia/Shanghai") -> Shop:
    """Open a shop that has a policy and nothing else."""
    shop = Shop.objects.create(code=code, name=code, currency=currency, time_zone=time_zone)
    ShopPolicy.objects.create(shop=shop)
    return shop


def row(**changes: str) -> dict[str, str]:
    """Return a right row with some cells changed."""
    return RIGHT | changes


def text(*rows: dict[str, str], delimiter: str = ",") -> str:
    """Write rows as a table; columns are those that any row has."""
    names = list(dict.fromkeys(name for one in rows for name in one))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def csv_file(
    folder: Path, *rows: dict[str, str], name: str = "orders.csv", encoding: str = "utf-8", **how: str
) -> Path:
    """Write rows into a CSV file."""
    path = folder / name
    path.write_bytes(text(*rows, **how).encode(encoding))
    return path


def xlsx_file(folder: Path, *rows: dict[str, Any], name: str = "orders.xlsx") -> Path:
    """Write rows into a workbook, each value with its own type."""
    book = Workbook()
    sheet = book.active
    names = list(dict.fromkeys(name for one in rows for name in one))
    sheet.append(names)
    for one in rows:
        sheet.append([one.get(name) for name in names])
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # openpyxl would make a formula of a leading equals sign
    book.save(folder / name)
    return folder / name


def take(shop: Shop, path: Path, **how: Any) -> Report:
    """Import a file as the system."""
    return import_file(shop, path, by=SYSTEM, **how)


def counts(report: Report) -> tuple[int, int, int, int]:
    """Return how many orders were new, changed, unchanged and rejected."""
    return report.new.orders, report.changed.orders, report.unchanged.orders, report.rejected.orders


def refusals(report: Report) -> list[tuple[int, str, str]]:
    """Return row, column and message of each line of the error file."""
    with open(report.errors, encoding="utf-8-sig", newline="") as file:
        return [(int(line["row"]), line["column"], line["message"]) for line in csv.DictReader(file)]


def nothing_written() -> bool:
    """Say whether there is neither an order nor a word of history."""
    return not Order.objects.exists() and not Event.objects.exists()
