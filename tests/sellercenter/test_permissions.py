"""Rights: the vocabulary, the stock roles, and the actor that every verb asks for."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from sellercenter.models import Member, Role, check_perms
from sellercenter.permissions import (
    ALL_PERMS,
    BUYER,
    CHANNEL,
    STOCK_ROLES,
    SYSTEM,
    Actor,
    ActorKind,
    Perm,
    StockRole,
    actor_for,
    admin_actor,
)
from tests import make
from tests.conftest import ROLES

OWNERS_ALONE = {Perm.POLICIES_EDIT, Perm.EXPORTS_PRIVATE}
# Who may do what cannot be undone, or opens more doors.
DANGEROUS = {
    Perm.MEMBERS_MANAGE: {"manager"},
    Perm.VIEWS_SHARE: {"manager"},
    Perm.LOG_VIEW: {"manager"},
    Perm.IMPORTS_RUN: {"manager"},
    Perm.REFUNDS_CONFIRM: {"manager", "finance"},
    Perm.REFUNDS_MAKE: {"manager", "finance", "after_sales"},
    Perm.ORDERS_CANCEL: {"manager", "reviewer", "after_sales"},
    Perm.ORDERS_REVIEW: {"manager", "reviewer"},
    Perm.EXPORTS_CREATE: {"manager", "finance", "data"},
    Perm.PRIVATE_REVEAL: {"manager", "after_sales", "reviewer", "logistics", "service"},
    **{perm: set() for perm in sorted(OWNERS_ALONE)},
}


def test_every_right_reads_as_thing_and_deed():
    assert all(perm.count(".") == 1 and perm.islower() for perm in Perm.values)
    assert len({perm.label for perm in Perm}) == len(Perm)


def test_every_stock_role_is_a_set_of_known_rights_and_sees_orders():
    assert set(STOCK_ROLES) == set(StockRole)
    assert all(perms <= ALL_PERMS for perms in STOCK_ROLES.values())
    assert all(Perm.ORDERS_VIEW in perms for perms in STOCK_ROLES.values())


@pytest.mark.parametrize("perm", DANGEROUS)
def test_dangerous_rights_are_held_by_few(perm):
    assert {role.value for role, perms in STOCK_ROLES.items() if perm in perms} == DANGEROUS[perm]


def test_no_role_holds_what_the_manager_lacks_and_view_only_changes_nothing():
    assert ALL_PERMS - STOCK_ROLES[StockRole.MANAGER] == OWNERS_ALONE
    assert all(perms <= STOCK_ROLES[StockRole.MANAGER] for perms in STOCK_ROLES.values())
    assert all(perm.endswith(".view") for perm in STOCK_ROLES[StockRole.VIEW_ONLY])


def test_an_unknown_word_raises_instead_of_saying_no():
    for ask in (SYSTEM.may, SYSTEM.require, BUYER.may):
        with pytest.raises(ValueError, match=r"orders\.fly"):
            ask("orders.fly")


def test_an_actor_may_what_its_rights_say_and_nothing_else():
    clerk = Actor(ActorKind.MEMBER, "clerk", frozenset({Perm.ORDERS_NOTE.value}), 7)
    assert clerk.may(Perm.ORDERS_NOTE)
    assert not clerk.may(Perm.ORDERS_CANCEL)
    assert clerk.may_all([Perm.ORDERS_NOTE])
    assert not clerk.may_all([Perm.ORDERS_NOTE, Perm.ORDERS_CANCEL])
    clerk.require(Perm.ORDERS_NOTE)
    with pytest.raises(PermissionDenied):
        clerk.require(Perm.ORDERS_CANCEL)


def test_only_system_platform_and_buyer_come_from_outside():
    assert [actor.is_outside for actor in (SYSTEM, CHANNEL, BUYER, admin_actor("root"))] == [True, True, True, False]
    assert BUYER.perms == frozenset()


def test_an_actor_shows_its_rights_to_no_log():
    assert "orders." not in repr(SYSTEM)


@pytest.mark.django_db
def test_the_owner_holds_every_right_without_a_role(owner):
    assert owner.member.role is None
    assert owner.actor.perms == ALL_PERMS
    assert not owner.actor.is_outside


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_member_holds_the_rights_of_the_role(cast, role):
    assert cast[role].actor.perms == STOCK_ROLES[StockRole(role)]
    assert cast[role].actor.member_id == cast[role].member.pk


@pytest.mark.django_db
def test_who_is_disabled_holds_no_right(shop, owner):
    member = make.member(shop, StockRole.MANAGER)
    Member.objects.filter(pk=member.pk).update(disabled_at=make.NOW)
    assert actor_for(Member.objects.get(pk=member.pk)).perms == frozenset()
    owner.user.is_active = False
    owner.member.user = owner.user
    assert actor_for(owner.member).perms == frozenset()


@pytest.mark.django_db
def test_a_role_that_names_a_right_of_yesterday_grants_the_others(shop):
    role = make.role(shop, "orders.view", "orders.gone")
    member = make.member(shop, role)
    assert actor_for(member).perms == {"orders.view"}


def test_a_list_of_rights_with_an_unknown_word_is_refused():
    check_perms(["orders.view"])
    with pytest.raises(ValidationError, match=r"orders\.fly"):
        check_perms(["orders.view", "orders.fly"])


@pytest.mark.django_db
def test_each_shop_has_every_stock_role_once(shop, other_shop):
    for one in (shop, other_shop):
        assert sorted(Role.objects.for_shop(one).values_list("stock", flat=True)) == sorted(ROLES)
