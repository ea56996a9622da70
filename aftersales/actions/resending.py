"""The orders by which goods are sent again: linked to their case, without a price."""

from __future__ import annotations

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
    again = [Again(one.line, one.quantity, one.wanted_sku) for one in lines_of(case)]
    return placing.place_replacement(case.order, again, kind=kind, number=f"{case.number}-R"[:64], by=by)


def call_off(order: Order) -> None:
    """Cancel a replacement that has not left; Refused when it has, or somebody holds it."""
    order = Order.objects.select_for_update(of=("self",)).select_related("shop__policy").get(pk=order.pk)
    if order.status != Status.CANCELLED:
        order_actions.cancel(order, reason=_("The money is refunded instead."), by=SYSTEM)
