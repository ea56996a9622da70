"""Every page in light and dark, wide and narrow: readable for all, no overflow, nothing complained about."""

from __future__ import annotations

import pytest

from orders.states import Status
from tests import make
from tests.browser.conftest import violations
from tests.conftest import url

pytestmark = pytest.mark.django_db(transaction=True)
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


def addresses(shop, orders):
    return {
        "home": url("home", shop),
        "list": url("order_list", shop),
        "empty list": url("order_list", shop) + "?city=nowhere",
        "refused list": url("order_list", shop) + "?colour=red",
        "detail": url("order_detail", orders[0]),
        "shipped detail": url("order_detail", orders[3]),
        "members": url("member_list", shop),
        "new member": url("member_add", shop),
        "password": "/password",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(sit_down, owner, shop, orders, scheme):
    page = sit_down(owner, color_scheme=scheme)
    found = {}
    for name, address in addresses(shop, orders).items():
        page.goto(address)
        found[name] = violations(page)
    page.context.clear_cookies()
    page.goto("/login")
    found["login"] = violations(page)
    assert {name: bad for name, bad in found.items() if bad} == {}


def test_axe_finds_nothing_serious_in_open_dialogs_and_menus(sit_down, owner, shop, orders):
    page, found = sit_down(owner), {}
    page.goto(url("order_detail", orders[1]))
    page.locator(".moves summary").click()
    found["more"] = violations(page)
    page.locator(".moves-menu").get_by_role("button", name="Cancel order").click()
    found["cancel"] = violations(page)
    page.goto(url("order_list", shop))
    for name in ("Status", "Columns", "Views"):
        page.locator("summary", has_text=name).first.click()
        found[name] = violations(page)
    assert {name: bad for name, bad in found.items() if bad} == {}


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_no_page_is_wider_than_its_window(sit_down, owner, shop, orders, width):
    page = sit_down(owner, viewport={"width": width, "height": 740})
    wide = {}
    for name, address in addresses(shop, orders).items():
        page.goto(address)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wide[name] = over
    assert wide == {}


def test_on_a_phone_an_order_is_opened_and_the_dock_leads_home(sit_down, owner, shop, orders):
    page = sit_down(owner, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.goto(url("order_list", shop))
    page.locator(".list .sheet td.l a").first.tap()
    page.wait_for_url("**/orders/*")
    page.locator(".dock a").first.tap()
    page.wait_for_url(f"**{url('home', shop)}")


def test_hostile_text_runs_nowhere(sit_down, owner, shop):
    texts = dict.fromkeys(
        ("buyer_nickname", "buyer_message", "seller_note", "province", "abnormal_reason"), HOSTILE[:60]
    )
    line = make.line(HOSTILE, variant=HOSTILE, creator_number="c", creator_name=HOSTILE)
    order = make.order(shop, Status.TO_REVIEW, number=HOSTILE, lines=[line], abnormal="risk", **texts)
    page = sit_down(owner)
    page.goto(url("order_list", shop))
    for row in page.locator(".list tbody td").all():
        row.hover()
    page.goto(url("order_detail", order))
    page.goto(url("order_list", shop) + "?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert page.evaluate("document.querySelectorAll('img[src=x], script:not([src])').length") == 0


def test_the_rules_of_what_may_run_do_catch_a_planted_script(sit_down, owner, shop, complaints):
    page = sit_down(owner)
    page.goto(url("home", shop))
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in one for one in complaints)
    complaints.clear()
