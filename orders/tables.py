"""The columns of the order list: what each cell shows, prepared once per row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from orders.models import Order
from orders.states import (
    OPEN,
    UNSHIPPED,
    Abnormal,
    AfterSales,
    Flag,
    PaymentMethod,
    PaymentState,
    ShipmentState,
    Source,
    Status,
)
from sellercenter.columns import (
    ChoiceColumn,
    Column,
    ListTable,
    MadeColumn,
    MoneyColumn,
    NumberColumn,
    Setting,
    TimeColumn,
    labels,
)
from sellercenter.keyset import Sort
from sellercenter.times import Due, due

FLAG_ICONS = {flag.value: f"flag-{flag.name.lower()}" for flag in Flag}


def initials(title: str) -> str:
    """Return the letters that stand for a product without a picture."""
    return "".join(word[0] for word in title.split()[:2]).upper() if title.isascii() else title[:1]


def items(order: Order, at: Setting) -> list[dict[str, Any]]:
    """List what was bought."""
    return [
        {"initials": initials(line.title), "title": line.title, "variant": line.variant, "quantity": line.quantity}
        for line in order.lines.all()
    ]


def buyer(order: Order, at: Setting) -> dict[str, str]:
    """Show who bought, and the masked name of who receives."""
    recipient = getattr(order, "recipient", None)
    return {"nickname": order.buyer_nickname or "—", "masked": recipient.name_masked if recipient else ""}


def deadline(order: Order, at: Setting) -> Due | None:
    """Show until when somebody must act: never for a closed order, nor while it waits for a case."""
    if order.status not in OPEN or waits_for_case(order):
        return None
    return due(order.deadline_at, at.now, at.zone, label=deadline_words(order.status))


def waits_for_case(order: Order) -> bool:
    """Say whether the order would complete by itself but for a case that is open."""
    return order.status in (Status.SHIPPED, Status.DELIVERED) and order.aftersales == AfterSales.OPEN


def deadline_words(status: str) -> str:
    """Say what happens, or is late, when the deadline of a state passes."""
    if status == Status.UNPAID:
        return _("Unpaid orders are cancelled then")
    if status in (Status.SHIPPED, Status.DELIVERED):
        return _("Receipt counts as confirmed then")
    return _("Must be shipped by then")


def answer(order: Order, at: Setting) -> Due | None:
    """Show until when the buyer's wish to cancel must be answered."""
    if order.cancel_requested_at is None or order.status not in UNSHIPPED:
        return None
    return due(order.answer_by, at.now, at.zone, label=_("Without an answer it counts as accepted."))


def overdue(order: Order, at: Setting) -> bool:
    """Say whether the order should have been shipped by now."""
    return order.status in UNSHIPPED and order.deadline_at is not None and order.deadline_at <= at.now


def states(order: Order, at: Setting) -> list[dict[str, str]]:
    """Show the state, and beside it what is out of the ordinary."""
    shown = [{"code": order.status, "label": labels(Status)[order.status]}]
    if order.cancel_requested_at and order.status in OPEN:
        shown.append(_asked(order, at))
    if order.held and order.status in OPEN:
        shown.append({"code": "soon", "label": _("Held")})
    if order.refund_due:
        shown.append({"code": "late", "label": _("Refund to make")})
    if order.abnormal:
        shown.append({"code": "abnormal", "label": labels(Abnormal)[order.abnormal]})
    if order.aftersales == AfterSales.OPEN:
        shown.append({"code": "aftersales", "label": labels(AfterSales)[order.aftersales]})
    return shown


def _asked(order: Order, at: Setting) -> dict[str, str]:
    """Show the buyer's wish to cancel, with the time left for an answer where that ends before the deadline."""
    label = _("Cancel requested")
    answer = due(order.answer_by, at.now, at.zone)
    if answer is None or (order.deadline_at is not None and order.deadline_at <= order.answer_by):
        return {"code": "soon", "label": label}
    return {"code": "late" if answer.level else "soon", "label": f"{label} · {answer.text}"}


