"""The policy page: typed as people say it, checked in sentences, saved once, remembered for good."""

from __future__ import annotations

from datetime import time, timedelta
from time import monotonic

import pytest
from django.core.exceptions import PermissionDenied

from orders import actions
from orders.models import Order
from orders.states import Status
from sellercenter import events, jobs, shops
from sellercenter.jobs import runner
from sellercenter.lifecycle import Refused
from sellercenter.models import POLICY_CLOCKS, Job, JobState, ShopPolicy
from sellercenter.policy_forms import in_units, remembered, span_said
from tests import make
from tests.conftest import fresh, told, url

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def policy_of(shop):
    return ShopPolicy.objects.get(shop=shop)


def typed(shop, **changes):
    """Return what the form holds when it was just opened, with changes typed over it."""
    policy = policy_of(shop)
    data = {"seen": shops.policy_mark(policy), "coupon": policy.coupon, "low_stock_at": policy.low_stock_at}
    data |= {name: getattr(policy, name) for name in ("appeal_file_days", "appeal_answer_days")}
    data["refund_limit"] = "" if policy.refund_limit is None else policy.refund_limit
    for name in POLICY_CLOCKS:
        number, data[f"{name}_unit"] = in_units(getattr(policy, name))
        data[name] = "" if number is None else number
    data |= {name: getattr(policy, name) for name in ("first_channels", "second_channels")}
    return data | {"quiet_from": "", "quiet_until": ""} | changes


def save(person, shop, **changes):
    return person.post(url("policy", shop), typed(shop, **changes))


def test_the_page_shows_every_part_with_its_default(shop, owner):
    answer = owner.get(url("policy", shop)).says("Default: 15 minutes.").says("Default: 16 hours.")
    answer.says("Default: 2 days.").says("Default: never.").says("Default: In-site message, SMS.").says("Default: 5.")
    fields = {field.name for section in answer.context["sections"] for field in section["fields"]}
    assert fields == set(shops.policy_parts())


def test_what_was_opened_and_saved_unchanged_changes_nothing(shop, owner):
    save(owner, shop).says("Nothing was different, so nothing changed.")
    assert told(policy_of(shop)) == []


def test_lengths_of_time_are_a_number_and_a_unit_and_empty_is_never(shop, owner):
    changes = {"first_reminder": 45, "receipt_window": 2, "receipt_window_unit": "hours", "tracking_silence": ""}
    save(owner, shop, **changes).says("Saved. It counts for orders and cases from now on.")
    policy = policy_of(shop)
    assert (policy.first_reminder, policy.receipt_window, policy.tracking_silence) == (45 * MINUTE, 2 * HOUR, None)
    event = events.of(policy).get()
    assert (event.kind, event.actor_label, event.data) == (
        "policy.changed",
        owner.member.label,
        {
            "before": {"first_reminder": "P0DT00H15M00S", "tracking_silence": "P7DT00H00M00S"}
            | {"receipt_window": "P10DT00H00M00S"},
            "after": {"first_reminder": "P0DT00H45M00S", "tracking_silence": None, "receipt_window": "P0DT02H00M00S"},
        },
    )


def test_everything_else_is_saved_too_and_the_history_tells_it(shop, owner):
    changes = {"quiet_from": "22:00", "quiet_until": "08:30", "coupon": "TEA<5>", "low_stock_at": 9}
    save(owner, shop, **changes, first_channels=["email", "sms"], second_channels=[])
    policy = policy_of(shop)
    assert (policy.quiet_from, policy.quiet_until) == (time(22), time(8, 30))
    assert (policy.coupon, policy.low_stock_at) == ("TEA<5>", 9)
    assert (policy.first_channels, policy.second_channels) == (["email", "sms"], [])
    details = owner.get(url("policy", shop)).says(owner.member.label).context["timeline"][0]["details"]
    assert ("Quiet until", "none", "08:30") in details
    assert ("Channels of the first reminder", "In-site message", "E-mail, SMS") in details
    assert ("Coupon offered with a reminder", "none", "TEA<5>") in details


