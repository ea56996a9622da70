"""The process that reads a file which somebody brought, and writes it anew as plain CSV: UTF-8, commas, CRLF.

A hostile or broken file ends this process and not ours. It has the file as standard input and an unnamed file as
standard output, little memory and time, and can open nothing: no other file, no connection, no process. What it refuses
it says in a few bytes of JSON instead of the table. It starts with every upload, so it knows neither Django nor, until
a workbook comes, what workbooks need.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import resource
import signal
from codecs import getincrementaldecoder, lookup
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from itertools import repeat
from typing import BinaryIO, NoReturn, TextIO

REFUSED = 3
ROWS, COLUMNS, BLANK_ROWS = 500_000, 500, 1000
# What one cell may hold, and one row, so that a thousand rows fit into memory.
CELL_LIMIT = 1 << 20
SPOOL, SECONDS, CPU_SECONDS = 768 << 20, 120, 60
# Workbooks are held in memory as a whole: 100,000 rows of 57 columns take 600 MB.
TEXT_MEMORY, WORKBOOK_MEMORY = 512 << 20, 1 << 30
WORKBOOK = b"PK\x03\x04"
_PIECE = 1 << 20
_DELIMITERS = ",;\t"
_MAGIC = {
    **{b"\xd0\xcf\x11\xe0": "XLS", b"%PDF": "PDF", b"\x89PNG": "PNG", b"\x1f\x8b": "GZ", b"\xff\xd8\xff": "JPEG"},
    **{b"PK\x05\x06": "ZIP", b"Rar!": "RAR", b"7z\xbc\xaf": "7Z", b"{\\rtf": "RTF"},
}
_MARKUP = {b"<?xml": "XML", b"<!doctype": "HTML", b"<html": "HTML", b"<table": "HTML", b"<head": "HTML"}
# The name of the stream in which Excel keeps a workbook with a password, as it stands in the file.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gb2312")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_OURS = re.compile(r'"?#sd-export:')
_ERRORS = {errno.EFBIG: "memory", errno.ENOSPC: "no_room", errno.EDQUOT: "no_room", errno.EMFILE: "died"}


class Unfit(Exception):  # an answer, not an error
    """The file can't be read: a code, for which imports has the sentence, and the values that stand in it."""

    def __init__(self, code: str, **values: int | str) -> None:
        super().__init__(code)
        self.code, self.values = code, values


# --- Text -------------------------------------------------------------------------------------------------------------


def sniff(source: BinaryIO) -> tuple[str, str]:
    """Find the encoding and the delimiter of a CSV; raises Unfit when it is none."""
    source.seek(0)
    head = source.read(_PIECE)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Unfit("empty")
    _refuse_foreign(head)
    encoding = _encoding(source, head)
    return encoding, _delimiter(head.decode(encoding, "ignore"))


def _refuse_foreign(head: bytes) -> None:
    if _ENCRYPTED in head:
        raise Unfit("protected")
    kind = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower()
    kind = kind or next((name for magic, name in _MARKUP.items() if start.startswith(magic)), "")
    if kind:
        raise Unfit("kind", kind=kind)


def _encoding(source: BinaryIO, head: bytes) -> str:
    """Find the encoding in which the whole file reads without an error."""
    if head.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif head.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    else:
        sample = head[:4096]
        odd, even = sample[1::2].count(0) * 4 > len(sample), sample[::2].count(0) * 4 > len(sample)
        candidates = ["utf-16-le"] if odd else ["utf-16-be"] if even else ["utf-8", "gb18030"]
    for encoding in candidates:
        if _decodes(source, encoding):
            return encoding
    raise Unfit("encoding")


def _decodes(source: BinaryIO, encoding: str) -> bool:
    """Say whether every byte of the file has a meaning in the encoding, and the whole looks like text."""
    decoder = getincrementaldecoder(encoding)()
    foreign = strange = control = total = 0
    source.seek(0)
    try:
        while piece := source.read(_PIECE):
            text = decoder.decode(piece)
            total += len(text)
            control += len(_CONTROL.findall(text))
            if encoding == "gb18030":
                rare = _FOREIGN.findall(text)
                foreign += len(rare)
                strange += sum(1 for char in rare if not _in_gb2312(char))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    # Western text in Windows-1252 also reads as GB18030, but into characters that nobody writes.
    return control * 50 <= total and strange * 4 <= foreign


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _delimiter(text: str) -> str:
    """Take the delimiter that the first line names, or that stands in it most often outside quotes."""
    lines = (line for line in text.lstrip("\ufeff").splitlines() if line.strip())
    first = next(lines, "")
    if first.lower().startswith("sep=") and first[4:5] in _DELIMITERS and len(first) <= 5:
        return first[4:5]
    if _OURS.match(first):
        # What stands above the header of an export may hold anything.
        first = next((line for line in lines if not line.startswith(("#", '"#'))), first)
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)


