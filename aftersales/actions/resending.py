"""The orders by which goods are sent again: linked to their case, without a price."""

from __future__ import annotations

from itertools import count

from django.utils.translation import gettext as _

from aftersales.actions.moving import lines_of
from aftersales.models import Case
from aftersales.states import CaseKind
from orders import actions as order_actions
from orders import placing
from orders.models import Order
from orders.placing import Again
from orders.states import Kind, Status
from sellercenter.permissions import SYSTEM, Actor


def replace(case: Case, *, by: Actor) -> Order:
    """Place the order by which a case's goods are sent again, in the caller's transaction.

    Raises Refused, as `out_of_stock`, when there is too little of them.
    """
    kind = Kind.EXCHANGE if case.kind == CaseKind.EXCHANGE else Kind.REPLACEMENT
    lines = lines_of(case)
    # Of what was looked at, only what came back goes out again; when nobody looked, everything counts as back.
    looked = any(one.sellable + one.damaged for one in lines)
    told = [(one, one.sellable + one.damaged if looked else one.quantity) for one in lines]
    again = [Again(one.line, units, one.wanted_sku) for one, units in told if units]
    return placing.place_replacement(case.order, again, kind=kind, number=_number(case), by=by)


def _number(case: Case) -> str:
    """Return a number that no order of the shop has: a case that was decided anew may have had a replacement before."""
    first = f"{case.number[:58]}-R"
    taken = set(Order.objects.for_shop(case.shop).filter(number__startswith=first).values_list("number", flat=True))
    return next(number for place in count(1) if (number := f"{first}{place if place > 1 else ''}") not in taken)


def call_off(order: Order) -> None:
    """Cancel a replacement that has not left; Refused when it has, or somebody holds it."""
    order = Order.objects.select_for_update(of=("self",)).select_related("shop__policy").get(pk=order.pk)
    if order.status != Status.CANCELLED:
        order_actions.cancel(order, reason=_("The money is refunded instead."), by=SYSTEM)
