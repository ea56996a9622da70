"""The case list and the page of one case; what can be done there goes through `aftersales/views/case_doors.py`."""

from __future__ import annotations

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from aftersales.filters import TABS, CaseFilter
from aftersales.models import Case
from aftersales.tables import CaseTable, listed
from sellercenter.pages import TablePage
from sellercenter.permissions import Perm


class CaseList(TablePage):
    """Cases of this shop, the most urgent first: tabs, filters, one search box, saved views."""

    name, url_name, permission = "cases", "case_list", Perm.AFTERSALES_VIEW
    title = gettext_lazy("Cases")
    queryset = listed()
    filterset_class, table_class, tabs = CaseFilter, CaseTable, TABS

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
