"""Files whose rows tell of goods, stock and parcels: tables written from text, and what became of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection

from sellercenter.import_kinds import Outcome, find
from sellercenter.models import Shop
from sellercenter.permissions import SYSTEM, Actor

Counts = tuple[int, int, int, int]


class Desk:
    """Where one shop's files of one kind are brought in, by one person."""

    def __init__(self, kind: str, shop: Shop, folder: Path, *, by: Actor = SYSTEM) -> None:
        self.kind, self.shop, self.folder, self.by = find(kind), shop, folder, by
        self.errors = folder / f"{kind}.errors.csv"
        self.outcome = Outcome()

    def file(self, *rows: str, name: str = "rows.csv") -> Path:
        """Write a table, a line of text for each row."""
        path = self.folder / name
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return path

    def run(self, path: Path, *, dry_run: bool = False, **how: Any) -> Outcome:
        """Bring a file in."""
        self.outcome = self.kind.run(self.shop, path, by=self.by, dry_run=dry_run, errors=self.errors, **how)
        return self.outcome

    def take(self, *rows: str, dry_run: bool = False) -> Counts:
        """Bring a table in; return how many records were new, changed, unchanged and rejected."""
        return counts(self.run(self.file(*rows), dry_run=dry_run))

    def try_out(self, *rows: str) -> Counts:
        """Say what would become of a table, and see to it that nothing does."""
        before = everything()
        found = self.take(*rows, dry_run=True)
        assert everything() == before
        return found

    def refusals(self) -> list[tuple[int, str, str]]:
        """Return row, column and message of each line of the list of refused rows."""
        if not self.errors.exists():
            return []
        with self.errors.open(encoding="utf-8-sig", newline="") as file:
            return [(int(line["row"]), line["column"], line["message"]) for line in csv.DictReader(file)]


def counts(outcome: Outcome) -> Counts:
    """Return how many records met each fate."""
    fates = (outcome.new, outcome.changed, outcome.unchanged, outcome.rejected)
    return tuple(fate.records for fate in fates)  # type: ignore[return-value]


def everything() -> dict[str, tuple[int, str]]:
    """Return how many rows each table holds and a mark of all that stands in them, in one round trip."""
    tables = [model._meta.db_table for model in apps.get_models(include_auto_created=True)]
    asked = (
        f"SELECT '{name}', count(*), md5(string_agg(one::text, '' ORDER BY one::text)) FROM {name} one"
        for name in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return {name: (rows, mark or "") for name, rows, mark in cursor.fetchall()}
