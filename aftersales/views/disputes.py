"""Disputes: the list, the page of one, and the doors of what can be done there."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import dispute_offers, disputes, evidence_shown, rulings, timeline
from aftersales.dispute_filters import DISPUTE_TABS, DisputeFilter
from aftersales.dispute_forms import AskEvidenceForm, DecisionForm, StateForm, StatementForm, instant
from aftersales.dispute_tables import DisputeTable, dispute_states, evidence_by
from aftersales.models import Dispute
from aftersales.states import DisputeStatus, Fault, Side
from sellercenter import money
from sellercenter.columns import labels
from sellercenter.pages import ActPage, ShopPage, TablePage, Text
from sellercenter.permissions import Perm
from sellercenter.times import moment

_NEXT = {
    DisputeStatus.IN_PROGRESS: gettext_lazy("The platform looks into it. What you know can be put in now."),
    DisputeStatus.EVIDENCE: gettext_lazy("Write the statement and add what proves it before the time is over."),
    DisputeStatus.NEGOTIATING: gettext_lazy("Agree with the buyer, then record what was agreed."),
    DisputeStatus.FOR_BUYER: gettext_lazy("An appeal can be filed when the arbitration overlooked something."),
    DisputeStatus.FOR_SELLER: gettext_lazy("The case is closed without money."),
}


class DisputeList(TablePage):
    """Disputes of this shop: what waits for evidence, what is decided."""

    name, url_name, permission = "disputes", "dispute_list", Perm.AFTERSALES_VIEW
    title = gettext_lazy("Disputes")
    queryset = Dispute.objects.select_related("case__order")
    filterset_class, table_class, tabs = DisputeFilter, DisputeTable, DISPUTE_TABS

    def link(self, record: Dispute) -> str:
        """Return the address of the dispute's page."""
        return self.url("dispute_detail", record.pk)

    @cached_property
    def sort_word(self) -> str:
        """The order that the address names; where evidence is awaited, the most urgent stand first."""
        urgent = self.tab is not None and self.tab.code == "evidence"
        return self.request.GET.get("sort") or ("deadline" if urgent else "-opened")


class DisputeDetail(ShopPage):
    """One dispute: what the platform asks, our statement, the evidence, and how it ended."""

    permission = Perm.AFTERSALES_VIEW
    template = "aftersales/dispute_detail.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the dispute with what happened to it."""
        found = Dispute.objects.for_shop(self.shop).select_related("case__order", "case__shop")
        dispute = get_object_or_404(found, pk=pk)
        dispute.shop = self.shop
        crumbs = [{"label": _("Disputes"), "url": self.url("dispute_list")}, {"label": dispute.number, "url": ""}]
        shown = {
            **self._banner(dispute),
            **self._facts(dispute),
            **dispute_offers.offered(dispute, self.actor, partial(self._door, dispute)),
            "statement": dispute.statement,
            "statement_form": self._statement(dispute),
            "evidence": evidence_shown.of(dispute, self.setting, self.actor),
            "timeline": timeline.of_records({"dispute": [dispute.pk]}, self.setting, dispute.case.currency),
        }
        return self.show(page={"title": dispute.number, "breadcrumbs": crumbs}, record=shown)

    def _door(self, dispute: Dispute, name: str) -> str:
        return self.url(f"dispute_{name}", dispute.pk)

    def _banner(self, dispute: Dispute) -> dict[str, Any]:
        badge, *more = dispute_states(dispute, self.setting)
        left = evidence_by(dispute, self.setting)
        following = _NEXT.get(DisputeStatus(dispute.status), "")
        if left is not None and left.level == "late":
            following = _("The time for evidence is over: the platform decides by what it has.")
        return {"number": dispute.number, "badge": badge, "badges": more, "due": left, "next": following}

    def _facts(self, dispute: Dispute) -> dict[str, Any]:
        at, case = self.setting, dispute.case
        until, ended = (moment(time, at.zone, this_year=at.year) for time in (dispute.evidence_by, dispute.ended_at))
        lost = dispute.status in (DisputeStatus.FOR_BUYER, DisputeStatus.ENDED)
        appeals = lost and self.actor.may(Perm.DISPUTES_HANDLE)
        return {
            "demand": dispute.demand,
            "conclusion": dispute.conclusion,
            "blame": labels(Fault).get(dispute.blame, ""),
            "case": {"number": case.number, "url": self.url("case_detail", case.pk)},
            "order": {"number": case.order.number, "url": self.url("order_detail", case.order_id)},
            "amount": money.text(case.amount, case.currency),
            "opened_by": labels(Side)[dispute.opened_by],
            "opened": moment(dispute.opened_at, at.zone, this_year=at.year),
            "until": until,
            "ended": ended,
            "appeal_url": f"{self.url('appeal_add')}?case={case.number}&kind=arbitration" if appeals else "",
        }

    def _statement(self, dispute: Dispute) -> dict[str, Any] | None:
        if not dispute_offers.may(dispute, self.actor, "put_in", "say_more"):
            return None
        told = {"statement": dispute.statement, "before": dispute.statement}
        return {"form": StatementForm(initial=told), "url": self.url("dispute_put_in", dispute.pk)}


class DisputeAct(ActPage):
    """A verb on one dispute of this shop."""

    abstract = True
    permission = Perm.DISPUTES_HANDLE

    def find(self, **kwargs: Any) -> Dispute:
        """Return the dispute of this shop, or 404."""
        found = Dispute.objects.for_shop(self.shop).select_related("shop__policy", "case__order", "case__shop__policy")
        return get_object_or_404(found, pk=kwargs["pk"])

    def after(self, record: Dispute) -> str:
        """Go back to the dispute."""
        return self.url("dispute_detail", record.pk)


class DisputeAskEvidence(DisputeAct):
    """Note what the platform asks for."""

    permission, form_class = Perm.DISPUTES_HANDLE, AskEvidenceForm
    done = gettext_lazy("The time for evidence is noted.")

    def act(self, record: Dispute, data: dict[str, Any]) -> Text | None:
        """Call the verb, with the time read on the shop's clock."""
        data["evidence_by"] = instant(data["evidence_by"], self.shop.zone)
        disputes.ask_evidence(record, **data, by=self.actor)
        return None


class DisputePutIn(DisputeAct):
    """Put our statement in."""

    permission, form_class = Perm.DISPUTES_HANDLE, StatementForm
    done = gettext_lazy("The statement is put in.")

    def act(self, record: Dispute, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        disputes.put_in(record, **data, by=self.actor)
        return None


class DisputeNegotiate(DisputeAct):
    """Note that both sides are to agree."""

    permission, form_class = Perm.DISPUTES_HANDLE, StateForm
    done = gettext_lazy("It is noted that both sides are to agree.")

    def act(self, record: Dispute, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        disputes.negotiate(record, **data, by=self.actor)
        return None


class DisputeDecide(DisputeAct):
    """Record by hand what the platform decided."""

    permission, form_class = Perm.DISPUTES_HANDLE, DecisionForm
    done = gettext_lazy("The decision is recorded, and the case goes on by it.")

    def act(self, record: Dispute, data: dict[str, Any]) -> Text | None:
        """Call the verb of the outcome."""
        outcome, amount = data.pop("outcome"), data.pop("amount")
        if outcome == "seller":
            rulings.decide_for_seller(record, **data, by=self.actor)
        elif outcome == "buyer":
            rulings.decide_for_buyer(record, **data, amount=amount, by=self.actor)
        else:
            rulings.end(record, **data, amount=amount, by=self.actor)
        return None
