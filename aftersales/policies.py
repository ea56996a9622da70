"""What a shop answers to which problem: what is proposed for a case, in which words, and who decided against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q
from django.db.models.fields.json import KT
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import clocks
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case, Sop
from aftersales.states import CaseKind as K
from aftersales.states import CaseStatus, Problem
from aftersales.states import Proposal as P
from aftersales.wording import fill_in
from sellercenter import events, money
from sellercenter.models import Shop
from sellercenter.times import day_start, moment

# The move that grants what a kind of case asks for.
ACCEPTS: dict[str, str] = {
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
# The names that the words of a policy may use.
VARIABLES = ("buyer", "order", "amount", "deadline", "shop")
# The moves that answer a request; others than these never go against a policy.
ANSWERS = frozenset({*ACCEPTS.values(), "keep", "offer", "offer_exchange", "refuse"})


# Below so much money goods cost more to send back than they are worth.
_SMALL = {"CNY": 30, "GBP": 5, "EUR": 6, "USD": 6, "AUD": 9, "CAD": 8, "SGD": 8, "HKD": 45, "TWD": 180, "JPY": 900}


def defaults(shop: Shop) -> list[Sop]:
    """Return the policies with which a shop begins, not written yet, with words in the language that is active."""
    small = _SMALL.get(shop.currency)
    entries: list[tuple[Problem, P, dict[str, Any]]] = [
        (Problem.SIZE, P.EXCHANGE_FIRST, {"text": _SWAP}),
        *([(Problem.DEFECT, P.KEEP, {"up_to": Decimal(small), "text": _KEEP})] if small else []),
        (Problem.DEFECT, P.ACCEPT, {"text": _SORRY}),
        (Problem.NOT_RECEIVED, P.ACCEPT, {"text": _SORRY}),
        (Problem.WRONG_ITEM, P.EXCHANGE_FIRST, {"text": _SWAP}),
        (Problem.WRONG_ITEM, P.ACCEPT, {"text": _SORRY}),
        (Problem.NOT_AS_DESCRIBED, P.PARTIAL, {"percent": 30, "text": _PART}),
        (Problem.LATE, P.PARTIAL, {"percent": 10, "text": _PART}),
        (Problem.CHANGED_MIND, P.ACCEPT, {"text": _FINE}),
        (Problem.PRICE, P.ACCEPT, {"text": _FINE}),
    ]
    return [
        Sop(shop=shop, position=place, problem=problem, proposal=proposal, **{**more, "text": str(more["text"])})
        for place, (problem, proposal, more) in enumerate(entries, start=1)
    ]


_SWAP = gettext_lazy(
    "Dear {buyer}, we are sorry that this did not suit. We would gladly exchange it. Please answer by {deadline}."
)
_KEEP = gettext_lazy("Dear {buyer}, we are sorry. We refund {amount}, and you need not send anything back.")
_PART = gettext_lazy(
    "Dear {buyer}, we are sorry. Keep the goods, and we give you {amount} back. Please answer by {deadline}."
)
_SORRY = gettext_lazy(
    "Dear {buyer}, we are sorry for the trouble with your order {order}. We have accepted your request."
)
_FINE = gettext_lazy("Dear {buyer}, we have accepted your request for the order {order}.")


def propose(case: Case, *, sops: Sequence[Sop] | None = None) -> dict[str, Any]:
    """Return what the shop's policies propose for a case that is being opened, to be kept as `case.proposal`.

    Of the active policies for its problem the first one whose amount is enough and whose answer the kind of the case
    allows; empty when there is none. Amounts are text with two decimals, in the currency of the case. Whoever opens
    many cases gives the shop's policies in their order, so that they are read once.
    """
    amount = case.goods_amount + case.freight_amount
    known = Sop.objects.for_shop(case.shop).filter(problem=case.problem) if sops is None else sops
    sop = next((one for one in known if _fits(one, case, amount)), None)
    if sop is None:
        return {}
    offered = _share(amount, sop.percent or 0, case.currency) if sop.proposal == P.PARTIAL else None
    if offered is not None and not 0 < offered < amount:
        return {}
    return {
        **{"answer": str(sop.proposal), "sop": sop.pk, "text": sop.text},
        **({"amount": str(offered), "percent": sop.percent} if offered is not None else {}),
        **({"coupon": sop.coupon} if sop.coupon else {}),
        "why": {"problem": str(case.problem), "up_to": None if sop.up_to is None else str(sop.up_to)},
    }


def _fits(sop: Sop, case: Case, amount: Decimal) -> bool:
    """Say whether a policy speaks of this case; limits are in the shop's own money."""
    enough = sop.up_to is None or (case.currency == case.shop.currency and amount <= sop.up_to)
    return sop.active and sop.problem == case.problem and enough and case.kind in FOLLOWED_BY[sop.proposal]


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
    if not wanted or (wanted in ACCEPTS.values() and move_name in ACCEPTS.values()):
        return True  # of the accepting moves only one fits a case at a time
    if move_name == wanted and (move_name != "offer" or amount is None or amount == Decimal(proposal["amount"])):
        return True
    return wanted in ("offer", "offer_exchange") and events.of(case).filter(kind=CASE.kind(wanted)).exists()


