"""Money goes back once: whoever clicks at the same moment, whatever the gateway does, whoever dies on the way."""

from __future__ import annotations

import time
from collections import Counter
from decimal import Decimal

import pytest

from aftersales import refunds
from aftersales.models import Refund
from orders.models import Order, Payment
from orders.states import Status
from sellercenter.lifecycle import Refused
from sellercenter.locks import too_busy
from sellercenter.models import Event
from sellercenter.permissions import SYSTEM
from tests import make
from tests.faults.lab import Lab, run, size, until
from tests.outside import refund_gateway
from tests.together import in_threads

CLIENTS = 5


@pytest.fixture
def owing(shop):
    """Load cancelled orders whose money is owed; the sweep asks for none of it."""

    def load(many: int) -> list[int]:
        found = make.orders(shop, [make.facts(shop, Status.CANCELLED) for _order in range(many)])
        keys = [order.pk for order in found]
        run("UPDATE orders_order SET refund_due = paid_amount WHERE id = ANY(%s)", keys)
        return keys

    return load


def test_five_people_who_refund_most_of_it_at_once_refund_it_once(lab: Lab, owing, settings, report):
    """F24: of five refunds of 60 % of each payment, one is made; the others are refused and change nothing."""
    settings.REFUND_GATEWAY = "aftersales.refund_gateways.NoGateway"
    ids = owing(size(200, 25))
    said: list[Counter[str]] = [Counter() for _client in range(CLIENTS)]

    def client(number: int) -> None:
        for pk in ids:
            order = Order.objects.select_related("shop__policy").get(pk=pk)
            said[number][ask(order)] += 1

    began = time.monotonic()
    in_threads(*[lambda number=number: client(number) for number in range(CLIENTS)], seconds=300)
    seconds = time.monotonic() - began
    total = sum(said, Counter())
    assert total == {"made": len(ids), "not_owed": (CLIENTS - 1) * len(ids)}
    assert set(Payment.objects.filter(order__in=ids).values_list("refunding", "refunded")) == {(12, 0)}
    assert not run("SELECT id FROM orders_payment WHERE refunded + refunding > amount")
    report(f"double refund: {CLIENTS} clients x {len(ids)} payments x 60 %: over-refunded", 0, "payments", target=0)
    report("double refund: attempts", CLIENTS * len(ids) / seconds, "/s")


def ask(order: Order) -> str:
    """Ask for 60 % of an order, again as long as others hold it; return what came of it."""
    amount = order.paid_amount * Decimal("0.6")
    while True:
        try:
            refunds.make(order, amount=amount, case=None, reason="", by=SYSTEM)
        except Refused as refused:
            return refused.code
        except Exception as error:
            if not too_busy(error):
                raise
        else:
            return "made"


def test_a_gateway_that_fails_in_every_way_pays_once_while_workers_are_killed(lab: Lab, shop, owing, report):
    """Workers die in the middle of calls, the gateway hangs up after it took a refund, answers 500, or is deaf."""
    ids = owing(size(200, 25))
    ways: list[int | str | None] = ["hang", 500, "deaf", None, None]
    with refund_gateway() as outside:
        outside.behave = lambda key, call: ways[hash(key) % 5] if call == 1 else None
        outside.delay = 0.05
        env = {"SELLERCENTER_REFUND_GATEWAY_URL": outside.url, "SELLERCENTER_REFUND_GATEWAY_TIMEOUT": "2"}
        sweeps = ("aftersales.refunds.make_owed", "aftersales.paying.pay_due")
        workers = [lab.sweep(*sweeps, every=0.1, **env) for _worker in range(2)]
        until(lambda: outside.posts.total() >= len(ids) // 3, seconds=60)
        lab.kill(workers[0])
        lab.sweep(*sweeps, every=0.1, **env)

        def all_there() -> bool:
            # The time passes after which somebody asks again.
            run("UPDATE aftersales_refund SET due_at = now() WHERE due_step = 'ask' AND due_at > now()")
            return Refund.objects.filter(order__in=ids, status="succeeded").count() == len(ids)

        seconds = until(all_there, seconds=120, every=1.0)
        assert set(outside.paid.values()) == {1}
        assert len(outside.paid) == len(ids)
    assert set(Order.objects.filter(pk__in=ids).values_list("refund_due", "refunding_amount")) == {(0, 0)}
    booked = Event.objects.filter(subject_type="order", subject_id__in=ids, kind="order.refunded")
    assert booked.count() == len(ids)
    report(f"gateway that fails, worker killed: {len(ids)} refunds, each paid once: until all are there", seconds, "s")
