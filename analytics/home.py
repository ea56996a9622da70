"""Today beside yesterday on the home page: until the same time of day where hours are known, and the whole day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import drills, figures
from analytics.compared import change
from analytics.figures import Sums
from analytics.kpis import KPIS, Basis, Group, Kpi, Unit
from analytics.periods import Period
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.times import moment

CASES = Kpi(
    *("cases", gettext_lazy("Cases opened"), Group.AFTERSALES, Unit.COUNT, Basis.CASE),
    formula=gettext_lazy("After-sales cases that were opened."),
    numerator="cases",
    good="down",
)
SHOWN = (*(KPIS[code] for code in ("placed", "paid", "paid_amount", "payment_conversion", "shipped")), CASES)
# Of these, figures are kept by the hour.
_BY_HOUR = frozenset({Basis.PLACED, Basis.PAID})


@dataclass(frozen=True)
class _Days:
    """The sums of today, of yesterday, and of yesterday until the same time."""

    today: Sums
    yesterday: Sums
    by_now: Sums


def today(shop: Shop, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """Return what the home page says of today, by three queries; None for who may not see figures."""
    if not actor.may(Perm.FIGURES_VIEW):
        return None
    local = now.astimezone(shop.zone)
    days = Period(local.date() - timedelta(days=1), local.date())
    (_first, before), (_last, so_far) = figures.series(shop, days)
    by_now = _until(figures.by(shop, Period(days.first, days.first), "hour"), local)
    found = _Days(so_far, before, by_now)
    as_of = moment(figures.as_of(shop), shop.zone)
    return {
        "title": _("Today beside yesterday"),
        "items": [_item(kpi, shop, found, local) | _link(kpi, shop, actor, local) for kpi in SHOWN],
        "as_of": f"{as_of.short[-5:]}" if as_of else "",
        "as_of_full": as_of.full if as_of else "",
    }


def _until(hours: dict[str, Sums], local: datetime) -> Sums:
    """Add up the hours of a day that are over by this time, and of the one under way the part that is.

    Sums of an hour are taken to have come evenly, so what is added of it may be a broken number.
    """
    part = Decimal(local.minute) / 60
    told = Sums({})
    for key, sums in hours.items():
        if int(key) < local.hour:
            told += sums
        elif int(key) == local.hour:
            told += Sums({name: sums[name] * part for name in sums})
    return told


def _whole(kpi: Kpi, value: Decimal | None) -> Decimal | None:
    """Return a count as it is said, so that what it is compared with is what people read."""
    return value.quantize(Decimal(1), ROUND_HALF_UP) if value is not None and kpi.unit == Unit.COUNT else value


def _item(kpi: Kpi, shop: Shop, days: _Days, local: datetime) -> dict[str, Any]:
    value, whole = kpi.value(days.today), kpi.value(days.yesterday)
    said = {"day": kpi.say(whole, shop)}
    if kpi.basis in _BY_HOUR and not kpi.denominator:
        by_now = _whole(kpi, kpi.value(days.by_now))
        before = _("about %(by_now)s by %(time)s yesterday, %(day)s in all") % {
            **said,
            "by_now": kpi.say(by_now, shop),
            "time": f"{local:%H:%M}",
        }
        compared = change(kpi, value, by_now)
    else:
        before, compared = _("%(day)s yesterday") % said, None
    return {
        "label": kpi.label,
        "value": kpi.say(value, shop),
        "before": before,
        "change": compared.text if compared else "",
        "good": compared.good if compared else None,
    }


def _link(kpi: Kpi, shop: Shop, actor: Actor, local: datetime) -> dict[str, str]:
    """Lead to what a figure counts where the person may go there."""
    opens = drills.opens(actor, kpi.numerator)
    return {"url": kpi.link(shop, Period(local.date(), local.date())) if opens else ""}
