"""Verbs on appeals: our objections to what the platform decided or charged, with the proof that each kind needs.

What counts as proof follows the platforms' lists for malicious claims, penalties and compensations. An appeal checks a
misjudgment: what belongs into a dispute that is still open is put in there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from aftersales import clocks, numbers
from aftersales.lifecycle.disputes import APPEAL
from aftersales.models import Appeal, Case, Dispute, Evidence
from aftersales.seen import as_seen, meanwhile, plain
from aftersales.states import DISPUTE_OPEN, AppealKind, DisputeStatus, Proof
from orders.models import Order
from sellercenter import events
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.ticks import database_now


@dataclass(frozen=True)
class Proofs:
    """What an appeal of one kind must bring, and what helps besides."""

    required: tuple[Proof, ...]
    helpful: tuple[Proof, ...] = ()


PROOFS: dict[AppealKind, Proofs] = {
    AppealKind.MALICIOUS: Proofs(
        (Proof.CHAT, Proof.PACKING_VIDEO),
        (Proof.WEIGHT, Proof.CARRIER, Proof.PHOTO, Proof.AGREEMENT),
    ),
    AppealKind.PENALTY: Proofs((Proof.CARRIER,), (Proof.DELIVERY_SLIP, Proof.NOTICE, Proof.CHAT, Proof.QC_REPORT)),
    AppealKind.COMPENSATION: Proofs((Proof.CARRIER,), (Proof.NOTICE, Proof.CHAT, Proof.AGREEMENT)),
    AppealKind.ARBITRATION: Proofs((Proof.CHAT,), (Proof.QC_REPORT, Proof.PACKING_VIDEO, Proof.WEIGHT, Proof.CARRIER)),
}


@dataclass(frozen=True)
class Check:
    """One line of the checklist: a proof, whether it is required, and how many files show it."""

    proof: Proof
    required: bool
    files: int


def checklist(appeal: Appeal) -> list[Check]:
    """Return what the appeal must and may bring, and how much of it is there."""
    kept = list(Evidence.objects.for_shop(appeal.shop).filter(appeal=appeal).values_list("proof", flat=True))
    asked = PROOFS[AppealKind(appeal.kind)]
    required = [Check(proof, True, kept.count(proof)) for proof in asked.required]
    return required + [Check(proof, False, kept.count(proof)) for proof in asked.helpful]


@transaction.atomic
def draft(
    shop: Shop,
    *,
    kind: AppealKind | str,
    words: str,
    told_at: datetime,
    case: Case | None = None,
    order: Order | None = None,
    target: str = "",
    amount: Decimal | None = None,
    by: Actor,
) -> Appeal:
    """Begin an appeal, to be filed within the policy's days after the shop was told of the matter.

    Refused when those days are over, while the platform still decides the case, and for an arbitration that the shop
    did not lose.
    """
    by.require(Perm.DISPUTES_HANDLE)
    now, words = locked(case) if case else database_now(), _told(words, amount)
    file_by = told_at + timedelta(days=shop.policy.appeal_file_days)
    if told_at > now:
        raise Refused(_("Nobody can have told you of it in the future. Correct the time."), "in_the_future")
    if file_by <= now:
        raise Refused(_("The time to appeal is over: it ended %d days after you were told.") % _days(shop), "too_late")
    _may_be_about(case, AppealKind(kind))
    appeal = Appeal(
        **{"shop": shop, "number": numbers.made("A", now), "kind": AppealKind(kind).value, "words": words},
        **{"case": case, "order": case.order if case else order, "target": target.strip()[:80], "amount": amount},
        **{"happened_at": told_at, "file_by": file_by, "opened_at": now, "opened_label": by.label[:60]},
    )
    for name, value in APPEAL.plan(appeal, {}, now=now).values().items():
        setattr(appeal, name, value)
    Appeal.objects.bulk_create([appeal])
    events.record(shop, "appeal.drafted", appeal, by=by, appeal_kind=appeal.kind, file_by=file_by)
    return appeal


@transaction.atomic
def change(
    appeal: Appeal, *, words: str, before: str, target: str = "", amount: Decimal | None = None, by: Actor
) -> None:
    """Write a draft anew; `before` are the words that the person saw, refused when they are others by now."""
    words = _told(words, amount)
    locked(appeal)
    if appeal.words != plain(before, 2000):
        raise meanwhile()
    APPEAL.move(appeal, "change", by=by, words=words, target=target.strip()[:80], amount=amount)


@transaction.atomic
def file(appeal: Appeal, *, seen: str = "", by: Actor) -> None:
    """Note that the appeal went to the platform, which answers within the policy's working days.

    Refused without the proof that its kind requires, from `file_by` on, and while a dispute over its case is open.
    """
    by.require(Perm.DISPUTES_HANDLE)
    case = appeal.case
    if case is not None:
        locked(case)
    now = as_seen(appeal, seen)
    _may_be_about(case, AppealKind(appeal.kind))
    missing = [str(check.proof.label) for check in checklist(appeal) if check.required and not check.files]
    if missing:
        raise Refused(_("Still missing as evidence: %s.") % ", ".join(missing), "proof_missing")
    answer_by = clocks.working_days(now, appeal.shop.policy.appeal_answer_days, appeal.shop.zone)
    APPEAL.move(appeal, "file", by=by, data={"answer_by": answer_by}, filed_at=now, answer_by=answer_by)


@transaction.atomic
def win(appeal: Appeal, *, outcome: str, amount: Decimal | None = None, seen: str = "", by: Actor) -> None:
    """Note that the platform granted the appeal, with its words; the case keeps it in its history."""
    now, outcome = as_seen(appeal, seen), _answered(outcome)
    told: dict[str, Any] = {"amount": amount} if amount else {}
    APPEAL.move(appeal, "win", by=by, data=told, outcome=outcome, ended_at=now)
    if appeal.case is not None:
        events.record(appeal.shop, "case.appeal_won", appeal.case, by=by, appeal=appeal.number, **told)


@transaction.atomic
def lose(appeal: Appeal, *, outcome: str, seen: str = "", by: Actor) -> None:
    """Note that the platform turned the appeal down, with its words."""
    now, outcome = as_seen(appeal, seen), _answered(outcome)
    APPEAL.move(appeal, "lose", by=by, outcome=outcome, ended_at=now)


@transaction.atomic
def withdraw(appeal: Appeal, *, seen: str = "", by: Actor) -> None:
    """Give the appeal up."""
    as_seen(appeal, seen)
    APPEAL.move(appeal, "withdraw", by=by, ended_at=Now())


def _told(words: str, amount: Decimal | None) -> str:
    """Return what happened, as it is kept; refused when nothing is said or the amount makes no sense."""
    if amount is not None and amount <= 0:
        raise Refused(_("The amount at stake must be more than nothing."), "bad_amount")
    if not (words := plain(words, 2000)):
        raise Refused(_("Write what happened; the platform reads it first."), "words_missing")
    return words


def _answered(outcome: str) -> str:
    if not (outcome := plain(outcome, 500)):
        raise Refused(_("Write what the platform answered."), "outcome_missing")
    return outcome


def _days(shop: Shop) -> int:
    return int(shop.policy.appeal_file_days)


def _may_be_about(case: Case | None, kind: AppealKind) -> None:
    """Refuse an appeal that comes before its time; the caller holds the case locked, so no dispute opens meanwhile."""
    states = set(Dispute.objects.for_shop(case.shop).filter(case=case).values_list("status", flat=True)) if case else ()
    if any(state in DISPUTE_OPEN for state in states):
        words = _("The platform is still deciding this case. Put your evidence into the dispute; appeal afterwards.")
        raise Refused(words, "dispute_open")
    if kind == AppealKind.ARBITRATION and not {DisputeStatus.FOR_BUYER, DisputeStatus.ENDED} & set(states):
        raise Refused(_("There is no arbitration over this case that the shop has lost."), "no_arbitration")
