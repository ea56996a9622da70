"""Verbs on buyers: the words by which the team remembers them."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from orders.models import Buyer
from sellercenter import events
from sellercenter.lifecycle import Refused, locked
from sellercenter.permissions import Actor, Perm

MOST_TAGS, MOST_CHARACTERS = 20, 30


@transaction.atomic
def tag(buyer: Buyer, *, word: str, by: Actor) -> None:
    """Give a buyer a tag; one that is there already, in whatever case, changes nothing.

    Refused for more than 20 tags, or one of more than 30 characters.
    """
    by.require(Perm.ORDERS_NOTE)
    word = " ".join(word.replace("\0", "").split())
    if not word or len(word) > MOST_CHARACTERS:
        raise Refused(_("A tag has 1 to %d characters.") % MOST_CHARACTERS, "bad_tag")
    locked(buyer)
    if word.casefold() in {one.casefold() for one in buyer.tags}:
        return
    if len(buyer.tags) >= MOST_TAGS:
        raise Refused(_("A buyer has at most %d tags. Take one away first.") % MOST_TAGS, "too_many")
    _write(buyer, [*buyer.tags, word])
    events.record(buyer.shop, "buyer.tagged", buyer, by=by, tag=word)


@transaction.atomic
def untag(buyer: Buyer, *, word: str, by: Actor) -> None:
    """Take a tag away from a buyer; one that is not there changes nothing."""
    by.require(Perm.ORDERS_NOTE)
    locked(buyer)
    if word not in buyer.tags:
        return
    _write(buyer, [one for one in buyer.tags if one != word])
    events.record(buyer.shop, "buyer.untagged", buyer, by=by, tag=word)


def _write(buyer: Buyer, tags: list[str]) -> None:
    buyer.tags = tags
    buyer.save(update_fields=["tags"])
