"""Who is told of what happens to orders and stock: people by right, buyers by template.

A message is composed at the moment of sending: whether it still makes sense, in which words, and to which address.
Buyers of shops that sell in yuan are written to in Chinese, all others in English.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.template import Context
from django.template.loader import select_template
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from orders import recipients
from orders.models import Order, Sku
from orders.states import Status
from sellercenter import money, privacy, times
from sellercenter.gateways import Draft
from sellercenter.models import Channel, Event, OutgoingMessage, Shop
from sellercenter.notifications import Notice, Staff, Subject
from sellercenter.outgoing import Buyers, Composed, Letter, Unreachable, Wait
from sellercenter.permissions import Perm

REMINDED = "order.reminded"
# Money that nobody owes goes back.
OVERPAID = ("order.paid_late", "order.paid_twice")
CANCELLED = ("order.cancelled", "order.expired", "order.lapsed", "order.cancel_accepted")


def _order_names(ids: Iterable[int]) -> Mapping[int, str]:
    return dict(Order.objects.filter(pk__in=[*ids]).values_list("pk", "number"))


def _sku_names(ids: Iterable[int]) -> Mapping[int, str]:
    return dict(Sku.objects.filter(pk__in=[*ids]).values_list("pk", "number"))


STAFF = Staff(
    notices=(
        Notice("order.ship_warned", Perm.PARCELS_SHIP, "clock", _("Has to be shipped soon")),
        Notice("order.overdue", Perm.PARCELS_SHIP, "alarm", _("Was not shipped in time")),
        Notice("order.cancel_requested", Perm.ORDERS_CANCEL, "hourglass", _("The buyer wants to cancel")),
        Notice("order.paid_late", Perm.REFUNDS_MAKE, "receipt-refund", _("Paid after it was cancelled: refund it")),
        Notice("order.paid_twice", Perm.REFUNDS_MAKE, "receipt-refund", _("Paid more than was owed: refund the rest")),
        Notice("order.parcel_failed", Perm.TRACKING_WATCH, "truck-return", _("A parcel was lost or came back")),
        Notice("order.step_failed", Perm.ORDERS_CANCEL, "alert-triangle", _("Something that happens by itself failed")),
        Notice("order.silent", Perm.TRACKING_WATCH, "truck", _("The carrier has told nothing for long")),
        Notice("sku.low", Perm.STOCK_EDIT, "packages", _("Stock is low")),
        Notice("stock.missing", Perm.STOCK_EDIT, "alert-triangle", _("More was shipped than the stock knew of")),
    ),
    subjects={"order": Subject(_order_names, "order_detail"), "sku": Subject(_sku_names, "stock_detail")},
)


def _once_per_stage(event: Event) -> str:
    """Name a reminder of the ladder by its stage; one that a person sends is an occasion of its own."""
    stage = event.data.get("stage", "")
    return f"{event.kind}.{event.pk if stage == 'seller' else f'{stage}-{event.subject_id}'}"


def _once_per_order(event: Event) -> str:
    return f"order.cancelled.{event.subject_id}"


_IN_SITE = (Channel.IN_SITE.value,)
BUYERS = Buyers(
    {
        letter.kind: letter
        for letter in (
            Letter(REMINDED, _IN_SITE, once=True, key=_once_per_stage),
            *(Letter(kind, _IN_SITE, key=_once_per_order) for kind in CANCELLED),
            *(Letter(kind, _IN_SITE) for kind in OVERPAID),
            Letter("order.cancel_refused", _IN_SITE),
            Letter("order.shipped", _IN_SITE),
        )
    }
)
# In which state an order must still be for a message to make sense.
_STILL = {
    REMINDED: (Status.UNPAID,),
    "order.cancel_refused": (Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED, Status.SHIPPED),
    "order.shipped": (Status.SHIPPED,),
    **dict.fromkeys(CANCELLED, (Status.CANCELLED,)),
    **dict.fromkeys(OVERPAID, tuple(Status)),
}


def compose(message: OutgoingMessage) -> Composed:
    """Write a message about an order in the buyer's language and look up where it goes.

    Returns None when the order has moved on, so that the message makes no sense any more, and Wait in the quiet hours
    of the shop for what is no more than a reminder. `message` carries the database's `now`.
    """
    order = Order.objects.select_related("buyer").filter(pk=message.subject_id).first()
    if order is None or order.status not in _STILL[message.kind]:
        return None
    if message.kind in OVERPAID and not order.refund_due:  # it went back already
        return None
    if message.kind == REMINDED:
        policy, now = message.shop.policy, message.now  # type: ignore[attr-defined]
        if order.held or (order.pay_by is not None and order.pay_by <= now):
            return None
        leaves_at = times.after_quiet(now, message.shop.zone, policy.quiet_from, policy.quiet_until)
        if leaves_at > now:
            return Wait(leaves_at)
    address = _address(order, message.channel)
    return _written(message, order, address) if address else Unreachable()


def language_of(shop: Shop) -> str:
    """Return the language in which a shop writes to its buyers."""
    return "zh-hans" if shop.currency == "CNY" else "en"


def _address(order: Order, channel: str) -> str:
    """Return where a buyer is reached, or nothing; what the platform masked leads nowhere."""
    if channel == Channel.IN_SITE:
        return order.buyer.uid
    if channel == Channel.EMAIL:
        return order.buyer.relay_email
    try:
        phone = recipients.opened(order.recipient, order_number=order.number).phone
    except ObjectDoesNotExist:
        return ""
    return "" if privacy.is_masked(phone) else phone


def _written(message: OutgoingMessage, order: Order, address: str) -> Draft:
    """Write the words: the first line of an e-mail is its subject."""
    language = language_of(message.shop)
    name = next((kinds[0] for kinds in (CANCELLED, OVERPAID) if message.kind in kinds), message.kind)
    template: Any = select_template([f"notices/{name}.{message.channel}.txt", f"notices/{name}.txt"])
    with translation.override(language):
        # Plain text: what is escaped for HTML would be read by people as it stands.
        text = template.template.render(Context(_facts(message, order), autoescape=False)).strip()
    subject = ""
    if message.channel == Channel.EMAIL:
        subject, _line_end, text = text.partition("\n")
    return Draft(message.key, message.channel, address, subject.strip(), text.strip(), language)


def _facts(message: OutgoingMessage, order: Order) -> dict[str, Any]:
    """Return what templates may speak of: nothing private."""
    pay_by = order.pay_by.astimezone(message.shop.zone) if order.pay_by else None
    return {
        "shop": message.shop.name,
        "number": order.number,
        "amount": money.text(order.total_amount, order.currency),
        "pay_by": f"{pay_by:%Y-%m-%d %H:%M}" if pay_by else "",
        "coupon": message.event.data.get("coupon", ""),
        "last": message.event.data.get("stage") == "second",
        "too_much": money.text(Decimal(message.event.data.get("amount", order.refund_due)), order.currency),
        "late": message.kind == "order.paid_late",
        "unpaid": message.kind == "order.expired",
        # History does not repeat what a buyer wrote; the order does.
        "reason": message.event.data.get("reason") or (order.cancel_reason if message.kind in CANCELLED else ""),
        "refund": money.text(order.refund_due, order.currency) if order.refund_due else "",
    }
