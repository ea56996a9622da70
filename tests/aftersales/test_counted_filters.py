"""The filters by which the lists of cases and reviews are opened at what a figure counts."""

from __future__ import annotations

import pytest

from aftersales.models import Case
from orders.models import Product
from orders.states import Kind
from tests import make
from tests.aftersales import talk
from tests.aftersales.crowd import case
from tests.conftest import url

pytestmark = pytest.mark.django_db


def numbers(person, page, shop, **query):
    answer = person.get(url(page, shop), query, hx_target="list")
    assert answer.context["filters"]["errors"] == []
    return {one.number for one in answer.context["table"]["rows"]}


@pytest.fixture
def crowd(shop):
    """One case for each way in which figures count, and one of a sample."""
    kinds = {"sample": {"kind": Kind.SAMPLE}}
    names = ("return", "refused", "exchange", "decided", "sample")
    told = [make.facts(shop, "delivered", lines=[make.line(f"Tea {name}")], **kinds.get(name, {})) for name in names]
    orders = dict(zip(names, make.orders(shop, told), strict=True))
    common = {"kind": "refund", "status": "requested", "fault": "buyer", "problem": "size"}
    facts = {
        "return": {"kind": "return", "status": "done"},
        "refused": {"status": "refused"},
        "exchange": {"kind": "exchange", "fault": "seller", "problem": "defect"},
        "decided": {"status": "refunding", "decided_at": make.NOW, "problem": "defect"},
        "sample": {"kind": "return", "fault": "seller", "decided_at": make.NOW},
    }
    for name, order in orders.items():
        case(order, number=name, **common | facts[name])
    return shop


def test_each_word_finds_the_cases_that_it_counts(crowd, owner):
    assert Case.objects.count() == 5
    assert numbers(owner, "case_list", crowd, counted="all") == {"return", "refused", "exchange", "decided"}
    assert numbers(owner, "case_list", crowd, counted="returned") == {"return", "decided"}
    assert numbers(owner, "case_list", crowd, counted="seller_fault") == {"exchange"}
    assert numbers(owner, "case_list", crowd, counted="decided") == {"decided"}
    assert numbers(owner, "case_list", crowd, counted="all", problem="defect") == {"exchange", "decided"}


def test_cases_are_found_by_their_product(crowd, owner):
    product = Product.objects.get(title="Tea return")
    assert numbers(owner, "case_list", crowd, product_id=product.pk) == {"return"}
    assert numbers(owner, "case_list", crowd, product_id="0") == set()
    assert numbers(owner, "case_list", crowd, product="tea r") == {"return", "refused"}
    assert numbers(owner, "case_list", crowd, product="P-Tea sample") == {"sample"}
    assert numbers(owner, "case_list", crowd, product="K-Tea decided") == {"decided"}
    assert numbers(owner, "case_list", crowd, product="coffee") == set()


def test_reviews_are_found_by_the_key_of_their_product(shop, owner):
    order = make.order(shop, lines=[make.line("Tea"), make.line("Cup")])
    tea, cup = order.lines.order_by("position")
    about_tea, about_cup = talk.review(order, line=tea.number), talk.review(order, line=cup.number, rating=5)
    assert numbers(owner, "review_list", shop, product_id=tea.product_id) == {about_tea.number}
    assert numbers(owner, "review_list", shop, product_id=cup.product_id) == {about_cup.number}
    assert numbers(owner, "review_list", shop, product_id=cup.product_id, negative="yes") == set()
