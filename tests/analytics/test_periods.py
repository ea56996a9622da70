"""Periods as the address tells them, in the days of the shop."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from analytics.periods import Period, choose
from sellercenter.lifecycle import Refused
from sellercenter.models import Shop

# In Shanghai it is the 23rd already.
NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
SHOP = Shop(time_zone="Asia/Shanghai", currency="CNY", code="tea")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, date(2026, 10, 25), date(2026, 11, 23)),
        ({"period": "today"}, date(2026, 11, 23), date(2026, 11, 23)),
        ({"period": "yesterday"}, date(2026, 11, 22), date(2026, 11, 22)),
        ({"period": "7"}, date(2026, 11, 17), date(2026, 11, 23)),
        ({"from": "2026-02-01", "to": "2026-02-28"}, date(2026, 2, 1), date(2026, 2, 28)),
    ],
)
def test_a_period_is_days_of_the_shop(asked, first, last):
    choice = choose(SHOP, asked, NOW)
    assert choice.period == Period(first, last)
    assert choice.compared == choice.period.before()


def test_a_period_is_compared_with_the_one_before_or_a_year_before_or_nothing():
    asked = {"period": "custom", "from": "2028-02-29", "to": "2028-03-01"}
    assert choose(SHOP, asked, NOW).compared == Period(date(2028, 2, 27), date(2028, 2, 28))
    assert choose(SHOP, asked | {"compare": "year"}, NOW).compared == Period(date(2027, 2, 28), date(2027, 3, 1))
    assert choose(SHOP, asked | {"compare": ""}, NOW).compared is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"period": "fortnight"}, "There is no period “fortnight”"),
        ({"period": "custom", "from": "2026-11-31", "to": "2026-12-01"}, "“2026-11-31” is no day"),
        ({"period": "custom", "from": "", "to": "2026-12-01"}, "“” is no day"),
        ({"period": "custom", "from": "2026-12-02", "to": "2026-12-01"}, "ends before it begins"),
        ({"period": "custom", "from": "2010-01-01", "to": "2026-12-01"}, "too long"),
        ({"period": "custom", "from": "0001-01-01", "to": "0001-01-02"}, "between 2000 and 2099"),
        ({"compare": "moon"}, "There is no comparison “moon”"),
    ],
)
def test_nonsense_is_refused_in_words(asked, said):
    with pytest.raises(Refused) as refused:
        choose(SHOP, asked, NOW)
    assert said in str(refused.value.message)
