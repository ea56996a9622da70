"""Where we ask whether an order was paid before we cancel it: the payment gateway, when one is configured.

We `POST <PAYMENT_GATEWAY_URL>` with `{"orders": [{"order": "tea/1001", "currency": "CNY", "amount": "20.00"}, ...]}`:
numbers are unique only within a shop, so an order goes by `<shop code>/<number>`; `amount` is what is still owed. The
gateway answers with `{"orders": {"tea/1001": {"state": "captured", "amount": "20.00", "currency": "CNY",
"method": "card", "transaction_no": "T1"}}}`; states are `captured`, `processing` and `none`, and an order that it
leaves out was never heard of. A capture needs its transaction number, by which it counts once, and the right currency.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from orders.facts import ZERO
from orders.models import Order
from orders.states import PaymentMethod

_MOST_BYTES = 1_000_000
logger = logging.getLogger(__name__)


class NoAnswer(Exception):
    """The gateway could not be asked, so nobody knows whether an order was paid."""


@dataclass(frozen=True)
class Question:
    """An order to ask about: its name in the whole installation, and what is still owed in which currency."""

    order: str
    currency: str
    amount: Decimal


@dataclass(frozen=True)
class Answer:
    """What the gateway knows of one order's payment; `amount` in the order's currency."""

    state: str = "none"
    amount: Decimal = ZERO
    method: str = PaymentMethod.OTHER
    transaction_no: str = ""


def configured() -> bool:
    """Say whether there is a gateway to ask."""
    return bool(settings.PAYMENT_GATEWAY_URL)


def question(order: Order) -> Question:
    """Return what to ask about an order, whose shop was read with it."""
    owed = order.total_amount - order.paid_amount
    return Question(f"{order.shop.code}/{order.number}", order.currency, owed)


def ask(questions: Sequence[Question]) -> dict[str, Answer]:
    """Ask about the payments of orders and return the answers by the orders' names in the questions.

    What was said of an order so that nothing can be made of it is left out: that is no answer either. Raises NoAnswer
    when the gateway does not say anything, or not within PAYMENT_GATEWAY_TIMEOUT seconds for the whole exchange.
    """
    told = [{"order": one.order, "currency": one.currency, "amount": str(one.amount)} for one in questions]
    try:
        said = json.loads(_post(json.dumps({"orders": told}).encode()))["orders"]
        found = {one.order: _answer(one, said.get(one.order) or {}) for one in questions}
    except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoAnswer(type(error).__name__) from error
    return {order: answer for order, answer in found.items() if answer is not None}


def _answer(asked: Question, said: dict[str, Any]) -> Answer | None:
    """Read what was said of one order; None when it makes no sense, or could count the same money twice."""
    method = said.get("method")
    try:
        answer = Answer(
            state=str(said.get("state", "none")),
            amount=Decimal(str(said.get("amount", "0"))),
            method=method if method in PaymentMethod.values else PaymentMethod.OTHER,
            transaction_no=str(said.get("transaction_no") or "").strip(),
        )
    except InvalidOperation:
        answer = None
    if answer is None or (answer.state == "captured" and not _counts(asked, said, answer)):
        logger.warning("the payment gateway's words about %s make no sense", asked.order)
        return None
    return answer


def _counts(asked: Question, said: dict[str, Any], answer: Answer) -> bool:
    return bool(answer.transaction_no) and said.get("currency") == asked.currency


def _post(body: bytes) -> bytes:
    """Exchange one request for its answer within the timeout, however slowly the other side drips.

    Redirects are answers like any other that is not 200: the token goes to nobody but the configured address.
    """
    ends = monotonic() + settings.PAYMENT_GATEWAY_TIMEOUT
    url = urlsplit(settings.PAYMENT_GATEWAY_URL)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {settings.PAYMENT_GATEWAY_TOKEN}"}
    with closing(kind(url.hostname or "", url.port, timeout=settings.PAYMENT_GATEWAY_TIMEOUT)) as connection:
        connection.connect()
        alarm = Timer(max(0.0, ends - monotonic()), _hang_up, [connection.sock])
        alarm.daemon = True
        alarm.start()
        try:
            connection.request("POST", f"{url.path or '/'}{'?' if url.query else ''}{url.query}", body, headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise NoAnswer(f"HTTP {answer.status}")
            return answer.read(_MOST_BYTES)
        finally:
            alarm.cancel()


def _hang_up(line: socket.socket) -> None:
    """End a connection while another thread reads from it, which then finds that nothing more comes."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
