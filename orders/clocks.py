"""The clocks of an order: until when somebody must act, computed once from the shop's policy and then kept.

A due time is absolute. A later change of the policy moves nothing that is already running.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.lifecycle import ORDER
from orders.states import Status
from sellercenter.models import ShopPolicy


@dataclass(frozen=True)
class Clocks:
    """What an order owes and when; None is never. `due_at` and `due_step` are the next automatic step."""

    pay_by: datetime | None
    ship_by: datetime | None
    confirm_by: datetime | None
    due_at: datetime | None
    due_step: str


def _plus(start: datetime | None, span: timedelta | None) -> datetime | None:
    return start + span if start is not None and span is not None else None


def set_clocks(
    policy: ShopPolicy,
    status: Status | str,
    *,
    now: datetime,
    placed_at: datetime,
    paid_at: datetime | None = None,
    ship_by: datetime | None = None,
    delivered_at: datetime | None = None,
) -> Clocks:
    """Wind the clocks of an order that arrives from outside in the middle of its life.

    A ship-by time promised by the platform wins over the policy's. Steps whose time has passed are skipped to the last
    one that is owed, so that an old unpaid order is not reminded before it expires.
    """
    entered = {Status.UNPAID: placed_at, Status.DELIVERED: delivered_at}.get(Status(status))
    due_at, due_step = next_step(policy, status, entered=entered, now=now)
    return Clocks(
        pay_by=_plus(placed_at, policy.payment_window),
        ship_by=ship_by or _plus(paid_at, policy.ship_within),
        confirm_by=_plus(delivered_at, policy.receipt_window),
        due_at=due_at,
        due_step=due_step,
    )


def next_step(
    policy: ShopPolicy, status: Status | str, *, entered: datetime | None, now: datetime
) -> tuple[datetime | None, str]:
    """Return the next automatic step of a state that was entered at `entered`: the first still ahead, else the last."""
    timer = ORDER.timers.get(Status(status))
    if timer is None or entered is None:
        return None, ""
    steps = [(entered + delay, step.name) for step in timer.steps if (delay := step.after(policy)) is not None]
    if not steps:
        return None, ""
    return next((step for step in steps if step[0] > now), steps[-1])
