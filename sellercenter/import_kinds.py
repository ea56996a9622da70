"""What kinds of files can be brought in: each room declares its own, settings.IMPORT_KINDS names their lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from sellercenter.lifecycle import Refused
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.texts import Text


@dataclass
class Tally:
    """How many records, and rows of them, met one fate."""

    records: int = 0
    rows: int = 0


@dataclass
class Outcome:
    """What became of a file, or would become of it: the four fates, what people should know, what was not read.

    `layout` is the code of the layout. `rejected_rows` counts the rows in the list of refused rows.
    """

    layout: str = ""
    new: Tally = field(default_factory=Tally)
    changed: Tally = field(default_factory=Tally)
    unchanged: Tally = field(default_factory=Tally)
    rejected: Tally = field(default_factory=Tally)
    notes: list[str] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    rejected_rows: int = 0

    @property
    def handled(self) -> int:
        """How many rows have met their fate so far."""
        return self.new.rows + self.changed.rows + self.unchanged.rows + self.rejected.rows

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


class Run(Protocol):
    """The work on one file, in both phases; repeating it at any moment changes nothing more.

    A dry run writes nothing to the database. Refused rows go into the file `errors` when there are any, as
    sellercenter.imports.ErrorReport writes it. `progress` is told now and then; what it raises ends the work between
    two records.
    Raises sellercenter.imports.UnreadableFile, with nothing written, when the file can't be read at all.
    """

    def __call__(
        self,
        shop: Shop,
        path: Path,
        *,
        by: Actor,
        dry_run: bool,
        errors: Path,
        progress: Callable[[Outcome], None] | None = None,
    ) -> Outcome:
        """Do the work and return what became of the file."""


@dataclass(frozen=True)
class ImportKind:
    """One kind of file. `recognises` says how well a row of cells fits as its header: 0 not at all, 1 entirely.

    Whoever brings such a file needs `permission`, and so does whoever takes it in; both also need IMPORTS_RUN.
    `example` returns the rows of a file of one's own of this kind, its header first, which `run` would take in as they
    are; `layouts` returns whose files are understood besides, as people know them, by the code that an Outcome names.
    """

    code: str
    label: Text
    permission: Perm
    recognises: Callable[[Sequence[str]], float]
    run: Run
    # What the records are called on the page: “orders”, “SKUs”.
    records: Text
    example: Callable[[], Sequence[Sequence[str]]] | None = None
    layouts: Callable[[], Mapping[str, Text]] | None = None


@cache
def every_kind() -> dict[str, ImportKind]:
    """Return every kind that the installed rooms declare, by its code."""
    return {kind.code: kind for path in settings.IMPORT_KINDS for kind in import_string(path)}


def find(code: str) -> ImportKind:
    """Return the kind of this code; raises Refused when there is none, as after a room was taken out."""
    kind = every_kind().get(code)
    if kind is None:
        raise Refused(_("There is no kind of file “%s”.") % code, "unknown_kind")
    return kind


def recognise(rows: Sequence[tuple[int, Sequence[str]]]) -> ImportKind | None:
    """Return the kind whose header fits one of the first rows of a table best, or None when none fits."""
    scored = [(kind.recognises(cells), kind) for _number, cells in rows for kind in every_kind().values()]
    best = max(scored, key=lambda one: one[0], default=(0, None))
    return best[1] if best[0] > 0 else None
