"""The import centre: a file is brought, checked without writing anything, and taken in when somebody agrees."""

from __future__ import annotations

import csv
import io
import os
import stat
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models.functions import Now

from orders.imports import example
from orders.models import Order
from sellercenter import events, import_files, import_kinds, jobs
from sellercenter.import_files import FATES, MOST_REFUSED
from sellercenter.import_kinds import ImportKind, Outcome, Tally
from sellercenter.imports import ErrorReport, RowError, open_table
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, ImportFile, ImportState, Job, JobState, Role
from sellercenter.permissions import SYSTEM, Perm
from tests import crashing
from tests.conftest import fresh, told, url
from tests.sellercenter.imported import some_imports
from tests.together import in_threads

HEADER = "order_no,status,placed_at,buyer_id,payments,line_no,product_no,product_title,quantity,unit_price"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    """Keep the files of this test apart."""
    settings.IMPORT_ROOT = tmp_path / "imports"
    return settings.IMPORT_ROOT


# --- A kind of file for these tests: each row leaves an event on the shop, once ---------------------------------------


def words(shop, path, *, by, dry_run, errors, progress=None):
    """Take in words that nobody has said, one transaction for each; those that begin with ! are refused."""
    report, outcome = ErrorReport(errors), Outcome(notes=["Read it well."], unknown_columns=["colour"])
    with open_table(path) as table:
        for row, (word, *_rest) in list(table.rows())[1:]:
            outcome.__dict__[fate(shop, word)].records += 1
            outcome.__dict__[fate(shop, word)].rows += 1
            if word.startswith("!"):
                report.add([RowError(row, word, "word", f"={word}", "Nobody says this.")])
            elif not dry_run and fate(shop, word) == "new":
                with transaction.atomic():
                    events.record(shop, "shop.said", shop, by=by, word=word)
            if progress:
                progress(outcome)
    report.close()
    outcome.rejected_rows = report.rows
    return outcome


def fate(shop, word):
    said = Event.objects.filter(shop=shop, kind="shop.said", data__word=word).exists()
    return "rejected" if word.startswith("!") else "unchanged" if said else "new"


WORDS = ImportKind(
    *("words", "Words", Perm.STOCK_EDIT, lambda cells: 1.0 if "word" in cells else 0, words, "words"),
    layouts=lambda: {"": "Somebody's layout"},
)
KINDS = [WORDS]


@pytest.fixture
def wordy(settings):
    """Declare the kind of this file beside the real ones."""
    settings.IMPORT_KINDS = [*settings.IMPORT_KINDS, f"{__name__}.KINDS"]
    import_kinds.every_kind.cache_clear()
    yield
    import_kinds.every_kind.cache_clear()


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Let happen what follows from a commit, inside the test's own transaction."""
    return django_capture_on_commit_callbacks


def said(shop) -> list[str]:
    return sorted(Event.objects.filter(shop=shop, kind="shop.said").values_list("data__word", flat=True))


def listing(*some: str) -> bytes:
    return "\n".join(["word,colour", *(f"{word},red" for word in some)]).encode()


# --- Acting as somebody -----------------------------------------------------------------------------------------------


def rows(numbers, price="25.00") -> list[str]:
    return [f"A{n},to_ship,2026-03-01 10:00:00,u-{n},alipay={price},1,3601,Tea,1,{price}" for n in numbers]


def orders(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines]).encode()


def send(person, data: bytes, *, name: str = "orders.csv", kind: str = ""):
    """Upload over HTTP."""
    file = SimpleUploadedFile(name, data, "text/csv")
    return person.post(url("import_receive", person.member.shop), {"file": file, "kind": kind})


def brought(person, data: bytes, *, name: str = "orders.csv", kind: str = "") -> ImportFile:
    """Upload over HTTP, let the file be checked, and return it."""
    send(person, data, name=name, kind=kind)
    jobs.run_files(100_000)
    return ImportFile.objects.latest("pk")


def agreed(person, file: ImportFile, **data: str) -> ImportFile:
    """Take a file in over HTTP, let the work be done, and return it."""
    person.post(url("import_agree", file), data)
    jobs.run_files(100_000)
    return fresh(file)


