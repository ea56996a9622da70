"""Times as people read them: the shop's clock on the wall, short on the row, whole on hover, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

SOON = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time prepared for a page: `11-22 14:05`, `2026-11-22 14:05:09 CST`, and the machine's form."""

    short: str
    full: str
    iso: str


@dataclass(frozen=True, slots=True)
class Due:
    """A remaining time prepared for a page; `level` is '', 'soon' or 'late'."""

    text: str
    iso: str
    level: str
    label: str = ""


def moment(at: datetime | None, zone: ZoneInfo, *, this_year: int | None = None) -> Moment | None:
    """Prepare a time in the shop's zone; another year than this is written out."""
    if at is None:
        return None
    local = at.astimezone(zone)
    short = f"{local:%m-%d %H:%M}" if this_year in (None, local.year) else f"{local:%Y-%m-%d}"
    return Moment(short, f"{local:%Y-%m-%d %H:%M:%S %Z}", local.isoformat(timespec="seconds"))


def due(at: datetime | None, now: datetime, zone: ZoneInfo, *, label: str = "") -> Due | None:
    """Prepare a deadline: at the very second it counts as over."""
    if at is None:
        return None
    left = at - now
    late = left <= timedelta(0)
    text = _("%(span)s late") % {"span": span(-left)} if late else span(left)
    level = "late" if late else "soon" if left <= SOON else ""
    return Due(text, at.astimezone(zone).isoformat(timespec="seconds"), level, label)


def span(delta: timedelta) -> str:
    """Write a length of time in its two largest units, such as 2 d 4 h or 35 min; under a minute in seconds."""
    seconds = int(delta.total_seconds())
    minutes = seconds // 60
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return _("%(d)d d %(h)d h") % {"d": days, "h": hours}
    if hours:
        return _("%(h)d h %(m)d min") % {"h": hours, "m": minutes}
    return _("%(m)d min") % {"m": minutes} if minutes else _("%(s)d s") % {"s": seconds}


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a local day begins; where midnight is skipped, the first instant after the gap."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def hour_start(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return the instant at which the wall first shows an hour of a local day, or a later one.

    Where the clock skips the hour it is the end of the gap, and of an hour that comes twice the first.
    """
    return after_quiet(day_start(day, zone), zone, time(), time(hour))


def after_quiet(moment: datetime, zone: ZoneInfo, quiet_from: time | None, quiet_until: time | None) -> datetime:
    """Return the moment itself, or the end of the quiet hours in which it falls, in UTC.

    The hours are read on the shop's wall clock, may pass midnight, and end at the instant at which the wall first
    shows `quiet_until` or later: where that time is skipped, the first instant after the gap; where it comes twice,
    the first of the two. Without both ends nothing is quiet.
    """
    local = moment.astimezone(zone)
    if quiet_from is None or quiet_until is None or not _quiet(local.time(), quiet_from, quiet_until):
        return moment
    ends_tomorrow = quiet_from > quiet_until and local.time() >= quiet_from
    day = local.date() + timedelta(days=1) if ends_tomorrow else local.date()
    return max(moment, _instant(datetime.combine(day, quiet_until), zone))


def _quiet(clock: time, quiet_from: time, quiet_until: time) -> bool:
    if quiet_from <= quiet_until:
        return quiet_from <= clock < quiet_until
    return clock >= quiet_from or clock < quiet_until


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when the wall clock first shows this time or a later one."""
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # Skipped: read with the offset after the gap it lies before the gap's end, with the one before it behind.
    early, late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
