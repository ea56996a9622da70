"""Logistics tickets: what a carrier can still mend, by when it answers, and how it ends."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from aftersales import dispute_timers, tickets
from aftersales.models import Ticket
from aftersales.states import TicketStatus
from orders.models import Parcel, TrackingEvent
from orders.states import ParcelStatus
from sellercenter.lifecycle import Refused
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.conftest import fresh, row, told, url
from tests.together import at_once

pytestmark = pytest.mark.django_db


def shipped(shop):
    order = make.shipped(shop, make.number("SF9"))
    return order, Parcel.objects.get(parts__order=order)


def failed(parcel, ago):
    TrackingEvent.objects.create(parcel=parcel, code="attempt_failed", at=make.NOW - ago)


def opened(shop, kind="stuck", **facts) -> Ticket:
    order, parcel = shipped(shop)
    made = tickets.open_ticket(order, kind=kind, words="Nothing moves.", parcel=parcel, **{"by": SYSTEM, **facts})
    return Ticket.objects.select_related("shop__policy", "order", "parcel").get(pk=made.pk)


def refused(code, order, parcel, kind="stuck", by=SYSTEM):
    with pytest.raises(Refused) as no:
        tickets.open_ticket(order, kind=kind, words="Nothing moves.", parcel=parcel, by=by)
    assert no.value.code == code


def test_a_ticket_is_answered_within_two_working_days_or_told_overdue_once(shop, logistics):
    one = opened(shop, by=logistics.actor)
    assert (one.status, one.due_at, one.due_step) == ("open", one.answer_by, "overdue")
    Ticket.objects.filter(pk=one.pk).update(due_at=make.NOW - make.HOUR)
    assert (dispute_timers.fire_due(), dispute_timers.fire_due()) == (1, 0)
    assert (fresh(one).status, told(one)) == (TicketStatus.OPEN, ["ticket.opened", "ticket.overdue"])


def test_a_second_ticket_of_the_kind_a_foreign_parcel_and_a_late_wish_are_refused(shop, other_shop):
    order, parcel = shipped(shop)
    tickets.open_ticket(order, kind="stuck", words="Where?", parcel=parcel, by=SYSTEM)
    refused("ticket_open", order, parcel)
    refused("other_parcel", order, shipped(shop)[1])
    refused("other_parcel", order, shipped(other_shop)[1])
    Parcel.objects.filter(pk=parcel.pk).update(status=ParcelStatus.DELIVERED)
    refused("arrived", order, fresh(parcel), "intercept")
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(
    ("ago", "code"), [(None, "no_failure"), (7 * make.DAY, "too_late"), (7 * make.DAY - make.HOUR, "")]
)
def test_another_delivery_is_asked_for_within_seven_days_after_a_failed_one(shop, ago, code):
    order, parcel = shipped(shop)
    if ago:
        failed(parcel, 9 * make.DAY)
        failed(parcel, ago)
    if code:
        refused(code, order, parcel, "redelivery")
    else:
        tickets.open_ticket(order, kind="redelivery", words="Call first.", parcel=parcel, by=SYSTEM)
    assert Ticket.objects.count() == (not code)


def test_an_answer_that_mends_nothing_is_asked_again_and_a_solved_one_is_over(shop, logistics):
    one = opened(shop)
    tickets.answer(one, words="On its way.", by=logistics.actor)
    assert (one.status, one.due_at) == (TicketStatus.ANSWERED, None)
    tickets.ask_again(one, words="Still not here.", by=logistics.actor)
    assert (one.status, one.words) == (TicketStatus.OPEN, "Still not here.\nNothing moves.")
    assert one.due_step == "overdue"
    tickets.solve(one, seen="open", by=logistics.actor)
    ended = fresh(one)
    assert (ended.status, ended.answer, ended.due_at) == (TicketStatus.SOLVED, "On its way.", None)
    before = row(one)
    with pytest.raises(Refused):
        tickets.close(one, words="No", by=logistics.actor)
    assert row(one) == before


def test_only_who_watches_parcels_asks_a_carrier(shop, reviewer):
    for by in (reviewer.actor, BUYER):
        with pytest.raises(PermissionDenied):
            opened(shop, by=by)
    assert not Ticket.objects.exists()


def test_a_ticket_is_opened_on_the_page_of_the_order_and_not_for_a_parcel_of_another(shop, logistics):
    order, parcel = shipped(shop)
    _other, foreign = shipped(shop)
    address, asked = url("ticket_open", order), {"kind": "stuck", "words": "<i>Where</i>"}
    logistics.get(url("order_detail", order)).says("Ask the carrier").says(str(parcel.pk))
    logistics.post(address, asked | {"parcel": foreign.pk}).says("Select a valid choice")
    logistics.post(address, asked | {"parcel": parcel.pk}).says("The ticket is open")
    one = Ticket.objects.get()
    assert (one.order_id, one.parcel_id) == (order.pk, parcel.pk)
    assert b"&lt;i&gt;Where" in logistics.get(url("ticket_detail", one)).response.content


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_does(shop):
    order, parcel = shipped(shop)

    def ask():
        same = type(order).objects.select_related("shop__policy").get(pk=order.pk)
        tickets.open_ticket(same, kind="lost", words="Lost", parcel=parcel, by=SYSTEM)

    assert at_once(ask, ask, ask) == ["done", "ticket_open", "ticket_open"]
    assert Ticket.objects.count() == 1
