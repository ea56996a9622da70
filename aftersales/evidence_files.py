"""What a file must be to count as evidence, and how its bytes are kept on disk.

A file is judged by its first bytes and never by its name. Pictures are written anew, so that nothing but the picture is
kept: no place, no device, no second file behind it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from sellercenter import kept_files
from sellercenter.kept_files import shown_name
from sellercenter.lifecycle import Refused

MB = 1024 * 1024
# So many pixels a picture may have: what a good camera makes, and nothing that fills the memory.
MOST_PIXELS = 40_000_000
PIECE = 256 * 1024
_PICTURES = ("JPEG", "PNG", "WEBP", "GIF")
# What a phone writes with a second picture behind the first is a JPEG to everybody but Pillow.
_LOSSY = ("JPEG", "MPO", "WEBP")
# A picture of a few kilobytes can fill half a gigabyte while it is drawn, so each process draws one at a time.
_DRAWING = Lock()
# What Pillow raises for a file that is no picture, or a broken or hostile one.
_UNREADABLE = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, ZeroDivisionError),
    *(struct.error, zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning),
)


@dataclass(frozen=True)
class FileKind:
    """One kind of file: how it is served, the end of its name, and its largest size in bytes."""

    content_type: str
    suffix: str
    limit: int


JPEG, PNG = FileKind("image/jpeg", ".jpg", 10 * MB), FileKind("image/png", ".png", 10 * MB)
PDF = FileKind("application/pdf", ".pdf", 20 * MB)
MP4 = FileKind("video/mp4", ".mp4", 100 * MB)
MOV = FileKind("video/quicktime", ".mov", 100 * MB)
WEBM = FileKind("video/webm", ".webm", 100 * MB)
TEXT, CSV = FileKind("text/plain", ".txt", MB), FileKind("text/csv", ".csv", MB)
KINDS = {kind.content_type: kind for kind in (JPEG, PNG, PDF, MP4, MOV, WEBM, TEXT, CSV)}
# For the field of a form; what a file is decides itself by its bytes.
ACCEPT = "image/jpeg,image/png,image/webp,image/gif,application/pdf,video/mp4,video/quicktime,video/webm,.txt,.csv"
# The brands of an ISO media file that are pictures in a film's clothes.
_STILL = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


@dataclass(frozen=True)
class Kept:
    """A file that was written: under which path, what it is, how long, and the hash of its bytes."""

    path: str
    kind: FileKind
    size: int
    sha256: str


def keep(shop_id: int, file: UploadedFile) -> Kept:
    """Write an upload to disk if it may count as evidence, and return what was kept.

    Raises Refused, with nothing written, for a kind or size that is not taken. Whoever calls this removes the file
    again when no row comes to name it.
    """
    kind = _kind_of(file)
    if (file.size or 0) > kind.limit:
        told = {"name": shown_name(file.name or ""), "mb": kind.limit // MB}
        raise Refused(_("“%(name)s” is too large: at most %(mb)d MB of this kind.") % told, "too_large")
    if kind in (JPEG, PNG):
        with _DRAWING:
            kind, picture = _written_anew(file)
        return _write(shop_id, kind, [picture])
    return _write(shop_id, kind, file.chunks(PIECE))


def place_of(path: str) -> Path:
    """Return where a kept file lies; raises ValueError for a path that leaves the folder."""
    return kept_files.place_of(settings.EVIDENCE_ROOT, path)


def remove(path: str) -> None:
    """Delete a file that no row names."""
    place_of(path).unlink(missing_ok=True)


def hash_on_disk(path: str) -> str:
    """Return the hash of a kept file as it is now; empty when it is gone."""
    return kept_files.hash_of(settings.EVIDENCE_ROOT, path)


def download_name(name: str, content_type: str) -> str:
    """Return the name under which a file is given out: its end says what it is."""
    suffix = KINDS[content_type].suffix
    return name if name.lower().endswith(suffix) else f"{name.rpartition('.')[0] or name}{suffix}"


def _kind_of(file: UploadedFile) -> FileKind:
    """Tell by its first bytes what a file is."""
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    brand = head[8:12]
    if head.startswith((b"\xff\xd8\xff", b"GIF87a", b"GIF89a")) or (head[:4] == b"RIFF" and brand == b"WEBP"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"%PDF-"):
        return PDF
    if head[4:8] == b"ftyp" and brand not in _STILL:
        return MOV if brand == b"qt  " else MP4
    if head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head:
        return WEBM
    if head and (kind := _text_kind(file)):
        return kind
    words = _(
        "“%s” is nothing that can be kept. Take a JPEG, PNG, WebP or GIF picture, a PDF, an MP4, MOV or WebM film, "
        "or plain text."
    )
    raise Refused(words % shown_name(file.name or ""), "bad_kind")


def _text_kind(file: UploadedFile) -> FileKind | None:
    """Tell plain text from a table by the name, after the bytes have shown that it is text at all."""
    end = (file.name or "").lower().rpartition(".")[2]
    kind = {"txt": TEXT, "csv": CSV}.get(end)
    if kind is None or (file.size or 0) > kind.limit:
        return kind
    data = file.read()
    file.seek(0)
    return kind if b"\0" not in data and (_reads_as(data, "utf-8") or _reads_as(data, "gb18030")) else None


def _reads_as(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _written_anew(file: UploadedFile) -> tuple[FileKind, bytes]:
    """Draw a picture once more: what is kept has its pixels and nothing else; of a moving one the first."""
    try:
        with Image.open(file, formats=_PICTURES) as source:
            if source.width * source.height > MOST_PIXELS:
                told = {"name": shown_name(file.name or ""), "n": MOST_PIXELS // 1_000_000}
                raise Refused(_("“%(name)s” has more than %(n)d million pixels. Make it smaller.") % told, "too_large")
            source.load()
            lossy = source.format in _LOSSY
            ImageOps.exif_transpose(source, in_place=True)
            seen_through = source.has_transparency_data
            mode = "RGBA" if seen_through else "RGB"
            picture = source if source.mode == mode else source.convert(mode)
    except _UNREADABLE as error:
        raise Refused(_("“%s” can't be read as a picture.") % shown_name(file.name or ""), "bad_picture") from error
    # Comments and colour profiles would be written along.
    picture.info = {}
    written, kind = BytesIO(), JPEG if lossy and not seen_through else PNG
    picture.save(written, "JPEG", quality=90) if kind is JPEG else picture.save(written, "PNG")
    return kind, written.getvalue()


def _write(shop_id: int, kind: FileKind, pieces: Iterable[bytes]) -> Kept:
    written = kept_files.write(settings.EVIDENCE_ROOT, shop_id, pieces)
    return Kept(written.path, kind, written.size, written.sha256)


def left_over(older_than: float) -> Iterator[tuple[str, Path]]:
    """Yield the kept files that were last written before this moment (seconds since 1970), by path and place."""
    return kept_files.left_over(settings.EVIDENCE_ROOT, older_than)


def half_uploads(older_than: float) -> list[Path]:
    """Return the uploads that nobody took over, last written before this moment: their process died meanwhile."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    return [place for place in folder.glob("*.upload*") if place.is_file() and place.stat().st_mtime < older_than]
