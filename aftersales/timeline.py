"""The history of cases as people read it, on the page of a case and beside everything else on the page of its order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from aftersales import reasons
from aftersales.models import Appeal, Case, Dispute, Evidence, Refund, Ticket
from aftersales.states import CaseStatus, Proof, Proposal, RefundStatus
from orders.models import Order
from orders.timeline import Detail, actor
from sellercenter import money
from sellercenter.columns import Setting, labels
from sellercenter.models import Event
from sellercenter.texts import Text
from sellercenter.times import moment

_GIVEN_UP = ("alert-triangle", gettext_lazy("A step failed too often and was given up"))
_AGAIN = ("rotate", gettext_lazy("A step that had failed is tried again"))
# kind: (icon, words)
WORDS: dict[str, tuple[str, Text]] = {
    "case.opened": ("message-report", gettext_lazy("Case opened")),
    "case.warned": ("alarm", gettext_lazy("Warned that the deadline of the case comes near")),
    "case.overridden": ("note", gettext_lazy("Decided against the shop's policy")),
    "case.rule_applied": ("bolt", gettext_lazy("A rule decided the case")),
    "case.accepted": ("check", gettext_lazy("Refund accepted")),
    "case.return_accepted": ("truck-return", gettext_lazy("Return accepted")),
    "case.kept": ("gift", gettext_lazy("Refunded without return")),
    "case.resend_accepted": ("truck-delivery", gettext_lazy("To be sent again")),
    "case.offered": ("discount", gettext_lazy("Partial refund offered")),
    "case.exchange_offered": ("refresh", gettext_lazy("Exchange offered")),
    "case.offer_taken": ("check", gettext_lazy("Offer taken")),
    "case.exchange_taken": ("check", gettext_lazy("Exchange taken")),
    "case.offer_declined": ("ban", gettext_lazy("Offer declined")),
    "case.refused": ("ban", gettext_lazy("Refused")),
    "case.sent_back": ("truck-return", gettext_lazy("Sent back by the buyer")),
    "case.received": ("package", gettext_lazy("The return has come")),
    "case.inspected": ("clipboard-check", gettext_lazy("Return inspected")),
    "case.exchange_inspected": ("clipboard-check", gettext_lazy("Return inspected, exchange to be sent")),
    "case.return_refused": ("ban", gettext_lazy("Return refused")),
    "case.resent": ("truck", gettext_lazy("Sent again")),
    "case.refunded_instead": ("receipt-refund", gettext_lazy("Refunded instead of sent again")),
    "case.reopened": ("rotate", gettext_lazy("The refund did not go through: to be decided again")),
    "case.finished": ("circle-check", gettext_lazy("Case done")),
    "case.withdrawn": ("arrow-back-up", gettext_lazy("Withdrawn by the buyer")),
    "case.lapsed": ("circle-x", gettext_lazy("Ran out and was closed")),
    "case.closed": ("circle-x", gettext_lazy("Closed")),
    "case.escalated": ("scale", gettext_lazy("Buyer asked the platform to decide")),
    "case.platform_asked": ("scale", gettext_lazy("Platform asked to decide")),
    "case.decided_for_buyer": ("gavel", gettext_lazy("Platform decided for the buyer")),
    "case.decided_for_seller": ("gavel", gettext_lazy("Platform decided for the shop")),
    "case.appeal_won": ("gavel", gettext_lazy("Appeal won")),
    "case.extended": ("clock", gettext_lazy("Deadline extended")),
    "case.paused": ("player-pause", gettext_lazy("Clock stopped")),
    "case.resumed": ("rotate", gettext_lazy("Clock goes on")),
    "case.step_failed": _GIVEN_UP,
    "case.replayed": _AGAIN,
    "refund.requested": ("receipt-refund", gettext_lazy("Refund requested")),
    "refund.confirmed": ("checks", gettext_lazy("Refund confirmed by a second person")),
    "refund.rejected": ("ban", gettext_lazy("Refund rejected")),
    "refund.called_back": ("arrow-back-up", gettext_lazy("Refund called back")),
    "refund.submitted": ("send", gettext_lazy("Refund submitted")),
    "refund.succeeded": ("circle-check", gettext_lazy("Refund succeeded")),
    "refund.failed": ("alert-circle", gettext_lazy("Refund failed")),
    "refund.tried_again": ("rotate", gettext_lazy("Asked for again")),
    "refund.step_failed": ("alert-triangle", gettext_lazy("A step failed too often and was given up")),
    "refund.replayed": ("rotate", gettext_lazy("A step that had failed is tried again")),
    "refund.unknown": ("alert-triangle", gettext_lazy("Nobody knows yet whether the refund went through")),
    "dispute.opened": ("scale", gettext_lazy("Dispute opened")),
    "dispute.evidence_asked": ("file-text", gettext_lazy("Platform asked for evidence")),
    "dispute.put_in": ("file-text", gettext_lazy("Statement put in")),
    "dispute.stated": ("pencil", gettext_lazy("Statement changed")),
    "dispute.evidence_warned": ("alarm", gettext_lazy("Warned that the time for evidence comes to its end")),
    "dispute.silent": ("alarm", gettext_lazy("Time for evidence passed without any")),
    "dispute.negotiating": ("message", gettext_lazy("Negotiation began")),
    "dispute.decided_for_buyer": ("gavel", gettext_lazy("Dispute decided for the buyer")),
    "dispute.decided_for_seller": ("gavel", gettext_lazy("Dispute decided for the shop")),
    "dispute.ended": ("check", gettext_lazy("Dispute ended by agreement")),
    "dispute.withdrawn": ("arrow-back-up", gettext_lazy("Dispute withdrawn")),
    "appeal.drafted": ("gavel", gettext_lazy("Appeal drafted")),
    "appeal.changed": ("pencil", gettext_lazy("Appeal changed")),
    "appeal.file_warned": ("alarm", gettext_lazy("Warned that the time to file the appeal comes to its end")),
    "appeal.filed": ("gavel", gettext_lazy("Appeal filed")),
    "appeal.unanswered": ("alarm", gettext_lazy("The platform has not answered the appeal in time")),
    "appeal.withdrawn": ("arrow-back-up", gettext_lazy("Appeal withdrawn")),
    "appeal.lapsed": ("circle-x", gettext_lazy("Appeal not filed in time")),
    "appeal.won": ("circle-check", gettext_lazy("Appeal won")),
    "appeal.lost": ("circle-x", gettext_lazy("Appeal lost")),
    "ticket.opened": ("truck", gettext_lazy("Logistics ticket opened")),
    "ticket.answered": ("message", gettext_lazy("Carrier answered")),
    "ticket.asked_again": ("rotate", gettext_lazy("Carrier asked again")),
    "ticket.overdue": ("alarm", gettext_lazy("The carrier has not answered in time")),
    "ticket.solved": ("check", gettext_lazy("Logistics ticket solved")),
    "ticket.closed": ("circle-x", gettext_lazy("Logistics ticket closed without a solution")),
    "evidence.added": ("upload", gettext_lazy("Evidence added")),
    "evidence.viewed": ("download", gettext_lazy("Evidence taken out")),
    "dispute.step_failed": _GIVEN_UP,
    "dispute.replayed": _AGAIN,
    "appeal.step_failed": _GIVEN_UP,
    "appeal.replayed": _AGAIN,
    "ticket.step_failed": _GIVEN_UP,
    "ticket.replayed": _AGAIN,
}


def of_case(case: Case, at: Setting) -> list[dict[str, Any]]:
    """Prepare what happened to a case, its refunds, disputes and appeals, newest first."""
    found = {
        "case": [case.pk],
        "refund": Refund.objects.filter(case=case).values("pk"),
        "dispute": Dispute.objects.filter(case=case).values("pk"),
        "appeal": Appeal.objects.filter(case=case).values("pk"),
        "evidence": Evidence.objects.filter(case=case).values("pk"),
    }
    return _stream(found, at, currency=case.currency, numbers={})


def of_order(order: Order, cases: Iterable[Case], at: Setting) -> list[dict[str, Any]]:
    """Prepare what happened to the cases, refunds and logistics tickets of an order, newest first."""
    numbers = {case.pk: case.number for case in cases}
    found = {
        "case": list(numbers),
        "refund": Refund.objects.filter(order=order).values("pk"),
        "ticket": Ticket.objects.filter(order=order).values("pk"),
    }
    return _stream(found, at, currency=order.currency, numbers=numbers)


def of_records(found: dict[str, Any], at: Setting, currency: str) -> list[dict[str, Any]]:
    """Prepare what happened to disputes, appeals or tickets, given by kind and keys, and to the evidence for them."""
    files = Evidence.objects.for_shop(at.shop)
    for kind in ("dispute", "appeal"):
        if kind in found:
            found = found | {"evidence": files.filter(**{f"{kind}__in": found[kind]}).values("pk")}
    return _stream(found, at, currency=currency, numbers={})


def of_refund(refund: Refund, at: Setting) -> list[dict[str, Any]]:
    """Prepare what happened to a refund, newest first."""
    return _stream({"refund": [refund.pk]}, at, currency=refund.currency, numbers={})


def _stream(found: dict[str, Any], at: Setting, *, currency: str, numbers: dict[int, str]) -> list[dict[str, Any]]:
    wanted = Q()
    for subject, keys in found.items():
        wanted |= Q(subject_type=subject, subject_id__in=keys)
    events: Iterable[Event] = Event.objects.filter(wanted).order_by("-at", "-pk")
    return [_entry(event, at, currency, numbers) for event in events]


def _entry(event: Event, at: Setting, currency: str, numbers: dict[int, str]) -> dict[str, Any]:
    icon, words = WORDS.get(event.kind, ("point", event.kind))
    states = CaseStatus if event.subject_type == "case" else RefundStatus if event.subject_type == "refund" else None
    details = _details(event.data, at, currency, states)
    if event.subject_type == "case" and event.subject_id in numbers:
        details.insert(0, (_("Case"), "", numbers[event.subject_id]))
    return {
        "kind": "case",
        "icon": icon,
        "text": str(words),
        "actor": actor(event),
        "at": moment(event.at, at.zone, this_year=at.year),
        "details": details,
        "when": (event.at, event.pk),
    }


def _details(data: dict[str, Any], at: Setting, currency: str, states: type[TextChoices] | None) -> list[Detail]:
    """Prepare what an event kept: (label, before, after)."""
    shown: list[Detail] = []
    if states is not None and data.get("after") in states.values:
        before = labels(states).get(data.get("before", ""), "")
        shown.append((_("State"), before, labels(states)[data["after"]]))
    if "amount" in data:
        shown.append((_("Amount"), "", money.text(Decimal(str(data["amount"])), currency)))
    if data.get("until"):
        until = moment(datetime.fromisoformat(data["until"]), at.zone, this_year=at.year)
        shown.append((_("Until"), "", until.short if until else ""))
    for name, label in _texts():
        if data.get(name) not in (None, ""):
            shown.append((label, "", _word(name, data[name])))
    return shown


def _texts() -> list[tuple[str, str]]:
    return [
        ("reason", _("Reason")),
        ("refusal", _("Reason")),
        ("proposed", _("Proposed")),
        ("rule", _("Rule")),
        ("sellable", _("Sellable")),
        ("damaged", _("Damaged")),
        ("carrier", _("Carrier")),
        ("tracking_no", _("Tracking no.")),
        ("replacement", _("Replacement order")),
        ("provider_no", _("Number of the refund")),
        ("error", pgettext("of a gateway", "Answer")),
        ("appeal", _("Appeal")),
        ("proof", _("What it shows")),
    ]


def _word(name: str, value: Any) -> str:
    """Show a code in the reader's language, and everything else as it is."""
    if name in ("reason", "refusal"):
        return str(reasons.label(str(value)))
    if name == "proof":
        return labels(Proof).get(value, str(value))
    return labels(Proposal).get(value, str(value)) if name == "proposed" else str(value)