def marks(order: Order, at: Setting) -> list[dict[str, str]]:
    """Show flag, notes and the buyer's message as icons with words for those who listen."""
    shown = []
    if order.flag is not None:
        shown.append({"icon": "flag-filled", "label": labels(Flag)[order.flag], "css": FLAG_ICONS[order.flag]})
    if order.seller_note or order.note_count:
        shown.append({"icon": "note", "label": order.seller_note or _("Has internal notes"), "css": ""})
    if order.buyer_message:
        shown.append({"icon": "message", "label": order.buyer_message, "css": ""})
    return shown


def creator(order: Order, at: Setting) -> dict[str, str] | None:
    """Show who brought the order, and through what."""
    line = next((line for line in order.lines.all() if line.creator_id), None)
    if line is None or line.creator is None:
        return None
    detail = line.room or line.video
    return {"name": line.creator.name, "detail": detail}


def region(order: Order, at: Setting) -> str:
    """Show province and city."""
    return " · ".join(part for part in (order.province, order.city) if part)


class OrderTable(ListTable):
    """The columns of the order list; the first twelve are shown unless a person chooses others."""

    number = NumberColumn(gettext_lazy("Order no."), "number", required=True)
    status = MadeColumn(gettext_lazy("Status"), states, kind="badges", required=True)
    deadline = MadeColumn(gettext_lazy("Time left"), deadline, kind="due", sort="deadline")
    items = MadeColumn(gettext_lazy("Items"), items, kind="items")
    total = MoneyColumn(gettext_lazy("Total"), "total_amount", sort="total")
    buyer = MadeColumn(gettext_lazy("Buyer"), buyer, kind="buyer")
    placed = TimeColumn(pgettext_lazy("time", "Placed"), "placed_at", sort="placed")
    marks = MadeColumn(gettext_lazy("Marks"), marks, kind="icons")
    source = ChoiceColumn(gettext_lazy("Source"), "source", Source)
    creator = MadeColumn(gettext_lazy("Creator"), creator, kind="creator")
    method = ChoiceColumn(gettext_lazy("Payment method"), "payment_method", PaymentMethod)
    region = MadeColumn(gettext_lazy("Region"), region, kind="text")
    paid = TimeColumn(pgettext_lazy("time", "Paid"), "paid_at", sort="paid", shown=False)
    shipped = TimeColumn(pgettext_lazy("time", "Shipped"), "shipped_at", shown=False)
    paid_amount = MoneyColumn(gettext_lazy("Paid amount"), "paid_amount", shown=False)
    freight = MoneyColumn(gettext_lazy("Freight"), "freight_amount", shown=False)
    refunded = MoneyColumn(gettext_lazy("Refunded"), "refunded_amount", shown=False)
    payment = ChoiceColumn(gettext_lazy("Payment"), "payment_state", PaymentState, shown=False)
    shipment = ChoiceColumn(gettext_lazy("Shipment"), "shipment_state", ShipmentState, shown=False)
    aftersales = ChoiceColumn(gettext_lazy("After-sales"), "aftersales", AfterSales, shown=False)
    seller_note = Column(gettext_lazy("Seller note"), "seller_note", shown=False)
    buyer_message = Column(gettext_lazy("Buyer's message"), "buyer_message", shown=False)

    answer = MadeColumn(gettext_lazy("Answer to the cancel request"), answer, kind="due", sort="answer", shown=False)

    sorts = {
        "placed": Sort("placed_at", descending=True),
        "paid": Sort("paid_at", descending=True, nullable=True),
        "total": Sort("total_amount", descending=True, type=Decimal),
        "deadline": Sort("deadline_at", nullable=True),
        "answer": Sort("answer_by", nullable=True),
    }
    default_sort = "placed"

    @classmethod
    def row_css(cls, record: Order, at: Setting) -> str:
        """Mark rows that somebody has to look at."""
        late = record.status in OPEN and record.deadline_at is not None and record.deadline_at <= at.now
        return "late" if late else ""
