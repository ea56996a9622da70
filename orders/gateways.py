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
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings

from orders.facts import ZERO
from orders.models import Order
from orders.states import PaymentMethod
from sellercenter.http_calls import BROKEN, exchange

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
    except (*BROKEN, ValueError, KeyError, TypeError, AttributeError) as error:
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
    """Ask the configured address; anything but a plain 200 is no answer."""
    told = {"timeout": settings.PAYMENT_GATEWAY_TIMEOUT, "token": settings.PAYMENT_GATEWAY_TOKEN}
    status, said = exchange("POST", settings.PAYMENT_GATEWAY_URL, body=body, **told)
    if status != 200:
        raise NoAnswer(f"HTTP {status}")
    return said
