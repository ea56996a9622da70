"""What becomes of exports whose list was taken out, that two people end at once, or whose process wakes up too late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from orders.models import Order
from sellercenter import exports, jobs
from sellercenter.exports import asking, making
from sellercenter.exports.files import Written
from sellercenter.jobs.runner import _claim
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Export, ExportState, Job
from sellercenter.permissions import SYSTEM
from tests import make
from tests.conftest import url
from tests.sellercenter import exported

pytestmark = pytest.mark.django_db
OVER = {"expires_at": timezone.now() - timedelta(days=1)}


@pytest.fixture(autouse=True)
def place(tmp_path, settings):
    settings.EXPORT_ROOT = tmp_path / "exports"
    return settings.EXPORT_ROOT


def files_in(shop):
    return sorted(path.name for path in making.folder_of(shop.pk).iterdir())


def test_the_file_of_a_list_that_was_taken_out_is_cleared_like_any_other(shop, django_capture_on_commit_callbacks):
    gone, kept = exported.ready(shop, source="taken-out", **OVER), exported.ready(shop)
    also = exported.ready(shop, **OVER)
    with django_capture_on_commit_callbacks(execute=True):
        assert exports.clear_old() == 2
    states = dict(Export.objects.values_list("pk", "state"))
    assert states == {gone.pk: ExportState.GONE, kept.pk: ExportState.READY, also.pk: ExportState.GONE}
    assert files_in(shop) == [kept.name]


def test_clearing_passes_over_what_somebody_deletes_at_that_moment(shop, monkeypatch):
    first, second = exported.ready(shop, **OVER), exported.ready(shop, **OVER)
    drop = asking._drop

    def late(pk, *, by):
        Export.objects.filter(pk=first.pk).update(state=ExportState.GONE)
        return drop(pk, by=by)

    monkeypatch.setattr(asking, "_drop", late)
    assert exports.clear_old() == 1
    assert list(Event.objects.filter(kind="export.deleted").values_list("subject_id", flat=True)) == [second.pk]


def test_a_file_that_became_ready_under_the_eyes_of_who_deletes_it_goes_with_its_name(
    shop, django_capture_on_commit_callbacks
):
    export = exported.ready(shop)
    export.name = ""  # as it was read before the file was there
    with django_capture_on_commit_callbacks(execute=True):
        exports.delete(export, by=SYSTEM)
    assert files_in(shop) == []
    with pytest.raises(Refused, match="no file to delete"):
        exports.delete(export, by=SYSTEM)


def test_a_process_that_wakes_up_late_leaves_the_file_of_a_later_one_alone(shop):
    export = exported.asked(shop, shop.members.get(owner=True))
    folder = making.folder_of(shop.pk)
    folder.mkdir(parents=True)
    names = [f"{export.pk}-{fence}.csv" for fence in (1, 2, 3, 10)]
    for name in (*names, f"{export.pk}-1.csv.part", f"{export.pk}0-1.csv"):
        (folder / name).write_text("x")
    export.job.fence = 3
    making._clear(export, export.job)
    assert files_in(shop) == sorted([*names[2:], f"{export.pk}0-1.csv"])


def test_a_long_list_may_be_sorted_for_minutes_before_its_first_row(shop):
    exported.asked(shop, shop.members.get(owner=True))
    progress = jobs.Progress(_claim(jobs.FILES))

    def left():
        return (Job.objects.get().lease_until - timezone.now()).total_seconds()

    making._sign(progress, 0, 1000)
    assert 50 < left() < 70
    making._sign(progress, 0, 1_000_000)
    assert 500 < left() < 600
    making._sign(progress, 500, 1_000_000)
    assert 50 < left() < 70


def test_a_phone_among_several_words_of_a_search_is_kept_nowhere(shop):
    export = exported.asked(shop, shop.members.get(owner=True), query=f"q={make.PHONE}&q=abc&status=to_ship")
    assert (export.query, export.words) == (
        "status=to_ship",
        [["Order no., buyer, product", "***"], ["Status", "To ship"]],
    )


def test_the_form_of_a_list_that_can_find_nothing_counts_nothing(shop, owner):
    page = owner.post(url("export_new", shop), {"source": "orders", "query": "carrier=nobody"}).landed
    assert (page.status_code, page.context["asked"]["count"]) == (200, "0")
    assert [one["count"] for one in page.context["days"]] == ["0", "0"]
    assert jobs.fill(exported.asked(shop, owner.member).job, Order.objects.none(), label="number") == 0


def test_a_file_that_may_be_committed_stays_and_one_that_nobody_wants_goes(shop, monkeypatch):
    export = exported.asked(shop, shop.members.get(owner=True))
    progress = jobs.Progress(_claim(jobs.FILES))
    path = making.folder_of(shop.pk) / f"{export.pk}-1.csv"
    path.parent.mkdir(parents=True)
    path.write_text("x")
    made = Written(path, 1, "0" * 64)

    def lost(*_args, **_facts):
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as cut:
        cut.setattr(making.events, "record", lost)
        with pytest.raises(OperationalError):
            making._keep(export, made, 0, timezone.now(), progress)
    assert (path.exists(), Export.objects.get().state) == (True, ExportState.WAITING)
    Export.objects.update(state=ExportState.FAILED)
    with pytest.raises(Refused, match="ended this export"):
        making._keep(export, made, 0, timezone.now(), progress)
    assert not path.exists()
