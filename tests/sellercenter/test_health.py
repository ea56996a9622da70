"""The health page: what is late, silent or given up is said, with Redis and without."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from orders.models import Order
from orders.states import Status
from sellercenter import health, heartbeats, replays, ticks, timetable
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Fault, Heartbeat, Job, JobState, OutgoingMessage
from sellercenter.permissions import admin_actor
from tests import make
from tests.conftest import Person, fresh, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(django_user_model):
    return Person(django_user_model.objects.create_user("root", is_staff=True))


@pytest.fixture
def alive(settings):
    """Let everything have given a sign of life just now."""
    for path in settings.SWEEPS:
        heartbeats.beat(f"sweep:{path}", handled=0)
    for _every, path in settings.TIMETABLE:
        heartbeats.beat(f"task:{path}", handled=0)
    for queue in health.QUEUES:
        heartbeats.beat(f"queue:{queue}")


def lines():
    return {line.title or str(line.label): line for section in health.report().sections.values() for line in section}


def ago(**span):
    return ticks.database_now() - timedelta(**span)


def test_all_is_well_when_everybody_is_alive_and_nothing_is_late(alive, root, visitor, shop):
    root.get("/health/").says("All is well").says("Nothing was given up.").keeps_quiet_about("manage.py sweep")
    answer = visitor.get("/health/live")
    assert (answer.code, answer.json()) == (200, {"ok": True})


def test_before_the_first_sign_of_life_nothing_is_well(root, visitor, shop):
    root.get("/health/").says("Something is wrong").says("never").says("Is “manage.py sweep” running?")
    assert visitor.get("/health/live").code == 503


def test_an_order_whose_step_is_late_is_told_with_its_age(alive, shop):
    order = make.order(shop, Status.UNPAID)
    Order.objects.filter(pk=order.pk).update(due_at=ago(seconds=50), due_step="remind")
    line = lines()["Automatic steps of orders"]
    assert (line.value, line.level) == ("1 due, the oldest for 50 s", "")
    Order.objects.filter(pk=order.pk).update(due_at=ago(minutes=61))
    line = lines()["Automatic steps of orders"]
    assert (line.value, line.level) == ("1 due, the oldest for 1 h 1 min", "late")
    assert not health.report().ok


def test_events_messages_and_jobs_are_watched_too(alive, shop):
    event = make.order(shop).shop.events.first()
    Event.objects.filter(pk=event.pk).update(owed_at=ago(minutes=3))
    facts = {"event": event, "kind": "order.cancelled", "subject_type": "order", "subject_id": 1, "once": False}
    OutgoingMessage.objects.create(shop=shop, key="k1", channel="sms", due_at=ago(minutes=5), **facts)
    job = {"shop": shop, "kind": "flag", "actor_kind": "system", "actor_label": "system", "state": JobState.RUNNING}
    Job.objects.create(**job, lease_until=ago(minutes=7))
    found = lines()
    said = {
        name: found[name].value for name in ("Events to pass on", "Messages to buyers", "Jobs whose holder is gone")
    }
    assert list(said.values()) == [f"1 due, the oldest for {n} min" for n in (3, 5, 7)]


def test_what_is_due_only_later_is_not_late(alive, shop):
    event = make.order(shop).shop.events.first()
    Event.objects.filter(pk=event.pk).update(owed_at=ticks.database_now() + timedelta(minutes=1))
    assert lines()["Events to pass on"].value == "nothing is late"


@pytest.mark.parametrize(("seconds", "level"), [(110, ""), (125, "late")])
def test_a_queue_or_a_sweep_is_silent_after_two_minutes(alive, seconds, level):
    Heartbeat.objects.update(at=ago(seconds=seconds))
    found = lines()
    assert found["timers"].level == found["orders.timers.fire_due"].level == level


def test_a_sweep_that_failed_or_is_behind_says_so(alive, settings):
    path = settings.SWEEPS[0]
    heartbeats.beat(f"sweep:{path}", behind=True)
    assert lines()[path].level == "soon"
    heartbeats.falter(f"sweep:{path}", ValueError("call 13800138000"))
    line = lines()[path]
    assert (line.level, "ValueError" in line.value, "138" in line.value) == ("late", True, False)


def test_a_chore_that_failed_is_worth_a_look_and_no_alarm(alive, settings):
    heartbeats.falter(f"task:{settings.TIMETABLE[0][1]}", heartbeats.Failed("not everything holds: x"))
    assert lines()[settings.TIMETABLE[0][1]].level == "soon"
    assert health.report().ok


def test_a_broken_promise_is_an_alarm_until_the_check_went_well_again(alive, visitor):
    name = "task:sellercenter.chores.check_invariants"
    heartbeats.falter(name, heartbeats.Failed("not everything holds: x"))
    assert lines()["sellercenter.chores.check_invariants"].level == "late"
    assert visitor.get("/health/live").code == 503
    call_command("check_invariants")
    assert visitor.get("/health/live").code == 200


def test_the_calendar_is_not_silent_while_one_of_its_works_takes_long(alive, settings, monkeypatch):
    seen = []
    monkeypatch.setattr("sellercenter.chores.check_invariants", lambda: seen.append(lines()[calendar]) or 0)
    calendar, settings.TIMETABLE = "sellercenter.timetable.run_due", settings.TIMETABLE[-1:]
    Heartbeat.objects.filter(name=f"sweep:{calendar}").update(at=ago(minutes=3))
    timetable.run_due(1)
    assert [(line.level, "Check that everything holds" in line.value) for line in seen] == [("", True)]
    for minutes, level in ((50, ""), (61, "late")):
        Heartbeat.objects.filter(name=f"sweep:{calendar}").update(at=ago(minutes=minutes))
        assert lines()[calendar].level == level


def test_sweeps_and_calendar_work_have_names_for_people_and_keep_their_paths_as_titles(alive, settings, root):
    paths = [*settings.SWEEPS, *(path for _every, path in settings.TIMETABLE)]
    assert set(settings.WORK_NAMES) == set(paths)
    page = root.get("/health/").says("Deadlines of orders")
    assert f'title="{paths[0]}">Deadlines of orders' in page.content.decode()


def test_a_channel_without_a_gateway_is_named_and_is_no_alarm(alive, settings):
    recording = "sellercenter.gateways.RecordingGateway"
    settings.MESSAGE_GATEWAYS = dict.fromkeys(["in_site", "sms", "email"], recording)
    assert lines()["Gateways for messages"].value == "one for every channel"
    settings.MESSAGE_GATEWAYS |= {"sms": "sellercenter.gateways.NoGateway"}
    line = lines()["Gateways for messages"]
    assert (line.value, line.level, health.report().ok) == ("none for: SMS", "soon", True)


def test_a_sweep_of_jobs_is_not_silent_while_it_works_on_one(alive, shop):
    Heartbeat.objects.filter(name=f"sweep:{health.JOBS}").update(at=ago(minutes=9))
    assert lines()[health.JOBS].level == "late"
    job = {"shop": shop, "kind": "flag", "actor_kind": "system", "actor_label": "system", "state": JobState.RUNNING}
    Job.objects.create(**job, lease_until=ticks.database_now() + timedelta(seconds=30))
    assert lines()[health.JOBS].level == ""


def test_without_redis_the_page_works_and_says_so(alive, root, visitor, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    root.get("/health/").says("does not answer").says("Nothing is lost").says("Something is wrong")
    assert visitor.get("/health/live").code == 503


def test_without_the_database_the_word_for_monitoring_is_no(visitor, monkeypatch):
    def gone():
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(health, "report", gone)
    answer = visitor.get("/health/live")
    assert (answer.code, answer.json()) == (503, {"ok": False})


def test_clocks_that_are_apart_are_an_alarm(alive, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: ticks.database_now() + timedelta(seconds=3))
    assert lines()["Application and database"].level == "late"


def given_up(shop, subject_type="order", subject_id=1, step="remind"):
    return Fault.objects.create(
        shop=shop,
        subject_type=subject_type,
        subject_id=subject_id,
        step=step,
        attempts=5,
        error="ValueError",
        dead_at=make.NOW,
    )


def test_what_was_given_up_is_listed_and_is_no_alarm(alive, shop, root):
    given_up(shop)
    Fault.objects.create(shop=shop, subject_type="order", subject_id=2, step="expire", attempts=1)
    page = root.get("/health/").says("All is well").says("order 1").says("5 tries").says("Try again")
    page.keeps_quiet_about("order 2")


def test_a_step_that_was_given_up_is_tried_again_once_and_the_log_knows_who(alive, shop, root):
    order = make.order(shop, Status.UNPAID)
    Order.objects.filter(pk=order.pk).update(due_at=None, due_step="", due_later=[])
    fault = given_up(shop, subject_id=order.pk, step="expire")
    root.post(reverse("health_replay"), {"fault": fault.pk}).says("It is tried again now.")
    assert (fresh(order).due_step, Fault.objects.exists()) == ("expire", False)
    assert Event.objects.filter(kind="fault.replayed", actor_kind="admin", actor_label="root").count() == 1
    assert told(order)[-1] == "order.replayed"
    root.post(reverse("health_replay"), {"fault": fault.pk}).says("This is being tried again already.")
    assert Event.objects.filter(kind="fault.replayed").count() == 1


def test_an_event_and_a_message_are_tried_again_too(shop, root):
    event = make.order(shop).shop.events.first()
    facts = {"event": event, "kind": "order.cancelled", "subject_type": "order", "subject_id": 1, "once": False}
    message = OutgoingMessage.objects.create(shop=shop, key="k1", channel="sms", state="dead", attempts=8, **facts)
    for fault in (given_up(shop, "event", event.pk, "fan_out"), given_up(shop, "outgoingmessage", message.pk, "send")):
        root.post(reverse("health_replay"), {"fault": fault.pk}).says("It is tried again now.")
    assert fresh(event).owed_at is not None
    assert (fresh(message).state, fresh(message).attempts) == ("waiting", 0)


@pytest.mark.parametrize("asked", ["", "0", "x", "-1", "9" * 30, "１"])
def test_nonsense_is_refused_in_words(root, asked, shop):
    root.post(reverse("health_replay"), {"fault": asked}).says("This is being tried again already.")


def test_what_nobody_can_try_again_has_no_button(shop, root, owner):
    fault = given_up(shop, "riddle")
    root.get("/health/").says("riddle 1").keeps_quiet_about("Try again")
    with pytest.raises(Refused, match="Nothing is known"):
        replays.replay(fault.pk, by=admin_actor("root"))
    with pytest.raises(PermissionDenied):
        replays.replay(fault.pk, by=owner.actor)
    assert fresh(fault).dead_at == make.NOW


def test_the_administration_leads_here(django_user_model, client):
    client.force_login(django_user_model.objects.create_superuser("root"))
    assert 'href="/health/"' in client.get("/admin/").content.decode()
