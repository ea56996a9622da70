"""Files of orders as a kind of import: the layouts that are known, and the verb behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.imports import example
from orders.imports.flat import FLAT
from orders.imports.run import LAYOUTS, Report, import_file
from sellercenter.import_kinds import ImportKind, Outcome, Tally
from sellercenter.imports import squeezed
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.texts import Text

# A header that lacks what no order can do without is one of orders only if it is nothing else.
_INCOMPLETE = 0.1


def _recognises(cells: Sequence[str]) -> float:
    """Say how much of a layout's header stands in a row, for the layout that fits best."""
    told = {squeezed(cell) for cell in cells if cell.strip()}
    fits = ((layout, layout.match(cells)[0]) for layout in LAYOUTS if layout.recognises(cells))
    return max(
        (len(told & layout.names.keys()) / len(told) * (1 if whole else _INCOMPLETE) for layout, whole in fits),
        default=0,
    )


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


# What people call whose files are understood; our own layout has no name.
_NAMES: dict[str, Text] = {
    "tiktok": "TikTok Shop",
    "douyin": pgettext_lazy("platform", "Douyin"),
    "shopify": "Shopify",
}


def _layouts() -> dict[str, Text]:
    return {layout.code: _NAMES.get(layout.code, layout.code) for layout in LAYOUTS if layout is not FLAT}


IMPORT_KINDS = [
    ImportKind(
        *("orders", _("Orders"), Perm.IMPORTS_RUN, _recognises, _run, _("orders")),
        example=example.rows,
        layouts=_layouts,
    )
]
