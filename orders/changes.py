"""Verbs that change what was agreed: the price before it is paid, the address before it is shipped."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders import recipients
from orders.facts import RecipientFacts
from orders.lifecycle import ORDER
from orders.models import Order, Recipient
from orders.states import Status
from sellercenter import money, privacy
from sellercenter.lifecycle import Refused, locked
from sellercenter.permissions import Actor, Perm


@transaction.atomic
def change_price(order: Order, *, adjustment: Decimal, freight: Decimal, seen: Decimal, by: Actor) -> None:
    """Set the seller's price change (minus for a discount) and the freight of an order that is not paid.

    `seen` is the total that the seller looked at; refused when somebody has changed it since, and when the new total
    would be nothing or less, or no more than a part that was paid already.
    """
    by.require(Perm.ORDERS_PRICE)
    locked(order)
    if order.total_amount != seen:
        raise Refused(_("Somebody changed the price meanwhile. Look at it again, then repeat."), "changed_meanwhile")
    if freight < 0:
        raise Refused(_("Freight can't be less than nothing."), "bad_amount")
    if any(money.quantise(amount, order.currency) != amount for amount in (adjustment, freight)):
        raise Refused(_("The order's currency has no such small coins."), "bad_amount")
    before = {"adjustment": order.adjustment, "freight": order.freight_amount, "total": order.total_amount}
    total = order.total_amount - order.adjustment + adjustment - order.freight_amount + freight
    if total <= 0:
        raise Refused(_("With this change the buyer would owe nothing. Ask for 0.01 at least."), "no_price")
    if order.status == Status.UNPAID and total <= order.paid_amount:
        raise Refused(_("The buyer has paid a part already. Ask for more than that."), "paid_already")
    after = {"adjustment": adjustment, "freight": freight, "total": total}
    if after == before:
        return
    values = {"adjustment": adjustment, "freight_amount": freight, "total_amount": total}
    told = {"before": _written(before), "after": _written(after)}
    ORDER.move(order, "change_price", by=by, data=told, **values, updated_at=Now())


def _written(amounts: dict[str, Decimal]) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items()}


@transaction.atomic
def change_address(
    order: Order, *, recipient: RecipientFacts, province: str, city: str, district: str = "", by: Actor
) -> None:
    """Send the order to another address, as long as nothing of it has been shipped.

    An empty name, phone, address or postcode keeps what is stored. History keeps the region and which fields changed,
    never the words.
    """
    by.require(Perm.ORDERS_ADDRESS)
    locked(order)
    given = {name: getattr(recipient, name).strip() for name in ("name", "phone", "address", "postcode")}
    if any(privacy.is_masked(value) for value in given.values()):
        raise Refused(_("Write name, phone, address and postcode in full; nothing can be sent to stars."), "masked")
    stored = _recipient(order)
    plain = recipients.opened(stored, order_number=order.number)
    merged = RecipientFacts(**{name: value or getattr(plain, name) for name, value in given.items()})
    changed = sorted(name for name, value in given.items() if value and value != getattr(plain, name))
    region = {"province": province.strip(), "city": city.strip(), "district": district.strip()}
    moved = {name: value for name, value in region.items() if value != getattr(order, name)}
    if not changed and not moved:
        raise Refused(_("This is the address that the order has already."), "nothing_changed")
    columns = recipients.sealed(merged, order_number=order.number, shop_id=order.shop_id)
    before = " ".join(filter(None, (order.province, order.city, order.district)))
    told = {"changed": [*changed, *moved], "before": before, "after": " ".join(filter(None, region.values()))}
    ORDER.move(order, "change_address", by=by, data=told, **region, updated_at=Now())
    Recipient.objects.filter(order=order).update(**_kept(columns, stored, given))


def _recipient(order: Order) -> Recipient:
    """Lock where the order goes; what was erased counts as empty, and can be given anew."""
    kept = Recipient.objects.select_for_update()
    return kept.get_or_create(order=order, defaults={"shop_id": order.shop_id})[0]


def _kept(columns: dict[str, object], stored: Recipient, given: dict[str, str]) -> dict[str, object]:
    """Leave alone what was not given: a masked copy can't be sealed again."""
    places = {"address": ("address", "postcode"), "postcode": ("address", "postcode")}
    touched = {part for name, value in given.items() if value for part in places.get(name, (name,))}
    return {column: value for column, value in columns.items() if column.partition("_")[0] in touched}
