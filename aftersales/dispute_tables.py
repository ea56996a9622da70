"""The columns of the lists of disputes, appeals and logistics tickets, and the deadlines that they show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales.models import Appeal, Dispute, Ticket
from aftersales.states import AppealKind, AppealStatus, DisputeStatus, Fault, Side, TicketKind, TicketStatus
from sellercenter import money
from sellercenter.columns import ChoiceColumn, Column, ListTable, MadeColumn, NumberColumn, Setting, TimeColumn, labels
from sellercenter.keyset import Sort
from sellercenter.times import Due, due

_OPENED, _ENDED = pgettext_lazy("time", "Opened"), pgettext_lazy("cases", "Ended")
_NEWEST = {"opened": Sort("opened_at", descending=True)}


def evidence_by(dispute: Dispute, at: Setting) -> Due | None:
    """Show until when our evidence is awaited."""
    if dispute.status != DisputeStatus.EVIDENCE:
        return None
    return due(dispute.evidence_by, at.now, at.zone, label=_("Nothing is taken after that; the platform decides."))


def appeal_due(appeal: Appeal, at: Setting) -> Due | None:
    """Show until when a draft must be filed, or until when the platform answers."""
    if appeal.status == AppealStatus.DRAFT:
        return due(appeal.file_by, at.now, at.zone, label=_("Must be filed by then."))
    if appeal.status == AppealStatus.FILED:
        return due(appeal.answer_by, at.now, at.zone, label=_("The platform answers by then."))
    return None


def ticket_due(ticket: Ticket, at: Setting) -> Due | None:
    """Show until when the carrier's answer is expected."""
    if ticket.status != TicketStatus.OPEN:
        return None
    return due(ticket.answer_by, at.now, at.zone, label=_("The carrier answers by then."))


def dispute_states(dispute: Dispute, at: Setting) -> list[dict[str, str]]:
    """Show the state, and beside it that the shop has let the time for evidence pass."""
    shown = [{"code": dispute.status, "label": labels(DisputeStatus)[dispute.status]}]
    if (left := evidence_by(dispute, at)) is not None and left.level == "late":
        shown.append({"code": "late", "label": _("Silent")})
    return shown


def late(left: Due | None) -> str:
    """Return the class of a row whose deadline has passed."""
    return "late" if left is not None and left.level == "late" else ""


def stake(appeal: Appeal, at: Setting) -> str:
    """Show what is at stake, in the shop's currency."""
    return money.text(appeal.amount, at.shop.currency) if appeal.amount is not None else ""


def _case_number(record: Any, at: Setting) -> str:
    return record.case.number if record.case_id else ""


def _order_number(record: Any, at: Setting) -> str:
    return record.order.number if record.order_id else ""


class DisputeTable(ListTable):
    """The columns of the list of disputes."""

    number = NumberColumn(gettext_lazy("Dispute no."), "number", required=True)
    status = MadeColumn(gettext_lazy("Status"), dispute_states, kind="badges", required=True)
    deadline = MadeColumn(gettext_lazy("Evidence by"), evidence_by, kind="due", sort="deadline")
    case = MadeColumn(gettext_lazy("Case no."), _case_number, kind="text")
    order = MadeColumn(gettext_lazy("Order no."), lambda one, at: one.case.order.number, kind="text")
    amount = MadeColumn(
        gettext_lazy("Amount"), lambda one, at: money.text(one.case.amount, one.case.currency), kind="money"
    )
    demand = Column(gettext_lazy("What is asked of us"), "demand")
    opened = TimeColumn(_OPENED, "opened_at", sort="opened")
    opened_by = ChoiceColumn(gettext_lazy("Opened by"), "opened_by", Side, shown=False)
    blame = ChoiceColumn(gettext_lazy("Blame"), "blame", Fault, shown=False)
    conclusion = Column(gettext_lazy("Conclusion"), "conclusion", shown=False)
    ended = TimeColumn(_ENDED, "ended_at", shown=False)

    sorts = {**_NEWEST, "deadline": Sort("evidence_by", nullable=True)}
    default_sort = "opened"

    @classmethod
    def row_css(cls, record: Dispute, at: Setting) -> str:
        """Mark rows whose time for evidence has passed."""
        return late(evidence_by(record, at))


class AppealTable(ListTable):
    """The columns of the list of appeals."""

    number = NumberColumn(gettext_lazy("Appeal no."), "number", required=True)
    status = ChoiceColumn(gettext_lazy("Status"), "status", AppealStatus, badge=True, required=True)
    deadline = MadeColumn(gettext_lazy("Time left"), appeal_due, kind="due")
    kind = ChoiceColumn(gettext_lazy("Against"), "kind", AppealKind)
    target = Column(gettext_lazy("Number of the penalty"), "target")
    amount = MadeColumn(gettext_lazy("Amount at stake"), stake, kind="money", sort="amount")
    order = MadeColumn(gettext_lazy("Order no."), _order_number, kind="text")
    case = MadeColumn(gettext_lazy("Case no."), _case_number, kind="text")
    opened = TimeColumn(_OPENED, "opened_at", sort="opened")
    opened_by = Column(gettext_lazy("Opened by"), "opened_label", shown=False)
    file_by = TimeColumn(gettext_lazy("File by"), "file_by", sort="file_by", shown=False)
    filed = TimeColumn(gettext_lazy("Filed"), "filed_at", shown=False)
    outcome = Column(gettext_lazy("Answer of the platform"), "outcome", shown=False)

    sorts = {
        **_NEWEST,
        "file_by": Sort("file_by", nullable=True),
        "amount": Sort("amount", descending=True, nullable=True, type=Decimal),
    }
    default_sort = "opened"

    @classmethod
    def row_css(cls, record: Appeal, at: Setting) -> str:
        """Mark rows whose deadline has passed."""
        return late(appeal_due(record, at))


class TicketTable(ListTable):
    """The columns of the list of logistics tickets."""

    number = NumberColumn(gettext_lazy("Ticket no."), "number", required=True)
    status = ChoiceColumn(gettext_lazy("Status"), "status", TicketStatus, badge=True, required=True)
    deadline = MadeColumn(gettext_lazy("Time left"), ticket_due, kind="due", sort="deadline")
    kind = ChoiceColumn(pgettext_lazy("ticket", "Kind"), "kind", TicketKind)
    carrier = MadeColumn(gettext_lazy("Carrier"), lambda one, at: one.parcel.carrier if one.parcel else "", kind="text")
    tracking_no = MadeColumn(
        gettext_lazy("Tracking no."), lambda one, at: one.parcel.tracking_no if one.parcel else "", kind="text"
    )
    order = MadeColumn(gettext_lazy("Order no."), _order_number, kind="text")
    opened = TimeColumn(_OPENED, "opened_at", sort="opened")
    opened_by = Column(gettext_lazy("Opened by"), "opened_label")
    answer = Column(gettext_lazy("Answer of the carrier"), "answer", shown=False)
    ended = TimeColumn(_ENDED, "ended_at", shown=False)

    sorts = {**_NEWEST, "deadline": Sort("answer_by", nullable=True)}
    default_sort = "opened"

    @classmethod
    def row_css(cls, record: Ticket, at: Setting) -> str:
        """Mark rows whose answer is overdue."""
        return late(ticket_due(record, at))
