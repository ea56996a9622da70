"""99,441 real orders go in through the import, and the figures over them are those that others have worked out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from orders.imports import Report, import_file
from orders.models import Order, OrderLine, Payment
from sellercenter.models import Event, Shop
from sellercenter.permissions import SYSTEM
from tests.real import olist

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("olist"),
    pytest.mark.skipif(not olist.present(), reason=f"the Olist data set is not in {olist.FOLDER} (SELLERCENTER_DATA)"),
]


def tally(shop: Shop, field: str) -> dict[str, int]:
    rows = Order.objects.for_shop(shop).values_list(field).annotate(orders=Count("pk")).order_by("-orders")
    return dict(rows)


def test_every_order_and_every_line_is_taken(imported: tuple[Shop, Report]) -> None:
    report = imported[1]
    assert (report.new.orders, report.new.lines) == (99_441, 112_650)
    assert (report.rejected.orders, report.changed.orders, report.unchanged.orders) == (0, 0, 0)
    assert (report.errors, report.notes, report.unknown_columns) == ("", [], [])


def test_orders_stand_where_the_platform_says(shop: Shop, oracle: dict[str, Any]) -> None:
    assert tally(shop, "raw_status") == oracle["orders_per_status"]
    assert tally(shop, "status") == {
        "completed": 96_478,
        "cancelled": 625 + 609,
        "shipped": 1107,
        "to_ship": 314 + 301,
        "unpaid": 5,
        "to_review": 2,
    }


def test_the_money_adds_up_to_the_cent(shop: Shop, oracle: dict[str, Any]) -> None:
    orders = Order.objects.for_shop(shop)
    sums = orders.aggregate(paid=Sum("paid_amount"), goods=Sum("goods_amount"), freight=Sum("freight_amount"))
    assert sums == {
        "paid": Decimal("16008872.12"),
        "goods": Decimal("13591643.70"),
        "freight": Decimal("2251909.54"),
    }
    assert sums["paid"] == oracle["total_payment_value"]
    assert (sums["goods"], sums["freight"]) == (oracle["items_price_total"], oracle["items_freight_total"])
    lines = OrderLine.objects.for_shop(shop).aggregate(goods=Sum("amount"), freight=Sum("freight_amount"))
    assert lines == {"goods": sums["goods"], "freight": sums["freight"]}
    assert orders.aggregate(total=Sum("total_amount"))["total"] == oracle["items_gmv_total"]


def test_the_average_order_value_is_the_known_one(shop: Shop, oracle: dict[str, Any]) -> None:
    payments = Payment.objects.for_shop(shop).aggregate(value=Sum("amount"), orders=Count("order", distinct=True))
    assert payments["orders"] == oracle["orders_with_payment"] == 99_440
    average = payments["value"] / payments["orders"]
    assert round(average, 4) == Decimal("160.9903") == round(oracle["aov_payment_all"], 4)


def test_payments_keep_their_kind(shop: Shop, oracle: dict[str, Any]) -> None:
    found = Payment.objects.for_shop(shop).values_list("method").annotate(rows=Count("pk"), value=Sum("amount"))
    assert {method: (rows, value) for method, rows, value in found} == {
        olist.METHOD[kind]: (known["rows"], known["value"]) for kind, known in oracle["payment_by_type"].items()
    }


def test_lines_buyers_and_regions_are_all_there(shop: Shop, oracle: dict[str, Any]) -> None:
    assert OrderLine.objects.for_shop(shop).aggregate(orders=Count("order", distinct=True)) == {"orders": 98_666}
    assert shop.buyers.count() == oracle["unique_customers"] == 96_096
    assert shop.products.count() == oracle["products_in_items"]
    assert [*tally(shop, "province").items()][:5] == [
        *(("SP", 41_746), ("RJ", 12_852), ("MG", 11_635), ("RS", 5_466), ("PR", 5_045)),
    ]


def test_days_are_days_of_the_shop(shop: Shop) -> None:
    day = TruncDate("placed_at", tzinfo=shop.zone)
    days = Order.objects.for_shop(shop).annotate(day=day).values_list("day")
    busiest = days.annotate(orders=Count("pk"), paid=Sum("paid_amount")).order_by("-orders").first()
    assert busiest == (date(2017, 11, 24), 1176, Decimal("179200.03"))


def test_the_same_file_again_changes_nothing(shop: Shop, path: Path) -> None:
    newest = Order.objects.for_shop(shop).order_by("-updated_at").values_list("updated_at", flat=True)[0]
    events = Event.objects.count()
    report = import_file(shop, path, by=SYSTEM)
    assert (report.unchanged.orders, report.unchanged.lines) == (99_441, 112_650)
    assert (report.new.orders, report.changed.orders, report.rejected.orders) == (0, 0, 0)
    assert not Order.objects.for_shop(shop).filter(updated_at__gt=newest).exists()
    assert Event.objects.count() == events
