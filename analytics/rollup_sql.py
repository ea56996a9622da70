"""The statements that work figures out, composed of the declarations in `analytics/measures.py`.

Each takes the days of one run (first to last, in the shop's zone) from the records and gives the rows of the tables
of `analytics/models/rollups.py`. Conditions and amounts are compiled from the same expressions by which lists filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, ExtractHour, LPad, TruncDate

from analytics.durations import BUCKET_SQL
from analytics.measures import BASES, MEASURES, Basis, Span
from analytics.models import DayDurations, DayFigure
from sellercenter.models import Shop
from sellercenter.times import day_start

Statement: TypeAlias = tuple[str, list[Any]]

FIGURES, DURATIONS = DayFigure._meta.db_table, DayDurations._meta.db_table
COLUMNS = tuple(MEASURES)

# The keys that the lines and parcels of an order have, with what its lines under each of them add to an amount.
_ORDER_PARTS = """
SELECT CASE WHEN grouping(line.product_id) = 0 THEN 'product' WHEN grouping(line.creator_id) = 0 THEN 'creator'
       ELSE 'room' END AS dimension, COALESCE(line.product_id::text, line.creator_id::text, line.room, '') AS key,
       true AS own, sum(line.amount) AS amount, sum(line.commission_amount) AS commission_amount
FROM orders_orderline line WHERE line.order_id = r.id
GROUP BY GROUPING SETS ((line.product_id), (line.creator_id), (line.room))
UNION ALL
SELECT 'carrier', parcel.carrier, false, NULL, NULL
FROM orders_parcelline part JOIN orders_parcel parcel ON parcel.id = part.parcel_id
WHERE part.order_id = r.id GROUP BY parcel.carrier
"""
_CASE_PARTS = """
SELECT told.dimension, told.key, true AS own, parts.amount, NULL AS commission_amount
FROM (SELECT line.product_id, sum(part.amount) AS amount FROM aftersales_caseline part
      JOIN orders_orderline line ON line.id = part.line_id WHERE part.case_id = r.id GROUP BY line.product_id) parts
CROSS JOIN LATERAL (VALUES ('product', parts.product_id::text),
                           ('product_problem', parts.product_id || ':' || r.d_problem)) told (dimension, key)
