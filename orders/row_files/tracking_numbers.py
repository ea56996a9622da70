"""Tracking numbers from files: the orders that they name are shipped, whole or what the rows say of their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import fulfilment
from orders.imports import cells
from orders.models import Order, OrderLine, Parcel, ParcelLine
from orders.row_files.columns import (
    CARRIER,
    LINE_NO,
    ORDER_NO,
    QUANTITY,
    SELLER_SKU,
    SHIPPED_AT,
    SKU_NO,
    TRACKING_NO,
    identifier,
    text,
    time,
)
from orders.states import ParcelStatus, Status
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.row_imports import Column, Fate, Refusal, RowFile, Said, Verdict, Work, alone

# Further off than any zone or clock can make a time.
_FAR = timedelta(days=1)
_LEFT = (Status.SHIPPED, Status.DELIVERED, Status.COMPLETED)


class _Unfit(Exception):
    """The rows of an order can't be what they mean to be; holds the answer."""

    def __init__(self, message: str, column: str = "", row: int = 0) -> None:
        super().__init__(message)
        self.refusal = Refusal(message, column, row)


@dataclass(slots=True)
class _Told:
    """A parcel as its rows tell it; `units` by line, None for all that is left of one; empty for the whole order."""

    carrier: str
    tracking_no: str
    row: int
    at: datetime | None = None
    units: dict[int, int | None] = field(default_factory=dict)


@dataclass(slots=True)
class _Sent:
    """A parcel that has left with units of the order, by line."""

    carrier: str
    units: dict[int, int] = field(default_factory=dict)

    def holds(self, told: _Told) -> bool:
        """Say whether the parcel has inside what is told of it."""
        return all(line in self.units and units in (None, self.units[line]) for line, units in told.units.items())


@dataclass(slots=True)
class _Known:
    """An order as it is stored: its lines, and its parcels that have left by their numbers."""

    order: Order
    lines: list[OrderLine] = field(default_factory=list)
    sent: dict[str, _Sent] = field(default_factory=dict)

    def left_of(self, line: OrderLine) -> int:
        """Return how many units of a line have not left."""
        return line.quantity - sum(parcel.units.get(line.pk, 0) for parcel in self.sent.values())

    def line_of(self, said: Said) -> OrderLine | None:
        """Return the line that a row names; nothing when it names none and tells of the whole order."""
        name, sku, code = (said.values.get(column) for column in ("line_no", "sku_no", "seller_sku"))
        column = "line_no" if name else "sku_no" if sku else "seller_sku" if code else "quantity"
        if column == "quantity" and column not in said.values:
            return None
        wanted = {"line_no": name, "sku_no": sku, "seller_sku": code}.get(column)
        found = [line for line in self.lines if wanted in (None, _NAMED[column](line))]
        if not found:
            raise _Unfit(_("The order has no such line."), column, said.row)
        if len(found) > 1 and wanted is None:
            raise _Unfit(_("Say of which line of the order this is the quantity."), column, said.row)
        if len(found) > 1:
            raise _Unfit(_("%d lines of the order have this SKU. Name the line.") % len(found), column, said.row)
        return found[0]

    def units(self, told: _Told) -> dict[int, int] | None:
        """Return the units that go into a parcel, by line; None for everything that is left."""
        lines = {line.pk: line for line in self.lines}
        units = {pk: self.left_of(lines[pk]) if many is None else many for pk, many in told.units.items()}
        if told.units and not any(units.values()):
            raise _Unfit(_("Nothing of these lines is left to ship."), "", told.row)
        return units or None


_NAMED: dict[str, Callable[[OrderLine], str | None]] = {
    "line_no": lambda line: line.number,
    "sku_no": lambda line: line.sku.number if line.sku else None,
    "seller_sku": lambda line: line.seller_sku,
    "quantity": lambda line: None,
}


