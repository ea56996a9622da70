"""After an outage: who paid meanwhile keeps the order, the others are cancelled at a pace that people can follow."""

from __future__ import annotations

from datetime import timedelta

from orders.models import Order
from orders.pacing import PACE
from orders.states import Status
from tests.faults.lab import FULL, Lab, happened, make_due, orders_for, run, size, until
from tests.outside import payment_gateway

HOURS_LATE = -2 * 3600


def test_after_an_outage_nobody_who_paid_is_cancelled(lab: Lab, shop, report):
    ids = orders_for(shop, "expire", size(400, 40))
    make_due(ids, "expire", first=HOURS_LATE, over=600)
    paid, paying, rest = set(ids[::20]), set(ids[1::20]), set(ids) - set(ids[::20]) - set(ids[1::20])
    with payment_gateway() as gateway:
        for pk, number, total in Order.objects.filter(pk__in=ids).values_list("pk", "number", "total_amount"):
            name, money = f"{shop.code}/{number}", {"amount": str(total), "currency": shop.currency}
            if pk in paid:
                gateway.answers[name] = {"state": "captured", "transaction_no": f"G{pk}", **money}
            elif pk in paying:
                gateway.answers[name] = {"state": "processing"}
        gateway.delay, gateway.failing = 0.2, {1} if FULL else set()
        for _number in range(2):
            lab.sweep(SELLERCENTER_PAYMENT_GATEWAY_URL=gateway.url)
        open_now = Order.objects.filter(pk__in=rest, status=Status.UNPAID)
        seconds = until(lambda: not open_now.exists(), seconds=size(400, 60), every=0.5)
    assert set(Order.objects.filter(pk__in=paid).values_list("status", flat=True)) == {Status.TO_REVIEW}
    assert set(Order.objects.filter(pk__in=paying).values_list("status", flat=True)) == {Status.UNPAID}
    within_pace([times[0] for times in happened(rest, "order.expired").values()])
    report(f"outage: {len(ids)} orders overdue by 2 h, {len(paid)} paid meanwhile: until caught up", seconds, "s")
    # What is under way got a grace, so it is not late although its own time has passed.
    assert run("SELECT count(*) FROM orders_order WHERE id = ANY(%s) AND due_at > now()", list(paying))[0][0]


def within_pace(times) -> None:
    """Assert that the cancels came one by one."""
    times = sorted(times)
    for place, at in enumerate(times):
        assert at - times[0] >= PACE * place - timedelta(seconds=2), f"too fast at number {place}"
