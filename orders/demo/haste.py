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
    "case_answer": timedelta(minutes=3),
    "case_warning": timedelta(minutes=1),
    "offer_answer": timedelta(minutes=4),
    "return_window": timedelta(minutes=10),
    "inspect_within": timedelta(minutes=4),
    "resend_within": timedelta(minutes=15),
    "escalate_window": timedelta(minutes=5),
    "evidence_within": timedelta(minutes=6),
    "reply_within": timedelta(minutes=5),
}
TOLD = (
    f"{SHOP.name}: unpaid orders are reminded after 1 and 2 minutes and cancelled after 4; "
    "a case that nobody answers within 3 minutes is accepted."
)


def hasten() -> None:
    """Let the shop's owner set the clocks to minutes, those of payment and of cases, unless somebody has changed any.

    Orders and cases that are there keep their times.
    """
    owner = Member.objects.select_related("user", "role", "shop__policy").get(shop__code=SHOP.code, owner=True)
    policy = owner.shop.policy
    if all(getattr(policy, name) == ShopPolicy._meta.get_field(name).default for name in CLOCKS):  # type: ignore[union-attr]
        change_policy(owner.shop, values=CLOCKS, seen=policy_mark(policy), by=actor_for(owner))


def hasty() -> bool:
    """Say whether the shop's clocks run in minutes."""
    return ShopPolicy.objects.filter(shop__code=SHOP.code, **CLOCKS).exists()
