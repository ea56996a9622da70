"""Figures as cards: the value, what it is made of, how it changed, its small trend, and how it is worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from analytics.beside import Trend, total
from analytics.charts import Spark, Tone
from analytics.compared import change
from analytics.durations import Durations
from analytics.figures import Number, Sums
from analytics.kpis import KPIS, NO_SAMPLES, Group, Kpi, Unit
from analytics.periods import Period
from sellercenter import sheets
from sellercenter.models import Shop
from sellercenter.sheets import Column, Kind, Sheet, Told

# What the panel shows one card each for; percentiles stand on the card of their mean.
SHOWN = tuple(kpi for kpi in KPIS.values() if not kpi.share)
# Of these there is a value for each day.
DAILY = tuple(kpi for kpi in SHOWN if not kpi.live)
LIVE = tuple(kpi for kpi in SHOWN if kpi.live)
# So many points a small line has at most.
MOST_POINTS = 31
# What has to be read for the cards of days.
MEASURES = frozenset(name for kpi in DAILY for name in (kpi.numerator, kpi.denominator) if name)
# The colour of what a figure counts, by its numerator; others have that of their group.
_TONES = {
    **dict.fromkeys(("placed", "placed_paid"), Tone.PLACED),
    **dict.fromkeys(("paid", "gmv", "paid_amount"), Tone.PAID),
    **dict.fromkeys(("unpaid_lost", "unpaid_lost_amount", "cancelled", "seller_cancelled"), Tone.CANCELLED),
    **dict.fromkeys(("transit_seconds", "deliver_on_time"), Tone.DELIVERED),
    "ship_late": Tone.LATE,
    "ship_problem": Tone.PROBLEM,
}
_GROUPS = {Group.SHIPPING: Tone.SHIPPED, Group.AFTERSALES: Tone.AFTERSALES}


def tone(kpi: Kpi) -> Tone:
    """Return the colour in which a figure is drawn everywhere."""
    return _TONES.get(kpi.numerator) or _GROUPS.get(kpi.group, Tone.PLAIN)


@dataclass(frozen=True)
class Read:
    """What was read of a period, and of what it is compared with."""

    period: Period
    trend: Trend
    sums: Mapping[str, Number]
    before: Mapping[str, Number] | None
    durations: Mapping[str, Durations]
    # A single day that is not over: its numbers still grow, so that fewer than on a whole day is no bad news.
    growing: bool = False

    @classmethod
    def of(
        cls, period: Period, trend: Trend, before: Trend | None, durations: Mapping[str, Durations], *, today: date
    ) -> Read:
        """Add the days up."""
        growing = period.first == period.last == today
        return cls(period, trend, total(trend), None if before is None else total(before), durations, growing)


def groups(
    read: Read, shop: Shop, *, opens: Callable[[str], bool], trend_url: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Return the cards of days, group by group; `trend_url` leads from a figure to its trend."""
    found: dict[Group, list[dict[str, Any]]] = {group: [] for group in Group}
    steps = _fewer([sums for _part, sums in read.trend])
    for kpi in DAILY:
        spark = Spark([kpi.value(sums) for sums in steps], tone(kpi))
        trend = {"trend_url": trend_url(kpi.code), "trend_said": _("Trend: %(label)s") % {"label": kpi.label}}
        found[kpi.group].append(card(kpi, read, shop, opens=opens) | trend | {"spark": spark})
    return [{"code": group.value, "title": group.label, "cards": cards} for group, cards in found.items()]


