"""The words of Shopify's order export, and what they mean here."""

from __future__ import annotations

from collections.abc import Mapping

from orders.states import PaymentMethod, Source, Status

PENDING, PART_PAID, AUTHORISED = "pending", "partially_paid", "authorized"
FINANCIAL = (PENDING, PART_PAID, AUTHORISED, "paid", "partially_refunded", "refunded", "voided", "expired")
_CAPTURED = ("paid", "partially_refunded", "refunded")
_NEVER = ("voided", "expired")

FULFILLED, PARTIAL, UNFULFILLED, RESTOCKED = "fulfilled", "partial", "unfulfilled", "restocked"
FULFILMENT: Mapping[str, str] = {
    FULFILLED: FULFILLED,
    **dict.fromkeys((PARTIAL, "partially fulfilled"), PARTIAL),
    **dict.fromkeys((UNFULFILLED, "unshipped", "pending", "open", "in progress"), UNFULFILLED),
    **dict.fromkeys(("scheduled", "on hold", "request declined", "not eligible"), UNFULFILLED),
    RESTOCKED: RESTOCKED,
}

# A gateway's name may say more, such as PayPal Express Checkout; the first word that is in it counts.
_METHODS: Mapping[str, PaymentMethod] = {
    **dict.fromkeys(("cash on delivery", "(cod)"), PaymentMethod.COD),
    **dict.fromkeys(("installments", "klarna", "afterpay", "clearpay", "affirm"), PaymentMethod.PAY_LATER),
    "paypal": PaymentMethod.PAYPAL,
    "alipay": PaymentMethod.ALIPAY,
    "wechat": PaymentMethod.WECHAT_PAY,
    **dict.fromkeys(("bank", "wire", "money order"), PaymentMethod.BANK_TRANSFER),
    "gift": PaymentMethod.VOUCHER,
    **dict.fromkeys(("apple pay", "google pay", "amazon pay"), PaymentMethod.WALLET),
    **dict.fromkeys(("shopify payments", "shop pay", "stripe", "card"), PaymentMethod.CARD),
}


def payment_method(told: str) -> PaymentMethod | str:
    """Return how the buyer pays: of several ways the first that is no voucher; a way that is not known is another."""
    parts = filter(None, map(str.strip, told.casefold().replace("_", " ").split("+")))
    found = [_method(part) for part in parts]
    return next((one for one in found if one != PaymentMethod.VOUCHER), next(iter(found), ""))


def _method(told: str) -> PaymentMethod:
    return next((method for word, method in _METHODS.items() if word in told), PaymentMethod.OTHER)


def source(told: str) -> Source:
    """Return where an order came from: the web shop, or through another door."""
    return Source.SHOP if told.casefold() in ("", "web") else Source.OTHER


def is_paid(financial: str) -> bool:
    """Say whether the whole amount was captured, whatever went back since."""
    return financial in _CAPTURED


def stage(financial: str, fulfilment: str, *, cancelled: bool, on_delivery: bool) -> Status:
    """Return where an order stands; Shopify does not tell of delivery."""
    if cancelled:
        return Status.CANCELLED
    if fulfilment in (FULFILLED, PARTIAL):
        return Status.SHIPPED if fulfilment == FULFILLED else Status.PART_SHIPPED
    if financial in (*_NEVER, "refunded"):
        return Status.CANCELLED
    if financial == AUTHORISED:
        return Status.TO_REVIEW
    return Status.TO_SHIP if is_paid(financial) or on_delivery else Status.UNPAID
