"""Keep the web server, the worker and the timetable running, and stop everything in order."""

from __future__ import annotations

import os
import select
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from deploy import processes
from deploy.services import Server, ServiceError

GRACE_SECONDS = 10.0
_STEADY_SECONDS = 30.0
_MAX_PAUSE = 15.0
_COLOURS = (36, 33, 35, 32, 34)


@dataclass
class Child:
    """Describe one program to keep running, and hold its present process."""

    name: str
    args: Sequence[str]
    # How the kernel ends it should the supervisor be killed with -9.
    death_signal: signal.Signals = signal.SIGTERM
    # What it says once it is ready to serve; empty when starting is enough.
    ready_word: bytes = b""
    # Lines with one of these are not worth a reader's time.
    hushed: tuple[bytes, ...] = ()
    ready: bool = False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    retry_at: float = 0.0
    pause: float = 0.0
    rest: bytes = field(default=b"", repr=False)


class Supervisor:
    """Run children, restart what dies, and end all of it on SIGINT or SIGTERM.

    Everything happens in the main thread, since a child's death signal is tied to the thread that forked it.
    """

    def __init__(
        self, children: Sequence[Child], *, env: dict[str, str], cwd: Path, services: Sequence[Server] = ()
    ) -> None:
        self.children, self.services = list(children), list(services)
        self.env, self.cwd = env, cwd
        self.stopping = 0
        self._selector = selectors.DefaultSelector()
        self._terminal = sys.stdout.isatty()
        self._colour = self._terminal and not os.environ.get("NO_COLOR")
        self._width = max(len(child.name) for child in self.children)
        self._due: dict[str, tuple[float, float]] = {}
        self._guard: subprocess.Popen[str] | None = None

    def run(self, *, tick: Callable[[], bool] | None = None) -> int:
        """Return 0 after an asked-for stop; `tick` is called about five times a second until it returns True."""
        before = {number: signal.signal(number, self._on_signal) for number in _STOP_SIGNALS}
        waiting = tick
        self._guard = _start_guard()
        try:
            for child in self.children:
                self._start(child)
            while not self.stopping:
                self._pump(0.2)
                self._revive()
                # Closing an ssh session may tell only make, which waits for us.
                self.stopping += self._terminal and _hung_up(sys.stdout.fileno())
                if waiting and not self.stopping and waiting():
                    waiting = None
        finally:
            self._stop_children()
            self._guard.communicate()
            for number, handler in before.items():
                signal.signal(number, handler)
        return 0

    def say(self, name: str, text: str) -> None:
        """Print one line under `name`."""
        _tell(f"{self._label(name)}{text}")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stopping += 1

    def _label(self, name: str) -> str:
        label = f"{name:<{self._width}} | "
        names = [child.name for child in self.children]
        if not self._colour or name not in names:
            return label
        return f"\x1b[{_COLOURS[names.index(name) % len(_COLOURS)]}m{label}\x1b[0m"

    def _start(self, child: Child) -> None:
        read, write = os.pipe()
        os.set_blocking(read, False)
        try:
            child.process = processes.spawn(
                child.args, env=self.env, cwd=self.cwd, output=write, death_signal=child.death_signal
            )
        finally:
            os.close(write)
        self._tell_guard("+", child)
        child.started, child.retry_at = time.monotonic(), 0.0
        child.ready = not child.ready_word
        self._selector.register(read, selectors.EVENT_READ, child)

    def _tell_guard(self, sign: str, child: Child) -> None:
        if self._guard and self._guard.stdin and child.process:
            with suppress(BrokenPipeError):
                self._guard.stdin.write(f"{sign}{child.process.pid}\n")
                self._guard.stdin.flush()

    def _pump(self, seconds: float) -> None:
        """Print what the children say within `seconds`."""
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._selector.select(seconds):
            chunk = os.read(key.fd, 65536)
            if not chunk:
                self._selector.unregister(key.fd)
                os.close(key.fd)
            self._print(key.data, chunk)

    def _print(self, child: Child, chunk: bytes) -> None:
        *lines, child.rest = (child.rest + chunk).split(b"\n")
        if not chunk and child.rest:
            lines, child.rest = [child.rest], b""
        for line in lines:
            child.ready = child.ready or child.ready_word in line
            if not any(word in line for word in child.hushed):
                self.say(child.name, line.decode(errors="replace").rstrip())

    def _revive(self) -> None:
        for server in self.services:
            self._revive_service(server)
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.retry_at:
                    self._start(child)
            elif processes.exited(child.process):
                self._last_words(child)
                child.pause = _next_pause(child.pause, lived=now - child.started)
                self.say(child.name, f"ended with code {child.process.returncode}; starts again in {child.pause:g} s")
                self._tell_guard("-", child)
                child.process, child.retry_at = None, now + child.pause

    def _last_words(self, child: Child) -> None:
        """Print what an ended child has said and nobody has read, before its end is told."""
        for key in [key for key in self._selector.get_map().values() if key.data is child]:
            # Something that left its group may hold the pipe open; what that says is read later.
            with suppress(BlockingIOError):
                while chunk := os.read(key.fd, 65536):
                    self._print(child, chunk)
                self._selector.unregister(key.fd)
                os.close(key.fd)
                self._print(child, b"")

    def _revive_service(self, server: Server) -> None:
        retry_at, pause = self._due.get(server.name, (0.0, 0.0))
        if server.alive() or time.monotonic() < retry_at:
            return
        _tell(f"{server.name} is gone; starting it again ...")
        try:
            server.start()
            self._due.pop(server.name, None)
            _tell(f"{server.name} is back.")
        except (ServiceError, OSError) as error:
            pause = _next_pause(pause, lived=0)
            self._due[server.name] = (time.monotonic() + pause, pause)
            _tell(f"{error}\nNext try in {pause:g} s.")

    def _stop_children(self) -> None:
        """Ask all children to end, go on printing what they say, and use force after the grace."""
        asked = self.stopping
        alive = [child.process for child in self.children if child.process]
        for process in alive:
            if not processes.exited(process):
                process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        # A second Ctrl-C means now.
        while alive and time.monotonic() < deadline and self.stopping <= max(asked, 1):
            self._pump(0.05)
            alive = [process for process in alive if not processes.exited(process)]
        processes.stop(alive, steps=())
        for child in self.children:
            self._tell_guard("-", child)
        while self._selector.get_map():
            before = len(self._selector.get_map())
            self._pump(0.05)
            if len(self._selector.get_map()) == before:
                break
        self._selector.close()


def _hung_up(terminal: int) -> bool:
    poll = select.poll()
    poll.register(terminal, 0)
    return bool(poll.poll(0))


def _tell(text: str) -> None:
    # The terminal may be closed; stopping in order matters more than saying so.
    with suppress(OSError):
        print(text, flush=True)


def _start_guard() -> subprocess.Popen[str]:
    command = [sys.executable, "-S", "-E", str(Path(__file__).with_name("guard.py"))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _next_pause(pause: float, *, lived: float) -> float:
    """Return how long to wait before the next start: doubled each time, forgotten after a steady run."""
    return 0.5 if lived > _STEADY_SECONDS or not pause else min(pause * 2, _MAX_PAUSE)
