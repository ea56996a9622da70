"""Writing rows of several tables at once, in the current transaction, and primary keys reserved ahead.

Many rows go by binary COPY through psycopg's C writer: on this house's rows it beats text COPY by a third on our side
and spares the server the parsing. A COPY takes three round trips, though; the few rows of a single order go by INSERT,
all tables in one. Rows go straight to the tables, so nothing of a model's Python side (defaults, validators) runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TypeAlias, cast

from django.db import connection, models, transaction
from psycopg import sql
from psycopg.types.json import JsonbBinaryDumper

# A length or a precision, which COPY's binary format doesn't want to hear: varchar(64), numeric(14, 2).
_MODIFIER = re.compile(r"\(.*?\)")


Batch: TypeAlias = tuple[type[models.Model], Sequence[str], Iterable[Sequence[Any]]]

# Up to so many rows of a table, INSERT is faster than COPY.
_FEW = 8


def write_rows(*batches: Batch) -> None:
    """Append rows to tables, one after the other, in the caller's transaction; each batch is (model, fields, rows).

    `fields` are the names of the model's fields in the order of each row's values; a foreign key may be named with or
    without `_id` and takes the key. A column that is left out gets the database's default. Values are what the column
    stores: None, str, int, bool, Decimal, aware datetime, bytes, a list for an array, for JSON a dict of plain values
    or the bytes of the finished text.
    Raises TransactionManagementError outside a transaction; a broken constraint raises Django's IntegrityError.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("rows must be written in a transaction")
    commands: list[str] = []
    values: list[Any] = []
    for model, fields, rows in batches:
        rows = iter(rows)
        few = list(islice(rows, _FEW + 1))
        if len(few) > _FEW:
            _run(commands, values)
            _copy(model, tuple(fields), chain(few, rows))
        elif few:
            columns, types = _shape(model, tuple(fields))
            commands.append(_insert(model, columns))
            told = [dict(zip(columns, map(_told, row, types), strict=True)) for row in few]
            values.append(json.dumps(told, default=str, ensure_ascii=False))
    _run(commands, values)


def _copy(model: type[models.Model], fields: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> None:
    columns, types = _shape(model, fields)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(model._meta.db_table), names)
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.adapters.register_dumper(dict, _Json)
        with cursor.copy(command) as copy:
            copy.set_types(types)
            write = copy.write_row
            for row in rows:
                write(row)


def _run(commands: list[str], values: list[Any]) -> None:
    """Send what is waiting in one round trip, and forget it."""
    if commands:
        with connection.cursor() as cursor:
            cursor.execute(";".join(commands), values)
        commands.clear()
        values.clear()


def _insert(model: type[models.Model], columns: Sequence[str]) -> str:
    """Return the command that takes rows as one JSON text: psycopg writes it faster than a parameter for each value."""
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(map(quote, columns))
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, %s)"


def _told(value: Any, kind: str) -> Any:
    """Give a value as JSON takes it, for a column of this type."""
    if type(value) is bytes:
        return json.loads(value) if kind == "jsonb" else f"\\x{value.hex()}"
    return value


def take_ids(*wanted: tuple[type[models.Model], int]) -> tuple[datetime, list[list[int]]]:
    """Reserve primary keys from the sequences of models, each (model, count), in one round trip; each list ascends.

    Returns what the database's clock says then, and the keys. Those that stay unused leave a gap.
    """
    queries = ["SELECT -1, 0, clock_timestamp()"]
    values: list[Any] = []
    for place, (model, count) in enumerate(wanted):
        if count > 0:
            key = model._meta.pk
            assert key is not None
            queries.append(f"SELECT {place}, nextval(pg_get_serial_sequence(%s, %s)), NULL FROM generate_series(1, %s)")
            values += [connection.ops.quote_name(model._meta.db_table), key.column, count]
    taken: list[list[int]] = [[] for _one in wanted]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(queries), values)
        now: datetime = cursor.fetchone()[2]
        for place, number, _now in cursor.fetchall():
            taken[place].append(number)
    return now, taken


class _Json(JsonbBinaryDumper):
    """Takes finished JSON as it is; making the text costs more than all other columns of a small row together."""

    def dump(self, obj: Any) -> Any:
        return b"\x01" + obj if type(obj) is bytes else super().dump(obj)


@lru_cache(maxsize=256)
def _shape(model: type[models.Model], fields: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the columns and their bare types; an unknown field raises FieldDoesNotExist."""
    found = [cast("models.Field", model._meta.get_field(name)) for name in fields]
    return [str(field.column) for field in found], [
        _MODIFIER.sub("", str(field.db_type(connection))) for field in found
    ]
