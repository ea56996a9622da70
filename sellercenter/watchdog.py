"""End a worker that takes no messages although some wait, so that its supervisor starts a new one.

Celery's workers are known to stop consuming when the broker restarts under them, while the process lives on.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from celery import bootsteps
from celery.worker import state
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

# Seconds between two looks, and for how long a worker may leave messages lying while it has nothing to do.
EVERY = 10.0
PATIENCE = 120.0
STUCK = 70


class Idleness:
    """For how long messages have waited for a worker that neither works nor receives."""

    def __init__(self, now: float) -> None:
        self.since, self.received = now, 0

    def lasts(self, now: float, *, waiting: int, busy: bool, received: int) -> float:
        """Take note of what is seen now and return the seconds; any sign of work starts the count anew."""
        if not waiting or busy or received != self.received:
            self.since, self.received = now, received
        return now - self.since


class Watchdog(bootsteps.StartStopStep):
    """A thread of the worker's main process that looks after it."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.stopped = threading.Event()

    def start(self, worker: Any) -> None:
        """Begin to look, at the queues that the worker was started for.

        A worker that runs in a thread of another program, as in tests, is left alone: the process is not its own.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        queues = list(worker.app.amqp.queues.consume_from)
        threading.Thread(target=self.look_on, args=[queues], name="watchdog", daemon=True).start()

    def stop(self, worker: Any) -> None:
        """Look no more: the worker is ending."""
        self.stopped.set()

    def look_on(self, queues: list[str]) -> None:
        """Look every ten seconds and end the process, children included, when it was idle for too long."""
        idleness = Idleness(time.monotonic())
        while not self.stopped.wait(EVERY):
            waiting, busy = waiting_in(queues), bool(state.active_requests or state.reserved_requests)
            received = sum(state.total_count.values())
            if idleness.lasts(time.monotonic(), waiting=waiting, busy=busy, received=received) > PATIENCE:
                log.critical("%s messages wait and this worker takes none; it ends to be started again", waiting)
                # Its pool, which has nothing to do either, ends with it.
                os._exit(STUCK)


def waiting_in(queues: list[str]) -> int:
    """Return how many messages wait; none as far as anybody knows while the broker is away."""
    try:
        with Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=1, socket_connect_timeout=1) as broker:
            return sum(int(broker.llen(queue)) for queue in queues)  # type: ignore[arg-type]
    except (RedisError, OSError):
        return 0