"""
_PARTS = {"orders_order": _ORDER_PARTS, "aftersales_case": _CASE_PARTS}
_CARRIERS = """
SELECT DISTINCT 'carrier' AS dimension, parcel.carrier AS key
FROM orders_parcelline part JOIN orders_parcel parcel ON parcel.id = part.parcel_id
WHERE part.order_id = r.id AND parcel.carrier <> ''
"""


@dataclass(frozen=True)
class Run:
    """Days of a shop that follow each other."""

    shop: Shop
    first: date
    last: date

    def records(self, basis: Basis) -> Any:
        """Return the records of a basis whose moment lies in these days."""
        zone = self.shop.zone
        edges = {
            f"{basis.moment}__gte": day_start(self.first, zone),
            f"{basis.moment}__lt": day_start(self.last + timedelta(days=1), zone),
        }
        return basis.records().filter(shop=self.shop, **edges).order_by()

    def day(self, basis: Basis) -> TruncDate:
        """Return the local day of a record."""
        return TruncDate(basis.moment, tzinfo=self.shop.zone)


def runs(shop: Shop, days: Sequence[date]) -> list[Run]:
    """Put days together that follow each other."""
    found: list[Run] = []
    for day in sorted(set(days)):
        if found and found[-1].last + timedelta(days=1) == day:
            found[-1] = Run(shop, found[-1].first, day)
        else:
            found.append(Run(shop, day, day))
    return found


def figures(run: Run) -> Statement:
    """Return the statement whose rows are `day, dimension, key` and every measure."""
    told = [_told(basis, run) for basis in BASES]
    sums = ", ".join(f"sum({name}) AS {name}" for name in COLUMNS)
    every = " UNION ALL ".join(sql for sql, _params in told)
    sql = f"SELECT day, dimension, key, {sums} FROM ({every}) every_basis GROUP BY day, dimension, key"
    return sql, [param for _sql, params in told for param in params]


def _told(basis: Basis, run: Run) -> Statement:
    """Return the rows of one basis, summed, with nothing in the columns of the others."""
    sql, params = _records(basis, run)
    own = [measure.name for measure in basis.measures]
    keys = ["('', '')", *(f"('{name}', r.d_{name})" for name in basis.dimensions)]
    told = (
        f"SELECT r.day, d.dimension, d.key, {', '.join(f'r.{name}' for name in own)} FROM r"
        f" CROSS JOIN LATERAL (VALUES {', '.join(keys)}) d (dimension, key)"
    )
    if basis.lines:
        shares = ", ".join(_line_share(basis, name) for name in own)
        parts = _PARTS[basis.model._meta.db_table]
        told += f" UNION ALL SELECT r.day, p.dimension, p.key, {shares} FROM r JOIN LATERAL ({parts}) p ON p.key <> ''"
    columns = ", ".join(
        f"sum({name}) AS {name}" if name in own else f"NULL::{_type(name)} AS {name}" for name in COLUMNS
    )
    return (
        f"(WITH r AS MATERIALIZED ({sql}), told AS ({told}) SELECT day, dimension, left(key, 160) AS key, {columns}"
        f" FROM told GROUP BY 1, 2, 3)"
    ), params


def _line_share(basis: Basis, name: str) -> str:
    """Return what a record adds under a key of its lines: of an amount, the part of these lines."""
    line = MEASURES[name].line
    return f"CASE WHEN p.own AND r.{name} IS NOT NULL THEN p.{line} ELSE r.{name} END" if line else f"r.{name}"


def _type(name: str) -> str:
    return "numeric" if DayFigure._meta.get_field(name).get_internal_type() == "DecimalField" else "bigint"


def _records(basis: Basis, run: Run) -> Statement:
    """Return one row per record: its key, its day, its dimensions and its share of each measure."""
    dimensions = {f"d_{name}": _dimension(basis, run, source) for name, source in basis.dimensions.items()}
    shares = {f"m_{measure.name}": measure.share() for measure in basis.measures}
    rows = run.records(basis).values(r_id=F("pk"), r_day=run.day(basis), **dimensions, **shares)
    sql, params = rows.query.sql_with_params()
    names = ["id", "day", *dimensions, *(measure.name for measure in basis.measures)]
    return f"SELECT * FROM ({sql}) told ({', '.join(names)})", list(params)


def _dimension(basis: Basis, run: Run, source: Any) -> Any:
    if source == "hour":
        return LPad(Cast(ExtractHour(basis.moment, tzinfo=run.shop.zone), CharField()), 2, Value("0"))
    return Cast(source, CharField())


def durations(run: Run) -> Statement:
    """Return the statement whose rows are `span, day, dimension, key, buckets, counts`."""
    told = [_durations(basis, span, run) for basis in BASES for span in basis.spans]
    every = " UNION ALL ".join(sql for sql, _params in told)
    return (
        f"SELECT span, day, dimension, key, {_ARRAYS} FROM"
        f" (SELECT span, day, dimension, key, bucket, count(*) AS n FROM ({every}) told"
        f" GROUP BY span, day, dimension, key, bucket) counted GROUP BY span, day, dimension, key"
    ), [param for _sql, params in told for param in params]


_ARRAYS = "array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n::int ORDER BY bucket) AS counts"


def _durations(basis: Basis, span: Span, run: Run) -> Statement:
    rows = run.records(basis).filter(span.ended).values(r_id=F("pk"), r_day=run.day(basis), seconds=span.seconds())
    sql, params = rows.query.sql_with_params()
    keys = "SELECT '' AS dimension, '' AS key"
    if basis.span_dimensions:
        keys += f" UNION ALL {_CARRIERS}"
    return (
        f"SELECT '{span.name}' AS span, r.day, k.dimension, left(k.key, 160) AS key, {BUCKET_SQL} AS bucket"
        f" FROM (SELECT * FROM ({sql}) told (id, day, seconds)) r CROSS JOIN LATERAL ({keys}) k"
    ), list(params)


def months_of_figures() -> str:
    """Return the statement that adds up the days of one month: parameters shop, first day, first day after."""
    sums = ", ".join(f"sum({name})" for name in COLUMNS)
    return (
        f"INSERT INTO {FIGURES} (shop_id, grain, day, dimension, key, {', '.join(COLUMNS)})"
        f" SELECT shop_id, 'm', date_trunc('month', day)::date, dimension, key, {sums} FROM {FIGURES}"
        f" WHERE shop_id = %s AND grain = 'd' AND day >= %s AND day < %s GROUP BY 1, 3, 4, 5"
    )


def months_of_durations() -> str:
    """Return the statement that adds up the buckets of one month: parameters shop, first day, first day after."""
    return (
        f"INSERT INTO {DURATIONS} (shop_id, grain, day, span, dimension, key, buckets, counts)"
        f" SELECT shop_id, 'm', month, span, dimension, key, {_ARRAYS} FROM"
        f" (SELECT shop_id, date_trunc('month', day)::date AS month, span, dimension, key, bucket, sum(part) AS n"
        f" FROM {DURATIONS}, unnest(buckets, counts) AS told (bucket, part)"
        f" WHERE shop_id = %s AND grain = 'd' AND day >= %s AND day < %s GROUP BY 1, 2, 3, 4, 5, 6) counted"
        f" GROUP BY shop_id, month, span, dimension, key"
    )
