"""Writing invented records: rows by COPY, evidence as small pictures, and what cases did to their orders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models, transaction
from PIL import Image, ImageDraw

from aftersales import evidence, evidence_files
from aftersales.demo.scenes import EVENT, Scene, Told
from aftersales.models import Evidence
from aftersales.states import Proof, Side
from orders.models import Order
from sellercenter.copying import Batch, write_rows
from sellercenter.models import Event

Proofs = Iterable[tuple[models.Model, Proof, datetime]]


def rows(model: type[models.Model], records: Sequence[Any]) -> Batch:
    """Return records with keys of their own as COPY takes them."""
    fields = [one for one in model._meta.concrete_fields if not one.generated]
    if records and records[0].pk is None:
        fields = [one for one in fields if not one.primary_key]
    values = (tuple(_plain(getattr(record, one.attname)) for one in fields) for record in records)
    return model, [one.name for one in fields], values


def _plain(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False).encode()
    return str(value) if isinstance(value, str) else value


def history(scene: Scene, told: Iterable[Told]) -> Batch:
    """Return events in the order in which they happened, without those of orders where these have no history."""
    kept = (one for one in told if scene.events or not isinstance(one.subject, Order))
    return Event, EVENT, [one.row(scene.shop.pk) for one in sorted(kept, key=lambda one: one.at)]


def proofs(scene: Scene, wanted: Proofs) -> tuple[list[Evidence], list[Told]]:
    """Draw a picture for each piece of evidence and chain them; the files are on disk before any row is."""
    made: list[Evidence] = []
    told: list[Told] = []
    last: dict[tuple[str, int], str] = {}
    for number, (subject, proof, at) in enumerate(sorted(wanted, key=lambda one: one[2])):
        word = subject._meta.model_name or ""
        file = SimpleUploadedFile(f"{proof}-{number + 1}.png", picture(f"{subject} {proof}", number))
        kept, by = evidence_files.keep(scene.shop.pk, file), scene.decider
        row = Evidence(
            **{"pk": scene.key(Evidence), "shop": scene.shop, word: subject, "proof": str(proof), "at": at},
            **{"side": str(Side.SELLER), "uploaded_by_id": by.member_id, "uploader_label": by.label},
            **{"name": file.name, "content_type": kept.kind.content_type, "size": kept.size},
            **{"sha256": kept.sha256, "path": kept.path},
        )
        row.chain = evidence.link(last.get((word, subject.pk), ""), row)
        last[word, subject.pk] = row.chain
        data = {word: str(subject), "proof": str(proof), "sha256": kept.sha256, "side": row.side}
        told.append(Told(at, "evidence.added", row, by, data))
        made.append(row)
    return made, told


def picture(text: str, number: int) -> bytes:
    """Draw a little picture that looks like a label, another one for each text."""
    image = Image.new("RGB", (320, 200), (236 - number * 7 % 40, 240, 232))
    draw = ImageDraw.Draw(image)
    draw.rectangle((12, 12, 308, 188), outline=(90, 110, 100), width=3)
    draw.text((28, 40), "Harbour & Qinglan demo", fill=(60, 70, 66))
    draw.text((28, 70), text.encode("ascii", "replace").decode(), fill=(60, 70, 66))
    for bar in range(40):
        draw.rectangle((28 + bar * 6, 120, 28 + bar * 6 + (hash((number, bar)) % 4), 168), fill=(40, 44, 42))
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


# What happened to orders, lines and payments by their cases; the tales knew nothing of it.
_ORDERS = """
UPDATE orders_order SET refunded_amount = refunded_amount + told.refunded,
    refunding_amount = told.refunding, aftersales = told.aftersales
FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::text[]) AS told (id, refunded, refunding, aftersales)
WHERE orders_order.id = told.id
"""
_COMPLETED = """
UPDATE orders_order SET status = 'completed', status_at = told.at, completed_at = told.at,
    due_at = NULL, due_step = '', due_later = '[]'
FROM unnest(%s::bigint[], %s::timestamptz[]) AS told (id, at) WHERE orders_order.id = told.id
"""
_PAYMENTS = """
UPDATE orders_payment SET refunded = orders_payment.refunded + told.refunded, refunding = told.refunding
FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[]) AS told (id, refunded, refunding)
WHERE orders_payment.id = told.id
"""
_LINES = """
UPDATE orders_orderline SET refunded_amount = told.amount
FROM unnest(%s::bigint[], %s::numeric[]) AS told (id, amount) WHERE orders_orderline.id = told.id
"""


def change_orders(rows: Sequence[tuple[int, Decimal, Decimal, str]]) -> None:
    """Add to orders, by key, what went back and what is on its way, and say whether a case is open."""
    _run(_ORDERS, rows)


def complete_orders(rows: Sequence[tuple[int, datetime]]) -> None:
    """Complete orders of which everything went back."""
    _run(_COMPLETED, rows)


def change_payments(rows: Sequence[tuple[int, Decimal, Decimal]]) -> None:
    """Add to payments, by key, what they gave back and what they are giving."""
    _run(_PAYMENTS, rows)


def change_lines(rows: Sequence[tuple[int, Decimal]]) -> None:
    """Note what was granted of lines, by key."""
    _run(_LINES, rows)


def _run(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])


@transaction.atomic
def write(*batches: Batch) -> None:
    """Write batches in one transaction, those that others point to first."""
    write_rows(*batches)
