"""Where orders and cases wait, and what people did: each number is that of the list which it opens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftersales import actions as cases
from aftersales.models import Case, Refund
from aftersales.states import CaseStatus
from analytics import deeds, rollups, waiting
from orders import actions
from orders.models import Order
from sellercenter.models import Event
from tests import make
from tests.aftersales import proofs
from tests.aftersales.money import make_refund
from tests.conftest import url

pytestmark = pytest.mark.django_db
H = make.HOUR


@pytest.fixture
def busy(shop, other_shop):
    """Let records wait at every step of both shops, some of them too long."""
    for where in (shop, other_shop):
        told = [
            make.facts(where, state, ship_by=make.NOW + due, placed_at=make.NOW - (40 + i) * H)
            for state in ("unpaid", "to_review", "to_ship", "part_shipped", "shipped", "delivered", "completed")
            for i, due in enumerate((-H, 5 * H, 6 * H))
        ]
        loaded = make.orders(where, told)
        asked = [one.pk for one in loaded if one.status == "to_ship"][:2]
        Order.objects.filter(pk__in=asked).update(cancel_requested_at=make.NOW - H, answer_by=make.NOW + H)
        for status in (CaseStatus.REQUESTED, CaseStatus.TO_INSPECT, CaseStatus.TO_RESEND):
            late, _soon = make.case(where, status), make.case(where, status)
            Case.objects.filter(pk=late.pk).update(act_by=make.NOW - H)
        Refund.objects.filter(pk=make_refund(where).pk).update(status="to_confirm", due_at=None, due_step="")
        dispute = proofs.dispute(where)
        type(dispute).objects.filter(pk=dispute.pk).update(status="evidence", evidence_by=make.NOW - H)


def listed(person, shop, step, more=""):
    answer = person.get(f"{url(step.place, shop)}?{step.query}{more}")
    assert answer.context["filters"]["errors"] == []
    return len(answer.context["table"]["rows"])


def test_each_step_counts_what_its_list_shows_and_what_is_overdue_there(busy, shop, owner):
    found = waiting.steps_now(shop, now=make.NOW + timedelta(seconds=1))
    assert [one.step for one in found] == list(waiting.STEPS)
    for one in found:
        assert one.count == listed(owner, shop, one.step), one.step.code
        if one.step.late:
            assert one.late == listed(owner, shop, one.step, "&due=overdue"), one.step.code
    empty = {one.step.code for one in found if not one.count}
    assert empty <= {"refund_by_hand"}
    assert {one.step.code for one in found if one.late} >= {"to_ship", "case_requested", "dispute_evidence"}


def test_everything_that_waits_is_counted_in_one_query(shop, django_assert_num_queries):
    with django_assert_num_queries(1):
        waiting.steps_now(shop, now=make.NOW)


def test_ages_are_those_since_the_step_began(shop):
    make.orders(shop, [make.facts(shop, "unpaid", placed_at=make.NOW - hours * H) for hours in range(1, 12)])
    unpaid = next(one for one in waiting.steps_now(shop, now=make.NOW) if one.step.code == "unpaid")
    assert (unpaid.count, unpaid.oldest, unpaid.median, unpaid.p90) == (11, 11 * H, 6 * H, 10 * H)


def test_of_very_many_those_placed_first_count(shop, monkeypatch):
    monkeypatch.setattr(waiting, "CAP", 2)
    make.orders(shop, [make.facts(shop, "unpaid", placed_at=make.NOW - hours * H) for hours in range(1, 6)])
    unpaid = next(one for one in waiting.steps_now(shop, now=make.NOW) if one.step.code == "unpaid")
    assert (unpaid.count, unpaid.capped, unpaid.oldest, unpaid.median) == (3, True, 5 * H, 4 * H)


def test_nothing_waits_in_an_empty_shop(shop):
    found = waiting.steps_now(shop, now=make.NOW)
    assert {(one.count, one.late, one.oldest, one.median, one.p90, one.capped) for one in found} == {
        (0, 0, None, None, None, False)
    }


def done(shop, **times):
    told, more = deeds.by_person(shop, **{"start": make.NOW - make.DAY, "end": make.NOW + make.DAY, **times})
    return {(one.person, one.deed.code): (one.count, one.median) for one in told}, more


def shift(order, kind, took):
    """Let an event of an order have come so long after the order was paid."""
    Event.objects.filter(kind=kind, subject_id=order.pk, member__isnull=False).update(at=order.paid_at + took)


def test_what_each_person_did_is_counted_with_the_time_that_it_took(shop, other_shop, reviewer, shipping, after_sales):
    orders = make.orders(shop, [make.facts(shop, "to_review") for _n in range(3)])
    for i, order in enumerate(orders):
        actions.approve(order, by=reviewer.actor)
        shift(order, "order.approved", (1 + i) * H)
    actions.add_note(orders[0], body="look", by=shipping.actor)
    case = make.case(shop)
    cases.refuse(case, refusal="evidence_unclear", by=after_sales.actor)
    Case.objects.filter(pk=case.pk).update(opened_at=case.opened_at - H)
    found, more = done(shop)
    assert found[reviewer.member.label, "reviewed"] == (3, 2 * H)
    assert found[shipping.member.label, "marked"] == (1, None)
    assert found[after_sales.member.label, "decided"][0] == 1
    assert found[after_sales.member.label, "decided"][1] >= H
    assert not more
    assert done(other_shop) == ({}, False)


def test_only_deeds_of_the_period_count_and_of_very_many_the_newest(shop, reviewer, monkeypatch):
    orders = make.orders(shop, [make.facts(shop, "to_review") for _n in range(3)])
    for i, order in enumerate(orders):
        actions.approve(order, by=reviewer.actor)
        shift(order, "order.approved", (1 + i) * H)
    paid = orders[0].paid_at
    assert done(shop, end=paid + 3 * H)[0] == {(reviewer.member.label, "reviewed"): (2, 1.5 * H)}
    monkeypatch.setattr(deeds, "CAP", 2)
    assert done(shop) == ({(reviewer.member.label, "reviewed"): (2, 2.5 * H)}, True)


def test_deeds_of_one_person_are_listed_with_their_records(shop, reviewer, owner):
    first, second = make.orders(shop, [make.facts(shop, "to_review") for _n in range(2)])
    for order, by in ((first, reviewer), (second, owner)):
        actions.approve(order, by=by.actor)
    told = deeds.listed(
        *(shop, deeds.BY_CODE["reviewed"], reviewer.member.pk), start=make.NOW - make.DAY, end=make.NOW + make.DAY
    )
    assert [(one.record, one.name) for one in told] == [(first.pk, first.number)]


def test_each_kind_of_deed_is_recorded_by_somebody_and_belongs_to_one_deed():
    kinds = [kind for deed in deeds.DEEDS for kind in deed.kinds]
    assert len(kinds) == len(set(kinds))


def page(person, shop, query=""):
    answer = person.get(f"{url('figures_waiting', shop)}?{query}")
    assert answer.code == 200
    return answer


def rows(answer, part):
    found = {}
    for row in answer.context[part]["table"]["rows"]:
        found[str(row["head"]["text"])] = [cell["text"] for cell in row["cells"]]
    return found


def test_the_page_tells_of_each_step_and_leads_those_who_may_see_its_list(busy, shop, owner, data):
    for person, links in ((owner, {"order_list", "case_list", "refund_list", "dispute_list"}), (data, {"order_list"})):
        answer = page(person, shop)
        told = [row[:2] for row in rows(answer, "now").values()]
        assert told == [[str(one.count), str(one.late) if one.step.late else "—"] for one in steps_of(shop)]
        urls = [cell["url"] for row in answer.context["now"]["table"]["rows"] for cell in row["cells"]]
        assert {one.step.place for one in steps_of(shop) if any(url(one.step.place, shop) in u for u in urls)} == links


def steps_of(shop):
    return waiting.steps_now(shop, now=make.NOW + timedelta(minutes=3))


def test_times_are_told_by_carrier_and_by_how_long_they_took(shop, data):
    for hours, carrier in ((2, "SF"), (30, "SF"), (100, "Post")):
        paid = make.NOW - 2 * make.DAY - hours * H
        times = {"shipped_at": make.NOW - 2 * make.DAY, "delivered_at": make.NOW - make.DAY}
        sent = make.parcel(carrier=carrier, status="delivered", **times)
        make.order(shop, "delivered", placed_at=paid - H, parcels=[sent], **times)
    for month in rollups.months(shop):
        rollups.rebuild_month(shop, month)
    answer = page(data, shop)
    told = rows(answer, "carriers")
    assert list(told) == ["SF", "Post", "All orders"]
    assert [row[0] for row in told.values()] == ["2", "1", "3"]
    ship, transit = answer.context["spans"]
    counts = [row["cells"][0]["text"] for row in ship["table"]["rows"]]
    assert counts == ["1", "0", "0", "1", "0", "1", "0"]
    counts = [row["cells"][0]["text"] for row in transit["table"]["rows"]]
    assert counts[:2] in (["0", "3"], ["3", "0"])


def test_people_are_told_with_what_they_did_and_each_number_opens_the_deeds(shop, reviewer, owner):
    first, second = make.orders(shop, [make.facts(shop, "to_review") for _n in range(2)])
    for order in (first, second):
        actions.approve(order, by=reviewer.actor)
    answer = page(owner, shop)
    (row,) = answer.context["people"]["table"]["rows"]
    assert (row["head"]["text"], row["cells"][1]["text"]) == (reviewer.member.label, "2")
    opened = owner.get(row["cells"][1]["url"])
    assert {one["head"]["text"] for one in opened.context["deeds"]["table"]["rows"]} == {first.number, second.number}
    opened.says(url("order_detail", first))
    assert "now" not in opened.context


def test_buyers_whose_messages_were_answered_are_masked(shop, data, monkeypatch):
    monkeypatch.setattr(deeds, "listed", lambda *args, **times: [deeds.Told(make.NOW, 1, "张小明")])
    answer = page(data, shop, "person=1&deed=answered")
    assert answer.context["deeds"]["table"]["rows"][0]["head"]["text"] == "张**"


def test_the_waiting_page_asks_little_and_refuses_nonsense(shop, owner, django_assert_max_num_queries):
    make.orders(shop, [make.facts(shop, ship_by=make.NOW - H) for _n in range(3)])
    page(owner, shop)
    with django_assert_max_num_queries(8):
        assert len(page(owner, shop).content) < 60_000
    with django_assert_max_num_queries(8):
        page(owner, shop, f"person={owner.member.pk}&deed=reviewed")
    for query in ("deed=flown", "person=x", f"person={'9' * 5000}&deed=reviewed", "period=moon"):
        assert page(owner, shop, query).context["problem"]
    told = page(owner, shop, "download=csv&table=now").content.decode("utf-8-sig")
    to_ship = next(one for one in steps_of(shop) if one.step.code == "to_ship")
    assert f'"To ship","{to_ship.count}","{to_ship.late}"' in told


def test_a_number_of_very_many_is_told_as_more(shop, owner, monkeypatch):
    make.orders(shop, [make.facts(shop) for _n in range(3)])
    monkeypatch.setattr(waiting, "CAP", 2)
    monkeypatch.setattr("analytics.views.waiting.CAP", 2)
    assert rows(page(owner, shop), "now")["To ship"][0] == "2+"
