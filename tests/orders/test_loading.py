"""Orders arrive: what `orders.loading.load` writes, derives and refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from orders import recipients
from orders.facts import LineFacts, NoteFacts, OrderFacts, ParcelFacts, PaymentFacts, RecipientFacts, TrackingFacts
from orders.loading import check, load
from orders.models import Buyer, Creator, Order, OrderLine, Parcel, Product, Sku, TrackingEvent
from orders.states import Abnormal, AfterSales, CancelledBy, LineStatus, ParcelStatus, PaymentMethod, Source, Status
from sellercenter import events, privacy
from sellercenter.models import Event, Member, Shop, User
from sellercenter.permissions import SYSTEM
from sellercenter.shops import open_shop

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def shop() -> Shop:
    """Open a shop with the usual clocks."""
    owner = User.objects.create(username="founder", first_name="Ada")
    return open_shop(code="s", name="S", currency="CNY", time_zone="Asia/Shanghai", owner=owner, by=SYSTEM)


def line(number: str = "1", **changes: object) -> LineFacts:
    """Tell of a line of two units at 10.00 each."""
    facts = {
        **{"number": number, "product_number": "P1", "title": "茶杯", "sku_number": "K1", "seller_sku": "CUP-1"},
        **{"quantity": 2, "unit_price": Decimal("10.00"), "amount": Decimal("20.00")},
    }
    return LineFacts(**{**facts, **changes})  # type: ignore[arg-type]


def order(stage: Status = Status.TO_SHIP, number: str = "A1", **changes: object) -> OrderFacts:
    """Tell of an order of one line, placed three days ago and paid an hour later unless it is unpaid."""
    placed_at = NOW - 3 * DAY
    paid = stage != Status.UNPAID
    facts = {
        **{"number": number, "stage": stage, "placed_at": placed_at, "buyer_uid": "b1", "buyer_nickname": "小明"},
        **{"currency": "CNY", "goods_amount": Decimal("20.00"), "lines": [line()], "source": Source.LIVE},
        "paid_at": placed_at + HOUR if paid else None,
        "payments": [PaymentFacts(PaymentMethod.ALIPAY, Decimal("20.00"), placed_at + HOUR, f"T{number}")]
        if paid
        else [],
        "recipient": RecipientFacts("王小明", "+86 138-0013-8000", "幸福路 8 号", "510000"),
    }
    return OrderFacts(**{**facts, **changes})  # type: ignore[arg-type]


def arrive(shop: Shop, facts: OrderFacts, **options: bool) -> Order:
    """Load one order and read it back."""
    return Order.objects.get(pk=load(shop, [facts], by=SYSTEM, now=NOW, **options)[facts.number])


def kinds(order: Order) -> list[str]:
    """Return the kinds of an order's history, oldest first."""
    return list(events.of(order).values_list("kind", flat=True))


SHIPPED_AT, DELIVERED_AT = NOW - 2 * DAY, NOW - DAY
SENT = {"shipped_at": SHIPPED_AT}
THERE = {**SENT, "delivered_at": DELIVERED_AT}
STAGES = {
    Status.UNPAID: ({}, LineStatus.WAITING, ["order.placed"]),
    Status.TO_REVIEW: ({}, LineStatus.WAITING, ["order.placed", "order.paid"]),
    Status.TO_SHIP: (
        {"reviewed_at": NOW - 2 * DAY},
        LineStatus.WAITING,
        ["order.placed", "order.paid", "order.approved"],
    ),
    Status.SHIPPED: (SENT, LineStatus.SHIPPED, ["order.placed", "order.paid", "order.shipped"]),
    Status.DELIVERED: (THERE, LineStatus.DELIVERED, ["order.placed", "order.paid", "order.shipped", "order.delivered"]),
    Status.COMPLETED: (
        {**THERE, "completed_at": NOW - HOUR},
        LineStatus.DELIVERED,
        ["order.placed", "order.paid", "order.shipped", "order.delivered", "order.completed"],
    ),
    Status.CANCELLED: (
        {"cancelled_at": NOW - HOUR, "cancelled_by": CancelledBy.BUYER, "cancel_reason": "不想要了"},
        LineStatus.CANCELLED,
        ["order.placed", "order.paid", "order.cancelled"],
    ),
}


