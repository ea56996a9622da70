"""The end of stock: the day by the units sold, its earliest and latest day, and one warning until it is filled up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from analytics import report_readers, stock_alerts, stock_out
from analytics.models import FigureSetting, StockAlert
from analytics.stock_out import days_ahead, missed_share, outlook
from orders import inventory
from orders.models import Sku
from orders.states import LineStatus
from sellercenter import outbox
from sellercenter.models import Event, Notification
from sellercenter.permissions import SYSTEM
from tests import make
from tests.conftest import url

TODAY = date(2026, 11, 22)
MIDNIGHT, NOON = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)


def every_day(units: int, days: int = 28) -> dict[date, int]:
    return {TODAY - timedelta(days=back): units for back in range(1, days + 1)}


def foretold(sold: dict[date, int], available: int, *, at: datetime = MIDNIGHT, lead_days: int = 7):
    return outlook(1, available, sold, days_ahead(at, [sold]), lead_days=lead_days)


def test_what_sells_evenly_ends_on_the_day_on_which_the_last_unit_goes():
    found = foretold(every_day(10), 95)
    assert (found.runs_out_on, found.per_day) == (TODAY + timedelta(days=9), 10)
    assert foretold(every_day(10), 90).runs_out_on == TODAY + timedelta(days=8)
    assert foretold(every_day(10), 91, at=NOON).runs_out_on == TODAY + timedelta(days=9), "half of today is left"


def test_units_fall_on_the_weekdays_on_which_things_are_sold():
    weekends = {day: 70 for day in every_day(0) if day.weekday() >= 5}
    # Sunday the 22nd takes 70, so the next 70 go on Saturday the 28th and the last 10 on the Sunday after it.
    assert foretold(weekends, 150).runs_out_on == date(2026, 11, 29)
    assert foretold(weekends, 60).runs_out_on == TODAY


def test_the_end_lies_between_an_earliest_and_a_latest_day():
    even = foretold(every_day(10), 200)
    uneven = foretold({day: 40 if day.day % 4 == 0 else 0 for day in every_day(0)}, 200)
    assert even.earliest < even.runs_out_on < even.latest
    assert (uneven.latest - uneven.earliest) > (even.latest - even.earliest), "what varies more is less sure"


@pytest.mark.parametrize(
    ("available", "sold", "level"),
    [
        (0, every_day(1), "out"),
        (0, {}, "idle"),
        (50, {}, "idle"),
        (60, every_day(10), "late"),
        (75, every_day(10), "soon"),
        (200, every_day(10), "enough"),
        (5000, every_day(10), "enough"),
    ],
)
def test_levels_go_by_the_days_that_new_goods_take(available, sold, level):
    found = foretold(sold, available)
    assert found.level == level
    assert found.alarming == (level in ("out", "late"))


def test_what_lasts_for_more_than_half_a_year_has_no_day():
    assert foretold(every_day(1), 500).runs_out_on is None


def test_a_sku_that_is_new_is_taken_by_its_own_days_but_by_two_weeks_at_least():
    assert foretold(every_day(6, days=20), 100).per_day == 6
    assert foretold(every_day(14, days=1), 100).per_day == 1


def test_the_last_week_is_compared_with_what_the_weeks_before_it_foretold():
    assert missed_share([every_day(10)], TODAY) == 0
    grew = {day: 20 if day >= TODAY - timedelta(days=7) else 10 for day in every_day(0)}
    assert missed_share([grew], TODAY) == pytest.approx(0.5)
    assert missed_share([{TODAY - timedelta(days=20): 3}], TODAY) is None


def sku_of(shop, *, a_day: int, on_hand: int, title: str = "Green tea") -> Sku:
    """Sell a SKU on each of the last four weeks' days, and count it."""
    days = [make.NOW - timedelta(days=back) for back in range(1, 29)]
    told = [make.facts(shop, placed_at=day, lines=[make.line(title, quantity=a_day)]) for day in days]
    make.orders(shop, told)
    sku = Sku.objects.get(shop=shop, number=f"K-{title}")
    inventory.count(sku, on_hand=on_hand, reason="", by=SYSTEM)
    return sku


def fill_up(sku: Sku, on_hand: int) -> None:
    inventory.count(sku, on_hand=on_hand, reason="", by=SYSTEM)


def take(shop, lead_days: int) -> None:
    """Let new goods take so many days."""
    FigureSetting.objects.update_or_create(shop=shop, defaults={"lead_days": lead_days})


def look(shop) -> int:
    return stock_alerts.warn_shop(shop, now=make.NOW, by=SYSTEM)


