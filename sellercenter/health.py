"""How the machinery is: what is owed and for how long, who gave signs of life, and what was given up.

Every answer is read from PostgreSQL, so that it is right with Redis gone; Redis itself is asked for one sign of life.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from redis import Redis
from redis.exceptions import RedisError

from sellercenter import money, ticks, times
from sellercenter.celery import QUEUES
from sellercenter.models import Event, Fault, Heartbeat, Job, MessageState, OutgoingMessage
from sellercenter.texts import Text

# What is owed may be so late, a sign of life so old, the clocks so far apart, before something is wrong.
LATE = timedelta(seconds=60)
SILENT = timedelta(seconds=120)
SKEW = timedelta(seconds=2)
DAYS = timedelta(days=2)
CAP = 1000
SHOWN_FAULTS = 100
JOBS = "sellercenter.jobs.run_some"
WAITING = (MessageState.WAITING, MessageState.SENDING)


@dataclass(frozen=True)
class Owed:
    """One kind of obligation: its rows, and the column that says since when they are owed."""

    label: Text
    rows: Callable[[], QuerySet]
    since: str


OWED = [
    Owed(gettext_lazy("Events to pass on"), Event.objects.all, "owed_at"),
    Owed(gettext_lazy("Messages to buyers"), lambda: OutgoingMessage.objects.filter(state__in=WAITING), "due_at"),
    Owed(gettext_lazy("Jobs whose holder is gone"), lambda: Job.objects.open(), "lease_until"),
]


@dataclass(frozen=True)
class Line:
    """One answer; `level` is '', 'soon' for what a person should look at, or 'late' for what is wrong."""

    label: Text
    value: Text
    level: str = ""
    hint: Text = ""


@dataclass
class Report:
    """All answers of one moment, by the database's clock, and the newest faults that were given up."""

    at: datetime
    sections: dict[str, list[Line]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Say whether nothing is wrong; what was given up waits for a person and is no alarm."""
        return all(line.level != "late" for lines in self.sections.values() for line in lines)


def report() -> Report:
    """Ask everything; raises OperationalError or InterfaceError when the database is gone."""
    now = ticks.database_now()
    beats = {beat.name: beat for beat in Heartbeat.objects.all()}
    lost = Fault.objects.filter(dead_at__isnull=False)
    made = Report(now, faults=list(lost.select_related("shop").order_by("-last_at", "pk")[:SHOWN_FAULTS]))
    made.sections = {
        _("What is owed"): [*(_owed(one, now) for one in _every_owed()), _given_up(lost)],
        _("Sweeps"): [_sweep(path, beats.get(f"sweep:{path}"), now) for path in settings.SWEEPS],
        _("Calendar work"): [_task(every, path, beats.get(f"task:{path}"), now) for every, path in settings.TIMETABLE],
        _("Queues"): [_redis(), *(_queue(name, beats.get(f"queue:{name}"), now) for name in QUEUES)],
        _("Clocks"): [_clocks(now)],
    }
    return made


def _every_owed() -> Iterable[Owed]:
    return [owed for path in settings.OWED for owed in import_string(path)]


def _owed(owed: Owed, now: datetime) -> Line:
    due = owed.rows().filter(**{f"{owed.since}__lte": Now()}).order_by(owed.since)
    oldest: datetime | None = due.values_list(owed.since, flat=True).first()
    if oldest is None:
        return Line(owed.label, _("nothing is late"))
    waits = {"count": money.capped(due[: CAP + 1].count(), CAP), "age": age(now - oldest)}
    return Line(owed.label, _("%(count)s due, the oldest for %(age)s") % waits, "late" if now - oldest > LATE else "")


def _given_up(lost: QuerySet[Fault]) -> Line:
    count = lost[: CAP + 1].count()
    return Line(_("Given up"), money.capped(count, CAP), "soon" if count else "")


def _sweep(path: str, beat: Heartbeat | None, now: datetime) -> Line:
    if path == JOBS and Job.objects.open().filter(lease_until__gt=Now()).exists():
        return Line(path, _("at work on a job"))
    hint = _("Is “manage.py sweep” running?")
    return _sign_of_life(path, beat, now, SILENT, hint)


def _task(every: str, path: str, beat: Heartbeat | None, now: datetime) -> Line:
    line = _sign_of_life(path, beat, now, DAYS, "")
    # Cleanings can wait for their next slot: nobody has to get up for one.
    return Line(line.label, line.value, line.level and "soon")


def _queue(name: str, beat: Heartbeat | None, now: datetime) -> Line:
    hint = _("Are beat and a worker of this queue running? Until then the sweeps do its work.")
    return _sign_of_life(name, beat, now, SILENT, hint)


def _sign_of_life(label: str, beat: Heartbeat | None, now: datetime, longest: timedelta, hint: Text) -> Line:
    if beat is None:
        return Line(label, _("never"), "late", hint)
    said = _("%(age)s ago") % {"age": age(now - beat.at)}
    if error := beat.facts.get("error"):
        return Line(label, _("failed with %(error)s; went well %(ago)s") % {"error": error, "ago": said}, "late")
    if beat.facts.get("behind"):
        return Line(label, _("%(ago)s, behind with its work") % {"ago": said}, "soon")
    return Line(label, said, "late", hint) if now - beat.at > longest else Line(label, said)


def _redis() -> Line:
    hint = _("Nothing is lost: hints don't travel, and the sweeps look every few seconds.")
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5) as broker:
            broker.ping()
    except (RedisError, OSError) as error:
        return Line("Redis", _("does not answer (%s)") % type(error).__name__, "late", hint)
    return Line("Redis", _("answers"))


def _clocks(now: datetime) -> Line:
    apart = abs(timezone.now() - now)
    said = _("%(ms)s ms apart") % {"ms": apart // timedelta(milliseconds=1)}
    hint = _("Deadlines follow the database's clock; set both by the same time server.")
    return Line(_("Application and database"), said, "late" if apart > SKEW else "", hint if apart > SKEW else "")


def age(delta: timedelta) -> str:
    """Write a length of time: seconds below two minutes, else as everywhere."""
    return times.span(delta) if delta >= timedelta(minutes=2) else _("%(s)d s") % {"s": max(0, delta.seconds)}
