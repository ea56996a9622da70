"""The verb by which an order comes into being here: lines, stock, history and timers in one transaction."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext as _

from orders import inventory
from orders.facts import OrderFacts
from orders.loading import load
from orders.models import Order
from orders.states import Status
from sellercenter.lifecycle import Refused
from sellercenter.models import Shop
from sellercenter.permissions import Actor
from sellercenter.ticks import database_now


@transaction.atomic
def place(shop: Shop, facts: OrderFacts, *, by: Actor) -> Order:
    """Place an unpaid order at the database's now, reserve its stock and wind its clocks.

    Raises Refused when the number is taken, nothing is ordered, or the stock does not suffice; nothing is kept then.
    """
    if facts.stage != Status.UNPAID or facts.payments:
        raise Refused(_("A new order is unpaid; its payment comes afterwards."), "not_new")
    if not facts.lines:
        raise Refused(_("An order needs at least one line."), "no_lines")
    if Order.objects.for_shop(shop).filter(number=facts.number).exists():
        raise Refused(_("There is an order %s already.") % facts.number, "number_taken")
    now = database_now()
    ids = load(shop, [replace(facts, placed_at=now)], by=by, now=now)
    order = Order.objects.select_related("shop__policy").get(pk=ids[facts.number])
    inventory.reserve(order, list(order.lines.order_by("sku_id", "pk")), by=by)
    return order
