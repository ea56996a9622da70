"""Every address, every person, every shop: who gets what is read from the declarations, and nothing else may happen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from aftersales import evidence
from aftersales.models import CaseRule, Sop
from analytics.models import DailyReport
from orders.states import Status
from sellercenter import jobs, lists
from sellercenter.models import Member
from sellercenter.pages import ActPage, ShopPage
from sellercenter.permissions import SYSTEM, Perm, StockRole
from tests import make
from tests.aftersales import proofs, talk
from tests.aftersales.money import make_refund
from tests.conftest import ROLES, Person
from tests.sellercenter import exported
from tests.sellercenter.export_records import export_rule
from tests.sellercenter.imported import one_import

pytestmark = pytest.mark.django_db

# Addresses outside every shop: whether one must be logged in, and the methods that they answer.
OUTSIDE = {
    "shop_choice": (True, {"get", "post"}),
    "login": (False, {"get", "post"}),
    "logout": (True, {"post"}),
    "password_change": (True, {"get", "post"}),
    "password_change_done": (True, {"get"}),
    "set_language": (False, {"post"}),
    "theme": (True, {"post"}),
}
# Addresses outside every shop for administrators of the platform alone.
STAFF = {"health": "get", "health_replay": "post"}
# The one word for monitoring is open to everybody, and says 503 while no worker has given a sign of life.
OPEN = {"health_live"}
# The lists by the beginning of their addresses' names, each with the name under which its views are kept.
LISTS = {"order": "orders", "stock": "stock", "job": "jobs", "case": "cases", "refund": "refunds", "review": "reviews"}
LISTS |= {"dispute": "disputes", "appeal": "appeals", "ticket": "tickets"}
LISTS["import"] = "imports"
LISTS["export"] = "exports"
LISTS["log"] = "log"
# A door that asks for one more right once it knows the record.
ALSO_NEEDS = {f"{name}_list_view_delete": Perm.VIEWS_SHARE for name in LISTS}
ALSO_NEEDS["export_template_delete"] = Perm.VIEWS_SHARE
# Records that only those see who hold the right of their kind; the job of these tests is one that sets flags.
SEEN_WITH = dict.fromkeys(("job_detail", "job_stop", "job_repeat"), Perm.ORDERS_NOTE)
# What is looked at here leaves a line in the log.
LOGGED = {"evidence"}
# Whatever a request does to sessions is not a change of the shop.
NOT_COUNTED = {"django_session", "django_migrations"}
NOWHERE = 2**40


@dataclass(frozen=True)
class Address:
    """One URL pattern: its name, the page behind it and the arguments that it takes."""

    name: str
    page: Any
    arguments: frozenset[str]
    route: str

    @property
    def view(self) -> type[ShopPage] | None:
        """The page's class, when it is a page of a shop."""
        found = getattr(self.page, "view_class", None)
        return found if found is not None and issubclass(found, ShopPage) else None

    @property
    def permission(self) -> Perm:
        """The right that opens the page."""
        assert self.view
        return self.page.view_initkwargs.get("permission") or self.view.permission

    @property
    def methods(self) -> set[str]:
        """The methods that the page answers."""
        assert self.view
        return {name for name in ("get", "post") if name in self.view.http_method_names and hasattr(self.view, name)}


def addresses(resolver: URLResolver, before: str = "", names: tuple[str, ...] = ()) -> Iterator[Address]:
    """Walk the site map."""
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            space = (*names, entry.namespace) if entry.namespace else names
            yield from addresses(entry, route, space)
        elif isinstance(entry, URLPattern):
            found = frozenset(re.findall(r"<(?:\w+:)?(\w+)>", route))
            yield Address(":".join((*names, entry.name or "")), entry.callback, found, route)


EVERY = list(addresses(get_resolver()))
INSIDE = [one for one in EVERY if one.view]
ADMIN = [one for one in EVERY if one.name.startswith("admin:") and one.name != "admin:"]


def by_name(address: Address) -> str:
    return address.name


def test_each_address_is_declared():
    undeclared = [
        one.route
        for one in EVERY
        if not one.view
        and not one.name.startswith("admin:")
        and one.name not in OUTSIDE | STAFF
        and one.name not in OPEN
    ]
    assert undeclared == []
    assert {*OUTSIDE, *STAFF, *OPEN} <= {one.name for one in EVERY}


