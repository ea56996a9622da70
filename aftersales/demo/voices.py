"""What buyers of the demo say: reviews of what they got, and messages, of which some wait for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from aftersales.demo import writing
from aftersales.demo.scenes import Scene, Told, one
from aftersales.models import NEGATIVE, ChatMessage, Conversation, Review
from aftersales.states import Cause, Side
from orders.clocks import plus
from orders.demo.markets import Wheel
from orders.models import Order, OrderLine
from orders.states import Status
from sellercenter.permissions import BUYER, CHANNEL

_REVIEWED, _TALKED = 0.7, 0.08
STARS: Wheel[int] = Wheel({5: 62, 4: 20, 3: 9, 2: 4, 1: 5})
_CAUSES: Wheel[Cause] = Wheel(
    {Cause.QUALITY: 40, Cause.PACKAGE: 22, Cause.DELIVERY: 18, Cause.SERVICE: 8, Cause.WRONG_ITEM: 8, Cause.OTHER: 4}
)
_BATCH = 2000
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# Threads of the last days wait for an answer now and then; older ones were all answered.
_FRESH = timedelta(hours=30)


def write(scene: Scene) -> None:
    """Write the reviews and the messages of a shop."""
    waiting: list[Review] = []
    for review in _reviews(scene):
        waiting.append(review)
        if len(waiting) == _BATCH:
            _write_reviews(scene, waiting)
            waiting.clear()
    _write_reviews(scene, waiting)
    _write_talks(scene)


def _write_reviews(scene: Scene, reviews: list[Review]) -> None:
    told = [Told(one.at, "review.added", one, CHANNEL, {"stars": one.rating, "first": one.rating}) for one in reviews]
    told += [
        Told(one.replied_at, "review.replied", one, scene.speaker, {"stars": one.rating})
        for one in reviews
        if one.replied_at
    ]
    writing.write(writing.rows(Review, reviews), writing.history(scene, told))


def _reviews(scene: Scene) -> Iterator[Review]:
    """Give a review of the first line of most completed orders that were paid for."""
    bought = OrderLine.objects.for_shop(scene.shop).filter(order__status=Status.COMPLETED, position=1, amount__gt=0)
    about = ("order", "order__number", "order__buyer", "order__buyer_nickname", "order__completed_at")
    for line, product, *order in bought.order_by("pk").values_list("pk", "product", *about).iterator():
        pk, number, buyer, nickname, completed = order
        rng = scene.chance("review", number)
        at = completed + _DAY * 4 * rng.random() if completed else scene.until
        if rng.random() < _REVIEWED and at < scene.until:
            owner = {"order_id": pk, "line_id": line, "product_id": product, "buyer_id": buyer}
            yield _review(scene, rng, at, number, buyer_nickname=nickname, **owner)


def _review(scene: Scene, rng: Random, at: datetime, number: str, **owner: Any) -> Review:
    stars, words = STARS.spin(rng), scene.words
    review = Review(
        pk=scene.key(Review),
        shop=scene.shop,
        number=f"V{number}",
        rating=stars,
        first_rating=stars,
        words=one(rng, words.REVIEWS[stars]),
        at=at,
        **owner,
    )
    if (added := at + 9 * _DAY) < scene.until and rng.random() < 0.05:
        review.more_words, review.more_at = one(rng, words.LATER), added
    negative, replied = stars <= NEGATIVE, at + _HOUR * (1 + 30 * rng.random())
    if replied < scene.until and rng.random() < (0.75 if negative else 0.06):
        review.reply, review.replied_at = one(rng, words.REPLIES), replied
        review.replied_by_id, review.replied_label = scene.speaker.member_id, scene.speaker.label
    if negative and review.replied_at and rng.random() < 0.8:
        review.cause, review.classified_at = str(_CAUSES.spin(rng)), review.replied_at
        review.seller_fault = review.cause in (Cause.QUALITY, Cause.PACKAGE, Cause.SERVICE, Cause.WRONG_ITEM)
    return review


def _write_talks(scene: Scene) -> None:
    """Write the threads of one order in twelve, a few thousand at a time."""
    names = ("pk", "number", "buyer", "buyer_nickname", "placed_at")
    orders = Order.objects.for_shop(scene.shop).order_by("pk").values_list(*names)
    threads: list[Conversation] = []
    messages: list[ChatMessage] = []
    told: list[Told] = []
    for pk, number, buyer, nickname, placed in orders.iterator():
        rng = scene.chance("talk", number)
        if rng.random() < _TALKED:
            thread = Conversation(
                **{"pk": scene.key(Conversation), "shop": scene.shop, "buyer_id": buyer, "order_id": pk},
                **{"buyer_nickname": nickname, "started_at": placed},
            )
            threads.append(thread)
            messages += _talk(scene, thread, placed, rng, told)
        if len(threads) == _BATCH:
            _write_threads(scene, threads, messages, told)
    _write_threads(scene, threads, messages, told)


def _write_threads(scene: Scene, threads: list[Conversation], messages: list[ChatMessage], told: list[Told]) -> None:
    writing.write(
        writing.rows(Conversation, threads),
        writing.rows(ChatMessage, messages),
        writing.history(scene, told),
    )
    for written in (threads, messages, told):
        written.clear()  # type: ignore[attr-defined]


def _talk(scene: Scene, thread: Conversation, placed: datetime, rng: Random, told: list[Told]) -> Iterator[ChatMessage]:
    """Give the messages of a thread, and let the thread say what stands in them."""
    question, answer = one(rng, scene.words.TALKS)
    at = (
        placed + (scene.until - placed) * rng.random()
        if scene.until - placed < 6 * _DAY
        else placed + 5 * _DAY * rng.random()
    )
    thread.started_at = at
    asked = [(at, question)]
    if rng.random() < 0.3 and (again := at + _HOUR * (1 + rng.random())) < scene.until:
        asked.append((again, one(rng, scene.words.MORE)))
    for when, words in asked:
        yield _message(scene, thread, when, words, told)
    replied = asked[-1][0] + _HOUR * (0.1 + 9 * rng.random())
    if replied < scene.until and not (scene.until - at < _FRESH and rng.random() < 0.5):
        thread.unread, thread.reply_by = 0, None
        yield _message(scene, thread, replied, answer, told, ours=True)
    else:
        thread.unread, thread.reply_by = len(asked), plus(at, scene.shop.policy.reply_within)


def _message(
    scene: Scene, thread: Conversation, at: datetime, words: str, told: list[Told], *, ours: bool = False
) -> ChatMessage:
    by, key = scene.speaker, scene.key(ChatMessage)
    who: dict[str, Any] = {"side": str(Side.BUYER), "number": f"M{key}", "label": thread.buyer_nickname[:60]}
    if ours:
        who = {"side": str(Side.SELLER), "member_id": by.member_id, "label": by.label}
    thread.last_at, thread.last_side, thread.last_words = at, who["side"], " ".join(words.split())[:120]
    kind = "conversation.answered" if ours else "conversation.message"
    told.append(Told(at, kind, thread, by if ours else BUYER, {"message": key}))
    return ChatMessage(pk=key, shop_id=scene.shop.pk, conversation=thread, words=words, at=at, **who)
