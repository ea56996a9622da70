"""Records of exports for tests of other things."""

from __future__ import annotations

from sellercenter.models import ExportRule, Shop


def export_rule(shop: Shop, **values: str) -> ExportRule:
    """Keep a rule of the shop's owner that rests."""
    told = {"name": "Every day", "source": "orders", "layout": "orders", **values}
    return ExportRule.objects.create(shop=shop, member=shop.members.get(owner=True), **told)