@pytest.mark.django_db
def test_units_are_read_by_day_of_the_shop_without_cancelled_lines(shop, other_shop):
    sku = sku_of(shop, a_day=2, on_hand=100)
    sku_of(other_shop, a_day=9, on_hand=100)
    today = make.NOW.astimezone(shop.zone).date()
    order = make.order(shop, placed_at=make.NOW - 3 * make.DAY, lines=[make.line(quantity=50)])
    order.lines.update(status=LineStatus.CANCELLED)
    make.order(shop, placed_at=make.NOW, lines=[make.line(quantity=50)])
    sold = stock_out.units_sold(shop, today=today)
    assert sold == {sku.pk: {today - timedelta(days=back): 2 for back in range(1, 29)}}


@pytest.mark.django_db
def test_pages_read_what_the_hourly_look_kept_and_the_lines_only_without_it(shop, django_assert_num_queries):
    sku = sku_of(shop, a_day=2, on_hand=100)
    today = make.NOW.astimezone(shop.zone).date()
    read = stock_out.sales_of(shop, now=make.NOW)
    assert (read.until, read.units) == (today, stock_out.units_sold(shop, today=today))
    look(shop)
    with django_assert_num_queries(1):
        kept = stock_out.sales_of(shop, now=make.NOW)
    assert kept == read
    make.order(shop, placed_at=make.NOW - 2 * make.DAY, lines=[make.line(quantity=50)])
    assert stock_out.sales_of(shop, now=make.NOW) == read, "until the next look"
    assert stock_out.sales_of(shop, now=make.NOW + make.DAY).until == today
    assert stock_out.sales_of(shop, now=make.NOW + 2 * make.DAY).until == today + timedelta(days=2)
    look(shop)
    assert sum(stock_out.sales_of(shop, now=make.NOW).units[sku.pk].values()) == 28 * 2 + 50


@pytest.mark.django_db
def test_whoever_may_change_stock_is_warned_once_until_it_is_filled_up(shop, packing, shipping):
    sku = sku_of(shop, a_day=2, on_hand=6)
    assert (look(shop), look(shop)) == (1, 0)
    outbox.fan_out(1000)
    told = Notification.objects.filter(event__kind="sku.running_out")
    assert {one.member.role.stock if one.member.role else "owner" for one in told} == {"owner", "manager", "packing"}
    packing.get(url("notice_list", shop)).says("Runs out before new goods can come").says(sku.number)
    fill_up(sku, 5)
    assert look(shop) == 0
    fill_up(sku, 300)
    assert (look(shop), StockAlert.objects.count()) == (0, 0)
    fill_up(sku, 4)
    assert look(shop) == 1
    assert Event.objects.filter(kind="sku.running_out", subject_id=sku.pk).count() == 2


@pytest.mark.django_db
def test_what_only_sells_more_slowly_is_no_news_when_it_sells_again(shop):
    sku_of(shop, a_day=2, on_hand=11)
    assert look(shop) == 1
    take(shop, 2)
    assert (look(shop), StockAlert.objects.count()) == (0, 1), "nothing came in, so the warning stands"
    take(shop, 7)
    assert look(shop) == 0


@pytest.mark.django_db
def test_all_shops_are_looked_through(shop, other_shop):
    sku_of(shop, a_day=2, on_hand=6)
    sku_of(other_shop, a_day=3, on_hand=6)
    make.shop()
    assert stock_alerts.warn() == 2
    assert {alert.shop_id for alert in StockAlert.objects.all()} == {shop.pk, other_shop.pk}


@pytest.mark.django_db
def test_the_page_sorts_by_the_end_and_the_home_board_leads_to_what_was_warned_of(
    shop, owner, data, django_assert_max_num_queries
):
    late, enough = sku_of(shop, a_day=2, on_hand=6), sku_of(shop, a_day=1, on_hand=100, title="Cup")
    make.order(shop, lines=[make.line("Not counted")])
    stock = data.get(url("forecast", shop)).context["stock"]
    assert [(row["name"], row["badge"]["label"], row["per_day"]) for row in stock["rows"]] == [
        (late.number, "Runs out too soon", "2.00"),
        (enough.number, "Enough", "1.00"),
    ]
    look(shop)
    with django_assert_max_num_queries(8):
        data.get(url("forecast", shop))
    counters = {
        one["label"]: one for board in owner.get(url("home", shop)).context["boards"] for one in board["counters"]
    }
    counter = counters["Run out before new goods come"]
    shown = owner.get(counter["url"]).context["stock"]["rows"]
    assert (counter["count"], [row["name"] for row in shown]) == ("1", [late.number])
    file = data.get(f"{url('forecast', shop)}?download=csv&table=stock").content.decode("utf-8-sig")
    assert f'"{enough.number}"' in file
    assert '"100"' in file


@pytest.mark.django_db
def test_the_lead_time_is_that_of_the_shop(shop):
    assert report_readers.setting_of(shop).lead_days == 7
    sku_of(shop, a_day=2, on_hand=40)
    assert look(shop) == 0
    take(shop, 30)
    assert look(shop) == 1
