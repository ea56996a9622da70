"""Ask the database whether everything that must hold does; for every night, and after every fault test."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sellercenter import heartbeats, invariants

CHECK = "task:sellercenter.chores.check_invariants"


class Command(BaseCommand):
    help = "Check every invariant by SQL and name the records for which one does not hold; the code is 1 then."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--live", action="store_true", help="check also that nothing is late; for running workers")

    def handle(self, *args: Any, **options: Any) -> None:
        asked, broken = len(invariants.every(live=options["live"])), invariants.check(live=options["live"])
        if options["json"]:
            self.stdout.write(json.dumps({"asked": asked, "broken": [asdict(one) for one in broken]}))
        else:
            for one in broken:
                self.stdout.write(f"{one.code}: {one.says}")
                self.stdout.write("".join(f"  {record}\n" for record in one.records) + ("  ...\n" if one.more else ""))
            self.stdout.write(f"{asked} invariants checked, {len(broken)} broken.")
        if broken:
            raise CommandError("Not everything holds.")
        # Somebody mended it and asked again: the health page need not wait for the night.
        heartbeats.beat(CHECK, handled=0)
