"""Where orders and cases wait for somebody: how many at each step, since when, and how many too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, JSONField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.models import Case, Dispute, Refund
from aftersales.refund_filters import BY_HAND
from aftersales.states import CaseStatus, DisputeStatus, RefundStatus
from orders.models import Order
from orders.states import UNSHIPPED, Status
from sellercenter.counts import CAP
from sellercenter.models import Shop
from sellercenter.permissions import Perm
from sellercenter.texts import Text


@dataclass(frozen=True)
class Step:
    """A state in which records wait, since when, until when, and the list that shows the same records.

    `late` is the condition under which one waits too long, as the list's own filter `due=overdue` has it; None where no
    deadline runs. Rows come oldest first, as far as an index tells.
    """

    code: str
    label: Text
    place: str
    query: str
    permission: Perm
    rows: Callable[[Shop], QuerySet]
    since: Any
    late: Callable[[datetime], Q] | None = None


@dataclass(frozen=True)
class Waiting:
    """What waits at a step: numbers up to the cap, and ages of half and of nine in ten of them at most."""

    step: Step
    count: int
    late: int
    oldest: timedelta | None
    median: timedelta | None
    p90: timedelta | None

    @property
    def capped(self) -> bool:
        """Say whether more wait than were looked at."""
        return self.count > CAP


def steps_now(shop: Shop, *, now: datetime) -> list[Waiting]:
    """Return what waits at each step, all in one query.

    Of each step the first 10,001 records count, those placed or opened first. Ages by the nearest rank.
    """
    wanted = {step.code: _Ages(_looked_at(step, shop, now)) for step in STEPS}
    found: dict[str, Any] = dict(Shop.objects.filter(pk=shop.pk).values(**wanted).get())
    return [_read(step, found[step.code], now) for step in STEPS]


class _Ages(Subquery):
    """How many rows there are, how many are late, and since when the oldest, half and nine in ten of them wait."""

    template = (
        "(SELECT JSONB_BUILD_ARRAY(COUNT(*), COUNT(*) FILTER (WHERE late), MIN(since),"
        " PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY since DESC),"
        " PERCENTILE_DISC(0.9) WITHIN GROUP (ORDER BY since DESC)) FROM (%(subquery)s) AS waiting)"
    )
    output_field = JSONField()


def _looked_at(step: Step, shop: Shop, now: datetime) -> QuerySet:
    late = ExpressionWrapper(step.late(now), BooleanField()) if step.late else Value(False)
    return step.rows(shop).annotate(since=step.since, late=late).values("since", "late")[: CAP + 1]


def _read(step: Step, row: list[Any], now: datetime) -> Waiting:
    count, late, *times = row
    ages = (now - datetime.fromisoformat(one) if one else None for one in times)
    return Waiting(step, count, late, *ages)


def _order_overdue(now: datetime) -> Q:
    return Q(deadline_at__lte=now)


def _case_overdue(now: datetime) -> Q:
    return Q(act_by__lte=now, paused_at__isnull=True)


def _evidence_overdue(now: datetime) -> Q:
    return Q(evidence_by__lte=now)


def _orders(status: Status, label: Text, since: Any, query: str) -> Step:
    def rows(shop: Shop) -> QuerySet:
        return Order.objects.for_shop(shop).filter(status=status).order_by("placed_at", "pk")

    return Step(status.value, label, "order_list", query, Perm.ORDERS_VIEW, rows, since, _order_overdue)


def _asked_to_cancel(shop: Shop) -> QuerySet:
    asked = Order.objects.for_shop(shop).filter(status__in=UNSHIPPED, cancel_requested_at__isnull=False)
    return asked.order_by("placed_at", "pk")


def _cases(status: CaseStatus, label: Text, since: Any) -> Step:
    def rows(shop: Shop) -> QuerySet:
        return Case.objects.for_shop(shop).filter(status=status).order_by("opened_at", "pk")

    query = f"tab={status.value}"
    return Step(f"case_{status.value}", label, "case_list", query, Perm.AFTERSALES_VIEW, rows, since, _case_overdue)


def _refunds(code: str, label: Text, condition: Q) -> Step:
    def rows(shop: Shop) -> QuerySet:
        return Refund.objects.for_shop(shop).filter(condition).order_by("requested_at", "pk")

    since = F("requested_at")
    return Step(f"refund_{code}", label, "refund_list", f"tab={code}", Perm.AFTERSALES_VIEW, rows, since)


def _disputes(shop: Shop) -> QuerySet:
    return Dispute.objects.for_shop(shop).filter(status=DisputeStatus.EVIDENCE).order_by("evidence_by", "pk")


_S, _C = Status, CaseStatus
_ASKED = "&".join(["asked=cancel", *(f"status={status.value}" for status in UNSHIPPED)])

STEPS = (
    _orders(_S.UNPAID, _("To pay"), F("placed_at"), "tab=unpaid"),
    _orders(_S.TO_REVIEW, _S.TO_REVIEW.label, Coalesce("paid_at", "status_at"), "tab=to_review"),
    _orders(_S.TO_SHIP, _S.TO_SHIP.label, Coalesce("reviewed_at", "paid_at", "status_at"), "status=to_ship"),
    _orders(_S.PART_SHIPPED, _S.PART_SHIPPED.label, Coalesce("shipped_at", "status_at"), "status=part_shipped"),
    Step(
        *("cancel_asked", _("Cancel requests"), "order_list", _ASKED, Perm.ORDERS_VIEW),
        *(_asked_to_cancel, F("cancel_requested_at"), _order_overdue),
    ),
    _orders(_S.SHIPPED, _("On the way"), Coalesce("shipped_at", "status_at"), "status=shipped"),
    _orders(
        *(_S.DELIVERED, pgettext_lazy("waiting", "Delivered, receipt not confirmed")),
        *(Coalesce("delivered_at", "status_at"), "status=delivered"),
    ),
    _cases(_C.REQUESTED, _("Cases to answer"), F("opened_at")),
    _cases(_C.TO_INSPECT, _("Returns to inspect"), Coalesce("arrived_at", "status_at")),
    _cases(_C.TO_RESEND, _("To send again"), F("status_at")),
    _refunds("to_confirm", _("Refunds to confirm"), Q(status=RefundStatus.TO_CONFIRM)),
    _refunds("by_hand", _("Refunds to pay by hand"), BY_HAND),
    Step(
        *("dispute_evidence", _("Disputes waiting for evidence"), "dispute_list", "tab=evidence"),
        *(Perm.AFTERSALES_VIEW, _disputes, F("status_at"), _evidence_overdue),
    ),
)