def _fewer(steps: list[Sums]) -> list[Sums]:
    """Add neighbours up until there are no more than a small line can show."""
    size = -(-len(steps) // MOST_POINTS)
    return [sum(steps[at : at + size], start=Sums({})) for at in range(0, len(steps), size)] if size > 1 else steps


def card(kpi: Kpi, read: Read, shop: Shop, *, opens: Callable[[str], bool]) -> dict[str, Any]:
    """Return the context of `analytics/parts/kpi.html`; `opens` says of a measure whether its list may be opened."""
    value = kpi.value(read.sums)
    was = kpi.value(read.before) if read.before is not None else None
    changed = change(kpi, value, was)
    judged = bool(kpi.denominator) or not read.growing
    return {
        "code": kpi.code,
        "label": kpi.label,
        "tone": tone(kpi).value,
        "value": kpi.say(value, shop),
        "url": kpi.link(shop, read.period) if opens(kpi.numerator) else "",
        "change": {"text": changed.text, "good": changed.good if judged else None} if changed else None,
        "before": _("from %(value)s") % {"value": kpi.say(was, shop)} if read.before is not None else "",
        "made_of": _made_of(kpi, read, shop, opens=opens),
        "more": _percentiles(kpi, read, shop),
        "about": about(kpi, usual=False),
        "about_said": _("About %(label)s") % {"label": kpi.label},
    }


def about(kpi: Kpi, *, usual: bool = True) -> list[str]:
    """Say how a figure is worked out, when a record belongs to the days, and what is left out.

    What most figures leave out is said only with `usual`; a page says it once for all.
    """
    said = [str(kpi.formula), _("Counted %(moment)s.") % {"moment": kpi.basis.label}]
    return said + [str(kpi.exclusions)] * bool(kpi.exclusions and (usual or kpi.exclusions != NO_SAMPLES))


def _made_of(kpi: Kpi, read: Read, shop: Shop, *, opens: Callable[[str], bool]) -> dict[str, str] | None:
    """Return the two numbers of a share, or of an amount per order; a mean time is told by its percentiles."""
    if not kpi.denominator or kpi.unit == Unit.SECONDS:
        return None
    part = Kind.COUNT if kpi.unit == Unit.RATIO else Kind.MONEY
    return {
        "part": sheets.say(read.sums[kpi.numerator], part, shop.currency),
        "whole": sheets.say(read.sums[kpi.denominator], Kind.COUNT, shop.currency),
        "url": kpi.base_link(shop, read.period) if opens(kpi.denominator) else "",
    }


def _percentiles(kpi: Kpi, read: Read, shop: Shop) -> list[dict[str, str]]:
    """Return median and 90th percentile beside a mean."""
    if not kpi.span:
        return []
    found = [one for one in KPIS.values() if one.span == kpi.span and one.share]
    return [{"label": str(one.label), "value": one.say(one.value(read.sums, read.durations), shop)} for one in found]


def sheet(read: Read, shop: Shop) -> Sheet:
    """Return every figure of days with its value, what it was, and how it is worked out."""
    columns = [
        Column(_("Figure")),
        Column(_("Value"), Kind.COUNT),
        Column(_("Compared with"), Kind.COUNT),
        Column(_("Unit")),
        Column(_("How it is worked out")),
    ]
    rows = []
    for kpi in KPIS.values():
        if not kpi.live:
            now = Told(kpi.value(read.sums, read.durations), Kind(kpi.unit.value))
            # Percentiles of other days are not read.
            was = None if kpi.share or read.before is None else kpi.value(read.before)
            rows.append([full_name(kpi), now, Told(was, now.kind), kpi.unit.label, " ".join(about(kpi))])
    return Sheet(_("Figures"), columns, rows, shop.currency, shop.zone)


def full_name(kpi: Kpi) -> str:
    """Name a figure also where it does not stand beside the mean that it belongs to."""
    if not kpi.share:
        return str(kpi.label)
    mean = next(one for one in KPIS.values() if one.span == kpi.span and not one.share)
    return f"{mean.label}: {kpi.label}"


def step_sheet(read: Read, shop: Shop, head: str) -> Sheet:
    """Return every figure of days for each step of the period."""
    columns = [Column(head, Kind.DATE), *(Column(kpi.label, Kind(kpi.unit.value)) for kpi in DAILY)]
    rows = [[part.first, *(_exact(kpi.value(sums)) for kpi in DAILY)] for part, sums in read.trend]
    return Sheet(_("Figures over time"), columns, rows, shop.currency, shop.zone)


def _exact(value: Decimal | None) -> Decimal | int | None:
    return int(value) if value is not None and value == value.to_integral_value() else value
