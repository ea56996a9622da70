"""How to break on purpose what must hold of disputes, appeals, tickets and evidence."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import override_settings

from aftersales import disputes, evidence
from aftersales.models import Dispute, Evidence
from sellercenter.permissions import CHANNEL, SYSTEM
from tests import make
from tests.aftersales import proofs


def _sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _asked(shop: Any) -> Dispute:
    dispute = proofs.dispute(shop)
    disputes.ask_evidence(dispute, by=CHANNEL)
    return dispute


def _evidence(shop: Any) -> Evidence:
    with tempfile.TemporaryDirectory() as folder, override_settings(EVIDENCE_ROOT=folder):
        return evidence.add(make.case(shop), file=proofs.file(), proof="chat", by=SYSTEM)


def _set(table: str, values: str, record: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Return what writes these values past all verbs."""

    def spoil(shop: Any) -> None:
        _sql(f"UPDATE aftersales_{table} SET {values} WHERE id = %s", record(shop).pk)

    return spoil


def _over(shop: Any) -> None:
    _sql("UPDATE aftersales_dispute SET status = 'ended', ended_at = now() WHERE id = %s", proofs.dispute(shop).pk)


def _forgotten(shop: Any) -> None:
    _sql("DELETE FROM aftersales_evidence WHERE id = %s", _evidence(shop).pk)


_LATE = "due_at = now() - interval '3 minutes'"
BREAKERS: dict[str, Callable[[Any], None]] = {
    "dispute_with_case": _over,
    "dispute_evidence_by": _set("dispute", "evidence_by = NULL", _asked),
    "dispute_ended_has_time": _set("dispute", "ended_at = now()", proofs.dispute),
    "appeal_filed_with_times": _set("appeal", "filed_at = opened_at", proofs.appeal),
    "appeal_filed_in_time": _set("appeal", "filed_at = file_by", proofs.appeal),
    "dispute_history_says_state": _set("dispute", "status = 'negotiating'", proofs.dispute),
    "appeal_history_says_state": _set("appeal", "status = 'won', filed_at = now(), answer_by = now()", proofs.appeal),
    "ticket_history_says_state": _set("ticket", "status = 'solved', due_at = NULL, due_step = ''", proofs.ticket),
    "dispute_due_step_fits": _set("dispute", "due_step = 'lapse'", _asked),
    "appeal_due_step_fits": _set("appeal", "due_step = 'silent'", proofs.appeal),
    "ticket_due_step_fits": _set("ticket", "status = 'closed'", proofs.ticket),
    "evidence_chain_unbroken": _set("evidence", "note = 'later'", _evidence),
    "evidence_told": _forgotten,
    "dispute_step_in_time": _set("dispute", _LATE, _asked),
    "appeal_step_in_time": _set("appeal", _LATE, proofs.appeal),
    "ticket_step_in_time": _set("ticket", _LATE, proofs.ticket),
}
