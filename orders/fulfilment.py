"""Verbs on the way of the goods: ship as a whole or in part, take in what carriers tell, confirm receipt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Sum
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from orders import actions, clocks, derive, inventory
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine, Parcel, ParcelLine, TrackingEvent
from orders.notices import language_of
from orders.states import Abnormal, LineStatus, ParcelStatus, Status, TrackingCode
from sellercenter import events, schedule
from sellercenter.lifecycle import Refused, locked
from sellercenter.locks import once_more
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
_FAILED = (ParcelStatus.RETURNED, ParcelStatus.LOST)
# Orders that somebody still has to ship.
_WAITING = (Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED)
_LEFT = (Status.SHIPPED, Status.DELIVERED)


@transaction.atomic
def ship(
    order: Order,
    *,
    carrier: str,
    tracking_no: str,
    units: dict[int, int] | None = None,
    at: datetime | None = None,
    by: Actor,
) -> Parcel:
    """Send a parcel: all that is left of the order, or `units` of its lines by their keys.

    It leaves now or left `at` a time, which counts from when the order was placed and until now. Under the number of a
    parcel that was announced for this order that parcel leaves, with these units inside. Raises Refused when the order
    can't be shipped, a line has less left, or the tracking number is taken.
    """
    by.require(Perm.PARCELS_SHIP)
    carrier, tracking_no = carrier.strip(), tracking_no.strip().upper()
    if not tracking_no:
        raise Refused(_("Give the tracking number."), "no_tracking_number")
    if len(tracking_no) > 64 or len(carrier) > 40:
        raise Refused(_("A tracking number has at most 64 characters, a carrier's name 40."), "too_long")
    now = locked(order)
    left_at = min(max(at or now, order.placed_at), now)
    lines = list(order.lines.select_for_update().order_by("pk"))
    sending = _sending(lines, _left(lines), units)
    parcel = _parcel(order, carrier, tracking_no, left_at)
    parts = [
        ParcelLine(shop_id=order.shop_id, parcel=parcel, line_id=line, order=order, quantity=quantity)
        for line, quantity in sending.items()
    ]
    ParcelLine.objects.bulk_create(parts)
    _unannounce(lines)
    # The last parcel counts, though one that left before it may be told later.
    last_at = max(left_at, order.shipped_at or left_at)
    _go(order, parcel, _settle(order, lines), sum(sending.values()), by=by, at=last_at)
    inventory.take(order, sending, by=by)
    return parcel


def _go(order: Order, parcel: Parcel, status: Status, units: int, *, by: Actor, at: datetime) -> None:
    """Make the move that takes the order to where its lines put it."""
    move = "ship" if status in _LEFT else "ship_part"
    told = {"carrier": parcel.carrier, "tracking_no": parcel.tracking_no, "parcel": parcel.pk, "units": units}
    ORDER.move(order, move, by=by, data=told, shipped_at=at, updated_at=Now())


def _left(lines: list[OrderLine], *, but: Parcel | None = None) -> dict[int, int]:
    """Return how many units of each live line have not left; `but` this parcel, whatever became of it.

    A parcel that is only announced keeps nobody from sending its units in another one.
    """
    packed = ParcelLine.objects.filter(line__in=lines).exclude(parcel__status=ParcelStatus.READY)
    gone = packed.exclude(parcel=but).values("line").annotate(units=Sum("quantity"))
    units = {row["line"]: row["units"] for row in gone}
    live = [line for line in lines if line.status != LineStatus.CANCELLED]
    return {line.pk: max(0, line.quantity - units.get(line.pk, 0)) for line in live}


def _unannounce(lines: list[OrderLine]) -> None:
    """Take out of announced parcels what has left in another one, so that no unit is in two."""
    left = _left(lines)
    announced = ParcelLine.objects.filter(line__in=lines, parcel__status=ParcelStatus.READY).order_by("pk")
    for part in announced:
        kept = min(part.quantity, left.get(part.line_id, 0))
        left[part.line_id] = left.get(part.line_id, 0) - kept
        if not kept:
            part.delete()
        elif kept < part.quantity:
            ParcelLine.objects.filter(pk=part.pk).update(quantity=kept)


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
    """Make the parcel, or let the announced one leave, to be filled anew.

    A number belongs to one parcel of the shop, so a second order under it is a slip of the pen.
    """
    parcel, made = Parcel.objects.get_or_create(
        shop_id=order.shop_id,
        tracking_no=tracking_no,
        carrier=carrier,
        defaults={"status": ParcelStatus.IN_TRANSIT, "shipped_at": now},
    )
    if made:
        return parcel
    locked(parcel)
    inside = ParcelLine.objects.filter(parcel=parcel)
    others = [number for pk, number in inside.values_list("order", "order__number") if pk != order.pk]
    if parcel.status != ParcelStatus.READY or others:
        told = {"number": tracking_no, "order": next(iter(others), order.number if inside else "—")}
        raise Refused(_("Tracking no. %(number)s is in use by order %(order)s.") % told, "tracking_number_taken")
    inside.delete()
    Parcel.objects.filter(pk=parcel.pk).update(status=ParcelStatus.IN_TRANSIT, shipped_at=now)
    parcel.status, parcel.shipped_at = ParcelStatus.IN_TRANSIT, now
    return parcel


def _settle(order: Order, lines: list[OrderLine]) -> Status:
    """Derive and write where the lines stand, and return where that puts the order."""
    states = _line_states(lines)
    for line in lines:
        if states[line.pk] != line.status:
            OrderLine.objects.filter(pk=line.pk).update(status=states[line.pk])
            line.status = states[line.pk]
    return derive.order_status(order.status, states.values())


def _line_states(lines: list[OrderLine]) -> dict[int, LineStatus]:
    """Derive where the lines stand from their parcels."""
    parts: dict[int, list[tuple[int, str]]] = {}
    stored = ParcelLine.objects.filter(line__in=lines).values_list("line_id", "quantity", "parcel__status")
    for line_id, quantity, status in stored:
        parts.setdefault(line_id, []).append((quantity, status))
    return {
        line.pk: derive.line_status(
            line.quantity, parts.get(line.pk, ()), cancelled=line.status == LineStatus.CANCELLED
        )
        for line in lines
    }


@once_more
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
    """Take in one message of a carrier; say whether it was new. They come late, twice and out of order.

    Only the system and the platform report. `at` is kept as the carrier tells it, but counts from when the parcel left
    and until the database's now. An order whose parcel was taken before anybody shipped it here counts as shipped.
    """
    if not by.is_outside:
        raise PermissionDenied(f"{by.label} may not report for a carrier")
    code = TrackingCode(code)
    # Orders before their parcels: whoever ships or imports one holds it before it comes to the parcel.
    inside = ParcelLine.objects.filter(parcel=parcel).values("order")
    orders = Order.objects.select_related("shop__policy").filter(pk__in=inside).order_by("pk")
    begun = [order.placed_at for order in orders.select_for_update(of=("self",))]
    now = locked(parcel)
    _event, new = TrackingEvent.objects.get_or_create(
        parcel=parcel, at=at, code=code, text=text[:300], defaults={"site": site[:120], "source": source[:20]}
    )
    if not new:
        return False
    was = parcel.status
    _move_on(parcel, code, min(max(at, parcel.shipped_at or max(begun, default=at)), now), now)
    # Read again: an import may have packed one more order before the parcel was locked.
    found = list(orders.all())
    if len(found) > 1:
        inventory.lock(OrderLine.objects.filter(order__in=found), every=True)
    for order in found:
        with translation.override(language_of(order.shop)):
            _heard(order, parcel, was, by)
    return True


def _move_on(parcel: Parcel, code: TrackingCode, at: datetime, now: datetime) -> None:
    """Bring a locked parcel up to a message that counts as of `at`."""
    newest = parcel.last_event_at is None or at >= min(parcel.last_event_at, now)
    values: dict[str, object] = {"last_event_at": min(max(parcel.last_event_at or at, at), now)}
    if code in _TELLS and parcel.status not in _ENDS and (newest or _TELLS[code] in _ENDS):
        values["status"] = _TELLS[code]
        values["shipped_at"] = parcel.shipped_at or at
    if values.get("status") == ParcelStatus.DELIVERED:
        values["delivered_at"] = at
    Parcel.objects.filter(pk=parcel.pk).update(**values)
    parcel.refresh_from_db(fields=[*values])


def _heard(order: Order, parcel: Parcel, was: str, by: Actor) -> None:
    """Let an order know that there is news of one of its parcels, which `was` in this state before."""
    now = locked(order)
    if order.status not in (*_WAITING, Status.SHIPPED):
        return
    lines = list(order.lines.select_for_update().order_by("pk"))
    if order.status in _WAITING and parcel.status != ParcelStatus.READY:
        _follow(order, parcel, lines, just_left=was == ParcelStatus.READY, by=by)
    if parcel.status != was and parcel.status in _FAILED:
        _failed(order, parcel, by)
    status = _settle(order, lines)
    if status == Status.DELIVERED and order.status == Status.SHIPPED:
        # The last parcel counts, though the news of another came later.
        last = Parcel.objects.filter(parts__order=order).aggregate(last=Max("delivered_at"))["last"]
        deliver(order, at=last or now, by=by)
    elif order.status == Status.SHIPPED:
        silent_at = clocks.plus(parcel.last_event_at, order.shop.policy.tracking_silence)
        schedule.put(order, Schedule.of(order).plus("silence", silent_at))


def _follow(order: Order, parcel: Parcel, lines: list[OrderLine], *, just_left: bool, by: Actor) -> None:
    """Let an order that waits here follow what a carrier took: its units left, whatever people meant to do first."""
    status = derive.order_status(Status.TO_SHIP, _line_states(lines).values())
    room = _left(lines, but=parcel)
    inside = ParcelLine.objects.filter(parcel=parcel, order=order).values_list("line", "quantity")
    gone = {line: min(units, room.get(line, 0)) for line, units in inside} if just_left else {}
    if status in _LEFT:
        # Nothing stays set aside for an order that has left as a whole.
        gone |= {line.pk: max(line.reserved, gone.get(line.pk, 0)) for line in lines if line.reserved}
    inventory.take(order, gone, by=by)
    if status == Status.TO_SHIP or (status == order.status and not just_left):
        return
    try:
        with transaction.atomic():
            _free(order, parcel, by)
            _go(order, parcel, status, sum(gone.values()), by=by, at=parcel.shipped_at or parcel.created_at)
    except Refused:
        # The time to answer the buyer's wish is over: the order is about to be cancelled, and somebody must look.
        locked(order)
        _mark(order, parcel, by, _("Parcel %(number)s left although the buyer had asked to cancel."))


def _free(order: Order, parcel: Parcel, by: Actor) -> None:
    """Clear away what would keep the order from leaving, now that it has left, and let a person look at it."""
    if order.held:
        actions.release(order, by=by)
        _mark(order, parcel, by, _("Parcel %(number)s left although the order was held."))
    if order.cancel_requested_at is not None:
        actions.refuse_cancel(order, reason=_("The parcel has left already."), by=by)
        _mark(order, parcel, by, _("Parcel %(number)s left although the buyer had asked to cancel."))
    if order.status == Status.TO_REVIEW:
        actions.approve(order, by=by)


def _failed(order: Order, parcel: Parcel, by: Actor) -> None:
    """Mark an order of which a parcel will not arrive, and tell those who watch parcels."""
    lost = parcel.status == ParcelStatus.LOST
    _mark(order, parcel, by, _("Parcel %(number)s is lost.") if lost else _("Parcel %(number)s came back."))
    told: dict[str, Any] = {"status": str(parcel.status), "carrier": parcel.carrier, "tracking_no": parcel.tracking_no}
    events.record(order.shop, "order.parcel_failed", order, by=by, **told)


def _mark(order: Order, parcel: Parcel, by: Actor, words: str) -> None:
    """Mark an order as abnormal for its parcel, unless it is marked already."""
    if not order.abnormal:
        actions.mark_abnormal(order, kind=Abnormal.PARCEL, reason=words % {"number": parcel}, by=by)


@transaction.atomic
def deliver(order: Order, *, at: datetime | None = None, by: Actor) -> None:
    """Note that everything arrived, at `at` or now; receipt counts as confirmed after the policy's time, from now on.

    Counted from when it was heard of, news that come late leave the buyer the whole time.
    """
    now = locked(order)
    confirm_by = clocks.plus(now, order.shop.policy.receipt_window)
    ORDER.move(order, "deliver", by=by, delivered_at=min(at or now, now), confirm_by=confirm_by, updated_at=now)


@transaction.atomic
def confirm(order: Order, *, by: Actor) -> None:
    """Complete the order because its buyer confirmed receipt."""
    now = locked(order)
    delivered_at = order.delivered_at or now
    ORDER.move(order, "confirm", by=by, completed_at=now, delivered_at=delivered_at, updated_at=now)
    order.lines.exclude(status=LineStatus.CANCELLED).update(status=LineStatus.DELIVERED)
