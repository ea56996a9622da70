"""Chores of the timetable: what nobody needs any more is deleted, in batches; and what must hold is checked."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command
from django.db.models import QuerySet
from django.db.models.functions import Now

from sellercenter import invariants
from sellercenter.heartbeats import Failed
from sellercenter.models import Job, JobItem, Notification, Tick

TICKS_KEPT = timedelta(days=30)
NOTIFICATIONS_KEPT = timedelta(days=90)
JOBS_KEPT = timedelta(days=30)
BATCH = 1000


def clear_ended_sessions() -> int:
    """Delete the sessions whose time is over; Django does not say how many they were."""
    call_command("clearsessions")
    return 0


def clear_old_ticks() -> int:
    """Delete the slots of calendar work that are 30 days old; return how many."""
    return _delete(Tick.objects.filter(slot__lt=Now() - TICKS_KEPT))


def clear_read_notifications() -> int:
    """Delete the notices that somebody read and that are 90 days old; unread ones stay. Return how many."""
    return _delete(Notification.objects.filter(read_at__isnull=False, created_at__lt=Now() - NOTIFICATIONS_KEPT))


def clear_finished_jobs() -> int:
    """Delete the jobs that ended 30 days ago with their results; return how many jobs."""
    ended = Job.objects.filter(finished_at__lt=Now() - JOBS_KEPT)
    _delete(JobItem.objects.filter(job__in=ended))
    return _delete(ended)


def check_invariants() -> int:
    """Ask whether everything holds that must; raises Failed with the codes of what does not."""
    if broken := invariants.check():
        raise Failed(f"not everything holds: {', '.join(one.code for one in broken)}")
    return 0


def _delete(rows: QuerySet) -> int:
    """Delete the rows in short statements, so that nobody waits for a long one."""
    deleted = 0
    while batch := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=batch).delete()
        deleted += len(batch)
    return deleted
