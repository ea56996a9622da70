"""Exports: what stands in the file is what the list shows, at one moment, whole or not at all."""

from __future__ import annotations

import csv
import os
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.utils import timezone

from orders.models import Order, OrderLine
from sellercenter import exports, jobs
from sellercenter.exports import asking, making
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Export, ExportDownload, ExportRule, ExportState, FileForm, Job, Shop
from sellercenter.permissions import SYSTEM, Perm, actor_for
from tests import crashing, make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def place(tmp_path, settings):
    settings.EXPORT_ROOT = tmp_path / "exports"
    return settings.EXPORT_ROOT


def ask(shop: Shop, *, query: str = "", layout: str = "orders", **options: Any) -> Export:
    """Ask as the owner of the shop."""
    member = options.pop("member", None) or shop.members.get(owner=True)
    source = exports.find("orders")
    told = {"columns": (), "form": FileForm.CSV, **options}
    return exports.ask(member, source=source, layout=source.layout(layout), query=query, by=actor_for(member), **told)


def made(export: Export) -> Export:
    """Let the job run and return the export as it is then."""
    jobs.run_files(10)
    export.refresh_from_db()
    return export


def body(export: Export) -> list[list[str]]:
    """Return the header and the rows of a CSV export."""
    path = making.folder_of(export.shop_id) / export.name
    rows = list(csv.reader(StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
    return [row for row in rows if not row[0].startswith("#")]


def notes(export: Export) -> dict[str, str]:
    path = making.folder_of(export.shop_id) / export.name
    rows = csv.reader(StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    return {row[0]: row[1] for row in rows if row[0].startswith("#")}


def test_the_file_holds_exactly_the_rows_of_the_list_in_its_order(shop):
    make.orders(shop, [make.facts(shop, "to_ship", placed_at=make.NOW - n * make.HOUR) for n in range(3)])
    make.order(shop, "unpaid")
    export = made(ask(shop, query="status=to_ship&sort=placed", columns=["total", "number"]))
    head, *rows = body(export)
    wanted = Order.objects.filter(status="to_ship").order_by("placed_at", "pk")
    # What must not be left out comes first, then what was chosen, in that order.
    assert head == ["Paid amount", "Payment method", "Buyer id", "Total", "Order no."]
    assert [row[4] for row in rows] == [order.number for order in wanted]
    assert (export.state, export.rows) == (ExportState.READY, 3)
    told = notes(export)
    assert (told["#Orders"], told["#Rows"], told["#Private data"]) == ("3", "3", "masked")
    assert told["#Shop"].endswith(f"({shop.code})")
    assert abs(timezone.now() - export.as_of) < timedelta(minutes=1)
    assert told["#As of"] == f"{export.as_of.astimezone(shop.zone):%Y-%m-%d %H:%M} ({shop.time_zone})"
    assert shop.time_zone == "Asia/Shanghai"  # another one than the server's


def test_every_line_has_a_row_and_an_order_without_lines_has_one_too(shop):
    make.order(shop, lines=[make.line("Tea"), make.line("Mug")])
    bare = make.order(shop, "cancelled")
    OrderLine.objects.filter(order=bare).delete()
    export = made(ask(shop, layout="lines", columns=["title"]))
    assert sorted(row[-1] for row in body(export)[1:]) == ["", "Mug", "Tea"]
    assert export.rows == 3


def test_a_list_that_can_find_nothing_becomes_a_file_without_rows(shop, tmp_path):
    make.order(shop)
    for layout in exports.find("orders").layouts:
        for form in FileForm:
            for private in (False, True):
                told = {"now": timezone.now(), "days": 0, "who": "Test", "plain": private, "query": "carrier=nobody"}
                about = {"shop": shop, "source": exports.find("orders"), "layout": layout, "columns": layout.columns}
                _file, count, _at = making.write(
                    making.Plan(**about, form=form, **told), tmp_path / f"a.{form}", lambda *_told: None
                )
                assert (count, (tmp_path / f"a.{form}").stat().st_size > 500) == (0, True)
    assert made(ask(shop, query="carrier=nobody")).rows == 0


def test_private_data_is_masked_unless_it_was_asked_for_with_a_reason(shop):
    make.order(
        shop, recipient=make.RecipientFacts(name="王小明", phone=make.PHONE, address="幸福路 8 号", postcode="510000")
    )
    columns = ["recipient", "phone", "address", "postcode"]
    masked, plain = (
        body(made(ask(shop, columns=columns, private=private, reason="tax office" * private)))[1][-4:]
        for private in (False, True)
    )
    assert masked == ["王**", "138****8000", "****", "510***"]
    assert plain == ["王小明", make.PHONE, "幸福路 8 号", "510000"]
    with pytest.raises(Refused, match="what the private data is needed for"):
        ask(shop, private=True, reason=" ")


def test_rights_count_when_the_work_begins_not_when_it_was_asked_for(shop):
    member = make.member(shop, make.role(shop, Perm.ORDERS_VIEW, Perm.EXPORTS_CREATE))
    export = ask(shop, member=member)
    member.role.perms = [Perm.EXPORTS_CREATE.value]
    member.role.save()
    assert made(export).state == ExportState.FAILED
    assert "See orders" in export.error
    assert list(place_of(export)) == []


def place_of(export: Export):
    folder = making.folder_of(export.shop_id)
    return folder.iterdir() if folder.exists() else iter(())


def test_whoever_lacks_the_right_can_not_ask(shop):
    viewer = make.member(shop, make.role(shop, Perm.ORDERS_VIEW))
    with pytest.raises(PermissionDenied):
        ask(shop, member=viewer)
    clerk = make.member(shop, make.role(shop, Perm.ORDERS_VIEW, Perm.EXPORTS_CREATE))
    with pytest.raises(PermissionDenied):
        ask(shop, member=clerk, private=True, reason="curious")
    assert not Export.objects.exists()


def test_what_others_commit_meanwhile_is_not_in_the_file(shop, monkeypatch):
    make.order(shop)
    counted = making.statements.count_of

    def busy(rows):
        other = connections["default"]
        assert not other.in_atomic_block
        if not Export.objects.filter(error="seen").exists():
            Export.objects.update(error="seen")
            make.order(shop)
        return counted(rows)

    monkeypatch.setattr(making.statements, "count_of", busy)
    export = made(ask(shop))
    assert (export.rows, len(body(export)) - 1, Order.objects.count()) == (1, 1, 2)


def test_a_file_with_other_rows_than_the_list_is_thrown_away(shop, monkeypatch):
    make.order(shop)
    make.order(shop)
    stream = making._copied
    monkeypatch.setattr(making, "_copied", lambda *args: list(stream(*args))[:-1])
    export = made(ask(shop))
    assert (export.state, "has 1 rows where the list has 2" in export.error) == (ExportState.FAILED, True)
    assert list(place_of(export)) == []


@pytest.mark.parametrize("point", ["export.batch", "export.written", "export.renamed", "export.ready"])
def test_whoever_is_killed_leaves_no_half_file_and_the_next_one_makes_it_whole(shop, point, settings):
    make.order(shop)
    export = ask(shop)
    code = "from sellercenter import jobs; jobs.run_files(10)"
    assert crashing.run(code, at=point, EXPORT_ROOT=str(settings.EXPORT_ROOT)) == crashing.KILLED
    Job.objects.update(lease_until=None)
    assert (made(export).state, len(body(export))) == (ExportState.READY, 2)
    assert [path.name for path in place_of(export)] == [export.name]


def test_a_file_that_was_deleted_is_not_made_again_by_a_job_that_never_ended(shop):
    export = made(ask(shop))
    exports.delete(export, by=SYSTEM)
    Job.objects.update(state="running", finished_at=None, lease_until=None)
    assert (made(export).state, list(place_of(export))) == (ExportState.GONE, [])


def test_somebody_can_stop_it(shop, monkeypatch):
    make.order(shop)
    export = ask(shop)
    jobs.ask_stop(export.job, by=SYSTEM)
    assert (made(export).state, export.error) == (ExportState.FAILED, "It was stopped before it was whole.")


def test_a_download_is_noted_and_ends_with_the_time_of_the_file(shop):
    make.order(shop)
    export, owner = made(ask(shop)), actor_for(shop.members.get(owner=True))
    assert exports.fetch(export, by=owner).exists()
    assert ExportDownload.objects.get().actor_label == owner.label
    assert Event.objects.filter(kind="export.downloaded").count() == 1
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Refused, match="not kept any more"):
        exports.fetch(export, by=owner)
    assert exports.clear_old() == 1
    export.refresh_from_db()
    assert (export.state, list(place_of(export))) == (ExportState.GONE, [])


def test_a_file_that_was_changed_on_disk_is_not_given_out(shop):
    export = made(ask(shop))
    path = making.folder_of(shop.pk) / export.name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(Refused, match="was changed"):
        exports.fetch(export, by=SYSTEM)


def test_a_shop_keeps_so_many_files_and_no_more(shop, settings):
    settings.EXPORT_FILES = 1
    first = made(ask(shop))
    with pytest.raises(Refused, match="keeps 1 exports already"):
        ask(shop)
    exports.delete(first, by=SYSTEM)
    assert made(ask(shop)).state == ExportState.READY
    with pytest.raises(Refused, match="no file to delete"):
        exports.delete(first, by=SYSTEM)


def test_what_rules_make_takes_nobodys_place(shop, settings):
    settings.EXPORT_FILES = 1
    made(ask(shop))
    owner = shop.members.get(owner=True)
    rule = ExportRule.objects.create(shop=shop, member=owner, name="daily", source="orders", layout="orders")
    assert made(ask(shop, rule=rule, slot=make.NOW)).state == ExportState.READY
    settings.EXPORT_LIMIT = 1
    with pytest.raises(Refused, match="fill their space"):
        ask(shop, rule=rule, slot=make.NOW + make.DAY)


def test_too_many_at_once_wait(shop):
    for _one in range(asking.MOST_WAITING):
        ask(shop)
    with pytest.raises(Refused, match="being written already"):
        ask(shop)


def test_parts_that_belong_to_nobody_are_cleared_away(shop, settings):
    folder = making.folder_of(shop.pk)
    folder.mkdir(parents=True)
    old, young = folder / "9-1.csv.part", folder / "9-2.csv.part"
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (0, 0))
    assert exports.clear_old() == 1
    assert list(folder.iterdir()) == [young]


def test_an_address_that_makes_no_sense_is_refused_before_anything_begins(shop):
    for query in ("colour=blue", "sort=colour", "tab=none-such", "total_from=much"):
        with pytest.raises(Refused):
            ask(shop, query=query)
    assert (Export.objects.count(), Job.objects.count()) == (0, 0)


def test_the_last_days_alone_when_that_is_wished(shop):
    make.order(shop)
    make.order(shop, placed_at=make.NOW - 100 * make.DAY)
    assert (made(ask(shop, days=90)).rows, made(ask(shop)).rows) == (1, 2)


def test_words_tell_the_filter_but_no_phone(shop):
    export = ask(shop, query=f"status=to_ship&phone={make.PHONE}&q=13800138000")
    assert make.PHONE not in str(export.words)
    assert ["Status", "To ship"] in export.words


def test_the_choice_is_forgotten_with_the_end_of_the_work(shop):
    export = made(ask(shop, query=f"phone={make.PHONE}"))
    assert make.PHONE not in str(Job.objects.get(pk=export.job_id).params)


def test_two_files_of_one_shop_are_written_one_after_the_other(shop):
    ask(shop)
    second = ask(shop)
    Job.objects.exclude(export=second).update(
        state="running", lease_until=timezone.now() + timedelta(seconds=60), started_at=timezone.now()
    )
    assert made(second).state == ExportState.WAITING
    Job.objects.exclude(export=second).update(lease_until=None)
    jobs.run_files(10)
    assert made(second).state == ExportState.READY
