"""The pages of refunds: what stands in which tab, what each person can do, and what a click does."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from aftersales import refund_actions, refunds
from aftersales.lifecycle import REFUND
from aftersales.models import Refund
from aftersales.refund_offers import OFFERS
from aftersales.states import RefundStatus as S
from orders.states import Status
from sellercenter.models import Job, JobState, ShopPolicy
from sellercenter.permissions import SYSTEM
from tests import make
from tests.aftersales.money import make_refund, order_owing, some_refunds
from tests.conftest import fresh, url
from tests.orders.test_bulk import token, worked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _by_hand(settings):
    settings.REFUND_GATEWAY = "aftersales.refund_gateways.NoGateway"


@pytest.fixture
def finance(cast):
    return cast["finance"]


def listed(person, shop, **query):
    return [refund.pk for refund in person.get(url("refund_list", shop), query).context["table"]["rows"]]


def limit(shop, amount):
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=D(amount))


def in_state(shop, status):
    """Make a refund in a state, as the moves would leave it."""
    if status == S.TO_CONFIRM:
        limit(shop, 1)
        return make_refund(shop)
    refund = make_refund(shop)
    if status == S.REJECTED:
        refund_actions.call_back(refund, reason="no", by=SYSTEM)
    elif status == S.SUCCEEDED:
        refund_actions.settle_by_hand(refund, number="B1", by=SYSTEM)
    elif status != S.REQUESTED:
        values = {"status": status, "attempts": 1, "submitted_at": make.NOW}
        if status == S.FAILED:
            Refund.objects.filter(pk=refund.pk).update(**values, ended_at=make.NOW)
            refunds.payments.free_refund(refund.payment, amount=refund.amount)
        else:
            Refund.objects.filter(pk=refund.pk).update(**values, due_at=make.NOW + make.DAY, due_step="ask")
    return fresh(refund)


def test_each_refund_stands_in_the_tab_of_its_state(shop, owner):
    tabs = {
        S.TO_CONFIRM: "to_confirm",
        S.REQUESTED: "by_hand",
        S.SUBMITTED: "under_way",
        S.UNKNOWN: "unknown",
        S.FAILED: "failed",
        S.SUCCEEDED: "done",
    }
    made = {}
    for status in sorted(tabs, key=lambda one: one == S.TO_CONFIRM):
        made[status] = in_state(shop, status)
    for status, tab in tabs.items():
        assert listed(owner, shop, tab=tab) == [made[status].pk], tab
    refund_actions.try_again(made[S.FAILED], by=SYSTEM)
    assert listed(owner, shop, tab="failed") == []


def test_a_refund_is_found_by_its_own_number_that_of_the_provider_and_of_the_order(shop, other_shop, owner):
    refund, *_others = some_refunds(shop, 3)
    refund_actions.settle_by_hand(refund, number="ABC-77", by=SYSTEM)
    strange = make_refund(other_shop)
    for text in (refund.key[:8].lower(), "ABC-77", refund.order.number):
        assert refund.pk in listed(owner, shop, q=text), text
    assert listed(owner, shop, q=strange.key) == []
    assert listed(owner, shop, provider="ABC-77") == listed(owner, shop, transaction=refund.payment.transaction_no)


# Who may do what in each state: the move that leads, and those in the menu.
POSSIBLE = {
    S.TO_CONFIRM: ["confirm", "reject", "call_back"],
    S.REQUESTED: ["settle_by_hand", "call_back"],
    S.SUBMITTED: [],
    S.UNKNOWN: ["settle_by_hand", "note_failure"],
    S.SUCCEEDED: [],
    S.FAILED: ["try_again"],
    S.REJECTED: ["try_again"],
}


@pytest.mark.parametrize("status", S)
def test_the_page_offers_what_can_be_done(shop, cast, status):
    refund = in_state(shop, status)
    shown = cast["finance"].get(url("refund_detail", refund)).context["refund"]
    found = [move["name"] for move in (shown["lead"], *shown["moves"]) if move]
    assert (found, shown["badge"]["code"]) == (POSSIBLE[status], status)
    shown = cast["view_only"].get(url("refund_detail", refund)).context["refund"]
    assert (shown["lead"], shown["moves"]) == (None, [])


def test_every_move_of_people_is_offered_and_has_its_door(shop):
    assert sorted(OFFERS) == sorted(name for name, move in REFUND.moves.items() if move.needs)
    refund = make_refund(shop)
    assert all(url(f"refund_{name}", refund) for name in OFFERS)


def test_four_eyes_from_the_order_to_the_money(shop, owner, finance):
    limit(shop, "10")
    order = order_owing(shop, "20.00")
    owner.get(url("order_detail", order)).says("¥20.00 is owed to the buyer, and nobody has asked for it yet.")
    owner.post(url("order_make_refund", order), {"amount": "20.00", "reason": "sold out"}).says(
        "¥20.00 waits for a second person to confirm it."
    )
    refund = Refund.objects.get()
    assert (refund.requested_by, refund.reason) == (owner.member, "sold out")
    shown = owner.get(url("refund_detail", refund)).says("Somebody else than the person who asked").context["refund"]
    assert shown["lead"] is None
    owner.post(url("refund_confirm", refund)).says("Somebody else than the person who asked has to confirm it.")
    assert fresh(refund).status == S.TO_CONFIRM
    finance.post(url("refund_confirm", refund)).says("The refund is confirmed and goes back.")
    owner.post(url("refund_settle_by_hand", refund), {"number": "BANK-9"}).says("¥20.00 is noted as refunded.")
    owner.post(url("refund_settle_by_hand", refund), {"number": "BANK-10"}).says("This is not possible any more")
    page = owner.get(url("order_detail", order)).says(f"confirmed by {finance.actor.label}")
    assert (fresh(order).refund_due, fresh(order).refunded_amount) == (0, 20)
    assert next(one for one in page.context["order"]["panels"] if "refunds" in one)["form"] is None


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"amount": ""}, "Give the amount that goes back."),
        ({"amount": "0"}, "A refund is more than nothing"),
        ({"amount": "20.01"}, "Not more than ¥20.00 is owed to the buyer."),
    ],
)
def test_an_amount_that_makes_no_sense_is_refused(shop, finance, sent, words):
    order = order_owing(shop, "20.00")
    finance.post(url("order_make_refund", order), sent).says(words)
    assert (Refund.objects.count(), fresh(order).refunding_amount) == (0, 0)


def test_what_failed_is_paid_by_hand_instead(shop, finance, settings):
    refund = in_state(shop, S.FAILED)
    settings.REFUND_GATEWAY = "aftersales.refund_gateways.RecordingGateway"
    finance.get(url("refund_detail", refund)).says("Somebody pays by hand")
    finance.post(url("refund_try_again", refund), {"by_hand": "on"}).says("¥5.00 is asked for again.")
    again = Refund.objects.exclude(pk=refund.pk).get()
    assert (again.by_hand, again.due_at, again.payment) == (True, None, refund.payment)
    finance.post(url("refund_try_again", refund), {"by_hand": "on"}).says("Not more than ¥0.00 is owed")
    assert Refund.objects.count() == 2


def test_what_nobody_knows_is_noted_by_who_looked_and_may_confirm(shop, cast):
    refund = in_state(shop, S.UNKNOWN)
    after_sales = cast["after_sales"]
    assert after_sales.post(url("refund_note_failure", refund), {"reason": "looked"}).code == 403
    cast["finance"].post(url("refund_note_failure", refund), {"reason": "never arrived there"}).says("noted as failed")
    assert (fresh(refund).status, fresh(refund).last_error) == (S.FAILED, "never arrived there")
    assert fresh(refund.payment).refunding == 0


def test_words_of_people_and_providers_are_shown_as_text(shop, owner):
    refund = make_refund(shop)
    Refund.objects.filter(pk=refund.pk).update(last_error="<b>x</b>", requested_label="<i>me</i>", reason="<u>r</u>")
    for page in (url("refund_detail", refund), url("order_detail", refund.order), url("refund_list", shop)):
        text = owner.get(page).landed.content.decode()
        assert "<b>x</b>" not in text
        assert "<i>me</i>" not in text
        assert "&lt;i&gt;me" in text


def test_a_refund_that_is_unpaid_can_not_be_made(shop, finance):
    order = make.order(shop, Status.UNPAID)
    finance.post(url("order_make_refund", order), {"amount": "1"}).says("Not more than ¥0.00 is owed")


def test_many_are_confirmed_at_once_but_not_ones_own(shop, owner, finance):
    limit(shop, 1)
    mine = make_refund(shop, by=owner.actor)
    others = [make_refund(shop, by=finance.actor) for _refund in range(2)]
    page = owner.post(url("refund_bulk_confirm", shop), {"all": "1", "query": "tab=to_confirm"}).landed
    assert (page.context["will"], page.context["total"]) == (3, 3)
    answer = owner.post(url("refund_bulk_confirm", shop), {"of": token(page)})
    job = Job.objects.get(pk=int(answer.headers["Location"].rsplit("/", 1)[1]))
    assert worked(job) == (JobState.DONE, 2, 1, 0)
    assert job.items.get(label=mine.key).message == "Somebody else than the person who asked has to confirm it."
    assert [fresh(one).status for one in (mine, *others)] == [S.TO_CONFIRM, S.REQUESTED, S.REQUESTED]


def test_many_that_failed_are_asked_for_again_once(shop, finance):
    refunds_made = [in_state(shop, S.FAILED) for _refund in range(3)]
    refund_actions.try_again(refunds_made[0], by=SYSTEM)
    page = finance.post(url("refund_bulk_try_again", shop), {"all": "1", "query": "tab=failed"}).landed
    assert page.context["will"] == 2
    answer = finance.post(url("refund_bulk_try_again", shop), {"of": token(page), "by_hand": "on"})
    job = Job.objects.get(pk=int(answer.headers["Location"].rsplit("/", 1)[1]))
    assert worked(job) == (JobState.DONE, 2, 0, 0)
    assert Refund.objects.filter(status=S.REQUESTED).count() == 3
