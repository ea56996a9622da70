"""The page of a case and its doors: what a person sees there, may do there, and is told afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aftersales import actions, canned, evidence
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case, Refund, Sop
from aftersales.offers import DOORS, OFFERS
from aftersales.states import CaseKind, CaseStatus
from aftersales.timeline import WORDS
from orders.models import Order, Sku
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER
from tests import make
from tests.aftersales import proofs
from tests.conftest import fresh, told, url

pytestmark = pytest.mark.django_db
HOSTILE = '"><script>alert(1)</script>'


def opened(person, case):
    return person.get(url("case_detail", case))


def moves(answer):
    """Return the names of the moves that the page offers, the leading one first."""
    shown = answer.context["case"]
    return [one["move"] for one in ([shown["lead"]] if shown["lead"] else []) + shown["beside"] + shown["moves"]]


def decide(person, case, move, **data):
    return person.post(url(f"case_{move}", case), {"seen": fresh(case).version, **data})


@pytest.mark.parametrize("status", list(CaseStatus))
def test_a_case_in_each_state_shows_where_it_stands_and_offers_what_the_lifecycle_allows(status, shop, owner):
    case = make.case(shop, status)
    answer = opened(owner, case).says(case.number).says(case.get_status_display()).says("¥20.00")
    legal = {move.name for move in CASE.open_to(case, owner.actor)}
    offered = moves(answer)
    assert {*offered} <= legal
    assert len({*offered}) == len(offered)
    for name in offered:
        answer.says(f'action="{url(f"case_{DOORS.get(name, name)}", case)}"')


def test_every_move_of_people_has_a_door_and_words_for_its_event():
    # What the platform decided is recorded on its dispute.
    rulings = {"decide_for_buyer", "decide_for_seller"}
    for move in CASE.moves.values():
        assert CASE.kind(move.name) in WORDS, move.name
        assert (move.name in OFFERS) == bool(move.needs and move.name not in rulings), move.name


def test_who_only_looks_is_offered_nothing_and_moves_nothing(shop, view_only, data):
    case = make.case(shop)
    assert moves(opened(view_only, case)) == []
    assert decide(view_only, case, "accept").code == 403
    assert opened(data, case).code == 403
    assert fresh(case).status == CaseStatus.REQUESTED


def test_what_buyers_write_is_shown_as_text(shop, owner):
    order = make.order(shop, "delivered", lines=[make.line(HOSTILE)], buyer_nickname=HOSTILE)
    case = make.case(shop, order=order, kind=CaseKind.RETURN, words=HOSTILE)
    for address in (url("case_detail", case), url("order_detail", order), url("case_list", shop)):
        html = owner.get(address).content.decode()
        assert "<script>alert" not in html, address
        assert "&lt;script&gt;alert(1)" in html, address


def test_the_second_of_two_people_who_decide_is_told_that_the_case_changed(shop, owner, after_sales):
    case = make.case(shop)
    seen = case.version
    after_sales.post(url("case_refuse", case), {"seen": seen, "refusal": "evidence_unclear"}).says("is refused")
    owner.post(url("case_accept", case), {"seen": seen}).says("changed this meanwhile")
    assert (fresh(case).status, case.refunds.count()) == (CaseStatus.REFUSED, 0)


def test_a_form_without_the_version_that_its_page_showed_changes_nothing(shop, owner):
    case = make.case(shop)
    for seen in ("", "0", "-1", "x", str(10**30)):
        owner.post(url("case_accept", case), {"seen": seen})
    assert fresh(case).version == case.version


def test_a_refusal_needs_a_reason_that_fits_and_the_buyer_reads_the_words(shop, owner):
    case = make.case(shop)
    decide(owner, case, "refuse").says("Choose a reason.")
    decide(owner, case, "refuse", refusal="price_held").says("can't be refused for that reason")
    decide(owner, case, "refuse", refusal="item_correct").says("Add evidence first")
    decide(owner, case, "refuse", refusal="evidence_unclear", words="We see no damage.").says("We see no damage.")
    assert (fresh(case).refusal, fresh(case).refusal_words) == ("evidence_unclear", "We see no damage.")


def test_a_reason_that_needs_evidence_can_be_chosen_once_there_is_some_of_ours(shop, owner):
    case = make.case(shop)
    option = '<option value="item_correct" disabled>The item is the one that was ordered (needs evidence of yours)'
    opened(owner, case).says(option).says("can be chosen once you have added some")
    evidence.add(case, file=proofs.file("a.txt", b"packed"), proof="chat", by=owner.actor)
    opened(owner, case).says('<option value="item_correct">The item is the one that was ordered<')


def test_canned_words_for_cases_stand_ready_in_the_refusal(shop, owner):
    canned.add(shop, use="case", shortcut="photo", body="Dear {buyer}, please send a photo <b>", by=owner.actor)
    canned.add(shop, use="review", shortcut="thanks", body="Thanks", by=owner.actor)
    beside = opened(owner, make.case(shop)).context["case"]["beside"]
    [fill] = next(one for one in beside if one["move"] == "refuse")["fills"]
    assert (fill["label"], fill["value"]) == ("/photo", "Dear tea lover, please send a photo <b>")


def test_after_the_deadline_refusing_is_not_possible_and_the_page_says_why(shop, owner):
    case = make.case(shop)
    Case.objects.filter(pk=case.pk).update(act_by=make.NOW - make.HOUR)
    page = opened(owner, case).says("silence has accepted this request").says("Overdue")
    assert "refuse" not in moves(page)
    decide(owner, case, "refuse", refusal="evidence_unclear").says("silence has accepted this request")
    assert fresh(case).status == CaseStatus.REQUESTED


def test_a_partial_refund_is_offered_by_a_share_or_an_amount(shop, owner):
    case = make.case(shop)
    fills = next(one for one in opened(owner, case).context["case"]["moves"] if one["move"] == "offer")["fills"]
    assert [one["value"] for one in fills] == ["2.00", "4.00", "6.00", "10.00", "14.00"]
    decide(owner, case, "offer", amount="20.00").says("less than ¥20.00")
    decide(owner, case, "offer", amount="6.00").says("¥6.00 is offered").says("Offer made")
    assert fresh(case).offer_amount == 6


def test_a_case_says_when_its_refund_waits_for_a_second_person(shop, owner):
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=1)
    case = make.case(shop, kind=CaseKind.RETURN)
    answer = decide(owner, case, "keep", note="too heavy").says("somebody else has to confirm the refund")
    answer.says("Waiting for a second person").keeps_quiet_about("on its way back.")
    # The goods stay with the buyer, so no step of a return is still to come.
    steps = opened(owner, case).context["case"]["steps"]
    assert [one["label"] for one in steps] == ["Opened", "Answered", "Done"]
    owner.get(url("refund_detail", Refund.objects.get())).says("Does not work, or has a defect")


def test_a_return_is_inspected_line_by_line(shop, owner):
    case = make.case(shop, CaseStatus.TO_INSPECT)
    key = case.lines.get().line_id
    page = opened(owner, case)
    assert page.context["case"]["lead"]["move"] == "pass_inspection"
    page.says(f'name="sellable_{key}"').says(f'name="damaged_{key}"')
    decide(owner, case, "inspect", **{f"sellable_{key}": 2, f"damaged_{key}": 1}).says("at most 2")
    decide(owner, case, "inspect", **{f"sellable_{key}": 0, f"damaged_{key}": 0}).says("Say how many units came back")
    decide(owner, case, "inspect", **{f"sellable_{key}": 1, f"damaged_{key}": 1, "damaged_999": 0}).says("not about")
    decide(owner, case, "inspect", **{f"sellable_{key}": 1, f"damaged_{key}": 1}).says("on its way back")
    line = case.lines.get()
    assert (line.sellable, line.damaged, fresh(case).status) == (1, 1, CaseStatus.REFUNDING)


def test_a_deadline_is_extended_stopped_and_let_go_on_with_a_reason(shop, owner):
    case = make.case(shop)
    decide(owner, case, "extend", hours="24").says("Say why, so that others")
    decide(owner, case, "extend", hours="24", reason="the buyer asked for time").says("extended")
    assert fresh(case).act_by == case.act_by + timedelta(days=1)
    decide(owner, case, "extend", hours="7", reason="odd")
    assert fresh(case).act_by == case.act_by + timedelta(days=1)
    decide(owner, case, "pause", reason="waits for the carrier").says("waits for the carrier")
    assert {"resume", "pause", "extend"} & {*moves(opened(owner, case))} == {"resume"}
    assert owner.get(url("case_list", shop), {"clock": "stopped"}).says("Clock stopped").code == 200
    decide(owner, case, "resume").says("The clock goes on")
    assert fresh(case).paused_at is None


def test_what_the_policy_proposes_leads_and_another_decision_needs_a_note(shop, owner):
    Sop.objects.create(shop=shop, position=1, problem="defect", proposal="partial", percent=30, text="Dear {buyer}")
    case = make.case(shop, order=make.order(shop, "delivered"), kind=CaseKind.REFUND, reason="defective")
    page = opened(owner, case).says("Proposed:").says("Dear tea lover")
    assert moves(page)[0] == "offer"
    decide(owner, case, "accept").says("Say why you decide otherwise")
    assert fresh(case).status == CaseStatus.REQUESTED
    decide(owner, case, "accept", note="a good customer").says("a good customer")
    assert (fresh(case).overridden, "case.overridden" in told(case)) == (True, True)


def test_a_person_opens_a_case_from_the_page_of_the_order(shop, after_sales, view_only):
    order = make.order(shop, "delivered")
    line = order.lines.get()
    after_sales.get(url("order_detail", order)).says("No case has been opened.").says("Open a case")
    view_only.get(url("order_detail", order)).keeps_quiet_about("Open a case")
    sent = {"kind": "return", "reason": "defective", f"units_{line.pk}": "1", "words": "by phone"}
    after_sales.post(url("order_open_case", order), {**sent, f"units_{line.pk}": "3"}).says("only 2 are not in a case")
    after_sales.post(url("order_open_case", order), {**sent, "reason": "too_small_x"})
    assert not Case.objects.exists()
    after_sales.post(url("order_open_case", order), sent).says("The case is opened.").says("by phone")
    case = Case.objects.get()
    assert (case.opened_by, case.amount, case.lines.get().quantity) == ("seller", 10, 1)
    page = after_sales.get(url("order_detail", order)).says(case.number)
    assert "Case opened" in [one["text"] for one in page.context["order"]["timeline"]]


@pytest.mark.parametrize("units", ["3", "2147483648", "9" * 30])
def test_a_difference_in_price_is_asked_for_no_more_units_than_were_bought(shop, owner, units):
    order = make.order(shop, "delivered")
    sent = {"kind": "price", "reason": "price_dropped", "amount": "1", f"units_{order.lines.get().pk}": units}
    owner.post(url("order_open_case", order), sent).says("only 2 are not in a case")
    assert not Case.objects.exists()


def test_an_exchange_for_another_variant_is_opened_from_the_page_of_the_order(shop, after_sales):
    order = make.order(shop, "delivered", lines=[make.line("Shirt", variant="M")])
    line = order.lines.get()
    large = Sku.objects.create(shop=shop, product_id=line.product_id, number="shirt-l", variant="L", price=10)
    form = after_sales.get(url("order_detail", order)).context["order"]["panels"][0]["open_form"]
    assert form[f"wanted_{line.pk}"].field.choices == [("", "The same variant"), (large.pk, "L · shirt-l")]
    sent = {"kind": "exchange", "reason": "too_small", f"units_{line.pk}": "1", f"wanted_{line.pk}": f"{large.pk}"}
    after_sales.post(url("order_open_case", order), sent).says("wanted instead:").says("shirt-l")
    assert Case.objects.get().lines.get().wanted_sku == large


def test_a_case_is_offered_only_for_units_that_are_in_none_and_while_claims_are_possible(shop, after_sales):
    case = make.case(shop, kind=CaseKind.RETURN, units=1)
    page, field = url("order_detail", case.order), f"units_{case.lines.get().line_id}"
    form = after_sales.get(page).context["order"]["panels"][0]["open_form"]
    assert form[field].field.max_value == 1
    make.case(shop, kind=CaseKind.RETURN, order=case.order, units=1)
    after_sales.get(page).keeps_quiet_about("Open a case")
    old = make.order(shop, "completed", delivered_at=make.NOW - timedelta(days=90))
    after_sales.get(url("order_detail", old)).keeps_quiet_about("Open a case")


def test_an_order_whose_case_is_open_says_that_it_waits_and_tells_of_the_case_once(shop, owner, reviewer):
    case = make.case(shop, kind=CaseKind.RETURN)
    answer = owner.get(url("order_detail", case.order)).says("the order completes only after it has ended")
    shown = answer.keeps_quiet_about("Receipt counts as confirmed").context["order"]
    assert (shown["banner"]["due"], shown["clocks"]) == (None, [])
    texts = [one["text"] for one in shown["timeline"]]
    assert texts.count("Case opened") == 1
    # Who may not see cases reads it in the order's own history.
    page = reviewer.get(url("order_detail", case.order))
    assert [one["text"] for one in page.context["order"]["timeline"]].count("Case opened") == 1
    actions.withdraw(case, by=BUYER)
    owner.get(url("order_detail", case.order)).says("Receipt counts as confirmed")


def test_the_button_that_ends_an_order_at_the_buyers_wish_says_so(shop, owner):
    case = make.case(shop, kind=CaseKind.CANCEL)
    assert opened(owner, case).context["case"]["lead"]["label"] == "Accept the cancel request"


def test_the_order_page_tells_nothing_of_cases_to_those_who_may_not_see_them(shop, reviewer):
    case = make.case(shop)
    reviewer.get(url("order_detail", case.order)).keeps_quiet_about(case.number)


def test_the_page_links_the_order_the_replacement_and_the_chain(shop, owner):
    case = make.case(shop, CaseStatus.TO_RESEND)
    opened(owner, case).says(f'href="{url("order_detail", case.order)}"').says(case.replacement.number)
    first = make.case(shop)
    second = actions.open_case(
        Order.objects.get(pk=first.order_id),
        kind="refund",
        lines={first.lines.get().line_id: 1},
        reason=first.reason,
        previous=first,
        by=BUYER,
    )
    opened(owner, first).says(f'href="{url("case_detail", second)}"').says("Withdrawn")
    opened(owner, second).says(f'href="{url("case_detail", first)}"')


def test_a_page_asks_no_more_for_many_lines_than_for_one(shop, owner):
    def queries(lines):
        order = make.order(shop, "delivered", lines=[make.line(f"Tea {i}") for i in range(lines)])
        units = {line.pk: 1 for line in order.lines.all()}
        case = actions.open_case(order, kind="return", lines=units, reason="defective", by=BUYER)
        opened(owner, case)
        with CaptureQueriesContext(connection) as captured:
            opened(owner, case)
        return len(captured)

    assert queries(1) == queries(6) <= 24
