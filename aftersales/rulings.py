"""Verbs by which a dispute ends: what the platform decided moves the dispute and its case in one transaction.

The platform tells of it, or a person notes it by hand where the platform has no interface. The case goes first,
because orders and cases are locked before disputes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from aftersales import actions
from aftersales.lifecycle.disputes import DISPUTE
from aftersales.models import Dispute
from aftersales.seen import as_seen, plain
from aftersales.states import Fault
from sellercenter.lifecycle import Refused
from sellercenter.permissions import Actor, Perm


@transaction.atomic
def decide_for_buyer(
    dispute: Dispute,
    *,
    conclusion: str,
    blame: Fault | str = "",
    amount: Decimal | None = None,
    seen: str = "",
    by: Actor,
) -> None:
    """Note that the platform decided for the buyer: the case is refunded, all of it unless an amount is given."""
    by.require(Perm.DISPUTES_HANDLE)
    told = _concluded(conclusion, blame)
    actions.decide_for_buyer(dispute.case, amount=amount, by=by)
    _end(dispute, "decide_for_buyer", told, seen=seen, by=by, amount=amount)


@transaction.atomic
def decide_for_seller(dispute: Dispute, *, conclusion: str, blame: Fault | str = "", seen: str = "", by: Actor) -> None:
    """Note that the platform decided for the shop: the case is closed without money."""
    by.require(Perm.DISPUTES_HANDLE)
    told = _concluded(conclusion, blame)
    actions.decide_for_seller(dispute.case, by=by)
    _end(dispute, "decide_for_seller", told, seen=seen, by=by)


@transaction.atomic
def end(
    dispute: Dispute,
    *,
    conclusion: str,
    blame: Fault | str = "",
    amount: Decimal | None = None,
    seen: str = "",
    by: Actor,
) -> None:
    """Note that both sides agreed: on an amount that goes back, or on nothing."""
    by.require(Perm.DISPUTES_HANDLE)
    told = _concluded(conclusion, blame)
    if amount:
        actions.decide_for_buyer(dispute.case, amount=amount, by=by)
    else:
        actions.decide_for_seller(dispute.case, by=by)
    _end(dispute, "end", told, seen=seen, by=by, amount=amount)


def _concluded(conclusion: str, blame: Fault | str) -> dict[str, Any]:
    """Return what the dispute keeps of a decision; refused without the platform's words."""
    words = plain(conclusion, 500)
    if not words:
        raise Refused(_("Write what the platform decided; an appeal starts from it."), "conclusion_missing")
    return {"conclusion": words, "blame": Fault(blame).value if blame else ""}


def _end(
    dispute: Dispute, move: str, told: dict[str, Any], *, seen: str, by: Actor, amount: Decimal | None = None
) -> None:
    as_seen(dispute, seen)
    data = {"blame": told["blame"]} | ({"amount": amount} if amount else {})
    DISPUTE.move(dispute, move, by=by, data=data, ended_at=Now(), **told)
