"""Hints to the workers: after the commit, once, and never in the way when the broker is gone."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import pytest
from django.db import transaction

from sellercenter import wake

TASK = "sellercenter.tasks.run_timetable"


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    """Collect the hints instead of sending them."""
    found: list[str] = []
    monkeypatch.setattr(wake, "wake_now", found.append)
    return found


@pytest.fixture(autouse=True)
def awake(monkeypatch) -> None:
    """Start each test with a broker that nobody complained about."""
    monkeypatch.setattr(wake, "_silent_until", 0.0)
    monkeypatch.setattr(wake._broker, "connection", None)


@pytest.mark.django_db(transaction=True)
def test_a_hint_leaves_after_the_commit_and_once_for_each_task(sent):
    with transaction.atomic():
        for _each in range(3):
            wake.wake("a.task")
            wake.wake("another.task")
        assert sent == []
    assert sent == ["a.task", "another.task"]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_hinted_at_when_nothing_was_committed(sent):
    with suppress(ZeroDivisionError), transaction.atomic():
        wake.wake("a.task")
        raise ZeroDivisionError
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_a_hint_of_a_savepoint_that_was_undone_does_not_stand_for_a_later_one(sent):
    with transaction.atomic():
        with suppress(ZeroDivisionError), transaction.atomic():
            wake.wake("a.task")
            raise ZeroDivisionError
        wake.wake("a.task")
    assert sent == ["a.task"]


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_the_hint_leaves_at_once(sent):
    wake.wake("a.task")
    assert sent == ["a.task"]


def test_a_broker_takes_the_hint():
    assert wake.wake_now(TASK) is True


@pytest.mark.parametrize("answers", [False, True])
def test_a_broker_that_is_gone_or_silent_costs_little_and_then_nothing(settings, answers):
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        if not answers:
            server.close()
        before, started = wake.failures(), time.monotonic()
        assert wake.wake_now(TASK) is False
        assert time.monotonic() - started < 0.5
        started = time.monotonic()
        assert [wake.wake_now(TASK) for _each in range(100)] == [False] * 100
        assert time.monotonic() - started < 0.05
        assert wake.failures() == before + 1
