"""The pages of exports: from a list to its file, who may have it, and what is said when something is not possible."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.http import QueryDict
from django.urls import resolve, reverse
from django.utils import timezone

from sellercenter import exports, jobs, step_up
from sellercenter.export_forms import ExportForm
from sellercenter.export_lists import seen_by
from sellercenter.exports import Column, Layout
from sellercenter.exports.making import folder_of
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Export, ExportDownload, ExportState, ExportTemplate, FileForm, Member
from sellercenter.pages import TablePage
from sellercenter.permissions import Perm, actor_for
from tests import make
from tests.conftest import PASSWORD, fresh, url
from tests.sellercenter.exported import asked, ready, template
from tests.together import at_once

pytestmark = pytest.mark.django_db
REQUIRED = ["number", "paid_amount", "method", "buyer_id"]
HOSTILE = "<script>alert(1)</script>"
PHONE = "13800138000"


@pytest.fixture(autouse=True)
def place(tmp_path, settings):
    settings.EXPORT_ROOT = tmp_path / "exports"
    return settings.EXPORT_ROOT


def begin(person, shop, query: str = "", source: str = "orders") -> str:
    """Press “Export” above a list; return the address of the form."""
    answer = person.post(url("export_new", shop), {"source": source, "query": query})
    assert answer.code == 302
    return answer.headers["Location"]


def key_of(address: str) -> str:
    return QueryDict(address.partition("?")[2])["of"]


def send(person, shop, query: str = "", *, door: str = "export_new", source: str = "orders", **told: Any) -> Any:
    """Fill in the form for a list and send it."""
    usual = {"layout": "orders", "form": "csv", "days": "90", "columns_orders": ["number", "total"]}
    return person.post(url(door, shop), {"of": key_of(begin(person, shop, query, source)), **usual, **told})


def the_export() -> Export:
    return Export.objects.get()


def errors(answer) -> dict[str, list[str]]:
    assert answer.code == 422
    return {name: list(found) for name, found in answer.context["form"].errors.items()}


def allow(person, *rights: Perm) -> None:
    """Give the person's role some more rights."""
    role = person.member.role
    role.perms = sorted({*role.perms, *(str(one) for one in rights)})
    role.save()


# --- From the list to the form ----------------------------------------------------------------------------------------


def lists_with_sources(shop) -> list[str]:
    names = [one.url_name for one in exports.every_source().values()]
    return [name for name in names if issubclass(resolve(url(name, shop)).func.view_class, TablePage)]


def test_each_list_that_can_be_exported_offers_it_to_those_who_may(shop, owner, service):
    names = lists_with_sources(shop)
    assert {"order_list", "stock_list", "case_list"} <= set(names)
    for name in names:
        answer = owner.get(url(name, shop), {"sort": ""}, hx_target="list")
        assert f'action="{url("export_new", shop)}"' in answer.text, name
        offered = answer.context["export"]
        assert exports.find(offered["source"]).url_name == name
        allowed = service.get(url(name, shop), hx_target="list")
        assert allowed.code == 403 or allowed.context["export"] is None, name


def test_a_list_that_cannot_be_exported_offers_nothing(shop, owner):
    assert owner.get(url("job_list", shop), hx_target="list").context["export"] is None


def test_the_filter_travels_in_the_session_encrypted_and_never_in_an_address(shop, owner):
    address = begin(owner, shop, f"phone={PHONE}&status=to_ship")
    assert set(QueryDict(address.partition("?")[2])) == {"of"}
    kept = [one.get_decoded() for one in Session.objects.all()]
    assert any("export_choices" in one for one in kept)
    assert PHONE not in str(kept)
    page = owner.get(address)
    chips = {one["label"]: one["value"] for one in page.context["asked"]["chips"]}
    assert chips == {"Buyer's phone": "***", "Status": "To ship"}
    assert PHONE not in page.context["rule_url"]


