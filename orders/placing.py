"""The verbs by which orders come into being here: lines, stock, history and timers in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from orders import inventory, recipients
from orders.facts import ZERO, LineFacts, OrderFacts, RecipientFacts
from orders.loading import Arrival, Known, arrive
from orders.models import Order, OrderLine, Sku
from orders.states import Kind, Source, Status
from sellercenter import events
from sellercenter.lifecycle import Refused, locked
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


@dataclass(frozen=True)
class Again:
    """Units of a line that are sent again, as the same SKU or as the one `wanted` instead."""

    line: OrderLine
    quantity: int
    wanted: Sku | None = None


@transaction.atomic
def place_replacement(order: Order, again: Sequence[Again], *, kind: Kind, number: str, by: Actor) -> Order:
    """Place an order without a price that sends goods of another one again, to where that one went; it waits to ship.

    Its stock is reserved. Raises Refused, as `out_of_stock`, when there is too little; nothing is kept then. Who may is
    checked by the verb that decides so.
    """
    now = locked(order)
    facts = replacement_facts(order, again, kind=kind, number=number, at=now)
    (arrival,), known = arrive(order.shop, [facts], by=by, now=now)
    placed = Order.objects.select_related("shop__policy").get(pk=arrival.id)
    inventory.reserve(placed, _lines(arrival, known), by=by)
    events.record(order.shop, "order.replaced", order, by=by, order=placed.number)
    return placed


def replacement_facts(order: Order, again: Sequence[Again], *, kind: Kind, number: str, at: datetime) -> OrderFacts:
    """Tell of an order without a price that sends goods of another one again; `at` is when it begins to wait."""
    return OrderFacts(
        number=number,
        stage=Status.TO_SHIP,
        kind=kind,
        placed_at=at,
        paid_at=at,
        reviewed_at=at,
        buyer_uid=order.buyer.uid,
        buyer_nickname=order.buyer_nickname,
        currency=order.currency,
        source=Source(order.source),
        channel=order.channel,
        province=order.province,
        city=order.city,
        district=order.district,
        recipient=_recipient(order),
        lines=[_again(one, place) for place, one in enumerate(again, start=1)],
    )


def _recipient(order: Order) -> RecipientFacts:
    try:
        return recipients.opened(order.recipient, order_number=order.number)
    except ObjectDoesNotExist:
        return RecipientFacts()


def _again(one: Again, place: int) -> LineFacts:
    """Tell of a line that costs nothing, because it was paid for before."""
    line, sku = one.line, one.wanted or one.line.sku
    return LineFacts(
        number=f"{place}",
        product_number=line.product.number,
        title=line.title,
        quantity=one.quantity,
        unit_price=ZERO,
        amount=ZERO,
        sku_number=sku.number if sku else "",
        variant=one.wanted.variant if one.wanted else line.variant,
        seller_sku=one.wanted.code if one.wanted else line.seller_sku,
    )


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
