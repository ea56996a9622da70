"""What a review found once and must not come back, one test for each door that was open."""

from __future__ import annotations

import base64
import json
import threading
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from orders import search, timeline
from orders.lifecycle import ORDER
from orders.models import Order, Recipient
from orders.states import CancelledBy, LineStatus, Status
from orders.tables import OrderTable
from sellercenter import addresses, events, money, privacy, shops
from sellercenter.columns import Setting
from sellercenter.filters import LastDays
from sellercenter.lifecycle import Refused
from sellercenter.models import Member, Role, SavedView, User
from sellercenter.permissions import SYSTEM
from tests import make
from tests.conftest import fresh, told, url

PASSWORD = "a-long-word-of-pass"


def test_the_history_names_whatever_an_import_says_it_changed(shop):
    order = make.order(shop)
    names = [field.name for field in Order._meta.get_fields()] + ["lines", "parcels", "no such field"]
    with transaction.atomic():
        events.record(shop, "order.imported", order, by=SYSTEM, changed=names)
    entries = timeline.stream(events.of(order), Setting(shop, make.NOW))
    assert len(entries[0]["details"]) == len(names)


@pytest.mark.parametrize("address", ["Flat 3*B, 12 High Street", "1*"])
def test_an_address_with_an_asterisk_is_no_masked_one_unless_it_hides_all(shop, address):
    order = make.order(shop, recipient=make.RecipientFacts(name="Jane Doe", phone="13800138000", address=address))
    kept = Recipient.objects.get(order=order)
    plain = "*" not in address[:2]
    assert bool(kept.address_sealed) is plain
    assert "High Street" not in kept.address_masked


@pytest.mark.parametrize("digits", [9, 10, 11, 13])
def test_a_masked_phone_hides_at_least_four_digits(digits):
    assert privacy.mask_phone("1234567890123"[:digits]).count("*") >= 4


def test_a_saved_view_of_a_thousand_empty_parts_is_stored_empty(shop, owner):
    owner.post(url("order_list_view_save", shop), {"name": "x", "shared": "1", "query": "&" * 1100})
    owner.get(url("order_list", shop)).says("Orders")


def test_a_saved_view_with_more_parts_than_any_list_could_ask_for_is_refused(shop, owner):
    query = "&".join(f"status={n}" for n in range(200))
    owner.post(url("order_list_view_save", shop), {"name": "x", "query": query}).says("too many")
    assert not SavedView.objects.exists()
    with pytest.raises(Refused):
        addresses.normal(query)


def test_a_saved_view_keeps_no_phone(shop, owner):
    owner.post(url("order_list_view_save", shop), {"name": "x", "query": "phone=13800138000&tab=unpaid&list=3"})
    assert SavedView.objects.get().query == "tab=unpaid"


def test_a_beginning_that_thousands_of_numbers_share_brings_the_newest_orders(shop, monkeypatch):
    monkeypatch.setattr(search, "MOST_CANDIDATES", 3)
    made = [make.order(shop, number=f"A100{n}", placed_at=make.NOW - n * make.HOUR) for n in range(6)]
    rows = Order.objects.for_shop(shop)
    page = search.fetch(rows, "A100", OrderTable.sorts["placed"], 2, None, shop=shop)
    assert [one.pk for one in page.rows] == [one.pk for one in made[:2]]


def test_a_word_that_means_very_many_products_cuts_none_of_them_off(shop, monkeypatch):
    monkeypatch.setattr(search, "MOST_PRODUCTS", 2)
    made = [make.order(shop, lines=[make.line(f"Tea {n}")]) for n in range(5)]
    for sort in OrderTable.sorts.values():
        page = search.fetch(Order.objects.for_shop(shop), "tea", sort, 50, None, shop=shop)
        assert {one.pk for one in page.rows} == {one.pk for one in made}


@pytest.mark.parametrize("value", ["2026-01-01T00:00:00+23:00", "2026-01-01T00:00:00+05:30:15.123456"])
def test_a_cursor_with_an_odd_offset_is_a_page_and_no_crash(shop, owner, value):
    token = base64.urlsafe_b64encode(json.dumps([value, 5, 0]).encode()).decode().rstrip("=")
    assert owner.get(url("order_list", shop), {"after": token}).code == 200


@pytest.mark.parametrize("amount", ["1e-99999", "1e-20000", "123456789012345", "0.001"])
def test_an_amount_that_no_column_holds_is_refused(shop, owner, amount):
    make.order(shop)
    answer = owner.get(url("order_list", shop), {"total_from": amount})
    assert answer.code == 200
    assert "<tbody><tr" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_create_one_sub_account(shop, owner):
    role = Role.objects.for_shop(shop).get(stock="packing")
    start, said = threading.Barrier(2), []

    def click():
        try:
            start.wait()
            shops.add_member(shop, username="twin", password=PASSWORD, label="Twin", role=role, by=owner.actor)
            said.append("made")
        except (Refused, ValidationError):
            said.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["made", "refused"]
    assert User.objects.filter(username="twin").count() == 1