def test_the_form_says_what_will_be_in_the_file(shop, owner):
    make.orders(shop, [make.facts(shop, "to_ship") for _n in range(3)] + [make.facts(shop, "unpaid")])
    page = owner.get(begin(owner, shop, "tab=to_ship&sort=-total&after=xyz"))
    told = page.context["asked"]
    assert (told["count"], str(told["label"])) == ("3", "Orders")
    assert told["chips"] == [{"label": "Tab", "value": "To ship"}]
    assert told["sort"] == "Total ↓"
    assert told["list_url"] == f"{url('order_list', shop)}?sort=-total&tab=to_ship"
    page.says("rows of the list “Orders”").says("Write names, phones and addresses in plain")


def test_the_choice_of_another_person_or_an_old_one_leads_back_to_the_lists(shop, owner, manager, monkeypatch):
    address = begin(owner, shop, "status=to_ship")
    manager.get(address).says("begun too long ago").says("What should be in the file?")
    manager.post(url("export_new", shop), {"of": key_of(address)}).says("begun too long ago")
    monkeypatch.setattr("sellercenter.export_choices._VALID_FOR", -1)
    owner.get(address).says("begun too long ago")
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour=red", "These filters make no sense any more"),
        ("tab=nowhere", "make no sense"),
        ("placed_from=yesterday", "make no sense"),
        ("sort=buyer", "is not a way to sort"),
        ("&".join(f"a{n}=1" for n in range(200)), "too many"),
    ],
)
def test_an_address_that_makes_no_sense_is_said_before_anything_is_asked(shop, owner, query, said):
    owner.post(url("export_new", shop), {"source": "orders", "query": query}).says(said)
    assert not Export.objects.exists()


def test_without_a_list_one_chooses_among_those_that_one_may_see(shop, owner, data):
    assert [one["code"] for one in owner.get(url("export_new", shop)).context["sources"]] == [*exports.every_source()]
    own = [one["code"] for one in data.get(url("export_new", shop)).context["sources"]]
    assert "orders" in own
    assert "cases" not in own
    assert data.post(url("export_new", shop), {"source": "cases"}).code == 403
    owner.post(url("export_new", shop), {"source": "nothing"}).says("There is no list “nothing”")
    owner.post(url("export_new", shop)).says("Choose a list first.")


# --- Time, columns, format --------------------------------------------------------------------------------------------


def test_a_list_that_chooses_no_time_gives_ninety_days_unless_all_is_asked_for(shop, owner):
    now = timezone.now()
    make.orders(shop, [make.facts(shop, placed_at=now - timedelta(days=days)) for days in (1, 89, 91, 400)])
    page = owner.get(begin(owner, shop))
    said = [(one["value"], one["label"], one["count"], one["checked"]) for one in page.context["days"]]
    assert said == [(90, "The last 90 days", "2", True), (0, "Everything that the list shows", "4", False)]
    page.says("All of it can be a large file")
    send(owner, shop)
    send(owner, shop, days="0")
    kept = [one.job.params["chosen"]["days"] for one in Export.objects.order_by("pk")]
    assert kept == [90, 0]
    said = errors(send(owner, shop, days="7"))
    assert said == {"days": ["Choose a time from the list."]}


@pytest.mark.parametrize("query", ["placed=30", "paid_from=2020-01-01", "q=tea", "number=25"])
def test_a_list_that_chooses_a_time_or_single_records_is_taken_whole(shop, owner, query):
    assert owner.get(begin(owner, shop, query)).context["days"] == []
    send(owner, shop, query, days="")
    assert the_export().job.params["chosen"]["days"] == 0


def test_columns_come_in_the_chosen_order_and_required_ones_are_never_missing(shop, owner):
    send(owner, shop, columns_orders=["total", "number", "city", "nonsense", "total"]).says("Being written")
    assert the_export().columns == ["paid_amount", "method", "buyer_id", "total", "number", "city"]


def test_the_last_choice_is_the_next_proposal_for_the_same_person_and_list(shop, owner, manager):
    send(owner, shop, columns_orders=["city", *REQUIRED], form="xlsx", layout="orders")
    page = owner.get(begin(owner, shop, "status=to_ship"))
    first = page.context["layouts"][0]
    assert [one["name"] for one in first["columns"] if one["shown"]] == ["city", *REQUIRED]
    assert (first["checked"], page.context["forms"][0]["checked"], page.context["templates"]) == (True, True, [])
    theirs = manager.get(begin(manager, shop)).context["layouts"][0]
    assert [one["name"] for one in theirs["columns"] if one["shown"]][:2] == ["number", "status"]


