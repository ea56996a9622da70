"""Changing what a shop decided beforehand: its policies for problems, and its rules for new cases.

Both are short ordered lists, of which the first entry that fits counts. Every change is kept in the history of the
shop's policy, where it stays readable when the entry is gone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _

from aftersales import policies
from aftersales.models import CaseRule, Sop
from aftersales.states import Proposal
from orders.notices import language_of
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Shop, ShopPolicy
from sellercenter.permissions import SYSTEM, Actor, Perm

Entry = TypeVar("Entry", Sop, CaseRule)
# So many entries of each list a shop may keep: each new case is held against all of them.
MOST = 100
WORDS: dict[type[Sop] | type[CaseRule], str] = {Sop: "sop", CaseRule: "case_rule"}
# What an entry says, in the order in which it is typed.
FIELDS: dict[type[Sop] | type[CaseRule], tuple[str, ...]] = {
    Sop: ("problem", "proposal", "up_to", "percent", "coupon", "text", "active"),
    CaseRule: ("name", "kinds", "problems", "most_amount", "most_cases", "unshipped_only", "active"),
}
# All that may stand in the history of a policy.
CHANGES = tuple(f"{word}.{past}" for word in WORDS.values() for past in ("added", "changed", "moved", "removed"))


@transaction.atomic
def add(shop: Shop, model: type[Entry], *, values: dict[str, Any], by: Actor) -> Entry:
    """Add an entry at the end of its list.

    Raises ValidationError for values that no entry can have, Refused when the list is full or the name is taken.
    """
    by.require(Perm.POLICIES_EDIT)
    policy = _locked(shop)
    there = model.objects.for_shop(shop)
    if there.count() >= MOST:
        raise Refused(_("A list like this has at most %s entries.") % MOST, "too_many")
    last = there.aggregate(last=Max("position"))["last"] or 0
    entry = model(shop=shop, position=last + 1, **values)
    _check(entry)
    entry.save(force_insert=True)
    _record(policy, entry, "added", by=by, after=_plain(entry))
    return entry


@transaction.atomic
def change(entry: Sop | CaseRule, *, values: dict[str, Any], seen: str, by: Actor) -> None:
    """Give an entry new values; nothing is written when nothing differs.

    `seen` is the `mark` of what the writer saw: refused when somebody has changed it since. Raises ValidationError for
    values that no entry can have.
    """
    policy = _again(entry, seen=seen, by=by)
    before = _plain(entry)
    for name, value in values.items():
        setattr(entry, name, value)
    _check(entry)
    after = _plain(entry)
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        entry.save(update_fields=changed)
        told = {"before": {name: before[name] for name in changed}, "after": {name: after[name] for name in changed}}
        _record(policy, entry, "changed", by=by, **told)


@transaction.atomic
def remove(entry: Sop | CaseRule, *, seen: str, by: Actor) -> None:
    """Take an entry out of its list; cases that it was proposed for keep what it said. Refused as `change` is."""
    policy = _again(entry, seen=seen, by=by)
    _record(policy, entry, "removed", by=by, before=_plain(entry))
    entry.delete()


@transaction.atomic
def shift(entry: Sop | CaseRule, *, up: bool, by: Actor) -> None:
    """Let an entry change places with the one before it, or after it; harmless at the end of the list."""
    by.require(Perm.POLICIES_EDIT)
    policy, model = _locked(entry.shop), type(entry)
    listed: list[Sop | CaseRule] = list(model.objects.for_shop(entry.shop))
    here = next((place for place, one in enumerate(listed) if one.pk == entry.pk), None)
    if here is None:
        raise _gone()
    there = here - 1 if up else here + 1
    if not 0 <= there < len(listed):
        return
    listed[here], listed[there] = listed[there], listed[here]
    _number(listed)
    _record(policy, entry, "moved", by=by, before={"position": here + 1}, after={"position": there + 1})


@transaction.atomic
def use_defaults(shop: Shop, *, by: Actor) -> list[Sop]:
    """Give a shop without policies those that fit most shops; Refused when it has some of its own."""
    by.require(Perm.POLICIES_EDIT)
    policy = _locked(shop)
    if Sop.objects.for_shop(shop).exists():
        raise Refused(_("This shop has policies already."), "not_empty")
    with translation.override(language_of(shop)):
        made = Sop.objects.bulk_create(policies.defaults(shop))
    for one in made:
        _record(policy, one, "added", by=by, after=_plain(one))
    return made


class _NewShops:
    """Gives every shop that opens the policies with which most begin."""

    kinds = frozenset({"shop.opened"})

    def take(self, told: list[Event]) -> None:
        """Write the policies of shops that have none."""
        for event in told:
            if not Sop.objects.for_shop(event.shop).exists():
                use_defaults(event.shop, by=SYSTEM)


NEW_SHOPS = _NewShops()


def mark(entry: Sop | CaseRule) -> str:
    """Return a short mark that changes whenever the entry does; its place in the list does not count."""
    return hashlib.sha256(json.dumps([entry.pk, _plain(entry)]).encode()).hexdigest()[:16]


def _locked(shop: Shop) -> ShopPolicy:
    """Let one person at a time change what the shop decided."""
    return ShopPolicy.objects.select_for_update().get(shop=shop)


def _again(entry: Sop | CaseRule, *, seen: str, by: Actor) -> ShopPolicy:
    """Read an entry again under the lock, and refuse when it is not what the writer saw."""
    by.require(Perm.POLICIES_EDIT)
    policy = _locked(entry.shop)
    there = type(entry).objects.for_shop(entry.shop).filter(pk=entry.pk).first()
    if there is None:
        raise _gone()
    for name in ("position", *FIELDS[type(entry)]):
        setattr(entry, name, getattr(there, name))
    if mark(entry) != seen:
        raise Refused(_("Somebody changed this meanwhile. Look at it again, then repeat."), "changed_meanwhile")
    return policy


def _check(entry: Sop | CaseRule) -> None:
    """Refuse what no entry can say; the database takes a missing percentage for one that it can't judge."""
    if isinstance(entry, CaseRule):
        others = CaseRule.objects.for_shop(entry.shop).exclude(pk=entry.pk)
        # Somebody else may have taken it since the form was checked.
        if others.filter(name=entry.name).exists():
            raise Refused(_("Another rule has this name."), "name_taken")
    entry.full_clean()
    if isinstance(entry, Sop) and entry.proposal == Proposal.PARTIAL and not entry.percent:
        raise ValidationError({"percent": _("A partial refund needs a percentage from 1 to 99.")})


def _gone() -> Refused:
    return Refused(_("Somebody has taken this out of the list meanwhile."), "changed_meanwhile")


def _number(listed: Sequence[Sop | CaseRule]) -> None:
    """Number the entries as they stand; entries that were made elsewhere may share a number."""
    for place, one in enumerate(listed, start=1):
        if one.position != place:
            one.position = place
            one.save(update_fields=["position"])


def _record(policy: ShopPolicy, entry: Sop | CaseRule, past: str, *, by: Actor, **told: Any) -> None:
    told["entry"] = entry.pk
    if isinstance(entry, Sop):
        told |= {"problem": str(entry.problem), "proposal": str(entry.proposal)}
    else:
        told["name"] = entry.name
    events.record(entry.shop, f"{WORDS[type(entry)]}.{past}", policy, by=by, **told)


def _plain(entry: Sop | CaseRule) -> dict[str, Any]:
    """Return what an entry says, as the history keeps it."""
    said = {name: getattr(entry, name) for name in FIELDS[type(entry)]}
    return {name: _word(value) for name, value in said.items()}


def _word(value: Any) -> Any:
    if isinstance(value, list):
        return [str(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value if value is None or isinstance(value, (bool, int)) else str(value)
