"""Every figure leads to a list that holds exactly what was counted, on the demo's shops."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db.models import Q, QuerySet, Sum
from django.http import QueryDict
from django.urls import resolve

from analytics import drills, figures, periods, repurchase, rollups
from analytics.kpis import KPIS
from analytics.measures import BASES, MEASURES
from analytics.periods import Period
from analytics.rollups import compare
from orders.models import OrderLine
from sellercenter.models import Shop
from sellercenter.pages import TablePage
from sellercenter.ticks import database_now

pytestmark = pytest.mark.django_db

# What the amount of a measure is in the records of its list.
AMOUNTS: dict[str, str] = {
    "placed_amount": "total_amount",
    "placed_paid_amount": "paid_amount",
    "unpaid_lost_amount": "total_amount",
    "paid_amount": "paid_amount",
    "gmv": "total_amount",
    "cancelled_amount": "total_amount",
    "cancelled_unpaid_amount": "total_amount",
    "cancelled_unshipped_amount": "total_amount",
    "cancelled_shipped_amount": "total_amount",
    "cases_amount": "amount",
    "stars": "first_rating",
}
# Sums of what records do not hold as a column.
# What a small demo need not have.
RARE = {"cancelled_shipped", "cancelled_shipped_amount", "ship_problem", "seller_cancelled", "placed_disputed"}
SECONDS = {"ship_seconds", "transit_seconds", "decide_seconds"}


@pytest.fixture
def shops(settings: Any, tmp_path: Any) -> list[Shop]:
    """The demo's shops with their figures."""
    settings.DEMO, settings.EVIDENCE_ROOT = True, tmp_path
    call_command("demo", orders=250, seed=7, stdout=io.StringIO())
    found = list(Shop.objects.select_related("policy"))
    for shop in found:
        for month in rollups.months(shop):
            rollups.rebuild_month(shop, month)
    return found


def behind(shop: Shop, address: str) -> QuerySet:
    """Return every record of the list that an address opens; fails when the list would refuse its filters."""
    parts = urlsplit(address)
    page = resolve(parts.path).func.view_class  # type: ignore[attr-defined]
    asked, now = QueryDict(parts.query), database_now()
    if not issubclass(page, TablePage):
        least = repurchase.REPEAT if asked["segment"] == "repeat" else 1
        choice = periods.choose(shop, asked, now)
        return repurchase.buyers(shop, choice.period, least=least)
    everything = page.queryset.model._default_manager.for_shop(shop)  # type: ignore[attr-defined]
    filters = page.filterset_class(asked, everything, shop=shop, now=now)
    assert filters.problems() == [], address
    assert set(asked) <= set(filters.filters), address
    return filters.rows().filter(Q())


def whole(shop: Shop) -> list[Period]:
    """All of the shop's time, and its last four weeks."""
    last = periods.today(shop, database_now())
    return [Period(rollups.months(shop)[0], last), Period(last.replace(day=1), last)]


def expected(measure: str, rows: QuerySet) -> Decimal | int:
    """Count the records of a list, or add up what the measure adds up."""
    if measure == "commission":
        lines = OrderLine.objects.filter(order__in=rows.values("pk"))
        return lines.aggregate(sum=Sum("commission_amount"))["sum"] or 0
    if measure in AMOUNTS:
        return rows.aggregate(sum=Sum(AMOUNTS[measure]))["sum"] or 0
    return rows.order_by().count()


def test_each_number_is_the_length_or_the_sum_of_the_list_behind_it(shops: list[Shop]) -> None:
    for shop in shops:
        for period in reversed(whole(shop)):
            sums = {**figures.totals(shop, period), **repurchase.sums(shop, period)}
            for kpi in KPIS.values():
                for measure in filter(None, (kpi.numerator, kpi.denominator)):
                    if measure not in SECONDS:
                        rows = behind(shop, drills.link(measure, shop, period))
                        assert sums[measure] == expected(measure, rows), (shop.code, kpi.code, measure)
        assert compare(shop, days=400) == []
        # Nothing is proven by what never happened.
        assert {name for name in MEASURES if not sums[name]} <= RARE


def test_each_number_of_a_breakdown_is_the_length_of_the_list_behind_it(shops: list[Shop]) -> None:
    shop = shops[0]
    period = whole(shop)[0]
    seen = set()
    for basis in BASES:
        for dimension in (*basis.dimensions, *basis.lines):
            found = figures.by(shop, period, dimension)
            own = [one.name for one in basis.measures if one.amount is None]
            for key in sorted(found, key=lambda key: -found[key][own[0]])[:2]:
                for measure in own:
                    if address := drills.link(measure, shop, period, dimension=dimension, key=key):
                        counted = behind(shop, address).order_by().count()
                        assert found[key][measure] == counted, (dimension, key, measure)
                        seen.add(dimension)
    assert seen == {*drills.ORDER_FILTERS, *drills.CASE_FILTERS, "hour"}


def test_every_measure_leads_somewhere_and_every_figure_says_how_it_is_made(shop: Shop) -> None:
    assert set(drills.DRILLS) == {*MEASURES, "buyers", "repeat_buyers"}
    period = Period(date(2026, 11, 1), date(2026, 11, 22))
    for kpi in KPIS.values():
        for address in filter(None, (kpi.link(shop, period), kpi.base_link(shop, period))):
            assert resolve(urlsplit(address).path)
        assert (kpi.say(None, shop), bool(kpi.formula)) == ("—", True)
        assert not kpi.denominator or kpi.value(dict.fromkeys([*MEASURES, "buyers", "repeat_buyers"], 0)) is None
