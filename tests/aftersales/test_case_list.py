"""The case list and what counts cases elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftersales.models import Case, Ticket
from aftersales.states import CaseKind, CaseStatus
from aftersales.views.home import BOARD
from tests import make
from tests.aftersales import proofs
from tests.aftersales.crowd import case as write_case
from tests.aftersales.crowd import cases
from tests.conftest import url

pytestmark = pytest.mark.django_db


def opened(person, shop, **query):
    return person.get(url("case_list", shop), query)


def numbers(answer):
    return [case.number for case in answer.context["table"]["rows"]]


def test_a_row_shows_what_is_asked_for_until_when_and_by_whom(shop, view_only):
    case = make.case(shop, kind=CaseKind.RETURN, order=make.order(shop, "delivered"))
    answer = opened(view_only, shop)
    for text in (case.number, "To answer", "Return and refund", "Green tea", "¥20.00", "tea lover", case.order.number):
        answer.says(text)
    answer.says("1 d 23 h").says("Without an answer it counts as accepted.")
    answer.says(f'href="{url("case_detail", case)}"')


def test_the_most_urgent_case_stands_first_and_ended_ones_are_listed_from_the_newest(shop, owner):
    order = make.order(shop, "delivered")
    for number, hours in (("calm", 30), ("late", -1), ("soon", 1)):
        write_case(order, number=number, status="requested", act_by=make.NOW + hours * make.HOUR)
    for number, days in (("older", 3), ("newer", 1)):
        write_case(order, number=number, status="done", opened_at=make.NOW - timedelta(days=days))
    answer = opened(owner, shop)
    assert numbers(answer)[:3] == ["late", "soon", "calm"]
    assert answer.text.count('<tr class="late">') == 1
    assert numbers(opened(owner, shop, tab="ended")) == ["newer", "older"]
    assert numbers(opened(owner, shop, tab="ended", sort="opened")) == ["older", "newer"]


@pytest.mark.parametrize(
    ("tab", "states"),
    [
        ("requested", {"requested"}),
        ("to_inspect", {"to_inspect"}),
        ("to_resend", {"to_resend"}),
        ("buyer", {"offered", "to_return", "returning"}),
        ("refused", {"refused"}),
        ("disputed", {"disputed"}),
        ("refunding", {"refunding"}),
        ("ended", {"done", "withdrawn", "closed"}),
    ],
)
def test_each_tab_holds_its_states(shop, owner, tab, states):
    cases(shop, len(CaseStatus))
    assert {case.status for case in opened(owner, shop, tab=tab).context["table"]["rows"]} == states


def test_a_case_is_found_by_its_numbers_and_by_the_buyer(shop, owner):
    order = make.order(shop, "delivered", number="D-7788", buyer_nickname="喝茶的人42")
    wanted = write_case(order, number="C-100", buyer_nickname="喝茶的人42", return_tracking_no="SFBACK77")
    other = write_case(make.order(shop, "delivered"), number="X-200")
    for text in ("C-100", "C-1", "D-7788", "D-77", "SFBACK77", "喝茶", "人42", " C-100 "):
        assert numbers(opened(owner, shop, q=text)) == [wanted.number], text
    for query in ({"order": "D-7"}, {"tracking": "SFBACK77"}, {"buyer": "茶的人"}, {"number": "C-"}):
        assert numbers(opened(owner, shop, **query)) == [wanted.number], query
    assert numbers(opened(owner, shop, q="SFBACK7")) == []
    assert {*numbers(opened(owner, shop, q="tea lover"))} == {other.number}


def test_whether_a_deadline_has_passed_counts_only_while_the_clock_runs(shop, owner):
    order = make.order(shop, "delivered")
    late = {"status": "requested", "act_by": make.NOW - make.HOUR}
    write_case(order, number="late", **late)
    write_case(order, number="stopped", paused_at=make.NOW, pause_reason="waits", **late)
    write_case(order, number="soon", status="to_inspect", act_by=make.NOW + 11 * make.HOUR)
    write_case(order, number="calm", status="requested", act_by=make.NOW + 13 * make.HOUR)
    assert numbers(opened(owner, shop, due="overdue")) == ["late"]
    assert numbers(opened(owner, shop, due="soon")) == ["soon"]
    assert numbers(opened(owner, shop, clock="stopped")) == ["stopped"]


def test_each_counter_of_the_home_board_is_the_length_of_the_list_that_it_opens(shop, owner, other_shop):
    order = make.order(shop, "delivered")
    for i, status in enumerate(CaseStatus.values):
        for hours in (-1, 1, 60):
            write_case(
                order, i, number=f"{status} {hours}", kind="refund", status=status, act_by=make.NOW + hours * make.HOUR
            )
    cases(other_shop, 12)
    shown = owner.get(url("home", shop)).context["boards"][1]["counters"]
    assert [str(one["label"]) for one in shown] == [str(one.label) for one in BOARD.counters]
    for counter in shown:
        if url("case_list", shop) in counter["url"]:
            assert counter["count"] == str(len(owner.get(counter["url"]).context["table"]["rows"])) != "0"
    assert {str(one["label"]): one["count"] for one in shown}["Cases overdue"] == "3"


def test_each_number_of_the_navigation_is_the_length_of_the_list_that_it_opens(shop, owner):
    make.case(shop)
    proofs.some_disputes(shop, 4)
    proofs.some_appeals(shop, 3)
    proofs.some_tickets(shop, 4)
    silent = proofs.ticket(shop)
    Ticket.objects.filter(pk=silent.pk).update(due_at=None, due_step="", answer_by=make.NOW - make.HOUR)
    places = [one for group in owner.get(url("home", shop)).context["nav"] for one in group["items"] if one["count"]]
    shown = {one["label"]: one["count"] for one in places}
    wanted = {"To answer": "1", "Disputes": "2", "Appeals": "1", "Logistics tickets": "2"}
    assert {label: shown.get(label) for label in wanted} == wanted
    for one in (place for place in places if place["label"] in wanted):
        page = owner.get(one["url"]).context
        assert str(len(page["table"]["rows"])) == one["count"], one["label"]
        assert [item["label"] for group in page["nav"] for item in group["items"] if item["active"]] == [one["label"]]
    # The place stays marked on its other tabs, and on the page of one record.
    for address in (url("ticket_list", shop), url("ticket_detail", silent)):
        nav = owner.get(address).context["nav"]
        assert [one["label"] for group in nav for one in group["items"] if one["active"]] == ["Logistics tickets"]


def test_the_board_shows_after_sales_to_those_who_may_see_cases(shop, reviewer, view_only):
    assert len(reviewer.get(url("home", shop)).context["boards"]) == 1
    assert len(view_only.get(url("home", shop)).context["boards"]) == 2


def test_a_case_of_another_shop_is_found_by_nobody(shop, other_shop, owner):
    foreign = make.case(other_shop)
    assert numbers(opened(owner, shop, q=foreign.number)) == []
    assert Case.objects.for_shop(shop).count() == 0
