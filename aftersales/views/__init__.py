"""Pages of the after-sales room, where they stand in the navigation, and what waits there."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from aftersales import talk_counts
from aftersales.views.appeals import AppealList
from aftersales.views.cases import CaseList
from aftersales.views.disputes import DisputeList
from aftersales.views.refunds import RefundList
from aftersales.views.tickets import TicketList
from sellercenter.models import Shop
from sellercenter.navigation import Place
from sellercenter.permissions import Perm

_AFTERSALES, _SETTINGS = _("After-sales"), _("Settings")

PLACES: list[Place] = [
    Place(_AFTERSALES, _("Cases"), "case_list", "receipt-refund", Perm.AFTERSALES_VIEW),
    Place(_AFTERSALES, _("To answer"), "case_list", "hourglass", Perm.AFTERSALES_VIEW, "tab=requested", counted=True),
    Place(_AFTERSALES, _("Refunds"), "refund_list", "cash", Perm.AFTERSALES_VIEW),
    Place(_AFTERSALES, _("To confirm"), "refund_list", "checks", Perm.REFUNDS_CONFIRM, "tab=to_confirm", counted=True),
    Place(_AFTERSALES, _("Disputes"), "dispute_list", "scale", Perm.AFTERSALES_VIEW, "tab=evidence", counted=True),
    Place(_AFTERSALES, _("Appeals"), "appeal_list", "gavel", Perm.AFTERSALES_VIEW, "tab=draft", counted=True),
    Place(
        _AFTERSALES,
        _("Logistics tickets"),
        "ticket_list",
        "truck-return",
        Perm.TRACKING_WATCH,
        "tab=to_do",
        counted=True,
    ),
    Place(_AFTERSALES, _("Reviews"), "review_list", "star", Perm.AFTERSALES_VIEW, "tab=to_answer", counted=True),
    Place(_AFTERSALES, _("Messages"), "conversation_list", "message", Perm.AFTERSALES_VIEW, counted=True),
]
SETTINGS: list[Place] = [
    Place(_SETTINGS, _("After-sales policies"), "sops", "clipboard-list", Perm.POLICIES_EDIT),
    Place(_SETTINGS, _("Rules for new cases"), "case_rules", "checks", Perm.POLICIES_EDIT),
]


def waiting(shop: Shop) -> dict[str, QuerySet]:
    """Return what waits behind each counted place, by the place's key."""
    return {
        "case_list?tab=requested": CaseList.tab_rows(shop)["requested"],
        "refund_list?tab=to_confirm": RefundList.tab_rows(shop)["to_confirm"],
        "dispute_list?tab=evidence": DisputeList.tab_rows(shop)["evidence"],
        "appeal_list?tab=draft": AppealList.tab_rows(shop)["draft"],
        "ticket_list?tab=to_do": TicketList.tab_rows(shop)["to_do"],
        "review_list?tab=to_answer": talk_counts.reviews_to_answer(shop),
        "conversation_list?": talk_counts.conversations_waiting(shop),
    }
