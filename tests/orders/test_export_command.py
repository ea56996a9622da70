"""The command: what it writes, what it prints, what it refuses, with which code it leaves."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from orders.exports import ORDERS
from orders.loading import load
from orders.management.commands import export_orders
from orders.models import Order
from orders.states import Status
from sellercenter.models import Event, Shop
from sellercenter.permissions import SYSTEM
from tests.make import NOW
from tests.orders.export_files import line, order, records, table
from tests.orders.import_files import counts, open_shop, take


class Terminal(io.StringIO):
    """Somebody who looks."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def run(*arguments: object, err: io.StringIO | None = None) -> tuple[int, str, str]:
    """Run the command and return its exit code, its output and its complaints."""
    out, err = io.StringIO(), err or io.StringIO()
    try:
        call_command("export_orders", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def filled() -> Shop:
    """Open a shop with an order to ship and an unpaid one, placed a day and a hundred days ago."""
    shop = open_shop("north", "CNY", "Asia/Shanghai")
    told = [
        order(shop, "A1", Status.TO_SHIP, [line(1), line(2)], placed_at=NOW - timedelta(days=1)),
        order(shop, "A2", Status.UNPAID, [line(1)], placed_at=NOW - timedelta(days=100)),
    ]
    load(shop, told, by=SYSTEM, now=NOW)
    return shop


@pytest.mark.django_db(transaction=True)
def test_it_writes_what_the_list_finds_under_an_address(tmp_path: Path) -> None:
    filled()
    path = tmp_path / "orders.csv"
    code, out, err = run("--shop", "north", "--out", path)
    assert (code, err) == (0, "")
    assert out.startswith("2 rows, as of ")
    assert out.endswith(f": {path}\n")
    names = [str(column.label) for column in ORDERS.layout("orders").named()]
    assert table(path)[0] == names
    assert [row["Order no."] for row in records(path)] == ["A1", "A2"]
    assert {row["Recipient"] for row in records(path)} == {"A**"}

    chosen = ("--columns", "total, number,status", "--filter", "?status=unpaid&sort=total", "--force")
    assert run("--shop", "north", "--out", path, *chosen)[0] == 0
    required = ["Buyer id", "Paid amount", "Payment method"]
    head, *rows = table(path)
    assert sorted(head) == sorted([*required, "Total", "Order no.", "Status"])
    assert head[-3:] == ["Total", "Order no.", "Status"]
    assert [row[-3:] for row in rows] == [["20.00", "A2", "Unpaid"]]

    code, out, _err = run("--shop", "north", "--out", path, "--days", "7", "--force", "--json")
    told = json.loads(out)
    assert (code, told["rows"], told["file"], told["layout"]) == (0, 1, str(path), "orders")
    assert (told["size"], len(told["sha256"])) == (path.stat().st_size, 64)
    assert not Event.objects.filter(kind="export.commanded").exists()


@pytest.mark.django_db(transaction=True)
def test_a_workbook_in_our_own_layout_goes_into_another_shop(tmp_path: Path) -> None:
    filled()
    path = tmp_path / "orders.xlsx"
    assert run("--shop", "north", "--out", path, "--layout", "own")[0] == 0
    assert path.read_bytes()[:2] == b"PK"
    other = open_shop("south", "CNY", "Asia/Shanghai")
    assert counts(take(other, path)) == (2, 0, 0, 0)
    found = Order.objects.for_shop(other).order_by("number").values_list("number", "status", "paid_amount")
    assert [*found] == [("A1", "to_ship", Decimal("40.00")), ("A2", "unpaid", Decimal("0.00"))]


@pytest.mark.django_db(transaction=True)
def test_private_data_leaves_in_plain_for_a_reason_only_and_the_shop_remembers(tmp_path: Path) -> None:
    shop = filled()
    path = tmp_path / "orders.csv"
    wish = ("--shop", "north", "--out", path, "--layout", "own", "--plain-private")
    assert run(*wish) == (2, "", "Say with --reason what the private data is needed for.\n")
    assert (path.exists(), Event.objects.filter(kind="export.commanded").exists()) == (False, False)
    assert run(*wish, "--reason", " Moving to another shop ")[0] == 0
    assert {row["recipient_phone"] for row in records(path)} == {"11987654321"}
    event = Event.objects.get(kind="export.commanded")
    assert (event.shop_id, event.subject_type, event.subject_id) == (shop.pk, "shop", shop.pk)
    assert event.data == {"source": "orders", "layout": "own", "form": "csv", "reason": "Moving to another shop"}


@pytest.mark.django_db
def test_what_is_not_known_is_named_together_with_what_is(tmp_path: Path) -> None:
    open_shop()
    path = tmp_path / "orders.csv"

    def said(*more: str) -> str:
        code, out, err = run("--shop", "north", "--out", path, *more)
        assert (code, out, [*tmp_path.iterdir()]) == (2, "", [])
        return err

    assert run("--shop", "south", "--out", path) == (2, "", "There is no shop with the code “south”.\n")
    layouts = "orders, lines, own, tiktok, douyin"
    assert said("--layout", "amazon") == f"There is no layout “amazon”. There are: {layouts}.\n"
    columns = ", ".join(column.name for column in ORDERS.layout("orders").columns)
    assert said("--columns", "number,colour,size") == f"There are no columns colour, size. There are: {columns}.\n"
    assert said("--layout", "own", "--columns", "order_no") == (
        "The layout “own” always has all of its columns. Leave --columns out.\n"
    )
    assert said("--format", "pdf") == "There is no format “pdf”. There are: csv, xlsx.\n"
    assert said("--filter", "status=unpaid&colour=red").startswith("There are no filters colour. There are: abnormal, ")
    assert said("--filter", "total_from=cheap") == "Total: Enter a number.\n"
    assert said("--filter", "tab=nowhere") == "These filters make no sense any more. Choose the orders again.\n"
    assert said("--filter", "sort=colour") == "“colour” is not a way to sort this list.\n"
    assert said("--days", "-1") == "The number of days must not be negative.\n"
    code, out, err = run("--shop", "south", "--out", path, "--json")
    assert (code, json.loads(out), err) == (2, {"error": "There is no shop with the code “south”."}, "")


@pytest.mark.django_db
def test_nothing_that_is_there_is_replaced_unasked(tmp_path: Path) -> None:
    open_shop()
    path = tmp_path / "orders.csv"
    path.write_text("mine")
    there = f"{path} is there already. Name another file, or replace it with --force.\n"
    assert run("--shop", "north", "--out", path) == (2, "", there)
    assert run("--shop", "north", "--out", tmp_path, "--force")[0] == 2
    assert (path.read_text(), [*tmp_path.iterdir()]) == ("mine", [path])
    none = tmp_path / "none"
    assert run("--shop", "north", "--out", none / "a.csv") == (2, "", f"There is no folder {none}. Make it first.\n")
    assert run("--shop", "north", "--out", "-")[:2] == (2, "")


@pytest.mark.django_db
def test_an_error_tells_where_it_broke_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_shop()
    private = "13800138000"

    def broken(*_args: object) -> None:
        raise KeyError(private)

    monkeypatch.setattr(export_orders, "write", broken)
    code, out, err = run("--shop", "north", "--out", tmp_path / "orders.csv")
    assert (code, out) == (3, "")
    assert err == "The export ended early by an error of the program, the disk or the database (KeyError).\n"
    assert "test_export_command.py" in caplog.text
    assert private not in caplog.text
    assert json.loads(run("--shop", "north", "--out", tmp_path / "orders.csv", "--json")[1]).keys() == {"error"}


@pytest.mark.django_db(transaction=True)
def test_only_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    filled()
    assert run("--shop", "north", "--out", tmp_path / "a.csv")[2] == ""
    assert run("--shop", "north", "--out", tmp_path / "b.csv", err=Terminal())[2] == "\r0 / 2\r2 / 2\n"