@dataclass(frozen=True)
class Shown:
    """A proposal as the page of its case shows it.

    `move` is the name of the move that would follow it, empty when none does any more, and `button` what it is called;
    `amount` is what would be offered, None unless a partial refund is proposed; `text` holds the words to the buyer
    with everything filled in.
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
        button=str(CASE.moves[move].label) if move else "",
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
        "shop": case.shop.name,
    }


@dataclass(frozen=True)
class Tally:
    """How often a policy was proposed, and how often people went against it.

    `followed` are those that were answered without anybody going against it, by silence too; what nobody has answered
    yet is in no other number.
    """

    proposed: int = 0
    followed: int = 0
    overridden: int = 0


def tallies(shop: Shop, *, days: tuple[int, ...], now: datetime) -> dict[int, tuple[Tally, ...]]:
    """Count, by the key of a policy, what became of its proposals for the cases of the last so many days, in one query.

    The answer holds one tally for each of `days`, which are local days with today included, as in the filters of
    lists; policies that were never proposed are missing.
    """
    today = now.astimezone(shop.zone).date()
    first = {span: day_start(today - timedelta(days=span - 1), shop.zone) for span in days}
    since = [Q(opened_at__gte=first[span]) for span in days]
    answered = Q(decided_at__isnull=False, overridden=False)
    words = {"proposed": Q(), "followed": answered, "overridden": Q(overridden=True)}
    counts = [Count("pk", filter=lately & word) for lately in since for word in words.values()]
    every = Case.objects.for_shop(shop).filter(opened_at__gte=first[max(days)])
    found = every.filter(proposal__has_key="sop").annotate(sop=KT("proposal__sop")).order_by().values("sop")
    rows = found.annotate(**{f"n{place}": count for place, count in enumerate(counts)})
    names = [f"n{place}" for place in range(len(counts))]
    return {
        int(sop): tuple(Tally(*numbers[at : at + len(words)]) for at in range(0, len(numbers), len(words)))
        for sop, *numbers in rows.values_list("sop", *names)
    }


def proposed_by(_shop: Shop, text: str) -> Q:
    """Return the condition of the cases for which the policy with this key was proposed."""
    return Q(proposal__sop=int(text)) if text.isdecimal() else Q(pk__in=[])


def _share(amount: Decimal, percent: int, currency: str) -> Decimal:
    """Return the percentage of an amount, as the currency can pay it, with two decimals."""
    return money.quantise(amount * percent / 100, currency).quantize(money.ZERO)


def _move(case: Case) -> str:
    """Return the move that follows the proposal; none once a return has become an exchange that it does not fit."""
    return FOLLOWED_BY[case.proposal["answer"]].get(case.kind, "")


def _label(case: Case, amount: Decimal | None, coupon: str) -> str:
    if amount is not None:
        told = {"amount": money.text(amount, case.currency), "percent": case.proposal["percent"]}
        return _("Offer a partial refund of %(amount)s (%(percent)s%%)") % told
    if case.proposal["answer"] == P.COUPON:
        return _("Offer the coupon “%s” instead of money") % coupon
    return str(P(case.proposal["answer"]).label)


def _why(case: Case, why: dict[str, Any]) -> str:
    """Say which policy this comes from."""
    told = {"problem": str(Problem(why["problem"]).label)}
    if why["up_to"] is None:
        return _("The shop's policy for “%(problem)s”.") % told
    told["amount"] = money.text(Decimal(why["up_to"]), case.currency)
    return _("The shop's policy for “%(problem)s” up to %(amount)s.") % told