def test_each_address_of_a_shop_names_the_shop_and_has_a_name_of_its_own():
    assert [one.name for one in INSIDE if "shop" not in one.arguments] == []
    assert len({one.name for one in INSIDE}) == len(INSIDE)


def test_each_page_of_a_shop_names_its_right():
    assert [one.name for one in INSIDE if not isinstance(one.permission, Perm)] == []


def test_each_door_that_changes_something_answers_to_post_alone():
    doors = [one for one in INSIDE if issubclass(one.view, ActPage)]
    assert [one.name for one in doors if one.methods != {"post"}] == []
    assert len(doors) >= 12


# What others decide, and the files for it.
OUTSIDE_RECORDS = {
    "dispute": proofs.dispute,
    "appeal": proofs.appeal,
    "ticket": proofs.ticket,
    "evidence": lambda where: evidence.add(make.case(where), file=proofs.file(), proof="chat", by=SYSTEM),
}


@pytest.fixture
def record_of(shop, other_shop, cast, settings, tmp_path):
    """Return a record that an address can name, in one's own shop or in the other one."""
    settings.EVIDENCE_ROOT = tmp_path
    settings.IMPORT_ROOT = tmp_path / "imports"
    settings.EXPORT_ROOT = tmp_path / "exports"

    def make_one(name: str, where: Any) -> int:
        if name.startswith("member"):
            people = Member.objects.filter(shop=where)
            if where == shop:
                return people.get(role__stock=StockRole.VIEW_ONLY).pk
            return make.member(where).pk
        if name.startswith("refund") and "_view_" not in name:
            return make_refund(where).pk
        if name.startswith("review") and "_view_" not in name:
            return talk.review(make.order(where)).pk
        if name == "export_template_delete":
            return exported.template(where, None).pk
        if name.startswith("export") and "_view_" not in name and "_rule_" not in name:
            return exported.ready(where, state="gone").pk
        if name.startswith("import") and "_view_" not in name:
            return one_import(where).pk
        if name.startswith("export_rule"):
            return export_rule(where).pk
        if name.startswith("conversation"):
            return talk.message(make.order(where)).pk
        if name == "report_of":
            return DailyReport.objects.create(shop=where, day=make.NOW - 2 * make.DAY).pk
        if name.startswith("canned"):
            return talk.canned_reply(where).pk
        if "view" in name:
            owner = Member.objects.select_related("user", "role").get(shop=where, owner=True)
            by = cast["owner" if where == shop else "stranger"].actor
            page = LISTS.get(name.split("_")[0], "orders")
            return lists.save_view(owner, page, name="team", query="tab=unpaid", shared=True, by=by).pk
        if name.startswith("job"):
            by = cast["owner" if where == shop else "stranger"]
            return jobs.create(where, "orders.flag", params={}, by=by.actor, member=by.member).pk
        if (kind := name.removeprefix("evidence_add_").partition("_")[0]) in OUTSIDE_RECORDS and "_view_" not in name:
            return (make.order if name == "ticket_open" else OUTSIDE_RECORDS[kind])(where).pk
        if name.startswith("case_rule"):
            return CaseRule.objects.create(shop=where, name="small", kinds=["refund"]).pk
        if name.startswith(("case", "evidence_add_case")):
            return make.case(where).pk
        if name.startswith("sop"):
            return Sop.objects.create(shop=where, problem="late", proposal="accept").pk
        order = make.order(where, Status.TO_REVIEW, abnormal="risk")
        return order.lines.get().sku_id if name.startswith("stock") else order.pk

    return make_one


def state() -> str:
    """Return a digest of every row of every table of ours."""
    tables = sorted({model._meta.db_table for model in apps.get_models()} - NOT_COUNTED)
    one = "SELECT '{0}' AS t, count(*) AS n, coalesce(sum(hashtextextended(r::text, 0)), 0) AS h FROM {0} r"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(one.format(table) for table in tables) + " ORDER BY t")
        return repr(cursor.fetchall())


def expected(address: Address, person: str, member: Member | None, method: str, *, own: bool) -> set[int]:
    """Return the codes that the declaration allows."""
    if person == "visitor":
        return {302}
    if person in ("nobody", "stranger"):
        return {404}
    actor = Person(member.user, member).actor if member else None
    if actor is None or not actor.may(address.permission):
        return {403}
    if method not in address.methods:
        return {405}
    if not own or (address.name in SEEN_WITH and not actor.may(SEEN_WITH[address.name])):
        return {404}
    if method == "get":
        return {200}
    also = ALSO_NEEDS.get(address.name)
    return {403} if also and not actor.may(also) else {302, 422}


