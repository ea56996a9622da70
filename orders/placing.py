"""The verb by which an order comes into being here: lines, stock, history and timers in one transaction."""

from __future__ import annotations

from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from orders import inventory
from orders.facts import OrderFacts
from orders.loading import load
from orders.models import Order
from orders.states import Status
from sellercenter.lifecycle import Refused
from sellercenter.locks import once_more
from sellercenter.models import Shop
from sellercenter.permissions import Actor
from sellercenter.ticks import database_now


@once_more
@transaction.atomic
def place(shop: Shop, facts: OrderFacts, *, by: Actor) -> Order:
    """Place an unpaid order at the database's now, reserve its stock and wind its clocks.

    Only a buyer, the platform and the system place orders. Raises Refused when the number is taken, nothing is ordered,
    or the stock does not suffice; nothing is kept then.
    """
    if not by.is_outside:
        raise PermissionDenied(f"{by.label} may not order.place")
    if facts.stage != Status.UNPAID or facts.payments:
        raise Refused(_("A new order is unpaid; its payment comes afterwards."), "not_new")
    if not facts.lines:
        raise Refused(_("An order needs at least one line."), "no_lines")
    now = database_now()
    try:
        ids = load(shop, [replace(facts, placed_at=now)], by=by, now=now)
    except IntegrityError as error:
        if "order_number_once_per_shop" not in str(error):
            raise
        raise Refused(_("There is an order %s already.") % facts.number, "number_taken") from error
    order = Order.objects.get(pk=ids[facts.number])
    order.shop = shop
    inventory.reserve(order, list(order.lines.only("order_id", "sku_id", "quantity")), by=by)
    return order