class _Numbers(Work):
    """The tracking numbers of one file."""

    def __init__(self, shop: Shop, *, by: Actor, dry_run: bool) -> None:
        super().__init__(shop, by=by, dry_run=dry_run)
        self._now = timezone.now()
        # By which order each number of the file is used, by carrier and number.
        self._used: dict[tuple[str, str], str] = {}

    def take(self, records: Sequence[list[Said]]) -> Iterator[Verdict]:
        """Ship order after order, each in a transaction of its own."""
        known = self._known([record[0].values["order_no"] for record in records])
        for record in records:
            found = known.get(record[0].values["order_no"])
            unknown = Refusal(_("No order of this shop has this number."), "order_no")
            yield self._judged(found, record) if found else unknown

    def _known(self, numbers: Sequence[str]) -> dict[str, _Known]:
        """Return the shop's orders of these numbers with their lines and parcels, in three queries."""
        known = {order.pk: _Known(order) for order in Order.objects.for_shop(self.shop).filter(number__in=numbers)}
        for one in known.values():
            one.order.shop = self.shop  # with its policy, read once for all of them
        for line in OrderLine.objects.filter(order__in=known).select_related("sku").order_by("position", "pk"):
            known[line.order_id].lines.append(line)
        parts = ParcelLine.objects.filter(order__in=known).exclude(parcel__status=ParcelStatus.READY).order_by("pk")
        columns = ("order_id", "line_id", "quantity", "parcel__tracking_no", "parcel__carrier")
        for order, of_line, quantity, number, carrier in parts.values_list(*columns):
            units = known[order].sent.setdefault(number.upper(), _Sent(carrier)).units
            units[of_line] = units.get(of_line, 0) + quantity
        return {one.order.number: one for one in known.values()}

    def _judged(self, known: _Known, record: list[Said]) -> Verdict:
        """Ship what the rows tell and is not on its way yet."""
        try:
            told = _parcels(known, record)
            going = [parcel for parcel in told if not self._is_gone(known, parcel)]
            if not going:
                return Fate.UNCHANGED
            self._check(known, going)
            units = [known.units(parcel) for parcel in going]
        except _Unfit as unfit:
            return unfit.refusal
        verdict = alone(partial(self._ship, known, going, units))
        if isinstance(verdict, Refusal):
            return self._meanwhile(known, told) or verdict
        self._used |= {(parcel.carrier, parcel.tracking_no): known.order.number for parcel in going}
        return verdict

    def _is_gone(self, known: _Known, told: _Told) -> bool:
        """Say whether a parcel is on its way already, with what is told of it."""
        sent = known.sent.get(told.tracking_no)
        if sent and not sent.holds(told):
            no = _("Parcel %s has left already, with other units inside.") % told.tracking_no
            raise _Unfit(no, "tracking_no", told.row)
        if sent and sent.carrier != told.carrier:
            values = {"order": known.order.number, "number": told.tracking_no, "carrier": sent.carrier or "—"}
            self.note(_("%(order)s: parcel %(number)s stays with the carrier %(carrier)s.") % values)
        return sent is not None

    def _check(self, known: _Known, going: Sequence[_Told]) -> None:
        """Refuse what the verb would not notice, or could not say as well."""
        order = known.order
        if order.status in _LEFT and known.sent:
            numbers = ", ".join(number or "—" for number in known.sent)
            raise _Unfit(_("The order has left already, under %s.") % numbers, "tracking_no", going[0].row)
        if len(going) > 1 and not all(parcel.units for parcel in going):
            no = _("The order has several numbers here. Say by line and quantity what is in which parcel.")
            raise _Unfit(no, "tracking_no", going[1].row)
        for parcel in going:
            if parcel.at and not order.placed_at - _FAR < parcel.at < self._now + _FAR:
                no = _("A parcel leaves after its order was placed, and not in the future.")
                raise _Unfit(no, "shipped_at", parcel.row)
            other = self._used.get((parcel.carrier, parcel.tracking_no), order.number)
            if other != order.number:
                values = {"number": parcel.tracking_no, "order": other}
                no = _("Tracking no. %(number)s is in use by order %(order)s.") % values
                raise _Unfit(no, "tracking_no", parcel.row)

    def _ship(self, known: _Known, going: Sequence[_Told], units: Sequence[dict[int, int] | None]) -> Fate:
        """Send the parcels of one order, all or none; in a dry run as well, and take it back."""
        with transaction.atomic():
            for parcel, inside in zip(going, units, strict=True):
                sent = {"carrier": parcel.carrier, "tracking_no": parcel.tracking_no}
                fulfilment.ship(known.order, **sent, units=inside, at=parcel.at, by=self.by)
            transaction.set_rollback(self.dry_run)
        return Fate.CHANGED if known.sent else Fate.NEW

    def _meanwhile(self, known: _Known, told: Sequence[_Told]) -> Fate | None:
        """Say that nothing is to be done when somebody else has sent the same parcels since the order was read."""
        again = self._known([known.order.number])[known.order.number]
        return Fate.UNCHANGED if all(one.tracking_no in again.sent for one in told) else None


def _parcels(known: _Known, record: list[Said]) -> list[_Told]:
    """Return the parcels that the rows of one order tell of."""
    parcels: dict[str, _Told] = {}
    whole: dict[str, bool] = {}
    for said in record:
        values, number = said.values, said.values["tracking_no"].upper()
        told = parcels.setdefault(number, _Told(values["carrier"], number, said.row))
        told.at = told.at or values.get("shipped_at")
        line = known.line_of(said)
        if told.carrier != values["carrier"] or told.at != values.get("shipped_at", told.at):
            raise _Unfit(_("Row %d says something else of this parcel.") % told.row, "tracking_no", said.row)
        if whole.setdefault(number, line is None) != (line is None):
            no = _("Row %d tells of this parcel with lines or without. Do the same here.") % told.row
            raise _Unfit(no, "tracking_no", said.row)
        if line and line.pk in told.units:
            raise _Unfit(_("The line is in this parcel already. Keep one of its rows."), "line_no", said.row)
        if line:
            told.units[line.pk] = values.get("quantity")
    return [*parcels.values()]


TRACKING_NUMBERS = RowFile(
    code="tracking_numbers",
    label=gettext_lazy("Tracking numbers"),
    records=gettext_lazy("orders"),
    permission=Perm.PARCELS_SHIP,
    columns=(
        Column("order_no", identifier, ORDER_NO, needed=True),
        Column("carrier", text(Parcel, "carrier"), CARRIER, needed=True),
        Column("tracking_no", identifier, TRACKING_NO, needed=True),
        Column("line_no", identifier, LINE_NO),
        Column("sku_no", identifier, SKU_NO),
        Column("seller_sku", identifier, SELLER_SKU),
        Column("quantity", lambda _shop: cells.count, QUANTITY),
        Column("shipped_at", time, SHIPPED_AT),
    ),
    needs=(("order_no",), ("carrier",), ("tracking_no",)),
    key=("order_no",),
    work=_Numbers,
    grouped=True,
    chunk=200,
    example={"order_no": "EXAMPLE-1001", "carrier": "SF Express", "tracking_no": "SF1234567890"},
)
