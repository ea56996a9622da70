"""Evidence: judged by its bytes, written anew, chained, never lost, and given out to those alone who may see it."""

from __future__ import annotations

import os
import stat
import time
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from PIL import Image

from aftersales import appeals, evidence, evidence_files
from aftersales.models import Case, Dispute, Evidence
from aftersales.states import CaseStatus
from sellercenter import invariants, kept_files
from sellercenter.lifecycle import Refused
from sellercenter.models import Event
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.aftersales.proofs import MP4, PDF, appeal, dispute, file, picture
from tests.conftest import fresh, told
from tests.together import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.EVIDENCE_ROOT = tmp_path / "evidence"
    return settings.EVIDENCE_ROOT


def files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def add(subject, upload=None, by=SYSTEM, **facts) -> Evidence:
    return evidence.add(subject, file=upload or file(), by=by, **{"proof": "chat", **facts})


def refused(subject, upload, code, **facts):
    with pytest.raises(Refused) as no:
        add(subject, upload, **facts)
    assert no.value.code == code


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("a.png", picture("JPEG"), "image/jpeg"),
        ("a.jpg", picture("PNG"), "image/png"),
        ("a.jpg", picture("WEBP"), "image/jpeg"),
        ("a.webp", picture("WEBP", mode="RGBA", colour=(1, 2, 3, 4)), "image/png"),
        ("a.gif", picture("GIF"), "image/png"),
        ("a.exe", PDF, "application/pdf"),
        ("a", MP4, "video/mp4"),
        ("a.mov", MP4.replace(b"isom", b"qt  ", 1), "video/quicktime"),
        ("a.webm", b"\x1aE\xdf\xa3\x01\x42\x82\x84webm", "video/webm"),
        ("a.txt", "聊天".encode(), "text/plain"),
        ("a.csv", "时间,话\n".encode("gb18030"), "text/csv"),
    ],
)
def test_a_file_is_what_its_first_bytes_say(shop, folder, name, content, kept):
    row = add(make.case(shop), file(name, content))
    (place,) = files(folder)
    assert (row.content_type, row.name, row.size) == (kept, name, place.stat().st_size)
    assert evidence_files.hash_on_disk(row.path) == row.sha256
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert (place.parent.name, stat.S_IMODE(place.parent.stat().st_mode)) == (str(shop.pk), 0o700)
    assert told(row) == ["evidence.added"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.html", b"<html><script>alert(1)</script>", "bad_kind"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "bad_kind"),
        ("a.txt", b"MZ\0\0\x90", "bad_kind"),
        ("a.txt", b"\xff\xfe\xff\xff", "bad_kind"),
        ("a.jpg", b"\0\0\0\x18ftypheic" + b"\0" * 32, "bad_kind"),
        ("a.jpg", b"", "bad_kind"),
        ("a.jpg", picture("JPEG", (64, 64))[:300], "bad_picture"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"junk" * 40, "bad_picture"),
        ("a.png", b"GIF89a" + b"\xff" * 40, "bad_picture"),
        ("a.txt", b"a" * (1024 * 1024 + 1), "too_large"),
    ],
)
def test_what_is_no_evidence_is_refused_and_nothing_is_kept(shop, folder, name, content, code):
    case = make.case(shop)
    refused(case, file(name, content), code)
    assert (files(folder), evidence.of(case)) == ([], [])


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_drawn(shop, folder):
    bomb = picture("PNG", (9000, 5000), mode="1", colour=0)
    assert len(bomb) < 20_000
    refused(make.case(shop), file("bomb.png", bomb), "too_large")
    assert files(folder) == []


def test_a_picture_with_a_second_one_behind_it_stays_a_jpeg_of_the_first(shop):
    second = Image.new("RGB", (8, 8), "blue")
    row = add(make.case(shop), file("phone.jpg", picture("MPO", save_all=True, append_images=[second])))
    with Image.open(evidence_files.place_of(row.path)) as kept:
        assert (row.content_type, kept.format, getattr(kept, "n_frames", 1)) == ("image/jpeg", "JPEG", 1)


def test_a_shop_keeps_no_more_than_it_may_and_takes_nothing_from_others(shop, other_shop, folder, settings):
    settings.EVIDENCE_LIMIT = 2 * len(PDF)
    add(make.case(shop))
    add(make.case(shop))
    refused(make.case(shop), file(), "no_room")
    add(make.case(other_shop))
    assert len(files(folder)) == 3


