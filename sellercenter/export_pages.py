"""Pages of exports that were asked for: all of them, and each with its file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sellercenter import export_choices, exports, sheets
from sellercenter.counts import capped_counts
from sellercenter.export_lists import (
    TABS,
    ExportFilter,
    ExportTable,
    badges,
    count,
    is_there,
    layout_label,
    seen_by,
    size,
    what_label,
)
from sellercenter.exports import delete as delete_file
from sellercenter.job_pages import JobPage
from sellercenter.lifecycle import Refused
from sellercenter.models import Export, ExportState, FileForm
from sellercenter.pages import ActPage, ShopPage, TablePage, Text
from sellercenter.permissions import Perm
from sellercenter.times import moment

# So many downloads of an export are shown, the newest.
SHOWN_DOWNLOADS = 50
TYPES = {FileForm.CSV: sheets.CSV_TYPE, FileForm.XLSX: sheets.XLSX_TYPE}


class ExportList(TablePage):
    """The exports of this shop that this person may fetch."""

    name, url_name, permission = "exports", "export_list", Perm.EXPORTS_CREATE
    title = gettext_lazy("Exports")
    queryset = Export.objects.all()
    filterset_class, table_class, tabs = ExportFilter, ExportTable, TABS

    def records(self) -> QuerySet:
        """Return the exports that this person may fetch."""
        return super().records().filter(seen_by(self.actor))

    def counts(self) -> dict[str, int]:
        """Count what this person may fetch, and nothing else."""
        seen = Export.objects.for_shop(self.shop).filter(seen_by(self.actor))
        return capped_counts({tab.code: seen.filter(tab.condition or Q()) for tab in self.tabs}, shop=self.shop)

    def link(self, record: Export) -> str:
        """Return the address of the export's page."""
        return self.url("export_detail", record.pk)

    def extras(self) -> dict[str, Any]:
        """Offer to begin another one, and those that are made again and again."""
        rules = {"label": _("Scheduled exports"), "url": self.url("export_rule_list"), "icon": "calendar"}
        new = {"label": _("New export"), "url": self.url("export_new"), "icon": "plus", "primary": True}
        return {"page": {"actions": [rules, new]}}

    def empty(self) -> dict[str, Any]:
        """Say how one begins."""
        if self.filterset.active() or (self.tab and self.tab.code):
            return super().empty()
        text = _("Open a list, filter it, and press “Export” above it: the file holds exactly what the list shows.")
        begin = {"label": _("Choose a list"), "url": self.url("export_new"), "primary": True}
        return {"title": _("No exports yet."), "text": text, "actions": [begin], "icon": "file-export"}


def seen(page: ShopPage, pk: int) -> Export:
    """Return an export of the shop that the person at a page may see and fetch now, or 404."""
    export = get_object_or_404(Export.objects.for_shop(page.shop).select_related("shop", "job", "rule"), pk=pk)
    if not exports.may_fetch(export, by=page.actor):
        raise Http404("no such export")
    return export


class ExportDetail(JobPage):
    """One export: how far it is, then its file with all that is known of it, and who fetched it."""

    permission = Perm.EXPORTS_CREATE
    template = "sellercenter/export_detail.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the page, or the progress alone when htmx asks."""
        export = seen(self, pk)
        job = {**self.progress(export.job), "url": self.url("export_detail", pk)} if export.job else None
        if self.asks_progress():
            return self.progress_alone(job or {"open": False})
        title = _("Export %(number)d: %(list)s") % {"number": export.pk, "list": what_label(export)}
        crumbs = [{"label": ExportList.title, "url": self.url("export_list")}, {"label": title, "url": ""}]
        there = is_there(export, self.now)
        return self.show(
            page={"title": title, "breadcrumbs": crumbs},
            export=self._export(export),
            job=job if job and job["open"] else None,
            downloads=[self._download(one) for one in export.downloads.all()[:SHOWN_DOWNLOADS]],
            fetch_url=self.url("export_fetch", pk) if there else "",
            delete_url=self.url("export_delete", pk) if there else "",
            again=None if there or export.state == ExportState.WAITING else self._again(export),
        )

    def _export(self, export: Export) -> dict[str, Any]:
        return {
            "badges": badges(export, self.now),
            "what": what_label(export),
            "layout": layout_label(export),
            "form": FileForm(export.form).label,
            "words": [{"label": label, "value": value} for label, value in export.words],
            "rows": count(export.rows),
            "size": size(export),
            "sha256": export.sha256,
            "who": export.actor_label,
            "rule": export.rule.name if export.rule else "",
            "rule_url": self._rule_url(export),
            "private": export.private,
            "reason": export.reason,
            "error": export.error if export.state == ExportState.FAILED else "",
            "asked": self._moment(export.created_at),
            "as_of": self._moment(export.as_of),
            "kept": self._moment(export.expires_at),
            "name": file_name(export),
            "url": self.url("export_detail", export.pk),
        }

    def _rule_url(self, export: Export) -> str:
        """Return where the rule stands that made the export, or where it can be made again and again."""
        if export.rule:
            return self.url("export_rule_change", export.rule.pk)
        return f"{self.url('export_rule_new')}?export={export.pk}"

    def _moment(self, at: Any) -> Any:
        return moment(at, self.setting.zone, this_year=self.setting.year)

    def _download(self, one: Any) -> dict[str, Any]:
        return {"who": one.actor_label, "at": self._moment(one.at)}

    def _again(self, export: Export) -> dict[str, str] | None:
        """Lead to the same choice while the session keeps it; else to the list, filtered but for what is private."""
        if key := export_choices.asked_by(self, export):
            return {"label": _("Ask again"), "url": f"{self.url('export_new')}?of={key}"}
        source = exports.every_source()[export.source]
        if not source.url_name:
            return None
        address = f"{self.url(source.url_name)}?{export.query}" if export.query else self.url(source.url_name)
        return {"label": _("Open the list"), "url": address}


def file_name(export: Export) -> str:
    """Return the name under which a file is saved: what it is, of which shop, and as of when on the shop's clock."""
    at = (export.as_of or export.created_at).astimezone(export.shop.zone)
    return f"{export.source}-{export.shop.code}-{at:%Y-%m-%d-%H%M}.{export.form}"


class ExportDoor(ActPage):
    """A verb on one export."""

    abstract = True

    def find(self, **kwargs: Any) -> Export:
        """Return the export of this shop that this person may fetch, or 404."""
        return seen(self, kwargs["pk"])

    def after(self, record: Export) -> str:
        """Go back to the export."""
        return self.url("export_detail", record.pk)


class ExportFetch(ExportDoor):
    """Give out a file; only a deed asks for it, so that nothing that merely follows links does."""

    permission = Perm.EXPORTS_CREATE

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """Send the file, or say why there is none."""
        export = self.find(**kwargs)
        try:
            path = exports.fetch(export, by=self.actor)
            file = path.open("rb")
        except Refused as refused:
            messages.error(request, str(refused.message))
            return self.back(self.after(export))
        except FileNotFoundError:
            messages.error(request, _("The file was deleted at this very moment. Export the list again."))
            return self.back(self.after(export))
        answer = FileResponse(file, as_attachment=True, filename=file_name(export))
        answer.headers["Content-Type"] = TYPES[FileForm(export.form)]
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


class ExportDelete(ExportDoor):
    """Delete a file before its time."""

    permission = Perm.EXPORTS_CREATE
    done = gettext_lazy("The file is deleted.")

    def act(self, record: Export, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        delete_file(record, by=self.actor)
        return None
