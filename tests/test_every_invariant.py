"""Each invariant finds the row that breaks it on purpose, and nothing in a world where everything went by the verbs."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from orders import actions, fulfilment, inventory, payments
from orders.models import Order, Sku
from orders.states import Status
from sellercenter import events, invariants
from sellercenter.jobs import items
from sellercenter.models import Job, OutgoingMessage
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.aftersales import cases_spoilt, disputes_spoilt, refunds_spoilt, talk_spoilt

pytestmark = pytest.mark.django_db


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def without(table: str, *constraints: str) -> None:
    """Take away what else would keep the database from being spoiled."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    for constraint in constraints:
        sql(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


def found(*, live: bool = False) -> dict[str, list[str]]:
    return {one.code: one.records for one in invariants.check(live=live)}


def paid(shop) -> Order:
    """Place and pay an order by the verbs, so that its history is followed."""
    order = make.order(shop, Status.UNPAID)
    payments.pay(order, amount=order.total_amount, method="card", transaction_no="T1", by=BUYER)
    return order


def cancelled(shop) -> Order:
    order = paid(shop)
    actions.cancel(order, reason="sold out", by=SYSTEM)
    return order


def job_of(shop) -> Job:
    job = Job.objects.create(shop=shop, kind="flag", actor_kind="system", actor_label="System", state="queued")
    job.total = items.fill_from(job, [(1, "A", ""), (2, "B", "")])
    job.save(update_fields=["total"])
    return job


def message_of(shop, channel="sms", **facts) -> OutgoingMessage:
    event = events.record(shop, "order.reminded", make.order(shop), by=SYSTEM)
    told = {"subject_type": "order", "subject_id": event.subject_id, "once": True, "kind": event.kind}
    return OutgoingMessage.objects.create(
        **{"shop": shop, "event": event, "channel": channel, "key": f"{event.pk}/{channel}", **told, **facts}
    )


def sku_of(shop, on_hand=10) -> Sku:
    make.order(shop)
    sku = Sku.objects.filter(shop=shop).latest("pk")
    inventory.count(sku, on_hand=on_hand, reason="", by=SYSTEM)
    return sku


def _job_counters(shop):
    sql("UPDATE sellercenter_job SET done = 1 WHERE id = %s", job_of(shop).pk)


def _job_done_with_waiting(shop):
    sql("UPDATE sellercenter_job SET state = 'done', finished_at = now() WHERE id = %s", job_of(shop).pk)


def _job_ended_with_lease(shop):
    job = job_of(shop)
    sql("UPDATE sellercenter_job SET state = 'failed', finished_at = now(), lease_until = now() WHERE id = %s", job.pk)


def _job_goes_on(shop):
    sql("UPDATE sellercenter_job SET created_at = now() - interval '11 minutes' WHERE id = %s", job_of(shop).pk)


def _message_sent_once(shop):
    sql("DROP INDEX message_once_per_event_and_channel")
    first = message_of(shop)
    message_of(shop, event=first.event, key="again")
    sql("UPDATE sellercenter_outgoingmessage SET state = 'sent', sent_at = now()")


def _message_sent_has_time(shop):
    sql("UPDATE sellercenter_outgoingmessage SET state = 'sent' WHERE id = %s", message_of(shop).pk)


def _message_unsure_is_once(shop):
    sql("UPDATE sellercenter_outgoingmessage SET state = 'unsure' WHERE id = %s", message_of(shop, once=False).pk)


def _message_sent_in_time(shop):
    sql(
        "UPDATE sellercenter_outgoingmessage SET due_at = now() - interval '11 minutes' WHERE id = %s",
        message_of(shop).pk,
    )


def _event_told_in_time(shop):
    order = make.order(shop)
    sql("UPDATE sellercenter_event SET owed_at = now() - interval '11 minutes' WHERE subject_id = %s", order.pk)


def _shop_has_owner(shop):
    without("sellercenter_member", "member_is_owner_or_has_role")
    sql("UPDATE sellercenter_member SET owner = false WHERE shop_id = %s", shop.pk)


def _history_ends_once(shop):
    order = cancelled(shop)
    told = json.dumps({"before": "to_ship", "after": "cancelled"})
    sql("UPDATE sellercenter_event SET data = %s WHERE subject_id = %s AND kind = 'order.paid'", told, order.pk)


def _history_unbroken(shop):
    order = cancelled(shop)
    told = json.dumps({"before": "to_ship", "after": "cancelled"})
    sql("UPDATE sellercenter_event SET data = %s WHERE subject_id = %s AND kind = 'order.cancelled'", told, order.pk)


def _history_says_state(shop):
    sql("UPDATE orders_order SET status = 'to_ship' WHERE id = %s", paid(shop).pk)


def _expired_though_paid(shop):
    order = cancelled(shop)
    sql(
        "UPDATE sellercenter_event SET kind = 'order.expired' WHERE subject_id = %s AND kind = 'order.cancelled'",
        order.pk,
    )


def _refunds_within_payments(shop):
    without("orders_payment", "payment_refund_within_amount")
    sql("UPDATE orders_payment SET refunded = amount + 1 WHERE order_id = %s", paid(shop).pk)


def _cancelled_owes_back(shop):
    sql("UPDATE orders_order SET refund_due = refund_due - 1 WHERE id = %s", cancelled(shop).pk)


def _refund_due_within_paid(shop):
    sql("UPDATE orders_order SET refund_due = refund_due + 1 WHERE id = %s", cancelled(shop).pk)


def _paid_has_its_money(shop):
    sql("UPDATE orders_payment SET status = 'failed' WHERE order_id = %s", paid(shop).pk)


def _due_step_fits(shop):
    sql("UPDATE orders_order SET due_step = 'complete', due_at = now() WHERE id = %s", make.order(shop).pk)


def _timer_lost(shop):
    order = make.order(shop, Status.UNPAID, placed_at=make.NOW)
    sql("UPDATE orders_order SET due_step = '', due_at = NULL, due_later = '[]' WHERE id = %s", order.pk)


def _asked_without_answer_by(shop):
    order = paid(shop)
    actions.request_cancel(order, reason="", by=BUYER)
    sql("UPDATE orders_order SET answer_by = NULL WHERE id = %s", order.pk)


def _timer_in_time(shop):
    order = make.order(shop, Status.UNPAID, placed_at=make.NOW)
    sql("UPDATE orders_order SET due_at = now() - interval '121 seconds' WHERE id = %s", order.pk)


def _cancelled_with_lines(shop):
    order = cancelled(shop)
    sql("UPDATE orders_orderline SET status = 'waiting' WHERE order_id = %s", order.pk)


def _stock_on_hand(shop):
    sql("UPDATE orders_sku SET on_hand = on_hand + 1 WHERE id = %s", sku_of(shop).pk)


def _stock_reserved(shop):
    sql("UPDATE orders_sku SET reserved = 1 WHERE id = %s", sku_of(shop).pk)


def _stock_of_closed_orders(shop):
    order = make.order(shop, Status.COMPLETED)
    sql("UPDATE orders_orderline SET reserved = 1 WHERE order_id = %s", order.pk)


BREAKERS: dict[str, Callable] = {
    name.removeprefix("_"): act
    for name, act in list(globals().items())
    if name.startswith("_") and not name.startswith("__") and callable(act)
}
BREAKERS |= cases_spoilt.BREAKERS | disputes_spoilt.BREAKERS | refunds_spoilt.BREAKERS | talk_spoilt.BREAKERS
# One rule of the ledger cannot be broken without another.
BREAKERS["stock_reserved_by_lines"] = _stock_reserved


@pytest.mark.parametrize("code", [code for code, _says, _sql in invariants.every(live=True) if code[:5] != "wall_"])
def test_each_invariant_finds_what_breaks_it(shop, code):
    assert found(live=True) == {}
    BREAKERS[code](shop)
    assert found(live=True)[code]


def test_a_record_that_leads_into_another_shop_is_found(shop, other_shop):
    mine, theirs = make.order(shop), make.order(other_shop)
    sku = theirs.lines.get().sku_id
    sql("UPDATE orders_orderline SET sku_id = %s WHERE order_id = %s", sku, mine.pk)
    line = mine.lines.get()
    told = f"id={line.pk} shop_id={shop.pk} other={other_shop.pk}"
    assert found() == {"wall_orders_orderline_sku_id": [told]}


def test_walls_stand_between_all_records_of_shops():
    codes = {code for code, _says, _sql in invariants.walls()}
    assert {"wall_orders_orderline_order_id", "wall_orders_parcelline_parcel_id"} <= codes
    assert {"wall_sellercenter_member_role_id", "wall_sellercenter_outgoingmessage_event_id"} <= codes


def test_the_command_names_at_most_ten_records_and_ends_with_one(shop):
    ids = [make.order(shop).pk for _i in range(12)]
    sql("UPDATE orders_order SET due_step = 'complete', due_at = now() WHERE id = ANY(%s)", ids)
    said, plain = StringIO(), StringIO()
    with pytest.raises(CommandError):
        call_command("check_invariants", "--json", stdout=said)
    told = json.loads(said.getvalue())["broken"]
    assert [(one["code"], len(one["records"]), one["more"]) for one in told] == [("due_step_fits", 10, True)]
    with pytest.raises(CommandError):
        call_command("check_invariants", stdout=plain)
    assert f"{len(invariants.every())} invariants checked, 1 broken." in plain.getvalue()


def test_the_command_is_content_when_everything_holds(shop):
    said = StringIO()
    call_command("check_invariants", "--live", stdout=said)
    assert said.getvalue() == f"{len(invariants.every(live=True))} invariants checked, 0 broken.\n"


def test_a_life_by_the_verbs_breaks_nothing(shop, owner):
    sku = sku_of(shop)
    kept, ended = paid(shop), cancelled(shop)
    actions.approve(kept, by=owner.actor)
    fulfilment.ship(kept, carrier="SF", tracking_no="SF1", by=owner.actor)
    fulfilment.deliver(kept, by=SYSTEM)
    fulfilment.confirm(kept, by=BUYER)
    job_of(shop)
    assert (kept.status, ended.status, sku.tracked) == ("completed", "cancelled", True)
    assert found(live=True) == {}


def test_a_part_payment_of_an_order_that_its_seller_cancels_goes_back(shop, owner):
    order = make.order(shop, Status.UNPAID)
    payments.pay(order, amount=order.total_amount / 2, method="card", transaction_no="T1", by=BUYER)
    actions.cancel(order, reason="sold out", by=owner.actor)
    assert found() == {}


def test_a_part_payment_of_an_order_that_its_buyer_gives_up_goes_back(shop):
    order = make.order(shop, Status.UNPAID)
    payments.pay(order, amount=order.total_amount / 2, method="card", transaction_no="T1", by=BUYER)
    actions.give_up(order, by=BUYER)
    assert found() == {}