def page(person, file: ImportFile):
    return person.get(url("import_detail", file))


def figures(answer) -> dict[str, tuple[str, str]]:
    return {one["code"]: (one["records"], one["rows"]) for one in answer.context["found"]["figures"]}


def on_disk(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


def leases_end() -> None:
    Job.objects.update(lease_until=Now() - timedelta(seconds=1))


def with_rights(person, *perms: str):
    """Give a person's role these rights besides."""
    role = person.member.role
    Role.objects.filter(pk=role.pk).update(perms=sorted({*role.perms, *perms}))
    return person


# --- The whole way ----------------------------------------------------------------------------------------------------

ONCE = pytest.mark.django_db


@ONCE
def test_orders_are_brought_checked_and_taken_in(owner, shop):
    send(owner, orders(*rows(range(3)))).says("The file is here. It is being checked; nothing is changed yet.")
    file = ImportFile.objects.get()
    assert page(owner, file).context["job"]["open"] is True
    jobs.run_files(100_000)
    answer = page(owner, file).says("What the file would change").says("Take in 3")
    assert figures(answer) == {"new": ("3", "3")} | dict.fromkeys(FATES[1:], ("0", "0"))
    assert Order.objects.count() == 0
    owner.post(url("import_agree", file)).says("The file is being taken in.")
    assert page(owner, file).context["job"]["open"] is True
    jobs.run_files(100_000)
    answer = page(owner, file).says("What was taken in").keeps_quiet_about("Take in 3")
    assert figures(answer)["new"] == ("3", "3")
    assert list(Order.objects.for_shop(shop).order_by("number").values_list("number", flat=True)) == ["A0", "A1", "A2"]
    assert (fresh(file).state, fresh(file).kind) == (ImportState.DONE, "orders")
    assert told(file) == ["import.received", "import.taken_in"]
    kept = Event.objects.filter(kind__startswith="import.").values_list("data", flat=True)
    assert "orders.csv" not in str(list(kept))


@ONCE
def test_the_example_of_orders_goes_in_as_it_is(owner):
    answer = owner.get(url("import_example", owner.member.shop), {"kind": "orders"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders-example.csv"'
    assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))) == example.rows()
    file = brought(owner, answer.content)
    assert (file.error, file.checked["new"]) == ("", {"records": 1, "rows": 1})
    assert file.checked["unknown_columns"] == []


@pytest.mark.parametrize("code", [code for code, kind in import_kinds.every_kind().items() if kind.example])
def test_each_example_is_recognised_as_what_it_is(code):
    header, *rest = import_kinds.find(code).example()
    assert import_kinds.recognise([(1, header)]).code == code
    assert [len(one) for one in rest] == [len(header)]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Order ID,Status,Carrier,Tracking ID", "tracking_numbers"),
        ("订单编号,订单状态,快递公司,快递单号", "tracking_numbers"),
        ("Order ID,Status,Carrier,Note", "orders"),
    ],
)
def test_a_header_that_lacks_what_orders_need_is_rather_something_else(header, code):
    assert import_kinds.recognise([(1, header.split(","))]).code == code


@ONCE
def test_there_is_no_example_of_a_kind_that_nobody_knows(owner, shop):
    assert owner.get(url("import_example", shop), {"kind": HOSTILE}).code == 404


@ONCE
def test_refused_rows_are_listed_and_can_be_fetched_and_much_refused_must_be_ticked(owner, shop, wordy):
    file = brought(owner, listing("a", "!b", "c"))
    answer = page(owner, file).says("1 of 3 are refused.").says("Nobody says this.").says("Read it well.")
    assert answer.context["refused"]["rows"] == [
        {"row": "3", "record": "!b", "column": "word", "value": "=!b", "message": "Nobody says this."}
    ]
    assert answer.context["found"]["unknown"] == ["colour"]
    sent = owner.get(url("import_refused", file))
    assert b"".join(sent.streaming_content).decode("utf-8-sig").splitlines()[1] == (
        '"3","!b","word","\'=!b","Nobody says this."'
    )
    owner.post(url("import_agree", file)).says("Tick that you have seen it.")
    assert (fresh(file).state, said(shop)) == (ImportState.CHECKED, [])
    assert agreed(owner, file, despite_refused="1").state == ImportState.DONE
    assert said(shop) == ["a", "c"]
    assert page(owner, file).says("What was taken in").context["refused"]["total"] == "1"


