"""Appeals: in time, with the proof that their kind needs, and not before a dispute is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from aftersales import actions, appeals, dispute_timers, evidence, rulings
from aftersales.models import Appeal
from aftersales.states import AppealKind, AppealStatus, CaseStatus, Proof
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.aftersales.proofs import appeal, dispute, file
from tests.conftest import fresh, row, told, url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EVIDENCE_ROOT = tmp_path


def proved(one: Appeal) -> Appeal:
    """Bring whatever the kind requires."""
    for check in appeals.checklist(one):
        if check.required:
            evidence.add(one, file=file("p.txt", str(check.proof).encode()), proof=check.proof, by=SYSTEM)
    return one


def refused(code, act, *args, **facts):
    with pytest.raises(Refused) as no:
        act(*args, **{"by": SYSTEM, **facts})
    assert no.value.code == code


def test_each_kind_says_what_has_to_be_proved():
    assert set(appeals.PROOFS) == set(AppealKind)
    for asked in appeals.PROOFS.values():
        assert asked.required
        assert not set(asked.required) & set(asked.helpful)


def test_a_draft_has_the_policys_days_from_the_moment_we_were_told(shop, after_sales):
    one = appeal(shop, by=after_sales.actor)
    assert one.file_by == make.NOW - make.DAY + timedelta(days=shop.policy.appeal_file_days)
    assert (one.status, one.due_step, one.opened_label) == ("draft", "warn_file", after_sales.actor.label)
    assert told(one) == ["appeal.drafted"]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"told_at": make.NOW - 8 * make.DAY}, "too_late"),
        ({"told_at": make.NOW + make.DAY}, "in_the_future"),
        ({"words": " \n"}, "words_missing"),
        ({"amount": Decimal(0)}, "bad_amount"),
        ({"kind": "arbitration"}, "no_arbitration"),
    ],
)
def test_what_makes_no_sense_is_not_drafted(shop, facts, code):
    refused(code, lambda **by: appeal(shop, **{**facts, **by}))
    assert not Appeal.objects.exists()


def test_without_the_required_proof_nothing_is_filed(shop):
    one = appeal(shop, "malicious")
    evidence.add(one, file=file(), proof=Proof.CHAT, by=SYSTEM)
    before = row(one)
    with pytest.raises(Refused, match="Packing video with the label"):
        appeals.file(one, by=SYSTEM)
    assert row(one) == before


def test_a_filed_appeal_is_answered_within_the_policys_working_days(shop, after_sales):
    one = proved(appeal(shop))
    appeals.file(one, seen="draft", by=after_sales.actor)
    filed = fresh(one)
    day, ends = filed.filed_at.astimezone(shop.zone).date(), filed.answer_by.astimezone(shop.zone)
    between = [day + timedelta(days=n) for n in range(1, (ends.date() - day).days + 1)]
    assert sum(one.weekday() < 5 for one in between) == shop.policy.appeal_answer_days
    assert (ends.weekday() < 5, ends.hour, ends.minute) == (True, 23, 59)
    assert (filed.status, filed.due_step, filed.due_at) == ("filed", "unanswered", filed.answer_by)


def test_five_working_days_pass_over_the_weekend():
    from aftersales.clocks import working_days

    friday = datetime(2026, 11, 20, 18, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert f"{working_days(friday, 5, ZoneInfo('Asia/Shanghai')):%a %F %T}" == "Fri 2026-11-27 23:59:59"


def test_from_file_by_on_nothing_is_filed_and_the_sweep_lets_it_lapse(shop):
    one = proved(appeal(shop))
    Appeal.objects.filter(pk=one.pk).update(
        file_by=make.NOW - make.HOUR, due_at=make.NOW - make.HOUR, due_step="lapse", due_later=[]
    )
    refused("not_now", appeals.file, one)
    assert dispute_timers.fire_due() == 1
    ended = fresh(one)
    assert (ended.status, ended.ended_at is not None, ended.due_at) == (AppealStatus.LAPSED, True, None)
    assert told(one)[-1] == "appeal.lapsed"


def test_while_the_platform_decides_evidence_belongs_into_the_dispute(shop):
    arbitration = dispute(shop)
    refused("dispute_open", lambda **by: appeal(shop, "malicious", case=arbitration.case, **by))
    rulings.decide_for_buyer(arbitration, conclusion="Refund it", by=CHANNEL)
    one = appeal(shop, "arbitration", case=arbitration.case)
    assert one.order_id == arbitration.case.order_id


def test_a_dispute_that_opens_after_the_draft_stops_the_filing(shop):
    case = make.case(shop, CaseStatus.REFUSED)
    one = proved(appeal(shop, "malicious", case=case))
    actions.escalate(case, by=BUYER)
    refused("dispute_open", appeals.file, one)
    assert fresh(one).status == AppealStatus.DRAFT


def test_a_won_appeal_stands_in_the_history_of_its_case(shop, after_sales):
    case = make.case(shop, CaseStatus.CLOSED)
    one = proved(appeal(shop, "malicious", case=case))
    appeals.file(one, by=after_sales.actor)
    appeals.win(one, outcome="Taken back.", amount=Decimal("12.00"), by=after_sales.actor)
    assert (one.status, one.outcome) == (AppealStatus.WON, "Taken back.")
    last = events.of(case).last()
    assert (last.kind, last.data) == ("case.appeal_won", {"appeal": one.number, "amount": "12.00"})
    after_sales.get(url("case_detail", case)).says("Appeal won").says(one.number)


def test_two_answers_at_once_give_one(shop):
    one = proved(appeal(shop))
    appeals.file(one, by=SYSTEM)
    other = fresh(one)
    appeals.win(one, outcome="yes", by=SYSTEM)
    refused("changed_meanwhile", appeals.lose, other, outcome="no", seen="filed")
    assert fresh(one).outcome == "yes"


def test_a_colleagues_words_are_not_overwritten(shop):
    one = appeal(shop)
    appeals.change(one, words="Mine", before="It was shipped in time.", by=SYSTEM)
    refused("changed_meanwhile", appeals.change, one, words="Other", before="It was shipped in time.")
    assert fresh(one).words == "Mine"


def test_only_who_handles_disputes_appeals(shop, service):
    with pytest.raises(PermissionDenied):
        appeal(shop, by=service.actor)
    one = proved(appeal(shop))
    before = row(one)
    for verb in (appeals.file, appeals.withdraw):
        with pytest.raises(PermissionDenied):
            verb(one, by=service.actor)
    assert row(one) == before


def test_whoever_has_to_give_way_keeps_what_was_typed(shop, after_sales, monkeypatch):
    def give_way(*args, **named):
        raise OperationalError("somebody else was quicker") from LockNotAvailable()

    monkeypatch.setattr(appeals, "draft", give_way)
    asked = {"kind": "penalty", "told_at": f"{make.NOW:%Y-%m-%dT%H:%M}", "words": "a long story"}
    page = after_sales.post(url("appeal_add", shop), asked)
    assert (page.code, page.context["form"]["words"].value()) == (422, "a long story")
    assert "Try again." in page.text


def test_a_new_appeal_is_drafted_on_its_page_and_a_foreign_case_is_unknown(shop, other_shop, after_sales):
    case, foreign = make.case(shop, CaseStatus.CLOSED), make.case(other_shop, CaseStatus.CLOSED)
    at = (make.NOW - make.DAY).astimezone(shop.zone)
    told_at = f"{at:%Y-%m-%dT%H:%M}"
    asked = {"kind": "malicious", "told_at": told_at, "words": "<b>Empty box</b>", "case": case.number}
    page = after_sales.post(url("appeal_add", shop), asked | {"case": foreign.number})
    assert (page.code, Appeal.objects.count()) == (422, 0)
    after_sales.post(url("appeal_add", shop), asked).says("<b>Empty box</b>").keeps_quiet_about("b>Empty boxs")
    one = Appeal.objects.get()
    assert (one.case_id, one.order_id) == (case.pk, case.order_id)
    assert one.happened_at == at.replace(second=0, microsecond=0)
    assert b"&lt;b&gt;Empty box" in after_sales.get(url("appeal_detail", one)).response.content
