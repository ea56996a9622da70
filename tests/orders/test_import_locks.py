"""An import beside people at work: rows that are locked, how long others have to wait, a database that goes away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from orders.imports import changes
from orders.models import Order
from tests.orders.import_files import counts, csv_file, open_shop, refusals, row, take
from tests.orders.test_import_command import run

pytestmark = pytest.mark.django_db(transaction=True)
BUSY = "Somebody is working on this order. Import the file again."


def lock(other: psycopg.Connection[Any], number: str) -> None:
    other.execute("SELECT 1 FROM orders_order WHERE number = %s FOR UPDATE", [number])


def cities() -> dict[str, str]:
    return dict(Order.objects.order_by("number").values_list("number", "city"))


def test_an_order_that_somebody_works_on_is_refused_and_its_neighbours_change(
    tmp_path: Path, other: psycopg.Connection[Any]
) -> None:
    shop = open_shop()
    take(shop, csv_file(tmp_path, row(), row(order_no="A2")))
    lock(other, "A1")
    newer = csv_file(tmp_path, row(city="Wuhan"), row(order_no="A2", city="Wuhan"))
    report = take(shop, newer)
    assert counts(report) == (0, 1, 0, 1)
    assert refusals(report) == [(2, "order_no", BUSY)]
    assert cities() == {"A1": "", "A2": "Wuhan"}
    other.rollback()
    assert counts(take(shop, newer)) == (0, 1, 1, 0)
    assert cities() == {"A1": "Wuhan", "A2": "Wuhan"}


def test_a_lock_that_is_gone_soon_is_waited_for(
    tmp_path: Path, other: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    take(shop, csv_file(tmp_path, row()))
    lock(other, "A1")
    update, tries = changes.update, []

    def released_after_the_first(*args: Any, **how: Any) -> Any:
        tries.append(1)
        try:
            return update(*args, **how)
        except OperationalError:
            other.rollback()
            raise

    monkeypatch.setattr(changes, "update", released_after_the_first)
    assert counts(take(shop, csv_file(tmp_path, row(city="Wuhan")))) == (0, 1, 0, 0)
    assert (len(tries), cities()) == (2, {"A1": "Wuhan"})


def test_a_changed_order_is_free_again_before_the_next_one_is_touched(
    tmp_path: Path, other: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    take(shop, csv_file(tmp_path, row(), row(order_no="A2")))
    update, seen = changes.update, []

    def watched(*args: Any, **how: Any) -> Any:
        seen.append(other.execute("SELECT count(*) FROM orders_order WHERE city = 'Wuhan'").fetchone())
        other.execute("SELECT 1 FROM orders_order FOR UPDATE NOWAIT")
        other.rollback()
        return update(*args, **how)

    monkeypatch.setattr(changes, "update", watched)
    assert counts(take(shop, csv_file(tmp_path, row(city="Wuhan"), row(order_no="A2", city="Wuhan")))) == (0, 2, 0, 0)
    assert seen == [(0,), (1,)]


def test_new_orders_that_share_a_locked_parcel_are_refused_and_the_others_get_in(
    tmp_path: Path, other: psycopg.Connection[Any]
) -> None:
    shop = open_shop()
    parcel = {"status": "shipped", "carrier": "SF", "tracking_no": "SF1"}
    take(shop, csv_file(tmp_path, row(**parcel)))
    other.execute("SELECT 1 FROM orders_parcel FOR UPDATE")
    report = take(shop, csv_file(tmp_path, row(order_no="A2", **parcel), row(order_no="A3")))
    assert (counts(report), refusals(report)) == ((1, 0, 0, 1), [(2, "order_no", BUSY)])
    assert [*cities()] == ["A1", "A3"]


@pytest.fixture
def cut_at(other: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Cut the import's connection before the nth change; returns the numbers of the orders that were tried."""

    def cut_at(place: int, and_then: Callable[[], None] = lambda: None) -> list[str]:
        update, touched = changes.update, list[str]()

        def watched(shop: Any, facts: Any, **how: Any) -> Any:
            touched.append(facts.number)
            if len(touched) == place:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    other.execute("SELECT pg_terminate_backend(%s, 1000)", cursor.fetchone())
                and_then()
            return update(shop, facts, **how)

        monkeypatch.setattr(changes, "update", watched)
        return touched

    return cut_at


def test_a_connection_that_is_cut_is_made_anew_and_the_order_tried_again(tmp_path: Path, cut_at: Any) -> None:
    shop = open_shop()
    take(shop, csv_file(tmp_path, row(), row(order_no="A2")))
    touched = cut_at(2)
    assert counts(take(shop, csv_file(tmp_path, row(city="Wuhan"), row(order_no="A2", city="Wuhan")))) == (0, 2, 0, 0)
    assert touched == ["A1", "A2", "A2"]
    assert cities() == {"A1": "Wuhan", "A2": "Wuhan"}


def test_a_database_that_goes_away_ends_the_import_with_a_code_and_a_sentence_of_its_own(
    tmp_path: Path, cut_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_shop()
    numbers = ("A1", "A2", "A3")
    assert run(csv_file(tmp_path, *(row(order_no=number) for number in numbers)), "--shop", "north")[0] == 0

    def unreachable() -> None:
        raise OperationalError("connection refused")

    touched = cut_at(2, lambda: monkeypatch.setattr(connection, "connect", unreachable))
    orders = [row(order_no=number, city="Wuhan") for number in numbers]
    code, out, err = run(csv_file(tmp_path, *orders), "--shop", "north")
    monkeypatch.undo()
    assert (code, out, touched) == (3, "", ["A1", "A2"])
    assert err == (
        "The import ended early by an error of the program or the database (OperationalError). "
        "What was written until then stays; import the file again to bring in the rest.\n"
    )
    connection.close()
    assert cities() == {"A1": "Wuhan", "A2": "", "A3": ""}