@ONCE
def test_a_file_that_would_change_nothing_because_of_its_refused_rows_says_so(owner, shop, wordy):
    page(owner, brought(owner, listing("!a", "!b"))).says("all of this file is refused")
    agreed(owner, brought(owner, listing("c")))
    page(owner, brought(owner, listing("c", "!b"))).says("what is not refused is here already, unchanged")


@pytest.mark.parametrize(("refused", "many"), [(0, False), (2, False), (3, True), (MOST_REFUSED, True)])
def test_a_fifth_or_a_thousand_is_much(refused, many):
    every = 10 * refused if refused == MOST_REFUSED else 10
    counts = {"new": Tally(every - refused).__dict__, "rejected": Tally(refused).__dict__}
    assert import_files.many_refused(ImportFile(checked=counts)) is many


@ONCE
def test_the_same_bytes_again_say_so_and_change_nothing(owner, manager, shop, wordy):
    first = agreed(owner, brought(owner, listing("a", "b")))
    again = brought(manager, listing("a", "b"), name="other name.csv")
    answer = page(manager, again).says("brought this very file on").says(": Taken in.")
    assert answer.context["before"]["url"] == url("import_detail", first)
    page(owner, brought(owner, listing("a", "b"))).says("brought this very file on")
    assert figures(answer)["unchanged"] == ("2", "2")
    answer.says("There is nothing new and nothing changed in this file.")
    assert agreed(manager, again).state == ImportState.CHECKED
    assert said(shop) == ["a", "b"]
    page(owner, agreed(owner, brought(owner, listing("c")))).keeps_quiet_about("very file")


# --- What is refused --------------------------------------------------------------------------------------------------


@ONCE
@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (b"a,b,c\n1,2,3\n", "", "The columns of this file are not known"),
        (b"a,b,c\n1,2,3\n", "orders", "Columns are missing"),
        (b"%PDF-1.7 hello", "", "This is a file of the kind PDF."),
        (b'word\n"open', "", "quotation mark"),
        (b" \n \n", "words", "The file is empty."),
    ],
)
def test_a_file_that_cant_be_read_fails_with_a_sentence(data, kind, says, owner, shop, folder, wordy, committed):
    file = brought(owner, data, kind=kind)
    page(owner, file).says(says).keeps_quiet_about("Take in ")
    assert (file.state, says in file.error, file.finished_at is not None) == (ImportState.FAILED, True, True)
    owner.post(url("import_agree", file)).says("This file could not be checked")
    with committed(execute=True):
        owner.post(url("import_drop", file)).says("The file is dropped.")
    assert told(file) == ["import.received", "import.dropped"]
    assert (fresh(file).state, on_disk(folder), said(shop)) == (ImportState.DROPPED, [], [])


@ONCE
def test_a_column_whose_name_holds_nul_is_told_of_all_the_same(owner, shop):
    line = rows([1])[0]
    file = brought(owner, f"{HEADER},col\0our\n{line},red\n".encode())
    assert (file.state, file.checked["unknown_columns"]) == (ImportState.CHECKED, ["col\ufffdour"])
    assert agreed(owner, file).state == ImportState.DONE


@ONCE
def test_an_upload_without_a_file_or_of_an_unknown_kind_keeps_nothing(owner, shop, folder, wordy):
    owner.post(url("import_receive", shop), {"kind": ""}).says("Choose a file.")
    send(owner, b"").says("The file is empty. Choose another one.")
    send(owner, listing("a"), kind="nonsense").says("Choose what is in the file from the list.")
    assert (ImportFile.objects.count(), on_disk(folder), Job.objects.count()) == (0, [], 0)


@ONCE
def test_an_upload_beyond_the_limit_is_told_so(owner, shop, settings):
    settings.UPLOAD_LIMIT = 200
    send(owner, b"a" * 400).says("The file is larger than")
    assert ImportFile.objects.count() == 0


