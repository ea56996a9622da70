"""A file that tells what was refunded while a refund of ours is under way: no money counts twice."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from aftersales import refund_actions, refunds
from aftersales.models import Refund
from aftersales.states import RefundStatus as S
from orders import actions
from orders.models import Order
from sellercenter import outbox
from sellercenter.permissions import SYSTEM
from tests.conftest import told
from tests.orders.import_files import csv_file, open_shop, row, take
from tests.orders.test_import_changes import broken

pytestmark = pytest.mark.django_db


@pytest.fixture
def bring(tmp_path, settings):
    settings.REFUND_GATEWAY = "aftersales.refund_gateways.NoGateway"
    shop = open_shop()
    return lambda **cells: take(shop, csv_file(tmp_path, row(payments="card=15.00;voucher=5.00", **cells))).notes


def order():
    return Order.objects.get(number="A1")


def sums():
    found = order()
    parts = [(one.refunded, one.refunding) for one in found.payments.order_by("position")]
    return (found.refunded_amount, found.refunding_amount, found.refund_due), parts


def test_what_a_file_tells_is_taken_for_what_is_under_way_and_booked_when_nobody_else_will(bring):
    bring()
    actions.cancel(order(), reason="sold out", by=SYSTEM)
    refunds.make_owed(10)
    assert sums() == ((0, 20, 20), [(0, 15), (0, 5)])
    notes = bring(status="cancelled", refunded="16")
    assert notes == ["A1: ¥16.00 of what the file tells as refunded is under way here, and is booked once it is there."]
    assert sums() == ((0, 20, 20), [(0, 15), (0, 5)])
    # Only what the told sum covers whole is done; nobody pays that by hand any more.
    outbox.fan_out(100)
    assert [(one.amount, one.status) for one in Refund.objects.order_by("pk")] == [(15, S.SUCCEEDED), (5, S.REQUESTED)]
    assert sums() == ((15, 5, 5), [(15, 0), (0, 5)])
    bring(status="cancelled", refunded="20")
    outbox.fan_out(100)
    assert sums() == ((20, 0, 0), [(15, 0), (5, 0)])
    assert told(order()).count("order.refunded") == 2
    assert broken() == []


def test_a_file_that_tells_of_more_is_believed_and_what_the_gateway_has_is_left_to_it(bring, settings):
    bring()
    actions.cancel(order(), reason="sold out", by=SYSTEM)
    settings.REFUND_GATEWAY = "aftersales.refund_gateways.RecordingGateway"
    refunds.make(order(), amount=D(4), case=None, reason="", by=SYSTEM)
    bring(status="cancelled", refunded="6")
    outbox.fan_out(100)
    assert sums() == ((2, 4, 18), [(2, 4), (0, 0)])
    refund = Refund.objects.get()
    refund_actions.call_back(refund, reason="the platform did it", by=SYSTEM)
    bring(status="cancelled", refunded="18")
    assert sums() == ((18, 0, 2), [(15, 0), (3, 0)])
    assert broken() == []
