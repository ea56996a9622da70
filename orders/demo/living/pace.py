"""The pace of the living demo: orders come by chance at a rate, everybody else looks round every other second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from random import Random

from django.db import Error, connections

from orders.demo.journeys import Fate
from orders.demo.living.world import Deed, World

# Seconds between two looks round, after a failure, and of one sleep, so that nobody waits long for the end.
_EVERY, _PAUSE, _NAP = 2.0, 2.0, 0.2


def live(
    worlds: Sequence[World], *, rate: float, seed: str, stop: Callable[[], bool], seconds: float | None = None
) -> Iterator[Deed]:
    """Let the shops live until `stop` says so or so many seconds are over, and give each deed as it is done.

    `rate` is orders per minute over all shops. In each shop the first buyer forgets to pay, so that whoever watches
    need not wait for that to happen. When the database is gone, the world waits for it.
    """
    rng, began = Random(f"pace {seed}"), time.monotonic()
    first = list(worlds)
    next_look, next_order = began, began if rate else float("inf")
    while not stop() and (seconds is None or time.monotonic() < began + seconds):
        now = time.monotonic()
        try:
            # What waits longer comes first, so that a rush of orders does not keep everybody else from acting.
            if now >= next_look and not next_order < next_look:
                for world in worlds:
                    yield from world.turn(stop)
                next_look = time.monotonic() + _EVERY
            elif now >= next_order:
                # What was missed while the machine slept is not made up for.
                next_order = max(next_order, now - 1.0) + rng.expovariate(rate / 60)
                yield first.pop().place(Fate.EXPIRES) if first else _chosen(rng, worlds).place()
            else:
                time.sleep(min(_NAP, max(0.0, min(next_look, next_order) - now)))
        except Error as error:
            connections.close_all()
            yield Deed("", "", f"the database does not answer as it should ({type(error).__name__})", refused=True)
            next_look = time.monotonic() + _PAUSE
            next_order = max(next_order, next_look)


def _chosen(rng: Random, worlds: Sequence[World]) -> World:
    return rng.choices(worlds, [world.market.share for world in worlds])[0]
