"""Exports at a browser: from a list to its file, columns by keyboard and by mouse, on a phone and without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from sellercenter import jobs
from sellercenter.models import Export
from tests.browser.conftest import violations
from tests.conftest import PASSWORD, url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def place(tmp_path, settings):
    settings.EXPORT_ROOT = tmp_path / "exports"


def test_a_filtered_list_becomes_a_file_with_columns_moved_by_keyboard(sit_down, shop, owner, orders):
    page = sit_down(owner)
    page.goto(f"{url('order_list', shop)}?status=to_ship&placed=90")
    page.get_by_role("button", name="Export").click()
    expect(page).to_have_url(re.compile(r"/exports/new\?of=[\w-]+$"))
    expect(page.locator(".export-words").first).to_contain_text("To ship")
    columns = page.locator("ul.columns").first
    expect(columns.locator("li").first).to_contain_text("Order no.")
    up = columns.get_by_role("button", name="Move up: Status", exact=True)
    up.focus()
    page.keyboard.press("Enter")
    expect(columns.locator("li").first).to_contain_text("Status")
    expect(up).to_be_focused()
    # Dragged by the mouse, the third column comes to stand first.
    columns.locator("li").nth(2).drag_to(columns.locator("li").first, target_position={"x": 200, "y": 2})
    expect(columns.locator("li").first).to_contain_text("Placed")
    assert violations(page) == []
    page.get_by_role("radio", name="CSV").check()
    page.locator("#export").get_by_role("button", name="Export").click()
    expect(page.locator("#progress")).to_contain_text("Waiting")
    assert violations(page) == []
    jobs.run_files(5)
    expect(page.get_by_role("button", name="Download")).to_be_visible()
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert re.fullmatch(r"orders-lanting-[\d-]+\.csv", download.value.suggested_filename)
    head = next(line for line in Path(download.value.path()).read_text("utf-8-sig").splitlines() if line[:2] != '"#')
    assert head.startswith('"Placed","Status","Order no."')
    page.reload()
    expect(page.locator(".export-downloads li")).to_have_count(1)


def test_the_columns_of_a_list_are_moved_in_the_same_way(sit_down, shop, owner, orders):
    page = sit_down(owner)
    page.goto(url("order_list", shop))
    page.locator("summary[title='Columns']").click()
    columns = page.locator("#chooser ul.columns")
    second = columns.locator("li").nth(1)
    name = second.inner_text().strip()
    second.get_by_role("button", name="Move up").click()
    expect(columns.locator("li").first).to_contain_text(name)
    page.get_by_role("button", name="Use these columns").click()
    expect(page.locator(".list .sheet thead th").nth(1)).to_contain_text(name)


def test_private_data_on_a_phone_asks_for_a_reason_and_the_password(sit_down, shop, owner, orders, complaints):
    page = sit_down(owner, viewport={"width": 360, "height": 740})
    page.goto(url("order_list", shop))
    page.locator(".list-export button").click()
    expect(page.get_by_label("Your own password")).to_be_hidden()
    page.get_by_label("Write names, phones and addresses in plain").check()
    page.get_by_label("What the private data is needed for").fill("the tax office asks")
    page.get_by_label("Your own password").fill("not-my-password")
    page.locator("#export").get_by_role("button", name="Export").click()
    expect(page.locator("#export_password_error")).to_have_text("This is not your password. Nothing was done.")
    expect(page.get_by_label("What the private data is needed for")).to_have_value("the tax office asks")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
    # The browser tells of every answer that refuses.
    assert [one for one in complaints if "422" not in one] == []
    complaints.clear()
    page.get_by_label("Your own password").fill(PASSWORD)
    page.locator("#export").get_by_role("button", name="Export").click()
    expect(page.locator(".note-bar.warning")).to_contain_text("the tax office asks")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    jobs.run_files(5)
    page.goto(url("export_list", shop))
    expect(page.get_by_role("button", name="Download")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []


def test_a_layout_is_chosen_and_a_template_kept_without_scripts(sit_down, shop, owner, orders):
    page = sit_down(owner, java_script_enabled=False)
    page.goto(url("order_list", shop))
    page.locator(".list-export button").click()
    expect(page.locator("input[name=columns_lines]").first).to_be_hidden()
    page.locator("input[name=layout][value=lines]").check()
    page.locator("input[name=columns_lines][value=title]").uncheck()
    page.get_by_label("Name of the template").fill("for the warehouse")
    page.get_by_role("button", name="Save template").click()
    expect(page.locator(".export-templates [aria-current]")).to_have_text("for the warehouse")
    expect(page.locator("input[name=columns_lines][value=title]")).not_to_be_checked()
    page.locator("#export").get_by_role("button", name="Export").click()
    expect(page.locator("#progress")).to_contain_text("Waiting")
    export = Export.objects.get()
    assert (export.layout, "title" in export.columns) == ("lines", False)
