"""Every move of disputes, appeals and tickets: from where and by whom it is declared, with its event and its timer."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from aftersales import dispute_timers, timeline
from aftersales.lifecycle import APPEAL, DISPUTE, TICKET
from aftersales.states import AppealStatus, DisputeStatus, TicketStatus
from sellercenter.lifecycle import Lifecycle, Refused, reachable
from sellercenter.permissions import BUYER, SYSTEM
from sellercenter.schedule import Schedule
from tests import make
from tests.aftersales import proofs
from tests.conftest import ROLES, row, told

pytestmark = pytest.mark.django_db

LIVES: dict[str, tuple[Lifecycle, Any, Any, Any]] = {
    "dispute": (DISPUTE, DisputeStatus, proofs.dispute, dispute_timers.DISPUTES),
    "appeal": (APPEAL, AppealStatus, proofs.appeal, dispute_timers.APPEALS),
    "ticket": (TICKET, TicketStatus, proofs.ticket, dispute_timers.TICKETS),
}
EACH = pytest.mark.parametrize("kind", LIVES)
# What a move that stays in its state writes.
STAYS = {"say_more": {"statement": "More"}, "change": {"words": "Other"}}
# What makes the condition of a move false.
PASSED = make.NOW - make.HOUR
BLOCKED = {
    "dispute": {"put_in": {"evidence_by": PASSED}, "say_more": {"evidence_by": PASSED}},
    "appeal": {"file": {"file_by": PASSED}},
    "ticket": {},
}


def having(record, **columns):
    type(record).objects.filter(pk=record.pk).update(due_at=None, due_step="", due_later=[], **columns)
    return type(record).objects.select_related("shop__policy").get(pk=record.pk)


def go(lifecycle, record, name, *, by=SYSTEM):
    with transaction.atomic():
        return lifecycle.move(record, name, by=by, **STAYS.get(name, {}))


@EACH
def test_every_state_is_reached_and_every_step_and_button_has_what_it_needs(kind):
    lifecycle, states, _make, sweep = LIVES[kind]
    assert reachable(lifecycle, [lifecycle.begins]) == set(states)
    steps = {step.name: step for timer in lifecycle.timers.values() for step in timer.steps}
    assert set(sweep.steps) == set(steps)
    assert all(name in lifecycle.moves for name, step in steps.items() if step.acts)
    assert [move.name for move in lifecycle.moves.values() if move.needs and not move.label] == []
    assert [move.name for move in lifecycle.moves.values() if move.where and not move.why_not] == []
    assert {move.name for move in lifecycle.moves.values() if move.where} == set(BLOCKED[kind])
    assert {lifecycle.kind(name) for name in lifecycle.moves} <= set(timeline.WORDS)


@EACH
def test_a_move_is_legal_from_its_sources_plans_the_steps_of_its_target_and_is_refused_elsewhere(shop, kind):
    lifecycle, states, make_one, _sweep = LIVES[kind]
    record = make_one(shop)
    for name, move in lifecycle.moves.items():
        for state in states:
            one = having(record, status=state)
            before, events = row(one), told(one)
            if state not in move.sources:
                with pytest.raises(Refused) as refused:
                    go(lifecycle, one, name)
                assert (refused.value.code, row(one), told(one)) == ("not_now", before, events), (name, state)
                continue
            go(lifecycle, one, name)
            assert (one.status, told(one)) == (move.target or state, [*events, lifecycle.kind(name)])
            timer = lifecycle.timers.get(one.status)
            shared = not move.target or timer is lifecycle.timers.get(state)
            planned = Schedule() if shared or timer is None else timer.plan(one, shop.policy, now=one.status_at)
            assert Schedule.of(having_read(one)) == planned, (name, state)


def having_read(record):
    return type(record).objects.get(pk=record.pk)


@EACH
def test_who_may_make_a_move_is_written_at_the_move(shop, cast, kind):
    lifecycle, _states, make_one, _sweep = LIVES[kind]
    record = make_one(shop)
    for name, move in lifecycle.moves.items():
        for by in [BUYER, *(cast[role].actor for role in ["owner", *ROLES])]:
            one = having(record, status=move.sources[0])
            allowed = by.may(move.needs) if move.needs else by.is_outside
            assert (move in lifecycle.open_to(one, by)) is allowed
            before = row(one)
            if not allowed:
                with pytest.raises(PermissionDenied):
                    go(lifecycle, one, name, by=by)
                assert row(one) == before


@EACH
def test_a_move_whose_condition_does_not_hold_says_why(shop, kind):
    lifecycle, _states, make_one, _sweep = LIVES[kind]
    for name, columns in BLOCKED[kind].items():
        one = having(make_one(shop), status=lifecycle.moves[name].sources[0], **columns)
        before = row(one)
        with pytest.raises(Refused, match=str(lifecycle.moves[name].why_not)):
            go(lifecycle, one, name)
        assert row(one) == before
