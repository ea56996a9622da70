"""Tasks of the orders room: thin, safe to run twice, each one verb."""

from celery import shared_task


@shared_task
def forget_pasted_numbers() -> int:
    """Delete the pasted numbers that are too old to be opened again."""
    from orders import lookups

    return lookups.forget_old()
