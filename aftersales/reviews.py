"""Verbs on reviews: they arrive once whoever tells of them, are answered once, and are put down to a cause."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from aftersales import reply_rules
from aftersales.models import NEGATIVE, Review
from aftersales.review_goods import Goods, Place, goods_of
from aftersales.states import Cause
from sellercenter import events
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import Shop
from sellercenter.permissions import CHANNEL, Actor, Perm

MOST_WORDS, MOST_REPLY = 4000, 1000
# A negative review that was written longer ago is history: it waits in its tab, but nobody is called.
FRESH = timedelta(days=7)
# So far a platform's clock may be ahead of ours.
AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class ReviewFacts:
    """What is told of one review; `order`, `line`, `sku` and `product` are numbers, of which some may be empty."""

    number: str
    rating: int
    at: datetime
    words: str = ""
    order: str = ""
    line: str = ""
    sku: str = ""
    product: str = ""
    more_words: str = ""
    more_at: datetime | None = None
    reply: str = ""
    replied_at: datetime | None = None


@dataclass
class Loaded:
    """What became of told reviews: numbers of them, and by their place in what was told why some were refused."""

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: dict[int, str] = field(default_factory=dict)


@transaction.atomic
def add(shop: Shop, facts: ReviewFacts, *, by: Actor) -> Review:
    """Take in one review and return it; told again, stars and words follow and the first stars stay.

    Raises Refused when it can't be put down to something that this shop sold.
    """
    loaded = load(shop, [facts], by=by)
    if loaded.refused:
        raise Refused(loaded.refused[0], "bad_review")
    return Review.objects.for_shop(shop).get(number=facts.number)


@transaction.atomic
def load(shop: Shop, told: Sequence[ReviewFacts], *, by: Actor) -> Loaded:
    """Take in many reviews at once, in a handful of queries however many they are.

    Each review counts once by its number. Later stars, words and additions are followed, the first stars stay; what
    is known already changes nothing. People need the right to import.
    """
    if not by.is_outside:
        by.require(Perm.IMPORTS_RUN)
    # One load of a shop after the other, so that a number that two of them tell is new to one.
    now = Shop.objects.select_for_update(no_key=True).annotate(now_there=Now()).get(pk=shop.pk).now_there
    result, goods = Loaded(), goods_of(shop, told)
    placed = _placed(told, goods, now, result)
    stored = {one.number: one for one in _stored(shop, placed)}
    new = [_fresh(shop, facts, place) for facts, place in placed.values() if facts.number not in stored]
    changed = [
        one
        for facts, _place in placed.values()
        if (one := stored.get(facts.number)) is not None and _follow(one, facts)
    ]
    Review.objects.bulk_create(new, batch_size=1000)
    Review.objects.bulk_update(changed, _FOLLOWED, batch_size=1000)
    _tell(new, changed, now, by)
    result.new, result.changed = len(new), len(changed)
    result.same = len(placed) - len(new) - len(changed)
    return result


_FOLLOWED = ["rating", "words", "more_words", "more_at", "reply", "replied_at", "replied_label"]


def _placed(
    told: Sequence[ReviewFacts], goods: Goods, now: datetime, result: Loaded
) -> dict[str, tuple[ReviewFacts, Place]]:
    """Return what can be taken, by number, and note why the rest can't."""
    placed: dict[str, tuple[ReviewFacts, Place]] = {}
    for i, facts in enumerate(told):
        try:
            _check(facts, now)
            if facts.number in placed:
                raise Refused(_("A review of this number was told already."), "twice")
            placed[facts.number] = facts, goods.place(facts)
        except Refused as refused:
            result.refused[i] = str(refused.message)
    return placed


def _check(facts: ReviewFacts, now: datetime) -> None:
    if not facts.number or len(facts.number) > 64:
        raise Refused(_("A review needs its number, of at most 64 characters, so that it counts once."), "no_number")
    if not 1 <= facts.rating <= 5:
        raise Refused(_("Stars go from 1 to 5."), "bad_stars")
    if facts.at > now + AHEAD:
        raise Refused(_("A review can't have been written in the future."), "bad_time")


def _stored(shop: Shop, numbers: Iterable[str]) -> list[Review]:
    """Lock what is known of these reviews, always in the same order."""
    found = Review.objects.for_shop(shop).filter(number__in=list(numbers))
    return list(found.order_by("pk").select_for_update(no_key=True))


def _fresh(shop: Shop, facts: ReviewFacts, place: Place) -> Review:
    return Review(
        shop=shop,
        number=facts.number,
        order_id=place.order_id,
        line_id=place.line_id,
        product_id=place.product_id,
        buyer_id=place.buyer_id,
        buyer_nickname=place.nickname,
        rating=facts.rating,
        first_rating=facts.rating,
        at=facts.at,
        **_said(facts),
    )


