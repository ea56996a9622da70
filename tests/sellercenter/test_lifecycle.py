"""The engine of stateful records, apart from any record's own table."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from orders.lifecycle import ORDER
from orders.states import Status
from sellercenter.lifecycle import Lifecycle, Move, Refused, Step, Timer, allowed, holds, reachable
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM, Actor, ActorKind, Perm
from tests import make
from tests.conftest import fresh, row

CLERK = Actor(ActorKind.MEMBER, "clerk", frozenset({Perm.ORDERS_VIEW.value}), None)
TIMER = Timer(Step("a", lambda p: p.first), Step("b", lambda p: p.second), Step("c", lambda p: p.third))


def policy(**clocks):
    return SimpleNamespace(**{"first": None, "second": None, "third": None, **clocks})


@pytest.mark.parametrize(
    ("clocks", "after", "armed"),
    [
        ({"first": timedelta(1), "third": timedelta(3)}, None, ("a", timedelta(1))),
        ({"first": timedelta(1), "third": timedelta(3)}, "a", ("c", timedelta(3))),
        ({"second": timedelta(2)}, None, ("b", timedelta(2))),
        ({"first": timedelta(1)}, "c", None),
        ({}, None, None),
    ],
)
def test_a_timer_arms_its_next_step_and_skips_empty_clocks(clocks, after, armed):
    assert TIMER.armed(policy(**clocks), after=after) == armed


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


def test_the_diagram_shows_every_move_and_timer():
    drawn = ORDER.diagram()
    assert drawn.startswith("stateDiagram-v2\n")
    for name, move in ORDER.moves.items():
        assert all(f"    {source} --> {move.target}: {name}\n" in drawn for source in move.sources)
    assert "note right of unpaid: remind, then remind_again, then expire" in drawn


def test_a_refusal_carries_its_sentence_and_its_code():
    refused = Refused("Not now.", "not_now")
    assert (str(refused), refused.message, refused.code) == ("Not now.", "Not now.", "not_now")


@pytest.mark.django_db
def test_a_move_writes_status_time_fields_and_clock_in_one_update(shop, django_assert_num_queries):
    order = make.order(shop, Status.SHIPPED)
    with transaction.atomic(), django_assert_num_queries(3):
        event = ORDER.move(order, "deliver", by=SYSTEM, data={"proof": "photo"}, delivered_at=make.NOW)
    stored = fresh(order)
    assert (stored.status, stored.delivered_at, stored.due_step) == ("delivered", make.NOW, "complete")
    assert stored.due_at == stored.status_at + shop.policy.receipt_window
    assert (order.status_at, order.due_at) == (stored.status_at, stored.due_at)
    assert event.data == {"before": "shipped", "after": "delivered", "proof": "photo"}


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
    assert [move.name for move in ORDER.open_to(order, owner.actor)] == ["approve", "cancel"]
    assert ORDER.open_to(order, view_only.actor) == []
    assert [move.name for move in ORDER.open_to(make.order(shop, Status.UNPAID), SYSTEM)] == ["pay", "cancel", "expire"]


@pytest.mark.django_db
def test_a_condition_is_asked_of_the_database(shop):
    order = make.order(shop, held=True)
    order.held = False
    assert not holds(order, Q(held=False))
    assert holds(order, Q(held=True))
