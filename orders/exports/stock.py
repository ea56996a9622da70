"""The columns of exported stock: a row for each SKU with what there is of it now."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, F, IntegerField, Value, When
from django.utils.translation import gettext_lazy as _

from orders.stock_filters import COUNTED, LOW, OUT, TABS, StockFilter, matching
from orders.stock_tables import StockTable
from sellercenter.exports import Column, Layout, Source
from sellercenter.permissions import Perm
from sellercenter.sheets import Kind as As


def _name() -> Case:
    """Return the expression of the name by which the seller knows a SKU."""
    return Case(When(code="", then=F("number")), default=F("code"), output_field=CharField())


def _level() -> Case:
    """Return the expression of whether there is enough, in the words of the list."""
    said = ((~COUNTED, _("Not counted")), (OUT, _("Sold out")), (LOW, _("Low")))
    whens = [When(condition, then=Value(str(label))) for condition, label in said]
    return Case(*whens, default=Value(str(_("Enough"))), output_field=CharField())


def _units(field: str) -> Any:
    """Return the expression of a number of units; nothing for a SKU that nobody has counted."""
    return Case(When(COUNTED, then=F(field)), output_field=IntegerField())


STOCK = Source(
    code="stock",
    label=_("SKUs"),
    permission=Perm.ORDERS_VIEW,
    url_name="stock_list",
    filterset_class=StockFilter,
    table_class=StockTable,
    tabs=TABS,
    matching=matching,
    layouts=(
        Layout(
            "stock",
            _("A row for each SKU"),
            columns=(
                Column("sku", _("SKU"), _name, required=True),
                Column("number", _("SKU id"), "number", required=True),
                Column("product_no", _("Product id"), "product__number"),
                Column("product", _("Product"), "product__title"),
                Column("variant", _("Variant"), "variant"),
                Column("level", _("State"), _level),
                Column("available", _("Available"), "stock", As.COUNT),
                Column("on_hand", _("On hand"), _units("on_hand"), As.COUNT),
                Column("reserved", _("Reserved"), _units("reserved"), As.COUNT),
                Column("limit", _("Low from"), "limit", As.COUNT),
                Column("price", _("Price"), "price", As.MONEY),
            ),
        ),
    ),
)
