"""A negative review is answered, and a buyer too; both with words that stand ready."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from aftersales.models import Conversation
from tests import make
from tests.aftersales import talk
from tests.browser.conftest import violations
from tests.conftest import fresh, told, url

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"viewport": {"width": 360, "height": 740}}


def test_a_negative_review_is_answered_and_classified(sit_down, service, shop, complaints):
    review = talk.review(make.order(shop), words="<b>Broken</b>")
    talk.canned_reply(shop, "sorry", "Dear {buyer}, we are sorry.", use="review")
    page = sit_down(service)
    page.goto(url("review_list", shop) + "?tab=to_answer")
    page.get_by_role("link", name=review.number).click()
    expect(page.get_by_text("<b>Broken</b>")).to_be_visible()
    answer = page.get_by_role("textbox", name="Answer")
    answer.fill("5 stars and a voucher is yours")
    page.get_by_role("button", name="Answer").click()
    expect(page.locator(".field-errors")).to_contain_text("offers something for a better rating")
    expect(answer).to_have_value("5 stars and a voucher is yours")
    # The browser tells of the page that was answered with 422.
    assert all("422" in one for one in complaints)
    complaints.clear()
    answer.fill("")
    answer.press_sequentially("/sorry ")
    expect(answer).to_have_value("Dear tea lover, we are sorry.")
    assert violations(page) == []
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("The answer is kept.")).to_be_visible()
    page.locator("#class_cause").select_option("package")
    page.get_by_label("Our fault", exact=True).check()
    page.get_by_role("button", name="Classify").click()
    expect(page.get_by_text("The review is classified.")).to_be_visible()
    assert told(review) == ["review.negative", "review.replied", "review.classified"]
    page.get_by_role("link", name="Reviews", exact=False).first.click()
    page.get_by_role("link", name="Causes by week").click()
    expect(page.locator("details.weeks-of")).to_contain_text("1 of 1 negative, 100.0 %")
    assert violations(page) == []


def test_a_buyer_is_answered_with_a_canned_reply(sit_down, service, shop):
    order = make.order(shop)
    conversation = talk.message(order, "Where is it? https://bad.example " + "w" * 400)
    talk.canned_reply(shop, "where", "Dear {buyer}, your order {order} is on its way.")
    page = sit_down(service)
    page.goto(url("conversation_list", shop))
    page.locator(".talk-rows a").click()
    expect(page.locator(".bubble")).to_contain_text("https://bad.example")
    assert page.locator(".bubble a").count() == 0
    assert violations(page) == []
    page.wait_for_load_state("networkidle")
    # Whoever opens a thread has read it; only an answer stops the clock.
    assert (fresh(conversation).unread, fresh(conversation).reply_by is None) == (0, False)
    page.locator("#answer_words_canned").select_option(index=1)
    expect(page.locator("#answer_words")).to_have_value(f"Dear tea lover, your order {order.number} is on its way.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The answer is on its way.")).to_be_visible()
    expect(page.locator(".chat.ours")).to_contain_text(order.number)
    assert Conversation.objects.get().reply_by is None
    page.get_by_label("New tag").fill("VIP")
    page.get_by_role("button", name="Add tag").click()
    expect(page.locator(".buyer-tag")).to_contain_text("VIP")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_thread_fits_a_phone_and_works_without_scripts(sit_down, service, shop, scripts):
    conversation = talk.message(make.order(shop), "w" * 500)
    kept = talk.canned_reply(shop, "hi", "Hello {buyer}")
    page = sit_down(service, java_script_enabled=scripts, **PHONE)
    page.goto(url("conversation_detail", conversation))
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        return
    page.locator("#answer_words_canned").select_option(str(kept.pk))
    page.get_by_role("button", name="Put in").click()
    expect(page.locator("#answer_words")).to_have_value("Hello tea lover")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The answer is on its way.")).to_be_visible()
