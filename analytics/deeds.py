"""What each person of a shop did in a period, and how long the records had waited for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    JSONField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from aftersales.models import Case as AfterSalesCase
from aftersales.models import Conversation, Dispute, Refund, Review
from orders.models import Order
from sellercenter import events
from sellercenter.models import Event, Shop
from sellercenter.texts import Text

# So many of the newest deeds of a period are looked at, and so many are listed one by one.
CAP, LISTED = 10_000, 100


@dataclass(frozen=True)
class Deed:
    """Something that people do again and again: the kinds of events that tell of it, and of what.

    `start` is the time of the record from which it waited; None where nothing tells.
    """

    code: str
    label: Text
    model: type[Model]
    kinds: tuple[str, ...]
    start: Any = None
    url_name: str = "order_detail"
    named: str = "number"


DEEDS = (
    Deed("reviewed", _("Reviewed orders"), Order, ("order.approved",), F("paid_at")),
    Deed(
        *("shipped", _("Shipped"), Order, ("order.shipped", "order.part_shipped")),
        start=Coalesce("reviewed_at", "paid_at"),
    ),
    Deed(
        *("cancelled", _("Cancelled orders and answered cancel requests"), Order),
        kinds=("order.cancelled", "order.cancel_accepted", "order.cancel_refused"),
    ),
    Deed("reminded", _("Reminded to pay"), Order, ("order.reminded",)),
    Deed(
        *("marked", _("Wrote notes and set marks"), Order),
        kinds=("order.noted", "order.seller_note_written", "order.flagged", "order.marked", "order.unmarked"),
    ),
    Deed(
        *("decided", _("Decided cases"), AfterSalesCase),
        kinds=(
            *("case.accepted", "case.kept", "case.return_accepted", "case.resend_accepted"),
            *("case.offered", "case.exchange_offered", "case.refused"),
        ),
        start=F("opened_at"),
        url_name="case_detail",
    ),
    Deed(
        *("inspected", _("Inspected returns"), AfterSalesCase),
        kinds=("case.inspected", "case.exchange_inspected", "case.return_refused"),
        start=F("arrived_at"),
        url_name="case_detail",
    ),
    Deed(
        *("confirmed", _("Confirmed or rejected refunds"), Refund, ("refund.confirmed", "refund.rejected")),
        *(F("requested_at"), "refund_detail", "key"),
    ),
    Deed(
        *("stated", _("Stated disputes"), Dispute, ("dispute.put_in", "dispute.stated")),
        *(F("opened_at"), "dispute_detail"),
    ),
    Deed("rated", _("Answered reviews"), Review, ("review.replied",), F("at"), "review_detail"),
    Deed(
        *("answered", _("Answered messages"), Conversation, ("conversation.answered",)),
        *(None, "conversation_detail", "buyer_nickname"),
    ),
)
BY_CODE = {deed.code: deed for deed in DEEDS}
_KINDS = [kind for deed in DEEDS for kind in deed.kinds]


@dataclass(frozen=True)
class Done:
    """How often a person did something, and what half of it took at most."""

    member_id: int
    person: str
    deed: Deed
    count: int
    median: timedelta | None


@dataclass(frozen=True)
class Told:
    """One deed: when, on which record, and how that is named."""

    at: datetime
    record: int
    name: str


class _Grouped(Subquery):
    """How often each person did each deed, and the middle of what it took; between two middle ones, their mean."""

    template = (
        "(SELECT JSONB_AGG(grouped) FROM (SELECT JSONB_BUILD_ARRAY(person, label, deed, COUNT(*),"
        " EXTRACT(EPOCH FROM PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY took))) AS grouped"
        " FROM (%(subquery)s) AS newest GROUP BY person, label, deed) AS told)"
    )
    output_field = JSONField()


def by_person(shop: Shop, *, start: datetime, end: datetime) -> tuple[list[Done], bool]:
    """Return what each person did from `start` until before `end`, and whether there was more than is looked at.

    Of a longer history the newest 10,000 deeds count.
    """
    deed = Case(*(_when(one) for one in DEEDS), output_field=CharField())
    took = ExpressionWrapper(F("at") - _started(), DurationField())
    newest = _deeds(shop, start, end, _KINDS).values(
        person=F("member_id"), label=F("member__label"), deed=deed, took=took
    )
    rows = Shop.objects.filter(pk=shop.pk).values_list(_Grouped(newest.order_by("-at")[:CAP]), flat=True).get() or []
    found = [Done(key, label, BY_CODE[code], n, _length(median)) for key, label, code, n, median in rows]
    order = [one.code for one in DEEDS]
    found.sort(key=lambda done: (done.person, done.member_id, order.index(done.deed.code)))
    return found, sum(done.count for done in found) >= CAP


def _length(seconds: Any) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def listed(shop: Shop, deed: Deed, member_id: int, *, start: datetime, end: datetime) -> list[Told]:
    """Return the newest 100 times at which a person did it in a period."""
    mine = _deeds(shop, start, end, deed.kinds).filter(member_id=member_id).order_by("-at", "-pk")
    told = list(mine.values_list("at", "subject_id")[:LISTED])
    records = deed.model._default_manager.for_shop(shop).filter(pk__in={pk for _at, pk in told})  # type: ignore[attr-defined]
    names = dict(records.values_list("pk", deed.named))
    return [Told(at, pk, names[pk]) for at, pk in told if pk in names]


def _deeds(shop: Shop, start: datetime, end: datetime, kinds: Iterable[str]) -> QuerySet[Event]:
    done = Event.objects.for_shop(shop).filter(member__isnull=False, at__gte=start, at__lt=end, kind__in=kinds)
    return done.order_by()


def _when(deed: Deed) -> When:
    return When(kind__in=deed.kinds, then=Value(deed.code))


def _started() -> ExpressionWrapper:
    """Return from when on the record of an event had waited, by the kind of the event."""
    whens = [
        When(
            Q(kind__in=deed.kinds, subject_type=events.subject_type(deed.model)),
            then=Subquery(
                deed.model._default_manager.filter(pk=OuterRef("subject_id")).annotate(begun=deed.start).values("begun")
            ),
        )
        for deed in DEEDS
        if deed.start is not None
    ]
    return ExpressionWrapper(Case(*whens, output_field=DateTimeField()), DateTimeField())