@ONCE
def test_a_shop_that_keeps_too_much_brings_no_more(owner, shop, settings, folder, wordy):
    settings.IMPORT_LIMIT = 30
    brought(owner, listing("a"))
    send(owner, listing("b", "c")).says("The shop keeps as many imported files as it may.")
    assert (ImportFile.objects.count(), len(on_disk(folder))) == (1, 1)


@ONCE
def test_a_hostile_name_is_only_ever_shown_as_text(owner, shop, folder, wordy):
    file = brought(owner, listing("a"), name=f"..\\..\\{HOSTILE.replace('/', '')}.csv")
    assert file.title == "<script>alert(1)<script>.csv"
    for address in (url("import_detail", file), url("import_list", shop)):
        html = owner.get(address).content.decode()
        assert ("<script>alert" in html, "&lt;script&gt;alert(1)" in html) == (False, True)
    (place,) = on_disk(folder)
    assert (place.parent.name, len(place.name), place.suffix) == (str(shop.pk), 40, "")
    assert (stat.S_IMODE(place.stat().st_mode), stat.S_IMODE(place.parent.stat().st_mode)) == (0o600, 0o700)


@ONCE
def test_a_file_that_was_changed_on_disk_is_not_taken_in(owner, shop, folder, wordy):
    file = brought(owner, listing("a"))
    import_files.place_of(file).write_bytes(listing("b"))
    file = agreed(owner, file)
    assert (file.state, said(shop)) == (ImportState.FAILED, [])
    page(owner, file).says("The file on the server is missing or is not the one that was uploaded.")


@ONCE
def test_what_is_over_or_at_work_is_neither_taken_in_nor_dropped(owner, shop, wordy):
    file = brought(owner, listing("a"))
    for state, why in (
        ("checking", "The file is being checked."),
        ("applying", "Somebody has said so already"),
        ("done", "This file has been taken in."),
        ("dropped", "This file was dropped."),
    ):
        ImportFile.objects.filter(pk=file.pk).update(state=state)
        owner.post(url("import_agree", file)).says(why)
        owner.post(url("import_drop", file)).says("Only a file that waits for you can be dropped.")
        assert fresh(file).state == state
    assert (Job.objects.count(), said(shop)) == (1, [])


# --- Rights -----------------------------------------------------------------------------------------------------------


@ONCE
def test_who_may_not_import_gets_nowhere(view_only, owner, shop, wordy):
    file = brought(owner, listing("a"))
    before = Job.objects.count()
    assert send(view_only, listing("b")).code == 403
    for name in ("import_agree", "import_drop"):
        assert view_only.post(url(name, file)).code == 403
    assert (page(view_only, file).code, view_only.get(url("import_list", shop)).code) == (403, 403)
    with pytest.raises(PermissionDenied):
        import_files.agree(file, by=view_only.actor, member=view_only.member)
    assert (ImportFile.objects.count(), Job.objects.count()) == (1, before)


@ONCE
def test_a_kind_needs_its_own_right_besides(shipping, owner, shop, wordy):
    person = with_rights(shipping, Perm.IMPORTS_RUN)
    file = brought(owner, listing("a"))
    send(person, listing("b"), kind="words").says("Choose what is in the file from the list.")
    assert (page(person, file).code, person.post(url("import_agree", file)).code) == (404, 404)
    assert person.get(url("import_list", shop)).context["table"]["rows"] == []
    mine = brought(person, listing("b"))
    assert mine.state == ImportState.FAILED
    assert "does not hold the right “Change stock”" in mine.error
    kinds = {
        code for code, _label in person.get(url("import_list", shop)).context["upload"]["form"].fields["kind"].choices
    }
    assert ("orders" in kinds, "words" in kinds) == (True, False)


@ONCE
def test_the_rights_of_the_moment_count_when_a_file_is_taken_in(packing, shop, wordy):
    person = with_rights(packing, Perm.IMPORTS_RUN)
    file = brought(person, listing("a"))
    person.post(url("import_agree", file)).says("The file is being taken in.")
    Role.objects.filter(pk=person.member.role_id).update(perms=[Perm.ORDERS_VIEW, Perm.IMPORTS_RUN])
    jobs.run_files(100_000)
    assert (fresh(file).state, said(shop)) == (ImportState.FAILED, [])
    assert "does not hold the right “Change stock”" in fresh(file).error


