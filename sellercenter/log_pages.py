"""The operation log: who did what to which record, the newest first."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy

from sellercenter import keyset, notifications
from sellercenter.keyset import Cursor, Page
from sellercenter.log_lists import TABS, LogFilter, LogTable
from sellercenter.models import Event
from sellercenter.pages import TablePage
from sellercenter.permissions import Perm


class LogList(TablePage):
    """Everything that happened in this shop."""

    name, url_name, permission = "log", "log_list", Perm.LOG_VIEW
    title = gettext_lazy("Operation log")
    help = gettext_lazy("Who did what, and what happened by itself. Nothing is ever deleted here.")
    queryset = Event.objects.all()
    filterset_class, table_class, tabs = LogFilter, LogTable, TABS

    def fetch(self, rows: QuerySet, sort: keyset.Sort, cursor: Cursor | None) -> Page:
        """Return one page, each row with the name of its record: one query for each kind of record on it."""
        page = super().fetch(rows, sort, cursor)
        about: dict[str, set[int]] = defaultdict(set)
        for event in page.rows:
            about[event.subject_type].add(event.subject_id)
        known = {kind: found.names(ids) for kind, ids in about.items() if (found := notifications.subject_of(kind))}
        for event in page.rows:
            event.record_name = known.get(event.subject_type, {}).get(event.subject_id, "")
        return page

    def link(self, record: Any) -> str:
        """Return the address of the page of the event's record, where there is one."""
        found = notifications.subject_of(record.subject_type)
        return reverse(found.url_name, args=[self.shop.code, record.subject_id]) if found else ""
