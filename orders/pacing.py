"""The limited pace of automatic cancels that come late, so that after an outage people can step in.

Whatever an order waited for, and however often its time was put off: when it is late by its own limit, its shop's next
turn decides. Orders whose turn has not come queue up, each with a turn of its own as its due time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from orders import clocks
from orders.models import CancelPace, Order
from sellercenter import schedule
from sellercenter.schedule import Schedule

# An order that is cancelled so much later than it should have been tells of an outage.
OUTAGE = timedelta(minutes=30)
# Late orders of one shop are cancelled one in this time.
PACE = timedelta(milliseconds=300)
# Sweeps come in rounds: turns that passed since the last one are made good, but those of a longer pause are not.
MADE_GOOD = timedelta(seconds=10)


def ready(rows: Sequence[Order], now: datetime) -> list[Order]:
    """Return the orders that may be cancelled now, of those due for it; the others are put off to a turn of their own.

    The caller holds the orders locked, with shops and policies read; `now` is the database's. Any number of sweeps may
    ask at once: those that find late orders of the same shop answer one after the other.
    """
    late = [order for order in rows if now - _limit(order) > OUTAGE]
    if not late:
        return [*rows]
    paces = _locked({order.shop_id for order in late}, now)
    by_shop: dict[int, list[Order]] = defaultdict(list)
    for order in late:
        by_shop[order.shop_id].append(order)
    waiting: dict[int, datetime] = {}
    for shop_id, group in by_shop.items():
        waiting |= _turns(paces[shop_id], group, now)
    CancelPace.objects.bulk_update(paces.values(), ["next_at", "queue_at"])
    put_off = [order for order in late if order.pk in waiting]
    schedule.write(Order, [(one.pk, Schedule.of(one).plus(one.due_step, waiting[one.pk])) for one in put_off])
    return [order for order in rows if order.pk not in waiting]


def _limit(order: Order) -> datetime:
    """Return when the order should have been cancelled; its due time may have been put off since."""
    own = {
        "expire": order.pay_by,
        "accept_cancel": order.answer_by,
        "cancel_unshipped": clocks.ship_limit(order, order.shop.policy),
    }
    return min(filter(None, (own[order.due_step], order.due_at)))


def _locked(shop_ids: set[int], now: datetime) -> dict[int, CancelPace]:
    """Lock the paces of shops, in the order of the shops; a shop that has none yet gets one."""
    ordered = sorted(shop_ids)
    found = CancelPace.objects.filter(pk__in=ordered).order_by("pk").select_for_update()
    paces = {pace.pk: pace for pace in found}
    if len(paces) < len(ordered):
        new = [CancelPace(shop_id=one, next_at=now, queue_at=now) for one in ordered]
        CancelPace.objects.bulk_create(new, ignore_conflicts=True)
        paces = {pace.pk: pace for pace in found.all()}
    return paces


def _turns(pace: CancelPace, late: Sequence[Order], now: datetime) -> dict[int, datetime]:
    """Use up the turns that the shop has now; return the times of those orders that have to wait."""
    if now - pace.next_at > MADE_GOOD:
        pace.next_at = now
    waiting = {}
    for order in late:
        first_seen = order.due_at == _limit(order)
        # Who queues already goes first; a pause may have taken their turns, so they ask for one all the same.
        if pace.next_at <= now and not (first_seen and pace.queue_at > now):
            pace.next_at += PACE
        else:
            waiting[order.pk] = max(pace.queue_at, pace.next_at, now)
            pace.queue_at = waiting[order.pk] + PACE
    return waiting
