import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy import places
from deploy.supervisor import Child, Supervisor

BOSS = """
import os, sys
from pathlib import Path
from deploy.supervisor import Child, Supervisor
children = [Child(name, [sys.executable, "-u", "-c", code]) for name, code in zip(sys.argv[1::2], sys.argv[2::2])]
sys.exit(Supervisor(children, env=dict(os.environ), cwd=Path.cwd()).run())
"""
SLEEPER = "import os, time; print('pid', os.getpid()); time.sleep(600)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-u', '-c', {SLEEPER!r}])"
STUBBORN = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print('pid', os.getpid()); time.sleep(600)"


@contextmanager
def boss(*children: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", BOSS, *children], cwd=places.PROJECT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_pids(process: subprocess.Popen[str], *names: str) -> list[int]:
    """Read until each of `names` has told its number, in whatever order they do."""
    assert process.stdout is not None
    told: dict[str, int] = {}
    for line in process.stdout:
        name, _, said = line.partition("|")
        if said.startswith(" pid "):
            told[name.strip()] = int(said.split()[-1])
        if told.keys() >= set(names):
            return [told[name] for name in names]
    raise AssertionError(f"only {sorted(told)} of {names} told their number")


def test_small_talk_is_not_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    child = Child("worker", ["true"], ready_word=b"ready", hushed=(b"received",))
    supervisor = Supervisor([child], env={}, cwd=places.PROJECT)
    supervisor._print(child, b"task 1 received and ready\nTask 1 failed\n")
    assert child.ready
    assert capfd.readouterr().out == "worker | Task 1 failed\n"


def ends(pid: int, *, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_a_child_that_dies_is_started_again_and_sigterm_ends_all() -> None:
    with boss("web", SLEEPER, "worker", SLEEPER) as process:
        first, other = read_pids(process, "web", "worker")
        os.kill(first, signal.SIGKILL)
        (second,) = read_pids(process, "web")
        assert second != first
        process.terminate()
        assert process.wait(10) == 0
        assert ends(second)
        assert ends(other)


def test_children_end_when_the_supervisor_is_killed() -> None:
    with boss("web", SLEEPER) as process:
        (pid,) = read_pids(process, "web")
        process.kill()
        assert ends(pid)


def test_grandchildren_end_too_when_the_supervisor_is_killed() -> None:
    with boss("worker", PARENT) as process:
        (pid,) = read_pids(process, "worker")
        process.kill()
        assert ends(pid)


def test_all_ends_when_the_terminal_is_closed() -> None:
    terminal, other_side = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", BOSS, "web", SLEEPER], cwd=places.PROJECT, stdout=other_side)
    os.close(other_side)
    said = b""
    while b"pid " not in said or not said.endswith(b"\n"):
        said += os.read(terminal, 1024)
    os.close(terminal)
    assert process.wait(10) == 0
    assert ends(int(said.split()[-1]))


def test_a_second_interrupt_ends_a_child_that_does_not_listen() -> None:
    with boss("web", STUBBORN) as process:
        (pid,) = read_pids(process, "web")
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
        assert ends(pid)


def test_what_children_say_is_printed_whole_under_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    child = Child("web", [sys.executable, "-c", "print('one\\ntwo', end='')"])
    supervisor = Supervisor([child], env=dict(os.environ), cwd=Path.cwd())

    def until_it_ended() -> bool:
        supervisor.stopping = int(child.process is None)
        return False

    assert supervisor.run(tick=until_it_ended) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["web | one", "web | two"]
    assert said[2] == "web | ended with code 0; starts again in 0.5 s"
