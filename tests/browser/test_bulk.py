"""Many orders at once at a browser: from the ticks to the result, with and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from orders.models import Order
from sellercenter import jobs
from sellercenter.models import Job
from tests.browser.conftest import violations
from tests.conftest import url

pytestmark = pytest.mark.django_db(transaction=True)


def test_ticked_orders_are_flagged_while_one_watches(sit_down, shop, owner, orders):
    page = sit_down(owner)
    page.goto(url("order_list", shop))
    expect(page.locator(".bulk")).to_be_hidden()
    for row in (0, 2):
        page.locator("input[name=ids]").nth(row).check()
    expect(page.locator("[data-count]")).to_have_text("2")
    assert violations(page) == []
    page.get_by_role("button", name="Flag").click()
    expect(page.locator(".bulk-will")).to_contain_text("2 of 2 chosen orders qualify.")
    assert violations(page) == []
    page.get_by_label("Red flag").check()
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#progress")).to_contain_text("Waiting")
    expect(page.locator("#jobs-count")).to_have_text("1")
    assert jobs.run_some(100) == 2
    expect(page.locator("#progress")).to_contain_text("2 of 2")
    expect(page.locator(".job-items tbody tr")).to_have_count(2)
    assert violations(page) == []
    page.locator("summary[title='Running work']").click()
    expect(page.locator("#jobs-now")).to_contain_text("2 / 2")
    assert Order.objects.filter(pk__in=[orders[0].pk, orders[2].pk], flag=5).count() == 2


def test_a_whole_page_and_then_everything_that_matches_can_be_meant(sit_down, shop, owner, orders):
    page = sit_down(owner)
    page.goto(f"{url('order_list', shop)}?status=unpaid&status=to_review")
    page.locator("[data-tick-all]").check()
    expect(page.locator("[data-count]")).to_have_text("16")
    page.get_by_label("All that match").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".bulk-will")).to_contain_text("8 of 16 chosen orders qualify.")
    expect(page.locator(".bulk-wont")).to_contain_text("Unpaid")
    page.get_by_role("link", name="Not now").click()
    expect(page).to_have_url(re.compile(r"status=unpaid"))
    assert Job.objects.count() == 0


@pytest.mark.parametrize("width", [1280, 360])
def test_orders_are_cancelled_without_scripts(sit_down, shop, owner, orders, width):
    page = sit_down(owner, java_script_enabled=False, viewport={"width": width, "height": 800})
    page.goto(f"{url('order_list', shop)}?tab=unpaid")
    page.locator("input[name=ids]").first.check()
    page.get_by_role("button", name="Cancel orders").click()
    page.get_by_label("Reason").fill("sold out")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#progress")).to_contain_text("Waiting")
    assert jobs.run_some(100) == 1
    page.reload()
    expect(page.locator("#progress")).to_contain_text("1 of 1")
    assert Order.objects.filter(cancel_reason="sold out").count() == 1


def test_filters_of_the_side_panel_stay_while_it_is_shut_and_come_when_it_opens(sit_down, shop, owner, orders):
    page = sit_down(owner)
    page.goto(f"{url('order_list', shop)}?flag=5")
    page.locator("#id_q").fill("buyer")
    page.locator("#id_q").press("Enter")
    expect(page).to_have_url(re.compile(r"flag=5.*q=buyer|q=buyer.*flag=5"))
    page.get_by_role("button", name="More filters").click()
    expect(page.locator("#more-filters").get_by_label("Red flag")).to_be_checked()
    assert violations(page) == []
    page.locator("#more-filters").get_by_label("Red flag").uncheck()
    page.get_by_role("button", name="Show results").click()
    expect(page).not_to_have_url(re.compile(r"flag="))


def test_the_side_panel_and_the_columns_open_without_scripts(sit_down, shop, owner, orders):
    page = sit_down(owner, java_script_enabled=False)
    page.goto(f"{url('order_list', shop)}?flag=5")
    page.get_by_role("link", name="More filters").click()
    expect(page.locator("#more-filters").get_by_label("Red flag")).to_be_checked()
    page.goto(url("order_list", shop))
    page.locator("summary[title='Columns']").click()
    page.get_by_role("link", name="Choose columns").click()
    expect(page.locator("#chooser").get_by_label("Freight")).to_be_visible()
