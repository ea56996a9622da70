"""The page of an order that an import has changed: it shows everything that an import can write into the history."""

from __future__ import annotations

from pathlib import Path

import pytest

from orders import timeline
from orders.imports import changes
from orders.models import Order
from sellercenter import events
from sellercenter.columns import Setting
from sellercenter.models import Shop
from tests import make
from tests.conftest import Person, url
from tests.orders.import_files import csv_file, row, take

pytestmark = pytest.mark.django_db
WORDS = {
    "kind": "sample",
    "raw_status": "sent",
    "placed_at": "2026-03-01 09:00",
    "reviewed_at": "2026-03-01 11:00",
    "cancelled_by": "buyer",
    "cancel_reason": "none",
    "cancel_requested_at": "2026-03-01 11:30",
    "ship_by": "2026-03-04 12:00",
    "deliver_by": "2026-03-06",
    "buyer_nickname": "Li",
    "buyer_message": "quick",
    "province": "Hubei",
    "city": "Wuhan",
    "district": "Wuchang",
    "aftersales": "open",
    "source": "live",
    "channel": "douyin",
    "seller_note": "gift",
    "flag": "red",
    "abnormal": "stock",
    "abnormal_reason": "none left",
    "paid_at": "2026-03-01 10:06",
}
AMOUNTS = {
    "platform_discount": "1",
    "seller_discount": "2",
    "creator_discount": "3",
    "payment_discount": "4",
    "freight": "6",
    "freight_discount": "5",
    "tax": "7",
    "fee": "8",
    "adjustment": "-1",
    "refunded": "3",
}
PARCEL = {
    "status": "delivered",
    "carrier": "SF",
    "tracking_no": "SF1",
    "shipped_at": "2026-03-02 09:00",
    "delivered_at": "2026-03-05 09:00",
}


def change_everything(shop: Shop, folder: Path) -> None:
    """Change everything that an import can change, in two orders: one is completed, the other one cancelled."""
    take(shop, csv_file(folder, row(), row(order_no="A2")))
    recipient = {"recipient_name": "王小明", "recipient_phone": "13800138000", "recipient_postcode": "510000"}
    rich = row(**WORDS, **AMOUNTS, **PARCEL, **recipient, buyer_id="b-2", payments="voucher=50")
    more = rich | {"line_no": "2", "tracking_no": "", "carrier": "own"}
    take(shop, csv_file(folder, rich, more))
    done = row(status="completed", completed_at="2026-03-09 09:00", unit_price="11")
    take(shop, csv_file(folder, done, row(order_no="A2", status="cancelled")))


def test_the_pages_of_orders_show_all_that_an_import_changed(shop: Shop, owner: Person, tmp_path: Path) -> None:
    change_everything(shop, tmp_path)
    seen: set[str] = set()
    for order in Order.objects.all():
        answer = owner.get(url("order_detail", order))
        for event in events.of(order).filter(kind="order.imported"):
            seen |= event.data["changed"].keys()
            for _label, _before, name in timeline.details(event.data, Setting(shop, make.NOW), shop.currency):
                answer.says(name)
        for private in ("13800138000", "王小明", "510000"):
            answer.keeps_quiet_about(private)
    told = {*changes._ORDER_TOLD, *changes._ORDER_AMOUNTS, "seller_note", "flag", "abnormal", "abnormal_reason"}
    told |= {"abnormal_at", "payment_method", "paid_at", "paid_amount", "refunded_amount", "shipped_at", "delivered_at"}
    told |= {"status", "refund_due", "buyer", "recipient", "line 1", "line 2", "payment 2", "parcel SF1", "parcel "}
    assert seen == told
