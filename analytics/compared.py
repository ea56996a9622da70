"""How a figure has changed against another time, in words, and whether that is good."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from analytics.kpis import Kpi, Unit

_TENTH = Decimal("0.1")
# From so many percent on people read how many times as much it is.
_MANY = 1000


@dataclass(frozen=True)
class Change:
    """A change as people read it, such as +12.5 %; `good` is None where neither is better, or nothing changed."""

    text: str
    good: bool | None


def change(kpi: Kpi, value: Decimal | None, before: Decimal | None) -> Change | None:
    """Compare two values of a figure: shares by points of a percent, others by percent; None without two to compare."""
    if value is None or before is None:
        return None
    if kpi.unit == Unit.RATIO:
        points = ((value - before) * 100).quantize(_TENTH, ROUND_HALF_UP)
        return Change(_("%(n)s pp") % {"n": _signed(points)}, _good(kpi, points))
    if not before:
        return None
    percent = ((value - before) / abs(before) * 100).quantize(_TENTH, ROUND_HALF_UP)
    if percent >= _MANY:
        times = (value / before).quantize(Decimal(1), ROUND_HALF_UP)
        return Change(f"×{number_format(times, force_grouping=True)}", _good(kpi, percent))
    return Change(f"{_signed(percent)} %", _good(kpi, percent))


def _signed(number: Decimal) -> str:
    sign = "+" if number > 0 else "−" if number < 0 else "±"
    return f"{sign}{number_format(abs(number), 1, force_grouping=True)}"


def _good(kpi: Kpi, number: Decimal) -> bool | None:
    if not number or not kpi.good:
        return None
    return (number > 0) == (kpi.good == "up")
