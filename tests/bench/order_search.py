"""Figures of the search box at 1,000,000 orders: database time of all queries of one search, pages in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import search
from orders.models import Order, OrderLine
from orders.tables import OrderTable
from sellercenter.models import Shop
from tests.bench.figures import figure

LIMIT = 25.0
WORDS = 24


def figures(shop: Shop) -> Iterator[dict[str, Any]]:
    """Measure each kind of word: p95 over common, middling, rare and missing ones."""
    for kind, words in kinds(shop).items():
        for word in words:
            database_time(shop, word)
        taken = sorted(database_time(shop, word) for word in words for _again in range(3))
        p95 = taken[int(len(taken) * 0.95)]
        yield figure(f"search by {kind}: p95 of database time, warm ({len(words)} words)", p95, "ms", target=LIMIT)


def kinds(shop: Shop) -> dict[str, list[str]]:
    """Take the words from the data itself: spread over the shop's whole time, plus words that nobody has."""
    rows = Order.objects.for_shop(shop).order_by("pk")
    step = max(1, rows.count() // WORDS)
    first = rows.values_list("pk", flat=True)[0]
    picked = list(rows.filter(pk__in=[first + step * i for i in range(WORDS)]).values_list("number", "buyer_nickname"))
    names = [name for _number, name in picked if len(name) > 4]
    titles = list(OrderLine.objects.for_shop(shop).order_by("pk").values_list("title", flat=True)[: WORDS * 40 : 40])
    chinese = [
        name[i : i + 2] for _n, name in picked for i in (0, 1) if name[i : i + 2].isalpha() and not name.isascii()
    ]
    return {
        "order number": [number for number, _name in picked] + ["999000999000999"],
        "beginning of a number": [number[:-4] for number, _name in picked],
        "nickname, three letters and more": [name[1:5] for name in names] + ["zqxj", "nobody at all"],
        "nickname, two Chinese characters": [*dict.fromkeys(chinese), "龘靐", "齉龗"],
        "product": [title[:6] for title in titles] + ["no such product"],
    }


def database_time(shop: Shop, word: str) -> float:
    """Return the milliseconds that the database took for the first page of one search."""
    with CaptureQueriesContext(connection) as queries:
        page = search.fetch(
            Order.objects.for_shop(shop).with_parties(), word, OrderTable.sorts["placed"], 50, None, shop=shop
        )
        list(page.rows)
    return sum(float(query["time"]) for query in queries) * 1000
