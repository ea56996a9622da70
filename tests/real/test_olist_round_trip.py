"""Real orders leave in our own layout and go into an empty shop: nothing is lost or changed on the way.

All 99,441 of them in the full form (`make faults ARGS=tests/real/test_olist_round_trip.py`), those of the first months
otherwise.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orders.imports import Report, import_file
from sellercenter.models import FileForm, Shop, ShopPolicy
from sellercenter.permissions import SYSTEM
from tests.faults.lab import FULL
from tests.orders.export_files import exported, table
from tests.real import olist

pytestmark = [
    pytest.mark.real,
    pytest.mark.django_db,
    pytest.mark.xdist_group("olist"),
    pytest.mark.skipif(not olist.present(), reason=f"the Olist data set is not in {olist.FOLDER} (SELLERCENTER_DATA)"),
]

SAMPLE = 2000
QUERY = "" if FULL else "placed_to=2017-03-31"
ORDERS, LINES, WITHOUT_LINES = (99_441, 112_650, 775) if FULL else (5_591, 6_276, 116)


def another(code: str) -> Shop:
    """Open one more shop that keeps its orders as the one with the real orders does."""
    shop = Shop.objects.create(code=code, name=code, currency=olist.CURRENCY, time_zone=olist.ZONE)
    ShopPolicy.objects.create(shop=shop, ship_within=None)
    return shop


def body(path: Path) -> list[bytes]:
    """Return the rows of a CSV file without what it tells of itself; no text of the data set has several lines."""
    with path.open("rb") as file:
        return sorted(line for line in file if not line.startswith((b'"#', b'\xef\xbb\xbf"#')))


def invented(source: Path, target: Path) -> Path:
    """Write the first orders of the data set once more, as if somebody had told who receives them."""
    with source.open(encoding="utf-8", newline="") as file, target.open("w", encoding="utf-8", newline="") as out:
        rows = csv.DictReader(file)
        private = ("recipient_name", "recipient_phone", "recipient_address", "buyer_relay_email")
        writer = csv.DictWriter(out, [*(rows.fieldnames or ()), *private])
        writer.writeheader()
        places: dict[str, int] = {}
        for row in rows:
            place = places.setdefault(row["order_no"], len(places))
            if place >= SAMPLE:
                break
            told = (f"=Maria {place}", f"+55 11 9{place:08d}", f"Rua Ipê, {place}", f"b{place}@relay.example")
            writer.writerow(row | dict(zip(private, told, strict=True)))
    return target


@pytest.fixture(scope="module")
def rounds(
    imported: tuple[Shop, Report], path: Path, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Send all orders round masked, and a part of them in plain; the shops go when those of the folder do."""
    folder = tmp_path_factory.mktemp("round")
    with django_db_blocker.unblock():
        first = exported(folder, imported[0], "own", query=QUERY)
        other = another("olist-2")
        report = import_file(other, first, by=SYSTEM, trusted=True)
        found = {"all": (first, report, exported(folder, other, "own"))}
        source = another("olist-part")
        import_file(source, invented(path, folder / "invented.csv"), by=SYSTEM)
        for form in FileForm:
            target = another(f"olist-part-{form}")
            first = exported(folder, source, "own", form=form, plain=True)
            report = import_file(target, first, by=SYSTEM)
            found[form] = (first, report, exported(folder, target, "own", form=form, plain=True))
        yield found


def test_orders_go_round_masked(rounds: dict[str, Any]) -> None:
    first, report, second = rounds["all"]
    assert (report.new.orders, report.new.lines) == (ORDERS, LINES)
    assert (report.rejected.orders, report.notes, report.unknown_columns) == (0, [], [])
    rows = body(first)
    assert len(rows) == 1 + LINES + WITHOUT_LINES  # the header, and a row for each order without lines
    assert body(second) == rows


@pytest.mark.parametrize("form", FileForm)
def test_a_part_of_them_goes_round_in_plain(rounds: dict[str, Any], form: FileForm) -> None:
    first, report, second = rounds[form]
    assert (report.new.orders, report.rejected.orders, report.notes) == (SAMPLE, 0, [])
    header, *rows = table(first)
    told = dict(zip(header, rows[0], strict=True))
    assert told["recipient_name"].startswith("=Maria ")
    assert told["buyer_relay_email"].endswith("@relay.example")
    assert sorted(table(second)[1:]) == sorted(rows)
