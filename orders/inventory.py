"""Verbs on stock: orders reserve, give back and take units; people count and adjust them.

Each change is one row of the ledger (`StockMovement`), so their sums are the stock; the tables' own constraints say
that no stock and nothing available falls below zero. Whoever changes several SKUs locks them in the order of their ids,
and an order's lines before them. A SKU that nobody has counted yet is not tracked, and can always be sold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from orders.models import Order, OrderLine, Sku
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
_SKU = f"sku.id, coalesce(nullif(sku.code, ''), sku.number), sku.tracked, sku.on_hand, sku.reserved, {_LIMIT}"

# Locking is a statement of its own: it returns rows as they are after the wait, but what a statement writes is worked
# out, and checked by the constraints, from the rows as they were when it began.
_LOCK = f"""
SELECT {_SKU} FROM orders_sku sku WHERE sku.shop_id = %(shop)s AND sku.id = ANY(%(skus)s)
ORDER BY sku.id FOR NO KEY UPDATE
"""

_LOCK_LINES = """
SELECT id, sku_id, reserved FROM orders_orderline WHERE order_id = %(order)s AND id = ANY(%(lines)s)
ORDER BY id FOR NO KEY UPDATE
"""

_WRITE = """
WITH change AS MATERIALIZED (
    SELECT * FROM unnest(%(skus)s::bigint[], %(lines)s::bigint[], %(on_hand)s::int[], %(reserved)s::int[],
        %(reasons)s::text[]) AS change (sku_id, line_id, on_hand, reserved, reason)
), stock AS (
    UPDATE orders_sku sku SET tracked = true, on_hand = sku.on_hand + total.on_hand,
        reserved = sku.reserved + total.reserved
    FROM (SELECT sku_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved FROM change GROUP BY sku_id) total
    WHERE sku.id = total.sku_id
), held AS (
    UPDATE orders_orderline line SET reserved = line.reserved + change.reserved FROM change
    WHERE line.id = change.line_id AND change.reserved <> 0
)
INSERT INTO orders_stockmovement
    (shop_id, sku_id, kind, on_hand, reserved, order_id, line_id, reason, actor_label, member_id)
SELECT %(shop)s, sku_id, %(kind)s, on_hand, reserved, %(order)s, line_id, reason, %(label)s, %(member)s
FROM change WHERE on_hand <> 0 OR reserved <> 0
"""

# One statement is enough here: a line that still reserves units lets its SKU only fall by what the SKU has had before.
_RELEASE = """
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
    INSERT INTO orders_stockmovement
        (shop_id, sku_id, kind, on_hand, reserved, order_id, line_id, reason, actor_label, member_id)
    SELECT shop_id, sku_id, 'release', 0, -reserved, order_id, id, '', %(label)s, %(member)s FROM line
)
SELECT coalesce(sum(reserved), 0)::bigint FROM line
"""


@dataclass(frozen=True)
class _Shelf:
    """A SKU as it is under its lock."""

    pk: int
    name: str
    tracked: bool
    on_hand: int
    reserved: int
    low_at: int

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


@dataclass(frozen=True)
class _Change:
    """One row of the ledger to come: units that come (or go, when negative) to what is on hand and reserved."""

    sku: int
    on_hand: int = 0
    reserved: int = 0
    line: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Counted:
    """What a count met: `before` and `reserved` units, and how many were `counted`; `began` when the first of all.

    `moved` says that the stock is another one than the counter saw, so that nothing was changed.
    """

    sku_id: int
    name: str
    before: int
    reserved: int
    counted: int
    began: bool
    moved: bool = False

    @property
    def refused(self) -> bool:
        """Say whether fewer were counted than orders have reserved, so that nothing was changed."""
        return self.counted < self.reserved

    @property
    def changed(self) -> bool:
        """Say whether the count changed anything."""
        return not self.refused and not self.moved and (self.began or self.counted != self.before)


# --- What orders do ---------------------------------------------------------------------------------------------------


def reserve(order: Order, lines: Sequence[OrderLine], *, by: Actor) -> None:
    """Set aside every unit of the order's lines whose SKU is tracked, all or none, in the caller's transaction.

    Raises Refused (`out_of_stock`) that names each SKU with too few units and what is available; nothing is done then.
    Afterwards each line's `reserved` is its quantity, as stored. A SKU that becomes low is told once.
    """
    _needs_transaction("reserve")
    wanted = [line for line in lines if line.sku_id is not None]
    shelves = {one.pk: one for one in _locked(order.shop_id, {line.sku_id for line in wanted}) if one.tracked}
    held = [line for line in wanted if line.sku_id in shelves]
    units: Counter[int] = Counter()
    for line in held:
        units[line.sku_id] += line.quantity  # type: ignore[index]
    short = [_too_few(shelves[sku], units[sku]) for sku in shelves if shelves[sku].available < units[sku]]
    if short:
        raise Refused(" ".join(short), "out_of_stock")
    changes = [_Change(line.sku_id, reserved=line.quantity, line=line.pk) for line in held]  # type: ignore[arg-type]
    _write(order.shop_id, StockKind.RESERVE, changes, order=order.pk, by=by)
    for line in held:
        line.reserved = line.quantity
    for sku, shelf in shelves.items():
        _tell_low(order.shop, shelf, shelf.available - units[sku], by=by)


def release(order: Order, *, by: Actor) -> int:
    """Put back on sale what the order's lines still reserve, once however often it is asked; return the units."""
    return release_many([order.pk], by=by)


