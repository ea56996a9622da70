"""How files of people are kept on disk: in a folder per shop, under random names, whole or not at all.

What a person calls a file is never part of its path. The rows that name the files stand in the database; a file that
no row names is left over.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LONGEST_NAME = 120


@dataclass(frozen=True)
class Written:
    """A file that was written: its path below the folder of all, how long it is, and the hash of its bytes."""

    path: str
    size: int
    sha256: str


def write(root: Path, shop_id: int, pieces: Iterable[bytes]) -> Written:
    """Write beside the place, then move into it: under its name a file is whole or not there."""
    path = f"{shop_id}/{secrets.token_hex(20)}"
    digest, size = hashlib.sha256(), 0
    with whole(place_of(root, path)) as out:
        for piece in pieces:
            out.write(piece)
            digest.update(piece)
            size += len(piece)
    return Written(path, size, digest.hexdigest())


@contextmanager
def whole(place: Path) -> Iterator[IO[bytes]]:
    """Lend a file that takes its place, for its owner alone, when the block ends well; else nothing stays of it.

    Meanwhile it is called as the place with `.part` behind it, so whoever is killed leaves something that nobody takes
    for a file.
    """
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.part")
    try:
        with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(place)
        sync_folder(place.parent)
    finally:
        part.unlink(missing_ok=True)


def place_of(root: Path, path: str) -> Path:
    """Return where a kept file lies; raises ValueError for a path that leaves the folder."""
    top = Path(root).resolve()
    place = (top / path).resolve()
    if not place.is_relative_to(top):
        raise ValueError("the path of a kept file leaves its folder")
    return place


def hash_of(root: Path, path: str) -> str:
    """Return the hash of a kept file as it is now; empty when it is gone."""
    try:
        with place_of(root, path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def left_over(root: Path, older_than: float) -> Iterator[tuple[str, Path]]:
    """Yield the kept files that were last written before this moment (seconds since 1970), by path and place."""
    for place in Path(root).glob("*/*") if Path(root).is_dir() else ():
        if place.is_file() and place.stat().st_mtime < older_than:
            yield place.relative_to(root).as_posix(), place


def shown_name(name: str) -> str:
    """Return a file's name as people see it: no folders, no signs that hide or turn around its end, at most 120."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in last if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp")).strip()
    stem, dot, end = plain.rpartition(".")
    return f"{stem[: LONGEST_NAME - 1 - len(end)]}.{end}" if dot and len(end) <= 10 else plain[:LONGEST_NAME]


def sync_folder(folder: Path) -> None:
    """Make sure that a name survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
