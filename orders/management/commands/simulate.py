"""Let the demo live: buyers order, pay, change their minds and confirm, carriers scan, the team ships."""

from __future__ import annotations

import random
import signal
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders.demo.living import Deed, World, live
from orders.demo.markets import MARKETS
from sellercenter.models import Shop


class Command(BaseCommand):
    """Play the people around the demo shops."""

    help = (
        "Plays buyers and carriers of the demo shops through the product's own verbs, until SIGTERM, and prints one "
        "line for each deed. Works only where SELLERCENTER_DEMO=1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--rate", type=float, default=6.0, help="orders per minute, over all shops (6)")
        parser.add_argument(
            "--speed", type=float, default=60.0, help="how many times faster than in life people and parcels are (60)"
        )
        parser.add_argument("--shop", choices=[market.code for market in MARKETS], help="only this shop")
        parser.add_argument("--seed", help="the same seed gives the same buyers and baskets")
        parser.add_argument("--for", type=float, dest="seconds", metavar="SECONDS", help="end after so many seconds")
        parser.add_argument("--staff", action="store_true", help="play the team, too: approve, ship, take in goods")

    def handle(self, *args: Any, **options: Any) -> None:
        """Live, or say why not."""
        if not settings.DEMO:
            raise CommandError("This plays with invented people, so it works only where SELLERCENTER_DEMO=1.")
        if options["rate"] < 0 or options["speed"] <= 0:
            raise CommandError("--rate must not be negative, and --speed must be more than nothing.")
        seed = options["seed"] or str(random.SystemRandom().randrange(1 << 30))
        worlds = [World(market, speed=options["speed"], seed=seed, staff=options["staff"]) for market in _open(options)]
        team = "with" if options["staff"] else "without"
        self._say(f"Living: {options['rate']:g} orders a minute, {options['speed']:g} times as fast, {team} the team.")
        with _listening() as asked:
            pace = {"rate": options["rate"], "seed": seed, "seconds": options["seconds"]}
            for deed in live(worlds, **pace, stop=lambda: bool(asked)):
                self._say(_line(deed))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _open(options: dict[str, Any]) -> list[Any]:
    """Return the markets of the shops that are to live."""
    wanted = [market for market in MARKETS if options["shop"] in (None, market.code)]
    there = set(Shop.objects.filter(code__in=[market.code for market in wanted]).values_list("code", flat=True))
    if missing := [market.code for market in wanted if market.code not in there]:
        raise CommandError(f"There is no shop {', '.join(missing)} yet. Fill the demo first: manage.py demo")
    return wanted


@contextmanager
def _listening() -> Iterator[list[int]]:
    """Give a list that SIGTERM and Ctrl-C write to, so that the deed of the moment is finished first."""
    asked: list[int] = []
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda number, _frame: asked.append(number)) for number in numbers}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _line(deed: Deed) -> str:
    return f"{time.strftime('%H:%M:%S')}  {deed.shop:<8} {deed.number:<20} {deed.said}"