def test_pictures_are_drawn_one_after_the_other(shop, monkeypatch):
    at_once, most = [], []
    real = evidence_files._written_anew

    def slowly(upload):
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.05)
        at_once.pop()
        return real(upload)

    monkeypatch.setattr(evidence_files, "_written_anew", slowly)
    in_threads(*(partial(evidence_files.keep, shop.pk, file("a.jpg", picture())) for _one in range(4)))
    assert most == [1, 1, 1, 1]


def test_a_picture_is_kept_upright_and_without_what_the_phone_wrote_into_it(shop):
    told_by_phone = Image.Exif()
    told_by_phone[0x0112], told_by_phone[0x010F] = 6, "SecretPhone"
    sent = picture("JPEG", (8, 4), exif=told_by_phone, comment=b"SecretPlace") + b"PK\x03\x04SecretArchive"
    row = add(make.case(shop), file("p.jpg", sent))
    kept = evidence_files.place_of(row.path).read_bytes()
    assert b"Secret" not in kept
    assert Image.open(BytesIO(kept)).size == (4, 8)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\tmp\\chat.pdf", "chat.pdf"),
        ("photo\u202efdp.exe", "photofdp.exe"),
        ("<img src=x onerror=alert(1)>.pdf", "<img src=x onerror=alert(1)>.pdf"),
        ("a" * 200 + ".pdf", "a" * 116 + ".pdf"),
        ("\n", ""),
    ],
)
def test_a_name_is_shown_and_never_a_path(given, shown):
    assert kept_files.shown_name(given) == shown


def test_a_name_that_is_given_out_ends_in_what_the_file_is():
    assert evidence_files.download_name("invoice.exe", "application/pdf") == "invoice.pdf"
    assert evidence_files.download_name("chat", "text/plain") == "chat.txt"
    assert evidence_files.download_name("a.PDF", "application/pdf") == "a.PDF"


def test_the_same_file_and_a_twenty_first_are_refused(shop, folder):
    case = make.case(shop)
    add(case)
    refused(case, file("other-name.pdf"), "twice")
    for i in range(19):
        add(case, file("t.txt", f"{i}".encode()))
    refused(case, file("t.txt", b"one more"), "full")
    assert len(files(folder)) == len(evidence.of(case)) == 20


def test_evidence_is_taken_as_long_as_its_record_takes_it(shop):
    open_dispute, drafted, done = dispute(shop), appeal(shop), make.case(shop, CaseStatus.WITHDRAWN)
    add(open_dispute)
    Dispute.objects.filter(pk=open_dispute.pk).update(evidence_by=make.NOW - make.HOUR)
    refused(open_dispute, file("late.txt", b"late"), "too_late")
    add(drafted, proof="carrier")
    appeals.file(drafted, by=SYSTEM)
    refused(drafted, file("late.txt", b"late"), "over")
    refused(done, file(), "over")


def test_who_may_put_in_what(shop, service, after_sales, folder):
    case, arbitration = make.case(shop), dispute(shop)
    assert add(case, file("b.txt", b"b"), by=BUYER).side == "buyer"
    assert add(arbitration, file("c.txt", b"c"), by=CHANNEL).side == "platform"
    mine = add(arbitration, file("d.txt", b"d"), by=after_sales.actor)
    assert (mine.side, mine.uploaded_by_id, mine.uploader_label) == (
        "seller",
        after_sales.member.pk,
        "Some after_sales",
    )
    for subject, by in ((case, service.actor), (arbitration, service.actor), (arbitration, BUYER)):
        with pytest.raises(PermissionDenied):
            add(subject, file("x.txt", b"x"), by=by)
    assert len(files(folder)) == 3


