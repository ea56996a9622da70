"""Every move of an order's life: from where and by whom it is declared, once, with its event and its timer.

The lives of after-sales are walked in `tests/aftersales/test_every_move.py`.
"""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from orders import actions, timeline, timers
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import Status
from sellercenter import events as history
from sellercenter.lifecycle import Lifecycle, Refused, reachable
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from sellercenter.schedule import Schedule
from tests import make
from tests.conftest import ROLES, fresh, row, told

pytestmark = pytest.mark.django_db

# What a row must have besides the state for the database to take it.
FIELDS = {name: {"cancelled_at": make.NOW} for name, move in ORDER.moves.items() if move.target == Status.CANCELLED}
# A move that stays in its state changes something else.
FIELDS |= {name: {"updated_at": make.NOW} for name, move in ORDER.moves.items() if not move.target}
ASKED = {"cancel_requested_at": make.NOW - make.HOUR, "cancel_wish": "too late", "answer_by": make.NOW + make.DAY}
# What makes the condition of a move true, and each thing that makes it false.
READY = {"accept_cancel": ASKED, "refuse_cancel": ASKED, "withdraw_cancel": ASKED, "release": {"held": True}}
BLOCKED = [
    ("approve", {"held": True}),
    ("ship_part", {"held": True}),
    ("ship_part", ASKED),
    ("ship", {"held": True}),
    ("ship", ASKED),
    ("cancel", {"held": True}),
    ("request_cancel", ASKED),
    ("accept_cancel", {}),
    ("refuse_cancel", {}),
    ("refuse_cancel", {**ASKED, "answer_by": make.NOW}),
    ("withdraw_cancel", {}),
    ("hold", {"held": True}),
    ("release", {}),
    ("remind", {"reminded_at": make.NOW - 23 * make.HOUR}),
]
MOVES = [(name, source) for name, move in ORDER.moves.items() for source in move.sources]
CHANGES = [(name, source) for name, source in MOVES if ORDER.moves[name].target]
LEAVES = [(name, source) for name, source in CHANGES if ORDER.moves[name].target != source]
STAYS = [(name, source) for name, source in MOVES if not ORDER.moves[name].target]
NOT_FROM = [(name, state) for name, move in ORDER.moves.items() for state in Status if state not in move.sources]
NEEDED = [name for name, move in ORDER.moves.items() if move.needs]
OUTSIDE = [name for name, move in ORDER.moves.items() if not move.needs]


def go(order, name, *, by=SYSTEM):
    with transaction.atomic():
        return ORDER.move(order, name, by=by, **FIELDS.get(name, {}))


def ready(shop, name, source, **columns):
    """Make an order from which the move can be made."""
    return having(make.order(shop, source), **{**READY.get(name, {}), **columns})


def having(order, **columns):
    if columns:
        Order.objects.filter(pk=order.pk).update(**columns)
    return Order.objects.select_related("shop__policy").get(pk=order.pk)


def planned(order):
    found = fresh(order)
    return {"due_at": found.due_at, "due_step": found.due_step, "due_later": found.due_later}


def test_every_lifecycle_of_the_product_is_walked_here():
    import orders.lifecycle

    found = [value for value in vars(orders.lifecycle).values() if isinstance(value, Lifecycle)]
    assert found == [ORDER]


def test_every_state_is_reached_from_the_first():
    assert reachable(ORDER, [ORDER.begins]) == set(Status)


def test_every_step_can_be_taken_and_one_that_acts_names_a_move_of_its_state():
    steps = [step for timer in ORDER.timers.values() for step in timer.steps]
    assert {step.name for step in steps} == set(timers._STEPS)
    for timer in ORDER.timers.values():
        states = {state for state, other in ORDER.timers.items() if other is timer}
        for step in timer.steps:
            assert not step.acts or states & set(ORDER.moves[step.name].sources), step.name


def test_every_move_that_people_make_has_words_for_its_button():
    # A part of an order is shipped through the door of the whole, and money goes back through refunds.
    assert [name for name in NEEDED if not ORDER.moves[name].label] == ["ship_part", "record_refund"]
    assert [name for name, move in ORDER.moves.items() if ORDER.kind(name) not in timeline.WORDS] == []
    assert [name for name, move in ORDER.moves.items() if move.where and not move.why_not] == []


