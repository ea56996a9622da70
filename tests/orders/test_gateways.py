"""Asking the payment gateway before an unpaid order is cancelled; the gateway is a small server of our own."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic

import pytest

from orders import gateways, pacing, timers
from orders.gateways import Answer, NoAnswer, Question
from orders.models import Order
from orders.payments import pay
from orders.states import Status
from sellercenter import events
from sellercenter.models import Fault
from sellercenter.permissions import CHANNEL
from tests import make
from tests.conftest import fresh, told

pytestmark = pytest.mark.django_db
T = datetime(2026, 3, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def named(order):
    """Return the name by which the gateway knows an order."""
    return f"{order.shop.code}/{order.number}"


class Gateway:
    """A gateway that says what the test wants and keeps what it was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/payments"
        self.asked: list[list[dict[str, str]]] = []
        self.tokens: list[str | None] = []
        self.knows: dict[str, object] = {}
        self.status, self.body, self.location, self.drip = 200, b"", "", 0.0
        self.stop = threading.Event()
        self.awake = threading.Event()
        self.awake.set()

    def captured(self, order, amount="20.00", **more):
        said = {"state": "captured", "amount": amount, "currency": "CNY", "transaction_no": "G1"}
        self.knows[named(order)] = said | more


@pytest.fixture
def gateway(settings):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            here.tokens.append(self.headers["Authorization"])
            here.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["orders"])
            here.awake.wait(10)
            known = {one["order"]: here.knows[one["order"]] for one in here.asked[-1] if one["order"] in here.knows}
            body = here.body or json.dumps({"orders": known}).encode()
            self.send_response(here.status)
            self.send_header("Content-Length", str(100 if here.drip else len(body)))
            if here.location:
                self.send_header("Location", here.location)
            self.end_headers()
            if not here.drip:
                self.wfile.write(body)
                return
            with suppress(OSError):
                for _byte in range(100):
                    here.stop.wait(here.drip)
                    self.wfile.write(b" ")
                    self.wfile.flush()

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Gateway(server.server_address[1])
    settings.PAYMENT_GATEWAY_URL, settings.PAYMENT_GATEWAY_TOKEN = here.url, "secret"
    settings.PAYMENT_GATEWAY_TIMEOUT = 5
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield here
    here.awake.set()
    here.stop.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def unpaid(shop, clock):
    """Three orders whose payment window ends now."""
    clock.set(T)
    orders = make.orders(shop, [make.facts(shop, Status.UNPAID) for _i in range(3)])
    ids = [order.pk for order in orders]
    Order.objects.filter(pk__in=ids).update(due_at=T, pay_by=T, due_step="expire", due_later=[])
    return orders


def states(orders):
    return [fresh(order).status for order in orders]


def test_without_a_gateway_nobody_is_asked(settings, unpaid):
    settings.PAYMENT_GATEWAY_URL = ""
    timers.fire_due()
    assert states(unpaid) == ["cancelled"] * 3


def test_an_order_that_the_gateway_never_heard_of_is_cancelled_and_one_that_it_captured_is_paid(gateway, unpaid):
    gateway.captured(unpaid[1], method="card")
    timers.fire_due()
    assert states(unpaid) == ["cancelled", "to_review", "cancelled"]
    assert [one["order"] for one in gateway.asked[0]] == [named(order) for order in unpaid]
    assert len(gateway.asked) == 1
    assert gateway.tokens == ["Bearer secret"]
    payment = unpaid[1].payments.get()
    assert (payment.amount, payment.method, payment.transaction_no) == (Decimal("20.00"), "card", "G1")
    assert "order.expired" not in told(unpaid[1])


def test_only_orders_that_are_about_to_end_are_asked_about_and_the_others_do_not_wait(gateway, unpaid, shop):
    gateway.status = 500
    paid = make.order(shop, Status.TO_SHIP)
    Order.objects.filter(pk=paid.pk).update(due_at=T, due_step="overdue", due_later=[])
    assert timers.fire_due() == 1
    assert told(paid)[-1] == "order.overdue"
    assert [one["order"] for one in gateway.asked[0]] == [named(order) for order in unpaid]
    assert len(gateway.asked) == 1


