"""Cases follow their orders: what happened is told after the commit, and each case goes to where its order stands.

It is the order that is looked at, not the event, so told twice or late nothing changes.
"""

from __future__ import annotations

from django.db import transaction

from aftersales import actions
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case
from aftersales.states import OPEN, CaseKind, CaseStatus
from orders.models import Order
from orders.states import Status
from sellercenter import events as history
from sellercenter.models import Event
from sellercenter.permissions import SYSTEM

_LEFT = (Status.SHIPPED, Status.DELIVERED, Status.COMPLETED)


class Following:
    """Told of what cases depend on: wishes to cancel, and how orders end or leave."""

    kinds = frozenset(
        [
            *("order.cancel_requested", "order.cancel_accepted", "order.cancel_refused", "order.cancel_withdrawn"),
            *("order.cancelled", "order.lapsed", "order.shipped", "order.imported"),
        ]
    )

    def take(self, events: list[Event]) -> None:
        """Bring the cases of these orders to where the orders stand, order by order in the order of their keys."""
        told = sorted({event.subject_id for event in events})
        orders = Order.objects.filter(pk__in=told)
        about = set(orders.filter(cancel_requested_at__isnull=False).values_list("pk", flat=True))
        cases = Case.objects.filter(status__in=OPEN)
        about |= set(cases.filter(order__in=told).values_list("order_id", flat=True))
        about |= set(cases.filter(replacement__in=told).values_list("order_id", flat=True))
        for pk in sorted(about):
            follow(pk)


FOLLOWING = Following()


@transaction.atomic
def follow(order_id: int) -> None:
    """Bring the cases of one order to where the order, and what replaces it, stands now."""
    order = Order.objects.select_related("shop__policy").select_for_update(of=("self",)).get(pk=order_id)
    actions.follow_cancel(order, by=SYSTEM)
    found = Case.objects.filter(order=order, status__in=OPEN).select_related("shop__policy", "replacement")
    for case in found.order_by("pk"):
        if case.status == CaseStatus.REFUNDING:
            actions.forgo(case, by=SYSTEM)
        elif case.replacement is not None:
            _follow_replacement(case, case.replacement)
        elif case.kind == CaseKind.CANCEL:
            _follow_wish(case, order)
        elif order.status == Status.CANCELLED and case.status in CASE.moves["lapse"].sources:
            # The order itself gives back all that was paid for it.
            actions.lapse(case, by=SYSTEM)


def _follow_wish(case: Case, order: Order) -> None:
    """Let a wish to cancel end as the order did."""
    if order.status == Status.CANCELLED and case.status == CaseStatus.REQUESTED:
        actions.accept(case, by=SYSTEM)
    elif order.status == Status.CANCELLED and case.status == CaseStatus.REFUSED:
        actions.lapse(case, by=SYSTEM)
    elif order.cancel_requested_at is None and case.status == CaseStatus.REQUESTED:
        _follow_answer(case, order)
    elif order.status in _LEFT and case.status == CaseStatus.REQUESTED:
        # A file told that it left: nobody can answer the wish any more.
        actions.lapse(case, by=SYSTEM)


def _follow_answer(case: Case, order: Order) -> None:
    """Refuse a case whose wish was refused at the order's own door, or withdraw it when the buyer did so there."""
    answers = history.of(order).filter(kind__in=["order.cancel_refused", "order.cancel_withdrawn"])
    last = answers.last()
    if last is not None and last.kind == "order.cancel_withdrawn":
        actions.withdraw(case, by=SYSTEM)
    else:
        said = last.data.get("reason", "") if last is not None else ""
        actions.refuse(case, refusal="refused_other", words=said, by=SYSTEM)


def _follow_replacement(case: Case, replacement: Order) -> None:
    """End a case when its goods have left again; refund it when they never will."""
    if case.status != CaseStatus.TO_RESEND:
        return
    if replacement.status in _LEFT:
        actions.resent(case, by=SYSTEM)
    elif replacement.status == Status.CANCELLED:
        actions.refund_instead(case, by=SYSTEM)
