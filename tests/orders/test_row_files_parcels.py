"""Tracking numbers and carriers' messages from files: what is shipped and heard, and what is refused and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from orders import inventory
from orders.models import Order, Parcel, ParcelLine, Sku, TrackingEvent
from orders.states import ParcelStatus, Status
from sellercenter.imports import UnreadableFile
from sellercenter.models import Event
from sellercenter.permissions import SYSTEM, Perm, actor_for
from tests import make
from tests.conftest import fresh, told
from tests.make import DAY, HOUR
from tests.orders.row_tables import Desk

pytestmark = pytest.mark.django_db
HEAD = "order_no,carrier,tracking_no"
PARTS = f"{HEAD},line_no,quantity"


@pytest.fixture
def numbers(shop, tmp_path):
    return Desk("tracking_numbers", shop, tmp_path)


@pytest.fixture
def messages(shop, tmp_path):
    return Desk("tracking_events", shop, tmp_path)


def states():
    return dict(Order.objects.order_by("number").values_list("number", "status"))


def parcels():
    columns = ("parcel__tracking_no", "order__number", "line__number", "quantity")
    return list(ParcelLine.objects.order_by("parcel__tracking_no", "line__number").values_list(*columns))


def somebody(shop, *perms):
    """Let a new member act who holds exactly these rights."""
    return actor_for(make.member(shop, make.role(shop, *perms)))


def three(shop):
    """Load order A of two lines, B of one and C of one."""
    lines = [make.line("Tea", number="1"), make.line("Mug", number="2", quantity=1, seller_sku="MUG")]
    return make.orders(
        shop,
        [
            make.facts(shop, number="A", lines=lines),
            make.facts(shop, number="B", lines=[make.line("Tea", number="1")]),
            make.facts(shop, number="C", lines=[make.line("Tea", number="1")]),
        ],
    )


# --- Tracking numbers -------------------------------------------------------------------------------------------------


def test_orders_are_shipped_under_their_numbers_and_a_second_time_changes_nothing(numbers, shop):
    order, *_others = three(shop)
    rows = ["订单编号,物流公司,快递单号", "A,顺丰速运,sf1", "B,SF Express,SF2"]
    assert numbers.try_out(*rows) == (2, 0, 0, 0)
    assert numbers.take(*rows) == (2, 0, 0, 0)
    assert states() == {"A": "shipped", "B": "shipped", "C": "to_ship"}
    assert parcels() == [("SF1", "A", "1", 2), ("SF1", "A", "2", 1), ("SF2", "B", "1", 2)]
    assert told(order)[-1] == "order.shipped"
    assert numbers.try_out(*rows) == (0, 0, 2, 0)
    assert numbers.take(*rows) == (0, 0, 2, 0)
    assert told(order).count("order.shipped") == 1


def test_rows_of_one_order_tell_what_is_in_which_parcel_wherever_they_stand(numbers, shop):
    order, *_others = three(shop)
    rows = [PARTS, "A,SF,SF1,1,1", "B,SF,SF2,,", "A,SF,SF1,2,", "A,SF,SF3,1,1"]
    assert numbers.try_out(*rows) == (2, 0, 0, 0)
    assert numbers.take(*rows) == (2, 0, 0, 0)
    assert (numbers.outcome.new.records, numbers.outcome.new.rows) == (2, 4)
    assert parcels() == [("SF1", "A", "1", 1), ("SF1", "A", "2", 1), ("SF2", "B", "1", 2), ("SF3", "A", "1", 1)]
    assert told(order)[-2:] == ["order.part_shipped", "order.shipped"]
    assert numbers.take(*rows) == (0, 0, 2, 0)


def test_a_part_goes_first_and_the_rest_later(numbers, shop):
    three(shop)
    head = f"{HEAD},seller_sku,quantity"
    assert numbers.take(head, "A,SF,SF1,MUG,1") == (1, 0, 0, 0)
    assert states()["A"] == "part_shipped"
    assert numbers.try_out(HEAD, "A,SF,SF2") == (0, 1, 0, 0)
    assert numbers.take(HEAD, "A,SF,SF2") == (0, 1, 0, 0)
    assert (states()["A"], parcels()) == ("shipped", [("SF1", "A", "2", 1), ("SF2", "A", "1", 2)])
    assert numbers.take(head, "A,SF,SF1,MUG,1", "A,SF,SF2,,") == (0, 0, 1, 0)


def test_an_order_of_one_line_needs_no_line_for_a_quantity(numbers, shop):
    three(shop)
    assert numbers.take(PARTS, "B,SF,SF1,,1") == (1, 0, 0, 0)
    assert (states()["B"], parcels()) == ("part_shipped", [("SF1", "B", "1", 1)])


def test_a_parcel_left_when_the_file_says(numbers, shop):
    order, *_others = three(shop)
    at = (make.NOW - 3 * HOUR).isoformat()
    assert numbers.take(f"{HEAD},发货时间", f"A,SF,SF1,{at}", "B,SF,SF2,") == (2, 0, 0, 0)
    assert fresh(order).shipped_at == Parcel.objects.get(tracking_no="SF1").shipped_at == make.NOW - 3 * HOUR
    assert Parcel.objects.get(tracking_no="SF2").shipped_at >= make.NOW


def test_no_parcel_left_before_its_order_and_the_last_one_counts(numbers, shop):
    order, second, _third = three(shop)
    early, late = (make.NOW - DAY - HOUR).isoformat(), (make.NOW - HOUR).isoformat()
    rows = [f"{PARTS},shipped_at", f"B,SF,SF1,,,{early}", f"A,SF,SF2,1,2,{late}", f"A,SF,SF3,2,1,{early}"]
    assert numbers.take(*rows) == (2, 0, 0, 0)
    assert fresh(second).shipped_at == Parcel.objects.get(tracking_no="SF3").shipped_at == make.NOW - DAY
    assert fresh(order).shipped_at == make.NOW - HOUR


def test_an_announced_parcel_leaves_under_its_number(numbers, shop):
    line = make.line("Tea", number="1")
    parcel = make.parcel("SF1", carrier="SF", status=ParcelStatus.READY, contents={"1": 2})
    make.order(shop, number="A", lines=[line], parcels=[parcel])
    assert numbers.take(HEAD, "A,SF,SF1") == (1, 0, 0, 0)
    assert list(Parcel.objects.values_list("tracking_no", "status")) == [("SF1", "in_transit")]
    assert numbers.take(HEAD, "A,SF,SF1") == (0, 0, 1, 0)


def test_stock_leaves_the_shelf_once(numbers, shop):
    three(shop)
    tea = Sku.objects.get(number="K-Tea")
    inventory.count(tea, on_hand=9, reason="", by=SYSTEM)
    for _time in range(2):
        numbers.take(HEAD, "B,SF,SF2")
    assert fresh(tea).on_hand == 7


def test_each_order_that_cannot_be_shipped_says_why_and_its_neighbours_are(numbers, shop, other_shop):
    three(shop)
    make.order(other_shop, number="X")
    make.order(shop, Status.UNPAID, number="D")
    make.order(shop, number="E", held=True)
    make.order(shop, Status.CANCELLED, number="F")
    make.shipped(shop, "SF8", number="G")
    late = (make.NOW + 3 * DAY).date().isoformat()
    rows = [
        f"{PARTS},shipped_at",
        *("X,SF,SF1,,,", "D,SF,SF2,,,", "E,SF,SF3,,,", "F,SF,SF4,,,", "G,SF,SF5,,,", ",SF,SF6,,,", "B,,SF7,,,"),
        *("C,SF,,,,", "A,SF,SF9,1,7,"),
    ]
    expected = [
        (2, "order_no", "No order of this shop has this number."),
        (3, "", "This is not possible any more: the state is “Unpaid”."),
        (4, "", "The order is held, or the buyer has asked to cancel it. Settle that first."),
        (5, "", "Nothing of this order is left to ship."),
        (6, "tracking_no", "The order has left already, under SF8."),
        (7, "order_no", "This column must not be empty."),
        (8, "carrier", "This column must not be empty."),
        (9, "tracking_no", "This column must not be empty."),
        (10, "", "“Tea” has 2 left to ship, not 7."),
    ]
    assert (numbers.try_out(*rows), numbers.refusals()) == ((0, 0, 0, 9), expected)
    assert (numbers.take(*rows), numbers.refusals()) == ((0, 0, 0, 9), expected)
    rows = [
        f"{PARTS},shipped_at",
        *("A,SF,SF1,3,1,", "B,SF Express,SF8,,,", f"C,SF,SF2,,,{late}", "C,SF,SF2,1,,"),
        *("E,SF,SF3,,0,", f"D,{'x' * 41},SF4,,,", f"F,SF,{'9' * 65},,,", "G,SF,1.5E+15,,,"),
    ]
    rounded = "Excel has rounded this number: its last digits are lost. Format the column as text, export again."
    expected = [
        (2, "line_no", "The order has no such line."),
        (3, "", f"Tracking no. SF8 is in use by order {Order.objects.get(number='G').number}."),
        (4, "", "Not imported, because row 5 of the same record was refused."),
        (5, "tracking_no", "Row 4 tells of this parcel with lines or without. Do the same here."),
        (6, "quantity", "The quantity must be a whole number above zero."),
        (7, "carrier", "The text has 41 characters, at most 40 fit."),
        (8, "tracking_no", "The text has 65 characters, at most 64 fit."),
        (9, "tracking_no", rounded),
    ]
    assert (numbers.take(*rows), numbers.refusals()) == ((0, 0, 0, 7), expected)
    assert numbers.take(f"{HEAD},shipped_at", f"C,SF,SF2,{late}", "B,SF,SF3,2001-01-01", "A,SF,SF1,") == (1, 0, 0, 2)
    never = "A parcel leaves after its order was placed, and not in the future."
    assert numbers.refusals() == [(2, "shipped_at", never), (3, "shipped_at", never)]
    assert states() | {"X": ""} == {
        **{"A": "shipped", "B": "to_ship", "C": "to_ship", "D": "unpaid", "E": "to_ship", "F": "cancelled"},
        **{"G": "shipped", "X": ""},
    }


def test_rows_of_one_order_that_do_not_fit_together_are_refused_whole(numbers, shop):
    three(shop)
    rows = {
        "The order has several numbers here. Say by line and quantity what is in which parcel.": (
            *("A,SF,SF1,,", "A,SF,SF2,,"),
        ),
        "Row 2 says something else of this parcel.": ("A,SF,SF1,,", "A,YTO,SF1,,"),
        "The line is in this parcel already. Keep one of its rows.": ("A,SF,SF1,1,1", "A,SF,SF1,1,1"),
        "Say of which line of the order this is the quantity.": ("A,SF,SF1,1,1", "A,SF,SF1,,1"),
    }
    for message, told_by in rows.items():
        assert numbers.try_out(PARTS, *told_by) == (0, 0, 0, 1)
        assert numbers.take(PARTS, *told_by) == (0, 0, 0, 1)
        assert {why for _row, _column, why in numbers.refusals()} == {
            message,
            "Not imported, because row 3 of the same record was refused.",
        }
    assert (set(states().values()), parcels()) == ({"to_ship"}, [])


def test_lines_with_the_same_sku_must_be_named(numbers, shop):
    lines = [make.line("Mug", number=str(place), quantity=1, seller_sku="MUG") for place in (1, 2)]
    make.order(shop, number="A", lines=lines)
    assert numbers.take(f"{HEAD},sku,quantity", "A,SF,SF1,MUG,1") == (0, 0, 0, 1)
    assert numbers.refusals() == [(2, "seller_sku", "2 lines of the order have this SKU. Name the line.")]


def test_one_number_ships_one_order_only_also_in_a_dry_run(numbers, shop):
    three(shop)
    rows = [HEAD, "A,SF,SF1", "B,SF,SF1"]
    expected = [(3, "tracking_no", "Tracking no. SF1 is in use by order A.")]
    assert (numbers.try_out(*rows), numbers.refusals()) == ((1, 0, 0, 1), expected)
    assert (numbers.take(*rows), numbers.refusals()) == ((1, 0, 0, 1), expected)
    assert states()["B"] == "to_ship"


def test_a_parcel_that_left_with_other_units_is_not_the_same(numbers, shop):
    three(shop)
    numbers.take(PARTS, "A,SF,SF1,1,1")
    assert numbers.take(PARTS, "A,SF,SF1,1,2") == (0, 0, 0, 1)
    assert numbers.refusals() == [(2, "tracking_no", "Parcel SF1 has left already, with other units inside.")]


def test_a_carrier_by_another_name_stays_and_is_noted(numbers, shop):
    three(shop)
    numbers.take(HEAD, "B,SF Express,SF1")
    assert numbers.take(HEAD, "B,顺丰,SF1") == (0, 0, 1, 0)
    assert numbers.outcome.notes == ["B: parcel SF1 stays with the carrier SF Express."]
    assert Parcel.objects.get().carrier == "SF Express"


def test_formulas_and_markup_ship_as_text(numbers, shop):
    three(shop)
    assert numbers.take(HEAD, "A,<b>SF</b>,=1+1", "=cmd,SF,SF1") == (1, 0, 0, 1)
    assert list(Parcel.objects.values_list("carrier", "tracking_no")) == [("<b>SF</b>", "=1+1")]
    assert '"\'=cmd"' in numbers.errors.read_text(encoding="utf-8-sig")


def test_whoever_may_not_ship_or_import_may_not_by_file(shop, tmp_path, cast):
    three(shop)
    for perms in ([Perm.PARCELS_SHIP], [Perm.IMPORTS_RUN, Perm.TRACKING_WATCH]):
        with pytest.raises(PermissionDenied):
            Desk("tracking_numbers", shop, tmp_path, by=somebody(shop, *perms)).take(HEAD, "A,SF,SF1")
    assert set(states().values()) == {"to_ship"}


# --- Tracking events --------------------------------------------------------------------------------------------------

HEARD = "tracking_no,time,status,text,site"


def heard():
    return list(TrackingEvent.objects.order_by("at", "pk").values_list("code", "at", "text", "site", "source"))


def test_messages_are_heard_once_and_move_their_orders(messages, shop):
    order = make.shipped(shop, "SF1")
    at = make.NOW - 30 * timedelta(minutes=1)
    rows = [
        "运单号,时间,物流状态,描述,网点",
        f"SF1,{at.isoformat()},已签收,Left with the neighbour,Guangzhou",
        f"sf1,{(at - HOUR).isoformat()},派送中,,",
        f"SF1,{at.isoformat()},签收,Left with the neighbour,",
    ]
    assert messages.try_out(*rows) == (2, 0, 1, 0)
    assert messages.take(*rows) == (2, 0, 1, 0)
    assert heard() == [
        ("out_for_delivery", at - HOUR, "", "", "file"),
        ("delivered", at, "Left with the neighbour", "Guangzhou", "file"),
    ]
    assert (fresh(order).status, fresh(order).delivered_at) == ("delivered", at)
    assert told(order)[-1] == "order.delivered"
    assert messages.try_out(*rows) == (0, 0, 3, 0)
    assert messages.take(*rows) == (0, 0, 3, 0)
    assert len(heard()) == 2


def test_each_message_that_cannot_be_heard_says_why_and_the_others_are(messages, shop, other_shop):
    make.shipped(shop, "SF1")
    make.shipped(other_shop, "HP1")
    at = make.NOW.isoformat()
    rows = [
        HEARD,
        *(f"HP1,{at},hub,,", f",{at},hub,,", "SF1,,hub,,", f"SF1,{at},,,", f"SF1,{at},flying,,", "SF1,soon,hub,,"),
        *(f"SF1,{(make.NOW + 2 * DAY).isoformat()},hub,,", f"SF1,{at},hub,{'x' * 1_000_000},", f"SF1,{at},HUB,=1,<b>"),
    ]
    words = "info, picked_up, hub, customs, out_for_delivery, delivered, attempt_failed, returning, returned, lost"
    expected = [
        (2, "tracking_no", "No parcel of this shop has this number."),
        (3, "tracking_no", "This column must not be empty."),
        (4, "time", "This column must not be empty."),
        (5, "status", "This column must not be empty."),
        (6, "status", f"This word is not known. Use one of: {words}."),
        (7, "time", "This is not a time. Write it like 2026-11-22 14:05:00, the year first."),
        (8, "time", "This time lies in the future."),
        (9, "text", "The text has 1000000 characters, at most 300 fit."),
    ]
    assert (messages.try_out(*rows), messages.refusals()) == ((1, 0, 0, 8), expected)
    assert (messages.take(*rows), messages.refusals()) == ((1, 0, 0, 8), expected)
    assert heard() == [("hub", make.NOW, "=1", "<b>", "file")]


def test_a_number_that_two_carriers_use_needs_its_carrier(messages, shop):
    for carrier in ("SF", "YTO"):
        parcel = make.parcel("N1", carrier=carrier, shipped_at=make.NOW - HOUR)
        make.order(shop, Status.SHIPPED, parcels=[parcel])
    row = f"N1,{make.NOW.isoformat()},hub"
    assert messages.take("tracking_no,time,status", row) == (0, 0, 0, 1)
    assert messages.refusals() == [(2, "tracking_no", "Several parcels have this number. Name the carrier as they do.")]
    assert messages.take("tracking_no,time,status,carrier", f"{row},YTO") == (1, 0, 0, 0)
    assert TrackingEvent.objects.get().parcel.carrier == "YTO"


def test_a_lost_parcel_marks_its_order_and_is_told(messages, shop):
    order = make.shipped(shop, "SF1")
    assert messages.take(HEARD, f"SF1,{make.NOW.isoformat()},丢件,,") == (1, 0, 0, 0)
    assert fresh(order).abnormal == "parcel"
    event = Event.objects.get(kind="order.parcel_failed")
    assert (event.actor_kind, event.data["tracking_no"]) == ("channel", "SF1")


def test_every_word_of_our_own_and_of_others_is_known(messages, shop):
    make.shipped(shop, "SF1")
    words = [
        "picked up",
        "已揽收",
        "In Transit",
        "到达中转站",
        "清关中",
        "派件中",
        "拒收",
        "退回中",
        "Returned",
        "OUT_FOR_DELIVERY",
    ]
    rows = [f"SF1,{(make.NOW - place * HOUR).isoformat()},{word},," for place, word in enumerate(words)]
    assert messages.take(HEARD, *rows) == (10, 0, 0, 0)
    assert [code for code, *_rest in reversed(heard())] == [
        *("picked_up", "picked_up", "hub", "hub", "customs", "out_for_delivery", "attempt_failed", "returning"),
        *("returned", "out_for_delivery"),
    ]


def test_whoever_may_not_watch_parcels_may_not_by_file(shop, tmp_path):
    make.shipped(shop, "SF1")
    by = somebody(shop, Perm.IMPORTS_RUN, Perm.PARCELS_SHIP)
    with pytest.raises(PermissionDenied):
        Desk("tracking_events", shop, tmp_path, by=by).take(HEARD, f"SF1,{make.NOW.isoformat()},hub,,")
    assert heard() == []


def test_the_history_names_who_brought_what_the_carrier_said(shop, tmp_path):
    order = make.shipped(shop, "SF1")
    by = somebody(shop, Perm.IMPORTS_RUN, Perm.TRACKING_WATCH)
    Desk("tracking_events", shop, tmp_path, by=by).take(HEARD, f"SF1,{make.NOW.isoformat()},delivered,,")
    arrived = Event.objects.get(kind="order.delivered", subject_id=order.pk)
    assert (arrived.actor_kind, arrived.actor_label, arrived.member_id) == ("channel", by.label, by.member_id)


def test_a_broken_file_is_refused_before_anything_is_done(numbers, shop):
    three(shop)
    with pytest.raises(UnreadableFile, match="quotation mark"):
        numbers.take(HEAD, "A,SF,SF1", 'B,SF,"SF2')
    assert set(states().values()) == {"to_ship"}
