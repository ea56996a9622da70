"""What waits in reviews and messages, as lists that can be counted up to a cap."""

from __future__ import annotations

from django.db.models import QuerySet

from aftersales.models import Conversation, Review
from aftersales.review_filters import ANSWERED, IS_NEGATIVE
from sellercenter.models import Shop


def reviews_to_answer(shop: Shop) -> QuerySet[Review]:
    """Return the negative reviews that nobody has answered; `review_list?tab=to_answer` lists them."""
    return Review.objects.for_shop(shop).filter(IS_NEGATIVE & ~ANSWERED)


def conversations_waiting(shop: Shop) -> QuerySet[Conversation]:
    """Return the threads in which a buyer waits for an answer; the address `conversation_list` lists them."""
    return Conversation.objects.for_shop(shop).filter(reply_by__isnull=False)


def conversations_unread(shop: Shop) -> QuerySet[Conversation]:
    """Return the threads with messages that nobody has read; `conversation_list?tab=unread` lists them."""
    return Conversation.objects.for_shop(shop).filter(unread__gt=0)
