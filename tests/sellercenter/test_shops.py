"""Verbs on shops and their teams; after every refusal nothing has changed."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from sellercenter import shops
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Member, Role, Shop, ShopPolicy, User
from sellercenter.permissions import STOCK_ROLES, SYSTEM, Perm, StockRole, actor_for
from tests import make
from tests.conftest import PASSWORD, ROLES, Person, fresh, told, url

pytestmark = pytest.mark.django_db
GOOD = "correct-horse-battery"


def everything():
    """Return what verbs on teams could change."""
    people = User.objects.order_by("pk").values_list("pk", "username", "password", "is_active")
    members = Member.objects.order_by("pk").values_list("pk", "role", "owner", "disabled_at", "label", "shop")
    return list(people), list(members), Event.objects.count(), Shop.objects.count()


@contextmanager
def refusing(error, code=None):
    """Assert that a verb refuses and that nothing changes by it."""
    before = everything()
    with pytest.raises(error) as caught, transaction.atomic():
        yield
    if code:
        assert caught.value.code == code
    assert everything() == before


def role_of(shop, stock):
    return Role.objects.get(shop=shop, stock=stock)


def test_a_new_shop_has_its_owner_its_clocks_and_every_stock_role():
    shop = make.shop("fresh")
    assert [(one.owner, one.user.username) for one in shop.members.all()] == [(True, "fresh-owner")]
    assert ShopPolicy.objects.get(shop=shop).payment_window.total_seconds() == 48 * 3600
    assert {role.stock: frozenset(role.perms) for role in shop.roles.all()} == {
        stock.value: frozenset(str(perm) for perm in perms) for stock, perms in STOCK_ROLES.items()
    }
    assert told(shop) == ["shop.opened"]


def test_settling_a_shop_again_changes_nothing(shop):
    role_of(shop, "data").members.all()
    Role.objects.filter(shop=shop, stock="data").update(perms=["orders.view"])
    before = list(Role.objects.values_list("pk", "perms"))
    shops.settle(shop, by=SYSTEM)
    assert list(Role.objects.values_list("pk", "perms")) == before


NO_SHOPS = [
    *({"code": "Not a slug"}, {"code": "lanting"}, {"currency": "XXX"}, {"time_zone": "Mars/Olympus"}),
    *({"accent": "plaid"}, {"name": ""}),
]


@pytest.mark.parametrize("wrong", NO_SHOPS, ids=str)
def test_a_shop_of_nonsense_is_not_opened(shop, nobody, wrong):
    told_so = {"code": "ok", "name": "Ok", "currency": "USD", "time_zone": "UTC", **wrong}
    with refusing(ValidationError):
        shops.open_shop(**told_so, owner=nobody.user, by=SYSTEM)


def test_a_shop_has_one_owner(shop, nobody):
    with refusing(IntegrityError):
        Member.objects.create(shop=shop, user=nobody.user, owner=True, label="second")


def test_a_sub_account_is_added_with_a_login_and_a_role(shop, owner):
    member = shops.add_member(
        shop, username="xiaoli", password=GOOD, label="小李", role=role_of(shop, "shipping"), by=owner.actor
    )
    assert (member.label, member.owner, member.role.stock, member.active) == ("小李", False, "shipping", True)
    assert member.user.check_password(GOOD)
    assert told(member) == ["member.added"]
    event = Event.objects.get(kind="member.added", subject_id=member.pk)
    assert event.data == {"username": "xiaoli", "role": "Shipping"}
    assert GOOD not in str(event.data)


NO_PEOPLE = [
    *({"password": "short"}, {"password": "123456789012"}, {"username": "xiaoli-shop", "password": "xiaoli-shop1"}),
    *({"username": ""}, {"username": "a b"}, {"label": ""}, {"label": "x" * 61}, {"username": "lanting-owner"}),
]


@pytest.mark.parametrize("wrong", NO_PEOPLE, ids=str)
def test_a_sub_account_of_nonsense_is_not_added(shop, owner, wrong):
    told_so = {"username": "xiaoli", "password": GOOD, "label": "L", **wrong}
    with refusing(ValidationError):
        shops.add_member(shop, **told_so, role=role_of(shop, "data"), by=owner.actor)


def test_only_who_manages_people_adds_one(shop, cast):
    for name in ROLES[1:]:
        with refusing(PermissionDenied):
            shops.add_member(
                shop, username="x", password=GOOD, label="X", role=role_of(shop, "view_only"), by=cast[name].actor
            )


def test_nobody_gives_a_role_with_rights_that_they_lack(shop, manager):
    mighty = make.role(shop, Perm.ORDERS_VIEW, Perm.POLICIES_EDIT)
    member = make.member(shop)
    with refusing(PermissionDenied):
        shops.add_member(shop, username="x", password=GOOD, label="X", role=mighty, by=manager.actor)
    with refusing(PermissionDenied):
        shops.change_role(member, role=mighty, by=manager.actor)
    assert mighty not in shops.grantable_roles(shop, by=manager.actor)


@pytest.mark.parametrize("actor", ["owner", *ROLES])
def test_who_may_give_whom_which_role(shop, cast, actor):
    """The whole cube of actor, target and new role: nobody touches who holds more, nobody gives what they lack."""
    by, roles = cast[actor].actor, {role.stock: role for role in Role.objects.for_shop(shop)}
    manages = by.may(Perm.MEMBERS_MANAGE)
    for target in ROLES:
        victim = make.member(shop, roles[target]) if target == actor else cast[target].member
        # Who may not manage people at all is refused before any role is looked at.
        for new in ROLES if manages else ROLES[:2]:
            with transaction.atomic():
                if manages and STOCK_ROLES[StockRole(target)] | STOCK_ROLES[StockRole(new)] <= by.perms:
                    shops.change_role(victim, role=roles[new], by=by)
                    assert Member.objects.get(pk=victim.pk).role_id == roles[new].pk
                else:
                    with pytest.raises(PermissionDenied):
                        shops.change_role(victim, role=roles[new], by=by)
                transaction.set_rollback(True)
        assert fresh(victim).role_id == roles[target].pk


def test_a_changed_role_is_told_with_before_and_after(shop, owner):
    member = make.member(shop, StockRole.DATA)
    shops.change_role(member, role=role_of(shop, "finance"), by=owner.actor)
    shops.change_role(member, role=role_of(shop, "finance"), by=owner.actor)
    assert told(member) == ["member.added", "member.role_changed"]
    assert Event.objects.get(kind="member.role_changed").data == {"before": "Data", "after": "Finance"}


def test_a_role_of_another_shop_is_refused(shop, other_shop, owner):
    member = make.member(shop)
    with refusing(PermissionDenied):
        shops.change_role(member, role=role_of(other_shop, "data"), by=owner.actor)
    with refusing(PermissionDenied):
        shops.add_member(shop, username="x", password=GOOD, label="X", role=role_of(other_shop, "data"), by=owner.actor)


def test_nobody_changes_the_owner(shop, owner, manager):
    for by in (manager.actor, SYSTEM):
        for verb in (shops.disable, shops.enable):
            with refusing(Refused, "owner"):
                verb(owner.member, by=by)
        with refusing(Refused, "owner"):
            shops.set_password(owner.member, password=GOOD, by=by)
        with refusing(Refused, "owner"):
            shops.change_role(owner.member, role=role_of(shop, "data"), by=by)


def test_nobody_changes_themselves(shop, manager):
    with refusing(Refused, "self"):
        shops.disable(manager.member, by=manager.actor)
    with refusing(Refused, "self"):
        shops.set_password(manager.member, password=GOOD, by=manager.actor)
    with refusing(Refused, "self"):
        shops.change_role(manager.member, role=role_of(shop, "data"), by=manager.actor)


def test_who_is_disabled_is_out_with_the_next_click_and_comes_back_with_the_same_role(shop, owner):
    member = make.member(shop, StockRole.SHIPPING)

    worker = Person(member.user, member)
    assert worker.get(url("order_list", shop)).code == 200
    shops.disable(member, by=owner.actor)
    assert worker.get(url("order_list", shop)).code == 404
    with refusing(Refused, "already_disabled"):
        shops.disable(member, by=owner.actor)
    shops.enable(member, by=owner.actor)
    assert worker.get(url("order_list", shop)).code == 200
    with refusing(Refused, "not_disabled"):
        shops.enable(member, by=owner.actor)
    assert told(member) == ["member.added", "member.disabled", "member.enabled"]
    assert fresh(member).role.stock == "shipping"


def test_a_changed_role_counts_from_the_next_click(shop, owner):

    member = make.member(shop, StockRole.REVIEWER)
    worker, order = Person(member.user, member), make.order(shop, "to_review")
    shops.change_role(member, role=role_of(shop, "view_only"), by=owner.actor)
    assert worker.post(url("order_approve", order)).code == 403
    assert fresh(order).status == "to_review"


def test_a_new_password_ends_every_session(shop, owner):

    member = make.member(shop)
    worker = Person(member.user, member)
    assert worker.get(url("order_list", shop)).code == 200
    shops.set_password(member, password=GOOD, by=owner.actor)
    assert worker.get(url("order_list", shop)).code == 302
    assert fresh(member.user).check_password(GOOD)
    assert told(member) == ["member.added", "member.password_set"]


def test_a_weak_password_is_refused(shop, owner):
    member = make.member(shop)
    for weak in ("short", "123456789012", "password1234"):
        with refusing(ValidationError):
            shops.set_password(member, password=weak, by=owner.actor)


def test_one_shop_sets_no_password_of_a_person_who_also_works_elsewhere(shop, other_shop, owner):
    member = make.member(shop)
    Member.objects.create(shop=other_shop, user=member.user, role=role_of(other_shop, "data"), label="also here")
    with refusing(Refused, "shared_account"):
        shops.set_password(member, password=GOOD, by=owner.actor)
    administrator = make.member(shop)
    User.objects.filter(pk=administrator.user_id).update(is_staff=True)
    with refusing(Refused, "shared_account"):
        shops.set_password(administrator, password=GOOD, by=owner.actor)


def test_the_owner_of_one_shop_is_nobody_in_another(shop, stranger):
    member = make.member(shop)
    response = stranger.post(url("member_disable", member))
    assert response.code == 404
    assert fresh(member).disabled_at is None


def test_a_manager_does_not_touch_somebody_with_more_rights(shop, manager):
    chief = make.member(shop, make.role(shop, *Perm.values))
    assert not shops.manageable(chief, by=manager.actor)
    for verb in (shops.disable, shops.enable):
        with refusing(PermissionDenied):
            verb(chief, by=manager.actor)
    with refusing(PermissionDenied):
        shops.set_password(chief, password=GOOD, by=manager.actor)


def test_the_verb_asks_the_database_and_not_the_copy_in_hand(shop, owner, manager):
    stale = make.member(shop, StockRole.DATA)
    shops.change_role(stale, role=make.role(shop, *Perm.values), by=owner.actor)
    with pytest.raises(PermissionDenied):
        shops.disable(stale, by=manager.actor)
    assert fresh(stale).disabled_at is None
    assert actor_for(fresh(stale)).may(Perm.POLICIES_EDIT)
    assert PASSWORD not in str(list(Event.objects.values_list("data", flat=True)))
