"""What happens to a record by itself, and when: the next step in two columns, the later ones in a third."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models
from psycopg import sql


@dataclass(frozen=True)
class Schedule:
    """Steps with their times, the earliest first; a time is absolute and stays as it was planned."""

    steps: tuple[tuple[datetime, str], ...] = ()

    @classmethod
    def of(cls, record: Any) -> Schedule:
        """Read what a record has before it."""
        if record.due_at is None:
            return cls()
        later = tuple((datetime.fromisoformat(at), name) for name, at in record.due_later)
        return cls(((record.due_at, record.due_step), *later))

    def values(self) -> dict[str, Any]:
        """Return the columns `due_at`, `due_step` and `due_later` that hold these steps."""
        if not self.steps:
            return {"due_at": None, "due_step": "", "due_later": []}
        (due_at, due_step), *later = self.steps
        return {"due_at": due_at, "due_step": due_step, "due_later": [[name, at.isoformat()] for at, name in later]}

    def plus(self, name: str, at: datetime | None) -> Schedule:
        """Return a schedule in which the step comes at `at` and at no other time; without a time it never comes."""
        kept = self.without(name).steps
        return Schedule(tuple(sorted((*kept, (at, name)), key=_time))) if at else Schedule(kept)

    def without(self, name: str) -> Schedule:
        """Return a schedule in which the step does not come."""
        return Schedule(tuple(step for step in self.steps if step[1] != name))

    def rest(self) -> Schedule:
        """Return what comes after the next step."""
        return Schedule(self.steps[1:])


def _time(step: tuple[datetime, str]) -> datetime:
    return step[0]


def write(model: type[models.Model], planned: Iterable[tuple[int, Schedule]]) -> int:
    """Write the schedules of many records, given by key, in one statement; return how many rows there were.

    The caller holds the rows locked.
    """
    rows = [(pk, schedule.values()) for pk, schedule in planned]
    statement = sql.SQL(
        "UPDATE {table} AS t SET due_at = v.at, due_step = v.step, due_later = v.later::jsonb"
        " FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[]) AS v (id, at, step, later)"
        " WHERE t.id = v.id"
    ).format(table=sql.Identifier(model._meta.db_table))
    with connection.cursor() as cursor:
        cursor.execute(statement, _columns(rows))
        return int(cursor.rowcount)


def put(record: Any, schedule: Schedule) -> None:
    """Write the schedule of one record, which the caller holds locked."""
    values = schedule.values()
    type(record)._base_manager.filter(pk=record.pk).update(**values)
    for name, value in values.items():
        setattr(record, name, value)


def _columns(rows: Sequence[tuple[int, dict[str, Any]]]) -> list[list[Any]]:
    return [
        [pk for pk, _values in rows],
        [values["due_at"] for _pk, values in rows],
        [values["due_step"] for _pk, values in rows],
        [json.dumps(values["due_later"]) for _pk, values in rows],
    ]
