"""The columns of the case list: what each cell shows, prepared once per row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales import reasons
from aftersales.models import Case, CaseLine
from aftersales.models.cases import LISTED
from aftersales.states import OPEN, CaseKind, CaseStatus, Fault, Problem, Side
from orders.tables import initials
from sellercenter import money
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

# The lines of a case as one column of its row, so that a page of cases is one query.
_LINES = (
    CaseLine.objects.filter(case=OuterRef("pk"))
    .order_by("pk")
    .values(made=JSONObject(title="line__title", variant="line__variant", quantity="quantity"))
)


def listed() -> QuerySet[Case]:
    """Return the query of the case list: what its columns show, with the order and the lines."""
    columns = (*LISTED, "return_tracking_no", "decided_by_rule", "overridden")
    return Case.objects.select_related("order").only(*columns).annotate(things=ArraySubquery(_LINES))


def items(case: Any, at: Setting) -> list[dict[str, Any]]:
    """List what the case is about."""
    return [{"initials": initials(thing["title"]), **thing} for thing in case.things]


def deadline(case: Case, at: Setting) -> Due | None:
    """Show until when whoever acts next must act; a clock that stands shows nothing."""
    if case.paused_at is not None or case.status not in OPEN:
        return None
    return due(case.act_by, at.now, at.zone, label=deadline_words(case))


def deadline_words(case: Case) -> str:
    """Say what happens by itself when the deadline of a case passes."""
    match case.status:
        case CaseStatus.REQUESTED:
            return _("Without an answer it counts as accepted.")
        case CaseStatus.OFFERED:
            return _("Without an answer the offer counts as declined.")
        case CaseStatus.TO_RETURN:
            return _("Not sent back by then, the case is closed.")
        case CaseStatus.TO_INSPECT:
            return _("Not inspected by then, the return counts as fine.")
        case CaseStatus.TO_RESEND:
            return _("Must be sent by then.")
        case CaseStatus.REFUSED:
            return _("Not taken to the platform by then, the case is closed.")
    return ""


def overdue(case: Case, at: Setting) -> bool:
    """Say whether the deadline of an open case has passed."""
    return case.status in OPEN and case.paused_at is None and case.act_by is not None and case.act_by <= at.now


def states(case: Case, at: Setting) -> list[dict[str, str]]:
    """Show the state, and beside it what is out of the ordinary."""
    shown = [{"code": case.status, "label": labels(CaseStatus)[case.status]}]
    if case.paused_at is not None and case.status in OPEN:
        shown.append({"code": "soon", "label": _("Clock stopped")})
    return shown


def buyer(case: Case, at: Setting) -> dict[str, str]:
    """Show who asks, and for which order."""
    return {"nickname": case.buyer_nickname or "—", "masked": case.order.number}


def reason(case: Case, at: Setting) -> str:
    """Show the first reason that was given."""
    return str(reasons.label(case.reason))


def order_number(case: Case, at: Setting) -> str:
    """Show the number of the order."""
    return case.order.number


class CaseTable(ListTable):
    """The columns of the case list."""

    number = NumberColumn(gettext_lazy("Case no."), "number", required=True)
    status = MadeColumn(gettext_lazy("Status"), states, kind="badges", required=True)
    deadline = MadeColumn(gettext_lazy("Time left"), deadline, kind="due", sort="deadline")
    next = ChoiceColumn(gettext_lazy("Who acts next"), "next_side", Side)
    kind = ChoiceColumn(gettext_lazy("Kind"), "kind", CaseKind)
    amount = MoneyColumn(gettext_lazy("Amount"), "amount", sort="amount")
    reason = MadeColumn(gettext_lazy("Reason"), reason, kind="text")
    items = MadeColumn(gettext_lazy("Items"), items, kind="items")
    buyer = MadeColumn(gettext_lazy("Buyer and order"), buyer, kind="buyer")
    opened = TimeColumn(pgettext_lazy("time", "Opened"), "opened_at", sort="opened")
    problem = ChoiceColumn(gettext_lazy("Problem"), "problem", Problem, shown=False)
    fault = ChoiceColumn(gettext_lazy("Fault"), "fault", Fault, shown=False)
    offered = MadeColumn(gettext_lazy("Offered"), lambda case, at: _offered(case), kind="money", shown=False)
    order = MadeColumn(gettext_lazy("Order no."), order_number, kind="text", shown=False)
    tracking = Column(gettext_lazy("Tracking no. of the return"), "return_tracking_no", shown=False)
    rule = Column(gettext_lazy("Decided by the rule"), "decided_by_rule", shown=False)
    ended = TimeColumn(pgettext_lazy("cases", "Ended"), "ended_at", shown=False)

    sorts = {
        "deadline": Sort("act_by", nullable=True),
        "opened": Sort("opened_at", descending=True),
        "amount": Sort("amount", descending=True, type=Decimal),
    }
    default_sort = "deadline"

    @classmethod
    def row_css(cls, record: Case, at: Setting) -> str:
        """Mark rows whose deadline has passed."""
        return "late" if overdue(record, at) else ""


def _offered(case: Case) -> str:
    return money.text(case.offer_amount, case.currency) if case.offer_amount is not None else ""
