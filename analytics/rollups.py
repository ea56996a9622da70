"""Verbs on roll-ups: work out the days that changed, a whole history, and compare with what the records say.

Figures are replaced, never counted up. Whoever works a month of a shop out holds its lock until the end of the
transaction, takes the dirt away first and reads the records in a later statement: a change is either seen by that
statement, or its dirt is still to become visible and brings the next round here (`reliability.md` 2.10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, islice

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import rollup_sql
from analytics.measures import BASES
from analytics.models import DayFigure, Dirt
from analytics.rollup_sql import COLUMNS, DURATIONS, FIGURES, Run
from sellercenter import jobs
from sellercenter.crash import crash_here
from sellercenter.jobs import JobKind, Progress
from sellercenter.models import Job, Member, Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.sweeps import each

# So many days are worked out in one transaction: enough to be quick, so few that a kill costs little.
MOST_DAYS = 8
# So many days are compared each night.
COMPARED = 35
_LOCK_SPACE = 0x5E11


@dataclass(frozen=True)
class Waiting:
    """Days of one month of a shop that are to be worked out; those of today and yesterday by themselves."""

    shop_id: int
    month: date
    fresh: bool
    days: tuple[date, ...]


def roll(limit: int) -> int:
    """Work out the days whose first change is settings.FIGURES_SETTLE old, today's first; return how many there were.

    Any number of processes may do this at once: a month that somebody else works on is left to them.
    """
    left: set[tuple[int, date]] = set()

    def work_out(waiting: Waiting) -> int:
        # Left alone for this turn, unless it goes well: somebody else may be at it, or it fails.
        left.add((waiting.shop_id, waiting.month))
        handled = _roll_days(waiting)
        if handled:
            left.remove((waiting.shop_id, waiting.month))
        crash_here("figures.month_done")
        return handled

    rested = timedelta(seconds=settings.FIGURES_SETTLE)
    return each(islice(iter(lambda: _next(rested, left), None), -(-limit // MOST_DAYS)), work_out)


def _next(settled: timedelta, left: set[tuple[int, date]]) -> Waiting | None:
    """Return what is to be worked out next among that whose first change has settled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT dirt.shop_id, date_trunc('month', day)::date AS month,"
            " day >= (now() AT TIME ZONE shop.time_zone)::date - 1 AS fresh, array_agg(DISTINCT day)"
            " FROM analytics_dirt dirt JOIN sellercenter_shop shop ON shop.id = dirt.shop_id GROUP BY 1, 2, 3"
            " HAVING min(at) <= clock_timestamp() - make_interval(secs => %s) ORDER BY fresh DESC, min(at)",
            [settled.total_seconds()],
        )
        every = (
            Waiting(shop_id, month, fresh, tuple(days[:MOST_DAYS])) for shop_id, month, fresh, days in cursor.fetchall()
        )
        return next((one for one in every if (one.shop_id, one.month) not in left), None)


@transaction.atomic
def _roll_days(waiting: Waiting) -> int:
    _be_patient()
    if not _lock(waiting.shop_id, waiting.month, wait=False):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM analytics_dirt WHERE shop_id = %s AND day = ANY(%s) RETURNING day",
            [waiting.shop_id, list(waiting.days)],
        )
        days = sorted({day for (day,) in cursor.fetchall()})
    if days:
        crash_here("figures.dirt_taken")
        _replace(Shop.objects.get(pk=waiting.shop_id), waiting.month, days)
    return len(days)


@transaction.atomic
def recompute(shop: Shop, days: Sequence[date]) -> None:
    """Work out the figures of these days anew from the records."""
    _be_patient()
    for month, group in groupby(sorted(set(days)), key=lambda day: day.replace(day=1)):
        _lock(shop.pk, month, wait=True)
        _replace(shop, month, list(group))


