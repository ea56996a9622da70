"""Entering and leaving, the language, the theme and one's own password."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session

from sellercenter.models import User
from tests.conftest import PASSWORD, Person, fresh, url

pytestmark = pytest.mark.django_db
ELSEWHERE = [
    *("https://evil.example/", "//evil.example", "///evil.example", "http:///evil.example", "javascript:alert(1)"),
    *("\\\\evil.example", "/\\evil.example", "https:evil.example", "\thttps://evil.example", "ftp://evil.example"),
]


def sign_in(person, username="lanting-owner", password=PASSWORD, **more):
    return person.post("/login", {"username": username, "password": password, **more})


def test_a_person_signs_in_to_the_shop_and_out_again(shop, owner):
    visitor = Person()
    sign_in(visitor).says("兰亭茶社").says("To do")
    visitor.post("/logout").says("Sign in")
    assert visitor.get(url("home", shop)).code == 302


def test_the_key_of_the_session_changes_at_the_door(owner):
    visitor = Person()
    visitor.get("/login")
    visitor.browser.cookies["session"] = "planted"
    sign_in(visitor)
    assert visitor.browser.cookies["session"].value != "planted"
    assert Session.objects.filter(session_key=visitor.browser.cookies["session"].value).exists()
    assert not Session.objects.filter(session_key="planted").exists()


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "unknown"}, {"password": ""}, {"username": ""}])
def test_a_wrong_name_and_a_wrong_password_are_answered_alike(owner, wrong):
    visitor = Person()
    answer = sign_in(visitor, **wrong)
    assert answer.code == 200
    assert "session" not in visitor.browser.cookies
    if all(wrong.values()):
        answer.says("Please enter a correct username and password.")


def test_somebody_who_is_switched_off_everywhere_does_not_get_in(shop, owner):
    User.objects.filter(pk=owner.user.pk).update(is_active=False)
    answer = sign_in(Person())
    answer.says("Please enter a correct username and password.")
    assert owner.get(url("home", shop)).code == 302


@pytest.mark.parametrize("target", ELSEWHERE)
def test_after_signing_in_nobody_is_led_out_of_the_house(shop, owner, target):
    assert sign_in(Person(), next=target).headers["Location"] == "/"


def test_after_signing_in_one_arrives_where_one_wanted_to_go(shop, owner):
    visitor, wanted = Person(), url("order_list", shop) + "?tab=unpaid"
    login = visitor.get(wanted).headers["Location"]
    assert (
        visitor.post(login, {"username": "lanting-owner", "password": PASSWORD, "next": wanted}).headers["Location"]
        == wanted
    )


@pytest.mark.parametrize("door", ["/language", "/theme"])
@pytest.mark.parametrize("target", ELSEWHERE)
def test_changing_how_one_reads_leads_nobody_out_of_the_house(owner, door, target):
    answer = owner.post(door, {"language": "en", "theme": "dark", "next": target})
    assert answer.code in (204, 302)
    assert "evil" not in answer.headers.get("Location", "")
    assert "javascript" not in answer.headers.get("Location", "")


def test_the_language_is_changed_at_once_and_kept_with_the_account(shop, owner):
    home = url("home", shop)
    owner.post("/language", {"language": "zh-hans", "next": home})
    assert 'lang="zh-hans"' in owner.get(home).text
    assert fresh(owner.user).language == "zh-hans"
    elsewhere = Person()
    assert sign_in(elsewhere).cookies["django_language"].value == "zh-hans"
    assert 'lang="zh-hans"' in elsewhere.get(home).text


def test_a_visitor_chooses_a_language_by_a_cookie_alone(visitor):
    visitor.post("/language", {"language": "zh-hans", "next": "/login"})
    assert 'lang="zh-hans"' in visitor.get("/login").text


@pytest.mark.parametrize("language", ["", "xx", "zh-hans'--", "de"])
def test_an_unknown_language_changes_nothing(shop, owner, language):
    owner.post("/language", {"language": language})
    assert fresh(owner.user).language == ""
    assert 'lang="en"' in owner.get(url("home", shop)).text


def test_the_theme_is_kept_with_the_account_and_nonsense_is_not(shop, owner):
    owner.post("/theme", {"theme": "dark", "next": url("home", shop)})
    assert 'data-theme="dark"' in owner.get(url("home", shop)).text
    owner.post("/theme", {"theme": "plaid"})
    assert fresh(owner.user).theme == "dark"


def test_ones_own_password_is_changed_with_the_old_one_and_other_sessions_end(shop, owner):
    elsewhere = Person()
    sign_in(elsewhere)
    new = "correct-horse-battery"
    wrong = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    owner.post("/password", wrong).says("Your old password was entered incorrectly.")
    assert fresh(owner.user).check_password(PASSWORD)
    owner.post("/password", {**wrong, "old_password": PASSWORD}).says("Password changed")
    assert owner.get(url("home", shop)).code == 200
    assert elsewhere.get(url("home", shop)).code == 302


def test_who_is_signed_in_already_is_not_asked_again(shop, owner):
    assert owner.get("/login").headers["Location"] == "/"
