"""Counts that stop at a cap: no page ever counts a whole table."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import IntegerField, QuerySet, Subquery

from sellercenter.models import Shop

CAP = 10_000
# Stands for the shop in a query that is composed once; no shop has this key.
_ANY_SHOP = -1


class _CappedCount(Subquery):
    """The count of a sliced list as a column; rows beyond the slice are never read."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS capped)"
    output_field = IntegerField()
    # Of a list that can find nothing, as when a filter names nobody.
    empty_result_set_value = 0


def capped_counts(rows: dict[str, QuerySet], *, shop: Shop) -> dict[str, int]:
    """Count several lists of a shop up to the cap, all in one query."""
    if not rows:
        return {}
    found = _counting(rows, shop).get()
    return {name: found[f"n{i}"] for i, name in enumerate(rows)}


def standing_counts(lists: Callable[[Shop], dict[str, QuerySet]], *, shop: Shop) -> dict[str, int]:
    """Count lists that are the same for every shop and at every moment; their query is composed once.

    `lists` must depend on nothing but the shop.
    """
    names, sql, params = _composed(lists)
    if not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql, [shop.pk if param == _ANY_SHOP else param for param in params])
        return dict(zip(names, cursor.fetchone() or (), strict=True))


def _counting(rows: dict[str, QuerySet], shop: Shop) -> QuerySet:
    wanted = {f"n{i}": _CappedCount(one.order_by().values("pk")[: CAP + 1]) for i, one in enumerate(rows.values())}
    return Shop.objects.filter(pk=shop.pk).values(**wanted)


@cache
def _composed(lists: Callable[[Shop], dict[str, QuerySet]]) -> tuple[tuple[str, ...], str, tuple[Any, ...]]:
    anywhere = Shop(pk=_ANY_SHOP)
    rows = lists(anywhere)
    return (tuple(rows), *_counting(rows, anywhere).query.sql_with_params()) if rows else ((), "", ())
