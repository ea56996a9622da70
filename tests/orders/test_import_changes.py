"""A newer file about orders that the shop has: what gives way, what stays, and what the history tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from orders import actions, changes, payments, recipients, timers
from orders.facts import RecipientFacts
from orders.models import Order, OrderLine, Parcel, ParcelLine, Payment
from orders.states import Status
from sellercenter import invariants
from sellercenter.models import Event, Shop
from sellercenter.permissions import SYSTEM, Actor, ActorKind, Perm
from sellercenter.schedule import Schedule
from tests.orders.import_files import counts, csv_file, open_shop, refusals, row, take

DAY3 = datetime(2026, 3, 3, 1, tzinfo=UTC)


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop()


@pytest.fixture
def bring(tmp_path: Path, shop: Shop) -> Any:
    """Import rows and return (new, changed, unchanged, rejected) and the notes."""

    def bring(*rows: dict[str, str]) -> tuple[tuple[int, int, int, int], list[str]]:
        report = take(shop, csv_file(tmp_path, *rows))
        return counts(report), report.notes

    return bring


def order() -> Order:
    return Order.objects.select_related("buyer", "recipient").get(number="A1")


def imported() -> list[Event]:
    return [*Event.objects.filter(kind="order.imported").order_by("pk")]


def everything() -> list[Any]:
    return [
        [*model.objects.order_by("pk").values()] for model in (Order, OrderLine, Payment, Parcel, ParcelLine, Event)
    ]


def test_what_comes_masked_covers_nothing_that_is_plain(bring: Any) -> None:
    plain = {"buyer_nickname": "Alice", "province": "Jiangsu", "city": "Suzhou", "buyer_message": "Ring twice"}
    masked = {"buyer_nickname": "A***e", "province": "J*", "city": "****", "buyer_message": "****", "district": "P***"}
    bring(row(**plain))
    assert bring(row(**masked)) == ((0, 1, 0, 0), [])
    assert {name: getattr(order(), name) for name in masked} == plain | {"district": "P***"}
    assert imported()[0].data["changed"] == {"district": ["", "P***"]}
    assert bring(row(**masked)) == ((0, 0, 1, 0), [])


def test_an_order_moves_on_with_parcel_times_and_clocks_and_tells_it_once(bring: Any) -> None:
    bring(row())
    before = order()
    shipped = row(status="shipped", carrier="SF", tracking_no="SF1", shipped_at="2026-03-03 09:00")
    assert bring(shipped) == ((0, 1, 0, 0), [])
    after = order()
    assert (before.status, after.status, after.shipped_at, after.status_at) == ("to_ship", "shipped", DAY3, DAY3)
    assert (after.pk, after.ship_by) == (before.pk, before.ship_by)
    assert OrderLine.objects.get().status == "shipped"
    assert (Parcel.objects.get().tracking_no, ParcelLine.objects.get().quantity) == ("SF1", 2)
    (event,) = imported()
    assert (event.data["before"], event.data["after"], event.subject_id) == ("to_ship", "shipped", after.pk)
    assert event.data["changed"]["status"] == ["to_ship", "shipped"]
    assert bring(shipped) == ((0, 0, 1, 0), [])
    delivered = shipped | {"status": "delivered", "delivered_at": "2026-03-05 09:00"}
    assert bring(delivered) == ((0, 1, 0, 0), [])
    assert (order().status, order().due_step, Parcel.objects.get().status) == ("delivered", "complete", "delivered")
    assert bring(row(status="completed", completed_at="2026-03-06 09:00")) == ((0, 1, 0, 0), [])
    assert (order().status, order().due_step, Parcel.objects.count()) == ("completed", "", 1)


@pytest.mark.parametrize(
    ("stored", "older"),
    [
        ("completed", "shipped"),
        ("shipped", "to_ship"),
        ("cancelled", "completed"),
        ("completed", "cancelled"),
        ("to_ship", "unpaid"),
    ],
)
def test_a_state_never_moves_back_and_an_older_row_changes_nothing(bring: Any, stored: str, older: str) -> None:
    bring(row(status=stored, shipped_at="2026-03-02 09:00" if stored in ("completed", "shipped") else ""))
    before = everything()
    fate, notes = bring(row(status=older, city="Wuhan", unit_price="99"))
    assert fate == (0, 0, 1, 0)
    label = Status(stored).label
    assert notes == [f"A1: The file is older than what is stored: the order is “{label}” already."]
    assert everything() == before


def test_a_masked_value_never_covers_a_plain_one_but_a_plain_one_covers_a_masked_one(bring: Any) -> None:
    private = {"recipient_name": "王小明", "recipient_phone": "138****8000", "recipient_address": "幸福路 8 号"}
    bring(row(**private, recipient_postcode="510000"))
    masked = {"recipient_name": "王**", "recipient_phone": "13800138000", "recipient_address": "##abc"}
    assert bring(row(**masked))[0] == (0, 1, 0, 0)
    kept = recipients.opened(order().recipient, order_number="A1")
    assert (kept.name, kept.phone, kept.address, kept.postcode) == ("王小明", "13800138000", "幸福路 8 号", "510000")
    assert imported()[0].data["changed"] == {"recipient": ["phone"]}
    assert "138" not in str(imported()[0].data)


def test_an_empty_cell_erases_nothing(bring: Any) -> None:
    bring(
        row(city="Jinan", flag="red", seller_note="mind the cat", source="live", recipient_name="王小明", variant="red")
    )
    assert bring(row(status="to_ship", city="Wuhan"))[0] == (0, 1, 0, 0)
    after = order()
    assert (after.city, after.flag, after.seller_note, after.source) == ("Wuhan", 5, "mind the cat", "live")
    assert (after.recipient.name_masked, OrderLine.objects.get().variant) == ("王**", "red")
    assert imported()[0].data["changed"] == {"city": ["Jinan", "Wuhan"]}


def test_amounts_lines_and_payments_follow_the_newer_file(bring: Any) -> None:
    bring(row())
    assert bring(row(quantity="3", payments="card=20.00;voucher=12.00"), row(line_no="2", unit_price="1", payments=""))[
        0
    ] == (*(0, 1, 0, 0),)
    after = order()
    assert (after.goods_amount, after.total_amount, after.paid_amount) == (32, 32, 32)
    assert [*after.lines.values_list("number", "quantity", "amount", "position")] == [
        ("1", 3, 30, 1),
        ("2", 2, 2, 2),
    ]
    assert [*after.payments.values_list("method", "amount")] == [("card", 20), ("voucher", 12)]


def test_a_line_that_the_file_leaves_out_is_kept_and_reported(bring: Any) -> None:
    bring(row(), row(line_no="2", unit_price="5"))
    assert bring(row(city="Wuhan")) == ((0, 1, 0, 0), ["A1: Lines that the file leaves out were kept: 2."])
    assert [*order().lines.values_list("number", "amount")] == [("1", 20), ("2", 10)]


def test_payments_are_known_by_their_numbers_whatever_their_place(bring: Any) -> None:
    bring(row(payments="card=15.00#T1;voucher=5.00#T2"))
    bring(row(payments="voucher=5.00#T2;card=14.00#T1;card=1.00#T3"))
    found = [*order().payments.values_list("position", "method", "amount", "transaction_no")]
    assert found == [(1, "card", 14, "T1"), (2, "voucher", 5, "T2"), (3, "card", 1, "T3")]
    bring(row(payments="card=2.00#T4"))
    assert (order().payments.count(), order().paid_amount) == (4, 22)


def test_a_refund_is_told_to_the_payments_and_never_taken_back(bring: Any) -> None:
    bring(row(payments="card=15.00;voucher=5.00"))
    bring(row(payments="card=15.00;voucher=5.00", refunded="17"))
    assert (order().refunded_amount, order().payment_state) == (17, "part_refunded")
    assert [*order().payments.values_list("refunded", flat=True)] == [15, 2]
    bring(row(payments="card=15.00;voucher=5.00", city="Wuhan"))
    assert order().refunded_amount == 17


def test_a_cancelled_order_takes_its_lines_and_its_clock_with_it(bring: Any) -> None:
    bring(row(status="unpaid", paid_at="", payments=""))
    assert order().due_step != ""
    bring(row(status="cancelled", paid_at="", payments="", cancel_reason="changed my mind", cancelled_by="buyer"))
    after = order()
    assert (after.status, after.cancelled_by, after.due_at, after.due_step) == ("cancelled", "buyer", None, "")
    assert after.cancelled_at is not None
    assert after.lines.get().status == "cancelled"


def test_an_edit_in_the_product_survives_the_same_file(bring: Any) -> None:
    bring(row(seller_note="from the file"))
    Order.objects.update(seller_note="by hand", flag=3)
    assert bring(row(seller_note="from the file"))[0] == (0, 0, 1, 0)
    assert (order().seller_note, order().flag) == ("by hand", 3)


def test_a_changed_order_that_the_database_refuses_leaves_its_neighbours_changed(
    tmp_path: Path, shop: Shop, bring: Any
) -> None:
    bring(row(payments="card=20", refunded="17"), row(order_no="A2"))
    report = take(shop, csv_file(tmp_path, row(payments="card=16"), row(order_no="A2", city="Wuhan")))
    assert counts(report) == (0, 1, 0, 1)
    assert refusals(report) == [(2, "order_no", "The order can't be stored: payment_refund_within_amount.")]
    assert (order().payments.get().amount, Order.objects.get(number="A2").city) == (20, "Wuhan")


def test_a_file_that_says_the_same_in_other_words_is_unchanged_and_remembered(bring: Any) -> None:
    bring(row(city="Jinan"))
    assert bring(row())[0] == (0, 0, 1, 0)
    assert imported() == []
    assert order().total_amount == Decimal(20)


def test_a_line_that_comes_without_a_parcel_does_not_pull_the_order_back(bring: Any) -> None:
    parcel = {"carrier": "SF", "tracking_no": "T1", "shipped_at": "2026-03-03 09:00"}
    bring(row(status="delivered", **parcel, delivered_at="2026-03-05 09:00"))
    before = order()
    fate, notes = bring(row(status="delivered"), row(status="delivered", line_no="2"))
    assert (fate, notes) == ((0, 1, 0, 0), [])
    after = order()
    assert (after.status, after.due_step, after.due_at) == ("delivered", "complete", before.due_at)
    assert [*after.lines.values_list("number", "status")] == [("1", "delivered"), ("2", "delivered")]


def test_more_units_than_the_parcels_hold_do_not_pull_the_order_back(bring: Any) -> None:
    parcel = {"carrier": "SF", "tracking_no": "T1", "shipped_at": "2026-03-03 09:00"}
    bring(row(status="shipped", quantity="1", **parcel))
    before = order()
    assert bring(row(status="shipped")) == ((0, 1, 0, 0), [])
    after = order()
    assert (after.status, after.due_at, after.lines.get().status) == ("shipped", before.due_at, "shipped")


def test_parcels_that_hold_less_than_the_state_says_leave_it_and_say_so(bring: Any) -> None:
    sent = {"status": "shipped", "shipped_at": "2026-03-03 09:00"}
    bring(row(**sent), row(**sent, line_no="2"))
    assert order().status == "shipped"
    told = {"status": "shipped", "carrier": "SF", "tracking_no": "T1"}
    fate, notes = bring(row(**told, city="Wuhan"), row(status="shipped", line_no="2", quantity="3"))
    assert fate == (0, 1, 0, 0)
    assert notes == ["A1: The order stays “Shipped”, although its parcels say otherwise: a state never moves back."]
    assert (order().status, order().city) == ("shipped", "Wuhan")
    assert {*order().lines.values_list("status", flat=True)} == {"shipped"}


def test_a_parcel_that_comes_back_leaves_the_order_delivered(bring: Any) -> None:
    parcel = {"status": "delivered", "carrier": "SF", "tracking_no": "T1"}
    bring(row(**parcel))
    assert bring(row(**parcel, parcel_status="returned"))[0] == (0, 1, 0, 0)
    assert (order().status, order().lines.get().status, Parcel.objects.get().status) == (
        *("delivered", "delivered", "returned"),
    )


def test_a_completed_order_stays_completed_when_all_of_its_lines_are_cancelled(bring: Any) -> None:
    bring(row(status="completed"))
    bring(row(status="completed", line_cancelled="yes"))
    assert (order().status, order().lines.get().status) == ("completed", "cancelled")


def test_a_partly_shipped_order_takes_what_a_file_without_parcels_says_of_it(bring: Any) -> None:
    bring(row(status="shipped", carrier="SF", tracking_no="T1", shipped_quantity="1"))
    assert order().status == "part_shipped"
    assert bring(row(status="part_shipped", city="Wuhan"))[0] == (0, 1, 0, 0)
    assert (order().status, order().city) == ("part_shipped", "Wuhan")


def test_a_payment_without_a_number_is_known_by_what_it_is_and_never_becomes_another(bring: Any) -> None:
    bring(row(payments="card=50.00;voucher=20.00"))
    assert bring(row(payments="voucher=20.00", city="Wuhan"))[0] == (0, 1, 0, 0)
    assert [*order().payments.values_list("method", "amount")] == [("card", 50), ("voucher", 20)]
    assert order().paid_amount == 70
    assert [*imported()[0].data["changed"]] == ["city"]
    bring(row(payments="voucher=25.00;wallet=1.00"))
    assert [*order().payments.values_list("position", "method", "amount")] == [
        *((1, "card", 50), (2, "voucher", 25), (3, "wallet", 1)),
    ]


def test_payments_of_one_method_are_told_apart_by_their_amounts(bring: Any) -> None:
    bring(row(payments="card=30.00;card=20.00"))
    bring(row(payments="card=21.00;card=30.00#T1"))
    found = [*order().payments.values_list("position", "method", "amount", "transaction_no")]
    assert found == [(1, "card", 30, "T1"), (2, "card", 21, "")]
    bring(row(payments="voucher=30.00#T1"))
    assert [*order().payments.values_list("method", flat=True)] == ["card", "card"]


def test_what_people_wrote_or_marked_here_is_not_taken_from_a_file(bring: Any, shop: Shop) -> None:
    ann = Actor(ActorKind.MEMBER, "Ann", perms=frozenset({Perm.ORDERS_NOTE, Perm.ORDERS_MARK}))
    bring(row(seller_note="from the file", flag="red", abnormal="stock", abnormal_reason="none left"))
    told = {"seller_note": "newer", "flag": "green", "abnormal": "risk", "abnormal_reason": "odd"}
    bring(row(**told, city="Wuhan"))
    assert (order().seller_note, order().flag, order().abnormal, order().city) == (
        *("from the file", 5, "stock", "Wuhan"),
    )
    actions.write_seller_note(order(), note="", before="from the file", by=ann)
    actions.set_flag(order(), flag=None, by=ann)
    actions.clear_abnormal(order(), by=ann)
    assert bring(row(**told, city="Jinan"))[0] == (0, 1, 0, 0)
    after = order()
    assert (after.seller_note, after.flag, after.abnormal, after.abnormal_reason, after.abnormal_at) == (
        *("", None, "", "", None),
    )


def test_notes_and_marks_come_from_a_file_while_there_are_none(bring: Any) -> None:
    bring(row())
    bring(row(seller_note="gift", flag="red", abnormal="stock", abnormal_reason="none left"))
    after = order()
    assert (after.seller_note, after.flag, after.abnormal, after.abnormal_reason) == ("gift", 5, "stock", "none left")
    assert after.abnormal_at is not None


def test_lines_that_the_file_leaves_out_follow_the_order_to_another_time(bring: Any) -> None:
    bring(row(), row(line_no="2", payments=""))
    bring(row(placed_at="2026-03-01 09:00"))
    assert {*order().lines.values_list("placed_at", flat=True)} == {datetime(2026, 3, 1, 1, tzinfo=UTC)}


# --- Money that a file tells of ---------------------------------------------------------------------------------------

LATE = "A1: Paid after it was cancelled here: ¥20.00."
UNPAID = {"status": "unpaid", "paid_at": "", "payments": ""}


def broken() -> list[str]:
    """Return what does not hold; the shop of these files has nobody."""
    return [one.code for one in invariants.check() if one.code != "shop_has_owner"]


def kinds() -> list[str]:
    return [*Event.objects.order_by("pk").values_list("kind", flat=True)]


def money() -> tuple[str, Decimal, Decimal, Decimal]:
    stored = order()
    return stored.status, stored.paid_amount, stored.refunded_amount, stored.refund_due


def expire() -> None:
    Order.objects.update(due_at=Now(), due_step="expire")
    timers.fire_due()
    assert order().status == "cancelled"


@pytest.mark.parametrize("stage", ["to_review", "shipped", "cancelled"])
@pytest.mark.parametrize("ends", ["expires", "is cancelled"])
def test_money_for_an_order_that_ended_here_becomes_a_refund_to_make(bring: Any, ends: str, stage: str) -> None:
    bring(row(**UNPAID))
    expire() if ends == "expires" else actions.cancel(order(), reason="sold out", by=SYSTEM)
    left = {"shipped_at": "2026-03-03 09:00"} if stage == "shipped" else {}
    assert bring(row(status=stage, **left)) == ((0, 1, 0, 0), [LATE])
    assert money() == ("cancelled", 20, 0, 20)
    assert [*order().payments.values_list("method", "amount", "status")] == [("card", 20, "captured")]
    assert order().payments.get().paid_at == datetime(2026, 3, 1, 2, 5, tzinfo=UTC)
    assert (order().paid_at, order().due_at, kinds().count("order.paid_late")) == (None, None, 1)
    assert kinds()[-1] == "order.imported"
    assert broken() == []
    before = everything()[:-1]
    bring(row(status=stage, **left, city="Wuhan" if stage != "cancelled" else ""))
    assert (everything()[:-1], kinds().count("order.paid_late")) == (before, 1)


def test_an_order_that_the_platform_cancelled_owes_nothing_here(bring: Any) -> None:
    bring(row(status="cancelled", paid_at="", payments=""))
    bring(row(status="cancelled"))
    assert (money(), "order.paid_late" in kinds()) == (("cancelled", 20, 0, 0), False)


def test_money_that_came_and_went_back_before_the_file_leaves_nothing_to_refund(bring: Any) -> None:
    bring(row(**UNPAID))
    actions.cancel(order(), reason="sold out", by=SYSTEM)
    bring(row(status="completed", refunded="20"))
    assert money() == ("cancelled", 20, 20, 0)
    assert broken() == []


def test_a_payment_that_matches_none_of_a_paid_order_is_money_paid_twice(bring: Any) -> None:
    bring(row(**UNPAID))
    payments.pay(order(), amount=Decimal(20), method="other", transaction_no="gateway-1", by=SYSTEM)
    twice = "A1: A payment that was not known, of an order that was paid already: ¥20.00 is to be refunded."
    assert bring(row(status="to_review")) == ((0, 1, 0, 0), [twice])
    assert (money(), kinds().count("order.paid_twice")) == (("to_review", 40, 0, 20), 1)
    assert [*order().payments.values_list("position", "method", "amount")] == [(1, "other", 20), (2, "card", 20)]
    changed = imported()[-1].data["changed"]
    assert (changed["paid_amount"], changed["refund_due"]) == (["20.00", "40.00"], ["0.00", "20.00"])
    assert bring(row(status="to_ship")) == ((0, 1, 0, 0), [])
    assert (money(), kinds().count("order.paid_twice"), broken()) == (("to_ship", 40, 0, 20), 1, [])


def test_only_what_is_beyond_the_total_of_one_more_payment_goes_back(bring: Any) -> None:
    bring(row(**UNPAID))
    payments.pay(order(), amount=Decimal(5), method="other", transaction_no="gateway-1", by=SYSTEM)
    bring(row())
    assert money() == ("to_ship", 25, 0, 5)


def test_a_file_whose_payments_make_more_than_the_total_is_taken_at_its_word(bring: Any) -> None:
    bring(row(**UNPAID))
    assert bring(row(payments="card=20.00;voucher=3.00")) == ((0, 1, 0, 0), [])
    assert (money(), "order.paid_twice" in kinds()) == (("to_ship", 23, 0, 0), False)


def test_a_refund_that_a_file_tells_has_not_to_be_made_any_more(bring: Any) -> None:
    bring(row())
    actions.cancel(order(), reason="sold out", by=SYSTEM)
    assert money() == ("cancelled", 20, 0, 20)
    bring(row(status="cancelled", refunded="15"))
    assert (money(), imported()[-1].data["changed"]["refund_due"]) == (("cancelled", 20, 15, 5), ["20.00", "5.00"])
    bring(row(status="cancelled", refunded="20"))
    assert (money(), order().payment_state, broken()) == (("cancelled", 20, 20, 0), "refunded", [])


def test_a_refund_beyond_what_was_to_be_made_leaves_nothing_to_make(bring: Any) -> None:
    bring(row())
    payments.pay(order(), amount=Decimal(7), method="card", transaction_no="T2", by=SYSTEM)
    assert money() == ("to_ship", 27, 0, 7)
    bring(row(refunded="5"))
    assert money() == ("to_ship", 27, 5, 2)
    bring(row(refunded="19"))
    assert (money(), broken()) == (("to_ship", 27, 19, 0), [])


# --- What was decided here -------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)


def hours_ago(hours: float) -> str:
    return f"{timezone.now() - hours * HOUR:%Y-%m-%d %H:%M:%SZ}"


def steps() -> dict[str, datetime]:
    return {name: at for at, name in Schedule.of(order()).steps}


def recent(**cells: str) -> dict[str, str]:
    """Return a paid row whose clocks still run."""
    return row(**{"placed_at": hours_ago(5), "paid_at": hours_ago(4), "ship_by": hours_ago(-20), **cells})


def test_a_cancel_request_that_was_refused_here_does_not_come_back_from_a_file(bring: Any) -> None:
    told = recent(status="to_review", cancel_requested_at=hours_ago(2))
    bring(told)
    assert "accept_cancel" in steps()
    actions.refuse_cancel(order(), reason="packed", by=SYSTEM)
    fate, notes = bring(told | {"status": "to_ship"})
    assert (fate, notes) == ((0, 1, 0, 0), ["A1: The cancel request of the file was refused here already."])
    timers.fire_due()
    after = order()
    assert (after.status, after.cancel_requested_at, after.answer_by) == ("to_ship", None, None)
    assert "accept_cancel" not in steps()


def test_a_newer_cancel_request_than_the_one_that_was_refused_counts(bring: Any) -> None:
    told = recent(cancel_requested_at=hours_ago(2))
    bring(told)
    actions.refuse_cancel(order(), reason="packed", by=SYSTEM)
    again = hours_ago(-0.01)
    assert bring(told | {"cancel_requested_at": again}) == ((0, 1, 0, 0), [])
    assert order().cancel_requested_at == datetime.fromisoformat(again)
    assert kinds().count("order.cancel_requested") == 2


@pytest.mark.parametrize("status", ["to_ship", "to_review"])
def test_a_cancel_request_that_a_file_brings_waits_for_an_answer_and_is_told(bring: Any, status: str) -> None:
    bring(told := recent(status="to_review"))
    asked = hours_ago(1)
    bring(told | {"status": status, "cancel_requested_at": asked})
    after = order()
    assert after.answer_by == datetime.fromisoformat(asked) + after.shop.policy.cancel_answer
    assert steps()["accept_cancel"] == after.answer_by
    event = Event.objects.get(kind="order.cancel_requested")
    assert (event.actor_kind, event.at) == ("buyer", after.cancel_requested_at)
    assert datetime.fromisoformat(event.data["answer_by"]) == after.answer_by
    assert (event.owed_at is not None, broken()) == (True, [])
    bring(told | {"status": status, "cancel_requested_at": asked, "city": "Wuhan"})
    assert kinds().count("order.cancel_requested") == 1


def test_a_cancel_request_of_an_order_that_left_is_only_kept(bring: Any) -> None:
    bring(told := recent(status="shipped", shipped_at=hours_ago(3)))
    bring(told | {"cancel_requested_at": hours_ago(1)})
    assert (order().cancel_requested_at is None, "order.cancel_requested" in kinds()) == (False, False)
    assert "accept_cancel" not in steps()


STAYS = "A1: Price and freight were changed here and stay; the other amounts are the file's."
ADDRESS = "A1: The address was changed here and stays; the file tells another one."


def amounts() -> tuple[Decimal, Decimal, Decimal, Decimal]:
    stored = order()
    return stored.goods_amount, stored.adjustment, stored.freight_amount, stored.total_amount


def test_a_price_that_was_changed_here_is_not_undone_by_a_file(bring: Any) -> None:
    told = row(**UNPAID, freight="6")
    bring(told)
    changes.change_price(order(), adjustment=Decimal(-5), freight=Decimal(2), seen=Decimal(26), by=SYSTEM)
    assert bring(told | {"buyer_message": "hello"}) == ((0, 1, 0, 0), [STAYS])
    assert (amounts(), [*imported()[-1].data["changed"]]) == ((20, -5, 2, 17), ["buyer_message"])
    assert bring(told | {"quantity": "3", "tax": "1"})[1] == [STAYS]
    assert amounts() == (30, -5, 2, 28)
    paid = row(quantity="3", tax="1", freight="2", adjustment="-5", payments="card=28.00")
    assert bring(paid) == ((0, 1, 0, 0), [])
    assert (amounts(), money()) == ((30, -5, 2, 28), ("to_ship", 28, 0, 0))


def test_a_price_that_nobody_changed_here_follows_the_file(bring: Any) -> None:
    bring(row(**UNPAID, freight="6"))
    assert bring(row(**UNPAID, freight="2", adjustment="-1")) == ((0, 1, 0, 0), [])
    assert amounts() == (20, -1, 2, 21)


def test_an_address_that_was_changed_here_is_not_undone_by_a_file(bring: Any) -> None:
    where = {"province": "广东", "city": "广州", "district": "天河"}
    who = {"recipient_name": "王小明", "recipient_phone": "13800138000", "recipient_address": "幸福路 8 号"}
    told = row(**where, **who)
    bring(told)
    new = RecipientFacts(address="文三路 1 号")
    changes.change_address(order(), recipient=new, province="浙江", city="杭州", by=SYSTEM)
    assert bring(told | {"buyer_message": "hello"}) == ((0, 1, 0, 0), [ADDRESS])
    after = order()
    kept = recipients.opened(after.recipient, order_number="A1")
    assert (after.province, after.city, after.district, after.buyer_message) == ("浙江", "杭州", "", "hello")
    assert (kept.name, kept.address) == ("王小明", "文三路 1 号")
    same = {"province": "浙江", "city": "杭州", "district": "", "recipient_address": "文三路 1 号"}
    assert bring(told | same | {"buyer_message": "thanks"}) == ((0, 1, 0, 0), [])


def test_an_order_that_was_placed_at_another_time_expires_by_it(bring: Any) -> None:
    sooner, later = hours_ago(5), hours_ago(1)
    bring(row(**UNPAID | {"placed_at": sooner}))
    before = order()
    assert steps()["expire"] == before.pay_by
    bring(row(**UNPAID | {"placed_at": later}))
    after = order()
    assert after.pay_by == datetime.fromisoformat(later) + after.shop.policy.payment_window
    moved = datetime.fromisoformat(later) - datetime.fromisoformat(sooner)
    assert (steps()["expire"] - before.pay_by, broken()) == (moved, [])


def test_the_warnings_follow_a_ship_by_time_that_the_platform_moved(bring: Any) -> None:
    bring(told := recent())
    assert steps()["overdue"] == order().ship_by
    later = hours_ago(-30)
    bring(told | {"ship_by": later})
    assert order().ship_by == steps()["overdue"] == datetime.fromisoformat(later)
    assert steps()["warn_ship"] == order().ship_by - order().shop.policy.ship_warning
    bring(told | {"ship_by": hours_ago(1)})
    assert {"overdue", "warn_ship"} & {*steps()} == set()


def test_a_time_of_delivery_that_comes_later_lets_the_receipt_be_confirmed(bring: Any) -> None:
    told = recent(status="delivered", carrier="SF", tracking_no="SF1")
    bring(told)
    assert (order().confirm_by, steps()) == (None, {})
    bring(told | {"delivered_at": hours_ago(1)})
    assert (steps()["complete"], broken()) == (order().confirm_by, [])
