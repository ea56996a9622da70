"""TikTok Shop files to import, built from the header that each site's export really has."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from pathlib import Path

from openpyxl import Workbook

from sellercenter.models import Shop
from tests.orders.import_files import open_shop
from tests.real.olist import FOLDER

HEADERS = FOLDER / "headers"

# Currency, zone, the site's way to write 13 March 2026, 8 and 8:05, and what UTC calls that.
SITES = {
    "us": ("USD", "America/New_York", "03/13/2026 8:00:00 AM", "03/13/2026 8:05:00 AM", 12),
    "vn": ("VND", "Asia/Ho_Chi_Minh", "13/03/2026 08:00:00", "13/03/2026 08:05:00", 1),
    "my": ("MYR", "Asia/Kuala_Lumpur", "13/03/2026 08:00:00", "13/03/2026 08:05:00", 0),
    "th": ("THB", "Asia/Bangkok", "13/03/2026 08:00:00", "13/03/2026 08:05:00", 1),
    "id": ("IDR", "Asia/Jakarta", "13/03/2026 08:00:00", "13/03/2026 08:05:00", 1),
}
# An order of two SKUs: its amount and its freight stand on both rows.
ORDER = {
    "Order ID": "576486316948490001",
    "Order Status": "To ship",
    "Order Substatus": "Awaiting shipment",
    "Normal or Pre-order": "Normal",
    "SKU ID": "1729000000000000001",
    "Seller SKU": "MUG-R",
    "Product Name": "Mug",
    "Variation": "Red",
    "Quantity": "2",
    "Sku Quantity of return": "0",
    "SKU Unit Original Price": "10",
    "SKU Subtotal Before Discount": "20",
    "SKU Platform Discount": "3",
    "SKU Seller Discount": "2",
    "SKU Subtotal After Discount": "15",
    "Shipping Fee After Discount": "4",
    "Original Shipping Fee": "9",
    "Shipping Fee Seller Discount": "1",
    "Shipping Fee Platform Discount": "4",
    "Payment platform discount": "1",
    "Taxes": "2",
    "Order Amount": "25",
    "Order Refund Amount": "0",
    "Created Time": "13/03/2026 08:00:00",
    "Paid Time": "13/03/2026 08:05:00",
    "Buyer Username": "tea.lover",
    "Recipient": "J***",
    "Phone #": "(+60)172****54",
    "Detail Address": "****",
    "Payment Method": "Credit card",
}
SECOND = {
    "SKU ID": "1729000000000000002",
    "Seller SKU": "TEA",
    "Product Name": "Tea",
    "Variation": "Default",
    "Quantity": "1",
    "SKU Unit Original Price": "5",
    "SKU Subtotal Before Discount": "5",
    "SKU Platform Discount": "0",
    "SKU Seller Discount": "0",
    "SKU Subtotal After Discount": "5",
}
EXPLANATION = {
    "Order ID": "Platform unique order ID.",
    "Order Status": "Current order status.",
    "SKU ID": "Platform SKU ID.",
    "Quantity": "SKU sold quantity in the order.",
}
_TAILED = ("ID", "Time")


def present() -> bool:
    """Say whether the headers are there."""
    return HEADERS.is_dir()


def header(site: str) -> list[str]:
    """Return the names of the columns in the order in which a site's file has them."""
    (found,) = HEADERS.glob(f"tiktok_shop_{site}_orders*.csv.gz")
    with gzip.open(found, "rt", encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))


def order(**changes: str) -> dict[str, str]:
    """Return the first row of the order with some cells changed; words are divided by `_` instead of spaces."""
    return ORDER | {name.replace("_", " "): value for name, value in changes.items()}


def lines(first: dict[str, str], **changes: str) -> list[dict[str, str]]:
    """Return both rows of an order whose first row is given."""
    return [first, first | SECOND | {name.replace("_", " "): value for name, value in changes.items()}]


def shop_of(site: str) -> Shop:
    """Open a shop as it trades on a site."""
    return open_shop(currency=SITES[site][0], time_zone=SITES[site][1])


def two_lines(site: str, **changes: str) -> list[dict[str, str]]:
    """Return the order of two SKUs with the times as the site writes them."""
    _currency, _zone, created, paid, _hour = SITES[site]
    return lines(order(**{"Created Time": created, "Paid Time": paid} | changes))


def tiktok_file(
    folder: Path, site: str, *rows: dict[str, str], explained: bool = True, name: str = "orders.csv", spoiled: str = ""
) -> Path:
    """Write rows as a site exports them: a byte order mark, an explaining row, a TAB behind ids and times."""
    names = [spoiled or one if one == "Cancelation/Return Type" else one for one in header(site)]
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", extrasaction="ignore")
    writer.writeheader()
    if explained:
        writer.writerow(EXPLANATION)
    for row in rows:
        writer.writerow({key: _tail(key, value) for key, value in row.items()})
    path = folder / name
    path.write_bytes(out.getvalue().encode("utf-8-sig"))
    return path


def _tail(name: str, value: str) -> str:
    return f"{value}\t" if name.endswith(_TAILED) else value


def lying_workbook(folder: Path, site: str, *rows: dict[str, str]) -> Path:
    """Write a workbook that says it holds one cell only, as TikTok's do."""
    book = Workbook()
    sheet = book.active
    names = header(site)
    for cells in (dict(zip(names, names, strict=True)), EXPLANATION, *rows):
        sheet.append([cells.get(name) for name in names])
    path, whole = folder / "orders.xlsx", folder / "whole.xlsx"
    book.save(whole)
    _understate(whole, path)
    return path


def _understate(whole: Path, path: Path) -> None:
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                content, changed = re.subn(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:A1"', content)
                assert changed == 1
            target.writestr(entry, content)
