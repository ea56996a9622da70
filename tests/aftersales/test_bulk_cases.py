"""Many cases decided at once: what the first screen foretells is what the job does, case by case."""

from __future__ import annotations

import pytest

from aftersales.models import Case, Sop
from aftersales.states import CaseKind, CaseStatus
from orders.states import Status
from sellercenter.models import ItemState, Job, JobState
from sellercenter.permissions import BUYER
from tests import make
from tests.conftest import fresh, told, url
from tests.orders.test_bulk import token, worked

pytestmark = pytest.mark.django_db


def first_screen(person, shop, code, **data):
    return person.post(url(f"case_bulk_{code}", shop), data).landed


def done(person, shop, code, page, **values):
    """Start from the first screen, let the job end, and return its results by case."""
    answer = person.post(url(f"case_bulk_{code}", shop), {"of": token(page), **values})
    assert answer.code == 302, answer.text
    job = Job.objects.get(pk=int(answer.headers["Location"].rsplit("/", 1)[1]))
    ended, *counts = worked(job)
    assert ended == JobState.DONE
    return counts, {item.label: (item.state, item.message) for item in job.items.all()}


def test_cases_of_every_kind_are_accepted_each_as_its_kind_asks(shop, owner, other_shop):
    cases = {kind: make.case(shop, kind=kind) for kind in CaseKind}
    ended, foreign = make.case(shop, CaseStatus.WITHDRAWN), make.case(other_shop)
    page = first_screen(owner, shop, "accept", all="1", query="")
    assert (page.context["will"], page.context["total"]) == (6, 7)
    assert page.context["wont"][0]["reason"] == "The state is “Withdrawn”."
    counts, _results = done(owner, shop, "accept", page)
    assert counts == [6, 1, 0]
    refunding = {CaseKind.CANCEL, CaseKind.REFUND, CaseKind.PRICE}
    for kind, case in cases.items():
        expected = "refunding" if kind in refunding else "to_resend" if kind == CaseKind.RESEND else "to_return"
        assert fresh(case).status == expected, kind
    assert fresh(cases[CaseKind.CANCEL].order).status == Status.CANCELLED
    assert (fresh(ended).status, fresh(foreign).status) == ("withdrawn", "requested")


def test_a_case_that_changed_since_the_first_screen_is_skipped_and_the_others_are_done(shop, owner):
    first, second = make.case(shop), make.case(shop)
    page = first_screen(owner, shop, "refuse", ids=[first.pk, second.pk], query="")
    assert page.context["will"] == 2
    owner.post(url("case_accept", first), {"seen": fresh(first).version})
    values = {"refusal": "evidence_unclear", "words": "We see nothing."}
    counts, results = done(owner, shop, "refuse", page, **values)
    assert counts == [1, 1, 0]
    assert results[first.number][0] == ItemState.SKIPPED
    assert "Refunding" in results[first.number][1]
    assert (fresh(second).status, fresh(second).refusal_words) == ("refused", "We see nothing.")


def test_a_reason_that_fits_only_some_kinds_leaves_the_others_with_the_reason_why(shop, owner):
    refund, price = make.case(shop, kind=CaseKind.REFUND), make.case(shop, kind=CaseKind.PRICE)
    page = first_screen(owner, shop, "refuse", ids=[refund.pk, price.pk], query="")
    counts, results = done(owner, shop, "refuse", page, refusal="price_held")
    assert counts == [1, 1, 0]
    assert "can't be refused for that reason" in results[refund.number][1]
    assert fresh(price).status == "refused"


def test_what_goes_against_the_policy_needs_a_note_in_bulk_too(shop, owner):
    Sop.objects.create(shop=shop, position=1, problem="defect", proposal="refuse")
    case = make.case(shop, kind=CaseKind.RETURN, reason="defective")
    page = first_screen(owner, shop, "accept", ids=[case.pk], query="")
    assert done(owner, shop, "accept", page)[0] == [0, 1, 0]
    page = first_screen(owner, shop, "accept", ids=[case.pk], query="")
    assert done(owner, shop, "accept", page, note="goodwill week")[0] == [1, 0, 0]
    assert "case.overridden" in told(case)


def test_deadlines_are_extended_and_clocks_that_do_not_run_are_counted_out(shop, owner):
    running, over = make.case(shop), make.case(shop)
    Case.objects.filter(pk=over.pk).update(act_by=make.NOW - make.HOUR)
    page = first_screen(owner, shop, "extend", all="1", query="tab=requested")
    assert (page.context["will"], page.context["total"]) == (1, 2)
    answer = owner.post(url("case_bulk_extend", shop), {"of": token(page), "hours": "48"})
    assert answer.code == 422
    counts, _results = done(owner, shop, "extend", page, hours="48", reason="holidays")
    assert counts == [1, 1, 0]
    assert fresh(running).act_by == running.act_by + 48 * make.HOUR


def test_cases_that_come_in_after_the_first_screen_are_not_meant(shop, owner):
    make.case(shop)
    page = first_screen(owner, shop, "accept", all="1", query="tab=requested")
    late = make.case(shop, by=BUYER)
    assert done(owner, shop, "accept", page)[0] == [1, 0, 0]
    assert fresh(late).status == "requested"


def test_who_may_not_decide_is_offered_nothing_in_bulk(shop, view_only):
    case = make.case(shop)
    assert view_only.get(url("case_list", shop)).context["bulk"] == []
    assert view_only.post(url("case_bulk_accept", shop), {"ids": [case.pk]}).code == 403
