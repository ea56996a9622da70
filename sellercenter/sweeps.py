"""The rounds of the sweeps: each asks PostgreSQL what is owed now, and does it.

`manage.py sweep` keeps them going as a plain process, so that everything happens on time with Redis gone; Celery's
workers run the same sweeps when a hint or the timetable wakes them. Any number of both may run at once.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils.module_loading import import_string

from sellercenter import heartbeats

T = TypeVar("T")
log = logging.getLogger(__name__)

# Rows that a sweep handles at one call, and how long it may go on before it reports.
LIMIT = 250
SECONDS = 10.0
# Between two attempts after a failure: doubled each time, never longer than the last.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0


@dataclass(frozen=True)
class Turn:
    """What came of one turn of a sweep; `behind` says that its time ended before its work, `error` what broke it."""

    path: str
    handled: int = 0
    behind: bool = False
    error: str = ""


def check() -> None:
    """Load every sweep and everything of the timetable; raises ImportError for a path that leads nowhere."""
    for path in [*settings.SWEEPS, *(path for _every, path in settings.TIMETABLE)]:
        import_string(path)


def each(items: Iterable[T], act: Callable[[T], int]) -> int:
    """Do something with each item, those behind one that fails too; return the sum, or raise the first failure."""
    done, failures = 0, list[Exception]()
    for item in items:
        try:
            done += act(item)
        except Exception as error:  # whatever it is, the others must not wait for it
            failures.append(error)
    if failures:
        raise failures[0]
    return done


def run_round(*, only: Sequence[str] = (), seconds: float = SECONDS) -> list[Turn]:
    """Let each sweep, or `only` some, have its turn, one after the other; one that fails does not stop the next."""
    return [turn(path, seconds=seconds) for path in only or settings.SWEEPS]


def turn(path: str, *, seconds: float = SECONDS, stop: threading.Event | None = None) -> Turn:
    """Call one sweep until nothing is left, the time is over or `stop` is set; never raises for what it does.

    Leaves the heartbeat `sweep:<path>` with the rows handled, the milliseconds and whether it is behind.
    """
    began = time.monotonic()
    try:
        handled, behind = _exhaust(import_string(path), ends=began + seconds, stop=stop)
        taken = round((time.monotonic() - began) * 1000)
        heartbeats.beat(f"sweep:{path}", handled=handled, milliseconds=taken, behind=behind)
    except (OperationalError, InterfaceError) as error:
        # The connection may be half dead, and another one will tell whether the server is back.
        connections.close_all()
        log.warning("%s: the database does not answer as it should (%s)", path, type(error).__name__)
        return Turn(path, error=type(error).__name__)
    except Exception as error:
        _report(path, error)
        return Turn(path, error=type(error).__name__)
    return Turn(path, handled, behind)


def _exhaust(sweep: Callable[[int], int], *, ends: float, stop: threading.Event | None) -> tuple[int, bool]:
    handled = 0
    while True:
        rows = sweep(LIMIT)
        handled += rows
        if rows < LIMIT:
            return handled, False
        if time.monotonic() >= ends or (stop is not None and stop.is_set()):
            return handled, True


def _report(path: str, error: Exception) -> None:
    try:
        heartbeats.falter(f"sweep:{path}", error)
    except (OperationalError, InterfaceError):
        connections.close_all()


def keep_going(path: str, *, every: float, stop: threading.Event) -> None:
    """Give one sweep its turns until `stop` is set: every so many seconds, at once when behind, later after failures.

    Ends between two batches, and closes its connections.
    """
    pause = 0.0
    while not stop.is_set():
        close_old_connections()
        done = turn(path, stop=stop)
        pause = min(pause * 2 or FIRST_PAUSE, LONGEST_PAUSE) if done.error else 0.0
        # The shares of luck keep processes apart that lost the database at the same moment.
        stop.wait(pause * random.uniform(0.5, 1.5) if pause else 0.0 if done.behind else every)
    connections.close_all()


def keep_all_going(*, every: float, asked_to_stop: Callable[[], bool], only: Sequence[str] = ()) -> None:
    """Run each sweep in a thread of its own, so that a slow gateway delays no deadline, until asked to stop.

    `only` names some of them, so that a busy installation can give one a process of its own.
    Raises RuntimeError when a thread is gone for another reason: the process must then be started again.
    """
    stop = threading.Event()
    options = {"every": every, "stop": stop}
    threads = [
        threading.Thread(target=keep_going, args=[path], kwargs=options, name=path, daemon=True)
        for path in only or settings.SWEEPS
    ]
    for thread in threads:
        thread.start()
    while not asked_to_stop():
        if lost := [thread.name for thread in threads if not thread.is_alive()]:
            raise RuntimeError(f"the sweep of {', '.join(lost)} ended by itself")
        time.sleep(0.2)
    stop.set()
    for thread in threads:
        thread.join()
