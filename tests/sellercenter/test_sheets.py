"""Sheets say the same on a page, in CSV and in Excel, and no text of a person ever runs in a spreadsheet."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from sellercenter.sheets import Column, Kind, Sheet, Told, as_csv, as_xlsx, guarded, say

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 22, 4, 5, tzinfo=UTC)
ONE_OF_EACH = Sheet(
    "Sales / by day",
    [Column(kind.value.title(), kind) for kind in Kind],
    [
        ["=SUM(A1)", 1234, Decimal("-1280.5"), Decimal("0.146890"), 93_784, date(2026, 11, 22), NOON, NOON, True],
        ["0012", *[None] * 8],
    ],
    "CNY",
    SHANGHAI,
)
NOTES = [("Shop", "@兰亭"), ("Period", "2026-11-01 – 2026-11-22")]
TRIGGERS = "=+-@\t\r\n|%＝＋－＠'"


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


def test_values_are_said_as_people_read_them():
    first, second = (ONE_OF_EACH.said(row) for row in ONE_OF_EACH.rows)
    assert first[:6] == ["=SUM(A1)", "1,234", "−¥1,280.50", "14.69 %", "1 d 2 h", "2026-11-22"]
    assert first[6:] == ["2026-11-22 12:05", "2026-11-22 12:05:00+08:00", "yes"]
    assert second == ["0012", *["—"] * 8]


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (12_345, "12,345"), (Decimal("12.34"), "12.3"), (Decimal("7.0"), "7")]
)
def test_a_mean_of_counts_keeps_one_digit(value, said):
    assert say(value, Kind.COUNT, "CNY") == said


def test_csv_begins_with_what_it_is_about_and_keeps_numbers_plain():
    content = as_csv(ONE_OF_EACH, NOTES)
    assert content.startswith(b'\xef\xbb\xbf"Sales / by day"\r\n"Shop","\'@')
    title, shop, period, gap, head, first, second = lines(content)
    assert (title, shop, period, gap) == (["Sales / by day"], ["Shop", "'@兰亭"], ["Period", NOTES[1][1]], [])
    assert head == ["Text", "Count", "Money", "Ratio", "Seconds (s)", "Date", "Time", "Stamp", "Yes Or No"]
    assert first[:6] == ["'=SUM(A1)", "1234", "-1280.50", "0.14689", "93784", "2026-11-22"]
    assert first[6:] == ["2026-11-22 12:05", "2026-11-22 12:05:00+08:00", "yes"]
    assert second == ["0012", *[""] * 8]


def test_excel_gets_typed_cells_and_texts_that_stay_texts():
    page = load_workbook(BytesIO(as_xlsx(ONE_OF_EACH, NOTES))).active
    assert page.title == "Sales   by day"
    assert [page.cell(row, 1).value for row in (1, 2, 3, 4, 5)] == ["Sales / by day", "Shop", "Period", None, "Text"]
    cells = [page.cell(6, at) for at in range(1, 10)]
    assert [cell.value for cell in cells] == [
        *("=SUM(A1)", 1234, -1280.5, 0.14689, timedelta(seconds=93_784)),
        *(datetime(2026, 11, 22), datetime(2026, 11, 22, 12, 5), "2026-11-22 12:05:00+08:00", "yes"),
    ]
    assert [cell.data_type for cell in cells] == ["s", "n", "n", "n", "d", "d", "d", "s", "s"]
    assert [cell.number_format for cell in cells[1:5]] == ["#,##0", '"¥"#,##0.00', "0.00%", "[h]:mm:ss"]
    assert (page.cell(7, 1).value, page.cell(7, 2).value) == ("0012", None)
    assert page.cell(2, 2).data_type == "s"


def test_a_value_may_be_of_another_kind_than_its_column():
    rows = [["Paid", Told(Decimal("12.5"), Kind.MONEY)], ["Share", Told(Decimal("0.5"), Kind.RATIO)], ["None", None]]
    sheet = Sheet("Figures", [Column("Figure"), Column("Value", Kind.COUNT)], rows, "CNY", SHANGHAI)
    assert [sheet.said(row)[1] for row in rows] == ["¥12.50", "50.00 %", "—"]
    assert [line[1] for line in lines(as_csv(sheet))[-3:]] == ["12.50", "0.5", ""]
    page = load_workbook(BytesIO(as_xlsx(sheet))).active
    assert [page.cell(at, 2).number_format for at in (4, 5)] == ['"¥"#,##0.00', "0.00%"]


def test_a_currency_without_cents_shows_none():
    sheet = Sheet("Yen", [Column("Paid", Kind.MONEY)], [[Decimal("1280.5")]], "JPY", SHANGHAI)
    assert sheet.said(sheet.rows[0]) == ["JP¥1,281"]
    assert lines(as_csv(sheet))[-1] == ["1281"]
    assert load_workbook(BytesIO(as_xlsx(sheet))).active.cell(4, 1).number_format == '"JP¥"#,##0'


def test_a_workbook_takes_any_title_and_drops_what_no_cell_can_hold():
    sheet = Sheet(
        "[a]:*?/\\" + "b" * 40, [Column("Name")], [["bell\x07 and \x00 nul"], ["x" * 40_000]], "CNY", SHANGHAI
    )
    page = load_workbook(BytesIO(as_xlsx(sheet))).active
    assert page.title == "a      " + "b" * 23
    assert page.cell(4, 1).value == "bell and  nul"
    assert len(page.cell(5, 1).value) == 32_767


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.one_of(st.sampled_from(TRIGGERS + " a0\x00\u3000"), st.characters(codec="utf-8"))))
def test_no_guarded_text_begins_like_a_formula_and_each_can_be_read_again(text):
    safe, kept = guarded(text), text.replace("\x00", "")
    assert safe in ("", "-") or safe.lstrip()[:1] not in set(TRIGGERS) - {"'"}
    assert (safe[1:] if safe.startswith("'") else safe) == kept
    assert lines(as_csv(Sheet("t", [Column("c")], [[text]], "CNY", SHANGHAI)))[-1] == ([safe])
