"""Money that comes in: counted once, whenever it comes, and given back where nobody owes it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import transaction

from orders import actions
from orders.models import Order
from orders.payments import book_refund, pay, reserve_refund
from orders.states import PaymentMethod, Status
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.conftest import fresh, row, told
from tests.together import in_threads

pytestmark = pytest.mark.django_db
TOTAL = Decimal("20.00")


def send(order, amount=TOTAL, number="T1", *, by=CHANNEL):
    return pay(order, amount=Decimal(amount), method=PaymentMethod.ALIPAY, transaction_no=number, by=by)


def money(order):
    stored = fresh(order)
    return stored.status, stored.paid_amount, stored.refund_due


def captured(order):
    return list(order.payments.order_by("position").values_list("position", "transaction_no", "amount", "status"))


def test_a_payment_of_the_whole_moves_the_order_on(shop):
    order = make.order(shop, Status.UNPAID)
    assert send(order) is True
    stored = fresh(order)
    assert money(order) == ("to_review", TOTAL, 0)
    assert order.paid_at == stored.paid_at <= stored.status_at
    assert (stored.payment_method, stored.payment_state) == ("alipay", "paid")
    assert stored.ship_by == stored.deadline_at == stored.paid_at + shop.policy.ship_within
    assert captured(order) == [(1, "T1", TOTAL, "captured")]
    assert told(order) == ["order.placed", "order.paid"]
    assert events.of(order).last().data == {"before": "unpaid", "after": "to_review", "amount": "20.00"}


def test_a_ship_by_time_that_the_platform_promised_stays(shop):
    order = make.order(shop, Status.UNPAID, ship_by=make.NOW + make.DAY)
    send(order)
    assert fresh(order).ship_by == make.NOW + make.DAY


@pytest.mark.parametrize("status", [Status.UNPAID, Status.TO_SHIP, Status.CANCELLED])
def test_the_same_transaction_counts_once(shop, status):
    order = make.order(shop, status, paid_at=None, payments=[])
    assert send(order, 5) is True
    before = row(order), told(order)
    assert send(order, 5) is False
    assert send(fresh(order), 5, " T1 ") is False
    assert ((row(order), told(order)), len(captured(order))) == (before, 1)


def test_a_part_is_kept_until_the_rest_comes(shop):
    order = make.order(shop, Status.UNPAID)
    send(order, "5.50", "T1")
    assert money(order) == ("unpaid", Decimal("5.50"), 0)
    assert (fresh(order).payment_state, fresh(order).due_step) == ("unpaid", "expire")
    assert events.of(order).last().data == {"amount": "5.50", "missing": "14.50"}
    send(order, "14.50", "T2")
    assert money(order) == ("to_review", TOTAL, 0)
    assert told(order) == ["order.placed", "order.part_paid", "order.paid"]


def test_what_is_paid_beyond_the_total_goes_back(shop):
    order = make.order(shop, Status.UNPAID)
    send(order, 15, "T1")
    send(order, 10, "T2")
    assert money(order) == ("to_review", 25, 5)


def test_a_payment_after_the_cancel_does_not_revive_the_order(shop):
    order = make.order(shop, Status.UNPAID)
    actions.cancel(order, reason="sold out", by=SYSTEM)
    send(order)
    assert money(order) == ("cancelled", TOTAL, TOTAL)
    stored = fresh(order)
    assert (stored.paid_at, stored.due_at, stored.deadline_at) == (None, None, None)
    assert set(order.lines.values_list("status", flat=True)) == {"cancelled"}
    assert told(order)[-1] == "order.paid_late"
    assert events.of(order).last().data == {"amount": "20.00", "payment": 1}


@pytest.mark.parametrize("status", [Status.TO_REVIEW, Status.SHIPPED, Status.COMPLETED])
def test_a_second_payment_goes_back_and_changes_nothing_else(shop, status):
    order = make.order(shop, status)
    send(order, 7, "T2")
    assert money(order) == (status, 27, 7)
    assert told(order)[-1] == "order.paid_twice"


def test_a_cancel_gives_back_all_that_came(shop):
    order = make.order(shop, Status.TO_SHIP)
    send(order, 20, "T2")
    actions.cancel(order, reason="sold out", by=SYSTEM)
    assert money(order) == ("cancelled", 40, 40)


@pytest.mark.parametrize("end", ["cancel", "give_up"])
def test_a_part_payment_of_an_order_that_ends_goes_back(shop, end):
    order = make.order(shop, Status.UNPAID)
    send(order, 5)
    getattr(actions, end)(order, reason="changed my mind", by=BUYER if end == "give_up" else SYSTEM)
    assert money(order) == ("cancelled", 5, 5)


@pytest.mark.parametrize(
    ("amount", "number", "code"), [(0, "T1", "bad_amount"), (-1, "T1", "bad_amount"), (20, " ", "no_transaction")]
)
def test_nothing_and_money_without_a_number_are_refused(shop, amount, number, code):
    order = make.order(shop, Status.UNPAID)
    before = row(order)
    with pytest.raises(Refused) as refused:
        send(order, amount, number)
    assert (refused.value.code, row(order), captured(order)) == (code, before, [])


@pytest.mark.parametrize("status", [Status.UNPAID, Status.CANCELLED])
def test_no_person_of_the_shop_says_that_money_came(shop, owner, status):
    order = make.order(shop, status, payments=[], paid_at=None)
    before = row(order), told(order)
    with pytest.raises(PermissionDenied):
        send(order, 5, by=owner.actor)
    assert ((row(order), told(order)), captured(order)) == (before, [])


@pytest.mark.django_db(transaction=True)
def test_the_same_payment_reported_twice_at_once_counts_once(shop):
    order = make.order(shop, Status.UNPAID)
    new = []
    report = lambda: new.append(send(Order.objects.get(pk=order.pk)))  # noqa: E731
    in_threads(report, report, report)
    assert sorted(new) == [False, False, True]
    assert (money(order), len(captured(order))) == (("to_review", TOTAL, 0), 1)
    assert told(order) == ["order.placed", "order.paid"]


@pytest.mark.django_db(transaction=True)
def test_two_payments_at_once_both_count(shop):
    order = make.order(shop, Status.UNPAID)
    in_threads(*(lambda number=number: send(Order.objects.get(pk=order.pk), 20, number) for number in ("T1", "T2")))
    assert money(order) == ("to_review", 40, 20)
    assert [position for position, *_rest in captured(order)] == [1, 2]
    assert sorted(told(order)) == ["order.paid", "order.paid_twice", "order.placed"]
    call_command("check_invariants")


# --- Money that goes back ---------------------------------------------------------------------------------------------


@transaction.atomic
def give_back(order, amount=TOTAL, reference="R1", *, by=SYSTEM):
    """Set an amount aside that is owed, and book it at once."""
    for payment, part in reserve_refund(order, amount=Decimal(amount)):
        book_refund(payment, amount=part, reference=reference, refund=f"O{reference}", owed=True, by=by)


def refunds(order):
    stored = fresh(order)
    return stored.refunded_amount, stored.refund_due, list(order.payments.values_list("refunded", flat=True))


def cancelled(shop):
    """Return an order that was paid with 15 and 10 of 20, and cancelled."""
    order = make.order(shop, Status.UNPAID)
    send(order, 15, "T1")
    send(order, 10, "T2")
    actions.cancel(order, reason="sold out", by=SYSTEM)
    assert refunds(order) == (0, 25, [0, 0])
    return order


def test_a_refund_is_spread_over_the_payments_from_the_first_on_and_lessens_what_is_due(shop):
    order = cancelled(shop)
    give_back(order, "17.50")
    assert refunds(order) == (Decimal("17.50"), Decimal("7.50"), [15, Decimal("2.50")])
    assert (order.refunded_amount, order.refund_due) == (Decimal("17.50"), Decimal("7.50"))
    said = [event.data for event in events.of(order).filter(kind="order.refunded")]
    assert said == [{"amount": amount, "reference": "R1", "refund": "OR1"} for amount in ("15.00", "2.50")]
    give_back(order, "7.50", "R2")
    assert (refunds(order), fresh(order).payment_state) == ((25, 0, [15, 10]), "refunded")
    call_command("check_invariants")


@pytest.mark.parametrize(
    ("amount", "code"), [(0, "bad_amount"), (-1, "bad_amount"), ("0.001", "bad_amount"), ("25.01", "too_much")]
)
def test_a_refund_of_nothing_or_of_more_than_came_is_refused(shop, amount, code):
    order = cancelled(shop)
    before = row(order), told(order), refunds(order)
    with pytest.raises(Refused) as refused:
        give_back(order, amount)
    assert (refused.value.code, (row(order), told(order), refunds(order))) == (code, before)


def test_what_did_not_come_can_not_go_back(shop):
    order = cancelled(shop)
    order.payments.filter(position=2).update(status="failed")
    with pytest.raises(Refused):
        give_back(order, "15.01")
    assert refunds(order)[2] == [0, 0]


def test_more_than_was_due_may_go_back_of_an_order_that_goes_on(shop):
    order = make.order(shop, Status.SHIPPED)
    send(order, 7, "T2")
    give_back(order, 10)
    assert refunds(order) == (10, 0, [10, 0])


def test_a_part_payment_goes_back_only_once_the_order_is_cancelled(shop):
    order = make.order(shop, Status.UNPAID)
    send(order, 5)
    with pytest.raises(Refused) as refused:
        give_back(order, 5)
    assert (refused.value.code, refunds(order)) == ("not_now", (0, 0, [0]))


def test_who_may_not_make_refunds_can_not_book_them(shop, reviewer):
    order = cancelled(shop)
    for by in (BUYER, reviewer.actor):
        with pytest.raises(PermissionDenied):
            give_back(order, by=by)
    assert refunds(order) == (0, 25, [0, 0])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_give_back_everything_at_once_exactly_one_wins(shop):
    order, said = cancelled(shop), []

    def note(reference):
        try:
            give_back(Order.objects.get(pk=order.pk), 25, reference)
            said.append("back")
        except Refused as refused:
            said.append(refused.code)

    in_threads(lambda: note("R1"), lambda: note("R2"))
    assert sorted(said) == ["back", "too_much"]
    assert (refunds(order), told(order).count("order.refunded")) == ((25, 0, [15, 10]), 2)
    call_command("check_invariants")