def test_other_programs_layouts_have_nothing_to_choose(shop, owner):
    page = owner.get(begin(owner, shop))
    fixed = [one.code for one in exports.find("orders").layouts if one.fixed]
    assert fixed
    assert [one["code"] for one in page.context["layouts"] if not one["columns"]] == fixed
    send(owner, shop, layout=fixed[0])
    assert (the_export().layout, the_export().columns) == (fixed[0], [])


def test_a_layout_without_required_columns_wants_at_least_one():
    plain = Layout("plain", "Plain", (Column("a", "A", "a"), Column("b", "B", "b")))
    source = replace(exports.find("orders"), layouts=(plain,))
    form = ExportForm(QueryDict("layout=plain&form=csv"), source=source, windowed=False)
    assert not form.is_valid()
    assert form.errors["layout"] == ["Tick at least one column."]
    form = ExportForm(QueryDict("layout=plain&form=csv&columns_plain=b"), source=source, windowed=False)
    assert (form.is_valid(), form.cleaned_data["columns"]) == (True, ["b"])


def test_what_was_typed_is_kept_when_something_is_wrong_but_the_password(shop, owner):
    told = {"layout": "lines", "form": "pdf", "columns_lines": ["title", "number"], "days": "0", "name": "mine"}
    secret = {"private": "1", "reason": "tax office", "password": "a-wrong-one-of-long"}
    answer = send(owner, shop, **told, **secret)
    assert errors(answer) == {"form": ["Choose CSV or Excel."]}
    lines = next(one for one in answer.context["layouts"] if one["code"] == "lines")
    shown = [one["name"] for one in lines["columns"] if one["shown"]]
    assert (lines["checked"], shown[-2:]) == (True, ["title", "number"])
    assert [one["checked"] for one in answer.context["days"]] == [False, True]
    assert answer.context["private"]["checked"]
    assert ('value="tax office"' in answer.text, 'value="mine"' in answer.text) == (True, True)
    assert "a-wrong-one-of-long" not in answer.text
    assert not Export.objects.exists()
    assert not ExportTemplate.objects.exists()


def test_the_form_of_each_source_opens_and_each_layout_can_be_asked_for(shop, owner):
    for source in exports.every_source().values():
        address = begin(owner, shop, source=source.code)
        page = owner.get(address)
        assert page.context["asked"]["label"] == source.label
        for layout in source.layouts:
            told = {"of": key_of(address), "layout": layout.code, "form": "csv"}
            told[f"columns_{layout.code}"] = [column.name for column in layout.columns[:3]]
            assert owner.post(url("export_new", shop), told).code == 302, layout.code
            Export.objects.update(state=ExportState.GONE)
    made = set(Export.objects.values_list("source", "layout"))
    assert made == {(source.code, one.code) for source in exports.every_source().values() for one in source.layouts}


def test_words_from_an_address_are_shown_as_text(shop, owner):
    make.order(shop)
    address = begin(owner, shop, f"city={HOSTILE}&q=%3Cimg%20src%3Dx%3E")
    html = owner.get(address).content.decode()
    send(owner, shop, f"city={HOSTILE}", name=HOSTILE)
    html += owner.get(url("export_detail", the_export())).content.decode()
    html += owner.get(begin(owner, shop)).content.decode()
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3
    assert "<script>alert" not in html
    assert "<img src=x>" not in html


def test_a_shop_with_too_many_files_is_told_what_to_do(shop, owner, settings):
    settings.EXPORT_FILES = 1
    ready(shop, owner.member)
    said = errors(send(owner, shop))
    assert said == {"__all__": ["The shop keeps 1 exports already. Delete one first."]}
    Export.objects.update(state=ExportState.GONE)
    for _n in range(4):
        assert send(owner, shop).code == 302
    assert "4 exports are being written already" in errors(send(owner, shop))["__all__"][0]


# --- Private data -----------------------------------------------------------------------------------------------------

