"""Writing a job's items: one statement inside the database, whether they are ten or a million."""

from __future__ import annotations

from django.db import connection
from django.db.models import CharField, QuerySet, Value
from django.db.models.expressions import BaseExpression

from sellercenter.models import ItemState, Job, JobItem

EMPTY = Value("", output_field=CharField())
_INSERT = (
    "INSERT INTO {table} (job_id, ref, label, given, state, code, message, attempts)"
    " SELECT %s, found.*, '{state}', '', '', 0 FROM ({rows}) AS found ON CONFLICT (job_id, ref) DO NOTHING"
)


def fill(job: Job, rows: QuerySet, *, label: str, ref: str = "pk", given: BaseExpression | str = EMPTY) -> int:
    """Write an item for each row and return how many: its key, what people call it, and what was given for it.

    The rows stay in the database; a job that was filled before keeps what it has.
    """
    columns = rows.order_by("pk").values_list(ref, label, given)
    sql, params = columns.query.sql_with_params()
    insert = _INSERT.format(table=JobItem._meta.db_table, state=ItemState.WAITING.value, rows=sql)
    with connection.cursor() as cursor:
        cursor.execute(insert, [job.pk, *params])
        return cursor.rowcount
