"""The demo that lives: its buyers, carriers and team go through the verbs, and leave a world that adds up."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, Sum

from orders import actions, fulfilment, inventory, timers
from orders.demo.filling import fill
from orders.demo.journeys import Fate
from orders.demo.living import Deed, World
from orders.demo.living.wishes import Standing, life_of, wishes_of_buyer, wishes_of_team
from orders.demo.markets import HARBOUR
from orders.demo.people import manager_of
from orders.invariants import STOCK
from orders.models import Order, OrderLine, Parcel, Sku, StockMovement, TrackingEvent
from orders.states import CancelledBy, Status
from sellercenter.models import Role, Shop, ShopPolicy
from sellercenter.permissions import SYSTEM, StockRole
from sellercenter.ticks import database_now
from tests import make

# A month in three hundredths of a second, so that nobody in the tales keeps a test waiting.
FAST = 100_000_000.0


@pytest.fixture
def harbour(settings: Any) -> Shop:
    """The British demo shop with its team and 500 units of everything, and no order; nobody has any problem there."""
    settings.DEMO, settings.DEMO_LIVES = True, []
    fill(orders=0, seed=7, until=database_now())
    shop = Shop.objects.select_related("policy").get(code="harbour")
    have(shop, 500)
    return shop


def have(shop: Shop, units: int) -> None:
    """Count so many units of every SKU of the shop."""
    every = dict.fromkeys(Sku.objects.for_shop(shop).values_list("pk", flat=True), units)
    inventory.count_many(shop, every, reason="", by=SYSTEM)


def world(*, staff: bool = True, speed: float = FAST) -> World:
    return World(HARBOUR, speed=speed, seed="7", staff=staff)


def settled(one: World) -> list[Deed]:
    """Let turns pass until nobody has done anything for a while, and return what was done."""
    done: list[Deed] = []
    quiet = 0
    while quiet < 10:
        deeds = [deed for deed in one.turn() if "takes in" not in deed.said]
        quiet = 0 if deeds else quiet + 1
        done += deeds
    return done


def broken() -> list[str]:
    """Return the rules of the stock that do not hold."""
    found = []
    for code, _about, sql in STOCK:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            found += [code] if cursor.fetchall() else []
    return found


def standing(fate: Fate, status: Status, **fields: Any) -> Standing:
    """Return where an order stands whose people are in for `fate`; everything happened at one moment."""
    number = next(f"HP-{serial:07}" for serial in range(5000) if life_of(f"HP-{serial:07}").fate == fate)
    told = {"paid_at": make.NOW, "cancel_requested_at": None, "cancelled_by": "", "held": False}
    return Standing(1, number, status, make.NOW, **{**told, **fields})


def wanted(order: Standing, speed: float = 60.0) -> list[str]:
    return [wish.deed for wish in (*wishes_of_buyer(order, speed), *wishes_of_team(order, speed))]


def test_speed_shortens_what_people_wait_and_nothing_else() -> None:
    order = standing(Fate.FINE, Status.UNPAID)
    [slow], [fast] = wishes_of_buyer(order, 1), wishes_of_buyer(order, 60)
    assert (slow.deed, fast.deed) == ("pay", "pay")
    assert slow.due - make.NOW == life_of(order.number).paid - life_of(order.number).placed  # type: ignore[operator]
    assert abs((slow.due - make.NOW) / 60 - (fast.due - make.NOW)) < timedelta(milliseconds=1)


def test_who_wants_what_follows_from_the_life_that_the_order_is_in_for() -> None:
    assert wanted(standing(Fate.EXPIRES, Status.UNPAID)) == []
    assert wanted(standing(Fate.DROPS, Status.UNPAID)) == ["give_up"]
    assert wanted(standing(Fate.FINE, Status.TO_REVIEW)) == ["approve"]
    assert wanted(standing(Fate.FINE, Status.TO_SHIP)) == ["ship"]
    assert wanted(standing(Fate.SPLIT, Status.TO_SHIP)) == ["ship_part"]
    assert wanted(standing(Fate.SPLIT, Status.PART_SHIPPED)) == ["ship"]
    assert wanted(standing(Fate.SOLD_OUT, Status.TO_SHIP)) == ["sell_out"]
    assert wanted(standing(Fate.REGRETS, Status.TO_REVIEW)) == ["ask_to_cancel", "approve"]
    assert wanted(standing(Fate.PLATFORM, Status.TO_REVIEW)) == ["close", "approve"]


def test_the_team_leaves_to_people_what_is_held_or_to_be_cancelled() -> None:
    assert wanted(standing(Fate.FINE, Status.TO_REVIEW, held=True)) == []
    assert wanted(standing(Fate.REGRETS, Status.TO_SHIP, cancel_requested_at=make.NOW)) == []


@pytest.mark.django_db
def test_orders_go_through_the_whole_life_and_the_stock_adds_up(harbour: Shop) -> None:
    one = world()
    placed = [one.place() for _each in range(40)]
    deeds = settled(one)
    assert [deed for deed in placed + deeds if deed.refused] == []
    counts = {status: Order.objects.filter(status=status).count() for status in Status}
    assert sum(counts.values()) == 40
    assert counts[Status.COMPLETED] > 8
    assert counts[Status.DELIVERED] > 4
    assert counts[Status.CANCELLED] > 0
    assert counts[Status.UNPAID] == sum(life_of(deed.number).fate == Fate.EXPIRES for deed in placed) > 0
    waiting = Order.objects.filter(status__in=[Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED])
    assert not waiting.filter(cancel_requested_at=None).exists()
    assert broken() == []
    lines = OrderLine.objects.filter(order__status__in=[Status.SHIPPED, Status.DELIVERED, Status.COMPLETED])
    sent = StockMovement.objects.filter(kind="take").aggregate(units=-Sum("on_hand"))["units"]
    assert sent == lines.aggregate(units=Sum("quantity"))["units"] > 0


@pytest.mark.django_db
def test_without_the_team_orders_wait_for_people_and_carriers_take_what_those_ship(harbour: Shop) -> None:
    one = world(staff=False)
    for fate in (Fate.FINE, Fate.EXPIRES, Fate.DROPS):
        one.place(fate)
    settled(one)
    orders = {life_of(order.number).fate: order for order in Order.objects.select_related("shop__policy")}
    assert orders[Fate.FINE].status == Status.TO_REVIEW
    assert orders[Fate.EXPIRES].status == Status.UNPAID
    assert (orders[Fate.DROPS].status, orders[Fate.DROPS].cancelled_by) == (Status.CANCELLED, CancelledBy.BUYER)
    actions.approve(orders[Fate.FINE], by=manager_of(harbour))
    fulfilment.ship(orders[Fate.FINE], carrier="DPD", tracking_no="DP1", by=manager_of(harbour))
    settled(one)
    told = TrackingEvent.objects.order_by("pk").values_list("parcel__tracking_no", "code")
    assert {number for number, _code in told} == {"DP1"}
    assert [code for _number, code in told if code != "customs"][-2:] == ["out_for_delivery", "delivered"]
    orders[Fate.FINE].refresh_from_db()
    assert orders[Fate.FINE].status in (Status.DELIVERED, Status.COMPLETED)


@pytest.mark.django_db
def test_the_past_of_the_demo_stays_as_it_is(settings: Any) -> None:
    settings.DEMO = True
    fill(orders=200, seed=7, until=database_now())
    before = [*Order.objects.order_by("pk").values_list("pk", "status", "updated_at")]
    assert settled(world()) == []
    assert [*Order.objects.order_by("pk").values_list("pk", "status", "updated_at")] == before


@pytest.mark.django_db
def test_a_split_order_leaves_in_two_parcels(harbour: Shop) -> None:
    one = world()
    one.place(Fate.SPLIT)
    deeds = settled(one)
    assert [" ships a part " in deed.said for deed in deeds if " ships " in deed.said] == [True, False]
    assert Parcel.objects.count() == 2
    assert Order.objects.get().status in (Status.DELIVERED, Status.COMPLETED)


@pytest.mark.django_db
def test_a_buyer_who_was_refused_does_not_ask_again(harbour: Shop) -> None:
    one = world(staff=False)
    one.place(Fate.REGRETS)
    settled(one)
    order = Order.objects.select_related("shop__policy").get()
    assert order.cancel_requested_at is not None
    actions.refuse_cancel(order, reason="It has left already.", by=manager_of(harbour))
    settled(one)
    settled(world(staff=False))
    order.refresh_from_db()
    assert order.cancel_requested_at is None


@pytest.mark.django_db(transaction=True)
def test_money_for_an_order_that_ran_out_of_time_becomes_a_refund_to_make(harbour: Shop) -> None:
    ShopPolicy.objects.filter(shop=harbour).update(
        first_reminder=None, second_reminder=None, payment_window=timedelta(milliseconds=1)
    )
    one = world(staff=False)
    for _each in range(12):
        one.place(Fate.EXPIRES)
    timers.fire_due()
    deeds = settled(one)
    late = [deed.number for deed in deeds if "too late" in deed.said]
    assert 0 < len(late) < 12
    owed = Order.objects.filter(status=Status.CANCELLED, refund_due=F("total_amount"))
    assert sorted(owed.values_list("number", flat=True)) == sorted(late)
    assert settled(world(staff=False)) == []


@pytest.mark.django_db
def test_what_is_sold_out_is_refused_and_told_and_nothing_ends(harbour: Shop) -> None:
    have(harbour, 0)
    one = world()
    deeds = [one.place() for _each in range(3)]
    assert all(deed.refused and "only 0 are available" in deed.said for deed in deeds)
    assert not Order.objects.exists()
    have(harbour, 500)
    assert not one.place().refused


@pytest.mark.django_db
def test_what_the_team_may_not_do_is_told_and_not_tried_again_at_once(harbour: Shop) -> None:
    Role.objects.filter(shop=harbour, stock=StockRole.REVIEWER).update(perms=[])
    one = world()
    one.place(Fate.FINE)
    refusals = [deed for deed in settled(one) if deed.refused]
    assert [deed.said.split(":")[0] for deed in refusals] == ["approve"]
    assert Order.objects.get().status == Status.TO_REVIEW


@pytest.mark.django_db
def test_the_team_fills_up_what_is_nearly_gone(harbour: Shop) -> None:
    have(harbour, 1)
    one = world()
    deeds = [deed for _turn in range(800) for deed in one.turn()]
    assert deeds
    assert all("takes in" in deed.said for deed in deeds)
    assert Sku.objects.for_shop(harbour).filter(available__gt=20).count() == len({deed.number for deed in deeds})
    assert broken() == []


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_buyers_and_baskets(harbour: Shop) -> None:
    orders = Order.objects.order_by("pk").values_list("buyer__uid", "total_amount", "buyer_message")
    seen = []
    for _run in range(2):
        one = world(staff=False)
        assert not any(one.place().refused for _each in range(5))
        seen.append(list(orders))
        Order.objects.all().delete()
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == 5


@pytest.mark.django_db
def test_the_command_tells_each_deed_on_one_line(harbour: Shop) -> None:
    have(harbour, 500)
    out = io.StringIO()
    options = {"rate": 1200, "speed": FAST, "shop": "harbour", "seed": "7", "staff": True, "seconds": 2.5}
    call_command("simulate", **options, stdout=out)
    first, *lines = out.getvalue().splitlines()
    assert first.startswith("Living: 1200 orders a minute")
    assert all(re.match(r"\d\d:\d\d:\d\d  harbour  \S+ +\S", line) for line in lines)
    assert "(this buyer will forget to pay)" in lines[0]
    assert Order.objects.count() == sum(" buyer orders " in line for line in lines) > 10
    assert any(" buyer pays " in line for line in lines)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "message"),
    [({"rate": -1.0}, "negative"), ({"speed": 0.0}, "more than nothing"), ({}, "Fill the demo first")],
)
def test_nonsense_is_refused(settings: Any, options: dict[str, Any], message: str) -> None:
    settings.DEMO = True
    with pytest.raises(CommandError, match=message):
        call_command("simulate", seconds=0.1, **options)


def test_the_command_is_refused_where_this_is_no_demo(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="SELLERCENTER_DEMO=1"):
        call_command("simulate")
