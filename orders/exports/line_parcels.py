"""Rows of order lines with the parcels in which they travel: one for each part of a line, or one for the whole line.

Most programs have room for one parcel of a line: that of those which have left and not arrived, else of those which
have left, else the first. So such a file never says that all of a line arrived while a part of it is on its way.
"""

from __future__ import annotations

from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from orders.exports.order_columns import as_many_lines
from orders.models import OrderLine, ParcelLine
from orders.states import LineStatus, ParcelStatus, Status

_READY, _DELIVERED = ParcelStatus.READY, ParcelStatus.DELIVERED
_ARRIVED = (Status.SHIPPED, Status.DELIVERED, Status.COMPLETED)
_LAST = 2


def each_part(orders: QuerySet) -> QuerySet:
    """Return a row for each parcel of each line, one for lines in none, and one for orders without lines."""
    rows = orders.annotate(line_id=F("lines__pk"), part_id=F("lines__parts__pk"))
    return rows.annotate(in_parcels=Exists(ParcelLine.objects.filter(order=OuterRef("pk"))))


def as_many_parts(orders: QuerySet) -> list[QuerySet]:
    """Return what is as many as the rows of `each_part`: parts, lines in no parcel, orders without lines."""
    wanted = orders.order_by().values("pk")
    loose = ~Exists(ParcelLine.objects.filter(line=OuterRef("pk")))
    _lines, bare = as_many_lines(orders)
    return [ParcelLine.objects.filter(order__in=wanted), OrderLine.objects.filter(loose, order__in=wanted), bare]


def each_line(orders: QuerySet) -> QuerySet:
    """Return a row for each line with one of its parcels, and one for each order without lines."""
    rank = Case(When(parcel__status=_READY, then=_LAST), When(parcel__status=_DELIVERED, then=1), default=0)
    first = ParcelLine.objects.filter(line=OuterRef("line_id")).order_by(rank, "parcel_id", "pk")
    return each_part(orders).filter(Q(part_id=None) | Q(part_id=Subquery(first.values("pk")[:1])))


_OWN = Q(part_id__isnull=False)
# What left by no parcel that anybody knows, while the times can't be the whole order's.
_GONE = Q(part_id=None, lines__status__in=(LineStatus.SHIPPED, LineStatus.DELIVERED)) & (
    Q(in_parcels=True) | Q(status__in=_ARRIVED, shipped_at__isnull=False)
)
# Without any parcel the times of the order stand on all of its lines.
_WHOLE = Q(lines__pk=None) | Q(in_parcels=False, status=Status.CANCELLED)
_WHOLE |= Q(in_parcels=False, status__in=_ARRIVED, shipped_at=None)
_PARCEL = "lines__parts__parcel__"
NUMBERED = _OWN & ~Q(**{f"{_PARCEL}tracking_no": ""})


def carrier() -> Any:
    """Return the expression of the carrier."""
    return F(f"{_PARCEL}carrier")


def tracking_no() -> Any:
    """Return the expression of the parcel's number."""
    return F(f"{_PARCEL}tracking_no")


def status() -> Case:
    """Return the expression of the parcel's state; what left by an unknown parcel is on its way or there."""
    there = When(_GONE & Q(lines__status=LineStatus.DELIVERED), then=Value(_DELIVERED))
    return Case(When(_OWN, then=F(f"{_PARCEL}status")), there, When(_GONE, then=Value(ParcelStatus.IN_TRANSIT)))


def shipped_at() -> Case:
    """Return the expression of when the parcel left, else of when the order did."""
    left = When(_OWN & ~Q(**{f"{_PARCEL}status": _READY}), then=Coalesce(F(f"{_PARCEL}shipped_at"), F("shipped_at")))
    own = When(_OWN, then=F(f"{_PARCEL}shipped_at"))
    return Case(left, own, When(_GONE | _WHOLE, then=F("shipped_at")), output_field=DateTimeField())


def delivered_at() -> Case:
    """Return the expression of when the parcel arrived, else of when the order did."""
    there = When(
        _OWN & Q(**{f"{_PARCEL}status": _DELIVERED}), then=Coalesce(F(f"{_PARCEL}delivered_at"), F("delivered_at"))
    )
    own = When(_OWN, then=F(f"{_PARCEL}delivered_at"))
    order = When(_WHOLE | _GONE & Q(lines__status=LineStatus.DELIVERED), then=F("delivered_at"))
    return Case(there, own, order, output_field=DateTimeField())


def units() -> Case:
    """Return the expression of how many units of the line are in the parcel."""
    return Case(When(_OWN, then=F("lines__parts__quantity")), When(_GONE, then=F("lines__quantity")))
