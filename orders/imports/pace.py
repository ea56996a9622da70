"""How chunks are worked off: one by one, or by two processes, while there are processors for two."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from itertools import chain, islice
from typing import TypeVar

from sellercenter.second_process import possible, second_process

_Chunk = TypeVar("_Chunk")
_Done = TypeVar("_Done")
# The second process always finds a chunk waiting when it is done with one.
_AHEAD = 2
# Starting a second process takes as long as two chunks.
_WORTH_TWO = 3


def side_by_side(work: Callable[[_Chunk], _Done], chunks: Iterator[_Chunk]) -> Generator[_Done, None, None]:
    """Do the work on each chunk, in two processes when there is enough of it; yield what came of each, in their order.

    Work and chunks travel by pickle. The first chunk is done alone, so that what all chunks need is there before two of
    them look for it. Inside a transaction everything stays here. The first error ends it all.
    """
    with _no_cycles():
        yield from map(work, islice(chunks, 1))
        next_ones = list(islice(chunks, _WORTH_TWO))
        rest = chain(next_ones, chunks)
        alone = len(next_ones) < _WORTH_TWO or not possible()
        del next_ones
        yield from map(work, rest) if alone else _shared(work, rest)


def _shared(work: Callable[[_Chunk], _Done], chunks: Iterator[_Chunk]) -> Iterator[_Done]:
    """Keep the second process busy and do here what it has no time for."""
    under_way: deque[Future[_Done]] = deque()
    with second_process() as helper:
        for chunk in chunks:
            if sum(not future.done() for future in under_way) < _AHEAD:
                under_way.append(helper.submit(work, chunk))
            else:
                under_way.append(_done_here(work, chunk))
            while under_way and under_way[0].done():
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _done_here(work: Callable[[_Chunk], _Done], chunk: _Chunk) -> Future[_Done]:
    future: Future[_Done] = Future()
    future.set_result(work(chunk))
    return future


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
