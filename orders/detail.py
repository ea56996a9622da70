"""One order prepared for its page: everything that people read there, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orders import timeline
from orders.models import Order, OrderLine, Parcel, TrackingEvent
from orders.states import (
    HELD_BY_CASE,
    OPEN,
    UNSHIPPED,
    Abnormal,
    AfterSales,
    Flag,
    Kind,
    LineStatus,
    ParcelStatus,
    PaymentMethod,
    PaymentStatus,
    Source,
    Status,
    TrackingCode,
)
from orders.tables import deadline, deadline_words, initials, overdue, states, waits_for_case
from sellercenter import money
from sellercenter.columns import Setting, labels
from sellercenter.models import Event
from sellercenter.schedule import Schedule
from sellercenter.times import Moment, due, moment

STEPS = (
    (Status.UNPAID, "placed_at"),
    (Status.TO_REVIEW, "paid_at"),
    (Status.TO_SHIP, "reviewed_at"),
    (Status.SHIPPED, "shipped_at"),
    (Status.DELIVERED, "delivered_at"),
    (Status.COMPLETED, "completed_at"),
)


def prepare(order: Order, at: Setting, history: Sequence[Event]) -> dict[str, Any]:
    """Return the order as `templates/orders/order_detail.html` reads it, without forms, moves and timeline."""
    badges = states(order, at)
    if overdue(order, at):
        badges.insert(1, {"code": "late", "label": _("Overdue")})
    return {
        "number": order.number,
        "badge": badges[0],
        "badges": badges[1:],
        "flag": None
        if order.flag is None
        else {"code": Flag(order.flag).name.lower(), "label": labels(Flag)[order.flag]},
        "abnormal": {"label": labels(Abnormal)[order.abnormal], "reason": order.abnormal_reason}
        if order.abnormal
        else None,
        "steps": steps(order, at),
        "banner": banner(order, at),
        "notices": notices(order, at, history),
        "wish": wish(order, at),
        "items": [item(line, order, at) for line in order.lines.all()],
        "parcels": parcels(order, at),
        "money": breakdown(order),
        "payments": payments(order, at),
        "buyer": {"nickname": order.buyer_nickname or "—", "uid": order.buyer.uid, "url": "", "tags": order.buyer.tags},
        "delivery": delivery(order),
        "attribution": attribution(order),
        "clocks": clocks(order, at),
        "reminded": reminded(order, at, history),
    }


def steps(order: Order, at: Setting) -> list[dict[str, str]]:
    """Show the way of the order from placed to completed, or to where it was cancelled."""
    names = {
        Status.UNPAID: _("Placed"),
        Status.TO_REVIEW: _("Paid"),
        Status.TO_SHIP: _("Approved"),
        Status.SHIPPED: _("Shipped"),
        Status.DELIVERED: _("Delivered"),
        Status.COMPLETED: _("Completed"),
    }
    times = [(status, moment(getattr(order, field), at.zone, this_year=at.year)) for status, field in STEPS]
    reached = max((i for i, (_status, when) in enumerate(times) if when), default=-1)
    shown = []
    for i, (status, when) in enumerate(times):
        if order.status == Status.CANCELLED and when is None:
            continue
        state = "done" if i <= reached else "now" if i == reached + 1 else ""
        shown.append({"label": names[status], "at": when.short if when else "", "state": state})
    if order.status == Status.CANCELLED:
        when = moment(order.cancelled_at, at.zone, this_year=at.year)
        shown.append({"label": _("Cancelled"), "at": when.short if when else "", "state": "now"})
    return shown


def banner(order: Order, at: Setting) -> dict[str, Any]:
    """Say where the order stands, who must act next, and until when."""
    texts = {
        Status.UNPAID: (_("Waiting for payment"), _("The buyer pays; then the order comes to review.")),
        Status.TO_REVIEW: (_("Waiting for review"), _("Somebody with the right approves or cancels it.")),
        Status.TO_SHIP: (_("Waiting to be shipped"), _("Pack it and hand it to the carrier.")),
        Status.PART_SHIPPED: (_("Partly shipped"), _("Some items still have to leave.")),
        Status.SHIPPED: (_("On its way"), _("The carrier delivers.")),
        Status.DELIVERED: (_("Delivered"), _("The buyer confirms receipt, or it counts as confirmed in time.")),
        Status.COMPLETED: (_("Completed"), _("Nothing is left to do.")),
        Status.CANCELLED: (_("Cancelled"), order.cancel_reason),
    }
    text, following = texts[Status(order.status)]
    if order.cancel_requested_at and order.status in (Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED):
        following = _("The buyer asked to cancel. Answer before anything else.")
    if waits_for_case(order):
        following = _("A case is open: the order completes only after it has ended.")
    return {"text": text, "next": following, "due": deadline(order, at)}


def wish(order: Order, at: Setting) -> dict[str, Any] | None:
    """Show the buyer's wish to cancel as long as it waits for an answer, with the time that is left for one."""
    if order.cancel_requested_at is None or order.status not in UNSHIPPED:
        return None
    label = _("Without an answer it counts as accepted.")
    return {
        "reason": order.cancel_wish,
        "at": moment(order.cancel_requested_at, at.zone, this_year=at.year),
        "due": due(order.answer_by, at.now, at.zone, label=label),
    }


