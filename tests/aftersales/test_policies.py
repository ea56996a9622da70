"""Policies for problems: what is proposed for a case, in which words, who decided against it, and how often."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from aftersales import actions, policies, policy_changes
from aftersales.models import Case, Sop
from aftersales.policies import Tally
from aftersales.states import CaseKind, CaseStatus, Problem, Proposal
from aftersales.wording import fill_in
from orders.states import Status
from sellercenter import outbox
from sellercenter.lifecycle import Refused
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.conftest import fresh, row, told

pytestmark = pytest.mark.django_db
REFUND, RETURN = CaseKind.REFUND, CaseKind.RETURN


@pytest.fixture
def sop(shop, owner):
    """Return what adds a policy at the end of the list."""

    def add(problem, proposal, **values):
        told = {"problem": problem, "proposal": proposal, **values}
        return policy_changes.add(shop, Sop, values=told, by=owner.actor)

    return add


def of(shop, kind, problem, amount="20.00", **facts):
    """Return a case as it is when it is being opened."""
    facts = {"currency": shop.currency, "goods_amount": Decimal(amount), "freight_amount": Decimal(0)} | facts
    return Case(shop=shop, kind=kind, problem=problem, **facts)


def test_the_first_active_policy_that_fits_problem_amount_and_kind_is_proposed(shop, sop):
    sop("defect", "keep", up_to=Decimal(10))
    sop("defect", "accept", active=False)
    exchange = sop("defect", "exchange_first", up_to=Decimal(100))
    partial = sop("defect", "partial", percent=33, text="{amount}")
    assert policies.propose(of(shop, RETURN, "defect")) == {
        "answer": "exchange_first",
        "sop": exchange.pk,
        "text": "",
        "why": {"problem": "defect", "up_to": "100.00"},
    }
    # An exchange makes no sense where nothing comes back, nor does it above its limit.
    for case in (of(shop, REFUND, "defect"), of(shop, RETURN, "defect", "100.01")):
        proposed = policies.propose(case)
        whole = case.goods_amount
        assert (proposed["sop"], proposed["percent"]) == (partial.pk, 33)
        assert proposed["amount"] == str((whole * 33 / 100).quantize(Decimal("0.01")))
    assert policies.propose(of(shop, RETURN, "defect", "10.00"))["answer"] == "keep"
    assert policies.propose(of(shop, CaseKind.RESEND, "defect")) == {}
    assert policies.propose(of(shop, RETURN, "late")) == {}


def test_limits_are_in_the_shops_own_money(shop, sop):
    sop("late", "refuse", up_to=Decimal(100))
    assert policies.propose(of(shop, REFUND, "late", currency="VND")) == {}
    last = sop("late", "partial", percent=15)
    assert policies.propose(of(shop, REFUND, "late", "333.00", currency="VND")) | {"why": 0} == {
        **{"answer": "partial", "sop": last.pk, "text": "", "amount": "50.00", "percent": 15, "why": 0}
    }


def test_nothing_is_offered_that_no_coin_can_pay(shop, sop):
    sop("late", "partial", percent=1)
    assert policies.propose(of(shop, REFUND, "late", "0.02")) == {}


def test_policies_of_another_shop_are_not_proposed(shop, other_shop, sop):
    sop("late", "accept")
    assert policies.propose(of(other_shop, REFUND, "late")) == {}


def test_every_proposal_has_a_move_of_the_table_for_some_kind(shop):
    from aftersales.lifecycle.cases import CASE

    assert set(policies.FOLLOWED_BY) == set(Proposal.values)
    for moves in policies.FOLLOWED_BY.values():
        for kind, name in moves.items():
            assert CaseStatus.REQUESTED in CASE.moves[name].sources, (kind, name)


def test_a_case_keeps_its_proposal_and_shows_it_with_everything_filled_in(shop, sop):
    text = "Dear {buyer}: {amount} for {order} by {deadline}. {__class__} {0} {buyer.pk} {oder}"
    sop("defect", "partial", percent=30, up_to=Decimal(50), text=text)
    order = make.order(shop, Status.DELIVERED, buyer_nickname="<b>{order}</b>")
    case = make.case(shop, kind=RETURN, order=order, reason="defective")
    shown = policies.shown(case, now=make.NOW)
    by = (make.NOW + shop.policy.offer_answer).astimezone(shop.zone)
    assert shown.text == (
        f"Dear <b>{{order}}</b>: ¥6.00 for {order.number} by {by:%m-%d %H:%M}."
        " {__class__} {0} {buyer.pk} {oder}"
    )
    assert (shown.move, shown.amount, shown.label) == (
        "offer",
        Decimal("6.00"),
        "Offer a partial refund of ¥6.00 (30%)",
    )
    assert shown.why == "The shop's policy for “Defect or damage” up to ¥50.00."
    # What the policy says later changes nothing about what was proposed.
    Sop.objects.update(percent=50, proposal="refuse")
    assert policies.shown(fresh(case), now=make.NOW) == shown
    assert policies.shown(make.case(shop, kind=CaseKind.PRICE)) is None


def test_names_are_filled_in_once_and_unknown_ones_stay():
    values = {"buyer": "{order} {amount}", "order": "1", "amount": "", "passwords": "no"}
    assert (
        fill_in("{buyer}{order}{amount}{passwords}{{order}}%s{", values) == "{order} {amount}1{amount}{passwords}{1}%s{"
    )


FOLLOWS = [
    ("accept", RETURN, "accept_return", None, True),
    ("accept", RETURN, "keep", None, False),
    ("accept", RETURN, "refuse", None, False),
    ("partial", RETURN, "offer", "6.00", True),
    ("partial", RETURN, "offer", "6.01", False),
    ("partial", RETURN, "accept_return", None, False),
    ("keep", REFUND, "accept", None, True),
    ("exchange_first", RETURN, "accept_return", None, False),
    ("coupon", REFUND, "refuse", None, True),
    ("refuse", CaseKind.CANCEL, "accept", None, False),
    # What answers nothing goes against nothing, nor does anything once the case has become another one.
    ("accept", RETURN, "extend", None, True),
    ("accept", RETURN, "ask_platform", None, True),
    ("partial", CaseKind.EXCHANGE, "refuse", None, True),
]


@pytest.mark.parametrize(("answer", "kind", "move", "amount", "follows"), FOLLOWS)
def test_which_decisions_go_against_a_proposal(answer, kind, move, amount, follows):
    case = Case(kind=kind, proposal={"answer": answer, "amount": "6.00"})
    assert policies.follows(case, move, amount and Decimal(amount)) is follows
    assert policies.follows(Case(kind=kind, proposal={}), move, amount and Decimal(amount))


def test_whoever_decides_otherwise_says_why_until_the_buyer_has_declined_what_was_proposed(shop, sop, after_sales):
    sop("size", "exchange_first")
    case = make.case(shop, kind=RETURN, reason="too_big")
    before = row(case)
    with pytest.raises(Refused) as refused:
        actions.accept_return(case, by=after_sales.actor)
    assert (refused.value.code, row(case)) == ("note_missing", before)
    actions.offer_exchange(case, by=after_sales.actor)
    actions.decline_offer(case, by=BUYER)
    actions.accept_return(case, by=after_sales.actor)
    assert not fresh(case).overridden


def test_the_numbers_tell_what_became_of_each_policy(shop, other_shop, sop, after_sales):
    one, two = sop("size", "exchange_first"), sop("defect", "accept")
    followed, against, silent = (make.case(shop, kind=RETURN, reason="too_big") for _i in range(3))
    actions.offer_exchange(followed, by=after_sales.actor)
    actions.accept_return(against, note="a good buyer", by=after_sales.actor)
    old = make.case(shop, kind=RETURN, reason="too_big")
    Case.objects.filter(pk=old.pk).update(opened_at=make.NOW - timedelta(days=40))
    make.case(shop, kind=REFUND)
    assert policies.tallies(shop, days=(30, 90), now=make.NOW) == {
        one.pk: (Tally(3, 1, 1), Tally(4, 1, 1)),
        two.pk: (Tally(1, 0, 0), Tally(1, 0, 0)),
    }
    assert policies.tallies(other_shop, days=(30,), now=make.NOW) == {}
    found = Case.objects.filter(policies.proposed_by(shop, str(one.pk)))
    assert {*found} == {followed, against, silent, old}
    assert not Case.objects.filter(policies.proposed_by(shop, "x")).exists()


def test_changes_are_kept_with_before_and_after_and_whoever_is_late_is_told(shop, sop, owner):
    entry = sop("late", "accept", up_to=Decimal(10))
    seen, mine = policy_changes.mark(entry), fresh(entry)
    policy_changes.change(entry, values={"up_to": Decimal("10"), "text": ""}, seen=seen, by=owner.actor)
    assert told(shop.policy) == ["sop.added"]
    policy_changes.change(entry, values={"up_to": Decimal(20)}, seen=seen, by=owner.actor)
    for late in (
        lambda: policy_changes.change(mine, values={"active": False}, seen=seen, by=owner.actor),
        lambda: policy_changes.remove(mine, seen=seen, by=owner.actor),
    ):
        with pytest.raises(Refused) as refused, transaction.atomic():
            late()
        assert refused.value.code == "changed_meanwhile"
    assert (fresh(entry).up_to, fresh(entry).active) == (Decimal(20), True)
    policy_changes.remove(entry, seen=policy_changes.mark(fresh(entry)), by=owner.actor)
    assert told(shop.policy) == ["sop.added", "sop.changed", "sop.removed"]
    changed = shop.events.get(kind="sop.changed").data
    assert (changed["before"], changed["after"]) == ({"up_to": "10.00"}, {"up_to": "20.00"})
    with pytest.raises(Refused):
        policy_changes.shift(mine, up=True, by=owner.actor)


def test_entries_change_places_and_stay_numbered(shop, sop):
    first, second, third = (sop("late", "accept") for _i in range(3))
    Sop.objects.update(position=1)  # written elsewhere, without an order of its own
    policy_changes.shift(third, up=True, by=SYSTEM)
    policy_changes.shift(first, up=True, by=SYSTEM)
    assert [*Sop.objects.for_shop(shop).values_list("pk", "position")] == [(first.pk, 1), (third.pk, 2), (second.pk, 3)]


def test_only_those_who_may_change_policies_and_only_what_makes_sense(shop, sop, manager, owner, monkeypatch):
    entry = sop("late", "accept")
    for act in (
        lambda: policy_changes.add(shop, Sop, values={"problem": "late", "proposal": "keep"}, by=manager.actor),
        lambda: policy_changes.change(entry, values={}, seen=policy_changes.mark(entry), by=manager.actor),
        lambda: policy_changes.remove(entry, seen=policy_changes.mark(entry), by=manager.actor),
        lambda: policy_changes.shift(entry, up=True, by=manager.actor),
        lambda: policy_changes.use_defaults(shop, by=manager.actor),
    ):
        with pytest.raises(PermissionDenied):
            act()
    with pytest.raises(ValidationError):
        sop("late", "partial")
    monkeypatch.setattr(policy_changes, "MOST", 1)
    with pytest.raises(Refused, match="at most 1"):
        sop("late", "accept")
    assert Sop.objects.count() == 1


def test_a_new_shop_gets_policies_in_the_language_of_its_buyers_once(db):
    shop, chinese = make.shop(), make.shop("fourth", currency="CNY")
    outbox.fan_out(50)
    found = Sop.objects.for_shop(shop)
    assert {one.problem for one in found} == {*Problem.values} - {"other"}
    assert found.get(proposal="keep").up_to == Decimal(6)
    assert "sorry" in found[0].text
    assert Sop.objects.for_shop(chinese).count() == found.count()
    Sop.objects.for_shop(shop).exclude(pk=found[0].pk).delete()
    policy_changes.NEW_SHOPS.take([SimpleNamespace(shop=shop)])
    assert found.all().count() == 1
    with pytest.raises(Refused):
        policy_changes.use_defaults(shop, by=SYSTEM)


def test_the_words_of_the_defaults_name_nothing_that_is_not_filled_in(shop):
    for one in policies.defaults(shop):
        one.full_clean()
        left = fill_in(one.text, dict.fromkeys(policies.VARIABLES, "x"))
        assert "{" not in left
