"""A dispute with two files of evidence, and an appeal from its draft to the day it is won."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from aftersales import disputes, rulings
from aftersales.models import Appeal, Case, Refund
from aftersales.states import AppealStatus, CaseStatus
from sellercenter.permissions import CHANNEL
from tests.aftersales import proofs
from tests.browser.conftest import violations
from tests.conftest import fresh, told, url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EVIDENCE_ROOT = tmp_path


def bring(page, record: str, name: str, content: bytes, proof: str):
    """Add one file in the gallery of a record."""
    gallery = page.locator(f"#evidence-{record}")
    if not gallery.get_by_label("File").is_visible():
        gallery.get_by_text("Add a file").click()
    gallery.get_by_label("File").set_input_files({"name": name, "mimeType": "application/x-any", "buffer": content})
    gallery.get_by_label("What it shows").select_option(proof)
    gallery.get_by_role("button", name="Add as evidence").click()
    expect(page.get_by_text("The file is kept.")).to_be_visible()
    expect(gallery.get_by_role("link", name=name)).to_be_visible()


def test_a_dispute_with_two_files_of_evidence_is_decided_by_hand(sit_down, shop, after_sales):
    dispute = proofs.dispute(shop)
    disputes.ask_evidence(dispute, demand="Show the packing video.", by=CHANNEL)
    page = sit_down(after_sales)
    page.goto(
        url(
            "dispute_list",
            shop,
        )
        + "?tab=evidence"
    )
    page.get_by_role("link", name=dispute.number).click()
    expect(page.get_by_text("Show the packing video.")).to_be_visible()
    bring(page, "dispute", "packing.mp4", proofs.MP4, "packing_video")
    bring(page, "dispute", "<b>goods.jpg", proofs.picture(), "photo")
    page.get_by_role("textbox", name="Our statement").fill("Packed on film.")
    page.get_by_role("button", name="Put the statement in").click()
    expect(page.locator(".banner-now")).to_have_text("In progress")
    assert violations(page) == []
    with page.expect_download() as kept:
        page.get_by_role("link", name="packing.mp4").click()
    assert kept.value.path().read_bytes() == proofs.MP4
    page.get_by_role("button", name="Record the decision").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("For the buyer", exact=True).check()
    dialog.get_by_label("Amount for the buyer").fill("5.00")
    dialog.get_by_label("The platform's words").fill("A part of it.")
    dialog.get_by_role("button", name="Record the decision").click()
    expect(page.locator(".banner-now")).to_have_text("Decided for the buyer")
    assert fresh(dispute.case).status == CaseStatus.REFUNDING
    assert [str(one.amount) for one in Refund.objects.filter(case=dispute.case)] == ["5.00"]
    assert [kind for kind in told(dispute) if kind.startswith("dispute")][-1] == "dispute.decided_for_buyer"


def test_an_appeal_from_its_draft_to_the_day_it_is_won(sit_down, shop, after_sales):
    dispute = proofs.dispute(shop)
    rulings.decide_for_buyer(dispute, conclusion="Refund it.", by=CHANNEL)
    page = sit_down(after_sales)
    page.goto(url("dispute_detail", dispute))
    page.get_by_role("link", name="Appeal against it").click()
    page.get_by_label("When we were told of it").fill(f"{fresh(dispute).ended_at.astimezone(shop.zone):%Y-%m-%dT%H:%M}")
    page.get_by_label("What happened").fill("The chat shows that it worked.")
    page.get_by_role("button", name="Begin the appeal").click()
    expect(page.locator(".banner-now")).to_have_text("Draft")
    appeal = Appeal.objects.get()
    assert (appeal.case_id, appeal.kind) == (dispute.case_id, "arbitration")
    page.get_by_role("button", name="File the appeal").click()
    page.locator("dialog[open]").get_by_role("button", name="File the appeal").click()
    expect(page.get_by_text("Still missing as evidence: Chat with the buyer.")).to_be_visible()
    bring(page, "appeal", "chat.txt", b"It works, thank you", "chat")
    page.get_by_role("button", name="File the appeal").click()
    page.locator("dialog[open]").get_by_role("button", name="File the appeal").click()
    expect(page.locator(".banner-now")).to_have_text("Filed")
    page.get_by_role("button", name="The appeal was won").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Answer of the platform").fill("Taken back.")
    dialog.get_by_role("button", name="The appeal was won").click()
    expect(page.locator(".banner-now")).to_have_text("Won")
    assert violations(page) == []
    assert fresh(appeal).status == AppealStatus.WON
    page.goto(url("case_detail", Case.objects.get(pk=dispute.case_id)))
    expect(page.locator("#timeline").get_by_text("Appeal won").first).to_be_visible()
