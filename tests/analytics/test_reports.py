"""The daily report: once per shop and day, at the hour of the shop's clock, to those whom the owner chose."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email import message_from_string
from itertools import groupby

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.mail.backends.locmem import EmailBackend
from django.db.models.functions import Now

from analytics import report_content, report_readers, reports, rollups
from analytics.models import DailyReport, Dirt, FigureSetting, ReportCopy, StockAlert
from analytics.report_readers import next_at, owed_day
from orders.states import Status
from sellercenter import outbox, outgoing
from sellercenter.models import Event, MessageState, Notification, OutgoingMessage, Role, Shop
from sellercenter.permissions import Perm, StockRole
from sellercenter.times import hour_start
from tests import make
from tests.conftest import told, url
from tests.together import in_threads

pytestmark = pytest.mark.django_db
LONDON = Shop(code="x", time_zone="Europe/London", currency="GBP")
LANGUAGES = {"owner": "zh-hans", "finance": "en", "data": "en"}


def choose(shop, hour: int | None = 0, **chosen) -> FigureSetting:
    """Let the report come at an hour; midnight is over on every day."""
    return FigureSetting.objects.create(shop=shop, hour=hour, **chosen)


def role(shop, name: str) -> int:
    return Role.objects.get(shop=shop, stock=name).pk


def yesterday(shop) -> date:
    return make.NOW.astimezone(shop.zone).date() - timedelta(days=1)


@pytest.fixture(autouse=True)
def mailing(settings, monkeypatch) -> None:
    """Send e-mails into memory."""
    settings.MESSAGE_GATEWAYS = {**settings.MESSAGE_GATEWAYS, "email": "sellercenter.gateways.EmailGateway"}
    settings.SITE_URL = "https://seller.example"
    monkeypatch.setattr(outgoing, "_channels", {name: outgoing._Channel() for name in outgoing._channels})


@pytest.fixture
def readers(cast):
    """The owner and two roles that see figures have addresses, the manager has none; each reads in a language."""
    for name, language in LANGUAGES.items():
        user = cast[name].user
        user.email, user.language = f"{name}@shop.example", language
        user.save(update_fields=["email", "language"])
    return cast


def send() -> None:
    """Pass on what happened, and send what is due."""
    outbox.fan_out(1000)
    outgoing.send_due(1000)


@pytest.mark.parametrize(
    ("day", "hour", "at"),
    [
        (date(2026, 6, 1), 8, datetime(2026, 6, 1, 7, tzinfo=UTC)),
        (date(2026, 6, 1), 0, datetime(2026, 5, 31, 23, tzinfo=UTC)),
        # From 1:00 to 2:00 there is no time on this day.
        (date(2026, 3, 29), 1, datetime(2026, 3, 29, 1, tzinfo=UTC)),
        # And here it comes twice.
        (date(2026, 10, 25), 1, datetime(2026, 10, 25, 0, tzinfo=UTC)),
        (date(2026, 10, 25), 2, datetime(2026, 10, 25, 2, tzinfo=UTC)),
    ],
)
def test_the_hour_is_that_of_the_wall_also_where_it_is_skipped_or_comes_twice(day, hour, at):
    assert hour_start(day, hour, LONDON.zone) == at
    setting = FigureSetting(shop=LONDON, hour=hour)
    second = timedelta(seconds=1)
    assert owed_day(setting, at - second) != day - timedelta(days=1)
    assert {owed_day(setting, at + after) for after in (0 * second, timedelta(hours=2))} == {day - timedelta(days=1)}


def test_on_the_days_of_a_change_of_clocks_one_report_is_owed_and_no_other():
    for first in (date(2026, 3, 28), date(2026, 10, 24)):
        start = datetime(first.year, first.month, first.day, tzinfo=UTC)
        moments = [start + timedelta(minutes=10 * n) for n in range(6 * 24 * 3)]
        owed = [owed_day(FigureSetting(shop=LONDON, hour=1), moment) for moment in moments]
        days = [day for day, _same in groupby(owed) if day is not None]
        assert days == sorted(set(days)), "no day is owed twice"
        assert len(days) == 3


def test_switched_on_after_its_hour_the_first_report_comes_the_next_day():
    at = datetime(2026, 6, 1, 7, tzinfo=UTC)
    setting = FigureSetting(shop=LONDON, hour=8, since=at + timedelta(hours=3))
    assert owed_day(setting, at + timedelta(hours=4)) is None
    assert owed_day(setting, at + timedelta(hours=24)) == date(2026, 6, 1)
    assert next_at(setting, at + timedelta(hours=4)) == at + timedelta(hours=24)
    assert (owed_day(FigureSetting(shop=LONDON), at), next_at(FigureSetting(shop=LONDON), at)) == (None, None)


def test_a_report_is_made_once_and_tells_of_yesterday(shop, other_shop, readers):
    choose(shop, roles=[role(shop, "finance")])
    choose(other_shop, hour=None)
    assert [reports.make_due(10) for _look in range(3)] == [1, 0, 0]
    made = DailyReport.objects.get()
    assert (made.shop, made.day) == (shop, yesterday(shop))
    assert told(made) == ["report.made"]


def test_after_an_outage_the_report_of_yesterday_comes_and_no_older_one(shop):
    choose(shop)
    DailyReport.objects.create(shop=shop, day=yesterday(shop) - timedelta(days=5))
    assert reports.make_due(10) == 1
    assert list(DailyReport.objects.values_list("day", flat=True)) == [
        yesterday(shop),
        yesterday(shop) - timedelta(days=5),
    ]


def test_those_whom_the_owner_chose_are_told_while_they_may_see_figures(shop, readers):
    shipping = Role.objects.get(shop=shop, stock=StockRole.SHIPPING)
    choose(shop, to_owner=False, roles=[role(shop, "finance"), role(shop, "manager"), shipping.pk])
    reports.make_due(10)
    send()
    assert {one.member.role.stock for one in Notification.objects.all()} == {"finance", "manager"}
    assert [one.to for one in mail.outbox] == [["finance@shop.example"]]
    readers["finance"].get(url("notice_list", shop)).says("The daily report is there").says(yesterday(shop).isoformat())
    report = url("report_of", DailyReport.objects.get())
    readers["finance"].get(report).says("Report of")
    assert readers["shipping"].get(report).code == 403


def test_each_reads_it_in_their_own_language_as_text_and_html(shop, readers):
    choose(shop, roles=[role(shop, "finance")])
    make.order(shop, Status.TO_REVIEW, placed_at=make.NOW - make.DAY)
    rollups.recompute(shop, [yesterday(shop), yesterday(shop) - timedelta(days=1)])
    reports.make_due(10)
    send()
    owner, finance = sorted(mail.outbox, key=lambda one: one.to[0], reverse=True)
    assert finance.subject == f"兰亭茶社: report of {yesterday(shop)}"
    assert (owner.extra_headers["Content-Language"], finance.extra_headers["Content-Language"]) == ("zh-hans", "en")
    assert "Orders placed: " in finance.body
    assert "mean of 7 days: " in finance.body
    assert f"https://seller.example{url('report', shop)}?day={yesterday(shop)}" in finance.body
    html, kind = finance.alternatives[0]
    assert kind == "text/html"
    assert "To review" in html
    assert f'href="https://seller.example{url("order_list", shop)}' in html
    parts = message_from_string(finance.message().as_string())
    assert [part.get_content_type() for part in parts.walk()] == ["multipart/alternative", "text/plain", "text/html"]


class OneDeadAddress(EmailBackend):
    """A mail server that is not reached for one reader."""

    def send_messages(self, messages):
        if any("finance" in one.to[0] for one in messages):
            raise ConnectionRefusedError
        return super().send_messages(messages)


def test_a_mail_that_fails_is_sent_again_without_doubling_others(shop, readers, settings):
    choose(shop, roles=[role(shop, "finance"), role(shop, "data")])
    reports.make_due(10)
    settings.EMAIL_BACKEND = f"{__name__}.OneDeadAddress"
    send()
    assert sorted(one.to[0] for one in mail.outbox) == ["data@shop.example", "owner@shop.example"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    OutgoingMessage.objects.filter(state=MessageState.WAITING).update(due_at=Now())
    send()
    assert sorted(one.to[0] for one in mail.outbox) == [f"{name}@shop.example" for name in ("data", "finance", "owner")]
    assert set(OutgoingMessage.objects.values_list("state", flat=True)) == {MessageState.SENT}
    assert len({one.extra_headers["Message-ID"] for one in mail.outbox}) == 3


def test_who_lost_the_right_meanwhile_gets_no_mail(shop, readers):
    choose(shop, to_owner=False, roles=[role(shop, "finance")])
    reports.make_due(10)
    Role.objects.filter(pk=role(shop, "finance")).update(perms=[Perm.ORDERS_VIEW])
    send()
    assert mail.outbox == []
    assert not Notification.objects.exists()
    assert OutgoingMessage.objects.get().state == MessageState.SKIPPED


def test_a_mail_waits_for_the_figures_of_its_day_but_not_for_long(shop, readers):
    choose(shop)
    make.order(shop, placed_at=make.NOW - make.DAY)
    Dirt.objects.filter(shop=shop).update(at=make.NOW - 2 * make.DAY)
    reports.make_due(10)
    send()
    for _minute in range(outgoing.MOST_ATTEMPTS + 1):
        OutgoingMessage.objects.update(due_at=Now())
        send()
    assert mail.outbox == []
    assert OutgoingMessage.objects.get().state == MessageState.WAITING
    ReportCopy.objects.update(made_at=make.NOW - 2 * make.HOUR)
    OutgoingMessage.objects.update(due_at=Now())
    send()
    assert [one.to for one in mail.outbox] == [["owner@shop.example"]]


def test_without_e_mail_the_notice_comes_alone(shop, readers):
    choose(shop, by_mail=False)
    reports.make_due(10)
    send()
    assert (mail.outbox, Notification.objects.count()) == ([], 1)


def test_anybody_who_sees_figures_may_try_it_on_themselves(shop, readers, manager):
    readers["data"].post(url("report_trial", shop)).says("The report of yesterday is on its way to data@shop.example.")
    send()
    assert [(one.to, one.subject[:6]) for one in mail.outbox] == [(["data@shop.example"], "Trial:")]
    readers["data"].post(url("report_trial", shop)).says("A trial has left within the last minute.")
    manager.post(url("report_trial", shop)).says("No e-mail address is known of you.")
    assert ReportCopy.objects.count() == 1
    with pytest.raises(PermissionDenied):
        reports.send_trial(manager.member, day=yesterday(shop), by=readers["data"].actor)
    choose(shop, roles=[role(shop, "data")])
    reports.make_due(10)
    send()
    assert len(mail.outbox) == 3, "the trial of the same day stands in nobody's way"


def test_where_no_e_mail_leaves_a_trial_says_so(shop, readers, settings):
    settings.MESSAGE_GATEWAYS = {**settings.MESSAGE_GATEWAYS, "email": "sellercenter.gateways.NoGateway"}
    readers["data"].post(url("report_trial", shop)).says("This installation sends no e-mail.")
    assert not ReportCopy.objects.exists()


def form(shop, **values) -> dict:
    return {
        "hour": "8",
        "to_owner": "on",
        "roles": [str(role(shop, "finance"))],
        "by_mail": "on",
        "lead_days": "10",
    } | values


def test_the_owner_chooses_the_hour_the_readers_and_their_addresses(shop, owner, cast):
    finance = cast["finance"].member
    own = {f"email_{finance.pk}": "books@shop.example", f"language_{finance.pk}": "zh-hans"}
    owner.post(url("report_settings", shop), form(shop, **own)).says("Saved. The next report comes on")
    setting = FigureSetting.objects.get(shop=shop)
    assert (setting.hour, setting.to_owner, setting.by_mail, setting.lead_days) == (8, True, True, 10)
    assert setting.roles == [role(shop, "finance")]
    assert setting.since is not None
    people = {one.label: one for one in report_readers.recipients(setting)}
    assert (len(people), report_readers.address_of(people[finance.label])) == (2, "books@shop.example")
    assert report_readers.language_of(people[finance.label]) == "zh-hans"
    event = Event.objects.get(kind="report.settings_changed")
    assert (event.data["after"]["hour"], event.data["readers"]) == (8, [finance.pk])
    assert "books@" not in str(event.data)
    owner.post(url("report_settings", shop), form(shop, **own)).says("Nothing was different, so nothing changed.")
    owner.post(url("report_settings", shop), form(shop, hour="", **own)).says("Saved. No daily report is sent.")
    assert Event.objects.filter(kind="report.settings_changed").count() == 2


@pytest.mark.parametrize(
    "values", [{"hour": "24"}, {"lead_days": "0"}, {"lead_days": ""}, {"roles": ["999999"]}, {"roles": ["x"]}]
)
def test_what_makes_no_sense_is_not_saved(shop, owner, values):
    assert owner.post(url("report_settings", shop), form(shop, **values)).code == 422
    assert not FigureSetting.objects.exists()


def test_a_bad_address_is_said_at_its_place_and_nothing_is_saved(shop, owner, cast):
    values = form(shop, **{f"email_{cast['finance'].member.pk}": "nowhere"})
    assert owner.post(url("report_settings", shop), values).code == 422
    assert not FigureSetting.objects.exists()


def test_the_name_of_a_role_is_text_and_no_part_of_the_page(shop, owner):
    make.member(shop, make.role(shop, Perm.FIGURES_VIEW, name="<b>bold</b>"))
    page = owner.get(url("report_settings", shop)).content.decode()
    assert "<b>bold</b>" not in page
    assert page.count("&lt;b&gt;bold&lt;/b&gt;") == 2, "as a role to choose, and beside its member"


def test_the_verb_refuses_what_is_of_another_shop_or_from_somebody_without_the_right(shop, other_shop, owner, manager):
    values = {"hour": 8, "to_owner": True, "roles": [], "by_mail": True, "lead_days": 7}
    foreign = Role.objects.filter(shop=other_shop).first().pk
    with pytest.raises(PermissionDenied):
        reports.change(shop, values={**values, "roles": [foreign]}, readers={}, by=owner.actor)
    stranger = other_shop.members.first().pk
    with pytest.raises(PermissionDenied):
        reports.change(shop, values=values, readers={stranger: {"email": "", "language": ""}}, by=owner.actor)
    with pytest.raises(PermissionDenied):
        reports.change(shop, values=values, readers={}, by=manager.actor)
    assert FigureSetting.objects.filter(hour__isnull=False).count() == 0


def test_the_page_shows_any_day_beside_the_days_before(shop, owner, data, django_assert_max_num_queries):
    day = yesterday(shop) - timedelta(days=3)
    noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    times = [noon] * 3 + [noon - make.DAY] * 2 + [noon - 2 * make.DAY] * 5
    make.orders(shop, [make.facts(shop, placed_at=at, paid_at=at) for at in times])
    rollups.recompute(shop, [day - timedelta(days=back) for back in range(9)])
    address = f"{url('report', shop)}?day={day}"
    data.get(address)
    with django_assert_max_num_queries(8):
        page = data.get(address)
    lines = {line.label: line for line in page.context["report"].lines}
    placed = lines["Orders placed"]
    assert (placed.value, placed.before, placed.mean) == ("3", "2", "1")
    assert (placed.before_change.text, placed.before_change.good) == ("+50.0 %", True)
    assert (placed.mean_change.text, placed.mean_change.good) == ("+200.0 %", True)
    assert lines["Average order value"].mean == "¥20.00"
    listed = owner.get(placed.url)
    assert len(listed.context["table"]["rows"]) == 3
    file = data.get(f"{address}&download=csv&table=figures").content.decode("utf-8-sig")
    assert '"Orders placed","3","2"' in file


@pytest.mark.parametrize("day", ["2026-13-01", "tomorrow", "1999-01-01", "2099-01-01"])
def test_a_day_that_is_not_over_has_no_report(shop, data, day):
    page = data.get(f"{url('report', shop)}?day={day}")
    assert page.code == 200
    assert "report" not in page.context


def test_what_waits_and_what_runs_out_stand_in_the_report(shop, owner, view_only):
    late = make.order(shop, Status.TO_SHIP, ship_by=make.NOW - make.HOUR)
    make.order(shop, Status.TO_SHIP, ship_by=make.NOW + make.HOUR)
    sku = late.lines.get().sku
    StockAlert.objects.create(shop=shop, sku=sku, available=1, runs_out_on=yesterday(shop))
    found = report_content.of(shop, yesterday(shop), actor=owner.actor, now=make.NOW)
    assert [(one.label, one.count, one.late) for one in found.waits] == [("To ship", "2", "1")]
    assert [one["sku"] for one in found.running_out] == [sku.number]
    assert found.running_out_count == 1
    owner.get(url("report", shop)).says("1 SKU runs out before new goods can come")


@pytest.mark.django_db(transaction=True)
def test_two_processes_make_one_report(shop):
    choose(shop)
    in_threads(*[lambda: reports.make_due(10)] * 4)
    assert DailyReport.objects.count() == 1
    assert Event.objects.filter(kind="report.made").count() == 1
