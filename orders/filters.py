"""The filters of the order list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders import lookups, search
from orders.counted import COUNTED
from orders.models import Buyer, Creator, Order, OrderLine, Parcel, Product
from orders.states import (
    OPEN,
    UNSHIPPED,
    Abnormal,
    AfterSales,
    CancelledBy,
    Flag,
    Kind,
    PaymentMethod,
    PaymentState,
    ShipmentState,
    Source,
    Status,
)
from sellercenter.filters import (
    NOTHING,
    Amount,
    Custom,
    Edge,
    Exactly,
    Finder,
    Key,
    LastDays,
    ListFilter,
    PartOfTime,
    Pick,
    Range,
    Tab,
    Text,
    Words,
)
from sellercenter.models import Shop
from sellercenter.texts import Text as Label

# A payment or a confirmed receipt that comes due within this time comes due soon.
SOON = timedelta(hours=24)

TABS = (
    Tab("", _("All")),
    Tab("unpaid", Status.UNPAID.label, Q(status=Status.UNPAID)),
    Tab("to_review", Status.TO_REVIEW.label, Q(status=Status.TO_REVIEW)),
    Tab("to_ship", Status.TO_SHIP.label, Q(status__in=[Status.TO_SHIP, Status.PART_SHIPPED])),
    Tab("shipped", Status.SHIPPED.label, Q(status__in=[Status.SHIPPED, Status.DELIVERED])),
    Tab("completed", Status.COMPLETED.label, Q(status=Status.COMPLETED)),
    Tab("cancelled", Status.CANCELLED.label, Q(status=Status.CANCELLED)),
    Tab("aftersales", _("After-sales"), Q(aftersales=AfterSales.OPEN)),
    Tab("abnormal", _("Abnormal"), ~Q(abnormal="")),
)


def overdue(filters: Any) -> Q:
    """Keep the open orders whose deadline has passed at the moment of the page."""
    return Q(status__in=OPEN, deadline_at__lte=filters.now)


def due_soon(filters: Any) -> Q:
    """Keep the open orders that come due soon: to be shipped, within the time of the shop's warning; else, a day."""
    others = [status for status in OPEN if status not in UNSHIPPED]
    warning = filters.shop.policy.ship_warning
    soon = _within(filters, SOON, others)
    return soon | _within(filters, warning, UNSHIPPED) if warning else soon


def _within(filters: Any, span: timedelta, states: Iterable[str]) -> Q:
    return Q(status__in=states, deadline_at__gt=filters.now, deadline_at__lte=filters.now + span)


def cancel_asked(filters: Any) -> Q:
    """Keep the open orders whose buyer asked to cancel."""
    return Q(status__in=OPEN, cancel_requested_at__isnull=False)


def held(filters: Any) -> Q:
    """Keep the open orders that are held."""
    return Q(status__in=OPEN, held=True)


def refund_due(filters: Any) -> Q:
    """Keep the orders of which money has to go back."""
    return Q(refund_due__gt=0)


def has_note(filters: Any) -> Q:
    """Keep the orders with a seller note or an internal note."""
    return ~Q(seller_note="") | Q(note_count__gt=0)


def _carrier(shop: Shop, text: str) -> Q:
    """Match by the shop's own spellings of the carrier, which are few, so that indexes can answer."""
    known = Parcel.objects.for_shop(shop).order_by().values_list("carrier", flat=True).distinct()
    # A spelling that is there means itself alone, because figures tell spellings apart.
    alike = [carrier for carrier in known if carrier.casefold() == text.casefold()]
    wanted = [text] if text in alike else alike
    parcels = Parcel.objects.filter(parts__order_id=OuterRef("pk"), carrier__in=wanted)
    return Q(Exists(parcels)) if wanted else Q(pk__in=[])


def _creator(shop: Shop, text: str) -> Q:
    wanted = (
        Creator.objects.for_shop(shop).filter(Q(number=text) | Q(name__icontains=text)).values_list("pk", flat=True)
    )
    lines = OrderLine.objects.filter(order_id=OuterRef("pk"), creator_id__in=list(wanted))
    return Q(Exists(lines))


