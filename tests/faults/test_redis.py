"""Redis is emptied, killed or never there, and beats come in pairs: work goes on, and nothing happens twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from sellercenter.models import Heartbeat, Tick
from tests.faults import lab as laboratory
from tests.faults.lab import (
    STEPS,
    Lab,
    due_times,
    happened,
    lateness,
    make_due,
    orders_for,
    quietly,
    run,
    size,
    until,
    waiting,
)

# An upper bound on how late a step may come in normal running, and how soon work must go on after a loss.
MOST_LATE, MOST_IDLE = 60, 15


def planned_orders(shop, many: int, *, first: float, over: float):
    """Load orders whose steps are due over the next seconds; return their keys by step, and their times."""
    ids = {step: orders_for(shop, step, many // 2) for step in ("expire", "complete")}
    laboratory.stock(shop)
    for step, group in ids.items():
        make_due(group, step, first=first, over=over)
    return ids, due_times([pk for group in ids.values() for pk in group])


def judged(ids, planned) -> list[float]:
    """Assert that each step was taken exactly once and never early; return by how much they were late."""
    late = []
    for step, group in ids.items():
        steps = happened(group, STEPS[step][1])
        assert {pk: len(steps.get(pk, ())) for pk in group} == dict.fromkeys(group, 1)
        late += lateness(planned, steps)
    assert min(late) >= 0
    return sorted(late)


def newest_decision() -> float:
    """Return how many seconds ago an order took its last step."""
    found = run("SELECT extract(epoch FROM now() - max(recorded_at)) FROM sellercenter_event WHERE data ? 'after'")
    return float(found[0][0] or 0)


def test_celery_goes_on_after_its_broker_was_emptied_and_killed(lab: Lab, shop, report):
    seconds, pause = size(60, 12), 4
    lab.worker(), lab.beat()
    until(lambda: bool(lab.client().scard("_kombu.binding.timers")), seconds=40)
    ids, planned = planned_orders(shop, size(4000, 200), first=1, over=seconds)
    every, ends, idle = list(planned), time.monotonic() + seconds, 0.0
    # Whatever the last loss interrupts, some steps are still to come by which to see that work goes on.
    while time.monotonic() < ends - pause:
        time.sleep(lab.random.uniform(1, pause))
        if lab.random.random() < 0.6:
            quietly(lab.client().flushall)
            continue
        quietly(lambda: lab.client().shutdown(nosave=True))
        lab.valkey.stop()
        lab.valkey.start()
        idle = max(idle, until(lambda: newest_decision() < 1, seconds=MOST_IDLE + 30))
    until(lambda: not waiting(every), seconds=40)
    late = judged(ids, planned)
    report("broker emptied and killed: until Celery decides again", idle, "s", target=MOST_IDLE)
    report("broker emptied and killed: the latest decision", late[-1], "s", target=MOST_LATE)


def test_the_plain_process_needs_no_broker(lab: Lab, shop, report):
    lab.sweep(REDIS_URL="redis://127.0.0.1:9/0")
    until(lambda: "Sweeping every" in lab.said(), seconds=20)
    ids, planned = planned_orders(shop, size(2000, 200), first=1, over=size(30, 3))
    until(lambda: time.time() > max(planned.values()).timestamp() and not waiting(list(planned)), seconds=90)
    report("no broker: the latest decision of the plain process", judged(ids, planned)[-1], "s", target=MOST_LATE)


def test_two_beats_and_two_sweeps_do_nothing_twice(lab: Lab, shop, report, calendar):
    lab.worker(), lab.beat(), lab.beat(), lab.sweep(), lab.sweep()
    until(lambda: bool(lab.client().scard("_kombu.binding.timers")), seconds=40)
    ids, planned = planned_orders(shop, size(2000, 200), first=1, over=size(60, 5))
    slots = size(12, 2)
    for _slot in range(slots):
        # Everybody looks for work of the calendar; then the slots are free again, as if their hour had passed.
        until(lambda: Tick.objects.count() == len(settings.TIMETABLE), seconds=20)
        run("DELETE FROM sellercenter_tick")
    until(lambda: time.time() > max(planned.values()).timestamp() and not waiting(list(planned)), seconds=90)
    until(lambda: len(calendar("slot")) == len(settings.TIMETABLE) and calendar("slot") == calendar("task"), seconds=20)
    lab.close()
    assert min(calendar("task").values()) >= slots
    assert not Heartbeat.objects.filter(name__startswith="task:", facts__has_key="error").exists()
    report("two beats, two sweeps, one worker: the latest decision", judged(ids, planned)[-1], "s", target=MOST_LATE)


@pytest.fixture
def calendar(lab: Lab) -> Iterator[Callable[[str], dict[str, int]]]:
    """Let the database itself write down each slot that is taken and each run of a task, whoever does it."""
    run("CREATE TABLE faults_ran (what text, task text)")
    for what, table, name in (
        ("slot", "sellercenter_tick", "NEW.task"),
        ("task", "sellercenter_heartbeat", "substr(NEW.name, 6)"),
    ):
        run(
            f"CREATE FUNCTION faults_{what}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" INSERT INTO faults_ran VALUES ('{what}', {name}); RETURN NEW; END $$"
        )
        only = "WHEN (NEW.name LIKE 'task:%')" if what == "task" else ""
        run(
            f"CREATE TRIGGER faults_{what} AFTER INSERT OR UPDATE ON {table}"
            f" FOR EACH ROW {only.replace('%', '%%')} EXECUTE FUNCTION faults_{what}()"
        )
    yield lambda what: dict(run("SELECT task, count(*) FROM faults_ran WHERE what = %s GROUP BY task", what))
    lab.close()
    run("DROP FUNCTION faults_slot CASCADE")
    run("DROP FUNCTION faults_task CASCADE")
    run("DROP TABLE faults_ran")
