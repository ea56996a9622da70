"""A day's work at a browser, from the sign-in to a note on an order; with and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from sellercenter.models import ListLayout, SavedView
from tests.conftest import PASSWORD, fresh, told, url

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = ".list .sheet tbody tr"


def sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Username").fill("lanting-owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def menu(page: Page, name: str):
    """Open one of the menus at the top or above a list."""
    summary = page.locator(f'summary[title="{name}"], summary:has-text("{name}")').first
    summary.click()
    return page.locator("details[open]")


def test_from_signing_in_to_a_note_on_an_order(sit_down, shop, orders):
    page = sit_down()
    sign_in(page)
    page.get_by_role("link", name="To review", exact=False).first.click()
    expect(page.locator(ROWS)).to_have_count(8)
    page.locator("#id_q").fill("小明")
    page.locator("#id_q").press("Enter")
    expect(page).to_have_url(re.compile(r"q=%E5%B0%8F%E6%98%8E"))
    first = page.locator(ROWS).first.locator("td.l a")
    number = first.inner_text()
    first.click()
    expect(page.get_by_role("heading", name=number)).to_be_visible()
    page.get_by_label("Internal note").fill("called the buyer")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("The note is added.")).to_be_visible()
    expect(page.locator(".notes")).to_contain_text("called the buyer")
    order = next(one for one in orders if one.number == number)
    assert told(order)[-1] == "order.noted"


def test_an_order_is_marked_and_flagged_in_its_dialogs(sit_down, owner, orders):
    order = orders[1]
    page = sit_down(owner)
    page.goto(url("order_detail", order))
    page.get_by_role("button", name="Mark abnormal").click()
    dialog = page.locator("dialog#abnormal-form")
    dialog.get_by_label("What is wrong").select_option("address")
    dialog.get_by_label("In a few words").fill("no street")
    dialog.get_by_role("button", name="Mark", exact=True).click()
    expect(page.get_by_text("The order is marked.")).to_be_visible()
    page.get_by_role("button", name="Flag", exact=True).click()
    page.locator("dialog#flag-form").get_by_label("Red flag").check()
    page.locator("dialog#flag-form").get_by_role("button", name="Set flag").click()
    expect(page.get_by_text("The flag is set.")).to_be_visible()
    stored = fresh(order)
    assert (stored.abnormal, stored.abnormal_reason, stored.flag) == ("address", "no street", 5)


def test_a_seller_note_of_several_lines_is_written_twice(sit_down, owner, orders):
    page = sit_down(owner)
    for text in ("one\ntwo", "one\ntwo\nthree"):
        page.goto(url("order_detail", orders[1]))
        page.get_by_role("button", name="Seller note").click()
        dialog = page.locator("dialog#seller-note-form")
        dialog.locator("textarea").fill(text)
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("The seller note is saved.")).to_be_visible()
        assert fresh(orders[1]).seller_note == text


def test_tabs_and_filters_change_the_list_and_the_address_without_a_new_page(sit_down, owner, shop, orders):
    page = sit_down(owner)
    page.goto(url("order_list", shop))
    page.evaluate("window.stayed = true")
    page.locator(".tabs").get_by_role("link", name="Unpaid").click()
    expect(page).to_have_url(re.compile("tab=unpaid"))
    expect(page.locator(ROWS)).to_have_count(8)
    assert page.evaluate("window.stayed === true")
    page.go_back()
    expect(page).to_have_url(re.compile(r"/orders$"))
    expect(page.locator(ROWS)).to_have_count(50)
    page.evaluate("window.stayed = true")
    status = menu(page, "Status")
    status.get_by_label("Cancelled").check()
    status.get_by_label("Completed").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("status=cancelled.*status=completed|status=completed.*status=cancelled"))
    expect(page.locator(ROWS)).to_have_count(14)
    assert page.evaluate("window.stayed === true")


def test_pages_forward_and_back_and_a_reload_show_the_same(sit_down, owner, shop, orders):
    page = sit_down(owner)
    page.goto(url("order_list", shop))
    expect(page.locator(ROWS)).to_have_count(50)
    first = page.locator(ROWS).first.inner_text()
    page.get_by_role("link", name="Next").click()
    expect(page.locator(ROWS)).to_have_count(10)
    page.reload()
    expect(page.locator(ROWS)).to_have_count(10)
    page.get_by_role("link", name="Previous").click()
    expect(page.locator(ROWS)).to_have_count(50)
    assert page.locator(ROWS).first.inner_text() == first


def test_a_view_is_saved_and_columns_are_chosen(sit_down, owner, shop, orders):
    page = sit_down(owner)
    page.goto(url("order_list", shop) + "?tab=unpaid")
    views = menu(page, "Views")
    views.get_by_label("Save these filters").fill("to chase")
    views.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("The view “to chase” is saved.")).to_be_visible()
    assert SavedView.objects.get().query == "tab=unpaid"
    columns = menu(page, "Columns")
    columns.get_by_role("checkbox", name="Region").uncheck()
    columns.get_by_role("checkbox", name="Refunded").check()
    columns.get_by_role("button", name="Use these columns").click()
    expect(page.get_by_text("Your columns are kept.")).to_be_visible()
    heads = page.locator(".list thead th").all_inner_texts()
    assert ("Refunded" in heads, "Region" in heads) == (True, False)
    expect(page).to_have_url(re.compile("tab=unpaid"))
    assert "refunded" in ListLayout.objects.get().columns


def test_numbers_are_pasted(sit_down, owner, shop, orders):
    page = sit_down(owner)
    page.goto(url("order_list", shop))
    page.get_by_role("button", name="Paste numbers").click()
    page.locator("#paste-numbers").fill(f"{orders[0].number}\n{orders[1].number}\nNOWHERE")
    page.get_by_role("button", name="Find orders").click()
    expect(page.get_by_text("2 of 3 pasted numbers found.")).to_be_visible()
    expect(page.locator(ROWS)).to_have_count(2)


def test_the_language_is_changed_to_chinese(sit_down, owner, shop, orders):
    page = sit_down(owner)
    page.goto(url("order_list", shop) + "?tab=to_ship")
    menu(page, "Language").get_by_role("button", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page).to_have_url(re.compile("tab=to_ship"))
    expect(page.locator(".tabs")).to_contain_text("待发货")


def test_the_keyboard_walks_the_list(sit_down, owner, shop, orders):
    page = sit_down(owner)
    page.goto(url("order_list", shop))
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator(ROWS).nth(1).locator("td.l a").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=second)).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()


def test_without_scripts_the_same_path_works(sit_down, shop, owner, orders):
    page = sit_down(java_script_enabled=False)
    sign_in(page)
    page.goto(url("order_list", shop) + "?tab=to_review")
    page.locator("#find").fill(orders[1].number)
    page.locator("#find").press("Enter")
    page.locator("td.l a").first.click()
    page.get_by_label("Internal note").fill("without scripts")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("The note is added.")).to_be_visible()
    page.goto(url("order_list", shop))
    page.get_by_role("link", name="Next").click()
    expect(page.locator(ROWS)).to_have_count(10)
    menu(page, "Language").get_by_role("button", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")


def test_without_scripts_dialogs_open_and_an_order_can_be_cancelled(sit_down, owner, orders):
    """Dialogs open by `command`, which current browsers know without a script."""
    page = sit_down(owner, java_script_enabled=False)
    page.goto(url("order_detail", orders[1]))
    page.locator(".moves summary").click()
    page.locator(".moves-menu").get_by_role("button", name="Cancel order").click()
    dialog = page.locator("dialog#move-cancel")
    dialog.get_by_label("Reason").fill("sold out")
    dialog.get_by_role("button", name="Cancel order").click()
    expect(page.get_by_text("The order is cancelled.")).to_be_visible()
    assert fresh(orders[1]).status == "cancelled"
