"""The doors of an order's life, through HTTP: who gets through, what follows, and what is refused in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orders import actions, recipients
from orders.lifecycle import ORDER
from orders.models import Order, Parcel, ParcelLine, Recipient
from orders.offers import OFFERS
from orders.states import Status
from sellercenter import events
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER
from tests import make
from tests.conftest import ROLES, fresh, row, told, url

pytestmark = pytest.mark.django_db

PARCEL = {"carrier": "SF Express", "tracking_no": "sf100"}
SENT: dict[str, dict[str, Any]] = {
    "ship": PARCEL,
    "hold": {"reason": "address unclear"},
    "cancel": {"reason": "sold out"},
    "change_price": {"adjustment": "-2.00", "freight": "6.00", "seen": "20.00"},
    "change_address": {"province": "浙江", "city": "杭州", "district": "西湖"},
    "refuse_cancel": {"reason": "already packed"},
}
# What may be done twice.
REPEATED = ("change_price", "change_address")
# Where a move leads that does not name it in the table.
STATUS = {name: ORDER.moves[name].target for name in OFFERS}


def ready(shop, name):
    """Load an order for which the move is legal."""
    order = make.order(shop, ORDER.moves[name].sources[0], held=name == "release")
    if OFFERS[name].answers:
        actions.request_cancel(order, reason="ordered twice", by=BUYER)
    return order


def refuses(answer, words, order, before):
    """Assert that the page says why, in an error, and that nothing has changed."""
    answer.says(words)
    assert 'class="note-bar error"' in answer.text
    assert (row(order), told(order)) == before


def state(order):
    return row(order), told(order)


@pytest.mark.parametrize("name", OFFERS)
@pytest.mark.parametrize("role", ["owner", *ROLES])
def test_those_who_may_get_through_and_one_event_is_left_behind(shop, cast, role, name):
    order = ready(shop, name)
    before, person = state(order), cast[role]
    answer = person.post(url(f"order_{name}", order), SENT.get(name))
    if not person.actor.may(ORDER.moves[name].needs):
        assert (answer.code, state(order)) == (403, before)
        return
    answer.says('class="note-bar success"')
    assert told(order) == [*before[1], ORDER.kind(name)]
    assert fresh(order).status == (STATUS[name] or before[0]["status"])


@pytest.mark.parametrize("name", OFFERS)
@pytest.mark.parametrize("status", Status)
def test_a_state_from_which_the_move_does_not_lead_refuses_it_in_words(shop, owner, name, status):
    if status in ORDER.moves[name].sources:
        return
    order = make.order(shop, status)
    before = state(order)
    answer = owner.post(url(f"order_{name}", order), SENT.get(name))
    assert 'class="note-bar error"' in answer.text
    assert state(order) == before


@pytest.mark.parametrize("name", [name for name in OFFERS if ORDER.moves[name].where and not OFFERS[name].answers])
def test_a_condition_of_the_move_refuses_it_with_its_own_words(shop, owner, name):
    held = name not in ("release", "remind")
    order = make.order(shop, ORDER.moves[name].sources[0], held=held)
    if name == "remind":
        owner.post(url("order_remind", order))
    before = state(order)
    refuses(owner.post(url(f"order_{name}", order), SENT.get(name)), str(ORDER.moves[name].why_not), order, before)


@pytest.mark.parametrize("name", [name for name in OFFERS if name not in REPEATED])
def test_of_two_windows_the_second_is_refused(shop, owner, manager, name):
    order = ready(shop, name)
    owner.post(url(f"order_{name}", order), SENT.get(name)).says('class="note-bar success"')
    before = state(order)
    answer = manager.post(url(f"order_{name}", order), SENT.get(name))
    assert 'class="note-bar error"' in answer.text
    assert state(order) == before


# --- Ship -------------------------------------------------------------------------------------------------------------


def two_lines(shop):
    lines = [make.line("Longjing", quantity=3), make.line("Cup", quantity=1)]
    order = make.order(shop, lines=lines)
    return order, *order.lines.all()


def contents(order):
    packed = ParcelLine.objects.filter(order=order).order_by("parcel_id", "line_id")
    return [
        (part.parcel.tracking_no, part.line.title, part.quantity) for part in packed.select_related("parcel", "line")
    ]


def test_all_that_is_left_is_shipped_when_nothing_else_is_said(shop, owner):
    order, *_lines = two_lines(shop)
    owner.post(url("order_ship", order), PARCEL).says("Parcel SF100 is on its way.").says("SF100")
    assert contents(order) == [("SF100", "Longjing", 3), ("SF100", "Cup", 1)]
    assert (fresh(order).status, events.of(order).last().data["units"]) == ("shipped", 4)


def test_a_part_is_shipped_and_then_the_rest(shop, shipping):
    order, tea, cup = two_lines(shop)
    part = {**PARCEL, f"units_{tea.pk}": "2", f"units_{cup.pk}": "0"}
    shipping.post(url("order_ship", order), part).says("Parcel SF100 is on its way; a part of the order is left.")
    assert (fresh(order).status, contents(order)) == ("part_shipped", [("SF100", "Longjing", 2)])
    rest = {"carrier": "YTO", "tracking_no": "YT1", f"units_{tea.pk}": "1", f"units_{cup.pk}": "1"}
    shipping.post(url("order_ship", order), rest).says("Parcel YT1 is on its way.")
    assert contents(order)[1:] == [("YT1", "Longjing", 1), ("YT1", "Cup", 1)]
    assert (fresh(order).status, told(order)[-2:]) == ("shipped", ["order.part_shipped", "order.shipped"])


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"carrier": ""}, "Say which carrier takes the parcel."),
        ({"tracking_no": ""}, "Give the tracking number."),
        ({"tracking_no": "x" * 65}, "at most 64 characters"),
        ({"units": "4"}, "“Longjing” has 3 left to ship, not 4."),
        ({"units": "-1"}, "Units are whole numbers, from 0 up to what is left."),
        ({"units": "1.5"}, "Units are whole numbers, from 0 up to what is left."),
        ({"units": "0"}, "Say how many units go into this parcel."),
        ({"units": ""}, "Say how many units go into this parcel."),
    ],
)
def test_a_parcel_that_makes_no_sense_is_refused(shop, owner, sent, words):
    order, tea, _cup = two_lines(shop)
    before = state(order)
    sent = {f"units_{tea.pk}" if name == "units" else name: value for name, value in sent.items()}
    refuses(owner.post(url("order_ship", order), {**PARCEL, **sent}), words, order, before)
    assert Parcel.objects.count() == 0


def test_lines_of_another_order_never_go_into_a_parcel(shop, other_shop, owner):
    order, *_lines = two_lines(shop)
    for foreign in (two_lines(shop)[1].pk, two_lines(other_shop)[1].pk, 10**17):
        before = state(order)
        refuses(owner.post(url("order_ship", order), {**PARCEL, f"units_{foreign}": "1"}), "has 0 left", order, before)
    assert ParcelLine.objects.count() == 0


def test_a_tracking_number_in_use_is_refused_with_the_order_that_has_it(shop, owner):
    other, order = make.shipped(shop, "SF100"), make.order(shop)
    before = state(order)
    words = f"Tracking no. SF100 is in use by order {other.number}."
    refuses(owner.post(url("order_ship", order), PARCEL), words, order, before)


def test_what_somebody_else_shipped_meanwhile_is_not_shipped_again(shop, owner, shipping):
    """Both windows show three units; the second one asks for two that have left already."""
    order, tea, cup = two_lines(shop)
    shipping.post(url("order_ship", order), {**PARCEL, f"units_{tea.pk}": "2"})
    before = state(order)
    sent = {"carrier": "YTO", "tracking_no": "YT1", f"units_{tea.pk}": "3", f"units_{cup.pk}": "1"}
    refuses(owner.post(url("order_ship", order), sent), "“Longjing” has 1 left to ship, not 3.", order, before)


# --- Hold and release -------------------------------------------------------------------------------------------------


def test_an_order_is_held_with_a_reason_and_released(shop, reviewer):
    order = make.order(shop, Status.TO_REVIEW)
    before = state(order)
    refuses(reviewer.post(url("order_hold", order), {"reason": " "}), "Say why the order is held", order, before)
    reviewer.post(url("order_hold", order), SENT["hold"]).says("The order is held.").says("address unclear")
    assert (fresh(order).held, fresh(order).held_reason) == (True, "address unclear")
    reviewer.post(url("order_release", order)).says("The order is released and goes on.")
    assert (fresh(order).held, fresh(order).held_reason) == (False, "")


# --- Remind -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "coupon"), [({}, ""), ({"coupon": "on"}, "TEA-5")])
def test_the_buyer_is_reminded_with_the_coupon_if_it_is_ticked(shop, service, sent, coupon):
    ShopPolicy.objects.filter(shop=shop).update(coupon="TEA-5")
    order = make.order(shop, Status.UNPAID)
    service.post(url("order_remind", order), sent).says("The buyer is reminded to pay.")
    event = events.of(order).last()
    assert (event.kind, event.data["stage"], event.data["coupon"]) == ("order.reminded", "seller", coupon)


def test_a_coupon_that_the_shop_does_not_have_is_refused(shop, owner):
    order = make.order(shop, Status.UNPAID)
    before = state(order)
    refuses(owner.post(url("order_remind", order), {"coupon": "on"}), "The shop has no coupon to offer.", order, before)


# --- Price ------------------------------------------------------------------------------------------------------------


def test_price_and_freight_change_the_total_and_both_are_said(shop, reviewer):
    order = make.order(shop, Status.UNPAID)
    answer = reviewer.post(url("order_change_price", order), SENT["change_price"])
    answer.says("The total was ¥20.00 and is ¥24.00 now.")
    stored = fresh(order)
    amounts = (stored.adjustment, stored.freight_amount, stored.total_amount)
    assert amounts == (Decimal("-2.00"), Decimal("6.00"), Decimal("24.00"))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"seen": "19.00"}, "Somebody changed the price meanwhile."),
        ({"adjustment": "-26.00"}, "With this change the buyer would owe nothing."),
        ({"adjustment": "NaN"}, "Enter a number."),
        ({"adjustment": "0.001"}, "no more than 2 decimal places"),
        ({"adjustment": "9" * 13}, "no more than 12 digits"),
        ({"adjustment": ""}, "Give the price change; 0 for none."),
        ({"freight": "-1"}, "greater than or equal to 0"),
        ({"freight": ""}, "Give the freight; 0 for free."),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(shop, owner, sent, words):
    order = make.order(shop, Status.UNPAID)
    before = state(order)
    answer = owner.post(url("order_change_price", order), {**SENT["change_price"], **sent})
    refuses(answer, words, order, before)


def test_of_two_windows_with_a_price_the_second_is_refused(shop, owner, manager):
    order = make.order(shop, Status.UNPAID)
    owner.post(url("order_change_price", order), SENT["change_price"])
    before = state(order)
    sent = {**SENT["change_price"], "adjustment": "-5.00"}
    refuses(
        manager.post(url("order_change_price", order), sent), "Somebody changed the price meanwhile.", order, before
    )


def test_a_currency_without_small_coins_takes_none(owner, shop):
    order = make.order(shop, Status.UNPAID, currency="JPY")
    before = state(order)
    sent = {**SENT["change_price"], "adjustment": "-0.50"}
    refuses(owner.post(url("order_change_price", order), sent), "has no such small coins", order, before)


# --- Address ----------------------------------------------------------------------------------------------------------


def opened(order):
    stored = Recipient.objects.get(order=order)
    return recipients.opened(stored, order_number=order.number)


def test_the_address_changes_and_what_was_left_empty_stays(shop, service):
    order = make.order(shop)
    sent = {**SENT["change_address"], "address": "文三路 1 号", "phone": "13900139000", "name": "", "postcode": ""}
    answer = service.post(url("order_change_address", order), sent).says("The address is changed.")
    kept, stored = opened(order), fresh(order)
    assert (kept.name, kept.phone, kept.address, kept.postcode) == ("王小明", "13900139000", "文三路 1 号", "510000")
    assert (stored.province, stored.city, stored.district) == ("浙江", "杭州", "西湖")
    for private in ("13900139000", "文三路", "王小明", "510000"):
        answer.keeps_quiet_about(private)
        assert private not in str(events.of(order).last().data)
    answer.says("139****9000").says("浙江 杭州 西湖").says("Address changed")


def test_stars_never_replace_what_is_stored(shop, owner):
    order = make.order(shop)
    before = state(order)
    for name, masked in (("phone", "138****8000"), ("name", "王**"), ("address", "****")):
        sent = {**SENT["change_address"], name: masked}
        refuses(owner.post(url("order_change_address", order), sent), "nothing can be sent to stars", order, before)
    assert (opened(order).name, opened(order).phone, opened(order).address) == ("王小明", make.PHONE, "幸福路 8 号")


def test_the_same_address_and_one_without_a_city_are_refused(shop, owner):
    order = make.order(shop)
    before = state(order)
    same = {"province": "广东", "city": "广州", "phone": make.PHONE}
    refuses(
        owner.post(url("order_change_address", order), same), "the address that the order has already", order, before
    )
    nowhere = {"province": "广东", "city": ""}
    refuses(owner.post(url("order_change_address", order), nowhere), "Give the city", order, before)


# --- The buyer's wish to cancel ---------------------------------------------------------------------------------------


def test_the_wish_is_granted_and_what_was_paid_is_to_be_refunded(shop, owner):
    order = ready(shop, "accept_cancel")
    answer = owner.post(url("order_accept_cancel", order)).says(
        "The cancel request is accepted; the order is cancelled."
    )
    answer.says("¥20.00 is to be refunded.")
    assert (fresh(order).status, fresh(order).cancelled_by, fresh(order).cancel_reason) == (
        *("cancelled", "buyer", "ordered twice"),
    )


def test_the_wish_is_refused_with_a_reason_and_the_order_goes_on(shop, owner):
    order = ready(shop, "refuse_cancel")
    before = state(order)
    refuses(owner.post(url("order_refuse_cancel", order)), "Say why the request is refused", order, before)
    answer = owner.post(url("order_refuse_cancel", order), SENT["refuse_cancel"])
    answer.says("The cancel request is refused; the order goes on.").says("already packed")
    assert (fresh(order).status, fresh(order).cancel_requested_at, fresh(order).answer_by) == ("to_review", None, None)


def test_a_wish_that_was_answered_can_not_be_answered_again(shop, owner, manager):
    order = ready(shop, "accept_cancel")
    manager.post(url("order_refuse_cancel", order), SENT["refuse_cancel"])
    before = state(order)
    words = "The buyer has not asked to cancel this order."
    refuses(owner.post(url("order_accept_cancel", order)), words, order, before)


def test_after_the_last_second_a_wish_can_only_be_granted(shop, owner):
    order = ready(shop, "refuse_cancel")
    Order.objects.filter(pk=order.pk).update(answer_by=make.NOW - make.HOUR)
    before = state(order)
    words = "There is no cancel request that could still be refused."
    refuses(owner.post(url("order_refuse_cancel", order), SENT["refuse_cancel"]), words, order, before)
    owner.post(url("order_accept_cancel", order)).says("The cancel request is accepted")
