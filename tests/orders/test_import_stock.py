"""A file that moves an order whose units are reserved here: stock follows, once, and the ledger adds up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from orders import inventory
from orders.models import Order, OrderLine, Sku, StockMovement
from sellercenter.models import Shop
from sellercenter.permissions import BUYER, SYSTEM
from tests.orders.import_files import counts, csv_file, open_shop, row, take
from tests.orders.test_inventory import broken

FIRST = {"sku_no": "K1", "quantity": "2"}
SECOND = {"line_no": "2", "sku_no": "K2", "quantity": "3", "unit_price": "1", "payments": ""}


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop()


@pytest.fixture
def bring(tmp_path: Path, shop: Shop) -> Any:
    """Import rows and return (new, changed, unchanged, rejected)."""

    def bring(*rows: dict[str, str]) -> tuple[int, int, int, int]:
        report = take(shop, csv_file(tmp_path, *rows))
        return counts(report)

    return bring


@pytest.fixture
def reserved(bring: Any) -> Order:
    """An order of two lines that arrived from a file and has its units reserved here."""
    assert bring(row(**FIRST), row(**SECOND)) == (1, 0, 0, 0)
    for sku in Sku.objects.all():
        inventory.count(sku, on_hand=10, reason="", by=SYSTEM)
    order = Order.objects.get()
    with transaction.atomic():
        inventory.reserve(order, list(order.lines.all()), by=BUYER)
    assert stock() == [(10, 2), (10, 3)]
    return order


def stock() -> list[tuple[int, int]]:
    return [*Sku.objects.order_by("number").values_list("on_hand", "reserved")]


def held() -> list[int]:
    return [*OrderLine.objects.order_by("number").values_list("reserved", flat=True)]


def test_an_order_that_arrives_reserves_nothing(bring: Any) -> None:
    bring(row(**FIRST))
    inventory.count(Sku.objects.get(), on_hand=10, reason="", by=SYSTEM)
    bring(row(status="shipped", shipped_at="2026-03-03 09:00", **FIRST))
    assert (stock(), broken()) == ([(10, 0)], [])


def test_a_cancelled_order_gives_back_once(bring: Any, reserved: Order) -> None:
    ended = {"status": "cancelled", "cancelled_at": "2026-03-03 09:00"}
    cancelled = row(**ended, **FIRST), row(**ended, **SECOND)
    for fate in ((0, 1, 0, 0), (0, 0, 1, 0)):
        assert bring(*cancelled) == fate
        assert (stock(), held(), broken()) == ([(10, 0), (10, 0)], [0, 0], [])
    assert StockMovement.objects.filter(kind="release").count() == 2


@pytest.mark.parametrize("status", ["shipped", "delivered", "completed"])
def test_an_order_that_left_takes_its_units(bring: Any, reserved: Order, status: str) -> None:
    times = {"shipped_at": "2026-03-03 09:00", "delivered_at": "2026-03-04 09:00"}
    if status == "shipped":
        del times["delivered_at"]
    assert bring(row(status=status, **times, **FIRST), row(status=status, **times, **SECOND)) == (0, 1, 0, 0)
    assert (stock(), held(), broken()) == ([(8, 0), (7, 0)], [0, 0], [])


def test_parcel_by_parcel_the_units_of_each_are_taken(bring: Any, reserved: Order) -> None:
    sent = {"status": "to_ship", "carrier": "SF", "shipped_at": "2026-03-03 09:00"}
    one = row(**FIRST), row(**SECOND, **sent, tracking_no="SF1", shipped_quantity="1")
    assert bring(*one) == (0, 1, 0, 0)
    assert (stock(), held(), broken()) == ([(10, 2), (9, 2)], [2, 2], [])
    two = row(**FIRST), row(**SECOND, **sent, tracking_no="SF2", shipped_quantity="2")
    assert bring(*two) == (0, 1, 0, 0)
    assert (stock(), held(), broken()) == ([(10, 2), (7, 0)], [2, 0], [])
    assert bring(*two) == (0, 0, 1, 0)
    assert (stock(), broken()) == ([(10, 2), (7, 0)], [])


def test_a_smaller_line_needs_less_and_another_sku_was_never_reserved(bring: Any, reserved: Order) -> None:
    assert bring(row(**{**FIRST, "quantity": "1"}), row(**{**SECOND, "sku_no": "K3"})) == (0, 1, 0, 0)
    assert (stock(), held(), broken()) == ([(10, 1), (10, 0), (0, 0)], [1, 0], [])
    bring(row(status="cancelled", cancelled_at="2026-03-03 09:00", **{**FIRST, "quantity": "1"}))
    assert (stock(), held(), broken()) == ([(10, 0), (10, 0), (0, 0)], [0, 0], [])


def test_a_line_that_is_cancelled_alone_gives_back_alone(bring: Any, reserved: Order) -> None:
    assert bring(row(**FIRST), row(**SECOND, line_cancelled="yes")) == (0, 1, 0, 0)
    assert (stock(), held(), broken()) == ([(10, 2), (10, 0)], [2, 0], [])
