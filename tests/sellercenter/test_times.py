"""Times: the shop's clock on the wall, days that begin late, and the very second at which time is up."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellercenter import times

SHANGHAI, LONDON = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("Asia/Shanghai", date(2026, 11, 22), datetime(2026, 11, 21, 16, tzinfo=UTC)),
        ("Europe/London", date(2026, 7, 1), datetime(2026, 6, 30, 23, tzinfo=UTC)),
        # Midnight is skipped: the day begins at one o'clock.
        ("America/Sao_Paulo", date(2017, 10, 15), datetime(2017, 10, 15, 3, tzinfo=UTC)),
        # The hour before midnight comes twice: the day begins once, after the second.
        ("America/Sao_Paulo", date(2018, 2, 18), datetime(2018, 2, 18, 3, tzinfo=UTC)),
    ],
)
def test_a_day_begins_on_the_shops_clock(zone, day, start):
    assert times.day_start(day, ZoneInfo(zone)) == start


@given(st.sampled_from(sorted(available_timezones())), st.dates(date(1990, 1, 1), date(2037, 1, 1)))
def test_the_instant_before_a_day_belongs_to_an_earlier_day(name, day):
    zone = ZoneInfo(name)
    start = times.day_start(day, zone)
    assert (start - SECOND).astimezone(zone).date() < start.astimezone(zone).date()


@pytest.mark.parametrize(
    ("left", "level", "text"),
    [
        (SECOND, "soon", "1 s"),
        (timedelta(0), "late", "0 s late"),
        (-SECOND, "late", "1 s late"),
        (-timedelta(hours=3, minutes=5), "late", "3 h 5 min late"),
        (times.SOON, "soon", "4 h 0 min"),
        (times.SOON + SECOND, "", "4 h 0 min"),
        (timedelta(days=2, hours=4, minutes=59), "", "2 d 4 h"),
    ],
)
def test_a_deadline_is_over_at_its_very_second(left, level, text):
    shown = times.due(NOW + left, NOW, SHANGHAI, label="then")
    assert (shown.level, shown.text, shown.label) == (level, text, "then")
    assert datetime.fromisoformat(shown.iso) == NOW + left


def test_no_deadline_shows_nothing():
    assert times.due(None, NOW, SHANGHAI) is None
    assert times.moment(None, SHANGHAI) is None


@pytest.mark.parametrize(
    ("delta", "text"),
    [
        (timedelta(0), "0 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h 0 min"),
        (timedelta(days=1), "1 d 0 h"),
        (timedelta(days=400, hours=1), "400 d 1 h"),
    ],
)
def test_a_span_has_its_two_largest_units(delta, text):
    assert times.span(delta) == text


def test_a_moment_is_short_on_the_row_and_whole_on_hover():
    shown = times.moment(NOW, SHANGHAI, this_year=2026)
    assert (shown.short, shown.full) == ("11-22 20:00", "2026-11-22 20:00:00 CST")
    assert shown.iso == "2026-11-22T20:00:00+08:00"
    assert times.moment(NOW, LONDON, this_year=2027).short == "2026-11-22"


def test_the_year_of_a_moment_is_that_of_the_shops_clock():
    new_year = datetime(2026, 12, 31, 18, tzinfo=UTC)
    assert times.moment(new_year, SHANGHAI, this_year=2027).short == "01-01 02:00"


NIGHT = (time(22), time(8))
WALL = "%Y-%m-%dT%H:%M"


@pytest.mark.parametrize(
    ("zone", "quiet", "wall", "leaves"),
    [
        (SHANGHAI, NIGHT, "2026-11-22T21:59", "2026-11-22T21:59"),
        (SHANGHAI, NIGHT, "2026-11-22T22:00", "2026-11-23T08:00"),
        (SHANGHAI, NIGHT, "2026-11-22T00:30", "2026-11-22T08:00"),
        (SHANGHAI, NIGHT, "2026-11-22T08:00", "2026-11-22T08:00"),
        (SHANGHAI, (time(12), time(14)), "2026-11-22T13:00", "2026-11-22T14:00"),
        (SHANGHAI, (time(12), time(14)), "2026-11-22T15:00", "2026-11-22T15:00"),
        (SHANGHAI, (None, None), "2026-11-22T03:00", "2026-11-22T03:00"),
        # The night in which London's clocks go forward is an hour shorter; 01:30 is never shown that day.
        (LONDON, NIGHT, "2026-03-28T23:00", "2026-03-29T08:00"),
        (LONDON, (time(22), time(1, 30)), "2026-03-28T23:00", "2026-03-29T02:00"),
        (LONDON, NIGHT, "2026-10-24T23:00", "2026-10-25T08:00"),
    ],
)
def test_quiet_hours_end_on_the_shops_wall(zone, quiet, wall, leaves):
    moment = datetime.strptime(wall, WALL).replace(tzinfo=zone)
    assert times.after_quiet(moment, zone, *quiet).astimezone(zone).strftime(WALL) == leaves


def test_quiet_hours_that_end_twice_end_the_first_time():
    quiet = (time(22), time(1, 30))
    in_the_night = datetime(2026, 10, 24, 22, tzinfo=UTC)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert times.after_quiet(in_the_night, LONDON, *quiet) == first
    second_hour = first + timedelta(minutes=40)
    assert times.after_quiet(second_hour, LONDON, *quiet) == second_hour


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(sorted(available_timezones())),
    st.times().map(lambda clock: clock.replace(microsecond=0)),
    st.times().map(lambda clock: clock.replace(microsecond=0)),
)
def test_what_waits_leaves_at_the_first_moment_that_is_not_quiet(moment, name, quiet_from, quiet_until):
    zone = ZoneInfo(name)
    leaves = times.after_quiet(moment, zone, quiet_from, quiet_until)
    assert moment <= leaves <= moment + timedelta(hours=25)
    if leaves > moment:
        assert times.after_quiet(leaves, zone, quiet_from, quiet_until) == leaves or leaves.astimezone(zone).fold
        just_before = leaves - SECOND
        assert just_before < moment or times.after_quiet(just_before, zone, quiet_from, quiet_until) == leaves
