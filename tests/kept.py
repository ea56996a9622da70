"""Keep what a maker made the first time, and insert the same rows when it is asked again in the same world.

For walking tests, which need the same crowd many times: its verbs take a hundred times as long as its rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from django.apps import apps
from django.db import connection, models

from tests import make

# What a request or Django itself writes is no part of anybody's world.
_OUTSIDE = {"django_session", "django_migrations", "django_content_type", "auth_permission"}
Fill = Callable[[Any, int], list[Any]]
Rows = dict[tuple[str, str], str]


def kept(fill: Fill) -> Fill:
    """Return a maker of the same records that runs once for each shop, number and world in which it is asked."""
    known: dict[tuple[str, int, str], _Kept] = {}

    def again(shop: Any, n: int) -> list[Any]:
        key = (shop.code, n, world())
        if key in known:
            return known[key].insert()
        before = _rows()
        made = fill(shop, n)
        after = _rows()
        if before.keys() <= after.keys():
            told = {one: row for one, row in after.items() if before.get(one) != row}
            known[key] = _Kept(
                _statements(told), copy(make._numbers), [(type(one), one.pk) for one in made], set(after)
            )
        return made

    return again


@dataclass
class _Kept:
    """What one call made: the statements that write it, the next number, the records, and every row that there was."""

    statements: str
    numbers: count[int]
    made: list[tuple[type[models.Model], Any]]
    world: set[tuple[str, str]]
    tried: bool = False

    def insert(self) -> list[Any]:
        """Write it all once more; what triggers add to it is taken away again, for it has been kept too."""
        _run(self.statements)
        if not self.tried:
            self.tried = True
            spare = ";".join(self._only_ours(table) for table in {table for table, _key in _rows().keys() - self.world})
            _run(spare)
            self.statements = ";".join(filter(None, (self.statements, spare)))
        make._numbers = copy(self.numbers)
        return [model._base_manager.get(pk=pk) for model, pk in self.made]

    def _only_ours(self, table: str) -> str:
        ours = [key for where, key in self.world if where == table]
        with connection.cursor() as cursor:
            return cursor.mogrify(f"DELETE FROM {table} WHERE NOT {_tables()[table][0]}::text = ANY(%s)", [ours])


@cache
def _tables() -> dict[str, tuple[str, list[str]]]:
    """Return the key and the columns that can be written of each table, referred ones first."""
    concrete = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return {
        table: (
            str(model._meta.pk.column),
            [str(field.column) for field in model._meta.concrete_fields if not field.generated],
        )
        for table, model in concrete.items()
        if table not in _OUTSIDE and model._meta.managed
    }


def world() -> str:
    """Return a digest of every row and of the next number."""
    one = "SELECT '{0}' AS t, count(*) AS n, coalesce(sum(hashtextextended(r::text, 0)), 0) AS h FROM {0} r"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(one.format(table) for table in sorted(_tables())) + " ORDER BY t")
        return repr((cursor.fetchall(), make._numbers))


def _rows() -> Rows:
    one = "SELECT '{0}', {1}::text, to_jsonb(r)::text FROM {0} r"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(one.format(table, key) for table, (key, _columns) in _tables().items()))
        return {(table, key): row for table, key, row in cursor.fetchall()}


def _statements(rows: Rows) -> str:
    """Return the statements that write these rows, over others of the same key."""
    said = []
    for table, (key, columns) in _tables().items():
        told = [json.loads(row) for (where, _key), row in rows.items() if where == table]
        if not told:
            continue
        names = ", ".join(f'"{column}"' for column in columns)
        anew = ", ".join(f'"{column}" = EXCLUDED."{column}"' for column in columns)
        sql = (
            f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
            f' ON CONFLICT ("{key}") DO UPDATE SET {anew}'
        )
        with connection.cursor() as cursor:
            said.append(cursor.mogrify(sql, [json.dumps(told, ensure_ascii=False)]))
    return ";".join(said)


def _run(statements: str) -> None:
    if statements:
        with connection.cursor() as cursor:
            cursor.execute(statements)
