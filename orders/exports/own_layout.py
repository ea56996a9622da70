"""Our own layout for orders, written: what docs/import-layout.md reads, so that another shop gets the same orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, F, Func, OuterRef, Value, When
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from orders.exports import line_parcels
from orders.exports.order_columns import opened
from orders.imports.flat_columns import FLAT_COLUMNS
from orders.imports.layout import As as Cell
from orders.imports.layout import Column as Read
from orders.imports.layout import Of
from orders.models import Payment
from orders.states import LineStatus, PaymentStatus
from sellercenter.exports import Column, Layout, Opened
from sellercenter.sheets import Kind

_KINDS = {
    Cell.TIME: Kind.STAMP,
    Cell.UNTIL: Kind.STAMP,
    Cell.MONEY: Kind.MONEY,
    Cell.SIGNED: Kind.MONEY,
    Cell.COUNT: Kind.COUNT,
    Cell.RATE: Kind.RATIO,
}
_STAMP = "YYYY-MM-DD HH24:MI:SSTZH:TZM"


def payments() -> Func:
    """Return the expression of what was paid, such as `card=99.33@2026-03-01 10:04:00+08:00#TX-1;voucher=20.00`."""
    found = Payment.objects.filter(order=OuterRef("pk"), status=PaymentStatus.CAPTURED).order_by("position")
    at = Func(F("paid_at"), Value(_STAMP), function="to_char", output_field=CharField())
    # A number that would end the payment early is left out: the payment is then known by its method and amount.
    divided = When(transaction_no__regex=r"[;\n\r]", then=Value(""))
    number = Case(When(transaction_no="", then=Value("")), divided, default=Concat(Value("#"), "transaction_no"))
    amount = Cast("amount", CharField())
    paid = Case(When(paid_at=None, then=Value("")), default=Concat(Value("@"), at))
    said = Concat("method", Value("="), amount, paid, number, output_field=CharField())
    return Func(
        ArraySubquery(found.annotate(said=said).values("said")),
        Value(";"),
        function="array_to_string",
        output_field=CharField(),
    )


def promised_ship_by() -> Case:
    """Return the expression of a ship-by time that came with the order; the shop's own clock is no promise."""
    return Case(When(ship_by_promised=True, then=F("ship_by")))


def _yes(**when: Any) -> Callable[[], Case]:
    def _make() -> Case:
        return Case(When(lines__pk=None, then=Value("")), When(**when, then=Value("yes")), default=Value("no"))

    return _make


def _email(shop: Any, email: str | None) -> str:
    return email or ""


# What is not kept under the name that the import gives it.
_ELSEWHERE: dict[tuple[Of, str], Any] = {
    (Of.ORDER, "stage"): "status",
    (Of.ORDER, "buyer_uid"): "buyer__uid",
    # In a masked file: nothing, for half an address says nothing.
    (Of.ORDER, "buyer_email"): Value(""),
    (Of.ORDER, "ship_by"): promised_ship_by,
    (Of.ORDER, "total"): "total_amount",
    (Of.ORDER, "payments"): payments,
    (Of.ORDER, "flag"): lambda: Cast("flag", CharField()),
    **{(Of.ORDER, name): f"recipient__{name}_masked" for name in ("name", "phone", "address", "postcode")},
    (Of.LINE, "product_number"): "lines__product__number",
    (Of.LINE, "sku_number"): "lines__sku__number",
    (Of.LINE, "gift"): _yes(lines__gift=True),
    (Of.LINE, "cancelled"): _yes(lines__status=LineStatus.CANCELLED),
    (Of.LINE, "creator_number"): "lines__creator__number",
    (Of.LINE, "creator_name"): "lines__creator__name",
    (Of.PARCEL, "carrier"): line_parcels.carrier,
    (Of.PARCEL, "tracking_no"): line_parcels.tracking_no,
    (Of.PARCEL, "status"): line_parcels.status,
    (Of.PARCEL, "shipped_at"): line_parcels.shipped_at,
    (Of.PARCEL, "delivered_at"): line_parcels.delivered_at,
    (Of.PARCEL, "shipped_quantity"): line_parcels.units,
}


def _opened(read: Read) -> Opened | None:
    if not read.private:
        return None
    return Opened(("buyer__relay_email",), _email) if read.field == "buyer_email" else opened(read.field)


def _column(read: Read) -> Column:
    """Return the column that writes what a column of the import reads."""
    same = read.field if read.of is Of.ORDER else f"lines__{read.field}"
    value = _ELSEWHERE.get((read.of, read.field), same)
    return Column(read.name, read.name, value, _KINDS.get(read.kind, Kind.TEXT), opened=_opened(read))


OWN = Layout(
    "own",
    _("For import into another shop"),
    columns=tuple(map(_column, FLAT_COLUMNS)),
    help=_("The columns that the import reads; a line in several parcels has a row for each of them."),
    prepare=line_parcels.each_part,
    expected=line_parcels.as_many_parts,
    then=("lines__position", "lines__pk", "part_id"),
    fixed=True,
)
