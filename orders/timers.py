"""The sweep that lets orders whose time is up take their next step by themselves.

It asks the database what is due, claims it under locks that other sweeps pass by, and decides there and then: any
number of processes may run it. A batch is decided by a few statements; when one of its orders spoils that, each order
is decided alone, and the one that can't be is put off, counted, and given up at last where people can see it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Now

from orders import actions, clocks, gateways, inventory, pacing
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine, Parcel
from orders.payments import pay
from orders.states import UNSHIPPED, Abnormal, AfterSales, CancelledBy, LineStatus, Status
from sellercenter import events, faults, schedule
from sellercenter.crash import crash_here
from sellercenter.models import Event, Fault, Shop
from sellercenter.permissions import SYSTEM, Actor
from sellercenter.schedule import Schedule

BATCH = 250
# A payment that is under way at the provider gets this much more time, once.
GRACE = timedelta(minutes=30)
# When a gateway that does not answer is asked again.
ASK_AGAIN = timedelta(minutes=1)
# When an order is looked at again that does not complete because a case is open; its end brings this forward.
LOOK_AGAIN = timedelta(days=1)

# What the steps read of an order; a row's sixty columns would cost more than what is done with it.
_READ = (
    *("shop_id", "status", "due_at", "due_step", "due_later", "paid_at", "pay_by", "ship_by", "shipped_at"),
    *("answer_by", "abnormal", "held", "cancel_requested_at", "aftersales"),
)

logger = logging.getLogger(__name__)


def fire_due(limit: int = BATCH) -> int:
    """Let up to `limit` orders whose time is up take their next step; return how many were handled."""
    asked = _ask_before_expiry(limit) if gateways.configured() else None
    try:
        with transaction.atomic():
            rows, now = _claim(limit, asked)
            _fire(rows, now)
            crash_here("timer.decided")
        crash_here("timer.committed")
        return len(rows)
    except (transaction.TransactionManagementError, KeyboardInterrupt):
        raise
    except Exception:  # one order of the batch can't be decided: find out which, and let the others pass
        return _one_by_one(limit, asked)


def _due(asked: set[int] | None) -> QuerySet[Order]:
    """Return the orders whose time is up, the longest waiting first; unpaid ones only when their gateway answered."""
    due = Order.objects.filter(due_at__lte=Now()).order_by("due_at", "pk")
    return due if asked is None else due.filter(~Q(due_step="expire") | Q(pk__in=asked))


def _claim(limit: int, asked: set[int] | None, **only: int) -> tuple[list[Order], datetime]:
    """Lock due orders that nobody else holds, and return them with the database's now."""
    due = _due(asked).filter(**only).only(*_READ).annotate(now_there=Now())
    rows = _with_shops(due.select_for_update(skip_locked=True)[:limit])
    return rows, rows[0].now_there if rows else datetime.min  # type: ignore[attr-defined]


def _with_shops(found: QuerySet[Order]) -> list[Order]:
    """Read orders, and their few shops once instead of with every row."""
    rows = list(found)
    shops = Shop.objects.select_related("policy").in_bulk({order.shop_id for order in rows})
    for order in rows:
        order.shop = shops[order.shop_id]
    return rows


def _one_by_one(limit: int, asked: set[int] | None) -> int:
    """Decide each due order alone; put off the one that can't be decided."""
    handled = 0
    for pk, shop_id, step in _due(asked).values_list("pk", "shop_id", "due_step")[:limit]:
        try:
            with transaction.atomic():
                rows, now = _claim(1, asked, pk=pk)
                _fire(rows, now)
            handled += len(rows)
        except Exception as error:  # whatever it is, its neighbours must not wait for it
            _put_off(pk, shop_id, step, error)
            handled += 1
    return handled


@transaction.atomic
def _put_off(pk: int, shop_id: int, step: str, error: Exception) -> None:
    """Count the failed attempt and try again later; after the last one the step waits for a person."""
    fault = faults.note("order", pk, step, shop_id, error)
    order = Order.objects.select_for_update().get(pk=pk)
    planned = Schedule.of(order)
    if order.due_step != step:
        return
    if fault.dead_at:
        schedule.put(order, planned.rest())
        events.record(order.shop, "order.step_failed", order, by=SYSTEM, step=step)
    else:
        schedule.put(order, planned.plus(step, fault.last_at + faults.wait_after(fault.attempts)))


