"""Verbs on the way of the goods: ship as a whole or in part, take in what carriers tell, confirm receipt."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max, Sum
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from orders import clocks, derive, inventory
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine, Parcel, ParcelLine, TrackingEvent
from orders.states import LineStatus, ParcelStatus, Status, TrackingCode
from sellercenter import schedule
from sellercenter.lifecycle import Refused, locked
from sellercenter.permissions import Actor, Perm
from sellercenter.schedule import Schedule

_TELLS = {
    TrackingCode.PICKED_UP: ParcelStatus.IN_TRANSIT,
    TrackingCode.HUB: ParcelStatus.IN_TRANSIT,
    TrackingCode.CUSTOMS: ParcelStatus.IN_TRANSIT,
    TrackingCode.OUT_FOR_DELIVERY: ParcelStatus.OUT_FOR_DELIVERY,
    TrackingCode.DELIVERED: ParcelStatus.DELIVERED,
    TrackingCode.ATTEMPT_FAILED: ParcelStatus.PROBLEM,
    TrackingCode.RETURNING: ParcelStatus.PROBLEM,
    TrackingCode.RETURNED: ParcelStatus.RETURNED,
    TrackingCode.LOST: ParcelStatus.LOST,
}
# A parcel that has come to one of these stays there, whatever comes late.
_ENDS = (ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.LOST)


@transaction.atomic
def ship(order: Order, *, carrier: str, tracking_no: str, units: dict[int, int] | None = None, by: Actor) -> Parcel:
    """Send a parcel: all that is left of the order, or `units` of its lines by their keys.

    Raises Refused when the order can't be shipped, a line has less left, or the tracking number is taken.
    """
    by.require(Perm.PARCELS_SHIP)
    carrier, tracking_no = carrier.strip(), tracking_no.strip().upper()
    if not tracking_no:
        raise Refused(_("Give the tracking number."), "no_tracking_number")
    if len(tracking_no) > 64 or len(carrier) > 40:
        raise Refused(_("A tracking number has at most 64 characters, a carrier's name 40."), "too_long")
    now = locked(order)
    lines = list(order.lines.select_for_update().order_by("pk"))
    sending = _sending(lines, _left(lines), units)
    parcel = _parcel(order, carrier, tracking_no, now)
    parts = [
        ParcelLine(shop_id=order.shop_id, parcel=parcel, line_id=line, order=order, quantity=quantity)
        for line, quantity in sending.items()
    ]
    ParcelLine.objects.bulk_create(parts)
    status = _settle(order, lines)
    move = "ship" if status == Status.SHIPPED else "ship_part"
    told = {"carrier": carrier, "tracking_no": tracking_no, "parcel": parcel.pk, "units": sum(sending.values())}
    ORDER.move(order, move, by=by, data=told, shipped_at=now, updated_at=now)
    inventory.take(order, sending, by=by)
    return parcel


def _left(lines: list[OrderLine]) -> dict[int, int]:
    """Return how many units of each live line are in no parcel yet."""
    packed = ParcelLine.objects.filter(line__in=lines).values("line").annotate(units=Sum("quantity"))
    units = {row["line"]: row["units"] for row in packed}
    live = [line for line in lines if line.status != LineStatus.CANCELLED]
    return {line.pk: line.quantity - units.get(line.pk, 0) for line in live}


def _sending(lines: list[OrderLine], left: dict[int, int], units: dict[int, int] | None) -> dict[int, int]:
    """Return what goes into the parcel, by line; refuse more than is left, and nothing at all."""
    wanted = {pk: many for pk, many in (left if units is None else units).items() if many}
    titles = {line.pk: line.title for line in lines}
    for pk, many in wanted.items():
        if many < 0 or many > left.get(pk, 0):
            told = {"title": titles.get(pk, pk), "left": left.get(pk, 0), "asked": many}
            raise Refused(_("“%(title)s” has %(left)s left to ship, not %(asked)s.") % told, "too_many_units")
    if not wanted:
        raise Refused(_("Nothing of this order is left to ship."), "nothing_left")
    return wanted


def _parcel(order: Order, carrier: str, tracking_no: str, now: datetime) -> Parcel:
    """Make the parcel; a number belongs to one parcel of the shop, so a second order under it is a slip of the pen."""
    parcel, made = Parcel.objects.get_or_create(
        shop_id=order.shop_id,
        tracking_no=tracking_no,
        carrier=carrier,
        defaults={"status": ParcelStatus.IN_TRANSIT, "shipped_at": now},
    )
    if not made:
        other = ParcelLine.objects.filter(parcel=parcel).values_list("order__number", flat=True).first()
        told = {"number": tracking_no, "order": other or "—"}
        raise Refused(_("Tracking no. %(number)s is in use by order %(order)s.") % told, "tracking_number_taken")
    return parcel


def _settle(order: Order, lines: list[OrderLine]) -> Status:
    """Derive and write where the lines stand, and return where that puts the order."""
    parts: dict[int, list[tuple[int, str]]] = {}
    stored = ParcelLine.objects.filter(line__in=lines).values_list("line_id", "quantity", "parcel__status")
    for line_id, quantity, status in stored:
        parts.setdefault(line_id, []).append((quantity, status))
    for line in lines:
        gone = line.status == LineStatus.CANCELLED
        state = derive.line_status(line.quantity, parts.get(line.pk, ()), cancelled=gone)
        if state != line.status:
            OrderLine.objects.filter(pk=line.pk).update(status=state)
            line.status = state
    return derive.order_status(order.status, [line.status for line in lines])


@transaction.atomic
def record_tracking(
    parcel: Parcel,
    *,
    code: TrackingCode | str,
    at: datetime,
    site: str = "",
    text: str = "",
    source: str = "",
    by: Actor,
) -> bool:
    """Take in one message of a carrier; say whether it was new. They come late, twice and out of order."""
    code = TrackingCode(code)
    locked(parcel)
    _event, new = TrackingEvent.objects.get_or_create(
        parcel=parcel, at=at, code=code, text=text[:300], defaults={"site": site[:120], "source": source[:20]}
    )
    if not new:
        return False
    newest = parcel.last_event_at is None or at >= parcel.last_event_at
    values: dict[str, object] = {"last_event_at": Greatest(Coalesce("last_event_at", at), at)}
    if code in _TELLS and parcel.status not in _ENDS and (newest or _TELLS[code] in _ENDS):
        values["status"] = _TELLS[code]
    if values.get("status") == ParcelStatus.DELIVERED:
        values["delivered_at"] = at
    Parcel.objects.filter(pk=parcel.pk).update(**values)
    parcel.refresh_from_db(fields=[*values])
    inside = ParcelLine.objects.filter(parcel=parcel).values("order")
    for order in Order.objects.select_related("shop__policy").filter(pk__in=inside).order_by("pk"):
        _heard(order, parcel, by)
    return True


def _heard(order: Order, parcel: Parcel, by: Actor) -> None:
    """Let an order know that there is news of one of its parcels."""
    now = locked(order)
    if order.status not in (Status.PART_SHIPPED, Status.SHIPPED):
        return
    status = _settle(order, list(order.lines.select_for_update().order_by("pk")))
    if status == Status.DELIVERED and order.status == Status.SHIPPED:
        # The last parcel counts, though the news of another came later.
        last = Parcel.objects.filter(parts__order=order).aggregate(last=Max("delivered_at"))["last"]
        deliver(order, at=last or now, by=by)
    elif order.status == Status.SHIPPED:
        silent_at = clocks.plus(parcel.last_event_at, order.shop.policy.tracking_silence)
        schedule.put(order, Schedule.of(order).plus("silence", silent_at))


@transaction.atomic
def deliver(order: Order, *, at: datetime | None = None, by: Actor) -> None:
    """Note that everything arrived, at `at` or now; receipt counts as confirmed after the policy's time."""
    now = locked(order)
    delivered_at = min(at or now, now)
    confirm_by = clocks.plus(delivered_at, order.shop.policy.receipt_window)
    ORDER.move(order, "deliver", by=by, delivered_at=delivered_at, confirm_by=confirm_by, updated_at=now)


@transaction.atomic
def confirm(order: Order, *, by: Actor) -> None:
    """Complete the order because its buyer confirmed receipt."""
    now = locked(order)
    delivered_at = order.delivered_at or now
    ORDER.move(order, "confirm", by=by, completed_at=now, delivered_at=delivered_at, updated_at=now)
    order.lines.exclude(status=LineStatus.CANCELLED).update(status=LineStatus.DELIVERED)
