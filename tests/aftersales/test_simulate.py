"""The demo that lives after the purchase: its people go through the verbs, and leave a world that adds up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from aftersales import paying, timers
from aftersales.demo import living
from aftersales.models import Case, Conversation, Refund, Review
from aftersales.states import ENDED, CaseStatus, RefundStatus
from orders.demo import haste
from orders.demo.filling import fill
from orders.demo.living import World
from orders.demo.markets import HARBOUR
from sellercenter import invariants
from sellercenter.models import Event, Shop
from sellercenter.ticks import database_now
from tests.orders.test_simulate import FAST, have, settled

pytestmark = pytest.mark.django_db


@pytest.fixture
def harbour(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The British demo shop with 500 units of everything, where everybody has a problem, an opinion and a question."""
    settings.DEMO, settings.REFUND_GATEWAY = True, "aftersales.refund_gateways.RecordingGateway"
    for name in ("_CLAIM", "_REVIEW", "_WRITE"):
        want = getattr(living, name)
        monkeypatch.setattr(living, name, living.Want(want.deed, 1, want.low, want.high, want.act))
    fill(orders=0, seed=7, until=database_now())
    shop = Shop.objects.select_related("policy").get(code="harbour")
    have(shop, 500)
    return shop


def lived(*, orders: int = 24) -> list[str]:
    """Let orders be placed and everybody live until nobody does anything more; return what was told."""
    world = World(HARBOUR, speed=FAST, seed="7", staff=True)
    told = [world.place() for _each in range(orders)]
    for _round in range(4):
        told += settled(world)
        paying.pay_due(100)
    # Two people may want the same case in one moment: whoever is late is told so.
    assert [deed for deed in told if deed.refused and "meanwhile" not in deed.said] == []
    return [deed.said for deed in told]


def test_buyers_have_problems_and_the_team_solves_them(harbour: Shop) -> None:
    told = " | ".join(lived())
    for deed in ("opens case", "answers case", "of 5 stars", "buyer writes", "answers the buyer"):
        assert deed in told
    assert Case.objects.filter(status=CaseStatus.DONE).exists()
    assert Case.objects.filter(status__in=ENDED).count() > 3
    assert Refund.objects.filter(status=RefundStatus.SUCCEEDED).exists()
    assert not Refund.objects.exclude(status=RefundStatus.SUCCEEDED).exists()
    assert Review.objects.exists()
    assert Conversation.objects.filter(unread=0).exists()
    assert [(one.code, one.records) for one in invariants.check(live=False)] == []


def test_in_the_hasty_shop_silence_accepts_a_case(harbour: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(living, "_TEAM", {})
    haste.hasten()
    lived(orders=10)
    silent = Case.objects.filter(status=CaseStatus.REQUESTED)
    assert {case.act_by - case.opened_at for case in silent if case.act_by} == {timedelta(minutes=3)}
    silent.update(act_by=Now(), due_at=Now(), due_step="consent", due_later=[])
    timers.fire_due(100)
    assert not silent.exists()
    assert Event.objects.filter(kind__endswith="accepted", subject_type="case", actor_kind="system").exists()
