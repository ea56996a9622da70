"""Scheduled exports: when they are owed, with whose rights, once for each turn, and who is told what came of them."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now
from django.utils import timezone, translation

from sellercenter import events, exports, jobs, outbox, outgoing
from sellercenter.exports import asking, notices, rules, slots
from sellercenter.lifecycle import Refused
from sellercenter.models import (
    Event,
    Every,
    Export,
    ExportRule,
    ExportState,
    FileForm,
    MessageState,
    Notification,
    OutgoingMessage,
    Role,
)
from sellercenter.permissions import SYSTEM, Perm, StockRole, actor_for
from tests import make
from tests.conftest import Person, fresh, told, url
from tests.together import at_once, in_threads

pytestmark = pytest.mark.django_db
DAY, WEEK, MONTH = Every
ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/London", "Asia/Kolkata")]
LONDON = ZoneInfo("Europe/London")


@pytest.fixture(autouse=True)
def place(tmp_path, settings):
    settings.EXPORT_ROOT = tmp_path / "exports"


def rule_of(person: Person, **options: Any) -> ExportRule:
    """Keep a rule that exports orders every day at 7, and tells its owner."""
    source = exports.find(options.pop("source", "orders"))
    told = {"name": "Daily orders", "columns": ["number", "total"], "form": FileForm.CSV, "query": ""}
    told |= {"every": DAY, "hour": 7, "readers": [person.member]}
    layout = source.layouts[0]
    return rules.add(person.member, source=source, layout=layout, by=person.actor, **(told | options))


def let_it_be_owed(rule: ExportRule) -> None:
    ExportRule.objects.filter(pk=rule.pk).update(next_at=Now() - timedelta(minutes=1))


def finish(export: Export, state: ExportState = ExportState.READY) -> None:
    """Let an export end as its job would, without a file."""
    values: dict[str, Any] = {"error": "The disk is full."}
    if state == ExportState.READY:
        values = {"name": "x.csv", "sha256": "0" * 64, "rows": 3, "size": 9, "as_of": Now()}
        values["expires_at"] = Now() + timedelta(days=7)
    Export.objects.filter(pk=export.pk).update(state=state, **values)
    events.record(export.shop, f"export.{state}", fresh(export), by=SYSTEM, source=export.source)


def pass_on() -> None:
    """Let everybody be told: what follows from what happened is passed on in its turn."""
    for _round in range(3):
        outbox.fan_out(100)
    outgoing.send_due(100)


def chosen(export: Export) -> str:
    """Return the address of which an export was made."""
    assert export.job
    return str(export.job.params["chosen"]["query"])


# --- The calendar -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("every", list(Every))
def test_a_turn_comes_at_the_hour_of_the_wall_and_the_next_one_behind_it(zone, every):
    turn = {DAY: date(2026, 11, 21), WEEK: date(2026, 11, 16), MONTH: date(2026, 11, 1)}[every]
    then = {DAY: date(2026, 11, 22), WEEK: date(2026, 11, 23), MONTH: date(2026, 12, 1)}[every]
    at, after = (datetime(day.year, day.month, day.day, 7, tzinfo=zone) for day in (turn, then))
    moment = timedelta(microseconds=1)
    assert slots.newest(every, 7, zone, at) == (at, turn)
    assert slots.newest(every, 7, zone, after - moment) == (at, turn)
    assert slots.coming(every, 7, zone, at) == after
    assert slots.coming(every, 7, zone, at - moment) == at


@pytest.mark.parametrize(
    ("day", "hour", "at"),
    [
        (date(2026, 3, 29), 1, datetime(2026, 3, 29, 1, tzinfo=UTC)),  # skipped: the end of the gap
        (date(2026, 3, 29), 0, datetime(2026, 3, 29, 0, tzinfo=UTC)),
        (date(2026, 10, 25), 1, datetime(2026, 10, 25, 0, tzinfo=UTC)),  # comes twice: the first of the two
        (date(2026, 10, 25), 2, datetime(2026, 10, 25, 2, tzinfo=UTC)),
        (date(2026, 7, 1), 7, datetime(2026, 7, 1, 6, tzinfo=UTC)),
    ],
)
def test_an_hour_that_is_skipped_or_comes_twice_makes_one_turn(day, hour, at):
    second = timedelta(seconds=1)
    assert slots.coming(DAY, hour, LONDON, at - second) == at
    assert slots.newest(DAY, hour, LONDON, at) == (at, day)
    assert slots.newest(DAY, hour, LONDON, at - second)[1] == day - timedelta(days=1)
    # In the second of two equal hours it is not owed again.
    assert slots.coming(DAY, hour, LONDON, at + timedelta(hours=1)).astimezone(LONDON).date() > day


def test_in_a_zone_of_half_hours_the_turn_is_at_the_half_of_an_hour_of_utc():
    assert slots.coming(DAY, 7, ZONES[2], datetime(2026, 11, 22, tzinfo=UTC)) == datetime(
        2026, 11, 22, 1, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("every", "turn", "first", "last"),
    [
        (DAY, date(2026, 3, 1), date(2026, 2, 28), date(2026, 2, 28)),
        (DAY, date(2028, 3, 1), date(2028, 2, 29), date(2028, 2, 29)),
        (WEEK, date(2026, 11, 23), date(2026, 11, 16), date(2026, 11, 22)),
        (WEEK, date(2027, 1, 4), date(2026, 12, 28), date(2027, 1, 3)),
        (MONTH, date(2026, 3, 1), date(2026, 2, 1), date(2026, 2, 28)),
        (MONTH, date(2028, 3, 1), date(2028, 2, 1), date(2028, 2, 29)),
        (MONTH, date(2026, 11, 1), date(2026, 10, 1), date(2026, 10, 31)),
        (MONTH, date(2027, 1, 1), date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_a_file_is_about_the_whole_days_before_its_turn(every, turn, first, last):
    assert slots.days_of(every, turn) == (first, last)


@pytest.mark.parametrize(
    ("code", "low", "high"),
    [
        ("orders", "placed_from", "placed_to"),
        ("cases", "opened_from", "opened_to"),
        ("refunds", "requested_from", "requested_to"),
        ("figures", "day_from", "day_to"),
        ("stock", "", ""),
    ],
)
def test_the_days_are_asked_for_by_the_list_s_own_filters(code, low, high, shop):
    source = exports.find(code)
    query = slots.about(source, "", WEEK, date(2026, 11, 23))
    assert query == (f"{low}=2026-11-16&{high}=2026-11-22" if low else "")
    source.matching(shop, query, now=timezone.now()).count()


def test_what_a_rule_keeps_of_an_address_is_neither_private_nor_passing():
    orders = exports.find("orders")
    asked = (
        "phone=13800138000&status=unpaid&placed=7&placed_from=2026-01-01&paid_from=2026-01-01&list=abc&after=x&cols=a"
    )
    assert slots.lasting(orders, asked) == "paid_from=2026-01-01&status=unpaid"
    assert slots.lasting(orders, "q=13800138000&sort=placed") == "sort=placed"
    assert slots.lasting(orders, "q=green+tea&tab=to_ship") == "q=green+tea&tab=to_ship"


# --- Turns ------------------------------------------------------------------------------------------------------------


def test_a_turn_asks_for_the_day_before_with_the_rule_s_filter_once(shop, owner):
    rule = rule_of(owner, query="status=to_ship&placed=30")
    assert rules.make_due(10) == 0
    let_it_be_owed(rule)
    assert [rules.make_due(10) for _look in range(3)] == [1, 0, 0]
    slot, turn = slots.newest(DAY, 7, shop.zone, timezone.now())
    export = Export.objects.get()
    day = (turn - timedelta(days=1)).isoformat()
    assert (export.rule, export.slot, export.private, export.member) == (rule, slot, False, owner.member)
    assert chosen(export) == f"placed_from={day}&placed_to={day}&status=to_ship"
    assert export.columns == ["paid_amount", "method", "buyer_id", "number", "total"]
    assert fresh(rule).next_at == slots.coming(DAY, 7, shop.zone, timezone.now())


def test_after_an_outage_the_newest_turn_is_made_and_none_before_it(shop, owner):
    rule = rule_of(owner)
    ExportRule.objects.update(next_at=Now() - timedelta(days=20))
    assert rules.make_due(10) == 1
    assert [one.slot for one in rule.exports.all()] == [slots.newest(DAY, 7, shop.zone, timezone.now())[0]]
    let_it_be_owed(rule)
    assert rules.make_due(10) == 1
    assert rule.exports.count() == 1


def test_a_turn_waits_while_too_many_files_are_being_written(owner, shop):
    rule = rule_of(owner)
    source = exports.find("orders")
    told = {"source": source, "layout": source.layouts[0], "columns": (), "form": FileForm.CSV, "query": ""}
    for _one in range(asking.MOST_WAITING):
        asking.ask(owner.member, by=owner.actor, **told)
    let_it_be_owed(rule)
    assert rules.make_due(10) == 0
    assert (rule.exports.count(), fresh(rule).next_at > timezone.now()) == (0, True)
    Export.objects.update(state=ExportState.GONE)
    let_it_be_owed(rule)
    assert (rules.make_due(10), rule.exports.count()) == (1, 1)


def test_a_rule_acts_with_the_rights_that_its_owner_has_at_that_moment(shop, cast):
    data = cast["data"]
    rule = rule_of(data, readers=[])
    Role.objects.filter(shop=shop, stock=StockRole.DATA).update(perms=[Perm.ORDERS_VIEW])
    let_it_be_owed(rule)
    assert rules.make_due(10) == 1
    export = Export.objects.get()
    assert (export.state, export.job, export.rule) == (ExportState.FAILED, None, rule)
    assert export.error == f"{data.member.label} does not hold the right “Export lists, masked” any more."
    pass_on()
    assert fresh(rule).failures == 1
    assert told(export) == ["export.failed", "export.missed"]
    assert [one.member for one in Notification.objects.all()] == [data.member]


def test_five_failures_in_a_row_stop_a_rule_and_its_owner_is_told(shop, owner):
    rule = rule_of(owner)
    ends = [ExportState.FAILED] * 2 + [ExportState.READY] + [ExportState.FAILED] * 5
    seen = []
    for end in ends:
        finish(rules.run_now(rule, by=owner.actor), end)
        pass_on()
        seen.append((fresh(rule).failures, fresh(rule).next_at is not None))
    assert seen == [(1, True), (2, True), (0, True), (1, True), (2, True), (3, True), (4, True), (5, False)]
    why = "5 exports in a row failed, the last one for this reason: The disk is full."
    assert fresh(rule).stopped_because == why
    assert told(rule)[-1] == "export_rule.stopped"
    owner.get(url("notice_list", shop)).says("A scheduled export was stopped").says("Daily orders")
    owner.get(url("export_rule_change", rule)).says(why)
    ExportRule.objects.update(next_at=None)
    assert rules.make_due(10) == 0
    # Whoever lets it go on begins to count anew.
    owner.post(url("export_rule_resume", rule)).says("Active")
    finish(rules.run_now(rule, by=owner.actor), ExportState.FAILED)
    pass_on()
    assert (fresh(rule).failures, fresh(rule).stopped_because) == (1, "")


def test_passing_on_twice_counts_a_failure_once_and_tells_nobody_twice(owner):
    rule = rule_of(owner)
    export = rules.run_now(rule, by=owner.actor)
    finish(export, ExportState.FAILED)
    for _time in range(2):
        notices.OUTCOME.take(list(Event.objects.filter(kind="export.failed")))
    assert fresh(rule).failures == 1
    assert told(export).count("export.missed") == 1


def test_a_rule_of_somebody_who_left_stops_and_the_shop_s_owner_is_told(shop, owner, cast):
    rule = rule_of(cast["finance"])
    cast["finance"].member.disabled_at = timezone.now()
    cast["finance"].member.save()
    let_it_be_owed(rule)
    assert rules.make_due(10) == 1
    pass_on()
    assert not Export.objects.exists()
    assert (fresh(rule).next_at, fresh(rule).stopped_because) == (
        None,
        f"{cast['finance'].member.label} has left the shop.",
    )
    assert [one.member for one in Notification.objects.all()] == [owner.member]


# --- Who is told ------------------------------------------------------------------------------------------------------


@pytest.fixture
def mailed(cast, settings, monkeypatch):
    """Give some people of the team addresses, and send e-mails into memory."""
    settings.MESSAGE_GATEWAYS = {**settings.MESSAGE_GATEWAYS, "email": "sellercenter.gateways.EmailGateway"}
    settings.SITE_URL = "https://seller.example"
    monkeypatch.setattr(outgoing, "_channels", {name: outgoing._Channel() for name in outgoing._channels})
    for name in ("owner", "finance", "shipping"):
        user = cast[name].user
        user.email = f"{name}@shop.example"
        user.save()
    return cast


def test_readers_get_a_notice_and_a_mail_with_a_link_and_never_the_file(mailed, shop, owner):
    readers = [mailed[name].member for name in ("finance", "shipping", "data")]
    rule = rule_of(owner, readers=readers)
    export = rules.run_now(rule, by=owner.actor)
    finish(export)
    pass_on()
    # Shipping may not export; whoever has no address has the notice alone.
    assert {one.member for one in Notification.objects.all()} == {mailed["finance"].member, mailed["data"].member}
    assert [one.to for one in mail.outbox] == [["finance@shop.example"]]
    body = mail.outbox[0].body
    assert f"https://seller.example{url('export_detail', export)}" in body
    assert "3 rows" in body
    assert mail.outbox[0].attachments == []
    assert mail.outbox[0].subject == f"{shop.name}: Daily orders is there"
    page = owner.get(url("export_rule_change", rule)).says("lacks the right “Export lists, masked”").text
    assert page.count("lacks the right") >= 1
    mailed["finance"].get(url("notice_list", shop)).says("A scheduled export is there").says("Daily orders")


def test_who_lost_the_right_meanwhile_gets_no_mail(mailed, shop, owner):
    export = rules.run_now(rule_of(owner, readers=[mailed["finance"].member]), by=owner.actor)
    finish(export)
    for _round in range(3):
        outbox.fan_out(100)
    Role.objects.filter(shop=shop, stock=StockRole.FINANCE).update(perms=[Perm.ORDERS_VIEW])
    outgoing.send_due(100)
    assert mail.outbox == []
    assert OutgoingMessage.objects.get().state == MessageState.SKIPPED


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_mail_is_written_in_its_reader_s_language(language, shop, owner):
    export = rules.run_now(rule_of(owner), by=owner.actor)
    finish(export)
    with translation.override(language):
        subject, text = notices.written(fresh(export))
        source = str(exports.find("orders").label)
    assert (shop.name in subject, "Daily orders" in subject) == (True, True)
    assert f"{source}: " in text
    assert url("export_detail", export) in text


def test_the_owner_is_told_when_somebody_else_exports_private_data(shop, owner):
    clerk = make.member(shop, make.role(shop, Perm.ORDERS_VIEW, Perm.EXPORTS_CREATE, Perm.EXPORTS_PRIVATE))
    source = exports.find("orders")
    asked = {"source": source, "layout": source.layouts[0], "columns": (), "form": FileForm.CSV, "query": ""}
    asking.ask(clerk, by=actor_for(clerk), **asked)
    asking.ask(owner.member, private=True, reason="tax office", by=owner.actor, **asked)
    pass_on()
    assert not Notification.objects.exists()
    asking.ask(clerk, private=True, reason="tax office", by=actor_for(clerk), **asked)
    pass_on()
    assert [one.member for one in Notification.objects.all()] == [owner.member]
    owner.get(url("notice_list", shop)).says("Private data is being exported").keeps_quiet_about("tax office")


# --- Pages ------------------------------------------------------------------------------------------------------------

TYPED = {"name": "Week of cases", "every": "week", "hour": "6", "form": "xlsx", "columns": ["amount", "number"]}


def test_a_rule_is_made_changed_paused_and_deleted_in_the_browser(shop, owner, cast):
    about = {"source": "cases", "layout": "cases", "query": "tab=ended&opened=7"}
    owner.get(url("export_rule_new", shop), about).says("Cases").says("Ended").says("by “Opened”")
    readers = [owner.member.pk, cast["finance"].member.pk]
    owner.post(url("export_rule_new", shop), TYPED | about | {"readers": readers}).says("Week of cases").says("06:00")
    rule = ExportRule.objects.get()
    assert (rule.source, rule.query, rule.every, rule.hour, rule.member) == (
        "cases",
        "tab=ended",
        "week",
        6,
        owner.member,
    )
    assert rule.columns == ["order", "buyer_id", "amount", "number"]
    assert set(rule.readers.all()) == {owner.member, cast["finance"].member}
    owner.get(url("export_rule_list", shop)).says("Week of cases").says("Every Monday, of the week before")
    owner.post(url("export_rule_change", rule), TYPED | {"name": "Weekly", "hour": "5"}).says("Saved.")
    assert (fresh(rule).name, fresh(rule).hour, rule.readers.count()) == ("Weekly", 5, 0)
    owner.post(url("export_rule_pause", rule)).says("Paused")
    assert fresh(rule).next_at is None
    owner.post(url("export_rule_pause", rule)).says("rests already")
    owner.post(url("export_rule_resume", rule)).says("Active")
    owner.post(url("export_rule_run", rule)).says("The export is being written.")
    assert chosen(Export.objects.get()).startswith("opened_from=")
    owner.post(url("export_rule_delete", rule)).says("is deleted")
    assert (ExportRule.objects.count(), Export.objects.get().rule) == (0, None)
    assert not [event.data for event in events.of(rule) if "ended" in str(event.data)]
    kinds = ["created", "changed", "paused", "resumed", "deleted"]
    assert told(rule) == [f"export_rule.{kind}" for kind in kinds]


def test_bad_input_comes_back_with_what_was_typed(shop, owner):
    rule_of(owner, name="Week of cases")
    page = owner.post(url("export_rule_new", shop), TYPED | {"source": "cases"})
    assert page.code == 422
    assert "There is a scheduled export of this name." in page.text
    page = owner.post(url("export_rule_new", shop), TYPED | {"source": "cases", "hour": "24", "name": ""})
    assert page.code == 422
    assert "Give it a name." in page.text
    owner.get(url("export_rule_new", shop), {"source": "ghosts"}).says("There is no list “ghosts” to export.")
    page = owner.post(
        url("export_rule_new", shop), TYPED | {"name": "Other", "source": "cases", "query": "kind=ghosts"}
    )
    assert "These filters make no sense any more." in page.text
    assert ExportRule.objects.count() == 1


def test_a_rule_whose_layout_was_taken_out_can_still_be_seen_and_deleted(shop, owner):
    rule = rule_of(owner)
    ExportRule.objects.update(layout="taken-out")
    page = owner.get(url("export_rule_change", rule)).says("Daily orders")
    assert (page.context["form"], page.context["delete_url"]) == (None, url("export_rule_delete", rule))
    let_it_be_owed(rule)
    assert rules.make_due(10) == 1
    owner.get(url("export_rule_change", rule)).says("There is no layout “taken-out” here.")
    owner.post(url("export_rule_delete", rule)).says("is deleted")


def test_an_export_is_made_again_and_again_without_its_private_words(shop, owner):
    make.order(shop, recipient=make.RecipientFacts(name="A", phone=make.PHONE))
    source = exports.find("orders")
    export = asking.ask(
        owner.member,
        source=source,
        layout=source.layout("lines"),
        columns=["title", "number"],
        form=FileForm.CSV,
        query=f"phone={make.PHONE}&status=to_ship",
        by=owner.actor,
    )
    page = owner.get(url("export_rule_new", shop), {"export": export.pk})
    page.says("A row for each line").says("To ship").keeps_quiet_about(make.PHONE)
    assert 'name="query" value="status=to_ship"' in page.text
    assert page.text.index('value="title"') < page.text.index('value="total"')
    elsewhere = {"export": 10**9}
    assert owner.get(url("export_rule_new", shop), elsewhere).code == 404


def test_only_its_owner_changes_a_rule_and_who_manages_people_ends_it(shop, owner, cast):
    data, manager, finance = cast["data"], cast["manager"], cast["finance"]
    rule = rule_of(data)
    before = told(rule)
    finance.get(url("export_rule_change", rule)).says("Daily orders").keeps_quiet_about("Save")
    assert finance.post(url("export_rule_change", rule), TYPED).code == 422
    for door in ("pause", "run", "delete"):
        finance.post(url(f"export_rule_{door}", rule)).says(f"Only {data.member.label} can do this")
    manager.post(url("export_rule_run", rule)).says(f"Only {data.member.label} can do this")
    assert (told(rule), Export.objects.count()) == (before, 0)
    manager.post(url("export_rule_pause", rule)).says("Paused")
    manager.post(url("export_rule_delete", rule)).says("is deleted")
    # A list that one can't see has rules that one can't see.
    cases = rule_of(finance, source="cases", name="Cases", columns=[])
    assert data.get(url("export_rule_change", cases)).code == 404
    data.get(url("export_rule_list", shop)).keeps_quiet_about("Every day")


def test_nobody_lends_rights_that_are_not_theirs(shop, owner, cast, other_shop):
    viewer = cast["view_only"]
    with pytest.raises(PermissionDenied):
        rule_of(viewer)
    with pytest.raises(PermissionDenied):
        rule_of(cast["data"], source="cases")
    stranger = other_shop.members.get(owner=True)
    with pytest.raises(PermissionDenied):
        rule_of(owner, readers=[stranger])
    source = exports.find("orders")
    told = {"name": "x", "columns": [], "form": FileForm.CSV, "query": "", "every": DAY, "hour": 1, "readers": []}
    with pytest.raises(PermissionDenied):
        rules.add(owner.member, source=source, layout=source.layouts[0], by=cast["manager"].actor, **told)
    assert not ExportRule.objects.exists()


def test_a_shop_has_a_limited_number_of_rules(shop, owner):
    first = rule_of(owner)
    plain = {"shop": shop, "member": owner.member, "source": "orders", "layout": "orders"}
    ExportRule.objects.bulk_create(ExportRule(name=f"n{i}", **plain) for i in range(rules.MOST_RULES - 1))
    with pytest.raises(Refused, match="There are 20 scheduled exports already"):
        rule_of(owner, name="one more")
    rules.remove(first, by=owner.actor)
    rule_of(owner, name="one more")


# --- For real ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_however_many_processes_look_one_file_is_made_and_holds_the_day_before(shop, owner):
    today = timezone.now().astimezone(shop.zone).date()
    hour = timezone.now().astimezone(shop.zone).hour
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=shop.zone) - timedelta(days=1)
    placed = [noon, noon - timedelta(days=1), timezone.now()]
    wanted, *_others = make.orders(shop, [make.facts(shop, "to_ship", placed_at=at) for at in placed])
    rule = rule_of(owner, hour=hour)
    let_it_be_owed(rule)
    in_threads(*[lambda: rules.make_due(10)] * 4)
    export = Export.objects.get()
    jobs.run_files(10)
    pass_on()
    answer = owner.post(url("export_fetch", export)).response
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = [row for row in csv.reader(StringIO(text, newline="")) if not row[0].startswith("#")]
    assert [row[3] for row in rows[1:]] == [wanted.number]
    assert told(export) == ["export.asked", "export.ready", "export.announced", "export.downloaded"]
    assert [one.member for one in Notification.objects.all()] == [owner.member]


@pytest.mark.django_db(transaction=True)
def test_rules_that_get_one_name_at_the_same_moment_do_not_both_get_it(owner):
    some = [rule_of(owner, name=f"No. {n}") for n in range(5)]
    told = {"name": "Same", "columns": ["number"], "form": FileForm.CSV, "every": DAY, "hour": 7}
    acts = [lambda one=one: rules.change(one, values=told, readers=[], by=owner.actor) for one in some]
    assert at_once(*acts) == ["done", *["name_taken"] * 4]
    assert ExportRule.objects.filter(name="Same").count() == 1