@pytest.mark.parametrize("stage", STAGES)
def test_an_order_of_each_stage_stands_where_its_source_says(shop: Shop, stage: Status) -> None:
    changes, line_status, history = STAGES[stage]
    stored = arrive(shop, order(stage, **changes))
    assert stored.status == stage
    assert [each.status for each in stored.lines.all()] == [line_status]
    assert kinds(stored) == history
    assert (stored.total_amount, stored.paid_amount) == (Decimal("20.00"), Decimal(20 if stage != "unpaid" else 0))


def test_an_unpaid_order_gets_its_payment_clock_and_its_next_step(shop: Shop) -> None:
    stored = arrive(shop, order(Status.UNPAID, placed_at=NOW - HOUR))
    assert stored.pay_by == NOW + 47 * HOUR
    assert (stored.due_step, stored.due_at) == ("remind_again", NOW + 15 * HOUR)
    assert stored.deadline_at == stored.pay_by


def test_a_paid_order_ships_within_the_policy_or_by_the_promise_of_the_platform(shop: Shop) -> None:
    own, promised = order(number="A1"), order(number="A2", ship_by=NOW + 5 * HOUR)
    ids = load(shop, [own, promised], by=SYSTEM, now=NOW)
    found = {each.number: each for each in Order.objects.filter(pk__in=ids.values())}
    assert found["A1"].deadline_at == own.paid_at + 72 * HOUR  # type: ignore[operator]
    assert found["A2"].deadline_at == NOW + 5 * HOUR


def test_a_delivered_order_completes_itself_when_the_receipt_window_is_over(shop: Shop) -> None:
    stored = arrive(shop, order(Status.DELIVERED, **THERE))
    assert stored.confirm_by == stored.due_at == DELIVERED_AT + 10 * DAY
    assert (stored.due_step, stored.status_at) == ("complete", DELIVERED_AT)


def test_private_data_is_sealed_and_opens_again_for_its_order_only(shop: Shop) -> None:
    stored = arrive(shop, order()).recipient
    assert (stored.name_masked, stored.phone_masked, stored.address_masked) == (
        "王**",
        privacy.mask_phone("+86 138-0013-8000"),
        "****",
    )
    assert "王小明".encode() not in bytes(stored.name_sealed)
    plain = recipients.opened(stored, order_number="A1")
    assert plain == RecipientFacts("王小明", "+86 138-0013-8000", "幸福路 8 号", "510000")
    with pytest.raises(privacy.Unreadable):
        recipients.opened(stored, order_number="A2")


def test_a_phone_is_found_again_however_it_was_written(shop: Shop) -> None:
    stored = arrive(shop, order()).recipient
    assert bytes(stored.phone_index) == privacy.blind_index("13800138000", shop_id=shop.pk)


def test_a_masked_recipient_is_kept_as_it_came(shop: Shop) -> None:
    stored = arrive(shop, order(recipient=RecipientFacts("王**", "138****8000", "##secret##", ""))).recipient
    assert (stored.name_masked, stored.phone_masked, stored.address_masked) == ("王**", "138****8000", "***")
    assert not any(map(bytes, (stored.name_sealed, stored.phone_sealed, stored.address_sealed, stored.phone_index)))
    assert recipients.opened(stored, order_number="A1").name == "王**"


def test_a_postcode_without_an_address_opens_again(shop: Shop) -> None:
    stored = arrive(shop, order(recipient=RecipientFacts(address="幸福***", postcode="510000"))).recipient
    assert recipients.opened(stored, order_number="A1") == RecipientFacts(address="幸福***", postcode="510000")


def parcel(number: str = "SF1", **changes: object) -> ParcelFacts:
    """Tell of a parcel on its way."""
    return ParcelFacts(**{"carrier": "顺丰速运", "tracking_no": number, "shipped_at": SHIPPED_AT, **changes})  # type: ignore[arg-type]


