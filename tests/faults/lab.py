"""The laboratory of the fault tests: real processes on a real database and a Valkey of their own, made to be killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import redis
from django.db import connection

from deploy import processes
from deploy.places import PROJECT
from deploy.services import Valkey
from orders.models import Order
from orders.states import Status
from sellercenter import invariants
from sellercenter.models import Fault, Shop
from tests import make

# The whole form, which `make faults` runs; otherwise every test is as short as it can be and still fail.
FULL = os.environ.get("FAULTS") == "full"
SEED = int(os.environ.get("FAULTS_SEED", "") or random.randrange(10**6))
TITLES = 50
# A shell that starts a command again when it ends, and takes it along when it is told to end itself.
KEPT = ("sh", "-c", 'trap "kill -9 0" TERM; while :; do "$@" & wait; sleep 0.2; done', "kept")
STEPS = {
    "remind": (Status.UNPAID, "order.reminded"),
    "expire": (Status.UNPAID, "order.expired"),
    "accept_cancel": (Status.TO_SHIP, "order.cancel_accepted"),
    "complete": (Status.DELIVERED, "order.completed"),
}


def size(full: int, short: int) -> int:
    """Choose how much of something there is."""
    return full if FULL else short


class Lab:
    """Starts, kills and ends processes of the product that work on the test's database."""

    def __init__(self, valkey: Valkey, folder: Path) -> None:
        self.valkey, self.folder = valkey, folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.random = random.Random(SEED)

    def env(self, **more: str) -> dict[str, str]:
        """Return the environment of a process that works here."""
        return {**os.environ, "DATABASE_URL": database_url(), "REDIS_URL": self.valkey.url, **more}

    def start(self, *command: str, kept: bool = False, **env: str) -> subprocess.Popen[bytes]:
        """Start a Python command as the leader of a process group; what it says goes into a file.

        One that is `kept` is started again when it ends by itself, as the supervisor of `make demo` would do.
        """
        with (self.folder / f"{len(list(self.folder.iterdir())):04d}.log").open("wb") as log:
            words = [*(KEPT if kept else ()), sys.executable, *command]
            started = processes.spawn(words, env=self.env(**env), cwd=PROJECT, output=log)
        self.running.append(started)
        return started

    def sweep(self, *only: str, every: float = 0.2, **env: str) -> subprocess.Popen[bytes]:
        """Start a process of all sweeps, or of some."""
        return self.start("manage.py", "sweep", "--every", str(every), *(("--only", *only) if only else ()), **env)

    def worker(self) -> subprocess.Popen[bytes]:
        """Start a Celery worker for all queues.

        It is kept: kombu ends a worker that loses its broker with messages at hand (AttributeError in `_connparams`).
        """
        queues = ("-Q", "timers,notices,jobs,files", "-c", "2")
        celery = ("-m", "celery", "-A", "sellercenter.celery:app", "worker", *queues, "-l", "WARNING")
        return self.start(*celery, kept=True)

    def beat(self) -> subprocess.Popen[bytes]:
        """Start a Celery beat of its own."""
        kept = str(self.folder / f"beat-{len(self.running)}")
        return self.start("-m", "celery", "-A", "sellercenter.celery:app", "beat", "-s", kept, "-l", "WARNING")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Pull the plug of a whole process group."""
        processes.signal_group(process, signal.SIGKILL)
        process.wait()
        self.running.remove(process)

    def close(self) -> None:
        """End everything that still runs."""
        processes.stop(self.running, steps=())
        self.running.clear()

    def client(self) -> redis.Redis:
        """Return a client of the Valkey."""
        return redis.Redis.from_url(self.valkey.url)

    def said(self) -> str:
        """Return what all processes said, for a test that fails."""
        return "".join(log.read_text(errors="replace")[-3000:] for log in sorted(self.folder.glob("*.log")))


def database_url() -> str:
    """Return the address of the database in which this test runs."""
    made = connection.settings_dict
    return f"postgres://{made['USER']}:{made['PASSWORD']}@{made['HOST']}:{made['PORT']}/{made['NAME']}"


def until(ready: Callable[[], bool], *, seconds: float, every: float = 0.05) -> float:
    """Wait until something is so, and return how long it took; raises TimeoutError."""
    began = time.monotonic()
    while not ready():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(every)
    return time.monotonic() - began


def all_is_well() -> None:
    """Assert that every invariant holds and that nothing was counted as a failure."""
    assert [(one.code, one.records) for one in invariants.check(live=True)] == []
    assert list(Fault.objects.values_list("step", "error")[:3]) == []


# --- Orders -----------------------------------------------------------------------------------------------------------


def run(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def orders_for(shop: Shop, step: str, many: int) -> list[int]:
    """Load orders for which a step comes next, but not yet, and return their keys."""
    status = STEPS[step][0]
    asked = {"cancel_requested_at": make.NOW} if step == "accept_cancel" else {}
    ids = []
    for start in range(0, many, 1000):
        told = [
            make.facts(shop, status, lines=[make.line(f"Tea {i % TITLES}", quantity=1)], **asked)
            for i in range(start, min(many, start + 1000))
        ]
        ids += [order.pk for order in make.orders(shop, told)]
    return ids


def stock(shop: Shop) -> None:
    """Let every open line of the shop reserve its units, of a shelf that holds enough; as placing would."""
    closed = ("shipped", "delivered", "completed", "cancelled")
    run(
        "UPDATE orders_orderline line SET reserved = quantity FROM orders_order ordered"
        " WHERE ordered.id = line.order_id AND line.shop_id = %s AND NOT ordered.status = ANY(%s)",
        shop.pk,
        list(closed),
    )
    run(
        "UPDATE orders_sku sku SET tracked = true, on_hand = 1000000, reserved = held.units FROM ("
        "SELECT sku_id, sum(reserved) AS units FROM orders_orderline WHERE shop_id = %s GROUP BY sku_id) held"
        " WHERE held.sku_id = sku.id",
        shop.pk,
    )
    run(
        "INSERT INTO orders_stockmovement (shop_id, sku_id, kind, on_hand, reserved, order_id, line_id, reason,"
        " actor_label) SELECT shop_id, sku_id, 'reserve', 0, reserved, order_id, id, '', 'lab' FROM orders_orderline"
        " WHERE shop_id = %s AND reserved > 0",
        shop.pk,
    )
    run(
        "INSERT INTO orders_stockmovement (shop_id, sku_id, kind, on_hand, reserved, reason, actor_label)"
        " SELECT shop_id, id, 'count', on_hand, 0, '', 'lab' FROM orders_sku WHERE shop_id = %s AND tracked",
        shop.pk,
    )


_CLOCKS = {"expire": "pay_by", "complete": "confirm_by", "accept_cancel": "answer_by"}


def make_due(ids: Iterable[int], step: str, *, over: float = 0.0, first: float = 0.0) -> None:
    """Let a step of the orders be due from `first` seconds from now on, spread over so many seconds."""
    at = "now() + make_interval(secs => %s + %s * random())"
    clock = f", {_CLOCKS[step]} = planned.at" if step in _CLOCKS else ""
    later = "jsonb_build_array(jsonb_build_array('expire', pay_by))" if step == "remind" else "'[]'::jsonb"
    run(
        f"UPDATE orders_order SET due_at = planned.at, due_step = %s, due_later = {later}{clock}"
        f" FROM (SELECT id, {at} AS at FROM unnest(%s::bigint[]) AS id) planned WHERE planned.id = orders_order.id",
        *(step, first, over, list(ids)),
    )


def due_times(ids: Iterable[int]) -> dict[int, datetime]:
    """Return when each order's next step is due."""
    return dict(Order.objects.filter(pk__in=list(ids)).values_list("pk", "due_at"))


