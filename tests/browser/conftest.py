"""A real Chromium against the live server; whatever goes wrong in a page fails its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import make
from tests.conftest import Person

AXE = next((Path(__file__).parent / "vendor" / "axe-core").glob("*/axe.min.js"))


@pytest.fixture(scope="session")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """Start the browser once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Collect what pages complain about: errors, refused resources, broken rules of what may run."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def sit_down(live_server: Any, chromium: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Return how a person sits down at a browser, signed in; options are those of a browser context."""
    contexts = []

    def open_page(person: Person | None = None, **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        context.set_default_timeout(8000)
        if person and person.user:
            key = person.browser.cookies["session"].value
            context.add_cookies([{"name": "session", "value": key, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("response", lambda one: complaints.append(f"{one.status} {one.url}") if one.status >= 400 else None)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def orders(shop: Any) -> list[Any]:
    """Load 60 orders of all states, more than a page."""
    states = ["unpaid", "to_review", "to_ship", "part_shipped", "shipped", "delivered", "completed", "cancelled"]
    told = []
    for i in range(60):
        buyer = "王小明" if i % 10 == 3 else f"buyer {i}"
        more = {"abnormal": "risk", "flag": 5, "seller_note": "fragile"} if i % 7 == 0 else {}
        line = make.line("A long title of a very good green tea from the mountains 龙井茶", variant="250 g, gift box")
        placed = make.NOW - i * make.HOUR
        told.append(make.facts(shop, states[i % 8], buyer_nickname=buyer, lines=[line], placed_at=placed, **more))
    return make.orders(shop, told)


def violations(page: Page) -> list[str]:
    """Let axe-core look at the page; return what it calls serious or critical."""
    # Evaluated by the debugger, so the page's own rules of what may run stay as strict as they are.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in bad for node in one["nodes"][:3]]
