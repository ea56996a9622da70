"""Disputes: opened and ended with their case, fed in time, and left to the platform when the shop stays silent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from aftersales import actions, dispute_timers, disputes, rulings
from aftersales.models import Case, Dispute, Refund
from aftersales.states import CaseStatus, DisputeStatus
from sellercenter.lifecycle import Refused
from sellercenter.models import Fault, ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.conftest import fresh, row, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispute(shop) -> Dispute:
    """A dispute over a refused refund, as a page would read it."""
    return of(make.case(shop, CaseStatus.DISPUTED))


def of(case: Case) -> Dispute:
    return Dispute.objects.select_related("shop__policy", "case__order", "case__shop__policy").get(case=case)


def asked(dispute, **told):
    disputes.ask_evidence(dispute, by=CHANNEL, **told)
    return dispute


def due_now(record):
    """Let the time of what comes next be up."""
    type(record).objects.filter(pk=record.pk).update(due_at=make.NOW - make.HOUR)


def test_a_case_that_goes_to_the_platform_opens_one_dispute_with_our_number_or_the_platforms(shop, after_sales):
    by_buyer, by_us = make.case(shop, CaseStatus.REFUSED), make.case(shop, CaseStatus.REFUSED)
    actions.escalate(by_buyer, by=BUYER)
    actions.ask_platform(by_us, number="ARB-77", by=after_sales.actor)
    first, second = of(by_buyer), of(by_us)
    assert (first.number, first.opened_by, first.status) == (f"{by_buyer.number}-D1", "buyer", "in_progress")
    assert (second.number, second.opened_by) == ("ARB-77", "seller")
    assert told(first) == ["dispute.opened"]
    with pytest.raises(Refused) as refused:
        disputes.open_dispute(by_us, by=CHANNEL)
    assert refused.value.code == "dispute_open"
    assert Dispute.objects.filter(case=by_us).count() == 1


def test_the_platforms_number_of_another_dispute_is_refused_and_the_case_stays(shop, after_sales):
    first, second = make.case(shop, CaseStatus.REFUSED), make.case(shop, CaseStatus.REFUSED)
    actions.escalate(first, number="ARB-1", by=CHANNEL)
    with pytest.raises(Refused) as refused:
        actions.escalate(second, number="ARB-1", by=CHANNEL)
    assert (refused.value.code, fresh(second).status) == ("number_taken", CaseStatus.REFUSED)


def test_without_a_time_of_the_platform_the_policys_counts_and_asked_again_the_new_one(dispute):
    asked(dispute)
    given = dispute.evidence_by - dispute.status_at
    assert abs(given - dispute.shop.policy.evidence_within) < timedelta(seconds=1)
    later = make.NOW + 5 * make.DAY
    asked(dispute, evidence_by=later, demand="the packing video")
    kept = fresh(dispute)
    assert (kept.evidence_by, kept.demand, kept.due_step) == (later, "the packing video", "warn_evidence")
    assert kept.due_at == later - dispute.shop.policy.case_warning
    assert [name for name, _at in kept.due_later] == ["silent"]


def test_a_time_in_the_past_is_refused(dispute):
    before = row(dispute)
    with pytest.raises(Refused) as refused:
        asked(dispute, evidence_by=make.NOW - make.HOUR)
    assert (refused.value.code, row(dispute)) == ("in_the_past", before)


def test_the_statement_answers_what_was_asked_and_a_colleagues_words_are_not_overwritten(dispute, after_sales):
    asked(dispute)
    disputes.put_in(dispute, statement="  Packed on film.\r\nSee there. ", before="", by=after_sales.actor)
    assert (dispute.status, dispute.statement) == (DisputeStatus.IN_PROGRESS, "Packed on film.\nSee there.")
    with pytest.raises(Refused) as refused:
        disputes.put_in(dispute, statement="Mine instead", before="", by=after_sales.actor)
    assert refused.value.code == "changed_meanwhile"
    disputes.put_in(dispute, statement="Both", before="Packed on film.\r\nSee there.", by=after_sales.actor)
    assert told(dispute)[-2:] == ["dispute.put_in", "dispute.stated"]


def test_from_the_deadline_on_nothing_is_put_in_and_the_platform_still_decides(dispute, after_sales):
    asked(dispute)
    Dispute.objects.filter(pk=dispute.pk).update(evidence_by=make.NOW - make.HOUR)
    with pytest.raises(Refused, match="The time for evidence is over"):
        disputes.put_in(dispute, statement="Too late", before="", by=after_sales.actor)
    assert fresh(dispute).statement == ""
    rulings.decide_for_seller(dispute, conclusion="The buyer proved nothing.", by=CHANNEL)
    assert fresh(dispute).status == DisputeStatus.FOR_SELLER


def test_silence_is_told_once_and_decides_nothing(dispute):
    asked(dispute)
    due_now(dispute)
    assert dispute_timers.fire_due() == 1
    assert (fresh(dispute).due_step, told(dispute)[-1]) == ("silent", "dispute.evidence_warned")
    due_now(dispute)
    assert (dispute_timers.fire_due(), dispute_timers.fire_due()) == (1, 0)
    assert (fresh(dispute).status, told(dispute)[-1]) == (DisputeStatus.EVIDENCE, "dispute.silent")


def test_a_decision_for_the_buyer_refunds_what_the_platform_names(dispute, after_sales):
    rulings.decide_for_buyer(
        dispute,
        conclusion="Half of it",
        blame="seller",
        amount=Decimal("7.50"),
        seen="in_progress",
        by=after_sales.actor,
    )
    case, decided = Case.objects.get(pk=dispute.case_id), fresh(dispute)
    assert (case.status, case.amount) == (CaseStatus.REFUNDING, Decimal("7.50"))
    assert [one.amount for one in Refund.objects.filter(case=case)] == [Decimal("7.50")]
    assert (decided.status, decided.conclusion, decided.blame) == ("for_buyer", "Half of it", "seller")
    assert decided.ended_at is not None


@pytest.mark.parametrize("amount", ["0", "-1", "1000000"])
def test_an_amount_that_the_case_does_not_ask_for_changes_nothing(dispute, amount):
    before = row(dispute), row(dispute.case)
    with pytest.raises(Refused):
        rulings.decide_for_buyer(dispute, conclusion="More", amount=Decimal(amount), by=CHANNEL)
    assert (row(dispute), row(dispute.case)) == before


def test_a_decision_for_the_shop_closes_the_case_without_money(dispute):
    rulings.decide_for_seller(dispute, conclusion="All as described.", by=CHANNEL)
    assert fresh(dispute.case).status == CaseStatus.CLOSED
    assert not Refund.objects.filter(case=dispute.case).exists()


@pytest.mark.parametrize(("amount", "state"), [(Decimal("3.00"), CaseStatus.REFUNDING), (None, CaseStatus.CLOSED)])
def test_both_sides_may_agree_on_an_amount_or_on_nothing(dispute, amount, state):
    rulings.end(dispute, conclusion="They agreed.", amount=amount, by=CHANNEL)
    assert (fresh(dispute).status, fresh(dispute.case).status) == (DisputeStatus.ENDED, state)


def test_a_buyer_who_withdraws_ends_case_and_dispute(dispute):
    actions.withdraw(dispute.case, by=BUYER)
    ended = fresh(dispute)
    assert (ended.status, ended.ended_at is not None) == (DisputeStatus.WITHDRAWN, True)


def test_whoever_decides_on_an_old_picture_is_told_and_nothing_happens(dispute, after_sales):
    disputes.negotiate(dispute, by=CHANNEL)
    before = row(dispute), row(dispute.case)
    with pytest.raises(Refused) as refused:
        rulings.decide_for_seller(dispute, conclusion="Done", seen="in_progress", by=after_sales.actor)
    assert (refused.value.code, row(dispute), row(dispute.case)) == ("changed_meanwhile", *before)


def test_neither_a_buyer_nor_a_colleague_without_the_right_decides(dispute, service):
    before = row(dispute), row(dispute.case)
    for by in (BUYER, service.actor):
        for verb in (rulings.decide_for_buyer, rulings.decide_for_seller, rulings.end):
            with pytest.raises(PermissionDenied):
                verb(dispute, conclusion="Mine", by=by)
        with pytest.raises(PermissionDenied):
            disputes.ask_evidence(dispute, by=by)
    assert (row(dispute), row(dispute.case)) == before


def test_a_step_that_fails_is_put_off_counted_and_comes_again_when_asked(dispute, shop, monkeypatch):
    other = asked(of(make.case(shop, CaseStatus.DISPUTED)))
    asked(dispute)
    for one in (dispute, other):
        due_now(one)
    real, broken = dispute_timers.DISPUTES.steps["warn_evidence"], ZeroDivisionError("no")

    def fails(record, now):
        if record.pk == dispute.pk:
            raise broken
        real(record, now)

    monkeypatch.setitem(dispute_timers.DISPUTES.steps, "warn_evidence", fails)
    for attempt in range(5):
        due_now(dispute)
        assert dispute_timers.fire_due() == (2 if attempt == 0 else 1)
    assert told(other)[-1] == "dispute.evidence_warned"
    assert (told(dispute)[-1], fresh(dispute).due_step) == ("dispute.step_failed", "silent")
    fault = Fault.objects.get(subject_type="dispute")
    monkeypatch.undo()
    dispute_timers.replay_dispute(fault, by=SYSTEM)
    assert (dispute_timers.fire_due(), told(dispute)[-1]) == (1, "dispute.evidence_warned")
    assert not Fault.objects.exists()


def test_without_a_clock_in_the_policy_evidence_is_awaited_for_good(shop):
    ShopPolicy.objects.filter(shop=shop).update(evidence_within=None)
    dispute = asked(of(make.case(shop, CaseStatus.DISPUTED)))
    assert (dispute.evidence_by, dispute.due_step) == (None, "")
