"""The world outside, for tests: gateways over HTTP that count, and can be slow, broken or silent."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What to answer to a message: a status, or None to hang up without an answer after taking it.
Behaviour = Callable[[dict[str, Any]], int | None]


class StubGateway:
    """A gateway at `url`; `calls` counts every attempt by its key, `taken` what it accepted, `messages` all bodies.

    `behave` decides the answer to each message; `delay` is waited before it, in seconds.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self.messages: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.delay = 0.0
        self.behave: Behaviour = lambda message: 200
        self.before: Callable[[], None] = lambda: None
        self.url = ""

    def receive(self, key: str, token: str, message: dict[str, Any]) -> int | None:
        """Count one attempt and decide its answer."""
        self.before()
        time.sleep(self.delay)
        status = self.behave(message)
        with self.lock:
            self.calls[key] += 1
            self.messages.append(message)
            self.tokens.add(token)
            if status is None or 200 <= status < 300:
                self.taken[key] += 1
        return status


def _handler(stub: StubGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = stub.receive(self.headers["Idempotency-Key"], self.headers.get("Authorization", ""), body)
            self.close_connection = True
            if status is None:
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    return Handler


class StubPayments:
    """A payment gateway at `url` with `answers` by `<shop code>/<number>`; each of its `failing` turns is an error."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, str]] = {}
        self.failing: set[int] = set()
        self.delay, self.asked, self.url = 0.0, 0, ""

    def answer(self, questions: list[dict[str, str]]) -> dict[str, Any] | None:
        """Answer for some orders, or not at all."""
        self.asked += 1
        failing = self.asked in self.failing
        time.sleep(self.delay)
        names = [one["order"] for one in questions]
        return None if failing else {"orders": {name: self.answers[name] for name in names if name in self.answers}}


def _paying(stub: StubPayments) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = stub.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["orders"])
            self.send_response(503 if said is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(said or {}).encode())

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    return Handler


class StubRefunds:
    """A refund gateway at `url`; `paid` counts by key how often money went back, which one key does once at most.

    `behave` decides by key and number of the call what happens before the answer: None is a plain answer, a status an
    error, "hang" a hung-up line after the refund was taken, "deaf" one before. `states` are told instead of success.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.paid: Counter[str] = Counter()
        self.bodies: dict[str, dict[str, Any]] = {}
        self.posts: Counter[str] = Counter()
        self.gets: Counter[str] = Counter()
        self.states: dict[str, dict[str, str]] = {}
        self.behave: Callable[[str, int], int | str | None] = lambda key, call: None
        self.delay, self.url, self.tokens = 0.0, "", set[str]()

    def receive(self, key: str, body: dict[str, Any]) -> int | str | None:
        """Take a refund, once, and decide how to answer."""
        time.sleep(self.delay)
        with self.lock:
            self.posts[key] += 1
            how = self.behave(key, self.posts[key])
            if how in (None, "hang") and key not in self.bodies:
                self.bodies[key] = body
                self.paid[key] += 1
        return how

    def state(self, key: str) -> dict[str, str] | None:
        """Return what is known of a refund."""
        return self.states.get(key, {"state": "succeeded", "refund_no": f"P-{key}"}) if key in self.bodies else None


def _refunding(stub: StubRefunds) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stub.tokens.add(self.headers.get("Authorization", ""))
            key = self.headers["Idempotency-Key"]
            self._answer(stub.receive(key, body), stub.state(key))

        def do_GET(self) -> None:
            key = self.path.rpartition("/")[2]
            stub.gets[key] += 1
            said = stub.state(key)
            self._answer(None if said else 404, said)

        def _answer(self, how: int | str | None, said: dict[str, str] | None) -> None:
            self.close_connection = True
            if isinstance(how, str):
                return
            self.send_response(how or 200)
            self.end_headers()
            self.wfile.write(json.dumps(said or {}).encode())

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def refund_gateway() -> Iterator[StubRefunds]:
    """Run a stub on a free port for as long as the block lasts."""
    stub = StubRefunds()
    with _serving(_refunding(stub)) as root:
        stub.url = f"{root}/refunds"
        yield stub


@contextmanager
def payment_gateway() -> Iterator[StubPayments]:
    """Run a stub on a free port for as long as the block lasts."""
    stub = StubPayments()
    with _serving(_paying(stub)) as root:
        stub.url = f"{root}/payments"
        yield stub


@contextmanager
def message_gateway() -> Iterator[StubGateway]:
    """Run a stub on a free port for as long as the block lasts."""
    stub = StubGateway()
    with _serving(_handler(stub)) as root:
        stub.url = f"{root}/messages"
        yield stub


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
