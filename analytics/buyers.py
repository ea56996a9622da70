"""Who buys: new and returning buyers, those who come again, those who spend much, and those who stay away.

Read from the orders of a period, since roll-ups know days and not people. An order counts by its payment, as everywhere
in figures; a buyer is known by the platform's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analytics.periods import Period
from orders.counted import KINDS
from sellercenter import money
from sellercenter.models import Shop
from sellercenter.texts import Text
from sellercenter.times import day_start

# So many buyers of a segment are listed; a download has so many.
LISTED, DOWNLOADED = 50, 10_000
# Each order of the list with the column that it follows.
SORTS = {"amount": "amount", "orders": "orders", "mean": "mean", "last": "last_at"}


@dataclass(frozen=True)
class Segment:
    """Some of the buyers: their name, who they are in words, and the condition on `bought` in SQL."""

    code: str
    label: Text
    help: Text
    condition: str


SEGMENTS = (
    Segment("all", _("All buyers"), _("Paid for at least one order in the period."), "true"),
    Segment(
        *("new", pgettext_lazy("buyers", "New"), _("Had paid for no order before the period.")),
        condition="NOT known_before",
    ),
    Segment(
        *("returning", pgettext_lazy("buyers", "Returning"), _("Had paid for an order before the period.")),
        condition="known_before",
    ),
    Segment(
        *("repeat", pgettext_lazy("buyers", "Repeat"), _("Paid for several orders in the period.")),
        condition="orders >= %(repeat)s",
    ),
    Segment(
        *("high", _("High order value"), _("Paid at least the threshold per order, on average.")),
        condition="mean >= (SELECT threshold FROM line)",
    ),
)
LAPSED = Segment(
    "lapsed",
    pgettext_lazy("buyers", "Lapsed"),
    _("Paid for an order, then for none in so many days up to the end of the period."),
    "true",
)
EVERY = {one.code: one for one in (*SEGMENTS, LAPSED)}


@dataclass(frozen=True)
class Rules:
    """What the page lets choose: how many orders make a repeat buyer, which value per order is high, how long is away.

    Without a `threshold` it is what nine in ten of the period's buyers stay below or at.
    """

    repeat: int = 2
    threshold: Decimal | None = None
    lapsed: int = 90


@dataclass(frozen=True)
class Size:
    """How many buyers a segment has, and what they paid for."""

    buyers: int
    orders: int
    amount: Decimal


@dataclass(frozen=True)
class Person:
    """One buyer with what they paid for: in the period, or before they stayed away."""

    id: int
    nickname: str
    orders: int
    amount: Decimal
    mean: Decimal
    last_at: datetime
    known_before: bool


@dataclass(frozen=True)
class Segments:
    """The sizes of all segments, the threshold that was used, how many bought at least twice, and one list."""

    sizes: Mapping[str, Size]
    threshold: Decimal | None
    twice: int
    listed: list[Person]

    @property
    def repurchase(self) -> Decimal | None:
        """The share of the period's buyers who paid for two orders or more in it."""
        buyers = self.sizes["all"].buyers
        return Decimal(self.twice) / buyers if buyers else None


# Both read the shop's orders by payment; whether somebody is known is asked of the buyer's own few orders.
_BOUGHT = """
bought AS MATERIALIZED (
    SELECT told.*, round(amount / orders, 2) AS mean, EXISTS (
        SELECT FROM orders_order earlier WHERE earlier.shop_id = %(shop)s AND earlier.buyer_id = told.buyer_id
        AND earlier.paid_at < %(start)s AND earlier.kind = ANY(%(kinds)s)
    ) AS known_before
    FROM (
        SELECT buyer_id, count(*) AS orders, sum(paid_amount) AS amount, max(paid_at) AS last_at
        FROM orders_order WHERE shop_id = %(shop)s AND paid_at >= %(start)s AND paid_at < %(end)s
        AND kind = ANY(%(kinds)s) GROUP BY buyer_id
    ) told
), line AS MATERIALIZED (
    SELECT COALESCE(%(threshold)s, percentile_disc(0.9) WITHIN GROUP (ORDER BY mean)) AS threshold FROM bought
)
"""
_LAPSED = """
bought AS MATERIALIZED (
    SELECT told.*, round(amount / orders, 2) AS mean, true AS known_before
    FROM (
        SELECT buyer_id, count(*) AS orders, sum(paid_amount) AS amount, max(paid_at) AS last_at
        FROM orders_order WHERE shop_id = %(shop)s AND paid_at >= %(seen)s AND paid_at < %(gone)s
        AND kind = ANY(%(kinds)s) GROUP BY buyer_id
    ) told
    WHERE NOT EXISTS (
        SELECT FROM orders_order later WHERE later.shop_id = %(shop)s AND later.buyer_id = told.buyer_id
        AND later.paid_at >= %(gone)s AND later.paid_at < %(end)s AND later.kind = ANY(%(kinds)s)
    )
)
"""
_SIZE = "json_build_array(count(*), COALESCE(sum(orders), 0), COALESCE(sum(amount), 0)::text)"
_LISTED = """
SELECT bought.buyer_id, buyer.nickname, orders, amount, mean, last_at, known_before
FROM bought JOIN orders_buyer buyer ON buyer.id = bought.buyer_id
WHERE {condition} ORDER BY {sort} {way}, bought.buyer_id LIMIT %(limit)s
"""


