"""The columns of the stock list and of a SKU's ledger: what each cell shows."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orders.inventory import MISSING
from orders.models import Sku, StockMovement
from orders.states import StockKind
from sellercenter.columns import Column, ListTable, MadeColumn, Setting, labels
from sellercenter.keyset import Sort
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from sellercenter.times import moment


def name_of(sku: Sku) -> str:
    """Return the name by which the seller knows a SKU: the own code, else the platform's id."""
    return sku.code or sku.number


def units(field: str) -> Any:
    """Return what writes a number of units; a dash for a SKU that nobody has counted."""

    def make(sku: Sku, at: Setting) -> str:
        return str(getattr(sku, field)) if sku.tracked else "—"

    return make


def limit(sku: Any, at: Setting) -> str:
    """Show from how few units on the SKU is low: its own limit, or that of the shop."""
    if sku.low_at is not None:
        return str(sku.low_at)
    return _("%d (shop)") % sku.limit


def level(sku: Any, at: Setting) -> dict[str, str]:
    """Show whether there is enough, as a badge."""
    if not sku.tracked:
        return {"code": "none", "label": _("Not counted")}
    if sku.available == 0:
        return {"code": "late", "label": _("Sold out")}
    if sku.available <= sku.limit:
        return {"code": "soon", "label": _("Low")}
    return {"code": "completed", "label": _("Enough")}


class StockTable(ListTable):
    """The columns of the stock list."""

    sku = MadeColumn(gettext_lazy("SKU"), lambda sku, at: name_of(sku), kind="link", sort="sku", required=True)
    product = MadeColumn(gettext_lazy("Product"), lambda sku, at: sku.product.title, kind="text")
    variant = Column(gettext_lazy("Variant"), "variant")
    level = MadeColumn(gettext_lazy("State"), level, kind="badge", required=True)
    available = MadeColumn(gettext_lazy("Available"), units("available"), kind="money", sort="available")
    on_hand = MadeColumn(gettext_lazy("On hand"), units("on_hand"), kind="money")
    reserved = MadeColumn(gettext_lazy("Reserved"), units("reserved"), kind="money")
    limit = MadeColumn(gettext_lazy("Low from"), limit, kind="money")
    number = Column(gettext_lazy("SKU id"), "number", shown=False)

    sorts = {
        "available": Sort("stock", nullable=True, type=int),
        "sku": Sort("number", type=str),
    }
    default_sort = "available"

    @classmethod
    def row_css(cls, record: Any, at: Setting) -> str:
        """Mark rows of which nothing is left."""
        return "late" if record.tracked and record.available == 0 else ""


_ACTORS = {
    SYSTEM.label: gettext_lazy("System"),
    BUYER.label: gettext_lazy("Buyer"),
    CHANNEL.label: gettext_lazy("Platform"),
}


def movement(row: StockMovement, at: Setting) -> dict[str, Any]:
    """Prepare one row of the ledger, as `templates/orders/stock_detail.html` reads it."""
    return {
        "at": moment(row.at, at.zone, this_year=at.year),
        "label": _kind(row),
        "on_hand": _signed(row.on_hand),
        "reserved": _signed(row.reserved),
        "order": {"number": row.order.number, "pk": row.order_id} if row.order else None,
        "reason": _reason(row),
        "actor": str(row.actor_label if row.member_id else _ACTORS.get(row.actor_label, row.actor_label)),
    }


def _kind(row: StockMovement) -> str:
    if row.kind == StockKind.ADJUST and row.line_id is not None:
        return _("The order became smaller")
    return labels(StockKind)[row.kind]


def _reason(row: StockMovement) -> str:
    if row.kind != StockKind.TAKE or not row.reason.startswith(MISSING):
        return row.reason
    missing = int(row.reason.removeprefix(MISSING))
    return ngettext(
        "%d unit more was shipped than the stock knew of.",
        "%d units more were shipped than the stock knew of.",
        missing,
    ) % (missing,)


def _signed(change: int) -> str:
    return f"{change:+d}".replace("-", "\u2212") if change else ""
