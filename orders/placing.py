"""The verb by which an order comes into being here: lines, stock, history and timers in one transaction."""

from __future__ import annotations

from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from orders import inventory
from orders.facts import OrderFacts
from orders.loading import Arrival, Known, arrive
from orders.models import Order, OrderLine
from orders.states import Status
from sellercenter.lifecycle import Refused
from sellercenter.locks import once_more
from sellercenter.models import Shop
from sellercenter.permissions import Actor

_Row = TypeVar("_Row", bound=Model)


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
    try:
        (arrival,), known = arrive(shop, [facts], by=by, now=None)
    except IntegrityError as error:
        if "order_number_once_per_shop" not in str(error):
            raise
        raise Refused(_("There is an order %s already.") % facts.number, "number_taken") from error
    order = _known(Order, id=arrival.id, number=facts.number, status=arrival.status.value, shop_id=shop.pk)
    order.shop = shop
    inventory.reserve(order, _lines(arrival, known), by=by)
    return order


def _lines(arrival: Arrival, known: Known) -> list[OrderLine]:
    told = zip(arrival.line_ids, arrival.facts.lines, strict=True)
    return [
        _known(OrderLine, id=pk, order_id=arrival.id, sku_id=known.skus.get(line.sku_number), quantity=line.quantity)
        for pk, line in told
    ]


def _known(model: type[_Row], **fields: Any) -> _Row:
    """Return a stored row of which these columns are known already; the others are read when somebody asks."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in fields]
    return model.from_db(None, names, [fields[name] for name in names])
