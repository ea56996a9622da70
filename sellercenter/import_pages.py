"""Pages of imported files: all of them with the form for another, and one with what it would change or has changed."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sellercenter import import_files, import_kinds, sheets, uploads
from sellercenter.counts import capped_counts
from sellercenter.import_files import FATES
from sellercenter.import_forms import AgreeForm, ImportForm
from sellercenter.import_kinds import ImportKind
from sellercenter.import_lists import (
    TABS,
    WORDS,
    ImportFilter,
    ImportTable,
    count,
    kind_label,
    layout_label,
    listed,
    seen_by,
)
from sellercenter.job_pages import JobPage
from sellercenter.models import ImportFile, ImportState
from sellercenter.pages import ActPage, ShopPage, TablePage, Text
from sellercenter.permissions import Perm
from sellercenter.times import moment

# So many refused rows are shown; the list of all can be fetched.
SHOWN_ROWS = 50


class ImportList(TablePage):
    """The files that were brought into this shop, and the form that takes another one."""

    name, url_name, permission = "imports", "import_list", Perm.IMPORTS_RUN
    title = gettext_lazy("Imports")
    template = "sellercenter/import_list.html"
    queryset = listed()
    filterset_class, table_class, tabs = ImportFilter, ImportTable, TABS

    def records(self) -> QuerySet:
        """Return the files that this person may see."""
        return super().records().filter(seen_by(self.actor))

    def counts(self) -> dict[str, int]:
        """Count what this person may see, and nothing else."""
        seen = ImportFile.objects.for_shop(self.shop).filter(seen_by(self.actor))
        return capped_counts({tab.code: seen.filter(tab.condition or Q()) for tab in self.tabs}, shop=self.shop)

    def link(self, record: ImportFile) -> str:
        """Return the address of the file's page."""
        return self.url("import_detail", record.pk)

    def extras(self) -> dict[str, Any]:
        """Offer the form, examples of what it takes, and the names of whose files are understood."""
        kinds = permitted(self)
        layouts = [layout for kind in kinds if kind.layouts for layout in kind.layouts().values()]
        examples = [
            {"label": kind.label, "url": f"{self.url('import_example')}?kind={kind.code}"}
            for kind in kinds
            if kind.example
        ]
        upload = {
            "form": ImportForm(kinds=kinds),
            "url": self.url("import_receive"),
            "examples": examples,
            "layouts": layouts,
            "limit": _most(),
            "rows": count(settings.IMPORT_ROWS),
        }
        return {"upload": upload}

    def empty(self) -> dict[str, Any]:
        """Say what would stand here."""
        if self.filterset.active() or (self.tab and self.tab.code):
            return super().empty()
        text = _("Each file that you upload is checked first: nothing is written until you agree.")
        return {"title": _("No files yet."), "text": text, "actions": [], "icon": "file-import"}


def _most() -> str:
    return f"{settings.UPLOAD_LIMIT // 1024**2} MB"


def permitted(page: ShopPage) -> list[ImportKind]:
    """Return the kinds of files that the person at a page may bring."""
    return [kind for kind in import_kinds.every_kind().values() if page.actor.may(kind.permission)]


def seen(page: ShopPage, pk: int) -> ImportFile:
    """Return a file of the shop that the person at a page may see, or 404."""
    files = ImportFile.objects.for_shop(page.shop).filter(seen_by(page.actor))
    return get_object_or_404(files.select_related("shop", "check_job", "apply_job"), pk=pk)


