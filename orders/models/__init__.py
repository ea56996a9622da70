"""The orders room's records. Reads are QuerySet methods here; writes stand in the verb modules."""

from orders.models.goods import Buyer, Creator, Product, Sku, StockMovement
from orders.models.orders import (
    LISTED,
    CancelPace,
    Order,
    OrderLine,
    OrderNote,
    OrderQuerySet,
    Parcel,
    ParcelLine,
    PastedNumbers,
    Payment,
    Recipient,
    TrackingEvent,
)

__all__ = [
    "LISTED",
    "Buyer",
    "CancelPace",
    "Creator",
    "Order",
    "OrderLine",
    "OrderNote",
    "OrderQuerySet",
    "Parcel",
    "ParcelLine",
    "PastedNumbers",
    "Payment",
    "Product",
    "Recipient",
    "Sku",
    "StockMovement",
    "TrackingEvent",
]
