"""Messages to buyers: reminders at most once, cancellations at least once, whatever the gateway and the process do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.db.models.functions import Now

from sellercenter import gateways, outgoing
from sellercenter.gateways import Draft
from sellercenter.models import Event, Fault, MessageState, OutgoingMessage
from sellercenter.outgoing import Unreachable, Wait
from tests import crashing
from tests.outside import StubGateway, message_gateway
from tests.together import in_threads

pytestmark = pytest.mark.django_db
S = MessageState


def compose(message: OutgoingMessage) -> outgoing.Composed:
    """Write what the tests send; the word in the event decides."""
    word = message.event.data.get("word", "")
    if word == "wait":
        return Wait(message.now + timedelta(hours=3))
    if word == "broken":
        raise ValueError("a buyer's phone 13800138000")
    if word in ("moot", "nobody"):
        return Unreachable() if word == "nobody" else None
    address = "a@b.example\nBcc: x@y.example" if word == "two lines" else "buyer@relay.example"
    return Draft(message.key, message.channel, address, "A subject", "Some words", "en")


class BreakingGateway:
    """A way out that breaks on one message as nobody foresaw, and takes the others."""

    taken: list[str] = []

    def send(self, draft: Draft) -> None:
        if "Bcc" in draft.address:
            raise RuntimeError(f"what is {draft.address}?")
        self.taken.append(draft.key)


@pytest.fixture
def world(settings) -> Iterator[StubGateway]:
    """A gateway outside, to which SMS and in-site messages go."""
    with message_gateway() as stub:
        settings.MESSAGE_GATEWAY_URL, settings.MESSAGE_GATEWAY_TOKEN = stub.url, "secret"
        way = "sellercenter.gateways.HttpGateway"
        settings.MESSAGE_GATEWAYS = {"sms": way, "in_site": way, "email": "sellercenter.gateways.EmailGateway"}
        yield stub


@pytest.fixture(autouse=True)
def rested(settings, monkeypatch) -> None:
    """Forget what other tests did to the channels."""
    settings.MESSAGE_COMPOSERS = {"shop": f"{__name__}.compose"}
    monkeypatch.setattr(outgoing, "_channels", {name: outgoing._Channel() for name in outgoing._channels})


def owe(shop, *, once: bool, channel: str = "in_site", **values) -> OutgoingMessage:
    """Owe one message; its key counts."""
    told = {"shop": shop, "kind": "shop.spoke", "subject_type": "shop", "subject_id": shop.pk}
    event = Event.objects.create(**told, actor_kind="system", actor_label="system", data=values.pop("data", {}))
    own = {"event": event, "channel": channel, "key": f"k{event.pk}.{channel}", "once": once}
    return OutgoingMessage.objects.create(**told, **own, **values)


def state(message: OutgoingMessage) -> tuple[str, int]:
    message.refresh_from_db()
    return message.state, message.attempts


def hurry() -> None:
    """Let everything that waits be due now."""
    OutgoingMessage.objects.filter(state__in=[S.WAITING, S.SENDING]).update(due_at=Now())


def wake_channels() -> None:
    for channel in outgoing._channels.values():
        channel.until = 0.0


@pytest.mark.parametrize("once", [True, False])
def test_a_message_leaves_once_under_its_key(shop, world, once):
    message = owe(shop, once=once)
    assert outgoing.send_due(10) == 1
    assert outgoing.send_due(10) == 0
    assert world.taken == {message.key: 1}
    assert world.messages == [
        {"id": message.key, "channel": "in_site", "to": "buyer@relay.example", "subject": "A subject"}
        | {"text": "Some words", "language": "en"}
    ]
    assert world.tokens == {"Bearer secret"}
    assert state(message) == (S.SENT, 1)
    assert message.sent_at is not None


@pytest.mark.parametrize(
    ("word", "ends", "reason"), [("moot", S.SKIPPED, ""), ("nobody", S.SKIPPED, "no address for this channel")]
)
def test_what_is_not_needed_or_leads_nowhere_is_skipped(shop, world, word, ends, reason):
    message = owe(shop, once=True, data={"word": word})
    assert outgoing.send_due(10) == 1
    assert (state(message), message.last_error, sum(world.calls.values())) == ((ends, 1), reason, 0)


def test_what_has_to_wait_is_due_when_the_composer_says(shop, world):
    message = owe(shop, once=True, data={"word": "wait"})
    outgoing.send_due(10)
    assert state(message) == (S.WAITING, 0)
    assert timedelta(hours=2, minutes=59) < message.due_at - message.created_at < timedelta(hours=3, minutes=1)
    assert outgoing.send_due(10) == 0


def test_a_message_that_can_not_be_written_keeps_its_neighbours_and_no_private_words(shop, world):
    bad, good = owe(shop, once=True, data={"word": "broken"}), owe(shop, once=True)
    assert outgoing.send_due(10) == 2
    assert (state(bad), state(good)) == ((S.WAITING, 1), (S.SENT, 1))
    assert bad.last_error.startswith("ValueError in tests/")
    assert "138" not in bad.last_error


@pytest.mark.parametrize("once", [True, False])
def test_an_address_that_no_mail_can_carry_is_given_up_and_its_neighbours_leave_once(shop, world, once):
    bad, neighbours = owe(shop, once=once, channel="email", data={"word": "two lines"}), []
    neighbours += [owe(shop, once=one, channel="email") for one in (True, False)]
    for _turn in range(3):
        outgoing.send_due(10)
        hurry()
    assert [one.extra_headers["Message-ID"][1:-11] for one in mail.outbox] == [one.key for one in neighbours]
    assert [state(one) for one in neighbours] == [(S.SENT, 1)] * 2
    assert (state(bad), bad.last_error) == ((S.DEAD, 1), "no mail can be made of it (BadHeaderError)")


@pytest.mark.parametrize(("once", "ends"), [(True, S.UNSURE), (False, S.DEAD)])
def test_a_message_on_which_its_gateway_breaks_stays_alone_with_that(shop, settings, monkeypatch, once, ends):
    monkeypatch.setattr(BreakingGateway, "taken", [])
    settings.MESSAGE_GATEWAYS = {"in_site": f"{__name__}.BreakingGateway"}
    neighbours = [owe(shop, once=True), owe(shop, once=False)]
    bad = [owe(shop, once=once, data={"word": "two lines"}) for _one in range(outgoing.STRIKES + 1)]
    last = owe(shop, once=True)
    for _turn in range(outgoing.MOST_ATTEMPTS):
        outgoing.send_due(10)
        hurry()
    assert sorted(BreakingGateway.taken) == sorted(one.key for one in (*neighbours, last))
    assert {state(one)[0] for one in bad} == {ends}
    assert bad[0].last_error.startswith("RuntimeError in tests/")
    assert "Bcc" not in bad[0].last_error


@pytest.mark.parametrize(
    ("answer", "once", "ends"),
    [
        (503, True, S.WAITING),
        (503, False, S.WAITING),
        (429, True, S.WAITING),
        (401, True, S.WAITING),
        (500, True, S.UNSURE),
        (500, False, S.WAITING),
        (None, True, S.UNSURE),
        (None, False, S.WAITING),
        (422, True, S.DEAD),
        (422, False, S.DEAD),
    ],
)
def test_what_comes_of_a_bad_answer_depends_on_the_promise(shop, world, answer, once, ends):
    world.behave = lambda message: answer
    message = owe(shop, once=once)
    outgoing.send_due(10)
    assert state(message) == (ends, 1)
    hurry()
    wake_channels()
    world.behave = lambda message: 200
    outgoing.send_due(10)
    assert state(message)[0] == (S.SENT if ends == S.WAITING else ends)
    if once:
        assert world.taken[message.key] <= 1
        assert world.calls[message.key] == (2 if ends == S.WAITING else 1)


def test_a_gateway_that_does_not_answer_in_time_may_have_taken_it(shop, world, monkeypatch):
    monkeypatch.setattr(gateways.HttpGateway, "answer_seconds", 0.1)
    world.delay = 0.4
    reminder, notice = owe(shop, once=True), owe(shop, once=False)
    outgoing.send_due(10)
    assert (state(reminder)[0], reminder.last_error) == (S.UNSURE, "no answer (TimeoutError)")
    assert state(notice)[0] == S.WAITING


def test_the_delay_grows_and_the_eighth_attempt_is_the_last(shop, world, owner):
    world.behave = lambda message: 503
    message = owe(shop, once=False)
    waits = []
    for _each in range(8):
        hurry()
        wake_channels()
        before = OutgoingMessage.objects.annotate(now=Now()).get().now
        outgoing.send_due(10)
        waits.append(round((OutgoingMessage.objects.get().due_at - before).total_seconds()))
    assert waits[:7] == [30, 120, 480, 1920, 3600, 3600, 3600]
    assert (state(message), message.last_error) == ((S.DEAD, 8), "answered 503")
    fault = Fault.objects.get()
    assert (fault.subject_type, fault.subject_id, fault.step) == ("outgoingmessage", message.pk, "send")
    assert (fault.attempts, fault.error, fault.dead_at is not None) == (8, "answered 503", True)
    hurry()
    assert outgoing.send_due(10) == 0
    world.behave = lambda message: 200
    wake_channels()
    outgoing.replay(fault, by=owner.actor)
    assert outgoing.send_due(10) == 1
    assert (state(message)[0], Fault.objects.count()) == (S.SENT, 0)
    assert world.taken == {message.key: 1}
    assert Event.objects.get(kind="fault.replayed").member == owner.member


def test_a_dead_gateway_starves_no_other_channel_and_is_asked_rarely(shop, world):
    for _each in range(20):
        owe(shop, once=False, channel="sms")
    notices = [owe(shop, once=False) for _each in range(20)]
    world.behave = lambda message: 503 if message["channel"] == "sms" else 200
    outgoing.send_due(1000)
    assert {state(one)[0] for one in notices} == {S.SENT}
    assert sum(one["channel"] == "sms" for one in world.messages) == outgoing.PARALLEL
    outgoing.send_due(1000)
    assert sum(one["channel"] == "sms" for one in world.messages) == outgoing.PARALLEL
    wake_channels()
    outgoing.send_due(1000)
    assert sum(one["channel"] == "sms" for one in world.messages) == outgoing.PARALLEL + 1
    world.behave = lambda message: 200
    hurry()
    wake_channels()
    assert outgoing.send_due(1000) == 20
    assert not OutgoingMessage.objects.exclude(state=S.SENT).exists()


def test_messages_to_a_slow_gateway_travel_side_by_side(shop, world):
    world.delay = 0.2
    messages = [owe(shop, once=True) for _each in range(outgoing.PARALLEL)]
    under_way, most = [], []

    def count() -> None:
        under_way.append(1)
        most.append(len(under_way))

    world.before, world.behave = count, lambda message: under_way.pop() and 200
    assert outgoing.send_due(100) == len(messages)
    assert max(most) > 1
    assert {state(one) for one in messages} == {(S.SENT, 1)}


def test_a_gateway_that_is_not_there_costs_no_message(shop, world, settings):
    settings.MESSAGE_GATEWAY_URL = "http://127.0.0.1:9/nothing"
    message = owe(shop, once=True)
    outgoing.send_due(10)
    assert (state(message), message.last_error) == ((S.WAITING, 1), "no connection (ConnectionRefusedError)")


def test_an_e_mail_has_one_name_over_all_attempts(shop, world):
    message = owe(shop, once=False, channel="email")
    outgoing.send_due(10)
    OutgoingMessage.objects.filter(pk=message.pk).update(state=S.WAITING, due_at=Now())
    outgoing.send_due(10)
    assert [one.extra_headers["Message-ID"] for one in mail.outbox] == [f"<{message.key}@localhost>"] * 2
    assert (mail.outbox[0].to, mail.outbox[0].subject) == (["buyer@relay.example"], "A subject")


def test_an_installation_without_a_gateway_says_so(shop, settings):
    settings.MESSAGE_GATEWAYS = {"in_site": "sellercenter.gateways.NoGateway"}
    messages = [owe(shop, once=once) for once in (True, False)]
    outgoing.send_due(10)
    assert [state(message) for message in messages] == [(S.SKIPPED, 1)] * 2
    assert {message.last_error for message in messages} == {"this installation names no gateway for the channel"}
    assert not Fault.objects.exists()


def test_the_demo_keeps_messages_in_memory(shop, settings):
    settings.MESSAGE_GATEWAYS = {"in_site": "sellercenter.gateways.RecordingGateway"}
    gateways.RecordingGateway.taken.clear()
    message = owe(shop, once=True)
    outgoing.send_due(10)
    [draft] = gateways.RecordingGateway.taken
    assert (draft.key, draft.text) == (message.key, "Some words")
    assert "buyer@" not in repr(draft)


@pytest.mark.django_db(transaction=True)
def test_no_transaction_and_no_lock_is_held_while_a_gateway_is_waited_for(shop, world):
    open_blocks, seen = [], []

    def look() -> None:
        """Read the row from another connection without waiting for it."""
        with transaction.atomic():
            found = OutgoingMessage.objects.select_for_update(nowait=True).get()
            seen.append(found.state)
        connection.close()

    world.before = look
    waiting = outgoing.ThreadPoolExecutor.map

    def wait(*args):
        open_blocks.append(connection.in_atomic_block)
        return waiting(*args)

    owe(shop, once=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outgoing.ThreadPoolExecutor, "map", wait)
        outgoing.send_due(10)
    assert (open_blocks, seen) == ([False], [S.SENDING])


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_nothing_twice(shop, world):
    messages = [owe(shop, once=i % 2 == 0) for i in range(40)]

    def work() -> None:
        while outgoing.send_due(10):
            pass

    in_threads(work, work, work)
    assert world.calls == {message.key: 1 for message in messages}
    assert set(OutgoingMessage.objects.values_list("state", "attempts")) == {(S.SENT, 1)}


@pytest.mark.django_db(transaction=True)
def test_a_sender_that_was_overtaken_writes_nothing(shop, world):
    message = owe(shop, once=False)

    def overtake() -> None:
        OutgoingMessage.objects.update(attempts=2, due_at=Now())
        connection.close()

    world.before = overtake
    outgoing.send_due(1)
    assert state(message) == (S.SENDING, 2)


CRASHES = [
    # where, what a second process finds of a reminder and of a notice, how often each was sent in the end
    ("message.claimed", S.UNSURE, 0, 1),
    ("message.composed", S.UNSURE, 0, 1),
    ("message.sent", S.UNSURE, 1, 2),
    ("message.done", S.SENT, 1, 1),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("point", "reminder_ends", "reminders", "notices"), CRASHES)
def test_a_killed_sender_repeats_no_reminder_and_loses_no_notice(
    shop, world, settings, point, reminder_ends, reminders, notices
):
    sent = {}
    for once in (True, False):
        message = owe(shop, once=once)
        http = {
            name: getattr(settings, name) for name in ("MESSAGE_COMPOSERS", "MESSAGE_GATEWAYS", "MESSAGE_GATEWAY_URL")
        }
        code = "from sellercenter import outgoing; outgoing.send_due(10)"
        assert crashing.run(code, at=point, **http) == crashing.KILLED
        assert outgoing.send_due(10) == 0
        hurry()
        outgoing.send_due(10)
        sent[once] = (state(message)[0], world.calls[message.key])
    assert sent == {True: (reminder_ends, reminders), False: (S.SENT, notices)}


@pytest.mark.django_db(transaction=True)
def test_what_kills_every_sender_is_given_up(shop, world):
    message = owe(shop, once=False)
    OutgoingMessage.objects.update(state=S.SENDING, attempts=8)
    outgoing.send_due(10)
    assert (state(message)[0], message.last_error) == (S.DEAD, "the sender died on the way")
    assert sum(world.calls.values()) == 0
