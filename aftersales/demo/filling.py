"""Fill the after-sales of a demo shop around the orders that are there: the same for the same seed and moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from zlib import crc32

from django.db import transaction
from django.db.models import Prefetch

from aftersales import amounts
from aftersales.demo import papers, voices, writing
from aftersales.demo.asking import Asked, ask, reason_for, say
from aftersales.demo.paying import Paying
from aftersales.demo.replacing import replaced
from aftersales.demo.scenes import Scene
from aftersales.demo.settling import settle
from aftersales.demo.stories import Story
from aftersales.models import Case, CaseLine, Dispute, Evidence, Refund
from aftersales.states import OPEN, CaseKind, CaseStatus
from orders.demo.markets import Market
from orders.models import Order, OrderLine, Payment
from orders.states import AfterSales, CancelledBy, Kind, Status
from sellercenter.models import Shop
from sellercenter.money import ZERO
from sellercenter.permissions import SYSTEM

SHARE = 0.06
_BATCH = 500
# So that even a small demo shows every state, delivered orders are told where their cases stand, once as many days have
# passed since as that takes; the newest first.
_STAGES = (
    *((CaseStatus.REQUESTED, 0), (CaseStatus.REQUESTED, 0), (CaseStatus.REQUESTED, 0), (CaseStatus.REFUNDING, 1)),
    *((CaseStatus.OFFERED, 1), (CaseStatus.REFUSED, 1), (CaseStatus.TO_RETURN, 1), (CaseStatus.WITHDRAWN, 1)),
    *((CaseStatus.TO_RESEND, 2), (CaseStatus.DISPUTED, 2), (CaseStatus.RETURNING, 3), (CaseStatus.DISPUTED, 3)),
    *((CaseStatus.CLOSED, 4), (CaseStatus.TO_INSPECT, 5), (CaseStatus.TO_INSPECT, 6)),
)
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be told of an order: an open or granted wish to cancel, money that went back, or a claim."""

    what: str
    stage: CaseStatus | None = None


def fill(market: Market, shop: Shop, *, seed: int, until: datetime, share: float = SHARE, events: bool = True) -> None:
    """Write policies, cases with all that belongs to them, reviews and messages of a shop whose orders are there.

    `share` of the orders that left have a case; without `events` orders keep no history.
    """
    scene = Scene(market, shop, seed, until, events, settle(market, shop))
    plans = _plans(scene, share)
    stories: list[Case] = []
    if not plans:
        return
    waiting = iter(plans.items())
    while chunk := dict(islice(waiting, _BATCH)):
        stories += _tell(scene, chunk)
    papers.write(scene, stories)
    voices.write(scene)


def _plans(scene: Scene, share: float) -> dict[int, Plan]:
    """Choose the orders that something is told of, by key."""
    orders = Order.objects.for_shop(scene.shop).filter(paid_amount__gt=0)
    orders = orders.exclude(kind__in=[Kind.EXCHANGE, Kind.REPLACEMENT]).order_by("-delivered_at", "-pk")
    names = ("pk", "number", "status", "cancelled_by", "shipped_at", "delivered_at", "cancel_requested_at")
    found: dict[int, Plan] = {}
    stages = list(_STAGES)
    for pk, number, status, ended_by, shipped, delivered, asked in orders.values_list(*names).iterator():
        if status in (Status.TO_REVIEW, Status.TO_SHIP) and asked:
            found[pk] = Plan("cancel")
        elif status == Status.CANCELLED:
            found[pk] = Plan("cancelled" if ended_by == CancelledBy.BUYER and not shipped else "owed")
        elif status == Status.DELIVERED and stages and delivered <= scene.until - timedelta(days=stages[0][1]):
            found[pk] = Plan("claim", stages.pop(0)[0])
        elif status in (Status.SHIPPED, Status.DELIVERED, Status.COMPLETED) and _picked(scene, number, share):
            found[pk] = Plan("claim")
    return found


def _picked(scene: Scene, number: str, share: float) -> bool:
    return crc32(f"{scene.seed} {number}".encode()) < share * 2**32


def _tell(scene: Scene, plans: dict[int, Plan]) -> list[Case]:
    """Tell the stories of some orders and write them; return the cases that may have an appeal or a ticket."""
    lines = Prefetch("lines", OrderLine.objects.select_related("product", "sku").order_by("position", "pk"))
    payments = Prefetch("payments", Payment.objects.order_by("position"))
    orders = Order.objects.select_related("buyer", "recipient").prefetch_related(lines, payments).in_bulk(list(plans))
    stories, owed = [], []
    for pk, plan in plans.items():
        order = orders[pk]
        order.shop = scene.shop
        if plan.what == "owed":
            owed.append(_owed(scene, order))
        elif story := _story(scene, order, plan):
            stories.append(story)
    _write(scene, stories, owed)
    return [story.case for story in stories]


