"""What a new policy means for orders: nothing for those in flight, unless the owner wants their times anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import timers
from orders.lifecycle import ORDER
from orders.models import Order
from sellercenter import jobs, shops
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Job, JobItem, Member
from sellercenter.permissions import Actor, Perm

REPLAN = "orders.replan"


@transaction.atomic
def change(member: Member, *, values: dict[str, Any], seen: str, open_orders: bool, by: Actor) -> Event | None:
    """Change the policy of the member's shop; with `open_orders` jobs wind the clocks of what is open anew.

    Returns and raises as `shops.change_policy` does.
    """
    event = shops.change_policy(member.shop, values=values, seen=seen, by=by)
    if open_orders:
        for kind in settings.POLICY_JOBS:
            jobs.create(member.shop, kind, params={}, by=by, member=member)
    return event


def _prepare(job: Job) -> int:
    """Choose the orders that are open now; those that come later have the new times from the beginning."""
    return jobs.fill(job, Order.objects.for_shop(job.shop).filter(status__in=[*ORDER.timers]), label="number")


def _load(job: Job, keys: Sequence[int]) -> dict[int, Order]:
    return timers.lock_to_wind(job.shop, keys)


def _wind(job: Job, item: JobItem, order: Order, by: Actor) -> None:
    if order.status not in ORDER.timers:
        raise Refused(_("The order is over, so nothing waits for it any more."), "over")
    timers.wind_anew([order])


def _wind_all(job: Job, found: Sequence[tuple[JobItem, Order]], by: Actor) -> list[JobItem]:
    """Wind those that are still open; the others are told of one by one."""
    still = [(item, order) for item, order in found if order.status in ORDER.timers]
    timers.wind_anew([order for _item, order in still])
    return [item for item, _order in still]


JOB_KINDS = [
    jobs.JobKind(
        *(REPLAN, _("New times for open orders"), Perm.POLICIES_EDIT, _prepare, _load, _wind),
        act_all=_wind_all,
        record_url="order_detail",
    )
]