class ImportExample(ShopPage):
    """Give out a file as people would write it: the header and a row, in the kind that the address names."""

    permission = Perm.IMPORTS_RUN

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with a CSV that Excel opens as well; without a kind, with the first one that has an example."""
        found = {kind.code: kind for kind in permitted(self) if kind.example}
        kind = found.get(request.GET.get("kind", next(iter(found), "")))
        if kind is None or kind.example is None:
            raise Http404("no example")
        out = StringIO()
        csv.writer(out).writerows(kind.example())
        headers = {"Content-Disposition": f'attachment; filename="{kind.code}-example.csv"'}
        return HttpResponse(out.getvalue().encode("utf-8-sig"), content_type=sheets.CSV_TYPE, headers=headers)


class ImportReceive(ActPage):
    """Take a file in, to be checked."""

    permission = Perm.IMPORTS_RUN
    form_class, done = ImportForm, gettext_lazy("The file is here. It is being checked; nothing is changed yet.")
    file: ImportFile | None = None

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Say so when the upload was beyond every limit; its file was not read then."""
        if uploads.too_large(request):
            messages.error(request, _("The file is larger than %s. Split it.") % _most())
            return self.back(self.after(None))
        return super().post(request, **kwargs)

    def find(self, **kwargs: Any) -> None:
        """Name no record: the file makes one."""

    def sent(self) -> forms.Form:
        """Return the form with its file."""
        return ImportForm(self.request.POST, self.request.FILES, kinds=permitted(self))

    def act(self, record: None, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        told = {"title": data["file"].name or "", "kind": data["kind"]}
        self.file = import_files.receive(self.shop, data["file"], **told, by=self.actor, member=self.member)
        return None

    def after(self, record: None) -> str:
        """Go to the file, or back to the list when it was refused."""
        return self.url("import_detail", self.file.pk) if self.file else self.url("import_list")


class ImportDetail(JobPage):
    """One file: how far the work on it is, what it would change or has changed, and what can be done."""

    permission = Perm.IMPORTS_RUN
    template = "sellercenter/import_detail.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the page, or the progress alone when htmx asks."""
        file = seen(self, pk)
        job = self._job(file)
        if self.asks_progress():
            return self.progress_alone(job or {"open": False})
        another = {"label": _("Another file"), "url": self.url("import_list"), "icon": "upload"}
        crumbs = [{"label": ImportList.title, "url": self.url("import_list")}, {"label": file.title, "url": ""}]
        return self.show(
            page={"title": file.title, "breadcrumbs": crumbs, "actions": [another]},
            file=self._file(file),
            job=job if job and job["open"] else None,
            before=self._before(file),
            found=self._found(file),
            refused=self._refused(file),
            **self._doors(file),
        )

    def _job(self, file: ImportFile) -> dict[str, Any] | None:
        """Prepare the progress of the job that works on the file, or did so last."""
        job = file.apply_job or file.check_job
        return {**self.progress(job), "url": self.url("import_detail", file.pk)} if job else None

    def _file(self, file: ImportFile) -> dict[str, Any]:
        at = self.setting
        state = ImportState(file.state)
        return {
            "badge": {"code": state.value, "label": state.label},
            "kind": kind_label(file),
            "layout": layout_label(file),
            "size": filesizeformat(file.size),
            "who": file.actor_label,
            "at": moment(file.created_at, at.zone, this_year=at.year),
            "ended": moment(file.finished_at, at.zone, this_year=at.year),
            "error": file.error,
            "url": self.url("import_detail", file.pk),
        }

    def _before(self, file: ImportFile) -> dict[str, str] | None:
        """Say when the same bytes were brought last time before this."""
        files = ImportFile.objects.for_shop(self.shop).filter(seen_by(self.actor), sha256=file.sha256, pk__lt=file.pk)
        last = files.order_by("-pk").defer("checked", "outcome").first()
        if last is None:
            return None
        at = moment(last.created_at, self.setting.zone, this_year=self.setting.year)
        told = {"when": at.short if at else "", "who": last.actor_label, "state": ImportState(last.state).label}
        words = _("%(who)s brought this very file on %(when)s already: %(state)s.")
        if last.member_id == self.member.pk:
            words = _("You brought this very file on %(when)s already: %(state)s.")
        return {"text": words % told, "url": self.url("import_detail", last.pk)}

    def _found(self, file: ImportFile) -> dict[str, Any] | None:
        """Prepare what the file has changed, or else would change, in four figures with notes."""
        told = file.checked if _is_dry(file) else file.outcome
        if not told:
            return None
        return {
            "head": _HEADS[ImportState(file.state)] if not _is_dry(file) else _("What the file would change"),
            "figures": [
                {"code": fate, "label": WORDS[fate], **{name: count(told[fate][name]) for name in ("records", "rows")}}
                for fate in FATES
            ],
            "records": _records_of(file),
            "notes": told.get("notes", []),
            "unknown": told.get("unknown_columns", []),
        }

    def _refused(self, file: ImportFile) -> dict[str, Any] | None:
        """Prepare the first refused rows."""
        told = file.checked if _is_dry(file) else file.outcome
        rows = import_files.refused_rows(file, dry_run=_is_dry(file), most=SHOWN_ROWS)
        if not rows:
            return None
        total = max(told.get("rejected_rows", 0), len(rows))
        return {
            "rows": [dict(zip(("row", "record", "column", "value", "message"), one, strict=False)) for one in rows],
            "total": count(total),
            "hidden": total - len(rows),
            "url": self.url("import_refused", file.pk),
        }

    def _doors(self, file: ImportFile) -> dict[str, Any]:
        """Prepare what can be done with the file now."""
        if file.state not in (ImportState.CHECKED, ImportState.FAILED):
            return {"agree": None, "drop_url": ""}
        drop_url = self.url("import_drop", file.pk)
        if not file.checked:
            return {"agree": None, "drop_url": drop_url}
        many = sum(import_files.records(file.checked, fate) for fate in ("new", "changed"))
        agree = {
            "url": self.url("import_agree", file.pk),
            "label": _("Take in %s") % count(many),
            "why_not": import_files.ready(file),
            "warning": self._warning(file),
        }
        return {"agree": agree, "drop_url": drop_url}

    def _warning(self, file: ImportFile) -> str:
        if not import_files.many_refused(file):
            return ""
        refused, every = (
            count(sum(import_files.records(file.checked, fate) for fate in fates)) for fates in (FATES[3:], FATES)
        )
        told = {"refused": refused, "every": every}
        return _("%(refused)s of %(every)s are refused. I have seen it; take in the others.") % told


_HEADS = {
    ImportState.DONE: gettext_lazy("What was taken in"),
    ImportState.FAILED: gettext_lazy("What was taken in before it ended"),
}


def _is_dry(file: ImportFile) -> bool:
    """Say whether the page tells what the file would change: it has not been taken in, not even in part."""
    return file.state not in _HEADS or not file.outcome


def _records_of(file: ImportFile) -> str:
    """Return what the records of the file are called."""
    kind = import_kinds.every_kind().get(file.kind)
    return str(kind.records) if kind else _("records")


class ImportDoor(ActPage):
    """A verb on one file."""

    abstract = True

    def find(self, **kwargs: Any) -> ImportFile:
        """Return the file of this shop that this person may see, or 404."""
        return seen(self, kwargs["pk"])

    def after(self, record: ImportFile) -> str:
        """Go back to the file."""
        return self.url("import_detail", record.pk)


class ImportAgree(ImportDoor):
    """Let a checked file be taken in."""

    permission, form_class = Perm.IMPORTS_RUN, AgreeForm
    done = gettext_lazy("The file is being taken in.")

    def act(self, record: ImportFile, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        import_files.agree(record, despite_refused=data["despite_refused"], by=self.actor, member=self.member)
        return None


class ImportDrop(ImportDoor):
    """Drop a file that is not wanted."""

    permission = Perm.IMPORTS_RUN
    done = gettext_lazy("The file is dropped.")

    def act(self, record: ImportFile, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        import_files.drop(record, by=self.actor)
        return None


class ImportRefused(ShopPage):
    """Give out the list of all refused rows."""

    permission = Perm.IMPORTS_RUN

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send the file that the last phase wrote, or 404 when it refused nothing or the list is deleted."""
        file = seen(self, pk)
        try:
            rows = import_files.refused_rows_of(file, dry_run=_is_dry(file)).open("rb")
        except FileNotFoundError:
            raise Http404("no refused rows") from None
        name = f"{self.shop.code}-import-{file.pk}-refused.csv"
        answer = FileResponse(rows, as_attachment=True, filename=name, content_type=sheets.CSV_TYPE)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer
