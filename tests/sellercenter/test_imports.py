"""Tables of any encoding, delimiter and shape come in as the same rows of text; what is no table says so."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from sellercenter import imports
from sellercenter.imports import ErrorReport, RowError, UnreadableFile, open_table, resolve, squeezed
from sellercenter.sheets import guarded, unguarded

TABLE = 'no,name\n1,"Müller, ""Jo"""\n2,张三的杯子和很多别的东西\n'
ROWS = [(1, ["no", "name"]), (2, ["1", 'Müller, "Jo"']), (3, ["2", "张三的杯子和很多别的东西"])]


def rows(path: Path) -> list[tuple[int, list[str]]]:
    with open_table(path) as table:
        return list(table.rows())


def file(folder: Path, content: bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as refused:
        rows(path)
    return str(refused.value)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"], ids=lambda name: name
)
def test_every_known_encoding_gives_the_same_rows(tmp_path: Path, encoding: str) -> None:
    # Without a mark, UTF-16 is known by its zeros, which a mostly Chinese text doesn't have.
    table = TABLE.replace("Müller", "Jo") if encoding == "gb18030" else TABLE
    wanted = [(n, [cell.replace("Müller", "Jo") for cell in cells]) for n, cells in ROWS]
    content = table.encode(encoding) if not encoding.endswith("e") else (table + "3,plain words\n" * 9).encode(encoding)
    found = rows(file(tmp_path, content))[:3]
    assert [(n, [cell.lstrip("\ufeff") for cell in cells]) for n, cells in found] == (
        wanted if encoding == "gb18030" else ROWS
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_by_itself(tmp_path: Path, delimiter: str) -> None:
    content = f'a{delimiter}"b,;c"{delimiter}d\n1{delimiter}2{delimiter}3\n'
    assert rows(file(tmp_path, content.encode())) == [(1, ["a", "b,;c", "d"]), (2, ["1", "2", "3"])]


def test_excels_own_word_for_the_delimiter_is_obeyed_and_is_no_row(tmp_path: Path) -> None:
    assert rows(file(tmp_path, b"sep=;\na,b;c\n")) == [(2, ["a,b", "c"])]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_and_cells_of_several_lines_are_read(tmp_path: Path, ending: str) -> None:
    content = f'a,b{ending}"1{ending}2",3{ending}{ending}4,5{ending}'
    assert rows(file(tmp_path, content.encode())) == [(1, ["a", "b"]), (2, [f"1{ending}2", "3"]), (4, ["4", "5"])]


def test_western_text_in_an_old_encoding_is_refused_and_not_read_as_chinese(tmp_path: Path) -> None:
    content = "no,city\n" + "1,São Paulo\n2,Brasília\n3,Curitibá é\n" * 50
    assert refusal(file(tmp_path, content.encode("cp1252"))) == (
        "The file's encoding is not known. Save it as “CSV UTF-8” or as XLSX."
    )


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n\r\n  \n"])
def test_an_empty_file_says_so(tmp_path: Path, content: bytes) -> None:
    assert refusal(file(tmp_path, content)) == "The file is empty."


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"%PDF-1.7", "PDF"), (b"\x89PNG\r\n", "PNG"), (b"\xd0\xcf\x11\xe0", "XLS"), (b"\x1f\x8b\x08", "GZ")],
)
def test_another_kind_of_file_is_named(tmp_path: Path, content: bytes, kind: str) -> None:
    assert refusal(file(tmp_path, content)) == f"This is a file of the kind {kind}. Save the table as XLSX or CSV."


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv") == "The file none.csv can't be opened: No such file or directory."


def test_a_quotation_mark_that_is_never_closed_names_its_row(tmp_path: Path) -> None:
    assert refusal(file(tmp_path, b'a,b\n1,2\n3,"4\n5,6\n')).startswith("Row 3 can't be read (unexpected end of data).")


def test_a_workbook_gives_text_for_every_type(tmp_path: Path) -> None:
    book = Workbook()
    hidden = book.active
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("orders")
    sheet.append([])
    sheet.append(["id", "amount", "when", "day", "yes", "none", "big", "float"])
    sheet.append(
        ["00123", 12.5, datetime(2026, 3, 1, 9, 5), date(2026, 3, 2), True, None, 576486316948490001, 0.1 + 0.2]
    )
    book.save(tmp_path / "t.xlsx")
    found = rows(tmp_path / "t.xlsx")
    assert found[0] == (2, ["id", "amount", "when", "day", "yes", "none", "big", "float"])
    number, cells = found[1]
    assert number == 3
    assert cells[:3] == ["00123", "12.5", "2026-03-01 09:05:00"]
    assert cells[3][:10] == "2026-03-02"
    assert cells[4:] == ["true", "", "5.76486E+17", "0.3"]


