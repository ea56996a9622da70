"""Every list that can be exported: its file holds the rows that the list shows, in both forms, for who may see them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone, translation
from openpyxl import load_workbook

from aftersales.models import Case, Refund
from aftersales.states import CaseStatus, RefundStatus
from analytics import rollups
from analytics.cards import DAILY
from analytics.exports import days
from orders import inventory
from orders.models import Sku
from orders.stock_filters import STOCKED
from sellercenter import exports
from sellercenter.exports import making
from sellercenter.lifecycle import Refused
from sellercenter.models import FileForm, Shop
from sellercenter.permissions import SYSTEM, Perm, actor_for
from tests import make
from tests.aftersales.crowd import cases as make_cases
from tests.aftersales.money import some_refunds

OWN = ["cases", "refunds", "stock", "figures"]


def plan(shop: Shop, code: str, query: str = "", form: FileForm = FileForm.CSV, columns: Any = ()) -> making.Plan:
    source = exports.find(code)
    layout = source.layouts[0]
    named = layout.named(columns or [column.name for column in layout.columns])
    return making.Plan(shop, source, layout, named, query, 0, form, False, "Test", timezone.now())


def written(place: Path, one: making.Plan) -> list[list[Any]]:
    """Write a file and return its rows below the header, as programs read them."""
    path = place / f"{one.source.code}.{one.form}"
    _written, count, _as_of = making.write(one, path, lambda done, total: None)
    if one.form == FileForm.CSV:
        table = [row for row in csv.reader(StringIO(path.read_text("utf-8-sig"), newline="")) if row[0][:1] != "#"]
    else:
        table = [list(row) for row in load_workbook(path).worksheets[0].iter_rows(values_only=True)]
    assert len(table) == count + 1
    assert table[0] == [str(column.label) for column in one.columns]
    path.unlink()
    return table[1:]


def shelves(shop: Shop) -> None:
    """Make a SKU that is low, one that is sold out, one with enough, and one that nobody has counted."""
    make.order(shop, lines=[make.line(f"=Tea {i}", quantity=1, seller_sku=f"tea-{i}") for i in range(4)])
    found = Sku.objects.for_shop(shop).filter(code__startswith="tea-").order_by("code")
    inventory.count_many(shop, dict(zip([one.pk for one in found], (3, 0, 40), strict=False)), reason="", by=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_each_file_holds_the_rows_of_its_list_in_the_list_s_order(shop, tmp_path):
    make_cases(shop, 24)
    some_refunds(shop, 9)
    shelves(shop)
    today = timezone.now().astimezone(shop.zone).date()
    make.orders(shop, [make.facts(shop, "completed", placed_at=make.NOW - back * make.DAY) for back in (2, 3)])
    rollups.recompute(shop, [today - timedelta(days=back) for back in range(5)])
    before = (today - timedelta(days=2)).isoformat()
    queries: dict[str, list[tuple[str, Callable[[], Any]]]] = {
        "cases": [
            ("sort=-opened", lambda: Case.objects.order_by("-opened_at", "-pk")),
            ("tab=requested&sort=amount", lambda: Case.objects.filter(status="requested").order_by("amount", "pk")),
            ("problem=size&due=overdue", lambda: None),
        ],
        "refunds": [
            ("sort=requested", lambda: Refund.objects.order_by("requested_at", "pk")),
            ("tab=done&sort=-amount", lambda: Refund.objects.filter(status="succeeded").order_by("-amount", "-pk")),
        ],
        "stock": [
            ("sort=sku", lambda: STOCKED.order_by("number", "pk")),
            ("tab=low&sort=-sku", lambda: STOCKED.filter(code__in=["tea-0", "tea-1"]).order_by("-number", "-pk")),
        ],
        "figures": [
            ("", lambda: days(shop).order_by("day")),
            (f"day_to={before}&sort=-day", lambda: days(shop).filter(day__lte=before).order_by("-day")),
        ],
    }
    keys = {"cases": "number", "refunds": "key", "stock": "number", "figures": "day"}
    for code, asked in queries.items():
        for query, rows in asked:
            wanted = rows()
            listed = exports.find(code).matching(shop, query, now=timezone.now())
            if wanted is None:
                wanted = listed.order_by("act_by", "pk")
            names = [str(getattr(row, keys[code])) for row in wanted]
            assert len(names) == listed.count() > 0, (code, query)
            for form in FileForm:
                one = plan(shop, code, query, form)
                at = [column.name for column in one.columns].index({"figures": "day"}.get(code, "number"))
                told = written(tmp_path, one)
                assert [str(row[at])[:10] if code == "figures" else row[at] for row in told] == names, (code, query)
