"""What the demo shops decided beforehand: policies, rules, canned replies and the limit of refunds."""

from __future__ import annotations

from decimal import Decimal

from aftersales.demo.scenes import words_of
from aftersales.models import CannedReply, CaseRule, Sop
from aftersales.policy_changes import use_defaults
from orders.demo.markets import Market
from sellercenter.models import Shop, ShopPolicy
from sellercenter.permissions import SYSTEM

# Above this a second person confirms a refund.
_LIMITS = {"CNY": Decimal(500), "GBP": Decimal(120)}


def settle(market: Market, shop: Shop) -> list[Sop]:
    """Give the shop what it has not decided yet, and return its policies for problems."""
    words = words_of(market)
    if not Sop.objects.for_shop(shop).exists():
        use_defaults(shop, by=SYSTEM)
    if not CaseRule.objects.for_shop(shop).exists():
        CaseRule.objects.bulk_create(
            CaseRule(
                **{"shop": shop, "name": name, "position": place, "kinds": kinds, "problems": problems},
                **{"most_amount": amount, "most_cases": cases, "active": active},
            )
            for place, (name, kinds, problems, amount, cases, active) in enumerate(words.RULES, start=1)
        )
    if not CannedReply.objects.for_shop(shop).exists():
        CannedReply.objects.bulk_create(
            CannedReply(shop=shop, use=use, shortcut=shortcut, body=body) for use, shortcut, body in words.CANNED
        )
    if shop.policy.refund_limit is None:
        ShopPolicy.objects.filter(shop=shop).update(refund_limit=_LIMITS[market.currency])
        shop.policy.refund_limit = _LIMITS[market.currency]
    return list(Sop.objects.for_shop(shop).filter(active=True))