def test_a_damaged_workbook_and_a_strange_archive_are_refused(tmp_path: Path) -> None:
    damaged = "This is not an XLSX workbook, or it is damaged. Save the table as XLSX or CSV."
    assert refusal(file(tmp_path, b"PK\x03\x04" + b"x" * 400, "a.xlsx")) == damaged
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refusal(tmp_path / "b.xlsx") == damaged
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "not xml")
    assert refusal(tmp_path / "c.xlsx") == ("The file is damaged, protected or too large. Save the table anew as CSV.")


def test_headers_match_whatever_their_case_spaces_and_underscores() -> None:
    assert {squeezed(name) for name in ("order_no", "Order No", " ORDER-NO ", "OrderNo", "ｏｒｄｅｒ＿ｎｏ")} == {
        "orderno"
    }


def test_a_column_that_comes_twice_is_refused_and_an_unknown_one_is_kept_in_mind() -> None:
    names = {"orderno": "order_no", "orderid": "order_no"}
    header = resolve(3, ["Colour", "Order ID", ""], names)
    assert (header.places, header.unknown, header.row) == ({"order_no": 1}, ["Colour"], 3)
    with pytest.raises(UnreadableFile, match="The column “order_no” is there twice"):
        resolve(1, ["order no", "order id"], names)


@given(st.lists(st.sampled_from("abcd"), max_size=30))
def test_gathering_brings_keys_together_in_the_order_of_their_first_row(keys: list[str]) -> None:
    numbered = [(number, [key, "x"]) for number, key in enumerate(keys, 1)]
    with imports.gathered(numbered, lambda cells: cells[0]) as found:
        result = list(found)
    first = {key: keys.index(key) for key in keys}
    assert result == sorted(numbered, key=lambda row: (first[row[1][0]], row[0]))
    runs = [key for key, _rows in imports.adjacent(numbered, lambda cells: cells[0])]
    assert imports.scattered(numbered, lambda cells: cells[0]) is (len(runs) != len(set(runs)))


@pytest.mark.parametrize("between", [["same"], ["same", "other"]])
def test_more_rows_of_one_key_than_can_be_held_are_refused(between: list[str]) -> None:
    names = between * imports.MOST_TOGETHER
    rows = [(number, [name]) for number, name in enumerate(names, 1)]
    assert imports.scattered(rows, lambda cells: cells[0]) is (len(between) > 1)
    with pytest.raises(UnreadableFile, match=f"the same “same”, the last of them row {len(rows) + 1}"):
        imports.scattered([*rows, (len(rows) + 1, ["same"])], lambda cells: cells[0])
    long = [(number, ["same", "x" * imports.CELL_LIMIT]) for number in range(1, 20)]
    with pytest.raises(UnreadableFile, match="Too many rows"):
        imports.scattered(long, lambda cells: cells[0])


def test_records_are_held_so_many_at_a_time_and_fewer_where_they_are_long() -> None:
    records = [[(number, ["x"])] for number in range(5)]
    assert [len(some) for some in imports.portions(records, 2)] == [2, 2, 1]
    long = [[(number, ["x" * imports.CELL_LIMIT] * 9)] for number in range(5)]
    assert [len(some) for some in imports.portions(long, 1000)] == [2, 2, 1]
    assert list(imports.portions([], 2)) == []


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        *(
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-5", "'-5"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("|x", "'|x"),
            ("%x", "'%x"),
        ),
        *(
            (" =x", "' =x"),
            ("＝x", "'＝x"),
            ("'x", "''x"),
            ("plain", "plain"),
            ("", ""),
            ("a\0b", "ab"),
            ("\0=x", "'=x"),
        ),
    ],
)
def test_text_that_a_spreadsheet_would_run_is_disarmed(text: str, safe: str) -> None:
    assert guarded(text) == safe
    assert unguarded(safe) == text.replace("\0", "")


def test_a_report_is_made_with_its_first_row_and_removed_by_a_run_without_any(tmp_path: Path) -> None:
    path = tmp_path / "t.errors.csv"
    report = ErrorReport(path)
    assert not path.exists()
    report.add([RowError(7, "A1", "unit_price", "=cmd()", "Bad.")])
    report.close()
    assert path.read_bytes() == (
        b'\xef\xbb\xbf"row","order","column","value","message"\r\n"7","A1","unit_price","\'=cmd()","Bad."\r\n'
    )
    ErrorReport(path).close()
    assert not path.exists()


def test_a_file_of_somebody_else_under_the_reports_name_is_left_alone(tmp_path: Path) -> None:
    path = file(tmp_path, b"my,own,notes\n", "t.errors.csv")
    ErrorReport(path).close()
    assert path.read_bytes() == b"my,own,notes\n"
