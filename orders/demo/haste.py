"""The demo shop whose clocks run in minutes, so that whoever watches sees them ring."""

from __future__ import annotations

from datetime import timedelta

from orders.demo.markets import HARBOUR
from sellercenter.models import Member, ShopPolicy
from sellercenter.permissions import actor_for
from sellercenter.shops import change_policy, policy_mark

SHOP = HARBOUR
CLOCKS = {
    "first_reminder": timedelta(minutes=1),
    "second_reminder": timedelta(minutes=2),
    "payment_window": timedelta(minutes=4),
}
TOLD = f"{SHOP.name}: unpaid orders are reminded after 1 and 2 minutes and cancelled after 4."


def hasten() -> None:
    """Let the shop's owner set the clocks of payment to minutes, unless somebody has changed them before.

    Orders that are there keep their times.
    """
    owner = Member.objects.select_related("user", "role", "shop__policy").get(shop__code=SHOP.code, owner=True)
    policy = owner.shop.policy
    if all(getattr(policy, name) == ShopPolicy._meta.get_field(name).default for name in CLOCKS):  # type: ignore[union-attr]
        change_policy(owner.shop, values=CLOCKS, seen=policy_mark(policy), by=actor_for(owner))


def hasty() -> bool:
    """Say whether the shop's clocks run in minutes."""
    return ShopPolicy.objects.filter(shop__code=SHOP.code, **CLOCKS).exists()
