"""Writing a job's items: one statement inside the database, whether they are ten or a million."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import CharField, QuerySet, Value
from django.db.models.expressions import Combinable

from sellercenter.models import ItemState, Job, JobItem

BATCH = 1000
EMPTY = Value("", output_field=CharField())
_INSERT = (
    "INSERT INTO {table} (job_id, ref, label, given, state, code, message, attempts)"
    " SELECT %s, found.*, '{state}', '', '', 0 FROM ({rows}) AS found ON CONFLICT (job_id, ref) DO NOTHING"
)


def fill(job: Job, rows: QuerySet, *, label: str, ref: str = "pk", given: Combinable | str = EMPTY) -> int:
    """Write an item for each row and return how many: its key, what people call it, and what was given for it.

    The rows stay in the database; a job that was filled before keeps what it has.
    """
    columns = rows.order_by("pk").values_list(ref, label, given)
    # Also of rows of which Django knows beforehand that there are none.
    sql, params = columns.query.get_compiler(columns.db, elide_empty=False).as_sql()
    insert = _INSERT.format(table=JobItem._meta.db_table, state=ItemState.WAITING.value, rows=sql)
    with connection.cursor() as cursor:
        cursor.execute(insert, [job.pk, *params])
        return cursor.rowcount


def fill_from(job: Job, lines: Iterable[tuple[int, str, str]]) -> int:
    """Write an item for each line that a person gave: the record's key, what people call it, what was given for it."""
    items = [JobItem(job=job, ref=ref, label=label[:80], given=given[:120]) for ref, label, given in lines]
    return len(JobItem.objects.bulk_create(items, batch_size=BATCH))


def without_choice(params: dict[str, Any]) -> dict[str, Any]:
    """Return a job's parameters without what was chosen: a filter can hold a phone, so nobody keeps it for long."""
    return {name: value for name, value in params.items() if name != "chosen"}