def waiting(ids: Sequence[int]) -> int:
    """Count the orders whose step is due and was not taken."""
    return int(run("SELECT count(*) FROM orders_order WHERE id = ANY(%s) AND due_at <= now()", list(ids))[0][0])


def happened(ids: Iterable[int], kind: str) -> dict[int, list[datetime]]:
    """Return when an event of the kind happened to each order to which it did."""
    found: dict[int, list[datetime]] = {}
    rows = run(
        "SELECT subject_id, at FROM sellercenter_event WHERE subject_type = 'order' AND subject_id = ANY(%s)"
        " AND kind = %s AND NOT (kind = 'order.completed' AND NOT data ? 'after')",
        *(list(ids), kind),
    )
    for pk, at in rows:
        found.setdefault(pk, []).append(at)
    return found


def lateness(planned: dict[int, datetime], happened_at: dict[int, list[datetime]]) -> list[float]:
    """Return the seconds by which each step came after its time, sorted; a negative one came early."""
    return sorted((times[0] - planned[pk]) / timedelta(seconds=1) for pk, times in happened_at.items())


# --- People -----------------------------------------------------------------------------------------------------------


def raw() -> psycopg.Connection[tuple[Any, ...]]:
    """Connect without Django."""
    return psycopg.connect(database_url())


def quietly(act: Callable[[], object]) -> None:
    """Do something to a server that may be gone."""
    with suppress(redis.RedisError, OSError):
        act()
