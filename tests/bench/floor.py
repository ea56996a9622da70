"""The floor of the list benches: the same page by raw SQL and f-strings, measured in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape

from django.db import connection

from sellercenter.models import Shop

ORDERS = """
SELECT o.id, o.number, o.status, o.deadline_at, o.total_amount, o.currency, o.buyer_nickname, o.province, o.city,
       o.payment_method, o.source, o.placed_at, o.flag, o.seller_note
FROM orders_order o WHERE o.shop_id = %s ORDER BY o.placed_at DESC, o.id DESC LIMIT 51
"""
LINES = "SELECT order_id, title, variant, quantity FROM orders_orderline WHERE order_id = ANY(%s)"


def page(shop: Shop) -> str:
    """Return 50 rows of 12 columns as HTML, as plainly as Python can."""
    with connection.cursor() as cursor:
        cursor.execute(ORDERS, [shop.pk])
        orders = cursor.fetchall()[:50]
        cursor.execute(LINES, [[order[0] for order in orders]])
        lines: dict[int, list[tuple[str, str, int]]] = {}
        for order_id, *line in cursor.fetchall():
            lines.setdefault(order_id, []).append(tuple(line))
    return "".join(
        f"<tr><td>{escape(o[1])}<td>{o[2]}<td>{o[3]}<td>{escape(lines[o[0]][0][0])}<td>{o[4]} {o[5]}<td>{escape(o[6])}"
        f"<td>{escape(o[7])} {escape(o[8])}<td>{o[9]}<td>{o[10]}<td>{o[11]:%m-%d %H:%M}<td>{o[12]}<td>{escape(o[13])}"
        for o in orders
    )


def interleaved(works: dict[str, Callable[[], object]], *, rounds: int = 60) -> dict[str, list[float]]:
    """Run the works in turn, so that a noisy moment hits all of them, and return sorted milliseconds for each."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 5):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if turn >= 5:
                taken[name].append((time.perf_counter() - start) * 1000)
    return {name: sorted(times) for name, times in taken.items()}


def share(times: list[float], part: float) -> float:
    """Return a percentile of sorted times."""
    return times[min(len(times) - 1, int(len(times) * part))]
