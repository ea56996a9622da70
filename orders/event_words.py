"""What the operation log calls events of stock, buyers and exports, which have no timeline of their own."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from sellercenter.texts import Text

WORDS: dict[str, Text] = {
    "sku.low": _("SKU is low"),
    "sku.changed": _("SKU changed by a file"),
    "product.retitled": _("Product renamed by a file"),
    "stock.counted": _("Stock counted"),
    "stock.adjusted": _("Stock adjusted"),
    "stock.limit_set": _("Low-stock limit set"),
    "stock.missing": _("Units were missing at shipping"),
    "stock.goods_uploaded": _("Products and SKUs taken in"),
    "stock.uploaded": _("Stock counts taken in"),
    "buyer.tagged": _("Tag given to a buyer"),
    "buyer.untagged": _("Tag taken from a buyer"),
    "export.commanded": _("Orders exported by command, with private data"),
}
