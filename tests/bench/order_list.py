"""Figures of the order list at 1,000,000 orders, as ratios to the floor measured in the same run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sellercenter.models import Member, Shop
from tests.bench import floor
from tests.bench.figures import figure

FRAGMENT = {"HX-Target": "list"}


def figures(big: Shop, small: Shop) -> Iterator[dict[str, Any]]:
    """Measure the list of the big shop, deep in it, and beside the small shop's."""
    visitor = client(big)
    here, there = (reverse("order_list", args=[shop.code]) for shop in (big, small))
    deep = nth_page(visitor, here, 1000)
    times = floor.interleaved(
        {
            "floor": lambda: floor.page(big),
            "fragment": lambda: ok(visitor, here, headers=FRAGMENT),
            "page": lambda: ok(visitor, here),
            "deep": lambda: ok(visitor, deep, headers=FRAGMENT),
            "small": lambda: ok(visitor, there, headers=FRAGMENT),
        }
    )
    p50 = {name: floor.share(taken, 0.5) for name, taken in times.items()}
    yield figure("order list: floor F", p50["floor"], "ms")
    yield figure("order list: table fragment p50", p50["fragment"], "ms", floor=p50["floor"], target=20)
    yield figure("order list: full page p50", p50["page"], "ms", floor=p50["floor"], target=40)
    yield figure("order list: page 1,000 against page 1", p50["deep"], "ms", floor=p50["fragment"], target=1.2)
    yield figure("order list: big shop against 10,000 orders", p50["fragment"], "ms", floor=p50["small"], target=1.3)
    with CaptureQueriesContext(connection) as queries:
        page = ok(visitor, here)
    yield figure("order list: queries of the full page", len(queries), "queries", target=8)
    yield figure("order list: size of the full page", len(page.content) / 1024, "KB", target=60)
    yield figure("order list: detail p50", *detail(visitor, here, big), target=30)


def detail(visitor: Client, here: str, shop: Shop) -> tuple[float, str, float]:
    """Return the median of an order's page, its unit, and the floor beside it."""
    order = shop.orders.order_by("-placed_at").values_list("pk", flat=True)[10]
    times = floor.interleaved({"floor": lambda: floor.page(shop), "page": lambda: ok(visitor, f"{here}/{order}")})
    return floor.share(times["page"], 0.5), "ms", floor.share(times["floor"], 0.5)


def client(shop: Shop) -> Client:
    """Return the owner of a shop at the browser."""
    visitor = Client()
    visitor.force_login(Member.objects.get(shop=shop, owner=True).user)
    return visitor


def ok(visitor: Client, address: str, **options: Any) -> Any:
    """Return a page that must be there."""
    response = visitor.get(address, **options)
    if response.status_code != 200:
        raise RuntimeError(f"{address} answered {response.status_code}")
    return response


def nth_page(visitor: Client, here: str, number: int) -> str:
    """Return the address of a page far down the list, found by its first row instead of by clicking."""
    from orders.tables import OrderTable
    from sellercenter.keyset import Cursor

    shop = Shop.objects.get(code=here.split("/")[2])
    sort = OrderTable.sorts["placed"]
    row = shop.orders.order_by(*sort.order()).values("pk", "placed_at")[number * 50 - 1]
    address = f"{here}?after={Cursor(row['placed_at'], row['pk']).token()}"
    ok(visitor, address)
    return address
