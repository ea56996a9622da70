"""The words of the history: each kind of event has its own, with what it kept."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from orders import actions, changes, fulfilment, timeline
from orders.facts import RecipientFacts
from orders.lifecycle import ORDER
from orders.payments import pay
from orders.states import Status
from sellercenter import events
from sellercenter.columns import Setting
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def newest(order):
    """Return the words and the details of what happened last."""
    entry = timeline.stream(events.of(order), Setting(order.shop, make.NOW), currency=order.currency)[0]
    return entry["text"], [tuple(map(str, detail)) for detail in entry["details"]]


def test_each_kind_that_is_recorded_of_an_order_and_each_step_has_words():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "orders").glob("*.py")]
    recorded = set(re.findall(r'record(?:_all)?\([^)]*?"(order\.[a-z_]+)"', "\n".join(sources)))
    assert len(recorded) >= 10
    assert recorded | {ORDER.kind(name) for name in ORDER.moves} <= timeline.WORDS.keys()
    steps = {step.name for timer in ORDER.timers.values() for step in timer.steps}
    assert steps <= timeline.STEPS.keys()


def test_a_price_change_shows_what_was_there_before_and_what_now(shop, owner):
    order = make.order(shop, Status.UNPAID)
    values = {"adjustment": Decimal("-2.00"), "freight": Decimal("0.00"), "seen": Decimal("20.00")}
    changes.change_price(order, **values, by=owner.actor)
    assert newest(order) == (
        "Price changed",
        [("Price change", "¥0.00", "−¥2.00"), ("Total", "¥20.00", "¥18.00")],
    )


def test_an_address_change_shows_the_region_and_which_fields_but_no_private_word(shop, owner):
    order = make.order(shop)
    recipient = RecipientFacts("", "13900139000", "", "")
    changes.change_address(order, recipient=recipient, province="浙江", city="杭州", by=owner.actor)
    words, details = newest(order)
    assert (words, details[0]) == ("Address changed", ("Change", "广东 广州", "浙江 杭州"))
    assert details[1:] == [("Changed", "", "phone"), ("Changed", "", "province"), ("Changed", "", "city")]


def test_money_shows_its_amounts(shop):
    order = make.order(shop, Status.UNPAID)
    told = {"method": "alipay", "by": CHANNEL}
    pay(order, amount=Decimal("5.00"), transaction_no="one", **told)
    assert newest(order) == ("A part of the price was paid", [("Amount", "", "¥5.00"), ("Still missing", "", "¥15.00")])
    pay(order, amount=Decimal("15.00"), transaction_no="two", **told)
    assert newest(order) == ("Paid", [("Change", "Unpaid", "To review"), ("Amount", "", "¥20.00")])
    pay(order, amount=Decimal("1.00"), transaction_no="three", **told)
    assert newest(order) == ("Paid once more than was owed", [("Amount", "", "¥1.00")])
    late = make.order(shop, Status.CANCELLED)
    pay(late, amount=Decimal("2.00"), transaction_no="four", **told)
    assert newest(late) == ("Paid after the order was cancelled", [("Amount", "", "¥2.00")])


def test_a_parcel_shows_carrier_number_and_units(shop, owner):
    order = make.order(shop, lines=[make.line(quantity=3)])
    (line,) = order.lines.all()
    fulfilment.ship(order, carrier="SF Express", tracking_no="SF1", units={line.pk: 2}, by=owner.actor)
    parcel = [("Carrier", "", "SF Express"), ("Tracking no.", "", "SF1"), ("Units", "", "2")]
    assert newest(order) == ("A part was shipped", [("Change", "To ship", "Partly shipped"), *parcel])


def test_a_reminder_says_which_one_it_is_by_which_ways_and_with_what(shop, owner):
    ShopPolicy.objects.filter(shop=shop).update(coupon="TEA-5", second_channels=["sms", "email"])
    shop.policy.refresh_from_db()
    order = make.order(shop, Status.UNPAID)
    actions.remind(order, coupon=True, by=owner.actor)
    ways = ("Channels", "", "SMS, E-mail")
    assert newest(order) == ("Buyer reminded to pay", [("Coupon", "", "TEA-5"), ways])
    for stage, words in (("first", "First payment reminder"), ("second", "Second payment reminder")):
        events.record_all("order.reminded", [order], by=SYSTEM, data=lambda _order, stage=stage: {"stage": stage})
        assert newest(order) == (words, [])


def test_a_wish_to_cancel_shows_until_when_and_an_answer_shows_its_reason(shop, owner):
    order = make.order(shop)
    actions.request_cancel(order, reason="ordered twice", by=BUYER)
    until = order.answer_by.astimezone(shop.zone).strftime("%m-%d %H:%M")
    assert newest(order) == ("Buyer asked to cancel", [("To be answered by", "", until)])
    actions.refuse_cancel(order, reason="packed", by=owner.actor)
    assert newest(order) == ("Cancel request refused", [("Reason", "", "packed")])
    actions.hold(order, reason="address", by=owner.actor)
    assert newest(order) == ("Held", [("Reason", "", "address")])
    actions.release(order, by=owner.actor)
    assert newest(order) == ("Released", [])


def test_what_time_did_shows_the_time_and_a_replay_its_step(shop):
    order = make.order(shop)
    ship_by = make.NOW + timedelta(hours=5)
    events.record(shop, "order.overdue", order, by=SYSTEM, ship_by=ship_by)
    shown = ship_by.astimezone(shop.zone).strftime("%m-%d %H:%M")
    assert newest(order) == ("Not shipped in time", [("To be shipped by", "", shown)])
    events.record(shop, "order.replayed", order, by=SYSTEM, step="silence")
    words = "A step that had failed is tried again"
    assert newest(order) == (words, [("Step", "", "Marked without news of the carrier")])
