"""The after-sales of the living demo: who wants what about which case, review or message, and when.

As with orders, nothing is kept but what stands in the database, and what people want follows from the numbers of their
orders and cases, so a world that was ended goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from django.db.models import QuerySet

from aftersales.demo import deeds
from aftersales.demo.scenes import Scene
from aftersales.demo.settling import settle
from aftersales.models import NEGATIVE, Case, Conversation, Dispute, Refund, Review
from aftersales.states import OPEN, CaseKind, CaseStatus, DisputeStatus, RefundStatus
from orders.demo.living.wishes import LIFETIME, Wish
from orders.demo.living.world import OURS, World
from orders.models import Order
from orders.states import AfterSales, Kind, Status

Wanted = tuple[Wish, Callable[[], str]]
_LOOK = 300
_SHORTEST_WINDOW = timedelta(minutes=20)
# A record that changes is looked at again: each of its versions is a subject of its own.
_VERSIONS = 1000


@dataclass(frozen=True, slots=True)
class Want:
    """What somebody does about a record: how many of them do, after how many hours, and by which deed."""

    deed: str
    share: float
    low: float
    high: float
    act: Callable[[Scene, Any, Random], str]


_CLAIM = Want("claim", 0.08, 1, 20, deeds.claim)
_REVIEW = Want("review", 0.65, 1, 30, deeds.review)
_WRITE = Want("write", 0.08, 1, 30, deeds.write_message)
_OUTSIDE = {
    CaseStatus.REQUESTED: Want("withdraw", 0.06, 1, 3, deeds.withdraw),
    CaseStatus.OFFERED: Want("answer offer", 0.85, 1, 6, deeds.answer_offer),
    CaseStatus.TO_RETURN: Want("send back", 0.88, 3, 9, deeds.send_back),
    CaseStatus.RETURNING: Want("arrive", 1, 20, 60, deeds.arrive),
    CaseStatus.REFUSED: Want("escalate", 0.45, 2, 5, deeds.escalate),
}
_TEAM = {
    CaseStatus.REQUESTED: Want("answer case", 0.75, 1, 8, deeds.answer),
    CaseStatus.TO_INSPECT: Want("inspect", 0.85, 1, 8, deeds.inspect),
}
_ASK = Want("ask evidence", 1, 1, 6, deeds.ask_evidence)
_PUT_IN = Want("put in", 0.8, 1, 5, deeds.put_in)
_DECIDE = Want("decide", 1, 8, 40, deeds.decide)
_CONFIRM = Want("confirm refund", 1, 1, 6, deeds.confirm_refund)
_REPLY = Want("reply", 0.75, 1, 10, deeds.reply)
_ANSWER = Want("answer buyer", 0.8, 0.5, 8, deeds.answer_message)


class Afterwards:
    """The part of a demo shop's people that comes after the purchase; the team only where it is played at all."""

    def __init__(self, world: World) -> None:
        self.speed, self.staff = world.speed, world.staff
        settle(world.market, world.shop)
        self.scene = Scene(world.market, world.shop, 0, datetime.min.replace(tzinfo=UTC))

    def wants(self, now: datetime) -> Iterator[Wanted]:
        """Give what is wanted of everything that waits for somebody."""
        self.scene.until = now
        yield from self._of_orders(now)
        yield from self._of_cases()
        yield from self._of_disputes()
        if self.staff:
            yield from self._of_team()

    def _want(
        self, want: Want, found: QuerySet[Any], record: Any, number: str, since: datetime | None, version: int = 0
    ) -> Iterator[Wanted]:
        """Give what is wanted of one record, if its people want it at all."""
        rng = Random(f"{want.deed} {number} {version}")
        if since is None or rng.random() >= want.share:
            return
        due = since + timedelta(hours=want.low + (want.high - want.low) * rng.random()) / self.speed
        wish = Wish(want.deed, record.pk * _VERSIONS + version % _VERSIONS, number, due)
        yield wish, partial(self._do, want, found, record.pk, rng)

    def _do(self, want: Want, found: QuerySet[Any], pk: int, rng: Random) -> str:
        return want.act(self.scene, found.get(pk=pk), rng)

    def _of_orders(self, now: datetime) -> Iterator[Wanted]:
        """Give problems, opinions and questions about orders that were placed here lately."""
        since = now - max(LIFETIME / self.speed, _SHORTEST_WINDOW)
        orders = Order.objects.for_shop(self.scene.shop).select_related("shop__policy", "buyer")
        lately = orders.filter(number__regex=OURS, placed_at__gte=since, paid_amount__gt=0)
        lately = lately.exclude(kind__in=[Kind.EXCHANGE, Kind.REPLACEMENT]).order_by("-placed_at", "-pk")
        arrived = lately.filter(status__in=[Status.DELIVERED, Status.COMPLETED], aftersales=AfterSales.NONE)
        for order in arrived[:_LOOK]:
            yield from self._want(_CLAIM, orders, order, order.number, order.delivered_at)
        for order in lately.filter(status=Status.COMPLETED, reviews__isnull=True)[:_LOOK]:
            yield from self._want(_REVIEW, orders, order, order.number, order.completed_at)
        for order in lately.filter(conversations__isnull=True)[:_LOOK]:
            yield from self._want(_WRITE, orders, order, order.number, order.paid_at)

    def _of_cases(self) -> Iterator[Wanted]:
        """Give what buyers, carriers and the team want of the open cases of such orders."""
        cases = Case.objects.for_shop(self.scene.shop).select_related("shop__policy", "order", "buyer")
        waiting = cases.filter(status__in=OPEN, paused_at__isnull=True, order__number__regex=OURS)
        for case in waiting.exclude(kind=CaseKind.CANCEL).order_by("-pk")[:_LOOK]:
            for wants in (_OUTSIDE, _TEAM) if self.staff else (_OUTSIDE,):
                if want := wants.get(CaseStatus(case.status)):
                    yield from self._want(want, cases, case, case.order.number, case.status_at, case.version)

    def _of_disputes(self) -> Iterator[Wanted]:
        """Give what the platform asks and decides, and what the team says to it."""
        disputes = Dispute.objects.for_shop(self.scene.shop).select_related("shop__policy", "case__order")
        disputes = disputes.filter(case__order__number__regex=OURS)
        states = (DisputeStatus.IN_PROGRESS, DisputeStatus.EVIDENCE)
        for one in disputes.filter(status__in=states).order_by("-pk")[:_LOOK]:
            waits, number = one.status == DisputeStatus.EVIDENCE, one.case.order.number
            if waits and self.staff:
                yield from self._want(_PUT_IN, disputes, one, number, one.status_at)
            want = _ASK if one.evidence_by is None else _DECIDE
            yield from self._want(want, disputes, one, number, one.evidence_by if waits else one.status_at)

    def _of_team(self) -> Iterator[Wanted]:
        """Give what the team does about large refunds, bad reviews and unanswered buyers."""
        shop = self.scene.shop
        refunds = Refund.objects.for_shop(shop).select_related("shop__policy", "order")
        refunds = refunds.filter(status=RefundStatus.TO_CONFIRM, order__number__regex=OURS)
        for refund in refunds.order_by("-pk")[:_LOOK]:
            yield from self._want(_CONFIRM, refunds, refund, refund.order.number, refund.requested_at)
        reviews = Review.objects.for_shop(shop).select_related("shop", "order").filter(order__number__regex=OURS)
        for review in reviews.filter(first_rating__lte=NEGATIVE, replied_at=None).order_by("-pk")[:_LOOK]:
            yield from self._want(_REPLY, reviews, review, review.number, review.at)
        talks = Conversation.objects.for_shop(shop).select_related("shop__policy", "order")
        talks = talks.filter(order__number__regex=OURS, reply_by__isnull=False)
        for talk in talks.order_by("-pk")[:_LOOK]:
            yield from self._want(_ANSWER, talks, talk, talk.order.number if talk.order else "", talk.last_at)
