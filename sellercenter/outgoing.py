"""Messages to buyers: written when an event is passed on, sent when they are due, and never lost.

Two promises, by `once`. A reminder leaves at most once: it is marked before, and what a crash leaves marked counts as
"perhaps sent" for good. A cancellation or a refund leaves at least once: it is repeated under the same key until the
gateway took it. No transaction and no lock is held while a gateway is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from sellercenter import faults
from sellercenter.crash import crash_here
from sellercenter.gateways import Broken, Draft, GatewayError, NoWay, Rejected, Unknown, gateway
from sellercenter.models import Channel, Event, Fault, MessageState, OutgoingMessage
from sellercenter.permissions import Actor
from sellercenter.wake import wake

SEND = "sellercenter.tasks.send_messages"
SUBJECT, STEP = "outgoingmessage", "send"
MOST_ATTEMPTS = 8
NO_ADDRESS = "no address for this channel"
# Longer than a gateway may take; a sender that died gives its message back after this.
LEASE = timedelta(minutes=2)
# A channel that fails so often in a row, or once so slowly, is left alone for a while, so that others get their turn.
STRIKES, SLOW = 3, 2.0
FIRST_REST, LONGEST_REST = 5.0, 120.0
# As many messages of a healthy channel are on their way at once; a doubtful one is tried with one at a time.
PARALLEL = 8


@dataclass(frozen=True)
class Wait:
    """A composer's answer: not now, but from then on."""

    until: datetime


@dataclass(frozen=True)
class Unreachable:
    """A composer's answer: the buyer has no address for this channel."""


Composed = Draft | Wait | Unreachable | None


@dataclass(frozen=True)
class Letter:
    """What buyers are told of one kind of event: over which channels, and by which of the two promises.

    `key` names what must not be sent twice; without one, each event is told.
    """

    kind: str
    channels: tuple[str, ...]
    once: bool = False
    key: Callable[[Event], str] | None = None

    def message(self, event: Event, channel: str) -> OutgoingMessage:
        """Write one message, not saved."""
        named = self.key(event) if self.key else f"{event.kind}.{event.pk}"
        return OutgoingMessage(
            shop_id=event.shop_id,
            event=event,
            kind=event.kind,
            channel=channel,
            key=f"{named}.{channel}",
            subject_type=event.subject_type,
            subject_id=event.subject_id,
            once=self.once,
        )


