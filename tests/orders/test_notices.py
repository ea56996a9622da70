"""What buyers are told of their orders: while it makes sense, in their words, at an address that is kept nowhere."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from orders import actions, notices, timers
from orders.facts import RecipientFacts
from orders.models import Buyer, Order
from orders.payments import pay
from orders.states import PaymentMethod, Status
from sellercenter import events, outbox, outgoing
from sellercenter.gateways import RecordingGateway
from sellercenter.models import Fault, MessageState, OutgoingMessage, ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.conftest import url

pytestmark = pytest.mark.django_db
S = MessageState
ALL_CHANNELS = ["in_site", "email", "sms"]


@pytest.fixture(autouse=True)
def way_out(settings, monkeypatch) -> RecordingGateway:
    """Keep what leaves, and forget what other tests did to the channels."""
    settings.MESSAGE_GATEWAYS = {
        **dict.fromkeys(("in_site", "sms"), "sellercenter.gateways.RecordingGateway"),
        "email": "sellercenter.gateways.EmailGateway",
    }
    monkeypatch.setattr(outgoing, "_channels", {name: outgoing._Channel() for name in outgoing._channels})
    RecordingGateway.taken.clear()
    return RecordingGateway


def unpaid(shop, **facts) -> Order:
    return make.order(shop, Status.UNPAID, placed_at=make.NOW - timedelta(minutes=20), **facts)


@transaction.atomic
def happen(order: Order, kind: str, **data) -> None:
    events.record(order.shop, kind, order, by=SYSTEM, **data)


def remind(order: Order, stage: str = "first", *, channels: list[str] | None = None, **data) -> None:
    happen(order, "order.reminded", stage=stage, channels=channels or ["in_site"], **data)


def send() -> list[str]:
    """Pass everything on, send what is due, and return the states of all messages."""
    outbox.fan_out(100)
    outgoing.send_due(100)
    return list(OutgoingMessage.objects.order_by("pk").values_list("state", flat=True))


def said() -> list[str]:
    return [draft.text for draft in RecordingGateway.taken]


def test_a_reminder_goes_over_the_channels_of_its_event(shop):
    order = unpaid(shop)
    Buyer.objects.filter(pk=order.buyer_id).update(relay_email="b1@relay.example")
    remind(order, channels=ALL_CHANNELS)
    assert send() == [S.SENT] * 3
    to = {draft.channel: draft.address for draft in RecordingGateway.taken}
    assert to == {"in_site": "buyer-1", "sms": make.PHONE}
    assert mail.outbox[0].to == ["b1@relay.example"]
    assert order.number in mail.outbox[0].subject
    assert "\n" not in mail.outbox[0].subject
    assert all(order.number in text and "20.00" in text for text in said())


def test_a_stage_is_told_once_and_the_sellers_own_reminder_each_time(shop):
    order = unpaid(shop)
    for stage in ("first", "first", "second", "seller", "seller"):
        remind(order, stage)
    assert send() == [S.SENT] * 4
    assert [draft.key.split(".")[2].partition("-")[0] for draft in RecordingGateway.taken][:2] == ["first", "second"]
    assert all(OutgoingMessage.objects.values_list("once", flat=True))


@pytest.mark.parametrize("ends", ["paid", "cancelled", "held", "over"])
def test_a_reminder_that_makes_no_sense_any_more_stops_at_once(shop, owner, ends):
    order = unpaid(shop)
    remind(order)
    outbox.fan_out(100)
    if ends == "paid":
        pay(order, amount=order.total_amount, method=PaymentMethod.ALIPAY, transaction_no="t1", by=BUYER)
    elif ends == "cancelled":
        actions.cancel(order, reason="out of stock", by=owner.actor)
    elif ends == "held":
        actions.hold(order, reason="looks odd", by=owner.actor)
    else:
        Order.objects.filter(pk=order.pk).update(pay_by=Now())
    outgoing.send_due(100)
    assert OutgoingMessage.objects.get(kind="order.reminded").state == S.SKIPPED
    assert not any("payment" in text for text in said())


def test_a_reminder_waits_for_the_end_of_the_quiet_hours(shop):
    here = timezone.now().astimezone(shop.zone)
    start, end = (here - timedelta(hours=1)).time(), (here + timedelta(hours=2)).replace(microsecond=0)
    policy = {"quiet_from": time(start.hour, start.minute), "quiet_until": end.time()}
    ShopPolicy.objects.filter(shop=shop).update(**policy)
    order = unpaid(shop)
    remind(order)
    happen(order, "order.expired")
    assert send()[0] == S.WAITING
    message = OutgoingMessage.objects.get(kind="order.reminded")
    assert message.due_at == end.astimezone(message.due_at.tzinfo)
    ShopPolicy.objects.filter(shop=shop).update(quiet_from=None, quiet_until=None)
    OutgoingMessage.objects.filter(pk=message.pk).update(due_at=Now())
    assert send()[0] == S.SENT


def cancelled(shop, kind: str, **facts) -> Order:
    order = make.order(shop, Status.CANCELLED, **facts)
    happen(order, kind, reason="The teapot <broke> & is gone")
    return order


@pytest.mark.parametrize("kind", notices.CANCELLED)
def test_a_cancelled_order_is_told_at_least_once_with_its_reason_and_the_money(other_shop, kind):
    order = cancelled(other_shop, kind)
    Order.objects.filter(pk=order.pk).update(refund_due=order.paid_amount)
    assert send() == [S.SENT]
    message = OutgoingMessage.objects.get()
    assert (message.once, message.key) == (False, f"order.cancelled.{order.pk}.in_site")
    [text] = said()
    assert "Reason: The teapot <broke> & is gone" in text
    assert "£20.00 is paid back to you." in text
    assert ("was not paid in time" in text) == (kind == "order.expired")


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (Status.CANCELLED, "order.paid_late", "Your payment of £20.00 came after your order"),
        (Status.TO_REVIEW, "order.paid_twice", "You paid £20.00 more than was owed"),
    ],
)
def test_a_buyer_who_paid_too_much_is_told_that_the_money_goes_back(other_shop, stranger, status, kind, words):
    order = make.order(other_shop, status)
    for number in ("late", "later"):
        pay(order, amount=order.total_amount, method=PaymentMethod.CARD, transaction_no=number, by=CHANNEL)
    assert send() == [S.SENT, S.SENT]
    assert not any(OutgoingMessage.objects.values_list("once", flat=True)), "at least once"
    assert all(text.startswith(words) and text.endswith("It is paid back to you.") for text in said())
    stranger.get(url("notice_list", other_shop)).says("refund")
    happen(order, kind, amount=order.total_amount)
    Order.objects.filter(pk=order.pk).update(refund_due=0)
    assert send()[2:] == [S.SKIPPED], "it went back meanwhile"


def test_no_order_is_told_twice_that_it_is_cancelled(other_shop):
    order = cancelled(other_shop, "order.expired")
    happen(order, "order.cancelled", reason="again")
    assert send() == [S.SENT]


def test_a_granted_wish_to_cancel_is_told_with_what_the_buyer_wrote(other_shop, stranger):
    order = make.order(other_shop, Status.TO_SHIP)
    actions.request_cancel(order, reason="ordered twice", by=BUYER)
    actions.accept_cancel(order, by=stranger.actor)
    send()
    assert "Reason: ordered twice" in said()[0]


def test_a_refused_wish_to_cancel_is_told_with_its_reason(other_shop):
    happen(make.order(other_shop), "order.cancel_refused", reason="It is packed.")
    assert send() == [S.SENT]
    assert said()[0].endswith("Reason: It is packed.")


def test_an_order_on_its_way_is_told_once_it_has_left(other_shop):
    happen(make.order(other_shop, Status.TO_SHIP), "order.shipped")
    happen(make.order(other_shop, Status.SHIPPED), "order.shipped")
    assert send() == [S.SKIPPED, S.SENT]
    assert "is on its way" in said()[0]


def test_a_person_who_reminds_may_offer_a_coupon(other_shop, stranger):
    ShopPolicy.objects.filter(shop=other_shop).update(coupon="TEA10", second_channels=["sms"])
    order = unpaid(other_shop)
    actions.remind(Order.objects.select_related("shop__policy").get(pk=order.pk), coupon=True, by=stranger.actor)
    assert send() == [S.SENT]
    [draft] = RecordingGateway.taken
    assert (draft.channel, draft.text.endswith("Coupon: TEA10")) == ("sms", True)


@pytest.mark.parametrize(("currency", "language"), [("CNY", "zh-hans"), ("GBP", "en")])
def test_buyers_are_written_to_in_the_language_of_their_shops_money(shop, other_shop, currency, language):
    where = shop if currency == "CNY" else other_shop
    assert notices.language_of(where) == language
    remind(unpaid(where))
    send()
    assert RecordingGateway.taken[0].language == language


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_buyer_without_an_address_is_not_written_to(shop, channel):
    order = unpaid(shop, recipient=RecipientFacts("王**", "138****8000", "****", ""))
    remind(order, channels=[channel])
    assert send() == [S.SKIPPED]
    assert OutgoingMessage.objects.get().last_error == "no address for this channel"


def test_a_phone_that_does_not_open_is_a_fault_without_private_words(shop):
    order = unpaid(shop)
    other = unpaid(shop)
    type(order.recipient).objects.filter(pk=order.pk).update(phone_sealed=other.recipient.phone_sealed)
    remind(order, channels=["sms"])
    send()
    for _each in range(8):
        OutgoingMessage.objects.update(due_at=Now())
        outgoing.send_due(10)
    message = OutgoingMessage.objects.get()
    assert (message.state, message.last_error.partition(" in ")[0]) == (S.DEAD, "Unreadable")
    assert Fault.objects.get().error.startswith("Unreadable in sellercenter/privacy.py")


def test_no_private_data_stands_in_any_row_or_log(shop, caplog):
    order = unpaid(shop)
    Buyer.objects.filter(pk=order.buyer_id).update(relay_email="b1@relay.example")
    remind(order, channels=ALL_CHANNELS)
    cancelled(shop, "order.cancelled")
    with caplog.at_level("DEBUG"):
        send()
    tables = ("outgoingmessage", "event", "fault", "notification")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT t::text FROM sellercenter_{name} t" for name in tables))
        kept = "\n".join(row for (row,) in cursor.fetchall()) + caplog.text
    private = (make.PHONE, "王小明", "幸福路", "relay.example")
    assert [word for word in private if word in kept] == []
    assert order.number not in caplog.text


def test_the_timeline_shows_each_message_with_its_channel_and_state(shop, owner):
    order = unpaid(shop)
    remind(order, channels=["in_site", "email"])
    send()
    page = owner.get(url("order_detail", order)).says("First payment reminder")
    sent_at = OutgoingMessage.objects.get(channel="in_site").sent_at.astimezone(shop.zone)
    page.says(f"<dt>In-site message</dt><dd><ins>Sent {sent_at:%m-%d %H:%M}</ins>")
    page.says("<dt>E-mail</dt><dd><ins>Not sent: the buyer has no address for it</ins>")
    page.keeps_quiet_about("Channels")


def test_the_timeline_tells_a_missing_gateway_from_a_missing_address(shop, owner, settings):
    settings.MESSAGE_GATEWAYS = dict.fromkeys(settings.MESSAGE_GATEWAYS, "sellercenter.gateways.NoGateway")
    order = unpaid(shop)
    remind(order)
    assert send() == [S.SKIPPED]
    page = owner.get(url("order_detail", order)).says("Not sent: there is no gateway for it")
    page.keeps_quiet_about("has no address")


def test_a_low_stock_notice_leads_to_the_stock(shop, owner):
    order = make.order(shop)
    sku = order.lines.get().sku
    with transaction.atomic():
        events.record(shop, "sku.low", sku, by=SYSTEM)
    outbox.fan_out(10)
    page = owner.get(url("notice_list", shop)).says("Stock is low").says(sku.number)
    assert page.context["notices"][0]["url"] == url("stock_detail", sku)


def test_times_in_a_message_are_those_of_the_shops_wall(other_shop):
    order = unpaid(other_shop)
    Order.objects.filter(pk=order.pk).update(pay_by=datetime(2099, 7, 1, 12, tzinfo=timezone.get_default_timezone()))
    remind(order)
    send()
    assert "2099-07-01 13:00" in said()[0]


def test_an_unpaid_order_is_reminded_cancelled_and_told_of_both_in_its_timeline(shop, owner):
    order = unpaid(shop)
    for step in ("remind", "expire"):
        Order.objects.filter(pk=order.pk).update(due_at=Now(), due_step=step, due_later=[])
        assert timers.fire_due(10) == 1
        send()
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    kinds = OutgoingMessage.objects.order_by("pk").values_list("kind", "once", "state")
    assert list(kinds) == [("order.reminded", True, S.SENT), ("order.expired", False, S.SENT)]
    page = owner.get(url("order_detail", order))
    page.says("First payment reminder").says("Ran out of time and was cancelled")
    assert page.text.count("<dt>In-site message</dt><dd><ins>Sent ") == 2