def test_an_order_whose_parcels_hold_only_a_part_is_partly_shipped(shop: Shop) -> None:
    two = [line("1"), line("2", sku_number="K2")]
    stored = arrive(
        shop, order(Status.SHIPPED, lines=two, goods_amount=Decimal("40.00"), parcels=[parcel(contents={"1": 1})])
    )
    assert stored.status == Status.PART_SHIPPED
    assert [each.status for each in stored.lines.all()] == [LineStatus.PART_SHIPPED, LineStatus.WAITING]
    assert [(each.line.number, each.quantity) for each in stored.parcel_parts.all()] == [("1", 1)]
    assert (stored.shipped_at, stored.deadline_at) == (SHIPPED_AT, stored.ship_by)


def test_an_order_in_two_parcels_is_delivered_only_when_both_are(shop: Shop) -> None:
    there = {"status": ParcelStatus.DELIVERED, "delivered_at": DELIVERED_AT}
    both = [parcel("SF1", contents={"1": 1}, **there), parcel("SF2", contents={"1": 1})]
    assert arrive(shop, order(Status.DELIVERED, parcels=both)).status == Status.SHIPPED
    both = [parcel("SF3", contents={"1": 1}, **there), parcel("SF4", contents={"1": 1}, **there)]
    assert arrive(shop, order(Status.SHIPPED, number="A2", parcels=both)).status == Status.DELIVERED


def test_an_order_on_its_way_has_not_been_delivered_whatever_its_source_says(shop: Shop) -> None:
    stored = arrive(shop, order(Status.DELIVERED, delivered_at=DELIVERED_AT, parcels=[parcel()]))
    assert (stored.status, stored.delivered_at, stored.shipment_state) == (Status.SHIPPED, None, "shipped")


def test_a_parcel_that_the_shop_knows_carries_the_next_order_too(shop: Shop) -> None:
    there = parcel(status=ParcelStatus.DELIVERED, delivered_at=DELIVERED_AT)
    first = arrive(shop, order(Status.DELIVERED, parcels=[there]))
    second = arrive(shop, order(Status.SHIPPED, number="A2", parcels=[parcel()]))
    assert Parcel.objects.count() == 1
    assert {part.parcel_id for part in first.parcel_parts.all()} == {
        part.parcel_id for part in second.parcel_parts.all()
    }
    assert second.status == Status.DELIVERED


def test_orders_that_arrive_together_share_one_parcel(shop: Shop) -> None:
    load(shop, [order(Status.SHIPPED, n, parcels=[parcel()]) for n in ("A1", "A2")], by=SYSTEM, now=NOW)
    assert Parcel.objects.count() == 1
    assert list(Order.objects.values_list("status", flat=True)) == ["shipped", "shipped"]


def test_a_parcel_of_another_shop_is_another_parcel(shop: Shop) -> None:
    other = open_shop(
        code="o", name="O", currency="CNY", time_zone="Asia/Shanghai", owner=User.objects.get(), by=SYSTEM
    )
    for each in (shop, other):
        load(each, [order(Status.SHIPPED, parcels=[parcel()])], by=SYSTEM, now=NOW)
    assert set(Parcel.objects.values_list("shop", flat=True)) == {shop.pk, other.pk}


def test_a_message_of_a_carrier_that_comes_twice_is_kept_once(shop: Shop) -> None:
    told = [TrackingFacts(SHIPPED_AT, "picked_up", "已揽收"), TrackingFacts(SHIPPED_AT, "picked_up", "已揽收")]
    arrive(shop, order(Status.SHIPPED, parcels=[parcel(tracking=told)]))
    assert [(each.code, each.text) for each in TrackingEvent.objects.all()] == [("picked_up", "已揽收")]
    assert Parcel.objects.get().last_event_at == SHIPPED_AT


