"""The way of the goods: in one parcel or several, and what carriers tell of them, late, twice and out of order."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from orders import actions, fulfilment, inventory, timers
from orders.models import OrderLine, Parcel, ParcelLine, Sku, StockMovement, TrackingEvent
from orders.states import LineStatus, ParcelStatus, Status
from sellercenter import events, outbox
from sellercenter.lifecycle import Refused
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM, admin_actor
from sellercenter.schedule import Schedule
from tests import make
from tests.conftest import fresh, row, told, url
from tests.together import in_threads

pytestmark = pytest.mark.django_db
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def to_ship(shop, *quantities, **facts):
    """Make an order of lines with so many units."""
    lines = [make.line(f"Tea {place}", quantity=many) for place, many in enumerate(quantities or (2,))]
    return make.order(shop, Status.TO_SHIP, lines=lines, **facts)


def lines_of(order):
    return list(order.lines.order_by("position"))


def send(order, number="SF1", *units, by=SYSTEM, carrier="SF Express"):
    """Ship what is left of the order, or so many units of its lines in turn."""
    given = {line.pk: many for line, many in zip(lines_of(order), units, strict=False)} if units else None
    return fulfilment.ship(order, carrier=carrier, tracking_no=number, units=given, by=by)


def hear(parcel, code, at, **more):
    return fulfilment.record_tracking(parcel, code=code, at=at, by=CHANNEL, **more)


def states(order):
    return [line.status for line in lines_of(order)]


def everything(order):
    counted = [model.objects.count() for model in (Parcel, ParcelLine, TrackingEvent, StockMovement)]
    return row(order), told(order), counted, list(order.lines.order_by("pk").values())


@contextmanager
def refusing(order, code):
    before = everything(order)
    with pytest.raises(Refused) as refused:
        yield
    assert (refused.value.code, everything(order)) == (code, before)


# --- Ship -------------------------------------------------------------------------------------------------------------


def test_a_whole_order_leaves_in_one_parcel(shop, clock, shipping):
    now = clock.set(make.NOW + HOUR)
    order = to_ship(shop, 2, 1)
    parcel = send(order, " sf1 ", by=shipping.actor)
    stored = fresh(order)
    assert (stored.status, stored.shipped_at, stored.status_at) == ("shipped", now, now)
    assert (parcel.tracking_no, parcel.status, parcel.shipped_at) == ("SF1", "in_transit", now)
    assert list(parcel.parts.order_by("line__position").values_list("quantity", flat=True)) == [2, 1]
    assert states(order) == ["shipped", "shipped"]
    assert Schedule.of(stored) == Schedule(((now + 7 * DAY, "silence"),))
    event = events.of(order).last()
    assert (event.kind, event.member) == ("order.shipped", shipping.member)
    states_told = {"before": "to_ship", "after": "shipped"}
    assert event.data == states_told | {"carrier": "SF Express", "tracking_no": "SF1", "parcel": parcel.pk, "units": 3}


def test_an_order_leaves_part_by_part_and_keeps_its_ship_by_time_until_all_is_gone(shop):
    order = to_ship(shop, 3, 1)
    before = fresh(order)
    send(order, "SF1", 1)
    stored = fresh(order)
    assert (stored.status, states(order)) == ("part_shipped", ["part_shipped", "waiting"])
    assert (Schedule.of(stored), stored.deadline_at) == (Schedule.of(before), before.ship_by)
    send(order, "SF2", 2)
    assert (fresh(order).status, states(order)) == ("part_shipped", ["shipped", "waiting"])
    rest = send(order, "SF3")
    assert list(rest.parts.values_list("line__position", "quantity")) == [(2, 1)]
    assert (fresh(order).status, states(order)) == ("shipped", ["shipped", "shipped"])
    assert told(order)[-3:] == ["order.part_shipped", "order.part_shipped", "order.shipped"]


@pytest.mark.parametrize("units", [(3,), (2, 2), (-1,), (2, 1, 1)])
def test_more_than_is_left_is_refused(shop, units):
    order, other = to_ship(shop, 2, 1), to_ship(shop, 5)
    given = {line.pk: many for line, many in zip([*lines_of(order), *lines_of(other)], units, strict=False)}
    with refusing(order, "too_many_units"):
        fulfilment.ship(order, carrier="SF", tracking_no="SF1", units=given, by=SYSTEM)


def test_the_refusal_names_the_line_and_what_is_left(shop):
    order = to_ship(shop, 2)
    with pytest.raises(Refused, match="“Tea 0” has 2 left to ship, not 3"):
        send(order, "SF1", 3)


def test_nothing_is_no_parcel(shop):
    order = to_ship(shop, 2)
    with refusing(order, "nothing_left"):
        fulfilment.ship(order, carrier="SF", tracking_no="SF1", units={}, by=SYSTEM)
    with refusing(order, "no_tracking_number"):
        send(order, "  ")
    send(order)
    with refusing(order, "nothing_left"):
        send(order, "SF2")


def test_a_tracking_number_belongs_to_one_order_of_the_shop(shop, other_shop):
    first, second, theirs = to_ship(shop), to_ship(shop), to_ship(other_shop)
    send(first, "SF1")
    with refusing(second, "tracking_number_taken"):
        send(second, "sf1")
    with pytest.raises(Refused, match=f"SF1 is in use by order {first.number}"):
        send(second, "SF1")
    send(second, "SF1", carrier="YTO")
    send(theirs, "SF1")
    assert Parcel.objects.filter(tracking_no="SF1").count() == 3


def test_a_cancelled_line_stays_behind(shop):
    order = to_ship(shop, 2, 1)
    OrderLine.objects.filter(pk=lines_of(order)[1].pk).update(status=LineStatus.CANCELLED)
    with refusing(order, "too_many_units"):
        send(order, "SF1", 2, 1)
    parcel = send(order, "SF1")
    assert list(parcel.parts.values_list("line__position", flat=True)) == [1]
    assert (fresh(order).status, states(order)) == ("shipped", ["shipped", "cancelled"])


@pytest.mark.parametrize("units", [(), (1,)])
def test_while_the_buyer_asks_to_cancel_or_the_order_is_held_nothing_leaves(shop, units):
    asked, held = to_ship(shop), to_ship(shop)
    actions.request_cancel(asked, reason="", by=BUYER)
    actions.hold(held, reason="address looks odd", by=SYSTEM)
    for order in (asked, held):
        with refusing(order, "not_now"):
            send(order, "SF1", *units)
    actions.refuse_cancel(asked, reason="packed already", by=SYSTEM)
    actions.release(held, by=SYSTEM)
    for order in (asked, held):
        send(order, f"SF{order.pk}")
    assert [fresh(order).status for order in (asked, held)] == ["shipped", "shipped"]


@pytest.mark.parametrize("status", [Status.UNPAID, Status.TO_REVIEW, Status.CANCELLED, Status.SHIPPED])
def test_only_what_was_approved_and_is_not_gone_leaves(shop, status):
    order = make.order(shop, status)
    with refusing(order, "not_now" if status in (Status.UNPAID, Status.TO_REVIEW) else "nothing_left"):
        send(order)


def test_shipping_needs_its_right(shop, service):
    order = to_ship(shop)
    before = everything(order)
    with pytest.raises(PermissionDenied):
        send(order, by=service.actor)
    assert everything(order) == before


def test_what_leaves_is_taken_from_the_shelf(shop):
    order = to_ship(shop, 3)
    sku = Sku.objects.get(number="K-Tea 0")
    inventory.count(sku, on_hand=10, reason="", by=SYSTEM)
    send(order, "SF1", 1)
    send(order, "SF2")
    assert (fresh(sku).on_hand, fresh(sku).reserved) == (7, 0)
    assert list(sku.movements.filter(kind="take").order_by("pk").values_list("on_hand", flat=True)) == [-1, -2]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ship_the_same_units_at_once_one_does(shop):
    order, codes = to_ship(shop, 1), []

    def act(number):
        try:
            send(fresh(order), number)
        except Refused as refused:
            codes.append(refused.code)

    in_threads(lambda: act("SF1"), lambda: act("SF2"))
    assert (codes, Parcel.objects.count(), fresh(order).status) == (["nothing_left"], 1, "shipped")


@pytest.mark.parametrize("lost", [DeadlockDetected, LockNotAvailable, SerializationFailure])
def test_a_person_who_has_to_give_way_reads_so(other_shop, stranger, monkeypatch, lost):
    def give_way(*args, **named):
        raise OperationalError("somebody else was quicker") from lost()

    order = to_ship(other_shop)
    monkeypatch.setattr(fulfilment, "ship", give_way)
    page = stranger.post(url("order_ship", order), {"carrier": "SF", "tracking_no": "SF1"})
    page.says("Somebody else is changing this at the very moment. Try again.")


# --- News -------------------------------------------------------------------------------------------------------------


def sent(shop, clock, *quantities):
    """Return an order whose lines left in parcels of their own, with the parcels."""
    clock.set(make.NOW)
    order = to_ship(shop, *quantities)
    parcels = []
    for place, many in enumerate(quantities):
        units = [0] * place + [many]
        parcels.append(send(order, f"SF{place}", *units))
    return order, parcels


def test_a_delivered_parcel_delivers_its_order(shop, clock):
    order, [parcel] = sent(shop, clock, 2)
    at = make.NOW + 2 * DAY
    heard_at = clock.set(at + HOUR)
    assert hear(parcel, "delivered", at, site="Guangzhou", text="Signed for") is True
    stored = fresh(order)
    assert (stored.status, stored.delivered_at, stored.confirm_by) == ("delivered", at, heard_at + 10 * DAY)
    assert (Schedule.of(stored), states(order)) == (Schedule(((heard_at + 10 * DAY, "complete"),)), ["delivered"])
    assert (fresh(parcel).status, fresh(parcel).delivered_at, fresh(parcel).last_event_at) == ("delivered", at, at)
    assert told(order)[-1] == "order.delivered"


def test_one_parcel_delivered_and_one_on_its_way_is_still_shipped(shop, clock):
    order, [first, second] = sent(shop, clock, 1, 1)
    clock.set(make.NOW + 5 * DAY)
    hear(first, "delivered", make.NOW + 4 * DAY)
    assert (fresh(order).status, states(order)) == ("shipped", ["delivered", "shipped"])
    # The news of the second parcel comes last, though it arrived first; receipt counts from when that was heard.
    hear(second, "delivered", make.NOW + 2 * DAY)
    stored = fresh(order)
    assert (stored.status, stored.delivered_at) == ("delivered", make.NOW + 4 * DAY)
    assert stored.confirm_by == make.NOW + 15 * DAY


def test_the_same_news_count_once(shop, clock):
    order, [parcel] = sent(shop, clock, 2)
    clock.set(make.NOW + DAY)
    assert hear(parcel, "hub", make.NOW + HOUR, text="At a hub") is True
    before = everything(order)
    assert hear(parcel, "hub", make.NOW + HOUR, text="At a hub") is False
    assert everything(order) == before


def test_late_news_are_kept_and_turn_nothing_back(shop, clock):
    order, [parcel] = sent(shop, clock, 2)
    clock.set(make.NOW + 3 * DAY)
    hear(parcel, "out_for_delivery", make.NOW + 2 * DAY)
    hear(parcel, "picked_up", make.NOW + HOUR)
    assert (fresh(parcel).status, fresh(parcel).last_event_at) == ("out_for_delivery", make.NOW + 2 * DAY)
    assert fresh(order).due_at == make.NOW + 9 * DAY
    hear(parcel, "delivered", make.NOW + 3 * DAY)
    after = row(order)
    for code in ("hub", "attempt_failed", "returning", "delivered"):
        hear(parcel, code, make.NOW + 2 * DAY + SECOND)
    assert (row(order), fresh(parcel).status, parcel.events.count()) == (after, "delivered", 7)


def test_an_end_that_is_told_late_counts(shop, clock):
    order, [parcel] = sent(shop, clock, 2)
    clock.set(make.NOW + 3 * DAY)
    hear(parcel, "hub", make.NOW + 2 * DAY)
    hear(parcel, "delivered", make.NOW + DAY)
    assert (fresh(order).status, fresh(order).delivered_at) == ("delivered", make.NOW + DAY)


@pytest.mark.parametrize(
    ("code", "status"), [("lost", "lost"), ("returned", "returned"), ("attempt_failed", "problem")]
)
def test_a_parcel_that_did_not_arrive_leaves_its_order_shipped(shop, clock, code, status):
    order, [parcel] = sent(shop, clock, 2)
    clock.set(make.NOW + DAY)
    hear(parcel, code, make.NOW + DAY)
    assert (fresh(parcel).status, fresh(order).status) == (status, "shipped")


def test_a_part_that_arrives_does_not_deliver_what_has_not_left(shop, clock):
    clock.set(make.NOW)
    order = to_ship(shop, 1, 1)
    parcel = send(order, "SF1", 1)
    clock.set(make.NOW + DAY)
    hear(parcel, "delivered", make.NOW + DAY)
    assert (fresh(order).status, states(order)) == ("part_shipped", ["delivered", "waiting"])
    send(order, "SF2")
    assert fresh(order).status == "shipped"


def test_one_parcel_of_two_orders_tells_both(shop, clock):
    facts = [make.facts(shop, Status.SHIPPED, parcels=[make.parcel("SF1", shipped_at=make.NOW)]) for _i in range(2)]
    orders = make.orders(shop, facts)
    clock.set(make.NOW + DAY)
    hear(Parcel.objects.get(), "delivered", make.NOW + DAY)
    assert [fresh(order).status for order in orders] == ["delivered", "delivered"]


def test_news_of_the_future_deliver_now(shop, clock):
    order, [parcel] = sent(shop, clock, 2)
    hear(parcel, "delivered", make.NOW + DAY)
    assert fresh(order).delivered_at == make.NOW


def test_a_scan_from_a_wrong_clock_counts_between_when_the_parcel_left_and_now(shop, clock):
    order, [parcel] = sent(shop, clock, 2)
    now = clock.set(make.NOW + DAY)
    hear(parcel, "hub", make.NOW + 3650 * DAY)
    assert fresh(parcel).last_event_at == now
    assert (fresh(order).due_at, fresh(order).due_step) == (now + 7 * DAY, "silence")
    assert hear(parcel, "hub", make.NOW + 3650 * DAY) is False, "it is kept as the carrier tells it"
    hear(parcel, "delivered", make.NOW - 40 * DAY)
    stored = fresh(order)
    assert (stored.status, stored.delivered_at, stored.confirm_by) == ("delivered", make.NOW, now + 10 * DAY)
    assert timers.fire_due() == 0


@pytest.mark.parametrize(("code", "words"), [("lost", "Parcel SF0 is lost."), ("returned", "Parcel SF0 came back.")])
def test_a_parcel_that_will_not_arrive_marks_its_order_and_is_told(other_shop, stranger, clock, code, words):
    order, [parcel] = sent(other_shop, clock, 2)
    clock.set(make.NOW + DAY)
    hear(parcel, code, make.NOW + DAY)
    hear(parcel, "hub", make.NOW + DAY)
    stored = fresh(order)
    assert (stored.abnormal, stored.abnormal_reason) == ("parcel", words)
    assert told(order)[-2:] == ["order.marked", "order.parcel_failed"]
    assert events.of(order).last().data == {"status": code, "carrier": "SF Express", "tracking_no": "SF0"}
    outbox.fan_out(100)
    stranger.get(url("notice_list", other_shop)).says("A parcel was lost or came back")
    stranger.get(url("order_detail", order)).says("A parcel was lost or came back").says("SF0")


def test_a_mark_that_stands_is_kept_when_a_parcel_is_lost(shop, clock):
    order, [parcel] = sent(shop, clock, 2)
    actions.mark_abnormal(order, kind="buyer", reason="does not answer", by=SYSTEM)
    hear(parcel, "lost", make.NOW)
    assert (fresh(order).abnormal, told(order)[-1]) == ("buyer", "order.parcel_failed")


def test_nobody_of_the_shop_reports_for_a_carrier(shop, clock, owner):
    order, [parcel] = sent(shop, clock, 2)
    before = everything(order)
    for by in (owner.actor, admin_actor("root")):
        with pytest.raises(PermissionDenied):
            fulfilment.record_tracking(parcel, code="hub", at=make.NOW, by=by)
    assert everything(order) == before


# --- Announced parcels ------------------------------------------------------------------------------------------------


def announced(shop, *numbers, status=Status.TO_SHIP):
    """Load an order of lines of one unit, each announced in a parcel of its own, with the parcels and their SKUs."""
    lines = [make.line(f"Tea {place}", quantity=1) for place, _number in enumerate(numbers)]
    parcels = [
        make.parcel(number, status=ParcelStatus.READY, contents={one.number: 1})
        for number, one in zip(numbers, lines, strict=True)
    ]
    order = make.order(shop, status, lines=lines, parcels=parcels)
    for sku in Sku.objects.order_by("pk"):
        inventory.count(sku, on_hand=5, reason="", by=SYSTEM)
    return order, list(Parcel.objects.order_by("tracking_no"))


def on_hand():
    return list(Sku.objects.order_by("number").values_list("on_hand", flat=True))


def test_an_announced_parcel_that_a_carrier_takes_ships_its_order(shop, clock):
    order, [parcel] = announced(shop, "SF1")
    at = clock.set(make.NOW + HOUR)
    hear(parcel, "info", at)
    assert fresh(order).status == "to_ship", "a label is no parcel"
    hear(parcel, "picked_up", at)
    stored, event = fresh(order), events.of(order).last()
    assert (stored.status, stored.shipped_at, states(order), on_hand()) == ("shipped", at, ["shipped"], [4])
    assert (event.kind, event.actor_kind, event.data["units"]) == ("order.shipped", "channel", 1)
    assert (stored.due_step, fresh(parcel).shipped_at) == ("silence", at)
    hear(parcel, "hub", at)
    assert (on_hand(), told(order).count("order.shipped")) == ([4], 1)


def test_an_announced_parcel_of_which_the_first_news_is_that_it_arrived_delivers_its_order(shop, clock):
    order, [parcel] = announced(shop, "SF1")
    at = clock.set(make.NOW + HOUR)
    hear(parcel, "delivered", at)
    assert (fresh(order).status, told(order)[-2:]) == ("delivered", ["order.shipped", "order.delivered"])
    assert on_hand() == [4]


def test_two_announced_parcels_leave_one_after_the_other(shop, clock):
    order, [first, second] = announced(shop, "SF1", "SF2")
    at = clock.set(make.NOW + HOUR)
    hear(first, "hub", at)
    assert (fresh(order).status, states(order), on_hand()) == ("part_shipped", ["shipped", "waiting"], [4, 5])
    hear(first, "delivered", at)
    hear(second, "picked_up", at)
    assert (fresh(order).status, states(order), on_hand()) == ("shipped", ["delivered", "shipped"], [4, 4])
    hear(second, "delivered", at)
    assert fresh(order).status == "delivered"
    assert told(order)[-3:] == ["order.part_shipped", "order.shipped", "order.delivered"]


def test_under_its_number_an_announced_parcel_is_shipped(shop):
    order, [parcel, other] = announced(shop, "SF1", "SF2")
    assert send(order, "SF1") == parcel
    assert (fresh(order).status, states(order), on_hand()) == ("shipped", ["shipped", "shipped"], [4, 4])
    assert (fresh(parcel).status, parcel.parts.count(), other.parts.count()) == ("in_transit", 2, 0)


def test_an_announced_parcel_keeps_nobody_from_sending_another_one(shop, clock):
    order, [first, second] = announced(shop, "SF1", "SF2")
    send(order, "YT1", 1)
    assert (fresh(order).status, first.parts.count(), second.parts.count()) == ("part_shipped", 0, 1)
    clock.set(make.NOW + HOUR)
    hear(first, "picked_up", make.NOW + HOUR)
    hear(second, "picked_up", make.NOW + HOUR)
    assert (fresh(order).status, on_hand()) == ("shipped", [4, 4])


def test_an_announced_parcel_of_two_orders_ships_both_but_under_nobodys_hand(shop, clock):
    told_of = [make.facts(shop, parcels=[make.parcel("SF1", status=ParcelStatus.READY)]) for _i in range(2)]
    orders = make.orders(shop, told_of)
    with refusing(orders[0], "tracking_number_taken"):
        send(orders[0], "SF1")
    clock.set(make.NOW + HOUR)
    hear(Parcel.objects.get(), "picked_up", make.NOW + HOUR)
    assert [fresh(order).status for order in orders] == ["shipped", "shipped"]


@pytest.mark.parametrize("status", [Status.TO_REVIEW, Status.TO_SHIP])
def test_what_a_carrier_took_has_left_whatever_people_meant_to_do_first(other_shop, clock, status):
    order, [parcel] = announced(other_shop, "SF1", status=status)
    actions.request_cancel(order, reason="", by=BUYER)
    actions.hold(order, reason="address looks odd", by=SYSTEM)
    clock.set(make.NOW + HOUR)
    hear(parcel, "picked_up", make.NOW + HOUR)
    stored = fresh(order)
    assert (stored.status, stored.held, stored.cancel_requested_at, on_hand()) == ("shipped", False, None, [4])
    assert (stored.abnormal, stored.abnormal_reason) == ("parcel", "Parcel SF1 left although the order was held.")
    assert {"order.released", "order.cancel_refused", "order.shipped"} <= set(told(order))


def test_what_a_carrier_took_when_a_wish_to_cancel_is_already_granted_is_shown_to_people(other_shop, clock):
    order, [parcel] = announced(other_shop, "SF1")
    actions.request_cancel(order, reason="", by=BUYER)
    clock.set(make.NOW + 49 * HOUR)
    hear(parcel, "picked_up", make.NOW + 49 * HOUR)
    stored = fresh(order)
    assert (stored.status, stored.abnormal, on_hand()) == ("to_ship", "parcel", [4])
    assert stored.abnormal_reason == "Parcel SF1 left although the buyer had asked to cancel."


# --- Receipt ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.DELIVERED])
def test_a_buyer_confirms_receipt_before_the_clock_does(shop, clock, status):
    order = make.order(shop, status)
    now = clock.set(make.NOW + HOUR)
    fulfilment.confirm(order, by=BUYER)
    stored = fresh(order)
    delivered_at = now if status == Status.SHIPPED else make.NOW - 5 * HOUR
    assert (stored.status, stored.completed_at, stored.delivered_at) == ("completed", now, delivered_at)
    assert (stored.due_at, stored.due_step, stored.deadline_at, states(order)) == (None, "", None, ["delivered"])
    assert told(order)[-1] == "order.receipt_confirmed"


def test_no_person_of_the_shop_confirms_for_the_buyer(shop, owner):
    order = make.order(shop, Status.DELIVERED)
    before = everything(order)
    with pytest.raises(PermissionDenied):
        fulfilment.confirm(order, by=owner.actor)
    assert everything(order) == before


@pytest.mark.parametrize(("carrier", "number"), [("SF", "9" * 65), ("S" * 41, "SF1")])
def test_a_number_or_a_name_that_is_too_long_is_refused_in_words(shop, carrier, number):
    order = to_ship(shop)
    with refusing(order, "too_long"):
        send(order, number, carrier=carrier)
