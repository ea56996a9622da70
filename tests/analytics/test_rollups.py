"""Roll-ups: a change makes its days dirty in its own transaction, and figures equal the records when all is done."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from aftersales.models import Case, Dispute, Review
from aftersales.states import CaseStatus
from analytics import figures, rollup_sql, rollups
from analytics.measures import BASES, MEASURES
from analytics.models import DayFigure, Dirt
from analytics.periods import Period
from analytics.triggers import COLUMNS
from orders.models import Order, OrderLine, Parcel
from orders.states import Kind, Status
from sellercenter import jobs
from sellercenter.models import Job, Shop
from sellercenter.permissions import actor_for
from tests import make
from tests.conftest import url

pytestmark = pytest.mark.django_db

# In Shanghai the 10th begins at 16:00 of the 9th by UTC.
EARLY, LATE = datetime(2026, 3, 9, 15, 59, tzinfo=UTC), datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
NINTH, TENTH = date(2026, 3, 9), date(2026, 3, 10)
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture(autouse=True)
def at_once(settings):
    """Let days be worked out without a rest."""
    settings.FIGURES_SETTLE = 0


def roll() -> int:
    """Work out whatever is dirty."""
    return rollups.roll(1000)


def dirty(shop: Shop) -> set[date]:
    return set(Dirt.objects.filter(shop=shop).values_list("day", flat=True))


def local_day(shop: Shop, moment: datetime) -> date:
    return moment.astimezone(shop.zone).date()


def clean() -> None:
    Dirt.objects.all().delete()


def test_an_order_counts_on_the_day_of_the_shop_on_which_it_was_placed(shop):
    for at in (EARLY, LATE, LATE):
        make.order(shop, Status.UNPAID, placed_at=at)
    assert dirty(shop) == {NINTH, TENTH}
    assert roll() == 2
    told = dict(figures.series(shop, Period(NINTH, TENTH)))
    assert [told[day]["placed"] for day in (NINTH, TENTH)] == [1, 2]
    assert figures.totals(shop, MARCH)["placed_amount"] == Decimal("60.00")
    assert (dirty(shop), roll()) == (set(), 0)


def test_what_does_not_count_is_left_out(shop):
    make.order(shop, Status.UNPAID, placed_at=LATE, kind=Kind.SAMPLE)
    roll()
    assert figures.totals(shop, MARCH) == dict.fromkeys(MEASURES, 0)


def test_a_day_is_replaced_and_never_counted_up(shop):
    order = make.order(shop, Status.TO_SHIP, placed_at=LATE)
    roll()
    before = list(DayFigure.objects.order_by("grain", "day", "dimension", "key").values_list("key", "placed", "paid"))
    for _again in range(2):
        rollups.recompute(shop, [TENTH])
        rollups.rebuild_month(shop, MARCH.first)
    again = DayFigure.objects.order_by("grain", "day", "dimension", "key").values_list("key", "placed", "paid")
    assert list(again) == before
    order.delete()
    roll()
    assert not DayFigure.objects.exists()


def test_a_breakdown_shares_the_amounts_of_an_order_among_its_lines(shop):
    lines = [make.line("Green tea", quantity=1, price="10.00"), make.line("Cup", quantity=2, price="7.50")]
    make.order(shop, Status.TO_SHIP, placed_at=LATE, lines=lines, freight_amount=Decimal("5.00"))
    roll()
    products = {one.title: str(one.pk) for one in shop.products.all()}
    told = figures.by(shop, MARCH, "product")
    assert {key: (sums["paid"], sums["gmv"]) for key, sums in told.items()} == {
        products["Green tea"]: (1, Decimal("10.00")),
        products["Cup"]: (1, Decimal("15.00")),
    }
    assert figures.totals(shop, MARCH)["gmv"] == Decimal("30.00")
    hours = figures.by(shop, MARCH, "hour")
    assert {hour: (sums["placed"], sums["paid"]) for hour, sums in hours.items()} == {"00": (1, 0), "01": (0, 1)}
    assert figures.by_weekday_and_hour(shop, MARCH) == {(1, 0): 1}


def test_a_year_is_read_from_its_months_and_the_days_around_them(shop, django_assert_num_queries):
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1), date(2026, 3, 15)]
    for day in days:
        make.order(shop, Status.UNPAID, placed_at=datetime(day.year, day.month, day.day, 4, tzinfo=UTC))
    roll()
    for first, last, placed in (
        (days[0], days[4], 5),
        (days[1], days[2], 2),
        (date(2026, 1, 2), days[4], 3),
        (date(2026, 1, 31), date(2026, 2, 28), 2),
        (days[2], days[2], 1),
    ):
        with django_assert_num_queries(1):
            assert figures.totals(shop, Period(first, last))["placed"] == placed
        steps = [sums["placed"] for _day, sums in figures.series(shop, Period(first, last), "month")]
        assert sum(steps) == placed
    weeks = figures.series(shop, Period(days[0], days[2]), "week")
    assert weeks[0][0] == date(2025, 12, 29)
    assert [sums["placed"] for _day, sums in weeks] == [2, 0, 0, 0, 1]


def test_times_are_counted_by_bucket_and_carrier(shop):
    for hours, carrier in ((10, "SF Express"), (20, "SF Express"), (40, "ZTO")):
        placed_at = LATE - timedelta(hours=1)
        sent = LATE + timedelta(hours=hours)
        parcel = make.parcel(shipped_at=sent, carrier=carrier)
        line = make.line()
        make.order(shop, Status.SHIPPED, placed_at=placed_at, shipped_at=sent, lines=[line], parcels=[parcel])
    roll()
    whole = figures.durations(shop, MARCH, "ship")
    assert (whole.n, whole.percentile(0.5)) == (3, pytest.approx(20 * 3600, rel=0.01))
    assert figures.exact_percentile(shop, MARCH, "ship", 0.5) == 20 * 3600
    by_carrier = figures.durations_by(shop, MARCH, "ship", dimension="carrier")
    assert {key: told.n for key, told in by_carrier.items()} == {"SF Express": 2, "ZTO": 1}


def test_a_change_that_is_taken_back_leaves_no_dirt(shop):
    order = make.order(shop, Status.UNPAID, placed_at=LATE)
    clean()
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(province="云南")
        assert dirty(shop) == {TENTH}
        transaction.set_rollback(True)
    assert dirty(shop) == set()


def test_what_no_figure_looks_at_makes_nothing_dirty(shop):
    order = make.order(shop, Status.UNPAID, placed_at=LATE)
    clean()
    Order.objects.filter(pk=order.pk).update(flag=3, seller_note="fragile", total_amount=order.total_amount)
    assert dirty(shop) == set()


def test_a_moved_moment_makes_both_days_dirty(shop):
    order = make.order(shop, Status.UNPAID, placed_at=LATE)
    clean()
    Order.objects.filter(pk=order.pk).update(placed_at=EARLY)
    assert dirty(shop) == {NINTH, TENTH}


def test_every_column_that_figures_read_is_watched(shop):
    run = rollup_sql.Run(shop, TENTH, TENTH)
    read = rollup_sql.figures(run)[0] + rollup_sql.durations(run)[0]
    written = set(re.findall(r'"(orders_order|aftersales_case|aftersales_review)"\."(\w+)"', read))
    watched = {(table, column) for table, columns in COLUMNS.items() for column in columns}
    # Amounts of a case are those that it is made of; the rest never changes.
    fixed = {"id", "shop_id", "amount"}
    assert {(table, column) for table, column in written - watched if column not in fixed} == set()
    assert {basis.model._meta.db_table for basis in BASES} <= set(COLUMNS)


def test_changes_of_lines_parcels_cases_disputes_and_reviews_are_seen(shop):
    order = make.shipped(shop, "SF1", placed_at=LATE)
    case = make.case(shop, CaseStatus.REQUESTED)
    case_days = {local_day(shop, case.opened_at), local_day(shop, case.order.placed_at)}
    changes = {
        lambda: OrderLine.objects.filter(order=order).update(room="R-1"): {TENTH},
        lambda: Parcel.objects.update(status="lost"): {TENTH},
        lambda: Case.objects.filter(pk=case.pk).update(problem="late"): case_days,
        lambda: Dispute.objects.create(shop=shop, number="D1", case=case): {local_day(shop, case.order.placed_at)},
        lambda: Review.objects.create(
            shop=shop, number="R1", product=shop.products.first(), rating=1, first_rating=1, at=LATE
        ): {TENTH},
    }
    for change, days in changes.items():
        clean()
        change()
        assert days <= dirty(shop)


@pytest.mark.parametrize("corrected", ["kind of the order", "product of the line"])
def test_a_correction_of_an_order_is_seen_in_the_figures_of_its_cases(shop, corrected):
    case = make.case(shop, CaseStatus.REQUESTED)
    Case.objects.filter(pk=case.pk).update(opened_at=LATE)
    roll()
    if corrected == "kind of the order":
        Order.objects.filter(pk=case.order_id).update(kind=Kind.SAMPLE)
    else:
        OrderLine.objects.filter(order=case.order_id).update(product=shop.products.create(number="P-9", title="Cup"))
    assert TENTH in dirty(shop)
    roll()
    assert rollups.compare(shop, days=40, until=date(2026, 3, 20)) == []


def test_other_days_begin_when_the_shop_moves_to_another_zone(shop):
    make.order(shop, Status.UNPAID, placed_at=LATE)
    roll()
    Shop.objects.filter(pk=shop.pk).update(time_zone="America/New_York")
    roll()
    moved = Shop.objects.get(pk=shop.pk)
    assert [sums["placed"] for _day, sums in figures.series(moved, Period(NINTH, TENTH))] == [1, 0]
    assert rollups.compare(moved, days=40, until=date(2026, 3, 20)) == []


def test_fresh_dirt_rests_so_that_many_changes_cost_one_round(shop, settings):
    settings.FIGURES_SETTLE = 15
    make.order(shop, Status.UNPAID, placed_at=LATE)
    assert rollups.roll(100) == 0
    rested = make.NOW - timedelta(seconds=15)
    Dirt.objects.update(at=rested)
    assert figures.as_of(shop) == rested
    assert rollups.roll(100) == 1
    assert figures.as_of(shop) >= make.NOW


def test_the_nightly_comparison_finds_what_is_wrong_and_has_it_mended(shop):
    make.order(shop, Status.UNPAID)
    roll()
    assert rollups.compare_all() == rollups.COMPARED * Shop.objects.count()
    day = make.NOW - make.DAY
    DayFigure.objects.filter(shop=shop, grain="d", dimension="source").update(placed=7)
    with pytest.raises(rollups.Difference, match=f"{shop.code} {day.astimezone(shop.zone).date()}"):
        rollups.compare_all()
    # Months are told by their first day.
    assert dirty(shop) == {day.astimezone(shop.zone).date(), day.astimezone(shop.zone).date().replace(day=1)}
    # Days that are yet to be worked out are no difference.
    assert rollups.compare(shop) == []
    roll()
    assert rollups.compare_all()
    DayFigure.objects.filter(
        shop=shop, grain="m", dimension="", day=day.astimezone(shop.zone).date().replace(day=1)
    ).update(placed=7)
    assert rollups.compare(shop) == [day.astimezone(shop.zone).date().replace(day=1)]


def test_all_figures_are_worked_out_anew_by_a_job(shop, owner):
    make.order(shop, Status.UNPAID, placed_at=LATE)
    make.order(shop, Status.UNPAID, placed_at=LATE + timedelta(days=40))
    clean()
    by = actor_for(owner.member)
    job = rollups.ask_rebuild(shop, by=by, member=owner.member)
    assert rollups.ask_rebuild(shop, by=by, member=owner.member) == job
    jobs.run_some(limit=100)
    done = Job.objects.get(pk=job.pk)
    assert (done.state, done.done, done.total, done.result) == ("done", 61, 61, {"days": 61})
    assert figures.totals(shop, Period(NINTH, date(2026, 12, 31)))["placed"] == 2


def test_the_owner_has_the_figures_worked_out_anew_from_the_panel(shop, owner, manager):
    assert "Work out all figures anew" in owner.get(url("figures", shop)).text
    answer = owner.post(url("figures_rebuild", shop))
    assert (answer.code, Job.objects.get().kind) == (302, rollups.REBUILD)
    assert "Work out all figures anew" not in manager.get(url("figures", shop)).text
    assert manager.post(url("figures_rebuild", shop)).code == 403


def test_the_command_prints_the_figures_for_scripts(shop, capsys):
    make.order(shop, Status.TO_SHIP, placed_at=LATE)
    roll()
    options = ["--shop", shop.code, "--from", "2026-03-10", "--to", "2026-03-10", "--json"]
    call_command("kpis", *options)
    told = json.loads(capsys.readouterr().out)
    assert (told["kpis"]["placed"], told["kpis"]["gmv"], told["kpis"]["return_rate"]) == (1, "20.00", 0)
    assert told["kpis"]["negative_review_rate"] is None
    call_command("kpis", *options, "--by", "source")
    assert json.loads(capsys.readouterr().out)["keys"]["shop"]["kpis"]["placed"] == 1
    for wrong in (["--shop", "nowhere", *options[2:]], [*options[:2], "--from", "2026-03-11", *options[4:]]):
        with pytest.raises(CommandError):
            call_command("kpis", *wrong)
