"""Two people, or a person and a timer, at the same order in the same moment: one wins, the other is told why not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction

from orders import actions, fulfilment, timers
from orders.models import Order
from orders.payments import book_refund, pay, reserve_refund
from orders.states import Status
from sellercenter.lifecycle import Refused
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.faults import racing
from tests.faults.lab import Lab, make_due, size
from tests.faults.racing import WON


def _pay(order: Order) -> object:
    transaction_no = f"{threading.get_ident()}-{order.pk}"
    return pay(order, amount=order.total_amount, method="card", transaction_no=transaction_no, by=BUYER)


def _ship(order: Order) -> object:
    return fulfilment.ship(order, carrier="SF", tracking_no=f"{threading.get_ident()}-{order.pk}", by=SYSTEM)


@transaction.atomic
def _refund(order: Order) -> object:
    """Give all that was paid back, by a refund of its own."""
    told = {"reference": f"{threading.get_ident()}-{order.pk}", "refund": f"R{threading.get_ident()}"}
    for payment, part in reserve_refund(order, amount=order.total_amount):
        book_refund(payment, amount=part, owed=True, by=SYSTEM, **told)
    return order


def _fire(order: Order) -> object:
    if not timers.fire_due(1):
        raise Refused("somebody else has it", "not_due")
    return None


VERBS: dict[str, Callable[[Order], object]] = {
    "pay": _pay,
    "cancel": lambda order: actions.cancel(order, reason="sold out", by=SYSTEM),
    "give_up": lambda order: actions.give_up(order, by=BUYER),
    "approve": lambda order: actions.approve(order, by=SYSTEM),
    "ship": _ship,
    "hold": lambda order: actions.hold(order, reason="a case", by=SYSTEM),
    "request": lambda order: actions.request_cancel(order, reason="too slow", by=BUYER),
    "accept": lambda order: actions.accept_cancel(order, by=SYSTEM),
    "refuse": lambda order: actions.refuse_cancel(order, reason="on its way", by=SYSTEM),
    "refund": _refund,
    "confirm": lambda order: fulfilment.confirm(order, by=BUYER),
    "expire": _fire,
    "accept by time": _fire,
    "complete": _fire,
}


@dataclass(frozen=True)
class Pair:
    """Two verbs at one order: where it stands before, and where it may stand after, by who won.

    Both can only win where `both` says where that leads: a payment always counts, as money to give back if need be.
    """

    first: str
    second: str
    status: Status
    wins: dict[str, str]
    both: str = ""
    step: str = ""
    asked: bool = False


_PAID_LATE = "cancelled"
PAIRS = (
    # A payment is never refused: after the cancel it is a refund to make.
    Pair("pay", "expire", Status.UNPAID, {"pay": "to_review"}, both=_PAID_LATE, step="expire"),
    Pair("pay", "cancel", Status.UNPAID, {"pay": "to_review"}, both=_PAID_LATE),
    Pair("pay", "give_up", Status.UNPAID, {"pay": "to_review"}, both=_PAID_LATE),
    Pair("pay", "pay", Status.UNPAID, {}, both="to_review"),
    Pair("cancel", "expire", Status.UNPAID, {"cancel": "cancelled", "expire": "cancelled"}, step="expire"),
    Pair("cancel", "give_up", Status.UNPAID, {"cancel": "cancelled", "give_up": "cancelled"}),
    Pair("approve", "cancel", Status.TO_REVIEW, {"approve": "to_ship", "cancel": "cancelled"}),
    Pair("approve", "hold", Status.TO_REVIEW, {"hold": "to_review", "approve": "to_ship"}),
    Pair("ship", "cancel", Status.TO_SHIP, {"ship": "shipped", "cancel": "cancelled"}),
    Pair("ship", "request", Status.TO_SHIP, {"ship": "shipped", "request": "to_ship"}),
    Pair("ship", "hold", Status.TO_SHIP, {"ship": "shipped", "hold": "to_ship"}),
    Pair("ship", "ship", Status.TO_SHIP, {"ship": "shipped"}),
    # Money that went back is noted wherever the order goes, once, and never of what nobody has paid.
    Pair("pay", "refund", Status.UNPAID, {"pay": "to_review"}, both="to_review"),
    Pair("refund", "refund", Status.TO_SHIP, {"refund": "to_ship"}),
    Pair("refund", "ship", Status.TO_SHIP, {}, both="shipped"),
    Pair("refund", "cancel", Status.TO_SHIP, {}, both="cancelled"),
    Pair(
        *("refund", "accept by time", Status.TO_SHIP),
        wins={"refund": "to_ship"},  # a sweep passes by what somebody else holds
        both="cancelled",
        step="accept_cancel",
        asked=True,
    ),
    # A wish that comes first does not keep the seller from cancelling.
    Pair("request", "cancel", Status.TO_SHIP, {"cancel": "cancelled"}, both="cancelled"),
    Pair("accept", "refuse", Status.TO_SHIP, {"accept": "cancelled", "refuse": "to_ship"}, asked=True),
    Pair("accept", "accept", Status.TO_SHIP, {"accept": "cancelled"}, asked=True),
    Pair(
        *("accept", "accept by time", Status.TO_SHIP),
        wins=dict.fromkeys(("accept", "accept by time"), "cancelled"),
        step="accept_cancel",
        asked=True,
    ),
    Pair(
        *("confirm", "complete", Status.DELIVERED),
        wins=dict.fromkeys(("confirm", "complete"), "completed"),
        step="complete",
    ),
)


@pytest.fixture
def ready(shop) -> Callable[[Pair, int], list[int]]:
    def load(pair: Pair, many: int) -> list[int]:
        asked = {"cancel_requested_at": make.NOW} if pair.asked else {}
        told = [make.facts(shop, pair.status, lines=[make.line(quantity=1)], **asked) for _number in range(many)]
        return [order.pk for order in make.orders(shop, told)]

    return load


def test_of_two_at_once_exactly_one_wins(lab: Lab, ready, report):
    rounds, many = size(20, 1), size(200, 66)
    taken: list[float] = []
    for _round in range(rounds):
        queue = [(pair, pk) for pair in PAIRS for pk in ready(pair, -(-many // len(PAIRS)))]
        for pair, pk in lab.random.sample(queue, many):
            taken += race(pair, pk)
    races = rounds * many
    report(f"races: {races:,} pairs: p99 of one verb", sorted(taken)[int(len(taken) * 0.99)] * 1000, "ms", target=500)


def race(pair: Pair, pk: int) -> list[float]:
    """Let both act on the same order, each with what it read before, and judge the end."""
    if pair.step:
        make_due([pk], pair.step)
    seen = [Order.objects.select_related("shop__policy").get(pk=pk) for _side in range(2)]
    sides = racing.race(VERBS[pair.first], VERBS[pair.second], seen)
    judge(pair, {0: sides[0].outcome, 1: sides[1].outcome}, Order.objects.get(pk=pk).status)
    if pair.step:  # what the sweep passed by must not be taken for the step of the next order
        timers.fire_due(10)
    return [side.took for side in sides]


def judge(pair: Pair, outcomes: dict[int, Any], status: str) -> None:
    """Assert that one won and the other was refused with a code, or that both could, and where that led."""
    verbs = pair.first, pair.second
    won = [verbs[side] for side, outcome in outcomes.items() if outcome == WON]
    told = f"{verbs}: {outcomes}, then {status}"
    assert all(isinstance(outcome, str) for outcome in outcomes.values()), told
    if len(won) == 2:
        assert pair.both == status, told
    else:
        assert len(won) == 1, told
        assert pair.wins[won[0]] == status, told
