"""What is summed per day: for each moment in the life of an order, case or review, which records, and which amounts.

A basis takes the records whose moment lies in a day of the shop's zone; a measure counts those that meet a condition
or adds up an amount over them. Conditions are those of `orders/counted.py` and `aftersales/counted.py`, by which the
lists filter too, so that a figure and the list behind it can't differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Case as When_
from django.db.models import (
    DecimalField,
    Expression,
    ExpressionWrapper,
    F,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Extract

from aftersales import counted as cases
from aftersales.models import Case, Review
from orders import counted as orders
from orders.models import Order, OrderLine

_MONEY = DecimalField(max_digits=18, decimal_places=2)


@dataclass(frozen=True)
class Measure:
    """One sum of a basis: how many records meet `where`, or the total of `amount` over them.

    `line` names the column of the order's lines whose sum takes the place of `amount` where a line's product, creator
    or room is looked at.
    """

    name: str
    where: Q = field(default_factory=Q)
    amount: Expression | F | None = None
    line: str = ""

    def flag(self) -> Expression:
        """Return 1 for a record that counts."""
        return When_(When(self.where, then=Value(1)), output_field=IntegerField()) if self.where else Value(1)

    def share(self) -> Expression:
        """Return what a record adds to the sum, or nothing."""
        if self.amount is None:
            return self.flag()
        return When_(When(self.where, then=self.amount)) if self.where else ExpressionWrapper(self.amount, _MONEY)


@dataclass(frozen=True)
class Span:
    """How long something took, from one moment to another, counted under the day of the basis."""

    name: str
    start: str
    end: str

    @property
    def ended(self) -> Q:
        """Both moments are known."""
        return Q(**{f"{self.start}__isnull": False, f"{self.end}__isnull": False})

    def seconds(self) -> Expression:
        """Return the length in whole seconds; negative when the moments are told in the wrong order."""
        return Cast(Extract(F(self.end) - F(self.start), "epoch"), IntegerField())


@dataclass(frozen=True)
class Basis:
    """The records whose `moment` lies in a day, what is summed over them, and by what they are told apart.

    `dimensions` names columns of the record; `lines` those of its lines (a record counts once under each key that its
    lines have); `parts` are dimensions made by SQL of the room, see `analytics/rollups.py`.
    """

    name: str
    model: type[Model]
    moment: str
    counted: Q
    measures: tuple[Measure, ...]
    dimensions: Mapping[str, str | Expression] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    span_dimensions: tuple[str, ...] = ()

    def records(self) -> QuerySet:
        """Return the records that figures count."""
        return self.model._default_manager.filter(self.counted)


_COMMISSION = Coalesce(
    Subquery(
        OrderLine.objects.filter(order_id=OuterRef("pk"))
        .order_by()
        .values("order_id")
        .annotate(sum=Sum("commission_amount"))
        .values("sum")
    ),
    Value(0),
    output_field=_MONEY,
)
# How every order can be told apart, whatever its moment; the carrier is that of its parcels.
_ORDER: dict[str, str | Expression] = {"source": "source", "method": "payment_method", "region": "province"}
_BY_LINE = ("product", "creator", "room", "carrier")

SHIP, TRANSIT, DECIDE = (
    Span("ship", "paid_at", "shipped_at"),
    Span("transit", "shipped_at", "delivered_at"),
    Span("decide", "opened_at", "decided_at"),
)


def _order_basis(name: str, moment: str, *measures: Measure, spans: tuple[Span, ...] = (), **more: str) -> Basis:
    told = _ORDER | more
    by = ("carrier",) if spans else ()
    return Basis(name, Order, moment, orders.COUNTED, measures, told, _BY_LINE, spans, by)


PLACED = _order_basis(
    "placed",
    "placed_at",
    Measure("placed"),
    Measure("placed_amount", amount=F("total_amount"), line="amount"),
    Measure("placed_paid", orders.PAID),
    Measure("placed_paid_amount", orders.PAID, F("paid_amount"), line="amount"),
    Measure("placed_shipped", orders.PAID & orders.SHIPPED),
    Measure("placed_delivered", orders.PAID & orders.SHIPPED & orders.DELIVERED),
    Measure("placed_cancelled", orders.CANCELLED),
    Measure("unpaid_lost", orders.UNPAID_LOST),
    Measure("unpaid_lost_amount", orders.UNPAID_LOST, F("total_amount"), line="amount"),
    Measure("seller_cancelled", orders.SELLER_CANCELLED),
    Measure("placed_disputed", cases.DISPUTED),
    status="status",
    hour="hour",
)
PAID = _order_basis(
    "paid",
    "paid_at",
    Measure("paid"),
    Measure("paid_amount", amount=F("paid_amount"), line="amount"),
    Measure("gmv", amount=F("total_amount"), line="amount"),
    Measure("paid_cased", cases.WITH_CASE),
    Measure("paid_returned", cases.RETURNED),
    Measure("commission", amount=_COMMISSION, line="commission_amount"),
    hour="hour",
)
SHIPPED = _order_basis(
    "shipped",
    "shipped_at",
    Measure("shipped"),
    Measure("ship_promised", orders.SHIP_PROMISED),
    Measure("ship_late", orders.SHIP_LATE),
    Measure("ship_timed", SHIP.ended),
    Measure("ship_seconds", SHIP.ended, SHIP.seconds()),
    Measure("ship_problem", orders.SHIP_PROBLEM),
    spans=(SHIP,),
)
DELIVERED = _order_basis(
    "delivered",
    "delivered_at",
    Measure("delivered"),
    Measure("deliver_promised", orders.DELIVER_PROMISED),
    Measure("deliver_on_time", orders.DELIVER_ON_TIME),
    Measure("deliver_late", orders.DELIVER_LATE),
    Measure("transit_timed", TRANSIT.ended),
    Measure("transit_seconds", TRANSIT.ended, TRANSIT.seconds()),
    spans=(TRANSIT,),
)
CANCELLED = _order_basis(
    "cancelled",
    "cancelled_at",
    Measure("cancelled", orders.CANCELLED),
    Measure("cancelled_amount", orders.CANCELLED, F("total_amount"), line="amount"),
    Measure("cancelled_unpaid", orders.UNPAID_LOST),
    Measure("cancelled_unshipped", orders.CANCELLED_UNSHIPPED),
    Measure("cancelled_shipped", orders.CANCELLED_SHIPPED),
    Measure("cancelled_unpaid_amount", orders.UNPAID_LOST, F("total_amount"), line="amount"),
    Measure("cancelled_unshipped_amount", orders.CANCELLED_UNSHIPPED, F("total_amount"), line="amount"),
    Measure("cancelled_shipped_amount", orders.CANCELLED_SHIPPED, F("total_amount"), line="amount"),
    cancel_reason="cancel_reason",
    cancelled_by="cancelled_by",
)
CASES = Basis(
    "cases",
    Case,
    "opened_at",
    cases.COUNTED_CASES,
    (
        Measure("cases"),
        Measure("cases_amount", amount=F("amount")),
        Measure("cases_returned", cases.CASE_RETURNED),
        Measure("cases_seller_fault", cases.CASE_SELLER_FAULT),
        Measure("cases_decided", cases.CASE_DECIDED),
        Measure("decide_seconds", cases.CASE_DECIDED, DECIDE.seconds()),
    ),
    {"problem": "problem", "fault": "fault"},
    ("product", "product_problem"),
    (DECIDE,),
)
REVIEWS = Basis(
    "reviews",
    Review,
    "at",
    Q(),
    (
        Measure("reviews"),
        Measure("reviews_negative", cases.REVIEW_NEGATIVE),
        Measure("stars", amount=F("first_rating")),
    ),
    {"product": "product_id"},
)

BASES = (PLACED, PAID, SHIPPED, DELIVERED, CANCELLED, CASES, REVIEWS)
MEASURES: dict[str, Measure] = {measure.name: measure for basis in BASES for measure in basis.measures}
SPANS: dict[str, tuple[Basis, Span]] = {span.name: (basis, span) for basis in BASES for span in basis.spans}
DIMENSIONS = tuple(sorted({name for basis in BASES for name in (*basis.dimensions, *basis.lines)}))
