"""The sweep of due orders: who is spared, who is put off, and that nobody is handled twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import transaction

from orders import actions, fulfilment, inventory, payments, timers
from orders.imports.changes import update
from orders.lifecycle import ORDER
from orders.models import Order, Sku
from orders.states import PaymentMethod, Status
from sellercenter import events
from sellercenter.models import Fault, ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from sellercenter.schedule import Schedule
from tests import make
from tests.conftest import fresh, row, told
from tests.together import in_threads

pytestmark = pytest.mark.django_db
T = datetime(2026, 3, 1, 10, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def sweep():
    while timers.fire_due():
        pass


def due(shop, clock, step, status=Status.UNPAID, many=None, **columns):
    """Make orders whose step is due at the clock's now."""
    orders = make.orders(shop, [make.facts(shop, status) for _i in range(many or 1)])
    ids = [order.pk for order in orders]
    limits = {"expire": {"pay_by": clock.now}, "overdue": {"ship_by": clock.now}}.get(step, {})
    Order.objects.filter(pk__in=ids).update(due_at=clock.now, due_step=step, due_later=[], **limits, **columns)
    return orders if many else orders[0]


def wind_anew(shop):
    shop.policy.refresh_from_db()
    open_now = Order.objects.for_shop(shop).filter(status__in=[*ORDER.timers])
    with transaction.atomic():
        timers.wind_anew([*timers.lock_to_wind(shop, [*open_now.values_list("pk", flat=True)]).values()])


def policy(shop, **values):
    ShopPolicy.objects.filter(shop=shop).update(**values)
    shop.policy.refresh_from_db()


def steps(order):
    return [name for _at, name in Schedule.of(fresh(order)).steps]


# --- One step ---------------------------------------------------------------------------------------------------------


def test_a_batch_handles_so_many_orders_the_longest_waiting_first(shop, clock):
    clock.set(T)
    orders = due(shop, clock, "overdue", Status.TO_SHIP, many=5)
    for place, order in enumerate(orders):
        Order.objects.filter(pk=order.pk).update(due_at=T - place * MINUTE)
    assert timers.fire_due(2) == 2
    assert [fresh(order).due_at is None for order in orders] == [False, False, False, True, True]
    assert [timers.fire_due(2), timers.fire_due(2), timers.fire_due(2)] == [2, 1, 0]


def test_a_batch_takes_few_statements_however_many_orders_it_holds(shop, clock, django_assert_max_num_queries):
    clock.set(T)
    kinds = [("expire", Status.UNPAID), ("remind", Status.UNPAID), ("overdue", Status.TO_SHIP)]
    orders = [order for step, status in kinds for order in due(shop, clock, step, status, many=10)]
    with django_assert_max_num_queries(22):
        assert timers.fire_due() == 30
    assert {fresh(order).due_at for order in orders} == {None}


def test_a_reminder_whose_channels_were_taken_away_meanwhile_is_left_out(shop, clock):
    clock.set(T)
    order = due(shop, clock, "remind")
    policy(shop, first_channels=[])
    sweep()
    assert (told(order), steps(order)) == (["order.placed"], [])


REMINDERS = {"due_step": "remind", "due_later": [["remind_again", (T + HOUR).isoformat()]]}


def both_reminders(shop, clock, **columns):
    clock.set(T)
    order = due(shop, clock, "remind")
    Order.objects.filter(pk=order.pk).update(**REMINDERS, pay_by=T + DAY, **columns)
    return order


def test_of_two_reminders_that_an_outage_brings_together_only_the_second_is_written(shop, clock):
    order = both_reminders(shop, clock)
    clock.set(T + 2 * HOUR)
    sweep()
    assert (told(order)[1:], steps(order)) == (["order.reminded"], [])
    assert events.of(order).last().data["stage"] == "second"


