"""What a shop answers to which problem: what is proposed for a case, in which words, and who decided against it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales import clocks
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case, Sop
from aftersales.states import CaseKind as K
from aftersales.states import CaseStatus, Problem
from aftersales.states import Proposal as P
from aftersales.wording import fill_in
from sellercenter import events, money
from sellercenter.times import moment

# The move that grants what a kind of case asks for.
ACCEPTS = {
    **dict.fromkeys((K.CANCEL, K.REFUND, K.PRICE), "accept"),
    **dict.fromkeys((K.RETURN, K.EXCHANGE), "accept_return"),
    K.RESEND: "accept_resend",
}
# The move that follows each proposal, for the kinds to which it makes sense. A coupon is offered instead of money: it
# is named in the words of the refusal, and a buyer who wants the money still goes on from there.
FOLLOWED_BY: dict[str, dict[str, str]] = {
    P.ACCEPT: {**ACCEPTS},
    P.EXCHANGE_FIRST: {K.RETURN: "offer_exchange", K.EXCHANGE: "accept_return"},
    P.PARTIAL: {K.REFUND: "offer", K.RETURN: "offer"},
    P.KEEP: {K.RETURN: "keep", K.REFUND: "accept"},
    P.COUPON: dict.fromkeys((K.REFUND, K.RETURN, K.PRICE), "refuse"),
    P.REFUSE: dict.fromkeys(K, "refuse"),
}
# The moves that answer a request; others than these never go against a policy.
ANSWERS = frozenset({*ACCEPTS.values(), "keep", "offer", "offer_exchange", "refuse"})


def propose(case: Case) -> dict[str, Any]:
    """Return what the shop's policies propose for a case that is being opened, to be kept as `case.proposal`.

    Of the active policies for its problem the first one whose amount is enough and whose answer the kind of the case
    allows; empty when there is none. Amounts are text with two decimals, in the currency of the case.
    """
    amount = case.goods_amount + case.freight_amount
    fits = Q(up_to=None)
    if case.currency == case.shop.currency:  # limits are in the shop's own money
        fits |= Q(up_to__gte=amount)
    found = Sop.objects.for_shop(case.shop).filter(fits, active=True, problem=case.problem)
    sop = next((one for one in found if case.kind in FOLLOWED_BY[one.proposal]), None)
    if sop is None:
        return {}
    offered = _share(amount, sop.percent, case.currency) if sop.proposal == P.PARTIAL and sop.percent else None
    if offered is not None and not offered:
        return {}
    return {
        **{"answer": str(sop.proposal), "sop": sop.pk, "text": sop.text},
        **({"amount": str(offered), "percent": sop.percent} if offered is not None else {}),
        **({"coupon": sop.coupon} if sop.coupon else {}),
        "why": {"problem": str(case.problem), "up_to": None if sop.up_to is None else str(sop.up_to)},
    }


def follows(case: Case, move_name: str, amount: Decimal | None = None) -> bool:
    """Say whether a person's move is what the policy proposed; False means that the decision needs a note.

    Nothing is gone against without a proposal, by a move that answers nothing, or once the proposal was tried and the
    buyer declined. An offer follows only with the amount that was proposed. Ask for people: the clock and the rules
    decide by themselves.
    """
    proposal = case.proposal
    if not proposal or move_name not in ANSWERS:
        return True
    wanted = _move(case)
    if move_name == wanted and (move_name != "offer" or amount is None or amount == Decimal(proposal["amount"])):
        return True
    return wanted in ("offer", "offer_exchange") and events.of(case).filter(kind=CASE.kind(wanted)).exists()


@dataclass(frozen=True)
class Shown:
    """A proposal as the page of its case shows it.

    `move` is the name of the move that would follow it and `button` what it is called; `amount` is what would be
    offered, None unless a partial refund is proposed; `text` holds the words to the buyer with everything filled in.
    """

    answer: str
    label: str
    why: str
    text: str
    move: str
    button: str
    amount: Decimal | None
    coupon: str
    sop: int


def shown(case: Case, *, now: datetime | None = None) -> Shown | None:
    """Return what was proposed for the case, ready to be read; None without a proposal."""
    proposal = case.proposal
    if not proposal:
        return None
    move, coupon = _move(case), proposal.get("coupon", "")
    amount = Decimal(proposal["amount"]) if "amount" in proposal else None
    return Shown(
        answer=proposal["answer"],
        label=_label(case, amount, coupon),
        why=_why(case, proposal["why"]),
        text=fill_in(proposal["text"], variables(case, move=move, amount=amount, now=now or timezone.now())),
        move=move,
        button=str(CASE.moves[move].label),
        amount=amount,
        coupon=coupon,
        sop=proposal["sop"],
    )


def variables(case: Case, *, move: str = "", amount: Decimal | None = None, now: datetime) -> dict[str, str]:
    """Return what stands behind the names that words about a case may use.

    The deadline is the one that the move would start, else the one that runs; nothing when there is none.
    """
    status = CaseStatus(CASE.moves[move].target) if move else None
    until = clocks.act_by(case.shop.policy, status, now) if status else None
    at = moment(until or case.act_by, case.shop.zone)
    return {
        "buyer": case.buyer_nickname,
        "order": case.order.number,
        "amount": money.text(case.goods_amount + case.freight_amount if amount is None else amount, case.currency),
        "deadline": at.short if at else "",
    }


def _share(amount: Decimal, percent: int, currency: str) -> Decimal:
    """Return the percentage of an amount, as the currency can pay it, with two decimals."""
    return money.quantise(amount * percent / 100, currency).quantize(money.ZERO)


def _move(case: Case) -> str:
    return FOLLOWED_BY[case.proposal["answer"]][case.kind]


def _label(case: Case, amount: Decimal | None, coupon: str) -> str:
    if amount is not None:
        told = {"amount": money.text(amount, case.currency), "percent": case.proposal["percent"]}
        return _("Offer a partial refund of %(amount)s (%(percent)s%%)") % told
    if case.proposal["answer"] == P.COUPON:
        return _("Offer the coupon “%s” instead of money") % coupon
    return str(P(case.proposal["answer"]).label)


def _why(case: Case, why: dict[str, Any]) -> str:
    """Say which policy this comes from."""
    told = {"problem": Problem(why["problem"]).label}
    if why["up_to"] is None:
        return _("The shop's policy for “%(problem)s”.") % told
    told["amount"] = money.text(Decimal(why["up_to"]), case.currency)
    return _("The shop's policy for “%(problem)s” up to %(amount)s.") % told
