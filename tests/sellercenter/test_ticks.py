"""Slots of calendar work: one taker each, by the database's clock, and the newest alone after a long stop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sellercenter import chores, ticks, timetable
from sellercenter.models import Heartbeat, Job, JobItem, JobState, Notification, Tick
from tests import make
from tests.together import in_threads

pytestmark = pytest.mark.django_db
SLOT = datetime(2026, 11, 22, tzinfo=UTC)
done: list[str] = []


def good():
    done.append("good")
    return 3


def bad():
    done.append("bad")
    raise ValueError("call 13800138000")


@pytest.fixture(autouse=True)
def nothing_done():
    done.clear()


def test_a_slot_is_taken_once():
    assert [ticks.claim("count", SLOT), ticks.claim("count", SLOT)] == [True, False]
    assert ticks.claim("count", SLOT + timedelta(hours=1))
    assert ticks.claim("another", SLOT)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_gets_the_slot():
    answers = []
    in_threads(*[lambda: answers.append(ticks.claim("count", SLOT))] * 6)
    assert sorted(answers) == [False] * 5 + [True]


def test_slots_begin_with_the_hour_and_the_day_of_utc():
    moment = datetime(2026, 11, 22, 13, 59, 59, 999, tzinfo=UTC)
    assert ticks.slot("hour", moment) == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert ticks.slot("day", moment) == SLOT
    with pytest.raises(KeyError):
        ticks.slot("year", moment)


def test_the_databases_clock_goes_on_within_a_transaction():
    first = ticks.database_now()
    assert ticks.database_now() > first


def test_the_timetable_does_each_entry_once_a_slot_and_the_next_goes_on_after_one_that_fails(settings, caplog):
    settings.TIMETABLE = [("day", f"{__name__}.bad"), ("day", f"{__name__}.good")]
    assert [timetable.run_due(500), timetable.run_due(500)] == [2, 0]
    assert done == ["bad", "good"]
    assert Heartbeat.objects.get(name=f"task:{__name__}.good").facts == {"handled": 3}
    assert Heartbeat.objects.get(name=f"task:{__name__}.bad").facts["error"].startswith("ValueError in tests/")
    assert "ValueError" in caplog.text
    assert "13800138000" not in caplog.text


def test_after_a_long_stop_only_the_newest_slot_is_made_up_for(settings, monkeypatch):
    settings.TIMETABLE = [("hour", f"{__name__}.good")]
    for moment in (SLOT, SLOT + timedelta(days=9), SLOT + timedelta(days=9, minutes=59)):
        monkeypatch.setattr(ticks, "database_now", lambda moment=moment: moment)
        timetable.run_due(500)
    assert done == ["good", "good"]


def test_the_timetable_of_the_product_runs(settings):
    assert timetable.run_due(500) == len(settings.TIMETABLE)
    assert not Heartbeat.objects.filter(facts__has_key="error").exists()


def test_what_does_not_hold_is_named_by_its_code(settings):
    settings.TIMETABLE = [("day", "sellercenter.chores.check_invariants")]
    settings.INVARIANTS = [f"{__name__}.ALWAYS_BROKEN"]
    timetable.run_due(500)
    beat = Heartbeat.objects.get(name__startswith="task:")
    assert beat.facts == {"error": "not everything holds: one_is_one"}


ALWAYS_BROKEN = [("one_is_one", "One is not one.", "SELECT 1 AS id")]


def test_old_ticks_are_deleted_and_young_ones_stay(monkeypatch):
    monkeypatch.setattr(chores, "BATCH", 2)
    now = ticks.database_now()
    for days in (0, 29, 31, 32, 33):
        ticks.claim("count", now - timedelta(days=days))
    assert chores.clear_old_ticks() == 3
    assert Tick.objects.count() == 2


def test_notices_are_deleted_when_they_were_read_and_are_old(shop, owner):
    event = make.order(shop).shop.events.first()
    people = list(shop.members.all()[:3])
    old = make.NOW - timedelta(days=91)
    facts = [{"created_at": old, "read_at": old}, {"created_at": old}, {"read_at": make.NOW}]
    for member, fact in zip(people, facts, strict=True):
        Notification.objects.create(shop=shop, member=member, event=event, **fact)
    assert chores.clear_read_notifications() == 1
    assert {one.member for one in Notification.objects.all()} == set(people[1:])


def test_jobs_are_deleted_with_their_results_a_month_after_their_end(shop):
    def job(**facts):
        one = Job.objects.create(shop=shop, kind="flag", actor_kind="system", actor_label="system", **facts)
        JobItem.objects.create(job=one, ref=1)
        return one

    job(state=JobState.DONE, finished_at=make.NOW - timedelta(days=31))
    young = job(state=JobState.DONE, finished_at=make.NOW - timedelta(days=29))
    waiting = job(created_at=make.NOW - timedelta(days=60))
    assert chores.clear_finished_jobs() == 1
    assert set(Job.objects.all()) == {young, waiting}
    assert JobItem.objects.count() == 2
