"""What must hold of refunds whatever has happened, as SQL that returns the rows for which it does not."""

from __future__ import annotations

from collections.abc import Iterable

from aftersales.lifecycle import REFUND
from aftersales.states import REFUND_OPEN
from sellercenter.invariants import Invariant


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_OPEN = _listed(REFUND_OPEN)
_OF_PAYMENT = (
    f"SELECT payment_id, coalesce(sum(amount) FILTER (WHERE status IN ({_OPEN})), 0) AS going,"
    " coalesce(sum(amount) FILTER (WHERE status = 'succeeded'), 0) AS there FROM aftersales_refund GROUP BY payment_id"
)
_OF_ORDER = (
    "SELECT order_id, sum(refunding) AS refunding, sum(refunded) AS refunded,"
    " sum(amount) FILTER (WHERE status = 'captured') AS captured FROM orders_payment GROUP BY order_id"
)
_LAST = (
    "SELECT DISTINCT ON (subject_id) subject_id, data->>'after' AS after FROM sellercenter_event"
    " WHERE subject_type = 'refund' AND data ? 'after' ORDER BY subject_id, id DESC"
)
_STEPS = ", ".join(f"('{status}', '{step.name}')" for status, timer in REFUND.timers.items() for step in timer.steps)

INVARIANTS: list[Invariant] = [
    (
        "refund_reserved",
        "A payment has on its way back what its open refunds add up to.",
        "SELECT payment.id, payment.refunding, coalesce(known.going, 0) AS going FROM orders_payment payment"
        f" LEFT JOIN ({_OF_PAYMENT}) known ON known.payment_id = payment.id"
        " WHERE payment.refunding <> coalesce(known.going, 0)",
    ),
    (
        "refund_booked",
        "A payment has given back at least what its refunds that went through add up to.",
        f"SELECT payment.id, payment.refunded, known.there FROM ({_OF_PAYMENT}) known"
        " JOIN orders_payment payment ON payment.id = known.payment_id WHERE known.there > payment.refunded",
    ),
    (
        "refund_order_sums",
        "An order has on its way back what its payments have; what went back too, where its payments make what was"
        " paid.",
        f"SELECT bought.id, bought.refunding_amount, bought.refunded_amount FROM ({_OF_ORDER}) known"
        " JOIN orders_order bought ON bought.id = known.order_id WHERE bought.refunding_amount <> known.refunding"
        " OR bought.paid_amount = known.captured AND bought.refunded_amount <> known.refunded",
    ),
    (
        "refund_told_once",
        "A refund that went through stands once in the history of its order, and no other does.",
        "SELECT refund.id, refund.key, refund.status, count(told.id) AS told FROM aftersales_refund refund"
        " LEFT JOIN sellercenter_event told ON told.subject_type = 'order' AND told.subject_id = refund.order_id"
        " AND told.kind = 'order.refunded' AND told.data->>'refund' = refund.key"
        " GROUP BY refund.id HAVING count(told.id) <> (refund.status = 'succeeded')::int",
    ),
    (
        "refund_history_says_state",
        "A refund is in the state in which its last change left it.",
        f"SELECT refund.id, refund.status, last.after FROM aftersales_refund refund JOIN ({_LAST}) last"
        " ON last.subject_id = refund.id WHERE refund.status <> last.after",
    ),
    (
        "refund_asked_about",
        "A refund at the gateway is asked about, or was given up where people see it; its next step fits its state.",
        "SELECT id, key, status, due_step FROM aftersales_refund refund WHERE"
        f" due_step <> '' AND (status, due_step) NOT IN (VALUES {_STEPS})"
        " OR status IN ('submitted', 'unknown') AND due_at IS NULL AND NOT EXISTS (SELECT FROM sellercenter_fault fault"
        " WHERE fault.subject_type = 'refund' AND fault.subject_id = refund.id AND fault.dead_at IS NOT NULL)",
    ),
    (
        "refund_four_eyes",
        "What needed a second person was confirmed by one before it went on.",
        "SELECT refund.id, refund.key, refund.status FROM aftersales_refund refund JOIN sellercenter_event asked"
        " ON asked.subject_type = 'refund' AND asked.subject_id = refund.id AND asked.kind = 'refund.requested'"
        " WHERE asked.data->>'status' = 'to_confirm' AND refund.confirmed_at IS NULL"
        " AND refund.status NOT IN ('to_confirm', 'rejected')",
    ),
]

LIVE_INVARIANTS: list[Invariant] = [
    (
        "refund_in_time",
        "No refund waits to be handed over or asked about for more than five minutes beyond its time.",
        "SELECT id, key, status, due_at FROM aftersales_refund WHERE due_at < now() - interval '300 seconds'",
    ),
]