def test_each_link_of_the_chain_holds_the_one_before(shop):
    case = make.case(shop)
    rows = [add(case, file("t.txt", word), note="seen\nby me") for word in (b"1", b"2", b"3")]
    assert evidence.broken(evidence.of(case)) == []
    assert found() == {}
    for change in ({"sha256": "0" * 64}, {"note": "never"}, {"uploader_label": "else"}, {"proof": "weight"}):
        before = Evidence.objects.filter(pk=rows[1].pk).values(*change).get()
        Evidence.objects.filter(pk=rows[1].pk).update(**change)
        assert [one.pk for one in evidence.broken(evidence.of(case))] == [rows[1].pk]
        assert set(found()) >= {"evidence_chain_unbroken"}
        Evidence.objects.filter(pk=rows[1].pk).update(**before)
    Evidence.objects.filter(pk=rows[1].pk).delete()
    assert {"evidence_chain_unbroken", "evidence_told"} <= set(found())


def found():
    return {one.code: one.records for one in invariants.check() if one.code.startswith("evidence")}


def test_the_command_names_a_file_that_was_changed_or_is_gone(shop, capsys):
    case = make.case(shop)
    kept, changed, gone = (add(case, file("t.txt", word)) for word in (b"1", b"2", b"3"))
    call_command("check_evidence")
    evidence_files.place_of(changed.path).write_bytes(b"2!")
    evidence_files.remove(gone.path)
    with pytest.raises(CommandError, match="2 pieces"):
        call_command("check_evidence")
    said = capsys.readouterr().out
    assert f"{changed.pk} " in said
    assert f"{gone.pk} " in said
    assert f"\n{kept.pk} " not in said


def test_what_a_dead_process_left_is_deleted_after_a_day_and_nothing_else(shop, folder, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    cut_off = settings.FILE_UPLOAD_TEMP_DIR / "tmp1.upload.mp4"
    cut_off.write_bytes(b"half")
    row = add(make.case(shop))
    old, half, young = (folder / str(shop.pk) / name for name in ("old", "half.part", "young"))
    for place in (old, half, young):
        place.write_bytes(b"left")
    two_days_ago = time.time() - 2 * 86400
    for place in (old, half, cut_off, evidence_files.place_of(row.path)):
        os.utime(place, (two_days_ago, two_days_ago))
    assert evidence.clear_left_over() == 3
    assert not cut_off.exists()
    assert sorted(files(folder)) == sorted([evidence_files.place_of(row.path), young])


def test_a_path_never_leaves_the_folder(folder):
    with pytest.raises(ValueError, match="leaves"):
        evidence_files.place_of("../../etc/passwd")


@pytest.mark.django_db(transaction=True)
def test_two_who_add_at_once_make_one_chain(shop, folder):
    case = make.case(shop)

    acts = [
        partial(lambda word: add(Case.objects.select_related("shop").get(pk=case.pk), file("t.txt", word)), word)
        for word in (b"1", b"2", b"3", b"4", b"5", b"6")
    ]
    in_threads(*acts)
    rows = evidence.of(fresh(case))
    assert (len(rows), evidence.broken(rows), len(files(folder))) == (6, [], 6)


def test_an_upload_beyond_every_limit_is_not_even_read(shop, owner, settings, folder):
    settings.UPLOAD_LIMIT = 2000
    case = make.case(shop)
    huge = SimpleUploadedFile("film.mp4", MP4 + b"\0" * 4000)
    address = f"/s/{shop.code}/evidence/case/{case.pk}"
    owner.post(address, {"proof": "packing_video", "file": huge}).says("is too large")
    assert (files(folder), evidence.of(case)) == ([], [])


def test_a_file_is_given_out_as_a_download_to_those_who_may_see_cases_and_the_log_keeps_it(shop, view_only, packing):
    row = add(make.case(shop), file("聊天 1.exe"))
    address = f"/s/{shop.code}/evidence/{row.pk}"
    answer = view_only.get(address)
    assert (answer.code, b"".join(answer.response.streaming_content)) == (200, PDF)
    headers = answer.headers
    assert headers["Content-Disposition"] == "attachment; filename*=utf-8''%E8%81%8A%E5%A4%A9%201.pdf"
    assert (headers["Content-Type"], headers["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert "no-store" in headers["Cache-Control"]
    assert told(row) == ["evidence.added", "evidence.viewed"]
    assert packing.get(address).code == 403
    assert Event.objects.filter(kind="evidence.viewed").count() == 1


def test_a_file_that_is_gone_from_the_disk_is_said_to_be_missing(shop, owner):
    row = add(make.case(shop))
    evidence_files.remove(row.path)
    owner.get(f"/s/{shop.code}/evidence/{row.pk}").says("is missing")
