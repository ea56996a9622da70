"""What can be done with many orders at once; how that goes in general stands in `sellercenter/bulk.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy

from orders import actions, fulfilment
from orders.filters import matching
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import Abnormal
from sellercenter import bulk
from sellercenter.bulk import forecast, start
from sellercenter.models import Job
from sellercenter.permissions import Actor, Perm

__all__ = ["ACTIONS", "JOB_KINDS", "Chosen", "OrderAction", "forecast", "start"]


def _load(job: Job, keys: Sequence[int]) -> dict[int, Order]:
    """Lock the orders in the order of their keys and load what the verbs read, with the database's now."""
    found = Order.objects.for_shop(job.shop).filter(pk__in=keys).order_by("pk")
    orders: dict[int, Order] = {order.pk: order for order in found.annotate(now_there=Now()).select_for_update()}
    for order in orders.values():
        order.shop = job.shop  # with its policy, read once for all of them
    return orders


ORDERS = bulk.Listed(
    *("orders", "order", Order, ORDER, matching, _load, "order_list", "order_detail"),
    nothing_chosen=gettext_lazy("Tick some orders first."),
    too_many=gettext_lazy("At most %s orders can be ticked at once."),
    too_old=gettext_lazy("This choice of orders can't be used any more. Choose them again."),
)


class Chosen(bulk.Chosen):
    """Which orders are meant."""

    listed: ClassVar[bulk.Listed] = ORDERS


class OrderAction(bulk.BulkAction):
    """One action on many orders."""

    listed: ClassVar[bulk.Listed] = ORDERS


def _flag(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.set_flag(order, flag=values["flag"], by=by)


def _mark(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.mark_abnormal(order, kind=Abnormal(values["kind"]), reason=values["reason"], by=by)


def _remind(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.remind(order, coupon=values["coupon"], by=by)


def _approve(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.approve(order, by=by)


def _cancel(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.cancel(order, reason=values["reason"], by=by)


def _cancel_all(orders: Sequence[Order], values: dict[str, Any], by: Actor) -> None:
    actions.cancel_all(orders, reason=values["reason"], now=orders[0].now_there, by=by)  # type: ignore[attr-defined]


def _ship(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    fulfilment.ship(order, carrier=values["carrier"], tracking_no=given, by=by)


_P = Perm
ACTIONS = (
    OrderAction("approve", gettext_lazy("Approve"), "clipboard-check", _P.ORDERS_REVIEW, _approve, "approve"),
    OrderAction("ship", gettext_lazy("Ship"), "truck-delivery", _P.PARCELS_SHIP, _ship, "ship"),
    OrderAction("remind", gettext_lazy("Remind to pay"), "hourglass", _P.ORDERS_REMIND, _remind, "remind"),
    OrderAction("flag", gettext_lazy("Flag"), "flag-filled", _P.ORDERS_NOTE, _flag),
    OrderAction("mark", gettext_lazy("Mark abnormal"), "alert-triangle", _P.ORDERS_MARK, _mark),
    OrderAction(
        *("cancel", gettext_lazy("Cancel orders"), "ban", _P.ORDERS_CANCEL, _cancel, "cancel", _cancel_all), danger=True
    ),
)
JOB_KINDS = [bulk.kind_of(action, Chosen) for action in ACTIONS]
