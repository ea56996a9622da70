"""Compare every piece of evidence with its file and with the one before it in its chain."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from aftersales import evidence
from aftersales.models import Evidence


class Command(BaseCommand):
    help = "Read every file of evidence and name those that were changed or are gone; the code is 1 then."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Evidence.objects.order_by("case_id", "dispute_id", "appeal_id", "pk").iterator(chunk_size=500)
        asked = found = 0
        for _key, chain in groupby(rows, key=lambda row: (row.case_id, row.dispute_id, row.appeal_id)):
            kept = list(chain)
            broken = {row.pk for row in evidence.broken(kept)}
            for row in kept:
                asked += 1
                if row.pk in broken or evidence.spoiled(row):
                    found += 1
                    self.stdout.write(
                        f"{row.pk} {'chain' if row.pk in broken else 'file'} {row.sha256[:12]} {row.path}"
                    )
        self.stdout.write(f"{asked} pieces of evidence checked, {found} not as they were put in.")
        if found:
            raise CommandError(f"{found} pieces of evidence are not as they were put in.")