SECRET = {"private": "1", "reason": "tax office", "password": PASSWORD}


def test_private_data_needs_the_right(shop, manager):
    page = manager.get(begin(manager, shop))
    assert page.context["private"] is None
    page.says("Names, phones and addresses are masked.")
    assert send(manager, shop, **SECRET).code == 403
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("told", "field", "said"),
    [
        ({"reason": ""}, "reason", "Say what the private data is needed for, in a few words."),
        ({"reason": " tax "}, "reason", "Say what the private data is needed for, in a few words."),
        ({"password": ""}, "password", "Give your own password once more."),
        ({"password": "not-my-password"}, "password", "This is not your password. Nothing was done."),
    ],
)
def test_private_data_needs_a_reason_and_the_own_password(shop, owner, told, field, said):
    assert errors(send(owner, shop, **{**SECRET, **told})) == {field: [said]}
    assert not Export.objects.exists()
    wrong = Event.objects.filter(kind="member.password_refused")
    assert wrong.count() == (said.startswith("This"))
    assert "not-my-password" not in str(list(wrong.values()))


def test_private_data_is_asked_for_with_reason_and_password_and_marked_everywhere(shop, owner):
    answer = send(owner, shop, **SECRET)
    export = the_export()
    assert (export.private, export.reason) == (True, "tax office")
    answer.says("With private data in plain, for: tax office.")
    owner.get(url("export_list", shop)).says("Private data")
    told = Event.objects.get(kind="export.asked").data
    assert (told["private"], told["reason"]) == (True, "tax office")
    assert PASSWORD not in str(list(Event.objects.values_list("data", flat=True)))


def test_half_a_reason_without_the_tick_is_in_nobodys_way(shop, owner):
    send(owner, shop, reason="tax")
    assert (the_export().private, the_export().reason) == (False, "")


def test_a_layout_without_private_data_says_so(shop, owner):
    bare = next(one for one in exports.every_source().values() if not any(lay.has_private for lay in one.layouts))
    page = owner.get(begin(owner, shop, source=bare.code)).keeps_quiet_about("are masked")
    assert page.context["private"] is None
    told = {"layout": bare.layouts[0].code, "days": ""}
    said = errors(send(owner, shop, source=bare.code, **told, **SECRET))
    assert said == {"__all__": ["This layout has no private data."]}


def test_after_five_wrong_passwords_the_right_one_must_wait_too(shop, owner):
    for _n in range(5):
        assert "password" in errors(send(owner, shop, **{**SECRET, "password": "not-my-password"}))
    locked = {"password": ["The password was wrong 5 times. Try again in 15 minutes."]}
    assert errors(send(owner, shop, **SECRET)) == locked
    assert not Export.objects.exists()
    assert Event.objects.filter(kind="member.password_refused").count() == 5
    # Without private data nobody is asked for a password.
    assert send(owner, shop).code == 302
    Event.objects.filter(kind="member.password_refused").update(at=timezone.now() - timedelta(minutes=16))
    assert send(owner, shop, **SECRET).code == 302


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_are_counted_one_by_one(shop, owner):
    def guess() -> None:
        step_up.confirm(owner.member, "not-my-password", before="a test", by=owner.actor)

    assert at_once(*[guess] * 8) == ["too_many_passwords"] * 3 + ["wrong_password"] * 5
    assert Event.objects.filter(kind="member.password_refused").count() == 5


def test_wrong_passwords_are_counted_for_the_person_in_all_shops(shop, owner):
    elsewhere = make.shop("elsewhere")
    Member.objects.create(shop=elsewhere, user=owner.user, label="Guest", role=make.role(elsewhere, *Perm.values))
    for _n in range(5):
        with pytest.raises(Refused, match="not your password"):
            step_up.confirm(owner.member, "not-my-password", before="a test", by=owner.actor)
    assert "password" in errors(send(owner, elsewhere, **SECRET))
    assert not Export.objects.exists()


# --- Templates --------------------------------------------------------------------------------------------------------


