"""What becomes of refunds at the gateway: a sweep hands them over, asks about them, and books what it is told.

No transaction and no lock is held while the gateway is waited for. A refund is marked before it is handed over; whoever
dies in between is followed, once the lease is over, by a question under the same key, and never by a new refund.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now

from aftersales import actions
from aftersales.lifecycle import REFUND
from aftersales.lifecycle.refunds import ASK_AFTER
from aftersales.models import Refund
from aftersales.refund_gateways import Demand, NoAnswer, Verdict, configured, gateway
from aftersales.states import CaseStatus, RefundStatus
from orders import payments
from sellercenter import faults, schedule
from sellercenter.crash import crash_here
from sellercenter.due_steps import DueSteps
from sellercenter.lifecycle import locked
from sellercenter.models import Fault
from sellercenter.permissions import SYSTEM, Actor
from sellercenter.schedule import Schedule

# As many refunds are on their way to the gateway at once.
PARALLEL = 8
_STEPS = DueSteps(REFUND, Refund, {})
_AT_GATEWAY = (RefundStatus.SUBMITTED, RefundStatus.UNKNOWN)


@dataclass(frozen=True)
class Errand:
    """One call that this process alone makes until its lease ends."""

    refund: int
    step: str
    demand: Demand


def pay_due(limit: int) -> int:
    """Hand over, or ask about, up to `limit` refunds whose time has come; return how many were handled."""
    handled = 0
    while handled < limit:
        due = Refund.objects.filter(due_at__lte=Now()).order_by("due_at", "pk")
        found = list(due.values_list("pk", "shop_id", "due_step")[: min(PARALLEL, limit - handled)])
        if not found:
            break
        errands = [errand for one in found if (errand := _guarded_claim(*one))]
        crash_here("refund.claimed")
        with ThreadPoolExecutor(PARALLEL) as pool:
            said = list(pool.map(_call, errands))
        crash_here("refund.called")
        for errand, verdict in zip(errands, said, strict=True):
            _guarded_note(errand, verdict)
            crash_here("refund.noted")
        handled += len(found)
    return handled


def _guarded_claim(pk: int, shop_id: int, step: str) -> Errand | None:
    """Claim a refund; one that can't be claimed is put off, counted, and must not keep its neighbours."""
    try:
        return _claim(pk)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        _STEPS.put_off(pk, shop_id, step, error)
        return None


@transaction.atomic
def _claim(pk: int) -> Errand | None:
    """Mark a due refund as on its way, and say what to call for; None when somebody else is at it."""
    free = Refund.objects.select_for_update(skip_locked=True, of=("self",)).annotate(now_there=Now())
    found = free.select_related("shop__policy", "order", "payment").filter(pk=pk, due_at__lte=Now())
    if (refund := found.first()) is None:
        return None
    step = refund.due_step
    if step == "submit" and not configured():  # there was a gateway when it was asked for: now a person pays
        schedule.put(refund, Schedule.of(refund).rest())
        return None
    tries = {"attempts": refund.attempts + 1}
    if step == "submit":
        REFUND.move(refund, "submit", by=SYSTEM, data={"amount": refund.amount}, submitted_at=Now(), **tries)
    else:
        Refund.objects.filter(pk=refund.pk).update(**tries)
        _ask_at(refund, refund.now_there + ASK_AFTER)
    return Errand(refund.pk, step, _demand(refund))


def _demand(refund: Refund) -> Demand:
    order = f"{refund.shop.code}/{refund.order.number}"
    return Demand(refund.key, order, refund.payment.transaction_no, refund.amount, refund.currency)


def _call(errand: Errand) -> Verdict | Exception:
    """Call the gateway, without the database; what it never heard of is handed over under the same key."""
    way = gateway()
    try:
        if errand.step == "ask" and (verdict := way.ask(errand.demand.key)).state != "none":
            return verdict
        return way.submit(errand.demand)
    except Exception as error:  # one that a gateway can't bear must not keep the others
        return error


