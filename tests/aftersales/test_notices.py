"""Who is told of cases and refunds: people by right, buyers while it still makes sense."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.template.loader import get_template

from aftersales import actions, evidence, notices
from aftersales.models import Sop
from aftersales.notices import BUYERS, STAFF
from aftersales.states import CaseKind, CaseStatus
from orders.models import Buyer
from sellercenter import events, outbox, outgoing
from sellercenter.gateways import RecordingGateway
from sellercenter.models import MessageState, Notification, OutgoingMessage, ShopPolicy
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.aftersales import proofs, talk
from tests.conftest import url

pytestmark = pytest.mark.django_db
S = MessageState


@pytest.fixture(autouse=True)
def way_out(settings, monkeypatch) -> type[RecordingGateway]:
    """Keep what leaves, and forget what other tests did to the channels."""
    settings.MESSAGE_GATEWAYS = dict.fromkeys(("in_site", "sms", "email"), "sellercenter.gateways.RecordingGateway")
    monkeypatch.setattr(outgoing, "_channels", {name: outgoing._Channel() for name in outgoing._channels})
    RecordingGateway.taken.clear()
    return RecordingGateway


def send() -> dict[str, tuple[str, str]]:
    """Pass everything on, send what is due, and return kind by kind what became of it and what was read."""
    outbox.fan_out(200)
    outgoing.send_due(200)
    read = {draft.key: draft.text for draft in RecordingGateway.taken}
    return {one.kind: (one.state, read.get(one.key, "")) for one in OutgoingMessage.objects.all()}


def informed(kind: str) -> set[str]:
    """Return the roles of the people who were told of a kind of event."""
    found = Notification.objects.filter(event__kind=kind).select_related("member__role")
    return {one.member.role.stock if one.member.role else "owner" for one in found}


@transaction.atomic
def happen(subject, kind: str, **data) -> None:
    events.record(subject.shop, kind, subject, by=SYSTEM, **data)


def test_what_buyers_write_stands_in_its_records_and_nowhere_else(shop, owner, settings, tmp_path):
    settings.EVIDENCE_ROOT = tmp_path
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=Decimal("1.00"))
    word, order = "CANARY", make.order(shop, "delivered", buyer_nickname="CANARY")
    case = make.case(shop, order=order, kind=CaseKind.REFUND, words=word)
    evidence.add(case, file=proofs.file("CANARY.pdf"), proof="chat", note=word, by=BUYER)
    actions.refuse(case, refusal="evidence_unclear", by=SYSTEM)
    actions.escalate(case, demand=word, by=BUYER)
    actions.accept(make.case(shop, kind=CaseKind.CANCEL, words=word), by=owner.actor)
    talk.message(order, word)
    talk.review(order, words=word, more_words=word)
    happen(talk.message(order, word), "conversation.warned")
    send()
    places = set()
    with connection.cursor() as cursor:
        for table in {model._meta.db_table for model in apps.get_models()}:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} r WHERE strpos(r::text, %s) > 0)", [word])
            places |= {table} if cursor.fetchone()[0] else set()
    ours = {"case", "chatmessage", "conversation", "dispute", "evidence", "review"}
    assert places == {f"aftersales_{one}" for one in ours} | {"orders_buyer", "orders_order", "orders_orderline"}
    assert word not in str(RecordingGateway.taken)


def test_a_deadline_that_comes_near_is_told_to_those_who_decide_and_opens_the_case(shop, owner, after_sales):
    case = make.case(shop)
    happen(case, "case.warned")
    outbox.fan_out(100)
    assert informed("case.warned") == {"owner", "manager", "after_sales"}
    assert informed("case.opened") == set()
    page = after_sales.get(url("notice_list", shop)).says("The deadline of a case comes near").says(case.number)
    assert page.code == 200


def test_a_case_that_asks_for_more_than_the_limit_is_told_at_once(shop, owner):
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=Decimal("15.00"))
    make.case(shop, units=1)
    make.case(shop)
    outbox.fan_out(100)
    assert Notification.objects.filter(event__kind="case.opened").values("event").distinct().count() == 1
    assert informed("case.opened") == {"owner", "manager", "after_sales"}


def test_a_refund_above_the_limit_is_told_to_those_who_may_confirm_it(shop, owner, after_sales):
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=Decimal("15.00"))
    actions.accept(make.case(shop, units=1), by=after_sales.actor)
    outbox.fan_out(100)
    assert informed("refund.requested") == set()
    actions.accept(make.case(shop), by=after_sales.actor)
    outbox.fan_out(100)
    assert informed("refund.requested") == {"owner", "manager", "finance"}


def test_every_notice_is_of_a_record_that_notices_can_name():
    assert {kind.split(".")[0] for kind in STAFF.kinds} <= set(STAFF.subjects)


def test_a_buyer_reads_that_money_comes_back(shop, owner):
    case = make.case(shop)
    actions.accept(case, by=owner.actor)
    state, text = send()["case.accepted"]
    assert state == S.SENT
    assert "已" in text or "¥20.00" in text
    assert case.order.number in text


def test_a_buyer_reads_why_it_was_refused_unless_somebody_decided_again_meanwhile(shop, owner):
    actions.refuse(make.case(shop), refusal="evidence_unclear", words="<b>No</b> damage & no photo", by=owner.actor)
    state, text = send()["case.refused"]
    assert state == S.SENT
    assert "<b>No</b> damage & no photo" in text
    OutgoingMessage.objects.all().delete()
    second = make.case(shop)
    actions.refuse(second, refusal="evidence_unclear", by=owner.actor)
    actions.escalate(second, by=SYSTEM)
    assert send()["case.refused"] == (S.SKIPPED, "")


def test_the_words_of_the_policy_are_sent_when_it_was_followed(shop, owner):
    Sop.objects.create(
        shop=shop, position=1, problem="defect", proposal="partial", percent=30, text="Dear {buyer}: {amount}?"
    )
    case = make.case(shop, kind=CaseKind.REFUND, reason="defective", order=make.order(shop, "delivered"))
    actions.offer(case, amount=Decimal("6.00"), by=owner.actor)
    assert send()["case.offered"] == (S.SENT, "Dear tea lover: ¥6.00?")
    OutgoingMessage.objects.all().delete()
    other = make.case(shop, kind=CaseKind.REFUND, reason="defective", order=make.order(shop, "delivered"))
    actions.offer(other, amount=Decimal("5.00"), note="smaller damage", by=owner.actor)
    assert "¥5.00" in send()["case.offered"][1]
    assert "Dear" not in send()["case.offered"][1]


def test_a_wish_to_cancel_is_told_of_by_its_order_alone(shop, owner):
    case = make.case(shop, kind=CaseKind.CANCEL)
    actions.accept(case, by=owner.actor)
    sent = send()
    assert sent["order.cancel_accepted"][0] == S.SENT
    assert sent["case.accepted"] == (S.SKIPPED, "")


def test_a_buyer_whom_the_platform_does_not_name_is_not_written_to(shop, owner):
    case = make.case(shop)
    Buyer.objects.filter(pk=case.buyer_id).update(uid="")
    actions.accept(case, by=owner.actor)
    assert send()["case.accepted"][0] == S.SKIPPED


@pytest.mark.parametrize("status", [one for one in CaseStatus if one != CaseStatus.REQUESTED])
def test_every_message_of_a_case_in_each_state_can_be_written(shop, status):
    make.case(shop, status)
    assert {state for state, _text in send().values()} <= {S.SENT, S.SKIPPED}


def test_every_kind_of_message_has_its_words():
    for kind in BUYERS.letters:
        get_template(f"notices/{notices._TEMPLATES.get(kind, kind)}.txt")
