"""Pasting up to 500 numbers: what is found, what is not, and what belongs to somebody else."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from orders import lookups
from orders.models import PastedNumbers
from tests import make
from tests.conftest import url

pytestmark = pytest.mark.django_db


def paste(person, shop, *numbers, between="\n"):
    return person.post(url("order_paste", shop), {"numbers": between.join(numbers)})


def pasted(answer):
    return answer.landed.context["pasted"]


def found(answer):
    return sorted(order.number for order in answer.landed.context["table"]["rows"])


def test_orders_are_found_by_their_number_and_by_the_number_of_a_parcel(shop, owner):
    make.order(shop, number="A1")
    make.shipped(shop, "SF1", "SF2", number="A2")
    answer = paste(owner, shop, "A1", "SF2").says("2 of 2 pasted numbers found.")
    assert found(answer) == ["A1", "A2"]
    assert pasted(answer)["missing"] == []


def test_what_is_not_found_and_what_is_not_ours_is_listed_alike(shop, other_shop, owner):
    make.order(shop, number="A1")
    make.order(other_shop, number="THEIRS")
    make.shipped(other_shop, "SF-THEIRS")
    answer = paste(owner, shop, "A1", "THEIRS", "SF-THEIRS", "NOWHERE").says("1 of 4 pasted numbers found.")
    assert found(answer) == ["A1"]
    assert pasted(answer)["missing"] == ["THEIRS", "SF-THEIRS", "NOWHERE"]
    answer.says("3 numbers not found or not yours")


@pytest.mark.parametrize("between", ["\n", "\r\n", " ", ",", "\t", ";", "，", "、", "；", ", \n"])
def test_numbers_are_parted_by_whatever_people_paste(shop, owner, between):
    make.order(shop, number="A1")
    make.order(shop, number="A2")
    assert found(paste(owner, shop, "A1", "A2", "A1", "'A2", between=between)) == ["A1", "A2"]


def test_five_hundred_numbers_are_looked_up_at_once_with_few_queries(shop, owner, django_assert_max_num_queries):
    make.orders(shop, [make.facts(shop, number=f"N{i}") for i in range(30)])
    answer = paste(owner, shop, *(f"N{i}" for i in range(500)))
    assert (pasted(answer)["found"], pasted(answer)["asked"], len(pasted(answer)["missing"])) == (30, 500, 470)
    with django_assert_max_num_queries(11):
        owner.get(answer.headers["Location"])


def test_the_same_number_many_times_counts_once(shop, owner):
    make.order(shop, number="A1")
    assert pasted(paste(owner, shop, *["A1"] * 501))["asked"] == 1


def test_five_hundred_and_one_numbers_are_refused_and_nothing_is_kept(shop, owner):
    paste(owner, shop, *(f"N{i}" for i in range(501))).says(
        "These are 501 numbers; at most 500 can be looked up at once."
    )
    assert PastedNumbers.objects.count() == 0


@pytest.mark.parametrize("text", ["", "  \n ", ",,,", "'"])
def test_nothing_pasted_is_refused(shop, owner, text):
    paste(owner, shop, text).says("Paste some numbers first.")
    assert PastedNumbers.objects.count() == 0


def test_hostile_numbers_are_shown_as_text(shop, owner):
    html = paste(owner, shop, "<script>alert(1)</script>").landed.content.decode()
    assert "&lt;script&gt;" in html
    assert "<script>alert" not in html


def test_the_address_can_be_given_to_a_colleague_but_not_to_another_shop(shop, other_shop, owner, view_only, stranger):
    make.order(shop, number="A1")
    address = paste(owner, shop, "A1").headers["Location"]
    assert found(view_only.get(address)) == ["A1"]
    theirs = address.replace(shop.code, other_shop.code)
    stranger.get(theirs).says("These pasted numbers are gone. Paste them again.")
    assert found(stranger.get(theirs)) == []


@pytest.mark.parametrize("word", ["0", "-1", "x", "1e9", "9" * 30, "１２"])
def test_a_list_that_is_gone_shows_no_orders(shop, owner, word):
    make.order(shop)
    answer = owner.get(url("order_list", shop), {"list": word}).says("These pasted numbers are gone.")
    assert found(answer) == []


def test_pasted_numbers_are_forgotten_after_thirty_days(shop, owner):
    old, new = (lookups.keep(owner.member, numbers=[word]) for word in ("old", "new"))
    PastedNumbers.objects.filter(pk=old.pk).update(pasted_at=Now() - lookups.KEPT_FOR - make.HOUR)
    PastedNumbers.objects.filter(pk=new.pk).update(pasted_at=Now() - lookups.KEPT_FOR + make.HOUR)
    assert lookups.forget_old() == 1
    assert list(PastedNumbers.objects.all()) == [new]
    assert lookups.forget_old() == 0


@pytest.mark.parametrize("numbers", [[], ["x"] * 501])
def test_the_database_keeps_to_the_limit_too(shop, owner, numbers):
    with pytest.raises(IntegrityError), transaction.atomic():
        lookups.keep(owner.member, numbers=numbers)