@transaction.atomic
def replay(fault: Fault, *, by: Actor) -> None:
    """Let a step that was given up come again, now, if it still makes sense; forget the fault."""
    order = Order.objects.select_for_update().annotate(now_there=Now()).filter(pk=fault.subject_id).first()
    if order is not None and _makes_sense(order, fault.step):
        schedule.put(order, Schedule.of(order).plus(fault.step, order.now_there))
        events.record(order.shop, "order.replayed", order, by=by, step=fault.step)
    faults.forget(fault, by=by)


def _makes_sense(order: Order, step: str) -> bool:
    timer = ORDER.timers.get(Status(order.status))
    return timer is not None and step in [one.name for one in timer.steps]


# --- Steps ------------------------------------------------------------------------------------------------------------


def _fire(rows: Sequence[Order], now: datetime) -> None:
    """Let locked orders take their steps, all of one step together; late cancels whose turn has not come wait."""
    ending = [order for order in rows if _would_end(order)]
    put_off = {order.pk for order in ending} - {order.pk for order in pacing.ready(ending, now)}
    groups: dict[str, list[Order]] = defaultdict(list)
    for order in rows:
        if order.pk not in put_off:
            groups[order.due_step].append(order)
    for step, group in groups.items():
        _STEPS[step](group, now)
        faults.cleared("order", [order.pk for order in group], step)
    _give_back([order.pk for order in ending if order.pk not in put_off])


def _would_end(order: Order) -> bool:
    """Say whether the order's step cancels it; what has partly left stays, and so does what nobody asks to cancel."""
    if order.due_step not in _CANCELS or order.status not in ORDER.moves[order.due_step].sources:
        return False
    return order.due_step != "accept_cancel" or order.cancel_requested_at is not None


def _give_back(ids: Sequence[int]) -> None:
    """Cancel the lines of cancelled orders and give back what they reserve: SKUs are locked once, in their order."""
    if ids:
        OrderLine.objects.filter(order__in=ids).exclude(status=LineStatus.CANCELLED).update(status=LineStatus.CANCELLED)
        inventory.release_many(ids, by=SYSTEM)


def _advance(rows: Sequence[Order]) -> None:
    """Let what comes after the step come next."""
    if rows:
        schedule.write(Order, [(order.pk, Schedule.of(order).rest()) for order in rows])


def _remind(stage: str, channels: str) -> Callable[[Sequence[Order], datetime], None]:
    def remind(rows: Sequence[Order], now: datetime) -> None:
        told = [order for order in rows if getattr(order.shop.policy, channels) and _to_remind(order, stage, now)]
        events.record_all(
            *("order.reminded", told),
            by=SYSTEM,
            data=lambda order: {"stage": stage, "channels": getattr(order.shop.policy, channels)},
        )
        _advance(rows)

    return remind


def _to_remind(order: Order, stage: str, now: datetime) -> bool:
    """Say whether a reminder makes sense still, and whether it is not the first of two that come together."""
    if order.status != Status.UNPAID or order.held or (order.pay_by is not None and order.pay_by <= now):
        return False
    both = any(name == "remind_again" and at <= now for at, name in Schedule.of(order).steps)
    return stage == "second" or not both or not order.shop.policy.second_channels


def _tell(kind: str) -> Callable[[Sequence[Order], datetime], None]:
    def tell(rows: Sequence[Order], now: datetime) -> None:
        events.record_all(kind, rows, by=SYSTEM, data=lambda order: {"ship_by": order.ship_by})
        _advance(rows)

    return tell


def _expire(rows: Sequence[Order], now: datetime) -> None:
    """Cancel what was not paid in time; part payments become refunds to make."""
    _end(rows, "expire", now, cancelled_by=CancelledBy.SYSTEM, refund_due=actions.OWED)


def _end(rows: Sequence[Order], move: str, now: datetime, **fields: Any) -> None:
    """Cancel locked orders; their lines and what they reserve follow together with those of the other steps."""
    if rows:
        fields |= {"cancelled_at": now, "updated_at": now}
        ORDER.move_all(rows, move, by=SYSTEM, now=now, **fields)


