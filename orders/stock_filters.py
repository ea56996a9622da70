"""The filters of the stock list."""

from __future__ import annotations

from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from orders.models import Sku
from sellercenter.filters import Amount, Custom, Finder, ListFilter, Pick, Range, Tab
from sellercenter.models import Shop

# A SKU of its own limit, or else of the shop's. Sold out counts as low too: both want somebody to order more.
LIMIT = Coalesce("low_at", F("shop__policy__low_stock_at"))
COUNTED = Q(tracked=True)
LOW = COUNTED & Q(available__lte=LIMIT)
OUT = COUNTED & Q(available=0)
# `limit` is from where on a SKU is low; `stock` what is available, without a value where nobody has counted.
STOCKED = Sku.objects.select_related("product").annotate(limit=LIMIT, stock=Case(When(COUNTED, then="available")))


TABS = (
    Tab("", _("All")),
    Tab("low", _("Low"), LOW),
    Tab("out", _("Sold out"), OUT),
    Tab("uncounted", _("Not counted"), ~COUNTED),
)


def named(shop: Shop, text: str) -> Q:
    """Keep the SKUs whose code, id, variant or product holds the text."""
    text = text.strip()
    fields = ("code", "number", "variant", "product__title")
    return Q(*((f"{field}__icontains", text) for field in fields), _connector=Q.OR)


class StockFilter(ListFilter):
    """Everything by which SKUs are looked for in the stock list."""

    q = Custom(named, label=_("SKU or product"))
    tracked = Pick(
        {"yes": (_("Counted"), lambda filters: COUNTED), "no": (_("Not counted"), lambda filters: ~COUNTED)},
        label=_("Counting"),
    )
    available_from = Amount(field_name="stock", lookup_expr="gte")
    available_to = Amount(field_name="stock", lookup_expr="lte")

    main = ("tracked", "available_range")
    ranges = {"available_range": Range(_("Available"), "available_from", "available_to")}

    class Meta:
        model = Sku
        fields: list[str] = []


matching = Finder(
    *(StockFilter, TABS, STOCKED.for_shop),
    again=_("These filters make no sense any more. Choose the SKUs again."),
)