def test_no_member_holds_a_role_of_another_shop(shop, other_shop, packing, client):
    theirs = Role.objects.for_shop(other_shop).get(stock="manager")
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))
    data = {"user": packing.user.pk, "shop": shop.pk, "role": theirs.pk, "label": "Packer"}
    answer = client.post(f"/admin/sellercenter/member/{packing.member.pk}/change/", data)
    assert "This role belongs to another shop." in answer.content.decode()
    assert fresh(packing.member).role_id == packing.member.role_id
    with transaction.atomic():
        Member.objects.filter(pk=packing.member.pk).update(role=theirs)
        with pytest.raises(IntegrityError):
            connection.check_constraints()
        transaction.set_rollback(True)


def test_an_administrator_leaves_a_trace_in_the_shops_history(shop, packing, client):
    admin = User.objects.create_superuser("root", password=PASSWORD)
    client.force_login(admin)
    data = {"user": packing.user.pk, "shop": shop.pk, "role": packing.member.role_id, "label": "Packer"}
    client.post(f"/admin/sellercenter/member/{packing.member.pk}/change/", data)
    assert fresh(packing.member).label == "Packer"
    assert told(packing.member)[-1] == "member.administered"


def test_the_demo_stays_out_of_a_database_with_other_peoples_shops(shop):
    with pytest.raises(CommandError, match="not the demo's"):
        call_command("demo", orders=5, alone=True)
    assert not User.objects.filter(username="admin").exists()


def test_a_move_lets_no_verb_write_what_the_move_writes(shop):
    order = make.order(shop, Status.TO_REVIEW)
    with pytest.raises(TypeError, match="due_at"), transaction.atomic():
        ORDER.move(order, "approve", by=SYSTEM, due_at=None)
    assert fresh(order).status == Status.TO_REVIEW


def test_a_moved_order_knows_its_new_deadline(shop):
    order = make.order(shop, Status.UNPAID)
    with transaction.atomic():
        ORDER.move(order, "pay", by=SYSTEM, paid_at=make.NOW, ship_by=make.NOW + make.DAY)
    assert order.deadline_at == make.NOW + make.DAY


def test_cancelling_keeps_the_reason_of_a_line_that_was_cancelled_before(shop, owner):
    gone = make.line("Cup", cancelled=True, cancel_reason="Sold out")
    order = make.order(shop, Status.TO_REVIEW, lines=[make.line(), gone])
    owner.post(url("order_cancel", order), {"reason": "Buyer's wish"})
    reasons = dict(order.lines.values_list("title", "cancel_reason"))
    assert reasons == {"Green tea": "Buyer's wish", "Cup": "Sold out"}
    assert {*order.lines.values_list("status", flat=True)} == {LineStatus.CANCELLED}
    assert fresh(order).cancelled_by == CancelledBy.SELLER


def test_the_words_of_a_seller_note_stay_out_of_the_history(shop, owner):
    order = make.order(shop)
    owner.post(url("order_seller_note", order), {"note": "call 13800138000", "before": ""})
    assert fresh(order).seller_note == "call 13800138000"
    assert "13800138000" not in json.dumps([event.data for event in events.of(order)])


def test_quick_spans_of_days_speak_the_readers_language():
    choices = LastDays(field_name="placed_at").extra["choices"]
    with translation.override("zh-hans"):
        assert "天" in str(choices[0][1])
    with translation.override("en"):
        assert str(choices[0][1]) == "7 days"


def test_a_carrier_is_found_in_any_capitals_and_an_unknown_one_is_not(shop):
    order = make.order(shop, Status.SHIPPED, parcels=[make.ParcelFacts(carrier="Royal Mail", tracking_no="RM1")])
    rows = Order.objects.for_shop(shop)
    from orders.filters import _carrier

    assert [one.pk for one in rows.filter(_carrier(shop, "ROYAL mail"))] == [order.pk]
    assert not rows.filter(_carrier(shop, "nosuch")).exists()


def test_money_has_one_zero():
    assert money.text(Decimal("-0.001"), "CNY") == "¥0.00"


@pytest.mark.django_db(transaction=True)
def test_a_click_on_an_order_that_is_locked_elsewhere_is_told_to_try_again(shop, owner):
    order = make.order(shop, Status.TO_REVIEW)
    held, release = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                Order.objects.select_for_update().get(pk=order.pk)
                held.set()
                release.wait(10)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        owner.post(url("order_approve", order)).says("Try again.")
    finally:
        release.set()
        holder.join()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert fresh(order).status == Status.TO_REVIEW
