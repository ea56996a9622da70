"""Verbs on stock: orders reserve, give back and take units; people count and adjust them.

Each change is one row of the ledger (`StockMovement`), so their sums are the stock; the tables' own constraints say
that no stock and nothing available falls below zero. Whoever changes several SKUs locks them in the order of their ids,
and an order's lines before them. A SKU that nobody has counted yet is not tracked, and can always be sold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from orders.models import Order, OrderLine, Sku, StockMovement
from orders.states import StockKind
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm

# More than any shelf holds, and far from what the column can't.
MOST_ON_HAND = 100_000_000
# How a movement says, in no language, that so many units left which the stock did not know of.
MISSING = "missing:"

_LIMIT = "coalesce(sku.low_at, (SELECT low_stock_at FROM sellercenter_shoppolicy WHERE shop_id = sku.shop_id))"
_MOVEMENT = (
    "INSERT INTO orders_stockmovement "
    "(shop_id, sku_id, kind, on_hand, reserved, order_id, line_id, reason, actor_label, member_id)"
)

_RESERVE = f"""
WITH line AS MATERIALIZED (
    SELECT * FROM unnest(%(lines)s::bigint[], %(skus)s::bigint[], %(units)s::int[]) AS line (id, sku_id, units)
), locked AS MATERIALIZED (
    SELECT sku.id, sku.number, sku.code, sku.available, wanted.units, {_LIMIT} AS low_at
    FROM orders_sku sku
    JOIN (SELECT sku_id, sum(units) AS units FROM line GROUP BY sku_id) wanted ON wanted.sku_id = sku.id
    WHERE sku.tracked AND sku.shop_id = %(shop)s
    ORDER BY sku.id FOR NO KEY UPDATE OF sku
), held AS (
    UPDATE orders_sku sku SET reserved = sku.reserved + locked.units FROM locked
    WHERE sku.id = locked.id AND sku.on_hand - sku.reserved >= locked.units
        AND NOT EXISTS (SELECT FROM locked WHERE units > available)
    RETURNING sku.id
), marked AS (
    UPDATE orders_orderline SET reserved = line.units FROM line JOIN held ON held.id = line.sku_id
    WHERE orders_orderline.id = line.id
), moved AS (
    {_MOVEMENT}
    SELECT %(shop)s, line.sku_id, 'reserve', 0, line.units, %(order)s, line.id, '', %(label)s, %(member)s
    FROM line JOIN held ON held.id = line.sku_id
)
SELECT id, number, code, available, units::bigint, low_at FROM locked ORDER BY id
"""

_RELEASE = f"""
WITH line AS MATERIALIZED (
    SELECT id, shop_id, order_id, sku_id, reserved FROM orders_orderline
    WHERE order_id = ANY(%(orders)s) AND reserved > 0
    ORDER BY id FOR NO KEY UPDATE
), locked AS MATERIALIZED (
    SELECT sku.id FROM orders_sku sku WHERE sku.id IN (SELECT sku_id FROM line) ORDER BY sku.id FOR NO KEY UPDATE
), freed AS (
    UPDATE orders_sku sku SET reserved = sku.reserved - given.units
    FROM (SELECT sku_id, sum(reserved) AS units FROM line GROUP BY sku_id) given JOIN locked ON locked.id = given.sku_id
    WHERE sku.id = given.sku_id
), emptied AS (
    UPDATE orders_orderline SET reserved = 0 FROM line WHERE orders_orderline.id = line.id
), moved AS (
    {_MOVEMENT}
    SELECT shop_id, sku_id, 'release', 0, -reserved, order_id, id, '', %(label)s, %(member)s FROM line
)
SELECT coalesce(sum(reserved), 0)::bigint FROM line
"""

# Own units come first; what a line never reserved comes from what is available, line by line until nothing is left.
_TAKE = f"""
WITH line AS MATERIALIZED (
    SELECT line.id, line.sku_id, least(told.units, line.reserved) AS own,
        told.units - least(told.units, line.reserved) AS more
    FROM orders_orderline line
    JOIN unnest(%(lines)s::bigint[], %(units)s::int[]) AS told (id, units) ON told.id = line.id
    WHERE line.order_id = %(order)s
    ORDER BY line.id FOR NO KEY UPDATE OF line
), locked AS MATERIALIZED (
    SELECT sku.id, sku.number, sku.code, sku.available, {_LIMIT} AS low_at FROM orders_sku sku
    WHERE sku.tracked AND sku.id IN (SELECT sku_id FROM line)
    ORDER BY sku.id FOR NO KEY UPDATE
), share AS MATERIALIZED (
    SELECT line.*, greatest(0, least(more, locked.available - (sum(more) OVER earlier - more)))::int AS free
    FROM line JOIN locked ON locked.id = line.sku_id
    WINDOW earlier AS (PARTITION BY line.sku_id ORDER BY line.id)
), total AS MATERIALIZED (
    SELECT sku_id, sum(own) AS own, sum(free) AS free, sum(more - free) AS missing FROM share GROUP BY sku_id
), taken AS (
    UPDATE orders_sku sku SET on_hand = sku.on_hand - total.own - total.free, reserved = sku.reserved - total.own
    FROM total WHERE sku.id = total.sku_id
), emptied AS (
    UPDATE orders_orderline SET reserved = orders_orderline.reserved - share.own
    FROM share WHERE orders_orderline.id = share.id AND share.own > 0
), moved AS (
    {_MOVEMENT}
    SELECT %(shop)s, sku_id, 'take', -own - free, -own, %(order)s, id,
        CASE WHEN more > free THEN %(missing)s || (more - free) ELSE '' END, %(label)s, %(member)s
    FROM share WHERE own + free > 0
)
SELECT locked.id, number, code, available, free::bigint, low_at, missing::bigint
FROM locked JOIN total ON total.sku_id = locked.id ORDER BY locked.id
"""

_COUNT = f"""
WITH locked AS MATERIALIZED (
    SELECT sku.id, sku.number, sku.code, sku.tracked, sku.on_hand, sku.reserved, {_LIMIT} AS low_at, told.counted
    FROM orders_sku sku
    JOIN unnest(%(skus)s::bigint[], %(counts)s::int[]) AS told (id, counted) ON told.id = sku.id
    WHERE sku.shop_id = %(shop)s
    ORDER BY sku.id FOR NO KEY UPDATE OF sku
), fit AS MATERIALIZED (
    SELECT * FROM locked WHERE counted >= reserved AND (counted <> on_hand OR NOT tracked)
), counted AS (
    UPDATE orders_sku sku SET on_hand = fit.counted, tracked = true FROM fit WHERE sku.id = fit.id
), moved AS (
    {_MOVEMENT}
    SELECT %(shop)s, id, %(kind)s, counted - on_hand, 0, NULL, NULL, %(reason)s, %(label)s, %(member)s
    FROM fit WHERE counted <> on_hand
)
SELECT id, number, code, tracked, on_hand, reserved, counted, low_at FROM locked ORDER BY id
"""


@dataclass(frozen=True)
class Counted:
    """What a count met: `before` and `reserved` units, and how many were `counted`; `began` when the first of all."""

    sku_id: int
    name: str
    before: int
    reserved: int
    counted: int
    began: bool

    @property
    def refused(self) -> bool:
        """Say whether fewer were counted than orders have reserved, so that nothing was changed."""
        return self.counted < self.reserved

    @property
    def changed(self) -> bool:
        """Say whether the count changed anything."""
        return not self.refused and (self.began or self.counted != self.before)


# --- What orders do ---------------------------------------------------------------------------------------------------


def reserve(order: Order, lines: Sequence[OrderLine], *, by: Actor) -> None:
    """Set aside every unit of the order's lines whose SKU is tracked, all or none, in the caller's transaction.

    Raises Refused (`out_of_stock`) that names each SKU with too few units and what is available; nothing is done then.
    Afterwards each line's `reserved` is its quantity, as stored. A SKU that becomes low is told once.
    """
    _needs_transaction("reserve")
    wanted = [line for line in lines if line.sku_id is not None]
    if not wanted:
        return
    rows = _run(
        _RESERVE,
        lines=[line.pk for line in wanted],
        skus=[line.sku_id for line in wanted],
        units=[line.quantity for line in wanted],
        order=order.pk,
        shop=order.shop_id,
        by=by,
    )
    short = [row for row in rows if row[4] > row[3]]
    if short:
        raise Refused(" ".join(_too_few(row[2] or row[1], row[3], row[4]) for row in short), "out_of_stock")
    tracked = {row[0] for row in rows}
    for line in wanted:
        line.reserved = line.quantity if line.sku_id in tracked else 0
    for sku, number, code, available, units, low_at in rows:
        _tell_low(order.shop, sku, code or number, before=available, after=available - units, low_at=low_at, by=by)


def release(order: Order, *, by: Actor) -> int:
    """Put back on sale what the order's lines still reserve, once however often it is asked; return the units."""
    return release_many([order.pk], by=by)


