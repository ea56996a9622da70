"""Files made to do harm end with a sentence: nothing hangs, nothing dies but their reader, nothing is left."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from orders.models import StockMovement
from sellercenter import imports, unpacking
from sellercenter.imports import UnreadableFile, open_table
from tests.conftest import url
from tests.sellercenter import malformed
from tests.sellercenter.malformed import SHEET, STRINGS, archive, declaring, parts, symlink, with_entry

ROOT = Path(__file__).resolve().parents[2]
SEED, CASES = 20261122, 1000
DAMAGED = "The file is damaged, protected or too large. Save the table anew as CSV."
NO_WORKBOOK = "This is not an XLSX workbook, or it is damaged. Save the table as XLSX or CSV."
TOO_LARGE = "The workbook is too large. Save the sheet as CSV."
OUTSIDE = "The workbook names places outside itself, which none does. Save the sheet as CSV."
NESTED = "The workbook holds another archive. Save the sheet as CSV."
ENTITIES = "The workbook holds declarations that no workbook needs. Save the sheet as CSV."
PASSWORD = "The workbook is protected by a password. Save it without one, or the sheet as CSV."
MACROS = "The workbook holds macros. Save it as XLSX without macros, or the sheet as CSV."
LINKS = "The workbook has links to other workbooks. Break them, or save the sheet as CSV."
MEMORY = "Reading the file takes too much memory. Take out cells far from the table, or divide the file."
SLOW = "Reading the file takes too long. Divide it, or save the sheet as CSV."
DIED = "The file can't be read: its reader ended without a word. Save the table anew as CSV."
ENCODING = "The file's encoding is not known. Save it as “CSV UTF-8” or as XLSX."


@pytest.fixture(autouse=True)
def nothing_left(settings: Any, tmp_path: Path) -> Any:
    """Whatever a test reads: no temporary file and no child may outlive it."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = folder
    before = children()
    yield
    assert list(folder.iterdir()) == []
    assert children() == before


def children() -> set[str]:
    """Return the processes that this one has, dead ones too."""
    return {one for task in Path("/proc/self/task").iterdir() for one in (task / "children").read_text().split()}


def descriptors() -> int:
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))


def put(folder: Path, content: bytes) -> Path:
    path = folder / "brought.csv"
    path.write_bytes(content)
    return path


def read(path: Path, *, trusted: bool = False) -> list[list[str]]:
    with open_table(path, trusted=trusted) as table:
        return [cells for _number, cells in table.rows()]


def refusal(path: Path, *, trusted: bool = False) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read(path, trusted=trusted)
    return str(refused.value)


def book(**changed: bytes) -> bytes:
    """Return a small workbook of which some parts are others: sheet, strings."""
    names = {"sheet": SHEET, "strings": STRINGS}
    return archive(parts() | {names[name]: part for name, part in changed.items()})


