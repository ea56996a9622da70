"""Where refunds are handed over: the provider that captured the money, when this installation names a gateway."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

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
