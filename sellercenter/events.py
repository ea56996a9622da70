"""The one place where history is written: who did what to which record, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from sellercenter.models import Event, Shop
from sellercenter.permissions import Actor
from sellercenter.wake import wake

FAN_OUT = "sellercenter.tasks.fan_out"
ENCODER = DjangoJSONEncoder()
_INSERT = """
INSERT INTO sellercenter_event
    (kind, subject_type, actor_kind, actor_label, member_id, owed_at, shop_id, subject_id, data)
SELECT %s, %s, %s, %s, %s, CASE WHEN %s THEN statement_timestamp() END, told.shop_id, told.subject_id, told.data::jsonb
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS told (shop_id, subject_id, data)
RETURNING id, owed_at
"""
PLAIN = (str, int, float, bool, type(None), list, dict)


class Consumer(Protocol):
    """Somebody who must be told of events; named in settings.EVENT_CONSUMERS."""

    kinds: frozenset[str]

    def take(self, events: list[Event]) -> None:
        """Write what follows from the events, in the caller's transaction; a second time must change nothing."""


def record(
    shop: Shop, kind: str, subject: models.Model, *, by: Actor, at: datetime | None = None, **data: Any
) -> Event:
    """Add one event to the history of `subject`, in the caller's transaction.

    `kind` reads `order.paid`; `at` is when it happened, the database's now when left out; `data` must be
    JSON of plain values without private data. Consumers of the kind are told after the commit.
    Raises TransactionManagementError outside a transaction.
    """
    event = _event(shop.pk, kind, subject, by, data)
    event.shop = shop
    if at is not None:
        event.at = at
    _needs_transaction(kind)
    Event.objects.bulk_create([event])
    _wake([event], kind)
    return event


def record_all(
    kind: str,
    subjects: Iterable[models.Model],
    *,
    by: Actor,
    data: Callable[[Any], dict[str, Any]] | None = None,
) -> list[Event]:
    """Add the same kind of event to the history of many records with one INSERT, in the caller's transaction.

    The shop is that of each subject; `data` returns what the event of one subject keeps. Raises as `record` does.
    """
    told = [_event(one.shop_id, kind, one, by, data(one) if data else {}) for one in subjects]  # type: ignore[attr-defined]
    _needs_transaction(kind)
    if told:
        _insert(told)
    return _wake(told, kind)


def _insert(told: list[Event]) -> None:
    """Write events of one kind and one actor; arrays cost a fraction of what a list of rows would."""
    first = told[0]
    shops, subjects = [one.shop_id for one in told], [one.subject_id for one in told]
    data = [ENCODER.encode(one.data) for one in told]
    alike = first.kind, first.subject_type, first.actor_kind, first.actor_label, first.member_id
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*alike, first.owed_at is not None, shops, subjects, data])
        for event, (key, owed_at) in zip(told, cursor.fetchall(), strict=True):
            event.pk, event.owed_at = key, owed_at


def _event(shop_id: int, kind: str, subject: models.Model, by: Actor, data: dict[str, Any]) -> Event:
    return Event(
        shop_id=shop_id,
        kind=kind,
        subject_type=subject_type(subject),
        subject_id=subject.pk,
        actor_kind=by.kind,
        actor_label=by.label,
        member_id=by.member_id,
        data=plain(data),
        owed_at=Now() if kind in wanted() else None,
    )


def _needs_transaction(kind: str) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{kind} must be recorded in the transaction of its change")


def _wake(told: list[Event], kind: str) -> list[Event]:
    if told and kind in wanted():
        wake(FAN_OUT)
    return told


def consumers() -> tuple[Consumer, ...]:
    """Return everybody who is told of events, in the order in which they are told."""
    return _consumers(tuple(settings.EVENT_CONSUMERS))


def wanted() -> frozenset[str]:
    """Return the kinds of which somebody is told; only these are ever owed."""
    return _wanted(tuple(settings.EVENT_CONSUMERS))


@cache
def _consumers(paths: tuple[str, ...]) -> tuple[Consumer, ...]:
    return tuple(import_string(path) for path in paths)


@cache
def _wanted(paths: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*(consumer.kinds for consumer in _consumers(paths)))


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
