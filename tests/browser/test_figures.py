"""Figures in a real browser: charts are drawn under the strict policy, readable in light and dark and on a phone."""

from __future__ import annotations

import pytest

from analytics import rollups
from tests.browser.conftest import violations
from tests.conftest import url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def figures(shop, orders):
    """The address of the panel, with the figures of sixty orders."""
    for month in rollups.months(shop):
        rollups.rebuild_month(shop, month)
    return url("figures", shop) + "?period=7&kpi=paid_amount"


def test_the_panel_is_drawn_and_readable_in_light_and_dark(sit_down, owner, figures):
    page = sit_down(owner, color_scheme="light")
    page.goto(figures)
    line = page.locator(".fig-draw svg path[stroke-width='2']")
    assert line.count() == 1
    assert page.locator(".fig-draw svg text", has_text="¥").count() >= 3
    page.get_by_text("Repurchase rate").locator("..").locator(".kpi-value", has_text="%").wait_for()
    assert violations(page) == []
    light = line.get_attribute("stroke")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "before => document.querySelector(\".fig-draw path[stroke-width='2']\").getAttribute('stroke') !== before",
        arg=light,
    )
    assert violations(page) == []


def test_the_table_of_a_chart_opens_on_a_phone_and_nothing_is_too_wide(sit_down, owner, figures):
    page = sit_down(owner, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.goto(figures)
    table = page.locator("#table-trend")
    assert not table.is_visible()
    page.locator("label[for=switch-trend]").tap()
    assert table.locator("tbody tr").count() == 7
    assert table.is_visible()
    about = page.locator("#tip-aov")
    page.locator("[aria-describedby=tip-aov]").tap()
    assert about.is_visible()
    page.keyboard.press("Escape")
    assert not about.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_day_of_the_trend_opens_its_orders(sit_down, owner, figures):
    page = sit_down(owner)
    page.goto(figures)
    drawing = page.locator("#trend .fig-draw")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    middle = {"x": box["width"] / 2, "y": 100}
    drawing.hover(position=middle)
    page.locator(".fig-draw svg text", has_text="This period").wait_for()
    drawing.click(position=middle)
    page.wait_for_url("**/orders?counted=all&paid_from=*")


def test_without_script_the_table_stands_in_the_place_of_the_chart(sit_down, owner, figures):
    page = sit_down(owner, java_script_enabled=False)
    page.goto(figures)
    assert page.locator("#table-trend tbody tr").count() == 7
    assert page.locator("#table-trend").is_visible()
    assert not page.locator("#trend .fig-draw").is_visible()
    page.get_by_role("link", name="Work it out").click()
    page.wait_for_url("**&live=1")
    assert "%" in page.locator("#tip-repurchase_rate ~ .kpi-value").inner_text()