def send(person: Person, method: str, path: str) -> Any:
    """Send one request and read its answer to the end; what it changed is kept."""
    answer = getattr(person, method)(path)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


def test_every_page_is_entered_by_the_same_steps():
    """Login, shop, right, method, page: whom a step refuses, it refuses before any page has its say."""
    steps = ("setup", "dispatch", "enter", "memberships", "http_method_not_allowed")
    own = [(one.name, step) for one in INSIDE for step in steps if getattr(one.view, step) != getattr(ShopPage, step)]
    assert own == []
    assert [one.name for one in INSIDE if hasattr(one.page, "__wrapped__")] == []


@dataclass(frozen=True)
class Place:
    """Where a request is sent, and whether the shop and the record are one's own."""

    kwargs: dict[str, Any]
    shop: bool = True
    record: bool = True

    @property
    def own(self) -> bool:
        """Whether everything is one's own."""
        return self.shop and self.record


def places(address: Address, shop: Any, other_shop: Any, record_of: Any) -> list[Place]:
    """List one's own page, that of another shop, one's own with the other's record, and with one that nobody has."""
    own, elsewhere = {"shop": shop.code}, {"shop": other_shop.code}
    if "pk" not in address.arguments:
        return [Place(own), Place(elsewhere, shop=False)]
    mine, theirs = record_of(address.name, shop), record_of(address.name, other_shop)
    return [
        Place({**own, "pk": mine}),
        Place({**elsewhere, "pk": theirs}, shop=False),
        Place({**own, "pk": theirs}, record=False),
        Place({**own, "pk": NOWHERE}, record=False),
    ]


def stand_ins(address: Address) -> set[str]:
    """Return who stands for all whom the steps before a page refuse: one clerk in turn, and who is none."""
    return {"owner", ROLES[INSIDE.index(address) % len(ROLES)], "nobody", "visitor"}


def is_sent(address: Address, person: str, member: Member | None, method: str, place: Place) -> bool:
    """Tell whether a person is sent there.

    Everybody is sent to their own page, and everybody who may open it to the other's record. What the steps before
    a page refuse is asked by stand-ins; that these steps are the same for all pages is asserted above.
    """
    if place.own and method in address.methods:
        return True
    # What a page does not answer at home it does not answer elsewhere either; a stranger is at home elsewhere.
    if not place.own and (method not in address.methods or (person == "stranger" and not place.shop)):
        return False
    if person in stand_ins(address):
        return True
    sees_the_page = member is not None and person != "stranger" and Person(None, member).actor.may(address.permission)
    return place.shop and not place.record and place.kwargs["pk"] != NOWHERE and sees_the_page


def ask(address: Address, who: Person, person: str, method: str, place: Place) -> None:
    """Send one request and assert that its answer is the declared one; what it was allowed to write is taken back."""
    allowed = expected(address, person, who.member, method, own=place.own)
    if not place.shop and person != "visitor":
        allowed = {404}
    path = reverse(address.name, kwargs=place.kwargs)
    if person == "visitor" or not allowed & {200, 302, 422}:
        code = send(who, method, path).code
    else:
        with transaction.atomic():
            code = send(who, method, path).code
            writes = method == "post" and code in (302, 422)
            transaction.set_rollback(writes or (address.name in LOGGED and code == 200))
    assert code in allowed, f"{person} {method} {place.kwargs}: {code} instead of {allowed}"


@pytest.mark.parametrize("address", INSIDE, ids=by_name)
def test_each_person_gets_what_the_declaration_says(address, cast, shop, other_shop, record_of):
    found = places(address, shop, other_shop, record_of)
    before = state()
    for (person, who), method, place in product(cast.items(), ("get", "post"), found):
        if is_sent(address, person, who.member, method, place):
            ask(address, who, person, method, place)
    assert state() == before, "a refused request or a GET changed something"


@pytest.mark.parametrize("name", ["order_list", "order_detail", "order_approve", "order_bulk_cancel"])
def test_everybody_is_refused_everywhere_by_the_steps_before_a_page(name, cast, shop, other_shop, record_of):
    """Of these pages nobody and nothing is left out."""
    address = next(one for one in INSIDE if one.name == name)
    found = places(address, shop, other_shop, record_of)
    before = state()
    for (person, who), method, place in product(cast.items(), ("get", "post"), found):
        at_home_there = person == "stranger" and not place.shop
        if not at_home_there and (place.own or method in address.methods):
            ask(address, who, person, method, place)
    assert state() == before


