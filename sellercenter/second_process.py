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
from multiprocessing import process
from threading import Thread, current_thread, main_thread

import django
from django.db import connection
from django.utils import translation


def possible() -> bool:
    """Say whether a second process could see what this one does: not inside a transaction."""
    return not connection.in_atomic_block


@contextmanager
def second_process() -> Iterator[ProcessPoolExecutor]:
    """Lend a process of its own with a connection of its own; it ends with the block, or with us if we are killed.

    What is submitted travels by pickle. What is under way when the block ends is finished, what waits is dropped.
    """
    with _as_nobodys_child(), _deaf_to_ctrl_c():
        pool = ProcessPoolExecutor(
            1,
            # A forked process would share our connection.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(connection.settings_dict["NAME"], translation.get_language()),
        )
        pool.submit(os.getpid)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _as_nobodys_child() -> Iterator[None]:
    """Let a worker of a pool, as Celery's are, start a process as well.

    Python forbids it to those who may be ended without a word, as their children would stay behind; ours never does.
    """
    before = process.current_process()
    if before.daemon:
        free = process.BaseProcess()
        free._config = {"authkey": process.AuthenticationString(os.urandom(32)), "semprefix": "/mp"}  # type: ignore[attr-defined]
        process._current_process = free  # type: ignore[attr-defined]
    try:
        yield
    finally:
        process._current_process = before  # type: ignore[attr-defined]


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
