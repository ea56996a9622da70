"""Verbs on disputes: opened when a case goes to the platform, fed with our words, and over when the case is.

What the platform decides moves the case too: see `aftersales/rulings.py`.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.lifecycle.disputes import DISPUTE
from aftersales.models import Case, Dispute
from aftersales.seen import as_seen, meanwhile, plain
from aftersales.states import DISPUTE_OPEN, DisputeStatus, Side
from orders.clocks import plus
from sellercenter import events, schedule
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import Event
from sellercenter.permissions import Actor, ActorKind, Perm


def open_dispute(case: Case, *, by: Actor, number: str = "", demand: str = "") -> Dispute:
    """Open the arbitration of a case that goes to the platform, in the caller's transaction.

    The caller has moved the case and holds it locked. `number` is the platform's, ours when left out; a buyer,
    the platform, or a member who may handle disputes opens one. Refused while another one of the case is open,
    and for a number that is known already.
    """
    if not by.is_outside:
        by.require(Perm.DISPUTES_HANDLE)
    earlier = list(Dispute.objects.for_shop(case.shop).filter(case=case).values_list("status", flat=True))
    if any(status in DISPUTE_OPEN for status in earlier):
        raise Refused(_("The platform is deciding this case already."), "dispute_open")
    number = number.strip()[:64] or f"{case.number[:58]}-D{len(earlier) + 1}"
    if Dispute.objects.for_shop(case.shop).filter(number=number).exists():
        raise Refused(_("There is a dispute %s already.") % number, "number_taken")
    side = Side.SELLER if by.kind in (ActorKind.MEMBER, ActorKind.ADMIN) else Side.BUYER
    dispute = Dispute(
        shop=case.shop, case=case, number=number, opened_by=side, demand=demand.replace("\0", "").strip()[:500]
    )
    Dispute.objects.bulk_create([dispute])
    events.record(case.shop, "dispute.opened", dispute, by=by, case=case.number, opened_by=side)
    return dispute


def open_of(case: Case) -> Dispute | None:
    """Return the dispute of a case that is still open; there is at most one."""
    return Dispute.objects.for_shop(case.shop).filter(case=case, status__in=DISPUTE_OPEN).first()


def withdrawn_with(case: Case, *, by: Actor) -> None:
    """End the open dispute of a case that its buyer withdraws, if there is one, in the caller's transaction."""
    if (dispute := open_of(case)) is not None:
        DISPUTE.move(dispute, "withdraw", by=by, ended_at=locked(dispute))


@transaction.atomic
def ask_evidence(
    dispute: Dispute, *, evidence_by: datetime | None = None, demand: str = "", seen: str = "", by: Actor
) -> None:
    """Keep until when the platform wants our evidence, and what it asks; asked again, the new time counts.

    Without a time the policy's counts. Refused for a time that has passed.
    """
    now = as_seen(dispute, seen)
    until = evidence_by or plus(now, dispute.shop.policy.evidence_within)
    if until is not None and until <= now:
        raise Refused(_("The time for evidence lies in the past. Give a later one."), "in_the_past")
    fields = {"evidence_by": until, "demand": demand.strip()[:500] or dispute.demand}
    DISPUTE.move(dispute, "ask_evidence", by=by, data={"until": until}, **fields)
    # Asked once more in the same state, the engine would keep the earlier steps.
    schedule.put(dispute, DISPUTE.plan(dispute, {}, now=now))


@transaction.atomic
def put_in(dispute: Dispute, *, statement: str, before: str, by: Actor) -> Event:
    """Put our statement in; it stands in the dispute, with the evidence beside it.

    `before` is the statement that the person saw: refused when a colleague has written another one since, and from
    the deadline on. The first one answers what the platform asked.
    """
    statement = plain(statement, 2000)
    if not statement:
        raise Refused(_("Write what the platform should know."), "statement_missing")
    locked(dispute)
    if dispute.statement != plain(before, 2000):
        raise meanwhile()
    move = "put_in" if dispute.status == DisputeStatus.EVIDENCE else "say_more"
    return DISPUTE.move(dispute, move, by=by, statement=statement)


@transaction.atomic
def negotiate(dispute: Dispute, *, seen: str = "", by: Actor) -> None:
    """Note that the platform asks both sides to agree."""
    as_seen(dispute, seen)
    DISPUTE.move(dispute, "negotiate", by=by)