def test_a_payment_under_way_gets_half_an_hour_more_and_only_once(gateway, unpaid, clock):
    order = unpaid[0]
    gateway.knows[named(order)] = {"state": "processing"}
    timers.fire_due()
    assert (states(unpaid), fresh(order).due_at) == (["unpaid", "cancelled", "cancelled"], T + timers.GRACE)
    event = events.of(order).last()
    assert (event.kind, event.data) == ("order.payment_awaited", {"until": "2026-03-01T10:30:00Z"})
    assert timers.fire_due() == 0
    clock.set(T + timers.GRACE)
    timers.fire_due()
    assert fresh(order).status == "cancelled"


def test_nobody_queues_up_behind_a_grace_after_an_outage(gateway, shop):
    told_of = [make.facts(shop, Status.UNPAID, placed_at=make.NOW - 50 * HOUR) for _number in range(25)]
    first, *others = make.orders(shop, told_of)
    gateway.knows[named(first)] = {"state": "processing"}
    timers.fire_due()
    waits = [fresh(order).due_at for order in others if fresh(order).status == "unpaid"]
    assert len(waits) == len(others) - 1
    assert max(waits) < fresh(first).due_at - timers.GRACE + timedelta(minutes=1)


def test_a_payment_that_arrives_within_its_grace_saves_the_order(gateway, unpaid, clock):
    gateway.knows[named(unpaid[0])] = {"state": "processing"}
    timers.fire_due()
    gateway.captured(unpaid[0])
    clock.set(T + timers.GRACE)
    timers.fire_due()
    assert fresh(unpaid[0]).status == "to_review"


def test_a_part_of_the_money_is_kept_and_the_order_ends_with_a_refund_to_make(gateway, unpaid):
    gateway.captured(unpaid[0], "5.00")
    timers.fire_due()
    stored = fresh(unpaid[0])
    assert (stored.status, stored.paid_amount, stored.refund_due) == ("cancelled", 5, 5)
    assert told(unpaid[0])[-2:] == ["order.part_paid", "order.expired"]


@pytest.mark.parametrize("fault", ["refused", "slow", "error", "no json", "no orders", "odd orders", "not http"])
def test_without_an_answer_nothing_is_cancelled_and_it_is_asked_again_later(gateway, unpaid, clock, settings, fault):
    if fault == "refused":
        settings.PAYMENT_GATEWAY_URL = "http://127.0.0.1:1/payments"
    if fault == "slow":
        settings.PAYMENT_GATEWAY_TIMEOUT = 0.05
        gateway.awake.clear()
    gateway.status = {"error": 503, "not http": -1}.get(fault, 200)
    bodies = {"no json": b"<html>", "no orders": b"{}", "odd orders": b'{"orders": ["A1"]}'}
    gateway.body = bodies.get(fault, b"")
    for attempt in range(1, 8):
        assert timers.fire_due() == 0
        assert states(unpaid) == ["unpaid"] * 3
        waits = [fresh(order).due_at - clock.now for order in unpaid]
        assert waits == [timers.ASK_AGAIN + pacing.PACE * i for i in range(3)], attempt
        clock.advance(timers.ASK_AGAIN + 3 * pacing.PACE)
    # However long it was gone, nobody was given up, and all of them end when it is back.
    assert not Fault.objects.exists()
    gateway.status, gateway.body = 200, b""
    gateway.awake.set()
    settings.PAYMENT_GATEWAY_URL, settings.PAYMENT_GATEWAY_TIMEOUT = gateway.url, 5
    timers.fire_due()
    assert states(unpaid) == ["cancelled"] * 3


def test_a_payment_under_way_has_its_grace_although_the_gateway_was_gone_before(gateway, unpaid, clock):
    gateway.status = 503
    timers.fire_due()
    gateway.status = 200
    gateway.knows[named(unpaid[0])] = {"state": "processing"}
    clock.advance(2 * timers.ASK_AGAIN)
    timers.fire_due()
    assert (fresh(unpaid[0]).status, fresh(unpaid[0]).due_at) == ("unpaid", clock.now + timers.GRACE)


