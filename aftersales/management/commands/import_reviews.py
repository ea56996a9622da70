"""`manage.py import_reviews FILE --shop CODE`: bring a file of reviews into a shop."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from aftersales.review_files import Report, import_file
from sellercenter.imports import UnreadableFile
from sellercenter.models import Shop
from sellercenter.permissions import SYSTEM

REFUSED, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = (
        "Imports reviews from a CSV or XLSX file in the layout of docs/messages.md; a file may be imported again. "
        "Exit code 0: everything is in; 1: some rows were refused; 2: the file can't be read, nothing was written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--shop", required=True, help="the shop's code")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
        parser.add_argument("--errors", type=Path, help="where refused rows are listed; default NAME.errors.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file and leave with the exit code that tells how it went."""
        path: Path = options["file"]
        errors = options["errors"] or path.with_name(f"{path.stem}.errors.csv")
        try:
            shop = Shop.objects.select_related("policy").filter(code=options["shop"]).first()
            if shop is None:
                raise UnreadableFile(_("There is no shop with the code “%s”.") % options["shop"])
            report = import_file(shop, path, errors=errors, by=SYSTEM)
        except UnreadableFile as refusal:
            self.stderr.write(str(refusal))
            sys.exit(UNREADABLE)
        self.stdout.write(json.dumps(asdict(report), ensure_ascii=False) if options["json"] else _told(report))
        if report.refused:
            sys.exit(REFUSED)


def _told(report: Report) -> str:
    """Write the report for people."""
    numbers = {"new": report.new, "changed": report.changed, "same": report.same, "refused": report.refused}
    lines = [_("new: %(new)d, changed: %(changed)d, unchanged: %(same)d, refused: %(refused)d") % numbers]
    if report.unknown:
        lines.append(_("Columns that were not read: %s") % ", ".join(report.unknown))
    if report.errors:
        lines.append(_("Refused rows are listed in %s") % report.errors)
    return "\n".join(lines)
