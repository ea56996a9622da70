"""Verbs on cases: what may be asked, what each move does with money, goods and the order, and who comes first."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from aftersales import actions, refund_actions, rulings
from aftersales.models import Case, Dispute, Refund, Sop
from aftersales.states import CaseKind, CaseStatus
from orders import actions as order_actions
from orders import fulfilment, inventory, payments
from orders.models import Sku, StockMovement
from orders.states import AfterSales, Kind, Status, StockKind
from sellercenter.lifecycle import Refused
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.conftest import fresh, row, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_holds")]
K, S = CaseKind, CaseStatus


def ask(order, kind=K.REFUND, *, units=None, line=0, reason="defective", by=BUYER, **facts):
    """Ask for a line of an order; all of it unless so many units."""
    found = order.lines.order_by("pk")[line]
    return actions.open_case(order, kind=kind, lines={found.pk: units or found.quantity}, reason=reason, by=by, **facts)


def refused(code):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def paid_back(case, by):
    """Note of every refund of a case that the money is there."""
    for refund in Refund.objects.filter(case=case):
        refund_actions.settle_by_hand(refund, number=f"B{refund.pk}", by=by)
    return fresh(case)


@pytest.mark.parametrize("status", list(CaseStatus))
def test_a_case_comes_to_every_state_by_the_verbs(shop, status):
    case = make.case(shop, status)
    assert case.status == status
    assert case.version == len([kind for kind in told(case) if kind != "case.dispute"])


# --- Asking -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "stage", "possible"),
    [
        (K.CANCEL, Status.UNPAID, False),
        (K.CANCEL, Status.TO_SHIP, True),
        (K.CANCEL, Status.PART_SHIPPED, False),
        (K.REFUND, Status.TO_SHIP, False),
        (K.REFUND, Status.PART_SHIPPED, True),
        (K.REFUND, Status.SHIPPED, True),
        (K.REFUND, Status.COMPLETED, False),
        (K.RETURN, Status.SHIPPED, False),
        (K.RETURN, Status.COMPLETED, True),
        (K.EXCHANGE, Status.DELIVERED, True),
        (K.RESEND, Status.TO_SHIP, False),
        (K.RESEND, Status.SHIPPED, True),
        (K.PRICE, Status.TO_REVIEW, True),
        (K.PRICE, Status.CANCELLED, False),
    ],
)
def test_what_may_be_asked_depends_on_where_the_order_is(shop, kind, stage, possible):
    order = make.order(shop, stage)
    amount = Decimal("1.00") if kind == K.PRICE else None
    if possible:
        assert ask(order, kind, reason="platform_error", amount=amount).kind == kind
        return
    with refused("kind_not_now"):
        ask(order, kind, reason="platform_error", amount=amount)
    assert not Case.objects.exists()


def test_a_completed_order_can_be_claimed_only_within_the_window_after_its_delivery(shop, clock):
    order = make.order(shop, Status.COMPLETED)
    clock.set(order.delivered_at + shop.policy.claim_window)
    with refused("claim_window_over"):
        ask(order, K.RETURN)
    clock.set(order.delivered_at + shop.policy.claim_window - make.HOUR)
    assert ask(order, K.RETURN).status == S.REQUESTED


def test_a_unit_is_in_one_case_and_free_again_once_that_was_withdrawn(shop):
    order = make.order(shop, Status.DELIVERED, lines=[make.line(quantity=3)])
    first = ask(order, units=2)
    with refused("too_many_units"):
        ask(order, units=2)
    actions.withdraw(first, by=BUYER)
    assert ask(order, units=3).goods_amount == Decimal("30.00")


def test_a_line_is_in_five_cases_at_most(shop):
    order = make.order(shop, Status.DELIVERED)
    for _case in range(5):
        actions.withdraw(ask(order, units=1), by=BUYER)
    with refused("too_many_cases"):
        ask(order, units=1)


def test_the_line_of_another_order_and_a_foreign_reason_are_refused(shop):
    order, other = make.order(shop, Status.DELIVERED), make.order(shop, Status.DELIVERED)
    with refused("unknown_line"):
        actions.open_case(order, kind=K.REFUND, lines={other.lines.get().pk: 1}, reason="defective", by=BUYER)
    with refused("reason_does_not_fit"):
        ask(order, reason="no_longer_needed")
    with refused("reason_too_early"):
        ask(make.order(shop, Status.SHIPPED), reason="defective")
    with refused("no_units"):
        actions.open_case(order, kind=K.REFUND, lines={}, reason="defective", by=BUYER)


def test_freight_comes_with_the_whole_order_unless_the_buyer_wants_to_be_rid_of_it(shop):
    lines = [make.line("Tea"), make.line("Cup")]
    order = make.order(shop, Status.DELIVERED, lines=lines, freight_amount=Decimal("8.00"))
    first = ask(order, line=0)
    second = ask(order, K.RETURN, line=1, units=1)
    assert (first.freight_amount, second.freight_amount) == (0, 0)
    rest = ask(order, line=1, units=1)
    assert (rest.goods_amount, rest.freight_amount) == (Decimal("10.00"), Decimal("8.00"))
    with refused("too_much_freight"):
        ask(
            make.order(shop, Status.DELIVERED, freight_amount=Decimal("8.00")),
            K.RETURN,
            reason="changed_mind",
            freight=Decimal("8.00"),
        )


def test_no_more_can_be_asked_than_the_units_are_worth_and_the_order_has_left(shop):
    order = make.order(shop, Status.DELIVERED)
    with refused("too_much"):
        ask(order, units=1, amount=Decimal("10.01"))
    [[payment, part]] = payments.reserve_refund(order, amount=Decimal("15.00"))
    payments.book_refund(payment, amount=part, reference="R1", refund="", owed=False, by=SYSTEM)
    assert ask(order).goods_amount == Decimal("5.00")


def test_who_has_no_right_to_decide_opens_no_case_and_no_person_asks_to_cancel(shop, view_only, after_sales):
    with pytest.raises(PermissionDenied):
        ask(make.order(shop, Status.DELIVERED), by=view_only.actor)
    with refused("only_the_buyer"):
        ask(make.order(shop), K.CANCEL, reason="no_longer_needed", by=after_sales.actor)
    assert ask(make.order(shop, Status.DELIVERED), by=after_sales.actor).opened_by == "seller"


def test_an_edited_request_is_a_new_case_that_takes_the_place_of_the_old_one(shop):
    order = make.order(shop, Status.DELIVERED)
    first = ask(order)
    second = ask(order, K.RETURN, previous=first, number="TT-2", by=CHANNEL)
    assert (fresh(first).status, second.previous_id, second.number) == (S.WITHDRAWN, first.pk, "TT-2")
    with refused("number_taken"):
        ask(make.order(shop, Status.DELIVERED), number="TT-2")


# --- Money ------------------------------------------------------------------------------------------------------------


def test_an_accepted_refund_is_granted_asked_for_and_done_when_it_is_there(shop, after_sales):
    case = make.case(shop)
    actions.accept(case, by=after_sales.actor, seen=case.version)
    refund = Refund.objects.get()
    line = case.order.lines.get()
    assert (refund.case_id, refund.amount, line.refunded_amount) == (case.pk, Decimal("20.00"), Decimal("20.00"))
    assert fresh(case.order).refunding_amount == Decimal("20.00")
    ended = paid_back(case, after_sales.actor)
    order = fresh(case.order)
    assert (ended.status, ended.ended_at is None) == (S.DONE, False)
    assert (order.status, order.aftersales, order.refunded_amount) == (Status.COMPLETED, "closed", Decimal("20.00"))


def test_an_offer_that_is_taken_is_spread_over_the_lines_and_buyers_keep_the_goods(shop, after_sales):
    lines = [
        make.line("Tea", quantity=1),
        make.line("Cup", quantity=1),
        make.line("Gift", quantity=1, price="0", gift=True),
    ]
    order = make.order(shop, Status.DELIVERED, lines=lines)
    units = {line.pk: 1 for line in order.lines.all()}
    case = actions.open_case(order, kind=K.RETURN, lines=units, reason="defective", by=BUYER)
    actions.offer(case, amount=Decimal("5.01"), by=after_sales.actor)
    actions.take_offer(case, by=BUYER)
    assert sorted(line.refunded_amount for line in order.lines.all()) == [0, Decimal("2.50"), Decimal("2.51")]
    assert (case.keep_goods, Refund.objects.get().amount, fresh(case).amount) == (
        True,
        Decimal("5.01"),
        Decimal("5.01"),
    )


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "20.00", "0.001"])
def test_an_offer_is_a_part_of_the_amount_in_coins_that_exist(shop, after_sales, amount):
    case = make.case(shop)
    with refused("bad_amount"):
        actions.offer(case, amount=Decimal(amount), by=after_sales.actor)
    assert fresh(case).status == S.REQUESTED


def test_a_rejected_refund_lets_the_case_be_decided_again_and_forgets_what_was_granted(shop, after_sales, finance):
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=Decimal("10.00"))
    case = make.case(shop)
    actions.accept(case, by=after_sales.actor)
    refund_actions.reject(Refund.objects.get(), reason="no", by=finance.actor)
    case = fresh(case)
    assert (case.status, case.act_by is None) == (S.REQUESTED, False)
    assert case.order.lines.get().refunded_amount == 0
    actions.accept(case, by=after_sales.actor)
    assert Refund.objects.filter(status="to_confirm").get().amount == Decimal("20.00")


def test_a_difference_in_price_takes_no_units_and_what_is_left_can_still_go_back(shop, after_sales):
    order = make.order(shop, Status.DELIVERED)
    price = ask(order, K.PRICE, reason="price_dropped", amount=Decimal("3.00"))
    actions.accept(price, by=after_sales.actor)
    rest = ask(order)
    assert rest.goods_amount == Decimal("17.00")


# --- Goods ------------------------------------------------------------------------------------------------------------


def counted(order, on_hand=10):
    sku = Sku.objects.get(pk=order.lines.order_by("pk")[0].sku_id)
    inventory.count(sku, on_hand=on_hand, reason="", by=SYSTEM)
    return sku


def test_a_return_is_inspected_what_can_be_sold_goes_to_the_shelf_and_what_is_missing_is_not_paid(shop, after_sales):
    order = make.order(shop, Status.DELIVERED, lines=[make.line(quantity=3)])
    sku, line = counted(order), order.lines.get()
    case = make.case(shop, S.TO_INSPECT, order=order)
    with refused("too_many_units"):
        actions.inspect(case, results={line.pk: (3, 1)}, by=after_sales.actor)
    with refused("nothing_inspected"):
        actions.inspect(case, results={}, by=after_sales.actor)
    actions.inspect(case, results={line.pk: (1, 1)}, by=after_sales.actor)
    moved = StockMovement.objects.get(kind=StockKind.RETURN)
    assert (fresh(sku).on_hand, moved.on_hand, moved.reason) == (11, 1, case.number)
    assert (fresh(case).status, Refund.objects.get().amount) == (S.REFUNDING, Decimal("20.00"))


def test_an_exchange_places_an_order_without_a_price_and_ends_when_that_has_left(shop, after_sales):
    order = make.order(shop, Status.DELIVERED)
    sku = counted(order, on_hand=5)
    case = (
        make.case(shop, S.TO_INSPECT, order=order, kind=K.EXCHANGE)
        if False
        else make.case(shop, kind=K.EXCHANGE, order=order)
    )
    actions.accept_return(case, by=after_sales.actor)
    actions.receive(case, by=after_sales.actor)
    actions.inspect(case, results={order.lines.get().pk: (2, 0)}, by=after_sales.actor)
    again = fresh(case).replacement
    assert (again.kind, again.status, again.total_amount, again.buyer_id) == (
        Kind.EXCHANGE,
        Status.TO_SHIP,
        0,
        order.buyer_id,
    )
    assert (fresh(sku).on_hand, fresh(sku).reserved) == (7, 2)
    assert not Refund.objects.exists()


def test_without_stock_an_exchange_is_refused_and_paid_instead(shop, after_sales):
    order = make.order(shop, Status.DELIVERED)
    counted(order, on_hand=0)
    case = make.case(shop, S.TO_INSPECT, order=order, kind=K.EXCHANGE)
    results = {order.lines.get().pk: (0, 2)}
    before = row(case)
    with refused("out_of_stock"):
        actions.inspect(case, results=results, by=after_sales.actor)
    assert row(case) == before
    actions.inspect(fresh(case), results=results, instead=True, by=after_sales.actor)
    assert Refund.objects.get().amount == Decimal("20.00")


def test_refunding_instead_of_sending_again_cancels_the_order_that_waits(shop, after_sales):
    case = make.case(shop, S.TO_RESEND)
    again = case.replacement
    actions.refund_instead(case, by=after_sales.actor)
    assert (fresh(again).status, fresh(case).replacement_id, Refund.objects.get().case_id) == (
        Status.CANCELLED,
        None,
        case.pk,
    )


# --- The order meanwhile ----------------------------------------------------------------------------------------------


def test_what_has_not_left_is_held_until_the_last_case_has_ended(shop, after_sales, shipping):
    order = make.order(shop, Status.PART_SHIPPED, lines=[make.line(quantity=3)])
    one, two = ask(order, units=1, reason="late"), ask(order, units=1, reason="late")
    with refused("not_now"):
        fulfilment.ship(fresh(order), carrier="SF", tracking_no="SF9", by=shipping.actor)
    actions.withdraw(one, by=BUYER)
    assert (fresh(order).held, fresh(order).aftersales) == (True, AfterSales.OPEN)
    actions.withdraw(two, by=BUYER)
    assert (fresh(order).held, fresh(order).aftersales) == (False, AfterSales.CLOSED)


def test_a_person_s_hold_is_not_released_by_a_case(shop, reviewer):
    order = make.order(shop, Status.PART_SHIPPED)
    order_actions.hold(order, reason="wait", by=reviewer.actor)
    actions.withdraw(ask(order, units=1, reason="late"), by=BUYER)
    assert (fresh(order).held, fresh(order).held_reason) == (True, "wait")


# --- Who comes first --------------------------------------------------------------------------------------------------


def test_who_decides_on_an_old_picture_is_told_and_nothing_changes(shop, after_sales, manager):
    case = make.case(shop)
    seen = case.version
    actions.extend(fresh(case), until=case.act_by + make.HOUR, reason="photos", by=manager.actor)
    before = row(case)
    with refused("changed_meanwhile"):
        actions.accept(case, seen=seen, by=after_sales.actor)
    assert row(case) == before


def test_against_the_proposal_only_with_a_note_and_it_is_counted(shop, after_sales):
    Sop.objects.create(shop=shop, problem="defect", proposal="refuse", position=1)
    case = make.case(shop)
    assert case.proposal["answer"] == "refuse"
    with refused("note_missing"):
        actions.accept(case, by=after_sales.actor)
    actions.accept(case, note="an old customer", by=after_sales.actor)
    assert (fresh(case).overridden, fresh(case).override_note) == (True, "an old customer")
    assert "case.overridden" in told(case)


def test_whoever_made_an_offer_does_not_confirm_it_because_a_colleague_gave_more_time(shop, owner, after_sales):
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=Decimal(1))
    case = make.case(shop)
    actions.offer(case, amount=Decimal(5), by=owner.actor)
    actions.pause(case, reason="a holiday", by=after_sales.actor)
    actions.resume(case, by=after_sales.actor)
    actions.take_offer(case, by=BUYER)
    with refused("same_person"):
        refund_actions.confirm(Refund.objects.get(), by=owner.actor)


def test_zero_bytes_in_what_a_buyer_writes_break_nothing(shop):
    case = make.case(shop, words="it\0 broke")
    actions.escalate(make.case(shop, CaseStatus.REFUSED), demand="all\0 of it", by=BUYER)
    assert (case.words, Dispute.objects.get().demand) == ("it broke", "all of it")


def test_a_refusal_fits_the_case_and_some_need_proof(shop, after_sales):
    case = make.case(shop)
    with refused("refusal_does_not_fit"):
        actions.refuse(case, refusal="packed", by=after_sales.actor)
    with refused("refusal_does_not_fit"):
        actions.refuse(make.case(shop, kind=K.RETURN), refusal="used", by=after_sales.actor)
    with refused("evidence_missing"):
        actions.refuse(case, refusal="works", by=after_sales.actor)
    actions.refuse(case, refusal="evidence_unclear", words="show the label", by=after_sales.actor)
    assert (fresh(case).refusal, fresh(case).refusal_words) == ("evidence_unclear", "show the label")


def test_the_platform_may_grant_a_part(shop):
    case = make.case(shop, S.DISPUTED)
    ruling = {"conclusion": "A part is fair.", "by": SYSTEM}
    with refused("too_much"):
        rulings.decide_for_buyer(case.disputes.get(), amount=Decimal("20.01"), **ruling)
    rulings.decide_for_buyer(case.disputes.get(), amount=Decimal("7.00"), **ruling)
    assert (Refund.objects.get().amount, case.order.lines.get().refunded_amount) == (Decimal("7.00"), Decimal("7.00"))
