"""Tasks of the platform: thin, safe to run twice, each one verb."""

from celery import shared_task


@shared_task
def heartbeat(queue: str) -> None:
    """Say that this queue is served, from its beginning to its end."""
    from sellercenter import heartbeats

    heartbeats.beat(f"queue:{queue}")


@shared_task
def run_timetable() -> int:
    """Do the calendar work whose slot nobody has taken yet."""
    from sellercenter import sweeps

    return sweeps.turn("sellercenter.timetable.run_due").handled


@shared_task
def fan_out() -> int:
    """Tell everybody who must be told of what happened."""
    from sellercenter import sweeps

    return sweeps.turn("sellercenter.outbox.fan_out").handled


@shared_task
def send_messages() -> int:
    """Send the messages to buyers that are due."""
    from sellercenter import sweeps

    return sweeps.turn("sellercenter.outgoing.send_due").handled


@shared_task
def run_jobs() -> int:
    """Work for one turn on the long work that people started."""
    from sellercenter import jobs

    return jobs.run_some(limit=100_000)


@shared_task
def run_files() -> int:
    """Write one file that somebody asked for, or read one that somebody brought."""
    from sellercenter import jobs

    return jobs.run_files(limit=100_000)
