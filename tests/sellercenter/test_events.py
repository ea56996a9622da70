"""The one event store: written with its change, plain, ordered, and never without a transaction."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from sellercenter import events
from sellercenter.models import Event
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.conftest import told

pytestmark = pytest.mark.django_db


def test_an_event_says_what_who_to_which_record_and_when(shop, owner):
    order = make.order(shop)
    event = events.record(shop, "order.weighed", order, by=owner.actor, grams=250)
    event.refresh_from_db()
    assert (event.shop, event.kind, event.subject_type, event.subject_id) == (shop, "order.weighed", "order", order.pk)
    assert (event.actor_kind, event.actor_label, event.member) == ("member", "lanting-owner", owner.member)
    assert event.data == {"grams": 250}
    assert abs(event.at - event.recorded_at) < timedelta(seconds=1)


def test_times_money_and_words_are_kept_as_text(shop):
    order = make.order(shop)
    event = events.record(
        *(shop, "order.weighed", order),
        by=SYSTEM,
        at=make.NOW,
        price=Decimal("12.50"),
        day=date(2026, 11, 22),
        moment=make.NOW,
        span=timedelta(hours=48),
        nothing=None,
        several=["a", 1],
    )
    event.refresh_from_db()
    assert event.at == make.NOW
    assert event.data["price"] == "12.50"
    assert event.data["day"] == "2026-11-22"
    assert event.data["moment"].startswith(f"{make.NOW:%Y-%m-%dT%H:%M:%S}")
    assert (event.data["span"], event.data["nothing"], event.data["several"]) == ("P2DT00H00M00S", None, ["a", 1])


def test_history_is_told_in_the_order_in_which_it_happened(shop):
    order = make.order(shop)
    before = told(order)
    events.record(shop, "order.second", order, by=BUYER, at=make.NOW + make.HOUR)
    events.record(shop, "order.first", order, by=BUYER, at=make.NOW)
    assert told(order) == [*before, "order.first", "order.second"]


def test_the_history_of_one_record_holds_nothing_of_another(shop, other_shop):
    one, two = make.order(shop), make.order(other_shop)
    events.record(shop, "order.weighed", one, by=SYSTEM)
    assert "order.weighed" not in told(two)


def test_an_event_whose_kind_names_no_subject_is_refused_by_the_database(shop):
    order = make.order(shop)
    with pytest.raises(IntegrityError), transaction.atomic():
        events.record(shop, "weighed", order, by=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_an_event_without_a_transaction_is_a_programming_mistake(shop):
    count = Event.objects.count()
    with pytest.raises(transaction.TransactionManagementError):
        events.record(shop, "shop.weighed", shop, by=SYSTEM)
    assert Event.objects.count() == count


class Listener:
    """A consumer of one kind of event."""

    kinds = frozenset({"order.weighed"})

    def take(self, told):
        """Take them and do nothing."""


LISTENER = Listener()


def test_only_what_somebody_waits_for_is_owed(shop, settings):
    settings.EVENT_CONSUMERS = [f"{__name__}.LISTENER"]
    order = make.order(shop)
    events.record(shop, "order.weighed", order, by=SYSTEM)
    events.record(shop, "order.measured", order, by=SYSTEM)
    owed = Event.objects.filter(owed_at__isnull=False)
    assert [event.kind for event in owed] == ["order.weighed"]
    assert abs(owed[0].owed_at - owed[0].recorded_at) < timedelta(seconds=1)


def test_many_records_get_their_events_with_one_insert(shop, other_shop, settings, django_assert_num_queries):
    settings.EVENT_CONSUMERS = [f"{__name__}.LISTENER"]
    orders = [make.order(shop), make.order(other_shop)]
    with django_assert_num_queries(1):
        written = events.record_all("order.weighed", orders, by=SYSTEM, data=lambda one: {"number": one.number})
    found = [events.of(one).get(kind="order.weighed") for one in orders]
    assert [event.pk for event in found] == [event.pk for event in written]
    assert [event.shop_id for event in found] == [shop.pk, other_shop.pk]
    assert [event.data for event in found] == [{"number": one.number} for one in orders]
    assert all(event.owed_at for event in found)
    assert events.record_all("order.weighed", [], by=SYSTEM) == []
