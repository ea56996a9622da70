"""The filters and tabs of the list of refunds."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales import search
from aftersales.models import Refund
from aftersales.refunds import LEFT_BEHIND
from aftersales.states import RefundStatus
from orders.models import Order, Payment
from orders.states import PaymentMethod
from sellercenter.filters import Amount, Custom, Edge, Finder, LastDays, ListFilter, Pick, Range, Tab, Text, Words
from sellercenter.models import Shop

_S = RefundStatus
BY_HAND = Q(status=_S.REQUESTED, due_at__isnull=True)
TABS = (
    Tab("", _("All")),
    Tab("to_confirm", _S.TO_CONFIRM.label, Q(status=_S.TO_CONFIRM)),
    Tab("by_hand", _("To pay by hand"), BY_HAND),
    Tab("under_way", _("Under way"), Q(status=_S.SUBMITTED) | Q(status=_S.REQUESTED, due_at__isnull=False)),
    Tab("unknown", _S.UNKNOWN.label, Q(status=_S.UNKNOWN)),
    Tab("failed", _S.FAILED.label, Q(status=_S.FAILED) & LEFT_BEHIND),
    Tab("done", _S.SUCCEEDED.label, Q(status=_S.SUCCEEDED)),
)


def named(shop: Shop, text: str) -> Q:
    """Match by our number, by that of the provider, or by that of the order; each has an index of its own."""
    text = text.strip()
    orders = Order.objects.for_shop(shop).filter(number__startswith=text)
    mine = Refund.objects.for_shop(shop).order_by().values("pk")
    queries = [
        mine.filter(key__startswith=text.upper()),
        mine.filter(provider_no=text).exclude(provider_no=""),
        mine.filter(order__in=orders.values("pk")),
    ]
    return Q(pk__in=queries[0].union(*queries[1:]))


def _transaction(shop: Shop, text: str) -> Q:
    return Q(payment__in=Payment.objects.for_shop(shop).filter(transaction_no=text.strip()).values("pk"))


class RefundFilter(ListFilter):
    """Everything by which refunds are looked for; the address holds all of it."""

    q = Custom(named, label=_("Refund no., order no."))
    status = Words(choices=RefundStatus.choices, label=_("Status"))
    method = Words(field_name="payment__method", choices=PaymentMethod.choices, label=_("Payment method"))
    granted = Pick(
        {
            "case": (_("By a case"), lambda filters: Q(case__isnull=False)),
            "owed": (_("Owed without a case"), lambda filters: Q(case__isnull=True)),
        },
        label=_("Why"),
    )
    way = Pick(
        {
            "hand": (_("By hand"), lambda filters: Q(by_hand=True)),
            "gateway": (_("Handed over by itself"), lambda filters: Q(submitted_at__isnull=False)),
        },
        label=_("How"),
    )
    order = Custom(search.by_order, label=_("Order no."))
    provider = Text(field_name="provider_no", label=_("Number where it was made"))
    transaction = Custom(_transaction, label=_("Transaction no. of the payment"))
    amount_from = Amount(field_name="amount", lookup_expr="gte")
    amount_to = Amount(field_name="amount", lookup_expr="lte")
    requested = LastDays(field_name="requested_at")
    requested_from = Edge(field_name="requested_at")
    requested_to = Edge(field_name="requested_at", upper=True)

    main = ("status", "granted", "way", "requested_range", "amount_range")
    more = ((_("Numbers"), ("order", "provider", "transaction", "method")),)
    ranges = {
        "amount_range": Range(_("Amount"), "amount_from", "amount_to"),
        "requested_range": Range(pgettext_lazy("time", "Requested"), "requested_from", "requested_to", "requested"),
    }

    class Meta:
        model = Refund
        fields: list[str] = []


matching = Finder(
    *(RefundFilter, TABS, Refund.objects.for_shop),
    again=_("These filters make no sense any more. Choose the refunds again."),
)
