"""Two verbs on one order at the same moment: exactly one wins, the other is told so, and the books stay right.

A short form: `make faults` runs thousands of these.
"""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection

from orders import actions, fulfilment, inventory, payments, timers
from orders.models import Order, Sku
from orders.states import PaymentMethod, Status
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.conftest import fresh

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 10


def pay(order):
    payments.pay(order, amount=Decimal(20), method=PaymentMethod.CARD, transaction_no="T1", by=CHANNEL)


def ship(order):
    fulfilment.ship(order, carrier="SF", tracking_no=f"SF{order.pk}", by=SYSTEM)


VERBS = {
    "pay": pay,
    "cancel": lambda order: actions.cancel(order, reason="sold out", by=SYSTEM),
    "give_up": lambda order: actions.give_up(order, by=BUYER),
    "sweep": lambda _order: timers.fire_due(),
    "ship": ship,
    "request_cancel": lambda order: actions.request_cancel(order, reason="", by=BUYER),
    "accept_cancel": lambda order: actions.accept_cancel(order, by=SYSTEM),
    "refuse_cancel": lambda order: actions.refuse_cancel(order, reason="packed", by=SYSTEM),
    "hold": lambda order: actions.hold(order, reason="odd", by=SYSTEM),
}
# Where both start, and the events of which exactly one may follow.
UNPAID = {"order.paid", "order.cancelled", "order.given_up", "order.expired"}
PAID = {"order.cancelled", "order.shipped", "order.cancel_accepted", "order.cancel_refused", "order.cancel_requested"}
PAIRS = [
    ("pay", "cancel", Status.UNPAID, UNPAID),
    ("pay", "give_up", Status.UNPAID, UNPAID),
    ("pay", "sweep", Status.UNPAID, UNPAID),
    ("cancel", "sweep", Status.UNPAID, UNPAID),
    ("give_up", "sweep", Status.UNPAID, UNPAID),
    ("sweep", "sweep", Status.UNPAID, UNPAID),
    ("cancel", "ship", Status.TO_SHIP, PAID),
    ("ship", "request_cancel", Status.TO_SHIP, PAID),
    ("ship", "hold", Status.TO_SHIP, {"order.shipped", "order.held"}),
    ("ship", "accept_cancel", "asked", PAID),
    ("cancel", "accept_cancel", "asked", PAID),
    ("accept_cancel", "refuse_cancel", "asked", PAID),
    ("accept_cancel", "sweep", "asked and over", PAID),
    ("refuse_cancel", "sweep", "asked and over", PAID),
    ("ship", "sweep", "asked and over", PAID),
]


def starting(shop, start):
    """Make an order from which both verbs could go on; an unpaid one's time is up."""
    status = Status.TO_SHIP if str(start).startswith("asked") else start
    order = make.order(shop, status, **({"placed_at": make.NOW - 48 * make.HOUR} if status == Status.UNPAID else {}))
    if status != start:
        actions.request_cancel(order, reason="", by=BUYER)
    if start == "asked and over":
        Order.objects.filter(pk=order.pk).update(due_at=make.NOW, due_step="accept_cancel", answer_by=make.NOW)
    if not Sku.objects.get().tracked:
        inventory.count(Sku.objects.get(), on_hand=1000, reason="", by=SYSTEM)
    return order


def at_once(order, names):
    """Run both verbs on copies of their own from the same moment; return the codes of refusals and what broke."""
    barrier, refusals, broken = threading.Barrier(2), [], []

    def run(name):
        try:
            copy = Order.objects.select_related("shop__policy").get(pk=order.pk)
            barrier.wait(10)
            VERBS[name](copy)
        except Refused as refused:
            refusals.append(refused.code)
        except Exception as error:
            broken.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return refusals, broken


def refunds(order):
    """Say whether an order that was paid has ended."""
    return fresh(order).status == "cancelled" and fresh(order).paid_at is not None


@pytest.mark.parametrize(("first", "second", "start", "kinds"), PAIRS, ids=[f"{a}-{b}-{c}" for a, b, c, _d in PAIRS])
def test_of_two_verbs_at_once_exactly_one_wins(shop, first, second, start, kinds):
    for _round in range(ROUNDS):
        order = starting(shop, start)
        seen = events.of(order).count()
        refusals, broken = at_once(order, (first, second))
        assert broken == []
        if "sweep" in (first, second):
            timers.fire_due()  # it passed by what the other held, were it only to be refused; the next round finds it
        after = [event.kind for event in events.of(order)[seen:]]
        assert len([kind for kind in after if kind in kinds]) == 1, after
        assert set(refusals) <= {"changed_meanwhile", "not_now", "nothing_left"}
        # Money that lost is kept as a refund to make, and a sweep has nobody to tell; all others are told.
        quiet = "sweep" in (first, second) or "order.paid_late" in after
        assert len(refusals) == 1 or quiet, (refusals, after)
        assert fresh(order).refund_due == (20 if "order.paid_late" in after or refunds(order) else 0)
    call_command("check_invariants")
