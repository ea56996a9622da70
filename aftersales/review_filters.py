"""The filters of the list of reviews."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.models import NEGATIVE, Review
from aftersales.states import Cause
from orders.models import Product
from sellercenter.filters import Custom, Edge, Key, LastDays, ListFilter, Pick, Range, Tab, Text, Words
from sellercenter.models import Shop

IS_NEGATIVE = Q(first_rating__lte=NEGATIVE)
ANSWERED = Q(replied_at__isnull=False)

TABS = (
    Tab("", _("All")),
    Tab("to_answer", _("Negative, to answer"), IS_NEGATIVE & ~ANSWERED),
    Tab("negative", _("Negative"), IS_NEGATIVE),
    Tab("answered", _("Answered"), ANSWERED),
)
STARS = [(str(n), "★" * n) for n in range(1, 6)]


def searched(shop: Shop, text: str) -> Q:
    """Keep the review of a number, or those of an order or a buyer's nickname."""
    text = text.strip()
    return Q(number=text) | Q(order__number=text) | Q(buyer_nickname=text)


def of_product(shop: Shop, text: str) -> Q:
    """Keep the reviews of the product with this number, else of those whose title holds the text."""
    text = text.strip()
    products = Product.objects.for_shop(shop)
    exact = products.filter(number=text).values_list("pk", flat=True).first()
    found = [exact] if exact else list(products.filter(title__icontains=text).values_list("pk", flat=True)[:1000])
    return Q(product__in=found)


class ReviewFilter(ListFilter):
    """Everything by which reviews are looked for; the address holds all of it."""

    q = Custom(searched, label=_("Review no., order no., buyer"))
    stars = Words(field_name="rating", choices=STARS, label=_("Stars"))
    negative = Pick(
        {"yes": (_("Yes"), lambda filters: IS_NEGATIVE), "no": (_("No"), lambda filters: ~IS_NEGATIVE)},
        label=_("Negative by the first stars"),
    )
    cause = Words(choices=Cause.choices, label=_("Cause"))
    classified = Pick(
        {
            "yes": (_("Classified"), lambda filters: ~Q(cause="")),
            "no": (_("Not classified"), lambda filters: Q(cause="")),
        },
        label=_("Class"),
    )
    fault = Pick(
        {
            "ours": (_("Our fault"), lambda filters: Q(seller_fault=True)),
            "other": (_("Not our fault"), lambda filters: Q(seller_fault=False)),
        },
        label=_("Whose fault"),
    )
    answered = Pick(
        {"yes": (_("Answered"), lambda filters: ANSWERED), "no": (_("Not answered"), lambda filters: ~ANSWERED)},
        label=_("Answer"),
    )
    product = Custom(of_product, label=_("Product"))
    product_id = Key(lambda key: Q(product=key), Product.objects.for_shop, label=_("Product"))
    words = Text(lookup_expr="icontains", label=_("Words of the review"))
    written = LastDays(field_name="at")
    written_from = Edge(field_name="at")
    written_to = Edge(field_name="at", upper=True)

    main = ("stars", "cause", "fault", "written_range")
    more = (
        (_("Review"), ("negative", "answered", "classified", "words")),
        (_("Product"), ("product",)),
    )
    linked = ("product_id",)
    ranges = {"written_range": Range(pgettext_lazy("time", "Written"), "written_from", "written_to", "written")}

    class Meta:
        model = Review
        fields: list[str] = []
