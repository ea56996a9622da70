"""The watchdog: a worker that has stopped consuming ends, and one that works, waits or lost its broker does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

from kombu import Connection
from redis import Redis

from sellercenter.celery import app
from sellercenter.watchdog import STUCK, Idleness, waiting_in

QUEUE = "watched"
WORKER = f"""
import warnings
warnings.simplefilter("ignore")
from sellercenter import watchdog
watchdog.EVERY, watchdog.PATIENCE = 0.1, 1.0
from sellercenter.celery import app
app.worker_main(["worker", "-c", "2", "-Q", "{QUEUE}", "-n", "{QUEUE}@%h", "--loglevel", "INFO"])
"""


def test_only_messages_that_wait_for_somebody_idle_count():
    idleness = Idleness(0.0)
    assert idleness.lasts(100.0, waiting=0, busy=False, received=0) == 0
    assert idleness.lasts(150.0, waiting=3, busy=False, received=0) == 50
    assert idleness.lasts(200.0, waiting=3, busy=True, received=0) == 0
    assert idleness.lasts(250.0, waiting=3, busy=False, received=1) == 0
    assert idleness.lasts(371.0, waiting=3, busy=False, received=1) == 121


def test_a_broker_that_is_away_is_no_reason_to_end(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    assert waiting_in(["jobs"]) == 0


def test_a_worker_that_stopped_consuming_ends_by_itself_with_its_pool(settings):
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen([sys.executable, "-c", WORKER], start_new_session=True, **out) as worker:
        end = threading.Timer(60, os.killpg, [worker.pid, signal.SIGKILL])
        end.start()
        try:
            assert any(" ready." in line for line in worker.stdout)
            app.control.cancel_consumer(QUEUE, reply=True, timeout=10, limit=1)
            _let_messages_wait(worker, settings.CELERY_BROKER_URL)
            # The end of its words means that no process of the pool is left to say anything.
            said = worker.stdout.read()
        finally:
            end.cancel()
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            with Redis.from_url(settings.CELERY_BROKER_URL) as redis:
                redis.delete(QUEUE)
    assert worker.returncode == STUCK, said
    assert "1 messages wait and this worker takes none" in said


def _let_messages_wait(worker, broker_url):
    """Send one whenever none waits: a worker that is told to stop may still take the one it was asking for."""
    with Connection(broker_url) as broker:
        while worker.poll() is None:
            if not waiting_in([QUEUE]):
                broker.SimpleQueue(QUEUE).put({})
            threading.Event().wait(0.1)
