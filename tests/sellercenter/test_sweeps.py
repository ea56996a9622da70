"""The rounds: until nothing is left, whatever breaks in one sweep, and through the loss of the database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from sellercenter import sweeps
from sellercenter.models import Heartbeat

pytestmark = pytest.mark.django_db
calls: list[str] = []
left = {"rows": 0}
broken: list[Exception] = []
done = threading.Event()


def counting(limit):
    calls.append("counting")
    rows = min(limit, left["rows"])
    left["rows"] -= rows
    if not left["rows"]:
        done.set()
    return rows


def breaking(limit):
    calls.append("breaking")
    if broken:
        raise broken.pop(0)
    done.set()
    return 0


def endless(limit):
    calls.append("endless")
    return limit


COUNTING, BREAKING, ENDLESS = (f"{__name__}.{one.__name__}" for one in (counting, breaking, endless))


@pytest.fixture(autouse=True)
def fresh_sweeps():
    calls.clear()
    broken.clear()
    done.clear()
    left["rows"] = 0


def beat_of(path):
    return Heartbeat.objects.get(name=f"sweep:{path}")


def test_a_sweep_goes_on_until_it_returns_less_than_its_limit():
    left["rows"] = 2 * sweeps.LIMIT + 1
    assert sweeps.turn(COUNTING) == sweeps.Turn(COUNTING, 2 * sweeps.LIMIT + 1)
    assert calls == ["counting"] * 3
    facts = beat_of(COUNTING).facts
    assert (facts["handled"], facts["behind"], facts["milliseconds"] >= 0) == (2 * sweeps.LIMIT + 1, False, True)


def test_a_turn_is_bounded_in_time_and_says_that_there_is_more():
    assert sweeps.turn(ENDLESS, seconds=0) == sweeps.Turn(ENDLESS, sweeps.LIMIT, behind=True)
    assert beat_of(ENDLESS).facts["behind"] is True


def test_a_sweep_that_is_asked_to_stop_ends_between_two_batches():
    stop = threading.Event()
    stop.set()
    assert sweeps.turn(ENDLESS, stop=stop).handled == sweeps.LIMIT
    assert calls == ["endless"]


def test_one_that_fails_does_not_stop_the_next_and_its_words_are_kept_from_the_log(settings, caplog):
    settings.SWEEPS = [BREAKING, COUNTING]
    broken.append(ValueError("call 13800138000"))
    assert [one.error for one in sweeps.run_round()] == ["ValueError", ""]
    assert calls == ["breaking", "counting"]
    assert beat_of(BREAKING).facts["error"].startswith("ValueError in tests/")
    assert "ValueError" in caplog.text
    assert "13800138000" not in caplog.text


def test_a_failure_leaves_the_time_of_the_last_success():
    sweeps.turn(BREAKING)
    before = beat_of(BREAKING).at
    broken.append(ValueError())
    sweeps.turn(BREAKING)
    assert (beat_of(BREAKING).at, [*beat_of(BREAKING).facts]) == (before, ["error"])
    sweeps.turn(BREAKING)
    assert "error" not in beat_of(BREAKING).facts


def test_a_path_that_leads_nowhere_stops_the_command_at_once(settings):
    settings.SWEEPS = ["sellercenter.nowhere.sweep"]
    with pytest.raises(ImportError):
        call_command("sweep", "--once")


def test_every_sweep_of_the_product_exists_and_takes_a_limit():
    sweeps.check()
    assert [one.error for one in sweeps.run_round(seconds=0)] == [""] * len(project.SWEEPS)


def test_one_round_tells_what_was_done_and_fails_when_a_sweep_did(settings, capsys):
    settings.SWEEPS = [COUNTING]
    left["rows"] = 7
    call_command("sweep", "--once")
    assert capsys.readouterr().out == f"{COUNTING}: 7\n"
    settings.SWEEPS = [BREAKING]
    broken.append(ValueError())
    with pytest.raises(CommandError):
        call_command("sweep", "--once")


def test_a_process_may_run_some_of_the_sweeps_alone(settings, capsys):
    settings.SWEEPS = [BREAKING, COUNTING]
    left["rows"] = 3
    call_command("sweep", "--once", "--only", COUNTING)
    assert capsys.readouterr().out == f"{COUNTING}: 3\n"
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("sweep", "--once", "--only", "orders.nothing")


def test_the_pause_after_failures_grows_and_is_forgotten(monkeypatch):
    pauses = []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            pauses.append(timeout)
            if len(pauses) == 9:
                self.set()
            return self.is_set()

    monkeypatch.setattr(sweeps.random, "uniform", lambda low, high: 1.0)
    monkeypatch.setattr(sweeps, "close_old_connections", lambda: None)
    monkeypatch.setattr(sweeps, "connections", type("Kept", (), {"close_all": staticmethod(lambda: None)}))
    broken.extend(OperationalError() for _number in range(7))
    sweeps.keep_going(BREAKING, every=2.0, stop=Stop())
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 2.0, 2.0]


@pytest.mark.django_db(transaction=True)
def test_a_loop_whose_connection_is_cut_goes_on_with_a_new_one(settings, monkeypatch):
    settings.SWEEPS = [f"{__name__}.cutting"]
    monkeypatch.setattr(sweeps, "FIRST_PAUSE", 0.01)
    sweeps.keep_all_going(every=0.01, asked_to_stop=done.is_set)
    assert calls == ["cut", "alive"]


def cutting(limit):
    """End the server's side of this connection at the first call."""
    with connection.cursor() as cursor:
        if "cut" not in calls:
            calls.append("cut")
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        cursor.execute("SELECT 1")
    if not done.is_set():
        calls.append("alive")
    done.set()
    return 0


@pytest.mark.django_db(transaction=True)
def test_a_slow_sweep_does_not_delay_another(settings):
    settings.SWEEPS = [f"{__name__}.waiting", COUNTING]
    sweeps.keep_all_going(every=0.01, asked_to_stop=lambda: "waited" in calls)
    assert calls[0] == "counting"


def waiting(limit):
    """Wait for the other sweep, as one would for a gateway that hangs."""
    if done.wait(20):
        calls.append("waited")
    return 0


@pytest.mark.django_db(transaction=True)
def test_the_process_needs_no_redis_and_ends_at_sigterm():
    env = {**os.environ, "REDIS_URL": "redis://127.0.0.1:9/0", "DATABASE_URL": _test_database()}
    command = [sys.executable, "-W", "error", "manage.py", "sweep", "--every", "0.1"]
    Heartbeat.objects.all().delete()
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout.readline() == "Sweeping every 0.1 s.\n"
            assert _until(lambda: Heartbeat.objects.count() >= len(project.SWEEPS))
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=20)[0]
        finally:
            process.kill()
    assert (process.returncode, "failed" in said) == (0, False), said


def _until(ready):
    deadline = time.monotonic() + 20
    while not ready() and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    return ready()


def _test_database():
    """Return the address of the database in which this test runs."""
    made = connection.settings_dict
    return f"postgres://{made['USER']}:{made['PASSWORD']}@{made['HOST']}:{made['PORT']}/{made['NAME']}"


def test_each_is_done_although_one_before_it_fails():
    done = []

    def act(n: int) -> int:
        if n == 2:
            raise ValueError("two")
        done.append(n)
        return n

    with pytest.raises(ValueError, match="two"):
        sweeps.each([1, 2, 3], act)
    assert done == [1, 3]
    assert sweeps.each([1, 3], act) == 4
