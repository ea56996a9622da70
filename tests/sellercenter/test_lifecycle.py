"""The engine of stateful records, apart from any record's own table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import Status
from sellercenter.lifecycle import Lifecycle, Move, Refused, Step, Timer, allowed, holding, locked, reachable
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM, Actor, ActorKind, Perm
from sellercenter.schedule import Schedule
from tests import make
from tests.conftest import fresh, row

CLERK = Actor(ActorKind.MEMBER, "clerk", frozenset({Perm.ORDERS_VIEW.value}), None)
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(name):
    return lambda record, policy: getattr(policy, name)


TIMER = Timer(Step("a", at("first")), Step("b", at("second")), Step("end", at("third"), acts=True))


def policy(**clocks):
    """Return a policy whose clocks ring so many hours from now."""
    hours = {"first": None, "second": None, "third": None, **clocks}
    return SimpleNamespace(**{name: many if many is None else NOW + many * HOUR for name, many in hours.items()})


@pytest.mark.parametrize(
    ("clocks", "steps"),
    [
        ({"first": 1, "second": 2, "third": 3}, [(1, "a"), (2, "b"), (3, "end")]),
        ({"first": 2, "second": 1}, [(1, "b"), (2, "a")]),
        ({"third": 3}, [(3, "end")]),
        # What only tells is left out once its time has come; what acts stays owed.
        ({"first": -1, "second": 0, "third": -2}, [(-2, "end")]),
        # Of two that tell at the same moment the last one is enough; what acts comes besides.
        ({"first": 2, "second": 2, "third": 2}, [(2, "b"), (2, "end")]),
        ({}, []),
    ],
)
def test_a_timer_plans_all_of_its_steps_in_the_order_of_their_times(clocks, steps):
    planned = TIMER.plan(None, policy(**clocks), now=NOW)
    assert planned == Schedule(tuple((NOW + hours * HOUR, name) for hours, name in steps))


def test_two_moves_of_one_name_are_a_mistake():
    with pytest.raises(ValueError, match="share a name"):
        Lifecycle("thing", Move("go", ["a"], "b"), Move("go", ["b"], "c"))


def test_a_move_without_a_right_is_for_system_platform_and_buyer_alone():
    free, bound = Move("free", ["a"], "b"), Move("bound", ["a"], "b", Perm.ORDERS_VIEW)
    assert [allowed(free, actor) for actor in (SYSTEM, CHANNEL, BUYER, CLERK)] == [True, True, True, False]
    assert [allowed(bound, actor) for actor in (SYSTEM, CHANNEL, BUYER, CLERK)] == [True, True, False, True]


def test_reachable_follows_the_moves():
    table = Lifecycle("thing", Move("go", ["a"], "b"), Move("on", ["b"], "c"), Move("back", ["x"], "a"))
    assert reachable(table, ["a"]) == {"a", "b", "c"}


def test_a_move_without_a_target_leads_nowhere():
    table = Lifecycle("thing", Move("go", ["a"], "b"), Move("mark", ["b", "x"], ""))
    assert reachable(table, ["a"]) == {"a", "b"}


def test_the_diagram_shows_every_change_of_state_and_timer():
    drawn = ORDER.diagram()
    assert drawn.startswith("stateDiagram-v2\n    [*] --> unpaid\n")
    for name, move in ORDER.moves.items():
        lines = [f"    {source} --> {move.target}: {name}\n" for source in move.sources]
        assert all((line in drawn) is bool(move.target) for line in lines)
    assert "note right of unpaid: remind, remind_again, expire" in drawn


def test_a_refusal_carries_its_sentence_and_its_code():
    refused = Refused("Not now.", "not_now")
    assert (str(refused), refused.message, refused.code) == ("Not now.", "Not now.", "not_now")


@pytest.mark.django_db
def test_a_move_writes_status_time_fields_and_steps_in_one_update(shop, django_assert_num_queries):
    order = make.order(shop, Status.SHIPPED)
    confirm_by = make.NOW + 10 * make.DAY
    with transaction.atomic(), django_assert_num_queries(3) as asked:
        event = ORDER.move(
            *(order, "deliver"), by=SYSTEM, data={"proof": "photo"}, delivered_at=Now(), confirm_by=confirm_by
        )
    assert [one["sql"].split()[0] for one in asked.captured_queries] == ["SELECT", "UPDATE", "INSERT"]
    stored = fresh(order)
    assert (stored.status, stored.confirm_by) == ("delivered", confirm_by)
    # A field given as Now() gets the very moment of the move.
    assert stored.delivered_at == stored.status_at == order.status_at == order.delivered_at
    assert (stored.due_at, stored.due_step, stored.due_later) == (confirm_by, "complete", [])
    assert (order.due_at, order.due_step) == (confirm_by, "complete")
    assert event.data == {"before": "shipped", "after": "delivered", "proof": "photo"}


@pytest.mark.django_db
def test_a_move_reads_the_record_again_so_that_nothing_old_is_planned(shop):
    order = make.order(shop, Status.SHIPPED, placed_at=make.NOW - make.DAY)
    promised = make.NOW + 5 * make.DAY
    Order.objects.filter(pk=order.pk).update(confirm_by=promised)
    with transaction.atomic():
        ORDER.move(order, "deliver", by=SYSTEM)
    assert (order.due_at, order.confirm_by) == (promised, promised)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["status", "status_at", "due_at", "due_step", "due_later"])
def test_a_verb_cannot_give_what_the_move_writes_itself(shop, name):
    order = make.order(shop, Status.SHIPPED)
    before = row(order)
    with pytest.raises(TypeError, match=name), transaction.atomic():
        ORDER.move(order, "deliver", by=SYSTEM, **{name: None})
    assert row(order) == before


@pytest.mark.django_db
def test_a_record_that_is_gone_can_not_be_moved(shop):
    order = make.order(shop, Status.SHIPPED)
    Order.objects.filter(pk=order.pk).delete()
    with pytest.raises(Order.DoesNotExist), transaction.atomic():
        ORDER.move(order, "deliver", by=SYSTEM)


@pytest.mark.django_db
def test_reading_a_record_under_its_lock_brings_it_up_to_date_and_tells_the_time(shop):
    order = make.order(shop, Status.SHIPPED)
    Order.objects.filter(pk=order.pk).update(seller_note="new")
    with transaction.atomic():
        now = locked(order)
    assert order.seller_note == "new"
    assert abs(now - timezone.now()) < timedelta(seconds=5)


@pytest.mark.django_db
def test_a_move_that_fails_later_in_its_transaction_leaves_nothing(shop):
    order = make.order(shop, Status.SHIPPED)
    before = row(order)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert ORDER.move(order, "deliver", by=SYSTEM).pk / 0
    assert row(order) == before


@pytest.mark.django_db
def test_the_right_is_asked_before_the_state(shop):
    order = make.order(shop, Status.COMPLETED)
    with pytest.raises(PermissionDenied), transaction.atomic():
        ORDER.move(order, "cancel", by=CLERK)


@pytest.mark.django_db
def test_moves_that_are_open_are_those_of_the_state_and_the_rights(shop, owner, view_only):
    order = make.order(shop, Status.TO_REVIEW)
    mine = ["approve", "cancel", "accept_cancel", "refuse_cancel", "hold", "release", "change_address"]
    mine.append("record_refund")
    assert [move.name for move in ORDER.open_to(order, owner.actor)] == mine
    assert ORDER.open_to(order, view_only.actor) == []
    sent = make.order(shop, Status.SHIPPED)
    assert [move.name for move in ORDER.open_to(sent, SYSTEM)] == ["deliver", "confirm", "complete", "record_refund"]
    assert [move.name for move in ORDER.open_to(sent, owner.actor)] == ["record_refund"]


@pytest.mark.django_db
def test_conditions_are_asked_of_the_database_all_in_one_query(shop, django_assert_num_queries):
    order = make.order(shop, held=True)
    order.held = False
    moves = [
        Move("go", [Status.TO_SHIP], Status.SHIPPED),
        Move("free", [Status.TO_SHIP], "", where=Q(held=False)),
        Move("held", [Status.TO_SHIP], "", where=Q(held=True)),
        Move("unknown", [Status.TO_SHIP], "", where=Q(reminded_at__lte=make.NOW)),
    ]
    with django_assert_num_queries(1):
        assert holding(order, moves) == {"go", "held"}
    with django_assert_num_queries(0):
        assert holding(order, moves[:1]) == {"go"}