def segments(
    shop: Shop,
    period: Period,
    rules: Rules,
    *,
    chosen: str = "all",
    sort: str = "-amount",
    limit: int = LISTED,
) -> Segments:
    """Return every segment's size and the chosen one's buyers, in two queries.

    Lapsed buyers paid for an order in the `lapsed` days before the last `lapsed` days of the period, and for none in
    these; their orders and amounts are those of then.
    """
    params = _params(shop, period, rules) | {"limit": limit}
    sizes, threshold, twice, rows = _run(_statement(_BOUGHT, SEGMENTS, chosen, sort, line=True), params)
    gone, _none, _twice, away = _run(_statement(_LAPSED, (LAPSED,), chosen, sort, line=False), params)
    told = {code: _size(size) for code, size in (sizes | gone).items()}
    people = [_person(row) for row in (away if chosen == LAPSED.code else rows) or ()]
    return Segments(
        told, None if threshold is None else money.quantise(Decimal(threshold), shop.currency), twice, people
    )


def lapse(period: Period, days: int) -> tuple[date, date, date]:
    """Return the first day on which a lapsed buyer was seen, the last one, and the first one of staying away."""
    away = period.last - timedelta(days=days - 1)
    return away - timedelta(days=days), away - timedelta(days=1), away


def _params(shop: Shop, period: Period, rules: Rules) -> dict[str, Any]:
    seen, _last_seen, away = lapse(period, rules.lapsed)
    edges = {"start": period.first, "end": period.last + timedelta(days=1), "seen": seen, "gone": away}
    told = {name: day_start(day, shop.zone) for name, day in edges.items()}
    rule = {"repeat": rules.repeat, "threshold": rules.threshold}
    return {"shop": shop.pk, "kinds": [str(kind) for kind in KINDS], **told, **rule}


def _statement(bought: str, some: tuple[Segment, ...], chosen: str, sort: str, *, line: bool) -> str:
    """Compose one statement that gives the sizes of some segments, the threshold, and the chosen one's list."""
    column = SORTS[sort.lstrip("-")]
    way = "DESC" if sort.startswith("-") else "ASC"
    sizes = ", ".join(f"'{one.code}', (SELECT {_SIZE} FROM bought WHERE {one.condition})" for one in some)
    listed = "NULL"
    if chosen in {one.code for one in some}:
        rows = _LISTED.format(condition=EVERY[chosen].condition, sort=column, way=way)
        listed = f"(SELECT json_agg(json_build_array({_PERSON})) FROM ({rows}) told)"
    threshold = "(SELECT threshold::text FROM line)" if line else "NULL"
    twice = "(SELECT count(*) FROM bought WHERE orders >= 2)"
    return f"WITH {bought} SELECT json_build_object({sizes}), {threshold}, {twice}, {listed}"


_PERSON = "buyer_id, nickname, orders, amount::text, mean::text, last_at, known_before"


def _run(sql: str, params: dict[str, Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()


def _size(row: list[Any]) -> Size:
    return Size(int(row[0]), int(row[1]), Decimal(row[2]))


def _person(row: list[Any]) -> Person:
    key, nickname, orders, amount, mean, last_at, known = row
    return Person(key, nickname, orders, Decimal(amount), Decimal(mean), datetime.fromisoformat(last_at), known)
