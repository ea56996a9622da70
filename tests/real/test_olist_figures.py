"""The product's figures over 99,441 real orders are those that others have worked out from the original tables.

`README.md` of the data gives the definitions. Orders that have payments but no approval count as paid when they were
placed, and the one order that nobody paid as not paid.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth
from django.http import QueryDict

from aftersales.review_files import Report
from analytics import figures, repurchase, rollups
from analytics.kpis import KPIS
from analytics.models import DayFigure
from analytics.periods import Period
from orders.filters import OrderFilter
from orders.imports.cells import at_wall
from orders.models import Order, OrderLine, Product
from sellercenter.models import Shop
from tests import make
from tests.real import olist

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("olist"),
    pytest.mark.skipif(not olist.present(), reason=f"the Olist data set is not in {olist.FOLDER} (SELLERCENTER_DATA)"),
    pytest.mark.usefixtures("reviewed"),
]
WHOLE = Period(date(2016, 9, 1), date(2018, 12, 31))
UNPAID_ORDER = "bfbd0f9bdef84302105ad712db648a6c"


@pytest.fixture
def sums(shop: Shop) -> figures.Sums:
    """Read the sums of all that ever happened."""
    return figures.totals(shop, WHOLE)


def value(code: str, sums: figures.Sums, digits: int = 6) -> Decimal:
    """Return a figure, rounded."""
    found = KPIS[code].value(sums)
    assert found is not None
    return round(found, digits)


def share(percent: Decimal) -> Decimal:
    return round(percent / 100, 6)


def listed(shop: Shop, **query: str) -> int:
    """Return how many orders the order list finds."""
    filters = OrderFilter(QueryDict(urlencode(query)), Order.objects.for_shop(shop), shop=shop, now=make.NOW)
    assert filters.problems() == []
    return filters.rows().count()


def test_orders_are_counted_by_where_they_stand(shop: Shop, sums: figures.Sums, oracle: dict[str, Any]) -> None:
    told = oracle["orders_per_status"]
    stages: Counter[str] = Counter()
    for word, n in told.items():
        stages[olist.STATUS[word]] += n
    assert {key: one["placed"] for key, one in figures.by(shop, WHOLE, "status").items()} == stages
    reasons = {key: one["cancelled"] for key, one in figures.by(shop, WHOLE, "cancel_reason").items()}
    assert {word: n for word, n in reasons.items() if n} == {word: told[word] for word in ("canceled", "unavailable")}
    assert sums["placed"] == oracle["rows"]["orders"] == 99_441


def test_money_conversion_and_the_average_order_are_the_known_ones(sums: figures.Sums, oracle: dict[str, Any]) -> None:
    assert sums["paid"] == sums["placed_paid"] == oracle["orders_with_payment"] == 99_440
    assert sums["paid_amount"] == sums["placed_paid_amount"] == oracle["total_payment_value"]
    assert sums["placed_amount"] == oracle["items_gmv_total"]
    assert value("aov", sums, 4) == Decimal("160.9903") == round(oracle["aov_payment_all"], 4)
    assert value("payment_conversion", sums) == round(Decimal(99_440) / 99_441, 6)


def test_deliveries_and_handovers_are_as_late_as_known(shop: Shop, sums: figures.Sums, oracle: dict[str, Any]) -> None:
    assert (sums["deliver_promised"], sums["deliver_late"]) == (96_476, 7_827)
    assert sums["deliver_late"] == oracle["late_ts_any_status"]
    assert value("on_time_delivery", sums) == round(1 - Decimal(7_827) / 96_476, 6)
    delivered = {word: listed(shop, counted=word, status="completed") for word in ("deliver_promised", "deliver_late")}
    assert delivered == {"deliver_promised": 96_470, "deliver_late": 7_826}
    assert delivered["deliver_late"] == oracle["late_ts"]
    handover = oracle["handover_after_shipping_limit"]
    assert (sums["ship_promised"], sums["ship_late"]) == (handover["n"], handover["late"]) == (97_657, 8_849)
    assert value("late_shipment_rate", sums) == share(handover["pct"])


def test_the_way_to_the_buyer_takes_as_long_as_known(shop: Shop, oracle: dict[str, Any]) -> None:
    took = Took("order_delivered_carrier_date", "order_delivered_customer_date")
    assert took.on_the_wall(0.5) == 613_420
    took.is_known(oracle["dur_carrier_to_delivered__all_rows_with_both"])
    took.is_figure(shop, "transit", "logistics_time")


def test_shipping_takes_as_long_as_known(shop: Shop, oracle: dict[str, Any]) -> None:
    """Here times of approval alone count, so what is taken for paid without one is not."""
    took = Took("order_approved_at", "order_delivered_carrier_date")
    assert took.on_the_wall(0.5) == 157_109.5
    took.is_known(oracle["dur_approval_to_carrier__all_rows_with_both"])
    unapproved = [one["order_id"] for one in olist.rows("olist_orders_dataset") if not one["order_approved_at"]]
    orders = Order.objects.for_shop(shop)
    shipped = orders.filter(number__in=[*unapproved, UNPAID_ORDER], shipped_at__isnull=False)
    days = [at.astimezone(shop.zone).date() for at in shipped.values_list("shipped_at", flat=True) if at]
    assert orders.filter(number__in=unapproved).update(paid_at=None) == 160
    orders.filter(number=UNPAID_ORDER).update(paid_at=F("placed_at"))
    rollups.recompute(shop, days)
    took.is_figure(shop, "ship", "ship_time")


class Took:
    """How long something took in the original table: by the clock on the wall, and truly, over its changes.

    The known figures are those of the clock on the wall; where it was put on or back on the way, an hour lies between.
    """

    def __init__(self, start: str, end: str) -> None:
        zone = ZoneInfo(olist.ZONE)
        self.wall: list[float] = []
        self.true: list[float] = []
        for order in olist.rows("olist_orders_dataset"):
            if order[start] and order[end]:
                first, last = datetime.fromisoformat(order[start]), datetime.fromisoformat(order[end])
                self.wall.append((last - first).total_seconds())
                self.true.append((at_wall(last, zone) - at_wall(first, zone)).total_seconds())
        self.wall.sort()
        self.true.sort()

    def on_the_wall(self, part: float) -> float:
        """Return a percentile by the clock on the wall."""
        return _percentile(self.wall, part)

    def is_known(self, known: dict[str, Any]) -> None:
        """Assert that this is how long others have found it to take."""
        assert len(self.wall) == known["n"]
        assert sum(self.wall) / len(self.wall) == pytest.approx(float(known["mean_h"]) * 3600)
        assert (self.on_the_wall(0.5), self.on_the_wall(0.9)) == pytest.approx(
            (float(known["median_s"]), float(known["p90_h"]) * 3600)
        )

    def is_figure(self, shop: Shop, span: str, code: str) -> None:
        """Assert that the product's figures say so: the mean, percentiles exactly, and within 1 % from the buckets."""
        sums, told = figures.totals(shop, WHOLE), figures.durations(shop, WHOLE, span)
        assert told.n == sums[f"{span}_timed"] == len(self.true)
        assert value(code, sums, 3) == round(Decimal(sum(self.true)) / len(self.true), 3)
        for part in (0.5, 0.9):
            true = _percentile(self.true, part)
            exact = figures.exact_percentile(shop, WHOLE, span, part)
            assert exact == pytest.approx(Decimal(true), abs=Decimal("0.001"))
            assert true == pytest.approx(self.on_the_wall(part), rel=0.001)
            for known in (true, self.on_the_wall(part)):
                assert told.percentile(part) == pytest.approx(known, rel=0.01)


