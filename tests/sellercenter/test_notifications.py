"""Notices for people: by right, once, counted by the bell, and read by nobody else."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from orders.states import Status
from sellercenter import events, outbox, shops
from sellercenter.models import Member, Notification
from sellercenter.permissions import SYSTEM, Perm, StockRole
from tests import make
from tests.conftest import url

pytestmark = pytest.mark.django_db


def late(shop, *, count: int = 1, kind: str = "order.overdue", by=SYSTEM):
    """Let orders be late and everybody be told; return the orders."""
    orders = make.orders(shop, [make.facts(shop, Status.TO_SHIP) for _each in range(count)])
    with transaction.atomic():
        events.record_all(kind, orders, by=by)
    outbox.fan_out(100)
    return orders


def told_roles() -> set[str]:
    return {one.member.role.stock if one.member.role else "owner" for one in Notification.objects.all()}


@pytest.mark.parametrize(
    ("kind", "perm"),
    [
        ("order.overdue", Perm.PARCELS_SHIP),
        ("order.ship_warned", Perm.PARCELS_SHIP),
        ("order.cancel_requested", Perm.ORDERS_CANCEL),
        ("order.paid_late", Perm.REFUNDS_MAKE),
        ("order.silent", Perm.TRACKING_WATCH),
        ("order.step_failed", Perm.ORDERS_CANCEL),
    ],
)
def test_people_are_told_by_right(shop, cast, kind, perm):
    late(shop, kind=kind)
    able = {role for role in ["owner", *StockRole.values] if cast[role].actor.may(perm)}
    assert told_roles() == able
    assert 1 < len(able) < 12


def test_nobody_is_told_of_another_shop(shop, other_shop):
    late(shop)
    assert not Notification.objects.for_shop(other_shop).exists()
    assert not Notification.objects.filter(member__shop=other_shop).exists()


def test_who_was_switched_off_or_lost_the_right_is_not_told(shop, cast, owner):
    shops.disable(cast["shipping"].member, by=owner.actor)
    role = cast["packing"].member.role
    role.perms = [Perm.ORDERS_VIEW]
    role.save(update_fields=["perms"])
    late(shop)
    assert told_roles() == {"owner", "manager", "printing", "logistics"}


def test_who_did_it_is_not_told(shop, manager):
    late(shop, by=manager.actor)
    assert "manager" not in told_roles()
    assert "shipping" in told_roles()


def test_thousands_of_events_at_once_take_few_statements(shop, django_assert_max_num_queries):
    orders = make.orders(shop, [make.facts(shop, Status.TO_SHIP) for _each in range(300)])
    with transaction.atomic():
        events.record_all("order.overdue", orders, by=SYSTEM)
    with django_assert_max_num_queries(8):
        assert outbox.fan_out(300) == 300
    assert Notification.objects.count() == 300 * 6


def test_the_bell_counts_what_was_not_read(shop, shipping, view_only):
    late(shop, count=3)
    Notification.objects.filter(member=shipping.member).order_by("pk").first()
    shipping.get(url("home", shop)).says('<b class="bar-count">3</b>')
    shipping.get(url("notice_bell", shop)).says('<b class="bar-count">3</b>')
    view_only.get(url("notice_bell", shop)).keeps_quiet_about("bar-count")


def test_the_bell_counts_up_to_ninety_nine(shop, shipping):
    late(shop, count=100)
    assert shipping.get(url("notice_bell", shop)).says("99+").text.count("<a ") == 1


def test_the_bell_costs_the_page_no_query(shop, shipping, django_assert_num_queries):
    late(shop)
    address = url("notice_bell", shop)
    shipping.get(address)
    # session, user, places with everything that the shell counts
    with django_assert_num_queries(3):
        shipping.get(address)


def test_the_bell_counts_each_shop_apart(shop, other_shop, shipping):
    owner = Member.objects.select_related("user", "role").get(shop=other_shop, owner=True)
    Member.objects.create(user=shipping.user, shop=other_shop, role=other_shop.roles.first(), label="two")
    assert owner.shop_id != shop.pk
    late(shop, count=2)
    late(other_shop)
    shipping.get(url("notice_bell", shop)).says('<b class="bar-count">2</b>')


def test_the_list_names_each_record_and_leads_to_it(shop, shipping):
    one, two = late(shop, count=2)
    page = shipping.get(url("notice_list", shop)).says("Was not shipped in time")
    assert page.text.index(two.number) < page.text.index(one.number)
    notice = Notification.objects.get(member=shipping.member, event__subject_id=one.pk)
    answer = shipping.post(url("notice_read", shop), {"notice": notice.pk, "open": "1"})
    assert (answer.code, answer.headers["Location"]) == (302, url("order_detail", one))
    notice.refresh_from_db()
    assert abs(notice.read_at - timezone.now()).total_seconds() < 5
    shipping.get(url("notice_list", shop) + "?show=unread").says(two.number).keeps_quiet_about(one.number)
    shipping.get(url("notice_bell", shop)).says('<b class="bar-count">1</b>')


def test_a_list_of_many_names_them_with_few_queries(shop, shipping, django_assert_num_queries):
    late(shop, count=3)
    shipping.get(url("notice_list", shop))
    with django_assert_num_queries(6):
        few = shipping.get(url("notice_list", shop))
    late(shop, count=20)
    with django_assert_num_queries(6):
        many = shipping.get(url("notice_list", shop))
    assert (few.text.count("notice-mark"), many.text.count("notice-mark")) == (3, 23)


def test_the_list_has_pages(shop, shipping):
    late(shop, count=35)
    first = shipping.get(url("notice_list", shop))
    assert first.text.count('class="notice unread"') == 30
    second = shipping.get(first.context["pager"]["next_url"])
    assert second.text.count('class="notice unread"') == 5
    assert shipping.get(second.context["pager"]["prev_url"]).text.count('class="notice unread"') == 30
    shipping.get(url("notice_list", shop) + "?after=nonsense").says("Was not shipped in time")


def test_marking_one_as_read_stays_with_the_notices(shop, shipping):
    late(shop)
    notice = Notification.objects.get(member=shipping.member)
    back = url("notice_list", shop) + "?show=unread"
    answer = shipping.post(url("notice_read", shop), {"notice": notice.pk, "next": back})
    assert answer.headers["Location"] == back
    assert Notification.objects.filter(read_at=None, member=shipping.member).count() == 0
    assert Notification.objects.exclude(member=shipping.member).filter(read_at=None).count() == 5


@pytest.mark.parametrize("said", ["", "nonsense", "9" * 30, "-1", "٣"])
def test_nonsense_marks_nothing(shop, shipping, said):
    late(shop)
    shipping.post(url("notice_read", shop), {"notice": said, "open": "1"}).says("There is no such notice any more.")
    shipping.post(url("notice_read_all", shop), {"upto": said}).says("0 notices are read.")
    assert not Notification.objects.exclude(read_at=None).exists()


def test_nobody_reads_the_notices_of_others(shop, shipping, manager):
    late(shop)
    foreign = Notification.objects.get(member=manager.member)
    shipping.post(url("notice_read", shop), {"notice": foreign.pk, "open": "1"}).says("no such notice")
    foreign.refresh_from_db()
    assert foreign.read_at is None


def test_all_that_was_seen_is_read_and_what_came_later_is_not(shop, shipping):
    late(shop, count=2)
    seen = shipping.get(url("notice_list", shop)).context["newest"]
    late(shop)
    shipping.post(url("notice_read_all", shop), {"upto": seen}).says("2 notices are read.")
    own = Notification.objects.filter(member=shipping.member)
    assert (own.filter(read_at=None).count(), own.count()) == (1, 3)
    assert own.get(read_at=None).pk > seen


def test_an_empty_list_says_what_will_come(shop, view_only):
    view_only.get(url("notice_list", shop)).says("Nothing needs you.").keeps_quiet_about("Mark all as read")
