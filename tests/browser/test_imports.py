"""A file is brought at a browser, looked at, and taken in; on a desk, on a phone, and without scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from orders.models import Order
from sellercenter import jobs
from tests.browser.conftest import violations
from tests.conftest import url

pytestmark = pytest.mark.django_db(transaction=True)
HEADER = "order_no,status,placed_at,buyer_id,payments,line_no,product_no,product_title,quantity,unit_price"


@pytest.fixture
def file(settings, tmp_path) -> Path:
    """Write a file with three orders, of which one is refused."""
    settings.IMPORT_ROOT = tmp_path / "imports"
    rows = [
        f"A{n},to_ship,2026-03-01 10:00:00,u-{n},alipay={price},1,3601,Tea,1,{price}"
        for n, price in enumerate(("25.00", "30.00", "nothing"))
    ]
    path = tmp_path / "orders of March.csv"
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    return path


def work(page: Page) -> None:
    """Let the runner work, and wait until the page has noticed by itself."""
    jobs.run_files(100_000)
    expect(page.locator("#progress")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 360])
def test_a_file_is_uploaded_looked_at_and_taken_in(width, sit_down, owner, shop, file):
    page = sit_down(owner, viewport={"width": width, "height": 740})
    page.goto(url("import_list", shop))
    page.get_by_label("File", exact=True).first.set_input_files(file)
    assert violations(page) == []
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_text("nothing is changed yet")).to_be_visible()
    work(page)
    expect(page.locator(".import-figure.new")).to_contain_text("2")
    expect(page.locator(".import-figure.rejected")).to_contain_text("1")
    expect(page.get_by_text("This is not an amount.").first).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("1 of 3 are refused.").check()
    page.get_by_role("button", name="Take in 2").click()
    expect(page.get_by_text("The file is being taken in.")).to_be_visible()
    work(page)
    expect(page.get_by_role("heading", name="What was taken in")).to_be_visible()
    assert violations(page) == []
    assert Order.objects.for_shop(shop).count() == 2


def test_without_scripts_the_same_way_works(sit_down, owner, shop, file):
    page = sit_down(owner, java_script_enabled=False)
    page.goto(url("import_list", shop))
    page.get_by_label("File", exact=True).first.set_input_files(file)
    page.get_by_role("button", name="Upload and check").click()
    jobs.run_files(100_000)
    page.get_by_role("link", name="Look again").click()
    page.get_by_label("1 of 3 are refused.").check()
    page.get_by_role("button", name="Take in 2").click()
    jobs.run_files(100_000)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="What was taken in")).to_be_visible()
    assert Order.objects.for_shop(shop).count() == 2


def test_a_file_is_dropped_on_the_form(sit_down, owner, shop, file):
    page = sit_down(owner)
    page.goto(url("import_list", shop))
    carried = page.evaluate_handle(
        "() => { const data = new DataTransfer(); data.items.add(new File(['a,b\\n1,2'], 'x.csv')); return data; }"
    )
    page.dispatch_event("form[data-drop]", "dragover", {"dataTransfer": carried})
    expect(page.locator(".import-drop.over")).to_be_visible()
    page.dispatch_event("form[data-drop]", "drop", {"dataTransfer": carried})
    assert page.evaluate("document.querySelector('form[data-drop] input[type=file]').files[0].name") == "x.csv"
