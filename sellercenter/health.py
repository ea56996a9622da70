"""How the machinery is: what is owed and for how long, who gave signs of life, and what was given up.

Every answer is read from PostgreSQL, so that it is right with Redis gone; Redis itself is asked for one sign of life.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
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
from sellercenter.gateways import without_gateway
from sellercenter.models import Channel, Event, ExportRule, Fault, Heartbeat, Job, MessageState, OutgoingMessage
from sellercenter.texts import Text

# What is owed may be so late, a sign of life so old, the clocks so far apart, before something is wrong.
LATE = timedelta(seconds=60)
SILENT = timedelta(seconds=120)
SKEW = timedelta(seconds=2)
# So long may one piece of calendar work take, which gives no sign of life meanwhile.
LONG = timedelta(hours=1)
DAYS = timedelta(days=2)
CAP = 1000
SHOWN_FAULTS = 100
JOBS = "sellercenter.jobs.run_some"
# Calendar work whose failure is an alarm, until it went well again.
ALARMING = ("sellercenter.chores.check_invariants",)
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
    Owed(gettext_lazy("Scheduled exports"), ExportRule.objects.all, "next_at"),
]


@dataclass(frozen=True)
class Line:
    """One answer; `level` is '', 'soon' for what a person should look at, or 'late' for what is wrong.

    `title` is what the label is called in the source.
    """

    label: Text
    value: Text
    level: str = ""
    hint: Text = ""
    title: str = ""


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
        _("What is owed"): [*(_owed(one, now) for one in _every_owed()), _given_up(lost), _ways_out()],
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


def _ways_out() -> Line:
    """Name the channels that lead nowhere: what would leave over them is skipped, which may be meant so."""
    missing = ", ".join(str(Channel(one).label) for one in without_gateway())
    if not missing:
        return Line(_("Gateways for messages"), _("one for every channel"))
    hint = _("Messages to buyers are not sent over a channel without a gateway; see docs/operations.md.")
    return Line(_("Gateways for messages"), _("none for: %s") % missing, "soon", hint)


def name_of(path: str) -> Text:
    """Return what people call a sweep or a piece of calendar work; its path when nobody named it."""
    return settings.WORK_NAMES.get(path, path)


def _sweep(path: str, beat: Heartbeat | None, now: datetime) -> Line:
    if path == JOBS and Job.objects.open().filter(lease_until__gt=Now()).exists():
        return Line(name_of(path), _("at work on a job"), title=path)
    if beat and (task := beat.facts.get("task")) and now - beat.at <= LONG:
        told = {"age": age(now - beat.at), "task": name_of(task)}
        return Line(name_of(path), _("for %(age)s at work on: %(task)s") % told, title=path)
    hint = _("Is “manage.py sweep” running?")
    return replace(_sign_of_life(name_of(path), beat, now, SILENT, hint), title=path)


def _task(every: str, path: str, beat: Heartbeat | None, now: datetime) -> Line:
    line = _sign_of_life(name_of(path), beat, now, DAYS, "")
    # Cleanings can wait for their next slot: nobody has to get up for one. What must hold and does not can't.
    return replace(line, level=line.level if path in ALARMING else line.level and "soon", title=path)


def _queue(name: str, beat: Heartbeat | None, now: datetime) -> Line:
    hint = _("Are beat and a worker of this queue running? Until then the sweeps do its work.")
    return _sign_of_life(name, beat, now, SILENT, hint)


def _sign_of_life(label: Text, beat: Heartbeat | None, now: datetime, longest: timedelta, hint: Text) -> Line:
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
