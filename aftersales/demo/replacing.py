"""The orders by which invented cases are sent again: those that have left, and those that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from aftersales.demo.scenes import Scene
from aftersales.demo.stories import Story
from aftersales.states import CaseKind, CaseStatus
from orders import inventory
from orders.demo.parcels import scan, tracking_no
from orders.facts import OrderFacts, ParcelFacts
from orders.loading import load
from orders.models import Order
from orders.placing import Again, replacement_facts
from orders.states import Kind, ParcelStatus, Status
from sellercenter.lifecycle import Refused

_ON_THE_WAY, _KEPT = timedelta(hours=55), timedelta(days=3)
# Apart from the running numbers of the tales and of the living demo.
_FIRST_PARCEL = 800_000_000


def replaced(scene: Scene, stories: list[Story]) -> None:
    """Give each case that is sent again its order, and leave out those whose goods are sold out."""
    sent = [story for story in stories if story.resent_at]
    ids = load(scene.shop, [_told(scene, story) for story in sent], by=scene.boss, now=scene.until, events=scene.events)
    for story in sent:
        story.case.replacement_id = ids[_number(story)]
    for story in [story for story in stories if story.case.status == CaseStatus.TO_RESEND]:
        try:
            story.case.replacement_id = _waiting(scene, story)
        except Refused:
            stories.remove(story)


@transaction.atomic
def _waiting(scene: Scene, story: Story) -> int:
    """Load an order that waits to be shipped, and set its units aside; return its key."""
    ids = load(scene.shop, [_told(scene, story)], by=scene.boss, now=scene.until, events=scene.events)
    order = Order.objects.select_related("shop__policy").get(pk=ids[_number(story)])
    inventory.reserve(order, list(order.lines.all()), by=scene.decider)
    return order.pk


def _number(story: Story) -> str:
    return f"{story.case.number}-R"


def _told(scene: Scene, story: Story) -> OrderFacts:
    """Tell of an order without a price: it waits, or has left, and has arrived by now when there was time."""
    order, left = story.order, story.resent_at
    began = story.case.inspected_at or story.case.decided_at or story.case.status_at
    spans = (_ON_THE_WAY, _ON_THE_WAY + _KEPT)
    arrived, kept = (at if left and (at := left + span) <= scene.until else None for span in spans)
    stages = ((Status.COMPLETED, kept), (Status.DELIVERED, arrived), (Status.SHIPPED, left))
    waiting = replacement_facts(
        order,
        [Again(one.line, one.quantity) for one in story.lines],
        kind=Kind.EXCHANGE if story.case.kind == CaseKind.EXCHANGE else Kind.REPLACEMENT,
        number=_number(story),
        at=began,
    )
    return replace(
        waiting,
        stage=next((stage for stage, at in stages if at), Status.TO_SHIP),
        shipped_at=left,
        delivered_at=arrived,
        completed_at=kept,
        parcels=[_parcel(scene, story, left, arrived)] if left else [],
    )


def _parcel(scene: Scene, story: Story, left: datetime, arrived: datetime | None) -> ParcelFacts:
    carrier, told = scene.words.CARRIER, (("picked_up", left), ("delivered", arrived))
    return ParcelFacts(
        carrier=carrier,
        tracking_no=tracking_no(scene.market, carrier, _FIRST_PARCEL + int(story.order.number[-7:])),
        status=ParcelStatus.DELIVERED if arrived else ParcelStatus.IN_TRANSIT,
        shipped_at=left,
        delivered_at=arrived,
        tracking=[scan(scene.market, code, story.order.city, at=at) for code, at in told if at],
    )
