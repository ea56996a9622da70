"""Every list: its columns, sorts, filters, tabs, pages, views and chosen columns; whatever is a list is walked."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django_filters
import pytest
from django.db import connection, transaction
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftersales.views.appeals import AppealList
from aftersales.views.cases import CaseList
from aftersales.views.disputes import DisputeList
from aftersales.views.refunds import RefundList
from aftersales.views.reviews import ReviewList
from aftersales.views.tickets import TicketList
from orders import inventory
from orders.models import Sku
from orders.views.lists import OrderList
from orders.views.stock import StockList
from sellercenter import jobs
from sellercenter.export_pages import ExportList
from sellercenter.filters import Edge, Key, ListFilter
from sellercenter.import_pages import ImportList
from sellercenter.job_pages import JobList
from sellercenter.log_pages import LogList
from sellercenter.models import Event, ListLayout, Role, SavedView
from sellercenter.pages import TablePage
from sellercenter.permissions import SYSTEM
from tests import make
from tests.aftersales import proofs, talk
from tests.aftersales.crowd import cases as make_cases
from tests.aftersales.money import some_refunds
from tests.conftest import url
from tests.kept import kept, world
from tests.sellercenter.exported import some_exports
from tests.sellercenter.imported import some_imports

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
BASELINE = Path(__file__).with_name("query_counts.json")


def pages(page: type[TablePage] = TablePage) -> Iterator[type[TablePage]]:
    """Find every list that is declared."""
    for one in page.__subclasses__():
        if not one.abstract:
            yield one
        yield from pages(one)


PAGES = list(pages())
# How to fill a list with rows of every kind: (shop, how many, fields of each) -> records.
FILLS = {
    OrderList: lambda shop, n: make.orders(shop, [order(shop, i) for i in range(n)]),
    StockList: lambda shop, n: skus(shop, n),
    JobList: lambda shop, n: some_jobs(shop, n),
    LogList: lambda shop, n: some_events(shop, n),
    CaseList: lambda shop, n: make_cases(shop, n),
    RefundList: some_refunds,
    ReviewList: talk.some_reviews,
    DisputeList: proofs.some_disputes,
    AppealList: proofs.some_appeals,
    TicketList: proofs.some_tickets,
    ImportList: some_imports,
    ExportList: some_exports,
}
FILLS = {page: kept(fill) for page, fill in FILLS.items()}
SORTS = [(page, f"{sign}{word}") for page in PAGES for word in page.table_class.sorts for sign in ("", "-")]
FILTERS = [(page, name) for page in PAGES for name in page.filterset_class.base_filters]


@pytest.fixture
def view_only(view_only):
    """Somebody who sees all lists and may do nothing with what stands there."""
    role = view_only.member.role
    may = sorted({*role.perms, *(str(page.permission) for page in PAGES)})
    Role.objects.filter(pk=role.pk).update(perms=may)
    return view_only


def order(shop, i):
    """Tell of one order of a mixed crowd with equal and with missing values."""
    states = ["unpaid", "to_review", "to_ship", "part_shipped", "shipped", "delivered", "completed", "cancelled"]
    more = {"abnormal": "risk"} if i % 5 == 0 else {"aftersales": "open", "flag": i % 6} if i % 5 == 1 else {}
    line = make.line(f"Tea {i % 3}", price=f"{1 + i % 4}.00", creator_number="c1", creator_name="host", room="r1")
    return make.facts(shop, states[i % 8], lines=[line], placed_at=make.NOW - (i % 3) * make.HOUR, **more)


def some_jobs(shop, n):
    """Start jobs of the system, and let every other one end."""
    found = [jobs.create(shop, "orders.flag", params={}, by=SYSTEM, member=None) for _job in range(n)]
    for job in found[::2]:
        jobs.ask_stop(job, by=SYSTEM)
    return found


def some_events(shop, n):
    """Write events of equal and of different moments in place of the shop's own history."""
    Event.objects.for_shop(shop).delete()
    owner = shop.members.get(owner=True)
    people = [{"actor_kind": "system", "actor_label": "system"}]
    people.append({"actor_kind": "member", "actor_label": owner.label, "member": owner})
    told = {"shop": shop, "subject_type": "shop", "subject_id": shop.pk}
    kinds = ("shop.opened", "policy.changed", "order.paid")
    moments = [make.NOW - (i % 3) * make.HOUR for i in range(n)]
    return Event.objects.bulk_create(
        Event(pk=shop.pk * 10**9 + i, kind=kinds[i % 3], at=at, recorded_at=at, data={"n": i}, **told, **people[i % 2])
        for i, at in enumerate(moments)
    )


