"""The clocks of an order: until when somebody must act, computed once from the shop's policy and then kept.

A due time is absolute. A later change of the policy moves nothing that is already running.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sellercenter.lifecycle import Timer
from sellercenter.models import ShopPolicy
from sellercenter.schedule import Schedule
from sellercenter.times import after_quiet


@dataclass(frozen=True)
class Clocks:
    """What an order owes and when; None is never. `schedule` is what happens by itself.

    `paid_at`, `placed_at`, `shipped_at` and `delivered_at` are what the clocks count from.
    """

    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    pay_by: datetime | None
    ship_by: datetime | None
    confirm_by: datetime | None
    answer_by: datetime | None
    schedule: Schedule = field(default_factory=Schedule)


def plus(start: datetime | None, span: timedelta | None) -> datetime | None:
    """Return the end of a span; never when either is missing."""
    return start + span if start is not None and span is not None else None


def wind(
    policy: ShopPolicy,
    timer: Timer | None,
    *,
    now: datetime,
    placed_at: datetime,
    paid_at: datetime | None = None,
    ship_by: datetime | None = None,
    shipped_at: datetime | None = None,
    delivered_at: datetime | None = None,
    cancel_requested_at: datetime | None = None,
) -> Clocks:
    """Wind the clocks of an order that arrives from outside in the middle of its life; `timer` is its state's.

    A ship-by time promised by the platform wins over the policy's. Steps that only tell and whose time has passed are
    left out, so that an old unpaid order is not reminded before it expires.
    """
    clocks = Clocks(
        *(placed_at, paid_at, shipped_at, delivered_at),
        pay_by=plus(placed_at, policy.payment_window),
        ship_by=ship_by or plus(paid_at, policy.ship_within),
        confirm_by=plus(delivered_at, policy.receipt_window),
        answer_by=plus(cancel_requested_at, policy.cancel_answer),
    )
    return replace(clocks, schedule=timer.plan(clocks, policy, now=now)) if timer else clocks


def first_reminder(order: Any, policy: ShopPolicy) -> datetime | None:
    """Return when the buyer is first reminded to pay."""
    return _reminder(order, policy, policy.first_reminder if policy.first_channels else None)


def second_reminder(order: Any, policy: ShopPolicy) -> datetime | None:
    """Return when the buyer is reminded again."""
    return _reminder(order, policy, policy.second_reminder if policy.second_channels else None)


def _reminder(order: Any, policy: ShopPolicy, span: timedelta | None) -> datetime | None:
    """Return when a reminder leaves: after its span, but not in the quiet hours, and not when it would be too late."""
    at = plus(order.placed_at, span)
    if at is not None and policy.quiet_from is not None and policy.quiet_until is not None:
        at = after_quiet(at, policy.shop.zone, policy.quiet_from, policy.quiet_until)
    return at if at is None or order.pay_by is None or at < order.pay_by else None


def expiry(order: Any, policy: ShopPolicy) -> datetime | None:
    """Return when an unpaid order is cancelled."""
    return order.pay_by  # type: ignore[no-any-return]


def ship_warning(order: Any, policy: ShopPolicy) -> datetime | None:
    """Return when the team is warned that the ship-by time comes near."""
    return order.ship_by - policy.ship_warning if order.ship_by and policy.ship_warning else None


def ship_by(order: Any, policy: ShopPolicy) -> datetime | None:
    """Return when an order that is not shipped counts as late."""
    return order.ship_by  # type: ignore[no-any-return]


def ship_limit(order: Any, policy: ShopPolicy) -> datetime | None:
    """Return when an order that is not shipped is cancelled; off unless the policy sets it."""
    return plus(order.paid_at, policy.ship_cancel)


def cancel_answer(order: Any, policy: ShopPolicy) -> datetime | None:
    """Return when silence accepts the buyer's wish to cancel."""
    return order.answer_by  # type: ignore[no-any-return]


def silence(order: Any, policy: ShopPolicy) -> datetime | None:
    """Return when a parcel of which the carrier has told nothing since it left is marked."""
    return plus(order.shipped_at, policy.tracking_silence)


def receipt(order: Any, policy: ShopPolicy) -> datetime | None:
    """Return when receipt counts as confirmed."""
    return order.confirm_by  # type: ignore[no-any-return]