WRONG = [
    ({"first_reminder": "soon"}, "first_reminder", "Write a whole number, or leave it empty for never."),
    ({"first_reminder": "1.5"}, "first_reminder", "Write a whole number, or leave it empty for never."),
    ({"first_reminder": 0}, "first_reminder", "Write a number above zero, or leave it empty for never."),
    ({"first_reminder": -3}, "first_reminder", "Write a number above zero, or leave it empty for never."),
    ({"ship_within": 366, "ship_within_unit": "days"}, "ship_within", "More than a year is too long."),
    ({"ship_within": 10**30}, "ship_within", "More than a year is too long."),
    ({"ship_within_unit": "years"}, "ship_within", "Choose a unit."),
    ({"ship_within_unit": ""}, "ship_within", "Choose a unit."),
    ({"second_reminder": 15, "second_reminder_unit": "minutes"}, "second_reminder", "must come after the first one."),
    (
        {"payment_window": 16, "payment_window_unit": "hours"},
        "payment_window",
        "Unpaid orders would be cancelled before the second reminder.",
    ),
    (
        {"payment_window": 10, "payment_window_unit": "minutes", "second_reminder": ""},
        "payment_window",
        "Unpaid orders would be cancelled before the first reminder.",
    ),
    ({"ship_within": 24, "ship_within_unit": "hours"}, "ship_within", "Make this longer than the warning."),
    ({"ship_within": ""}, "ship_warning", "Without a time to ship within nothing can be warned of."),
    ({"ship_cancel": 2, "ship_cancel_unit": "days"}, "ship_cancel", "Orders would be cancelled before they are late."),
    ({"quiet_from": "22:00"}, "quiet_until", "Quiet hours need both ends."),
    ({"quiet_until": "22:00"}, "quiet_from", "Quiet hours need both ends."),
    ({"quiet_from": "22:00", "quiet_until": "22:00"}, "quiet_until", "Quiet hours can't end at the minute"),
    ({"quiet_from": "25:00", "quiet_until": "08:00"}, "quiet_from", "Enter a valid time."),
    ({"first_channels": ["pigeon"]}, "first_channels", "Select a valid choice."),
    (
        {"case_answer": 12, "case_answer_unit": "hours"},
        "case_answer",
        "The warning would come before the case.",
    ),
    (
        {"inspect_within": 6, "inspect_within_unit": "hours"},
        "inspect_within",
        "The warning would come before the return.",
    ),
    ({"refund_limit": "-1"}, "refund_limit", "Write an amount, or leave it empty"),
    ({"refund_limit": "10.001"}, "refund_limit", "no more than 2 decimal places"),
    ({"appeal_file_days": 0}, "appeal_file_days", "Write a number of days from 1 to 365."),
    ({"appeal_answer_days": ""}, "appeal_answer_days", "This field is required."),
    ({"low_stock_at": -1}, "low_stock_at", "greater than or equal to 0"),
    ({"seen": ""}, "seen", "This field is required."),
]


@pytest.mark.parametrize(("changes", "field", "said"), WRONG, ids=lambda one: str(one)[:40])
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(shop, owner, changes, field, said):
    before = policy_of(shop)
    answer = save(owner, shop, **({"low_stock_at": 8} | changes))
    errors = answer.context["form"].errors
    assert (answer.code, list(errors)) == (422, [field])
    assert said in errors[field][0]
    assert shops.policy_mark(policy_of(shop)) == shops.policy_mark(before)
    assert told(before) == []


def test_what_was_typed_is_kept_beside_what_is_saved(shop, owner):
    answer = save(owner, shop, first_reminder=20, quiet_from="22:00")
    assert 'value="20"' in answer.text
    assert "Saved now: 15 minutes." in answer.text


def test_of_two_who_save_at_once_the_second_is_told_and_may_then_save(shop, owner, manager):
    mine = typed(shop, first_reminder=20)
    save(owner, shop, first_reminder=30, coupon="<b>TEA</b>")
    answer = owner.post(url("policy", shop), mine)
    assert answer.code == 422
    assert "Somebody changed the policy meanwhile." in answer.text
    assert "Saved now: 30 minutes." in answer.text
    assert b"<b>TEA</b>" not in answer.content
    assert policy_of(shop).first_reminder == 30 * MINUTE
    seen = answer.context["seen"]
    assert seen["value"] == shops.policy_mark(policy_of(shop))
    owner.post(url("policy", shop), mine | {seen["name"]: seen["value"]}).says("Saved. It counts")
    assert policy_of(shop).first_reminder == 20 * MINUTE


