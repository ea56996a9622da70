"""What must hold of disputes, appeals, tickets and evidence, as SQL that returns the rows for which it does not."""

from __future__ import annotations

from aftersales.lifecycle.disputes import APPEAL, DISPUTE, TICKET
from aftersales.states import DISPUTE_OPEN
from sellercenter.invariants import Invariant
from sellercenter.lifecycle import Lifecycle

_OPEN = ", ".join(f"'{status}'" for status in DISPUTE_OPEN)


def _says_state(lifecycle: Lifecycle, begins: str) -> Invariant:
    """Return the rule that a record is in the state in which its last change left it."""
    name = lifecycle.subject
    return (
        f"{name}_history_says_state",
        f"A record of the kind {name} is in the state in which its last change left it, or as it began.",
        f"SELECT one.id, one.status, told.after FROM aftersales_{name} one LEFT JOIN LATERAL ("
        "SELECT data->>'after' AS after FROM sellercenter_event WHERE subject_type = "
        f"'{name}' AND subject_id = one.id AND data ? 'after' ORDER BY id DESC LIMIT 1) told ON true"
        f" WHERE one.status <> coalesce(told.after, '{begins}')",
    )


def _steps_fit(lifecycle: Lifecycle) -> Invariant:
    """Return the rule that what happens next by itself belongs to the state."""
    pairs = [f"('{status}', '{step.name}')" for status, timer in lifecycle.timers.items() for step in timer.steps]
    name = lifecycle.subject
    return (
        f"{name}_due_step_fits",
        f"What happens next by itself to a record of the kind {name} belongs to its state.",
        f"SELECT id, status, due_step FROM aftersales_{name} WHERE due_step <> ''"
        f" AND (status, due_step) NOT IN (VALUES {', '.join(pairs)})",
    )


_LIVES = (DISPUTE, APPEAL, TICKET)

DISPUTES: list[Invariant] = [
    (
        "dispute_with_case",
        "A case is in dispute exactly while a dispute over it is open.",
        "SELECT one.id, one.status FROM aftersales_case one WHERE (one.status = 'disputed') <> EXISTS ("
        f"SELECT FROM aftersales_dispute WHERE case_id = one.id AND status IN ({_OPEN}))",
    ),
    (
        "dispute_evidence_by",
        "A dispute that waits for evidence says until when, where the policy or the platform gave a time.",
        "SELECT one.id FROM aftersales_dispute one JOIN sellercenter_shoppolicy policy ON policy.shop_id = one.shop_id"
        " WHERE one.status = 'evidence' AND one.evidence_by IS NULL AND policy.evidence_within IS NOT NULL",
    ),
    (
        "dispute_ended_has_time",
        "Exactly the disputes that are over have the time of it.",
        f"SELECT id, status FROM aftersales_dispute WHERE (status IN ({_OPEN})) <> (ended_at IS NULL)",
    ),
    (
        "appeal_filed_with_times",
        "An appeal that was filed has its time and that of the answer, and no draft has.",
        "SELECT id, status FROM aftersales_appeal WHERE status IN ('filed', 'won', 'lost')"
        " AND (filed_at IS NULL OR answer_by IS NULL) OR status IN ('draft', 'lapsed') AND filed_at IS NOT NULL",
    ),
    (
        "appeal_filed_in_time",
        "No appeal was filed after its time.",
        "SELECT id, filed_at, file_by FROM aftersales_appeal WHERE filed_at >= file_by",
    ),
    *(_says_state(one, one.begins) for one in _LIVES),
    *(_steps_fit(one) for one in _LIVES),
]

# The same parts in the same order as `aftersales.evidence.link` has them.
_LINK = (
    "encode(sha256(convert_to(concat_ws(E'\\n', before, sha256, uploader_label, side, proof, name, note,"
    " to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')), 'UTF8')), 'hex')"
)

EVIDENCE: list[Invariant] = [
    (
        "evidence_chain_unbroken",
        "Each piece of evidence follows by its hash from the one before it.",
        "SELECT id, chain FROM (SELECT *, coalesce(lag(chain) OVER"
        " (PARTITION BY case_id, dispute_id, appeal_id ORDER BY id), '') AS before FROM aftersales_evidence) chained"
        f" WHERE chain <> {_LINK}",
    ),
    (
        "evidence_told",
        "Each piece of evidence has the event of its coming with its hash, and no event has lost its evidence.",
        "SELECT coalesce(kept.id, told.subject_id), kept.sha256 FROM aftersales_evidence kept FULL JOIN ("
        "SELECT subject_id, data->>'sha256' AS sha256 FROM sellercenter_event WHERE kind = 'evidence.added') told"
        " ON told.subject_id = kept.id WHERE kept.sha256 IS DISTINCT FROM told.sha256",
    ),
]

INVARIANTS: list[Invariant] = [*DISPUTES, *EVIDENCE]

LIVE_INVARIANTS: list[Invariant] = [
    (
        f"{one.subject}_step_in_time",
        f"No record of the kind {one.subject} waits for its next step for more than two minutes beyond its time.",
        f"SELECT id, due_step, due_at FROM aftersales_{one.subject} WHERE due_at < now() - interval '120 seconds'",
    )
    for one in _LIVES
]
