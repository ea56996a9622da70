"""Files as people bring them as evidence, and records to bring them for."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from aftersales import appeals
from aftersales.models import Appeal, Dispute
from aftersales.states import CaseStatus
from sellercenter.permissions import SYSTEM
from tests import make

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\0" * 64


def file(name: str = "slip.pdf", content: bytes = PDF, content_type: str = "text/html") -> SimpleUploadedFile:
    """Return an upload; what the browser claims about it is never believed."""
    return SimpleUploadedFile(name, content, content_type)


def picture(kind: str = "JPEG", size: tuple[int, int] = (8, 4), colour: Any = "red", **options: Any) -> bytes:
    """Draw a picture."""
    out, mode = BytesIO(), options.pop("mode", "RGB")
    Image.new(mode, size, colour).save(out, kind, **options)
    return out.getvalue()


def dispute(shop: Any) -> Dispute:
    """Open a dispute over a refused refund."""
    case = make.case(shop, CaseStatus.DISPUTED)
    return Dispute.objects.select_related("shop__policy", "case__order", "case__shop__policy").get(case=case)


def appeal(shop: Any, kind: str = "penalty", **facts: Any) -> Appeal:
    """Draft an appeal of which the shop was told yesterday."""
    told = {"words": "It was shipped in time.", "told_at": make.NOW - make.DAY, "target": "PEN-1", "by": SYSTEM}
    drafted = appeals.draft(shop, **{**told, "kind": kind, **facts})
    return Appeal.objects.select_related("shop__policy", "case").get(pk=drafted.pk)
