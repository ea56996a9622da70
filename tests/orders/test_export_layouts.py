"""Layouts for other programs and shops: what we write, our import reads back as the same orders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orders.facts import OrderFacts
from orders.imports.flat_columns import FLAT_COLUMNS
from orders.loading import load
from orders.models import Order, OrderLine, ParcelLine, Payment
from sellercenter.models import FileForm, Shop
from sellercenter.permissions import SYSTEM
from tests.make import NOW
from tests.orders.export_files import exported, mixed, records, states, table
from tests.orders.import_files import counts, csv_file, open_shop, refusals, row, take

ZONE = "America/Sao_Paulo"
PRIVATE = {column.name for column in FLAT_COLUMNS if column.private}


def filled(told: Callable[[Shop], list[OrderFacts]] = mixed) -> Shop:
    """Open a shop that has some of the mixed orders."""
    shop = open_shop("north", "BRL", ZONE)
    load(shop, told(shop), by=SYSTEM, now=NOW)
    return shop


def stand(shop: Shop) -> list[tuple[Any, ...]]:
    """Return where each order, each line and each payment of a shop stands."""
    orders = Order.objects.for_shop(shop).order_by("number")
    lines = OrderLine.objects.for_shop(shop).order_by("order__number", "position")
    payments = Payment.objects.for_shop(shop).order_by("order__number", "position")
    return [
        *orders.values_list(
            *("number", "status", "payment_state", "total_amount", "paid_amount", "refunded_amount", "placed_at"),
            *("paid_at", "shipped_at", "delivered_at", "completed_at", "cancelled_at", "buyer__uid", "deadline_at"),
        ),
        *lines.values_list("order__number", "number", "status", "quantity", "amount", "gift", "title"),
        *payments.values_list("order__number", "position", "method", "status", "amount", "refunded", "paid_at"),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", FileForm)
def test_another_shop_makes_the_same_orders_of_our_own_layout(tmp_path: Path, form: FileForm) -> None:
    shop, other = filled(), open_shop("south", "BRL", ZONE)
    first = exported(tmp_path, shop, "own", form=form, plain=True)
    report = take(other, first)
    assert (counts(report), report.notes, report.unknown_columns) == ((len(mixed(shop)), 0, 0, 0), [], [])
    assert stand(other) == stand(shop)
    second = exported(tmp_path, other, "own", form=form, plain=True)
    assert sorted(table(second)) == sorted(table(first))


@pytest.mark.django_db(transaction=True)
def test_our_own_layout_changes_nothing_in_the_shop_that_it_comes_from(tmp_path: Path) -> None:
    shop = filled(states)
    before = stand(shop)
    report = take(shop, exported(tmp_path, shop, "own"))
    assert (counts(report), report.notes, stand(shop)) == ((0, 0, len(states(shop)), 0), [], before)


@pytest.mark.django_db(transaction=True)
def test_a_masked_file_says_nothing_private_and_stays_as_it_is_when_it_goes_round(tmp_path: Path) -> None:
    shop, other = filled(), open_shop("south", "BRL", ZONE)
    first = exported(tmp_path, shop, "own")
    told = next(row for row in records(first) if row["order_no"] == "A001")
    assert {name: told[name] for name in PRIVATE} == {
        "buyer_relay_email": "",
        "recipient_name": "A**",
        "recipient_phone": "119****4321",
        "recipient_address": "****",
        "recipient_postcode": "0131****",
    }
    for secret in ("Souza", "987654321", "Flores", "01310100", "relay.example"):
        assert secret not in first.read_text()
    assert counts(take(other, first)) == (len(mixed(shop)), 0, 0, 0)
    assert stand(other) == stand(shop)
    assert sorted(table(exported(tmp_path, other, "own"))) == sorted(table(first))


@pytest.mark.django_db(transaction=True)
def test_our_own_layout_has_the_columns_of_the_import_and_a_row_for_each_parcel_of_a_line(tmp_path: Path) -> None:
    shop = filled(states)
    path = exported(tmp_path, shop, "own")
    assert table(path)[0] == [column.name for column in FLAT_COLUMNS]
    split = [row for row in records(path) if row["order_no"] == "S011"]
    parcels = ("line_no", "tracking_no", "parcel_status", "shipped_quantity", "shipped_at")
    assert [tuple(row[name] for name in parcels) for row in split] == [
        ("1", "BR20000001", "delivered", "1", "2026-03-01 09:00:00-03:00"),
        ("1", "BR20000002", "ready", "1", ""),
    ]


@pytest.mark.django_db
def test_a_line_that_is_told_twice_is_two_parcels_only_when_their_units_fit_into_it(tmp_path: Path) -> None:
    shop = open_shop()
    one = row(status="shipped", tracking_no="SF10001", shipped_quantity="1")
    two = one | {"tracking_no": "SF10002", "parcel_status": "ready"}
    again = {"order_no": "A2"}
    report = take(shop, csv_file(tmp_path, one, two, one | again, one | again, name="parts.csv"))
    assert (counts(report), [told[:2] for told in refusals(report)]) == ((1, 0, 0, 1), [(4, ""), (5, "line_no")])
    parts = ParcelLine.objects.order_by("parcel__tracking_no")
    assert [*parts.values_list("parcel__tracking_no", "quantity", "line__status")] == [
        ("SF10001", 1, "part_shipped"),
        ("SF10002", 1, "part_shipped"),
    ]
    for wrong in ({"shipped_quantity": "2"}, {"shipped_quantity": ""}, {"unit_price": "9.00"}):
        report = take(shop, csv_file(tmp_path, one | {"order_no": "A3"}, two | {"order_no": "A3"} | wrong))
        assert (2, "line_no") not in [told[:2] for told in refusals(report)]
        assert (3, "line_no", "This line of the order is there already, in row 2.") in refusals(report)
