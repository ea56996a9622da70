"""Which days a figures page looks at, and which it compares them with; the address says both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sellercenter.lifecycle import Refused
from sellercenter.models import Shop
from sellercenter.texts import Text

# The longest period that a page looks at.
LONGEST = timedelta(days=3 * 366)
# Names of periods in the address, with how many days they have and how many days before today they end.
NAMED: dict[str, tuple[Text, int, int]] = {
    "today": (gettext_lazy("Today"), 1, 0),
    "yesterday": (gettext_lazy("Yesterday"), 1, 1),
    "7": (gettext_lazy("Last 7 days"), 7, 0),
    "30": (gettext_lazy("Last 30 days"), 30, 0),
    "90": (gettext_lazy("Last 90 days"), 90, 0),
    "365": (gettext_lazy("Last 365 days"), 365, 0),
}
CUSTOM, USUAL = "custom", "30"
COMPARISONS: dict[str, Text] = {
    "previous": gettext_lazy("Period before"),
    "year": gettext_lazy("A year before"),
    "": gettext_lazy("Nothing"),
}


@dataclass(frozen=True)
class Period:
    """Days of a shop, the last one included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    def before(self) -> Period:
        """Return as many days right before these."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def year_before(self) -> Period:
        """Return the same days a year earlier; the 29th of February becomes the 28th."""
        return Period(_year_before(self.first), _year_before(self.last))

    def step(self) -> str:
        """Return how a trend over these days is cut: by day, week or month, so that it never has over 100 points."""
        return "day" if self.days <= 92 else "week" if self.days <= 92 * 7 else "month"

    def said(self) -> str:
        """Say the days in words."""
        first, last = (date_format(day, "SHORT_DATE_FORMAT") for day in (self.first, self.last))
        return first if self.first == self.last else _("%(first)s to %(last)s") % {"first": first, "last": last}


@dataclass(frozen=True)
class Choice:
    """What the address asks for: the period by its name, and what it is compared with."""

    name: str
    period: Period
    comparison: str
    compared: Period | None

    def query(self) -> str:
        """Return the part of an address that says the same."""
        own = {"period": self.name}
        if self.name == CUSTOM:
            own |= {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        return "&".join(f"{key}={value}" for key, value in (own | {"compare": self.comparison}).items())


def today(shop: Shop, now: datetime) -> date:
    """Return the day of the shop."""
    return now.astimezone(shop.zone).date()


def choose(shop: Shop, asked: Mapping[str, str], now: datetime) -> Choice:
    """Read `period`, `from`, `to` and `compare` of an address; raises Refused for what makes no sense."""
    name = asked.get("period") or (CUSTOM if asked.get("from") else USUAL)
    if name == CUSTOM:
        period = Period(_day(asked.get("from", "")), _day(asked.get("to", "")))
        if period.last < period.first:
            raise Refused(_("The period ends before it begins. Exchange the two days."), "bad_period")
        if period.last - period.first > LONGEST:
            raise Refused(_("The period is too long. Choose three years at most."), "bad_period")
    elif name in NAMED:
        _label, days, back = NAMED[name]
        last = today(shop, now) - timedelta(days=back)
        period = Period(last - timedelta(days=days - 1), last)
    else:
        raise Refused(_("There is no period “%s”. Choose one of the list.") % name[:40], "bad_period")
    comparison = asked.get("compare", "previous")
    if comparison not in COMPARISONS:
        raise Refused(_("There is no comparison “%s”. Choose one of the list.") % comparison[:40], "bad_period")
    compared = {"previous": period.before, "year": period.year_before}.get(comparison)
    return Choice(name, period, comparison, compared() if compared else None)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(_("“%s” is no day. Write it as 2026-11-22.") % text[:40], "bad_period") from None
    if not 2000 <= day.year < 2100:
        raise Refused(_("Choose a day between 2000 and 2099."), "bad_period")
    return day


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
