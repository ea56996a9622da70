"""The cast: two shops, one person for each stock role, and what a test needs to act as them."""

from __future__ import annotations

import html
import pickle
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection, connections, models
from django.db.models.signals import post_migrate
from django.test import Client
from django.test.client import ClientHandler
from django.test.utils import override_settings
from django.urls import reverse

from deploy import testing
from sellercenter import events, shops
from sellercenter.models import Event, Member, Role, Shop, ShopPolicy, User
from sellercenter.permissions import SYSTEM, Actor, StockRole, actor_for
from tests import make

PASSWORD = "a-long-word-of-pass"
SHOPS = {
    "lanting": {"name": "兰亭茶社", "currency": "CNY", "time_zone": "Asia/Shanghai"},
    "harbour": {"name": "Harbour Prints", "currency": "GBP", "time_zone": "Europe/London"},
}


@cache
def _handler() -> ClientHandler:
    """Load the middleware once for all browsers: it looks through every static file."""
    return ClientHandler(enforce_csrf_checks=False)


class Answer:
    """What came back; reads like the response, and can be asked what it says."""

    def __init__(self, response: Any, person: Person) -> None:
        self.response, self.person = response, person

    def __getattr__(self, name: str) -> Any:
        return getattr(self.response, name)

    @property
    def code(self) -> int:
        """The status of the answer itself, before any redirect."""
        return int(self.response.status_code)

    @cached_property
    def landed(self) -> Any:
        """The page on which the person ends after all redirects."""
        response = self.response
        for _hop in range(5):
            if response.status_code not in (301, 302, 303):
                break
            response = self.person.browser.get(response.headers["Location"])
        return response

    @cached_property
    def text(self) -> str:
        """The page on which the person ends, its entities resolved."""
        return html.unescape(self.landed.content.decode())

    def says(self, text: str) -> Answer:
        """Assert that the person ends on a page that holds the text."""
        assert self.landed.status_code == 200, f"{self.landed.status_code} instead of a page that says {text!r}"
        assert text in self.text, f"the page does not say {text!r}"
        return self

    def keeps_quiet_about(self, text: str) -> Answer:
        """Assert that the person ends on a page that does not hold the text."""
        assert self.landed.status_code == 200
        assert text not in self.text, f"the page says {text!r}"
        return self


class Person:
    """Somebody at a browser, logged in or not."""

    def __init__(self, user: User | None = None, member: Member | None = None, session_key: str = "") -> None:
        self.user, self.member, self.session_key = user, member, session_key

    @cached_property
    def browser(self) -> Client:
        """The browser of this person, logged in at the first use."""
        client = Client()
        client.handler = _handler()
        if self.session_key:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.session_key
        elif self.user:
            client.force_login(self.user)
        return client

    @property
    def actor(self) -> Actor:
        """The actor as which this person's pages call verbs."""
        assert self.member
        return actor_for(self.member)

    def get(self, address: str, data: Any = None, **headers: str) -> Answer:
        """Open an address; headers as in `hx_target="list"`."""
        return Answer(self.browser.get(address, data, headers=_named(headers)), self)

    def post(self, address: str, data: Any = None, **headers: str) -> Answer:
        """Send a form."""
        return Answer(self.browser.post(address, data or {}, headers=_named(headers)), self)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def url(name: str, thing: Shop | models.Model, *args: Any) -> str:
    """Return the address of a page of a shop, or of a record in its shop."""
    if isinstance(thing, Shop):
        return reverse(name, args=[thing.code, *args])
    return reverse(name, args=[thing.shop.code, thing.pk, *args])  # type: ignore[attr-defined]


def fresh(thing: models.Model) -> Any:
    """Read a record again."""
    return type(thing)._base_manager.get(pk=thing.pk)


def told(thing: models.Model) -> list[str]:
    """List the kinds of a record's events, oldest first."""
    return list(events.of(thing).values_list("kind", flat=True))


def row(thing: models.Model) -> dict[str, Any]:
    """Return every column of a record as the database has it, to compare before and after."""
    return type(thing)._base_manager.filter(pk=thing.pk).values().get()