@dataclass(frozen=True)
class Buyers:
    """A consumer of events that writes the messages which buyers get; an event's own `channels` win."""

    letters: Mapping[str, Letter]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of events of which buyers are told."""
        return frozenset(self.letters)

    def take(self, told: list[Event]) -> None:
        """Write the messages; what stands there already under its key stays as it is."""
        rows = [
            letter.message(event, channel)
            for event in told
            if (letter := self.letters[event.kind])
            for channel in event.data.get("channels", letter.channels)
        ]
        OutgoingMessage.objects.bulk_create(rows, ignore_conflicts=True)
        if rows:
            wake(SEND)


class _Channel:
    """What this process knows of a channel: how often it failed in a row, and until when it is left alone."""

    def __init__(self) -> None:
        self.strikes, self.rests, self.until = 0, 0, 0.0

    @property
    def resting(self) -> bool:
        return time.monotonic() < self.until

    @property
    def healthy(self) -> bool:
        return not (self.strikes or self.rests)

    def went(self, well: bool, seconds: float) -> None:
        """Count one attempt at sending."""
        if well:
            self.strikes = self.rests = 0
            return
        self.strikes += 1
        # Once it has rested, one more failure is enough to let it rest again, and longer.
        if self.strikes >= STRIKES or seconds >= SLOW:
            self.until = time.monotonic() + min(LONGEST_REST, FIRST_REST * 2**self.rests)
            self.strikes, self.rests = STRIKES - 1, min(self.rests + 1, 10)


_channels: dict[str, _Channel] = {channel: _Channel() for channel in Channel.values}


def send_due(limit: int) -> int:
    """Send up to `limit` messages that are due, and return how many were handled.

    Channel by channel, those that failed last at the end; a channel that goes on failing rests for a while.
    """
    _give_up_unsure()
    handled = 0
    for channel in sorted(_channels, key=lambda name: (_channels[name].rests, name)):
        handled += _send_channel(channel, limit - handled)
    return handled


def _give_up_unsure() -> None:
    """Count as perhaps sent what may go only once and was marked by a sender that is gone."""
    lost = OutgoingMessage.objects.filter(state=MessageState.SENDING, once=True, due_at__lte=Now())
    lost.update(state=MessageState.UNSURE, last_error="the sender died on the way")


def _send_channel(channel: str, limit: int) -> int:
    handled, state = 0, _channels[channel]
    while handled < limit and not state.resting:
        most = min(PARALLEL if state.healthy else 1, limit - handled)
        due = OutgoingMessage.objects.filter(_OPEN, due_at__lte=Now(), channel=channel).order_by("due_at", "pk")
        found = due.select_related("shop__policy", "event").annotate(now=Now())
        claimed = [message for message in found[:most] if _claim(message)]
        if not claimed:
            break
        crash_here("message.claimed")
        _see_through(claimed, state)
        handled += len(claimed)
    return handled


_OPEN = Q(state=MessageState.WAITING) | Q(state=MessageState.SENDING, once=False)


def _see_through(claimed: Sequence[OutgoingMessage], channel: _Channel) -> None:
    """Write the claimed messages, hand them over side by side, and note what came of each."""
    ready = [(message, draft) for message in claimed if (draft := _composed(message)) is not None]
    if not ready:
        return
    crash_here("message.composed")
    with ThreadPoolExecutor(PARALLEL) as pool:
        results = list(pool.map(_hand_over, [draft for _message, draft in ready]))
    crash_here("message.sent")
    for (message, _draft), (error, seconds) in zip(ready, results, strict=True):
        _note(message, error)
        if not isinstance(error, Broken):  # that says something of the message, and nothing of the channel
            channel.went(error is None or isinstance(error, (Rejected, NoWay)), seconds)
        crash_here("message.done")


def _composed(message: OutgoingMessage) -> Draft | None:
    """Return a message ready to leave, or note why it does not leave now."""
    if message.attempts > MOST_ATTEMPTS:  # each attempt so far killed its sender
        _fail(message, "the sender died on the way", again=False)
        return None
    try:
        composed = import_string(settings.MESSAGE_COMPOSERS[message.subject_type])(message)
    except (OperationalError, InterfaceError):  # the database is away, for all of them
        raise
    except Exception as error:  # one message that can't be written must not keep the others
        _fail(message, faults.describe(error), again=True)
        return None
    if isinstance(composed, Draft):
        return composed
    _leave(message, composed)
    return None


def _claim(message: OutgoingMessage) -> bool:
    """Take a message that is still open, by one guarded write; the count of attempts is the fence."""
    open_now = OutgoingMessage.objects.filter(_OPEN, pk=message.pk, attempts=message.attempts, due_at__lte=Now())
    if not open_now.update(state=MessageState.SENDING, attempts=F("attempts") + 1, due_at=Now() + LEASE):
        return False
    message.attempts += 1
    return True


def _hand_over(draft: Draft) -> tuple[GatewayError | None, float]:
    """Try to hand one message over, without the database; return what went wrong and how many seconds it took."""
    began = time.monotonic()
    try:
        gateway(draft.channel).send(draft)
    except GatewayError as error:
        return error, time.monotonic() - began
    except Exception as error:  # one message that a gateway can't bear must not keep the others
        return Broken(faults.describe(error)), time.monotonic() - began
    return None, time.monotonic() - began


def _note(message: OutgoingMessage, error: GatewayError | None) -> None:
    """Write what came of an attempt at sending."""
    if error is None:
        _write(message, state=MessageState.SENT, sent_at=Now(), last_error="")
    elif isinstance(error, NoWay):
        _write(message, state=MessageState.SKIPPED, last_error=str(error))
    elif isinstance(error, Unknown) and message.once:
        _write(message, state=MessageState.UNSURE, last_error=str(error))
    else:
        _fail(message, str(error), again=not isinstance(error, Rejected))


def _leave(message: OutgoingMessage, composed: Wait | Unreachable | None) -> None:
    """Do not send: wait for a better hour, or not at all."""
    if isinstance(composed, Wait):
        # Waiting is no attempt. Nobody else ever held the number that is given back.
        _write(message, state=MessageState.WAITING, due_at=composed.until, attempts=message.attempts - 1)
    elif composed is None:
        _write(message, state=MessageState.SKIPPED, last_error="")
    else:
        _write(message, state=MessageState.SKIPPED, last_error=NO_ADDRESS)


@transaction.atomic
def _fail(message: OutgoingMessage, reason: str, *, again: bool) -> None:
    """Try again later, or give up where people can see it."""
    if again and message.attempts < MOST_ATTEMPTS:
        later = Now() + faults.wait_after(message.attempts)
        _write(message, state=MessageState.WAITING, due_at=later, last_error=reason[:300])
    elif _write(message, state=MessageState.DEAD, last_error=reason[:300]):
        faults.bury(SUBJECT, message.pk, STEP, message.shop_id, reason, attempts=message.attempts)


def _write(message: OutgoingMessage, **values: Any) -> bool:
    """Write what came of an attempt, unless another sender has taken the message over meanwhile."""
    own = OutgoingMessage.objects.filter(pk=message.pk, state=MessageState.SENDING, attempts=message.attempts)
    return bool(own.update(**values))


@transaction.atomic
def replay(fault: Fault, *, by: Actor) -> None:
    """Send a message that was given up again, now, if it still makes sense; forget the fault."""
    dead = OutgoingMessage.objects.filter(pk=fault.subject_id, state=MessageState.DEAD)
    dead.update(state=MessageState.WAITING, attempts=0, due_at=Now(), last_error="")
    faults.forget(fault, by=by)
    wake(SEND)


def of(subject_type: str, subject_id: int) -> QuerySet[OutgoingMessage]:
    """Return the messages about one record, oldest first."""
    return OutgoingMessage.objects.filter(subject_type=subject_type, subject_id=subject_id).order_by("pk")
