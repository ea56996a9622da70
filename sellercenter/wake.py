"""Hints to the workers: "look now". Nothing depends on them, because every sweep finds by itself what is owed.

A hint leaves after the commit, once per transaction and task. A broker that is gone or slow costs the caller at most
two tenths of a second, and then nothing for five seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError

log = logging.getLogger(__name__)

# For connecting and for answering, each; together they are the limit that a caller can feel.
PATIENCE = 0.1
PAUSE = 5.0
# A worker that comes back after an outage throws older hints away: its first look finds everything.
STALE = 60


class _Broker(threading.local):
    """One connection for each thread: kept while it works, thrown away when it fails."""

    connection: Connection | None = None
    # What many short transactions in a row ask for, to be sent once.
    gathered: set[str] | None = None


_broker = _Broker()
_silent_until = 0.0
_failed = 0


@dataclass(frozen=True)
class _Hint:
    """One hint of a transaction; equal hints are one."""

    task: str

    def __call__(self) -> None:
        if _broker.gathered is None:
            wake_now(self.task)
        else:
            _broker.gathered.add(self.task)


def wake(task: str) -> None:
    """Ask a worker to run the task of this name once the caller's transaction is committed; never raises."""
    connection, hint = transaction.get_connection(), _Hint(task)
    standing = set(connection.savepoint_ids)
    # One that was asked for inside a savepoint goes with it, so only what lasts as long as this one stands for it.
    if not any(func == hint and set(sids) <= standing for sids, func, _robust in connection.run_on_commit):
        transaction.on_commit(hint)


@contextmanager
def wake_together() -> Iterator[None]:
    """Send what the transactions inside ask for once, at the end, instead of after each of them."""
    _broker.gathered = set()
    try:
        yield
    finally:
        tasks, _broker.gathered = sorted(_broker.gathered), None
        for task in tasks:
            wake_now(task)


def wake_now(task: str) -> bool:
    """Send the hint at once; return whether the broker took it. Failures are counted and swallowed."""
    global _silent_until, _failed
    if time.monotonic() < _silent_until:
        return False
    from sellercenter.celery import app

    try:
        app.send_task(task, connection=_connection(), retry=False, ignore_result=True, expires=STALE)
    except (BrokerError, OSError) as error:
        _silent_until, _failed = time.monotonic() + PAUSE, _failed + 1
        _broker.connection = None
        log.warning("no hint was sent, the next round finds the work (%s)", type(error).__name__)
        return False
    return True


def failures() -> int:
    """Return how many hints of this process did not get through."""
    return _failed


def _connection() -> Connection:
    """Open a connection that gives up early; the workers' own has other patience."""
    if _broker.connection is None:
        options = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "max_retries": 0}
        _broker.connection = Connection(settings.CELERY_BROKER_URL, transport_options=options)
    return _broker.connection