NEVER_EMPTIED = {"django_content_type", "auth_permission"}
# What one worker does alone, one after the other: each has something to prepare, and faults want no company.
ALONE = ("browser", "faults", "real", "test_architecture.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests for xdist."""
    for item in items:
        first = item.path.relative_to(Path(__file__).parent).parts[0]
        if first in ALONE:
            item.add_marker(pytest.mark.xdist_group(first))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let the tests' database be a copy of the one that was migrated meanwhile."""
    connections["default"].settings_dict["TEST"]["TEMPLATE"] = testing.template()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Empty the tables that have rows, and leave what Django knows of the models alone instead of writing it anew.

    To cut off a hundred tables, nearly all of them empty, costs more than most tests.
    """

    def sparing(style: Any, tables: list[str], **options: Any) -> list[str]:
        wanted = sorted(set(tables) - NEVER_EMPTIED)
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"SELECT '{one}' WHERE EXISTS (SELECT FROM {one})" for one in wanted))
            filled = [row[0] for row in cursor.fetchall()]
        # What triggers write of the deletes goes last.
        emptied = [f"DELETE FROM {one}" for one in [*filled, "analytics_dirt"]]
        return ["SET CONSTRAINTS ALL DEFERRED", *emptied] if filled else []

    connection.ops.sql_flush = sparing
    assert post_migrate.disconnect(create_contenttypes)
    assert post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash quickly; nothing here is worth protecting."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def first_numbers() -> None:
    """Let each test count from one."""
    make.restart()


def open_shops() -> None:
    """Open both shops with their teams, by the verbs."""
    for code, facts in SHOPS.items():
        founder = User.objects.create_user(f"{code}-owner", password=PASSWORD)
        shop = shops.open_shop(code=code, owner=founder, by=SYSTEM, **facts)
        owner = actor_for(Member.objects.select_related("user", "role").get(user=founder))
        for role in Role.objects.for_shop(shop) if code == "lanting" else ():
            name = f"{code}-{role.stock}"
            shops.add_member(shop, username=name, password=PASSWORD, label=f"Some {role.stock}", role=role, by=owner)
    User.objects.create_user(f"{next(iter(SHOPS))}-nobody", password=PASSWORD)
    # Long ago: whoever is told of new shops has been told.
    Event.objects.filter(shop__code__in=SHOPS).update(owed_at=None)


@cache
def _opened() -> tuple[str, bytes]:
    """Open the shops by the verbs once; return the statements that insert all of it again, and the people.

    Everybody comes with a session that has begun already, so that signing in costs nothing.
    """
    open_shops()
    users = [User.objects.filter(username__startswith=f"{code}-") for code in SHOPS]
    rest = [(Shop, "code__in"), (ShopPolicy, "shop__code__in"), (Role, "shop__code__in"), (Member, "shop__code__in")]
    found = [(model, list(model._base_manager.filter(**{lookup: SHOPS}))) for model, lookup in rest]
    history = list(Event.objects.filter(shop__code__in=SHOPS).order_by("pk"))
    people = [*users[0], *users[1]]
    rows = [(User, people), *found, (Event, history), (Session, [_session(user) for user in people])]
    return _insert(rows), pickle.dumps(_people())


def _insert(rows: list[tuple[Any, Any]]) -> str:
    """Insert what is not there yet; return the statements."""
    said: list[str] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        said.append(context["cursor"].mogrify(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        for model, found in rows:
            model._base_manager.bulk_create(found, ignore_conflicts=True)
    return ";".join(said)


def _session(user: User) -> Session:
    store = SessionStore(f"session-of-{user.username}")
    begun = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    ends_at = make.NOW + 12 * make.HOUR
    return Session(session_key=store.session_key, session_data=store.encode(begun), expire_date=ends_at)


@pytest.fixture
def cast(db: None) -> dict[str, Person]:
    """Everybody by name: the owner, each stock role, stranger, nobody, visitor."""
    statements, people = _opened()
    with connection.cursor() as cursor:
        cursor.execute(statements)
    return pickle.loads(people)


def _people() -> dict[str, Person]:
    members = Member.objects.select_related("user", "role", "shop__policy")
    people = {
        "stranger" if one.shop.code == "harbour" else one.role.stock if one.role else "owner": _seated(one.user, one)
        for one in members.filter(shop__code__in=SHOPS)
    }
    return {**people, "nobody": _seated(User.objects.get(username="lanting-nobody")), "visitor": Person()}


def _seated(user: User, member: Member | None = None) -> Person:
    return Person(user, member, f"session-of-{user.username}")


@pytest.fixture
def shop(cast: dict[str, Person]) -> Shop:
    """The shop in which most tests happen."""
    return _member(cast["owner"]).shop


@pytest.fixture
def other_shop(cast: dict[str, Person]) -> Shop:
    """A shop of other people."""
    return _member(cast["stranger"]).shop


def _member(person: Person) -> Member:
    assert person.member
    return person.member


def _one(name: str) -> Any:
    @pytest.fixture(name=name)
    def person(cast: dict[str, Person]) -> Person:
        return cast[name]

    return person


ROLES = [role.value for role in StockRole]
PEOPLE = ["owner", *ROLES, "stranger", "nobody", "visitor"]

owner, stranger, nobody, visitor = _one("owner"), _one("stranger"), _one("nobody"), _one("visitor")
manager, view_only, after_sales, shipping = (_one(name) for name in ROLES[:4])
reviewer, printing, packing, logistics = (_one(name) for name in ROLES[4:8])
service, finance, data = (_one(name) for name in ROLES[8:])


@pytest.fixture(params=PEOPLE)
def anybody(request: pytest.FixtureRequest, cast: dict[str, Person]) -> Person:
    """Each person of the cast, one after the other."""
    return cast[request.param]


@pytest.fixture(params=ROLES)
def member_of_staff(request: pytest.FixtureRequest, cast: dict[str, Person]) -> Person:
    """Each stock role, one after the other."""
    return cast[request.param]
