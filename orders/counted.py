"""What figures count of orders, each condition once: roll-ups sum by it, and the order list filters by it."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from orders.models import ParcelLine
from orders.states import Abnormal, CancelledBy, Kind, ParcelStatus, Status
from sellercenter.texts import Text

# Samples, lotteries and goods that are sent again earn nothing, so they count nowhere.
KINDS = (Kind.NORMAL, Kind.PRE_ORDER, Kind.MADE_TO_ORDER)
COUNTED = Q(kind__in=KINDS)

PAID = Q(paid_at__isnull=False)
SHIPPED = Q(shipped_at__isnull=False)
DELIVERED = Q(delivered_at__isnull=False)
CANCELLED = Q(status=Status.CANCELLED)
UNPAID_LOST = CANCELLED & ~PAID
# The shop ended it, or its time to ship ran out after the buyer had paid.
SELLER_CANCELLED = (
    CANCELLED & ~SHIPPED & (Q(cancelled_by=CancelledBy.SELLER) | (Q(cancelled_by=CancelledBy.SYSTEM) & PAID))
)
SHIP_PROMISED = SHIPPED & Q(ship_by__isnull=False)
SHIP_LATE = SHIPPED & Q(shipped_at__gt=F("ship_by"))
DELIVER_PROMISED = DELIVERED & Q(deliver_by__isnull=False)
DELIVER_ON_TIME = DELIVERED & Q(delivered_at__lte=F("deliver_by"))
DELIVER_LATE = DELIVERED & Q(delivered_at__gt=F("deliver_by"))
# Rows about the order at hand. The second condition says nothing new, but with an inequality PostgreSQL looks each
# order up by its index; with equalities alone it would read the whole table to count one day.
OF_ORDER = {"order_id": OuterRef("pk"), "shop_id__gte": OuterRef("shop_id")}
_LOST = ParcelLine.objects.filter(
    **OF_ORDER,
    parcel__status__in=(ParcelStatus.PROBLEM, ParcelStatus.RETURNED, ParcelStatus.LOST),
)
SHIP_PROBLEM = SHIPPED & (Q(abnormal=Abnormal.PARCEL) | Q(Exists(_LOST)))
CANCELLED_UNSHIPPED = CANCELLED & PAID & ~SHIPPED
CANCELLED_SHIPPED = CANCELLED & SHIPPED

# The words of the order list's filter `counted`; each also leaves out what figures leave out.
WORDS: dict[str, tuple[Text, Q]] = {
    "all": (_("Counted in figures"), Q()),
    "paid": (_("Paid"), PAID),
    "paid_shipped": (_("Paid and shipped"), PAID & SHIPPED),
    "paid_delivered": (_("Paid, shipped and delivered"), PAID & SHIPPED & DELIVERED),
    "unpaid_lost": (_("Cancelled without payment"), UNPAID_LOST),
    "cancelled": (_("Cancelled"), CANCELLED),
    "seller_cancelled": (_("Cancelled by the shop's fault"), SELLER_CANCELLED),
    "cancelled_unshipped": (_("Cancelled after payment, before shipping"), CANCELLED_UNSHIPPED),
    "cancelled_shipped": (_("Cancelled after shipping"), CANCELLED_SHIPPED),
    "shipped": (_("Shipped"), SHIPPED),
    "ship_promised": (_("Shipped, with a ship-by time"), SHIP_PROMISED),
    "ship_late": (_("Shipped late"), SHIP_LATE),
    "ship_timed": (_("Paid and shipped"), SHIPPED & PAID),
    "ship_problem": (_("Shipped, with a parcel problem"), SHIP_PROBLEM),
    "delivered": (_("Delivered"), DELIVERED),
    "deliver_promised": (_("Delivered, with a promised day"), DELIVER_PROMISED),
    "deliver_on_time": (_("Delivered on time"), DELIVER_ON_TIME),
    "deliver_late": (_("Delivered late"), DELIVER_LATE),
    "transit_timed": (_("Shipped and delivered"), SHIPPED & DELIVERED),
}
