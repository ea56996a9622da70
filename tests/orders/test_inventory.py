"""Stock: reserved, given back once, taken, counted; the ledger always adds up and nothing falls below zero."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from random import Random

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from orders import inventory
from orders.invariants import STOCK
from orders.models import Sku, StockMovement
from orders.states import Status
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.permissions import BUYER, SYSTEM, Perm
from tests import make
from tests.conftest import ROLES, fresh, told

pytestmark = pytest.mark.django_db


def sku_of(shop, title="Green tea"):
    return Sku.objects.for_shop(shop).get(number=f"K-{title}")


def stocked(shop, on_hand, *titles):
    """Return an unpaid order of two units of each title, whose SKUs have so many on hand."""
    titles = titles or ("Green tea",)
    order = make.order(shop, Status.UNPAID, lines=[make.line(title) for title in titles])
    for title in titles:
        inventory.count(sku_of(shop, title), on_hand=on_hand, reason="shelf", by=SYSTEM)
    return order


def lines_of(order):
    return list(order.lines.order_by("pk"))


def reserve(order, by=BUYER):
    with transaction.atomic():
        inventory.reserve(order, lines_of(order), by=by)


def stock(sku):
    found = fresh(sku)
    return (found.on_hand, found.reserved, found.available)


def moves(sku):
    rows = StockMovement.objects.filter(sku=sku).order_by("pk")
    return list(rows.values_list("kind", "on_hand", "reserved", "reason"))


def broken():
    """Return the code of each invariant of stock that does not hold."""
    codes = []
    with connection.cursor() as cursor:
        for code, _description, sql in STOCK:
            cursor.execute(sql)
            codes += [code] if cursor.fetchall() else []
    return codes


@contextmanager
def refusing(error, code=None):
    """Assert that this is refused, with neither stock nor ledger nor history changed."""
    before = _everything()
    with pytest.raises(error) as caught, transaction.atomic():
        yield caught
    if code:
        assert caught.value.code == code
    assert _everything() == before


def _everything():
    return (
        list(Sku.objects.order_by("pk").values()),
        list(StockMovement.objects.order_by("pk").values()),
        list(events.Event.objects.order_by("pk").values()),
    )


def test_placing_reserves_the_units_of_each_line(shop):
    order = stocked(shop, 10, "A", "B")
    lines = lines_of(order)
    with transaction.atomic():
        inventory.reserve(order, lines, by=BUYER)
    assert [line.reserved for line in lines] == [2, 2]
    assert [line.reserved for line in lines_of(order)] == [2, 2]
    assert stock(sku_of(shop, "A")) == stock(sku_of(shop, "B")) == (10, 2, 8)
    last = StockMovement.objects.filter(sku=sku_of(shop, "B")).first()
    assert (last.kind, last.reserved, last.order, last.line, last.actor_label) == (
        *("reserve", 2, order, lines[1]),
        "buyer",
    )
    assert broken() == []


def test_two_lines_of_one_sku_reserve_together(shop):
    order = stocked(shop, 10)
    other = make.order(shop, Status.UNPAID, lines=[make.line(quantity=3), make.line(quantity=4)])
    reserve(other)
    assert stock(sku_of(shop)) == (10, 7, 3)
    third = make.order(shop, Status.UNPAID, lines=[make.line(quantity=2), make.line(quantity=2)])
    with refusing(Refused, "out_of_stock"):
        reserve(third)
    assert order.lines.get().reserved == 0
    assert broken() == []


def test_too_few_units_are_refused_by_name_and_nothing_of_the_order_is_reserved(shop):
    order = stocked(shop, 10, "A", "B")
    inventory.count(sku_of(shop, "B"), on_hand=1, reason="", by=SYSTEM)
    with refusing(Refused, "out_of_stock") as caught:
        reserve(order)
    assert str(caught.value) == "Of K-B only 1 are available, not 2."
    assert [line.reserved for line in lines_of(order)] == [0, 0]


def test_an_uncounted_sku_can_always_be_sold(shop):
    order = make.order(shop, Status.UNPAID, lines=[make.line(quantity=1000)])
    reserve(order)
    assert (stock(sku_of(shop)), moves(sku_of(shop)), order.lines.get().reserved) == ((0, 0, 0), [], 0)


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_reserved_released_or_taken(shop):
    order = stocked(shop, 10)
    for act in (
        lambda: inventory.reserve(order, lines_of(order), by=BUYER),
        lambda: inventory.release(order, by=BUYER),
        lambda: inventory.take(order, {lines_of(order)[0].pk: 1}, by=SYSTEM),
    ):
        with pytest.raises(transaction.TransactionManagementError):
            act()
    assert stock(sku_of(shop)) == (10, 0, 10)


def test_releasing_gives_back_exactly_once(shop):
    order = stocked(shop, 10, "A", "B")
    reserve(order)
    assert [inventory.release(order, by=SYSTEM) for _again in range(3)] == [4, 0, 0]
    assert stock(sku_of(shop, "A")) == (10, 0, 10)
    assert moves(sku_of(shop, "A"))[1:] == [("reserve", 0, 2, ""), ("release", 0, -2, "")]
    assert [line.reserved for line in lines_of(order)] == [0, 0]
    assert broken() == []


def test_many_orders_are_released_in_one_statement_however_many(shop, django_assert_num_queries):
    stocked(shop, 100, "A", "B")
    told = [make.facts(shop, Status.UNPAID, lines=[make.line("B"), make.line("A")]) for _i in range(30)]
    orders = make.orders(shop, told)
    for order in orders[:20]:
        reserve(order)
    assert stock(sku_of(shop, "A")) == (100, 40, 60)
    with django_assert_num_queries(1):
        assert inventory.release_many([order.pk for order in orders], by=SYSTEM) == 80
    assert inventory.release_many([order.pk for order in orders], by=SYSTEM) == 0
    assert inventory.release_many([], by=SYSTEM) == 0
    assert stock(sku_of(shop, "A")) == (100, 0, 100)
    assert broken() == []


def test_shipping_takes_what_was_reserved_part_by_part(shop):
    order = stocked(shop, 10)
    reserve(order)
    line = lines_of(order)[0]
    inventory.take(order, {line.pk: 1}, by=SYSTEM)
    assert (stock(sku_of(shop)), fresh(line).reserved) == ((9, 1, 8), 1)
    assert inventory.release(order, by=SYSTEM) == 1
    assert moves(sku_of(shop))[1:] == [("reserve", 0, 2, ""), ("take", -1, -1, ""), ("release", 0, -1, "")]
    assert broken() == []


def test_units_that_were_never_reserved_are_taken_from_what_is_available_and_the_rest_is_told(shop):
    order = make.order(shop, lines=[make.line(quantity=3), make.line(quantity=4)])
    rival = stocked(shop, 5)
    reserve(rival)
    units = {line.pk: line.quantity for line in lines_of(order)}
    inventory.take(order, units, by=SYSTEM)
    sku = sku_of(shop)
    assert stock(sku) == (2, 2, 0)
    assert moves(sku)[2:] == [("take", -3, 0, "")]
    missing = events.of(sku).get(kind="stock.missing")
    assert missing.data == {"sku": "K-Green tea", "missing": 4, "order": order.number}
    assert fresh(rival.lines.get()).reserved == 2
    assert broken() == []


def test_a_movement_says_how_many_of_its_units_were_missing(shop):
    order = stocked(shop, 1)
    inventory.take(order, {lines_of(order)[0].pk: 2}, by=SYSTEM)
    assert stock(sku_of(shop)) == (0, 0, 0)
    assert moves(sku_of(shop))[-1] == ("take", -1, 0, "missing:1")


def test_taking_leaves_uncounted_skus_and_lines_of_other_orders_alone(shop):
    uncounted = make.order(shop, lines=[make.line("Never counted")])
    order, other = stocked(shop, 10), make.order(shop)
    inventory.take(uncounted, {lines_of(uncounted)[0].pk: 2}, by=SYSTEM)
    inventory.take(order, {lines_of(other)[0].pk: 2, lines_of(order)[0].pk: 0}, by=SYSTEM)
    assert (moves(sku_of(shop, "Never counted")), stock(sku_of(shop))) == ([], (10, 0, 10))
    assert told(sku_of(shop, "Never counted")) == []


def test_the_first_count_begins_tracking_and_the_ledger(shop, packing):
    make.order(shop)
    sku = sku_of(shop)
    assert not sku.tracked
    inventory.count(sku, on_hand=0, reason="", by=packing.actor)
    assert (sku.tracked, moves(sku)) == (True, [])
    inventory.count(sku, on_hand=12, reason=" yearly count ", by=packing.actor)
    assert (sku.on_hand, sku.available) == (12, 12)
    assert moves(sku) == [("count", 12, 0, "yearly count")]
    assert StockMovement.objects.get(sku=sku).member == packing.member
    last = events.of(sku).last()
    assert (last.kind, last.data) == ("stock.counted", {"before": 0, "after": 12, "reason": "yearly count"})


def test_adjusting_needs_a_reason_a_change_and_a_count(shop, packing):
    order = make.order(shop)
    sku = sku_of(shop)
    with refusing(Refused, "not_counted"):
        inventory.adjust(sku, change=1, reason="found", by=packing.actor)
    inventory.count(sku, on_hand=9, reason="", by=packing.actor)
    with refusing(Refused, "reason_missing"):
        inventory.adjust(sku, change=1, reason=" ", by=packing.actor)
    with refusing(Refused, "no_change"):
        inventory.adjust(sku, change=0, reason="found", by=packing.actor)
    inventory.adjust(sku, change=-2, reason="broken", by=packing.actor)
    assert (stock(sku), moves(sku)[-1]) == ((7, 0, 7), ("adjust", -2, 0, "broken"))
    assert events.of(sku).last().data == {"before": 9, "after": 7, "reason": "broken"}
    assert fresh(order).status == "to_ship"


def test_nobody_counts_or_adjusts_below_what_orders_reserved(shop, owner):
    order = stocked(shop, 10)
    reserve(order)
    sku = sku_of(shop)
    with refusing(Refused, "below_reserved") as caught:
        inventory.count(sku, on_hand=1, reason="", by=owner.actor)
    assert "2 units" in str(caught.value)
    with refusing(Refused, "below_reserved"):
        inventory.adjust(sku, change=-9, reason="stolen", by=owner.actor)
    inventory.count(sku, on_hand=2, reason="", by=owner.actor)
    assert stock(sku) == (2, 2, 0)


@pytest.mark.parametrize("number", [-1, inventory.MOST_ON_HAND + 1, 2**40])
def test_impossible_numbers_are_refused(shop, owner, number):
    sku = sku_of(stocked(shop, 5).shop)
    with refusing(Refused, "impossible_number"):
        inventory.count(sku, on_hand=number, reason="", by=owner.actor)
    with refusing(Refused, "impossible_number"):
        inventory.set_low_at(sku, low_at=number, by=owner.actor)
    with refusing(Refused, "impossible_number"):
        inventory.count_many(shop, {sku.pk: number}, reason="", by=owner.actor)


def test_many_skus_are_counted_at_once_and_those_below_their_reservation_are_left_alone(shop, other_shop, owner):
    order = stocked(shop, 10, "A", "B")
    make.order(shop, lines=[make.line("C")])
    reserve(order)
    make.order(other_shop)
    counts = {sku_of(shop, "A").pk: 1, sku_of(shop, "B").pk: 10, sku_of(shop, "C").pk: 7, sku_of(other_shop).pk: 3}
    found = inventory.count_many(shop, counts, reason="file", by=owner.actor)
    assert [(one.name, one.before, one.counted, one.refused, one.changed) for one in found] == [
        ("K-A", 10, 1, True, False),
        ("K-B", 10, 10, False, False),
        ("K-C", 0, 7, False, True),
    ]
    assert [stock(sku_of(shop, title)) for title in "ABC"] == [(10, 2, 8), (10, 2, 8), (7, 0, 7)]
    assert not sku_of(other_shop).tracked
    assert events.of(shop).last().data == {"changed": 1, "refused": 1}
    assert broken() == []


def test_a_sku_that_becomes_low_is_told_once_for_each_time(shop, owner):
    policy = shop.policy
    assert policy.low_stock_at == 5
    order = stocked(shop, 8)
    sku = sku_of(shop)
    reserve(order)
    assert "sku.low" not in told(sku)
    second, third = (make.order(shop, Status.UNPAID, lines=[make.line(quantity=n)]) for n in (1, 2))
    reserve(second)
    low = events.of(sku).get(kind="sku.low")
    assert (low.data, low.actor_kind) == ({"sku": "K-Green tea", "available": 5, "low_at": 5}, "buyer")
    reserve(third)
    assert told(sku).count("sku.low") == 1
    inventory.release_many([order.pk, second.pk, third.pk], by=SYSTEM)
    inventory.adjust(sku, change=-4, reason="broken", by=owner.actor)
    assert told(sku).count("sku.low") == 2


def test_a_limit_of_its_own_wins_over_the_policy(shop, owner):
    order = stocked(shop, 12)
    sku = sku_of(shop)
    inventory.set_low_at(sku, low_at=10, by=owner.actor)
    assert (fresh(sku).low_at, events.of(sku).last().data) == (10, {"before": None, "after": 10})
    reserve(order)
    assert events.of(sku).last().data == {"sku": "K-Green tea", "available": 10, "low_at": 10}
    before = told(sku)
    inventory.set_low_at(sku, low_at=10, by=owner.actor)
    assert told(sku) == before
    inventory.set_low_at(sku, low_at=None, by=owner.actor)
    assert fresh(sku).low_at is None


def test_a_first_count_that_is_low_is_told(shop, owner):
    make.order(shop)
    inventory.count(sku_of(shop), on_hand=0, reason="", by=owner.actor)
    assert "sku.low" in told(sku_of(shop))


def test_the_database_itself_keeps_stock_from_falling_below_zero(shop):
    sku = sku_of(stocked(shop, 1).shop)
    for values in ({"reserved": 2}, {"on_hand": -1}, {"on_hand": 0, "reserved": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Sku.objects.filter(pk=sku.pk).update(**values)
    assert stock(sku) == (1, 0, 1)


VERBS = {
    "count": lambda sku, by: inventory.count(sku, on_hand=3, reason="", by=by),
    "count many": lambda sku, by: inventory.count_many(sku.shop, {sku.pk: 3}, reason="", by=by),
    "adjust": lambda sku, by: inventory.adjust(sku, change=1, reason="found", by=by),
    "limit": lambda sku, by: inventory.set_low_at(sku, low_at=3, by=by),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_of_people_asks_for_its_right(shop, cast, verb, role):
    sku = sku_of(stocked(shop, 9).shop)
    if cast[role].actor.may(Perm.STOCK_EDIT):
        VERBS[verb](sku, cast[role].actor)
        assert events.Event.objects.order_by("pk").last().member == cast[role].member
    else:
        with refusing(PermissionDenied):
            VERBS[verb](sku, cast[role].actor)


def at_once(*acts):
    """Run each act in a thread, a connection and a transaction of its own, all from the same moment."""
    barrier, answers = threading.Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait(10)
            with transaction.atomic():
                act()
            answers.append("done")
        except Refused as refused:
            answers.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(answers)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_buy_the_last_unit_at_once_exactly_one_gets_it(shop):
    told = [make.facts(shop, Status.UNPAID, lines=[make.line(quantity=1)]) for _i in range(2)]
    orders = make.orders(shop, told)
    inventory.count(sku_of(shop), on_hand=1, reason="", by=SYSTEM)
    lines = [lines_of(order) for order in orders]
    answers = at_once(
        lambda: inventory.reserve(orders[0], lines[0], by=BUYER),
        lambda: inventory.reserve(orders[1], lines[1], by=BUYER),
    )
    assert answers == ["done", "out_of_stock"]
    assert (stock(sku_of(shop)), broken()) == ((1, 1, 0), [])


@pytest.mark.django_db(transaction=True)
def test_buyers_of_the_same_skus_in_different_order_never_wait_in_a_circle(shop):
    stocked(shop, 1000, "A", "B", "C")
    told = [
        make.facts(shop, Status.UNPAID, lines=[make.line(title, quantity=1) for title in titles])
        for titles in ("ABC", "CBA", "BCA", "ACB") * 5
    ]
    orders = make.orders(shop, told)
    lines = {order.pk: lines_of(order) for order in orders}

    def trade(mine):
        for order in mine:
            inventory.reserve(order, lines[order.pk], by=BUYER)
            inventory.release(order, by=SYSTEM)

    for start in range(0, 20, 4):
        acts = [lambda order=order: trade([order]) for order in orders[start : start + 4]]
        assert at_once(*acts) == ["done"] * 4
    assert [stock(sku_of(shop, title)) for title in "ABC"] == [(1000, 0, 1000)] * 3
    assert broken() == []


@pytest.mark.django_db(transaction=True)
def test_of_a_count_and_an_order_at_once_the_later_one_is_refused(shop, owner):
    order = stocked(shop, 2)
    lines, sku = lines_of(order), sku_of(shop)
    answers = at_once(
        lambda: inventory.reserve(order, lines, by=BUYER),
        lambda: inventory.count(sku, on_hand=1, reason="", by=owner.actor),
    )
    assert (answers, stock(sku)) in (
        (["below_reserved", "done"], (2, 2, 0)),
        (["done", "out_of_stock"], (1, 0, 1)),
    )
    assert broken() == []


def while_waiting(first, second):
    """Do `first` in a transaction that ends only once `second` waits for it in a thread; return what became of both."""
    answers = []

    def run():
        answers.extend(at_once(second))

    waiter = threading.Thread(target=run)
    with transaction.atomic():
        first()
        waiter.start()
        until = time.monotonic() + 20
        with connection.cursor() as cursor:
            while time.monotonic() < until:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    break
    waiter.join(30)
    return answers


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("first", "second"), [("release", "reserve"), ("count", "reserve"), ("release", "count")])
def test_whoever_waited_for_the_units_decides_by_what_is_there_after_the_wait(shop, first, second):
    rival, order = stocked(shop, 2), make.order(shop, Status.UNPAID)
    lines, sku = lines_of(order), sku_of(shop)
    if first == "release":
        reserve(rival)
    else:
        inventory.adjust(sku, change=-1, reason="broken", by=SYSTEM)
    acts = {
        "release": lambda: inventory.release(rival, by=SYSTEM),
        "reserve": lambda: inventory.reserve(order, lines, by=BUYER),
        "count": lambda: inventory.count(sku, on_hand=1 if second == "count" else 2, reason="", by=SYSTEM),
    }
    assert while_waiting(acts[first], acts[second]) == ["done"]
    assert stock(sku) == ((1, 0, 1) if second == "count" else (2, 2, 0))
    assert broken() == []


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_in_whatever_order_the_ledger_adds_up(shop, owner, seed):
    rng = Random(seed)
    stocked(shop, 12, "A", "B", "C")
    told = [
        make.facts(shop, Status.UNPAID, lines=[make.line(title, quantity=rng.randint(1, 3)) for title in titles])
        for titles in ("A", "AB", "BC", "CA", "ABC", "B", "CC")
    ]
    waiting, orders = make.orders(shop, told), []

    def place_next():
        orders.append(waiting.pop())
        reserve(orders[-1])

    acts = [
        place_next,
        lambda: inventory.release(rng.choice(orders), by=SYSTEM),
        lambda: inventory.release_many([order.pk for order in rng.sample(orders, 2)], by=SYSTEM),
        lambda: ship_some(rng.choice(orders), rng),
        lambda: inventory.lessen(rng.choice(lines_of(rng.choice(orders))), to=rng.randint(0, 2), by=SYSTEM),
        lambda: inventory.adjust(sku_of(shop, "A"), change=rng.randint(-6, 6), reason="walk", by=owner.actor),
        lambda: inventory.count(sku_of(shop, rng.choice("BC")), on_hand=rng.randint(0, 9), reason="", by=owner.actor),
    ]
    done = 0
    for _step in range(60):
        try:
            with transaction.atomic():
                rng.choice(acts)()
            done += 1
        except (Refused, IndexError, ValueError):  # nothing placed yet, or an expected no
            continue
        assert broken() == []
    assert done > 20


def ship_some(order, rng):
    inventory.take(order, {line.pk: rng.randint(0, line.quantity) for line in lines_of(order)}, by=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_of_two_releases_at_once_one_gives_back(shop):
    order = stocked(shop, 10)
    reserve(order)
    given = []
    act = lambda: given.append(inventory.release(order, by=SYSTEM))  # noqa: E731
    assert at_once(act, act) == ["done", "done"]
    assert (sorted(given), stock(sku_of(shop)), broken()) == ([0, 2], (10, 0, 10), [])


@pytest.mark.django_db(transaction=True)
def test_a_release_and_a_shipment_at_once_share_the_units(shop):
    order = stocked(shop, 10)
    reserve(order)
    line = lines_of(order)[0]
    at_once(lambda: inventory.release(order, by=SYSTEM), lambda: inventory.take(order, {line.pk: 2}, by=SYSTEM))
    assert (stock(sku_of(shop)), fresh(line).reserved, broken()) == ((8, 0, 8), 0, [])