def test_no_page_answers_to_other_methods(owner, shop):
    """No page has a method for them; one in turn is sent, and the step that refuses it is the same for all pages."""
    others = ("put", "patch", "delete", "trace")
    assert [(one.name, method) for one in INSIDE for method in others if hasattr(one.view, method)] == []
    for turn, address in enumerate(INSIDE):
        path = reverse(address.name, kwargs={"shop": shop.code} | ({"pk": 1} if "pk" in address.arguments else {}))
        assert getattr(owner.browser, others[turn % 4])(path).status_code == 405, address.name


@pytest.mark.parametrize("address", [one for one in INSIDE if "pk" in one.arguments], ids=by_name)
def test_a_foreign_record_looks_exactly_like_one_that_does_not_exist(address, owner, shop, other_shop, record_of):
    method = "get" if "get" in address.methods else "post"
    foreign, none = (
        send(owner, method, reverse(address.name, args=[shop.code, pk]))
        for pk in (record_of(address.name, other_shop), NOWHERE)
    )
    assert (foreign.code, foreign.content, foreign.headers) == (none.code, none.content, none.headers)
    assert foreign.code == 404


def test_a_foreign_shop_looks_exactly_like_one_that_does_not_exist(owner, other_shop):
    foreign, none = owner.get(f"/s/{other_shop.code}/orders"), owner.get("/s/no-such-shop/orders")
    assert (foreign.code, foreign.content, foreign.headers) == (none.code, none.content, none.headers)
    assert foreign.code == 404


@pytest.mark.parametrize("person", ["visitor", "nobody", "view_only", "owner"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_pages_outside_the_shops_ask_for_a_login_where_declared(name, person, cast):
    login, methods = OUTSIDE[name]
    before = state()
    for method in ("get", "post"):
        answer = send(cast[person], method, reverse(name))
        if login and person == "visitor":
            assert (answer.code, answer.headers["Location"]) == (302, f"{reverse('login')}?next={reverse(name)}")
        else:
            assert answer.code in ({200, 302} if method in methods else {405})
    assert state() == before


@pytest.mark.parametrize("name", STAFF)
def test_pages_for_administrators_are_shut_to_everybody_in_shops(name, cast, django_user_model):
    root = Person(django_user_model.objects.create_user("root", is_staff=True))
    root.browser  # noqa: B018 - logs in now
    before = state()
    for method in ("get", "post"):
        for person, who in cast.items():
            shut = {302} if person == "visitor" else {403} if method == STAFF[name] else {405}
            assert send(who, method, reverse(name)).code in shut, person
        assert send(root, method, reverse(name)).code in ({200, 302} if method == STAFF[name] else {405})
    assert state() == before


def test_the_word_for_monitoring_is_open_and_short(visitor):
    answer = visitor.get(reverse("health_live"))
    assert (answer.code, answer.json()) == (503, {"ok": False})
    assert visitor.post(reverse("health_live")).code == 405


def test_the_administration_is_shut_to_everybody_in_shops_and_never_breaks(cast, owner, django_user_model, shop):
    order = make.order(shop)
    values = {"object_id": order.pk, "content_type_id": 1, "app_label": "orders", "url": "x", "id": 1}
    root = Person(django_user_model.objects.create_superuser("root"))
    outsiders = [cast["visitor"], cast["nobody"], owner]
    for one in (*outsiders, root):
        one.browser  # noqa: B018 - logs in now
    before = state()
    for address in ADMIN:
        path = reverse(address.name, kwargs={name: values[name] for name in address.arguments})
        open_to_all = address.name in ("admin:login", "admin:jsi18n")
        assert {one.get(path).code for one in outsiders} <= ({200, 302} if open_to_all else {302}), path
        if "add" not in address.name or address.name.endswith(("user_add", "shop_add")):
            assert root.get(path).code in (200, 302, 403, 404, 405), path
    assert state() == before


def test_a_form_without_its_token_is_refused_and_changes_nothing(shop, owner):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner.user)
    order = make.order(shop, Status.TO_REVIEW)
    before = state()
    response = strict.post(reverse("order_approve", args=[shop.code, order.pk]))
    assert response.status_code == 403
    assert state() == before
