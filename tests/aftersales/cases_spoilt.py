"""How to break on purpose what must hold of cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from aftersales import actions, refund_actions
from aftersales.models import Case, Refund
from aftersales.states import CaseKind as K
from aftersales.states import CaseStatus as S
from orders import inventory
from orders.models import Sku
from orders.states import Status
from sellercenter.permissions import SYSTEM
from tests import make


def _sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _set(case: Case, columns: str) -> None:
    _sql(f"UPDATE aftersales_case SET {columns} WHERE id = %s", case.pk)


def _case_history_ends_once(shop: Any) -> None:
    case = make.case(shop, S.CLOSED)
    told = '{"before": "requested", "after": "closed"}'
    _sql("UPDATE sellercenter_event SET data = %s WHERE subject_id = %s AND kind = 'case.refused'", told, case.pk)


def _case_history_unbroken(shop: Any) -> None:
    case = make.case(shop, S.REFUSED)
    told = '{"before": "offered", "after": "refused"}'
    _sql("UPDATE sellercenter_event SET data = %s WHERE subject_id = %s AND kind = 'case.refused'", told, case.pk)


def _case_history_says_state(shop: Any) -> None:
    _set(make.case(shop), "status = 'returning'")


def _case_version_counts(shop: Any) -> None:
    _set(make.case(shop), "version = 7")


def _case_due_step_fits(shop: Any) -> None:
    _set(make.case(shop), "due_step = 'lapse'")


def _case_timer_lost(shop: Any) -> None:
    _set(make.case(shop), "due_step = '', due_at = NULL, due_later = '[]'")


def _case_without_deadline(shop: Any) -> None:
    _set(make.case(shop), "act_by = NULL")


def _case_deadline_of_nobody(shop: Any) -> None:
    _set(make.case(shop, S.REFUNDING), "act_by = now()")


def _case_order_in_aftersales(shop: Any) -> None:
    _sql("UPDATE orders_order SET aftersales = 'closed' WHERE id = %s", make.case(shop).order_id)


def _case_units_within_quantity(shop: Any) -> None:
    _sql("UPDATE aftersales_caseline SET quantity = 3 WHERE case_id = %s", make.case(shop).pk)


def _case_line_of_its_order(shop: Any) -> None:
    other = make.order(shop).lines.get()
    _sql("UPDATE aftersales_caseline SET line_id = %s WHERE case_id = %s", other.pk, make.case(shop).pk)


def _case_lines_add_up(shop: Any) -> None:
    _sql("UPDATE aftersales_caseline SET amount = amount - 1 WHERE case_id = %s", make.case(shop).pk)


def _case_grants_on_lines(shop: Any) -> None:
    case = make.case(shop, S.REFUNDING)
    _sql("UPDATE orders_orderline SET refunded_amount = 0 WHERE order_id = %s", case.order_id)


def _case_refunds_cover(shop: Any) -> None:
    case = make.case(shop, S.REFUNDING)
    _sql("UPDATE aftersales_refund SET amount = amount - 1 WHERE case_id = %s", case.pk)


def _case_done_is_paid(shop: Any) -> None:
    case = make.case(shop, S.REFUNDING)
    refund_actions.settle_by_hand(Refund.objects.get(case=case), number="B1", by=SYSTEM)
    _sql("UPDATE aftersales_refund SET status = 'submitted' WHERE case_id = %s", case.pk)


def _case_inspected_has_time(shop: Any) -> None:
    _sql("UPDATE aftersales_caseline SET damaged = 1 WHERE case_id = %s", make.case(shop).pk)


def _case_shelved_once(shop: Any) -> None:
    order = make.order(shop, Status.DELIVERED)
    line = order.lines.get()
    inventory.count(Sku.objects.get(pk=line.sku_id), on_hand=1, reason="", by=SYSTEM)
    case = make.case(shop, S.TO_INSPECT, kind=K.RETURN, order=order)
    actions.inspect(case, results={line.pk: (2, 0)}, by=SYSTEM)
    inventory.take_back(order, {line.pk: 2}, reason="once more", by=SYSTEM)


def _case_sends_again(shop: Any) -> None:
    _set(make.case(shop, S.TO_RESEND), "replacement_id = NULL")


def _case_timer_in_time(shop: Any) -> None:
    _set(make.case(shop), "due_at = now() - interval '121 seconds'")


BREAKERS: dict[str, Callable[[Any], None]] = {
    name.removeprefix("_"): act for name, act in list(globals().items()) if name.startswith("_case_")
}