def test_the_first_of_two_is_written_when_the_second_has_no_channels_any_more(shop, clock):
    order = both_reminders(shop, clock)
    policy(shop, second_channels=[])
    clock.set(T + 2 * HOUR)
    sweep()
    assert events.of(order).last().data["stage"] == "first"


def test_after_an_outage_nobody_is_reminded_of_what_is_over(shop, clock):
    order = both_reminders(shop, clock)
    clock.set(T + DAY)
    sweep()
    assert (told(order), steps(order)) == (["order.placed"], [])


def test_nobody_is_reminded_of_an_order_that_is_held(shop, clock):
    order = both_reminders(shop, clock, held=True)
    sweep()
    clock.set(T + HOUR)
    sweep()
    assert (told(order), steps(order)) == (["order.placed"], [])


def test_an_empty_policy_lets_nothing_happen(shop, clock):
    names = ["first_reminder", "second_reminder", "payment_window", "ship_within", "ship_warning", "tracking_silence"]
    policy(shop, **dict.fromkeys([*names, "receipt_window", "cancel_answer"]))
    orders = [make.order(shop, status) for status in (Status.UNPAID, Status.TO_SHIP, Status.SHIPPED, Status.DELIVERED)]
    actions.request_cancel(orders[1], reason="", by=BUYER)
    before = [(row(order), told(order)) for order in orders]
    assert {one["due_at"] for one, _told in before} == {None}
    clock.set(make.NOW + 1000 * DAY)
    sweep()
    assert [(row(order), told(order)) for order in orders] == before


def test_a_part_payment_of_an_expired_order_is_to_be_refunded(shop, clock):
    clock.set(T)
    orders = due(shop, clock, "expire", many=3)
    payments.pay(orders[1], amount=Decimal("5.50"), method=PaymentMethod.CARD, transaction_no="T1", by=CHANNEL)
    sweep()
    assert [fresh(order).status for order in orders] == ["cancelled"] * 3
    assert [fresh(order).refund_due for order in orders] == [0, Decimal("5.50"), 0]


def test_an_order_that_is_paid_while_the_sweep_looks_at_it_is_not_cancelled(shop, clock):
    """What the sweep read before is worth nothing: it decides by the row that it has locked."""
    clock.set(T)
    order = due(shop, clock, "expire")
    payments.pay(order, amount=Decimal(20), method=PaymentMethod.CARD, transaction_no="T1", by=CHANNEL)
    sweep()
    assert (fresh(order).status, "order.expired" in told(order)) == ("to_review", False)


def test_unshipped_orders_are_cancelled_only_where_the_policy_says_so(shop, other_shop, clock):
    policy(other_shop, ship_cancel=timedelta(hours=96))
    mine, theirs = (make.order(one, Status.TO_SHIP) for one in (shop, other_shop))
    clock.set(theirs.paid_at + 96 * HOUR)
    sweep()
    assert (fresh(mine).status, fresh(theirs).status) == ("to_ship", "cancelled")
    stored = fresh(theirs)
    assert (stored.refund_due, stored.cancelled_by) == (stored.paid_amount, "system")
    assert told(theirs)[-2:] == ["order.overdue", "order.lapsed"]


def test_what_has_partly_left_is_never_cancelled_by_the_clock(shop, clock):
    clock.set(T)
    order = due(shop, clock, "cancel_unshipped", Status.PART_SHIPPED)
    asked = due(shop, clock, "accept_cancel", Status.PART_SHIPPED, cancel_requested_at=T - 2 * DAY, answer_by=T)
    sweep()
    assert [fresh(one).status for one in (order, asked)] == ["part_shipped", "part_shipped"]
    assert [steps(one) for one in (order, asked)] == [[], []]


def test_a_request_that_was_taken_back_meanwhile_is_not_granted(shop, clock):
    clock.set(T)
    order = due(shop, clock, "accept_cancel", Status.TO_SHIP)
    sweep()
    assert (fresh(order).status, steps(order)) == ("to_ship", [])