def _be_patient() -> None:
    """Let the statements of this transaction take longer than those of a page, and wait for others who work here."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'; SET LOCAL lock_timeout = '10min'")


def _lock(shop_id: int, month: date, *, wait: bool) -> bool:
    """Hold the month of a shop until the transaction ends; without waiting, say whether that was possible."""
    slot = (shop_id % 2**15) * 2**16 + (month.year * 12 + month.month) % 2**16
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_{'' if wait else 'try_'}advisory_xact_lock(%s, %s)", [_LOCK_SPACE, slot])
        return wait or bool(cursor.fetchone()[0])


def _replace(shop: Shop, month: date, days: list[date]) -> None:
    """Write the rows of these days of one month, and of the month itself, in place of what stands there."""
    until = _next_month(month)
    with connection.cursor() as cursor:
        for table in (FIGURES, DURATIONS):
            cursor.execute(
                f"DELETE FROM {table} WHERE shop_id = %s AND (grain = 'd' AND day = ANY(%s)"
                " OR grain = 'm' AND day = %s)",
                [shop.pk, days, month],
            )
        for run in rollup_sql.runs(shop, days):
            sql, params = rollup_sql.figures(run)
            cursor.execute(
                f"INSERT INTO {FIGURES} (shop_id, grain, day, dimension, key, {', '.join(COLUMNS)})"
                f" SELECT %s, 'd', worked_out.* FROM ({sql}) worked_out",
                [shop.pk, *params],
            )
            sql, params = rollup_sql.durations(run)
            cursor.execute(
                f"INSERT INTO {DURATIONS} (shop_id, grain, span, day, dimension, key, buckets, counts)"
                f" SELECT %s, 'd', worked_out.* FROM ({sql}) worked_out",
                [shop.pk, *params],
            )
        cursor.execute(rollup_sql.months_of_figures(), [shop.pk, month, until])
        cursor.execute(rollup_sql.months_of_durations(), [shop.pk, month, until])


def _next_month(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


# --- The whole history ------------------------------------------------------------------------------------------------

REBUILD = "figures.rebuild"


@transaction.atomic
def ask_rebuild(shop: Shop, *, by: Actor, member: Member | None) -> Job:
    """Have the whole history worked out anew; while that is under way already, return the job that does it."""
    Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    begun = Job.objects.for_shop(shop).open().filter(kind=REBUILD).first()
    return begun or jobs.create(shop, REBUILD, params={}, by=by, member=member)


def months(shop: Shop) -> list[date]:
    """Return the months in which anything happened in the shop, and those that have figures."""
    edges: list[date] = []
    for basis in BASES:
        of_shop = basis.model._default_manager.filter(shop=shop)
        told = of_shop.aggregate(first=Min(basis.moment), last=Max(basis.moment))
        edges += [edge.astimezone(shop.zone).date() for edge in told.values() if edge]
    kept = DayFigure.objects.for_shop(shop).aggregate(first=Min("day"), last=Max("day"))
    edges += [edge for edge in kept.values() if edge]
    found: list[date] = []
    month = min(edges).replace(day=1) if edges else None
    while month is not None and month <= max(edges):
        found.append(month)
        month = _next_month(month)
    return found


def _rebuild(job: Job, by: Actor, progress: Progress) -> dict[str, int]:
    """Work out every day of the shop's history anew, some in each transaction; a repetition does no harm."""
    every, done = months(job.shop), 0
    total = sum((_next_month(month) - month).days for month in every)
    for month in every:
        for days in _parts(month):
            progress.tell(done, total)
            _rebuild_days(job.shop, days)
            done += len(days)
    progress.tell(total, total)
    return {"days": total}


def rebuild_month(shop: Shop, month: date) -> None:
    """Work out all days of one month anew, and forget what was to be done for them."""
    for days in _parts(month):
        _rebuild_days(shop, days)


def _parts(month: date) -> list[list[date]]:
    days = [month + timedelta(days=n) for n in range((_next_month(month) - month).days)]
    return [days[at : at + MOST_DAYS] for at in range(0, len(days), MOST_DAYS)]


@transaction.atomic
def _rebuild_days(shop: Shop, days: list[date]) -> None:
    """Work out days of one month."""
    _be_patient()
    month = days[0].replace(day=1)
    _lock(shop.pk, month, wait=True)
    Dirt.objects.filter(shop=shop, day__gte=days[0], day__lte=days[-1]).delete()
    _replace(shop, month, days)


