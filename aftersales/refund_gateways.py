"""Where refunds are handed over: the provider that captured the money, when this installation names a gateway.

We `POST <SELLERCENTER_REFUND_GATEWAY_URL>` with `{"refund": key, "order": "tea/1001", "transaction_no": "T1",
"amount": "20.00", "currency": "CNY"}` and the key as `Idempotency-Key` too; `GET <url>/<key>` asks what became of it.
Both answer 200 with `{"state": "succeeded", "refund_no": "P1"}`; states are `succeeded`, `failed` (with a `reason`) and
`processing`. A key must be known to the provider for good, and never give back twice: after a call without an answer we
ask, and hand over again under the same key only what the provider never heard of (404).
"""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.utils.module_loading import import_string

from sellercenter.http_calls import BROKEN, exchange

STATES = ("succeeded", "failed", "processing")
logger = logging.getLogger(__name__)


class NoAnswer(Exception):
    """Nobody knows what became of a refund; the text is fit for a log."""


@dataclass(frozen=True)
class Demand:
    """What goes back, of which payment; `key` is the only thing by which the provider tells two refunds apart."""

    key: str
    order: str
    transaction_no: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Verdict:
    """What the provider says of a refund: `succeeded`, `failed`, `processing`, or `none` when it never heard of it."""

    state: str
    refund_no: str = ""
    reason: str = ""


class RefundGateway(Protocol):
    """One way by which money goes back."""

    def submit(self, demand: Demand) -> Verdict:
        """Hand a refund over under its key, as often as needed; raises NoAnswer when nobody knows what became of it."""

    def ask(self, key: str) -> Verdict:
        """Ask what became of a refund; raises NoAnswer."""


class HttpGateway:
    """The gateway at SELLERCENTER_REFUND_GATEWAY_URL; waits REFUND_GATEWAY_TIMEOUT seconds for a whole exchange."""

    def submit(self, demand: Demand) -> Verdict:
        """Hand a refund over; raises NoAnswer for anything but a plain answer, as it may have been taken."""
        told = {
            "refund": demand.key,
            "order": demand.order,
            "transaction_no": demand.transaction_no,
            "amount": str(demand.amount),
            "currency": demand.currency,
        }
        status, said = self._call("POST", settings.REFUND_GATEWAY_URL, demand.key, json.dumps(told).encode())
        return self._read(status, said)

    def ask(self, key: str) -> Verdict:
        """Ask what became of a refund; raises NoAnswer."""
        parts = urlsplit(settings.REFUND_GATEWAY_URL)
        url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{key}"))
        status, said = self._call("GET", url, key)
        return Verdict("none") if status == 404 else self._read(status, said)

    def _call(self, method: str, url: str, key: str, body: bytes | None = None) -> tuple[int, bytes]:
        options = {"timeout": settings.REFUND_GATEWAY_TIMEOUT, "token": settings.REFUND_GATEWAY_TOKEN}
        try:
            return exchange(method, url, body=body, headers={"Idempotency-Key": key}, **options)
        except BROKEN as error:
            raise NoAnswer(f"no answer ({type(error).__name__})") from None

    def _read(self, status: int, said: bytes) -> Verdict:
        if status != 200:
            raise NoAnswer(f"answered {status}")
        try:
            told: dict[str, Any] = json.loads(said)
            state = told["state"]
        except (ValueError, KeyError, TypeError):
            raise NoAnswer("the answer makes no sense") from None
        if state not in STATES:
            raise NoAnswer("a state that nobody knows")
        return Verdict(state, str(told.get("refund_no") or "").strip(), str(told.get("reason") or "").strip())


class NoGateway:
    """This installation names none: people pay, and note that they did."""

    def submit(self, demand: Demand) -> Verdict:
        """Take nothing."""
        raise NoAnswer("no gateway")

    def ask(self, key: str) -> Verdict:
        """Know nothing."""
        raise NoAnswer("no gateway")


class RecordingGateway:
    """Take every refund and keep it in the memory of this process: for the demo and for tests."""

    taken: deque[Demand] = deque(maxlen=1000)

    def submit(self, demand: Demand) -> Verdict:
        """Say that the money went back."""
        self.taken.append(demand)
        logger.debug("refund %s would have been made", demand.key)
        return self._made(demand.key)

    def ask(self, key: str) -> Verdict:
        """Say of everything that was handed over to any process of the demo that it went back."""
        return self._made(key)

    def _made(self, key: str) -> Verdict:
        return Verdict("succeeded", f"DEMO-{key}")


def configured() -> bool:
    """Say whether refunds are handed over by themselves."""
    return import_string(settings.REFUND_GATEWAY) is not NoGateway


def gateway() -> RefundGateway:
    """Return the way out, as the settings name it."""
    return import_string(settings.REFUND_GATEWAY)()  # type: ignore[no-any-return]