def notices(order: Order, at: Setting, history: Sequence[Event]) -> list[dict[str, Any]]:
    """Say what is out of the ordinary: held, money to give back, money that came late, money that is missing."""
    shown = []
    if order.held:
        since = _last(history, "order.held", at)
        shown.append(_notice("warning", "lock", _("Held:"), _held_for(order), since))
    if order.refund_due:
        amount = money.text(order.refund_due, order.currency)
        shown.append(_notice("error", "receipt-refund", _("%s is to be refunded.") % amount, ""))
    late = _last(history, "order.paid_late", at)
    if late:
        text = _("It does not revive the order.")
        shown.append(_notice("warning", "cash", _("A payment came after the order was cancelled."), text, late))
    if order.status == Status.UNPAID and order.paid_amount:
        amounts = {"came": order.paid_amount, "missing": order.total_amount - order.paid_amount}
        told = {name: money.text(amount, order.currency) for name, amount in amounts.items()}
        shown.append(_notice("info", "coin", _("%(came)s came in, %(missing)s is missing.") % told, ""))
    return shown


def _held_for(order: Order) -> str:
    """Say why an order is held: what somebody wrote, or that a case waits."""
    return _("A case is open.") if order.held_reason == HELD_BY_CASE else order.held_reason


def _notice(tone: str, icon: str, title: str, text: str, when: Moment | None = None) -> dict[str, Any]:
    return {"tone": tone, "icon": icon, "title": title, "text": text, "at": when}


def reminded(order: Order, at: Setting, history: Sequence[Event]) -> Moment | None:
    """Return when the buyer was last reminded to pay, by a person or by itself."""
    return _last(history, "order.reminded", at) if order.status == Status.UNPAID else None


def _last(history: Sequence[Event], kind: str, at: Setting) -> Moment | None:
    found = next((event for event in reversed(history) if event.kind == kind), None)
    return moment(found.at, at.zone, this_year=at.year) if found else None


def item(line: OrderLine, order: Order, at: Setting) -> dict[str, Any]:
    """Prepare one line."""
    off = line.platform_discount + line.seller_discount + line.creator_discount + line.payment_discount
    return {
        "initials": initials(line.title),
        "title": line.title,
        "variant": line.variant,
        "sku": line.seller_sku,
        "quantity": line.quantity,
        "price": money.text(line.unit_price, order.currency),
        "discount": money.text(-off, order.currency) if off else "—",
        "amount": money.text(line.amount, order.currency),
        "badge": {"code": line.status, "label": labels(LineStatus)[line.status]},
        "note": _("Gift") if line.gift else "",
    }


def parcels(order: Order, at: Setting) -> list[dict[str, Any]]:
    """Prepare the parcels in which the order travels, each with its news, newest first."""
    found: dict[int, Parcel] = {}
    contents: dict[int, list[str]] = {}
    for line in order.lines.all():
        for part in line.parts.all():
            found[part.parcel_id] = part.parcel
            contents.setdefault(part.parcel_id, []).append(f"{line.title} × {part.quantity}")
    news: dict[int, list[dict[str, Any]]] = {}
    for event in TrackingEvent.objects.filter(parcel__in=found).order_by("-at", "-pk"):
        text = event.text or labels(TrackingCode)[event.code]
        when = moment(event.at, at.zone, this_year=at.year)
        news.setdefault(event.parcel_id, []).append({"text": text, "place": event.site, "at": when})
    return [
        {
            "carrier": parcel.carrier or _("Carrier unknown"),
            "tracking_no": parcel.tracking_no or _("no tracking number"),
            "badge": {"code": parcel.status, "label": labels(ParcelStatus)[parcel.status]},
            "lines": contents[pk],
            "events": news.get(pk, []),
        }
        for pk, parcel in found.items()
    ]


