"""`manage.py kpis --shop CODE --from DAY --to DAY`: the figures of the panel, for scripts."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics import figures, repurchase
from analytics.kpis import KPIS, Kpi
from analytics.measures import DIMENSIONS, SPANS
from analytics.periods import Period
from sellercenter.models import Shop


class Command(BaseCommand):
    help = "Prints the figures of a period of days, as a whole or by a dimension; a figure without a base is null."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("--shop", required=True, help="the shop's code")
        parser.add_argument("--from", dest="first", required=True, type=_day, help="the first day, as 2026-11-01")
        parser.add_argument("--to", dest="last", required=True, type=_day, help="the last day, which counts whole")
        parser.add_argument("--by", choices=DIMENSIONS, help="tell the figures apart by this")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--exact", action="store_true", help="take percentiles from the records themselves, which takes longer"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the figures."""
        shop = Shop.objects.filter(code=options["shop"]).first()
        if shop is None:
            raise CommandError(f"There is no shop with the code “{options['shop']}”.")
        period = Period(options["first"], options["last"])
        if period.last < period.first:
            raise CommandError("The period ends before it begins.")
        if options["by"] and options["exact"]:
            raise CommandError("Exact percentiles are told of the whole shop only; leave --by or --exact out.")
        told = {
            "shop": shop.code,
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            "time_zone": shop.time_zone,
            "as_of": figures.as_of(shop).isoformat(),
            **(_by(shop, period, options["by"]) if options["by"] else _whole(shop, period, exact=options["exact"])),
        }
        self.stdout.write(json.dumps(told, ensure_ascii=False, indent=None if options["json"] else 2))


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _whole(shop: Shop, period: Period, *, exact: bool) -> dict[str, Any]:
    sums = {**figures.totals(shop, period), **repurchase.sums(shop, period)}
    spans = {span: told for (span, _key), told in figures.every_duration(shop, period).items()}
    values = {code: kpi.value(sums, spans) for code, kpi in KPIS.items()}
    if exact:
        for code, kpi in KPIS.items():
            if kpi.share:
                values[code] = figures.exact_percentile(shop, period, kpi.span, kpi.share)
    return {"kpis": {code: _plain(value) for code, value in values.items()}, "sums": _plain_sums(sums)}


def _by(shop: Shop, period: Period, dimension: str) -> dict[str, Any]:
    spans: dict[str, dict[str, Any]] = {}
    for (span, key), told in figures.every_duration(shop, period, tuple(SPANS), dimension=dimension).items():
        spans.setdefault(key, {})[span] = told
    additive = [kpi for kpi in KPIS.values() if not kpi.live]
    return {
        "by": dimension,
        "keys": {key: _told(additive, sums, spans.get(key, {})) for key, sums in _sorted(shop, period, dimension)},
    }


def _sorted(shop: Shop, period: Period, dimension: str) -> list[tuple[str, figures.Sums]]:
    return sorted(figures.by(shop, period, dimension).items())


def _told(kpis: list[Kpi], sums: figures.Sums, spans: dict[str, Any]) -> dict[str, Any]:
    return {"kpis": {kpi.code: _plain(kpi.value(sums, spans)) for kpi in kpis}, "sums": _plain_sums(sums)}


def _plain_sums(sums: Any) -> dict[str, Any]:
    return {name: _plain(Decimal(value)) for name, value in sums.items()}


def _plain(value: Decimal | None) -> int | str | None:
    """Write whole numbers as numbers and others as texts, so that no amount becomes a float."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else f"{value:f}"
