"""The command: what it prints, where it writes, with which code it leaves, and what a killed run leaves behind."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from orders.imports.flat_columns import FLAT_COLUMNS
from orders.management.commands import import_orders
from orders.models import Order, OrderLine, Payment, Product
from tests.orders.import_files import csv_file, nothing_written, open_shop, row

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: object) -> tuple[int, str, str]:
    """Run the command and return its exit code, its output and its complaints."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_orders", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_it_counts_for_people_and_for_machines(tmp_path: Path) -> None:
    open_shop()
    path = csv_file(tmp_path, row(colour="red"), row(order_no="A2", payments="", quantity="0"))
    code, out, _err = run(path, "--shop", "north", "--dry-run")
    assert code == 1
    assert out.splitlines() == [
        "Dry run: nothing was written.",
        "new: 1 orders, 1 lines",
        "changed: 0 orders, 0 lines",
        "unchanged: 0 orders, 0 lines",
        "rejected: 1 orders, 1 lines",
        "Columns that were not read: colour",
        f"Refused rows are listed in {tmp_path / 'orders.errors.csv'}",
    ]
    assert nothing_written()
    code, out, _err = run(path, "--shop", "north", "--json", "--errors", tmp_path / "bad.csv")
    told = json.loads(out)
    assert (code, told["new"], told["rejected"]) == (1, {"orders": 1, "lines": 1}, {"orders": 1, "lines": 1})
    assert (told["unknown_columns"], told["errors"]) == (["colour"], str(tmp_path / "bad.csv"))
    assert (tmp_path / "bad.csv").exists()


@pytest.mark.django_db
def test_it_leaves_with_zero_when_everything_is_in(tmp_path: Path) -> None:
    open_shop()
    assert run(csv_file(tmp_path, row()), "--shop", "north")[0] == 0
    assert Order.objects.count() == 1
    assert not (tmp_path / "orders.errors.csv").exists()


@pytest.mark.django_db
def test_it_leaves_with_two_and_one_sentence_when_the_file_or_the_shop_is_not_there(tmp_path: Path) -> None:
    open_shop()
    path = csv_file(tmp_path, row())
    assert run(path, "--shop", "south") == (2, "", "There is no shop with the code “south”.\n")
    assert run(tmp_path / "none.csv", "--shop", "north") == (
        *(2, "", "The file none.csv can't be opened: No such file or directory.\n"),
    )
    path.write_bytes(b"")
    code, out, _err = run(path, "--shop", "north", "--json")
    assert (code, json.loads(out)) == (2, {"error": "The file is empty."})
    assert nothing_written()
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.django_db
def test_it_leaves_with_three_when_something_unexpected_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_shop()
    private = "13800138000"

    def broken(*_args: object, **_how: object) -> None:
        raise KeyError(private)

    monkeypatch.setattr(import_orders, "import_file", broken)
    path = csv_file(tmp_path, row())
    code, out, err = run(path, "--shop", "north")
    assert (code, out) == (3, "")
    assert err.startswith("The import ended early by an error of the program or the database (KeyError).")
    assert "test_import_command.py" in caplog.text
    assert private not in caplog.text
    code, out, err = run(path, "--shop", "north", "--json")
    assert (code, err, [*json.loads(out)]) == (3, "", ["error"])


@pytest.mark.django_db
def test_a_dry_run_counts_and_refuses_as_the_real_run_does(tmp_path: Path) -> None:
    open_shop()
    path = csv_file(tmp_path, row(), row(order_no="A2", recipient_address="*" * 100), row(order_no="A3"))
    told = []
    for how in (["--dry-run"], []):
        code, out, _err = run(path, "--shop", "north", "--json", *how)
        report = json.loads(out)
        rows = (tmp_path / "orders.errors.csv").read_text(encoding="utf-8-sig")
        told.append((code, report["new"], report["rejected"], report["error_rows"], rows))
    assert told[0] == told[1]
    assert told[0][:3] == (1, {"orders": 2, "lines": 2}, {"orders": 1, "lines": 1})


@pytest.mark.django_db
def test_a_dry_run_about_stored_orders_writes_nothing(tmp_path: Path) -> None:
    open_shop()
    run(csv_file(tmp_path, row(), row(order_no="A2")), "--shop", "north")
    before = [*Order.objects.order_by("pk").values()]
    path = csv_file(tmp_path, row(city="Wuhan", product_no="p-2"), row(order_no="A2", city="Wuhan"))
    assert json.loads(run(path, "--shop", "north", "--json", "--dry-run")[1])["changed"] == {"orders": 2, "lines": 2}
    assert ([*Order.objects.order_by("pk").values()], Product.objects.count()) == (before, 1)


@pytest.mark.django_db
def test_a_place_where_the_list_of_refusals_can_not_be_written_stops_the_import(tmp_path: Path) -> None:
    open_shop()
    place = tmp_path / "none" / "bad.csv"
    code, _out, err = run(csv_file(tmp_path, row()), "--shop", "north", "--errors", place)
    assert (code, err) == (
        *(2, f"The list of refused rows can't be written to {place}. Name another place with --errors.\n"),
    )
    assert nothing_written()


@pytest.mark.django_db(transaction=True)
def test_a_killed_import_leaves_whole_orders_and_is_completed_by_the_next_run(tmp_path: Path) -> None:
    open_shop()
    total = 4000
    path = csv_file(
        tmp_path,
        *(
            row(order_no=f"A{order:05d}", payments="card=30.00", line_no=str(line))
            for order in range(total)
            for line in (1, 2)
        ),
    )
    settings = connection.settings_dict
    url = (
        f"postgres://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    )
    child = subprocess.Popen(
        [sys.executable, "manage.py", "import_orders", str(path), "--shop", "north", "--skip-checks"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
    )
    try:
        while Order.objects.count() < 1000 and child.poll() is None:
            time.sleep(0.05)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    kept = Order.objects.count()
    assert 1000 <= kept < total
    assert (OrderLine.objects.count(), Payment.objects.count(), kept % 1000) == (2 * kept, kept, 0)
    code, out, _err = run(path, "--shop", "north", "--json")
    told = json.loads(out)
    assert (code, told["unchanged"]["orders"], told["new"]["orders"]) == (0, kept, total - kept)
    assert (Order.objects.count(), OrderLine.objects.count(), Payment.objects.count()) == (total, 2 * total, total)


def test_every_column_is_explained_in_the_document() -> None:
    document = (ROOT / "docs" / "import-layout.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip().strip("`") for line in document.splitlines() if line.startswith("| `")]
    assert rows == [column.name for column in FLAT_COLUMNS]
    for column in FLAT_COLUMNS:
        for alias in column.aliases:
            assert alias in document, f"{column.name} is also called {alias}"
