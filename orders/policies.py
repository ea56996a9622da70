"""What a new policy means for orders: nothing for those in flight, unless the owner wants their times anew."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_duration
from django.utils.duration import duration_iso_string
from django.utils.translation import gettext_lazy as _

from orders import timers
from sellercenter import jobs, shops
from sellercenter.jobs import Progress
from sellercenter.models import Event, Job, Member, ShopPolicy
from sellercenter.permissions import Actor, Perm

REPLAN = "orders.replan"


@transaction.atomic
def change(member: Member, *, values: dict[str, Any], seen: str, open_orders: bool, by: Actor) -> Event | None:
    """Change the policy of the member's shop; with `open_orders` a job winds the clocks of open orders anew.

    Returns and raises as `shops.change_policy` does.
    """
    before = ShopPolicy.objects.get(shop_id=member.shop_id).ship_within
    event = shops.change_policy(member.shop, values=values, seen=seen, by=by)
    if open_orders:
        params = {"ship_within_before": before and duration_iso_string(before)}
        jobs.create(member.shop, REPLAN, params=params, by=by, member=member)
    return event


def _replan(job: Job, by: Actor, progress: Progress) -> dict[str, Any]:
    kept = job.params["ship_within_before"]
    before = parse_duration(kept) if kept else None
    return {"orders": timers.replan(job.shop, by=by, ship_within_before=before, tell=progress.tell)}


JOB_KINDS = [jobs.JobKind(REPLAN, _("New times for open orders"), Perm.POLICIES_EDIT, run=_replan)]
