"""Tasks of the orders room: thin, safe to run twice, each one verb."""

from celery import shared_task


@shared_task
def fire_due() -> int:
    """Let the orders whose time is up take their next step."""
    from sellercenter import sweeps

    return sweeps.turn("orders.timers.fire_due").handled