def _nickname(shop: Shop, text: str) -> Q:
    return search.nickname_indexed(text.strip())


def _region(column: str) -> Any:
    def condition(shop: Shop, text: str) -> Q:
        return Q(**{f"{column}__startswith": text.strip()})

    return condition


def _lines(**of: Any) -> Q:
    """Match the orders with such a line; the shop is named once more because the indexes of lines begin with it."""
    return Q(Exists(OrderLine.objects.filter(order_id=OuterRef("pk"), shop_id=OuterRef("shop_id"), **of)))


def _room(shop: Shop, text: str) -> Q:
    return _lines(room="" if text == NOTHING else text)


def _counted() -> dict[str, tuple[Label, Callable[[Any], Q]]]:
    """Return what figures count of orders, by the words of every room that knows some."""
    told: dict[str, tuple[Label, Q]] = {}
    for path in settings.ORDER_WORDS:
        told |= import_string(path)
    return {word: (label, partial(_among_counted, own)) for word, (label, own) in told.items()}


def _among_counted(own: Q, filters: Any) -> Q:
    return COUNTED & own


HOURS = [(f"{hour:02}", f"{hour:02}:00") for hour in range(24)]
_NOT_KNOWN = _("Not known")


class OrderFilter(ListFilter):
    """Everything by which orders are looked for; the address holds all of it."""

    q = Text(label=_("Order no., buyer, product"), method="searched")
    status = Words(choices=Status.choices, label=_("Status"))
    payment = Words(field_name="payment_state", choices=PaymentState.choices, label=_("Payment"))
    shipment = Words(field_name="shipment_state", choices=ShipmentState.choices, label=_("Shipment"))
    aftersales = Words(choices=AfterSales.choices, label=_("After-sales"))
    method = Words(
        field_name="payment_method", choices=PaymentMethod.choices, blank=_NOT_KNOWN, label=_("Payment method")
    )
    source = Words(choices=Source.choices, label=_("Source"))
    kind = Words(choices=Kind.choices, label=_("Kind of order"))
    due = Pick(
        {"overdue": (_("Overdue"), overdue), "soon": (_("Due soon"), due_soon)},
        label=_("Deadline"),
    )
    asked = Pick({"cancel": (_("Cancellation"), cancel_asked)}, label=_("Buyer asks for"))
    settle = Pick({"held": (_("Held"), held), "refund": (_("Refund to make"), refund_due)}, label=_("To settle"))
    number = Text(lookup_expr="startswith", label=_("Order no."))
    product = Custom(search.product, label=_("Product or SKU"))
    buyer = Custom(_nickname, label=_("Buyer's nickname"))
    phone = Custom(search.phone, label=_("Buyer's phone"), help_text=_("The whole number."))
    creator = Custom(_creator, label=_("Creator"))
    room = Custom(_room, label=_("Live room"))
    province = Custom(_region("province"), label=_("Province"))
    city = Custom(_region("city"), label=_("City"))
    region = Exactly(field_name="province", label=_("Province"))
    creator_id = Key(lambda key: _lines(creator=key), Creator.objects.for_shop, label=_("Creator"))
    product_id = Key(lambda key: _lines(product=key), Product.objects.for_shop, label=_("Product"))
    buyer_id = Key(lambda key: Q(buyer=key), Buyer.objects.for_shop, label=_("Buyer"))
    total_from = Amount(field_name="total_amount", lookup_expr="gte")
    total_to = Amount(field_name="total_amount", lookup_expr="lte")
    placed = LastDays(field_name="placed_at")
    placed_from = Edge(field_name="placed_at")
    placed_to = Edge(field_name="placed_at", upper=True)
    paid = LastDays(field_name="paid_at")
    paid_from = Edge(field_name="paid_at")
    paid_to = Edge(field_name="paid_at", upper=True)
    shipped = LastDays(field_name="shipped_at")
    shipped_from = Edge(field_name="shipped_at")
    shipped_to = Edge(field_name="shipped_at", upper=True)
    delivered = LastDays(field_name="delivered_at")
    delivered_from = Edge(field_name="delivered_at")
    delivered_to = Edge(field_name="delivered_at", upper=True)
    cancelled = LastDays(field_name="cancelled_at")
    cancelled_from = Edge(field_name="cancelled_at")
    cancelled_to = Edge(field_name="cancelled_at", upper=True)
    weekday = PartOfTime(
        ExtractIsoWeekDay,
        first=1,
        field_name="placed_at",
        choices=[(str(day), name) for day, name in WEEKDAYS.items()],
        label=_("Weekday of the order"),
    )
    hour = PartOfTime(ExtractHour, field_name="placed_at", choices=HOURS, label=_("Hour of the order"))
    paid_hour = PartOfTime(ExtractHour, field_name="paid_at", choices=HOURS, label=_("Hour of the payment"))
    deadline_from = Edge(field_name="deadline_at")
    deadline_to = Edge(field_name="deadline_at", upper=True)
    carrier = Custom(_carrier, label=_("Carrier"))
    tracking = Custom(search.tracking, label=_("Tracking no."))
    flag = Words(choices=Flag.choices, label=_("Flag"))
    note = Pick(
        {"yes": (_("With note"), has_note), "no": (_("Without note"), lambda filters: ~has_note(filters))},
        label=_("Note"),
    )
    abnormal = Words(choices=Abnormal.choices, label=_("Abnormal"))
    cancelled_by = Words(choices=CancelledBy.choices, blank=_NOT_KNOWN, label=_("Cancelled by"))
    cancel_reason = Exactly(label=_("Cancel reason"), max_length=120)
    counted = Pick(_counted(), label=_("In figures"))

    main = ("status", "source", "method", "placed_range", "due")
    more = (
        (_("Order"), ("number", "payment", "shipment", "aftersales", "asked", "settle", "kind", "total_range")),
        (_("Product and buyer"), ("product", "buyer", "phone", "creator", "room", "province", "city")),
        (_("Times"), ("paid_range", "shipped_range", "delivered_range", "deadline_range")),
        (_("Parcel"), ("carrier", "tracking")),
        (_("Cancelled"), ("cancelled_range", "cancelled_by", "cancel_reason")),
        (_("Marks"), ("flag", "note", "abnormal", "counted")),
    )
    linked = ("region", "creator_id", "product_id", "buyer_id", "weekday", "hour", "paid_hour")
    ranges = {
        "total_range": Range(_("Total"), "total_from", "total_to"),
        "placed_range": Range(pgettext_lazy("time", "Placed"), "placed_from", "placed_to", "placed"),
        "paid_range": Range(pgettext_lazy("time", "Paid"), "paid_from", "paid_to", "paid"),
        "shipped_range": Range(pgettext_lazy("time", "Shipped"), "shipped_from", "shipped_to", "shipped"),
        "delivered_range": Range(pgettext_lazy("time", "Delivered"), "delivered_from", "delivered_to", "delivered"),
        "cancelled_range": Range(pgettext_lazy("time", "Cancelled"), "cancelled_from", "cancelled_to", "cancelled"),
        "deadline_range": Range(_("Deadline"), "deadline_from", "deadline_to"),
    }

    private = frozenset({"phone"})

    class Meta:
        model = Order
        fields: list[str] = []

    def searched(self, queryset: Any, name: str, value: str) -> Any:
        """Leave the search box to the page, which knows the quickest way through the list."""
        return queryset


_found = Finder(
    *(OrderFilter, TABS, Order.objects.for_shop),
    again=_("These filters make no sense any more. Choose the orders again."),
)


def matching(shop: Shop, query: str, *, now: datetime) -> QuerySet[Order]:
    """Return every order that the order list finds under an address; raises Refused when it makes no sense."""
    rows, asked = _found(shop, query, now=now), QueryDict(query)
    if text := asked.get("q", "").strip():
        rows = rows.filter(search.condition(shop, text))
    if key := asked.get("list"):
        rows = rows.filter(pk__in=search.pasted(shop, lookups.kept(shop, key).numbers)[0])
    return rows
