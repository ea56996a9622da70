"""The pages about people: listing, adding, changing, switching off."""

from __future__ import annotations

import pytest

from sellercenter.models import Member, Role, User
from sellercenter.permissions import StockRole
from tests import make
from tests.conftest import PASSWORD, Person, fresh, told, url

pytestmark = pytest.mark.django_db
GOOD = "correct-horse-battery"


def sent(shop, **changes):
    role = Role.objects.get(shop=shop, stock="shipping")
    return {"label": "小李", "username": "xiaoli", "password": GOOD, "role": role.pk, **changes}


def test_the_list_shows_everybody_of_this_shop_the_owner_first(shop, owner, other_shop):
    make.member(other_shop, label="Foreigner")
    answer = owner.get(url("member_list", shop)).says("Some manager").says("lanting-shipping").says("never")
    rows = answer.context["members"]
    assert (rows[0]["owner"], rows[0]["you"], rows[0]["edit_url"], len(rows)) == (True, True, "", 12)
    answer.keeps_quiet_about("Foreigner").keeps_quiet_about("harbour")


def test_a_manager_sees_no_door_to_the_owner_nor_to_themselves(shop, manager):
    rows = manager.get(url("member_list", shop)).context["members"]
    assert [row["name"] for row in rows if not row["edit_url"]] == ["lanting-owner", "Some manager"]


def test_a_person_is_added_and_can_sign_in_and_work(shop, owner):
    owner.post(url("member_add", shop), sent(shop)).says("小李 can sign in now.")
    member = Member.objects.get(user__username="xiaoli")
    assert (member.role.stock, told(member)) == ("shipping", ["member.added"])
    worker = Person()
    worker.post("/login", {"username": "xiaoli", "password": GOOD}).says("To do")
    assert worker.get(url("member_list", shop)).code == 403


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"username": "lanting-OWNER"}, "This name is taken. Choose another one."),
        ({"username": "a b"}, "Enter a valid username."),
        ({"password": "short"}, "This password is too short."),
        ({"password": "password1234"}, "This password is too common."),
        ({"label": ""}, "This field is required."),
        ({"role": ""}, "This field is required."),
        ({"role": "999999"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_at_the_form_and_what_was_typed_is_kept(shop, owner, wrong, said):
    before = User.objects.count()
    answer = owner.post(url("member_add", shop), sent(shop, **wrong))
    assert (answer.code, User.objects.count()) == (422, before)
    assert said in answer.text
    assert f'value="{sent(shop, **wrong)["username"]}"' in answer.text
    assert GOOD not in answer.text


def test_only_roles_that_one_may_give_are_offered_and_no_other_is_taken(shop, manager, other_shop):
    mighty = make.role(shop, "policies.edit", name="mighty")
    foreign = Role.objects.get(shop=other_shop, stock="data")
    page = manager.get(url("member_add", shop)).keeps_quiet_about("mighty")
    assert f'value="{foreign.pk}"' not in page.text
    for role in (mighty, foreign):
        assert manager.post(url("member_add", shop), sent(shop, role=role.pk)).code == 422
    assert not User.objects.filter(username="xiaoli").exists()


def test_a_role_is_changed(shop, owner):
    member = make.member(shop, StockRole.DATA)
    finance = Role.objects.get(shop=shop, stock="finance")
    owner.post(url("member_change", member), {"role": finance.pk}).says(f"The role of {member.label} is changed.")
    assert fresh(member).role == finance


def test_a_role_of_another_shop_is_not_taken(shop, other_shop, owner):
    member = make.member(shop, StockRole.DATA)
    foreign = Role.objects.get(shop=other_shop, stock="finance")
    assert owner.post(url("member_change", member), {"role": foreign.pk}).code == 422
    assert fresh(member).role.stock == "data"


def test_the_page_of_somebody_who_cannot_be_changed_offers_nothing_that_would_be_refused(shop, owner, manager):
    for who, target in ((manager, owner.member), (manager, manager.member), (owner, owner.member)):
        page = who.get(url("member_change", target)).says(target.label)
        page.keeps_quiet_about(f'action="{url("member_password", target)}"').keeps_quiet_about("Change role")


def test_a_person_is_switched_off_and_on(shop, owner):
    member = make.member(shop)
    owner.post(url("member_disable", member)).says(f"{member.label} can't enter this shop any more.").says(
        "Switched off"
    )
    assert fresh(member).disabled_at is not None
    owner.post(url("member_disable", member)).says(f"{member.label} is disabled already.")
    owner.post(url("member_enable", member)).says(f"{member.label} can enter this shop again.")
    assert fresh(member).disabled_at is None


def test_refusals_about_the_owner_and_oneself_are_said_in_words(shop, owner, manager):
    manager.post(url("member_disable", owner.member)).says("The owner can't be changed or disabled here.")
    manager.post(url("member_disable", manager.member)).says("You can't change your own account.")
    role = Role.objects.get(shop=shop, stock="data")
    answer = manager.post(url("member_change", manager.member), {"role": role.pk})
    assert (answer.code, fresh(manager.member).role.stock) == (422, "manager")


def test_a_password_is_set_and_a_weak_one_is_refused_in_words(shop, owner):
    member = make.member(shop)
    owner.post(url("member_password", member), {"password": "short"}).says("This password is too short.")
    assert fresh(member.user).check_password(PASSWORD)
    owner.post(url("member_password", member), {"password": GOOD}).says(f"{member.label} has a new password.")
    assert fresh(member.user).check_password(GOOD)


def test_an_owner_of_two_shops_chooses_where_to_go(shop, other_shop, stranger):
    Member.objects.create(shop=shop, user=stranger.user, role=Role.objects.get(shop=shop, stock="data"), label="guest")
    stranger.get("/").says("Choose a shop").says("兰亭茶社").says("Harbour Prints")
    stranger.get(url("home", shop)).says("Change shop")


def test_who_is_in_one_shop_goes_there_at_once_and_who_is_in_none_is_told_what_to_do(shop, owner, nobody):
    assert owner.get("/").headers["Location"] == url("home", shop)
    nobody.get("/").says("You are in no shop yet. Ask the owner of the shop to add you.")
