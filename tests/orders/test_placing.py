"""Placing an order: all of it with its stock, its history and its steps, or nothing at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

from orders import inventory, placing
from orders.models import Buyer, Order, OrderLine, Recipient, Sku, StockMovement
from orders.states import Status
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import Event
from sellercenter.permissions import BUYER, SYSTEM, admin_actor
from sellercenter.schedule import Schedule
from tests import make
from tests.conftest import told
from tests.together import in_threads

pytestmark = pytest.mark.django_db


def place(shop, **facts):
    return placing.place(shop, make.facts(shop, Status.UNPAID, **facts), by=BUYER)


def stocked(shop, title="Green tea", *, on_hand=10):
    """Make a SKU of which so many are on hand."""
    make.order(shop, Status.COMPLETED, lines=[make.line(title)])
    sku = Sku.objects.for_shop(shop).get(number=f"K-{title}")
    inventory.count(sku, on_hand=on_hand, reason="", by=SYSTEM)
    return sku


def everything():
    return [model.objects.count() for model in (Order, OrderLine, Recipient, Buyer, Event, StockMovement)]


def test_an_order_is_placed_at_the_databases_now_with_all_of_its_steps(shop, clock):
    now = clock.set(make.NOW + timedelta(hours=3))
    order = place(shop, placed_at=make.NOW - make.DAY)
    assert (order.status, order.placed_at, order.status_at) == ("unpaid", now, now)
    spans = {"remind": timedelta(minutes=15), "remind_again": timedelta(hours=16), "expire": timedelta(hours=48)}
    assert Schedule.of(order) == Schedule(tuple((now + span, name) for name, span in spans.items()))
    assert order.pay_by == order.deadline_at == now + timedelta(hours=48)
    assert told(order) == ["order.placed"]
    event = events.of(order).get()
    assert (event.actor_kind, event.at) == ("buyer", now)


def test_its_stock_is_set_aside_at_once(shop):
    tea, cup = stocked(shop), stocked(shop, "Cup", on_hand=3)
    order = place(shop, lines=[make.line("Green tea"), make.line("Cup", quantity=3), make.line("Unknown")])
    assert list(order.lines.order_by("position").values_list("reserved", flat=True)) == [2, 3, 0]
    for sku in (tea, cup):
        sku.refresh_from_db()
    assert [(sku.on_hand, sku.available) for sku in (tea, cup)] == [(10, 8), (3, 0)]


def test_an_order_that_the_stock_does_not_cover_leaves_nothing(shop):
    stocked(shop), stocked(shop, "Cup", on_hand=1)
    before = everything()
    with pytest.raises(Refused, match="Of K-Cup only 1 are available, not 2") as refused:
        place(shop, buyer_uid="somebody new", lines=[make.line("Green tea"), make.line("Cup")])
    assert (refused.value.code, everything()) == ("out_of_stock", before)
    assert set(Sku.objects.values_list("reserved", flat=True)) == {0}


@pytest.mark.parametrize("status", Status)
def test_a_number_that_is_taken_is_refused_whatever_became_of_it(shop, status):
    stocked(shop)
    number = make.order(shop, status, number="A1").number
    before = everything()
    with pytest.raises(Refused, match="There is an order A1 already") as refused:
        place(shop, number=number)
    assert (refused.value.code, everything()) == ("number_taken", before)


def test_another_shop_may_have_the_same_number(shop, other_shop):
    assert place(shop, number="A1").pk != place(other_shop, number="A1").pk


def test_an_order_without_lines_or_with_a_past_is_refused(shop):
    before = everything()
    empty = make.facts(shop, Status.UNPAID)
    empty.lines = []
    for facts, code in [(empty, "no_lines"), (make.facts(shop, Status.TO_SHIP), "not_new")]:
        with pytest.raises(Refused) as refused:
            placing.place(shop, facts, by=BUYER)
        assert (refused.value.code, everything()) == (code, before)


def test_nobody_of_the_shop_places_an_order(shop, owner):
    before, admin = everything(), admin_actor("root")
    for by in (owner.actor, admin):
        with pytest.raises(PermissionDenied):
            placing.place(shop, make.facts(shop, Status.UNPAID), by=by)
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_an_order_that_lost_a_deadlock_is_placed_all_the_same(shop, monkeypatch):
    reserve, tries = inventory.reserve, []

    def lose_once(*args, **named):
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("deadlock detected") from DeadlockDetected()
        reserve(*args, **named)

    monkeypatch.setattr(inventory, "reserve", lose_once)
    assert told(place(shop)) == ["order.placed"]
    assert (len(tries), Order.objects.count()) == (2, 1)
    tries.clear()
    with transaction.atomic(), pytest.raises(OperationalError):  # all of a transaction is lost, not a part of it
        place(shop)
    assert (len(tries), Order.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_with_the_same_number_at_once_one_is_placed(shop):
    facts, codes = [make.facts(shop, Status.UNPAID, number="A1") for _i in range(2)], []

    def act(told):
        try:
            codes.append(placing.place(shop, told, by=BUYER).number)
        except Refused as refused:
            codes.append(refused.code)

    in_threads(*(lambda one=one: act(one) for one in facts))
    assert sorted(codes) == ["A1", "number_taken"]
    assert (Order.objects.count(), OrderLine.objects.count()) == (1, 1)
    assert Event.objects.filter(kind="order.placed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_three_who_want_the_last_two_units_one_gets_them(shop):
    sku, codes = stocked(shop, on_hand=2), []

    def act(told):
        try:
            placing.place(shop, told, by=BUYER)
        except Refused as refused:
            codes.append(refused.code)

    facts = [make.facts(shop, Status.UNPAID) for _i in range(3)]
    in_threads(*(lambda one=one: act(one) for one in facts))
    sku.refresh_from_db()
    assert (codes, sku.available, Order.objects.filter(status="unpaid").count()) == (["out_of_stock"] * 2, 0, 1)
