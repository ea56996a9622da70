"""How chunks are worked off: one by one, or two at once while Python and PostgreSQL would wait for each other."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

from django.db import connection

_T = TypeVar("_T")
_AT_ONCE = 2


def side_by_side(work: Callable[[_T], None], chunks: Iterator[_T]) -> Iterator[None]:
    """Do the work on each chunk, two chunks at once on connections of their own; yield after each one that is done.

    The first chunk is done alone, so that what all chunks need is there before two of them look for it. Inside a
    transaction everything stays on its connection, one chunk after the other. The first error ends it all.
    """
    with _no_cycles():
        if connection.in_atomic_block:
            yield from map(work, chunks)
            return
        yield from map(work, islice(chunks, 1))
        yield from _threaded(work, chunks)


def _threaded(work: Callable[[_T], None], chunks: Iterator[_T]) -> Iterator[None]:
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="import") as threads:
        try:
            for chunk in chunks:
                # The threads speak the caller's language, which hangs on the context.
                waiting.append(threads.submit(copy_context().run, work, chunk))
                if len(waiting) > _AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            for _thread in range(_AT_ONCE):
                threads.submit(connection.close)


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Leave the cycle collector out: it would walk through the facts of whole chunks, which hold no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
