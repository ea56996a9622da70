"""The Olist data set as a file in our own layout: 99,441 real orders, for tests and measurements only."""

from __future__ import annotations

import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(os.environ.get("SELLERCENTER_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))
ZONE, CURRENCY = "America/Sao_Paulo", "BRL"

STATUS = {
    "delivered": "completed",
    "shipped": "shipped",
    "invoiced": "to_ship",
    "processing": "to_ship",
    "approved": "to_review",
    "created": "unpaid",
    "canceled": "cancelled",
    "unavailable": "cancelled",
}
METHOD = {
    "credit_card": "card",
    "boleto": "bank_transfer",
    "debit_card": "debit_card",
    "voucher": "voucher",
    "not_defined": "other",
}
NO_CATEGORY = "(none)"
COLUMNS = (
    *("order_no", "status", "raw_status", "placed_at", "paid_at", "completed_at", "ship_by", "cancel_reason"),
    "deliver_by",
    *("buyer_id", "province", "city", "recipient_postcode", "currency", "payments"),
    *("line_no", "product_no", "product_title", "quantity", "unit_price", "line_freight", "shipped_at", "delivered_at"),
)


def present() -> bool:
    """Say whether the data set is on this machine."""
    return (FOLDER / "olist" / "olist_orders_dataset.csv.gz").exists()


def rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of one of the data set's tables."""
    with gzip.open(FOLDER / "olist" / f"{name}.csv.gz", "rt", encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def write(path: Path) -> Path:
    """Write all orders into one file in our layout, one row per item, and return its path."""
    customers = {row["customer_id"]: row for row in rows("olist_customers_dataset")}
    titles, items, payments = _titles(), _grouped("olist_order_items_dataset"), _payments()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for order in rows("olist_orders_dataset"):
            number = order["order_id"]
            own = items.get(number, [])
            told = _order(order, customers[order["customer_id"]], payments.get(number, ""), own)
            times = (order["order_delivered_carrier_date"], order["order_delivered_customer_date"])
            writer.writerows((*told, *_line(item, titles), *times) for item in own or [None])
    return path


def _order(order: dict[str, str], customer: dict[str, str], payments: str, items: list[dict[str, str]]) -> list[str]:
    word = order["order_status"]
    status = STATUS[word]
    return [
        *(order["order_id"], status, word, order["order_purchase_timestamp"], paid_at(order) if payments else ""),
        order["order_delivered_customer_date"] if status == "completed" else "",
        max((item["shipping_limit_date"] for item in items), default=""),
        word if status == "cancelled" else "",
        order["order_estimated_delivery_date"],
        *(customer["customer_unique_id"], customer["customer_state"], customer["customer_city"]),
        *(customer["customer_zip_code_prefix"], CURRENCY, payments),
    ]


def paid_at(order: dict[str, str]) -> str:
    """Return when an order with payments was paid: when it was approved or, where nothing is told, placed."""
    return order["order_approved_at"] or order["order_purchase_timestamp"]


def write_reviews(path: Path) -> Path:
    """Write all reviews into one file in our layout, without their words, and return its path.

    A review needs something that the shop sold: of an order without items it is told of a product alone.
    """
    items = _grouped("olist_order_items_dataset")
    placed = {order["order_id"]: order["order_purchase_timestamp"] for order in rows("olist_orders_dataset")}
    any_product = next(iter(items.values()))[0]["product_id"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("review no.", "order no.", "product id", "stars", "written"))
        for review in rows("olist_order_reviews_dataset"):
            number = review["order_id"]
            about = (number, "") if number in items else ("", any_product)
            written = review["review_creation_date"] or placed[number]
            writer.writerow((f"{review['review_id']}-{number[:24]}", *about, review["review_score"], written))
    return path


def categories() -> dict[str, str]:
    """Return the category of each product, in English where there is a translation."""
    names = {
        row["product_category_name"]: row["product_category_name_english"]
        for row in rows("product_category_name_translation")
    }
    return {
        row["product_id"]: names.get(row["product_category_name"], row["product_category_name"]) or NO_CATEGORY
        for row in rows("olist_products_dataset")
    }


def known(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of one of the series that others have worked out."""
    with (FOLDER / "oracle" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _line(item: dict[str, str] | None, titles: dict[str, str]) -> list[str]:
    if item is None:
        return [""] * 6
    product = item["product_id"]
    title = f"{titles[product]} {product[:6]}"
    return [item["order_item_id"], product, title, "1", item["price"], item["freight_value"]]


def _titles() -> dict[str, str]:
    return {product: name if name != NO_CATEGORY else "uncategorised" for product, name in categories().items()}


def _grouped(name: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows(name):
        found[row["order_id"]].append(row)
    return found


def _payments() -> dict[str, str]:
    """Return each order's payments in the form of the column, in the order in which they were made."""
    return {
        number: ";".join(
            f"{METHOD[payment['payment_type']]}={payment['payment_value']}"
            for payment in sorted(found, key=lambda payment: int(payment["payment_sequential"]))
        )
        for number, found in _grouped("olist_order_payments_dataset").items()
    }
