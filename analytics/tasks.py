"""Tasks of the room of figures: thin, safe to run twice, each one verb."""

from celery import shared_task


@shared_task
def roll() -> int:
    """Work out the days that changed."""
    from sellercenter import sweeps

    return sweeps.turn("analytics.rollups.roll").handled
