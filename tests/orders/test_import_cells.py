"""One cell at a time: what ids, words, money and times may look like, and the sentence for what they may not."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.imports import cells
from orders.imports.cells import Unclear
from orders.states import PaymentMethod, Status
from sellercenter import money

AMBIGUOUS = "This amount can be read in two ways. Write thousands like 1280, parts like 1.28."


@pytest.mark.parametrize(
    ("currency", "cell", "amount"),
    [
        *(("CNY", "1280.50", "1280.50"), ("CNY", "1280.5", "1280.50"), ("CNY", "0", "0"), ("CNY", ".5", "0.50")),
        *(
            ("CNY", "¥1,280.50", "1280.50"),
            ("CNY", "1280.50元", "1280.50"),
            ("CNY", "CNY 12", "12"),
            ("CNY", "+3", "3"),
        ),
        *(("BRL", "R$ 1.234,56", "1234.56"), ("BRL", "1.234.567,8", "1234567.80"), ("BRL", "12,50", "12.50")),
        *(("USD", "$1,234", "1234"), ("USD", "1,234,567.89", "1234567.89"), ("USD", "1 234.50", "1234.50")),
        *(("JPY", "11,000 JPY", "11000"), ("JPY", "11000.00", "11000"), ("IDR", "Rp15.000.000", "15000000")),
        *(("USD", "1'234.50", "1234.50"), ("USD", "1\u00a0234.50", "1234.50"), ("CNY", "-0.00", "0")),
    ],
)
def test_an_amount_is_read_however_it_is_written(currency: str, cell: str, amount: str) -> None:
    assert cells.amount(currency)(cell) == Decimal(amount)


@pytest.mark.parametrize(
    ("currency", "cell", "message"),
    [
        ("BRL", "1.234", AMBIGUOUS),
        ("IDR", "15.000", AMBIGUOUS),
        ("CNY", "-1.00", "The amount must not be negative."),
        ("CNY", "−1.00", "The amount must not be negative."),
        ("CNY", "$5.00", "“$” is not a sign of the shop's currency CNY."),
        ("BRL", "5.00 USD", "“USD” is not a sign of the shop's currency BRL."),
        ("CNY", "1.2345", "The amount has more digits after the point than the currency."),
        ("JPY", "1.5", "The amount has more digits after the point than the currency."),
        ("CNY", "1,23,456.00", "The thousands of this amount are not grouped by three. Write it like 1280.50."),
        ("CNY", "1000000000000", "The amount is too large."),
        ("CNY", "5.76E+17", "This is not an amount. Write it like 1280.50."),
        *(
            (("CNY", cell, "This is not an amount. Write it like 1280.50."))
            for cell in ("abc", "NaN", "1-2", "(5)", "1 = 2")
        ),
    ],
)
def test_an_amount_that_is_unclear_is_refused_with_a_sentence(currency: str, cell: str, message: str) -> None:
    with pytest.raises(Unclear) as refused:
        cells.amount(currency)(cell)
    assert str(refused.value) == message


@given(
    st.decimals(min_value=0, max_value=Decimal("999999999.99"), places=2, allow_nan=False, allow_infinity=False),
    st.sampled_from(["BRL", "CNY", "EUR", "USD"]),
)
def test_what_the_product_writes_as_money_it_reads_again(amount: Decimal, currency: str) -> None:
    read = cells.amount(currency)
    assert read(str(amount)) == read(money.text(amount, currency)) == amount
    assert cells.amount(currency, signed=True)(money.text(-amount, currency)) == -amount
    german = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert read(german) == amount


@given(st.text(max_size=40))
def test_no_text_breaks_a_reader_in_any_other_way_than_unclear(text: str) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    money_of, time_of = cells.amount("BRL"), cells.time(zone)
    readers = (money_of, time_of, cells.count, cells.rate, cells.flag, cells.yes_no, cells.word(Status))
    for read in (*readers, cells.identifier(64), cells.payments(money_of, time_of)):
        with suppress(Unclear):
            read(text.strip())


@pytest.mark.parametrize(
    ("cell", "utc"),
    [
        *(("2018-01-02 10:11:12", "2018-01-02 12:11:12"), ("2018-01-02T10:11:12", "2018-01-02 12:11:12")),
        *(("2018-01-02 10:11", "2018-01-02 12:11:00"), ("2018-01-02", "2018-01-02 02:00:00")),
        *(("2018-01-02 10:11:12+08:00", "2018-01-02 02:11:12"), ("2018-01-02 10:11:12 +0000", "2018-01-02 10:11:12")),
        *(("2018-01-02T10:11:12Z", "2018-01-02 10:11:12"), ("2018/1/2 9:05", "2018-01-02 11:05:00")),
        # Clocks went from 23:59:59 to 01:00:00: what they skipped means the first instant after the gap.
        *(("2017-10-15 00:00:00", "2017-10-15 03:00:00"), ("2017-10-15 00:59:59", "2017-10-15 03:00:00")),
        ("2017-10-15 01:00:00", "2017-10-15 03:00:00"),
        # The hour before midnight came twice: the first one counts.
        *(("2018-02-17 23:30:00", "2018-02-18 01:30:00"), ("2018-02-18 00:00:00", "2018-02-18 03:00:00")),
    ],
)
def test_a_time_without_offset_is_the_shops_wall_clock(cell: str, utc: str) -> None:
    read = cells.time(ZoneInfo("America/Sao_Paulo"))
    assert read(cell) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "utc"),
    [
        *(("2018-01-02", "2018-01-03 01:59:59"), ("2018/1/2", "2018-01-03 01:59:59")),
        *(("2018-01-02 00:00:00", "2018-01-02 02:00:00"), ("2018-01-02T10:11Z", "2018-01-02 10:11:00")),
        # The hour before midnight came twice: the first one counts.
        ("2018-02-17", "2018-02-18 01:59:59"),
    ],
)
def test_a_promise_until_a_day_holds_until_its_end(cell: str, utc: str) -> None:
    read = cells.until(ZoneInfo("America/Sao_Paulo"))
    assert read(cell) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    ["02/01/2018", "2018-13-01", "2018-02-30 10:00:00", "2018-01-02 25:00", "yesterday", "1514886000", "2018-W01-1"],
)
def test_a_time_that_is_unclear_is_refused(cell: str) -> None:
    with pytest.raises(Unclear, match=r"This is not a time\. Write it like 2026-11-22 14:05:00, the year first\."):
        cells.time(ZoneInfo("UTC"))(cell)


@pytest.mark.parametrize("cell", ["0001-01-01 00:00:00", "1900-01-01", "9999-12-31 23:59:59"])
def test_a_year_that_no_shop_has_seen_is_refused(cell: str) -> None:
    with pytest.raises(Unclear, match=r"The year of this time can't be right\."):
        cells.time(ZoneInfo("Asia/Shanghai"))(cell)


@given(
    st.datetimes(min_value=datetime(1995, 1, 1), max_value=datetime(2037, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "America/Sao_Paulo", "Europe/London", "Australia/Lord_Howe", "America/New_York"]),
)
def test_every_instant_written_with_its_offset_or_as_the_wall_clock_shows_it_is_read_again(
    moment: datetime, name: str
) -> None:
    zone = ZoneInfo(name)
    instant = moment.replace(microsecond=0, tzinfo=UTC)
    local = instant.astimezone(zone)
    read = cells.time(zone)
    assert read(local.isoformat()) == instant
    again = read(f"{local:%Y-%m-%d %H:%M:%S}")
    assert again == (instant if local.fold == 0 else instant - timedelta(minutes=30 if "Howe" in name else 60))


@given(st.datetimes(min_value=datetime(1995, 1, 1), max_value=datetime(2037, 1, 1)))
def test_a_later_wall_clock_never_means_an_earlier_instant_on_the_same_side_of_a_change(moment: datetime) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    instant = cells.at_wall(moment.replace(microsecond=0), zone)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    # Either the clock showed it, or it was skipped and the clock shows the end of the gap.
    assert shown >= moment.replace(microsecond=0)
    assert shown - moment.replace(microsecond=0) <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("\t576486316948490001\t", "576486316948490001"),
        ("'6917", "6917"),
        ("\u00a0A 1\ufeff", "A 1"),
        ("12E45", "12E45"),
    ],
)
def test_an_id_loses_what_was_put_around_it_to_save_it_from_excel(cell: str, name: str) -> None:
    assert cells.identifier(64)(cell.strip()) == name


@pytest.mark.parametrize("cell", ["5.76E+17", "5,76486E+17", "6E+17", "5.76486e+17"])
def test_an_id_that_excel_has_rounded_is_refused_with_the_way_out(cell: str) -> None:
    with pytest.raises(Unclear) as refused:
        cells.identifier(64)(cell)
    assert str(refused.value) == (
        "Excel has rounded this number: its last digits are lost. Format the column as text, export again."
    )


def test_words_are_known_in_any_case_and_with_any_gaps_and_unknown_ones_name_the_choice() -> None:
    read = cells.word(Status, canceled="cancelled")
    assert [read(cell) for cell in ("to_ship", "To Ship", "TO-SHIP", "Canceled")] == ["to_ship"] * 3 + ["cancelled"]
    with pytest.raises(Unclear, match="Use one of: unpaid, to_review, to_ship, part_shipped, shipped, delivered"):
        read("lost")


@pytest.mark.parametrize("cell", ["0", "-1", "1.5", "two", "", "1e3", "12345678901"])
def test_a_quantity_is_a_whole_number_above_zero(cell: str) -> None:
    assert cells.count("2") == cells.count("2.0") == 2
    with pytest.raises(Unclear, match=r"The quantity must be a whole number above zero\."):
        cells.count(cell)


def test_a_rate_is_a_share_or_a_percentage() -> None:
    assert cells.rate("0.15") == cells.rate("15%") == cells.rate("15,0 %") == Decimal("0.1500")
    for cell in ("15", "-0.1", "101%", "0.12345", "x"):
        with pytest.raises(Unclear, match="The rate must be a share"):
            cells.rate(cell)


def test_flags_go_by_number_and_colour_and_yes_has_many_names() -> None:
    assert [cells.flag(cell) for cell in ("0", "5", "Red", "grey")] == [0, 5, 5, 0]
    assert [cells.yes_no(cell) for cell in ("yes", "TRUE", "1", "no", "0", "是")] == [True] * 3 + [False] * 2 + [True]


def test_several_payments_stand_in_one_cell_with_their_times_and_numbers() -> None:
    read = cells.payments(cells.amount("CNY"), cells.time(ZoneInfo("Asia/Shanghai")))
    card, voucher = read("Card = 1,099.33 @ 2026-03-01 10:00 # TX-1; voucher=20.00;")
    assert (card.method, card.amount, card.transaction_no) == (PaymentMethod.CARD, Decimal("1099.33"), "TX-1")
    assert card.paid_at == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert (voucher.method, voucher.amount, voucher.paid_at, voucher.transaction_no) == ("voucher", 20, None, "")
    with pytest.raises(Unclear, match=r"Write payments like card=99\.33;voucher=20\.00\."):
        read("99.33")
    with pytest.raises(Unclear, match="This word is not known"):
        read("gold=1")


@pytest.mark.parametrize("cell", ["x" + " " * 100_000 + "!y(", "1" + "\u00a0" * 100_000, "7" * 100_000, " " * 63 + "("])
def test_a_hostile_amount_is_refused_at_once(cell: str) -> None:
    read = cells.amount("CNY")
    began = perf_counter()
    with pytest.raises(Unclear, match=r"This is not an amount\. Write it like 1280\.50\."):
        read(cell)
    assert perf_counter() - began < 0.5


def test_spaces_between_the_parts_of_an_amount_do_not_count() -> None:
    assert cells.amount("CNY", signed=True)("CNY   -  ¥ \u00a0 1 280.50   元") == Decimal("-1280.50")
