"""Figures of the case list at 200,000 cases, as ratios to the floor measured in the same run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sellercenter.models import Shop
from tests.bench import floor
from tests.bench.figures import figure
from tests.bench.order_list import FRAGMENT, client, ok

CASES = 200_000
# Cases on the newest orders, one or more on each: a tenth open, spread over kinds, states and deadlines; the rest over.
FILL = """
WITH chosen AS (
    SELECT o.*, row_number() OVER (ORDER BY o.placed_at DESC, o.id DESC, turn) AS n
    FROM orders_order o CROSS JOIN generate_series(1, %(each)s) turn
    WHERE o.shop_id = %(shop)s ORDER BY o.placed_at DESC, o.id DESC, turn LIMIT %(many)s
), made AS (
    INSERT INTO aftersales_case (
        shop_id, number, order_id, buyer_id, kind, status, status_at, due_step, act_by, opened_by, opened_at, ended_at,
        pause_reason, reason, problem, fault, words, refusal, refusal_words, currency, goods_amount, freight_amount,
        coupon, return_carrier, return_tracking_no, override_note, decided_by_rule, buyer_nickname
    )
    SELECT shop_id, 'B' || lpad(n::text, 9, '0'), id, buyer_id,
        (ARRAY['refund', 'return', 'exchange', 'resend', 'price'])[1 + n %% 5],
        CASE WHEN n %% 10 > 0 THEN (ARRAY['done', 'withdrawn', 'closed'])[1 + n %% 3]
             ELSE (ARRAY['requested', 'offered', 'to_return', 'to_inspect', 'to_resend', 'refused'])[1 + n / 10 %% 6]
        END,
        now(), '', CASE WHEN n %% 10 = 0 THEN now() + (n / 10 %% 2000 - 200) * interval '3 minutes' END, 'buyer',
        now() - n * interval '1 minute', CASE WHEN n %% 10 > 0 THEN now() END,
        '', 'defective', 'defect', 'seller', '', '', '', currency, 1 + n %% 300, 0,
        '', '', CASE WHEN n %% 4 = 0 THEN 'RET' || n ELSE '' END, '', '', buyer_nickname
    FROM chosen RETURNING id, shop_id, order_id, goods_amount
)
INSERT INTO aftersales_caseline (shop_id, case_id, line_id, quantity, amount)
SELECT made.shop_id, made.id, line.id, 1, made.goods_amount
FROM made JOIN LATERAL (SELECT id FROM orders_orderline WHERE order_id = made.order_id ORDER BY id LIMIT 1) line ON true
"""
FLOOR = """
SELECT c.id, c.number, c.status, c.act_by, c.next_side, c.kind, c.amount, c.currency, c.reason, c.buyer_nickname,
       c.opened_at, o.number,
       (SELECT l.title || ' ' || l.variant || ' ' || i.quantity FROM aftersales_caseline i
        JOIN orders_orderline l ON l.id = i.line_id WHERE i.case_id = c.id LIMIT 1)
FROM aftersales_case c JOIN orders_order o ON o.id = c.order_id
WHERE c.shop_id = %s AND c.act_by IS NOT NULL ORDER BY c.act_by, c.id LIMIT 51
"""
ADDRESSES: dict[str, str] = {
    "page": "",
    "to answer": "tab=requested",
    "ended": "tab=ended",
    "ended by deadline": "tab=ended&sort=deadline",
    "newest": "sort=-opened",
    "largest": "sort=-amount",
    "who acts next": "next=seller",
    "kind": "kind=price&sort=-opened",
    "rare buyer": "q=zzzzqx",
    "tracking": "q=RET40",
    "number": "q=B0000",
}


def fill(shop: Shop, many: int) -> None:
    """Write cases for the newest orders of a shop, unless there are some, and let the database look at them."""
    with connection.cursor() as cursor:
        if shop.cases.exists():  # type: ignore[attr-defined]
            return
        cursor.execute("SET statement_timeout = 0")
        each = -(-many // max(1, shop.orders.count()))  # type: ignore[attr-defined]
        cursor.execute(FILL, {"shop": shop.pk, "many": many, "each": each})
        cursor.execute("VACUUM ANALYZE aftersales_case, aftersales_caseline")
        cursor.execute("RESET statement_timeout")


def page(shop: Shop) -> str:
    """Return 50 rows of ten columns as HTML, as plainly as Python can."""
    with connection.cursor() as cursor:
        cursor.execute(FLOOR, [shop.pk])
        rows = cursor.fetchall()[:50]
    return "".join(
        f"<tr><td>{escape(c[1])}<td>{c[2]}<td>{c[3]:%m-%d %H:%M}<td>{c[4]}<td>{c[5]}<td>{c[6]} {c[7]}<td>{c[8]}"
        f"<td>{escape(c[9])} {c[11]}<td>{c[10]:%m-%d %H:%M}<td>{escape(c[12] or '')}"
        for c in rows
    )


def figures(big: Shop, small: Shop) -> Iterator[dict[str, Any]]:
    """Measure the list of the big shop, its tabs and filters, and beside the small shop's."""
    fill(big, CASES)
    fill(small, 2_000)
    visitor = client(big)
    here, there = (reverse("case_list", args=[shop.code]) for shop in (big, small))
    works: dict[str, Callable[[], object]] = {
        "floor": lambda: page(big),
        "whole": lambda: ok(visitor, here),
        "small": lambda: ok(client_of_small, there, headers=FRAGMENT),
    }
    client_of_small = client(small)
    for name, query in ADDRESSES.items():
        works[name] = lambda query=query: ok(visitor, f"{here}?{query}", headers=FRAGMENT)  # type: ignore[misc]
    p50 = {name: floor.share(taken, 0.5) for name, taken in floor.interleaved(works, rounds=30).items()}
    yield figure("case list: floor F", p50["floor"], "ms")
    yield figure("case list: full page p50", p50["whole"], "ms", floor=p50["floor"], target=40)
    yield figure("case list: big shop against 2,000 cases", p50["page"], "ms", floor=p50["small"], target=1.3)
    for name in ADDRESSES:
        yield figure(f"case list: fragment, {name}, p50", p50[name], "ms", floor=p50["floor"], target=20)
    with CaptureQueriesContext(connection) as queries:
        shown = ok(visitor, here)
    yield figure("case list: queries of the full page", len(queries), "queries", target=8)
    yield figure("case list: size of the full page", len(shown.content) / 1024, "KB", target=60)
