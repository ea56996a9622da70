"""Two verbs on one order at the same moment: exactly one wins, the other is told so, and the books stay right.

A short form: `make faults` runs thousands of these.
"""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from orders import actions, bulk, fulfilment, inventory, payments, placing, timers
from orders.imports.changes import update
from orders.models import Order, Parcel, ParcelLine, Sku
from orders.states import ParcelStatus, PaymentMethod, Status
from sellercenter import events, jobs
from sellercenter.lifecycle import Refused
from sellercenter.models import JobState
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.conftest import fresh, told
from tests.together import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 2
# Of what is shipped at once while others order the same goods.
MANY = 12


def pay(order):
    payments.pay(order, amount=Decimal(20), method=PaymentMethod.CARD, transaction_no="T1", by=CHANNEL)


def ship(order):
    fulfilment.ship(order, carrier="SF", tracking_no=f"SF{order.pk}", by=SYSTEM)


def scan(order):
    """Let a carrier take the parcel that was announced for the order, if there still is one."""
    for parcel in Parcel.objects.filter(tracking_no=f"READY{order.number}"):
        fulfilment.record_tracking(parcel, code="picked_up", at=make.NOW, by=CHANNEL)


def bring(order):
    """Let a file tell that the announced parcel is on its way."""
    lines = [make.line(number=line.number, quantity=line.quantity) for line in order.lines.all()]
    left = make.parcel(f"READY{order.number}", status=ParcelStatus.IN_TRANSIT, shipped_at=make.NOW)
    facts = make.facts(order.shop, Status.SHIPPED, number=order.number, lines=lines, parcels=[left])
    update(order.shop, facts, by=SYSTEM, now=make.NOW)


VERBS = {
    "scan": scan,
    "bring": bring,
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


@pytest.mark.parametrize("other", ["ship", "bring", "scan"])
def test_a_carrier_and_whoever_ships_at_once_send_each_unit_once(shop, other):
    for _round in range(ROUNDS):
        number = make.number()
        ready = make.parcel(f"READY{number}", status=ParcelStatus.READY)
        order = make.order(shop, number=number, parcels=[ready])
        refusals, broken = at_once(order, ("scan", other))
        assert (broken, fresh(order).status) == ([], "shipped")
        assert set(refusals) <= {"changed_meanwhile", "not_now", "nothing_left"}
        assert told(order).count("order.shipped") <= 1
        assert sum(ParcelLine.objects.filter(order=order).values_list("quantity", flat=True)) == 2
    call_command("check_invariants")


def test_news_of_a_parcel_wait_for_its_orders_before_they_hold_the_parcel(shop):
    order = make.shipped(shop, "SF1")
    waiting = threading.Thread(target=lambda: (scan_of("SF1"), connection.close()))
    with transaction.atomic():  # as whoever imports or ships the order
        Order.objects.select_for_update().get(pk=order.pk)
        waiting.start()
        until_somebody_waits()
        Parcel.objects.select_for_update(nowait=True).get(tracking_no="SF1")
    waiting.join(20)
    assert Parcel.objects.get(tracking_no="SF1").events.count() == 1


def scan_of(tracking_no):
    parcel = Parcel.objects.get(tracking_no=tracking_no)
    fulfilment.record_tracking(parcel, code="hub", at=make.NOW, by=CHANNEL)


def until_somebody_waits():
    """Return once another connection waits for a lock."""
    with connection.cursor() as cursor:
        for _look in range(20_000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


def test_orders_are_placed_while_a_job_ships_the_same_goods_crosswise(shop, owner):
    tea, cup = make.line("Tea", quantity=1), make.line("Cup", quantity=1)
    make.order(shop, lines=[tea, cup])
    for sku in Sku.objects.all():
        inventory.count(sku, on_hand=1000, reason="", by=SYSTEM)
    told_of = [make.facts(shop, lines=[make.line(("Cup", "Tea")[i % 2], quantity=1)]) for i in range(MANY)]
    lines = [(order.pk, order.number, f"T{order.pk}") for order in make.orders(shop, told_of)]
    ship_all = next(action for action in bulk.ACTIONS if action.code == "ship")
    chosen = bulk.Chosen.of(shop, ids=[pk for pk, _number, _no in lines], query="", every=False, now=make.NOW)
    values = {"carrier": "SF"}
    job = bulk.start(ship_all, chosen, values=values, lines=lines, member=owner.member, by=owner.actor)
    wanted = [make.facts(shop, Status.UNPAID, lines=[make.line(t, quantity=1) for t in ("Tea", "Cup")]) for _ in lines]
    in_threads(lambda: jobs.run_some(1000), lambda: [placing.place(shop, facts, by=BUYER) for facts in wanted])
    assert (fresh(job).state, fresh(job).done) == (JobState.DONE, MANY)
    assert Order.objects.filter(status=Status.UNPAID).count() == MANY
    call_command("check_invariants")
