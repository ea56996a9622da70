"""Tasks of the after-sales room: thin, safe to run twice, each one verb."""

from celery import shared_task


@shared_task
def ask_for_refunds() -> int:
    """Ask for the refunds that are owed without a case."""
    from sellercenter import sweeps

    return sweeps.turn("aftersales.refunds.make_owed").handled


@shared_task
def pay_refunds() -> int:
    """Hand refunds to the gateway, and ask what became of them."""
    from sellercenter import sweeps

    return sweeps.turn("aftersales.paying.pay_due").handled