def release_many(order_ids: Iterable[int], *, by: Actor) -> int:
    """Put back on sale what the lines of all these orders still reserve, in one statement; return the units."""
    _needs_transaction("release")
    ids = list(order_ids)
    if not ids:
        return 0
    return int(_run(_RELEASE, orders=ids, label=by.label, member=by.member_id)[0][0])


def lock(lines: Iterable[OrderLine], *, every: bool = False) -> None:
    """Lock the SKUs of which these lines of one shop reserve units, or `every` SKU of theirs, as everybody does.

    For whoever lessens line after line or takes for order after order: one SKU at a time, two transactions could wait
    for each other in a circle.
    """
    held = [line for line in lines if line.reserved or every]
    if held:
        _locked(held[0].shop_id, {line.sku_id for line in held})


def lessen(line: OrderLine, *, to: int, by: Actor) -> None:
    """Put back on sale what a line reserves beyond `to` units, because its order became smaller while it was open."""
    _needs_transaction("lessen")
    # As stored: whoever changes the line may have given it another SKU already.
    for pk, sku, reserved in _run(_LOCK_LINES, order=line.order_id, lines=[line.pk]):
        line.reserved = min(reserved, to)
        if line.reserved < reserved:
            _locked(line.shop_id, [sku])
            change = _Change(sku, reserved=line.reserved - reserved, line=pk)
            _write(line.shop_id, StockKind.ADJUST, [change], order=line.order_id, by=by)


def take(order: Order, units: Mapping[int, int], *, by: Actor) -> None:
    """Take shipped units from the shelf, in the caller's transaction; `units` are quantities by line id.

    A line uses what it reserved, then what is available. Units that the stock does not know of (the order came from a
    file, or more was shipped than counted) are never taken below zero: the movement says how many were missing, and an
    event `stock.missing` tells it.
    """
    _needs_transaction("take")
    lines = _run(_LOCK_LINES, order=order.pk, lines=[line for line, many in units.items() if many > 0])
    shelves = {one.pk: one for one in _locked(order.shop_id, {sku for _pk, sku, _held in lines}) if one.tracked}
    free, missing = {sku: shelf.available for sku, shelf in shelves.items()}, Counter[int]()
    changes = []
    for pk, sku, held in lines:
        if sku in shelves:
            own = min(units[pk], held)
            more = min(units[pk] - own, free[sku])
            lacking = units[pk] - own - more
            free[sku] -= more
            missing[sku] += lacking
            reason = f"{MISSING}{lacking}" if lacking else ""
            changes.append(_Change(sku, on_hand=-own - more, reserved=-own, line=pk, reason=reason))
    _write(order.shop_id, StockKind.TAKE, changes, order=order.pk, by=by)
    for sku, shelf in shelves.items():
        _tell_low(order.shop, shelf, free[sku], by=by)
        if missing[sku]:
            told: dict[str, Any] = {"sku": shelf.name, "missing": missing[sku], "order": order.number}
            events.record(order.shop, "stock.missing", Sku(pk=sku), by=by, **told)


