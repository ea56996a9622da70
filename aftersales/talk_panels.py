"""What messages and reviews show on the page of an order and of a case: the threads about it, and its reviews."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from aftersales.models import Case, Conversation, Review
from aftersales.review_tables import answer, stars, words
from orders.models import Order
from sellercenter.columns import Setting
from sellercenter.permissions import Actor, Perm
from sellercenter.times import due, moment

MOST = 5


def of_order(order: Order, at: Setting, by: Actor) -> dict[str, Any] | None:
    """Return the panel of an order for those who may see after-sales; None when nobody wrote anything."""
    if not by.may(Perm.AFTERSALES_VIEW):
        return None
    panel = _panel(order.pk, at)
    return panel | {"timeline": []} if panel else None


def of_case(case: Case, at: Setting, by: Actor) -> list[dict[str, Any]]:
    """Return the panel of a case: what was written about its order, or nothing."""
    panel = _panel(case.order_id, at)
    return [panel] if panel else []


def _panel(order_id: int, at: Setting) -> dict[str, Any] | None:
    threads = Conversation.objects.for_shop(at.shop).filter(order=order_id).order_by("-pk")[:MOST]
    reviews = Review.objects.for_shop(at.shop).filter(order=order_id).order_by("-at", "-pk")[:MOST]
    rows = [*(_thread(one, at) for one in threads), *(_review(one, at) for one in reviews)]
    return {"template": "aftersales/parts/talk.html", "rows": rows} if rows else None


def _thread(one: Conversation, at: Setting) -> dict[str, Any]:
    label = _("The buyer waits for an answer until then.")
    return {
        "icon": "message",
        "words": one.last_words,
        "url": reverse("conversation_detail", args=[at.shop.code, one.pk]),
        "at": moment(one.last_at, at.zone, this_year=at.year),
        "badges": [],
        "due": due(one.reply_by, at.now, at.zone, label=label),
    }


def _review(one: Review, at: Setting) -> dict[str, Any]:
    return {
        "icon": "star",
        "words": words(one, at) or _("Stars without words."),
        "url": reverse("review_detail", args=[at.shop.code, one.pk]),
        "at": moment(one.at, at.zone, this_year=at.year),
        "badges": [*stars(one, at), *answer(one, at)],
        "due": None,
    }
