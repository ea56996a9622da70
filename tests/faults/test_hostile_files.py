"""A thousand malformed files on the whole way that an upload takes, each with a process of its own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sellercenter import imports
from sellercenter.imports import UnreadableFile, open_table
from tests.faults.lab import SEED, size
from tests.sellercenter import malformed

SENTENCES = {str(sentence).split("%")[0] for sentence in imports.REASONS.values()}


def read(path: Path) -> str:
    """Return what became of a file: that it was read, or the beginning of the sentence why not."""
    try:
        with open_table(path) as table:
            return "read" if sum(1 for _row in table.rows()) else "nothing"
    except UnreadableFile as refusal:
        return next((start for start in SENTENCES if str(refusal).startswith(start)), str(refusal))


def test_malformed_files_are_read_or_refused_each_by_a_process_of_its_own(
    tmp_path: Path, settings: Any, report: Callable[..., None]
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    path = tmp_path / "brought"
    told, longest, took = Counter[str](), 0.0, 0.0
    for number in range(many := size(1000, 24)):
        path.write_bytes(malformed.case(SEED, number)[1])
        began = time.perf_counter()
        told[read(path)] += 1
        seconds = time.perf_counter() - began
        longest, took = max(longest, seconds), took + seconds
        assert list(tmp_path.iterdir()) == [path]
    assert set(told) <= {"read", *SENTENCES}, told
    assert sum(told.values()) == many
    assert len(told) > 4
    report("malformed files: read or refused by a process each", many / took, "files/s", target=5, more=True)
    report("malformed files: the slowest one", longest, "s", target=10)
