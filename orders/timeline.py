"""The history of an order as people read it: one stream, from the one event store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Order
from orders.states import Abnormal, Flag, Status
from sellercenter.columns import Setting, labels
from sellercenter.models import Event
from sellercenter.permissions import ActorKind
from sellercenter.texts import Text
from sellercenter.times import moment

Word = tuple[str, str, Text]

# kind: (group, icon, words)
WORDS: dict[str, Word] = {
    "order.placed": ("state", "shopping-cart", gettext_lazy("Order placed")),
    "order.reminded": ("state", "bell", gettext_lazy("Buyer reminded to pay")),
    "order.paid": ("state", "cash", gettext_lazy("Paid")),
    "order.approved": ("state", "clipboard-check", gettext_lazy("Approved")),
    "order.shipped": ("parcel", "truck", gettext_lazy("Shipped")),
    "order.delivered": ("parcel", "package", gettext_lazy("Delivered")),
    "order.completed": ("state", "circle-check", gettext_lazy("Completed")),
    "order.cancel_requested": ("state", "hourglass", gettext_lazy("Buyer asked to cancel")),
    "order.cancelled": ("state", "circle-x", gettext_lazy("Cancelled")),
    "order.expired": ("state", "circle-x", gettext_lazy("Ran out of time and was cancelled")),
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
    "parcel": gettext_lazy("Parcels"),
    "note": gettext_lazy("Notes and marks"),
}
_ACTORS: dict[str, Text] = {
    ActorKind.SYSTEM: gettext_lazy("System"),
    ActorKind.BUYER: gettext_lazy("Buyer"),
    ActorKind.CHANNEL: gettext_lazy("Platform"),
}


def stream(history: Iterable[Event], at: Setting, *, group: str = "") -> list[dict[str, Any]]:
    """Prepare the events of one group, newest first; an unknown kind is shown under its own name."""
    shown = [_entry(event, at) for event in history]
    return [entry for entry in reversed(shown) if not group or entry["kind"] == group]


def _entry(event: Event, at: Setting) -> dict[str, Any]:
    group, icon, words = WORDS.get(event.kind, ("state", "point", event.kind))
    return {
        "kind": group,
        "icon": icon,
        "text": str(words),
        "actor": str(_ACTORS.get(event.actor_kind, event.actor_label)),
        "at": moment(event.at, at.zone, this_year=at.year),
        "details": details(event.data),
    }


def details(data: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Prepare what an event kept: (label, before, after)."""
    shown = []
    if "before" in data or "after" in data:
        shown.append((_("Change"), _word(data.get("before")), _word(data.get("after")) or "—"))
    for name, label in (("reason", _("Reason")), ("file", _("File")), ("tracking_no", _("Tracking no."))):
        if data.get(name):
            shown.append((label, "", str(data[name])))
    for name in data.get("changed", ()):
        shown.append((_("Changed"), "", _column(name)))
    return shown


def _column(name: str) -> str:
    """Show a field under its own words, and anything else as it is."""
    try:
        field = Order._meta.get_field(name)
    except FieldDoesNotExist:
        return str(name)
    return str(getattr(field, "verbose_name", None) or field.related_model._meta.verbose_name)  # type: ignore[union-attr]


def _word(value: Any) -> str:
    """Show a code in the reader's language, and everything else as it is."""
    colours = {flag.name.lower(): labels(Flag)[flag.value] for flag in Flag}
    return str(labels(Status).get(value) or labels(Abnormal).get(value) or colours.get(value) or value or "")