def test_a_template_is_saved_chosen_and_deleted(shop, owner, manager):
    told = {"layout": "lines", "columns_lines": ["title", "number"], "form": "csv", "days": "0"}
    answer = send(owner, shop, "status=to_ship", door="export_template_save", name=" weekly ", **told)
    saved = ExportTemplate.objects.get()
    assert (saved.name, saved.member, saved.layout) == ("weekly", owner.member, "lines")
    assert saved.columns[-2:] == ["title", "number"]
    page = owner.get(answer.headers["Location"])
    page.says("The template “weekly” is saved.")
    assert [(one["label"], one["active"]) for one in page.context["templates"]] == [("weekly", True)]
    lines = next(one for one in page.context["layouts"] if one["code"] == "lines")
    assert (lines["checked"], [one["name"] for one in lines["columns"] if one["shown"]]) == (True, saved.columns)
    assert [one["checked"] for one in page.context["days"]] == [False, True]
    assert page.context["asked"]["chips"] == [{"label": "Status", "value": "To ship"}]
    assert manager.get(begin(manager, shop)).context["templates"] == []
    assert manager.post(url("export_template_delete", saved)).code == 404
    owner.post(url("export_template_delete", saved), {"next": answer.headers["Location"]}).says("is deleted")
    assert not ExportTemplate.objects.exists()
    assert not Export.objects.exists()


def test_the_same_name_again_replaces_a_template_and_nothing_is_saved_without_a_name(shop, owner):
    for columns in (["total"], ["city"]):
        send(owner, shop, door="export_template_save", name="weekly", columns_orders=columns)
    assert ExportTemplate.objects.get().columns[-1] == "city"
    answer = send(owner, shop, door="export_template_save", name="", columns_orders=["total"])
    assert errors(answer) == {"name": ["Give the template a name."]}
    assert [one["name"] for one in answer.context["layouts"][0]["columns"] if one["shown"]][-1] == "total"


def test_a_template_of_the_team_needs_the_right_to_share(shop, owner, data):
    assert not data.get(begin(data, shop)).context["may_share"]
    assert send(data, shop, door="export_template_save", name="ours", shared="1").code == 403
    send(owner, shop, door="export_template_save", name="ours", shared="1")
    shared = ExportTemplate.objects.get()
    assert shared.member is None
    shown = data.get(begin(data, shop)).context["templates"]
    assert [(one["label"], one["mine"], one["delete_url"]) for one in shown] == [("ours", False, "")]
    assert data.post(url("export_template_delete", shared)).code == 403


def test_an_export_with_a_name_keeps_its_template_too_or_neither(shop, owner, settings):
    send(owner, shop, name="weekly")
    assert sorted(ExportTemplate.objects.values_list("name", flat=True)) == ["", "weekly"]
    settings.EXPORT_FILES = 0
    assert "__all__" in errors(send(owner, shop, name="other"))
    assert not ExportTemplate.objects.filter(name="other").exists()


def test_a_template_of_a_layout_or_columns_that_are_gone_does_no_harm(shop, owner):
    old = template(shop, owner.member, layout="gone", columns=["number"])
    half = template(shop, owner.member, "half", layout="orders", columns=["gone", "total"])
    for one in (old, half):
        assert owner.get(f"{begin(owner, shop)}&template={one.pk}").code == 200
    page = owner.get(f"{begin(owner, shop)}&template={half.pk}")
    shown = [one["name"] for one in page.context["layouts"][0]["columns"] if one["shown"]]
    assert shown == [*REQUIRED, "total"]


# --- One export -------------------------------------------------------------------------------------------------------


def test_the_page_tells_all_of_a_file_and_who_fetched_it(shop, owner, manager):
    export = ready(shop, owner.member, content=b"number\nA1\n")
    answer = manager.post(url("export_fetch", export))
    at = export.as_of.astimezone(shop.zone)
    assert answer.getvalue() == b"number\nA1\n"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="orders-lanting-{at:%Y-%m-%d-%H%M}.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert [(one.member, one.export) for one in ExportDownload.objects.all()] == [(manager.member, export)]
    page = owner.get(url("export_detail", export)).says("Some manager").says(export.sha256).says("Download (")
    assert [one["who"] for one in page.context["downloads"]] == [manager.actor.label]
    assert "<b>London</b>" not in page.content.decode()
    assert owner.get(url("export_fetch", export)).code == 405


