"""What after-sales puts on the home board; each number opens exactly what it counts."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import talk_counts
from aftersales.views.cases import CaseList
from aftersales.views.conversations import ConversationList
from aftersales.views.disputes import DisputeList
from aftersales.views.refunds import RefundList
from aftersales.views.reviews import ReviewList
from orders.views.home import Board, Counter
from sellercenter.models import Shop
from sellercenter.pages import Text
from sellercenter.policy_forms import span_said


def _silence(shop: Shop) -> Text:
    return _("Without an answer they count as accepted.") if shop.policy.case_answer else ""


def _warning(shop: Shop) -> Text:
    warning = shop.policy.case_warning
    return _("Within %s.") % span_said(warning) if warning else _("The policy names no time to warn.")


_OURS = "next=seller"
BOARD = Board(
    gettext_lazy("After-sales"),
    (
        Counter(gettext_lazy("Cases to answer"), "tab=requested", "message-report", "info", _silence, CaseList),
        Counter(gettext_lazy("Cases due soon"), f"{_OURS}&due=soon", "hourglass", "soon", _warning, CaseList),
        Counter(gettext_lazy("Cases overdue"), f"{_OURS}&due=overdue", "alarm", "late", page=CaseList),
        Counter(gettext_lazy("Returns to inspect"), "tab=to_inspect", "clipboard-check", "info", page=CaseList),
        Counter(gettext_lazy("To send again"), "tab=to_resend", "truck-delivery", "info", page=CaseList),
        Counter(gettext_lazy("Refunds to confirm"), "tab=to_confirm", "checks", "soon", page=RefundList),
        Counter(gettext_lazy("Refunds unknown"), "tab=unknown", "alert-triangle", "late", page=RefundList),
        Counter(gettext_lazy("Refunds failed"), "tab=failed", "alert-circle", "late", page=RefundList),
        Counter(gettext_lazy("Disputes waiting for evidence"), "tab=evidence", "scale", "late", page=DisputeList),
        Counter(
            *(gettext_lazy("Buyers waiting for an answer"), "", "message-dots", "soon"),
            page=ConversationList,
            listed=talk_counts.conversations_waiting,
            url_name="conversation_list",
        ),
        Counter(gettext_lazy("Negative reviews to answer"), "tab=to_answer", "star", "late", page=ReviewList),
    ),
)
