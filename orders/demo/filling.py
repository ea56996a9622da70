"""Fill the demo shops with orders: in bounded memory, and with two processes when there is enough to do."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import django
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from orders.demo.markets import MARKETS
from orders.demo.people import authors_of, manager_of, settle
from orders.demo.prices import catalogue
from orders.demo.shelves import stock
from orders.demo.tales import Slice, Tales
from orders.loading import load
from orders.loading.parties import register_goods
from orders.models import Order
from sellercenter.models import Shop

_SLICES = 2
_BATCH = 2000
# Below this, starting a second process costs more than it saves.
_WORTH_TWO = 5000


@dataclass(frozen=True, slots=True)
class Task:
    """One slice to write, in words that travel to another process."""

    market: int
    number: int
    count: int
    seed: int
    until: datetime
    events: bool


def fill(*, orders: int, seed: int, until: datetime, events: bool = True) -> int:
    """Write this many orders into the demo shops, with what other rooms know of them; return how many were written.

    The same seed and moment give the same orders, whichever way they are written.
    """
    first = round(orders * MARKETS[0].share)
    written = fill_shops([first, orders - first], seed=seed, until=until, events=events)
    for room in map(import_string, settings.DEMO_ROOMS):
        for market in MARKETS:
            shop = Shop.objects.select_related("policy").get(code=market.code)
            room(market, shop, seed=seed, until=until, events=events)
    _know_the_tables()
    return written


def fill_shops(orders: Sequence[int], *, seed: int, until: datetime, events: bool = True) -> int:
    """Write so many orders into each demo shop, in the order of MARKETS, and return how many were written."""
    shops = settle()
    for code, shop in shops.items():
        # Before the processes start: otherwise one would wait for what the other is just writing.
        register_goods(shop, catalogue(next(market for market in MARKETS if market.code == code)))
    tasks = list(_tasks(orders, seed, until, events))
    together = sum(orders) < _WORTH_TWO or connection.in_atomic_block
    written = write_all(tasks) if together else _side_by_side(tasks)
    for shop in shops.values():
        stock(shop, seed=seed, by=manager_of(shop))
    _know_the_tables()
    return written


def empty() -> bool:
    """Say whether the demo shops have no order yet."""
    return not Order.objects.filter(shop__code__in=[market.code for market in MARKETS]).exists()


def _tasks(orders: Sequence[int], seed: int, until: datetime, events: bool) -> Iterator[Task]:
    """Cut the work so that each process gets an equal part of each shop."""
    for number in range(_SLICES):
        for market, count in enumerate(orders):
            part = count // _SLICES + (number < count % _SLICES)
            if part:
                yield Task(market, number, part, seed, until, events)


def _side_by_side(tasks: list[Task]) -> int:
    # A forked child would share this process's connection; a spawned one opens its own.
    connection.close()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(_SLICES, mp_context=context, initializer=django.setup) as pool:
        groups = [[task for task in tasks if task.number == number] for number in range(_SLICES)]
        return sum(pool.map(write_all, groups))


def write_all(tasks: list[Task]) -> int:
    """Write several slices, one after the other."""
    # Facts and rows hold no circles; looking for some among a million objects takes a tenth of the time.
    gc.disable()
    try:
        return sum(map(write, tasks))
    finally:
        gc.enable()


def write(task: Task) -> int:
    """Write one slice, a few thousand orders at a time, and return how many there were."""
    market = MARKETS[task.market]
    shop = Shop.objects.select_related("policy").get(code=market.code)
    by, part = manager_of(shop), Slice(market, task.number, _SLICES, task.count)
    tales, written = iter(Tales(part, seed=task.seed, until=task.until, authors=authors_of(shop))), 0
    while batch := list(islice(tales, _BATCH)):
        load(shop, batch, by=by, now=task.until, events=task.events)
        written += len(batch)
    return written


def _know_the_tables() -> None:
    """Let the planner know the new rows at once instead of a minute later."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        before = cursor.fetchone()[0]
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)")
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [before])
