"""Files as people bring them as evidence, and records to bring them for."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from aftersales import appeals, disputes, rulings, tickets
from aftersales.models import Appeal, Dispute, Ticket
from aftersales.states import CaseStatus
from orders.models import Parcel
from sellercenter.permissions import CHANNEL, SYSTEM
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


def ticket(shop: Any, kind: str = "stuck", **facts: Any) -> Ticket:
    """Ask the carrier of a parcel that is on its way."""
    order = make.shipped(shop, make.number("SF9"))
    parcel = Parcel.objects.get(parts__order=order)
    opened = tickets.open_ticket(order, **{"kind": kind, "words": "Where?", "parcel": parcel, "by": SYSTEM, **facts})
    return Ticket.objects.select_related("shop__policy", "order", "parcel").get(pk=opened.pk)


def some_disputes(shop: Any, n: int) -> list[Dispute]:
    """Open disputes of which some are asked for evidence and some are decided."""
    found = [dispute(shop) for _one in range(n)]
    for one in found[::3]:
        disputes.ask_evidence(one, demand="the video", by=CHANNEL)
    for one in found[1::3]:
        rulings.decide_for_seller(one, conclusion="All as described.", by=CHANNEL)
    return found


def some_appeals(shop: Any, n: int) -> list[Appeal]:
    """Draft appeals with equal, other and missing amounts, and give up every other one."""
    amounts = (None, Decimal("5.00"), Decimal("5.00"), Decimal("80.00"))
    order = make.order(shop)
    found = [appeal(shop, order=order if i % 2 else None, amount=amounts[i % 4]) for i in range(n)]
    for one in found[::2]:
        appeals.withdraw(one, by=SYSTEM)
    return found


def some_tickets(shop: Any, n: int) -> list[Ticket]:
    """Open tickets of which every third is answered, and one is solved."""
    found = [ticket(shop) for _one in range(n)]
    for one in found[::3]:
        tickets.answer(one, words="On its way.", by=SYSTEM)
    tickets.solve(found[0], by=SYSTEM)
    return found