def _cancel_unshipped(rows: Sequence[Order], now: datetime) -> None:
    """Cancel what was not shipped by the automatic limit; what has partly left stays with people."""
    whole = [order for order in rows if _would_end(order)]
    _end(whole, "cancel_unshipped", now, cancelled_by=CancelledBy.SYSTEM, refund_due=actions.OWED)
    _advance([order for order in rows if order.status != Status.CANCELLED])


def _accept_cancel(rows: Sequence[Order], now: datetime) -> None:
    """Take silence for consent: the buyer's wish to cancel is granted."""
    asked = [order for order in rows if _would_end(order)]
    values = {"cancelled_by": CancelledBy.BUYER, "cancel_reason": F("cancel_wish"), "refund_due": actions.OWED}
    _end(asked, "accept_cancel", now, **values)
    _advance([order for order in rows if order.status != Status.CANCELLED])


def _silence(rows: Sequence[Order], now: datetime) -> None:
    """Mark orders of whose parcels the carrier has told nothing for too long; news since then puts it off."""
    news = dict(
        Parcel.objects.filter(parts__order__in=rows)
        .values_list("parts__order")
        .annotate(last=Max("last_event_at"))
        .order_by("parts__order")
    )
    silent = []
    for order in rows:
        # A carrier may have told of a label long before the parcel left.
        heard = max(filter(None, (news.get(order.pk), order.shipped_at)), default=None)
        until = clocks.plus(heard, order.shop.policy.tracking_silence)
        if until is not None and until > now:
            schedule.put(order, Schedule.of(order).plus("silence", until))
        else:
            silent.append(order)
    unmarked = [order.pk for order in silent if not order.abnormal]
    Order.objects.filter(pk__in=unmarked).update(abnormal=Abnormal.PARCEL, abnormal_at=now, updated_at=now)
    events.record_all("order.silent", silent, by=SYSTEM)
    _advance(silent)


def _complete(rows: Sequence[Order], now: datetime) -> None:
    """Take receipt for confirmed; an order with an open case is looked at again later, or when the case has ended."""
    calm = [order for order in rows if order.aftersales != AfterSales.OPEN]
    if calm:
        ORDER.move_all(calm, "complete", by=SYSTEM, now=now, completed_at=now, updated_at=now)
    busy = [order for order in rows if order.aftersales == AfterSales.OPEN]
    schedule.write(Order, [(order.pk, Schedule.of(order).plus("complete", now + LOOK_AGAIN)) for order in busy])


_CANCELS = ("expire", "cancel_unshipped", "accept_cancel")
_STEPS: dict[str, Callable[[Sequence[Order], datetime], None]] = {
    "remind": _remind("first", "first_channels"),
    "remind_again": _remind("second", "second_channels"),
    "expire": _expire,
    "warn_ship": _tell("order.ship_warned"),
    "overdue": _tell("order.overdue"),
    "cancel_unshipped": _cancel_unshipped,
    "accept_cancel": _accept_cancel,
    "silence": _silence,
    "complete": _complete,
}


# --- Asking the payment gateway ---------------------------------------------------------------------------------------


def _ask_before_expiry(limit: int) -> set[int]:
    """Ask the gateway about the unpaid orders whose time is up, and return those of which it said that nothing came.

    Asked outside any transaction, because it may take long. Money that came is recorded; money under way gets a grace,
    once; without an answer nothing is cancelled, and the question is put again later.
    """
    waiting = Order.objects.filter(due_at__lte=Now(), due_step="expire").order_by("due_at", "pk")
    asked = {gateways.question(order): order for order in waiting.select_related("shop__policy")[:limit]}
    if not asked:
        return set()
    try:
        answers = gateways.ask([*asked])
    except gateways.NoAnswer as error:
        logger.warning("the payment gateway does not answer about %d unpaid orders: %s", len(asked), error)
        answers = {}
    may_expire = set()
    for question, order in asked.items():
        try:
            if question.order in answers and _may_expire(order, answers[question.order]):
                may_expire.add(order.pk)
        except Exception as error:  # an answer that makes no sense must not keep its neighbours waiting
            _put_off(order.pk, order.shop_id, "expire", error)
    _ask_later([order.pk for question, order in asked.items() if question.order not in answers])
    return may_expire


