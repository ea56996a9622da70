"""Verbs on canned replies, and what their variables stand for in one conversation or review."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from aftersales.models import CannedReply
from aftersales.wording import fill_in
from orders.models import Order, Parcel
from sellercenter import events, money
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm

# So many of one use are offered beside an answer, and no more can be kept.
MOST = 100
MOST_WORDS = 1000
_SHORTCUT = re.compile(r"[\w-]{1,20}")


@transaction.atomic
def add(shop: Shop, *, use: str, shortcut: str, body: str, by: Actor) -> CannedReply:
    """Keep words under a shortcut of letters, digits, - and _; raises Refused when it is taken or makes no sense."""
    by.require(Perm.MESSAGES_ANSWER)
    values = _checked(use, shortcut, body)
    if CannedReply.objects.for_shop(shop).filter(use=use).count() >= MOST:
        raise Refused(_("There are %d replies already. Delete one first.") % MOST, "too_many")
    try:
        with transaction.atomic():
            canned = CannedReply.objects.create(shop=shop, **values)
    except IntegrityError:
        raise _taken(shortcut) from None
    events.record(shop, "canned.added", canned, by=by, use=use, shortcut=canned.shortcut)
    return canned


@transaction.atomic
def change(canned: CannedReply, *, use: str, shortcut: str, body: str, by: Actor) -> None:
    """Give a canned reply other words or another shortcut; raises as `add` does."""
    by.require(Perm.MESSAGES_ANSWER)
    values = _checked(use, shortcut, body)
    locked(canned)
    try:
        with transaction.atomic():
            CannedReply.objects.filter(pk=canned.pk).update(**values, changed_at=Now())
    except IntegrityError:
        raise _taken(shortcut) from None
    before, after = canned.shortcut, values["shortcut"]
    events.record(canned.shop, "canned.changed", canned, by=by, use=use, before=before, after=after)


@transaction.atomic
def remove(canned: CannedReply, *, by: Actor) -> None:
    """Delete a canned reply; what was sent with it stays as it is."""
    by.require(Perm.MESSAGES_ANSWER)
    events.record(canned.shop, "canned.removed", canned, by=by, use=canned.use, shortcut=canned.shortcut)
    canned.delete()


def _checked(use: str, shortcut: str, body: str) -> dict[str, str]:
    shortcut, body = shortcut.strip().lstrip("/").casefold(), body.replace("\0", "").strip()
    if not _SHORTCUT.fullmatch(shortcut):
        raise Refused(_("A shortcut has up to 20 letters, digits, - and _."), "bad_shortcut")
    if not body or len(body) > MOST_WORDS:
        raise Refused(_("Write at most %d characters.") % MOST_WORDS, "bad_words")
    return {"use": CannedReply.Use(use), "shortcut": shortcut, "body": body}


def _taken(shortcut: str) -> Refused:
    return Refused(_("The shortcut /%s is taken. Choose another one.") % shortcut.strip().lstrip("/"), "taken")


def offered(shop: Shop, use: str, values: dict[str, str]) -> list[dict[str, Any]]:
    """Return the canned replies of one use, filled in for one buyer: {id, shortcut, words}."""
    found = CannedReply.objects.for_shop(shop).filter(use=use).order_by("shortcut")[:MOST]
    return [{"id": one.pk, "shortcut": one.shortcut, "words": fill_in(one.body, values)} for one in found]


def values_of(shop: Shop, *, nickname: str, order: Order | None) -> dict[str, str]:
    """Return what the variables stand for: nothing private, and nothing for what is not known."""
    values = {"buyer": nickname, "shop": shop.name}
    if order is not None:
        parcels = Parcel.objects.for_shop(shop).filter(parts__order=order).exclude(tracking_no="")
        tracking = parcels.order_by("-pk").values_list("tracking_no", flat=True).first()
        values |= {"order": order.number, "amount": money.text(order.total_amount, order.currency)}
        values |= {"tracking": tracking or ""}
    return values
