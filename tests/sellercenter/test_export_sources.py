"""Every list that can be exported: its file holds the rows that the list shows, in both forms, for who may see them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import datetime, timedelta
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
from analytics.figures import Sums
from analytics.kpis import Unit
from analytics.measures import MEASURES
from orders import inventory
from orders.models import Sku
from orders.stock_filters import STOCKED
from sellercenter import exports
from sellercenter.exports import making
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, FileForm, Shop
from sellercenter.permissions import SYSTEM, Perm, actor_for
from tests import make
from tests.aftersales.crowd import cases as make_cases
from tests.aftersales.money import some_refunds
from tests.conftest import url

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


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Europe/London"])
def test_a_file_stands_as_of_the_moment_at_which_it_was_made_whatever_the_zone_of_the_shop(zone, shop, tmp_path):
    shop.time_zone = zone
    began = timezone.now() - timedelta(minutes=1)
    as_of = making.write(plan(shop, "stock"), tmp_path / "stock.csv", lambda done, total: None)[2]
    assert began < as_of < began + timedelta(minutes=2)


def said(value: Any) -> str:
    """Write a cell as the record has it; workbooks give a day as its midnight."""
    return f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value)


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
    for code, (query, rows) in [(code, one) for code, asked in queries.items() for one in asked]:
        names = [str(getattr(row, keys[code])) for row in rows()]
        assert names
        assert len(names) == exports.find(code).matching(shop, query, now=timezone.now()).count()
        for form in FileForm:
            one = plan(shop, code, query, form)
            at = [column.name for column in one.columns].index("day" if code == "figures" else "number")
            assert [said(row[at]) for row in written(tmp_path, one)] == names, (code, query)
    figures_are_those_of_the_panel(shop, tmp_path)
    words_are_those_of_the_reader(shop, tmp_path)


def figures_are_those_of_the_panel(shop: Shop, place: Path) -> None:
    one = plan(shop, "figures")
    for row, told in zip(days(shop).order_by("day"), written(place, one), strict=True):
        sums = Sums({name: getattr(row, name) for name in MEASURES})
        for kpi, value in zip(DAILY, told[1:], strict=True):
            exact = kpi.value(sums)
            assert (value == "") == (exact is None), kpi.code
            if exact is not None:
                places = {Unit.RATIO: 6, Unit.MONEY: 2}.get(kpi.unit, 0)
                wanted = int(exact) if kpi.unit == Unit.SECONDS else round(exact, places)
                assert abs(Decimal(value) - wanted) <= Decimal(10) ** -places * (places > 0), kpi.code
    assert sum(Decimal(row[1]) for row in written(place, one)) > 0


def words_are_those_of_the_reader(shop: Shop, place: Path) -> None:
    """Codes become words, and what looks like a formula is guarded."""
    sku = plan(shop, "stock", "q=tea-", columns=["level", "available", "product"])
    levels = {row[2]: row[3] for row in written(place, sku)}
    assert set(levels.values()) == {"3", "0", "40", ""}
    assert set(levels) == {"Low", "Sold out", "Enough", "Not counted"}
    assert {row[4][:2] for row in written(place, sku)} == {"'="}
    case = plan(shop, "cases", "status=requested", columns=["status", "reason", "next"])
    with translation.override("zh-hans"):
        said = {row[3] for row in written(place, case)}
        assert said == {str(CaseStatus.REQUESTED.label)} != {"Requested"}
    refund = plan(shop, "refunds", "tab=done", columns=["status", "by"])
    assert {tuple(row[-2:]) for row in written(place, refund)} == {(str(RefundStatus.SUCCEEDED.label), "System")}


@pytest.mark.django_db
@pytest.mark.parametrize("code", OWN)
def test_a_list_is_exported_by_who_may_see_it_alone(code, shop):
    source = exports.find(code)
    told = {"source": source, "layout": source.layouts[0], "columns": (), "form": FileForm.CSV, "query": ""}
    for rights in ({source.permission}, {Perm.EXPORTS_CREATE}):
        clerk = make.member(shop, make.role(shop, *rights))
        with pytest.raises(PermissionDenied):
            exports.ask(clerk, by=actor_for(clerk), **told)
    clerk = make.member(shop, make.role(shop, source.permission, Perm.EXPORTS_CREATE))
    with pytest.raises(Refused, match="make no sense any more"):
        exports.ask(clerk, by=actor_for(clerk), **(told | {"query": "tab=ghosts"}))
    export = exports.ask(clerk, by=actor_for(clerk), **told)
    assert (export.source, export.private) == (code, False)


@pytest.mark.parametrize("code", OWN)
def test_the_window_is_offered_while_the_list_chooses_no_time(code):
    source = exports.find(code)
    spans = {"cases": "opened=7", "refunds": "requested_from=2026-01-01", "figures": "day_from=2026-01-01"}
    assert source.chooses_time("") == (code == "stock")
    assert source.chooses_time(spans.get(code, ""))


@pytest.mark.django_db
def test_the_log_says_who_did_what_to_which_record_and_is_for_those_with_the_right(shop, owner, cast):
    order = make.order(shop, "to_ship")
    owner.post(url("order_note", order), {"body": "call first"})
    address = url("log_list", shop)
    owner.get(address, {"tab": "people"}).says("Internal note added").says(order.number).says(owner.member.label)
    owner.get(address, {"q": "internal NOTE"}).says(order.number).keeps_quiet_about("Sub-account added")
    owner.get(address, {"q": "order.noted", "who": "nobody"}).says("Nothing matches.")
    owner.get(address, {"about": "member"}).says("Sub-account added").keeps_quiet_about("Internal note added")
    assert cast["finance"].get(address).code == 403
    # Nobody reads in the log what a note says.
    owner.get(address, {"q": "order.noted"}).keeps_quiet_about("call first")


@pytest.mark.django_db(transaction=True)
def test_the_file_of_the_log_holds_all_that_an_event_keeps(shop, owner, tmp_path):
    order = make.order(shop, "to_ship")
    owner.post(url("order_note", order), {"body": "call first"})
    for form in FileForm:
        every = written(tmp_path, plan(shop, "log", form=form, columns=["event_id"]))
        listed = [event.pk for event in Event.objects.for_shop(shop).order_by("-recorded_at", "-pk")]
        assert [int(row[-1]) for row in every] == listed
    names = ["what", "about", "who", "details"]
    (told,) = written(tmp_path, plan(shop, "log", "tab=people&q=order.noted", columns=names))
    note = Event.objects.get(kind="order.noted")
    assert told[-4:-2] == ["Internal note added", "order"]
    assert (told[-2], json.loads(told[-1])) == (owner.member.label, note.data)
