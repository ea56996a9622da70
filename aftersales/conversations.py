"""Verbs on conversations: a buyer's message counts once, an answer leaves, and what waits has one clock.

The row of the conversation is locked by whoever adds to it, so that numbers and clocks follow the messages one by one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from aftersales.models import ChatMessage, Conversation
from aftersales.states import Side
from aftersales.wording import unfilled
from orders.models import Buyer, Order
from sellercenter import events
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import Event, Shop
from sellercenter.permissions import SYSTEM, Actor, Perm

MOST_WORDS, SHOWN_WORDS, MOST_NUMBER = 2000, 120, 80
# The team is told so long before the time to answer ends; what ended longer ago was told, or is on the home board.
WARNING, STALE = timedelta(hours=4), timedelta(days=1)
WARNED = "conversation.warned"
# After these, a next message of the buyer is a new reason to warn.
_TURNS = (WARNED, "conversation.answered", "conversation.settled")


@transaction.atomic
def receive(
    shop: Shop, *, buyer: Buyer, order: Order | None, words: str, number: str, at: datetime, by: Actor
) -> ChatMessage | None:
    """Add a buyer's message to the thread about an order, or about none; return it, or None when it was known.

    `number` is the platform's, by which it counts once; `at` is when it was written. The clock of the thread counts
    from the first message that nobody has answered. Words of any length come in, cut to what fits.
    """
    if not by.is_outside:
        raise PermissionDenied(f"{by.label} may not write as a buyer")
    words, number = words.replace("\0", "").strip()[:MOST_WORDS], number.replace("\0", "").strip()
    # A number is never cut: of two that begin alike the second would count as known, and be lost.
    if not words or not 0 < len(number) <= MOST_NUMBER:
        raise Refused(_("A message needs its words, and its number so that it counts once."), "bad_message")
    if buyer.shop_id != shop.pk or (order is not None and (order.shop_id, order.buyer_id) != (shop.pk, buyer.pk)):
        raise Refused(_("This order is not one of the buyer's."), "foreign_order")
    conversation = _thread(shop, buyer, order)
    now = locked(conversation)
    if conversation.messages.filter(number=number).exists():
        return None
    at = min(at, now)
    facts = {"side": Side.BUYER, "number": number, "label": buyer.nickname[:60]}
    message = ChatMessage.objects.create(shop=shop, conversation=conversation, words=words, at=at, **facts)
    conversation.unread += 1
    conversation.reply_by = _earlier(conversation.reply_by, _answer_by(shop, at))
    _keep(conversation, newest=message)
    events.record(shop, "conversation.message", conversation, by=by, message=message.pk)
    return message


def _thread(shop: Shop, buyer: Buyer, order: Order | None) -> Conversation:
    nickname = (order.buyer_nickname if order else "") or buyer.nickname
    found, _new = Conversation.objects.get_or_create(
        shop=shop, buyer=buyer, order=order, defaults={"buyer_nickname": nickname[:80], "last_at": _BEFORE}
    )
    return found


# A thread that is just being begun has no last message; everything comes after this.
_BEFORE = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _answer_by(shop: Shop, at: datetime) -> datetime | None:
    within = shop.policy.reply_within
    return at + within if within else None


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((time for time in (one, other) if time is not None), default=None)


def _keep(conversation: Conversation, *, newest: ChatMessage | None = None) -> None:
    """Write what a locked conversation says of its messages; one that comes late is not its last."""
    if newest is not None and newest.at >= conversation.last_at:
        conversation.last_at, conversation.last_side = newest.at, newest.side
        conversation.last_words = " ".join(newest.words.split())[:SHOWN_WORDS]
    conversation.save(update_fields=["unread", "reply_by", "last_at", "last_side", "last_words"])


@transaction.atomic
def answer(conversation: Conversation, *, words: str, seen: int, by: Actor) -> ChatMessage:
    """Answer a buyer; the words leave by the message gateway, at least once and always under the same key.

    `seen` is the newest message on the page. Refused when a colleague has answered since, so that nobody answers twice;
    what the buyer has written since stays unread, and waits.
    """
    by.require(Perm.MESSAGES_ANSWER)
    words = words.replace("\0", "").strip()
    if not words or len(words) > MOST_WORDS:
        raise Refused(_("Write an answer of at most %d characters.") % MOST_WORDS, "bad_words")
    if names := unfilled(words):
        raise Refused(_("Put something in place of %s first.") % ", ".join(names), "unfilled")
    now = locked(conversation)
    if conversation.messages.filter(side=Side.SELLER, pk__gt=seen).exists():
        raise Refused(_("A colleague has answered meanwhile. Read the answer first."), "changed_meanwhile")
    who = {"side": Side.SELLER, "member_id": by.member_id, "label": by.label[:60]}
    message = ChatMessage(shop_id=conversation.shop_id, conversation=conversation, words=words, at=now, **who)
    message.save(force_insert=True)
    _settle_up_to(conversation, seen, newest=message)
    events.record(conversation.shop, "conversation.answered", conversation, by=by, message=message.pk)
    return message


@transaction.atomic
def settle(conversation: Conversation, *, seen: int, by: Actor) -> None:
    """Say that what the buyer wrote, up to the message `seen`, needs no answer: its clock stops."""
    by.require(Perm.MESSAGES_ANSWER)
    locked(conversation)
    if conversation.reply_by is None and not conversation.unread:
        return
    _settle_up_to(conversation, seen)
    events.record(conversation.shop, "conversation.settled", conversation, by=by)


def _settle_up_to(conversation: Conversation, seen: int, *, newest: ChatMessage | None = None) -> None:
    """Count messages of the buyer up to `seen` as read and answered; later ones wait from their own time on."""
    later = conversation.messages.filter(side=Side.BUYER, pk__gt=seen).order_by("at", "pk")
    times = list(later.values_list("at", flat=True))
    conversation.unread = len(times)
    conversation.reply_by = _answer_by(conversation.shop, times[0]) if times else None
    _keep(conversation, newest=newest)


@transaction.atomic
def mark_read(conversation: Conversation, *, seen: int, by: Actor) -> None:
    """Count the buyer's messages up to `seen` as read; the clock goes on until somebody answers."""
    by.require(Perm.MESSAGES_ANSWER)
    locked(conversation)
    later = conversation.messages.filter(side=Side.BUYER, pk__gt=seen).count()
    if later < conversation.unread:
        conversation.unread = later
        _keep(conversation)


@transaction.atomic
def warn_due(limit: int) -> int:
    """Tell the team of up to `limit` buyers whose time to be answered ends soon, once for each turn; return how many.

    A sweep: what needs a warning is read from the clocks and from history, so any number may run at once.
    """
    now = Now()
    # Bounded below, so that threads nobody ever answered do not pile up before those that can still be saved.
    soon = Conversation.objects.filter(reply_by__lte=now + WARNING, reply_by__gt=now - STALE)
    due = soon.annotate(turn=_LAST_TURN).exclude(turn=WARNED).order_by("reply_by", "pk")
    keys = list(due.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:limit])
    # Asked again under the locks: another sweep may have warned between the two looks.
    waiting = Conversation.objects.filter(pk__in=keys).annotate(turn=_LAST_TURN).exclude(turn=WARNED)
    events.record_all(WARNED, waiting, by=SYSTEM, data=lambda one: {"reply_by": one.reply_by})
    return len(keys)


_OWN = Event.objects.filter(subject_type="conversation", subject_id=OuterRef("pk"), kind__in=_TURNS)
_LAST_TURN = Coalesce(Subquery(_OWN.order_by("-at", "-pk").values("kind")[:1]), Value(""))
