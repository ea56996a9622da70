"""What must hold whatever has happened, as SQL that returns the rows for which it does not; and who asks it.

Each entry is (code, description, SQL); the first column names the record at fault. settings.INVARIANTS names the lists
of all rooms, settings.LIVE_INVARIANTS those that hold only while workers or `manage.py sweep` run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.utils.module_loading import import_string

from sellercenter.models import Shop

# So many records at fault are named; one more is read to know whether there are others.
MOST_NAMED = 10

Invariant = tuple[str, str, str]

JOBS: list[Invariant] = [
    (
        "job_counters",
        "A job has counted exactly the results that its records have.",
        "SELECT job.id, job.kind, job.total, job.done, job.skipped, job.failed FROM sellercenter_job job JOIN ("
        "SELECT job_id, count(*) AS items, count(*) FILTER (WHERE state = 'done') AS done,"
        " count(*) FILTER (WHERE state = 'skipped') AS skipped, count(*) FILTER (WHERE state = 'failed') AS failed"
        " FROM sellercenter_jobitem GROUP BY job_id) counted ON counted.job_id = job.id"
        " WHERE (job.total, job.done, job.skipped, job.failed)"
        " IS DISTINCT FROM (counted.items, counted.done, counted.skipped, counted.failed)",
    ),
    (
        "job_done_with_waiting",
        "A job that is done has no record that still waits.",
        "SELECT DISTINCT job.id, job.kind FROM sellercenter_job job"
        " JOIN sellercenter_jobitem item ON item.job_id = job.id AND item.state = 'waiting' WHERE job.state = 'done'",
    ),
    (
        "job_ended_with_lease",
        "Nobody holds a job that has ended.",
        "SELECT id, kind, state FROM sellercenter_job"
        " WHERE state IN ('done', 'failed', 'cancelled') AND lease_until IS NOT NULL",
    ),
]

MESSAGES: list[Invariant] = [
    (
        "message_sent_once",
        "A buyer is told of an event at most once over each channel.",
        "SELECT event_id, channel, count(*) FROM sellercenter_outgoingmessage WHERE state = 'sent'"
        " GROUP BY event_id, channel HAVING count(*) > 1",
    ),
    (
        "message_sent_has_time",
        "Exactly the messages that were sent have the time of it.",
        "SELECT id, state, sent_at FROM sellercenter_outgoingmessage WHERE (state = 'sent') <> (sent_at IS NOT NULL)",
    ),
    (
        "message_unsure_is_once",
        "Only a message that is never repeated may stay perhaps sent.",
        "SELECT id, kind FROM sellercenter_outgoingmessage WHERE state = 'unsure' AND NOT once",
    ),
]

TEAMS: list[Invariant] = [
    (
        "shop_has_owner",
        "A shop has one owner, a policy, and its people have roles.",
        "SELECT shop.id, shop.code FROM sellercenter_shop shop"
        " WHERE (SELECT count(*) FROM sellercenter_member WHERE shop_id = shop.id AND owner) <> 1"
        " OR NOT EXISTS (SELECT FROM sellercenter_shoppolicy WHERE shop_id = shop.id)"
        " OR EXISTS (SELECT FROM sellercenter_member WHERE shop_id = shop.id AND NOT owner AND role_id IS NULL)",
    ),
]

LIVE_INVARIANTS: list[Invariant] = [
    (
        "event_told_in_time",
        "No event is owed for more than ten minutes.",
        "SELECT id, kind, owed_at FROM sellercenter_event WHERE owed_at < now() - interval '10 minutes'",
    ),
    (
        "message_sent_in_time",
        "No message to a buyer is owed for more than ten minutes.",
        "SELECT id, kind, state, due_at FROM sellercenter_outgoingmessage"
        " WHERE state IN ('waiting', 'sending') AND due_at < now() - interval '10 minutes'",
    ),
    (
        "job_goes_on",
        "An open job is held by somebody, or was not long ago.",
        "SELECT id, kind, state, heartbeat_at FROM sellercenter_job WHERE state IN ('queued', 'running')"
        " AND greatest(lease_until, heartbeat_at, created_at) < now() - interval '10 minutes'",
    ),
]


def walls() -> list[Invariant]:
    """Return, for every foreign key between two kinds of records of shops, that both are of the same shop."""
    return [_wall(child, key) for child in _of_shops() for key in child._meta.fields if _leads_to_shop_record(key)]


def _of_shops() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if _belongs_to_shop(model)]


def _belongs_to_shop(model: Any) -> bool:
    return any(key.related_model is Shop for key in model._meta.fields)


def _leads_to_shop_record(key: Any) -> bool:
    return isinstance(key, models.ForeignKey) and _belongs_to_shop(key.related_model)


def _wall(child: type[models.Model], key: Any) -> Invariant:
    table, parent = child._meta.db_table, key.related_model._meta.db_table
    return (
        f"wall_{table}_{key.column}",
        f"What {table}.{key.column} names is of the same shop.",
        f"SELECT child.{child._meta.pk.column}, child.shop_id, parent.shop_id AS other FROM {table} child"
        f" JOIN {parent} parent ON parent.{key.target_field.column} = child.{key.column}"
        " WHERE parent.shop_id <> child.shop_id",
    )


INVARIANTS: list[Invariant] = [*JOBS, *MESSAGES, *TEAMS]


@dataclass(frozen=True)
class Broken:
    """An invariant that does not hold: the records at fault, at most ten of them, and whether there are `more`."""

    code: str
    says: str
    records: list[str]
    more: bool


def every(*, live: bool = False) -> list[Invariant]:
    """Return the invariants of all rooms; with `live` also those that hold only while somebody works."""
    paths = [*settings.INVARIANTS, *(settings.LIVE_INVARIANTS if live else [])]
    listed = [import_string(path) for path in paths]
    return [one for many in listed for one in many] + walls()


def check(*, live: bool = False) -> list[Broken]:
    """Ask the database for each invariant whether it holds, and return those that do not."""
    asked = [(code, says, _ask(sql)) for code, says, sql in every(live=live)]
    return [Broken(code, says, rows[:MOST_NAMED], len(rows) > MOST_NAMED) for code, says, rows in asked if rows]


def _ask(sql: str) -> list[str]:
    """Return the records at fault, each with what the query tells of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        # A night's check of a big shop takes longer than a page may.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(f"SELECT * FROM ({sql}) broken LIMIT {MOST_NAMED + 1}")
        names = [column.name for column in cursor.description]
        return [" ".join(f"{name}={value}" for name, value in zip(names, row, strict=True)) for row in cursor]