@pytest.mark.parametrize("door", ["export_fetch", "export_delete"])
def test_rights_count_at_the_moment_of_the_download(shop, door, data):
    export = ready(shop, data.member)
    assert data.get(url("export_detail", export)).code == 200
    role = data.member.role
    role.perms = [Perm.EXPORTS_CREATE.value]
    role.save()
    assert (data.get(url("export_detail", export)).code, data.post(url(door, export)).code) == (404, 404)
    role.perms = [Perm.ORDERS_VIEW.value]
    role.save()
    assert (data.get(url("export_detail", export)).code, data.post(url(door, export)).code) == (403, 403)
    assert not ExportDownload.objects.exists()
    assert fresh(export).state == ExportState.READY


def test_private_files_are_for_who_asked_and_for_those_who_manage_people(shop, owner, manager, data):
    allow(data, Perm.EXPORTS_PRIVATE)
    private = {"private": True, "reason": "tax office"}
    own, other = ready(shop, data.member, **private), ready(shop, owner.member, **private)
    allowed = {
        (person, export): person.get(url("export_detail", export)).code
        for person in (owner, data, manager)
        for export in (own, other)
    }
    assert [*allowed.values()] == [200, 200, 200, 404, 404, 404]


def test_the_list_holds_exactly_what_may_be_fetched(cast, shop, owner):
    allow(cast["data"], Perm.EXPORTS_PRIVATE)
    for member in (owner.member, cast["data"].member, None):
        for source in ("orders", "cases", "gone"):
            for private in ({}, {"private": True, "reason": "tax office"}):
                ready(shop, member, source=source, **private)
    every = list(Export.objects.all())
    seen = {}
    for name, person in cast.items():
        if not person.member or person.member.shop != shop:
            continue
        actor = actor_for(Member.objects.select_related("user", "role", "shop").get(pk=person.member.pk))
        listed = {one.pk for one in Export.objects.filter(seen_by(actor))} if actor.may(Perm.EXPORTS_CREATE) else set()
        assert listed == {one.pk for one in every if exports.may_fetch(one, by=actor)}, name
        seen[name] = len(listed)
    assert (seen["owner"], seen["manager"], seen["data"], seen["finance"], seen["service"]) == (12, 6, 4, 6, 0)


def test_a_file_whose_time_is_over_says_so(shop, owner):
    export = ready(shop, owner.member, expires_at=timezone.now() - timedelta(minutes=1))
    page = owner.get(url("export_detail", export)).says("Deleted")
    assert (page.context["fetch_url"], page.context["again"]["label"]) == ("", "Open the list")
    owner.post(url("export_fetch", export)).says("This file is not kept any more. Export the list again.")
    assert not ExportDownload.objects.exists()


def test_a_file_that_is_missing_or_changed_is_not_given_out(shop, owner):
    export = ready(shop, owner.member)
    path = folder_of(shop.pk) / export.name
    path.write_bytes(b"something else")
    owner.post(url("export_fetch", export)).says("The file on the server was changed.")
    path.unlink()
    owner.post(url("export_fetch", export)).says("The file is missing on the server.")
    assert not ExportDownload.objects.exists()


def test_the_second_of_two_who_delete_is_told_that_nothing_is_left(
    shop, owner, manager, django_capture_on_commit_callbacks
):
    export = ready(shop, owner.member)
    path = folder_of(shop.pk) / export.name
    with django_capture_on_commit_callbacks(execute=True):
        owner.post(url("export_delete", export)).says("The file is deleted.")
    manager.post(url("export_delete", export)).says("There is no file to delete.")
    assert (fresh(export).state, path.exists()) == (ExportState.GONE, False)
    assert Event.objects.filter(kind="export.deleted").count() == 1
    manager.post(url("export_fetch", export)).says("This file is not kept any more.")


