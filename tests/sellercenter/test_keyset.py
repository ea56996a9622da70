"""Keyset pages: every row exactly once, forward and back, whatever ties and gaps the column has."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.models import Order
from sellercenter import keyset
from sellercenter.keyset import Cursor, Sort
from sellercenter.lifecycle import Refused
from tests import make

pytestmark = pytest.mark.django_db

PLACED = Sort("placed_at", descending=True)
SORTS = [
    Sort(field, descending, nullable, kind)
    for field, nullable, kind in (
        ("placed_at", False, PLACED.type),
        ("paid_at", True, PLACED.type),
        ("deadline_at", True, PLACED.type),
        ("total_amount", False, Decimal),
    )
    for descending in (False, True)
]


@pytest.fixture
def crowd(shop):
    """Load orders with many equal and many missing values."""
    told = [
        make.facts(
            shop,
            "unpaid" if i % 3 == 0 else "to_ship" if i % 3 == 1 else "completed",
            placed_at=make.NOW - (i % 4) * make.HOUR,
            lines=[make.line(price=f"{1 + i % 5}.00")],
        )
        for i in range(23)
    ]
    return make.orders(shop, told)


def in_order(rows, sort):
    """Sort in Python what the pages must bring: by value, ties by key, rows without a value last."""
    having = sorted((one for one in rows if getattr(one, sort.field) is not None), key=lambda one: one.pk)
    having.sort(key=lambda one: getattr(one, sort.field))
    without = sorted((one for one in rows if getattr(one, sort.field) is None), key=lambda one: one.pk)
    return having[::-1] + without[::-1] if sort.descending else having + without


def walk(rows, sort, size, *, back=False):
    """Collect the pages from the first to the last, or from behind the last to the first."""
    page, pages = keyset.fetch(rows, sort, size), []
    while page.next:
        pages.append([one.pk for one in page.rows])
        page = keyset.fetch(rows, sort, size, Cursor.read(page.next.token(), sort))
    pages.append([one.pk for one in page.rows])
    if not back:
        return pages
    pages = [pages[-1]]
    while page.previous:
        page = keyset.fetch(rows, sort, size, Cursor.read(page.previous.token(), sort))
        pages.append([one.pk for one in page.rows])
    return pages[::-1]


@pytest.mark.parametrize("size", [1, 5, 23])
@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: f"{sort.sign}{sort.field}")
def test_pages_forward_and_back_hold_every_row_once_and_in_order(crowd, shop, sort, size):
    rows = Order.objects.for_shop(shop)
    plain = [one.pk for one in in_order(rows, sort)]
    assert [*chain(*walk(rows, sort, size))] == plain
    assert [*chain(*walk(rows, sort, size, back=True))] == plain


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: f"{sort.sign}{sort.field}")
def test_rows_without_a_value_come_last_in_both_directions(crowd, shop, sort):
    values = [getattr(one, sort.field) for one in in_order(Order.objects.for_shop(shop), sort)]
    known = [value for value in values if value is not None]
    assert values == sorted(known, reverse=sort.descending) + [None] * (len(values) - len(known))


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: f"{sort.sign}{sort.field}")
def test_the_reach_of_a_slice_holds_the_next_rows_and_their_ties(crowd, shop, sort):
    rows = Order.objects.for_shop(shop)
    plain = [one.pk for one in in_order(rows, sort)]
    for size in (1, 5, 13, 22):
        last = keyset.reach(rows, sort, size)
        near = [one.pk for one in in_order(rows.filter(keyset.upto(last, sort)), sort)]
        assert near == plain[: len(near)]
        assert len(near) >= size
    assert keyset.reach(rows, sort, 23) is None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.integers(1, 6), st.booleans())
def test_any_ties_and_any_page_size_visit_every_row_once(shop, ties, size, descending):
    Order.objects.for_shop(shop).delete()
    make.orders(shop, [make.facts(shop, placed_at=make.NOW - tie * make.HOUR) for tie in ties])
    rows, sort = Order.objects.for_shop(shop), Sort("placed_at", descending)
    seen = [*chain(*walk(rows, sort, size))]
    assert seen == [one.pk for one in rows.order_by(*sort.order())]


def test_a_row_that_arrives_in_between_moves_no_other_row(crowd, shop):
    rows = Order.objects.for_shop(shop)
    before = [one.pk for one in rows.order_by(*PLACED.order())]
    first = keyset.fetch(rows, PLACED, 5)
    make.order(shop, placed_at=make.NOW + make.HOUR)
    second = keyset.fetch(rows, PLACED, 5, first.next)
    assert [one.pk for one in second.rows] == before[5:10]


def token(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


TIME = "2026-11-22T00:00:00+00:00"
DAMAGED = {
    "letters": "zzz",
    "no base64": "%%%",
    "nothing inside": token(),
    "one part only": token(TIME),
    "no list": base64.urlsafe_b64encode(b'{"a": 1}').decode(),
    "a naive time": token("2026-11-22T00:00:00", 1, 0),
    "no time": token("yesterday", 1, 0),
    "a number for a time": token(5, 1, 0),
    "a missing value in a column that has none": token(None, 1, 0),
    "a text as key": token(TIME, "1", 0),
    "a negative key": token(TIME, -1, 0),
    "a key too large": token(TIME, 2**63, 0),
    "a third direction": token(TIME, 1, 2),
    "a time that no row can have": token("0001-01-01T00:00:00+23:59", 1, 0),
    "too deep": base64.urlsafe_b64encode(b"[" * 3000).decode(),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_cursor_is_refused(damage):
    with pytest.raises(Refused) as refused:
        Cursor.read(DAMAGED[damage], PLACED)
    assert refused.value.code == "bad_cursor"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN", "1e999999", "1e-999999", "ten"])
def test_a_cursor_with_an_amount_that_is_none_is_refused(value):
    with pytest.raises(Refused):
        Cursor.read(token(value, 1, 0), Sort("total_amount", type=Decimal))


@given(
    st.datetimes(datetime(1901, 1, 1), datetime(2998, 1, 1), timezones=st.timezones()),
    st.integers(0, 2**63 - 1),
    st.booleans(),
)
def test_a_cursor_survives_its_way_through_an_address(value, pk, backwards):
    read = Cursor.read(Cursor(value, pk, backwards).token(), PLACED)
    assert (read.value, read.pk, read.backwards) == (value.astimezone(UTC), pk, backwards)
