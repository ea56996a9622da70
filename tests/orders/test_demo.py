"""The demo: two invented shops that show every state, the same for the same seed and moment."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, F, Max, Q, Sum

from orders import recipients
from orders.demo import people
from orders.demo.markets import MARKETS
from orders.demo.tales import Slice, Tales
from orders.models import Order, OrderLine, OrderNote, Parcel, ParcelLine, Payment, Product, Sku, TrackingEvent
from orders.states import OPEN, UNSHIPPED, Kind, ParcelStatus, Status
from sellercenter.models import Event, Member, Shop, ShopPolicy, User
from sellercenter.permissions import StockRole, actor_for
from tests.orders.test_inventory import broken

pytestmark = pytest.mark.django_db

# Orders by which cases send goods again come on top of what was asked for.
AGAIN = (Kind.EXCHANGE, Kind.REPLACEMENT)
UNTIL = datetime(2026, 3, 20, 12, tzinfo=UTC)
OPTIONS: dict[str, Any] = {"orders": 300, "seed": 7, "until": "2026-03-20T12:00:00Z"}


@pytest.fixture(autouse=True)
def _demo(settings: Any, tmp_path: Any) -> None:
    settings.DEMO, settings.EVIDENCE_ROOT = True, tmp_path


def run(**options: Any) -> str:
    """Run the command, and return what it printed."""
    out = io.StringIO()
    call_command("demo", stdout=out, **{**OPTIONS, **options})
    return out.getvalue()


def picture() -> list[tuple[Any, ...]]:
    """Return what matters of every order, to compare two runs."""
    names = ("number", "status", "placed_at", "buyer__uid", "total_amount", "refunded_amount", "deadline_at", "flag")
    lines = OrderLine.objects.order_by("order__number", "position").values_list("number", "sku__number", "amount")
    tracks = TrackingEvent.objects.order_by("parcel__tracking_no", "at", "code").values_list("at", "code", "text")
    return [*Order.objects.order_by("number").values_list(*names), *lines, *tracks]


def test_the_command_is_refused_where_this_is_no_demo(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="SELLERCENTER_DEMO=1"):
        run()
    assert not Shop.objects.exists()


class _Undone(Exception):
    pass


def imagined(**options: Any) -> list[tuple[Any, ...]]:
    """Run the command, look at the orders, and undo it all."""
    seen: list[tuple[Any, ...]] = []
    with suppress(_Undone), transaction.atomic():
        run(**options)
        seen = picture()
        raise _Undone
    return seen


def test_the_same_seed_and_moment_give_the_same_orders() -> None:
    first = imagined()
    assert len(first) > 300
    assert imagined() == first


def test_another_seed_gives_other_orders() -> None:
    assert imagined(seed=8) != imagined()


def test_each_shop_shows_every_status() -> None:
    run()
    for shop in Shop.objects.all():
        assert set(Order.objects.for_shop(shop).values_list("status", flat=True)) == set(Status.values)
    assert Order.objects.exclude(kind__in=AGAIN).count() == 300


def test_payments_and_refunds_come_to_what_the_orders_say() -> None:
    run()
    paid = dict(Payment.objects.values_list("order").annotate(Sum("amount")))
    refunded = dict(Payment.objects.values_list("order").annotate(Sum("refunded")))
    for order in Order.objects.all():
        assert paid.get(order.pk, 0) == order.paid_amount
        assert refunded.get(order.pk, 0) == order.refunded_amount
    assert Order.objects.filter(refunded_amount__gt=0).exists()
    assert not Order.objects.filter(paid_amount__gt=0).exclude(paid_amount=F("total_amount")).exists()


def test_lines_come_to_the_goods_and_the_discounts_of_their_order() -> None:
    run()
    bearers = ("platform_discount", "seller_discount", "creator_discount", "payment_discount")
    for order in Order.objects.prefetch_related("lines"):
        lines = order.lines.all()
        assert sum(line.unit_price * line.quantity for line in lines) == order.goods_amount
        for bearer in bearers:
            assert sum((getattr(line, bearer) for line in lines), Decimal(0)) == getattr(order, bearer)
        assert sum(line.amount for line in lines) == order.goods_amount - sum(getattr(order, name) for name in bearers)


def test_some_of_what_arrived_came_after_the_promised_day() -> None:
    told = list(Tales(Slice(MARKETS[0], 0, 1, 2000), seed=7, until=UNTIL, authors=["host"]))
    arrived = [(one.delivered_at, one.deliver_by) for one in told if one.delivered_at]
    assert 0.1 < sum(at > until for at, until in arrived) / len(arrived) < 0.15


def test_each_order_that_waits_for_somebody_has_a_deadline() -> None:
    run()
    waiting = Order.objects.filter(status__in=(Status.UNPAID, *UNSHIPPED, Status.DELIVERED))
    assert waiting.filter(deadline_at=None).count() == 0
    assert Order.objects.filter(Q(status__in=OPEN), deadline_at__lte=UNTIL).exists()
    assert not Order.objects.exclude(status__in=OPEN).filter(due_at__isnull=False).exists()


def test_nothing_has_happened_after_the_moment_of_the_demo() -> None:
    run()
    times = ("placed_at", "paid_at", "reviewed_at", "shipped_at", "delivered_at", "completed_at", "cancelled_at")
    times += ("cancel_requested_at", "abnormal_at", "status_at")
    latest = Order.objects.aggregate(**{name: Max(name) for name in times})
    latest |= TrackingEvent.objects.aggregate(tracked=Max("at")) | OrderNote.objects.aggregate(noted=Max("at"))
    latest |= Event.objects.filter(kind__startswith="order.").aggregate(told=Max("at"))
    assert all(time <= UNTIL for time in latest.values() if time)
    assert Order.objects.order_by("placed_at").first().placed_at > UNTIL - timedelta(days=91)  # type: ignore[union-attr]


def test_the_shelves_hold_what_open_orders_reserve_and_some_are_low_or_empty() -> None:
    run()
    for shop in Shop.objects.all():
        skus = Sku.objects.for_shop(shop)
        assert not skus.filter(tracked=False).exists()
        assert skus.filter(available=0).exists()
        assert skus.filter(available__range=(1, 5)).exists()
        assert skus.filter(available__gt=5).count() > skus.count() / 2
    waiting = OrderLine.objects.filter(order__status__in=(Status.UNPAID, Status.TO_REVIEW, Status.TO_SHIP))
    assert waiting.exists()
    assert not waiting.exclude(reserved=F("quantity")).exists()
    assert broken() == []


def test_parcels_and_their_carriers_agree() -> None:
    run(orders=1200)
    assert not Parcel.objects.filter(tracking_no="").exists()
    delivered = Parcel.objects.filter(status=ParcelStatus.DELIVERED)
    assert delivered.exists()
    assert not delivered.exclude(events__code="delivered").exists()
    assert not Parcel.objects.exclude(status=ParcelStatus.DELIVERED).filter(events__code="delivered").exists()
    merged = Parcel.objects.annotate(orders=Count("parts__order", distinct=True)).filter(orders__gt=1)
    assert merged.exists()
    for parcel in merged:
        assert parcel.parts.values("order__buyer").distinct().count() == 1


def test_no_parcel_holds_more_of_a_line_than_was_ordered() -> None:
    run(orders=1200)
    packed = ParcelLine.objects.values("line").annotate(units=Sum("quantity"), ordered=Max("line__quantity"))
    assert not packed.filter(units__gt=F("ordered")).exists()


def test_recipients_are_sealed_and_can_be_opened() -> None:
    run()
    order = Order.objects.select_related("recipient").order_by("pk")[0]
    opened = recipients.opened(order.recipient, order_number=order.number)
    assert opened.name[0] == order.recipient.name_masked[0]
    assert (opened.phone[:6], opened.address != "") == ("199000", True)


def test_each_shop_has_its_owner_and_one_person_for_each_stock_role() -> None:
    run(orders=0)
    for shop in Shop.objects.all():
        members = Member.objects.for_shop(shop)
        assert sorted(members.filter(owner=False).values_list("role__stock", flat=True)) == sorted(StockRole.values)
        assert members.get(owner=True).user.username == "owner"
    assert {member.shop.code for member in Member.objects.filter(user__username="manager")} == {"qinglan", "harbour"}
    admin = User.objects.get(username="admin")
    assert (admin.is_staff, admin.is_superuser, admin.memberships.count()) == (True, True, 0)


def test_every_printed_login_opens_its_account(client: Any) -> None:
    table = run(orders=0, logins=True).splitlines()[2:]
    assert len(table) == User.objects.count()
    for row in table:
        assert row.endswith(people.PASSWORD)
        assert client.login(username=row.split()[-2], password=people.PASSWORD)


def test_the_shared_password_is_one_that_anybody_may_choose() -> None:
    run(orders=0)
    for user in User.objects.all():
        validate_password(people.PASSWORD, user)


def test_the_manager_may_not_change_policies() -> None:
    run(orders=0)
    manager = Member.objects.select_related("user", "role").get(shop__code="qinglan", user__username="manager")
    assert actor_for(manager).may("orders.cancel")
    assert not actor_for(manager).may("policies.edit")


def test_a_second_run_adds_nothing_when_it_may_not() -> None:
    run()
    before = Order.objects.count(), Event.objects.count(), Product.objects.count()
    assert "nothing was added" in run(if_empty=True)
    with pytest.raises(CommandError, match="have orders already"):
        run()
    assert (Order.objects.count(), Event.objects.count(), Product.objects.count()) == before


def clocks() -> dict[str, Any]:
    return {policy.shop.code: policy.payment_window for policy in ShopPolicy.objects.select_related("shop")}


def test_one_shop_may_have_clocks_of_minutes_and_its_orders_keep_their_times() -> None:
    told = run(haste=True, logins=True)
    assert clocks() == {"qinglan": timedelta(hours=48), "harbour": timedelta(minutes=4)}
    assert told.splitlines()[-1].startswith("Harbour & Pine: unpaid orders are reminded after 1 and 2 minutes")
    unpaid = Order.objects.filter(status=Status.UNPAID)
    assert unpaid.exists()
    assert {order.pay_by - order.placed_at for order in unpaid if order.pay_by} == {timedelta(hours=48)}
    changed = Event.objects.get(kind="policy.changed")
    assert (changed.shop.code, changed.actor_kind) == ("harbour", "member")


def test_haste_leaves_alone_what_an_owner_has_set() -> None:
    run(orders=0)
    ShopPolicy.objects.filter(shop__code="harbour").update(payment_window=timedelta(hours=5))
    run(haste=True, if_empty=True)
    run(haste=True, if_empty=True)
    assert clocks()["harbour"] == timedelta(hours=5)
    assert not Event.objects.filter(kind="policy.changed").exists()


def test_the_history_can_be_left_out() -> None:
    run(no_events=True)
    assert not Event.objects.filter(kind__startswith="order.").exists()


@pytest.mark.parametrize(("options", "message"), [({"until": "soon"}, "not a moment"), ({"orders": -1}, "negative")])
def test_nonsense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(**options)
    assert not Order.objects.exists()