@pytest.mark.parametrize("amount", ["0", "-5", "NaN"])
def test_an_answer_that_makes_no_sense_cancels_nothing_and_keeps_nobody_waiting(gateway, unpaid, amount):
    gateway.captured(unpaid[1], amount)
    timers.fire_due()
    assert states(unpaid) == ["cancelled", "unpaid", "cancelled"]
    assert [(fault.subject_id, fault.step) for fault in Fault.objects.all()] == [(unpaid[1].pk, "expire")]
    assert fresh(unpaid[1]).due_at > T


def test_a_transaction_number_that_no_column_holds_stops_its_own_order_only(gateway, unpaid):
    gateway.captured(unpaid[1], transaction_no="T" * 200)
    timers.fire_due()
    assert states(unpaid) == ["cancelled", "unpaid", "cancelled"]
    assert Fault.objects.count() == 1


def test_the_gateway_is_asked_in_one_request_and_its_words_are_read_with_care(gateway):
    gateway.knows = {"tea/A1": {"state": "captured", "amount": 12.5, "method": "barter", "currency": "CNY"}}
    gateway.knows["tea/A1"]["transaction_no"] = 7
    gateway.knows["tea/A2"], gateway.knows["tea/A4"] = None, {"amount": "ten"}
    asked = [Question(f"tea/A{number}", "CNY", Decimal("12.50")) for number in (1, 2, 3, 4)]
    assert gateways.ask(asked) == {
        "tea/A1": Answer("captured", Decimal("12.5"), transaction_no="7"),
        "tea/A2": Answer(),
        "tea/A3": Answer(),
    }
    told = [{"order": f"tea/A{number}", "currency": "CNY", "amount": "12.50"} for number in (1, 2, 3, 4)]
    assert gateway.asked == [told]


def test_orders_of_two_shops_with_one_number_are_two_orders(gateway, clock, shop, other_shop):
    clock.set(T)
    mine, theirs = (
        make.order(one, Status.UNPAID, number="1001", placed_at=T - 48 * HOUR) for one in (shop, other_shop)
    )
    gateway.captured(mine)
    timers.fire_due()
    assert states([mine, theirs]) == ["to_review", "cancelled"]
    assert fresh(theirs).paid_amount == 0
    (asked,) = gateway.asked
    assert {one["order"]: one["amount"] for one in asked} == {named(mine): "20.00", named(theirs): "20.00"}


def test_what_was_paid_in_part_is_not_asked_for_again(gateway, unpaid):
    pay(unpaid[0], amount=Decimal(5), method="card", transaction_no="T1", by=CHANNEL)
    timers.fire_due()
    assert [one["amount"] for one in gateway.asked[0]] == ["15.00", "20.00", "20.00"]


@pytest.mark.parametrize(
    "said", [{"transaction_no": ""}, {"transaction_no": None}, {"currency": "USD"}, {"amount": "x"}]
)
def test_a_capture_that_could_count_wrongly_is_no_answer_about_its_order(gateway, unpaid, said):
    gateway.captured(unpaid[1], **said)
    timers.fire_due()
    assert states(unpaid) == ["cancelled", "unpaid", "cancelled"]
    stored = fresh(unpaid[1])
    assert (stored.paid_amount, stored.payments.count(), stored.due_at) == (0, 0, T + timers.ASK_AGAIN)
    assert not Fault.objects.exists()


def test_a_redirect_is_no_answer_and_the_token_follows_it_nowhere(gateway, unpaid):
    gateway.status, gateway.location = 307, gateway.url + "/elsewhere"
    timers.fire_due()
    assert states(unpaid) == ["unpaid"] * 3
    assert len(gateway.asked) == 1


def test_a_gateway_that_drips_its_answer_is_not_waited_for_longer_than_the_timeout(gateway, unpaid, settings):
    settings.PAYMENT_GATEWAY_TIMEOUT, gateway.drip = 0.3, 0.05
    began = monotonic()
    with pytest.raises(NoAnswer):
        gateways.ask([Question("tea/A1", "CNY", Decimal(1))])
    assert monotonic() - began < 1
