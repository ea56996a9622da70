"""What happens to cases by itself: warnings, and silence that is taken for an answer."""

from __future__ import annotations

from datetime import datetime

from aftersales import actions, review_rules
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case, CaseLine
from aftersales.states import CaseKind, CaseStatus
from orders.models import Order, Sku
from sellercenter import events
from sellercenter.due_steps import DueSteps
from sellercenter.lifecycle import Refused
from sellercenter.models import Fault
from sellercenter.permissions import SYSTEM, Actor

BATCH = 250
# So many are decided in one transaction: each takes some hundredths of a second, and people wait for its locks.
_AT_ONCE = 10


def fire_due(limit: int = BATCH) -> int:
    """Let up to `limit` cases whose time is up take their next step; return how many were handled."""
    handled = 0
    while handled < limit and (fired := CASES.fire(min(_AT_ONCE, limit - handled))):
        handled += fired
    return handled


def replay(fault: Fault, *, by: Actor) -> None:
    """Let a step of a case that was given up come again, now, if it still makes sense; forget the fault."""
    CASES.replay(fault, by=by)


def _orders_first(keys: list[int]) -> list[int]:
    """Lock the orders of these cases, in the order of their keys, and return the cases whose order was free.

    What may be sent again is locked too, all at once: one after the other, two transactions could wait in a circle.
    """
    found = dict(Case.objects.filter(pk__in=keys).values_list("pk", "order_id"))
    free = Order.objects.filter(pk__in=found.values()).order_by("pk").select_for_update(skip_locked=True)
    locked = set(free.values_list("pk", flat=True))
    mine = [key for key, order in found.items() if order in locked]
    sent = CaseLine.objects.filter(case__in=mine, case__kind__in=[CaseKind.RESEND, CaseKind.EXCHANGE])
    skus = {sku for pair in sent.values_list("line__sku", "wanted_sku") for sku in pair if sku is not None}
    if len(skus) > 1:
        list(Sku.objects.filter(pk__in=skus).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    return mine


def _warn(case: Case, _now: datetime) -> None:
    """Tell the team that a deadline comes near."""
    events.record(case.shop, "case.warned", case, by=SYSTEM, act_by=case.act_by)


def _consent(case: Case, _now: datetime) -> None:
    """Take silence for consent: to what was asked for, or to the goods that came back."""
    if case.status == CaseStatus.TO_INSPECT:
        _pass(case)
    elif case.kind == CaseKind.RESEND:
        try:
            actions.accept_resend(case, by=SYSTEM)
        except Refused as refused:
            _without_stock(refused)
            actions.refund_instead(case, by=SYSTEM)
    elif case.inspected_at is None and case.kind in (CaseKind.RETURN, CaseKind.EXCHANGE):
        actions.accept_return(case, by=SYSTEM)
    else:
        actions.accept(case, by=SYSTEM)


def _pass(case: Case) -> None:
    """Take returned goods for complete that nobody has looked at."""
    try:
        actions.inspect(case, results=None, by=SYSTEM)
    except Refused as refused:
        _without_stock(refused)
        actions.inspect(case, results=None, instead=True, by=SYSTEM)


def _without_stock(refused: Refused) -> None:
    """Go on only when it was the stock that did not suffice."""
    if refused.code != "out_of_stock":
        raise refused


def _decline_offer(case: Case, _now: datetime) -> None:
    actions.decline_offer(case, by=SYSTEM)


def _lapse(case: Case, _now: datetime) -> None:
    actions.lapse(case, by=SYSTEM)


def _close(case: Case, _now: datetime) -> None:
    actions.close(case, by=SYSTEM)


_STEPS = {
    **{"review": review_rules.review, "warn": _warn, "consent": _consent},
    **{"decline_offer": _decline_offer, "lapse": _lapse, "close": _close},
}
CASES = DueSteps(CASE, Case, _STEPS, lock_first=_orders_first)
