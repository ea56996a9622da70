"""Tasks of the platform: thin, safe to run twice, each one verb."""

from celery import shared_task


@shared_task
def clear_ended_sessions() -> None:
    """Delete the sessions whose time is over."""
    from django.core.management import call_command

    call_command("clearsessions")


@shared_task(queue="jobs")
def run_jobs() -> int:
    """Work for one turn on the long work that people started."""
    from sellercenter import jobs

    return jobs.run_some(limit=100_000)
