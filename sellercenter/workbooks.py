"""What an XLSX file may be, and the rows of its first visible sheet as text; part of the process of `unpacking`.

Everything that the archive holds is unpacked and counted once before the sheet is read, because sizes can lie.
"""

from __future__ import annotations

import stat
import zlib
from codecs import lookup
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from sellercenter.unpacking import CELL_LIMIT, Unfit

ENTRIES, UNPACKED, ENTRY = 2000, 800 << 20, 600 << 20
# A sheet whose rows are nearly the same shrinks to a two hundredth; blanks alone, to a thousandth.
_RATIO, _SMALL = 500, 1_000_000
_PIECE = 1 << 18
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_XML = (".xml", ".rels", ".vml")
_ENCRYPTED = 0x1
# In which archives name their parts; later it can't be loaded any more.
lookup("cp437")


def rows(source: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Return the rows of the first visible sheet with their numbers, from its first one on; raises Unfit."""
    check(source)
    source.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(source)
        visible = (one.name for one in book.sheets_metadata if _is_shown(one))
        name = next(visible, None)
        if name is None:
            raise Unfit("no_sheet")
        sheet = book.get_sheet_by_name(name)
    except PasswordError:
        raise Unfit("protected") from None
    except CalamineError:
        raise Unfit("damaged") from None
    if sheet.start is None:
        raise Unfit("empty_sheet")
    # Rows above the first used one come along empty, so that our numbers are the sheet's.
    return enumerate((_cells(row) for row in sheet.iter_rows()), 1)


def _is_shown(sheet: Any) -> bool:
    return sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible


def _cells(row: list[Any]) -> list[str]:
    # A sheet with one cell at its end has a million rows that are blank.
    return [_cell(value) for value in row] if row.count("") < len(row) else []


def _cell(value: Any) -> str:
    """Write a typed cell as text; numbers of 16 digits and more stay in the form that shows what they lost."""
    if isinstance(value, str):
        # One text may stand in a million cells of a workbook, so it is measured before it is written.
        return value if len(value) <= CELL_LIMIT else value[: CELL_LIMIT + 1]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        # Excel keeps 15 digits; the rest of a longer number has become zeros already. NaN is no number at all.
        if not abs(value) < 10**15:
            return f"{value:.5E}"
        return str(int(value)) if value == int(value) else f"{value:.15g}"
    if isinstance(value, datetime):
        return _rounded(value).isoformat(" ")
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _rounded(value: datetime) -> datetime:
    try:
        return (value + timedelta(microseconds=500_000)).replace(microsecond=0)
    except OverflowError:
        return value.replace(microsecond=0)


# --- The archive ------------------------------------------------------------------------------------------------------


def check(source: BinaryIO) -> None:
    """Raise Unfit when the archive is no workbook, holds what no table needs, or unpacks to other than it says."""
    size = source.seek(0, 2)
    try:
        with ZipFile(source) as archive:
            entries = archive.infolist()
    except (BadZipFile, NotImplementedError, ValueError, EOFError, OverflowError):
        raise Unfit("not_workbook") from None
    _check_names([entry.filename for entry in entries])
    if len(entries) > ENTRIES or sum(entry.file_size for entry in entries) > UNPACKED:
        raise Unfit("large")
    if sum(entry.compress_size for entry in entries) > size:
        # Parts that lie in each other.
        raise Unfit("not_workbook")
    for entry in entries:
        _check_entry(entry)
    for entry in entries:
        _check_part(source, entry)


def _check_names(names: Sequence[str]) -> None:
    if "xl/workbook.xml" not in names or len(set(names)) < len(names):
        raise Unfit("not_workbook")
    for name in names:
        plain = name.lower()
        if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
            raise Unfit("path")
        if plain.endswith("vbaproject.bin"):
            raise Unfit("macros")
        if plain.startswith("xl/externallinks/"):
            raise Unfit("links")


def _check_entry(entry: ZipInfo) -> None:
    """Raise Unfit for what an entry says of itself."""
    if entry.flag_bits & _ENCRYPTED:
        raise Unfit("protected")
    if stat.S_ISLNK(entry.external_attr >> 16) or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise Unfit("path" if stat.S_ISLNK(entry.external_attr >> 16) else "not_workbook")
    if entry.file_size > ENTRY or entry.file_size > max(_SMALL, entry.compress_size * _RATIO):
        raise Unfit("large")


def _check_part(source: BinaryIO, entry: ZipInfo) -> None:
    """Unpack a part, count it, and look into it; raises Unfit."""
    size = crc = 0
    before = b""
    pieces = (piece for piece in _unpacked(source, entry) if piece)
    first = next(pieces, b"")
    # Pictures may be packed, or drawings with declarations; nobody looks at them.
    is_picture = entry.filename.startswith("xl/media/")
    if first.startswith(_ARCHIVES) and not is_picture:
        raise Unfit("nested")
    is_xml = entry.filename.lower().endswith(_XML) or (first.lstrip()[:1] == b"<" and not is_picture)
    for piece in chain([first], pieces):
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        if size > entry.file_size:
            raise Unfit("large")
        if is_xml:
            _check_xml(before + piece)
            before = piece[-10:]
    if size != entry.file_size or crc != entry.CRC:
        raise Unfit("not_workbook")


def _check_xml(piece: bytes) -> None:
    """Raise Unfit for declarations, which no workbook has, and for UTF-16, in which they could hide."""
    if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
        raise Unfit("entities")
    if b"\0" in piece:
        raise Unfit("damaged")


def _unpacked(source: BinaryIO, entry: ZipInfo) -> Iterator[bytes]:
    """Yield what the entry really holds, whatever size it declares."""
    source.seek(entry.header_offset)
    header = source.read(30)
    if len(header) < 30 or header[:4] != _ARCHIVES[0]:
        raise Unfit("not_workbook")
    source.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    packed = _packed(source, entry.compress_size)
    if entry.compress_type == ZIP_STORED:
        yield from packed
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in packed:
            while piece and not inflater.eof:
                yield inflater.decompress(piece, _PIECE)
                piece = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error:
        raise Unfit("not_workbook") from None


def _packed(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        piece = source.read(min(size, _PIECE))
        if not piece:
            raise Unfit("not_workbook")
        size -= len(piece)
        yield piece
