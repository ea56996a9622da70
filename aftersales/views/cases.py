"""The case list and the page of one case; what can be done there goes through `aftersales/views/case_doors.py`."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import detail, offers, panels, policies, timeline
from aftersales.bulk import ACTIONS
from aftersales.filters import TABS, CaseFilter
from aftersales.models import Case
from aftersales.tables import CaseTable, listed
from sellercenter.pages import Bulk, ShopPage, TablePage
from sellercenter.permissions import Perm


class CaseList(TablePage):
    """Cases of this shop, the most urgent first: tabs, filters, one search box, saved views."""

    name, url_name, permission = "cases", "case_list", Perm.AFTERSALES_VIEW
    title = gettext_lazy("Cases")
    queryset = listed()
    filterset_class, table_class, tabs = CaseFilter, CaseTable, TABS
    bulk = tuple(Bulk(one.label, one.icon, one.permission, one.url_name, one.danger) for one in ACTIONS)

    def link(self, record: Case) -> str:
        """Return the address of the case's page."""
        return f"{self._base}/{record.pk}"

    @cached_property
    def _base(self) -> str:
        return self.url(self.url_name)

    @cached_property
    def sort_word(self) -> str:
        """The order that the address names; cases that have ended have no deadline, so the newest stand first."""
        ended = self.tab is not None and self.tab.code == "ended"
        return self.request.GET.get("sort") or ("-opened" if ended else "deadline")


class CaseDetail(ShopPage):
    """Everything about one case, and what can be done with it now."""

    permission = Perm.AFTERSALES_VIEW
    template = "aftersales/case_detail.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the case with what happened to it."""
        case = get_object_or_404(detail.loaded().for_shop(self.shop), pk=pk)
        case.shop = self.shop  # with its policy, which the person's membership brought along
        proposal = policies.shown(case, now=self.now)
        shown = detail.prepare(case, self.setting, proposal) | {
            **offers.offered(case, self.actor, self.setting, proposal, partial(self._door, case)),
            "panels": panels.of_case(case, self.setting, self.actor),
            "timeline": timeline.of_case(case, self.setting),
        }
        crumbs = [{"label": _("Cases"), "url": self.url("case_list")}, {"label": case.number, "url": ""}]
        return self.show(page={"title": case.number, "breadcrumbs": crumbs}, case=shown)

    def _door(self, case: Case, move: str) -> Any:
        return self.url(f"case_{move}", case.pk)
