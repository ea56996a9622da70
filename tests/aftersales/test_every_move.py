"""Every move of the lives of after-sales: from where, by whom, under what condition, once, with its event and timer.

What `tests/test_every_move.py` walks for orders; here a record is brought to a state by its column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from aftersales import dispute_timers, lifecycle, timeline, timers
from aftersales.lifecycle import APPEAL, CASE, DISPUTE, REFUND, TICKET
from aftersales.states import AppealStatus, CaseStatus, DisputeStatus, RefundStatus, TicketStatus
from sellercenter.lifecycle import Lifecycle, Refused, reachable
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from sellercenter.schedule import Schedule
from tests import make
from tests.aftersales import proofs
from tests.conftest import fresh, row, told

pytestmark = pytest.mark.django_db
SOON, PAST = make.NOW + make.DAY, make.NOW - make.HOUR
Columns = dict[str, Any]


@dataclass(frozen=True)
class Walk:
    """What is needed to walk one table: a record, its states, and what makes the condition of a move true or false.

    `always` is what the database wants of a record in any state, `ready` what a move wants, `blocked` what stops it.
    """

    lifecycle: Lifecycle
    states: list[str]
    record: Callable[[Any], Any]
    starts: set[str]
    always: Columns = field(default_factory=dict)
    ready: dict[str, Columns] = field(default_factory=dict)
    blocked: tuple[tuple[str, Columns], ...] = ()
    unlabelled: tuple[str, ...] = ()

    def at(self, record: Any, status: str, **columns: Any) -> Any:
        """Bring the record to a state, and read it again."""
        values = {**self.always, "due_at": None, "due_step": "", "due_later": [], **columns, "status": status}
        type(record)._base_manager.filter(pk=record.pk).update(**values)
        return type(record)._base_manager.select_related("shop__policy").get(pk=record.pk)

    def ready_for(self, record: Any, name: str, status: str) -> Any:
        return self.at(record, status, **self.ready.get(name, {}))


OPEN_CASE = {"kind": "refund", "act_by": SOON, "paused_at": None, "pause_reason": "", "inspected_at": None}
OPEN_CASE |= {"arrived_at": None, "offer_amount": None, "ended_at": make.NOW}
PAUSED = {"paused_at": PAST, "pause_reason": "photos"}
WALKS = [
    Walk(
        CASE,
        CaseStatus.values,
        make.case,
        {CASE.begins},
        OPEN_CASE,
        ready={
            **{name: {"kind": "return"} for name in ("accept_return", "keep", "offer_exchange", "pass_inspection")},
            **{name: {"kind": "resend"} for name in ("accept_resend", "refund_instead")},
            "pass_exchange": {"kind": "exchange"},
            "take_offer": {"offer_amount": 1},
            "resume": PAUSED,
        },
        blocked=(
            *(("accept", {"kind": kind}) for kind in ("return", "exchange", "resend")),
            ("accept_return", {"kind": "refund"}),
            ("accept_return", {"kind": "return", "inspected_at": PAST}),
            *((name, {"kind": "exchange"}) for name in ("keep", "offer", "offer_exchange", "pass_inspection")),
            ("accept_resend", {}),
            ("take_offer", {}),
            ("take_offer", {"offer_amount": 1, "act_by": make.NOW}),
            ("take_exchange", {"offer_amount": 1}),
            ("refuse", {"act_by": make.NOW}),
            ("refuse_return", {"act_by": make.NOW}),
            ("pass_exchange", {"kind": "return"}),
            ("refund_instead", {}),
            ("refund_instead", {"kind": "exchange"}),
            *((name, {"act_by": make.NOW}) for name in ("extend", "pause")),
            *((name, {"kind": "cancel"}) for name in ("extend", "pause")),
            *((name, PAUSED) for name in ("extend", "pause")),
            ("resume", {}),
        ),
    ),
    Walk(
        REFUND,
        RefundStatus.values,
        lambda shop: make.case(shop, CaseStatus.REFUNDING).refunds.get(),
        {REFUND.begins, RefundStatus.TO_CONFIRM},
        {"ended_at": make.NOW, "attempts": 0},
        blocked=(("call_back", {"attempts": 1}),),
    ),
    Walk(
        DISPUTE,
        DisputeStatus.values,
        proofs.dispute,
        {DISPUTE.begins},
        {"evidence_by": SOON},
        blocked=tuple((name, {"evidence_by": make.NOW}) for name in ("put_in", "say_more")),
    ),
    Walk(
        APPEAL,
        AppealStatus.values,
        proofs.appeal,
        {APPEAL.begins},
        {"file_by": SOON},
        blocked=(("file", {"file_by": make.NOW}),),
    ),
    Walk(TICKET, TicketStatus.values, proofs.ticket, {TICKET.begins}),
]
EACH = [(walk, name) for walk in WALKS for name in walk.lifecycle.moves]
NEEDED = [(walk, name) for walk, name in EACH if walk.lifecycle.moves[name].needs]
OUTSIDE = [(walk, name) for walk, name in EACH if not walk.lifecycle.moves[name].needs]
SWEPT = [timers.CASES, dispute_timers.DISPUTES, dispute_timers.APPEALS, dispute_timers.TICKETS]


def named(value):
    return value.lifecycle.subject if isinstance(value, Walk) else str(value)


def each(pairs):
    return pytest.mark.parametrize(("walk", "name"), pairs, ids=named)


walks = pytest.mark.parametrize("walk", WALKS, ids=named)


def go(walk, record, name, *, by=SYSTEM):
    """Make the move; one that stays in its state must change something else."""
    fields = {} if walk.lifecycle.moves[name].target else dict([next(iter(walk.always.items()))])
    with transaction.atomic():
        return walk.lifecycle.move(record, name, by=by, **fields)


def test_every_life_of_after_sales_is_walked_here():
    found = [value for value in vars(lifecycle).values() if isinstance(value, Lifecycle)]
    assert {one.subject for one in found} == {walk.lifecycle.subject for walk in WALKS}


@walks
def test_every_state_is_reached_from_the_first(walk):
    assert reachable(walk.lifecycle, walk.starts) == set(walk.states)


@walks
def test_every_move_has_words_and_every_condition_is_tried(walk):
    moves = walk.lifecycle.moves
    assert [name for name, move in moves.items() if move.needs and not move.label] == []
    assert [name for name in moves if walk.lifecycle.kind(name) not in timeline.WORDS] == []
    assert [name for name, move in moves.items() if move.where and not move.why_not] == []
    assert {name for name, _columns in walk.blocked} == {name for name, move in moves.items() if move.where}


@each(EACH)
def test_a_move_goes_from_its_sources_alone_with_one_event_and_plans_what_follows(shop, walk, name):
    move, record = walk.lifecycle.moves[name], walk.record(shop)
    for status in walk.states:
        record = walk.ready_for(record, name, status)
        before, events = row(record), told(record)
        if status not in move.sources:
            with pytest.raises(Refused, check=lambda error: error.code == "not_now"):
                go(walk, record, name)
            assert (row(record), told(record)) == (before, events)
            continue
        go(walk, record, name)
        after = fresh(record)
        assert (after.status, told(record)) == (move.target or status, [*events, walk.lifecycle.kind(name)])
        timer = walk.lifecycle.timers.get(move.target) if move.target else None
        # States that share a timer, and moves that stay in one, keep what was planned: nothing here.
        kept = timer is None or timer is walk.lifecycle.timers.get(status)
        planned = Schedule() if kept else timer.plan(record, shop.policy, now=after.status_at)
        assert Schedule.of(after) == planned


@each(NEEDED)
def test_a_person_needs_the_right_of_the_move(shop, cast, walk, name):
    move, record = walk.lifecycle.moves[name], walk.record(shop)
    for role in ("owner", "after_sales", "finance", "logistics", "view_only"):
        actor = cast[role].actor
        record = walk.ready_for(record, name, move.sources[0])
        before = row(record)
        assert (move in walk.lifecycle.open_to(record, actor)) is actor.may(move.needs)
        if actor.may(move.needs):
            assert go(walk, record, name, by=actor).member_id == actor.member_id
            continue
        with pytest.raises(PermissionDenied):
            go(walk, record, name, by=actor)
        assert row(record) == before


@each(OUTSIDE)
def test_only_system_platform_and_buyer_make_a_move_that_needs_no_right(shop, owner, walk, name):
    move, record = walk.lifecycle.moves[name], walk.record(shop)
    for actor in (SYSTEM, CHANNEL, BUYER):
        record = walk.ready_for(record, name, move.sources[0])
        assert go(walk, record, name, by=actor).actor_kind == actor.kind
    record = walk.ready_for(record, name, move.sources[0])
    before = row(record)
    with pytest.raises(PermissionDenied):
        go(walk, record, name, by=owner.actor)
    assert row(record) == before


@walks
def test_a_move_whose_condition_does_not_hold_says_why(shop, walk):
    record = walk.record(shop)
    for name, columns in walk.blocked:
        move = walk.lifecycle.moves[name]
        record = walk.at(record, move.sources[0], **columns)
        before = row(record)
        with pytest.raises(Refused, check=lambda error, move=move: error.message == move.why_not):
            go(walk, record, name)
        assert row(record) == before


@each([(walk, name) for walk, name in EACH if walk.lifecycle.moves[name].target])
def test_of_two_stale_copies_only_the_first_moves(shop, walk, name):
    move = walk.lifecycle.moves[name]
    source = next(one for one in move.sources if one != move.target)
    first = walk.ready_for(walk.record(shop), name, source)
    second = fresh(first)
    go(walk, first, name)
    before = row(first)
    with pytest.raises(Refused, check=lambda error: error.code == "changed_meanwhile"):
        go(walk, second, name)
    assert row(first) == before


@pytest.mark.parametrize("due", SWEPT, ids=lambda due: due.lifecycle.subject)
def test_every_step_is_taken_by_something_and_one_that_acts_leads_on(due):
    lives = due.lifecycle
    assert {step.name for timer in lives.timers.values() for step in timer.steps} == set(due.steps)
    for status, timer in lives.timers.items():
        for step in timer.steps:
            assert not step.acts or any(status in move.sources and move.target for move in lives.moves.values())
