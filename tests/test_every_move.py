"""Every move of every lifecycle: from where and by whom it is declared, once, with its event and its timer."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from orders import actions, timeline
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import Status
from sellercenter import events as history
from sellercenter.lifecycle import Lifecycle, Refused, reachable
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.conftest import ROLES, fresh, row, told

pytestmark = pytest.mark.django_db

# What a row must have besides the state for the database to take it.
FIELDS = {"cancel": {"cancelled_at": make.NOW}, "expire": {"cancelled_at": make.NOW}}
MOVES = [(name, source) for name, move in ORDER.moves.items() for source in move.sources]
NOT_FROM = [(name, state) for name, move in ORDER.moves.items() for state in Status if state not in move.sources]
NEEDED = [name for name, move in ORDER.moves.items() if move.needs]
OUTSIDE = [name for name, move in ORDER.moves.items() if not move.needs]


def go(order, name, *, by=SYSTEM):
    with transaction.atomic():
        return ORDER.move(order, name, by=by, **FIELDS.get(name, {}))


def test_every_lifecycle_of_the_product_is_walked_here():
    import orders.lifecycle

    found = [value for value in vars(orders.lifecycle).values() if isinstance(value, Lifecycle)]
    assert found == [ORDER]


def test_every_state_is_reached_by_a_move_or_by_its_parcels():
    by_parcels = {Status.UNPAID, Status.PART_SHIPPED, Status.SHIPPED}
    assert reachable(ORDER, by_parcels) == set(Status)


def test_every_timer_step_that_moves_names_a_move_of_its_state():
    for state, timer in ORDER.timers.items():
        moves = [step.name for step in timer.steps if step.name in ORDER.moves]
        assert moves, f"the timer of {state} never moves anything"
        assert all(state in ORDER.moves[name].sources for name in moves)


def test_every_move_that_people_make_has_words_for_its_button():
    assert [name for name in NEEDED if not ORDER.moves[name].label] == []
    assert [name for name, move in ORDER.moves.items() if ORDER.kind(name) not in timeline.WORDS] == []
    assert [name for name, move in ORDER.moves.items() if move.where and not move.why_not] == []


@pytest.mark.parametrize(("name", "source"), MOVES)
def test_a_move_is_legal_from_its_sources_and_tells_one_event(shop, name, source):
    order = make.order(shop, source)
    before = told(order)
    event = go(order, name)
    move = ORDER.moves[name]
    assert fresh(order).status == order.status == move.target
    assert told(order) == [*before, ORDER.kind(name)]
    assert (event.data["before"], event.data["after"], event.actor_kind) == (source, move.target, "system")


@pytest.mark.parametrize(("name", "source"), MOVES)
def test_a_move_starts_the_timer_of_its_target_and_stops_the_one_before(shop, name, source):
    order = go_and_read(make.order(shop, source), name)
    timer = ORDER.timers.get(Status(order.status))
    armed = timer.armed(shop.policy) if timer else None
    assert order.due_step == (armed[0] if armed else "")
    assert order.due_at == (order.status_at + armed[1] if armed else None)


def go_and_read(order, name):
    go(order, name)
    return fresh(order)


def test_an_empty_clock_of_the_policy_never_rings(shop):
    ShopPolicy.objects.filter(shop=shop).update(receipt_window=None)
    order = Order.objects.get(pk=make.order(shop, Status.SHIPPED).pk)
    go(order, "deliver")
    assert (order.due_at, order.due_step) == (None, "")


@pytest.mark.parametrize(("name", "state"), NOT_FROM)
def test_a_move_is_refused_from_every_other_state_and_nothing_changes(shop, name, state):
    order = make.order(shop, state)
    before, events = row(order), told(order)
    with pytest.raises(Refused) as refused:
        go(order, name)
    assert refused.value.code == "not_now"
    assert (row(order), told(order)) == (before, events)


@pytest.mark.parametrize("role", ["owner", *ROLES])
@pytest.mark.parametrize("name", NEEDED)
def test_a_person_needs_the_right_of_the_move(shop, cast, name, role):
    move, actor = ORDER.moves[name], cast[role].actor
    order = make.order(shop, move.sources[0])
    before, events = row(order), told(order)
    assert (move in ORDER.open_to(order, actor)) is actor.may(move.needs)
    if actor.may(move.needs):
        event = go(order, name, by=actor)
        assert (event.member_id, event.actor_label) == (actor.member_id, actor.label)
        return
    with pytest.raises(PermissionDenied):
        go(order, name, by=actor)
    assert (row(order), told(order)) == (before, events)


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_person_makes_a_move_that_needs_no_right_not_even_the_owner(shop, owner, name):
    order = make.order(shop, ORDER.moves[name].sources[0])
    before = row(order)
    assert ORDER.moves[name] not in ORDER.open_to(order, owner.actor)
    with pytest.raises(PermissionDenied):
        go(order, name, by=owner.actor)
    assert row(order) == before


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("actor", [SYSTEM, CHANNEL, BUYER], ids=lambda actor: actor.label)
def test_system_platform_and_buyer_make_the_moves_that_need_no_right(shop, actor, name):
    order = make.order(shop, ORDER.moves[name].sources[0])
    assert go(order, name, by=actor).actor_kind == actor.kind
    assert fresh(order).status == ORDER.moves[name].target


@pytest.mark.parametrize("name", [name for name, move in ORDER.moves.items() if move.where])
def test_a_move_whose_condition_does_not_hold_says_why(shop, name):
    order = make.order(shop, ORDER.moves[name].sources[0], held=True)
    before = row(order)
    with pytest.raises(Refused, match=str(ORDER.moves[name].why_not)) as refused:
        go(order, name)
    assert refused.value.code == "not_now"
    assert row(order) == before


@pytest.mark.parametrize(("name", "source"), MOVES)
def test_of_two_stale_copies_only_the_first_moves(shop, name, source):
    first = make.order(shop, source)
    second = fresh(first)
    go(first, name)
    before, events = row(first), told(first)
    with pytest.raises(Refused) as refused:
        go(second, name)
    assert refused.value.code == "changed_meanwhile"
    assert (row(first), told(first)) == (before, events)


@pytest.mark.django_db(transaction=True)
def test_a_move_outside_a_transaction_is_a_programming_mistake(shop):
    order = make.order(shop, Status.UNPAID)
    with pytest.raises(transaction.TransactionManagementError):
        ORDER.move(order, "pay", by=SYSTEM)
    assert fresh(order).status == Status.UNPAID


@pytest.mark.parametrize("name", ORDER.moves)
def test_a_move_that_ends_the_state_forgets_what_was_due(shop, name):
    late = {"due_at": make.NOW - timedelta(days=1), "due_step": "remind"}
    order = make.order(shop, ORDER.moves[name].sources[0])
    Order.objects.filter(pk=order.pk).update(**late)
    assert (go_and_read(order, name).due_at, fresh(order).due_step) != tuple(late.values())


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_exactly_one_wins(shop, owner):
    """Ten rounds of approve against cancel, started together by a barrier, each in a connection of its own."""
    held_up = []
    for _round in range(10):
        order = make.order(shop, Status.TO_REVIEW)
        wins, refusals = race(order, owner.actor, held_up)
        assert (len(wins), len(refusals)) == (1, 1), (wins, refusals)
        kind = ORDER.kind(wins[0])
        assert told(order)[-1] == kind
        moves = history.of(order).filter(kind__in=["order.approved", "order.cancelled"])
        assert moves.count() == 1
        assert fresh(order).status == ORDER.moves[wins[0]].target
    assert held_up == []


def race(order, by, held_up):
    barrier, wins, refusals = threading.Barrier(2), [], []
    verbs = {
        "approve": lambda one: actions.approve(one, by=by),
        "cancel": lambda one: actions.cancel(one, reason="sold out", by=by),
    }

    def run(name):
        try:
            stale = Order.objects.select_related("shop__policy").get(pk=order.pk)
            barrier.wait(10)
            verbs[name](stale)
            wins.append(name)
        except Refused as refused:
            refusals.append(refused.code)
        except Exception as error:
            held_up.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(name,)) for name in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return wins, refusals