def breakdown(order: Order) -> list[dict[str, Any]]:
    """Show how the amount is made up, and who bears each discount."""
    lines: list[tuple[str, Decimal, str]] = [
        (_("Goods"), order.goods_amount, ""),
        (_("Platform discount"), -order.platform_discount, _("platform")),
        (_("Shop discount"), -order.seller_discount, _("shop")),
        (_("Creator discount"), -order.creator_discount, _("creator")),
        (_("Payment discount"), -order.payment_discount, _("payment provider")),
        (_("Freight"), order.freight_amount, ""),
        (_("Freight discount"), -order.freight_discount, _("shop")),
        (_("Tax"), order.tax_amount, ""),
        (_("Fees"), order.fee_amount, ""),
        (_("Price change by the seller"), order.adjustment, _("shop")),
    ]
    shown: list[dict[str, Any]] = [
        {"label": label, "amount": money.text(amount, order.currency), "bearer": bearer}
        for i, (label, amount, bearer) in enumerate(lines)
        if amount or i in (0, 5)
    ]
    shown.append({"label": _("Total"), "amount": money.text(order.total_amount, order.currency), "strong": True})
    shown.append({"label": pgettext("amount", "Paid"), "amount": money.text(order.paid_amount, order.currency)})
    if order.refunded_amount:
        shown.append({"label": _("Refunded"), "amount": money.text(-order.refunded_amount, order.currency)})
    return shown


def payments(order: Order, at: Setting) -> list[dict[str, Any]]:
    """Prepare the payments."""
    codes = {PaymentStatus.CAPTURED: "paid", PaymentStatus.PENDING: "pending", PaymentStatus.FAILED: "failed"}
    return [
        {
            "method": labels(PaymentMethod)[payment.method],
            "reference": payment.transaction_no,
            "amount": money.text(payment.amount, order.currency),
            "badge": {"code": codes[PaymentStatus(payment.status)], "label": labels(PaymentStatus)[payment.status]},
            "at": moment(payment.paid_at, at.zone, this_year=at.year),
        }
        for payment in order.payments.all()
    ]


def delivery(order: Order) -> dict[str, Any]:
    """Show where the order goes, masked; province, city and district are open."""
    recipient = getattr(order, "recipient", None)
    region = " ".join(part for part in (order.province, order.city, order.district) if part)
    return {
        "name": recipient.name_masked if recipient else "—",
        "phone": recipient.phone_masked if recipient else "—",
        "region": region or "—",
        "address": " ".join(filter(None, (recipient.address_masked, recipient.postcode_masked))) if recipient else "",
        "note": order.buyer_message,
        "shown": False,
        "reveal": None,
    }


def attribution(order: Order) -> list[dict[str, str]]:
    """Show where the order came from: source, app, creator, room or video, commission."""
    facts = [{"label": _("Source"), "value": labels(Source)[order.source]}]
    if order.channel:
        facts.append({"label": _("App"), "value": order.channel})
    if order.kind != Kind.NORMAL:
        facts.append({"label": _("Kind of order"), "value": labels(Kind)[order.kind]})
    line = next((line for line in order.lines.all() if line.creator_id), None)
    if line and line.creator:
        facts.append({"label": _("Creator"), "value": line.creator.name})
        if line.room:
            facts.append({"label": _("Live room"), "value": line.room})
        if line.video:
            facts.append({"label": _("Short video"), "value": line.video})
        commission = sum((one.commission_amount for one in order.lines.all()), Decimal(0))
        rate = f" ({line.commission_rate:.1%})" if line.commission_rate is not None else ""
        facts.append({"label": _("Commission"), "value": money.text(commission, order.currency) + rate})
    if order.aftersales != AfterSales.NONE:
        facts.append({"label": _("After-sales"), "value": labels(AfterSales)[order.aftersales]})
    return facts


def clocks(order: Order, at: Setting) -> list[dict[str, Any]]:
    """Show what happens to the order by itself and until when people must act, in the order of time."""
    waits = waits_for_case(order)
    steps = [(when, step) for when, step in Schedule.of(order).steps if not (waits and step == "complete")]
    planned = [(when, str(timeline.STEPS.get(step, step))) for when, step in steps]
    limits = [(order.deadline_at, deadline_words(order.status))] if order.status in OPEN and not waits else []
    if order.cancel_requested_at is not None and order.status in UNSHIPPED:
        limits.append((order.answer_by, _("Answer to the cancel request")))
    if order.status in (*UNSHIPPED, Status.SHIPPED):
        limits.append((order.deliver_by, _("Delivery was promised until then")))
    taken = {when for when, _label in planned}
    rows = [*planned, *((when, label) for when, label in limits if when is not None and when not in taken)]
    return [{"label": label, "due": due(when, at.now, at.zone)} for when, label in sorted(rows)]