# --- Silence ----------------------------------------------------------------------------------------------------------


def test_news_of_the_carrier_put_silence_off(shop, clock):
    clock.set(T)
    order = make.order(shop, Status.TO_SHIP)
    parcel = fulfilment.ship(order, carrier="SF", tracking_no="SF1", by=SYSTEM)
    clock.set(T + 6 * DAY)
    fulfilment.record_tracking(parcel, code="hub", at=T + 5 * DAY, by=CHANNEL)
    assert fresh(order).due_at == T + 12 * DAY
    clock.set(T + 7 * DAY)
    sweep()
    assert "order.silent" not in told(order)
    clock.set(T + 12 * DAY)
    sweep()
    assert (told(order)[-1], fresh(order).abnormal) == ("order.silent", "parcel")
    # It is heard of again, and falls silent again.
    fulfilment.record_tracking(parcel, code="hub", at=T + 12 * DAY, by=CHANNEL)
    clock.set(T + 19 * DAY)
    sweep()
    assert told(order).count("order.silent") == 2


def test_news_that_nobody_planned_for_are_looked_for_before_an_order_is_marked(shop, clock):
    clock.set(T)
    order = due(shop, clock, "silence", Status.SHIPPED, shipped_at=T - 7 * DAY)
    parcel = order.parcel_parts.get().parcel
    type(parcel).objects.filter(pk=parcel.pk).update(last_event_at=T - DAY)
    sweep()
    assert (fresh(order).abnormal, fresh(order).due_at, steps(order)) == ("", T + 6 * DAY, ["silence"])


def test_a_label_that_was_told_of_long_before_the_parcel_left_is_no_silence(shop, clock):
    clock.set(T)
    order = due(shop, clock, "silence", Status.SHIPPED, shipped_at=T - DAY)
    parcel = order.parcel_parts.get().parcel
    type(parcel).objects.filter(pk=parcel.pk).update(last_event_at=T - 20 * DAY)
    sweep()
    assert (fresh(order).abnormal, fresh(order).due_at) == ("", T + 6 * DAY)


def test_a_mark_that_somebody_set_is_kept(shop, clock):
    clock.set(T)
    order = due(shop, clock, "silence", Status.SHIPPED, shipped_at=T - 7 * DAY)
    actions.mark_abnormal(order, kind="risk", reason="looks odd", by=SYSTEM)
    sweep()
    assert (fresh(order).abnormal, fresh(order).abnormal_reason, told(order)[-1]) == (
        "risk",
        "looks odd",
        "order.silent",
    )


# --- Orders that cannot be decided ------------------------------------------------------------------------------------


def poisoned(shop, clock):
    """Return three due orders, of which the stock of the second contradicts itself, so that the database refuses."""
    clock.set(T)
    orders = due(shop, clock, "expire", many=3)
    sku = Sku.objects.get(number="K-Green tea")
    inventory.count(sku, on_hand=10, reason="", by=SYSTEM)
    with transaction.atomic():
        inventory.reserve(orders[1], list(orders[1].lines.all()), by=SYSTEM)
    Sku.objects.filter(pk=sku.pk).update(reserved=0)
    return orders, sku


def test_an_order_that_cannot_be_decided_is_put_off_and_its_neighbours_pass(shop, clock):
    orders, _sku = poisoned(shop, clock)
    before = told(orders[1])
    assert timers.fire_due() == 3
    assert [fresh(order).status for order in orders] == ["cancelled", "unpaid", "cancelled"]
    fault = Fault.objects.get()
    assert (fault.subject_type, fault.subject_id, fault.step) == ("order", orders[1].pk, "expire")
    assert (fault.attempts, fault.dead_at, fault.shop) == (1, None, shop)
    assert fault.error.startswith("IntegrityError")
    assert (fresh(orders[1]).due_at, steps(orders[1]), told(orders[1])) == (T + 30 * SECOND, ["expire"], before)
    assert timers.fire_due() == 0


