"""`manage.py import_orders FILE --shop CODE`: bring a file of orders into a shop."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from orders.imports import Report, import_file
from sellercenter.imports import UnreadableFile
from sellercenter.models import Shop
from sellercenter.permissions import SYSTEM

log = logging.getLogger(__name__)

REJECTED, UNREADABLE, FAILED = 1, 2, 3


class Command(BaseCommand):
    help = (
        "Imports orders from a CSV or XLSX file in the layout of docs/import-layout.md; a file may be imported again. "
        "Exit code 0: everything is in; 1: some orders were refused; 2: the file can't be read, nothing was written; "
        "3: it ended early by an error, what was written until then stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--shop", required=True, help="the shop's code")
        parser.add_argument("--dry-run", action="store_true", help="check and count, but write no order")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
        parser.add_argument("--errors", type=Path, help="where refused rows are listed; default NAME.errors.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file and leave with the exit code that tells how it went."""
        try:
            shop = Shop.objects.select_related("policy").filter(code=options["shop"]).first()
            if shop is None:
                raise UnreadableFile(_("There is no shop with the code “%s”.") % options["shop"])
            told = {"dry_run": options["dry_run"], "errors": options["errors"]}
            report = import_file(shop, options["file"], by=SYSTEM, trusted=True, **told)
        except UnreadableFile as refusal:
            self._leave(UNREADABLE, str(refusal), as_json=options["json"])
        except Exception as error:
            # Where it broke, but not the error's own words: those may repeat a buyer's name or address.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("the import was ended by %s\n%s", type(error).__name__, where)
            message = _(
                "The import ended early by an error of the program or the database (%s). "
                "What was written until then stays; import the file again to bring in the rest."
            )
            self._leave(FAILED, message % type(error).__name__, as_json=options["json"])
        self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False) if options["json"] else _told(report))
        if report.rejected.orders:
            sys.exit(REJECTED)

    def _leave(self, code: int, message: str, *, as_json: bool) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps({"error": message}, ensure_ascii=False))
        else:
            self.stderr.write(message)
        sys.exit(code)


def _told(report: Report) -> str:
    """Write the report for people."""
    fates = (
        (_("new"), report.new),
        (_("changed"), report.changed),
        (_("unchanged"), report.unchanged),
        (_("rejected"), report.rejected),
    )
    lines = [_("Dry run: nothing was written.")] if report.dry_run else []
    lines += [
        _("%(fate)s: %(orders)d orders, %(lines)d lines") % {"fate": fate, "orders": count.orders, "lines": count.lines}
        for fate, count in fates
    ]
    if report.unknown_columns:
        lines.append(_("Columns that were not read: %s") % ", ".join(report.unknown_columns))
    lines += report.notes
    if report.errors:
        lines.append(_("Refused rows are listed in %s") % report.errors)
    return "\n".join(lines)
