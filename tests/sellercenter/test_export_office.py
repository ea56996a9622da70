"""Exports opened by a real spreadsheet program: whatever buyers write, nothing becomes a formula."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sellercenter.exports.files import csv_file, csv_line, text_cell, xlsx_file
from sellercenter.sheets import Kind, guarded
from tests.sellercenter.test_export_cells import HOSTILE, TOLD, columns, hostile

OFFICE = shutil.which("soffice")
# A spreadsheet program takes what it can't hold for the end of the file, so each text is short and printable.
TEXTS = [
    text for text in [*HOSTILE, *hostile(5, 700)] if len(text) < 100 and not re.search(r"[\x00\ufffe\uffff]", text)
][:500]


@pytest.fixture
def opened(tmp_path: Path) -> dict[str, str]:
    """Write a guarded CSV, a workbook and a CSV without any guard, and return what the program made of each."""
    if OFFICE is None:
        if os.environ.get("REQUIRE_OFFICE"):
            pytest.fail("LibreOffice is missing: apt-get install libreoffice-calc-nogui")
        pytest.skip("LibreOffice is not installed")
    with csv_file(tmp_path / "ours.csv", TOLD, columns(Kind.TEXT, Kind.TEXT), ()) as file:
        file.write([csv_line(["row", guarded(text)]) for text in TEXTS])
    with xlsx_file(tmp_path / "book.xlsx", TOLD, columns(Kind.TEXT, Kind.TEXT), (), "CNY") as book:
        book.write([f"<row>{text_cell('row')}{text_cell(text)}</row>\n".encode() for text in TEXTS])
    (tmp_path / "bare.csv").write_bytes(b"".join(csv_line(["row", text]) for text in TEXTS))
    command = [OFFICE, "--headless", f"-env:UserInstallation=file://{tmp_path}/office", "--convert-to", "fods"]
    names = ["ours.csv", "book.xlsx", "bare.csv"]
    subprocess.run([*command, *names], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    return {name: (tmp_path / name).with_suffix(".fods").read_text(encoding="utf-8") for name in names}


def test_no_hostile_row_becomes_a_formula_in_a_spreadsheet_program(opened):
    assert len(TEXTS) == 500
    formulas = {name: text.count("table:formula=") for name, text in opened.items()}
    assert (formulas["ours.csv"], formulas["book.xlsx"]) == (0, 0)
    # The same rows without a guard: the program does calculate.
    assert formulas["bare.csv"] > 4
    assert all(text.count("<text:p>row</text:p>") == 500 for name, text in opened.items() if name != "bare.csv")
