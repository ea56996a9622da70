"""Run the sweeps: deadlines, notices and jobs happen on time as long as this runs, with Redis or without."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sellercenter import sweeps


class Command(BaseCommand):
    help = "Do what is owed now, round after round, until SIGTERM; with --once do one round and end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do one round and end; the code is 1 if a sweep failed")
        parser.add_argument("--only", nargs="+", default=[], choices=settings.SWEEPS, help="some of the sweeps (all)")
        parser.add_argument("--every", type=float, default=2.0, metavar="SECONDS", help="between two rounds (2)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["every"] < 0.1:
            raise CommandError("--every takes a tenth of a second or more.")
        sweeps.check()
        if options["once"]:
            self._once(options["only"])
        else:
            self._keep_going(options["every"], options["only"])

    def _once(self, only: list[str]) -> None:
        turns = sweeps.run_round(only=only)
        for one in turns:
            said = f"failed: {one.error}" if one.error else f"{one.handled}{' and more to do' if one.behind else ''}"
            self.stdout.write(f"{one.path}: {said}")
        if any(one.error for one in turns):
            raise CommandError("Not every sweep did its work.")

    def _keep_going(self, every: float, only: list[str]) -> None:
        # A list and no event: a handler that waited for a lock of the thread it interrupts would wait for ever.
        asked: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame: asked.append(number))
        self.stdout.write(f"Sweeping every {every:g} s.")
        self.stdout.flush()
        sweeps.keep_all_going(every=every, asked_to_stop=lambda: bool(asked), only=only)