def test_it_is_tried_five_times_ever_later_and_then_waits_for_a_person(shop, clock):
    orders, sku = poisoned(shop, clock)
    waits = []
    for _attempt in range(5):
        sweep()
        if due_at := fresh(orders[1]).due_at:
            waits.append(due_at - clock.now)
            clock.set(due_at)
    assert waits == [30 * SECOND, 2 * MINUTE, 8 * MINUTE, 32 * MINUTE]
    fault = Fault.objects.get()
    assert (fault.attempts, fault.dead_at is not None) == (5, True)
    assert (fresh(orders[1]).status, steps(orders[1])) == ("unpaid", [])
    failed = events.of(orders[1]).last()
    assert (failed.kind, failed.data, failed.owed_at is not None) == ("order.step_failed", {"step": "expire"}, True)
    clock.advance(365 * DAY)
    sweep()
    assert Fault.objects.get().attempts == 5
    Sku.objects.filter(pk=sku.pk).update(reserved=2)
    timers.replay(fault, by=SYSTEM)
    assert steps(orders[1]) == ["expire"]
    sweep()
    assert (fresh(orders[1]).status, fresh(sku).reserved) == ("cancelled", 0)
    assert told(orders[1])[-2:] == ["order.replayed", "order.expired"]
    assert not Fault.objects.exists()


def test_an_order_that_is_decided_at_last_leaves_no_fault_behind(shop, clock):
    orders, sku = poisoned(shop, clock)
    sweep()
    Sku.objects.filter(pk=sku.pk).update(reserved=2)
    clock.advance(30 * SECOND)
    sweep()
    assert (fresh(orders[1]).status, Fault.objects.count()) == ("cancelled", 0)


def test_a_step_that_makes_no_sense_any_more_is_not_replayed(shop, clock):
    orders, _sku = poisoned(shop, clock)
    sweep()
    Order.objects.filter(pk=orders[1].pk).update(status=Status.TO_SHIP, due_at=None, due_step="")
    before = row(orders[1])
    timers.replay(Fault.objects.get(), by=SYSTEM)
    assert (row(orders[1]), Fault.objects.count()) == (before, 0)


def test_a_failure_tells_nobodys_private_words(shop, clock):
    orders, _sku = poisoned(shop, clock)
    Order.objects.filter(pk=orders[1].pk).update(buyer_message="I live at 8 Happy Road")
    sweep()
    assert "Happy" not in Fault.objects.get().error


# --- A new policy -----------------------------------------------------------------------------------------------------


def test_a_new_policy_moves_nothing_until_the_open_orders_are_wound_anew(shop, other_shop, clock):
    clock.set(make.NOW)
    orders = {status: make.order(shop, status) for status in (Status.UNPAID, Status.TO_SHIP, Status.DELIVERED)}
    promised = make.order(shop, Status.TO_SHIP, ship_by=make.NOW + 5 * DAY)
    ended, theirs = make.order(shop, Status.COMPLETED), make.order(other_shop, Status.UNPAID)
    untouched = [row(one) for one in (ended, theirs)]
    before = [row(one) for one in orders.values()]
    policy(shop, payment_window=30 * HOUR, ship_within=100 * HOUR, receipt_window=3 * DAY, second_reminder=None)
    assert [row(one) for one in orders.values()] == before
    wind_anew(shop)
    unpaid, paid, delivered = (fresh(one) for one in orders.values())
    assert (unpaid.pay_by, steps(unpaid)) == (unpaid.placed_at + 30 * HOUR, ["expire"])
    assert (paid.ship_by, steps(paid)) == (paid.paid_at + 100 * HOUR, ["warn_ship", "overdue"])
    assert delivered.confirm_by == delivered.due_at == delivered.delivered_at + 3 * DAY
    assert fresh(promised).ship_by == make.NOW + 5 * DAY
    assert [row(one) for one in (ended, theirs)] == untouched


