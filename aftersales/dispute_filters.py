"""The filters and tabs of the lists of disputes, appeals and logistics tickets."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.models import Appeal, Dispute, Ticket
from aftersales.states import DISPUTE_OPEN, AppealKind, AppealStatus, DisputeStatus, Fault, TicketKind, TicketStatus
from aftersales.tickets import TICKET_OPEN
from sellercenter.filters import Amount, Custom, Edge, LastDays, ListFilter, Pick, Range, Tab, Words
from sellercenter.models import Shop

_D, _A, _T = DisputeStatus, AppealStatus, TicketStatus
_ENDED = pgettext_lazy("cases", "Ended")
_OPENED = pgettext_lazy("time", "Opened")
_LATE, _SOON = _("Overdue"), _("Due soon")

DISPUTE_TABS = (
    Tab("", _("All")),
    Tab("evidence", _D.EVIDENCE.label, Q(status=_D.EVIDENCE)),
    Tab("in_progress", _D.IN_PROGRESS.label, Q(status=_D.IN_PROGRESS)),
    Tab("negotiating", _D.NEGOTIATING.label, Q(status=_D.NEGOTIATING)),
    Tab("ended", _ENDED, ~Q(status__in=DISPUTE_OPEN)),
)
APPEAL_TABS = (
    Tab("", _("All")),
    Tab("draft", _A.DRAFT.label, Q(status=_A.DRAFT)),
    Tab("filed", _A.FILED.label, Q(status=_A.FILED)),
    Tab("won", _A.WON.label, Q(status=_A.WON)),
    Tab("lost", _A.LOST.label, Q(status=_A.LOST)),
    Tab("ended", _("Withdrawn or too late"), Q(status__in=[_A.WITHDRAWN, _A.LAPSED])),
)
# What the carrier has answered, or not answered in time: the clock's step takes `due_at` away.
_SILENT = Q(status=_T.OPEN, due_at__isnull=True, answer_by__isnull=False)
TICKET_TABS = (
    Tab("", _("All")),
    Tab("to_do", pgettext_lazy("tickets", "To do"), Q(status=_T.ANSWERED) | _SILENT),
    Tab("open", _T.OPEN.label, Q(status=_T.OPEN)),
    Tab("answered", _T.ANSWERED.label, Q(status=_T.ANSWERED)),
    Tab("ended", _ENDED, ~Q(status__in=TICKET_OPEN)),
)


def _numbered(*fields: str) -> Any:
    """Return what keeps the records one of whose numbers begins with the text."""

    def condition(shop: Shop, text: str) -> Q:
        return Q(*((f"{field}__startswith", text.strip()) for field in fields), _connector=Q.OR)

    return condition


def _due(column: str, state: Q) -> Pick:
    """Return the filter by a deadline that runs in one state: passed, or near."""

    def late(filters: Any) -> Q:
        return state & Q(**{f"{column}__lte": filters.now})

    def soon(filters: Any) -> Q:
        warning = filters.shop.policy.case_warning
        near = {f"{column}__gt": filters.now, f"{column}__lte": filters.now + warning} if warning else {"pk__in": []}
        return state & Q(**near)

    return Pick({"overdue": (_LATE, late), "soon": (_SOON, soon)}, label=_("Deadline"))


class OpenedFilter(ListFilter):
    """What the three lists share: when a record was opened."""

    opened = LastDays(field_name="opened_at")
    opened_from = Edge(field_name="opened_at")
    opened_to = Edge(field_name="opened_at", upper=True)
    ranges = {"opened_range": Range(_OPENED, "opened_from", "opened_to", "opened")}


class DisputeFilter(OpenedFilter):
    """Everything by which disputes are looked for."""

    q = Custom(_numbered("number", "case__number", "case__order__number"), label=_("Dispute, case or order no."))
    status = Words(choices=DisputeStatus.choices, label=_("Status"))
    due = _due("evidence_by", Q(status=_D.EVIDENCE))
    blame = Words(choices=Fault.choices, label=_("Blame"))
    main = ("due", "opened_range")
    more = ((_("Dispute"), ("status", "blame")),)

    class Meta:
        model = Dispute
        fields: list[str] = []


class AppealFilter(OpenedFilter):
    """Everything by which appeals are looked for."""

    q = Custom(_numbered("number", "target", "case__number", "order__number"), label=_("Appeal, penalty or order no."))
    kind = Words(choices=AppealKind.choices, label=_("Against"))
    due = _due("file_by", Q(status=_A.DRAFT))
    amount_from = Amount(field_name="amount", lookup_expr="gte")
    amount_to = Amount(field_name="amount", lookup_expr="lte")
    main = ("kind", "due", "opened_range")
    more = ((_("Appeal"), ("amount_range",)),)
    ranges = OpenedFilter.ranges | {"amount_range": Range(_("Amount at stake"), "amount_from", "amount_to")}

    class Meta:
        model = Appeal
        fields: list[str] = []


class TicketFilter(OpenedFilter):
    """Everything by which logistics tickets are looked for."""

    q = Custom(_numbered("number", "parcel__tracking_no", "order__number"), label=_("Ticket, order or tracking no."))
    kind = Words(choices=TicketKind.choices, label=pgettext_lazy("ticket", "Kind"))
    due = _due("answer_by", Q(status=_T.OPEN))
    main = ("kind", "due", "opened_range")

    class Meta:
        model = Ticket
        fields: list[str] = []
