"""Timers under kills, at full speed and behind a gateway: nothing lost, doubled, early, or both paid and cancelled."""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime

from django.db.models import Max

from orders.models import Order
from orders.payments import pay
from orders.states import Status
from sellercenter.models import Event
from sellercenter.permissions import BUYER
from tests.faults import lab as laboratory
from tests.faults.lab import (
    FULL,
    SEED,
    STEPS,
    Lab,
    all_is_well,
    due_times,
    happened,
    lateness,
    make_due,
    size,
    until,
)
from tests.together import in_threads

MIX = ("remind", "expire", "complete", "accept_cancel")
SPREAD = 20 if FULL else 4


def fill(shop, many: int) -> dict[str, list[int]]:
    """Load orders for each step in equal shares."""
    ids = {step: laboratory.orders_for(shop, step, many // len(MIX)) for step in MIX}
    laboratory.stock(shop)
    laboratory.run("ANALYZE orders_order")
    return ids


def payer(ids: list[int], name: str, many: int, seconds: float):
    """Return an act that pays random orders, evenly over the time."""

    def act() -> None:
        chance = random.Random(f"{SEED} {name}")
        began = time.monotonic()
        for turn, pk in enumerate(chance.sample(ids, many)):
            order = Order.objects.select_related("shop__policy").get(pk=pk)
            pay(order, amount=order.total_amount, method="card", transaction_no=f"{name}-{pk}", by=BUYER)
            time.sleep(max(0, began + seconds * turn / many - time.monotonic()))

    return act


def test_a_storm_of_kills_loses_and_doubles_nothing(lab: Lab, shop, report):
    ids = fill(shop, size(10_000, 600))
    every = [pk for group in ids.values() for pk in group]
    workers = [lab.sweep() for _number in range(4)]
    for step, group in ids.items():
        make_due(group, step, first=2, over=SPREAD)
    planned = due_times(every)
    began, kills, ended = time.monotonic(), 0, threading.Event()
    buyers = [payer(ids["remind"] + ids["expire"], name, size(1500, 90), SPREAD) for name in ("first", "second")]
    payers = threading.Thread(target=lambda: (in_threads(*buyers, seconds=120), ended.set()))
    payers.start()
    while time.monotonic() - began < 150:
        time.sleep(1)
        victim = lab.random.randrange(4)
        lab.kill(workers[victim])
        workers[victim] = lab.sweep()
        kills += 1
        if ended.is_set() and time.monotonic() - began > SPREAD + 2 and not laboratory.waiting(every):
            break
    payers.join()
    seconds = time.monotonic() - began
    assert ended.is_set(), "a payer failed"
    assert laboratory.waiting(every) == 0
    late = judge(ids, planned)
    report(f"kill storm: {len(every):,} timers, {kills} kills: until all decided", seconds, "s", target=120)
    report("kill storm: the latest decision", late[-1], "s")
    assert late[0] >= 0, "a step came before its time"


def judge(ids: dict[str, list[int]], planned: dict[int, datetime]) -> list[float]:
    """Assert that each order was decided once and for one thing only; return by how much the steps were late."""
    late: list[float] = []
    for step, group in ids.items():
        steps = happened(group, STEPS[step][1])
        assert [pk for pk, times in steps.items() if len(times) > 1] == [], f"{step} came twice"
        paid = happened(group, "order.paid") if STEPS[step][0] == Status.UNPAID else {}
        undecided = set(group) - steps.keys() - paid.keys()
        assert undecided == set(), f"{step} was lost"
        if step == "expire":
            assert steps.keys() & paid.keys() == set(), "both paid and cancelled"
        late += lateness(planned, steps)
    return sorted(late)


def test_two_workers_decide_fast(lab: Lab, shop, report):
    ids = fill(shop, size(10_000, 1_000))
    every = [pk for group in ids.values() for pk in group]
    for _number in range(2):
        lab.sweep("orders.timers.fire_due", every=0.1)
    until(lambda: lab.said().count("Sweeping every") == 2, seconds=20)
    for step, group in ids.items():
        make_due(group, step, first=3 if FULL else 2)
    planned = due_times(every)
    until(lambda: laboratory.waiting(every) == 0 and time.time() > max(planned.values()).timestamp(), seconds=120)
    last = max(
        Event.objects.filter(kind=kind).aggregate(last=Max("recorded_at"))["last"] for _s, kind in STEPS.values()
    )
    rate = len(every) / (last - min(planned.values())).total_seconds()
    judge(ids, planned)
    lab.close()
    all_is_well()
    floor = raw_floor(ids["expire"] + ids["complete"])
    report(f"timers: {len(every):,} decided by 2 workers", rate, "orders/s")
    report("timers: the same against raw SQL", rate, "orders/s", floor, target=0.15, more=True)


def raw_floor(ids: list[int]) -> float:
    """Return how many orders per second two connections update in batches, each batch with its events."""

    def act() -> None:
        with laboratory.raw() as connection:
            while True:
                claimed = connection.execute(
                    "UPDATE orders_order SET status = 'completed', status_at = now(), due_at = NULL, due_step = ''"
                    " WHERE id IN (SELECT id FROM orders_order WHERE due_at <= now() ORDER BY due_at, id"
                    " LIMIT 250 FOR UPDATE SKIP LOCKED) RETURNING id, shop_id"
                ).fetchall()
                connection.cursor().executemany(
                    "INSERT INTO sellercenter_event (shop_id, kind, subject_type, subject_id, actor_kind, actor_label,"
                    " data) VALUES (%s, 'floor.floor', 'floor', %s, 'system', 'floor', '{}')",
                    [(shop, pk) for pk, shop in claimed],
                )
                connection.commit()
                if not claimed:
                    return

    laboratory.run("UPDATE orders_order SET due_at = now(), due_step = 'floor' WHERE id = ANY(%s)", ids)
    laboratory.run("ANALYZE orders_order")
    began = time.monotonic()
    in_threads(act, act)
    rate = len(ids) / (time.monotonic() - began)
    laboratory.run("TRUNCATE orders_order, sellercenter_event, orders_sku CASCADE")
    return rate
