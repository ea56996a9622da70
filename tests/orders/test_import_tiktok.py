"""Orders from TikTok Shop's own files, of every site whose header is known."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orders import recipients
from orders.imports import tiktok_words as words
from orders.models import Order, OrderLine, Parcel, Payment
from orders.states import Status
from sellercenter import invariants, money
from sellercenter.imports import UnreadableFile
from tests.orders.import_files import counts, nothing_written, open_shop, refusals, take
from tests.orders.tiktok_files import (
    HEADERS,
    SITES,
    lines,
    lying_workbook,
    order,
    present,
    shop_of,
    tiktok_file,
    two_lines,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not present(), reason=f"the real headers are not in {HEADERS} (SELLERCENTER_DATA)"),
]
AMOUNTS = ("goods_amount", "platform_discount", "seller_discount", "payment_discount", "freight_amount")
MORE = ("freight_discount", "tax_amount", "fee_amount", "adjustment", "total_amount")


def amounts(one: Order) -> list[Decimal]:
    """Return the amounts of an order, from the goods to the total."""
    return [getattr(one, name) for name in (*AMOUNTS, *MORE)]


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("us", [25, 3, 2, 1, 9, 5, 2, 0, 0, 25]),
        ("vn", [25, 3, 2, 1, 9, 5, 2, 0, 0, 25]),
        # No column for taxes: what they make is in no column.
        ("my", [25, 3, 2, 1, 9, 5, 0, 0, 2, 25]),
        # No columns for discounts: what is missing from the price is the shop's; freight comes after its discounts.
        ("th", [25, 0, 5, 0, 4, 0, 0, 0, 1, 25]),
        ("id", [25, 3, 2, 0, 4, 0, 0, 0, 1, 25]),
    ],
)
def test_each_site_s_file_gives_the_order_with_its_amount_taken_once(
    tmp_path: Path, site: str, expected: list[int]
) -> None:
    shop = shop_of(site)
    report = take(shop, tiktok_file(tmp_path, site, *two_lines(site)))
    assert (report.layout, counts(report), report.new.lines, report.unknown_columns) == ("tiktok", (1, 0, 0, 0), 2, [])
    one = Order.objects.select_related("buyer").get()
    assert (one.number, one.status, one.raw_status) == ("576486316948490001", "to_ship", "To ship")
    assert one.placed_at == datetime(2026, 3, 13, SITES[site][4], tzinfo=UTC)
    assert amounts(one) == expected
    assert (one.paid_amount, one.payment_method) == (25, "card")
    named = site != "id"
    assert one.buyer.uid == ("tea.lover" if named else "order:576486316948490001")
    assert [*OrderLine.objects.order_by("position").values_list("number", "product__number", "sku__number")] == [
        ("1729000000000000001",) * 3,
        ("1729000000000000002",) * 3,
    ]
    told = [*OrderLine.objects.order_by("position").values_list("title", "seller_sku", "variant", "quantity", "amount")]
    assert told == [("Mug", "MUG-R", "Red", 2, 15), ("Tea", "TEA", "Default", 1, 5)]
    rest, total = (money.text(Decimal(amount), SITES[site][0]) for amount in expected[8:])
    adjusted = (
        f"576486316948490001: {rest} of the order's amount {total} are in no column and were booked as adjustment."
    )
    assert report.notes == ([adjusted] if expected[8] else [])


@pytest.mark.parametrize("site", [*SITES])
def test_the_same_file_again_changes_nothing_and_has_nothing_to_note(tmp_path: Path, site: str) -> None:
    shop = shop_of(site)
    path = tiktok_file(tmp_path, site, *two_lines(site))
    take(shop, path)
    again = take(shop, path)
    assert (counts(again), again.notes) == ((0, 0, 1, 0), [])


def test_an_american_order_arrives_with_all_that_its_file_tells(tmp_path: Path) -> None:
    shop = shop_of("us")
    rows = two_lines(
        "us",
        **{
            "Order Status": "Shipped",
            "Order Substatus": "Delivered",
            "Normal or Pre-order": "Pre-order",
            "Shipped Time": "03/14/2026 2:49:19 PM",
            "Delivered Time": "03/16/2026 12:10:00 AM",
            "Tracking ID": "1Z999",
            "Shipping Provider Name": "USPS",
            "Buyer Message": "Please be quick",
            "Seller Note": "gift wrap",
            "State": "Ohio",
            "City": "Dayton",
            "Zipcode": "45402",
            "Recipient": "Ann Doe",
            "Detail Address": "1 Main Street",
            "Additional address information": "back door",
            "House Name or Number": "Flat 2",
            "Phone #": "(+1)9375550100",
            "Retail Delivery Fee": "0.28",
            "Order Amount": "25.28 USD",
        },
    )
    report = take(shop, tiktok_file(tmp_path, "us", *rows))
    assert (counts(report), report.notes) == ((1, 0, 0, 0), [])
    one = Order.objects.select_related("recipient").get()
    assert (one.status, one.kind, one.fee_amount, one.total_amount) == (
        *("delivered", "pre_order", Decimal("0.28"), Decimal("25.28")),
    )
    assert one.shipped_at == datetime(2026, 3, 14, 18, 49, 19, tzinfo=UTC)
    assert one.delivered_at == datetime(2026, 3, 16, 4, 10, tzinfo=UTC)
    assert (one.province, one.city, one.buyer_nickname) == ("Ohio", "Dayton", "tea.lover")
    assert (one.buyer_message, one.seller_note) == ("Please be quick", "gift wrap")
    opened = recipients.opened(one.recipient, order_number=one.number)
    assert (opened.name, opened.phone, opened.postcode) == ("Ann Doe", "(+1)9375550100", "45402")
    assert opened.address == "Flat 2, 1 Main Street, back door"
    parcel = Parcel.objects.get()
    assert (parcel.carrier, parcel.tracking_no, parcel.status, parcel.parts.count()) == (
        "USPS",
        "1Z999",
        "delivered",
        2,
    )


def test_a_japanese_file_writes_yen_and_leaves_a_tab_in_empty_times(tmp_path: Path) -> None:
    shop = open_shop(currency="JPY", time_zone="Asia/Tokyo")
    row = order(
        **{
            "SKU Unit Original Price": "5,500 JPY",
            "SKU Subtotal Before Discount": "11,000 JPY",
            "SKU Platform Discount": "0 JPY",
            "SKU Seller Discount": "0 JPY",
            "SKU Subtotal After Discount": "11,000 JPY",
            "Shipping Fee After Discount": "0 JPY",
            "Original Shipping Fee": "500 JPY",
            "Shipping Fee Seller Discount": "0 JPY",
            "Shipping Fee Platform Discount": "500 JPY",
            "Payment platform discount": "0 JPY",
            "Taxes": "0 JPY",
            "Order Amount": "11,000 JPY",
            "Order Refund Amount": "",
            "Order Status": "発送済み",
            "Order Substatus": "配送中",
            "Created Time": "01/27/2026 6:03:56 PM",
            "Paid Time": "01/27/2026 6:04:00 PM",
            "Shipped Time": "",
            "Phone #": "(+81)0801***",
            "Payment Method": "コンビニ払い",
        }
    )
    report = take(shop, tiktok_file(tmp_path, "us", row))
    assert (counts(report), report.notes) == ((1, 0, 0, 0), [])
    one = Order.objects.get()
    assert (one.status, one.raw_status, one.total_amount, one.freight_discount) == ("shipped", "発送済み", 11000, 500)
    assert one.placed_at == datetime(2026, 1, 27, 9, 3, 56, tzinfo=UTC)
    assert (one.shipped_at, one.payment_method) == (None, "bank_transfer")


def test_orders_in_every_state_of_every_language_arrive_in_that_state(tmp_path: Path) -> None:
    shop = shop_of("vn")
    told = {str(place): found for place, found in enumerate(words.STATES.items(), 576486316948490000)}
    rows = [
        order(**{"Order ID": number, "Order Status": word, "Order Substatus": "", "Order Amount": "20"})
        for number, (word, _s) in told.items()
    ]
    report = take(shop, tiktok_file(tmp_path, "vn", *rows))
    assert counts(report) == (len(told), 0, 0, 0)
    # Without parcels nobody knows which part of an order has left.
    part = {Status.PART_SHIPPED: Status.TO_SHIP}
    assert {one.number: (one.raw_status, one.status) for one in Order.objects.all()} == {
        number: (word, part.get(status, status)) for number, (word, status) in told.items()
    }
    for word, status in (
        *(("จัดส่งแล้ว", "shipped"), ("ยกเลิกแล้ว", "cancelled"), ("ที่จะจัดส่ง", "to_ship"), ("Dikirim", "shipped")),
        *(("Sedang transit", "shipped"), ("Perlu dikirim", "to_ship"), ("Selesai", "completed")),
        *(("Dibatalkan", "cancelled"), ("Đã giao", "delivered"), ("Đã hủy", "cancelled"), ("Hoàn tất", "completed")),
    ):
        assert words.STATES[word] == status


def test_a_word_for_the_state_that_nobody_knows_is_refused_and_the_cell_is_named(tmp_path: Path) -> None:
    report = take(shop_of("vn"), tiktok_file(tmp_path, "vn", *lines(order(Order_Status="Verschickt"))))
    assert counts(report) == (0, 0, 0, 1)
    assert refusals(report)[0] == (
        *(3, "Order Status"),
        "The word “Verschickt” is not known in this column. Known are, among others: Unpaid, On hold, To ship,"
        " Partially shipped, Shipped, Delivered, Completed, Canceled.",
    )


@pytest.mark.parametrize(
    ("changes", "column", "message"),
    [
        (
            {"Order ID": "5.76E+17"},
            "Order ID",
            "Excel has rounded this number: its last digits are lost. Format the column as text, export again.",
        ),
        (
            {"SKU ID": "1.73E+18"},
            "SKU ID",
            "Excel has rounded this number: its last digits are lost. Format the column as text, export again.",
        ),
        ({"Order Amount": "25 JPY"}, "Order Amount", "“JPY” is not a sign of the shop's currency MYR."),
        (
            {"SKU Unit Original Price": "Rp 10"},
            "SKU Unit Original Price",
            "“Rp” is not a sign of the shop's currency MYR.",
        ),
        ({"Order Amount": ""}, "Order Amount", "This column must not be empty."),
        ({"Created Time": "-"}, "Created Time", "This column must not be empty."),
        (
            {"Created Time": "soon"},
            "Created Time",
            "This is not a time. Write it like 2026-11-22 14:05:00, the year first.",
        ),
        ({"Product Name": ""}, "Product Name", "A line needs a value in this column."),
        ({"Quantity": "0"}, "Quantity", "The quantity must be a whole number above zero."),
        (
            {"SKU Seller Discount": "21", "SKU Subtotal After Discount": ""},
            "SKU Unit Original Price",
            "The discounts are more than the line costs.",
        ),
        ({"Order Refund Amount": "25.01"}, "Order Refund Amount", "More was refunded than the payments make: 25.00."),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_a_bad_cell_refuses_the_order_and_names_the_platform_s_column(
    tmp_path: Path, changes: dict[str, str], column: str, message: str
) -> None:
    report = take(shop_of("my"), tiktok_file(tmp_path, "my", order(**{"Order Amount": "25.00"} | changes)))
    assert counts(report) == (0, 0, 0, 1)
    assert refusals(report) == [(3, column, message)]
    assert nothing_written()


def test_rows_of_one_order_that_tell_different_amounts_of_it_are_refused(tmp_path: Path) -> None:
    rows = lines(order(), **{"Order Amount": "24"})
    report = take(shop_of("vn"), tiktok_file(tmp_path, "vn", *rows))
    message = "The rows of this order disagree: row 3 says something else in the column “Order Amount”."
    assert refusals(report)[1] == (4, "Order Amount", message)


@pytest.mark.parametrize("spelling", ["Cancelation/Return Type", "Cancellation/Return Type", "cancel/return type"])
def test_a_cancelled_order_tells_when_why_and_by_whom_however_its_columns_are_spelled(
    tmp_path: Path, spelling: str
) -> None:
    row = two_lines("us", **{"Order Status": "Canceled", "Order Substatus": "Canceled", "Paid Time": ""})[0]
    row |= {spelling: "Cancel", "Cancelled Time": "03/13/2026 9:00:00 AM", "Cancel By": "User"}
    row |= {"Cancel Reason": "Changed my mind", "Order Amount": "20"}
    report = take(shop_of("us"), tiktok_file(tmp_path, "us", row, spoiled=spelling))
    assert (counts(report), report.unknown_columns, report.notes) == ((1, 0, 0, 0), [], [])
    one = Order.objects.get()
    assert (one.status, one.cancelled_by, one.cancel_reason) == ("cancelled", "buyer", "Changed my mind")
    assert (one.cancelled_at, one.paid_amount) == (datetime(2026, 3, 13, 13, tzinfo=UTC), 0)


def test_a_returned_order_says_what_was_refunded_and_that_there_was_a_case(tmp_path: Path) -> None:
    typed = {"Cancelation/Return Type": "Return/Refund", "Order Status": "Completed", "Order Refund Amount": "15"}
    report = take(shop_of("vn"), tiktok_file(tmp_path, "vn", *lines(order(**typed, Sku_Quantity_of_return="2"))))
    assert counts(report) == (1, 0, 0, 0)
    one = Order.objects.get()
    assert (one.status, one.refunded_amount, one.paid_amount, one.aftersales) == ("completed", 15, 25, "closed")


def test_one_cancelled_line_leaves_the_order_and_a_cancellation_under_way_is_noted(tmp_path: Path) -> None:
    shop = shop_of("vn")
    typed = {"Cancelation/Return Type": "Cancel", "Cancelled Time": "14/03/2026 10:00:00", "Cancel Reason": "Sold out"}
    take(shop, tiktok_file(tmp_path, "vn", *lines(order(), **typed)))
    told = [*OrderLine.objects.order_by("position").values_list("status", "cancel_reason")]
    assert (Order.objects.get().status, told) == ("to_ship", [("waiting", ""), ("cancelled", "Sold out")])
    asked = order(**{"Order ID": "576486316948490002", "Cancelation/Return Type": "Cancel", "Order Amount": "20"})
    report = take(shop, tiktok_file(tmp_path, "vn", asked))
    assert report.notes == [
        "576486316948490002: A cancellation is under way at the platform; the file does not say since when."
    ]


def test_a_later_file_moves_the_order_on_and_an_older_one_does_not_move_it_back(tmp_path: Path) -> None:
    shop = shop_of("my")
    waiting = tiktok_file(tmp_path, "my", *two_lines("my"), name="waiting.csv")
    sent = {
        "Order Status": "Shipped",
        "Order Substatus": "In transit",
        "Tracking ID": "MY1",
        "Shipping Provider Name": "J&T",
    }
    moving = tiktok_file(tmp_path, "my", *two_lines("my", **sent), name="moving.csv")
    done = tiktok_file(
        *(tmp_path, "my"),
        *two_lines("my", **sent | {"Order Status": "Completed", "Order Substatus": ""}),
        name="done.csv",
    )
    fates = []
    for path in (waiting, moving, waiting, done, moving):
        report = take(shop, path)
        fates.append((counts(report)[:3], Order.objects.get().status))
    assert fates == [
        *(((1, 0, 0), "to_ship"), ((0, 1, 0), "shipped"), ((0, 0, 1), "shipped")),
        *(((0, 1, 0), "completed"), ((0, 0, 1), "completed")),
    ]
    parcel = Parcel.objects.get()
    assert (parcel.carrier, parcel.tracking_no, parcel.status) == ("J&T", "MY1", "delivered")
    assert (Payment.objects.count(), Order.objects.get().paid_amount) == (1, 25)


@pytest.mark.parametrize("number", ["576486316948490001", "'576486316948490001"])
def test_masked_cells_never_cover_a_recipient_or_a_buyer_that_is_known(tmp_path: Path, number: str) -> None:
    shop = shop_of("my")
    known = {"Recipient": "Ahmad Ali", "Phone #": "(+60)172000054", "Detail Address": "1 Jalan Besar"}
    take(shop, tiktok_file(tmp_path, "my", *two_lines("my", **known)))
    masked = {"Order ID": number, "Buyer Username": "te***er", "Order Status": "Shipped"}
    take(shop, tiktok_file(tmp_path, "my", *two_lines("my", **masked)))
    one = Order.objects.select_related("recipient", "buyer").get()
    opened = recipients.opened(one.recipient, order_number=one.number)
    assert (opened.name, opened.phone, opened.address) == ("Ahmad Ali", "(+60)172000054", "1 Jalan Besar")
    assert (one.status, one.buyer.uid, one.buyer_nickname) == ("shipped", "tea.lover", "tea.lover")


def test_a_masked_buyer_is_nobody_but_the_buyer_of_this_order(tmp_path: Path) -> None:
    shop = shop_of("my")
    two = [
        order(**{"Order ID": number, "Buyer Username": "te***er"})
        for number in ("576486316948490001", "576486316948490002")
    ]
    take(shop, tiktok_file(tmp_path, "my", *two))
    assert [*Order.objects.order_by("number").values_list("buyer__uid", flat=True)] == [
        *("order:576486316948490001", "order:576486316948490002"),
    ]


@pytest.mark.parametrize(
    ("site", "times", "placed", "noted"),
    [
        ("us", ["05/02/2026 2:49:19 PM"], datetime(2026, 5, 2, 18, 49, 19, tzinfo=UTC), ""),
        ("vn", ["05/02/2026 2:49:19 PM", "25/02/2026 2:49:19 PM"], datetime(2026, 2, 5, 7, 49, 19, tzinfo=UTC), ""),
        ("us", ["05/02/2026 10:00", "12/31/2025 10:00"], datetime(2026, 5, 2, 14, tzinfo=UTC), ""),
        ("us", ["05/02/2026 10:00", "31/12/2025 10:00"], datetime(2026, 2, 5, 15, tzinfo=UTC), ""),
        ("us", ["05/02/2026 10:00:00"], datetime(2026, 5, 2, 14, tzinfo=UTC), "month/day/year"),
        ("vn", ["05/02/2026 10:00:00"], datetime(2026, 2, 5, 3, tzinfo=UTC), "day/month/year"),
        ("my", ["05/02/2026 10:00:00"], datetime(2026, 2, 5, 2, tzinfo=UTC), "day/month/year"),
        ("th", ["05/02/2026 10:00:00"], datetime(2026, 2, 5, 3, tzinfo=UTC), "day/month/year"),
        ("id", ["05/02/2026 10:00:00"], datetime(2026, 2, 5, 3, tzinfo=UTC), "day/month/year"),
        ("us", ["2026-05-02 10:00:00"], datetime(2026, 5, 2, 14, tzinfo=UTC), ""),
        ("vn", ["2026/05/02 10:00"], datetime(2026, 5, 2, 3, tzinfo=UTC), ""),
        ("us", ["05/02/2026 12:00:00 AM"], datetime(2026, 5, 2, 4, tzinfo=UTC), ""),
    ],
)
def test_the_whole_file_settles_whether_day_or_month_comes_first(
    tmp_path: Path, site: str, times: list[str], placed: datetime, noted: str
) -> None:
    rows = [
        order(**{"Order ID": f"57648631694849000{place}", "Created Time": time, "Paid Time": "", "Order Amount": "20"})
        for place, time in enumerate(times)
    ]
    report = take(shop_of(site), tiktok_file(tmp_path, site, *rows))
    assert counts(report) == (len(times), 0, 0, 0)
    assert Order.objects.get(number="576486316948490000").placed_at == placed
    notes = [note for note in report.notes if "booked as adjustment" not in note]
    assumed = f"No date of this file shows whether day or month comes first; they were read as {noted}."
    assert notes == ([assumed] if noted else [])


def test_dates_that_contradict_each_other_stop_the_file(tmp_path: Path) -> None:
    rows = [order(Created_Time="25/02/2026 10:00:00"), order(Created_Time="02/26/2026 10:00:00", Order_ID="2")]
    with pytest.raises(UnreadableFile) as refused:
        take(shop_of("vn"), tiktok_file(tmp_path, "vn", *rows))
    assert str(refused.value) == (
        "The dates contradict each other: in row 3 the day comes first (25/02/2026 10:00:00), in row 4 the month"
        " (02/26/2026 10:00:00). Export the file again and do not save it with a spreadsheet program."
    )
    assert nothing_written()


def test_a_workbook_that_lies_about_its_size_is_read_whole(tmp_path: Path) -> None:
    rows = [order(**{"Order ID": f"5764863169484900{place:02}", "Order Amount": "20"}) for place in range(30)]
    report = take(shop_of("vn"), lying_workbook(tmp_path, "vn", *rows))
    assert counts(report) == (30, 0, 0, 0)


@pytest.mark.parametrize("explained", [True, False])
def test_the_row_that_explains_the_columns_may_be_there_or_not(tmp_path: Path, explained: bool) -> None:
    path = tiktok_file(tmp_path, "vn", *two_lines("vn"), explained=explained)
    assert counts(take(shop_of("vn"), path)) == (1, 0, 0, 0)


def test_the_same_sku_on_two_rows_is_two_lines(tmp_path: Path) -> None:
    same = order(Order_Amount="35")
    report = take(shop_of("vn"), tiktok_file(tmp_path, "vn", same, same))
    assert (counts(report), report.notes) == ((1, 0, 0, 0), [])
    told = [*OrderLine.objects.order_by("position").values_list("number", "quantity")]
    assert told == [("1729000000000000001", 2), ("1729000000000000001-2", 2)]


def test_a_title_that_is_too_long_is_cut_and_the_cut_is_noted(tmp_path: Path) -> None:
    report = take(shop_of("vn"), tiktok_file(tmp_path, "vn", *lines(order(Product_Name="x" * 255))))
    assert report.notes == ["576486316948490001: The text in “Product Name” was cut at 200 characters."]
    assert OrderLine.objects.get(position=1).title == f"{'x' * 199}…"


def test_a_district_and_a_commune_stand_for_city_and_district_where_there_are_no_cities(tmp_path: Path) -> None:
    where = {"Province": "Hà Nội", "District": "Quận Ba Đình", "Commune": "Phường Trúc Bạch"}
    take(shop_of("vn"), tiktok_file(tmp_path, "vn", *lines(order(**where))))
    one = Order.objects.get()
    assert (one.province, one.city, one.district) == ("Hà Nội", "Quận Ba Đình", "Phường Trúc Bạch")


def test_lines_go_into_the_parcels_that_they_name_and_each_has_its_own_state(tmp_path: Path) -> None:
    sent = {
        "Order Status": "Shipped",
        "Order Substatus": "Delivered",
        "Tracking ID": "A1",
        "Shipping Provider Name": "J&T",
    }
    rows = lines(order(**sent), **{"Order Substatus": "In transit", "Tracking ID": "A2"})
    take(shop_of("my"), tiktok_file(tmp_path, "my", *rows))
    assert Order.objects.get().status == "shipped"
    assert [*Parcel.objects.order_by("tracking_no").values_list("tracking_no", "status", "parts__line__position")] == [
        *(("A1", "delivered", 1), ("A2", "in_transit", 2)),
    ]


def test_a_carrier_that_was_only_chosen_makes_no_parcel(tmp_path: Path) -> None:
    take(shop_of("vn"), tiktok_file(tmp_path, "vn", *lines(order(**{"Shipping Provider Name": "J&T"}))))
    assert (Parcel.objects.count(), Order.objects.get().status) == (0, "to_ship")


def test_an_id_that_stands_as_a_number_in_a_workbook_is_refused(tmp_path: Path) -> None:
    path = lying_workbook(tmp_path, "vn", order() | {"Order ID": 576486316948490001})
    assert refusals(take(shop_of("vn"), path)) == [
        (
            3,
            "Order ID",
            "Excel has rounded this number: its last digits are lost. Format the column as text, export again.",
        ),
    ]


def test_a_file_in_our_own_layout_with_names_that_tiktok_uses_too_stays_ours(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "Order ID,Order Status,Created Time,Buyer ID,Line ID,Product ID,SKU ID,Product Name,Quantity,Price,Total\n"
        "A1,to_ship,2026-03-01,b,1,p,s,Mug,2,10,20\n"
    )
    report = take(shop_of("us"), path)
    assert (report.layout, counts(report), Order.objects.get().total_amount) == ("flat", (1, 0, 0, 0), 20)


def test_the_states_that_arrive_break_no_rule_of_the_database(tmp_path: Path) -> None:
    shop = shop_of("us")
    states = ("Unpaid", "On hold", "To ship", "Shipped", "Delivered", "Completed", "Canceled")
    rows = [
        row
        for place, word in enumerate(states)
        for row in two_lines(
            "us", **{"Order ID": f"57648631694849{place:04}", "Order Status": word, "Tracking ID": f"T{place}"}
        )
    ]
    assert counts(take(shop, tiktok_file(tmp_path, "us", *rows))) == (7, 0, 0, 0)
    assert [one.code for one in invariants.check() if one.code != "shop_has_owner"] == []
