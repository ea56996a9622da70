"""Fill the demo: two invented shops with teams and as many orders as asked for."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from orders.demo import filling, haste, people


class Command(BaseCommand):
    """Fill the demo shops with invented orders."""

    help = "Fill two demo shops with invented people and orders. Works only where SELLERCENTER_DEMO=1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--orders", type=int, default=20_000, help="how many, over both shops")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same orders")
        parser.add_argument("--until", help="the moment up to which orders were placed, as 2026-03-20T12:00:00Z")
        parser.add_argument("--if-empty", action="store_true", help="do nothing when the shops have orders already")
        parser.add_argument("--alone", action="store_true", help="refuse a database that holds other people's shops")
        parser.add_argument("--logins", action="store_true", help="print the accounts and their password")
        parser.add_argument("--haste", action="store_true", help="let one shop's clocks of payment run in minutes")
        parser.add_argument("--no-events", action="store_true", help="leave the history of the orders out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill the shops, or say why not."""
        if not settings.DEMO:
            raise CommandError(
                "This fills the database with invented people, so it works only where SELLERCENTER_DEMO=1."
            )
        if options["orders"] < 0:
            raise CommandError("--orders must not be negative.")
        if filling.empty():
            if options["alone"] and people.others():
                raise CommandError(
                    "This database holds shops or people that are not the demo's. The demo would add an administrator "
                    "whose password everybody knows, so it fills an empty database only."
                )
            self._fill(options)
        elif options["if_empty"]:
            self.stdout.write("The demo shops have orders already; nothing was added.")
        else:
            raise CommandError("The demo shops have orders already. Start from an empty database, or add --if-empty.")
        if options["haste"]:
            haste.hasten()
        if options["logins"]:
            self._print_logins()

    def _fill(self, options: dict[str, Any]) -> None:
        start, until = time.monotonic(), _moment(options["until"])
        written = filling.fill(
            orders=options["orders"], seed=options["seed"], until=until, events=not options["no_events"]
        )
        self.stdout.write(f"{written} orders in {time.monotonic() - start:.1f} s.")

    def _print_logins(self) -> None:
        rows = [("shops", "role", "username", "password")]
        rows += [(login.shops, login.role, login.username, people.PASSWORD) for login in people.logins()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
        if haste.hasty():
            self.stdout.write(f"\n{haste.TOLD}")


def _moment(text: str | None) -> datetime:
    """Return the asked moment, else the database's now."""
    if text is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT date_trunc('second', now())")
            return cursor.fetchone()[0]
    moment = parse_datetime(text)
    if moment is None:
        raise CommandError(f"--until {text} is not a moment. Write it as 2026-03-20T12:00:00Z.")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
