"""The words for every state and kind in the orders room; colours hang on the same codes in the style sheet."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(models.TextChoices):
    """Where an order stands; derived from its payment, lines and parcels, never set by hand."""

    UNPAID = "unpaid", _("Unpaid")
    TO_REVIEW = "to_review", _("To review")
    TO_SHIP = "to_ship", _("To ship")
    PART_SHIPPED = "part_shipped", _("Partly shipped")
    SHIPPED = "shipped", pgettext_lazy("order state", "Shipped")
    DELIVERED = "delivered", pgettext_lazy("order state", "Delivered")
    COMPLETED = "completed", pgettext_lazy("order state", "Completed")
    CANCELLED = "cancelled", pgettext_lazy("order state", "Cancelled")


OPEN = (Status.UNPAID, Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED, Status.SHIPPED, Status.DELIVERED)
UNSHIPPED = (Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED)
# Why an order is held that nobody may ship before its case is decided; written in no language.
HELD_BY_CASE = "case"


class LineStatus(models.TextChoices):
    """Where one line of an order stands."""

    WAITING = "waiting", _("Waiting")
    PART_SHIPPED = "part_shipped", _("Partly shipped")
    SHIPPED = "shipped", pgettext_lazy("order state", "Shipped")
    DELIVERED = "delivered", pgettext_lazy("order state", "Delivered")
    CANCELLED = "cancelled", pgettext_lazy("order state", "Cancelled")


class PaymentState(models.TextChoices):
    """Whether the money of an order came and stayed."""

    UNPAID = "unpaid", _("Unpaid")
    PAID = "paid", pgettext_lazy("payment state", "Paid")
    PART_REFUNDED = "part_refunded", _("Partly refunded")
    REFUNDED = "refunded", _("Refunded")


class ShipmentState(models.TextChoices):
    """How far the goods of an order have come."""

    NONE = "none", _("Not shipped")
    PART = "part", _("Partly shipped")
    SHIPPED = "shipped", _("On its way")
    DELIVERED = "delivered", pgettext_lazy("shipment state", "Delivered")


class AfterSales(models.TextChoices):
    """Whether an order has after-sales cases."""

    NONE = "none", _("No case")
    OPEN = "open", _("Case open")
    CLOSED = "closed", _("Case closed")


class PaymentMethod(models.TextChoices):
    """How the buyer pays."""

    DOUYIN_PAY = "douyin_pay", _("Douyin Pay")
    ALIPAY = "alipay", _("Alipay")
    WECHAT_PAY = "wechat_pay", _("WeChat Pay")
    CARD = "card", _("Card")
    DEBIT_CARD = "debit_card", _("Debit card")
    PAYPAL = "paypal", _("PayPal")
    WALLET = "wallet", _("Wallet")
    BANK_TRANSFER = "bank_transfer", _("Bank transfer or slip")
    VOUCHER = "voucher", _("Voucher")
    COD = "cod", _("Cash on delivery")
    PAY_LATER = "pay_later", _("Pay later")
    OTHER = "other", pgettext_lazy("payment method", "Other")


class PaymentStatus(models.TextChoices):
    """Where one payment stands."""

    PENDING = "pending", _("Pending")
    CAPTURED = "captured", _("Captured")
    FAILED = "failed", _("Failed")


class Source(models.TextChoices):
    """Where the order came from."""

    LIVE = "live", _("Livestream")
    VIDEO = "video", _("Short video")
    SHOWCASE = "showcase", _("Showcase")
    SEARCH = "search", _("Search")
    SHOP = "shop", _("Shop page")
    OTHER = "other", pgettext_lazy("order source", "Other")


class Kind(models.TextChoices):
    """What sort of order it is; figures leave samples, lotteries and replacements out."""

    NORMAL = "normal", _("Normal")
    PRE_ORDER = "pre_order", _("Pre-order")
    MADE_TO_ORDER = "made_to_order", _("Made to order")
    SAMPLE = "sample", _("Sample")
    LOTTERY = "lottery", _("Lottery")
    REPLACEMENT = "replacement", _("Replacement")
    EXCHANGE = "exchange", _("Exchange")


class Flag(models.IntegerChoices):
    """The seller's flag colours, numbered as the platforms number them."""

    GREY = 0, _("Grey flag")
    PURPLE = 1, _("Purple flag")
    CYAN = 2, _("Cyan flag")
    GREEN = 3, _("Green flag")
    ORANGE = 4, _("Orange flag")
    RED = 5, _("Red flag")


class Abnormal(models.TextChoices):
    """Why an order needs somebody's eyes."""

    RISK = "risk", _("Risk check")
    ADDRESS = "address", _("Address problem")
    STOCK = "stock", _("Out of stock")
    PARCEL = "parcel", _("Parcel problem")
    PRICE = "price", _("Price problem")
    BUYER = "buyer", _("Buyer can't be reached")
    OTHER = "other", pgettext_lazy("abnormal kind", "Other")


class CancelledBy(models.TextChoices):
    """Who ended the order."""

    BUYER = "buyer", _("Buyer")
    SELLER = "seller", _("Seller")
    SYSTEM = "system", _("Ran out of time")
    PLATFORM = "platform", _("Platform")


class ParcelStatus(models.TextChoices):
    """Where a parcel is."""

    READY = "ready", _("Ready for pick-up")
    IN_TRANSIT = "in_transit", _("In transit")
    OUT_FOR_DELIVERY = "out_for_delivery", _("Out for delivery")
    DELIVERED = "delivered", pgettext_lazy("parcel state", "Delivered")
    PROBLEM = "problem", _("Delivery failed")
    RETURNED = "returned", _("Returned")
    LOST = "lost", _("Lost")


class TrackingCode(models.TextChoices):
    """What a carrier reported, in our own words."""

    INFO = "info", _("Information")
    PICKED_UP = "picked_up", _("Picked up")
    HUB = "hub", _("At a hub")
    CUSTOMS = "customs", _("At customs")
    OUT_FOR_DELIVERY = "out_for_delivery", _("Out for delivery")
    DELIVERED = "delivered", pgettext_lazy("tracking", "Delivered")
    ATTEMPT_FAILED = "attempt_failed", _("Delivery attempt failed")
    RETURNING = "returning", _("On its way back")
    RETURNED = "returned", _("Returned")
    LOST = "lost", _("Lost")


class StockKind(models.TextChoices):
    """Why a SKU's stock changed."""

    COUNT = "count", _("Counted")
    ADJUST = "adjust", _("Changed by hand")
    RESERVE = "reserve", _("Reserved by an order")
    RELEASE = "release", _("Given back by an order")
    TAKE = "take", _("Shipped")
    RETURN = "return", pgettext_lazy("stock", "Returned")
