"""Files that are wrong in every way we could think of, made by chance from a seed; and a loop that reads them.

Run as a program it is one small process that lets a fork of itself read each file, with all limits of the real reader
but without the time that starting it takes.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import stat
import sys
import tempfile
import time
import warnings
import zipfile
from codecs import lookup
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NoReturn

from sellercenter import unpacking

Make = Callable[[random.Random], bytes]
WAYS: list[Make] = []
SECONDS = 20
HEADER = "order_no,status,placed_at,buyer_id,product_title,quantity,unit_price"
_CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def way(make: Make) -> Make:
    """Add a way in which files are wrong."""
    WAYS.append(make)
    return make


def case(seed: int, number: int) -> tuple[str, bytes]:
    """Return the name of a way and one file that is wrong in it; the same for the same numbers."""
    make = WAYS[number % len(WAYS)]
    return make.__name__, make(random.Random(f"{seed}-{number}"))


# --- Text -------------------------------------------------------------------------------------------------------------


def table(luck: random.Random, rows: int = 40) -> str:
    """Return a table that is right."""
    names = ("Green tea", "张三的杯子", "Müller, Jo", "🍵", 'a "b"', "two\nlines", "=1+1", "'t Hart", "")
    lines = [HEADER]
    for number in range(rows):
        title = luck.choice(names).replace('"', '""')
        lines.append(f'A{number},to_ship,2026-03-01 10:00:00,u-{number},"{title}",{luck.randrange(9)},12.50')
    return luck.choice(["\n", "\r\n", "\r"]).join(lines) + "\n"


def sprinkled(luck: random.Random, text: str, what: list[str], times: int = 20) -> str:
    """Return the text with something put in at many places."""
    for _time in range(luck.randrange(1, times)):
        at = luck.randrange(len(text) + 1)
        text = text[:at] + luck.choice(what) + text[at:]
    return text


@way
def noise(luck: random.Random) -> bytes:
    start = luck.choice(
        [b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04", b"a,b\n", b"\x1f\x8b", b"%PDF"]
    )
    return start + luck.randbytes(luck.randrange(5000))


@way
def quotes(luck: random.Random) -> bytes:
    return sprinkled(luck, table(luck), ['"', '"', '""', '",', ',"', '"\n"', "'"]).encode()


@way
def zeros(luck: random.Random) -> bytes:
    return sprinkled(luck, table(luck), ["\0", "\0\0\0", "\x01", "\x1a", "\x7f", "\u202e", "\ufeff"], 400).encode()


@way
def newlines(luck: random.Random) -> bytes:
    return sprinkled(luck, table(luck), ["\n", "\r", "\r\n", "\n\r", "\x0b", "\x85", "\u2028"], 200).encode()


@way
def encodings(luck: random.Random) -> bytes:
    code = luck.choice(
        ["cp1252", "shift_jis", "utf-32", "utf-7", "utf-16", "utf-16-le", "gb18030", "big5", "cp037", "koi8-r"]
    )
    mark = luck.choice([b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
    content = mark + table(luck).encode(code, "ignore")
    return content[: len(content) - luck.randrange(4)]


@way
def torn_letters(luck: random.Random) -> bytes:
    content = bytearray(table(luck).encode(luck.choice(["utf-8", "gb18030", "utf-16"])))
    for _time in range(luck.randrange(1, 12)):
        content[luck.randrange(len(content))] = luck.randrange(256)
    return bytes(content)


@way
def wide(luck: random.Random) -> bytes:
    columns = luck.choice([499, 500, 501, 16_384, 60_000])
    cells = [luck.choice(["", "x", HEADER.split(",")[0]]) for _column in range(columns)]
    return (luck.choice(",;\t").join(cells) + "\n1,2\n").encode()


@way
def long(luck: random.Random) -> bytes:
    size = luck.choice([32_767, 32_768, (1 << 20) - 1, (1 << 20) + 1, 3 << 20])
    return f'{HEADER}\nA1,{luck.choice("x字") * size}\n"{"y" * luck.randrange(99)}'.encode()


@way
def gaps(luck: random.Random) -> bytes:
    blank = luck.choice(["\n", ",,,\n", "  ,\t\n", '"",""\n']) * luck.choice([3, 999, 1000, 1001, 4000])
    return (table(luck) + blank + luck.choice(["", table(luck)])).encode()


@way
def signs(luck: random.Random) -> bytes:
    alphabet = luck.choice(['",\n', '",;\t\r\n', "=+-@|%", "\r", '"', ",", "\ud7ff\ue000😀", "<!DOCTYPE html>"])
    return "".join(luck.choice(alphabet) for _sign in range(luck.randrange(1, 3000))).encode()


@way
def strangers(luck: random.Random) -> bytes:
    starts = [b"\xd0\xcf\x11\xe0", b"Rar!\x1a", b"7z\xbc\xaf\x27", b"<html><table>", b'<?xml version="1.0"?><Workbook>']
    more = [
        "EncryptedPackage".encode("utf-16-le"),
        b"\x89PNG\r\n",
        b"{\\rtf1",
        b'{"orders": [',
        b"#!/bin/sh\n",
        b"PK\x05\x06",
    ]
    return luck.choice([*starts, *more]) + luck.choice([luck.randbytes(500), table(luck).encode()])


@way
def marks(luck: random.Random) -> bytes:
    above = ["#sd-export:1", '"#sd-export:1";;', "#sd-export:99", "sep=;", "sep=\t", "# note", '"#",x', ""]
    return "\n".join([*luck.choices(above, k=luck.randrange(1, 9)), table(luck)]).encode()


# --- Workbooks --------------------------------------------------------------------------------------------------------


def parts(cells: str = "", dimension: str = "A1:B2") -> dict[str, bytes]:
    """Return the parts of a small workbook with a few typed cells and whatever cells are given."""
    sheet = (
        f'<worksheet xmlns="{_MAIN}"><dimension ref="{dimension}"/><sheetData>'
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>status</t></is></c></row>'
        '<row r="2"><c r="A2"><v>576</v></c><c r="B2" s="1"><v>45000.5</v></c><c r="C2" t="b"><v>1</v></c>'
        f'<c r="D2" t="e"><v>#REF!</v></c><c r="E2" t="str"><f>1+1</f><v>2</v></c></row>{cells}</sheetData></worksheet>'
    )
    book = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}">'
        '<sheets><sheet name="orders" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    kinds = {"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId2": ("sharedStrings", "sharedStrings.xml")}
    kinds["rId3"] = ("styles", "styles.xml")
    links = "".join(
        f'<Relationship Id="{name}" Type="{_RELATION}/{kind}" Target="{target}"/>'
        for name, (kind, target) in kinds.items()
    )
    office = f'<Relationship Id="rId1" Type="{_RELATION}/officeDocument" Target="xl/workbook.xml"/>'
    styles = f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>'
    texts = {
        **{
            "[Content_Types].xml": _CONTENT_TYPES,
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}">{office}</Relationships>',
        },
        **{"xl/workbook.xml": book, "xl/styles.xml": styles, SHEET: sheet},
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>',
        STRINGS: f'<sst xmlns="{_MAIN}"><si><t>order_no</t></si></sst>',
    }
    return {name: text.encode() for name, text in texts.items()}


def archive(content: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack parts into an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, part in content.items():
            made.writestr(name, part)
    return out.getvalue()


def with_entry(entry: zipfile.ZipInfo, data: bytes = b"x") -> bytes:
    """Return a workbook with one more entry of that description."""
    out = io.BytesIO(archive(parts()))
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(out, "a") as made:
        # Which warns of a name that is there already.
        made.writestr(entry, data)
    return out.getvalue()


def symlink() -> bytes:
    """Return a workbook with an entry that leads elsewhere."""
    entry = zipfile.ZipInfo("xl/media/image1.png")
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return with_entry(entry, b"/etc/passwd")


def declaring(content: bytes, name: str, size: int) -> bytes:
    """Return the archive with another unpacked size of a part in both of its headers."""
    made = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as read:
        start = read.getinfo(name).header_offset
    central = content.rindex(b"PK\x01\x02", 0, content.rindex(name.encode()))
    made[start + 22 : start + 26] = made[central + 24 : central + 28] = size.to_bytes(4, "little")
    return bytes(made)


@way
def cut_short(luck: random.Random) -> bytes:
    whole = archive(parts())
    return whole[: luck.randrange(4, len(whole))]


@way
def flipped(luck: random.Random) -> bytes:
    content = bytearray(archive(parts(), luck.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])))
    for _time in range(luck.choice([1, 3, 30, 300])):
        content[luck.randrange(4, len(content))] = luck.randrange(256)
    return bytes(content)


@way
def changed_part(luck: random.Random) -> bytes:
    content = parts()
    name = luck.choice(list(content))
    part = bytearray(content[name])
    for _time in range(luck.choice([1, 4, 40])):
        at = luck.randrange(len(part))
        part[at : at + luck.randrange(4)] = luck.choice(
            [b"", b"<", b">", b'"', b"&", b"\xff", b"&#x0;", b"99999999999", b"-1"]
        )
    return archive(content | {name: bytes(part)})


@way
def lost_part(luck: random.Random) -> bytes:
    content = parts()
    for name in luck.sample(list(content), luck.randrange(1, 4)):
        del content[name]
    return archive(content)


@way
def other_part(luck: random.Random) -> bytes:
    content = parts()
    name = luck.choice(list(content))
    entity = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    others = [
        b"",
        b"\0" * 99,
        luck.randbytes(300),
        content[name].decode().encode("utf-16"),
        b"<a>" * 9999,
        archive(parts()),
    ]
    others += [(start.encode() + content[name]).replace(b"status", b"&b;") for start in (entity, outside)]
    return archive(content | {name: luck.choice(others)})


@way
def strange_cells(luck: random.Random) -> bytes:
    """Cells that are right but for one thing each."""
    long = "x" * luck.choice([9, 40_000, 1_100_000])
    wrong = {
        "row": ["0", "-1", "1048577", "99999999999", "x"],
        "place": [
            "A0",
            "XFD1048576",
            "XFE1",
            "ZZZZZZZ1",
            "A99999999999",
            "1A",
            "A-1",
            "SG3",
            "B3",
            "A1048576",
            "ALL3",
            "C900",
        ],
        "kind": ["s", "b", "d", "e", "str", "inlineStr", "zz"],
        "style": ["1", "99", "-1", "x"],
        "value": ["99999999", "-1", "1e999", "nan", "2026-13-45", "1" * 400, long, "&#0;", "&lt;", "&b;", "<x/>"],
    }
    cells = ""
    for _row in range(luck.randrange(1, 4)):
        cell = {"row": "3", "place": "A3", "kind": luck.choice(["n", "str"]), "style": "0", "value": "0"}
        name = luck.choice(list(wrong))
        cell[name] = luck.choice(wrong[name])
        cells += '<row r="{row}"><c r="{place}" t="{kind}" s="{style}"><v>{value}</v></c></row>'.format(**cell)
    return archive(
        parts(cells, luck.choice(["A1:A1", "A1:XFD1048576", "A1:B3", "A1:B3", "", "B:A", "A1:ZZZZ9999999999"]))
    )


@way
def wide_sheet(luck: random.Random) -> bytes:
    columns = luck.choice([500, 501, 16_384])
    cells = "".join(f"<c><v>{column}</v></c>" for column in range(columns))
    return archive(parts(f'<row r="3">{cells}</row>'))


@way
def high_sheet(luck: random.Random) -> bytes:
    row = luck.choice([900, 1002, 1003, 1100, 5000, 60_000])
    return archive(parts(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>'))


@way
def deep(luck: random.Random) -> bytes:
    name = luck.choice([SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml"])
    content = parts()
    return archive(content | {name: content[name].replace(b"><", b">" + b"<x>" * luck.choice([99, 20_000]) + b"<", 1)})


@way
def bomb(luck: random.Random) -> bytes:
    content = parts()
    name = luck.choice([SHEET, STRINGS, "xl/media/image1.png", "docProps/app.xml"])
    filling = luck.choice([b" ", b"<c/>", b"<si><t>a</t></si>"]) * luck.choice([20_000, 100_000])
    packed = archive(content | {name: content.get(name, b"") + filling})
    return luck.choice([packed, declaring(packed, name, luck.choice([0, 1, 100, 90_000, 2**32 - 1]))])


@way
def strange_names(luck: random.Random) -> bytes:
    names = ["../../etc/passwd", "/etc/passwd", "C:\\x", "xl\\workbook.xml", "xl/vbaProject.bin", "xl/workbook.xml"]
    names += ["xl/externalLinks/externalLink1.xml", "a" * 60_000, "", "xl/../x", "nul\0byte", "\u202exslx", "x.zip"]
    return with_entry(
        zipfile.ZipInfo(luck.choice(names)), luck.choice([b"x", archive(parts()), b"\x1f\x8b" + b"x" * 9])
    )


@way
def strange_archives(luck: random.Random) -> bytes:
    whole = archive(parts())
    many = archive(parts() | {f"x{number}": b"" for number in range(luck.choice([1900, 2100]))})
    secret = bytearray(whole)
    secret[6] |= 1
    secret[whole.index(b"PK\x01\x02") + 8] |= 1
    packed = archive(parts(), luck.choice([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
    around = [
        whole + luck.randbytes(99),
        b"PK\x03\x04" + whole,
        whole + whole,
        whole.replace(b"PK\x05\x06", b"PK\x05\x07"),
    ]
    return luck.choice([many, bytes(secret), packed, symlink(), *around])


# --- Reading ----------------------------------------------------------------------------------------------------------

BATCH = 50


class Left(BaseException):
    """The reader would have ended here."""


def read_all(seed: int, many: int) -> Iterator[tuple[str, str, float]]:
    """Let forks of this process read the files; yield the way of each, what came of it, and the seconds it took."""
    # So that every fork has them already: after its first file it can load nothing more.
    from sellercenter import workbooks  # noqa: F401

    for encoding in unpacking.ENCODINGS:
        lookup(encoding)

    unpacking.SECONDS = SECONDS
    done = 0
    while done < many:
        cases = [case(seed, number) for number in range(done, min(done + BATCH, many))]
        found, status = _in_a_fork([content for _name, content in cases])
        if len(found) < len(cases):
            # Whoever died left nothing behind; those after it come into the next fork.
            found.append((_told(status, b""), 0.0))
        done += len(found)
        yield from ((name, outcome, took) for (name, _content), (outcome, took) in zip(cases, found, strict=False))


def _in_a_fork(contents: list[bytes]) -> tuple[list[tuple[str, float]], int]:
    """Return what a fork said before it ended, and how it ended."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target, tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            os.dup2(source.fileno(), 0)
            os.dup2(target.fileno(), 1)
            _read(contents, said.fileno())
            os.kill(os.getpid(), signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return [tuple(json.loads(line)) for line in said], status


def _read(contents: list[bytes], said: int) -> None:
    """Read one file after the other as the program would, which ends after each: 0 is the file, 1 the table."""

    def leave(code: int) -> NoReturn:
        # At once: what is not written yet comes when the reader's files are closed.
        took = time.perf_counter() - began
        outcome = _told(code, os.pread(1, os.fstat(1).st_size, 0))
        os.write(said, (json.dumps([outcome, took]) + "\n").encode())
        raise Left

    os._exit = leave
    for content in contents:
        for place in (0, 1):
            os.ftruncate(place, 0)
            os.lseek(place, 0, os.SEEK_SET)
        os.pwrite(0, content, 0)
        began = time.perf_counter()
        with suppress(Left):
            unpacking.main(unpacking.ROWS)


def _told(status: int, answer: bytes) -> str:
    if status == 0:
        found = unpacking.parsed(io.StringIO(answer.decode(), newline=""), ",")
        return "read" if any(any(cells) for _number, cells in found) else "nothing"
    if status == unpacking.REFUSED:
        return str(json.loads(answer)[0])
    return "memory" if status == -signal.SIGABRT else f"died with {status}"


if __name__ == "__main__":
    for found in read_all(int(sys.argv[1]), int(sys.argv[2])):
        print(json.dumps(found))
