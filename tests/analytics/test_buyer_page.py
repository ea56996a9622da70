"""The page of buyers: who may see it, what it lists, and where its numbers lead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.models import Buyer
from sellercenter.permissions import Perm
from tests import make
from tests.conftest import Person, url

pytestmark = pytest.mark.django_db


def bought(shop, uid, *days, price="10.00"):
    """Let a buyer pay for one order on each of these days, counted back from now."""
    make.orders(
        shop,
        [
            make.facts(
                *(shop, "completed"),
                buyer_uid=uid,
                buyer_nickname=f"{uid} <b>",
                lines=[make.line(quantity=1, price=price)],
                placed_at=make.NOW - timedelta(days=ago, hours=2),
            )
            for ago in days
        ],
    )


@pytest.fixture
def crowd(shop):
    bought(shop, "anna", 2, 4, 50, price="20.00")
    bought(shop, "ben", 3)
    bought(shop, "carl", 120)
    bought(shop, "dora", 5, 100)


def page(person, shop, query=""):
    answer = person.get(f"{url('figures_buyers', shop)}?{query}")
    assert answer.code == 200
    return answer


def names(answer):
    return [row["head"] for row in answer.context["listed"]["apart"]["rows"]]


def test_each_segment_is_shown_with_its_size_and_opens_its_buyers(crowd, shop, data):
    cards = {str(one["label"]): one for one in page(data, shop).context["segments"]}
    sizes = {label: one["buyers"] for label, one in cards.items()}
    assert sizes == {
        **{"All buyers": "3", "New": "1", "Returning": "2", "Repeat": "1"},
        **{"High order value": "1", "Lapsed": "1"},
    }
    for label, size in sizes.items():
        opened = data.get(cards[label]["url"])
        assert len(names(opened)) == int(size), label
        assert [str(one["label"]) for one in opened.context["segments"] if one["active"]] == [label]
    page(data, shop).says("33.33 %")


def test_the_rules_of_the_address_part_the_segments_and_stay_in_the_form(crowd, shop, data):
    answer = page(data, shop, "repeat=3&threshold=5.00&lapsed=30&segment=high")
    sizes = {str(one["label"]): one["buyers"] for one in answer.context["segments"]}
    assert (sizes["Repeat"], sizes["High order value"], sizes["Lapsed"]) == ("0", "3", "0")
    answer.says('value="5.00"').says("Paid ¥5.00 or more per order")


def test_buyers_are_listed_masked_and_lead_to_their_orders(crowd, shop, data):
    answer = page(data, shop, "segment=repeat")
    (row,) = answer.context["listed"]["apart"]["rows"]
    assert (row["head"], [cell["text"] for cell in row["cells"]][:3]) == ("a**", ["2", "¥40.00", "¥20.00"])
    answer.keeps_quiet_about("anna")
    anna = Buyer.objects.get(shop=shop, uid="anna")
    assert row["url"].endswith(f"?buyer_id={anna.pk}")
    for address, n in ((row["url"], 3), (row["cells"][0]["url"], 2)):
        listed = data.get(address)
        assert listed.context["filters"]["errors"] == []
        assert len(listed.context["table"]["rows"]) == n


def test_a_lapsed_buyer_leads_to_the_orders_before_they_stayed_away(crowd, shop, data):
    (row,) = page(data, shop, "segment=lapsed").context["listed"]["apart"]["rows"]
    assert (row["head"], row["cells"][0]["text"]) == ("c**", "1")
    assert len(data.get(row["cells"][0]["url"]).context["table"]["rows"]) == 1


def test_the_list_is_sorted_by_its_heads_and_told_when_it_is_cut(crowd, shop, data, monkeypatch):
    assert names(page(data, shop, "sort=amount"))[0] in ("b**", "d**")
    assert names(page(data, shop, "sort=-orders"))[0] == "a**"
    monkeypatch.setattr("analytics.views.buyers.LISTED", 1)
    page(data, shop).says("The first 1 of 3. A download has up to 10,000.")


def test_the_page_wants_both_rights(shop, data):
    blind = make.role(shop, Perm.FIGURES_VIEW)
    member = make.member(shop, blind)
    assert Person(member.user, member).get(url("figures_buyers", shop)).code == 403


LONG = "period=custom&from=2024-01-01&to=2025-12-31"


@pytest.mark.parametrize(
    "query", [LONG, "segment=rich", "sort=worth", "repeat=1", "lapsed=x", "period=moon", "threshold=-1"]
)
def test_what_makes_no_sense_is_said_and_nobody_is_listed(crowd, shop, data, query):
    answer = page(data, shop, query)
    assert answer.context["problem"]
    assert "listed" not in answer.context


def test_the_page_asks_little_and_downloads_the_whole_segment(crowd, shop, data, django_assert_max_num_queries):
    page(data, shop)
    with django_assert_max_num_queries(8):
        assert len(page(data, shop).content) < 60_000
    told = page(data, shop, "segment=all&download=csv&table=buyers").content.decode("utf-8-sig")
    assert told.count('"a**"') == 1
    assert "anna" not in told


def test_an_empty_shop_says_that_there_is_nothing(shop, data):
    page(data, shop).says("Nothing in this time.")
