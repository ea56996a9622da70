"""What was agreed and then changed: the price until it is paid, the address until it is shipped."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from orders import changes, recipients
from orders.facts import RecipientFacts
from orders.models import Order, Recipient
from orders.payments import pay
from orders.states import PaymentMethod, Status
from sellercenter import events, privacy
from sellercenter.lifecycle import Refused
from sellercenter.permissions import CHANNEL
from tests import make
from tests.conftest import fresh, row, told

pytestmark = pytest.mark.django_db


def price(order, by, *, adjustment=0, freight=0, seen=20):
    given = {"adjustment": Decimal(adjustment), "freight": Decimal(freight), "seen": Decimal(seen)}
    changes.change_price(order, **given, by=by.actor)


def refusing(order, code, act):
    before = row(order), row_of(order), told(order)
    with pytest.raises(Refused) as refused:
        act()
    assert refused.value.code == code
    assert (row(order), row_of(order), told(order)) == before


def row_of(order):
    return Recipient.objects.filter(order=order).values().get()


# --- Price ------------------------------------------------------------------------------------------------------------


def test_price_and_freight_change_before_the_payment_and_history_keeps_both(shop, reviewer):
    order = make.order(shop, Status.UNPAID, freight_amount=Decimal(6))
    due = fresh(order).due_at, fresh(order).due_later
    price(order, reviewer, adjustment="-3.50", freight="0", seen=26)
    stored = fresh(order)
    assert (stored.adjustment, stored.freight_amount, stored.total_amount) == (Decimal("-3.50"), 0, Decimal("16.50"))
    assert order.total_amount == Decimal("16.50")
    assert (stored.status, (stored.due_at, stored.due_later)) == ("unpaid", due)
    event = events.of(order).last()
    assert (event.kind, event.member) == ("order.price_changed", reviewer.member)
    assert event.data == {
        "before": {"adjustment": "0.00", "freight": "6.00", "total": "26.00"},
        "after": {"adjustment": "-3.50", "freight": "0", "total": "16.50"},
    }


def test_a_second_change_takes_the_place_of_the_first(shop, reviewer):
    order = make.order(shop, Status.UNPAID)
    price(order, reviewer, adjustment=-5)
    price(order, reviewer, adjustment=-2, seen=15)
    assert fresh(order).total_amount == 18


def test_what_is_as_it_was_tells_nothing(shop, reviewer):
    order = make.order(shop, Status.UNPAID)
    before = row(order), told(order)
    price(order, reviewer)
    assert (row(order), told(order)) == before


@pytest.mark.parametrize(("adjustment", "code"), [("-20", "no_price"), ("-20.01", "no_price"), ("-19.99", None)])
def test_the_buyer_always_owes_something(shop, reviewer, adjustment, code):
    order = make.order(shop, Status.UNPAID)
    if code:
        refusing(order, code, lambda: price(order, reviewer, adjustment=adjustment))
    else:
        price(order, reviewer, adjustment=adjustment)
        assert fresh(order).total_amount == Decimal("0.01")


def test_a_total_that_somebody_changed_meanwhile_is_not_overwritten(shop, reviewer):
    order = make.order(shop, Status.UNPAID)
    price(fresh(order), reviewer, adjustment=-5)
    refusing(order, "changed_meanwhile", lambda: price(order, reviewer, adjustment=-1))


def test_freight_is_never_negative_and_a_part_that_was_paid_is_not_undercut(shop, reviewer):
    order = make.order(shop, Status.UNPAID)
    refusing(order, "bad_amount", lambda: price(order, reviewer, freight=-1))
    pay(order, amount=Decimal(12), method=PaymentMethod.CARD, transaction_no="T1", by=CHANNEL)
    refusing(order, "paid_already", lambda: price(order, reviewer, adjustment=-8))
    price(order, reviewer, adjustment="-7.99")
    assert fresh(order).total_amount == Decimal("12.01")


@pytest.mark.parametrize("status", [one for one in Status if one != Status.UNPAID])
def test_a_price_that_was_paid_stays(shop, reviewer, status):
    order = make.order(shop, status)
    refusing(order, "not_now", lambda: price(order, reviewer, adjustment=-1))


# --- Address ----------------------------------------------------------------------------------------------------------

REGION = {"province": "广东", "city": "广州"}


def move(order, by, recipient=None, **region):
    changes.change_address(order, recipient=recipient or RecipientFacts(), **{**REGION, **region}, by=by.actor)


def opened(order):
    return recipients.opened(Recipient.objects.get(order=order), order_number=order.number)


def test_an_order_goes_to_another_address_and_history_keeps_no_words_of_it(shop, service):
    order = make.order(shop, Status.TO_SHIP)
    given = RecipientFacts("李雷", "13900139000", "和平路 9 号", "310000")
    move(order, service, given, province="浙江", city="杭州", district="西湖")
    assert opened(order) == given
    stored, kept = fresh(order), Recipient.objects.get(order=order)
    assert (stored.province, stored.city, stored.district) == ("浙江", "杭州", "西湖")
    assert kept.name_masked == "李*"
    assert bytes(kept.phone_index) == privacy.blind_index("13900139000", shop_id=shop.pk)
    event = events.of(order).last()
    assert (event.kind, event.member) == ("order.address_changed", service.member)
    changed = ["address", "name", "phone", "postcode", "province", "city", "district"]
    assert event.data == {"changed": changed, "before": "广东 广州", "after": "浙江 杭州 西湖"}
    private = json.dumps(list(events.of(order).values_list("data", flat=True)), ensure_ascii=False)
    assert not [word for word in ("李雷", "13900139000", "和平路", "310000", "王小明", "幸福路") if word in private]


def test_what_is_not_given_stays(shop, service):
    order = make.order(shop)
    before = row_of(order)
    move(order, service, RecipientFacts(phone="13900139000"))
    assert opened(order) == RecipientFacts("王小明", "13900139000", "幸福路 8 号", "510000")
    touched = {name for name, value in row_of(order).items() if value != before[name]}
    assert touched == {"phone_sealed", "phone_masked", "phone_index"}


def test_a_postcode_alone_keeps_the_street(shop, service):
    order = make.order(shop)
    move(order, service, RecipientFacts(postcode="510001"))
    assert opened(order) == RecipientFacts("王小明", make.PHONE, "幸福路 8 号", "510001")


def test_what_the_platform_masked_stays_as_it_came(shop, service):
    masked = RecipientFacts("王**", "138****8000", "幸福***", "51****")
    order = make.order(shop, recipient=masked)
    move(order, service, RecipientFacts(name="李雷"))
    assert opened(order) == RecipientFacts("李雷", "138****8000", "幸福***", "51****")
    move(order, service, RecipientFacts(postcode="510001"))
    assert opened(order) == RecipientFacts("李雷", "138****8000", "幸福***", "510001")


def test_an_order_whose_private_data_were_erased_can_get_an_address_again(shop, service):
    order = make.order(shop, Status.TO_SHIP)
    Recipient.objects.filter(order=order).delete()
    with pytest.raises(Refused):
        move(order, service)
    assert not Recipient.objects.filter(order=order).exists()
    move(order, service, RecipientFacts(name="李雷", address="和平路 9 号"), city="杭州")
    assert opened(order) == RecipientFacts("李雷", "", "和平路 9 号", "")
    assert events.of(order).last().data["changed"] == ["address", "name", "city"]


def test_the_address_that_it_has_already_is_no_change(shop, service):
    order = make.order(shop)
    same = RecipientFacts("王小明", make.PHONE)
    refusing(order, "nothing_changed", lambda: move(order, service, same))


@pytest.mark.parametrize("status", Status)
def test_the_address_is_refused_once_anything_has_left(shop, service, status):
    order = make.order(shop, status)
    given = RecipientFacts(name="李雷")
    if status in (Status.UNPAID, Status.TO_REVIEW, Status.TO_SHIP):
        move(order, service, given)
        assert (opened(order).name, fresh(order).status) == ("李雷", status)
    else:
        refusing(order, "not_now", lambda: move(order, service, given))


def test_who_may_not_change_it_learns_nothing_about_it(shop, view_only):
    order = make.order(shop)
    for guess in (RecipientFacts(phone=make.PHONE), RecipientFacts(phone="13900139000")):
        with pytest.raises(PermissionDenied):
            move(order, view_only, guess)
    unpaid = make.order(shop, Status.UNPAID)
    for seen in (20, 21):
        with pytest.raises(PermissionDenied):
            price(unpaid, view_only, adjustment=-1, seen=seen)
    assert Order.objects.filter(adjustment=0).count() == 2
