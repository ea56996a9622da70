"""Evidence as pages show it: the gallery of one record, its chain, and the form that adds to it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _

from aftersales import evidence
from aftersales.dispute_forms import EvidenceForm
from aftersales.evidence import MOST_FILES, Subject
from aftersales.models import Evidence
from aftersales.states import Proof, Side
from sellercenter import events
from sellercenter.columns import Setting, labels
from sellercenter.lifecycle import Refused
from sellercenter.permissions import Actor
from sellercenter.times import moment

_ICONS = {"image": "eye", "video": "video", "text": "note", "application": "file-text"}


def of(subject: Subject, at: Setting, by: Actor) -> dict[str, Any]:
    """Prepare the evidence of one record, as `templates/aftersales/parts/evidence.html` reads it."""
    rows = evidence.of(subject)
    broken = {row.pk for row in evidence.broken(rows)}
    kind = events.subject_type(subject)
    return {
        "template": "aftersales/parts/evidence.html",
        "id": f"evidence-{kind}",
        "files": [_file(row, at, whole=row.pk not in broken) for row in rows],
        "whole": not broken,
        # Where evidence is the work itself, the form waits unfolded for the first file.
        "open": kind != "case" and not rows,
        "count": _("%(n)d of at most %(most)d files") % {"n": len(rows), "most": MOST_FILES},
        **_adding(subject, kind, at, by),
    }


def _file(row: Evidence, at: Setting, *, whole: bool) -> dict[str, Any]:
    side = str(labels(Side)[row.side])
    return {
        "name": row.name,
        "proof": labels(Proof)[row.proof],
        "note": row.note,
        "icon": _ICONS[row.content_type.partition("/")[0]],
        "size": filesizeformat(row.size),
        "who": f"{side} · {row.uploader_label}" if row.uploaded_by_id else side,
        "at": moment(row.at, at.zone, this_year=at.year),
        "hash": row.sha256[:12],
        "sha256": row.sha256,
        "whole": whole,
        "url": reverse("evidence", args=[at.shop.code, row.pk]),
    }


def _adding(subject: Subject, kind: str, at: Setting, by: Actor) -> dict[str, Any]:
    """Prepare the form for one more file, or say why none is taken."""
    closed: dict[str, Any] = {"form": None, "url": "", "why_not": ""}
    try:
        evidence.may_add(subject, by=by)
        evidence.takes(subject, at.now)
    except PermissionDenied:
        return closed
    except Refused as refused:
        return closed | {"why_not": str(refused.message)}
    form = EvidenceForm(auto_id=f"{kind}_%s")
    return {"form": form, "url": reverse(f"evidence_add_{kind}", args=[at.shop.code, subject.pk]), "why_not": ""}
