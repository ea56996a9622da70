"""Run the benches and print one JSON line per figure; exit code 1 when a target was missed.

BENCH_ORDERS (default 1,000,000) sets the size of the big shop; arguments name the benches to run.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import django
from django.core.management import call_command


def prepare(orders: int) -> tuple[Any, Any]:
    """Fill two shops, one with `orders` and one with 10,000, and return them."""
    from django.conf import settings
    from django.utils import timezone

    from orders.demo import filling
    from orders.demo.markets import MARKETS
    from sellercenter.models import Shop

    settings.ALLOWED_HOSTS.append("testserver")
    start = time.monotonic()
    if filling.empty():
        filling.fill_shops([orders, 10_000], seed=1, until=timezone.now(), events=False)
    print(f"# {orders:,} orders made in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    big, small = (Shop.objects.get(code=market.code) for market in MARKETS)
    return big, small


def main(names: list[str]) -> int:
    """Run the benches that are named, or all, and report."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sellercenter.settings")
    django.setup()
    from tests.bench import case_list, exports, import_orders, order_list, order_search, roll_ups

    shops: list[Any] = []

    def filled() -> list[Any]:
        if not shops:
            shops.extend(prepare(int(os.environ.get("BENCH_ORDERS", "1000000"))))
        return shops

    benches: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        "import_orders": lambda: import_orders.figures(),
        "order_list": lambda: order_list.figures(*filled()),
        "case_list": lambda: case_list.figures(*filled()),
        "roll_ups": lambda: roll_ups.figures(*filled()),
        "exports": lambda: exports.figures(filled()[0]),
        "order_search": lambda: order_search.figures(filled()[0]),
    }
    unknown = set(names) - set(benches)
    if unknown:
        print(f"No such bench: {', '.join(sorted(unknown))}. There are {', '.join(benches)}.", file=sys.stderr)
        return 2
    call_command("migrate", verbosity=0)
    met = True
    for name in names or benches:
        for one in benches[name]():
            met = met and one["ok"]
            print(json.dumps(one), flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
