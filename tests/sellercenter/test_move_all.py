"""One move of many records at once: all or none, one UPDATE and one INSERT however many."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import Status
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.permissions import SYSTEM
from tests import make
from tests.conftest import fresh, row, told

pytestmark = pytest.mark.django_db
ENDED = {"cancelled_at": make.NOW, "cancelled_by": "system"}


def all_of(orders, name, *, by=SYSTEM, **fields):
    with transaction.atomic():
        ORDER.move_all(orders, name, by=by, now=make.NOW, **fields)


@pytest.mark.parametrize("many", [1, 7])
def test_many_records_move_in_one_update_and_one_insert(shop, many, django_assert_num_queries):
    orders = [make.order(shop, Status.UNPAID) for _i in range(many)]
    with django_assert_num_queries(4):
        all_of(orders, "expire", **ENDED)
    for order in orders:
        stored = fresh(order)
        assert (stored.status, stored.status_at, stored.cancelled_at) == ("cancelled", make.NOW, make.NOW)
        assert (stored.due_at, stored.due_step, stored.due_later) == (None, "", [])
        assert (order.status, order.due_at, order.deadline_at) == ("cancelled", None, None)
        assert told(order) == ["order.placed", "order.expired"]
        assert events.of(order).last().data == {"before": "unpaid", "after": "cancelled"}


def test_each_event_tells_where_its_record_came_from_and_what_the_caller_knows(shop):
    orders = [make.order(shop, Status.TO_REVIEW), make.order(shop, Status.TO_SHIP)]
    all_of(orders, "cancel_unshipped", data=lambda order: {"number": order.number}, **ENDED)
    data = [events.of(order).last().data for order in orders]
    assert [(one["before"], one["number"]) for one in data] == [
        ("to_review", orders[0].number),
        ("to_ship", orders[1].number),
    ]


def test_an_expression_is_worked_out_for_each_row_and_read_again(shop):
    orders = [make.order(shop, Status.TO_SHIP, lines=[make.line(quantity=many)]) for many in (1, 3)]
    all_of(orders, "cancel_unshipped", **ENDED, refund_due=F("paid_amount"), updated_at=Now())
    assert [order.refund_due for order in orders] == [10, 30]
    assert orders[0].updated_at == make.NOW


@pytest.mark.parametrize("columns", [{"status": Status.PART_SHIPPED}, {"cancel_requested_at": None}])
def test_one_that_somebody_changed_meanwhile_stops_them_all(shop, columns):
    orders = [make.order(shop, Status.TO_SHIP, cancel_requested_at=make.NOW - make.HOUR) for _i in range(3)]
    Order.objects.filter(pk=orders[1].pk).update(**columns)
    before = [(row(order), told(order)) for order in orders]
    with pytest.raises(Refused) as refused:
        all_of(orders, "accept_cancel", **ENDED)
    assert refused.value.code == "not_now"
    assert [(row(order), told(order)) for order in orders] == before


def test_one_in_another_state_is_refused_before_anything_is_written(shop):
    orders = [make.order(shop, Status.UNPAID), make.order(shop, Status.TO_SHIP)]
    before = [row(order) for order in orders]
    with pytest.raises(Refused):
        all_of(orders, "expire", **ENDED)
    assert [row(order) for order in orders] == before


def test_who_may_not_make_the_move_makes_it_for_none(shop, owner):
    orders = [make.order(shop, Status.UNPAID)]
    with pytest.raises(PermissionDenied):
        all_of(orders, "expire", by=owner.actor, **ENDED)
    assert fresh(orders[0]).status == "unpaid"


def test_a_move_into_a_state_with_timers_is_a_programming_mistake(shop):
    with pytest.raises(TypeError, match="starts timers"):
        all_of([make.order(shop, Status.UNPAID)], "pay")
