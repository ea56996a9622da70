"""What lines, units and the rest of an order are worth: parts that add up to the cent, and never less than nothing.

Pure arithmetic over records that the caller has read, under the order's lock when something is to be granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from orders.models import Order, OrderLine
from orders.states import LineStatus, Status
from sellercenter import money
from sellercenter.money import ZERO


@dataclass(frozen=True)
class Worth:
    """What was paid for each line, by its key, and for everything else: freight, fees, tax adjustments."""

    lines: Mapping[int, Decimal]
    rest: Decimal

    @property
    def total(self) -> Decimal:
        return sum(self.lines.values(), self.rest)


def shares(order: Order, lines: Iterable[OrderLine]) -> Worth:
    """Return what each line is worth of what was paid; gifts are worth nothing, nor are lines cancelled on their own.

    A line is worth its amount when that much was paid for all of them; else the lines share what was paid by their
    amounts, each rounded down and the remainder on the last ones. What was paid beyond the order's total is no part.
    """
    lines = list(lines)
    paid = min(order.paid_amount, order.total_amount)
    ended = order.status == Status.CANCELLED
    live = {line.pk: line.amount for line in lines if not line.gift and (ended or line.status != LineStatus.CANCELLED)}
    return Worth(
        {line.pk: ZERO for line in lines}
        | (worth := money.spread(min(paid, sum(live.values(), ZERO)), live, order.currency)),
        paid - sum(worth.values(), ZERO),
    )


def of_units(worth: Decimal, quantity: int, *, before: int, units: int, currency: str) -> Decimal:
    """Return what `units` of a line of `quantity` are worth after `before` others; the last unit has the remainder."""
    each = (worth / quantity).quantize(Decimal(1).scaleb(-money.digits(currency)), ROUND_DOWN)
    return worth - each * before if before + units >= quantity else each * units


def left_of_order(order: Order) -> Decimal:
    """Return what can still go back of an order: paid, neither refunded nor on its way back."""
    return max(ZERO, order.paid_amount - order.refunded_amount - order.refunding_amount)


def left_of_line(line: OrderLine, worth: Decimal, asked: Decimal = ZERO) -> Decimal:
    """Return what can still be granted of a line, beside what open cases have `asked` for already."""
    return max(ZERO, min(worth, line.amount) - line.refunded_amount - asked)


def fit(order: Order, lines: Sequence[OrderLine], total: Decimal) -> tuple[dict[int, Decimal], Decimal]:
    """Divide an amount that goes back whatever happens into goods, by line, and the rest."""
    worth = shares(order, lines)
    most = {line.pk: left_of_line(line, worth.lines[line.pk]) for line in lines}
    goods = min(total, sum(most.values(), ZERO))
    return money.spread(goods, most, order.currency), total - goods
