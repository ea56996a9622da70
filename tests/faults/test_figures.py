"""Writers with random commit delays, rollers that are killed: when all is quiet, figures equal the records."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction

from analytics import figures, rollups
from analytics.models import Dirt
from analytics.periods import Period
from orders.models import Order
from orders.states import Status
from sellercenter.models import Shop
from tests import make
from tests.faults.lab import SEED, Lab, run, size, until
from tests.together import in_threads

WRITERS = 16
# The orders that writers change are spread over so long that a day, once lost, is seldom dirtied again by luck.
SPAN = timedelta(days=100)
SWEEP = "analytics.rollups.roll"


def writer(shop: Shop, name: int, ids: list[int], ends: float, written: list[int]) -> None:
    """Change orders at random, some together, and commit each change after a random while, or take it back."""
    chance = Random(f"{SEED} {name}")
    while time.monotonic() < ends:
        changed = sorted(chance.sample(ids, chance.choice((1, 1, 3))))
        with transaction.atomic():
            for pk in changed:
                Order.objects.filter(pk=pk).update(**change(chance))
            # The change stands, unseen by everybody, while rollers take dirt away and read.
            time.sleep(chance.expovariate(1 / 0.05))
            if chance.random() < 0.2:
                transaction.set_rollback(True)
        written.append(len(changed))


def change(chance: Random) -> dict[str, Any]:
    """Return new values of columns on which figures depend."""
    moved = make.NOW - SPAN * chance.random()
    return chance.choice(
        (
            {"province": chance.choice("ABCDEFGH")},
            {"placed_at": moved},
            {"source": chance.choice(("live", "video", "shop"))},
            {"paid_at": moved},
            {"shipped_at": moved},
        )
    )


@pytest.fixture
def slow_rounds(lab: Lab) -> Iterator[None]:
    """Let time pass between the view that a round has of the records and its end, as on a large shop."""
    run(
        "CREATE FUNCTION faults_slow() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END'"
    )
    run("CREATE TRIGGER faults_slow BEFORE INSERT ON analytics_dayfigure EXECUTE FUNCTION faults_slow()")
    yield
    lab.close()
    run("DROP FUNCTION faults_slow CASCADE")


def test_figures_equal_the_records_after_a_storm_of_writers_and_kills(lab: Lab, shop, report, slow_rounds):
    many = size(2_000, 400)
    told = [make.facts(shop, Status.TO_SHIP, placed_at=make.NOW - SPAN * i / many) for i in range(many)]
    ids = [order.pk for order in make.orders(shop, told)]
    rollers = [lab.sweep(SWEEP, every=0.1, SELLERCENTER_FIGURES_SETTLE="0") for _number in range(2)]
    begun(lab, len(rollers))
    seconds, kills, written = size(120, 6), 0, list[int]()
    ends = time.monotonic() + seconds
    acts = [
        lambda name=name: writer(shop, name, ids[name::WRITERS], ends, written)  # type: ignore[misc]
        for name in range(WRITERS)
    ]
    people = threading.Thread(target=in_threads, args=acts, kwargs={"seconds": seconds + 60})
    people.start()
    while people.is_alive():
        # Only those are killed that have begun to work.
        begun(lab, len(rollers) + kills)
        time.sleep(size(1, 2))
        victim = lab.random.randrange(len(rollers))
        lab.kill(rollers[victim])
        rollers[victim] = lab.sweep(SWEEP, every=0.1, SELLERCENTER_FIGURES_SETTLE="0")
        kills += 1
    people.join()
    began = time.monotonic()
    until(lambda: not Dirt.objects.exists(), seconds=100)
    report(
        f"figures: {sum(written):,} changes by {WRITERS} writers, {kills} kills: until quiet",
        time.monotonic() - began,
        "s",
    )
    lab.close()
    assert len(written) > WRITERS
    last = (make.NOW + timedelta(days=1)).date()
    assert rollups.compare(shop, days=SPAN.days + 9, until=last) == []
    months_equal_their_days(shop)
    everything = Period((make.NOW - SPAN - timedelta(days=2)).date(), last)
    assert figures.totals(shop, everything)["placed"] == len(ids)


def begun(lab: Lab, many: int) -> None:
    """Wait until so many sweeps have begun in all."""
    until(lambda: lab.said().count("Sweeping every") == many, seconds=60)


def months_equal_their_days(shop: Shop) -> None:
    """Months are added up by whoever worked out one of their days last; none of them may be missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('month', day)::date AS month, dimension, key, sum(placed), sum(paid), sum(ship_seconds)"
            " FROM analytics_dayfigure WHERE shop_id = %s AND grain = 'd' GROUP BY 1, 2, 3 EXCEPT"
            " SELECT day, dimension, key, placed, paid, ship_seconds FROM analytics_dayfigure"
            " WHERE shop_id = %s AND grain = 'm'",
            [shop.pk, shop.pk],
        )
        assert cursor.fetchall() == []
