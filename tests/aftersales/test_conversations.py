"""Messages: each counts once, answers leave, one clock says who waits, and a buyer's words are words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from aftersales import canned, conversations
from aftersales.conversations_sent import compose
from aftersales.models import CannedReply, ChatMessage, Conversation
from orders import buyers
from orders.models import Buyer
from orders.states import Status
from sellercenter import invariants, outbox, outgoing
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, OutgoingMessage
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.aftersales import talk
from tests.conftest import fresh, row, told, url
from tests.outside import message_gateway
from tests.together import at_once, in_threads

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=24)


@pytest.fixture
def order(shop):
    return make.order(shop)


def seen(conversation):
    return max(conversation.messages.values_list("pk", flat=True))


def clock(conversation):
    stored = fresh(conversation)
    return stored.unread, stored.reply_by


# --- Coming in --------------------------------------------------------------------------------------------------------


def test_a_message_counts_once_and_the_clock_runs_from_the_first_one(order):
    first = make.NOW - 3 * make.HOUR
    talk.message(order, "Hello?", at=first, number="m1")
    conversation = talk.message(order, "Anybody?", at=first + make.HOUR, number="m2")
    talk.message(order, "Hello?", at=first, number="m1")
    assert conversation.messages.count() == 2
    assert clock(conversation) == (2, first + DAY)
    assert (conversation.last_words, conversation.last_at) == ("Anybody?", first + make.HOUR)
    # One that comes late is not the last one, but the buyer has waited since.
    talk.message(order, "Before", at=first - make.HOUR, number="m0")
    assert clock(conversation) == (3, first - make.HOUR + DAY)
    assert fresh(conversation).last_words == "Anybody?"
    assert told(conversation) == ["conversation.message"] * 3


@pytest.mark.django_db(transaction=True)
def test_the_same_message_at_once_from_everywhere_counts_once(shop):
    order = make.order(shop)
    in_threads(*([lambda: talk.message(order, number="m1")] * 6))
    assert (Conversation.objects.get().unread, ChatMessage.objects.count()) == (1, 1)
    in_threads(*(lambda n=n: talk.message(order, number=f"n{n}") for n in range(6)))
    assert Conversation.objects.get().unread == 7
    assert Event.objects.filter(kind="conversation.message").count() == 7


def test_a_thread_about_no_order_is_a_thread_of_its_own(order, shop):
    talk.message(order)
    facts = {"buyer": order.buyer, "order": None, "words": "Do you ship?", "number": "q1", "at": make.NOW}
    conversations.receive(shop, by=CHANNEL, **facts)
    assert Conversation.objects.count() == 2


def test_words_of_any_length_come_in_and_people_do_not_write_as_buyers(order, shop, other_shop, owner):
    conversation = talk.message(order, "x" * 5000 + "\0", at=timezone.now() + DAY)
    assert len(conversation.messages.get().words) == 2000
    assert conversation.last_at <= timezone.now()
    facts = {"words": "hi", "number": "m", "at": make.NOW}
    with pytest.raises(PermissionDenied):
        conversations.receive(shop, buyer=order.buyer, order=order, by=owner.actor, **facts)
    with pytest.raises(Refused):
        conversations.receive(other_shop, buyer=order.buyer, order=order, by=BUYER, **facts)
    with pytest.raises(Refused):
        conversations.receive(shop, buyer=order.buyer, order=order, by=BUYER, **facts | {"number": " "})
    assert ChatMessage.objects.count() == 1


def test_the_number_of_a_message_is_never_cut_and_holds_no_zero_byte(order, shop):
    facts = {"buyer": order.buyer, "order": order, "words": "hi\0", "at": make.NOW, "by": BUYER}
    assert conversations.receive(shop, **facts, number="a\0" + "n" * 79).number == "a" + "n" * 79
    with pytest.raises(Refused):
        conversations.receive(shop, **facts, number="n" * 81)
    assert ChatMessage.objects.count() == 1


# --- Answering --------------------------------------------------------------------------------------------------------


def test_an_answer_leaves_once_under_its_key_and_stops_the_clock(order, service, settings):
    conversation = talk.message(order)
    answer = conversations.answer(conversation, words="It is on its way.", seen=seen(conversation), by=service.actor)
    assert clock(conversation) == (0, None)
    assert (fresh(conversation).last_side, fresh(conversation).last_words) == ("seller", "It is on its way.")
    outbox.fan_out(100)
    message = OutgoingMessage.objects.get(subject_type="conversation")
    assert (message.key, message.once) == (f"conversation.answered.{answer.pk}.in_site", False)
    draft = compose(message)
    assert (draft.address, draft.text, draft.key) == (order.buyer.uid, answer.words, message.key)
    with message_gateway() as stub:
        settings.MESSAGE_GATEWAY_URL = stub.url
        settings.MESSAGE_GATEWAYS = {"in_site": "sellercenter.gateways.HttpGateway"}
        outgoing.send_due(100)
    assert dict(stub.taken) == {message.key: 1}
    Event.objects.filter(kind="conversation.answered").update(owed_at=timezone.now())
    outbox.fan_out(100)
    assert OutgoingMessage.objects.filter(subject_type="conversation").count() == 1
    service.get(url("conversation_detail", conversation)).says("Sent")


@pytest.mark.django_db(transaction=True)
def test_of_two_colleagues_who_answer_at_once_one_does(shop, owner):
    conversation = talk.message(make.order(shop))
    newest = seen(conversation)

    def answer(words):
        one = Conversation.objects.select_related("shop__policy").get()
        conversations.answer(one, words=words, seen=newest, by=owner.actor)

    assert at_once(lambda: answer("One."), lambda: answer("Two.")) == ["changed_meanwhile", "done"]
    assert ChatMessage.objects.filter(side="seller").count() == 1


def test_what_the_buyer_writes_while_we_answer_stays_unread_and_waits(order, service):
    conversation = talk.message(order, at=make.NOW - 5 * make.HOUR)
    newest = seen(conversation)
    later = make.NOW - make.HOUR
    talk.message(order, "One more thing", at=later)
    conversations.answer(conversation, words="Sorry.", seen=newest, by=service.actor)
    assert clock(conversation) == (1, later + DAY)


def test_reading_keeps_the_clock_and_settling_stops_it(order, service, view_only):
    conversation = talk.message(order)
    waits = fresh(conversation).reply_by
    conversations.mark_read(conversation, seen=seen(conversation), by=service.actor)
    assert clock(conversation) == (0, waits)
    conversations.settle(conversation, seen=seen(conversation), by=service.actor)
    assert clock(conversation) == (0, None)
    for verb in (conversations.mark_read, conversations.settle):
        with pytest.raises(PermissionDenied):
            verb(conversation, seen=1, by=view_only.actor)


@pytest.mark.parametrize(
    ("words", "says"), [(" ", "Write an answer"), ("x" * 2001, "at most 2000"), ("a {order} b", "{order}")]
)
def test_an_answer_that_makes_no_sense_is_refused_and_changes_nothing(order, owner, words, says):
    conversation = talk.message(order)
    before = row(conversation)
    with pytest.raises(Refused, match=says):
        conversations.answer(conversation, words=words, seen=seen(conversation), by=owner.actor)
    assert row(conversation) == before


# --- The clock --------------------------------------------------------------------------------------------------------


def test_the_team_is_warned_once_for_each_turn(order, owner):
    conversation = talk.message(order, at=make.NOW - timedelta(hours=19))
    assert (conversations.warn_due(10), told(conversation)) == (0, ["conversation.message"])
    talk.message(order, at=make.NOW - timedelta(hours=21))
    assert [conversations.warn_due(10) for _round in range(3)] == [1, 0, 0]
    conversations.answer(conversation, words="Sorry.", seen=seen(conversation), by=owner.actor)
    assert conversations.warn_due(10) == 0
    talk.message(order, at=make.NOW - timedelta(hours=23))
    assert [conversations.warn_due(10) for _round in range(2)] == [1, 0]
    assert told(conversation).count("conversation.warned") == 2


@pytest.mark.django_db(transaction=True)
def test_three_sweeps_at_once_warn_of_each_thread_once(shop):
    for _i in range(20):
        talk.message(make.order(shop), at=make.NOW - timedelta(hours=22))
    in_threads(*([lambda: conversations.warn_due(7)] * 3), *([lambda: conversations.warn_due(20)] * 3))
    conversations.warn_due(20)
    warned = Event.objects.filter(kind="conversation.warned").values_list("subject_id", flat=True)
    assert sorted(warned) == sorted(Conversation.objects.values_list("pk", flat=True))


def test_a_shop_without_this_clock_waits_for_nobody(order, shop):
    type(shop.policy).objects.filter(shop=shop).update(reply_within=None)
    order.shop.policy.refresh_from_db()
    assert talk.message(order).reply_by is None


# --- Tags and canned replies ------------------------------------------------------------------------------------------


def test_a_buyer_has_at_most_twenty_tags(order, service):
    buyer = order.buyer
    for word in ["VIP", " vip ", *(f"tag {n}" for n in range(19))]:
        buyers.tag(buyer, word=word, by=service.actor)
    assert len(fresh(buyer).tags) == 20
    for word in ("one more", "", "x" * 31):
        with pytest.raises(Refused):
            buyers.tag(buyer, word=word, by=service.actor)
    buyers.untag(buyer, word="VIP", by=service.actor)
    buyers.untag(buyer, word="VIP", by=service.actor)
    assert "VIP" not in fresh(buyer).tags
    assert told(buyer) == ["buyer.tagged"] * 20 + ["buyer.untagged"]


def test_variables_are_filled_in_once_and_with_nothing_private(shop):
    order = make.shipped(shop, "SF77", buyer_nickname="{order} {0.__class__}")
    talk.canned_reply(shop, "all", "{buyer}|{order}|{amount}|{tracking}|{shop}|{phone}|{0}|{buyer.uid}|{{")
    values = canned.values_of(shop, nickname=order.buyer_nickname, order=order)
    (kept,) = canned.offered(shop, "message", values)
    amount = values["amount"]
    assert amount.startswith("¥")
    assert kept["words"] == (
        f"{{order}} {{0.__class__}}|{order.number}|{amount}|SF77|兰亭茶社|{{phone}}|{{0}}|{{buyer.uid}}|{{{{"
    )
    assert "王" not in str(values)


def test_canned_replies_are_added_changed_and_deleted(shop, service, view_only):
    service.post(url("canned_list", shop), {"use": "message", "shortcut": "/Thanks", "body": "Thank you"}).says(
        "is kept"
    )
    again = service.post(url("canned_list", shop), {"use": "message", "shortcut": "thanks", "body": "x"})
    assert (again.code, "is taken" in again.text) == (422, True)
    one = CannedReply.objects.get()
    changed = {"use": "review", "shortcut": "thx", "body": "Thank you!"}
    service.post(url("canned_change", one), changed).says("/thx").says("Reviews")
    odd = service.post(url("canned_change", one), changed | {"shortcut": "a b"})
    assert odd.code == 422
    service.post(url("canned_remove", one)).says("is deleted")
    assert CannedReply.objects.count() == 0
    assert view_only.post(url("canned_list", shop), changed).code == 403


# --- Pages ------------------------------------------------------------------------------------------------------------

HOSTILE = "<img src=x onerror=alert(1)> https://bad.example {% now %} " + "w" * 300


def test_a_nickname_that_turns_the_direction_of_writing_turns_nothing_but_itself(shop, service):
    order = make.order(shop, buyer_nickname="\u202eanna")
    page = service.get(url("conversation_detail", talk.message(order)))
    assert "<bdi>\u202eanna</bdi> <time" in page.landed.content.decode()


def test_a_thread_shows_words_as_words_and_an_answer_is_sent(order, shop, service):
    conversation = talk.message(order, HOSTILE)
    page = service.get(url("conversation_detail", conversation))
    page.says(HOSTILE)
    assert b"<img src=x" not in page.landed.content
    assert b'href="https://bad' not in page.landed.content
    data = {"words": "", "seen": page.context["thread"]["seen"]}
    assert service.post(url("conversation_answer", conversation), data).code == 422
    data["words"] = "Sorry. {tracking}"
    kept = service.post(url("conversation_answer", conversation), data)
    assert (kept.code, "Sorry. {tracking}" in kept.text) == (422, True)
    data["words"] = "Sorry."
    service.post(url("conversation_answer", conversation), data).says("The answer is on its way.")
    late = service.post(url("conversation_answer", conversation), data)
    assert (late.code, "A colleague has answered meanwhile." in late.text) == (422, True)


def test_the_tabs_say_who_waits_longest_and_what_is_unread(shop, service):
    first, second, third = (
        talk.message(make.order(shop, buyer_nickname=f"b{n}", buyer_uid=f"b{n}"), at=make.NOW - n * make.HOUR)
        for n in (5, 2, 8)
    )
    service.post(url("conversation_read", first), {"seen": seen(first)})
    service.post(url("conversation_settle", second), {"seen": seen(second)})
    listed = {
        tab: [
            one["buyer"] for one in service.get(url("conversation_list", shop), {"tab": tab}).context["listed"]["rows"]
        ]
        for tab in ("", "unread", "all")
    }
    assert listed == {"": ["b8", "b5"], "unread": ["b8"], "all": ["b2", "b5", "b8"]}
    for query in (third.order.number, "b8"):
        rows = service.get(url("conversation_list", shop), {"q": query}).context["listed"]["rows"]
        assert [one["buyer"] for one in rows] == ["b8"], query


def test_a_page_that_is_open_hears_of_new_messages_and_reads_nothing_by_itself(order, service):
    conversation = talk.message(order)
    address, now = url("conversation_detail", conversation), seen(conversation)
    assert service.get(address, {"seen": now}, hx_target="thread").code == 204
    talk.message(order, "News")
    part = service.get(address, {"seen": now}, hx_target="thread")
    assert (part.code, "News" in part.text, "<html" in part.text, "hx-post" in part.text) == (200, True, False, False)
    assert fresh(conversation).unread == 2
    read = service.post(url("conversation_read", conversation), {"seen": seen(conversation)}, hx_request="true")
    assert (read.code, fresh(conversation).unread) == (204, 0)


def test_older_messages_are_a_page_away(order, service, monkeypatch):
    monkeypatch.setattr("aftersales.views.conversations.SHOWN", 3)
    for n in range(5):
        conversation = talk.message(order, f"word {n}", at=make.NOW - (9 - n) * make.HOUR)
    page = service.get(url("conversation_detail", conversation))
    assert [one["words"] for one in page.context["thread"]["messages"]] == ["word 2", "word 3", "word 4"]
    older = service.get(page.context["thread"]["older_url"])
    assert [one["words"] for one in older.context["thread"]["messages"]] == ["word 0", "word 1"]
    assert (older.context["thread"]["poll_url"], page.context["thread"]["newest_url"]) == ("", "")
    # Whoever looks at an older page has not seen what came since.
    assert (older.context["answer_form"], older.context["thread"]["settle_url"]) == (None, "")


def test_the_buyer_stands_beside_the_thread_and_is_tagged_there(order, shop, service, view_only):
    make.order(shop, Status.CANCELLED, buyer_uid="buyer-1")
    conversation = talk.message(order)
    service.post(url("conversation_tag", conversation), {"word": "<b>VIP"}).says("<b>VIP")
    page = service.get(url("conversation_detail", conversation))
    assert len(page.context["buyer"]["orders"]) == 2
    assert Buyer.objects.get(pk=order.buyer_id).tags == ["<b>VIP"]
    service.post(url("conversation_untag", conversation), {"word": "<b>VIP"}).says("is taken away")
    looked = view_only.get(url("conversation_detail", conversation))
    assert (looked.context["answer_form"], looked.context["buyer"]["tag_form"]) == (None, None)


def test_the_page_of_an_order_leads_to_what_its_buyer_wrote(order, service, data):
    conversation, review = talk.message(order, "<i>Hello</i>"), talk.review(order, words="Broken")
    page = service.get(url("order_detail", order)).says("<i>Hello</i>").says("Broken")
    page.says(url("conversation_detail", conversation)).says(url("review_detail", review))
    data.get(url("order_detail", order)).keeps_quiet_about("Broken")
    make.order(order.shop)
    assert "Messages and reviews" not in service.get(url("order_detail", make.order(order.shop))).text


def test_nothing_that_must_hold_is_broken(order, service):
    conversation = talk.message(order)
    conversations.answer(conversation, words="Sorry.", seen=seen(conversation), by=service.actor)
    talk.message(order, "Thanks")
    assert invariants.check() == []
    assert conversations.warn_due(5) == 0
    assert SYSTEM.may("messages.answer")
