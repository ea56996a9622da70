"""What lies before a record: written, read back and changed without losing or doubling a step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from orders.models import Order
from orders.states import Status
from sellercenter import schedule
from sellercenter.schedule import Schedule
from tests import make
from tests.conftest import fresh, row

NOW = datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
THREE = Schedule(((NOW, "a"), (NOW + HOUR, "b"), (NOW + 2 * HOUR, "c")))


def names(planned):
    return [name for _at, name in planned.steps]


@pytest.mark.parametrize("planned", [Schedule(), Schedule(((NOW, "a"),)), THREE])
def test_the_columns_tell_the_same_steps_again(planned):
    assert Schedule.of(SimpleNamespace(**planned.values())) == planned


def test_the_next_step_stands_in_columns_of_its_own():
    later = [["b", (NOW + HOUR).isoformat()], ["c", (NOW + 2 * HOUR).isoformat()]]
    assert THREE.values() == {"due_at": NOW, "due_step": "a", "due_later": later}
    assert Schedule().values() == {"due_at": None, "due_step": "", "due_later": []}


def test_a_step_is_added_in_the_order_of_the_times():
    assert THREE.plus("x", NOW + HOUR / 2).steps[1] == (NOW + HOUR / 2, "x")
    assert names(THREE.plus("x", NOW - HOUR)) == ["x", "a", "b", "c"]
    assert names(THREE.plus("x", NOW + 3 * HOUR)) == ["a", "b", "c", "x"]


def test_a_step_comes_once_at_its_new_time_or_never_without_one():
    assert THREE.plus("a", NOW + 9 * HOUR).steps[-1] == (NOW + 9 * HOUR, "a")
    assert names(THREE.plus("a", NOW + 9 * HOUR)) == ["b", "c", "a"]
    assert names(THREE.plus("b", None)) == ["a", "c"]


def test_a_step_is_taken_out_and_the_next_one_done():
    assert names(THREE.without("b")) == ["a", "c"]
    assert THREE.without("unknown") == THREE
    assert names(THREE.rest()) == ["b", "c"]
    assert Schedule().rest() == Schedule()


def test_what_comes_at_one_moment_keeps_its_order():
    assert names(Schedule(((NOW, "a"),)).plus("b", NOW).plus("c", NOW)) == ["a", "b", "c"]


def test_a_time_of_another_zone_is_the_same_moment():
    local = Schedule(((NOW, "a"), ((NOW + HOUR).astimezone(ZoneInfo("Asia/Shanghai")), "b")))
    assert Schedule.of(SimpleNamespace(**local.values())) == Schedule(THREE.steps[:2])


@pytest.mark.django_db
def test_many_schedules_are_written_in_one_statement_and_no_other_row_is_touched(shop, django_assert_num_queries):
    orders = [make.order(shop, Status.TO_SHIP) for _i in range(4)]
    planned = [THREE, Schedule(), Schedule(((NOW, "overdue"),))]
    before = row(orders[3])
    with django_assert_num_queries(1):
        written = schedule.write(Order, [(order.pk, one) for order, one in zip(orders, planned, strict=False)])
    assert written == 3
    assert [Schedule.of(fresh(order)) for order in orders[:3]] == planned
    assert row(orders[3]) == before


@pytest.mark.django_db
def test_nothing_to_write_writes_nothing(shop):
    assert schedule.write(Order, []) == 0
