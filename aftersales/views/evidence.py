"""Evidence: the doors that take a file in, and the page that gives one out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import evidence, evidence_files
from aftersales.dispute_forms import EvidenceForm
from aftersales.evidence import Subject
from aftersales.models import Appeal, Case, Dispute, Evidence
from sellercenter import uploads
from sellercenter.pages import ActPage, ShopPage, Text
from sellercenter.permissions import Perm


class EvidenceAdd(ActPage):
    """Take in one file for a record of this shop."""

    abstract = True
    form_class, done = EvidenceForm, gettext_lazy("The file is kept.")
    model: type[Subject]
    page = ""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Say so when the upload was beyond every limit; its file was not read then."""
        if uploads.too_large(request):
            record = self.find(**kwargs)
            messages.error(request, _("The file is too large. A film may have 100 MB; make it shorter."))
            return self.back(self.after(record))
        return super().post(request, **kwargs)

    def sent(self) -> forms.Form:
        """Return the form with its file."""
        return EvidenceForm(self.request.POST, self.request.FILES)

    def find(self, **kwargs: Any) -> Any:
        """Return the record of this shop, or 404."""
        found = self.model._default_manager.for_shop(self.shop)  # type: ignore[attr-defined]
        return get_object_or_404(found.select_related("shop"), pk=kwargs["pk"])

    def act(self, record: Any, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        evidence.add(record, **data, by=self.actor)
        return None

    def after(self, record: Any) -> str:
        """Go back to the record's gallery."""
        return f"{self.url(self.page, record.pk)}#evidence-{record._meta.model_name}"


class CaseEvidenceAdd(EvidenceAdd):
    """Take in evidence for a case."""

    permission, model, page = Perm.AFTERSALES_DECIDE, Case, "case_detail"


class DisputeEvidenceAdd(EvidenceAdd):
    """Take in evidence for a dispute."""

    permission, model, page = Perm.DISPUTES_HANDLE, Dispute, "dispute_detail"


class AppealEvidenceAdd(EvidenceAdd):
    """Take in evidence for an appeal."""

    permission, model, page = Perm.DISPUTES_HANDLE, Appeal, "appeal_detail"


class EvidenceFile(ShopPage):
    """Give out one file, as a download and never as a page; the log keeps who took it."""

    permission = Perm.AFTERSALES_VIEW

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send the file piece by piece."""
        row = get_object_or_404(Evidence.objects.for_shop(self.shop).select_related("shop"), pk=pk)
        try:
            file = evidence_files.place_of(row.path).open("rb")
        except FileNotFoundError:
            messages.error(request, _("“%s” is missing on the disk. Ask whoever keeps the backups.") % row.name)
            return self.back(self._page_of(row))
        evidence.viewed(row, by=self.actor)
        name = evidence_files.download_name(row.name, row.content_type)
        answer = FileResponse(file, as_attachment=True, filename=name, content_type=row.content_type)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        # Should a browser show it all the same, it shows it as if from nowhere.
        answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return answer

    def _page_of(self, row: Evidence) -> str:
        if row.dispute_id:
            return self.url("dispute_detail", row.dispute_id)
        return self.url("appeal_detail", row.appeal_id) if row.appeal_id else self.url("case_detail", row.case_id)
