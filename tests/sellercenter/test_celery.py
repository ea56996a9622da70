"""The queue: a real worker on the real Valkey, and a timetable that names tasks which exist."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker
from django.db import connections
from kombu import Connection

from sellercenter.celery import QUEUES, SWEEPS, app
from sellercenter.models import Heartbeat
from tests import make


def test_the_timetable_names_tasks_that_exist_and_queues_that_are_served():
    app.loader.import_default_modules()
    for name, entry in app.conf.beat_schedule.items():
        assert entry["task"] in app.tasks, name
        assert app.amqp.router.route({}, entry["task"])["queue"].name in app.amqp.queues
        assert entry["schedule"] > 0


def test_each_sweep_has_its_queue_whoever_sends_it_and_nothing_piles_up_while_nobody_listens():
    routed = {task: app.amqp.router.route({}, task)["queue"].name for task in SWEEPS}
    assert routed == SWEEPS
    assert set(QUEUES) == set(app.amqp.queues)
    for name, entry in app.conf.beat_schedule.items():
        assert 0 < entry["options"]["expires"] <= entry["schedule"], name
    beats = [entry for entry in app.conf.beat_schedule.values() if entry["task"].endswith(".heartbeat")]
    assert {entry["options"]["queue"] for entry in beats} == {entry["args"][0] for entry in beats} == set(QUEUES)


@pytest.mark.parametrize(
    "options",
    [{"countdown": 61}, {"eta": make.NOW}, {"kwargs": {"ids": [*range(500)]}}, {"args": ["x" * 1100]}],
    ids=["countdown", "eta", "many ids", "long text"],
)
def test_what_is_more_than_a_hint_is_refused_before_it_leaves(options):
    app.loader.import_default_modules()
    task = app.tasks["sellercenter.tasks.run_timetable"]
    typed = "args" in options or "kwargs" in options
    for send in (partial(app.send_task, "a.task"), *([] if typed else [task.apply_async])):
        with pytest.raises(ValueError, match=r"PostgreSQL|1024 bytes"):
            send(**options)


def test_no_task_of_ours_waits_longer_than_the_broker_remembers():
    limit = app.conf.broker_transport_options["visibility_timeout"]
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert ours
    assert all(task.max_retries in (0, 3) and (task.default_retry_delay or 0) < limit for task in ours)
    assert all(task.acks_late and task.ignore_result for task in ours)


def test_a_hint_comes_to_its_own_queue_and_to_no_other():
    with Connection(app.conf.broker_url) as broker:
        channel = broker.default_channel
        for queue in app.amqp.queues.values():
            queue(channel).declare()
            channel.queue_purge(queue.name)
        app.send_task("orders.tasks.fire_due", connection=broker)
        waiting = {name: channel.queue_purge(name) for name in QUEUES}
    assert waiting == {"timers": 1, "notices": 0, "jobs": 0, "files": 0}


@pytest.mark.django_db(transaction=True)
def test_a_task_travels_through_valkey_and_is_done_by_a_worker():
    with Connection(app.conf.broker_url) as broker:
        for queue in QUEUES:
            broker.default_channel.queue_purge(queue)
    app.loader.import_default_modules()
    app.send_task("sellercenter.tasks.heartbeat", ["timers"], queue="timers")
    # The worker's threads have connections of their own, which it closes; leaving the block waits for its work.
    with start_worker(app, perform_ping_check=False, pool="solo", shutdown_timeout=30) as worker:
        done = _wait_until_done(worker, lambda: Heartbeat.objects.filter(name="queue:timers").exists())
    connections.close_all()
    assert done
    # It would end this very process some minutes later.
    assert "watchdog" not in [thread.name for thread in threading.enumerate()]


def _wait_until_done(worker, ready):
    """Wait for the worker to tell that a task ended, not for time to pass."""
    ended = threading.Event()

    def tell(**_named):
        ended.set()

    signals.task_postrun.connect(tell)
    try:
        return ready() or (ended.wait(20) and ready())
    finally:
        signals.task_postrun.disconnect(tell)
