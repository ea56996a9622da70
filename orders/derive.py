"""Where an order and its lines stand, derived from payment, lines and parcels; nothing else decides a status."""

from __future__ import annotations

from collections.abc import Iterable

from orders.states import LineStatus, ParcelStatus, Status

_LIVE_STAGES = (Status.UNPAID, Status.TO_REVIEW)


def line_status(
    quantity: int, parts: Iterable[tuple[int, ParcelStatus | str]], *, cancelled: bool = False
) -> LineStatus:
    """Return the state of a line of `quantity` units from its parts, each (units, state of the parcel).

    A line is delivered when all of its units are, shipped when all have left, partly shipped when some have.
    """
    if cancelled:
        return LineStatus.CANCELLED
    sent = delivered = 0
    for units, parcel in parts:
        if parcel == ParcelStatus.READY:
            continue
        sent += units
        delivered += units if parcel == ParcelStatus.DELIVERED else 0
    if delivered >= quantity:
        return LineStatus.DELIVERED
    if sent >= quantity:
        return LineStatus.SHIPPED
    return LineStatus.PART_SHIPPED if sent else LineStatus.WAITING


def order_status(stage: Status | str, lines: Iterable[LineStatus | str]) -> Status:
    """Return the state of an order from its own stage and the states of its lines.

    `stage` is what lines can't tell: unpaid, waiting for review, completed or cancelled as a whole; any other stage
    means paid and approved. Cancelled lines are left out; when none is left the order is cancelled. An order is
    delivered when all live lines are, shipped when all have left, partly shipped when any has (the combination rule of
    the platforms: one parcel delivered and one on its way is still "shipped"). Without any line the stage stands.
    """
    stage = Status(stage)
    states = list(lines)
    live = [state for state in states if state != LineStatus.CANCELLED]
    if stage == Status.CANCELLED or (states and not live):
        return Status.CANCELLED
    if stage == Status.COMPLETED or stage in _LIVE_STAGES or not live:
        return stage
    if all(state == LineStatus.DELIVERED for state in live):
        return Status.DELIVERED
    if all(state in (LineStatus.SHIPPED, LineStatus.DELIVERED) for state in live):
        return Status.SHIPPED
    if any(state != LineStatus.WAITING for state in live):
        return Status.PART_SHIPPED
    return Status.TO_SHIP