def _percentile(ordered: list[float], part: float) -> float:
    """Return a percentile in proportion between two neighbours."""
    place = (len(ordered) - 1) * part
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def test_as_many_buyers_come_back_as_known(shop: Shop, oracle: dict[str, Any]) -> None:
    found = repurchase.sums(shop, WHOLE)
    # The buyer of the order that nobody paid has no other.
    assert found == {"buyers": oracle["unique_customers"] - 1, "repeat_buyers": 2_997}
    assert found["repeat_buyers"] == oracle["customers_ge2_orders_all_status"]
    assert share(oracle["repurchase_rate_all_status_pct"]) == round(Decimal(2_997) / (found["buyers"] + 1), 6)


def test_regions_come_in_the_known_order(shop: Shop, oracle: dict[str, Any]) -> None:
    told = figures.by(shop, WHOLE, "region")
    assert len(told) == oracle["states"] == 27
    for measure, known in (("placed", "orders_by_state_top10"), ("placed_paid_amount", "payment_by_state_top5")):
        most = sorted(((one[measure], key) for key, one in told.items()), reverse=True)[: len(oracle[known])]
        assert [(key, n) for n, key in most] == [*oracle[known].items()]


def test_as_many_reviews_are_negative_as_known(reviewed: Report, sums: figures.Sums, oracle: dict[str, Any]) -> None:
    assert (reviewed.new, reviewed.refused) == (99_224, 0)
    stars = {int(score): n for score, n in oracle["review_scores"].items()}
    assert (sums["reviews"], sums["reviews_negative"]) == (99_224, stars[1] + stars[2])
    assert sums["stars"] == sum(score * n for score, n in stars.items())
    assert value("negative_review_rate", sums) == Decimal("0.146890") == share(oracle["pct_reviews_le2"])


