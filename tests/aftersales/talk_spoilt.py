"""How to break on purpose what must hold of reviews and conversations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from aftersales import conversations, reviews
from aftersales.models import Conversation
from sellercenter import events
from sellercenter.permissions import SYSTEM
from tests import make
from tests.aftersales import talk


def _sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _answered(shop: Any) -> Conversation:
    conversation = talk.message(make.order(shop))
    conversations.answer(conversation, words="Sorry.", seen=conversation.messages.get().pk, by=SYSTEM)
    return conversation


def _review_of_its_line(shop: Any) -> None:
    review = talk.review(make.order(shop))
    _sql("UPDATE aftersales_review SET order_id = %s WHERE id = %s", make.order(shop).pk, review.pk)


def _review_answered_once(shop: Any) -> None:
    review = talk.review(make.order(shop))
    reviews.reply(review, words="Sorry.", seen=reviews.said(review), by=SYSTEM)
    events.record(shop, "review.replied", review, by=SYSTEM)


def _conversation_unread(shop: Any) -> None:
    _sql("UPDATE aftersales_conversation SET unread = 2 WHERE id = %s", talk.message(make.order(shop)).pk)


def _conversation_waits_for_a_message(shop: Any) -> None:
    pk = talk.message(make.order(shop)).pk
    _sql("UPDATE aftersales_conversation SET reply_by = now() - interval '9 days' WHERE id = %s", pk)


def _conversation_says_its_last(shop: Any) -> None:
    _sql("UPDATE aftersales_conversation SET last_at = now() WHERE id = %s", talk.message(make.order(shop)).pk)


def _answer_is_told_once(shop: Any) -> None:
    conversation = _answered(shop)
    message = conversation.messages.get(side="seller").pk
    events.record(shop, "conversation.answered", conversation, by=SYSTEM, message=message)


BREAKERS: dict[str, Callable[[Any], None]] = {
    "review_of_its_line": _review_of_its_line,
    "review_answered_once": _review_answered_once,
    "conversation_unread": _conversation_unread,
    "conversation_waits_for_a_message": _conversation_waits_for_a_message,
    "conversation_says_its_last": _conversation_says_its_last,
    "answer_is_told_once": _answer_is_told_once,
}
