"""A second process beside this one, for work that keeps a processor busy: with Django, our database and our language.

This module is imported there before Django is ready, so it imports no models.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from threading import Thread, current_thread, main_thread

import django
from django.db import connection
from django.utils import translation


def possible() -> bool:
    """Say whether a second process could see what this one does: not inside a transaction, nor in a pool's process."""
    return not connection.in_atomic_block and not multiprocessing.current_process().daemon


@contextmanager
def second_process() -> Iterator[ProcessPoolExecutor]:
    """Lend a process of its own with a connection of its own; it ends with the block, or with us if we are killed.

    What is submitted travels by pickle. What is under way when the block ends is finished, what waits is dropped.
    """
    pool = ProcessPoolExecutor(
        1,
        # A forked process would share our connection.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(connection.settings_dict["NAME"], translation.get_language()),
    )
    try:
        with _deaf_to_ctrl_c():
            pool.submit(os.getpid)
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Start what is started here deaf to Ctrl-C from its first instruction on; the caller ends work, and then it."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(database: str, language: str | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_caller, daemon=True).start()
    django.setup()
    connection.settings_dict["NAME"] = database
    if language:
        translation.activate(language)
    gc.disable()


def _end_with_caller() -> None:
    caller = multiprocessing.parent_process()
    if caller is not None:
        caller.join()
        # Without any farewell: PostgreSQL takes back what was not committed.
        os._exit(1)