def _guarded_note(errand: Errand, said: Verdict | Exception) -> None:
    """Book what was said; when that fails, the gateway is asked again later, and the failure counted."""
    refund = Refund.objects.select_related("shop__policy", "order", "case", "payment").get(pk=errand.refund)
    try:
        _note(refund, said)
        for step in {errand.step, "ask"}:
            faults.cleared("refund", [refund.pk], step)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        _STEPS.put_off(refund.pk, refund.shop_id, "ask", error)


@transaction.atomic
def _note(refund: Refund, said: Verdict | Exception) -> None:
    """Book what the gateway said of a refund, unless that has been done already."""
    locked(refund.order)
    now = locked(refund)
    if refund.status not in _AT_GATEWAY:
        return
    said = _sensible(refund, said)
    if isinstance(said, Exception):
        _no_answer(refund, said, now)
    elif said.state == "succeeded":
        succeed(refund, "succeed", said.refund_no or refund.key, by=SYSTEM)
    elif said.state == "failed":
        fail(refund, "fail", said.reason, by=SYSTEM)
    else:
        Refund.objects.filter(pk=refund.pk).update(last_error=said.state[:200])
        _ask_at(refund, now + faults.wait_after(refund.attempts))


def _sensible(refund: Refund, said: Verdict | Exception) -> Verdict | Exception:
    """Take a number that another refund has for no answer."""
    if isinstance(said, Exception) or said.state != "succeeded":
        return said
    taken = number_taken(refund, said.refund_no or refund.key)
    return NoAnswer("the number belongs to another refund") if taken else said


def number_taken(refund: Refund, number: str) -> bool:
    """Say whether another refund of the shop has this number already: one number never counts twice."""
    return Refund.objects.filter(shop=refund.shop_id, provider_no=number[:80]).exclude(pk=refund.pk).exists()


def _no_answer(refund: Refund, error: Exception, now: datetime) -> None:
    """Nobody knows what became of it: ask again, ever later."""
    why = str(error)[:200] if isinstance(error, NoAnswer) else faults.describe(error)[:200]
    if refund.status == RefundStatus.SUBMITTED:
        REFUND.move(refund, "lose_track", by=SYSTEM, data={"reason": why}, last_error=why)
        return
    Refund.objects.filter(pk=refund.pk).update(last_error=why)
    _ask_at(refund, now + faults.wait_after(refund.attempts))


def _ask_at(refund: Refund, at: datetime) -> None:
    schedule.put(refund, Schedule.of(refund).plus("ask", at))


@transaction.atomic
def succeed(refund: Refund, move: str, number: str, *, by: Actor, **fields: object) -> None:
    """Make the move of a refund whose order the caller has locked: book its money, and end its case if that was all."""
    number = number[:80]
    told = {"amount": refund.amount, "provider_no": number, "by_hand": move == "settle_by_hand"}
    REFUND.move(refund, move, by=by, data=told, ended_at=Now(), provider_no=number, last_error="", **fields)
    payments.book_refund(
        refund.payment, amount=refund.amount, reference=number, refund=refund.key, owed=refund.case_id is None, by=by
    )
    if refund.case is not None and refund.case.status == CaseStatus.REFUNDING:
        actions.finish(refund.case, by=SYSTEM)


@transaction.atomic
def fail(refund: Refund, move: str, reason: str, *, by: Actor) -> None:
    """Make the move of a refund that does not go back, whose order the caller has locked: its money is free again."""
    reason = reason.strip()[:200]
    told = {"amount": refund.amount, "reason": reason}
    REFUND.move(refund, move, by=by, data=told, ended_at=Now(), last_error=reason)
    payments.free_refund(refund.payment, amount=refund.amount)


def replay(fault: Fault, *, by: Actor) -> None:
    """Hand over, or ask about, a refund that was given up, now; forget the fault."""
    _STEPS.replay(fault, by=by)
