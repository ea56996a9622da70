"""Files of orders as a kind of import: the layouts that are known, and the verb behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from orders.imports.run import LAYOUTS, Report, import_file
from sellercenter.import_kinds import ImportKind, Outcome, Tally
from sellercenter.imports import squeezed
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm


def _recognises(cells: Sequence[str]) -> float:
    """Say how much of a layout's header stands in a row, for the layout that fits best."""
    told = {squeezed(cell) for cell in cells if cell.strip()}
    fits = [layout for layout in LAYOUTS if layout.recognises(cells)]
    return max((len(told & layout.names.keys()) / len(told) for layout in fits), default=0)


def _run(
    shop: Shop,
    path: Path,
    *,
    by: Actor,
    dry_run: bool,
    errors: Path,
    progress: Callable[[Outcome], None] | None = None,
) -> Outcome:
    def _tell(report: Report) -> None:
        if progress:
            progress(_outcome(report))

    return _outcome(import_file(shop, path, by=by, dry_run=dry_run, errors=errors, progress=_tell))


def _outcome(report: Report) -> Outcome:
    fates = {
        name: Tally(count.orders, count.lines)
        for name in ("new", "changed", "unchanged", "rejected")
        for count in [getattr(report, name)]
    }
    return Outcome(
        layout=report.layout,
        notes=report.notes,
        unknown_columns=report.unknown_columns,
        rejected_rows=report.error_rows,
        **fates,
    )


IMPORT_KINDS = [ImportKind("orders", _("Orders"), Perm.IMPORTS_RUN, _recognises, _run, _("orders"))]