@ONCE
def test_the_list_leaves_out_what_one_may_not_see_and_counts_the_rest(manager, shop, wordy):
    some_imports(shop, 6)
    answer = manager.get(url("import_list", shop))
    assert len(answer.context["table"]["rows"]) == 6
    assert {tab["code"]: tab["count"] for tab in answer.context["tabs"]} == {
        "": "6",
        "checked": "1",
        "done": "1",
        "failed": "1",
    }
    answer.says("Refused 3")


# --- Jobs -------------------------------------------------------------------------------------------------------------


@ONCE
def test_the_page_of_a_job_leads_to_its_file(owner, shop, wordy):
    file = brought(owner, listing("a"))
    answer = owner.get(url("job_detail", file.check_job))
    assert (answer.context["about_url"], answer.context["job"]["handled"]) == (url("import_detail", file), 1)
    answer.says("What this work is about")


@ONCE
def test_the_progress_alone_is_asked_for_until_the_work_has_ended(owner, shop, wordy):
    send(owner, listing("a"))
    file = ImportFile.objects.get()
    running = owner.get(url("import_detail", file), hx_target="progress")
    assert (running.text.startswith('<div class="job-progress"'), "HX-Refresh" in running.headers) == (True, False)
    assert f'hx-get="{url("import_detail", file)}"' in running.text
    jobs.run_files(100_000)
    assert owner.get(url("import_detail", file), hx_target="progress").headers["HX-Refresh"] == "true"


@ONCE
def test_a_check_that_is_stopped_before_it_begins_ends_the_file(owner, shop, wordy):
    send(owner, listing("a"))
    file = ImportFile.objects.get()
    stopped = owner.post(page(owner, file).context["job"]["stop_url"], {"next": url("import_detail", file)})
    stopped.says("The check was stopped.")
    assert (fresh(file).state, jobs.run_files(100_000)) == (ImportState.FAILED, 0)
    owner.post(url("import_drop", file)).says("The file is dropped.")


@ONCE
def test_a_stop_in_the_middle_keeps_what_is_in_and_the_rest_goes_in_later(owner, shop, wordy, monkeypatch):
    file = brought(owner, listing("a", "b", "c", "d"))
    owner.post(url("import_agree", file))
    note = import_files.note_progress

    def stop_after_two(noted, job, *, found):
        note(noted, job, found=found)
        if found["new"]["records"] == 2:
            jobs.ask_stop(job, by=owner.actor)

    with monkeypatch.context() as patched:
        patched.setattr(import_files, "note_progress", stop_after_two)
        jobs.run_files(100_000)
    assert (fresh(file).state, fresh(file).apply_job.state) == (ImportState.FAILED, JobState.CANCELLED)
    before = said(shop)
    assert before == ["a", "b", "c"]
    answer = page(owner, fresh(file)).says("The work was stopped.").says("What was taken in before it ended")
    assert figures(answer)["new"] == ("2", "2")
    file = agreed(owner, file)
    assert (file.state, said(shop)) == (ImportState.DONE, ["a", "b", "c", "d"])
    assert figures(page(owner, file)) == {"new": ("1", "1"), "unchanged": ("3", "3")} | dict.fromkeys(
        ("changed", "rejected"), ("0", "0")
    )