def entry(name: str, data: bytes = b"x") -> bytes:
    return with_entry(zipfile.ZipInfo(name), data)


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDER = b'<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/">]>'
BOMB = archive(parts() | {SHEET: parts()[SHEET] + b" " * 30_000_000})
HOSTILE = {
    "thirty million blanks": (BOMB, TOO_LARGE),
    "a size that is declared too small": (declaring(BOMB, SHEET, 5000), TOO_LARGE),
    "a size that is declared as huge": (declaring(book(), SHEET, 2**31), TOO_LARGE),
    "three thousand parts": (archive(parts() | {f"x{n}": b"" for n in range(3000)}), TOO_LARGE),
    "a way out": (entry("../../../tmp/x"), OUTSIDE),
    "an absolute name": (entry("/etc/cron.d/x"), OUTSIDE),
    "a name for Windows": (entry("xl\\..\\..\\x"), OUTSIDE),
    "a symbolic link": (symlink(), OUTSIDE),
    "the same part twice": (entry("xl/workbook.xml"), NO_WORKBOOK),
    "a workbook in the workbook": (entry("xl/embeddings/a.xlsx", book()), NESTED),
    "an archive under another name": (entry("docProps/thumbnail.jpeg", b"Rar!\x1a\x07"), NESTED),
    "macros": (entry("xl/vbaProject.bin"), MACROS),
    "links to other workbooks": (entry("xl/externalLinks/externalLink1.xml"), LINKS),
    "a billion laughs": (book(strings=LAUGHS + parts()[STRINGS]), ENTITIES),
    "an entity from outside": (book(sheet=OUTSIDER + parts()[SHEET]), ENTITIES),
    "declarations in a part that nobody reads": (entry("customXml/item1.xml", b" " * 300_000 + LAUGHS), ENTITIES),
    "declarations in UTF-16": (book(sheet=(LAUGHS + parts()[SHEET]).decode().encode("utf-16")), DAMAGED),
    "cells at both ends of the largest sheet": (
        archive(parts('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
        MEMORY,
    ),
    "16,384 columns": (
        archive(parts('<row r="3"><c r="XFD3"><v>1</v></c></row>')),
        "Row 3 has cells beyond column 500. Take out the columns that nobody needs.",
    ),
    "a cell far below": (
        archive(parts('<row r="2000"><c r="A2000"><v>1</v></c></row>')),
        "Before row 2000 more than 1000 rows are blank. Take out those rows, or what stands below them.",
    ),
    "a password": (b"\xd0\xcf\x11\xe0" + b"x" * 600 + "EncryptedPackage".encode("utf-16-le"), PASSWORD),
    "no sheet": (book(sheet=b""), DAMAGED),
    "a hundred thousand columns of text": (
        b"a" + b"," * 100_000 + b"b\n",
        "Row 1 has cells beyond column 500. Take out the columns that nobody needs.",
    ),
    "a cell of two megabytes": (
        b"a,b\n1," + b"x" * (2 << 20),
        "Row 2 holds more than 1048576 characters. Shorten it, or look for a quotation mark that is not closed.",
    ),
    "a row of two megabytes": (
        b"a,b,c\n" + (b"x" * 700_000 + b",") * 2 + b"\n",
        "Row 2 holds more than 1048576 characters. Shorten it, or look for a quotation mark that is not closed.",
    ),
    "an open quotation mark": (
        b'a,b\n1,"2\n' + b"3,4\n" * 9,
        "Row 2 can't be read (unexpected end of data). Look for a quotation mark that is not closed there.",
    ),
    "a web page": (
        b"\n <!DOCTYPE html><table><tr><td>1",
        "This is a file of the kind HTML. Save the table as XLSX or CSV.",
    ),
    "UTF-32": ("a,b\n1,2\n".encode("utf-32") * 9, ENCODING),
    "zeros": (b"a,b\n" + b"\0" * 5000, ENCODING),
    "data below two thousand blank rows": (
        b"a,b\n" + b" , \n" * 2000 + b"1,2\n",
        "Before row 2002 more than 1000 rows are blank. Take out those rows, or what stands below them.",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    content, sentence = HOSTILE[name]
    assert refusal(put(tmp_path, content)) == sentence


def test_each_of_a_thousand_malformed_files_is_read_or_refused() -> None:
    command = [sys.executable, "-m", malformed.__name__, str(SEED), str(CASES)]
    said = subprocess.run(
        command, cwd=ROOT, env=imports._ENVIRONMENT, capture_output=True, text=True, check=True
    ).stdout
    found = [json.loads(line) for line in said.splitlines()]
    assert len(found) == CASES
    # What is neither read nor refused by a reason that has a sentence names its way here.
    assert [one for one in found if one[1] not in {"read", *imports.REASONS} or one[2] > malformed.SECONDS] == []
    told = Counter(outcome for _way, outcome, _seconds in found)
    # The files are wrong in many ways, and some are only strange.
    assert len({way for way, _outcome, _seconds in found}) == len(malformed.WAYS) > 20
    assert len(told) > 12
    assert 100 < told["read"] < 500


# --- What is strange, but a table -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", ["A1:A1", "A1:XFD1048576", "B2", "none"])
def test_a_sheet_that_lies_about_its_size_is_read_whole(tmp_path: Path, dimension: str) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(3, 60))
    content = parts(rows, dimension)
    content[SHEET] = content[SHEET].replace(b'<dimension ref="none"/>', b"")
    found = read(put(tmp_path, archive(content)))
    assert found[:2] == [["order_no", "status", "", "", ""], ["576", "2023-03-15 12:00:00", "true", "", "2"]]
    assert [cells[0] for cells in found[2:]] == [str(n) for n in range(3, 60)]


def test_a_sheet_whose_rows_are_nearly_the_same_is_no_bomb(tmp_path: Path) -> None:
    cells = "".join(f'<c t="str"><v>{("CNY", "to_ship", "Green tea")[at % 3]}</v></c>' for at in range(50))
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c>{cells}</row>' for n in range(3, 1500))
    content = archive(parts(rows))
    assert len(rows) > 80 * len(content) > 80 * 10_000
    assert len(read(put(tmp_path, content))) == 1499


def test_blank_rows_and_columns_at_the_end_are_no_data(tmp_path: Path) -> None:
    content = b"a,b" + b"," * 600 + b"\n\n1,2\n" + b" ,\n" * 5000
    assert [cells[:2] for cells in read(put(tmp_path, content))] == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_table_reads_the_same_in_both_ways(tmp_path: Path, trusted: bool, encoding: str, ending: str) -> None:
    text = ending.join(["no;name", '1;"杯子, ""大""' + ending + '两行"', "", "2;' x", "3;a\tb"]) + ending
    path = put(tmp_path, text.encode(encoding))
    with open_table(path, trusted=trusted) as table:
        found = list(table.rows())
        assert found == list(table.rows())
    assert found == [
        *[(1, ["no", "name"]), (2, ["1", f'杯子, "大"{ending}两行'])],
        *[(4, ["2", "' x"]), (5, ["3", "a\tb"])],
    ]


def test_two_readers_of_a_table_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = put(tmp_path, "\n".join(f"{n},{'x' * 50}" for n in range(5000)).encode())
    with open_table(path) as table:
        pairs = list(zip(table.rows(), table.rows(), strict=True))
    assert [one[1][0] for one, _other in pairs] == [str(n) for n in range(5000)]
    assert all(one == other for one, other in pairs)


# --- Rows, and whose file it is ---------------------------------------------------------------------------------------


def test_a_file_has_as_many_rows_as_the_settings_say_but_for_an_operators_own(tmp_path: Path, settings: Any) -> None:
    settings.IMPORT_ROWS = 3
    path = put(tmp_path, b"a\n1\n\n2\n")
    assert read(path) == [["a"], ["1"], ["2"]]
    path = put(tmp_path, b"a\n1\n\n2\n3\n")
    assert refusal(path) == ("The file has more than 3 rows. Divide it and bring the parts one after the other.")
    assert len(read(path, trusted=True)) == 4
    path = put(
        tmp_path, archive(parts('<row r="3"><c r="A3"><v>1</v></c></row><row r="4"><c r="A4"><v>1</v></c></row>'))
    )
    assert refusal(path).startswith("The file has more than 3 rows.")
    assert len(read(path, trusted=True)) == 4


def test_an_operators_own_file_is_refused_by_the_same_sentences(tmp_path: Path) -> None:
    for name in ("an open quotation mark", "a web page", "UTF-32", "zeros", "macros", "a password"):
        content, sentence = HOSTILE[name]
        assert refusal(put(tmp_path, content), trusted=True) == sentence


def test_no_file_stays_open(tmp_path: Path) -> None:
    before = descriptors()
    for content in (b"a\n1\n", b'a,"b\n', book(), BOMB):
        for trusted in (False, True):
            with suppress(UnreadableFile):
                read(put(tmp_path, content), trusted=trusted)
    assert descriptors() == before


def test_what_is_no_plain_file_says_so(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"The file {tmp_path.name} can't be opened: Is a directory."
    assert refusal(Path("/dev/null")) == "null is not a file that can be read twice. Save it first."


# --- Our own exports --------------------------------------------------------------------------------------------------

OURS = (
    b'\xef\xbb\xbf"#sd-export:1","orders"\r\n"#shop","\'=north"\r\n"#","by owner"\r\n'
    b'"order_no","title"\r\n"\'+49","\'\'t Hart"\r\n"#7","\'=1+1"\r\n"A\'1",""\r\n'
)


@pytest.mark.parametrize("trusted", [False, True])
def test_our_own_export_loses_its_first_rows_and_its_apostrophes(tmp_path: Path, trusted: bool) -> None:
    path = put(tmp_path, OURS)
    with open_table(path, trusted=trusted) as table:
        found = [*table.rows()]
    assert found == [(4, ["order_no", "title"]), (5, ["+49", "'t Hart"]), (6, ["#7", "=1+1"]), (7, ["A'1", ""])]
    # A program that saved it again may have chosen another delimiter.
    semicolons = (
        OURS.decode("utf-8-sig").replace('","', '";"').replace('"#sd-export:1";"orders"', "#sd-export:1").encode()
    )
    assert read(put(tmp_path, semicolons), trusted=trusted) == [cells for _number, cells in found]


def test_a_strangers_file_keeps_its_apostrophes_and_its_rows(tmp_path: Path) -> None:
    content = b"#,name\n#1001,'t Hart\n#1002,'=1\n"
    assert read(put(tmp_path, content)) == [["#", "name"], ["#1001", "'t Hart"], ["#1002", "'=1"]]


# --- The process ------------------------------------------------------------------------------------------------------

HERE = "import sys, os, time; sys.path.append(sys.argv[1]); from sellercenter import unpacking; "


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("os._exit(1)", DIED),
        ("os.kill(os.getpid(), 11)", DIED),
        ("os.abort()", MEMORY),
        ("unpacking.confine(1 << 28); unpacking.leave(lambda: bytearray(1 << 30))", MEMORY),
        (
            "unpacking.SPOOL = 5000; unpacking.confine(1 << 28); unpacking.leave(lambda: os.write(1, b'x' * 9000) / 0)",
            DAMAGED,
        ),
        ("unpacking.SECONDS = 1; unpacking.confine(1 << 28); time.sleep(60)", SLOW),
        ("unpacking.CPU_SECONDS = 1; unpacking.confine(1 << 28); any(iter(int, 1))", SLOW),
        ("time.sleep(60)", SLOW),
        ("os.write(1, b'[' * 4000); os._exit(3)", DIED),
        ("os.write(1, b'[\"quote\", {}]'); os._exit(3)", DIED),
        ("os.write(1, b'[\"nonsense\", {}]'); os._exit(3)", DIED),
        (
            "os.write(1, b'\"'); os._exit(0)",
            "Row 1 can't be read (unexpected end of data). Look for a quotation mark that is not closed there.",
        ),
    ],
)
def test_whatever_becomes_of_the_reader_the_answer_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, sentence: str
) -> None:
    monkeypatch.setattr(imports, "_START", HERE + program)
    if program.startswith("time"):
        monkeypatch.setattr(unpacking, "SECONDS", -4)  # so that we wait for one second
    assert refusal(put(tmp_path, b"a,b\n1,2\n")) == sentence


def test_the_reader_can_open_neither_a_file_nor_a_connection_nor_write_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = """
import socket
def tried(what):
    try:
        what()
    except OSError as error:
        return error.strerror
    return "done"
unpacking.SPOOL = 100_000
unpacking.confine(1 << 28)
said = [tried(lambda: open("/etc/passwd")), tried(socket.socket), tried(lambda: os.open(".", os.O_TMPFILE | os.O_RDWR))]
said.append(tried(lambda: os.write(1, b"x" * 10) and os.pwrite(1, b"x", 200_000)))
os.ftruncate(1, 0)
os.pwrite(1, ",".join(said).encode(), 0)
os._exit(0)
"""
    monkeypatch.setattr(imports, "_START", HERE + tries)
    with socket.create_server(("127.0.0.1", 0)):
        assert read(put(tmp_path, b"a\n")) == [["Too many open files"] * 3 + ["File too large"]]


def test_the_reader_knows_neither_django_nor_our_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # LC_CTYPE is Python's own.
    heavy = "{'django', 'sellercenter.settings', 'python_calamine', 'zipfile', 'openpyxl'} & set(sys.modules)"
    said = f"print('knows', *sorted({heavy}), *sorted(set(os.environ) - {{'LC_CTYPE'}}))"
    monkeypatch.setattr(imports, "_START", HERE + said)
    monkeypatch.setenv("SELLERCENTER_SECRET_KEY", "not for readers")
    assert read(put(tmp_path, b"a\n")) == [["knows RUST_BACKTRACE"]]


def test_when_no_process_can_be_started_one_may_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    assert refusal(put(tmp_path, b"a\n")) == "The file can't be read right now. Try again in a minute."


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["thirty million blanks", "macros", "an open quotation mark"])
def test_over_http_a_hostile_file_is_an_answer_too(packing: Any, shop: Any, name: str) -> None:
    content, sentence = HOSTILE[name]
    answer = packing.post(url("stock_upload", shop), {"file": SimpleUploadedFile("counts.xlsx", content)})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not StockMovement.objects.exists()
