"""Make reviews and messages through their verbs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aftersales import canned, conversations, reviews
from aftersales.models import CannedReply, Conversation, Review
from aftersales.reviews import ReviewFacts
from orders.models import Order
from sellercenter.models import Shop
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make


def facts(about: Order, *, rating: int = 1, words: str = "It broke.", **more: Any) -> ReviewFacts:
    """Tell of a review of an order, written an hour ago."""
    told = {"number": make.number("RV"), "at": make.NOW - make.HOUR, "order": about.number, **more}
    return ReviewFacts(rating=rating, words=words, **told)


def review(about: Order, **more: Any) -> Review:
    """Take a review of an order in."""
    return reviews.add(about.shop, facts(about, **more), by=CHANNEL)


def message(order: Order, words: str = "Where is it?", *, at: datetime | None = None, number: str = "") -> Conversation:
    """Let the order's buyer write, an hour ago; return the thread."""
    number = number or make.number("M")
    told = {"words": words, "number": number, "at": at or make.NOW - make.HOUR}
    conversations.receive(order.shop, buyer=order.buyer, order=order, by=BUYER, **told)
    return Conversation.objects.select_related("shop__policy", "buyer__shop").get(order=order)


def canned_reply(shop: Shop, shortcut: str = "hello", body: str = "Dear {buyer}", use: str = "message") -> CannedReply:
    """Keep a canned reply."""
    return canned.add(shop, use=use, shortcut=shortcut, body=body, by=SYSTEM)


def some_reviews(shop: Shop, n: int) -> list[Review]:
    """Take in reviews of all stars with equal times, some answered, some classified."""
    order = make.order(shop, lines=[make.line("Tea"), make.line("Cup")])
    lines = [line.number for line in order.lines.all()]
    found = [
        review(order, rating=1 + i % 5, line=lines[i % 2], at=make.NOW - (i % 3) * make.HOUR, words="words " * (i % 4))
        for i in range(n)
    ]
    for one in found[::3]:
        reviews.reply(one, words="We are sorry.", seen=reviews.said(one), by=SYSTEM)
    for one in found[::4]:
        reviews.classify(one, cause="quality", seller_fault=True, seen=reviews.classed(one), by=SYSTEM)
    return found
