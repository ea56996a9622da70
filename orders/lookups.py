"""Verbs on pasted numbers: keep them so that an address can name them, and forget them in time."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from orders.models import PastedNumbers
from sellercenter.models import Member

KEPT_FOR = timedelta(days=30)


def keep(member: Member, *, numbers: list[str]) -> PastedNumbers:
    """Keep pasted numbers for thirty days; the team can open the address that names them."""
    return PastedNumbers.objects.create(shop=member.shop, member=member, numbers=numbers)


def forget_old() -> int:
    """Delete what was pasted too long ago; returns how many lists were."""
    deleted, _per_model = PastedNumbers.objects.filter(pasted_at__lt=Now() - KEPT_FOR).delete()
    return deleted
