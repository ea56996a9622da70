"""The stock of the demo shops: open orders have their units reserved, most SKUs have enough left, some are low."""

from __future__ import annotations

from random import Random
from typing import Any

from django.db import connection, transaction

from orders.models import Sku
from orders.states import LineStatus, Status
from sellercenter.models import Shop
from sellercenter.permissions import Actor

# The life before shipping: what is reserved then.
_OPEN = (Status.UNPAID, Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED)

_STOCK = """
WITH line AS MATERIALIZED (
    SELECT line.id, line.order_id, line.sku_id, line.quantity, ordered.placed_at
    FROM orders_order ordered JOIN orders_orderline line ON line.order_id = ordered.id
    WHERE ordered.shop_id = %(shop)s AND ordered.status = ANY(%(open)s)
        AND line.status = %(waiting)s AND line.sku_id IS NOT NULL
), shelf AS MATERIALIZED (
    SELECT told.id, told.free + coalesce(sum(line.quantity), 0) AS on_hand, coalesce(sum(line.quantity), 0) AS reserved
    FROM unnest(%(skus)s::bigint[], %(free)s::int[]) AS told (id, free) LEFT JOIN line ON line.sku_id = told.id
    GROUP BY told.id, told.free
), held AS (
    UPDATE orders_orderline SET reserved = line.quantity FROM line WHERE orders_orderline.id = line.id
), stocked AS (
    UPDATE orders_sku SET tracked = true, on_hand = shelf.on_hand, reserved = shelf.reserved
    FROM shelf WHERE orders_sku.id = shelf.id
), counted AS (
    INSERT INTO orders_stockmovement (shop_id, sku_id, kind, on_hand, reserved, reason, actor_label, member_id, at)
    SELECT %(shop)s, id, 'count', on_hand, 0, '', %(label)s, %(member)s,
        (SELECT coalesce(min(placed_at), now()) FROM line) - interval '1 hour'
    FROM shelf WHERE on_hand > 0
)
INSERT INTO orders_stockmovement (shop_id, sku_id, kind, on_hand, reserved, order_id, line_id, reason, actor_label, at)
SELECT %(shop)s, sku_id, 'reserve', 0, quantity, order_id, id, '', 'buyer', placed_at FROM line ORDER BY placed_at, id
"""


@transaction.atomic
def stock(shop: Shop, *, seed: int, by: Actor) -> None:
    """Put something on the shelf for every SKU of the shop and reserve what its open orders wait for."""
    skus = list(Sku.objects.for_shop(shop).order_by("number").values_list("pk", flat=True))
    rng = Random(f"shelves-{seed}-{shop.code}")
    # The last one is always out, so that even the smallest demo shows one.
    free = [0 if sku == skus[-1] else _free(rng) for sku in skus]
    values: dict[str, Any] = {"shop": shop.pk, "skus": skus, "free": free, "label": by.label, "member": by.member_id}
    values |= {"open": [status.value for status in _OPEN], "waiting": LineStatus.WAITING.value}
    with connection.cursor() as cursor:
        cursor.execute(_STOCK, values)


def _free(rng: Random) -> int:
    """Return how many units of a SKU are left: one in ten is low, one in fifty out."""
    luck = rng.random()
    if luck < 0.02:
        return 0
    return rng.randint(1, 5) if luck < 0.12 else rng.randint(12, 600)
