"""The pages of policies and rules: typed, tried, saved, put in order and removed, with a history of it all."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from aftersales import actions, policies, policy_changes
from aftersales.models import Case, CaseRule, Sop
from aftersales.states import CaseKind
from sellercenter import events, jobs, schedule
from sellercenter.models import Job, JobState, ShopPolicy
from sellercenter.permissions import SYSTEM
from sellercenter.schedule import Schedule
from tests import make
from tests.conftest import fresh, told, url
from tests.orders.test_policy_page import save as save_policy

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SOP = {"problem": "defect", "proposal": "partial", "up_to": "50", "percent": "30", "text": "{buyer}", "active": "on"}
RULE = {"name": "small <b>ones</b>", "kinds": ["refund", "return"], "most_amount": "20.00"}


def add(shop, model, **values):
    return policy_changes.add(shop, model, values=values, by=SYSTEM)


def test_a_shop_without_policies_may_take_the_defaults_once(shop, owner):
    owner.get(url("sops", shop)).says("Nothing is proposed yet.")
    owner.post(url("sop_defaults", shop)).says("These policies are yours now.").says("Offer an exchange first")
    assert Sop.objects.for_shop(shop).count() == len(policies.defaults(shop))
    owner.post(url("sop_defaults", shop)).says("This shop has policies already.")


def test_a_policy_is_added_changed_moved_and_removed_and_the_history_tells_it(shop, owner):
    add(shop, Sop, problem="late", proposal="accept")
    owner.post(url("sop_add", shop), SOP).says("Saved. It counts for cases from now on.").says("¥50.00")
    entry = Sop.objects.get(problem="defect")
    assert (entry.percent, entry.up_to, entry.text, entry.position) == (30, Decimal(50), "{buyer}", 2)
    seen = owner.get(url("sop", entry)).context["seen"]
    owner.post(url("sop", entry), SOP | {"seen": seen, "proposal": "keep"}).says("Policy changed")
    entry = fresh(entry)
    assert (entry.proposal, entry.percent) == ("keep", None)
    owner.post(url("sop_shift", entry), {"to": "up"}).says("The order is changed.")
    assert [one.problem for one in Sop.objects.for_shop(shop)] == ["defect", "late"]
    assert owner.post(url("sop", entry), SOP | {"seen": seen}).code == 422
    owner.post(url("sop_remove", entry), {"seen": seen}).says("Somebody changed this meanwhile.")
    assert Sop.objects.filter(pk=entry.pk).exists()
    owner.post(url("sop_remove", entry), {"seen": policy_changes.mark(entry)}).says("Policy removed")
    assert told(shop.policy) == [f"sop.{past}" for past in ("added", "added", "changed", "moved", "removed")]
    texts = [one["text"] for one in owner.get(url("sops", shop)).context["timeline"]]
    assert texts[0] == "Policy removed: Defect or damage – Refund without return"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"percent": ""}, "percent", "A partial refund needs a percentage from 1 to 99."),
        ({"percent": "100"}, "percent", "A partial refund needs a percentage from 1 to 99."),
        ({"proposal": "coupon"}, "coupon", "Name the coupon that is offered."),
        ({"up_to": "0"}, "up_to", "Write an amount above zero"),
        ({"up_to": "1e9"}, None, ""),
        ({"up_to": "NaN"}, "up_to", "Enter a number."),
        ({"text": "Dear {byer}"}, "text", "Nothing is filled in for {byer}."),
        ({"text": "{buyer.shop}"}, "text", "Nothing is filled in for {buyer.shop}."),
        ({"problem": "ghosts"}, "problem", "Select a valid choice."),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_at_its_field(shop, owner, changes, field, said):
    answer = owner.post(url("sop_add", shop), SOP | changes)
    if field is None:
        assert (answer.code, Sop.objects.count()) == (302, 1)
        return
    assert (answer.code, list(answer.context["form"].errors)) == (422, [field])
    assert said in answer.context["form"].errors[field][0]
    assert (Sop.objects.count(), told(shop.policy)) == (0, [])


def test_of_two_who_change_a_policy_the_second_is_told_and_may_then_save(shop, owner):
    entry = add(shop, Sop, problem="late", proposal="accept")
    mine = SOP | {"seen": policy_changes.mark(entry)}
    policy_changes.change(entry, values={"text": "other"}, seen=mine["seen"], by=SYSTEM)
    answer = owner.post(url("sop", entry), mine)
    assert (answer.code, fresh(entry).text) == (422, "other")
    assert "Somebody changed this meanwhile." in answer.text
    owner.post(url("sop", entry), mine | {"seen": answer.context["seen"]}).says("Saved.")
    assert fresh(entry).proposal == "partial"


def test_the_list_links_its_numbers_to_the_cases_behind_them(shop, owner, after_sales):
    add(shop, Sop, problem="size", proposal="exchange_first")
    against, followed = (make.case(shop, kind=CaseKind.RETURN, reason="too_big") for _i in range(2))
    actions.accept_return(against, note="a good buyer", by=after_sales.actor)
    actions.offer_exchange(followed, by=after_sales.actor)
    page = owner.get(url("sops", shop)).says("2 proposed").says("1 followed").says("1 overridden")
    tally = page.context["entries"][0]["tallies"][0]
    owner.get(tally["proposed_url"]).says(against.number).says(followed.number)
    owner.get(tally["overridden_url"]).says(against.number).keeps_quiet_about(followed.number)


def test_a_rule_is_switched_on_only_after_its_figures_were_seen(shop, owner):
    for _i in range(3):
        make.case(shop, kind=CaseKind.REFUND)
    make.case(shop, kind=CaseKind.PRICE)
    on = RULE | {"active": "on"}
    answer = owner.post(url("case_rule_add", shop), on)
    assert (answer.code, CaseRule.objects.count()) == (422, 0)
    assert "Would have accepted <b>3</b> of last month's <b>4</b> cases." in answer.text
    # Other conditions than those that were tried are tried first.
    tried = {"tried": answer.context["tried"]}
    assert owner.post(url("case_rule_add", shop), on | tried | {"most_amount": "900"}).code == 422
    owner.post(url("case_rule_add", shop), on | tried).says("Rule added: small <b>ones</b>")
    rule = CaseRule.objects.get()
    assert (rule.active, rule.kinds, rule.most_amount) == (True, ["refund", "return"], Decimal(20))
    page = owner.get(url("case_rule", rule))
    assert (page.context["trial"].would_accept, page.context["tried"]) == (3, tried["tried"])
    assert b"<b>ones</b>" not in owner.get(url("case_rules", shop)).content


def test_of_two_who_add_a_rule_of_one_name_at_once_the_second_is_told(shop, owner, monkeypatch):
    locked = policy_changes._locked

    def after_the_other(its):
        CaseRule.objects.create(shop=its, name=RULE["name"], kinds=["refund"])
        return locked(its)

    monkeypatch.setattr(policy_changes, "_locked", after_the_other)
    answer = owner.post(url("case_rule_add", shop), RULE)
    assert (answer.code, "Another rule has this name." in answer.text) == (422, True)


def test_trying_saves_nothing_and_needs_no_switch(shop, owner):
    answer = owner.post(url("case_rule_add", shop), RULE | {"try": "1", "most_cases": "2"})
    assert answer.code == 200
    assert "There were no cases last month" in answer.text
    assert (CaseRule.objects.count(), told(shop.policy)) == (0, [])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kinds": []}, "kinds"),
        ({"name": "taken"}, "name"),
        ({"name": " "}, "name"),
        ({"most_cases": "0"}, "most_cases"),
        ({"most_amount": "-1"}, "most_amount"),
        ({"problems": ["x"]}, "problems"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_at_its_field(shop, owner, changes, field):
    add(shop, CaseRule, name="taken", kinds=["refund"])
    for more in ({}, {"try": "1"}, {"active": "on"}):
        answer = owner.post(url("case_rule_add", shop), RULE | more | changes)
        assert (answer.code, list(answer.context["form"].errors)) == (422, [field])
    assert CaseRule.objects.count() == 1


def test_the_list_of_rules_says_what_they_accepted_and_the_limit_of_all(shop, owner):
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=500)
    add(shop, CaseRule, name="small", kinds=["refund"], problems=["defect"], most_cases=3, unshipped_only=True)
    Case.objects.filter(pk=make.case(shop).pk).update(decided_by_rule="small")
    page = owner.get(url("case_rules", shop)).says("Above ¥500.00 a second person confirms")
    [row] = page.context["entries"]
    assert row["accepted"] == 1
    assert row["conditions"] == [
        *("Refund only", "Defect or damage", "at most 3 cases of the buyer in 30 days", "only before shipping")
    ]


def test_cases_keep_their_times_unless_the_owner_ticks_and_what_a_person_set_stays(shop, owner, after_sales):
    plain, extended, stopped, cancel = (
        make.case(shop, kind=kind) for kind in (CaseKind.REFUND, CaseKind.REFUND, CaseKind.REFUND, CaseKind.CANCEL)
    )
    later = plain.act_by + timedelta(days=3)
    actions.extend(extended, until=later, reason="we ask the carrier", by=after_sales.actor)
    actions.pause(stopped, reason="a holiday", by=after_sales.actor)
    times = {"case_answer": 72, "case_answer_unit": "hours", "cancel_answer": 24, "cancel_answer_unit": "hours"}
    save_policy(owner, shop, **times)
    assert fresh(plain).act_by == plain.act_by
    save_policy(owner, shop, **times, open_orders="on")
    while jobs.run_some(50):
        pass
    job = Job.objects.get(kind="cases.replan")
    assert (job.state, job.done, job.skipped) == (JobState.DONE, 2, 2)
    assert fresh(plain).act_by == plain.act_by + 24 * HOUR
    assert fresh(plain).due_at == plain.act_by + 12 * HOUR
    assert [fresh(one).act_by for one in (extended, stopped)] == [later, stopped.act_by]
    assert fresh(cancel).act_by == fresh(cancel.order).answer_by == cancel.act_by - 24 * HOUR


def test_a_case_of_which_was_warned_is_not_warned_of_twice(shop, owner):
    case = make.case(shop, kind=CaseKind.REFUND)
    events.record(case.shop, "case.warned", case, by=SYSTEM)
    schedule.put(case, Schedule.of(case).plus("review", make.NOW))
    save_policy(owner, shop, case_answer=72, case_answer_unit="hours", open_orders="on")
    while jobs.run_some(50):
        pass
    assert [name for _at, name in Schedule.of(fresh(case)).steps] == ["review", "consent"]
