"""The one place where history is written: who did what to which record, in the transaction of the change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from sellercenter.models import Event, Shop
from sellercenter.permissions import Actor

ENCODER = DjangoJSONEncoder()
PLAIN = (str, int, float, bool, type(None), list, dict)


def record(
    shop: Shop, kind: str, subject: models.Model, *, by: Actor, at: datetime | None = None, **data: Any
) -> Event:
    """Add one event to the history of `subject`, in the caller's transaction.

    `kind` reads `order.paid`; `at` is when it happened, the database's now when left out; `data` must be
    JSON of plain values without private data. Raises TransactionManagementError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{kind} must be recorded in the transaction of its change")
    fields: dict[str, Any] = {} if at is None else {"at": at}
    return Event.objects.create(
        shop=shop,
        kind=kind,
        subject_type=subject_type(subject),
        subject_id=subject.pk,
        actor_kind=by.kind,
        actor_label=by.label,
        member_id=by.member_id,
        data=plain(data),
        **fields,
    )


def subject_type(subject: models.Model | type[models.Model]) -> str:
    """Return the short name under which a model's history is kept, such as `order`."""
    return str(subject._meta.model_name)


def of(subject: models.Model) -> models.QuerySet[Event]:
    """Return the history of one record, oldest first."""
    return Event.objects.filter(subject_type=subject_type(subject), subject_id=subject.pk).order_by("at", "pk")


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """Turn times, money and durations into the text that the history keeps."""
    return {name: value if isinstance(value, PLAIN) else _text(value) for name, value in data.items()}


def _text(value: Any) -> str:
    try:
        return str(ENCODER.default(value))
    except TypeError:
        return str(value)