JOB_KINDS = [JobKind(REBUILD, gettext_lazy("Work out all figures anew"), Perm.POLICIES_EDIT, run=_rebuild)]


# --- The nightly comparison -------------------------------------------------------------------------------------------


class Difference(Exception):
    """Figures that are not what the records say."""


def compare(shop: Shop, *, days: int = COMPARED, until: date | None = None) -> list[date]:
    """Return the days, of the last so many, whose figures differ from the records; days yet to be worked out aside.

    A month that is not the sum of its days is told by its first day. Each statement sees the records, the figures and
    the dirt by one view of the database.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE %s)::date", [shop.time_zone])
        last = until or cursor.fetchone()[0]
    every = [last - timedelta(days=n) for n in range(days)]
    found: set[date] = set()
    for month, group in groupby(sorted(every), key=lambda day: day.replace(day=1)):
        found |= _wrong_months(shop, month)
        part = list(group)
        for at in range(0, len(part), MOST_DAYS):
            found |= _wrong_days(shop, part[at : at + MOST_DAYS])
    return sorted(found)


@transaction.atomic
def _wrong_days(shop: Shop, days: list[date]) -> set[date]:
    """Return those of some days in a row whose rows are not what the records give."""
    _be_patient()
    run = Run(shop, days[0], days[-1])
    found: set[date] = set()
    for table, columns, (sql, params) in (
        (FIGURES, f"day, dimension, key, {', '.join(COLUMNS)}", rollup_sql.figures(run)),
        (DURATIONS, "span, day, dimension, key, buckets, counts", rollup_sql.durations(run)),
    ):
        kept = f"SELECT {columns} FROM {table} WHERE shop_id = %s AND grain = 'd' AND day >= %s AND day <= %s"
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH kept AS MATERIALIZED ({kept}), told AS MATERIALIZED ({sql})"
                " SELECT DISTINCT day FROM ((TABLE kept EXCEPT TABLE told) UNION ALL (TABLE told EXCEPT TABLE kept)) x"
                " WHERE day NOT IN (SELECT day FROM analytics_dirt WHERE shop_id = %s)",
                [shop.pk, run.first, run.last, *params, shop.pk],
            )
            found |= {day for (day,) in cursor.fetchall()}
    return found


def _wrong_months(shop: Shop, month: date) -> set[date]:
    """Return a month whose rows are not the sums of its days."""
    columns = ", ".join(COLUMNS)
    sums = ", ".join(f"sum({name}) AS {name}" for name in COLUMNS)
    told = (
        f"SELECT dimension, key, {sums} FROM {FIGURES} WHERE shop_id = %s AND grain = 'd' AND day >= %s AND day < %s"
        " GROUP BY dimension, key"
    )
    kept = f"SELECT dimension, key, {columns} FROM {FIGURES} WHERE shop_id = %s AND grain = 'm' AND day = %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH kept AS MATERIALIZED ({kept}), told AS MATERIALIZED ({told})"
            " SELECT 1 FROM ((TABLE kept EXCEPT TABLE told) UNION ALL (TABLE told EXCEPT TABLE kept)) x"
            " WHERE NOT EXISTS (SELECT 1 FROM analytics_dirt WHERE shop_id = %s AND day >= %s AND day < %s) LIMIT 1",
            [shop.pk, month, *(shop.pk, month, _next_month(month)) * 2],
        )
        return {month} if cursor.fetchone() else set()


def compare_all() -> int:
    """Compare the last days of every shop, and have days that differ worked out again; return how many were compared.

    Raises Difference when there was one, so that the health page shows it: it must never happen.
    """
    return each(Shop.objects.order_by("pk"), _compare_one)


def _compare_one(shop: Shop) -> int:
    found = compare(shop)
    if found:
        Dirt.objects.bulk_create([Dirt(shop=shop, day=day) for day in found])
        said = ", ".join(f"{shop.code} {day}" for day in found[:10])
        raise Difference(_("Figures differed from the records: %s") % said)
    return COMPARED