def test_an_order_that_left_by_an_unknown_parcel_gets_one_without_a_number(shop: Shop) -> None:
    stored = arrive(shop, order(Status.SHIPPED, **SENT))
    assert [each.parcel.tracking_no for each in stored.parcel_parts.select_related("parcel")] == [""]


def test_lines_take_the_stage_when_nobody_knows_when_the_order_left(shop: Shop) -> None:
    stored = arrive(shop, order(Status.COMPLETED))
    assert [each.status for each in stored.lines.all()] == [LineStatus.DELIVERED]
    assert (stored.status, Parcel.objects.count()) == (Status.COMPLETED, 0)


def test_an_order_without_a_live_line_is_cancelled(shop: Shop) -> None:
    stored = arrive(shop, order(lines=[line(cancelled=True, cancel_reason="缺货")]))
    assert (stored.status, stored.cancelled_at) == (Status.CANCELLED, NOW)


def test_a_refund_is_spread_over_the_payments_from_the_first_on(shop: Shop) -> None:
    paid = [
        PaymentFacts(PaymentMethod.VOUCHER, Decimal("5.00"), NOW - DAY),
        PaymentFacts(PaymentMethod.CARD, Decimal("15.00"), NOW - DAY),
    ]
    stored = arrive(shop, order(payments=paid, refunded_amount=Decimal("7.50"), aftersales=AfterSales.CLOSED))
    assert [each.refunded for each in stored.payments.all()] == [Decimal("5.00"), Decimal("2.50")]
    assert stored.payment_state == "part_refunded"


def test_the_total_adds_up_from_every_part_of_the_price(shop: Shop) -> None:
    parts = {
        **{
            "platform_discount": "1.00",
            "seller_discount": "2.00",
            "creator_discount": "0.50",
            "payment_discount": "0.25",
        },
        **{"freight_amount": "8.00", "freight_discount": "3.00", "tax_amount": "1.10", "fee_amount": "0.30"},
        "adjustment": "-1.15",
    }
    stored = arrive(shop, order(Status.UNPAID, **{name: Decimal(value) for name, value in parts.items()}))
    assert stored.total_amount == Decimal("21.50")


def test_marks_flags_and_notes_are_part_of_the_history(shop: Shop) -> None:
    member = Member.objects.get(shop=shop)
    notes = [NoteFacts(NOW - HOUR, member.label, "先核对地址"), NoteFacts(NOW - HOUR, "前同事", "已联系")]
    stored = arrive(
        shop, order(abnormal=Abnormal.ADDRESS, abnormal_reason="缺门牌号", abnormal_at=NOW - DAY, flag=5, notes=notes)
    )
    assert sorted(kinds(stored)) == [
        *("order.flagged", "order.marked", "order.noted", "order.noted", "order.paid", "order.placed"),
    ]
    assert [(each.author, each.author_label) for each in stored.notes.order_by("pk")] == [
        (member, "Ada"),
        (None, "前同事"),
    ]
    assert stored.note_count == 2
    assert events.of(stored).get(kind="order.marked").data == {"before": "", "after": "address", "reason": "缺门牌号"}
    assert events.of(stored).filter(kind="order.noted", member=member).count() == 1


@pytest.mark.parametrize(
    ("who", "actor"), [("buyer", "buyer"), ("system", "system"), ("platform", "channel"), ("seller", "system")]
)
def test_the_history_names_who_cancelled(shop: Shop, who: str, actor: str) -> None:
    facts = order(Status.CANCELLED, cancelled_at=NOW - HOUR, cancelled_by=CancelledBy(who), cancel_reason="缺货")
    event = events.of(arrive(shop, facts)).get(kind="order.cancelled")
    said = {"reason": "缺货"} if who in ("system", "seller") else {}
    assert (event.actor_kind, event.at, event.data) == (actor, NOW - HOUR, {**said, "cancelled_by": who})


def test_without_events_no_history_is_written(shop: Shop) -> None:
    assert kinds(arrive(shop, order(), events=False)) == []