def _said(facts: ReviewFacts) -> dict[str, Any]:
    """Return the words of a told review as they are kept: whole, unless the platform sends more than fits."""
    more, reply = _kept(facts.more_words, MOST_WORDS), _kept(facts.reply, MOST_REPLY)
    return {
        "words": _kept(facts.words, MOST_WORDS),
        "more_words": more,
        "more_at": (facts.more_at or facts.at) if more else None,
        "reply": reply,
        "replied_at": (facts.replied_at or facts.at) if reply else None,
        "replied_label": CHANNEL.label if reply else "",
    }


def _kept(words: str, most: int) -> str:
    return words.replace("\0", "").strip()[:most]


def _follow(review: Review, facts: ReviewFacts) -> bool:
    """Let a stored review say what is told of it now; what is told empty stays, and our answer is never replaced."""
    said = {name: value for name, value in _said(facts).items() if value}
    if review.replied_at is not None:
        said = {name: value for name, value in said.items() if not name.startswith("repl")}
    if review.more_words and facts.more_at is None:
        said.pop("more_at", None)
    before = {name: getattr(review, name) for name in _FOLLOWED}
    for name, value in {**said, "rating": facts.rating}.items():
        setattr(review, name, value)
    return before != {name: getattr(review, name) for name in _FOLLOWED}


def _tell(new: Sequence[Review], changed: Sequence[Review], now: datetime, by: Actor) -> None:
    """Write history: a fresh negative review is an event of its own kind, of which somebody is told."""
    calls = [one for one in new if one.first_rating <= NEGATIVE and one.replied_at is None and one.at >= now - FRESH]
    called = {one.pk for one in calls}
    quiet = [one for one in new if one.pk not in called]
    events.record_all("review.negative", calls, by=by, data=_stars)
    events.record_all("review.added", quiet, by=by, data=_stars)
    events.record_all("review.changed", changed, by=by, data=_stars)


def _stars(review: Review) -> dict[str, Any]:
    return {"stars": review.rating, "first": review.first_rating}


@transaction.atomic
def reply(review: Review, *, words: str, seen: str, by: Actor) -> None:
    """Answer a review, once; the words are published on the platform as they are.

    `seen` is the `said` of the review on the page. Refused when it was answered or changed since, and for words that
    offer something for a better rating.
    """
    by.require(Perm.MESSAGES_ANSWER)
    words = words.replace("\0", "").strip()
    if not words or len(words) > MOST_REPLY:
        raise Refused(_("Write an answer of at most %d characters.") % MOST_REPLY, "bad_words")
    if wrong := reply_rules.objection(words):
        raise Refused(wrong.says, "bought_rating")
    locked(review)
    if review.replied_at is not None:
        raise Refused(_("Somebody has answered this review already."), "answered")
    if said(review) != seen:
        raise Refused(_("The buyer has changed the review meanwhile. Read it again."), "changed_meanwhile")
    mine = {"reply": words, "replied_by_id": by.member_id, "replied_label": by.label[:60]}
    Review.objects.filter(pk=review.pk, replied_at=None).update(**mine, replied_at=Now())
    events.record(review.shop, "review.replied", review, by=by, stars=review.rating)


@transaction.atomic
def classify(review: Review, *, cause: Cause | str, seller_fault: bool, seen: str, by: Actor) -> None:
    """Put a review down to a cause, and say whether it was our fault; a later class replaces an earlier one.

    `seen` is the `classed` of the review on the page; refused when a colleague has changed it since.
    """
    by.require(Perm.MESSAGES_ANSWER)
    cause = Cause(cause)
    locked(review)
    if (cause, seller_fault) == (review.cause, review.seller_fault):
        return
    if classed(review) != seen:
        raise Refused(_("A colleague has classified this review meanwhile. Look at it again."), "changed_meanwhile")
    before = {"cause": review.cause, "our_fault": review.seller_fault}
    Review.objects.filter(pk=review.pk).update(cause=cause, seller_fault=seller_fault, classified_at=Now())
    after = {"cause": str(cause), "our_fault": seller_fault}
    events.record(review.shop, "review.classified", review, by=by, before=before, after=after)


def said(review: Review) -> str:
    """Return a mark of what the buyer says, to tell later whether it has changed."""
    return _mark(review.rating, review.words, review.more_words)


def classed(review: Review) -> str:
    """Return a mark of the class that a review has, to tell later whether it has changed."""
    return _mark(review.cause, review.seller_fault)


def _mark(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()