def skus(shop, n):
    """Make SKUs with equal and with missing stock: low, sold out, enough, not counted."""
    lines = [make.line(f"Tea {i:02d}", quantity=1, variant="100 g", seller_sku=f"tea-{i % 7}") for i in range(n)]
    make.order(shop, lines=lines)
    found = list(Sku.objects.for_shop(shop).order_by("pk"))
    counts = {one.pk: (0, 3, 40)[i % 4] for i, one in enumerate(found) if i % 4 != 3}
    inventory.count_many(shop, counts, reason="", by=SYSTEM)
    return found


def opened(person, page, shop, **query):
    return person.get(url(page.url_name, shop), query)


def part(person, page, shop, **query):
    """Open the list alone, as htmx does; most of these tests need no shell around it."""
    return person.get(url(page.url_name, shop), query, hx_target="list")


def listed(answer):
    return [record.pk for record in answer.context["table"]["rows"]]


def problems(answer):
    return [error["message"] for error in answer.context["filters"]["errors"]]


def refuses(answer):
    """Assert that a list says what is wrong and shows no row, in an answer like any other."""
    assert answer.code == 200
    assert listed(answer) == []
    assert problems(answer)
    assert all(message in answer.text for message in problems(answer))
    return True


def in_order(rows: Any, field: str, *, descending: bool) -> Any:
    """Return the keys as plain SQL orders them: ties by key, rows without a value last."""
    if descending:
        return rows.order_by(F(field).desc(nulls_last=True), "-pk").values_list("pk", flat=True)
    return rows.order_by(F(field).asc(nulls_last=True), "pk").values_list("pk", flat=True)


