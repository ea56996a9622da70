"""The bell at a browser: it rings by itself, leads to what happened, and leaves the page alone when it can't ask."""

from __future__ import annotations

import pytest
from django.db import transaction
from playwright.sync_api import expect

from orders.states import Status
from sellercenter import events, outbox
from sellercenter.permissions import SYSTEM
from tests import make
from tests.browser.conftest import violations
from tests.conftest import url

pytestmark = pytest.mark.django_db(transaction=True)


def late(shop, count: int = 1):
    orders = make.orders(shop, [make.facts(shop, Status.TO_SHIP) for _each in range(count)])
    with transaction.atomic():
        events.record_all("order.overdue", orders, by=SYSTEM)
    outbox.fan_out(100)
    return orders


def test_the_bell_rings_by_itself_and_leads_to_what_happened(sit_down, owner, shop):
    page = sit_down(owner)
    page.clock.install()
    page.goto(url("home", shop))
    bell = page.locator("#bell .bar-count")
    expect(bell).to_have_count(0)
    [order] = late(shop)
    page.clock.run_for(31_000)
    expect(bell).to_have_text("1")
    late(shop, 2)
    page.clock.run_for(31_000)
    expect(bell).to_have_text("3")
    page.locator("#bell").click()
    assert violations(page) == []
    page.get_by_role("button", name=order.number).first.click()
    expect(page.get_by_role("heading", name=order.number)).to_be_visible()
    expect(bell).to_have_text("2")


def test_a_bell_that_can_not_ask_leaves_the_page_as_it_is(sit_down, owner, shop, complaints):
    page = sit_down(owner)
    page.clock.install()
    page.goto(url("home", shop))
    address = page.url
    page.route("**/notices/bell", lambda route: route.fulfill(status=500, body="broken"))
    with page.expect_response("**/notices/bell"):
        page.clock.run_for(31_000)
    page.wait_for_load_state("networkidle")
    assert page.url == address
    expect(page.locator("#bell")).to_be_visible()
    assert [one for one in complaints if "500" not in one] == []
    complaints.clear()


def test_notices_are_read_without_scripts_on_a_phone_in_the_dark(sit_down, owner, shop):
    late(shop, 3)
    page = sit_down(owner, java_script_enabled=False, viewport={"width": 360, "height": 740}, color_scheme="dark")
    page.goto(url("notice_list", shop))
    expect(page.locator(".notice.unread")).to_have_count(3)
    page.locator(".notice-mark button").first.click()
    expect(page.locator(".notice.unread")).to_have_count(2)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator(".notice.unread")).to_have_count(0)
    expect(page.get_by_text("2 notices are read.")).to_be_visible()
