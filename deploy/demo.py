"""Start the whole seller centre with sample data by one command."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import unicodedata
from types import FrameType

from deploy import environment, places
from deploy.places import PROJECT, VAR, ServiceError
from deploy.services import Services, free_port
from deploy.supervisor import Child, Supervisor

_FIRST_PAGE_SECONDS = 90.0
_FAVOURITE_PORT = 8000
_ORDERS_A_MINUTE = 3.0
# Five hours of life in a minute: most orders arrive within the half hour in which somebody looks at the demo.
_TIMES_AS_FAST = 300
# Celery's advice against root is for servers; in a container the demo often is root.
# What a worker says of each of the small tasks that come every few seconds would push the logins off the screen.
_SMALL_TALK = (b"] received", b" succeeded in ")
_KNOWN_WARNING = "ignore:You're running the worker with superuser"


def main() -> int:
    """Run the demo until Ctrl-C or SIGTERM; data of an earlier run is used again."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    root = places.data_root(VAR)
    with places.lock(VAR / "demo.lock") as ours:
        if not ours:
            raise ServiceError("The demo runs already: " + _last_address())
        port, rate = _web_port(), _rate()
        print("Starting PostgreSQL and Valkey ...", flush=True)
        with Services(root, profile="demo") as services:
            env = environment.merged(environment.demo(VAR), services.env, {"PYTHONWARNINGS": _KNOWN_WARNING})
            _prepare(env, rate)
            return _serve(services, env, port, rate)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _web_port() -> int:
    """Return $PORT, else 8000 when it is free, else any free port."""
    asked = os.environ.get("PORT", "")
    if asked == "0":
        return free_port()
    wanted = int(asked) if asked.isdigit() else _FAVOURITE_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
            return wanted
        except OSError as error:
            if asked:
                raise ServiceError(f"Port {asked} cannot be used ({error.strerror}). Try: make demo PORT=0") from error
    return free_port()


def _rate() -> float:
    """Return how many orders a minute come in by themselves: $LIVE, and nobody lives at 0."""
    asked = os.environ.get("LIVE") or str(_ORDERS_A_MINUTE)
    try:
        rate = float(asked)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 600:
        raise ServiceError(f"LIVE={asked} is no number of orders a minute. Try: make demo LIVE=0")
    return rate


def _manage(env: dict[str, str], *args: str) -> None:
    done = subprocess.run([sys.executable, "manage.py", *args], cwd=PROJECT, env=env)
    if done.returncode:
        raise ServiceError(f"manage.py {args[0]} failed; see the lines above.")


def _prepare(env: dict[str, str], rate: float) -> None:
    _manage(env, "migrate", "--verbosity", "0")
    orders, seed = os.environ.get("ORDERS") or "10000", os.environ.get("SEED") or "1"
    haste = ["--haste"] if rate else []
    _manage(env, "demo", "--orders", orders, "--seed", seed, "--if-empty", "--alone", *haste)


def _serve(services: Services, env: dict[str, str], port: int, rate: float) -> int:
    boss = Supervisor(_children(port, rate), env=env, cwd=PROJECT, services=services.members)
    deadline = time.monotonic() + _FIRST_PAGE_SECONDS
    failed = False

    def announce() -> bool:
        nonlocal failed
        # Not before the worker is up too, so that the logins are the last thing on the screen.
        if all(child.ready for child in boss.children) and _answers(port):
            _remember(port)
            print(_box(port, _logins(env), rate), flush=True)
            return True
        if time.monotonic() > deadline:
            failed = True
            boss.stopping += 1
        return False

    boss.run(tick=announce)
    if failed:
        raise ServiceError(f"Web server and worker were not ready within {_FIRST_PAGE_SECONDS:.0f} s; see above.")
    print("Stopped. The data is kept; `make demo` goes on with it.", flush=True)
    return 0


def _children(port: int, rate: float) -> list[Child]:
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--quiet", "-A", "sellercenter.celery:app"]
    web = [*python, "gunicorn", "sellercenter.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    web += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--graceful-timeout", "5"]
    web += ["--no-control-socket"]
    queues = ["-Q", "timers,notices,jobs,files", "-c", "2", "--loglevel", "INFO"]
    queues += ["--without-mingle", "--without-gossip"]
    schedule = ["-s", str(VAR / "beat-schedule"), "--pidfile", "", "--loglevel", "WARNING"]
    # SIGQUIT is the quick way out of both gunicorn and Celery, children included.
    children = [
        Child("web", web, death_signal=signal.SIGQUIT),
        Child(
            *("worker", [*celery, "worker", *queues], signal.SIGQUIT),
            ready_word=b" ready.",
            hushed=_SMALL_TALK,
        ),
        Child("beat", [*celery, "beat", *schedule]),
        # A plain process that knows no Redis: what is due happens on time when Redis, worker and beat are gone.
        Child("sweep", [sys.executable, "manage.py", "sweep"], ready_word=b"Sweeping"),
    ]
    if rate:
        living = [sys.executable, "manage.py", "simulate", "--staff", "--speed", f"{_TIMES_AS_FAST}"]
        children.append(Child("people", [*living, "--rate", f"{rate:g}"]))
    return children


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def _logins(env: dict[str, str]) -> str:
    command = [sys.executable, "manage.py", "demo", "--if-empty", "--logins"]
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return "The logins could not be read:\n" + (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    # What it says about the orders was said before.
    return "\n".join(line for line in lines if not line.startswith("The demo shops have orders already"))


def _remember(port: int) -> None:
    (VAR / "demo.address").write_text(f"http://127.0.0.1:{port}\n")


def _last_address() -> str:
    path = VAR / "demo.address"
    return path.read_text().strip() if path.exists() else "its address follows in its own window."


def _width(text: str) -> int:
    """Count terminal columns: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _box(port: int, logins: str, rate: float) -> str:
    lines = ["", f"The seller centre is ready:  http://127.0.0.1:{port}", ""]
    lines += [line.rstrip() for line in logins.strip().splitlines()]
    if rate:
        lines += [f"{rate:g} orders a minute come in by themselves; `make demo LIVE=0` leaves the shops in peace."]
    lines += ["", "Ctrl-C stops everything. The data stays in var/.", ""]
    wide = max(_width(line) for line in lines)
    body = [f"|  {line}{' ' * (wide - _width(line))}  |" for line in lines]
    edge = f"+{'-' * (wide + 4)}+"
    return "\n".join(["", edge, *body, edge, ""])