def parsed(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row of a CSV with its number, blank ones too; raises Unfit at the first that can't be read."""
    csv.field_size_limit(CELL_LIMIT)
    number = 0
    try:
        for row in enumerate(csv.reader(lines, delimiter=delimiter, strict=True), 1):
            yield row
            number = row[0]
    except csv.Error as error:
        if "field limit" in str(error):
            raise Unfit("long", row=number + 1, most=CELL_LIMIT) from None
        raise Unfit("quote", row=number + 1, reason=str(error)) from None


def _is_blank(cells: Iterable[str]) -> bool:
    return not any(map(str.strip, cells))


def within(rows: Iterable[tuple[int, list[str]]], most: int) -> Iterator[list[str]]:
    """Yield the rows but for the blank ones at the end; raises Unfit where a limit is passed."""
    blank = taken = 0
    for number, cells in rows:
        if _is_blank(cells):
            blank += 1
            continue
        if blank > BLANK_ROWS:
            # Passing over what comes now would lose it without a word.
            raise Unfit("gap", row=number, most=BLANK_ROWS)
        if blank:
            yield from repeat([], blank)
            blank = 0
        taken += 1
        if taken > most:
            raise Unfit("rows", most=most)
        if len(cells) > COLUMNS:
            if not _is_blank(cells[COLUMNS:]):
                raise Unfit("columns", row=number, most=COLUMNS)
            cells = cells[:COLUMNS]
        if sum(map(len, cells)) > CELL_LIMIT:
            raise Unfit("long", row=number, most=CELL_LIMIT)
        yield cells
    if not taken:
        raise Unfit("empty")


# --- The process ------------------------------------------------------------------------------------------------------


def main(most: int) -> NoReturn:
    """Turn standard input into a CSV of at most so many rows on standard output, and end."""
    source = os.fdopen(0, "rb", closefd=False)
    source.seek(0)
    target = os.fdopen(1, "w", encoding="utf-8", newline="", closefd=False)
    if source.read(len(WORKBOOK)) == WORKBOOK:
        # Whatever is needed is loaded now: a moment later nothing can be opened any more.
        from sellercenter import workbooks

        confine(WORKBOOK_MEMORY)
        leave(lambda: write(workbooks.rows(source), target, most))
    for encoding in ENCODINGS:
        lookup(encoding)
    confine(TEXT_MEMORY)
    leave(lambda: write(_text(source), target, most))


def _text(source: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    encoding, delimiter = sniff(source)
    source.seek(0)
    return parsed(TextIOWrapper(source, encoding, newline=""), delimiter)


def write(rows: Iterable[tuple[int, list[str]]], target: TextIO, most: int) -> None:
    """Write the rows that are within the limits."""
    csv.writer(target).writerows(within(rows, most))
    target.flush()


def confine(memory: int) -> None:
    """Give up, for good, what this process does not need."""
    limits = {
        **{resource.RLIMIT_AS: memory, resource.RLIMIT_CPU: CPU_SECONDS, resource.RLIMIT_FSIZE: SPOOL},
        # Files that are open stay so; no file, connection or process comes to them.
        **{resource.RLIMIT_NOFILE: 0, resource.RLIMIT_NPROC: 0, resource.RLIMIT_CORE: 0},
    }
    for what, most in limits.items():
        hard = resource.getrlimit(what)[1]
        # A second more before the end: the softer limit on time ends us by a signal that says so.
        last = most + (what == resource.RLIMIT_CPU)
        last = last if hard == resource.RLIM_INFINITY else min(last, hard)
        resource.setrlimit(what, (min(most, last), last))
    # Ends us when whoever started us can't any more.
    signal.alarm(SECONDS)


def leave(work: Callable[[], None]) -> NoReturn:
    """Do the work and end with 0, or put the reason why not in the place of its result and end with REFUSED."""
    try:
        work()
    except Unfit as unfit:
        _refuse(unfit)
    except MemoryError:
        _refuse(Unfit("memory"))
    except OSError as error:
        _refuse(Unfit(_ERRORS.get(error.errno or 0, "damaged")))
    except BaseException:  # whatever a broken file does to its reader; a panic of the workbooks' is no Exception
        _refuse(Unfit("damaged"))
    os._exit(0)


def _refuse(unfit: Unfit) -> NoReturn:
    os.ftruncate(1, 0)
    os.pwrite(1, json.dumps([unfit.code, unfit.values]).encode(), 0)
    # Leaves without emptying buffers: half of a table must not follow the reason.
    os._exit(REFUSED)
