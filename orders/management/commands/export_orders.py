"""`manage.py export_orders --shop CODE --out FILE`: write the orders of a shop, or some of them, into a file."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.exports import ORDERS
from sellercenter import events, sheets
from sellercenter.addresses import normal
from sellercenter.exports import Column, Layout
from sellercenter.exports.making import Plan, write
from sellercenter.lifecycle import Refused
from sellercenter.models import FileForm, Shop
from sellercenter.permissions import SYSTEM

log = logging.getLogger(__name__)

REFUSED, FAILED = 2, 3


class Command(BaseCommand):
    help = (
        "Writes a shop's orders into a CSV or XLSX file, exactly those that the order list finds under an address. "
        "Exit code 0: the file is whole; 2: it can't be written as asked, there is none; "
        "3: it ended early by an error, there is none."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        layouts = ", ".join(layout.code for layout in ORDERS.layouts)
        parser.add_argument("--shop", required=True, help="the shop's code")
        parser.add_argument("--out", required=True, help="the file to write")
        parser.add_argument("--filter", default="", help="the order list's address behind its question mark")
        parser.add_argument("--days", type=int, default=0, help="only orders placed in so many last days")
        parser.add_argument("--layout", default=ORDERS.layouts[0].code, help=f"one of {layouts}")
        parser.add_argument("--columns", default="", help="names divided by commas; default: those that the page ticks")
        parser.add_argument("--format", default="", help="csv or xlsx; default: as the file is called, else csv")
        parser.add_argument("--plain-private", action="store_true", help="write private data in plain; needs --reason")
        parser.add_argument("--reason", default="", help="what the private data is needed for; kept in the history")
        parser.add_argument("--force", action="store_true", help="replace a file that is there")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file and leave with the exit code that tells how it went."""
        began = perf_counter()
        try:
            path = _place(options["out"], replace=options["force"])
            plan = _plan(options, path)
            if plan.plain:
                _note(plan, options["reason"].strip())
            tell = self._progress()
            made, rows, as_of = write(plan, path, tell)
            tell(rows, rows)
        except Refused as refusal:
            self._leave(REFUSED, str(refusal), as_json=options["json"])
        except Exception as error:
            # Where it broke, but not the error's own words: those may repeat a buyer's name or address.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("the export was ended by %s\n%s", type(error).__name__, where)
            message = _("The export ended early by an error of the program, the disk or the database (%s).")
            self._leave(FAILED, message % type(error).__name__, as_json=options["json"])
        told = {"file": str(path), "layout": plan.layout.code, "rows": rows, "size": made.size, "sha256": made.sha256}
        if options["json"]:
            more = {"as_of": as_of.isoformat(), "seconds": round(perf_counter() - began, 3)}
            self.stdout.write(json.dumps(told | more, ensure_ascii=False))
            return
        told["as_of"] = sheets.moment(as_of, plan.shop.zone)
        self.stdout.write(_("%(rows)d rows, as of %(as_of)s: %(file)s") % told)

    def _progress(self) -> Callable[[int, int], None]:
        """Return what shows somebody at a terminal how far the file is, and says nothing to anybody else."""

        def _tell(done: int, expected: int) -> None:
            if self.stderr.isatty():
                self.stderr.write(f"\r{done} / {expected}", ending="\n" if done == expected else "")

        return _tell

    def _leave(self, code: int, message: str, *, as_json: bool) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps({"error": message}, ensure_ascii=False))
        else:
            self.stderr.write(message)
        sys.exit(code)


def _place(out: str, *, replace: bool) -> Path:
    """Return where the file goes; refuse a place where nothing may be written."""
    path = Path(out)
    if out == "-":
        raise Refused(_("Name a file: an export is written to disk first, never to the output."), "no_file")
    if not path.parent.is_dir():
        raise Refused(_("There is no folder %s. Make it first.") % path.parent, "no_folder")
    if not os.access(path.parent, os.W_OK):
        raise Refused(_("Nothing may be written to the folder %s. Name another one.") % path.parent, "not_writable")
    if path.exists() and not (replace and path.is_file()):
        raise Refused(_("%s is there already. Name another file, or replace it with --force.") % path, "exists")
    return path


def _plan(options: dict[str, Any], path: Path) -> Plan:
    """Return what is to be written; refuse what is not known, saying what there is."""
    shop = Shop.objects.select_related("policy").filter(code=options["shop"]).first()
    if shop is None:
        raise Refused(_("There is no shop with the code “%s”.") % options["shop"], "no_shop")
    layout = _layout(options["layout"])
    plan = Plan(
        shop=shop,
        source=ORDERS,
        layout=layout,
        columns=_columns(layout, options["columns"]),
        query=normal(options["filter"].removeprefix("?")),
        days=options["days"],
        form=_form(options["format"], path),
        plain=options["plain_private"],
        who=SYSTEM.label,
        now=timezone.now(),
    )
    _makes_sense(plan, options["reason"])
    return plan


def _layout(code: str) -> Layout:
    found = next((layout for layout in ORDERS.layouts if layout.code == code), None)
    if found is None:
        known = [layout.code for layout in ORDERS.layouts]
        raise Refused(_("There is no layout “%(names)s”. There are: %(known)s.") % _told([code], known), "no_layout")
    return found


def _columns(layout: Layout, wanted: str) -> list[Column]:
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    known = [column.name for column in layout.columns]
    if names and layout.fixed:
        raise Refused(_("The layout “%s” always has all of its columns. Leave --columns out.") % layout.code, "fixed")
    if missing := [name for name in names if name not in known]:
        raise Refused(_("There are no columns %(names)s. There are: %(known)s.") % _told(missing, known), "no_column")
    return layout.named(names)


def _form(wanted: str, path: Path) -> FileForm:
    told = wanted or path.suffix.removeprefix(".").lower()
    if told in FileForm.values:
        return FileForm(told)
    if wanted:
        known = FileForm.values
        raise Refused(_("There is no format “%(names)s”. There are: %(known)s.") % _told([wanted], known), "no_format")
    return FileForm.CSV


def _makes_sense(plan: Plan, reason: str) -> None:
    """Refuse filters that are not known or have no such value, an order that is none, and privacy without a reason."""
    filters = plan.source.filters(plan.shop, plan.query, plan.now)
    if unknown := [name for name in filters.data if name not in filters.filters and name not in filters.also]:
        known = sorted({*filters.filters, *filters.also})
        raise Refused(_("There are no filters %(names)s. There are: %(known)s.") % _told(unknown, known), "no_filter")
    if problems := filters.problems():
        raise Refused("; ".join(f"{one['label']}: {one['message']}" for one in problems), "bad_filter")
    plan.source.sort(plan.query)
    plan.rows()
    if plan.days < 0:
        raise Refused(_("The number of days must not be negative."), "bad_days")
    if plan.plain and not plan.layout.has_private:
        raise Refused(_("This layout has no private data."), "nothing_private")
    if plan.plain and not reason.strip():
        raise Refused(_("Say with --reason what the private data is needed for."), "no_reason")


def _told(names: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    return {"names": ", ".join(names), "known": ", ".join(known)}


@transaction.atomic
def _note(plan: Plan, reason: str) -> None:
    """Keep in the shop's history that private data leaves, before any of it does."""
    told: dict[str, Any] = {"source": plan.source.code, "layout": plan.layout.code, "form": str(plan.form)}
    events.record(plan.shop, "export.commanded", plan.shop, by=SYSTEM, reason=reason[:200], **told)
