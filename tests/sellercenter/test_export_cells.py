"""The cells of exports: PostgreSQL writes what Python writes, whatever a text says, and programs read it back."""

from __future__ import annotations

import csv
import random
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.db import connection
from django.utils import translation

from sellercenter import sheets
from sellercenter.exports import Column, files, statements
from sellercenter.exports.files import Told, csv_file, csv_line, text_cell, xlsx_file
from sellercenter.exports.statements import CsvCells, XmlCells
from sellercenter.sheets import Kind, guarded, unguarded

ZONE = ZoneInfo("America/Sao_Paulo")
SIGNS = (
    "=+-@|%'＝＋－＠\t\r\n\v\f \x1c\x1f\x85\xa0\u2003\u2028\u3000\u180e\u200b\x01\x08\x7f&<>\"\\;,_xA0é茶🍵\ufffe\uffff"
)
HOSTILE = [
    *SIGNS,
    *("=1+1", "=cmd|'/c calc'!A1", "@SUM(1)", "-2+3", "+1", "%0A=1", "|x", "'=1", "''", "' =1", " =1", "\t=1", "\n@x"),
    *("\u3000＝1", "\xa0-1", "\x1c+1", "plain", "-", "--", "１２３", "13800138000", "SF1029384756", "0012", "1E5"),
    *("<script>alert(1)</script>", "a & b", "]]>", "<![CDATA[x]]>", "\\", "\\n", "\\.", "\\N", "a\\tb", "a\tb\nc\r\nd"),
    *("_x0041_", "_x000D_", "__x0041_", "x_x005F_x0041_", "'t Hart", '"', '""', "a\x01b", "\x08", "a" * 40_000),
    *("茶" * 20_000, "🍵" * 20_000, "=" * 100, "\u200b=1", "\ufeff=1", "\u202e=1"),
]


# Most texts are as plain as these.
TEXTS = ["Green tea", "广东省", "", *HOSTILE[:60], "a" * 40_000]


def hostile(seed: int, many: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(SIGNS + "abc123", k=chance.randint(1, 12))) for _one in range(many)]


def by_database(form: Any, kind: Kind, values: list[Any], type_: str) -> list[Any]:
    """Let PostgreSQL write the cells."""
    cell = form.cell("v", kind)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [ZONE.key])
        cursor.execute(f"SELECT {cell} FROM unnest(%s::{type_}[]) WITH ORDINALITY AS t (v, at) ORDER BY at", [values])
        return [row[0] for row in cursor.fetchall()]


def columns(*kinds: Kind) -> list[Column]:
    return [Column(f"c{at}", f"Column {at}", "pk", kind) for at, kind in enumerate(kinds)]


TOLD = Told("Orders", [("Shop", "=Harbour"), ("Filter", "none")], "About this file")


@pytest.mark.django_db
def test_the_database_guards_texts_exactly_as_python_does():
    texts = [*HOSTILE, *hostile(1, 3000)]
    assert by_database(CsvCells("CNY"), Kind.TEXT, texts, "text") == [guarded(text) for text in texts]


def test_whoever_takes_one_apostrophe_away_has_the_text_again():
    texts = [*HOSTILE, *hostile(2, 3000)]
    assert [unguarded(guarded(text)) for text in texts] == texts
    assert len({guarded(text) for text in texts}) == len(set(texts))


@pytest.mark.django_db
def test_the_database_writes_texts_into_a_sheet_exactly_as_python_does():
    texts = [*HOSTILE, *hostile(3, 3000)]
    ours = by_database(XmlCells(), Kind.TEXT, texts, "text")
    differ = [
        (text, one) for text, one in zip(texts, ours, strict=True) if one != text_cell(text).replace("\\", "&#92;")
    ]
    assert differ == []
    assert all(len(one.encode("utf-16-le")) < 2 * 33_000 for one in ours)


@pytest.mark.django_db
def test_whole_rows_of_a_sheet_are_the_same_whether_one_text_in_them_is_marked_or_none():
    chance = random.Random(6)
    rows = [[chance.choice(TEXTS), chance.choice(["plain", "茶", "a" * 9]), chance.choice(TEXTS)] for _n in range(2000)]
    asked = statements.Asked(
        "(SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) AS t (v0, v1, v2))",
        tuple([row[at] for row in rows] for at in range(3)),
        columns(Kind.TEXT, Kind.TEXT, Kind.TEXT),
    )
    with connection.cursor() as cursor, cursor.copy(statements.as_xml(asked), asked.params) as copy:
        written = [bytes(piece).decode() for piece in copy]
    assert written == [
        f"<row>{''.join(text_cell(text) for text in row)}</row>\n".replace("\\", "&#92;") for row in rows
    ]