def release_many(order_ids: Iterable[int], *, by: Actor) -> int:
    """Put back on sale what the lines of all these orders still reserve, in one statement; return the units."""
    _needs_transaction("release")
    ids = list(order_ids)
    return int(_run(_RELEASE, orders=ids, by=by)[0][0]) if ids else 0


def lock(lines: Iterable[OrderLine]) -> None:
    """Lock the SKUs of which these lines reserve units, in the order in which everybody does.

    For whoever lessens line after line: one SKU at a time, two orders could wait for each other in a circle.
    """
    skus = {line.sku_id for line in lines if line.reserved and line.sku_id}
    if skus:
        list(Sku.objects.filter(pk__in=skus).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def lessen(line: OrderLine, *, to: int, by: Actor) -> None:
    """Put back on sale what a line reserves beyond `to` units, because its order became smaller while it was open."""
    _needs_transaction("lessen")
    stored = OrderLine.objects.select_for_update(no_key=True).only("shop_id", "order_id", "sku_id", "reserved")
    held = stored.get(pk=line.pk)
    line.reserved = min(held.reserved, to)
    units = held.reserved - line.reserved
    if not units or held.sku_id is None:
        return
    OrderLine.objects.filter(pk=line.pk).update(reserved=line.reserved)
    Sku.objects.filter(pk=held.sku_id).update(reserved=F("reserved") - units)
    StockMovement.objects.create(
        shop_id=held.shop_id,
        sku_id=held.sku_id,
        kind=StockKind.ADJUST,
        reserved=-units,
        order_id=held.order_id,
        line_id=line.pk,
        actor_label=by.label,
        member_id=by.member_id,
    )


def take(order: Order, units: Mapping[int, int], *, by: Actor) -> None:
    """Take shipped units from the shelf, in the caller's transaction; `units` are quantities by line id.

    A line uses what it reserved, then what is available. Units that the stock does not know of (the order came from a
    file, or more was shipped than counted) are never taken below zero: the movement says how many were missing, and an
    event `stock.missing` tells it.
    """
    _needs_transaction("take")
    told = {line: quantity for line, quantity in units.items() if quantity > 0}
    if not told:
        return
    rows = _run(
        _TAKE,
        lines=[*told],
        units=[*told.values()],
        order=order.pk,
        shop=order.shop_id,
        missing=MISSING,
        by=by,
    )
    for sku, number, code, available, free, low_at, missing in rows:
        _tell_low(order.shop, sku, code or number, before=available, after=available - free, low_at=low_at, by=by)
        if missing:
            told_of = {"sku": code or number, "missing": missing, "order": order.number}
            events.record(order.shop, "stock.missing", Sku(pk=sku), by=by, **told_of)


# --- What people do ---------------------------------------------------------------------------------------------------


@transaction.atomic
def adjust(sku: Sku, *, change: int, reason: str, by: Actor) -> None:
    """Add `change` units to what is on hand, or take them away when it is negative, for a reason that people read.

    Refused for a SKU that nobody has counted, and when fewer would be on hand than orders have reserved.
    """
    by.require(Perm.STOCK_EDIT)
    reason = reason.strip()
    if not reason:
        raise Refused(_("Say why the stock changes."), "reason_missing")
    if not change:
        raise Refused(_("Write how many units came or went."), "no_change")
    stored = Sku.objects.select_for_update(no_key=True).only("tracked", "on_hand").get(pk=sku.pk)
    if not stored.tracked:
        raise Refused(_("Nobody has counted this SKU yet. Count it first."), "not_counted")
    _set(sku, stored.on_hand + change, StockKind.ADJUST, reason, by=by)


@transaction.atomic
def count(sku: Sku, *, on_hand: int, reason: str, by: Actor) -> None:
    """Say how many units are on hand; from the first count on, the SKU's stock is tracked.

    Refused when fewer were counted than orders have reserved.
    """
    by.require(Perm.STOCK_EDIT)
    _set(sku, on_hand, StockKind.COUNT, reason.strip(), by=by)


@transaction.atomic
def count_many(shop: Shop, counts: Mapping[int, int], *, reason: str, by: Actor) -> list[Counted]:
    """Count many SKUs of the shop at once, by their ids, in one statement; return what became of each.

    A SKU of which fewer were counted than are reserved is left alone, the others are counted. Raises Refused when a
    number is none that a shelf can hold, with nothing done.
    """
    by.require(Perm.STOCK_EDIT)
    found = _count(shop, counts, StockKind.COUNT, reason.strip(), by=by)
    changed = sum(one.changed for one in found)
    if changed:
        events.record(shop, "stock.uploaded", shop, by=by, changed=changed, refused=sum(one.refused for one in found))
    return found


@transaction.atomic
def set_low_at(sku: Sku, *, low_at: int | None, by: Actor) -> None:
    """Set from how few available units on the SKU counts as low; None follows the shop's policy."""
    by.require(Perm.STOCK_EDIT)
    if low_at is not None and not 0 <= low_at <= MOST_ON_HAND:
        raise Refused(_impossible(low_at), "impossible_number")
    before = Sku.objects.select_for_update(no_key=True).only("low_at").get(pk=sku.pk).low_at
    if before == low_at:
        return
    Sku.objects.filter(pk=sku.pk).update(low_at=low_at)
    sku.low_at = low_at
    events.record(sku.shop, "stock.limit_set", sku, by=by, before=before, after=low_at)


# --- The parts --------------------------------------------------------------------------------------------------------


def _set(sku: Sku, on_hand: int, kind: StockKind, reason: str, *, by: Actor) -> None:
    """Give one SKU another stock with its movement and its event, or refuse."""
    found = _count(sku.shop, {sku.pk: on_hand}, kind, reason, by=by)[0]
    if found.refused:
        told = {"reserved": found.reserved, "counted": found.counted}
        raise Refused(
            _("Orders have reserved %(reserved)d units, so %(counted)d on hand are too few. Cancel orders first.")
            % told,
            "below_reserved",
        )
    sku.refresh_from_db(fields=["tracked", "on_hand", "reserved", "available"])
    word = "stock.counted" if kind == StockKind.COUNT else "stock.adjusted"
    events.record(sku.shop, word, sku, by=by, before=found.before, after=found.counted, reason=reason)


def _count(shop: Shop, counts: Mapping[int, int], kind: StockKind, reason: str, *, by: Actor) -> list[Counted]:
    """Write new stocks where they cover what is reserved, and tell of SKUs that became low."""
    for on_hand in counts.values():
        if not 0 <= on_hand <= MOST_ON_HAND:
            raise Refused(_impossible(on_hand), "impossible_number")
    rows = _run(
        *(_COUNT,),
        skus=[*counts],
        counts=[*counts.values()],
        shop=shop.pk,
        kind=kind.value,
        reason=reason,
        by=by,
    )
    found = []
    for sku, number, code, tracked, on_hand, reserved, counted, low_at in rows:
        one = Counted(sku, code or number, on_hand, reserved, counted, began=not tracked)
        found.append(one)
        if one.changed:
            before = on_hand - reserved if tracked else low_at + 1
            _tell_low(shop, sku, one.name, before=before, after=counted - reserved, low_at=low_at, by=by)
    return found


def _tell_low(shop: Shop, sku: int, name: str, *, before: int, after: int, low_at: int, by: Actor) -> None:
    """Record that a SKU became low, when it was not so before; the next time is after it has been filled up."""
    if after <= low_at < before:
        events.record(shop, "sku.low", Sku(pk=sku), by=by, sku=name, available=after, low_at=low_at)


def _run(sql: str, *, by: Actor, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "label": by.label, "member": by.member_id})
        return cursor.fetchall()


def _needs_transaction(verb: str) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(f"stock: {verb} must run in the transaction of the order's change")


def _too_few(name: str, available: int, wanted: int) -> str:
    told = {"sku": name, "available": available, "wanted": wanted}
    return _("Of %(sku)s only %(available)d are available, not %(wanted)d.") % told


def _impossible(number: int) -> str:
    return _("%(number)d is not a number of units: write one from 0 to %(most)d.") % {
        "number": number,
        "most": MOST_ON_HAND,
    }
