"""Verbs on pasted numbers: keep them so that an address can name them, and forget them in time."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders.models import PastedNumbers
from sellercenter.lifecycle import Refused
from sellercenter.models import Member, Shop

KEPT_FOR = timedelta(days=30)


def keep(member: Member, *, numbers: list[str]) -> PastedNumbers:
    """Keep pasted numbers for thirty days; the team can open the address that names them."""
    return PastedNumbers.objects.create(shop=member.shop, member=member, numbers=numbers)


def kept(shop: Shop, key: str) -> PastedNumbers:
    """Return the pasted numbers that an address names; raises Refused when the shop has none of that key."""
    try:
        return PastedNumbers.objects.for_shop(shop).get(pk=int(key))
    except (PastedNumbers.DoesNotExist, ValueError, OverflowError):
        raise Refused(_("These pasted numbers are gone. Paste them again."), "list_gone") from None


def forget_old() -> int:
    """Delete what was pasted too long ago; returns how many lists were."""
    deleted, _per_model = PastedNumbers.objects.filter(pasted_at__lt=Now() - KEPT_FOR).delete()
    return deleted
