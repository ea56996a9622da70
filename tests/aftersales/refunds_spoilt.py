"""How to break on purpose what must hold of refunds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from aftersales import refund_actions
from aftersales.models import Refund
from sellercenter.permissions import SYSTEM
from tests.aftersales.money import make_refund


def _sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _paid(shop: Any) -> Refund:
    refund = make_refund(shop, by_hand=True)
    refund_actions.settle_by_hand(refund, number="BANK-1", by=SYSTEM)
    return refund


def _refund_reserved(shop: Any) -> None:
    _sql("UPDATE orders_payment SET refunding = 1 WHERE id = %s", make_refund(shop).payment_id)
    _sql("UPDATE orders_order SET refunding_amount = 1")


def _refund_booked(shop: Any) -> None:
    refund = _paid(shop)
    _sql("UPDATE orders_payment SET refunded = 4 WHERE id = %s", refund.payment_id)
    _sql("UPDATE orders_order SET refunded_amount = 4 WHERE id = %s", refund.order_id)


def _refund_order_sums(shop: Any) -> None:
    _sql("UPDATE orders_order SET refunding_amount = 4 WHERE id = %s", make_refund(shop).order_id)


def _refund_told_once(shop: Any) -> None:
    _paid(shop)
    _sql("DELETE FROM sellercenter_event WHERE kind = 'order.refunded'")


def _refund_history_says_state(shop: Any) -> None:
    _paid(shop)
    _sql("""UPDATE sellercenter_event SET data = data || '{"after": "failed"}' WHERE kind = 'refund.succeeded'""")


def _refund_asked_about(shop: Any) -> None:
    refund = make_refund(shop)
    _sql("UPDATE aftersales_refund SET status = 'unknown', due_at = NULL, due_step = '' WHERE id = %s", refund.pk)


def _refund_four_eyes(shop: Any) -> None:
    make_refund(shop)
    _sql("""UPDATE sellercenter_event SET data = data || '{"status": "to_confirm"}' WHERE kind = 'refund.requested'""")


def _refund_in_time(shop: Any) -> None:
    refund = make_refund(shop)
    late = "due_at = now() - interval '1 hour', due_step = 'submit'"
    _sql(f"UPDATE aftersales_refund SET {late} WHERE id = %s", refund.pk)


BREAKERS: dict[str, Callable[[Any], None]] = {
    name.removeprefix("_"): value for name, value in list(globals().items()) if name.startswith("_refund_")
}
