"""What happens by itself to an order that a file has changed: planned anew with a new state, moved with its limits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import Status
from sellercenter.lifecycle import Step
from sellercenter.models import ShopPolicy
from sellercenter.schedule import Schedule

# The limit from which a step counts.
_LIMIT = {
    "expire": "pay_by",
    "warn_ship": "ship_by",
    "overdue": "ship_by",
    "complete": "confirm_by",
    "accept_cancel": "answer_by",
}


def planned(order: Order, policy: ShopPolicy, *, now: datetime) -> Schedule:
    """Return the steps of an order that came to a new state, from the limits that it has."""
    timer = ORDER.timers.get(Status(order.status))
    return timer.plan(order, policy, now=now) if timer else Schedule()


def moved(order: Order, policy: ShopPolicy, *, limits: Collection[str], now: datetime) -> Schedule:
    """Return the steps of an order of which these limits have changed: theirs move along, the others stay."""
    timer, ahead = ORDER.timers.get(Status(order.status)), Schedule.of(order)
    for step in timer.steps if timer else ():
        if _LIMIT.get(step.name) in limits:
            ahead = ahead.plus(step.name, _time(step, order, policy, now))
    return ahead


def _time(step: Step, order: Order, policy: ShopPolicy, now: datetime) -> datetime | None:
    """Return when a step comes; never when it only tells and its time has passed, as with `Timer.plan`."""
    at = step.at(order, policy)
    return at if at is not None and (step.acts or at > now) else None
