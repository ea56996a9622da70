"""The queue: a real worker on the real Valkey, and a timetable that names tasks which exist."""

from __future__ import annotations

import threading

import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker
from django.contrib.sessions.models import Session
from django.db import connections
from kombu import Connection

from sellercenter.celery import app
from tests import make


def test_the_timetable_names_tasks_that_exist_and_queues_that_are_served():
    app.loader.import_default_modules()
    for name, entry in app.conf.beat_schedule.items():
        assert entry["task"] in app.tasks, name
        assert app.amqp.router.route({}, entry["task"])["queue"].name in app.amqp.queues
        assert entry["schedule"] > 0


def test_no_task_of_ours_waits_longer_than_the_broker_remembers():
    limit = app.conf.broker_transport_options["visibility_timeout"]
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert ours
    assert all(task.max_retries in (0, 3) and (task.default_retry_delay or 0) < limit for task in ours)
    assert all(task.acks_late and task.ignore_result for task in ours)


@pytest.mark.django_db(transaction=True)
def test_a_task_travels_through_valkey_and_is_done_by_a_worker():
    gone = Session.objects.create(session_key="gone", session_data="", expire_date=make.NOW - make.DAY)
    here = Session.objects.create(session_key="here", session_data="", expire_date=make.NOW + make.DAY)
    with Connection(app.conf.broker_url) as broker:
        broker.default_channel.queue_purge("celery")
    app.loader.import_default_modules()
    app.send_task("sellercenter.tasks.clear_ended_sessions")
    # The worker's threads have connections of their own, which it closes; leaving the block waits for its work.
    with start_worker(app, perform_ping_check=False, pool="solo", shutdown_timeout=30) as worker:
        done = _wait_until_done(worker, lambda: not Session.objects.filter(pk=gone.pk).exists())
    connections.close_all()
    assert done
    assert list(Session.objects.all()) == [here]


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