def _story(scene: Scene, order: Order, plan: Plan) -> Story | None:
    if plan.what != "claim":
        return _cancelling(scene, order, granted=plan.what == "cancelled")
    for attempt in range(_TRIES if plan.stage else 1):
        files, rng = scene.files, scene.chance("case", order.number, attempt)
        if asked := ask(scene, order, rng):
            story = Story(scene, order, asked, rng)
            story.paying.failing = 0.9 if plan.stage == CaseStatus.REFUNDING else story.paying.failing
            story.live()
            if plan.stage in (None, story.case.status):
                return story
        scene.files = files
    return None


def _cancelling(scene: Scene, order: Order, *, granted: bool) -> Story | None:
    """Tell of a wish to cancel: one that waits, or one that was granted, whose money the order has given back."""
    rng, lines = scene.chance("cancel", order.number), list(order.lines.all())
    at = order.cancel_requested_at
    if granted:
        paid, ended = order.paid_at or order.placed_at, order.cancelled_at or scene.until
        at = paid + (ended - paid) * (0.3 + 0.6 * rng.random())
    assert at is not None
    reason = reason_for(scene, lines[0], CaseKind.CANCEL, rng, arrived=False)
    asked = Asked(CaseKind.CANCEL, reason, at, say(scene, reason.code, rng), *_everything(order, lines))
    story = Story(scene, order, asked, rng)
    story.case.act_by = order.answer_by or story.case.act_by
    if not granted:
        return story.rest()
    story.paying.pay = partial(story.paying.pay, surely=True)  # type: ignore[method-assign]
    ended = order.cancelled_at or scene.until
    story.refund("accept", scene.decider, ended, decided_at=ended)
    story.finish(scene.until)
    return story.rest()


def _everything(order: Order, lines: list[OrderLine]) -> tuple[list[tuple[OrderLine, int, Decimal]], Decimal]:
    """Return all lines with what was paid for them, and what was paid besides."""
    for line in lines:
        line.status = ""  # a cancelled line was worth something before
    worth = amounts.shares(order, lines)
    return [(line, line.quantity, worth.lines[line.pk]) for line in lines], worth.rest


def _owed(scene: Scene, order: Order) -> Paying:
    """Tell how the money of an order that was cancelled without a case went back."""
    paying = Paying(scene, order, scene.chance("owed", order.number))
    paying.pay(order.refunded_amount, order.cancelled_at or scene.until, by=SYSTEM, case=None, surely=True)
    return paying


@transaction.atomic
def _write(scene: Scene, stories: list[Story], owed: list[Paying]) -> None:
    """Write cases with their lines, refunds, disputes and evidence, and what they changed of their orders."""
    replaced(scene, stories)
    disputes = [story.arbitration for story in stories if story.arbitration]
    wanted = [*(one for each in stories for one in each.proofs), *(one for each in disputes for one in each.proofs)]
    kept, told = writing.proofs(scene, wanted)
    told += [one for each in stories for one in (*each.told, *each.paying.told)]
    told += [one for each in owed for one in each.told]
    told += [one for each in disputes for one in each.told]
    writing.write(
        writing.rows(Case, [story.case for story in stories]),
        writing.rows(CaseLine, [line for story in stories for line in story.lines]),
        writing.rows(Refund, [refund for one in (*(s.paying for s in stories), *owed) for refund in one.refunds]),
        writing.rows(Dispute, [one.dispute for one in disputes]),
        writing.rows(Evidence, kept),
        writing.history(scene, told),
    )
    _change(stories)


def _change(stories: list[Story]) -> None:
    writing.change_orders([_order_change(story) for story in stories])
    writing.complete_orders([(story.order.pk, at) for story in stories if (at := story.completes_at)])
    writing.change_payments(list(_payment_changes(stories)))
    writing.change_lines([(one.line_id, one.amount) for s in stories if s.granted for one in s.lines if one.amount])


def _order_change(story: Story) -> tuple[int, Decimal, Decimal, str]:
    """Return what a case added to its order; the tales knew of what went back for a cancelled one."""
    back = ZERO if story.order.status == Status.CANCELLED else story.paying.arrived
    state = AfterSales.OPEN if story.case.status in OPEN else AfterSales.CLOSED
    return story.order.pk, back, story.paying.under_way, str(state)


def _payment_changes(stories: list[Story]) -> Iterator[tuple[int, Decimal, Decimal]]:
    for story in stories:
        if story.order.status == Status.CANCELLED:
            continue
        sums: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
        for refund in story.paying.refunds:
            if refund.status == "succeeded":
                sums[refund.payment_id][0] += refund.amount
            elif refund.status not in ("failed", "rejected"):
                sums[refund.payment_id][1] += refund.amount
        yield from ((pk, back, under_way) for pk, (back, under_way) in sums.items())