@pytest.mark.django_db
def test_a_row_may_have_more_cells_than_a_function_of_postgresql_takes_arguments():
    many = 250
    row = ", ".join(f"'t{at}'::text AS v{at}" for at in range(many))
    asked = statements.Asked(f"(SELECT {row})", (), columns(*[Kind.TEXT] * many))
    with connection.cursor() as cursor, cursor.copy(statements.as_xml(asked), asked.params) as copy:
        [written] = [bytes(piece).decode() for piece in copy]
    assert written == f"<row>{''.join(text_cell(f't{at}') for at in range(many))}</row>\n"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values", "type_"),
    [
        (Kind.MONEY, [Decimal("0.00"), Decimal("-12.50"), Decimal("99999999.99"), None], "numeric"),
        (Kind.COUNT, [0, 7, 1_000_000, None], "bigint"),
        (Kind.RATIO, [Decimal("0.1500"), Decimal(0), Decimal(1), None], "numeric"),
        (Kind.SECONDS, [Decimal("3600.7"), Decimal(59), None], "numeric"),
        (Kind.DATE, [date(2026, 3, 1), None], "date"),
        (Kind.YES, [True, False, None], "boolean"),
        (
            Kind.STAMP,
            [datetime(2018, 2, 18, 1, 30, tzinfo=UTC), datetime(2018, 2, 18, 2, 30, tzinfo=UTC)],
            "timestamptz",
        ),
    ],
)
def test_every_kind_of_value_is_written_alike(kind, values, type_):
    written = by_database(CsvCells("CNY"), kind, values, type_)
    assert ["" if one is None else str(one) for one in written] == [
        sheets.plain(value, kind, "CNY", ZONE) for value in values
    ]


@pytest.mark.django_db
def test_times_stand_on_the_shops_clock_and_the_hour_that_comes_twice_keeps_its_offset():
    twice = [datetime(2018, 2, 18, 1, 30, 15, tzinfo=UTC), datetime(2018, 2, 18, 2, 30, 15, tzinfo=UTC)]
    assert by_database(CsvCells("CNY"), Kind.TIME, twice, "timestamptz") == ["2018-02-17 23:30:15"] * 2
    assert by_database(CsvCells("CNY"), Kind.STAMP, twice, "timestamptz") == [
        "2018-02-17 23:30:15-02:00",
        "2018-02-17 23:30:15-03:00",
    ]


@pytest.mark.django_db
def test_words_follow_the_readers_language():
    with translation.override("zh-hans"):
        assert by_database(CsvCells("CNY"), Kind.YES, [True, False], "boolean") == ["是", "否"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("value", "type_", "shown"),
    [
        (3, "integer", "#,##0"),
        (10**15, "bigint", "#,##0"),
        ("3.00", "numeric", "#,##0"),
        ("2.5", "numeric", "#,##0.0#"),
    ],
)
def test_a_whole_number_shows_no_point_behind_it(tmp_path, value, type_, shown):
    cell = by_database(XmlCells(), Kind.COUNT, [value], type_)[0]
    write_xlsx(tmp_path / "a.xlsx", [[cell]], kinds=columns(Kind.COUNT))
    told = openpyxl.load_workbook(tmp_path / "a.xlsx")["Orders"]["A2"]
    assert (Decimal(str(told.value)), told.number_format) == (Decimal(value), shown)


def write_xlsx(path: Path, rows: list[list[str]], *, kinds: Any = (), currency: str = "CNY") -> None:
    with xlsx_file(path, TOLD, kinds or columns(Kind.TEXT), (), currency) as book:
        book.write([f"<row>{''.join(row)}</row>\n".encode() for row in rows])


