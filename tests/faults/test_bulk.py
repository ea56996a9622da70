"""A bulk cancel at full speed, and one whose processes are killed on the way: each order exactly once."""

from __future__ import annotations

import time

from django.db.models import F

from orders import bulk
from orders.models import Order
from orders.states import Status
from sellercenter import jobs
from sellercenter.models import ItemState, Job, JobItem, JobState
from tests.conftest import Person, fresh
from tests.faults import lab as laboratory
from tests.faults.lab import Lab, happened, orders_for, size, until

KILLS = 3


def ready(shop, many: int) -> list[int]:
    """Load unpaid orders that reserve stock."""
    ids = orders_for(shop, "expire", many)
    laboratory.stock(shop)
    return ids


def cancelling(shop, owner: Person) -> Job:
    """Start the cancel of every order of the shop, as the first screen does."""
    cancel = next(action for action in bulk.ACTIONS if action.code == "cancel")
    newest = Order.objects.for_shop(shop).order_by("-pk").values_list("pk", flat=True)[0]
    chosen = bulk.Chosen(at="2026-01-01T00:00:00+00:00", upto=newest, query="", every=True)
    assert owner.member
    return bulk.start(cancel, chosen, values={"reason": "sold out"}, member=owner.member, by=owner.actor)


def over(job: Job) -> bool:
    return fresh(job).state in (JobState.DONE, JobState.FAILED)


def handled(job: Job) -> int:
    return fresh(job).handled


def judge(job: Job, ids: list[int]) -> None:
    """Assert that the job did each order once, and that counters, items, events and orders tell the same."""
    ended = fresh(job)
    assert (ended.state, ended.total, ended.done, ended.skipped, ended.failed) == ("done", len(ids), len(ids), 0, 0)
    assert JobItem.objects.filter(job=job, state=ItemState.DONE).count() == len(ids)
    assert Order.objects.filter(pk__in=ids, status=Status.CANCELLED, cancel_reason="sold out").count() == len(ids)
    told = happened(ids, "order.cancelled")
    assert sorted(told) == sorted(ids)
    assert [pk for pk, times in told.items() if len(times) > 1] == []


def test_a_bulk_cancel_is_fast(lab: Lab, shop, owner, report):
    ids = ready(shop, size(5_000, 400))
    for _number in range(2):
        lab.sweep(every=0.1)
    until(lambda: lab.said().count("Sweeping every") == 2, seconds=30)
    job = cancelling(shop, owner)
    until(lambda: over(job), seconds=120)
    judge(job, ids)
    taken = Job.objects.values_list(F("finished_at") - F("started_at"), flat=True).get(pk=job.pk).total_seconds()
    report(f"bulk cancel of {len(ids):,}: orders per second", len(ids) / taken, "/s", target=150, more=True)


def test_a_bulk_cancel_survives_kills_and_does_each_order_once(lab: Lab, shop, owner, report):
    ids = ready(shop, size(5_000, 800))
    workers = [lab.sweep(every=0.1) for _number in range(2)]
    job = cancelling(shop, owner)
    kills = 0
    for quarter in range(1, KILLS + 1):
        until(lambda least=quarter: handled(job) >= len(ids) * least // (KILLS + 1), seconds=120, every=0.01)
        for worker in workers:
            lab.kill(worker)
        kills += not over(job)
        # What a minute of waiting does otherwise.
        laboratory.run("UPDATE sellercenter_job SET lease_until = now() WHERE state = 'running'")
        workers = [lab.sweep(every=0.1) for _number in range(2)]
    until(lambda: over(job), seconds=120)
    judge(job, ids)
    assert fresh(job).fence > kills
    report(f"bulk cancel of {len(ids):,}: kills on the way", kills, "kills")


def test_the_first_screen_of_many_orders_is_quick(lab: Lab, shop, owner, report):
    many = size(100_000, 1_000)
    for start in range(0, many, 10_000):
        orders_for(shop, "expire", min(10_000, many - start))
    laboratory.run("ANALYZE orders_order")
    owner.browser.get(f"/s/{shop.code}/orders")
    sent = owner.post(f"/s/{shop.code}/orders/bulk/cancel", {"all": "1", "query": "tab=unpaid"})
    taken = []
    for _look in range(3):
        began = time.monotonic()
        page = owner.get(sent.headers["Location"])
        taken.append(time.monotonic() - began)
        assert page.context["will"] == many
    report(f"bulk cancel: first screen of {many:,}", min(taken), "s", target=1)
    assert jobs.run_some(1) == 0
