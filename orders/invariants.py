"""What must hold of orders whatever has happened, as SQL that returns the rows for which it does not.

Each entry is (code, description, SQL); `manage.py check_invariants` and the fault tests run them all.
"""

from __future__ import annotations

from orders.lifecycle import ORDER
from orders.states import UNSHIPPED, Status
from sellercenter.invariants import Invariant


def _listed(words: object) -> str:
    return ", ".join(f"'{word}'" for word in sorted(set(words)))  # type: ignore[call-overload]


# Changes of state: the moves that lead somewhere, and what a file told later. What an order was loaded with has no
# `before`, so its history is only followed from the first change that was made here.
_KINDS = _listed(["order.imported", *(ORDER.kind(move.name) for move in ORDER.moves.values() if move.target)])
_CHANGES = (
    "SELECT id, subject_id AS order_id, kind, data->>'before' AS before, data->>'after' AS after,"
    " row_number() OVER (PARTITION BY subject_id ORDER BY id DESC) AS from_last,"
    " lag(data->>'after') OVER (PARTITION BY subject_id ORDER BY id) AS left_in"
    " FROM sellercenter_event WHERE subject_type = 'order' AND data ? 'before' AND data ? 'after'"
    f" AND kind IN ({_KINDS})"
)
_ENDS = _listed([Status.COMPLETED, Status.CANCELLED])
_ENDED_HERE = f"SELECT order_id FROM ({_CHANGES}) changes WHERE after = 'cancelled' AND kind <> 'order.imported'"
_CAPTURED = "SELECT order_id, sum(amount) AS amount, sum(refunded) AS refunded FROM orders_payment"

HISTORY: list[Invariant] = [
    (
        "history_ends_once",
        "An order ends at most once.",
        f"SELECT order_id, count(*) FROM ({_CHANGES}) changes WHERE after IN ({_ENDS}) AND after <> before"
        " GROUP BY order_id HAVING count(*) > 1",
    ),
    (
        "history_unbroken",
        "Each change of state has exactly one event: every one begins where the one before ended.",
        f"SELECT order_id, id AS event_id, kind, left_in, before FROM ({_CHANGES}) changes WHERE left_in <> before",
    ),
    (
        "history_says_state",
        "An order is in the state in which its last change left it.",
        f"SELECT orders_order.id, status, after FROM ({_CHANGES}) changes"
        " JOIN orders_order ON orders_order.id = order_id WHERE from_last = 1 AND status <> after",
    ),
]

MONEY: list[Invariant] = [
    (
        "expired_though_paid",
        "No order of which a payment in time was known was cancelled by its timer.",
        f"SELECT ended.id, ended.cancelled_at, sum(payment.amount) AS paid FROM orders_order ended"
        " JOIN orders_payment payment ON payment.order_id = ended.id AND payment.status = 'captured'"
        f" WHERE ended.id IN (SELECT order_id FROM ({_CHANGES}) changes WHERE kind = 'order.expired')"
        " AND payment.paid_at <= ended.cancelled_at"
        # A file may tell of it only afterwards.
        " AND NOT EXISTS (SELECT FROM sellercenter_event late WHERE late.subject_type = 'order'"
        " AND late.subject_id = ended.id AND late.kind = 'order.paid_late'"
        " AND late.data->>'payment' = payment.position::text)"
        " GROUP BY ended.id HAVING sum(payment.amount) >= ended.total_amount",
    ),
    (
        "refunds_within_payments",
        "No more is refunded than was captured, of each payment and of each order.",
        "SELECT order_id, sum(amount) AS amount, sum(refunded) AS refunded FROM orders_payment"
        " GROUP BY order_id HAVING bool_or(refunded > amount) OR"
        " sum(refunded) > sum(amount) FILTER (WHERE status = 'captured')",
    ),
    (
        "cancelled_owes_back",
        "What was captured for an order that was cancelled here is refunded or stands as a refund to make.",
        "SELECT ended.id, paid.amount, ended.refunded_amount, ended.refund_due FROM orders_order ended"
        f" JOIN ({_CAPTURED} WHERE status = 'captured' GROUP BY order_id) paid ON paid.order_id = ended.id"
        f" WHERE ended.status = 'cancelled' AND ended.id IN ({_ENDED_HERE})"
        " AND paid.amount > ended.refunded_amount + ended.refund_due",
    ),
    (
        "refund_due_within_paid",
        "What was refunded and what is still to be refunded is no more than was captured.",
        "SELECT bought.id, refund_due, refunded_amount, paid_amount FROM orders_order bought"
        " WHERE refund_due > 0 AND refund_due + refunded_amount >"
        " (SELECT coalesce(sum(amount), 0) FROM orders_payment WHERE order_id = bought.id AND status = 'captured')",
    ),
    (
        "paid_has_its_money",
        "An order beyond unpaid whose payment was made here has captured what it cost.",
        "SELECT bought.id, bought.status, bought.total_amount FROM orders_order bought"
        f" WHERE bought.id IN (SELECT order_id FROM ({_CHANGES}) changes WHERE kind = 'order.paid')"
        " AND bought.total_amount > (SELECT coalesce(sum(amount), 0) FROM orders_payment"
        " WHERE order_id = bought.id AND status = 'captured')",
    ),
]


