"""Where we ask whether an order was paid before we cancel it: the payment gateway, when one is configured.

The gateway answers `POST <PAYMENT_GATEWAY_URL>` with `{"orders": ["number", ...]}` by
`{"orders": {"number": {"state": "captured", "amount": "10.00", "method": "card", "transaction_no": "T1"}}}`; states are
`captured`, `processing` and `none`, and an order that it leaves out was never heard of.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from http.client import HTTPException
from typing import Any

from django.conf import settings

from orders.facts import ZERO
from orders.states import PaymentMethod

_MOST_BYTES = 1_000_000


class NoAnswer(Exception):
    """The gateway could not be asked, so nobody knows whether an order was paid."""


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


def ask(numbers: Sequence[str]) -> dict[str, Answer]:
    """Ask about the payments of orders, by order number; raises NoAnswer when the gateway does not say."""
    body = json.dumps({"orders": list(numbers)}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {settings.PAYMENT_GATEWAY_TOKEN}"}
    request = urllib.request.Request(settings.PAYMENT_GATEWAY_URL, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=settings.PAYMENT_GATEWAY_TIMEOUT) as response:
            said = json.loads(response.read(_MOST_BYTES))["orders"]
            return {number: _answer(said.get(number) or {}) for number in numbers}
    except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise NoAnswer(type(error).__name__) from error


def _answer(said: dict[str, Any]) -> Answer:
    method = said.get("method")
    return Answer(
        state=str(said.get("state", "none")),
        amount=Decimal(str(said.get("amount", "0"))),
        method=method if method in PaymentMethod.values else PaymentMethod.OTHER,
        transaction_no=str(said.get("transaction_no", "")),
    )
