"""What every answer carries, whoever asks and whatever comes of it."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import make
from tests.conftest import PASSWORD, Person, url

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def pages(shop):
    order = make.order(shop)
    yield from (url(name, shop) for name in ("home", "order_list", "member_list", "member_add"))
    yield url("order_detail", order)
    yield from ("/", "/login", "/password", "/nowhere", f"/s/{shop.code}/nowhere", "/s/nowhere/orders", "/admin/login/")


def policy(answer):
    parts = (part.split(None, 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    return {part[0]: part[1] if len(part) > 1 else "" for part in parts}


@pytest.mark.parametrize("person", ["owner", "visitor"])
def test_every_answer_says_what_may_run_and_who_may_frame_it(cast, shop, person):
    for address in pages(shop):
        answer = cast[person].get(address)
        found = policy(answer)
        assert {name: found.get(name) for name in POLICY} == POLICY, address
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_pages_of_a_shop_are_kept_by_no_cache(shop, owner):
    order = make.order(shop)
    for address in (url("home", shop), url("order_list", shop), url("order_detail", order), url("member_list", shop)):
        assert owner.get(address).headers["Cache-Control"] == "no-store, private", address
    assert "no-store" in owner.post(url("order_flag", order), {"flag": "1"}).headers["Cache-Control"]


def test_pages_about_a_person_are_kept_by_no_cache_either(owner, nobody, visitor):
    """The choice of shops, the form for one's password and the login know who is asking."""
    for person, address in ((nobody, "/"), (owner, "/password"), (visitor, "/login")):
        assert "no-store" in person.get(address).headers.get("Cache-Control", ""), address


def test_refusals_are_kept_by_no_cache_either(shop, view_only, nobody):
    for answer in (view_only.get(url("member_list", shop)), nobody.get(url("order_list", shop))):
        assert answer.code in (403, 404)
        assert "no-store" in answer.headers.get("Cache-Control", "")


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(owner):
    visitor = Person()
    visitor.post("/login", {"username": owner.user.username, "password": PASSWORD})
    session = visitor.browser.cookies["session"]
    assert (session["httponly"], session["samesite"]) == (True, "Lax")
    assert visitor.browser.cookies["csrftoken"]["samesite"] == "Lax"


def test_a_host_that_is_not_ours_is_refused():
    assert Client(headers={"host": "evil.example"}).get("/login").status_code == 400


def test_an_error_on_our_side_says_so_without_a_word_about_it(shop, owner, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("orders.views.home.capped_counts", broken)
    client = Client(raise_request_exception=False)
    client.force_login(owner.user)
    response = client.get(url("home", shop))
    assert response.status_code == 500
    assert b"Something broke on our side" in response.content
    assert b"secret detail" not in response.content
    assert policy(response)["script-src"] == "'self'"


def test_no_secret_and_no_private_word_is_written_to_the_log(shop, owner, caplog, settings):
    caplog.set_level(0)
    order = make.order(shop)
    owner.get(url("order_list", shop), {"q": "x", "phone": make.PHONE})
    owner.get(url("order_detail", order))
    owner.get(url("order_list", shop), {"nonsense": "1"})
    for secret in (settings.SECRET_KEY, make.PHONE, "王小明", "幸福路"):
        assert secret not in caplog.text
