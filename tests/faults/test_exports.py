"""Exports whose process is killed at any moment: every file is whole in the end, and no part stays."""

from __future__ import annotations

import csv
import os
import time

from django.db import connection

from orders.models import Order
from sellercenter import exports
from sellercenter.exports import asking, files, making
from sellercenter.models import Export, ExportState, FileForm, Job, Shop
from sellercenter.permissions import actor_for
from tests import make
from tests.faults.lab import Lab, run, size, until

SWEEP = "sellercenter.jobs.run_files"
FIELDS = [field.column for field in Order._meta.fields if not field.generated and field.column not in ("id", "number")]


def crowd(shop: Shop, many: int) -> int:
    """Make many orders that differ in their numbers, and return how many there are."""
    one = make.order(shop, "to_ship")
    names = ", ".join(f'"{name}"' for name in FIELDS)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            f"INSERT INTO orders_order (number, {names}) SELECT 'N' || n, {names}"
            " FROM orders_order, generate_series(1, %s) AS n WHERE id = %s",
            [many - 1, one.pk],
        )
        cursor.execute("RESET statement_timeout")
    return many


def ask(shop: Shop, form: FileForm) -> Export:
    owner, source = shop.members.get(owner=True), exports.find("orders")
    return exports.ask(
        *(owner,),
        source=source,
        layout=source.layout("orders"),
        columns=("number", "status", "placed", "total", "buyer", "province"),
        form=form,
        query="",
        by=actor_for(owner),
    )


def numbers(export: Export) -> set[str]:
    with (making.folder_of(export.shop_id) / export.name).open(encoding="utf-8-sig", newline="") as file:
        return {row[3] for row in csv.reader(file) if not row[0].startswith("#")}


def kill_while(lab: Lab, export: Export, seconds: float) -> bool:
    """Let a process begin with the export, kill it after a while, and say whether it was not ready by then."""
    process = lab.sweep(SWEEP)
    begun = Job.objects.filter(export=export).exclude(state="queued")
    until(begun.exists, seconds=60)
    time.sleep(seconds)
    lab.kill(process)
    # As if the minute of the lease had passed.
    Job.objects.filter(export=export, finished_at=None).update(lease_until=None)
    export.refresh_from_db()
    return export.state == ExportState.WAITING


def finish(lab: Lab, export: Export) -> None:
    """Let another process make the export ready."""
    process = lab.sweep(SWEEP)
    # To the end of its job: as long as somebody seems to work on it, the shop's next file waits.
    until(Job.objects.filter(export=export, finished_at__isnull=False).exists, seconds=300)
    lab.kill(process)
    export.refresh_from_db()


def test_exports_that_are_killed_again_and_again_end_up_whole(shop, lab: Lab, report):
    many, kills, hit = crowd(shop, size(500_000, 2_000)), size(20, 2), 0
    for turn in range(kills):
        export = ask(shop, FileForm.XLSX if turn % 4 == 3 else FileForm.CSV)
        hit += kill_while(lab, export, lab.random.uniform(0, size(4, 1)))
        finish(lab, export)
        assert (export.state, export.rows) == (ExportState.READY, many)
        assert files.written(making.folder_of(shop.pk) / export.name).sha256 == export.sha256
        if export.form == FileForm.CSV:
            assert len(numbers(export)) == many + 1
        exports.delete(export, by=actor_for(shop.members.get(owner=True)))
    # As if the hour had passed after which a part belongs to nobody who lives.
    for left in making.folder_of(shop.pk).iterdir():
        os.utime(left, (0, 0))
    asking.clear_old()
    assert list(making.folder_of(shop.pk).iterdir()) == []
    run("DELETE FROM orders_order WHERE number LIKE 'N%%' AND shop_id = %s", shop.pk)
    report(f"exports of {many:,} rows, killed before they were ready, of {kills}: all whole in the end", hit, "exports")