@pytest.mark.django_db(transaction=True)
def test_a_killed_process_costs_nothing_and_doubles_nothing(owner, shop, wordy, settings):
    file = brought(owner, listing(*"abcdef"))
    owner.post(url("import_agree", file))
    code = """
import os
from sellercenter import import_files, jobs
note = import_files.note_progress
def die(file, job, *, found):
    note(file, job, found=found)
    if found["new"]["records"] == 3:
        os._exit(137)
import_files.note_progress = die
jobs.run_files(1000)
"""
    changed = {"IMPORT_KINDS": settings.IMPORT_KINDS, "IMPORT_ROOT": str(settings.IMPORT_ROOT)}
    assert crashing.run(code, **changed) == crashing.KILLED
    assert (fresh(file).state, fresh(file).outcome["new"]["records"]) == (ImportState.APPLYING, 3)
    assert said(shop) == ["a", "b", "c"]
    leases_end()
    jobs.run_files(100_000)
    assert (fresh(file).state, said(shop)) == (ImportState.DONE, list("abcdef"))
    assert told(file) == ["import.received", "import.taken_in"]
    assert {one: fresh(file).outcome[one]["records"] for one in FATES} == {
        **{"new": 3, "unchanged": 3},
        **{"changed": 0, "rejected": 0},
    }


@pytest.mark.django_db(transaction=True)
def test_of_two_who_agree_at_once_one_begins_the_work(owner, manager, shop, wordy):
    file = brought(owner, listing("a"))
    answers = []

    def agree(person):
        try:
            import_files.agree(fresh(file), by=person.actor, member=person.member)
            answers.append("begun")
        except Refused as refused:
            answers.append(refused.code)

    in_threads(partial(agree, owner), partial(agree, manager))
    assert sorted(answers) == ["applying", "begun"]
    assert Job.objects.filter(kind=import_files.APPLY).count() == 1
    jobs.run_files(100_000)
    assert (fresh(file).state, said(shop)) == (ImportState.DONE, ["a"])


# --- What is kept -----------------------------------------------------------------------------------------------------


@ONCE
def test_files_are_deleted_after_thirty_days_and_their_rows_stay(owner, shop, folder, wordy):
    old, waiting, young = (brought(owner, listing(word, "!x")) for word in "abc")
    old = agreed(owner, old, despite_refused="1")
    ImportFile.objects.exclude(pk=young.pk).update(created_at=Now() - import_files.KEPT - timedelta(minutes=1))
    assert import_files.clear_old() == 5
    assert [(fresh(one).state, bool(fresh(one).name)) for one in (old, waiting, young)] == [
        ("done", False),
        ("dropped", False),
        ("checked", True),
    ]
    assert len(on_disk(folder)) == 2
    page(owner, old).says("What was taken in")
    assert owner.get(url("import_refused", old)).code == 404


@ONCE
def test_a_file_that_somebody_takes_in_while_old_ones_are_cleared_stays(owner, folder, wordy, monkeypatch):
    file = brought(owner, listing("a"))
    ImportFile.objects.update(created_at=Now() - import_files.KEPT - timedelta(minutes=1))
    forget = import_files._forget

    def agree_first(files):
        import_files.agree(fresh(file), by=owner.actor, member=owner.member)
        return forget(files)

    monkeypatch.setattr(import_files, "_forget", agree_first)
    assert import_files.clear_old() == 0
    jobs.run_files(100_000)
    assert (fresh(file).state, len(on_disk(folder))) == (ImportState.DONE, 1)


@ONCE
def test_what_no_row_names_is_deleted_after_a_day(owner, shop, folder, wordy):
    file = brought(owner, listing("!a", "b"))
    stray, young = folder / str(shop.pk) / ("f" * 40), folder / str(shop.pk) / ("e" * 40)
    for place in (stray, stray.with_name(f"{stray.name}.check.csv"), young):
        place.write_bytes(b"x")
    yesterday = time.time() - import_files.LEFT_OVER.total_seconds() - 60
    for place in on_disk(folder):
        if place != young:
            os.utime(place, (yesterday, yesterday))
    assert import_files.clear_old() == 2
    assert on_disk(folder) == sorted(
        [import_files.place_of(file), import_files.refused_rows_of(file, dry_run=True), young]
    )


@ONCE
def test_the_system_brings_files_too(shop, wordy):
    file = import_files.receive(shop, SimpleUploadedFile("a.csv", listing("a")), title="a.csv", by=SYSTEM, member=None)
    jobs.run_files(100_000)
    import_files.agree(fresh(file), by=SYSTEM, member=None)
    jobs.run_files(100_000)
    assert (fresh(file).state, said(shop)) == (ImportState.DONE, ["a"])