def test_the_verb_asks_for_the_right_and_for_names_that_a_policy_has(shop, owner, manager):
    seen = shops.policy_mark(policy_of(shop))
    with pytest.raises(PermissionDenied):
        shops.change_policy(shop, values={"low_stock_at": 1}, seen=seen, by=manager.actor)
    with pytest.raises(TypeError):
        shops.change_policy(shop, values={"shop": None}, seen=seen, by=owner.actor)
    with pytest.raises(Refused, match="meanwhile"):
        shops.change_policy(shop, values={"low_stock_at": 1}, seen="", by=owner.actor)
    assert policy_of(shop).low_stock_at == 5


def test_orders_in_flight_keep_their_times_unless_the_owner_ticks(shop, owner):
    order = make.order(shop, Status.UNPAID, placed_at=make.NOW - HOUR)
    kept = order.pay_by
    save(owner, shop, payment_window=5)
    assert (fresh(order).pay_by, Job.objects.count()) == (kept, 0)
    save(owner, shop, open_orders="on").says("Open orders and cases are getting their new times")
    jobs.run_some(500)
    job = Job.objects.get(kind="orders.replan")
    assert (job.state, job.done) == (JobState.DONE, 1)
    assert fresh(order).pay_by == make.NOW - HOUR + 5 * DAY


def test_open_orders_get_their_new_times_in_turns_and_go_on_where_it_stopped(shop, owner, monkeypatch):
    orders = [make.order(shop, Status.UNPAID, placed_at=make.NOW - HOUR) for _i in range(7)]
    kept = orders[0].pay_by
    monkeypatch.setattr(runner, "TOGETHER", 2)
    save(owner, shop, payment_window=5, open_orders="on")
    jobs.run_some(4)
    assert [fresh(order).pay_by == kept for order in orders] == [False] * 4 + [True] * 3
    # What was done is not done again: whoever changes it meanwhile keeps that.
    Order.objects.filter(pk=orders[0].pk).update(pay_by=kept)
    actions.cancel(orders[6], reason="sold out", by=owner.actor)
    while jobs.run_some(4):
        pass
    assert [fresh(order).pay_by == kept for order in orders] == [True] + [False] * 5 + [True]
    job = Job.objects.get(kind="orders.replan")
    assert (job.state, job.done, job.skipped) == (JobState.DONE, 6, 1)
    assert job.items.get(ref=orders[6].pk).code == "over"


def test_who_was_fenced_out_winds_nothing(shop, owner):
    order = make.order(shop, Status.UNPAID, placed_at=make.NOW - HOUR)
    save(owner, shop, payment_window=5, open_orders="on")
    job = runner._claim()
    Job.objects.filter(pk=job.pk).update(fence=job.fence + 1)
    runner._turn(job, 500, monotonic() + 9)
    assert fresh(order).pay_by == order.pay_by


def test_a_promise_of_the_platform_outlives_the_new_policy(shop, owner):
    promised = make.order(shop, Status.TO_SHIP, ship_by=make.NOW + 9 * DAY)
    ours = make.order(shop, Status.TO_SHIP)
    assert ours.ship_by == ours.paid_at + 3 * DAY
    save(owner, shop, ship_within=4, open_orders="on")
    jobs.run_some(500)
    assert fresh(promised).ship_by == make.NOW + 9 * DAY
    assert fresh(ours).ship_by == ours.paid_at + 4 * DAY


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "never"),
        (MINUTE, "1 minute"),
        (90 * MINUTE, "90 minutes"),
        (48 * HOUR, "2 days"),
        (25 * HOUR, "25 hours"),
        (timedelta(seconds=61), "2 minutes"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_whole_unit(value, words):
    assert span_said(value) == words


def test_the_history_is_read_back_as_it_was_kept():
    assert remembered("ship_within", "P3DT00H00M00S") == "3 days"
    assert remembered("ship_cancel", None) == "never"
    assert remembered("quiet_from", "22:00:00") == "22:00"
    assert remembered("first_channels", []) == "none"
    assert remembered("low_stock_at", 0) == "0"


def test_the_administration_shows_the_policy_and_changes_nothing(shop, django_user_model, client):
    client.force_login(django_user_model.objects.create_superuser("root"))
    page = client.get(f"/admin/sellercenter/shop/{shop.pk}/change/").content.decode()
    assert "first payment reminder" in page.lower()
    assert 'name="policy-0-first_reminder"' not in page