def test_a_buyer_is_not_reminded_again_because_the_policy_changed(shop, clock):
    clock.set(make.NOW)
    order = make.order(shop, Status.UNPAID, placed_at=make.NOW)
    clock.advance(15 * MINUTE)
    sweep()
    assert told(order).count("order.reminded") == 1
    policy(shop, first_reminder=timedelta(hours=1))
    wind_anew(shop)
    assert steps(order) == ["remind_again", "expire"]


def test_silence_is_still_listened_for_after_a_new_policy(shop, clock):
    clock.set(T)
    order = make.order(shop, Status.TO_SHIP)
    parcel = fulfilment.ship(order, carrier="SF", tracking_no="SF1", by=SYSTEM)
    clock.set(T + 9 * DAY - HOUR)
    fulfilment.record_tracking(parcel, code="hub", at=T + 6 * DAY, by=CHANNEL)
    wind_anew(shop)
    sweep()
    assert (fresh(order).due_at, fresh(order).abnormal) == (T + 13 * DAY, "")


def test_orders_of_every_earlier_policy_get_the_new_times_and_promises_stay(shop, clock):
    clock.set(make.NOW)
    first, promised = make.order(shop, Status.TO_SHIP), make.order(shop, Status.TO_SHIP, ship_by=make.NOW + 5 * DAY)
    # Promised is promised, even when it is what the policy says.
    same = make.order(shop, Status.TO_SHIP, ship_by=first.ship_by)
    policy(shop, ship_within=90 * HOUR)
    second = make.order(shop, Status.TO_SHIP)
    policy(shop, ship_within=100 * HOUR)
    wind_anew(shop)
    assert [fresh(one).ship_by - one.paid_at for one in (first, second)] == [100 * HOUR] * 2
    assert [fresh(one).ship_by for one in (promised, same)] == [promised.ship_by, same.ship_by]


def test_a_time_that_a_later_file_brings_is_a_promise_too(shop, clock):
    clock.set(make.NOW)
    facts = make.facts(shop, Status.TO_SHIP)
    (order,) = make.orders(shop, [facts])
    update(shop, replace(facts, ship_by=make.NOW + 5 * DAY), by=SYSTEM, now=make.NOW)
    policy(shop, ship_within=100 * HOUR)
    wind_anew(shop)
    assert fresh(order).ship_by == make.NOW + 5 * DAY


def test_what_has_left_keeps_the_time_by_which_it_had_to(shop, clock):
    clock.set(make.NOW)
    gone = make.order(shop, Status.SHIPPED)
    policy(shop, ship_within=100 * HOUR)
    wind_anew(shop)
    assert fresh(gone).ship_by == gone.ship_by


# --- Several at once --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_handle_each_order_once(shop):
    placed_at = make.NOW - 48 * HOUR - MINUTE
    orders = make.orders(shop, [make.facts(shop, Status.UNPAID, placed_at=placed_at) for _i in range(60)])
    handled = []

    def work():
        while done := timers.fire_due(7):
            handled.append(done)

    in_threads(work, work, work)
    assert sum(handled) == 60
    assert [told(order) for order in orders] == [["order.placed", "order.expired"]] * 60
    call_command("check_invariants")


@pytest.mark.django_db(transaction=True)
def test_a_sweep_passes_by_what_somebody_holds(shop):
    placed_at = make.NOW - 48 * HOUR - MINUTE
    orders = make.orders(shop, [make.facts(shop, Status.UNPAID, placed_at=placed_at) for _i in range(3)])
    handled = []
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=orders[1].pk)
        in_threads(lambda: handled.append(timers.fire_due()))
        assert handled == [2]
    assert [fresh(order).status for order in orders] == ["cancelled", "unpaid", "cancelled"]
    assert timers.fire_due() == 1
