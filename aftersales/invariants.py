"""What must hold of cases whatever has happened, as SQL that returns the rows for which it does not."""

from __future__ import annotations

from collections.abc import Iterable

from aftersales.clocks import SPANS
from aftersales.lifecycle.cases import CASE
from aftersales.states import ENDED, OPEN
from sellercenter.invariants import Invariant


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_CHANGES = (
    "SELECT id, subject_id AS case_id, kind, data->>'before' AS before, data->>'after' AS after,"
    " row_number() OVER (PARTITION BY subject_id ORDER BY id DESC) AS from_last,"
    " lag(data->>'after') OVER (PARTITION BY subject_id ORDER BY id) AS left_in"
    " FROM sellercenter_event WHERE subject_type = 'case' AND data ? 'before' AND data ? 'after'"
)
_MOVES = _listed(CASE.kind(name) for name in CASE.moves)
# What was granted: sent on its way, or there. A case that ended with goods has its replacement.
_GRANTED = "(one.status = 'refunding' OR one.status = 'done' AND one.replacement_id IS NULL)"
_UNIT_HOLDERS = f"(one.status IN ({_listed(OPEN)}) OR one.status = 'done' AND one.replacement_id IS NULL)"
_BACK = (
    "SELECT case_id, coalesce(sum(amount) FILTER (WHERE status NOT IN ('failed', 'rejected')), 0) AS going,"
    " coalesce(sum(amount) FILTER (WHERE status = 'succeeded'), 0) AS there,"
    " count(*) FILTER (WHERE status IN ('failed', 'rejected')) AS stuck"
    " FROM aftersales_refund WHERE case_id IS NOT NULL GROUP BY case_id"
)

HISTORY: list[Invariant] = [
    (
        "case_history_ends_once",
        "A case ends at most once.",
        f"SELECT case_id, count(*) FROM ({_CHANGES}) changes WHERE after IN ({_listed(ENDED)})"
        " GROUP BY case_id HAVING count(*) > 1",
    ),
    (
        "case_history_unbroken",
        "Each change of a case has exactly one event: every one begins where the one before ended.",
        f"SELECT case_id, id AS event_id, kind, left_in, before FROM ({_CHANGES}) changes WHERE left_in <> before",
    ),
    (
        "case_history_says_state",
        "A case is in the state in which its last change left it.",
        f"SELECT one.id, one.status, after FROM aftersales_case one LEFT JOIN ({_CHANGES}) changes"
        " ON changes.case_id = one.id AND from_last = 1 WHERE one.status IS DISTINCT FROM after",
    ),
    (
        "case_version_counts",
        "The version of a case counts every change of it.",
        "SELECT one.id, one.version, 1 + count(told.id) AS told FROM aftersales_case one"
        " LEFT JOIN sellercenter_event told ON told.subject_type = 'case' AND told.subject_id = one.id"
        f" AND told.kind IN ({_MOVES}) GROUP BY one.id HAVING one.version <> 1 + count(told.id)",
    ),
]


def _steps_fit() -> str:
    """Return the SQL condition that `due_step` is a step of the timer that the case's state has."""
    rows = [f"('{status}', '{step.name}')" for status, timer in CASE.timers.items() for step in timer.steps]
    return f"(status, due_step) IN (VALUES {', '.join(rows)})"


def _lost() -> str:
    """Return the SQL of cases whose clock runs without the step that acts, unless it was given up for people to see."""
    acting = [(status, step.name) for status, timer in CASE.timers.items() for step in timer.steps if step.acts]
    return " UNION ALL ".join(
        f"SELECT id, status, '{step}' AS lost, act_by FROM aftersales_case WHERE status = '{status}'"
        f" AND kind <> '{'cancel' if status == 'requested' else ''}' AND act_by IS NOT NULL AND paused_at IS NULL"
        f" AND due_step <> '{step}' AND NOT due_later @> '[[\"{step}\"]]' AND NOT EXISTS ("
        "SELECT FROM sellercenter_fault fault WHERE fault.subject_type = 'case'"
        f" AND fault.subject_id = aftersales_case.id AND fault.step = '{step}' AND fault.dead_at IS NOT NULL)"
        for status, step in acting
    )


def _without_deadline() -> str:
    """Return the SQL of cases that wait for somebody without a deadline, though the policy gives one.

    Those that came before the policy did keep what was promised then; a wish to cancel has the clock of its order.
    """
    return " UNION ALL ".join(
        "SELECT one.id, one.status, one.act_by FROM aftersales_case one"
        f" JOIN sellercenter_shoppolicy policy ON policy.shop_id = one.shop_id WHERE one.status = '{status}'"
        f" AND one.act_by IS NULL AND policy.{span} IS NOT NULL AND (one.kind <> 'cancel' OR one.status = 'refused')"
        " AND NOT EXISTS (SELECT FROM sellercenter_event changed WHERE changed.shop_id = one.shop_id"
        f" AND changed.kind = 'policy.changed' AND changed.data->'after' ? '{span}')"
        for status, span in SPANS.items()
    )


CLOCKS: list[Invariant] = [
    (
        "case_due_step_fits",
        "What happens to a case by itself belongs to its state; a stopped clock and an ended case have nothing.",
        "SELECT id, status, due_step, due_at FROM aftersales_case WHERE (due_at IS NULL) <> (due_step = '')"
        f" OR due_step <> '' AND (NOT {_steps_fit()} OR paused_at IS NOT NULL) OR due_at IS NULL AND due_later <> '[]'",
    ),
    ("case_timer_lost", "A clock of a case that runs has its step.", _lost()),
    ("case_without_deadline", "A case that waits for somebody says until when.", _without_deadline()),
    (
        "case_deadline_of_nobody",
        "A case in a state without a clock has no deadline, and none that stands still.",
        "SELECT id, status, act_by, paused_at FROM aftersales_case"
        f" WHERE status NOT IN ({_listed(SPANS)}) AND (act_by IS NOT NULL OR paused_at IS NOT NULL)",
    ),
]