def test_an_export_that_is_being_written_can_be_stopped_and_asked_for_again(shop, owner, manager):
    page = send(owner, shop, f"phone={PHONE}")
    export = the_export()
    shown = page.landed.context["job"]
    assert (shown["open"], shown["url"]) == (True, url("export_detail", export))
    polled = owner.get(url("export_detail", export), hx_target="progress")
    assert 'id="progress"' in polled.text
    assert "<html" not in polled.text
    owner.post(shown["stop_url"], {"next": url("export_detail", export)}).says("It was stopped before it was whole.")
    assert owner.get(url("export_detail", export), hx_target="progress").headers["HX-Refresh"] == "true"
    assert fresh(export).state == ExportState.FAILED
    again = owner.get(url("export_detail", export)).context["again"]
    assert again["label"] == "Ask again"
    assert owner.get(again["url"]).context["asked"]["chips"] == [{"label": "Buyer's phone", "value": "***"}]
    # Nobody but the session of who asked knows the filter.
    assert manager.get(url("export_detail", export)).context["again"]["url"] == url("order_list", shop)


def test_the_page_of_a_job_leads_to_its_export(shop, owner):
    export = asked(shop, owner.member)
    owner.get(url("job_detail", export.job)).says("What this work is about")


def test_the_list_begins_with_what_to_do_and_offers_what_is_ready(shop, owner):
    owner.get(url("export_list", shop)).says("No exports yet.").says("Choose a list")
    export, over = ready(shop, owner.member), ready(shop, expires_at=timezone.now() - timedelta(days=1))
    text = owner.get(url("export_list", shop)).text
    assert f'formaction="{url("export_fetch", export)}"' in text
    assert url("export_fetch", over) not in text
    owner.get(url("export_list", shop), {"tab": "failed"}).says("Nothing here.")


def test_an_export_of_a_list_that_was_taken_out_is_nobodys(shop, owner):
    export = ready(shop, owner.member, source="gone")
    assert owner.get(url("export_detail", export)).code == 404
    export = ready(shop, owner.member, layout="gone")
    owner.get(url("export_detail", export)).says("gone")


# --- The whole way ----------------------------------------------------------------------------------------------------


def rows_of(content: bytes) -> list[list[str]]:
    rows = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))
    return [row for row in rows if not row[0].startswith("#")]


@pytest.mark.django_db(transaction=True)
def test_from_the_list_to_the_file_the_rows_are_the_same_and_so_is_the_order_of_the_columns(shop, owner):
    formula = "=HYPERLINK(1)"
    place = timezone.now() - timedelta(days=2)
    told = [make.facts(shop, "to_ship", city=formula, placed_at=place - n * make.HOUR) for n in range(3)]
    make.orders(shop, [*told, make.facts(shop, "to_ship", city="London"), make.facts(shop, "unpaid", city=formula)])
    query = f"tab=to_ship&city={formula}&sort=placed"
    listed = owner.get(f"{url('order_list', shop)}?{query}", hx_target="list").context["table"]["rows"]
    send(owner, shop, query, columns_orders=["city", "number", "method", "buyer_id", "paid_amount"])
    jobs.run_files(5)
    export = the_export()
    content = owner.post(url("export_fetch", export)).getvalue()
    head, *rows = rows_of(content)
    assert head == ["City", "Order no.", "Payment method", "Buyer id", "Paid amount"]
    assert [row[1] for row in rows] == [order.number for order in listed]
    assert ({row[0] for row in rows}, len(rows)) == ({f"'{formula}"}, 3)
    assert f"City: {formula}" in content.decode("utf-8-sig")
    page = owner.get(url("export_detail", export)).says("Download (")
    assert (page.context["export"]["rows"], page.context["job"]) == ("3", None)


@pytest.mark.django_db(transaction=True)
def test_a_right_that_was_taken_while_the_file_was_written_is_said_on_its_page(shop, owner, data):
    send(data, shop, form=FileForm.XLSX)
    role = data.member.role
    role.perms = [Perm.EXPORTS_CREATE.value]
    role.save()
    jobs.run_files(5)
    owner.get(url("export_detail", the_export())).says("does not hold the right “See orders” any more.").says(
        "Open the list"
    )
    assert reverse("export_fetch", args=[shop.code, the_export().pk]) not in owner.get(url("export_list", shop)).text