def ids(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else str(value)


def test_every_list_can_be_filled_for_this_test():
    assert set(FILLS) == set(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_crowd_that_is_inserted_again_is_the_one_that_was_made(page, shop):
    with transaction.atomic():
        FILLS[page](shop, 5)
        made = world()
        transaction.set_rollback(True)
    make.restart()
    FILLS[page](shop, 5)
    assert world() == made


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_each_column_shows_its_cells_and_its_head(page, shop, owner):
    FILLS[page](shop, 16)
    every = page.table_class.base_columns
    required = [name for name, column in every.items() if column.required]
    last = [name for name in every if name not in required][-1:]
    for names in (list(every), last):
        answer = part(owner, page, shop, cols=",".join(names))
        assert len(listed(answer)) == 16
        assert [name for name in names if str(every[name].verbose_name) not in answer.text] == []
        assert answer.text.count("<th scope") == len({*required, *names})


@pytest.mark.parametrize(("page", "word"), SORTS, ids=ids)
def test_each_sort_visits_every_row_once_forward_and_back(page, word, shop, owner, monkeypatch):
    FILLS[page](shop, 23)
    monkeypatch.setattr(page, "per_page", 5)
    declared = page.table_class.sorts[word.lstrip("-")]
    plain = list(in_order(page.queryset.all().for_shop(shop), declared.field, descending=word.startswith("-")))
    answer = part(owner, page, shop, sort=word)
    forward, step = [listed(answer)], answer
    while step.context["pager"]["next_url"]:
        step = owner.get(step.context["pager"]["next_url"], hx_target="list")
        forward.append(listed(step))
    back = [listed(step)]
    while step.context["pager"]["prev_url"]:
        step = owner.get(step.context["pager"]["prev_url"], hx_target="list")
        back.append(listed(step))
    assert [*chain(*forward)] == plain
    assert [*chain(*back[::-1])] == plain
    assert [len(rows) for rows in forward] == [5, 5, 5, 5, 3]
    assert listed(owner.get(step.context["pager"]["next_url"], hx_target="list")) == forward[1]


def sensible(one: Any) -> list[Any]:
    """Return values that a filter must understand."""
    if one.extra.get("choices"):
        words = [str(value) for value, _label in one.extra["choices"]]
        several = isinstance(one, django_filters.MultipleChoiceFilter)
        return [words, words[:1]] if several else words
    if isinstance(one, Edge):
        return ["2026-11-22", "2026-11-22T14:05", "1999-01-01", "2099-12-31"]
    if isinstance(one, Key):
        return ["-", "0", "999999999999999999"]
    return ["0", "12.50", "99999999"] if isinstance(one, django_filters.NumberFilter) else ["a", "100%_\\", "兰亭"]


def nonsense(one: Any) -> list[str]:
    """Return values that a filter must refuse."""
    if one.extra.get("choices"):
        return ["nonsense", "'", "-1"]
    if isinstance(one, Edge):
        return [
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "22.11.2026",
            "0001-01-01",
            "9999-12-31",
            "2026-11-22T14:05+08:00",
        ]
    if isinstance(one, django_filters.NumberFilter):
        return ["ten", "-1", "NaN", "Infinity", "1e999999"]
    if isinstance(one, Key):
        return ["a", "1.5", "-1", "٣", "9" * 19, "1\0"]
    return ["x" * (one.extra["max_length"] + 1), "a\0b"]


@pytest.mark.parametrize(("page", "name"), FILTERS, ids=ids)
def test_each_filter_understands_sensible_values(page, name, shop, owner):
    rows = {one.pk for one in FILLS[page](shop, 8)}
    for value in sensible(page.filterset_class.base_filters[name]):
        answer = part(owner, page, shop, **{name: value})
        assert (answer.code, problems(answer)) == (200, []), value
        assert set(listed(answer)) <= rows
        assert [chip["value"] for chip in answer.context["filters"]["chips"]]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_each_filter_refuses_nonsense_with_an_error_and_no_rows(page, shop, owner):
    FILLS[page](shop, 2)
    every = page.filterset_class.base_filters
    declared = SimpleNamespace(filters=every, ranges=page.filterset_class.ranges)
    values = {name: nonsense(one) for name, one in every.items()}
    # Each filter speaks for itself, so all of them are asked at once.
    for turn in range(max(map(len, values.values()))):
        asked = {name: some[turn] for name, some in values.items() if len(some) > turn}
        answer = part(owner, page, shop, **asked)
        assert refuses(answer)
        told = Counter(error["label"] for error in answer.context["filters"]["errors"])
        assert Counter(str(ListFilter.label_of(declared, name)) for name in asked) <= told, asked


ODD = {
    "unknown parameter": {"colour": "red"},
    "unknown tab": {"tab": "nowhere"},
    "unknown sort": {"sort": "buyer"},
    "two minus signs": {"sort": "--placed"},
    "a sort of nothing": {"sort": "-"},
    "a lookup as parameter": {"shop__members__user__password__startswith": "a"},
    "a cursor of letters": {"after": "zzz"},
    "a cursor too deep": {"after": base64.urlsafe_b64encode(b"[" * 3000).decode()},
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_an_address_that_makes_no_sense_is_refused(page, odd, shop, owner):
    FILLS[page](shop, 2)
    assert refuses(opened(owner, page, shop, **ODD[odd]))


CURSORS = ["NaN", "Infinity", "1e999999", "0", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", None]


@pytest.mark.parametrize(("page", "word"), SORTS, ids=ids)
def test_a_cursor_that_somebody_made_up_never_breaks_the_page(page, word, shop, owner):
    FILLS[page](shop, 2)
    for value in CURSORS:
        for backwards in (0, 1):
            packed = json.dumps([value, 1, backwards]).encode()
            answer = part(owner, page, shop, sort=word, after=base64.urlsafe_b64encode(packed).decode())
            assert answer.code == 200


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_count_of_each_tab_is_the_length_of_its_list(page, shop, owner, other_shop):
    FILLS[page](shop, 23)
    FILLS[page](other_shop, 3)
    every = page.queryset.all().for_shop(shop)
    for tab in page.tabs:
        answer = part(owner, page, shop, **({"tab": tab.code} if tab.code else {}))
        shown = next(one for one in answer.context["tabs"] if one["active"])
        assert (shown["code"], shown["count"]) == (tab.code, str(len(listed(answer))))
        assert len(listed(answer)) == every.filter(tab.condition or Q()).count()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_list_holds_nothing_of_another_shop(page, shop, other_shop, owner):
    foreign = {one.pk for one in FILLS[page](other_shop, 8)}
    own = {one.pk for one in FILLS[page](shop, 8)}
    assert foreign
    assert set(listed(opened(owner, page, shop))) == own


def queries_of(person, page, shop):
    with CaptureQueriesContext(connection) as captured:
        assert opened(person, page, shop).code == 200
    own = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    return own


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_list_asks_as_much_for_twenty_rows_as_for_two_and_no_more_than_it_did(page, shop, owner):
    FILLS[page](shop, 2)
    opened(owner, page, shop)
    few = queries_of(owner, page, shop)
    FILLS[page](shop, 18)
    many = queries_of(owner, page, shop)
    assert len(few) == len(many)
    assert len(many) <= 8
    assert len(many) <= json.loads(BASELINE.read_text())[page.url_name], "\n".join(many)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_fragment_is_the_list_of_the_page_without_its_shell(page, shop, owner):
    FILLS[page](shop, 3)
    address = url(page.url_name, shop)
    whole, alone = owner.get(address), owner.get(address, hx_request="true", hx_target="list")
    assert listed(whole) == listed(alone)
    assert alone.text.lstrip().startswith('<div class="list" id="list">')
    assert ("<html" in whole.text, "<html" in alone.text) == (True, False)
    assert "HX-Target" in alone.headers["Vary"]
    assert "HX-Target" in whole.headers["Vary"]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_fragment_after_the_session_ended_sends_the_whole_window_to_the_login(page, shop, visitor):
    answer = visitor.get(url(page.url_name, shop), hx_request="true", hx_target="list")
    assert (answer.code, answer.headers["HX-Redirect"]) == (204, f"{reverse('login')}?next={url(page.url_name, shop)}")


def test_hostile_text_is_shown_as_text_in_the_order_list(shop, owner):
    recipient = make.RecipientFacts("**" + HOSTILE[:20], "", "", "")
    texts = dict.fromkeys(("buyer_nickname", "buyer_message", "seller_note", "province", "city"), HOSTILE)
    line = make.line(HOSTILE, variant=HOSTILE, creator_number="c", creator_name=HOSTILE, room=HOSTILE)
    make.order(shop, number=f'"><b>{HOSTILE}', recipient=recipient, lines=[line, line_two()], abnormal="risk", **texts)
    columns = ",".join(OrderList.table_class.base_columns)
    html = opened(owner, OrderList, shop, cols=columns).content.decode()
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8
    assert "<script>alert" not in html
    assert 'value=""><b>' not in html


def line_two():
    return make.line(f'"{HOSTILE}', quantity=1)


def test_hostile_text_in_the_address_is_shown_as_text(shop, owner):
    for query in ({"q": HOSTILE}, {"tab": HOSTILE}, {"sort": HOSTILE}, {HOSTILE: "1"}, {"city": f'"{HOSTILE}'}):
        html = opened(owner, OrderList, shop, **query).content.decode()
        assert "<script>alert" not in html


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_chosen_columns_are_kept_for_the_person_and_for_nobody_else(page, shop, owner, view_only):
    FILLS[page](shop, 2)
    names = list(page.table_class.base_columns)
    required = [name for name in names if page.table_class.column(name).required]
    wanted = [*reversed(names[-3:]), *required]
    owner.post(url(f"{page.url_name}_layout", shop), {"columns": wanted, "density": "compact"}).says("are kept")
    mine, theirs = opened(owner, page, shop), opened(view_only, page, shop)
    shown = [one["name"] for one in mine.context["chooser"]["columns"] if one["shown"]]
    assert shown == wanted
    assert mine.context["chooser"]["density"] == "compact"
    assert 'class="sheet compact"' in mine.text
    assert theirs.context["chooser"]["density"] == "cosy"
    assert ListLayout.objects.count() == 1


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_unknown_columns_are_refused_and_the_kept_ones_stay(page, shop, owner):
    first = next(iter(page.table_class.base_columns))
    owner.post(url(f"{page.url_name}_layout", shop), {"columns": [first], "density": "cosy"}).says("are kept")
    for sent in ({"columns": ["nonsense"]}, {"columns": []}, {"columns": [first], "density": "huge"}):
        owner.post(url(f"{page.url_name}_layout", shop), sent).keeps_quiet_about("are kept")
    assert list(ListLayout.objects.values_list("columns", "dense")) == [([first], False)]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_columns_in_the_address_win_over_kept_ones_and_unknown_ones_are_left_out(page, shop, owner):
    names = list(page.table_class.base_columns)
    owner.post(url(f"{page.url_name}_layout", shop), {"columns": names[:2]})
    answer = opened(owner, page, shop, cols=f"{names[-1]},nonsense,{names[-1]}")
    shown = [one["name"] for one in answer.context["chooser"]["columns"] if one["shown"]]
    required = [name for name in names if page.table_class.column(name).required and name != names[-1]]
    assert shown == [*required, names[-1]]


def save(person, page, shop, name, query="", **more):
    return person.post(url(f"{page.url_name}_view_save", shop), {"name": name, "query": query, **more})


def views(person, page, shop, kind):
    return [view["label"] for view in opened(person, page, shop).context["views"][kind]]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_personal_view_opens_its_list_and_is_seen_by_its_owner_alone(page, shop, manager, view_only):
    query = f"tab={page.tabs[1].code}"
    save(view_only, page, shop, "mine", query).says("The view “mine” is saved.")
    assert views(view_only, page, shop, "personal") == ["mine"]
    assert views(manager, page, shop, "personal") == views(manager, page, shop, "team") == []
    shown = opened(view_only, page, shop).context["views"]["personal"][0]
    answer = view_only.get(shown["url"])
    assert next(tab["code"] for tab in answer.context["tabs"] if tab["active"]) == page.tabs[1].code
    assert answer.context["views"]["personal"][0]["active"] is True


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_view_for_the_team_needs_the_right_to_share(page, shop, manager, view_only):
    assert save(view_only, page, shop, "ours", shared="1").code == 403
    assert SavedView.objects.count() == 0
    save(manager, page, shop, "ours", shared="1").says("is saved")
    assert views(view_only, page, shop, "team") == views(manager, page, shop, "team") == ["ours"]
    shown = opened(view_only, page, shop).context["views"]
    assert (shown["can_share"], shown["team"][0]["delete_url"]) == (False, "")


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_same_name_again_replaces_the_view(page, shop, owner):
    for query in ("tab=unpaid", "tab=to_ship"):
        save(owner, page, shop, "mine", query)
    assert list(SavedView.objects.values_list("name", "query")) == [("mine", "tab=to_ship")]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_only_who_may_share_deletes_a_view_of_the_team_and_only_the_owner_deletes_a_personal_one(
    page, shop, manager, view_only, owner
):
    save(manager, page, shop, "ours", shared="1")
    save(view_only, page, shop, "mine")
    ours, mine = SavedView.objects.get(name="ours"), SavedView.objects.get(name="mine")
    door = f"{page.url_name}_view_delete"
    assert view_only.post(url(door, ours)).code == 403
    assert owner.post(url(door, mine)).code == 404
    assert SavedView.objects.count() == 2
    view_only.post(url(door, mine)).says("The view is deleted.")
    manager.post(url(door, ours)).says("The view is deleted.")
    assert SavedView.objects.count() == 0


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_view_without_a_name_or_with_too_long_a_name_is_refused(page, shop, owner):
    save(owner, page, shop, "").says("Give the view a name.")
    assert save(owner, page, shop, "x" * 41).code == 302
    assert SavedView.objects.count() == 0


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_form_for_a_view_lets_nobody_type_a_name_that_is_refused(page, shop, owner):
    html = opened(owner, page, shop).text
    assert 'id="view-name" name="name" required maxlength="40"' in html


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_search_box_of_the_shell_lets_nobody_type_more_than_is_searched(page, shop, owner):
    assert 'maxlength="100"' in opened(owner, page, shop).text.partition('<input id="find"')[2].partition(">")[0]