ORDERS: list[Invariant] = [
    (
        "case_order_in_aftersales",
        "An order is in after-sales exactly while one of its cases is open.",
        "SELECT bought.id, bought.aftersales FROM orders_order bought JOIN ("
        f"SELECT order_id, bool_or(status IN ({_listed(OPEN)})) AS open FROM aftersales_case GROUP BY order_id) about"
        " ON about.order_id = bought.id WHERE about.open <> (bought.aftersales = 'open')",
    ),
    (
        "case_units_within_quantity",
        "No unit of a line is in two cases that are open or were refunded; a difference in price takes none.",
        "SELECT line.id, line.quantity, sum(part.quantity) AS claimed FROM aftersales_caseline part"
        " JOIN aftersales_case one ON one.id = part.case_id JOIN orders_orderline line ON line.id = part.line_id"
        f" WHERE one.kind <> 'price' AND {_UNIT_HOLDERS} GROUP BY line.id HAVING sum(part.quantity) > line.quantity"
        # A file may have made the line smaller since.
        " AND NOT EXISTS (SELECT FROM sellercenter_event told WHERE told.subject_type = 'order'"
        " AND told.subject_id = line.order_id AND told.kind = 'order.imported'"
        " AND told.data->'changed'->('line ' || line.number) ? 'quantity')",
    ),
    (
        "case_line_of_its_order",
        "A case is about lines of its own order.",
        "SELECT part.id, part.case_id, part.line_id FROM aftersales_caseline part"
        " JOIN aftersales_case one ON one.id = part.case_id JOIN orders_orderline line ON line.id = part.line_id"
        " WHERE line.order_id <> one.order_id",
    ),
]

MONEY: list[Invariant] = [
    (
        "case_lines_add_up",
        "The lines of a case are worth together what the case says of its goods.",
        "SELECT one.id, one.goods_amount, coalesce(sum(part.amount), 0) AS told FROM aftersales_case one"
        " LEFT JOIN aftersales_caseline part ON part.case_id = one.id GROUP BY one.id"
        " HAVING one.goods_amount <> coalesce(sum(part.amount), 0)",
    ),
    (
        "case_grants_on_lines",
        "A line says what its cases granted of it.",
        "SELECT line.id, line.refunded_amount, coalesce(told.granted, 0) AS granted FROM orders_orderline line"
        " LEFT JOIN (SELECT part.line_id, sum(part.amount) AS granted FROM aftersales_caseline part"
        f" JOIN aftersales_case one ON one.id = part.case_id WHERE {_GRANTED} GROUP BY part.line_id) told"
        " ON told.line_id = line.id WHERE line.refunded_amount <> coalesce(told.granted, 0)",
    ),
    (
        "case_refunds_cover",
        "What a case granted is on its way or there, to the cent, unless a part of it failed and waits for a person.",
        f"SELECT one.id, one.amount, coalesce(back.going, 0) AS going FROM aftersales_case one LEFT JOIN ({_BACK}) back"
        f" ON back.case_id = one.id WHERE {_GRANTED} AND (coalesce(back.going, 0) > one.amount"
        " OR coalesce(back.going, 0) < one.amount AND coalesce(back.stuck, 0) = 0)",
    ),
    (
        "case_done_is_paid",
        "A case that was refunded is done exactly when all of it is there.",
        f"SELECT one.id, one.status, one.amount, coalesce(back.there, 0) AS there FROM aftersales_case one"
        f" LEFT JOIN ({_BACK}) back ON back.case_id = one.id"
        f" WHERE {_GRANTED} AND (one.status = 'done') <> (coalesce(back.there, 0) >= one.amount)",
    ),
]

GOODS: list[Invariant] = [
    (
        "case_inspected_has_time",
        "Only of inspected goods it is known in which condition they came back.",
        "SELECT DISTINCT one.id, one.status FROM aftersales_case one JOIN aftersales_caseline part"
        " ON part.case_id = one.id WHERE one.inspected_at IS NULL AND part.sellable + part.damaged > 0",
    ),
    (
        "case_shelved_once",
        "No more units of a line went back to the shelf than were found sellable.",
        "SELECT line_id, sum(on_hand) AS shelved FROM orders_stockmovement moved WHERE kind = 'return'"
        " GROUP BY line_id HAVING sum(on_hand) > (SELECT coalesce(sum(part.sellable), 0)"
        " FROM aftersales_caseline part WHERE part.line_id = moved.line_id)",
    ),
    (
        "case_sends_again",
        "A case that waits for goods to be sent, or ended with them, names the order by which they go.",
        "SELECT id, status FROM aftersales_case WHERE status = 'to_resend' AND replacement_id IS NULL",
    ),
]

INVARIANTS: list[Invariant] = [*HISTORY, *CLOCKS, *ORDERS, *MONEY, *GOODS]

LIVE_INVARIANTS: list[Invariant] = [
    (
        "case_timer_in_time",
        "No case waits for its next step for more than two minutes beyond its time.",
        "SELECT id, status, due_step, due_at FROM aftersales_case WHERE due_at < now() - interval '120 seconds'",
    ),
]
