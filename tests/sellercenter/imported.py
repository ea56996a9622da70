"""Imported files for tests, as rows and on disk, without the work of checking them."""

from __future__ import annotations

from typing import Any

from sellercenter import import_files
from sellercenter.imports import ErrorReport, RowError
from sellercenter.models import ImportFile, ImportState, Shop
from tests import make

FOUND: dict[str, Any] = {
    **{fate: {"records": n, "rows": n + 1} for n, fate in enumerate(import_files.FATES)},
    **{"layout": "flat", "notes": [], "unknown_columns": [], "rejected_rows": 3},
}


def some_imports(shop: Shop, n: int) -> list[ImportFile]:
    """Make files of every state, some of them brought at the same moment."""
    made = []
    for i in range(n):
        state = list(ImportState)[i % len(ImportState)]
        phases = {"checked": FOUND if i % 3 else {}, "outcome": FOUND if state == ImportState.DONE else {}}
        ended = {} if i % 2 else {"finished_at": make.NOW, "error": "It can't be read." if i % 4 else ""}
        file = ImportFile(
            **{"shop": shop, "actor_label": "Some manager", "title": f"file {i}.csv", "name": f"{shop.pk}/{i:040x}"},
            **{"kind": ("orders", "", "gone")[i % 3], "size": 1000 + i, "sha256": f"{i % 4:064x}", "state": state},
            **{"created_at": make.NOW - (i % 3) * make.HOUR, **phases, **ended},
        )
        made.append(file)
    return ImportFile.objects.bulk_create(made)


def one_import(shop: Shop) -> ImportFile:
    """Make one file that waits for somebody, with a list of refused rows on disk."""
    file = ImportFile.objects.create(
        **{"shop": shop, "actor_label": "Some manager", "title": "some.csv", "name": f"{shop.pk}/{1:040x}"},
        **{"kind": "orders", "size": 10, "sha256": "0" * 64, "state": ImportState.CHECKED, "checked": FOUND},
    )
    place = import_files.refused_rows_of(file, dry_run=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    report = ErrorReport(place)
    report.add([RowError(2, "A1", "status", "=nonsense", "This word is not known.")])
    report.close()
    return file
