"""The outbox: each event reaches each of its consumers exactly once, and one that can't be passed on stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from sellercenter import events, outbox
from sellercenter.models import Event, Fault, Notification
from sellercenter.notifications import Notice, Staff
from sellercenter.permissions import SYSTEM, Perm
from tests import crashing, make
from tests.together import in_threads

pytestmark = pytest.mark.django_db


class Ear:
    """A consumer that notes what it hears and stumbles over what it is told to."""

    kinds = frozenset({"order.weighed", "order.measured"})

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.stumbles: set[int] = set()

    def take(self, told):
        """Hear the events."""
        for event in told:
            if event.subject_id in self.stumbles:
                raise ValueError("a buyer's phone 13800138000")
            self.heard.append(event.pk)


EAR = Ear()
TEAM = Staff((Notice("order.weighed", Perm.ORDERS_VIEW, "bell", "Weighed"),), {})


@pytest.fixture(autouse=True)
def ear(settings) -> Ear:
    """Listen in front of the people, so that what stumbles is undone for both."""
    EAR.heard, EAR.stumbles = [], set()
    settings.EVENT_CONSUMERS = [f"{__name__}.TEAM", f"{__name__}.EAR"]
    return EAR


@transaction.atomic
def happen(shop, kind: str = "order.weighed", *, count: int = 1) -> list[Event]:
    return events.record_all(kind, [make.order(shop) for _each in range(count)], by=SYSTEM)


def owed() -> set[int]:
    return set(Event.objects.filter(owed_at__isnull=False).values_list("pk", flat=True))


def test_what_happened_is_passed_on_once(shop, ear):
    told = happen(shop, count=3)
    assert outbox.fan_out(10) == 3
    assert (sorted(ear.heard), owed()) == ([event.pk for event in told], set())
    assert outbox.fan_out(10) == 0
    assert len(ear.heard) == 3


def test_the_oldest_debts_are_paid_first_and_no_more_than_the_limit(shop, ear):
    told = happen(shop, count=3)
    Event.objects.filter(pk=told[2].pk).update(owed_at=F("owed_at") - timedelta(hours=1))
    assert outbox.fan_out(2) == 2
    assert ear.heard == [told[2].pk, told[0].pk]


def test_what_is_owed_later_waits(shop, ear):
    [event] = happen(shop)
    Event.objects.filter(pk=event.pk).update(owed_at=Now() + timedelta(minutes=1))
    assert (outbox.fan_out(10), ear.heard) == (0, [])


def test_a_consumer_hears_only_its_kinds(shop, ear):
    happen(shop, "order.measured")
    outbox.fan_out(10)
    assert len(ear.heard) == 1
    assert not Notification.objects.exists()


def test_a_batch_takes_few_statements_however_many_events_it_has(shop, django_assert_num_queries):
    happen(shop, count=40)
    # savepoint, claim, team, notices, settle, faults, release
    with django_assert_num_queries(7):
        assert outbox.fan_out(100) == 40
    assert Notification.objects.count() == 40 * 12


def test_one_that_can_not_be_passed_on_stops_no_other(shop, ear):
    told = happen(shop, count=3)
    ear.stumbles = {told[1].subject_id}
    assert outbox.fan_out(10) == 3
    assert set(ear.heard) >= {told[0].pk, told[2].pk}
    assert owed() == {told[1].pk}
    assert set(Notification.objects.values_list("event", flat=True)) == {told[0].pk, told[2].pk}
    fault = Fault.objects.get()
    assert (fault.subject_type, fault.subject_id, fault.step, fault.attempts) == ("event", told[1].pk, "fan_out", 1)
    assert "13800138000" not in fault.error
    assert fault.dead_at is None
    wait = Event.objects.get(pk=told[1].pk).owed_at - fault.last_at
    assert wait == timedelta(seconds=30)


def stumble_until_given_up(shop, ear) -> Event:
    [event] = happen(shop)
    ear.stumbles = {event.subject_id}
    for _each in range(5):
        assert outbox.fan_out(10) == 1
        Event.objects.filter(owed_at__isnull=False).update(owed_at=Now())
    return event


def test_after_five_attempts_an_event_is_given_up_and_a_person_can_replay_it(shop, ear, owner):
    event = stumble_until_given_up(shop, ear)
    fault = Fault.objects.get()
    assert (fault.attempts, fault.dead_at is not None, owed()) == (5, True, set())
    assert outbox.fan_out(10) == 0
    ear.stumbles = set()
    outbox.replay(fault, by=owner.actor)
    assert outbox.fan_out(10) == 1
    assert ear.heard == [event.pk]
    assert not Fault.objects.exists()
    log = Event.objects.get(kind="fault.replayed")
    assert (log.member, log.data) == (
        owner.member,
        {"subject_type": "event", "subject_id": event.pk, "step": "fan_out"},
    )


def test_an_event_that_goes_through_at_last_leaves_no_fault(shop, ear):
    [event] = happen(shop)
    ear.stumbles = {event.subject_id}
    outbox.fan_out(10)
    ear.stumbles = set()
    Event.objects.filter(pk=event.pk).update(owed_at=Now())
    outbox.fan_out(10)
    assert (owed(), Fault.objects.count()) == (set(), 0)


def test_passing_an_event_on_again_tells_nobody_twice(shop):
    [event] = happen(shop)
    outbox.fan_out(10)
    before = Notification.objects.count()
    Event.objects.filter(pk=event.pk).update(owed_at=Now())
    assert outbox.fan_out(10) == 1
    assert Notification.objects.count() == before > 0


@pytest.mark.django_db(transaction=True)
def test_two_at_once_share_the_work_and_pass_nothing_on_twice(shop, ear):
    told = happen(shop, count=30)

    def work() -> None:
        while outbox.fan_out(5):
            pass

    in_threads(work, work, work)
    assert sorted(ear.heard) == [event.pk for event in told]
    assert owed() == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("point", "still_owed"), [("outbox.told", True), ("outbox.settled", True), ("outbox.committed", False)]
)
def test_a_killed_process_leaves_everything_owed_or_everything_told(shop, point, still_owed):
    told = happen(shop, count=3)
    code = "from sellercenter import outbox; outbox.fan_out(10)"
    assert crashing.run(code, at=point, EVENT_CONSUMERS=[f"{__name__}.TEAM"]) == crashing.KILLED
    assert owed() == ({event.pk for event in told} if still_owed else set())
    assert Notification.objects.exists() != still_owed
    outbox.fan_out(10)
    assert (owed(), Notification.objects.count()) == (set(), 3 * 12)
