"""Forecasts: the best method by the shop's own past, with its error, and nothing where the past is too short."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from analytics import forecasts, rollups
from analytics.forecasts import METHODS, forecast, missing_days
from tests import make
from tests.conftest import url

MONDAY = date(2026, 3, 2)
WEEK = [40, 10, 20, 30, 50, 90, 60]
BY_CODE = {method.code: method for method in METHODS}


def test_a_week_that_repeats_itself_is_foretold_without_an_error():
    found = forecast(MONDAY, WEEK * 12)
    assert [round(point.expected) for point in found.points] == WEEK * 2
    assert [(round(point.low), round(point.high)) for point in found.points] == [(n, n) for n in WEEK * 2]
    assert found.points[0].day == MONDAY + timedelta(weeks=12)
    assert (found.best.mae, found.best.mape, found.best.mase) == (0, 0, None)
    assert (found.trials, found.days) == (7, 84)
    assert found.total == pytest.approx(600)


def test_errors_are_those_of_the_definitions():
    known, came = [10, 10, 10, 10, 10, 10, 10, 14, 10, 10, 10, 10, 10, 10], [7, 20, 0, 10, 10, 10, 10]
    told = forecasts.score(BY_CODE["week_before"], [(known, came)])
    # Told are 14 and six times 10: missed by 7, 10, 10 and nothing; a week before the past had missed by 4 on one day.
    assert told.mae == pytest.approx(27 / 7)
    assert told.mase == pytest.approx((27 / 7) / (4 / 7))
    assert told.mape == pytest.approx((7 / 7 + 10 / 20) / 6), "the day without orders has no share"
    assert told.errors == ((-7,), (10,), (-10,), (0,), (0,), (0,), (0,))


def test_each_method_continues_a_short_past_and_stays_at_zero_or_above():
    for past in ([3, 0, 0, 1, 0, 0, 2] * 4, [0] * 27 + [1], [9, 8, 7, 6, 5, 4, 3] * 4 + [0, 0, 0]):
        for method in METHODS:
            told = method.run(past, 14)
            assert len(told) == 14, method.code
            assert min(told) >= 0, method.code


def test_methods_that_smooth_follow_a_level_that_has_changed():
    past = [count for week in range(20) for count in [n + (40 if week > 12 else 0) for n in WEEK]]
    for code in ("weekday_shares", "holt_winters"):
        assert sum(BY_CODE[code].run(past, 7)) == pytest.approx(sum(WEEK) + 280, rel=0.06), code


def test_the_method_with_the_least_mase_is_taken():
    past = [n * (1 + week % 3) for week in range(20) for n in WEEK]
    found = forecast(MONDAY, past)
    assert [one.mase for one in found.scores] == sorted(one.mase for one in found.scores)
    assert {one.method.code for one in found.scores} == BY_CODE.keys()
    assert found.points[0].expected == found.best.method.run(past, 14)[0]


def test_the_band_holds_nine_of_ten_days_of_the_backtest_and_is_never_below_zero():
    few = forecast(MONDAY, [max(0, n + 7 * (week * week % 11) - 30) for week in range(24) for n in WEEK])
    assert all(0 <= point.low <= point.expected <= point.high for point in few.points)
    found = forecast(MONDAY, [n + 7 * (week * week % 11) + 200 for week in range(24) for n in WEEK])
    errors = sorted(error for day in found.best.errors[:7] for error in day)
    first = found.points[0]
    inside = sum(first.low - first.expected <= error <= first.high - first.expected for error in errors)
    assert inside / len(errors) >= 0.88


@pytest.mark.parametrize(("counts", "missing"), [([], 42), ([0] * 90, 42), ([0] * 60 + [5] * 41, 1), ([5] * 42, 0)])
def test_a_short_past_says_how_many_days_are_missing(counts, missing):
    assert missing_days(counts) == missing
    assert (forecast(MONDAY, counts) is None) == bool(missing)


@pytest.mark.django_db
def test_the_page_shows_line_method_and_error(shop, owner, django_assert_max_num_queries):
    days = [make.NOW - timedelta(days=back) for back in range(1, 50)]
    make.orders(shop, [make.facts(shop, placed_at=day) for day in days])
    rollups.recompute(shop, [day.astimezone(shop.zone).date() for day in days])
    address = url("forecast", shop)
    owner.get(address).says("Orders in the next 14 days")
    with django_assert_max_num_queries(8):
        page = owner.get(address)
    found = page.context["forecast"]
    assert found["cards"][0]["value"] == "14"
    assert (found["trials"], found["days"]) == (1 + (49 - 42) // 7, 49)
    assert len(page.content) < 60_000
    assert owner.get(f"{address}?download=csv&table=orders").content.count(b"\r\n") == 28 + 14 + 6


@pytest.mark.django_db
def test_without_enough_orders_the_page_says_so_and_draws_no_line(shop, owner):
    make.order(shop)
    rollups.recompute(shop, [(make.NOW - make.DAY).astimezone(shop.zone).date()])
    page = owner.get(url("forecast", shop)).says("A forecast needs six weeks of orders. Come back in another 41 days.")
    assert page.context["forecast"] is None
    assert owner.get(f"{url('forecast', shop)}?show=nonsense").says("There is nothing of this name to show.")
