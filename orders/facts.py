"""An order as it arrives from outside, before it is a record: what importers, connectors and the demo hand over.

Amounts are Decimals in the order's currency and never negative, except `adjustment`; times are aware.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from orders.states import Abnormal, AfterSales, CancelledBy, Kind, ParcelStatus, PaymentMethod, Source, Status

ZERO = Decimal(0)


@dataclass(slots=True)
class LineFacts:
    """One line. `amount` is what the buyer pays for it: unit price times quantity less its discounts plus its tax."""

    number: str
    product_number: str
    title: str
    quantity: int
    unit_price: Decimal
    amount: Decimal
    sku_number: str = ""
    variant: str = ""
    seller_sku: str = ""
    list_price: Decimal = ZERO
    platform_discount: Decimal = ZERO
    seller_discount: Decimal = ZERO
    creator_discount: Decimal = ZERO
    payment_discount: Decimal = ZERO
    freight_amount: Decimal = ZERO
    tax_amount: Decimal = ZERO
    gift: bool = False
    cancelled: bool = False
    cancel_reason: str = ""
    creator_number: str = ""
    creator_name: str = ""
    room: str = ""
    video: str = ""
    commission_rate: Decimal | None = None
    commission_amount: Decimal = ZERO


@dataclass(slots=True)
class PaymentFacts:
    """One payment that was captured."""

    method: PaymentMethod
    amount: Decimal
    paid_at: datetime | None = None
    transaction_no: str = ""


@dataclass(slots=True)
class TrackingFacts:
    """One message of a carrier."""

    at: datetime
    code: str
    text: str = ""
    site: str = ""


@dataclass(slots=True)
class ParcelFacts:
    """One parcel and the units of each line in it, by line number; no contents means everything in the order."""

    carrier: str = ""
    tracking_no: str = ""
    status: ParcelStatus = ParcelStatus.IN_TRANSIT
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    contents: dict[str, int] = field(default_factory=dict)
    tracking: list[TrackingFacts] = field(default_factory=list)


@dataclass(slots=True)
class RecipientFacts:
    """Where the order goes, in plain text or as a platform masked it; plain text is encrypted before it is stored."""

    name: str = ""
    phone: str = ""
    address: str = ""
    postcode: str = ""


@dataclass(slots=True)
class NoteFacts:
    """An internal note that comes with the order."""

    at: datetime
    author: str
    body: str


def anonymous_buyer(order_number: str) -> str:
    """Return the id of a buyer whom the source does not name: nobody else's, and the same whenever the order comes."""
    return f"order:{order_number}"[:64]


@dataclass(slots=True)
class OrderFacts:
    """One order with everything that belongs to it.

    `stage` is the state as the source tells it. The stored state is derived from it, the lines and the parcels.
    """

    number: str
    stage: Status
    placed_at: datetime
    buyer_uid: str
    currency: str
    buyer_nickname: str = ""
    buyer_message: str = ""
    raw_status: str = ""
    kind: Kind = Kind.NORMAL
    source: Source = Source.SHOP
    channel: str = ""
    paid_at: datetime | None = None
    reviewed_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: CancelledBy | str = ""
    cancel_reason: str = ""
    cancel_requested_at: datetime | None = None
    ship_by: datetime | None = None
    province: str = ""
    city: str = ""
    district: str = ""
    goods_amount: Decimal = ZERO
    platform_discount: Decimal = ZERO
    seller_discount: Decimal = ZERO
    creator_discount: Decimal = ZERO
    payment_discount: Decimal = ZERO
    freight_amount: Decimal = ZERO
    freight_discount: Decimal = ZERO
    tax_amount: Decimal = ZERO
    fee_amount: Decimal = ZERO
    adjustment: Decimal = ZERO
    refunded_amount: Decimal = ZERO
    payment_method: PaymentMethod | str = ""
    aftersales: AfterSales = AfterSales.NONE
    flag: int | None = None
    seller_note: str = ""
    abnormal: Abnormal | str = ""
    abnormal_reason: str = ""
    abnormal_at: datetime | None = None
    recipient: RecipientFacts = field(default_factory=RecipientFacts)
    lines: list[LineFacts] = field(default_factory=list)
    payments: list[PaymentFacts] = field(default_factory=list)
    parcels: list[ParcelFacts] = field(default_factory=list)
    notes: list[NoteFacts] = field(default_factory=list)
    digest: bytes = b""
    # The address that the platform made up to reach the buyer. Last, because digests count the fields by their places.
    buyer_email: str = ""
    # The end of the day on which delivery is promised.
    deliver_by: datetime | None = None

    @property
    def total_amount(self) -> Decimal:
        """What the buyer owes: goods less discounts, plus freight, tax and fees, plus the seller's price change."""
        discounts = self.platform_discount + self.seller_discount + self.creator_discount + self.payment_discount
        freight = self.freight_amount - self.freight_discount
        return self.goods_amount - discounts + freight + self.tax_amount + self.fee_amount + self.adjustment

    @property
    def paid_amount(self) -> Decimal:
        """What the buyer paid, over all payments."""
        return sum((payment.amount for payment in self.payments), ZERO)
