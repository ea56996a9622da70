"""Faults: counted, given up after five, forgotten when met, and without anybody's private data."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from sellercenter import faults
from sellercenter.lifecycle import Refused
from sellercenter.models import Fault, Shop

pytestmark = pytest.mark.django_db


def test_attempts_are_counted_and_the_fifth_is_the_last(shop):
    seen = [faults.note("order", 7, "expire", shop, ValueError("x")) for _each in range(6)]
    assert [fault.attempts for fault in seen] == [1, 2, 3, 4, 5, 6]
    assert [fault.dead_at is not None for fault in seen] == [False] * 4 + [True] * 2
    assert seen[5].dead_at == seen[4].dead_at
    assert Fault.objects.count() == 1


def test_another_step_or_record_is_another_fault(shop):
    for subject_id, step in ((7, "expire"), (7, "remind"), (8, "expire")):
        faults.note("order", subject_id, step, shop.pk, "no")
    assert sorted(Fault.objects.values_list("attempts", flat=True)) == [1, 1, 1]
    assert faults.cleared("order", [7, 9], "expire") == 1
    assert Fault.objects.count() == 2


def test_what_was_given_up_elsewhere_is_dead_at_once(shop):
    fault = faults.bury("outgoingmessage", 3, "send", shop, "no answer", attempts=8)
    assert (fault.attempts, fault.error, fault.dead_at is not None) == (8, "no answer", True)


def test_the_delay_grows_up_to_an_hour():
    spans = [faults.wait_after(attempts) for attempts in (1, 2, 3, 4, 5, 500)]
    assert spans == [timedelta(seconds=s) for s in (30, 120, 480, 1920, 3600, 3600)]


def test_the_words_of_an_exception_are_not_kept():
    with pytest.raises(ValueError, match="13800138000") as caught:
        raise ValueError("the phone 13800138000 is wrong")
    said = faults.describe(caught.value)
    assert said.startswith("ValueError in tests/sellercenter/test_faults.py:")
    assert "138" not in said.replace(said.partition(" in ")[2], "")
    assert faults.describe(Refused("The phone is 13800138000", "wrong")) == "Refused: wrong"
    assert faults.describe("x" * 400) == "x" * 300


def test_a_refusal_of_the_database_names_the_constraint_and_no_row(shop):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Shop.objects.create(code=shop.code, name="Private words", currency="CNY")
    said = faults.describe(caught.value)
    assert said.startswith("IntegrityError 23505 sellercenter_shop_code")
    assert shop.code not in said
