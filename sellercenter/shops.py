"""Verbs on shops and their teams: open, add a sub-account, change a role, set a password, disable, enable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.duration import duration_iso_string
from django.utils.translation import gettext as _

from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Member, Role, Shop, ShopPolicy, User
from sellercenter.permissions import STOCK_ROLES, Actor, Perm


@transaction.atomic
def open_shop(
    *, code: str, name: str, currency: str, time_zone: str, owner: User, by: Actor, accent: str = "blue"
) -> Shop:
    """Open a shop with its owner, its policy and the stock roles."""
    shop = Shop(code=code, name=name, currency=currency, time_zone=time_zone, accent=accent)
    shop.full_clean()
    shop.save(force_insert=True)
    settle(shop, by=by)
    Member.objects.create(user=owner, shop=shop, owner=True, label=owner.get_full_name() or owner.username)
    events.record(shop, "shop.opened", shop, by=by, code=code, owner=owner.username)
    return shop


@transaction.atomic
def settle(shop: Shop, *, by: Actor) -> None:
    """Give a shop the policy and the stock roles that it lacks; harmless when it has them."""
    ShopPolicy.objects.get_or_create(shop=shop)
    for stock, perms in STOCK_ROLES.items():
        Role.objects.get_or_create(shop=shop, stock=stock, defaults={"perms": sorted(perms)})


@transaction.atomic
def change_policy(shop: Shop, *, values: dict[str, Any], seen: str, by: Actor) -> Event | None:
    """Give the shop's policy new values; orders in flight keep their times.

    `seen` is the `policy_mark` of the values that the writer saw: refused when somebody has changed them since. The
    event keeps what changed, before and after; without a change there is none. Raises ValidationError for values that
    no policy can have, TypeError for a name that is no part of it.
    """
    by.require(Perm.POLICIES_EDIT)
    if unknown := values.keys() - set(policy_parts()):
        raise TypeError(f"a policy has no {', '.join(sorted(unknown))}")
    policy = ShopPolicy.objects.select_for_update().get(shop=shop)
    if policy_mark(policy) != seen:
        said = _("Somebody changed the policy meanwhile. Compare with what is saved now, then save again.")
        raise Refused(said, "changed_meanwhile")
    before = {name: getattr(policy, name) for name in values}
    changed = [name for name, value in values.items() if before[name] != value]
    if not changed:
        return None
    for name in changed:
        setattr(policy, name, values[name])
    policy.full_clean(exclude=["shop"])
    policy.save(update_fields=changed)
    was, now = _told(before, changed), _told(values, changed)
    return events.record(shop, "policy.changed", policy, by=by, before=was, after=now)


def policy_parts() -> list[str]:
    """Return the names of everything that a policy says."""
    return [field.name for field in ShopPolicy._meta.fields if field.name not in ("id", "shop")]


def policy_mark(policy: ShopPolicy) -> str:
    """Return a short mark that changes whenever the policy does."""
    parts = policy_parts()
    said = json.dumps(_told({name: getattr(policy, name) for name in parts}, parts))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _told(values: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Write values of a policy as the history keeps them: lengths of time by ISO 8601, nothing as null."""
    return {name: _plain(values[name]) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    return value if value is None or isinstance(value, (int, str, list)) else str(value)


@transaction.atomic
def add_member(shop: Shop, *, username: str, password: str, label: str, role: Role, by: Actor) -> Member:
    """Create a sub-account with a login of its own and a role of this shop.

    Raises PermissionDenied without the right or when the role holds rights that the actor lacks; Refused when the
    name is taken; ValidationError when the name or the password is unfit.
    """
    _may_give(shop, role, by)
    user = User(username=username)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("This name is taken. Choose another one."), "name_taken") from None
    member = Member(shop=shop, user=user, role=role, label=label)
    member.full_clean(exclude=["shop", "user"])
    member.save(force_insert=True)
    events.record(shop, "member.added", member, by=by, username=username, role=role.label)
    return member


@transaction.atomic
def change_role(member: Member, *, role: Role, by: Actor) -> None:
    """Give a sub-account another role; it counts from the next page on."""
    member = _locked(member, by)
    _may_give(member.shop, role, by)
    if member.role_id == role.pk:
        return
    before, member.role = member.role_label, role
    member.save(update_fields=["role"])
    events.record(member.shop, "member.role_changed", member, by=by, before=before, after=role.label)


@transaction.atomic
def disable(member: Member, *, by: Actor) -> None:
    """Shut a sub-account out of the shop at once; what it did stays in the history."""
    member = _locked(member, by)
    if member.disabled_at is not None:
        raise Refused(_("%s is disabled already.") % member.label, "already_disabled")
    Member.objects.filter(pk=member.pk).update(disabled_at=Now())
    events.record(member.shop, "member.disabled", member, by=by)


@transaction.atomic
def enable(member: Member, *, by: Actor) -> None:
    """Let a disabled sub-account in again, with the role that it had."""
    member = _locked(member, by)
    if member.disabled_at is None:
        raise Refused(_("%s is not disabled.") % member.label, "not_disabled")
    Member.objects.filter(pk=member.pk).update(disabled_at=None)
    events.record(member.shop, "member.enabled", member, by=by)


@transaction.atomic
def set_password(member: Member, *, password: str, by: Actor) -> None:
    """Give a sub-account a new password; every session of it ends.

    Refused for people who also work in another shop or administrate the platform: one shop must not open another.
    """
    member = _locked(member, by)
    user = member.user
    if user.is_staff or user.memberships.exclude(pk=member.pk).exists():
        raise Refused(_("This person also works elsewhere and must change the password themselves."), "shared_account")
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    events.record(member.shop, "member.password_set", member, by=by)


def manageable(member: Member, *, by: Actor) -> bool:
    """Say whether the actor could change this member: never the owner, oneself, or somebody with more rights."""
    if member.owner or member.pk == by.member_id or not by.may(Perm.MEMBERS_MANAGE):
        return False
    return by.may_all(_known(member.role.perms)) if member.role else True


def grantable_roles(shop: Shop, *, by: Actor) -> list[Role]:
    """Return the shop's roles that hold no right which the actor lacks."""
    return [role for role in Role.objects.for_shop(shop) if by.may_all(_known(role.perms))]


def _known(perms: Iterable[str]) -> list[str]:
    return [perm for perm in perms if perm in Perm.values]


def _may_give(shop: Shop, role: Role, by: Actor) -> None:
    by.require(Perm.MEMBERS_MANAGE)
    if role.shop_id != shop.pk:
        raise PermissionDenied("the role belongs to another shop")
    if not by.may_all(_known(role.perms)):
        raise PermissionDenied(f"{by.label} can't give a role with rights that they lack")


def _locked(member: Member, by: Actor) -> Member:
    """Lock the member's row and refuse what nobody may do."""
    locked = Member.objects.select_for_update(of=("self",)).select_related("shop", "role", "user").get(pk=member.pk)
    by.require(Perm.MEMBERS_MANAGE)
    if locked.owner:
        raise Refused(_("The owner can't be changed or disabled here."), "owner")
    if locked.pk == by.member_id:
        raise Refused(_("You can't change your own account. Ask another manager."), "self")
    if not manageable(locked, by=by):
        raise PermissionDenied(f"{by.label} holds fewer rights than {locked.label}")
    return locked