def take_back(order: Order, units: Mapping[int, int], *, reason: str, by: Actor) -> None:
    """Put units that came back and can be sold on the shelf again, in the caller's transaction, by line id.

    Only those of SKUs whose stock is counted; `reason` is what the ledger says of it, such as the number of the case.
    """
    _needs_transaction("take_back")
    lines = _run(_LOCK_LINES, order=order.pk, lines=[line for line, many in units.items() if many > 0])
    tracked = {one.pk for one in _locked(order.shop_id, {sku for _pk, sku, _held in lines}) if one.tracked}
    changes = [
        _Change(sku, on_hand=units[pk], line=pk, reason=reason[:120]) for pk, sku, _held in lines if sku in tracked
    ]
    _write(order.shop_id, StockKind.RETURN, changes, order=order.pk, by=by)


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
def count_many(
    shop: Shop, counts: Mapping[int, int], *, seen: Mapping[int, int | None] | None = None, reason: str, by: Actor
) -> list[Counted]:
    """Count many SKUs of the shop at once, by their ids; return what became of each.

    A SKU of which fewer were counted than are reserved is left alone, and so is one whose stock is not what the counter
    has `seen` (None: nobody had counted it); the others are counted. Raises Refused when a
    number is none that a shelf can hold, with nothing done.
    """
    by.require(Perm.STOCK_EDIT)
    found = _count(shop, counts, StockKind.COUNT, reason.strip(), seen=seen, by=by)
    changed, refused = sum(one.changed for one in found), sum(one.refused or one.moved for one in found)
    if changed:
        events.record(shop, "stock.uploaded", shop, by=by, changed=changed, refused=refused)
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


def _count(
    shop: Shop,
    counts: Mapping[int, int],
    kind: StockKind,
    reason: str,
    *,
    seen: Mapping[int, int | None] | None = None,
    by: Actor,
) -> list[Counted]:
    """Write new stocks where they cover what is reserved, and tell of SKUs that became low."""
    for on_hand in counts.values():
        if not 0 <= on_hand <= MOST_ON_HAND:
            raise Refused(_impossible(on_hand), "impossible_number")
    shelves = _locked(shop.pk, counts)
    found = [_counted(one, counts[one.pk], seen or {}) for one in shelves]
    changes = [_Change(one.sku_id, on_hand=one.counted - one.before, reason=reason) for one in found if one.changed]
    _write(shop.pk, kind, changes, order=None, by=by)
    for shelf, one in zip(shelves, found, strict=True):
        if one.changed:
            _tell_low(shop, shelf, one.counted - one.reserved, by=by)
    return found


def _counted(shelf: _Shelf, counted: int, seen: Mapping[int, int | None]) -> Counted:
    """Say what a count meets; a stock that is the counted one already has not moved, whoever brought it there."""
    now = shelf.on_hand if shelf.tracked else None
    moved = shelf.pk in seen and now not in (seen[shelf.pk], counted)
    return Counted(shelf.pk, shelf.name, shelf.on_hand, shelf.reserved, counted, began=not shelf.tracked, moved=moved)


def _locked(shop_id: int, skus: Iterable[int | None]) -> list[_Shelf]:
    """Lock SKUs of a shop in the order of their ids, and return them as they are then."""
    ids = [sku for sku in skus if sku is not None]
    return [_Shelf(*row) for row in _run(_LOCK, shop=shop_id, skus=ids)] if ids else []


def _write(shop_id: int, kind: StockKind, changes: Sequence[_Change], *, order: int | None, by: Actor) -> None:
    """Change locked SKUs, the lines that hold their units, and the ledger, all in one statement."""
    if not changes:
        return
    values = {
        "skus": [one.sku for one in changes],
        "lines": [one.line for one in changes],
        "on_hand": [one.on_hand for one in changes],
        "reserved": [one.reserved for one in changes],
        "reasons": [one.reason for one in changes],
    }
    _run(_WRITE, shop=shop_id, kind=kind.value, order=order, label=by.label, member=by.member_id, **values)


def _tell_low(shop: Shop, shelf: _Shelf, available: int, *, by: Actor) -> None:
    """Record that a SKU became low, when it was not so before; the next time is after it has been filled up.

    A SKU that nobody had counted was never low.
    """
    was_low = shelf.tracked and shelf.available <= shelf.low_at
    if available <= shelf.low_at and not was_low:
        told: dict[str, Any] = {"sku": shelf.name, "available": available, "low_at": shelf.low_at}
        events.record(shop, "sku.low", Sku(pk=shelf.pk), by=by, **told)


def _run(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def _needs_transaction(verb: str) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(f"stock: {verb} must run in the transaction of the order's change")


def _too_few(shelf: _Shelf, wanted: int) -> str:
    told = {"sku": shelf.name, "available": shelf.available, "wanted": wanted}
    return _("Of %(sku)s only %(available)d are available, not %(wanted)d.") % told


def _impossible(number: int) -> str:
    return _("%(number)d is not a number of units: write one from 0 to %(most)d.") % {
        "number": number,
        "most": MOST_ON_HAND,
    }
