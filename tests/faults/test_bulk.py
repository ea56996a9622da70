"""Many orders at once: cancelled by a job whose processes are killed, counted by its first screen, and placed."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest
from django.db.models import Count

from orders import inventory, placing
from orders.loading import load
from orders.models import Order, Sku
from orders.states import Status
from sellercenter.models import Event, Job, JobItem, JobState
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.conftest import url
from tests.faults import lab as laboratory
from tests.faults.lab import Lab, run, size, until

KILLS = 3
pytestmark = pytest.mark.usefixtures("lab")


def fill(shop, many: int) -> None:
    """Load paid orders, quickly and without their history."""
    for start in range(0, many, 2000):
        told = [
            make.facts(shop, lines=[make.line(f"Tea {i % laboratory.TITLES}", quantity=1)])
            for i in range(start, min(many, start + 2000))
        ]
        load(shop, told, by=SYSTEM, now=make.NOW, events=False)
    laboratory.stock(shop)
    run("ANALYZE")


def first_screen(owner, shop) -> tuple[str, float]:
    """Choose every order of the list for cancelling; return the signed choice and the seconds it took."""
    began = time.monotonic()
    page = owner.post(url("order_bulk_cancel", shop), {"all": "1", "query": ""}).landed
    took = time.monotonic() - began
    found = re.search(r'name="of" value="([^"]+)"', page.content.decode())
    assert found, page.status_code
    return found.group(1), took


def start(owner, shop) -> Job:
    token, _took = first_screen(owner, shop)
    owner.post(url("order_bulk_cancel", shop), {"of": token, "reason": "sold out"})
    return Job.objects.latest("pk")


def state(job: Job) -> tuple[str, int]:
    job.refresh_from_db()
    return job.state, job.handled


def resident(process) -> int:
    """Return the memory that a process holds, in kB."""
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def judge(job: Job, many: int) -> None:
    """Assert that each order was cancelled by exactly one event, and that the results say so."""
    results = Counter(JobItem.objects.filter(job=job).values_list("state", flat=True))
    assert (job.state, results) == (JobState.DONE, {"done": many})
    told = Event.objects.filter(kind="order.cancelled", subject_type="order").values("subject_id")
    assert set(told.annotate(many=Count("pk")).values_list("many", flat=True)) == {1}
    assert told.count() == Order.objects.filter(status=Status.CANCELLED).count() == many


def test_a_job_cancels_fast_and_in_little_memory(lab: Lab, shop, owner, report):
    many = size(5000, 300)
    fill(shop, many)
    workers = [lab.sweep(), lab.sweep()]
    until(lambda: lab.said().count("Sweeping every") == 2, seconds=30)
    job = start(owner, shop)
    began = time.monotonic()
    until(lambda: state(job)[1] >= many // 5, seconds=120)
    before = [resident(worker) for worker in workers]
    until(lambda: state(job)[0] == JobState.DONE, seconds=300)
    rate = many / (time.monotonic() - began)
    grown = max(after - earlier for earlier, after in zip(before, map(resident, workers), strict=True))
    judge(job, many)
    report(f"bulk cancel: {many:,} orders by 2 workers", rate, "orders/s", target=150, more=True)
    report("bulk cancel: memory that a worker gained after the first fifth", grown / 1024, "MB", target=30)


def test_a_job_survives_three_kills(lab: Lab, shop, owner, report):
    many = size(5000, 400)
    fill(shop, many)
    job = start(owner, shop)
    for kill in range(KILLS):
        workers = [lab.sweep(), lab.sweep()]
        until(lambda kill=kill: state(job)[1] > many * (kill + 1) // (KILLS + 2), seconds=120, every=0.005)
        for worker in workers:
            lab.kill(worker)
        assert state(job)[0] == JobState.RUNNING, "the job ended before it could be killed"
        run("UPDATE sellercenter_job SET lease_until = now()")
    lab.sweep()
    until(lambda: state(job)[0] == JobState.DONE, seconds=300)
    judge(job, many)
    report(f"bulk cancel: {many:,} orders, killed {KILLS} times: results", job.done, "orders", target=many, more=True)


def test_the_first_screen_counts_fast(shop, owner, report):
    many = size(100_000, 2_000)
    fill(shop, many)
    first_screen(owner, shop)
    took = min(first_screen(owner, shop)[1] for _again in range(3))
    report(f"bulk cancel: first screen of {many:,} orders", took, "s", target=1)


def test_orders_are_placed_fast(shop, report):
    many = size(1500, 100)
    lines = [[make.line(f"Tea {(i + shift) % 40}", quantity=1) for shift in range(2)] for i in range(many)]
    told = [make.facts(shop, Status.UNPAID, lines=one) for one in lines]
    for sku in make.orders(shop, told[:40]) and Sku.objects.for_shop(shop):
        inventory.count(sku, on_hand=10_000, reason="", by=SYSTEM)
    began = time.perf_counter()
    for facts in told[40:]:
        placing.place(shop, facts, by=BUYER)
    rate = (many - 40) / (time.perf_counter() - began)
    report("placing: orders of two lines with stock, by one process", rate, "orders/s", target=150, more=True)