def test_every_day_is_the_known_one(shop: Shop) -> None:
    known = {date.fromisoformat(row["day"]): row for row in olist.known("olist_daily")}
    unavailable = Counter(
        date.fromisoformat(order["order_purchase_timestamp"][:10])
        for order in olist.rows("olist_orders_dataset")
        if order["order_status"] == "unavailable"
    )
    done = DayFigure.objects.for_shop(shop).filter(grain="d", dimension="status", key="completed", placed__gt=0)
    delivered = dict(done.values_list("day", "placed"))
    series = figures.series(shop, WHOLE)
    assert len(series) == WHOLE.days
    told = {
        day: (one["placed"], one["placed_paid_amount"], delivered.get(day, 0), one["placed_cancelled"])
        for day, one in series
        if one["placed"]
    }
    assert len(told) == 634
    assert told == {
        day: (
            *(int(row["orders"]), Decimal(row["payment_value"]), int(row["delivered"])),
            int(row["canceled"]) + unavailable[day],
        )
        for day, row in known.items()
    }


def test_every_month_is_the_known_one(shop: Shop) -> None:
    lines = OrderLine.objects.for_shop(shop).order_by().values(month=TruncMonth("order__placed_at", tzinfo=shop.zone))
    items = {
        row["month"].date(): (row["n"], row["price"], row["freight"])
        for row in lines.annotate(n=Count("pk"), price=Sum("amount"), freight=Sum("freight_amount"))
    }
    series = dict(figures.series(shop, WHOLE, "month"))
    months = [date.fromisoformat(f"{row['month']}-01") for row in olist.known("olist_monthly")]
    assert [month for month, one in series.items() if one["placed"]] == months
    for month, row in zip(months, olist.known("olist_monthly"), strict=True):
        one, last = series[month], (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        assert (one["placed"], one["placed_paid_amount"]) == (int(row["orders"]), Decimal(row["payment_value"]))
        price, freight = Decimal(row["item_price"] or 0), Decimal(row["freight"] or 0)
        assert items.get(month, (0, 0, 0)) == (int(row["item_rows"]), price, freight)
        assert one["placed_amount"] == price + freight
        status = figures.by(shop, Period(month, last), "status")
        assert status.get("completed", figures.Sums({}))["placed"] == int(row["delivered"])
        days = {"placed_from": f"{month}", "placed_to": f"{last}", "status": "completed"}
        assert listed(shop, counted="deliver_promised", **days) == int(row["delivered_dated"])
        assert listed(shop, counted="deliver_late", **days) == int(row["late_ts"])


def test_every_category_is_the_known_one(shop: Shop) -> None:
    category = olist.categories()
    of_product = {pk: category[number] for pk, number in Product.objects.for_shop(shop).values_list("pk", "number")}
    told = {int(key): one["placed_amount"] for key, one in figures.by(shop, WHOLE, "product").items()}
    sold: dict[str, Decimal] = defaultdict(Decimal)
    for pk, amount in told.items():
        sold[of_product[pk]] += Decimal(amount)
    rows: Counter[str] = Counter()
    orders: dict[str, set[int]] = defaultdict(set)
    freights: dict[str, Decimal] = defaultdict(Decimal)
    lines = OrderLine.objects.for_shop(shop).values_list("product_id", "order_id", "freight_amount")
    for product, order, freight in lines.order_by().iterator():
        name = of_product[product]
        rows[name] += 1
        orders[name].add(order)
        freights[name] += freight
    known = {
        row["cat"]: (int(row["item_rows"]), int(row["orders"]), Decimal(row["price"]), Decimal(row["freight"]))
        for row in olist.known("olist_categories")
    }
    assert {name: (rows[name], len(orders[name]), sold[name], freights[name]) for name in sold} == known
