"""What a file may not say: every reason names its row and column, and neither the order nor a word of it gets in."""

from __future__ import annotations

from pathlib import Path

import pytest

from orders.models import Order
from sellercenter.imports import UnreadableFile
from tests.orders.import_files import (
    RIGHT,
    counts,
    csv_file,
    nothing_written,
    open_shop,
    refusals,
    row,
    take,
    xlsx_file,
)

pytestmark = pytest.mark.django_db
WORD = "This word is not known. Use one of: "
EXCEL = "Excel has rounded this number: its last digits are lost. Format the column as text, export again."


@pytest.mark.parametrize(
    ("changes", "column", "message"),
    [
        ({"order_no": "5.76E+17"}, "order_no", EXCEL),
        ({"line_no": "5.76E+17"}, "line_no", EXCEL),
        ({"order_no": "x" * 65}, "order_no", "The text has 65 characters, at most 64 fit."),
        ({"order_no": "-"}, "order_no", "This column must not be empty."),
        ({"buyer_id": ""}, "buyer_id", "This column must not be empty."),
        ({"placed_at": ""}, "placed_at", "This column must not be empty."),
        ({"status": "lost"}, "status", None),
        (
            {"placed_at": "01/03/2026"},
            "placed_at",
            "This is not a time. Write it like 2026-11-22 14:05:00, the year first.",
        ),
        ({"quantity": "0"}, "quantity", "The quantity must be a whole number above zero."),
        ({"quantity": "1.5"}, "quantity", "The quantity must be a whole number above zero."),
        ({"unit_price": "-1"}, "unit_price", "The amount must not be negative."),
        ({"unit_price": ""}, "unit_price", "A line needs a value in this column."),
        ({"product_title": "x" * 201}, "product_title", "The text has 201 characters, at most 200 fit."),
        (
            {"product_title": "a\0b"},
            "product_title",
            "The text holds the character NUL, which can't be stored. Remove it.",
        ),
        ({"payments": "gold=20.00"}, "payments", None),
        ({"payments": "20.00"}, "payments", "Write payments like card=99.33;voucher=20.00."),
        ({"currency": "XXX"}, "currency", "This currency is not known. Write its three letters, like CNY."),
        ({"currency": "BRL"}, "currency", "The shop keeps its orders in CNY, not in BRL."),
        ({"freight": "-1"}, "freight", "The amount must not be negative."),
        ({"total": "19.99"}, "total", "Goods less discounts plus freight, tax and fees make 20.00, not this."),
        ({"line_amount": "19"}, "line_amount", "Price times quantity less discounts plus tax is 20.00, not this."),
        ({"line_seller_discount": "21"}, "unit_price", "The discounts are more than the line costs."),
        ({"seller_discount": "21"}, "total", "The discounts are more than the order costs: -1.00."),
        ({"goods_amount": "21"}, "goods_amount", "The lines' goods make 20.00, not this."),
        ({"line_freight": "5", "freight": "3"}, "freight", "The lines alone make 5.00, which is more."),
        ({"refunded": "20.01"}, "refunded", "More was refunded than the payments make: 20.00."),
        ({"creator_name": "Li"}, "creator_id", "A creator or a commission needs the creator's id."),
        ({"abnormal_reason": "torn"}, "abnormal", "What is wrong with an order needs a word in this column."),
        ({"shipped_quantity": "3", "tracking_no": "SF1"}, "shipped_quantity", "More is shipped than the line has."),
        ({"flag": "6"}, "flag", "This flag is not known. Use 0 to 5 or grey, purple, cyan, green, orange, red."),
        ({"gift": "maybe"}, "gift", "Write yes or no here."),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_a_bad_value_refuses_the_order_and_names_row_and_column(
    tmp_path: Path, changes: dict[str, str], column: str, message: str | None
) -> None:
    report = take(open_shop(), csv_file(tmp_path, row(**changes)))
    assert counts(report) == (0, 0, 0, 1)
    ((number, named, told),) = refusals(report)
    assert (number, named) == (2, column)
    assert told == message or (message is None and told.startswith(WORD))
    assert nothing_written()


def test_every_reason_is_given_at_once(tmp_path: Path) -> None:
    report = take(open_shop(), csv_file(tmp_path, row(status="x", quantity="0", unit_price="-1")))
    assert [(number, column) for number, column, _message in refusals(report)] == [
        *((2, "status"), (2, "quantity"), (2, "unit_price"))
    ]


def test_one_bad_row_refuses_its_whole_order_and_no_other(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path, row(order_no="A0"), row(), row(line_no="2", quantity="0"), row(order_no="A2", payments="")
    )
    report = take(open_shop(), path)
    assert counts(report) == (2, 0, 0, 1)
    assert (report.new.lines, report.rejected.lines) == (2, 2)
    assert [*Order.objects.order_by("number").values_list("number", flat=True)] == ["A0", "A2"]
    assert refusals(report) == [
        (3, "", "Not imported, because row 4 of the same order was refused."),
        (4, "quantity", "The quantity must be a whole number above zero."),
    ]
    assert report.errors == str(tmp_path / "orders.errors.csv")


def test_a_line_that_comes_twice_is_refused(tmp_path: Path) -> None:
    report = take(open_shop(), csv_file(tmp_path, row(), row(quantity="3")))
    assert refusals(report)[1] == (3, "line_no", "This line of the order is there already, in row 2.")
    assert nothing_written()


def test_rows_of_one_order_that_disagree_name_the_column(tmp_path: Path) -> None:
    report = take(open_shop(), csv_file(tmp_path, row(city="Jinan"), row(line_no="2", city="Wuhan")))
    told = "The rows of this order disagree: row 2 says something else in the column “city”."
    assert refusals(report)[1] == (3, "city", told)
    assert nothing_written()


def test_parcels_that_two_lines_describe_differently_are_refused(tmp_path: Path) -> None:
    parcel = {"carrier": "SF", "tracking_no": "SF1", "shipped_at": "2026-03-02 10:00"}
    path = csv_file(tmp_path, row(**parcel), row(**parcel | {"line_no": "2", "shipped_at": "2026-03-03 10:00"}))
    report = take(open_shop(), path)
    assert refusals(report)[1] == (3, "shipped_at", "Another line says something else of the parcel SF1.")
    assert nothing_written()


def test_a_row_with_more_cells_than_the_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(",".join(RIGHT) + "\n" + ",".join(RIGHT.values()) + ",lost\n" + "")
    report = take(open_shop(), path)
    assert refusals(report) == [(2, "", "The row has more cells than the header.")]
    assert nothing_written()


def test_a_private_value_is_not_repeated_in_the_report_and_no_value_runs_as_a_formula(tmp_path: Path) -> None:
    path = csv_file(tmp_path, row(recipient_phone="1" * 41, quantity="=cmd()"))
    report = take(open_shop(), path)
    told = Path(report.errors).read_text(encoding="utf-8-sig")
    assert "111" not in told
    assert '"\'=cmd()"' in told


def test_ids_that_a_workbook_keeps_as_numbers_are_refused_from_sixteen_digits_on(tmp_path: Path) -> None:
    right = {**RIGHT, "order_no": 576486316948490001, "quantity": 2, "unit_price": 10.0}
    report = take(open_shop(), xlsx_file(tmp_path, right, {**right, "order_no": 123456789012345, "payments": ""}))
    assert counts(report) == (1, 0, 0, 1)
    assert refusals(report) == [(2, "order_no", EXCEL)]
    assert Order.objects.get().number == "123456789012345"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty."),
        (b"a,b\n1,2\n", "Columns are missing: order_no, status, placed_at, buyer_id. See docs/import-layout.md."),
        (
            b"order_no,status,placed_at\nA1,unpaid,2026-01-01\n",
            "Columns are missing: buyer_id. See docs/import-layout.md.",
        ),
        (b"%PDF-1.4", "This is a file of the kind PDF. Save the table as XLSX or CSV."),
        (b"order_no,status,placed_at,buyer_id,order id\n", None),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_whole(tmp_path: Path, content: bytes, message: str | None) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile) as refused:
        take(open_shop(), path)
    assert str(refused.value) == (message or "The column “order_no” is there twice, once as “order id”. Keep one.")
    assert nothing_written()
    assert [*tmp_path.iterdir()] == [path]


def test_a_quote_that_is_never_closed_far_below_stops_the_import_before_anything_is_written(tmp_path: Path) -> None:
    path = csv_file(tmp_path, *(row(order_no=f"A{number}", payments="") for number in range(2000)))
    path.write_bytes(path.read_bytes() + b'A2000,"unpaid\n')
    with pytest.raises(UnreadableFile, match="Row 2002 can't be read"):
        take(open_shop(), path)
    assert nothing_written()
    assert [*tmp_path.iterdir()] == [path]


def test_nothing_of_a_row_that_is_too_wide_is_read_or_repeated(tmp_path: Path) -> None:
    names = {"recipient_name": "", "order_no": "", **RIGHT, "recipient_phone": "13800138000"}
    path = tmp_path / "orders.csv"
    shifted = ["extra", "secret", *list({**names, "order_no": "A1"}.values())[1:]]
    more = ["", "A2", *list(names.values())[2:]]
    path.write_text("\n".join(",".join(cells) for cells in ([*names], shifted, more, [*more, "13800138000"])) + "\n")
    report = take(open_shop(), path)
    told = Path(report.errors).read_text(encoding="utf-8-sig")
    assert "secret" not in told
    assert "138" not in told
    assert refusals(report) == [
        (2, "", "The row has more cells than the header."),
        (3, "", "Not imported, because row 4 of the same order was refused."),
        (4, "", "The row has more cells than the header."),
    ]
    assert nothing_written()