def test_buyers_goods_and_creators_are_written_once_and_found_again(shop: Shop) -> None:
    seen = {"creator_number": "C1", "creator_name": "主播阿青", "commission_rate": Decimal("0.1"), "room": "R1"}
    for number in ("A1", "A2"):
        arrive(shop, order(number=number, lines=[line("1", **seen), line("2", sku_number="")]))
    assert [model.objects.count() for model in (Buyer, Product, Sku, Creator)] == [1, 1, 1, 1]
    assert set(OrderLine.objects.filter(number="1").values_list("creator__name", "sku__code")) == {
        ("主播阿青", "CUP-1")
    }
    assert set(OrderLine.objects.filter(number="2").values_list("sku", flat=True)) == {None}


def test_the_first_relay_address_of_a_buyer_is_kept_whenever_it_comes(shop: Shop) -> None:
    arrive(shop, order(number="1"))
    assert Buyer.objects.get().relay_email == ""
    arrive(shop, order(number="2", buyer_email="b1@relay.example"))
    arrive(shop, order(number="3", buyer_email="another@relay.example"))
    assert Buyer.objects.get().relay_email == "b1@relay.example"
    told = {"buyer_uid": "b2", "buyer_email": "b2@relay.example"}
    load(shop, [order(number="5", **told), order(number="6", buyer_uid="b2")], by=SYSTEM, now=NOW)
    assert Buyer.objects.get(uid="b2").relay_email == "b2@relay.example"


REFUSED = {
    "number has 65 characters": {"number": "9" * 65},
    "number is empty": {"number": ""},
    "buyer_uid is empty": {"buyer_uid": ""},
    "buyer_nickname has 81": {"buyer_nickname": "小" * 81},
    "buyer_email is no plain": {"buyer_email": "Li <li@relay.example>"},
    "the character NUL": {"buyer_message": "a\0b"},
    "half a character": {"buyer_message": "\ud83d"},
    "currency is 'yuan'": {"currency": "yuan"},
    "flag is 9": {"flag": 9},
    "an amount is negative": {"freight_amount": Decimal("-1")},
    "an amount is not a number": {"freight_amount": Decimal("NaN")},
    "more than two digits": {"tax_amount": Decimal("0.005")},
    "refunded_amount 21 is more": {"refunded_amount": Decimal(21)},
    "line 1: title has 201": {"lines": [line(title="x" * 201)]},
    "line 1: quantity is 0": {"lines": [line(quantity=0)]},
    "two lines share a number": {"lines": [line(), line()]},
    "commission_amount without": {"lines": [line(commission_amount=Decimal(1))]},
    "contents holds 1 of line 9": {"parcels": [parcel(contents={"9": 1})]},
    "parcel SF1: carrier has 41": {"parcels": [parcel(carrier="x" * 41)]},
    "recipient: phone has 41": {"recipient": RecipientFacts(phone="*" * 41)},
    "note: body is empty": {"notes": [NoteFacts(NOW, "me", "")]},
}


@pytest.mark.parametrize("message", REFUSED)
def test_facts_that_can_not_be_kept_are_refused_by_name_and_nothing_is_written(shop: Shop, message: str) -> None:
    facts = order(**REFUSED[message])
    with pytest.raises(ValueError, match=message) as refusal:
        check(facts)
    assert str(refusal.value).startswith(f"order {facts.number}")
    with pytest.raises(ValueError, match=message):
        load(shop, [order(number="A0"), facts], by=SYSTEM, now=NOW)
    assert (Order.objects.count(), Buyer.objects.count()) == (0, 0)


def test_a_number_that_the_shop_has_already_is_refused_as_a_whole(shop: Shop) -> None:
    arrive(shop, order())
    with pytest.raises(IntegrityError), transaction.atomic():
        load(shop, [order(number="A2"), order(number="A1", payments=[])], by=SYSTEM, now=NOW)
    assert list(Order.objects.values_list("number", flat=True)) == ["A1"]


def test_nothing_to_load_writes_nothing(shop: Shop) -> None:
    before = Event.objects.count()
    assert load(shop, [], by=SYSTEM, now=NOW) == {}
    assert Event.objects.count() == before
