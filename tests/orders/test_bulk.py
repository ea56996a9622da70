"""Bulk actions: what the first screen foretells is what the job does, on the chosen orders and on no others."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import parse_qs, urlparse

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import actions, bulk
from orders.lifecycle import ORDER
from orders.models import Order, Parcel
from orders.states import Abnormal, Status
from sellercenter import jobs
from sellercenter.models import ItemState, Job, JobState
from tests import make
from tests.conftest import fresh, told, url

pytestmark = pytest.mark.django_db

ACTIONS = {one.code: one for one in bulk.ACTIONS}
VALUES = {
    "approve": {},
    "ship": {"carrier": "SF Express", "lines": ""},
    "remind": {},
    "flag": {"flag": "5"},
    "mark": {"kind": "stock", "reason": "sold out"},
    "cancel": {"reason": "sold out"},
}
STATES = list(Status.values)


def crowd(shop, many=16, **fields):
    """Load orders of every state, one after the other."""
    return make.orders(shop, [make.facts(shop, STATES[i % 8], number=f"C{i:04d}", **fields) for i in range(many)])


def chosen(person, shop, code, **data):
    """Send the choice from the list and open the first screen."""
    answer = person.post(url(f"order_bulk_{code}", shop), data)
    assert answer.code == 302, answer.text
    return answer


def first_screen(person, shop, code, **data):
    return chosen(person, shop, code, **data).landed


def token(page):
    return re.search(r'name="of" value="([^"]+)"', page.content.decode()).group(1)


def started(person, shop, code, page, **values):
    """Start from the first screen and return the job."""
    answer = person.post(url(f"order_bulk_{code}", shop), {"of": token(page), **VALUES[code], **values})
    assert answer.code == 302, answer.text
    return Job.objects.get(pk=int(answer.headers["Location"].rsplit("/", 1)[1]))


def worked(job):
    """Let the runner finish the job and return how it ended."""
    while jobs.run_some(1000):
        pass
    job = fresh(job)
    return job.state, job.done, job.skipped, job.failed


def results(job):
    return {item.label: (item.state, item.message) for item in job.items.all()}


@pytest.mark.parametrize("code", ["approve", "remind", "flag", "mark", "cancel"])
def test_the_first_screen_foretells_exactly_what_the_job_does(code, shop, owner):
    crowd(shop)
    crowd_of_held = make.orders(shop, [make.facts(shop, status) for status in STATES[:4]], held=True)
    page = first_screen(owner, shop, code, all="1", query="")
    will, wont = page.context["will"], {one["reason"]: one["count"] for one in page.context["wont"]}
    assert will + sum(wont.values()) == 16 + len(crowd_of_held)
    job = started(owner, shop, code, page)
    assert worked(job) == (JobState.DONE, will, sum(wont.values()), 0)
    reasons = {row["message"]: row["n"] for row in reasons_of(job)}
    assert sorted(reasons.values()) == sorted(wont.values())
    if code in ("flag", "mark"):
        assert wont == {}


def reasons_of(job):
    from django.db.models import Count

    return job.items.filter(state=ItemState.SKIPPED).values("message").annotate(n=Count("pk"))


@pytest.mark.parametrize("code", ["approve", "remind", "cancel"])
def test_the_forecast_agrees_with_the_lifecycle_for_every_state(code, shop, owner):
    for status in STATES:
        order = make.order(shop, status)
        found = bulk.forecast(Order.objects.filter(pk=order.pk), ACTIONS[code])
        assert found.will == (status in ORDER.moves[code].sources), status
        assert found.total == 1


def test_each_action_leaves_its_event_by_the_person_who_started_it(shop, reviewer, owner):
    order = make.order(shop, Status.TO_REVIEW)
    page = first_screen(reviewer, shop, "approve", ids=[order.pk])
    assert worked(started(reviewer, shop, "approve", page)) == (JobState.DONE, 1, 0, 0)
    assert fresh(order).status == Status.TO_SHIP
    event = order_events(order).last()
    assert (event.kind, event.member_id) == ("order.approved", reviewer.member.pk)


def order_events(order):
    from sellercenter import events

    return events.of(order)


def test_ticked_rows_alone_are_meant(shop, owner):
    orders = crowd(shop)
    ticked = [orders[0].pk, orders[1].pk, orders[2].pk]
    job = started(owner, shop, "flag", first_screen(owner, shop, "flag", ids=ticked, query="tab=unpaid"))
    assert worked(job) == (JobState.DONE, 3, 0, 0)
    assert set(Order.objects.filter(flag=5).values_list("pk", flat=True)) == set(ticked)


def test_all_that_match_are_meant_over_all_pages_and_none_that_came_later(shop, owner):
    before = make.orders(shop, [make.facts(shop, Status.TO_SHIP, city="深圳") for _order in range(60)])
    make.orders(shop, [make.facts(shop, Status.TO_SHIP, city="广州"), make.facts(shop, Status.UNPAID, city="深圳")])
    page = first_screen(owner, shop, "flag", all="1", query="tab=to_ship&city=深圳&sort=total")
    assert page.context["will"] == 60
    late = make.order(shop, Status.TO_SHIP, city="深圳")
    assert worked(started(owner, shop, "flag", page)) == (JobState.DONE, 60, 0, 0)
    assert set(Order.objects.filter(flag=5)) == set(before)
    assert fresh(late).flag is None


@pytest.mark.parametrize(
    "query", ["q=tea lover", "q=C0003", "phone=13800138000", "tracking=SFX1", "due=overdue", "q=13800138000"]
)
def test_all_that_match_are_those_that_the_list_shows(query, shop, owner):
    crowd(shop)
    make.shipped(shop, "SFX1")
    listed = owner.get(f"{url('order_list', shop)}?{query}").context["table"]["rows"]
    page = first_screen(owner, shop, "flag", all="1", query=query)
    assert page.context["total"] == len(listed)
    job = started(owner, shop, "flag", page)
    worked(job)
    assert sorted(job.items.values_list("ref", flat=True)) == sorted(order.pk for order in listed)


def test_pasted_numbers_narrow_what_is_meant(shop, owner):
    orders = crowd(shop)
    answer = owner.post(url("order_paste", shop), {"numbers": f"{orders[1].number} {orders[2].number} nothing"})
    query = urlparse(answer.headers["Location"]).query
    assert first_screen(owner, shop, "flag", all="1", query=query).context["total"] == 2


def test_what_the_filter_held_stays_nowhere_once_the_orders_are_known(shop, owner):
    crowd(shop)
    page = first_screen(owner, shop, "flag", all="1", query=f"phone={make.PHONE}")
    job = started(owner, shop, "flag", page)
    worked(job)
    assert make.PHONE not in str(fresh(job).params)


def test_no_address_and_no_table_shows_what_was_looked_for(shop, owner):
    crowd(shop)
    answer = chosen(owner, shop, "flag", all="1", query=f"phone={make.PHONE}")
    address = answer.headers["Location"]
    assert re.fullmatch(r".*\?of=[\w-]{16}", address)
    sessions = [session.get_decoded() for session in Session.objects.all()]
    [kept] = [data["chosen_orders"] for data in sessions if "chosen_orders" in data]
    assert list(kept) == [address.rpartition("=")[2]]
    readable = b64decode(kept[next(iter(kept))].partition(":")[0])
    assert make.PHONE.encode() not in readable
    assert owner.get(address).context["total"] == 16


def test_the_newest_choices_wait_and_the_oldest_are_forgotten(shop, owner):
    orders = crowd(shop)
    addresses = [chosen(owner, shop, "flag", ids=[order.pk]).headers["Location"] for order in orders[:6]]
    owner.get(addresses[0]).says("can't be used any more")
    assert all(owner.get(address).context["total"] == 1 for address in addresses[1:])


def test_a_choice_of_another_person_shop_or_time_is_refused(shop, other_shop, owner, reviewer, stranger, monkeypatch):
    orders = crowd(shop)
    page = first_screen(owner, shop, "flag", ids=[orders[0].pk])
    of = token(page)
    for person, where in ((reviewer, shop), (stranger, other_shop)):
        answer = person.post(url("order_bulk_flag", where), {"of": of, "flag": "5"})
        assert answer.code == 200
        answer.says("can't be used any more")
    for broken in (of[:-2] + "xx", "nonsense", signing.dumps({"member": owner.member.pk}, salt="other")):
        owner.post(url("order_bulk_flag", shop), {"of": broken, "flag": "5"}).says("can't be used any more")
    monkeypatch.setattr("sellercenter.bulk.VALID_FOR", -1)
    owner.post(url("order_bulk_flag", shop), {"of": of, "flag": "5"}).says("can't be used any more")
    assert Job.objects.count() == 0


def test_ids_of_another_shop_are_not_touched(shop, other_shop, owner):
    mine, theirs = make.order(shop), make.order(other_shop)
    page = first_screen(owner, shop, "flag", ids=[mine.pk, theirs.pk])
    assert page.context["total"] == 1
    worked(started(owner, shop, "flag", page))
    assert (fresh(mine).flag, fresh(theirs).flag) == (5, None)


def test_nothing_ticked_leads_back_to_the_list(shop, owner):
    answer = owner.post(url("order_bulk_flag", shop), {"query": "tab=unpaid"})
    assert answer.headers["Location"] == f"{url('order_list', shop)}?tab=unpaid"
    answer.says("Tick some orders first.")
    owner.get(url("order_bulk_flag", shop)).says("Choose orders in the list first.")


def test_a_filter_that_makes_no_sense_chooses_nothing(shop, owner):
    crowd(shop)
    for query in ("colour=red", "tab=nowhere", "total_from=ten", "list=999999"):
        page = first_screen(owner, shop, "flag", all="1", query=query)
        assert "will" not in page.context
    assert Job.objects.count() == 0


def test_orders_that_changed_meanwhile_are_reported_one_by_one(shop, owner):
    orders = make.orders(shop, [make.facts(shop, Status.TO_REVIEW) for _order in range(4)])
    page = first_screen(owner, shop, "approve", all="1", query="")
    assert page.context["will"] == 4
    job = started(owner, shop, "approve", page)
    actions.cancel(orders[1], reason="gone", by=owner.actor)
    actions.hold(orders[2], reason="wait", by=owner.actor)
    assert worked(job) == (JobState.DONE, 2, 2, 0)
    found = results(job)
    assert found[orders[1].number] == ("skipped", "This is not possible any more: the state is “Cancelled”.")
    assert found[orders[2].number] == ("skipped", "The order is held. Release it first.")
    assert told(orders[0])[-1] == "order.approved"


def test_a_second_reminder_within_a_day_is_foretold_and_left_out(shop, owner):
    first, second = make.orders(shop, [make.facts(shop, Status.UNPAID), make.facts(shop, Status.UNPAID)])
    actions.remind(first, by=owner.actor)
    page = first_screen(owner, shop, "remind", all="1", query="")
    assert page.context["will"] == 1
    assert [(one["reason"], one["count"]) for one in page.context["wont"]] == [
        ("A buyer is reminded once in 24 hours, while the order is not held and can still be paid in time.", 1)
    ]
    assert worked(started(owner, shop, "remind", page)) == (JobState.DONE, 1, 1, 0)
    assert told(second).count("order.reminded") == told(first).count("order.reminded") == 1


def test_each_order_is_shipped_under_its_own_number(shop, owner):
    orders = make.orders(shop, [make.facts(shop, Status.TO_SHIP, number=f"S{i}") for i in range(4)])
    page = first_screen(owner, shop, "ship", all="1", query="")
    lines = "S0\tYT100\nS1, YT101\n\n  S2   YT102  \n"
    job = started(owner, shop, "ship", page, lines=lines)
    assert worked(job) == (JobState.DONE, 3, 0, 0)
    kept = dict(Parcel.objects.values_list("parts__order__number", "tracking_no"))
    assert kept == {"S0": "YT100", "S1": "YT101", "S2": "YT102"}
    assert [fresh(order).status for order in orders] == [Status.SHIPPED] * 3 + [Status.TO_SHIP]
    assert set(job.items.values_list("label", "given")) == {("S0", "YT100"), ("S1", "YT101"), ("S2", "YT102")}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("S0", "Line 1: write an order no. and one tracking no."),
        ("S0 YT1 more", "Line 1: write an order no. and one tracking no."),
        ("S0 YT1\nS0 YT2", "Line 2: “S0” stands in line 1 already."),
        ("S0 YT1\nS1 yt1", "Line 2: “yt1” stands in line 1 already."),
        ("S0 YT1\nnobody YT2", "Line 2: “nobody” is not among the chosen orders."),
        (f"S0 {'9' * 65}", "Line 1: a number is too long."),
        ("", "Paste a line for each order."),
    ],
)
def test_lines_with_problems_are_named_and_nothing_starts(lines, says, shop, owner):
    make.orders(shop, [make.facts(shop, Status.TO_SHIP, number=f"S{i}") for i in range(2)])
    of = token(first_screen(owner, shop, "ship", all="1", query=""))
    answer = owner.post(url("order_bulk_ship", shop), {"of": of, "carrier": "SF", "lines": lines})
    assert answer.code == 422
    assert says in answer.text
    assert Job.objects.count() == 0


def test_too_many_lines_are_refused(shop, owner, monkeypatch):
    from orders import bulk_forms

    monkeypatch.setattr(bulk_forms, "MOST_LINES", 1)
    make.orders(shop, [make.facts(shop, Status.TO_SHIP, number=f"S{i}") for i in range(2)])
    of = token(first_screen(owner, shop, "ship", all="1", query=""))
    answer = owner.post(url("order_bulk_ship", shop), {"of": of, "carrier": "SF", "lines": "S0 A1\nS1 A2"})
    assert (answer.code, "at most 1 are possible at once" in answer.text) == (422, True)


def test_a_cancel_without_a_reason_does_not_start(shop, owner):
    order = make.order(shop, Status.UNPAID)
    of = token(first_screen(owner, shop, "cancel", ids=[order.pk]))
    answer = owner.post(url("order_bulk_cancel", shop), {"of": of, "reason": " "})
    assert (answer.code, Job.objects.count()) == (422, 0)
    assert token(answer.response)


def test_the_list_offers_what_this_person_may_do(shop, owner, reviewer, view_only):
    make.order(shop)
    for person in (owner, reviewer, view_only):
        answer = person.get(url("order_list", shop))
        offered = {one["url"].rsplit("/", 1)[1] for one in answer.context["bulk"]}
        assert offered == {one.code for one in bulk.ACTIONS if person.actor.may(one.permission)}
        assert ("name=ids" in answer.text) == bool(offered)


def test_the_list_says_how_many_match_where_it_knows(shop, owner):
    crowd(shop)
    assert "All 2 that match" in owner.get(url("order_list", shop), {"tab": "unpaid"}).text
    assert "All that match" in owner.get(url("order_list", shop), {"city": "广州"}).text


def test_the_first_screen_counts_in_one_query_however_many_orders_there_are(shop, owner):
    crowd(shop, 8)
    few = queries_of(owner, shop)
    make.orders(shop, [make.facts(shop, STATES[i % 8]) for i in range(40)])
    assert queries_of(owner, shop) == few


def queries_of(person, shop):
    address = person.post(url("order_bulk_cancel", shop), {"all": "1", "query": ""}).headers["Location"]
    assert parse_qs(urlparse(address).query)["of"]
    with CaptureQueriesContext(connection) as captured:
        assert person.get(address).code == 200
    return len(captured)


def test_a_mark_carries_its_kind_and_reason(shop, owner):
    order = make.order(shop)
    worked(started(owner, shop, "mark", first_screen(owner, shop, "mark", ids=[order.pk])))
    assert (fresh(order).abnormal, fresh(order).abnormal_reason) == (Abnormal.STOCK, "sold out")


def test_a_job_is_seen_by_its_starter_and_by_those_with_its_right(
    shop, other_shop, owner, reviewer, view_only, stranger
):
    order = make.order(shop, Status.TO_REVIEW)
    job = started(reviewer, shop, "approve", first_screen(reviewer, shop, "approve", ids=[order.pk]))
    worked(job)
    page = url("job_detail", job)
    reviewer.get(page).says(order.number).says("1 of 1")
    owner.get(page).says(order.number)
    assert view_only.get(page).code == 404
    assert stranger.get(url("job_detail", other_shop, job.pk)).code == 404
    listed = {person: len(person.get(url("job_list", shop)).context["table"]["rows"]) for person in (owner, view_only)}
    assert listed == {owner: 1, view_only: 0}
    assert "Approve" in owner.get(url("jobs_now", shop)).text
    assert "Approve" not in view_only.get(url("jobs_now", shop)).text


def test_the_page_of_a_job_narrows_its_results_and_counts_the_reasons(shop, owner):
    orders = crowd(shop)
    job = started(owner, shop, "approve", first_screen(owner, shop, "approve", all="1", query=""))
    worked(job)
    page = url("job_detail", job)
    everything = owner.get(page)
    assert len(everything.context["items"]) == len(orders)
    counts = {one["code"]: one["count"] for one in everything.context["filters"]}
    assert counts == {"": "16", "waiting": "0", "done": "2", "skipped": "14", "failed": "0"}
    assert sum(one["count"] for one in everything.context["reasons"]) == 14
    done = owner.get(page, {"result": "done"})
    assert [item["badge"]["code"] for item in done.context["items"]] == ["done", "done"]
    part = owner.get(page, {"result": "skipped"}, hx_request="true", hx_target="list")
    assert part.text.lstrip().startswith('<section class="panel flush" id="list">')


def test_the_progress_asks_again_while_the_job_runs_and_reloads_the_page_at_its_end(shop, owner):
    order = make.order(shop)
    job = started(owner, shop, "flag", first_screen(owner, shop, "flag", ids=[order.pk]))
    page = url("job_detail", job)
    running = owner.get(page, hx_request="true", hx_target="progress")
    assert "every 2s" in running.text
    assert "HX-Refresh" not in running.headers
    assert "every 4s" in owner.get(url("order_list", shop)).text
    worked(job)
    ended = owner.get(page, hx_request="true", hx_target="progress")
    assert ("every 2s" in ended.text, ended.headers["HX-Refresh"]) == (False, "true")
    assert "every 4s" not in owner.get(url("order_list", shop)).text


def test_the_doors_of_a_job_stop_and_repeat_it(shop, owner, reviewer, view_only):
    order = make.order(shop)
    job = started(owner, shop, "flag", first_screen(owner, shop, "flag", ids=[order.pk]))
    assert view_only.post(url("job_stop", job)).code == 404
    owner.post(url("job_stop", job)).says("The work stops")
    assert fresh(job).state == JobState.CANCELLED
    owner.post(url("job_stop", job)).says("This work has ended already.")
    owner.post(url("job_repeat", job)).says("There is nothing to repeat.")
