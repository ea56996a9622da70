"""The history of an order as people read it: one stream, from the one event store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from orders.models import Order
from orders.states import Abnormal, Flag, ParcelStatus, Status
from sellercenter import money
from sellercenter.columns import Setting, labels
from sellercenter.models import Channel, Event, MessageState, OutgoingMessage
from sellercenter.outgoing import NO_ADDRESS
from sellercenter.permissions import ActorKind
from sellercenter.texts import Text
from sellercenter.times import moment

Word = tuple[str, str, Text]
# What changed, from what, to what.
Detail = tuple[str, str, str]

# kind: (group, icon, words)
WORDS: dict[str, Word] = {
    "order.placed": ("state", "shopping-cart", gettext_lazy("Order placed")),
    "order.reminded": ("state", "bell", gettext_lazy("Buyer reminded to pay")),
    "order.paid": ("money", "cash", gettext_lazy("Paid")),
    "order.part_paid": ("money", "coin", gettext_lazy("A part of the price was paid")),
    "order.payment_awaited": ("money", "hourglass", gettext_lazy("Waits for a payment that is under way")),
    "order.paid_late": ("money", "alert-circle", gettext_lazy("Paid after the order was cancelled")),
    "order.paid_twice": ("money", "alert-circle", gettext_lazy("Paid once more than was owed")),
    "order.refunded": ("money", "receipt-refund", gettext_lazy("Refunded")),
    "order.refund_reported": ("money", "receipt-refund", gettext_lazy("A file tells of a refund that is under way")),
    "order.price_changed": ("money", "discount", gettext_lazy("Price changed")),
    "order.approved": ("state", "clipboard-check", gettext_lazy("Approved")),
    "order.held": ("state", "lock", gettext_lazy("Held")),
    "order.released": ("state", "lock-open", gettext_lazy("Released")),
    "order.address_changed": ("parcel", "map-pin", gettext_lazy("Address changed")),
    "order.ship_warned": ("state", "alarm", gettext_lazy("Warned that the ship-by time comes near")),
    "order.overdue": ("state", "alarm", gettext_lazy("Not shipped in time")),
    "order.part_shipped": ("parcel", "truck-loading", gettext_lazy("A part was shipped")),
    "order.shipped": ("parcel", "truck", gettext_lazy("Shipped")),
    "order.silent": ("parcel", "alert-triangle", gettext_lazy("The carrier has told nothing for too long")),
    "order.parcel_failed": ("parcel", "truck-return", gettext_lazy("A parcel was lost or came back")),
    "order.delivered": ("parcel", "package", gettext_lazy("Delivered")),
    "order.receipt_confirmed": ("state", "circle-check", gettext_lazy("Buyer confirmed receipt")),
    "order.completed": ("state", "circle-check", gettext_lazy("Completed")),
    "order.cancel_requested": ("state", "hourglass", gettext_lazy("Buyer asked to cancel")),
    "order.cancel_accepted": ("state", "circle-x", gettext_lazy("Cancel request accepted")),
    "order.cancel_withdrawn": ("state", "rotate", gettext_lazy("Cancel request withdrawn")),
    "order.case_opened": ("state", "inbox", gettext_lazy("Case opened")),
    "order.case_closed": ("state", "circle-check", gettext_lazy("No case is open any more")),
    "order.replaced": ("state", "package", gettext_lazy("Sent again by another order")),
    "order.cancel_refused": ("state", "ban", gettext_lazy("Cancel request refused")),
    "order.cancelled": ("state", "circle-x", gettext_lazy("Cancelled")),
    "order.given_up": ("state", "circle-x", gettext_lazy("Buyer does not want it any more")),
    "order.expired": ("state", "circle-x", gettext_lazy("Ran out of time and was cancelled")),
    "order.lapsed": ("state", "circle-x", gettext_lazy("Not shipped before the limit and cancelled")),
    "order.step_failed": ("state", "alert-triangle", gettext_lazy("A step failed too often and was given up")),
    "order.replayed": ("state", "rotate", gettext_lazy("A step that had failed is tried again")),
    "order.noted": ("note", "note", gettext_lazy("Internal note added")),
    "order.seller_note_written": ("note", "pencil", gettext_lazy("Seller note written")),
    "order.flagged": ("note", "flag", gettext_lazy("Flag changed")),
    "order.marked": ("note", "alert-triangle", gettext_lazy("Marked as abnormal")),
    "order.unmarked": ("note", "check", gettext_lazy("Abnormal mark taken away")),
    "order.imported": ("note", "file-import", gettext_lazy("Updated by an import")),
}
GROUPS: dict[str, Text] = {
    "": gettext_lazy("Everything"),
    "state": gettext_lazy("States"),
    "money": gettext_lazy("Money"),
    "parcel": gettext_lazy("Parcels"),
    "note": gettext_lazy("Notes and marks"),
    "case": gettext_lazy("After-sales"),
}
# What happens to an order by itself, by the step's name.
STEPS: dict[str, Text] = {
    "remind": gettext_lazy("First payment reminder"),
    "remind_again": gettext_lazy("Second payment reminder"),
    "expire": gettext_lazy("Cancelled when unpaid"),
    "warn_ship": gettext_lazy("Warning before the ship-by time"),
    "overdue": gettext_lazy("Overdue when not shipped"),
    "cancel_unshipped": gettext_lazy("Cancelled when not shipped"),
    "accept_cancel": gettext_lazy("The cancel request counts as accepted"),
    "silence": gettext_lazy("Marked without news of the carrier"),
    "complete": gettext_lazy("Receipt counts as confirmed"),
}
_STAGES: dict[str, Text] = {
    "first": gettext_lazy("First payment reminder"),
    "second": gettext_lazy("Second payment reminder"),
}
_ACTORS: dict[str, Text] = {
    ActorKind.SYSTEM: gettext_lazy("System"),
    ActorKind.BUYER: gettext_lazy("Buyer"),
    ActorKind.CHANNEL: gettext_lazy("Platform"),
}
_PRIVATE: dict[str, Text] = {
    "name": gettext_lazy("recipient"),
    "phone": gettext_lazy("phone"),
    "address": gettext_lazy("address"),
    "postcode": gettext_lazy("postcode"),
}


def stream(
    history: Iterable[Event],
    at: Setting,
    *,
    group: str = "",
    currency: str = "",
    messages: Iterable[OutgoingMessage] = (),
) -> list[dict[str, Any]]:
    """Prepare the events of one group, newest first; an unknown kind is shown under its own name.

    Amounts are in `currency`, the shop's unless told. `messages` stand with the events that they tell the buyer of.
    """
    sent: dict[int, list[Detail]] = {}
    for message in messages:
        sent.setdefault(message.event_id, []).append(_message(message, at))
    shown = [_entry(event, at, currency or at.shop.currency, sent.get(event.pk, [])) for event in history]
    return [entry for entry in reversed(shown) if not group or entry["kind"] == group]


def _entry(event: Event, at: Setting, currency: str, sent: list[Detail]) -> dict[str, Any]:
    # Once the messages are written they say more than the channels that were meant.
    data = {name: value for name, value in event.data.items() if name != "channels"} if sent else event.data
    group, icon, words = WORDS.get(event.kind, ("state", "point", event.kind))
    return {
        "kind": group,
        "icon": icon,
        "text": str(_STAGES.get(event.data.get("stage", ""), words)),
        "actor": actor(event),
        "at": moment(event.at, at.zone, this_year=at.year),
        "details": details(data, at, currency) + sent,
        "when": (event.at, event.pk),
    }


def actor(event: Event) -> str:
    """Name who did it: a person by name, everybody else by what they are."""
    return str(_ACTORS.get(event.actor_kind, event.actor_label))


def _message(message: OutgoingMessage, at: Setting) -> Detail:
    """Show what came of one message to the buyer, under its channel."""
    state = labels(MessageState)[message.state]
    if message.state == MessageState.SKIPPED and message.last_error:
        nobody = message.last_error == NO_ADDRESS
        state = _("Not sent: the buyer has no address for it") if nobody else _("Not sent: there is no gateway for it")
    elif message.state == MessageState.DEAD:
        state = f"{state}: {message.last_error}"
    when = moment(message.sent_at, at.zone, this_year=at.year)
    return labels(Channel)[message.channel], "", f"{state} {when.short}" if when else state


def details(data: dict[str, Any], at: Setting, currency: str) -> list[Detail]:
    """Prepare what an event kept: (label, before, after)."""
    shown = _change(data, currency)
    for name, label in _amounts():
        if name in data:
            shown.append((label, "", money.text(Decimal(str(data[name])), currency)))
    for name, label in _times():
        when = moment(datetime.fromisoformat(data[name]), at.zone, this_year=at.year) if data.get(name) else None
        if when:
            shown.append((label, "", when.short))
    for name, label in _texts():
        if data.get(name):
            shown.append((label, "", str(data[name])))
    if channels := data.get("channels"):
        shown.append((_("Channels"), "", ", ".join(labels(Channel).get(one, one) for one in channels)))
    if status := data.get("status"):
        shown.append((_("Parcel"), "", labels(ParcelStatus).get(status, status)))
    if step := data.get("step"):
        shown.append((_("Step"), "", str(STEPS.get(step, step))))
    return [*shown, *((_("Changed"), "", _column(name)) for name in data.get("changed", ()))]


def _change(data: dict[str, Any], currency: str) -> list[Detail]:
    """Show what was there before and after: a word, or several amounts."""
    before, after = data.get("before"), data.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        names = {"adjustment": _("Price change"), "freight": _("Freight"), "total": _("Total")}
        written = {name: [money.text(Decimal(one[name]), currency) for one in (before, after)] for name in names}
        return [(label, *written[name]) for name, label in names.items() if before[name] != after[name]]  # type: ignore[misc]
    if before is None and after is None:
        return []
    return [(_("Change"), _word(before), _word(after) or "—")]


def _amounts() -> list[tuple[str, str]]:
    return [("amount", _("Amount")), ("missing", _("Still missing"))]


def _times() -> list[tuple[str, str]]:
    return [("answer_by", _("To be answered by")), ("ship_by", _("To be shipped by")), ("until", _("Until"))]


def _texts() -> list[tuple[str, str]]:
    return [
        ("reason", _("Reason")),
        ("file", _("File")),
        ("carrier", _("Carrier")),
        ("tracking_no", _("Tracking no.")),
        ("units", _("Units")),
        ("reference", _("Number of the refund")),
        ("coupon", pgettext("discount", "Coupon")),
    ]


def _column(name: str) -> str:
    """Show a field under its own words, and anything else as it is."""
    if name in _PRIVATE:
        return str(_PRIVATE[name])
    try:
        field = Order._meta.get_field(name)
    except FieldDoesNotExist:
        return str(name)
    return str(getattr(field, "verbose_name", None) or field.related_model._meta.verbose_name)  # type: ignore[union-attr]


def _word(value: Any) -> str:
    """Show a code in the reader's language, and everything else as it is."""
    colours = {flag.name.lower(): labels(Flag)[flag.value] for flag in Flag}
    return str(labels(Status).get(value) or labels(Abnormal).get(value) or colours.get(value) or value or "")
