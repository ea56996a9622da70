"""The after-sales of the demo: every kind and state, amounts that agree with the orders, nothing from the future."""

from __future__ import annotations

import io
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F, Max, Q, Sum

from aftersales import evidence
from aftersales.demo.asking import reason_for
from aftersales.demo.scenes import Scene
from aftersales.models import (
    Appeal,
    CannedReply,
    Case,
    CaseRule,
    Conversation,
    Dispute,
    Evidence,
    Refund,
    Review,
    Sop,
    Ticket,
)
from aftersales.states import OPEN, AppealStatus, CaseKind, CaseStatus
from orders.demo.markets import MARKETS
from orders.models import Order, OrderLine, Payment
from orders.states import Kind, Status
from sellercenter import invariants
from sellercenter.models import Event, Shop
from sellercenter.ticks import database_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(settings: Any, tmp_path: Any) -> None:
    """Both demo shops with 3,000 orders, up to now."""
    settings.DEMO, settings.EVIDENCE_ROOT = True, tmp_path
    call_command("demo", orders=3000, seed=7, stdout=io.StringIO())


def words(text: str) -> bool:
    """Say whether a text has Chinese in it."""
    return any("一" <= sign <= "鿿" for sign in text)


def test_the_demo_shows_after_sales_whole_and_nothing_disagrees(filled: None) -> None:
    assert [(one.code, one.records) for one in invariants.check(live=False)] == []
    now = database_now()
    for shop in Shop.objects.all():
        cases = Case.objects.for_shop(shop)
        assert set(cases.values_list("kind", flat=True)) == set(CaseKind.values)
        missing = set(CaseStatus.values) - set(cases.values_list("status", flat=True))
        assert missing == set()
        assert {AppealStatus.DRAFT, AppealStatus.FILED} <= set(
            Appeal.objects.for_shop(shop).values_list("status", flat=True)
        )
        for model in (Dispute, Ticket, Review, Conversation, CannedReply, Sop, CaseRule, Evidence):
            assert model.objects.for_shop(shop).exists(), model
        assert Conversation.objects.for_shop(shop).filter(reply_by__gt=now - timedelta(days=2)).exists()
        spoken = "".join(cases.values_list("words", flat=True))
        assert words(spoken) == (shop.currency == "CNY")
    orders_agree_with_cases()
    nothing_is_due(now)


def orders_agree_with_cases() -> None:
    back = Q(refunds__status="succeeded")
    for order in Order.objects.annotate(back=Sum("refunds__amount", filter=back, default=0)):
        assert order.refunded_amount == order.back, order
    for payment in Payment.objects.annotate(back=Sum("refunds__amount", filter=back, default=0)):
        assert payment.refunded == payment.back <= payment.amount
    assert not OrderLine.objects.filter(refunded_amount__gt=F("amount")).exists()
    assert set(Order.objects.filter(aftersales="open")) == set(Order.objects.filter(cases__status__in=OPEN))
    done = Case.objects.filter(status=CaseStatus.DONE).annotate(back=Sum("refunds__amount", default=0))
    assert not done.filter(replacement=None).exclude(back=F("amount")).exists()
    again = Order.objects.filter(kind__in=[Kind.EXCHANGE, Kind.REPLACEMENT])
    assert again.exists()
    assert not again.filter(replaces=None).exists()
    waiting = Case.objects.filter(status=CaseStatus.TO_RESEND)
    assert set(waiting.values_list("replacement__status", flat=True)) == {Status.TO_SHIP}
    assert (
        not OrderLine.objects.filter(order__in=waiting.values("replacement")).exclude(reserved=F("quantity")).exists()
    )


def nothing_is_due(now: Any) -> None:
    assert not Case.objects.filter(due_at__lte=now - timedelta(seconds=60)).exists()
    assert Event.objects.filter(subject_type__in=["case", "refund", "dispute"]).aggregate(Max("at"))["at__max"] <= now
    assert not Event.objects.filter(owed_at__isnull=False).exclude(kind__in=["shop.opened", "sku.low"]).exists()
    for subject in (*Dispute.objects.all(), *Appeal.objects.all(), *Case.objects.filter(evidence__isnull=False)):
        assert evidence.broken(evidence.of(subject)) == []
    assert not any(evidence.spoiled(row) for row in Evidence.objects.all())


def damaged_among(many: int, line: OrderLine) -> float:
    """Return how many of so many buyers of a line say that it came damaged, as a share: the few of a demo may vary."""
    market = next(one for one in MARKETS if one.code == line.shop.code)
    scene, rng = Scene(market, line.shop, 7, database_now()), Random(7)
    told = [reason_for(scene, line, CaseKind.REFUND, rng, arrived=True).code for _buyer in range(many)]
    return told.count("damaged") / many


def test_reasons_follow_the_goods_and_numbers_are_those_of_a_living_shop(filled: None) -> None:
    money = Case.objects.filter(kind__in=[CaseKind.REFUND, CaseKind.RETURN, CaseKind.EXCHANGE])
    fragile = Q(lines__line__title__contains="马克杯") | Q(lines__line__title__contains="餐碗")
    fragile |= Q(lines__line__title__contains="储物罐") | Q(lines__line__title__contains="mug")
    broken, others = (money.filter(one).distinct() for one in (fragile, ~fragile))
    often, seldom = (one.filter(reason="damaged").count() / one.count() for one in (broken, others))
    assert seldom < 0.25
    assert seldom < often
    assert damaged_among(400, OrderLine.objects.filter(title__contains="马克杯").select_related("shop")[0]) > 0.3
    left = Order.objects.filter(shipped_at__isnull=False).count()
    assert 0.04 < Case.objects.exclude(kind=CaseKind.CANCEL).count() / left < 0.09
    reviewed = Review.objects.count() / Order.objects.filter(status=Status.COMPLETED, kind=Kind.NORMAL).count()
    assert 0.5 < reviewed < 0.8
    assert 0.04 < Review.objects.filter(rating__lte=2).count() / Review.objects.count() < 0.16
    assert Refund.objects.filter(confirmed_by__isnull=False).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM aftersales_case WHERE overridden")
        assert cursor.fetchone()[0] > 0
