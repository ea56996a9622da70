"""Rules that accept new cases by themselves: which ones, in which order, once, and never what needs a second person."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from aftersales import actions, policy_changes, review_rules, timers
from aftersales.models import Case, CaseRule, Refund
from aftersales.review_rules import Trial
from aftersales.states import CaseKind, CaseStatus
from orders import inventory
from orders.states import Status
from sellercenter import outbox
from sellercenter.models import Event, ShopPolicy
from sellercenter.permissions import SYSTEM
from tests import make
from tests.conftest import fresh, row, told

pytestmark = pytest.mark.django_db
K = CaseKind


@pytest.fixture
def rule(shop):
    """Return what adds a rule at the end of the list, switched on."""

    def add(name="small", kinds=("refund",), **values):
        told = {"name": name, "kinds": [*kinds], "active": True, **values}
        return policy_changes.add(shop, CaseRule, values=told, by=SYSTEM)

    return add


def pass_on() -> None:
    """Let everybody be told of what happened, and let what is due then happen."""
    while outbox.fan_out(50) or timers.fire_due(50):
        pass


ACCEPTED = {
    K.CANCEL: CaseStatus.REFUNDING,
    K.REFUND: CaseStatus.REFUNDING,
    K.PRICE: CaseStatus.REFUNDING,
    K.RETURN: CaseStatus.TO_RETURN,
    K.EXCHANGE: CaseStatus.TO_RETURN,
    K.RESEND: CaseStatus.TO_RESEND,
}


@pytest.mark.parametrize("kind", list(K))
def test_a_rule_grants_what_a_new_case_of_its_kinds_asks_for_and_the_case_keeps_which(shop, rule, kind):
    rule("everything", kinds=list(K))
    case = make.case(shop, kind=kind)
    pass_on()
    case = fresh(case)
    assert (case.status, case.decided_by_rule) == (ACCEPTED[kind], "everything")
    assert told(case)[-1] == "case.rule_applied"
    assert {event.actor_kind for event in Event.objects.filter(subject_type="case")[1:]} <= {"system"}
    if kind == K.CANCEL:
        assert fresh(case.order).status == Status.CANCELLED
    before = row(case)
    review_rules.NEW_CASES.take([*Event.objects.filter(kind="case.opened")])
    assert row(case) == before


NO = [
    {"kinds": ["return"]},
    {"problems": ["late", "size"]},
    {"most_amount": Decimal("19.99")},
    {"unshipped_only": True},
    {"most_cases": 1},
    {"active": False},
]
YES = [
    {"kinds": ["return", "refund"]},
    {"problems": ["late", "defect"]},
    {"most_amount": Decimal("20.00")},
    {"most_cases": 2},
]


@pytest.mark.parametrize(("conditions", "fits"), [*((one, False) for one in NO), *((one, True) for one in YES)])
def test_every_condition_that_is_set_must_hold_and_a_trial_says_the_same(shop, rule, conditions, fits):
    made = rule(**conditions)
    make.case(shop, kind=K.PRICE)  # the same buyer's first case
    case = make.case(shop, kind=K.REFUND)
    trial = review_rules.dry_run(made)
    pass_on()
    assert bool(fresh(case).decided_by_rule) is fits
    assert (fresh(case).status == CaseStatus.REFUNDING) is fits
    assert trial == Trial(would_accept=int(fits or conditions == {"active": False}), of=2)


def test_only_before_shipping_asks_how_it_was_when_the_case_came(shop, rule):
    made = rule(kinds=["price"], unshipped_only=True)
    late = make.case(shop, kind=K.PRICE, order=make.order(shop, Status.SHIPPED))
    soon = make.case(shop, kind=K.PRICE)
    assert review_rules.dry_run(made) == Trial(1, 2)
    pass_on()
    assert [bool(fresh(one).decided_by_rule) for one in (late, soon)] == [False, True]


def test_the_first_active_rule_that_fits_counts(shop, rule):
    rule("off", active=False)
    rule("too small", most_amount=Decimal(1))
    third = rule("third")
    fourth = rule("fourth")
    policy_changes.shift(fourth, up=True, by=SYSTEM)
    case = make.case(shop, kind=K.REFUND)
    pass_on()
    assert (fresh(case).decided_by_rule, third.name) == ("fourth", "third")


def test_no_rule_accepts_what_needs_a_second_person_or_is_in_other_money(shop, rule):
    made = rule(most_amount=Decimal(100))
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=Decimal("19.99"))
    shop.policy.refresh_from_db()
    above = make.case(shop, kind=K.REFUND)
    below = make.case(shop, kind=K.REFUND, units=1)
    foreign = make.case(shop, kind=K.REFUND, order=make.order(shop, Status.DELIVERED, currency="USD"))
    made.refresh_from_db()
    assert review_rules.dry_run(made) == Trial(1, 3)
    pass_on()
    assert [fresh(one).status for one in (above, below, foreign)] == ["requested", "refunding", "requested"]
    assert Refund.objects.get().status != "to_confirm"


def test_what_somebody_touched_first_is_left_to_people(shop, rule, after_sales):
    rule()
    refused, extended = (make.case(shop, kind=K.REFUND) for _i in range(2))
    actions.refuse(refused, refusal="evidence_unclear", by=after_sales.actor)
    until = extended.act_by + timedelta(days=1)
    actions.extend(extended, until=until, reason="we ask the carrier", by=after_sales.actor)
    pass_on()
    assert [fresh(one).status for one in (refused, extended)] == ["refused", "requested"]
    assert not Case.objects.exclude(decided_by_rule="").exists()


def test_one_case_that_can_not_be_granted_keeps_no_other_waiting(shop, rule):
    rule(kinds=["resend", "refund"])
    order = make.order(shop, Status.DELIVERED)
    inventory.count(order.lines.get().sku, on_hand=0, reason="counted", by=SYSTEM)
    none_left, fine = make.case(shop, kind=K.RESEND, order=order), make.case(shop, kind=K.REFUND)
    pass_on()
    assert [fresh(one).status for one in (none_left, fine)] == ["requested", "refunding"]
    assert told(none_left) == ["case.opened"]


def test_rules_of_another_shop_accept_nothing_here(shop, other_shop):
    values = {"name": "theirs", "kinds": ["refund"], "active": True}
    theirs = policy_changes.add(other_shop, CaseRule, values=values, by=SYSTEM)
    case = make.case(shop, kind=K.REFUND)
    pass_on()
    assert fresh(case).status == CaseStatus.REQUESTED
    assert review_rules.dry_run(theirs) == Trial(0, 0)


def test_a_trial_looks_at_last_month_alone_and_asks_once(shop, django_assert_num_queries):
    old, _new = make.case(shop, kind=K.REFUND), make.case(shop, kind=K.REFUND)
    Case.objects.filter(pk=old.pk).update(opened_at=make.NOW - timedelta(days=31))
    unsaved = CaseRule(shop=shop, kinds=["refund"], most_cases=1, most_amount=Decimal(50))
    with django_assert_num_queries(1):
        assert review_rules.dry_run(unsaved) == Trial(1, 1)
    assert review_rules.dry_run(unsaved, days=40) == Trial(2, 2)


def test_a_rule_that_breaks_keeps_no_other_case_waiting_and_is_tried_again(shop, rule, monkeypatch):
    rule()
    broken, fine = (make.case(shop, kind=K.REFUND) for _i in range(2))
    accept = actions.accept

    def fragile(case, **given):
        if case.pk == broken.pk:
            raise RuntimeError("a disk is full")
        accept(case, **given)

    monkeypatch.setattr(actions, "accept", fragile)
    pass_on()
    assert [fresh(one).status for one in (broken, fine)] == ["requested", "refunding"]
    monkeypatch.undo()
    Case.objects.filter(pk=broken.pk).update(due_at=make.NOW)  # the wait is over
    pass_on()
    assert fresh(broken).status == "refunding"


def test_a_person_who_is_quicker_than_the_review_wins(shop, rule, after_sales):
    rule()
    case = make.case(shop, kind=K.REFUND)
    while outbox.fan_out(50):
        pass
    assert fresh(case).due_step == "review"
    actions.refuse(fresh(case), refusal="evidence_unclear", by=after_sales.actor)
    pass_on()
    assert (fresh(case).status, fresh(case).decided_by_rule) == ("refused", "")


def test_a_rule_that_was_switched_off_meanwhile_accepts_nothing_and_silence_still_counts(shop, rule):
    made = rule()
    case = make.case(shop, kind=K.REFUND)
    while outbox.fan_out(50):
        pass
    CaseRule.objects.filter(pk=made.pk).update(active=False)
    pass_on()
    case = fresh(case)
    assert (case.status, case.due_step, [name for name, _at in case.due_later]) == ("requested", "warn", ["consent"])