@transaction.atomic
def _ask_later(ids: Sequence[int]) -> None:
    """Put the end of unpaid orders off, one by one at the pace, without counting it against them."""
    if not ids:
        return
    waiting = Order.objects.filter(pk__in=ids, due_step="expire").order_by("due_at", "pk").annotate(now_there=Now())
    planned = []
    for place, order in enumerate(waiting.select_for_update(skip_locked=True)):
        at = order.now_there + ASK_AGAIN + pacing.PACE * place
        planned.append((order.pk, Schedule.of(order).plus("expire", at)))
    schedule.write(Order, planned)


def _may_expire(order: Order, answer: gateways.Answer) -> bool:
    """Record what the gateway knows of an order, and say whether it may be cancelled now."""
    if answer.state == "captured":
        told = {"method": answer.method, "transaction_no": answer.transaction_no}
        pay(order, amount=answer.amount, by=SYSTEM, **told)
        return order.status == Status.UNPAID
    return answer.state != "processing" or not _give_grace(order.pk)


@transaction.atomic
def _give_grace(pk: int) -> bool:
    """Let an order wait for a payment that is under way, once; say whether it waits."""
    order = Order.objects.select_for_update().annotate(now_there=Now()).get(pk=pk)
    if order.due_step != "expire" or events.of(order).filter(kind="order.payment_awaited").exists():
        return False
    until = order.now_there + GRACE
    schedule.put(order, Schedule.of(order).plus("expire", until))
    events.record(order.shop, "order.payment_awaited", order, by=SYSTEM, until=until)
    return True


# --- A new policy for open orders -------------------------------------------------------------------------------------

_STAGES = {"first": "remind", "second": "remind_again"}
_CLOCKED = ("pay_by", "ship_by", "confirm_by", "answer_by")


def lock_to_wind(shop: Shop, keys: Sequence[int]) -> dict[int, Order]:
    """Lock orders of a shop in the order of their keys, and return by key what `wind_anew` reads of them."""
    found = Order.objects.for_shop(shop).filter(pk__in=keys).order_by("pk")
    return {order.pk: order for order in _with_shops(found.annotate(now_there=Now()).select_for_update())}


def wind_anew(orders: Sequence[Order]) -> None:
    """Wind the clocks of open orders by their shop's policy as it is now, in the caller's transaction.

    The orders come from `lock_to_wind`. A ship-by time that was promised from outside stays, and so does that of what
    has left; a stage at which the buyer was reminded does not come again.
    """
    planned, reminded = [], _reminded(orders)
    for order in orders:
        policy, now = order.shop.policy, order.now_there  # type: ignore[attr-defined]
        order.pay_by = clocks.plus(order.placed_at, policy.payment_window)
        if order.status in UNSHIPPED and not order.ship_by_promised:
            order.ship_by = clocks.plus(order.paid_at, policy.ship_within)
        order.confirm_by = clocks.plus(order.delivered_at, policy.receipt_window)
        order.answer_by = clocks.plus(order.cancel_requested_at, policy.cancel_answer)
        ahead = ORDER.plan(order, {}, now=now)
        for stage in reminded[order.pk]:
            ahead = ahead.without(_STAGES.get(stage, ""))
        if order.status == Status.SHIPPED and policy.tracking_silence and order.due_step == "silence":
            # News may have put it off; the sweep looks at the parcels again.
            ahead = ahead.plus("silence", max(now, clocks.silence(order, policy) or now))
        planned.append((order.pk, ahead))
    Order.objects.bulk_update(orders, _CLOCKED)
    schedule.write(Order, planned)


def _reminded(rows: Sequence[Order]) -> dict[int, set[str]]:
    """Return the stages at which each order's buyer was reminded already: once is all that a stage gets."""
    told: dict[int, set[str]] = defaultdict(set)
    unpaid = [order.pk for order in rows if order.status == Status.UNPAID]
    past = Event.objects.filter(subject_type="order", subject_id__in=unpaid, kind="order.reminded")
    for pk, data in past.values_list("subject_id", "data"):
        told[pk].add(data.get("stage", ""))
    return told
