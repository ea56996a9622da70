"""The dialogs of an order's page: ship a part, refuse a wish, change a price; and the menu of what else can be done."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from orders import actions
from orders.states import Status
from sellercenter.permissions import BUYER
from tests import make
from tests.browser.conftest import violations
from tests.conftest import fresh, told, url

pytestmark = pytest.mark.django_db(transaction=True)


def more(page):
    """Open the menu of what else can be done."""
    page.locator(".moves summary").click()
    return page.locator(".moves-menu")


def test_a_part_is_shipped_with_a_carrier_that_the_shop_uses(sit_down, shipping, shop):
    make.shipped(shop, "SF1")
    order = make.order(shop, lines=[make.line("Longjing", quantity=3)])
    page = sit_down(shipping)
    page.goto(url("order_detail", order))
    page.get_by_role("button", name="Ship", exact=True).click()
    dialog = page.locator("dialog#move-ship")
    expect(dialog.get_by_label("Carrier")).to_be_focused()
    assert page.locator("datalist#carriers option").evaluate_all("all => all.map(one => one.value)") == ["SF Express"]
    dialog.get_by_label("Carrier").fill("SF Express")
    dialog.get_by_label("Tracking no.").fill("sf200")
    dialog.get_by_text("Send only a part").click()
    dialog.get_by_label("Longjing (3 left)").fill("2")
    assert violations(page) == []
    dialog.get_by_role("button", name="Ship").click()
    expect(page.get_by_text("Parcel SF200 is on its way; a part of the order is left.")).to_be_visible()
    expect(page.locator(".parcel")).to_contain_text("Longjing × 2")
    assert (fresh(order).status, told(order)[-1]) == ("part_shipped", "order.part_shipped")


@pytest.mark.parametrize("width", [1280, 360])
def test_a_wish_to_cancel_is_refused_with_a_reason(sit_down, owner, shop, width):
    order = make.order(shop, Status.TO_SHIP)
    actions.request_cancel(order, reason="ordered twice", by=BUYER)
    page = sit_down(owner, viewport={"width": width, "height": 740})
    page.goto(url("order_detail", order))
    wish = page.locator(".wish")
    expect(wish).to_contain_text("ordered twice")
    assert violations(page) == []
    wish.get_by_role("button", name="Refuse the cancel request").click()
    dialog = page.locator("dialog#move-refuse_cancel")
    dialog.get_by_role("button", name="Refuse the cancel request").click()
    expect(dialog, "without a reason the dialog stays").to_be_visible()
    dialog.get_by_label("Reason").fill("already packed")
    assert violations(page) == []
    dialog.get_by_role("button", name="Refuse the cancel request").click()
    expect(page.get_by_text("The cancel request is refused; the order goes on.")).to_be_visible()
    expect(page.locator(".wish")).to_have_count(0)
    assert fresh(order).cancel_requested_at is None


def test_the_new_total_is_shown_while_the_price_is_typed(sit_down, owner, shop):
    order = make.order(shop, Status.UNPAID)
    page = sit_down(owner)
    page.goto(url("order_detail", order))
    assert violations(page) == []
    more(page).get_by_role("button", name="Change the price").click()
    dialog = page.locator("dialog#move-change_price")
    expect(dialog.locator("output")).to_have_text("¥20.00")
    dialog.get_by_label("Price change").fill("-3.5")
    dialog.get_by_label("Freight").fill("6")
    expect(dialog.locator("output")).to_have_text("¥22.50")
    dialog.get_by_role("button", name="Change the price").click()
    expect(page.get_by_text("The total was ¥20.00 and is ¥22.50 now.")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
def test_the_menu_lies_inside_the_window_and_says_what_is_not_possible(sit_down, owner, shop, width):
    order = make.order(shop, Status.TO_REVIEW, held=True)
    page = sit_down(owner, viewport={"width": width, "height": 740})
    page.goto(url("order_detail", order))
    expect(page.get_by_role("button", name="Release")).to_be_visible()
    panel = more(page)
    expect(panel).to_contain_text("The order is held. Release it first.")
    box = panel.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