def test_every_condition_of_a_move_is_tried():
    assert {name for name, _columns in BLOCKED} == {name for name, move in ORDER.moves.items() if move.where}


@pytest.mark.parametrize(("name", "source"), MOVES)
def test_a_move_is_legal_from_its_sources_and_tells_one_event(shop, name, source):
    order = ready(shop, name, source)
    before = told(order)
    event = go(order, name)
    target = ORDER.moves[name].target
    assert fresh(order).status == order.status == (target or source)
    assert told(order) == [*before, ORDER.kind(name)]
    states = {"before": source, "after": target} if target else {}
    assert (event.data, event.actor_kind) == (states, "system")


@pytest.mark.parametrize(("name", "source"), CHANGES)
def test_a_move_plans_the_steps_of_its_target_unless_both_states_share_them(shop, name, source):
    order = ready(shop, name, source)
    # A time that no policy would give shows whether it was kept or planned anew.
    step = ORDER.timers[Status(source)].steps[-1].name
    odd = {"due_at": make.NOW + 1234 * make.DAY, "due_step": step, "due_later": []}
    order = having(order, **odd)
    go(order, name)
    timer, after = ORDER.timers.get(Status(order.status)), fresh(order)
    if timer is ORDER.timers[Status(source)]:
        assert planned(order) == odd
        return
    expected = timer.plan(after, shop.policy, now=after.status_at) if timer else Schedule()
    assert planned(order) == expected.values() == {name: getattr(order, name) for name in odd}


@pytest.mark.parametrize(("name", "source"), STAYS)
def test_a_move_without_a_target_leaves_state_and_timers_alone(shop, name, source):
    order = ready(shop, name, source)
    before = planned(order), fresh(order).status_at
    go(order, name)
    assert (planned(order), fresh(order).status_at) == before


def test_an_empty_clock_of_the_policy_never_rings(shop):
    ShopPolicy.objects.filter(shop=shop).update(receipt_window=None)
    order = make.order(shop, Status.SHIPPED)
    go(order, "deliver")
    assert (order.due_at, order.due_step, order.due_later) == (None, "", [])


@pytest.mark.parametrize(("name", "state"), NOT_FROM)
def test_a_move_is_refused_from_every_other_state_and_nothing_changes(shop, name, state):
    order = ready(shop, name, state)
    before, events = row(order), told(order)
    with pytest.raises(Refused) as refused:
        go(order, name)
    assert refused.value.code == "not_now"
    assert (row(order), told(order)) == (before, events)


@pytest.mark.parametrize("role", ["owner", *ROLES])
@pytest.mark.parametrize("name", NEEDED)
def test_a_person_needs_the_right_of_the_move(shop, cast, name, role):
    move, actor = ORDER.moves[name], cast[role].actor
    order = ready(shop, name, move.sources[0])
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
    order = ready(shop, name, ORDER.moves[name].sources[0])
    before = row(order)
    assert ORDER.moves[name] not in ORDER.open_to(order, owner.actor)
    with pytest.raises(PermissionDenied):
        go(order, name, by=owner.actor)
    assert row(order) == before


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("actor", [SYSTEM, CHANNEL, BUYER], ids=lambda actor: actor.label)
def test_system_platform_and_buyer_make_the_moves_that_need_no_right(shop, actor, name):
    order = ready(shop, name, ORDER.moves[name].sources[0])
    assert go(order, name, by=actor).actor_kind == actor.kind
    assert fresh(order).status == (ORDER.moves[name].target or ORDER.moves[name].sources[0])


@pytest.mark.parametrize(("name", "columns"), BLOCKED)
def test_a_move_whose_condition_does_not_hold_says_why(shop, name, columns):
    order = having(make.order(shop, ORDER.moves[name].sources[0]), **columns)
    before, events = row(order), told(order)
    with pytest.raises(Refused, match=str(ORDER.moves[name].why_not)) as refused:
        go(order, name)
    assert refused.value.code == "not_now"
    assert (row(order), told(order)) == (before, events)


@pytest.mark.parametrize(("name", "source"), LEAVES)
def test_of_two_stale_copies_only_the_first_moves(shop, name, source):
    first = ready(shop, name, source)
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
