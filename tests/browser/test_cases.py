"""Cases in a browser: silence that cancels, a return that is inspected, a partial offer, a second pair of eyes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from aftersales import actions
from aftersales.models import Case, Refund
from aftersales.states import CaseKind, CaseStatus
from orders import inventory, timers
from orders.models import Order
from orders.states import Status
from sellercenter import outbox
from sellercenter.models import ShopPolicy
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.aftersales import talk
from tests.browser.conftest import violations
from tests.conftest import fresh, url

pytestmark = pytest.mark.django_db(transaction=True)


def pressed(page, name):
    """Press a button of the page's head and return the dialog that opens."""
    page.locator(".moves").get_by_role("button", name=name, exact=True).click()
    return page.locator("dialog[open]")


def test_a_wish_to_cancel_that_nobody_answers_runs_out_and_ends_the_order(sit_down, owner, shop):
    order = make.order(shop, Status.TO_SHIP)
    case = make.case(shop, kind=CaseKind.CANCEL, order=order)
    page = sit_down(owner)
    page.goto(url("case_list", shop))
    page.get_by_role("link", name=case.number).click()
    expect(page.locator(".banner")).to_contain_text("The buyer wants to cancel the order before it is shipped.")
    assert violations(page) == []
    late = make.NOW - make.HOUR
    Order.objects.filter(pk=order.pk).update(answer_by=late, due_at=late, due_step="accept_cancel", due_later=[])
    timers.fire_due(10)
    outbox.fan_out(100)
    page.reload()
    expect(page.locator(".banner")).to_contain_text("The money is on its way back")
    assert fresh(order).status == Status.CANCELLED


@pytest.mark.parametrize("width", [1280, 360])
def test_a_return_is_accepted_comes_back_and_is_inspected_to_stock(sit_down, after_sales, shop, width):
    order = make.order(shop, "delivered", lines=[make.line("Longjing", quantity=3)])
    sku = order.lines.get().sku
    inventory.count_many(shop, {sku.pk: 10}, reason="", by=SYSTEM)
    case = make.case(shop, kind=CaseKind.RETURN, order=order)
    page = sit_down(after_sales, viewport={"width": width, "height": 740})
    page.goto(url("case_detail", case))
    assert violations(page) == []
    pressed(page, "Accept the return").get_by_role("button", name="Accept the return").click()
    expect(page.get_by_text("The return is accepted; the buyer sends the goods back.")).to_be_visible()
    actions.send_back(fresh(case), carrier="SF Express", tracking_no="SFBACK9", by=BUYER)
    page.reload()
    expect(page.get_by_text("SFBACK9").first).to_be_visible()
    pressed(page, "The return is here").get_by_role("button", name="The return is here").click()
    dialog = pressed(page, "Inspected: refund")
    dialog.get_by_label("Sellable").fill("2")
    dialog.get_by_label("Damaged").fill("1")
    assert violations(page) == []
    dialog.get_by_role("button", name="Inspected: refund").click()
    expect(page.get_by_text("The inspection is kept; the money is on its way back.")).to_be_visible()
    assert fresh(sku).on_hand == 12
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_long_words_fit_a_phone(sit_down, owner, shop):
    case = make.case(shop, CaseStatus.TO_INSPECT, kind=CaseKind.EXCHANGE)
    talk.review(case.order, words="very good tea, but the box had a dent " * 9)
    page = sit_down(owner, viewport={"width": 360, "height": 740})
    page.goto(url("case_detail", case))
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    button = page.get_by_role("button", name="Inspected: send the exchange").first
    text, box = button.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert text <= box
    button.click()
    foot = page.locator("dialog[open] .dialog-foot").bounding_box()
    assert foot["y"] + foot["height"] <= 740


def test_a_part_of_the_money_is_offered_at_one_click_and_taken_by_the_buyer(sit_down, owner, shop):
    case = make.case(shop, kind=CaseKind.REFUND)
    page = sit_down(owner)
    page.goto(url("case_detail", case))
    page.locator(".moves summary").click()
    page.locator(".moves-menu").get_by_role("button", name="Offer a partial refund").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="30 %").click()
    expect(dialog.get_by_role("spinbutton", name="Amount")).to_have_value("6.00")
    assert violations(page) == []
    dialog.get_by_role("button", name="Offer a partial refund").click()
    expect(page.get_by_text("¥6.00 is offered; the buyer answers next.")).to_be_visible()
    actions.take_offer(fresh(case), by=BUYER)
    page.reload()
    expect(page.locator(".banner")).to_contain_text("The money is on its way back")
    assert (fresh(case).status, Refund.objects.get().amount) == (CaseStatus.REFUNDING, 6)


def test_a_refund_above_the_limit_waits_for_a_second_person(sit_down, after_sales, finance, shop):
    ShopPolicy.objects.filter(shop=shop).update(refund_limit=Decimal("15.00"))
    case = make.case(shop, kind=CaseKind.REFUND)
    page = sit_down(after_sales)
    page.goto(url("case_detail", case))
    pressed(page, "Accept the refund").get_by_role("button", name="Accept the refund").click()
    refund = Refund.objects.get()
    page.get_by_role("link", name=refund.key).click()
    expect(page.locator(".detail-head")).to_contain_text("To confirm")
    expect(page.get_by_role("button", name="Confirm", exact=True)).to_have_count(0)
    second = sit_down(finance)
    second.goto(url("refund_detail", refund))
    second.get_by_role("button", name="Confirm", exact=True).first.click()
    dialog = second.locator("dialog[open]")
    if dialog.count():
        dialog.get_by_role("button", name="Confirm", exact=True).click()
    expect(second.get_by_text("The refund is confirmed and goes back.")).to_be_visible()
    assert (fresh(refund).status, fresh(refund).confirmed_by_id) == ("requested", finance.member.pk)


def test_a_case_is_opened_from_the_page_of_the_order_with_the_reasons_of_its_kind(sit_down, owner, shop):
    order = make.order(shop, "delivered")
    page = sit_down(owner)
    page.goto(url("order_detail", order))
    page.get_by_role("button", name="Open a case").click()
    dialog = page.locator("dialog#open-case")
    dialog.get_by_label("What the buyer wants").select_option("return")
    fitting = dialog.get_by_label("Reason").locator("option:not([disabled])")
    assert "Not received" not in fitting.all_inner_texts()
    dialog.get_by_label("Reason").select_option("too_small")
    assert violations(page) == []
    dialog.get_by_role("button", name="Open the case").click()
    expect(page.get_by_text("The case is opened.")).to_be_visible()
    assert Case.objects.get().kind == CaseKind.RETURN
