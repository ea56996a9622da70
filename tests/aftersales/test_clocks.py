"""The clocks of cases: who is warned, what silence means, and what a person may still do at the last moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from aftersales import actions, clocks, timers
from aftersales.models import Case, Refund
from aftersales.states import CaseKind, CaseStatus
from orders import inventory
from orders import timers as order_timers
from orders.models import Payment, Sku
from orders.states import Status
from sellercenter import faults, replays
from sellercenter.lifecycle import Refused
from sellercenter.models import Fault, ShopPolicy
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.conftest import fresh, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_holds")]
K, S = CaseKind, CaseStatus
SECOND = timedelta(seconds=1)


def ring(case, clock):
    """Let it be the deadline of a case, take the steps that are due, and read it again."""
    clock.set(fresh(case).act_by)
    while timers.fire_due(10):
        pass
    return fresh(case)


@pytest.mark.parametrize(
    ("kind", "silent"),
    [
        (K.REFUND, S.REFUNDING),
        (K.PRICE, S.REFUNDING),
        (K.RETURN, S.TO_RETURN),
        (K.EXCHANGE, S.TO_RETURN),
        (K.RESEND, S.TO_RESEND),
    ],
)
def test_silence_accepts_what_was_asked_for(shop, clock, kind, silent):
    case = make.case(shop, kind=kind)
    clock.set(case.act_by - SECOND)
    timers.fire_due()
    assert (fresh(case).status, told(case)) == (S.REQUESTED, ["case.opened", "case.warned"])
    assert ring(case, clock).status == silent


@pytest.mark.parametrize(
    ("status", "silent"),
    [
        (S.OFFERED, S.REQUESTED),
        (S.TO_RETURN, S.CLOSED),
        (S.TO_INSPECT, S.REFUNDING),
        (S.REFUSED, S.CLOSED),
    ],
)
def test_silence_in_every_other_state_means_what_the_table_says(shop, clock, status, silent):
    assert ring(make.case(shop, status), clock).status == silent


def test_nobody_looked_so_everything_is_refunded_and_nothing_goes_to_the_shelf(shop, clock):
    case = make.case(shop, S.TO_INSPECT)
    sku = Sku.objects.get(pk=case.order.lines.get().sku_id)
    inventory.count(sku, on_hand=1, reason="", by=SYSTEM)
    ring(case, clock)
    line = case.lines.get()
    assert (line.sellable, line.damaged, fresh(sku).on_hand) == (0, 0, 1)
    assert Refund.objects.get().amount == line.amount


@pytest.mark.parametrize("status", [S.REQUESTED, S.TO_INSPECT])
def test_without_stock_silence_refunds_instead(shop, clock, status):
    kind = K.RESEND if status == S.REQUESTED else K.EXCHANGE
    order = make.order(shop, Status.DELIVERED)
    inventory.count(Sku.objects.get(pk=order.lines.get().sku_id), on_hand=1, reason="", by=SYSTEM)
    case = make.case(shop, status, kind=kind, order=order)
    assert (ring(case, clock).status, Refund.objects.get().case_id) == (S.REFUNDING, case.pk)


def test_a_refusal_wins_until_the_last_second_and_fails_from_the_deadline_on(shop, clock, after_sales):
    first, second = make.case(shop), make.case(shop)
    told_why = {"refusal": "evidence_unclear", "by": after_sales.actor}
    clock.set(min(first.act_by, second.act_by) - SECOND)
    actions.refuse(first, **told_why)
    clock.set(second.act_by)
    with pytest.raises(Refused, check=lambda error: error.code == "not_now"):
        actions.refuse(second, **told_why)
    assert (fresh(first).status, fresh(second).status) == (S.REFUSED, S.REQUESTED)


def test_a_wish_to_cancel_is_left_to_the_clock_of_its_order(shop, clock):
    case = make.case(shop, kind=K.CANCEL)
    assert case.act_by == case.order.answer_by
    assert ring(case, clock).status == S.REQUESTED


def test_a_stopped_clock_gives_back_what_was_left(shop, clock, after_sales):
    case = make.case(shop)
    left = case.act_by - clock.advance(make.HOUR)
    actions.pause(case, reason="the carrier looks", by=after_sales.actor)
    assert (case.due_at, case.next_side) == (None, "seller")
    now = clock.advance(10 * make.DAY)
    assert timers.fire_due() == 0
    actions.resume(case, by=after_sales.actor)
    assert (case.act_by, case.paused_at, case.due_step) == (now + left, None, "warn")


@pytest.mark.parametrize("after", [timedelta(0), -SECOND, timedelta(days=31)])
def test_a_deadline_is_extended_to_a_later_time_within_thirty_days(shop, clock, after_sales, after):
    case = make.case(shop)
    with pytest.raises(Refused):
        actions.extend(case, until=case.act_by + after, reason="photos", by=after_sales.actor)
    case = fresh(case)
    actions.extend(case, until=case.act_by + make.DAY, reason="photos", by=after_sales.actor)
    assert fresh(case).act_by == case.act_by
    assert ring(case, clock).status == S.REFUNDING


def test_an_order_does_not_complete_by_itself_while_a_case_is_open(shop, clock):
    order = make.order(shop, Status.DELIVERED)
    case = make.case(shop, S.REFUSED, order=order)
    clock.set(order.confirm_by)
    Case.objects.filter(pk=case.pk).update(due_at=order.confirm_by + make.HOUR, act_by=order.confirm_by + make.HOUR)
    order_timers.fire_due()
    assert fresh(order).status == Status.DELIVERED
    ring(case, clock)
    order_timers.fire_due()
    assert fresh(order).status == Status.COMPLETED


def test_an_empty_clock_never_rings(shop):
    ShopPolicy.objects.filter(shop=shop).update(case_answer=None)
    case = make.case(shop)
    assert (case.act_by, case.due_at) == (None, None)


def test_a_case_that_cannot_be_decided_is_given_up_where_people_see_it_and_its_neighbour_goes_on(shop, clock):
    case, neighbour = make.case(shop), make.case(shop)
    # Of its money nothing came.
    Payment.objects.filter(order=case.order_id).update(status="failed")
    clock.set(max(case.act_by, neighbour.act_by))
    # The warning comes first.
    for _attempt in range(1 + faults.MOST_ATTEMPTS):
        timers.fire_due(10)
        clock.advance(2 * make.HOUR)
    assert (fresh(neighbour).status, fresh(case).status) == (S.REFUNDING, S.REQUESTED)
    fault = Fault.objects.get(subject_type="case")
    assert (fault.step, fault.dead_at is None, fresh(case).due_at) == ("consent", False, None)
    Payment.objects.filter(order=case.order_id).update(status="captured")
    replays.replay(fault.pk, by=SYSTEM)
    timers.fire_due(10)
    assert fresh(case).status == S.REFUNDING


def test_working_days_leave_out_the_weekend_and_the_day_itself():
    friday = datetime(2026, 11, 20, 3, tzinfo=UTC)
    end = clocks.working_days(friday, 3, ZoneInfo("Asia/Shanghai"))
    assert end.isoformat() == "2026-11-25T23:59:59+08:00"


def test_a_buyer_s_late_yes_to_an_offer_counts_as_no(shop, clock):
    case = make.case(shop, S.OFFERED)
    clock.set(case.act_by)
    with pytest.raises(Refused):
        actions.take_offer(case, by=BUYER)
    assert not Refund.objects.exists()