@pytest.mark.django_db
def test_a_workbook_reads_back_what_was_written(tmp_path):
    typed = columns(Kind.TEXT, Kind.COUNT, Kind.MONEY, Kind.RATIO, Kind.DATE, Kind.TIME)
    at = datetime(2026, 3, 1, 13, 0, 5, tzinfo=UTC)
    told = ["=1+1", 3, Decimal("12.50"), Decimal("0.25"), date(2026, 3, 1), at]
    types = ("text", "bigint", "numeric", "numeric", "date", "timestamptz")
    row = [
        by_database(XmlCells(), column.kind, [value], type_)[0]
        for column, value, type_ in zip(typed, told, types, strict=True)
    ]
    assert row[1:5] == [
        f'<c s="{style}"><v>{value}</v></c>' for style, value in ((2, 3), (3, "12.50"), (4, "0.25"), (6, 46082))
    ]
    write_xlsx(tmp_path / "a.xlsx", [row], kinds=typed)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    sheet = book["Orders"]
    assert [cell.value for cell in sheet[1]] == [f"Column {n}" for n in range(6)]
    assert [cell.value for cell in sheet[2]] == [
        *("=1+1", 3, 12.5, 0.25),
        datetime(2026, 3, 1),
        datetime(2026, 3, 1, 10, 0, 5),
    ]
    assert [cell.data_type for cell in sheet[2]] == ["s", "n", "n", "n", "d", "d"]
    assert sheet["C2"].number_format == '"¥"#,##0.00'
    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in book["About this file"][2]] == ["Shop", "=Harbour"]


def test_no_hostile_text_becomes_a_formula_or_breaks_the_sheet(tmp_path):
    texts = [*HOSTILE, *hostile(4, 500)]
    write_xlsx(tmp_path / "a.xlsx", [[text_cell(text)] for text in texts])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Orders"]
    read = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in read if cell.value is not None} <= {"s", "inlineStr"}
    assert len(read) == len(texts)
    assert all(len((cell.value or "").encode("utf-16-le")) <= 2 * 32_767 + 200 for cell in read)
    assert read[texts.index("a & b")].value == "a & b"
    assert read[texts.index("a\tb\nc\r\nd")].value.replace("\r\n", "\n") == "a\tb\nc\nd"


def test_rows_that_do_not_fit_on_one_sheet_go_on_to_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_ROWS", 10)
    write_xlsx(tmp_path / "a.xlsx", [[text_cell(f"row {n}")] for n in range(25)])
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["Orders", "Orders (2)", "Orders (3)", "About this file"]
    assert [book[name].max_row for name in book.sheetnames[:3]] == [11, 11, 6]
    assert [book[name]["A1"].value for name in book.sheetnames[:3]] == ["Column 0"] * 3
    assert book["Orders (3)"]["A6"].value == "row 24"


def test_a_csv_file_says_what_it_is_and_keeps_every_row(tmp_path):
    with csv_file(tmp_path / "a.csv", TOLD, columns(Kind.TEXT, Kind.TEXT), ()) as file:
        file.write([csv_line(["a\nb", '"'])])
        file.write([])
        file.write([csv_line(["", "x"])])
    raw = (tmp_path / "a.csv").read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf"#sd-export:1"')
    assert raw.count(b"\r\n") == 6
    rows = list(csv.reader(StringIO(raw.decode("utf-8-sig"), newline="")))
    assert rows[:3] == [["#sd-export:1", "Orders"], ["#Shop", "'=Harbour"], ["#Filter", "none"]]
    assert rows[3:] == [["Column 0", "Column 1"], ["a\nb", '"'], ["", "x"]]


@pytest.mark.parametrize("opened", [csv_file, xlsx_file])
def test_what_breaks_half_way_leaves_neither_file_nor_part(tmp_path, opened):
    more = ("CNY",) if opened is xlsx_file else ()
    with suppress(KeyError), opened(tmp_path / "a", TOLD, columns(Kind.TEXT), (), *more) as sink:
        sink.write([b"<row/>\n"])
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_its_owners_alone(tmp_path):
    write_xlsx(tmp_path / "a.xlsx", [])
    assert (tmp_path / "a.xlsx").stat().st_mode & 0o777 == 0o600
    assert zipfile.is_zipfile(tmp_path / "a.xlsx")


def test_a_disk_that_runs_full_is_an_answer(tmp_path, monkeypatch):
    from sellercenter.exports import making
    from sellercenter.lifecycle import Refused

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    plan: Any = SimpleNamespace(
        layout=SimpleNamespace(second=(), bare=False), form="csv", columns=columns(Kind.TEXT), shop=None
    )

    def fill() -> None:
        with making._sink(plan, tmp_path / "a.csv", TOLD) as sink:
            monkeypatch.setattr(sink, "write", full)
            sink.write([b"x"])

    with pytest.raises(Refused, match="ran full"):
        fill()
    assert list(tmp_path.iterdir()) == []