def _of_a_state() -> str:
    """Return the SQL condition that `due_step` is a step of the timer that the order's state has."""
    rows = [f"('{status}', '{step.name}')" for status, timer in ORDER.timers.items() for step in timer.steps]
    return f"(status, due_step) IN (VALUES {', '.join(rows)})"


# What a clock on the order promises must be among its steps, or have been given up where people see it.
_PROMISED = [
    (f"'{Status.UNPAID}'", "pay_by", "expire"),
    (f"'{Status.DELIVERED}'", "confirm_by", "complete"),
    (f"'{Status.TO_REVIEW}', '{Status.TO_SHIP}'", "answer_by", "accept_cancel"),
]
_LOST = " UNION ALL ".join(
    f"SELECT id, status, '{step}' AS lost, {clock} AS at FROM orders_order WHERE status IN ({states})"
    f" AND {clock} IS NOT NULL AND due_step <> '{step}' AND NOT due_later @> '[[\"{step}\"]]'"
    " AND NOT EXISTS (SELECT FROM sellercenter_fault fault WHERE fault.subject_type = 'order'"
    f" AND fault.subject_id = orders_order.id AND fault.step = '{step}' AND fault.dead_at IS NOT NULL)"
    for states, clock, step in _PROMISED
)

TIMERS: list[Invariant] = [
    (
        "due_step_fits",
        "What happens next by itself belongs to the order's state, and has its time; an ended order has nothing.",
        "SELECT id, status, due_step, due_at FROM orders_order WHERE (due_at IS NULL) <> (due_step = '')"
        f" OR due_step <> '' AND NOT {_of_a_state()} OR due_at IS NULL AND due_later <> '[]'",
    ),
    ("timer_lost", "A clock that runs has its step.", _LOST),
    (
        "asked_without_answer_by",
        "A cancel request has its time to answer, where the policy gave one when it came.",
        "SELECT asked.id, asked.cancel_requested_at FROM orders_order asked"
        " JOIN sellercenter_shoppolicy policy ON policy.shop_id = asked.shop_id"
        f" WHERE asked.status IN ({_listed(UNSHIPPED)}) AND asked.cancel_requested_at IS NOT NULL"
        " AND asked.answer_by IS NULL AND policy.cancel_answer IS NOT NULL"
        # A request that came before keeps what was promised then: no time.
        " AND NOT EXISTS (SELECT FROM sellercenter_event changed WHERE changed.shop_id = asked.shop_id"
        " AND changed.kind = 'policy.changed' AND changed.data->'after' ? 'cancel_answer')",
    ),
]

LINES: list[Invariant] = [
    (
        "cancelled_with_lines",
        "An order that was cancelled here has no line that goes on.",
        "SELECT DISTINCT ended.id FROM orders_order ended JOIN orders_orderline line ON line.order_id = ended.id"
        f" WHERE ended.status = 'cancelled' AND line.status <> 'cancelled' AND ended.id IN ({_ENDED_HERE})",
    ),
]

STOCK: list[Invariant] = [
    (
        "stock_on_hand",
        "A tracked SKU has on hand what its movements add up to.",
        "SELECT sku.id, sku.on_hand, coalesce(sum(moved.on_hand), 0) AS told "
        "FROM orders_sku sku LEFT JOIN orders_stockmovement moved ON moved.sku_id = sku.id "
        "GROUP BY sku.id HAVING sku.on_hand <> coalesce(sum(moved.on_hand), 0)",
    ),
    (
        "stock_reserved",
        "A SKU has reserved what its movements add up to.",
        "SELECT sku.id, sku.reserved, coalesce(sum(moved.reserved), 0) AS told "
        "FROM orders_sku sku LEFT JOIN orders_stockmovement moved ON moved.sku_id = sku.id "
        "GROUP BY sku.id HAVING sku.reserved <> coalesce(sum(moved.reserved), 0)",
    ),
    (
        "stock_reserved_by_lines",
        "A SKU has reserved what the lines of orders reserve.",
        "SELECT sku.id, sku.reserved, coalesce(sum(line.reserved), 0) AS told "
        "FROM orders_sku sku LEFT JOIN orders_orderline line ON line.sku_id = sku.id AND line.reserved > 0 "
        "GROUP BY sku.id HAVING sku.reserved <> coalesce(sum(line.reserved), 0)",
    ),
    (
        "stock_of_closed_orders",
        "An order that is cancelled, shipped or further reserves nothing.",
        "SELECT ordered.id, ordered.status FROM orders_orderline line "
        "JOIN orders_order ordered ON ordered.id = line.order_id "
        "WHERE line.reserved > 0 AND ordered.status IN ('shipped', 'delivered', 'completed', 'cancelled')",
    ),
]

INVARIANTS: list[Invariant] = [*HISTORY, *MONEY, *TIMERS, *LINES, *STOCK]

LIVE_INVARIANTS: list[Invariant] = [
    (
        "timer_in_time",
        "No order waits for its next step for more than two minutes beyond its time.",
        "SELECT id, status, due_step, due_at FROM orders_order WHERE due_at < now() - interval '120 seconds'",
    ),
]
