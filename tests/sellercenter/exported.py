"""Exports for tests, as rows and on disk, without the work of writing them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone

from sellercenter import exports
from sellercenter.exports.making import folder_of
from sellercenter.models import Export, ExportState, ExportTemplate, FileForm, Member, Shop
from sellercenter.permissions import actor_for
from tests import make

WORDS = [["Tab", "To ship"], ["City", "<b>London</b>"]]


def some_exports(shop: Shop, n: int) -> list[Export]:
    """Make exports of every state, some of them asked for at the same moment, some with private data."""
    found = []
    for i in range(n):
        state = list(ExportState)[i % len(ExportState)]
        private = {"private": True, "reason": "tax office"} if i % 3 == 0 else {}
        name = {"name": f"{i}-1.csv", "sha256": f"{i:064x}", "rows": i, "size": 1000 * i, "as_of": make.NOW}
        ended = {**name, "expires_at": make.NOW + make.DAY} if state in (ExportState.READY, ExportState.GONE) else {}
        found.append(
            Export(
                **{"shop": shop, "actor_label": "Some manager", "source": "orders", "layout": "orders", "form": "csv"},
                **{"state": state, "words": WORDS, "created_at": make.NOW - (i % 4) * make.HOUR, **private, **ended},
            )
        )
    return Export.objects.bulk_create(found)


def ready(shop: Shop, member: Member | None = None, *, content: bytes = b"a,b\n", **facts: Any) -> Export:
    """Make one export with its file on disk."""
    now = timezone.now()
    told = {
        **{"shop": shop, "member": member, "actor_label": "Some manager", "source": "orders", "layout": "orders"},
        **{"form": FileForm.CSV, "state": ExportState.READY, "name": f"{make.number('file-')}.csv", "rows": 1},
        **{"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "as_of": now, "words": WORDS},
        **{"expires_at": now + timedelta(days=7), **facts},
    }
    export = Export.objects.create(**told)
    folder = folder_of(shop.pk)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / export.name).write_bytes(content)
    return export


def asked(shop: Shop, member: Member, **facts: Any) -> Export:
    """Ask for an export of orders by the verb; its job waits."""
    source = exports.find("orders")
    told = {"layout": source.layout("orders"), "columns": (), "form": FileForm.CSV, "query": "", **facts}
    return exports.ask(member, source=source, **told, by=actor_for(member))


def template(shop: Shop, member: Member | None, name: str = "mine", **facts: Any) -> ExportTemplate:
    """Make a template of one person, or of the team."""
    told = {"source": "orders", "layout": "lines", "columns": ["title", "number"], "form": FileForm.CSV, **facts}
    return ExportTemplate.objects.create(shop=shop, member=member, name=name, **told)
