"""What the case page offers: how each move of the lifecycle looks there, what it says first, and what it asks for.

Who may make a move and from where stands in `aftersales/lifecycle/cases.py`; each has an address, `case_<move>`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from aftersales import canned, policies, reasons
from aftersales.forms import DecideForm, ExtendForm, InspectForm, OfferForm, PauseForm, RefuseForm, SeenForm
from aftersales.lifecycle.cases import CASE
from aftersales.models import CannedReply, Case, Evidence
from aftersales.policies import Shown
from aftersales.states import CaseKind, CaseStatus, Side
from orders.clocks import plus
from sellercenter import money
from sellercenter.columns import Setting
from sellercenter.lifecycle import Move, holding
from sellercenter.permissions import Actor
from sellercenter.policy_forms import span_said
from sellercenter.times import moment

# The shares of the amount that are offered at one click.
SHARES = (10, 20, 30, 50, 70)
# Moves of one door: inspecting goods goes on with the money or with the exchange.
DOORS = {"pass_inspection": "inspect", "pass_exchange": "inspect"}


@dataclass(frozen=True)
class Ask:
    """What a form is made from: the case, what was proposed for it, and the beginning of the ids of its fields."""

    case: Case
    proposal: Shown | None
    name: str

    @property
    def options(self) -> dict[str, Any]:
        """What every form is given."""
        return {"auto_id": f"{self.name}_%s"}

    @property
    def seen(self) -> dict[str, Any]:
        """The version of the case."""
        return {"seen": self.case.version}

    @property
    def against(self) -> bool:
        """Say whether this decision goes against the proposal, so that a note is needed."""
        return self.proposal is not None and not policies.follows(self.case, self.name)


@dataclass(frozen=True)
class Offer:
    """How one move is offered: `main` is what is done next, `second` stands beside it, the others in the menu."""

    icon: str
    says: Callable[[Case, Setting], str]
    form: Callable[[Ask], forms.Form]
    main: bool = False
    second: bool = False
    danger: bool = False


def offered(case: Case, by: Actor, at: Setting, proposal: Shown | None, link: Callable[[str], str]) -> dict[str, Any]:
    """Prepare the moves that are legal and permitted, and those that something stands against with the reason.

    What the policy proposes leads, else the first main move.
    """
    open_moves = {move.name: move for move in CASE.open_to(case, by)}
    fitting = [open_moves[name] for name in OFFERS if name in open_moves and _sensible(case, name)]
    free = holding(case, fitting)
    shapes = [_shape(case, move, at, proposal, link) for move in fitting if move.name in free]
    wanted = proposal.move if proposal and case.status == CaseStatus.REQUESTED else ""
    lead = next((one for one in shapes if one["move"] == wanted), None)
    lead = lead or next((one for one in shapes if one["main"]), None)
    rest = [one for one in shapes if one is not lead]
    return {
        "lead": lead,
        "beside": [one for one in rest if one["second"]],
        "moves": [one for one in rest if not one["second"]],
        "refused_moves": [{"label": move.label, "why_not": move.why_not} for move in fitting if move.name not in free],
    }


def _sensible(case: Case, name: str) -> bool:
    """Leave out what makes no sense for the kind of case at all: its reason would tell nothing."""
    if (kinds := _KINDS.get(name)) is not None and case.kind not in kinds:
        return False
    # Inspecting an exchange asks by itself whether money is refunded instead.
    if name == "refund_instead":
        return case.status != CaseStatus.TO_INSPECT
    if name in ("pause", "resume"):
        return (case.paused_at is not None) == (name == "resume") and case.act_by is not None
    # A wish to cancel is decided by the clock of its order, and not by the platform before it was answered.
    if case.kind == CaseKind.CANCEL and case.status == CaseStatus.REQUESTED:
        return name not in ("extend", "pause", "resume", "ask_platform")
    return name != "extend" or (case.act_by is not None and case.paused_at is None)


def _shape(case: Case, move: Move, at: Setting, proposal: Shown | None, link: Callable[[str], str]) -> dict[str, Any]:
    offer, door = OFFERS[move.name], DOORS.get(move.name, move.name)
    cancels = case.kind == CaseKind.CANCEL and move.name == "accept"
    form = offer.form(Ask(case, proposal, move.name))
    return {
        "name": door,
        "move": move.name,
        "label": _("Accept the cancel request") if cancels and case.status == CaseStatus.REQUESTED else move.label,
        "url": link(door),
        "icon": offer.icon,
        "danger": offer.danger,
        "main": offer.main,
        "second": offer.second,
        "consequence": offer.says(case, at),
        "form": form,
        "fields": form.hidden_fields() if isinstance(form, InspectForm) else form,
        "inspect": form if isinstance(form, InspectForm) else None,
        "fills": _fills(case, form, at),
    }


def _fills(case: Case, form: forms.Form, at: Setting) -> list[dict[str, str]]:
    """Return what a click puts into the form: shares of the amount, or the shop's canned words."""
    if isinstance(form, RefuseForm):
        field = form["words"].id_for_label
        found = canned.offered(at.shop, CannedReply.Use.CASE, policies.variables(case, now=at.now))
        return [{"label": f"/{one['shortcut']}", "value": one["words"], "field": field} for one in found]
    if not isinstance(form, OfferForm):
        return []
    whole, field = case.amount, form["amount"].id_for_label
    amounts = ((share, money.quantise(whole * share / 100, case.currency)) for share in SHARES)
    return [
        {"label": f"{share} % · {money.text(amount, case.currency)}", "value": str(amount), "field": field}
        for share, amount in amounts
        if amount
    ]


# --- What they say ----------------------------------------------------------------------------------------------------


def _amount(case: Case) -> str:
    return money.text(case.amount, case.currency)


def _refunds(case: Case, at: Setting) -> str:
    if case.kind == CaseKind.CANCEL and case.status == CaseStatus.REQUESTED:
        return _("The order is cancelled, and what was paid for it goes back.")
    return _("%s goes back to the buyer.") % _amount(case)


def _keeps(case: Case, at: Setting) -> str:
    return _("%s goes back to the buyer, who keeps the goods.") % _amount(case)


def _returns(case: Case, at: Setting) -> str:
    span = at.shop.policy.return_window
    if not span:
        return _("The buyer sends the goods back.")
    return _("The buyer sends the goods back within %s; else the case is closed.") % span_said(span)


def _resends(case: Case, at: Setting) -> str:
    return _("A new order without a price is made, and has to be shipped.")


def _offers(case: Case, at: Setting) -> str:
    told = {"amount": _amount(case), "until": _answers_by(at)}
    return _("The buyer asks for %(amount)s and can take or decline your offer. %(until)s") % told


def _exchanges(case: Case, at: Setting) -> str:
    return _("The buyer can take the exchange or decline it. %s") % _answers_by(at)


def _answers_by(at: Setting) -> str:
    until = moment(plus(at.now, at.shop.policy.offer_answer), at.zone, this_year=at.year)
    return _("Silence until %s declines it.") % until.short if until else ""


def _refuses(case: Case, at: Setting) -> str:
    if case.kind == CaseKind.CANCEL:
        return _("The order goes on and has to be shipped. The buyer is told why.")
    return _("The buyer gets nothing, is told why, and can ask the platform to decide.")


def _receives(case: Case, at: Setting) -> str:
    return _("Look at the goods next: how many are fine, how many are damaged.")


def _inspects(case: Case, at: Setting) -> str:
    if case.kind == CaseKind.EXCHANGE:
        return _("Sellable units go back to the shelf, and the exchange has to be shipped.")
    return _("Sellable units go back to the shelf. What came back is refunded: %s at most.") % _amount(case)


def _asks(case: Case, at: Setting) -> str:
    return _("The clocks stop until the platform has decided. Put your evidence in early.")


def _extends(case: Case, at: Setting) -> str:
    until = moment(case.act_by, at.zone, this_year=at.year)
    return _("The deadline is %s now. At most 30 days from now are possible.") % until.short if until else ""


def _pauses(case: Case, at: Setting) -> str:
    return _("Nothing happens by itself until the clock goes on; what is left of the time is kept.")


def _resumes(case: Case, at: Setting) -> str:
    return _("The clock was stopped: %s") % case.pause_reason


# --- What they ask for ------------------------------------------------------------------------------------------------


def _decide(ask: Ask) -> forms.Form:
    return DecideForm(initial=ask.seen, notes=ask.against, against=ask.against, **ask.options)


def _offer(ask: Ask) -> forms.Form:
    amount: Decimal | None = ask.proposal.amount if ask.proposal and ask.proposal.move == "offer" else None
    # Another amount than the proposed one goes against the proposal too.
    return OfferForm(initial={**ask.seen, "amount": amount}, notes=ask.proposal is not None, **ask.options)


def _refuse(ask: Ask) -> forms.Form:
    proposal = ask.proposal if ask.proposal and ask.proposal.move == "refuse" else None
    inspecting = ask.name == "refuse_return"
    first = {"words": proposal.text, "coupon": proposal.coupon} if proposal else {}
    form = RefuseForm(
        refusals=reasons.refusals_for(ask.case.kind, inspecting=inspecting),
        proved=Evidence.objects.filter(case=ask.case, side=Side.SELLER).exists(),
        initial={**ask.seen, **first},
        notes=ask.against,
        against=ask.against,
        **ask.options,
    )
    if inspecting or ask.case.kind == CaseKind.CANCEL:
        del form.fields["coupon"]
    return form


def _inspect(ask: Ask) -> forms.Form:
    lines = [
        (one.line_id, " ".join(filter(None, (one.line.title, one.line.variant))), one.quantity)
        for one in ask.case.lines.all()
    ]
    return InspectForm(lines=lines, exchange=ask.case.kind == CaseKind.EXCHANGE, initial=ask.seen, auto_id="inspect_%s")


def _plain(ask: Ask) -> forms.Form:
    return SeenForm(initial=ask.seen, **ask.options)


def _extend(ask: Ask) -> forms.Form:
    return ExtendForm(initial=ask.seen, **ask.options)


def _pause(ask: Ask) -> forms.Form:
    return PauseForm(initial=ask.seen, **ask.options)


K = CaseKind
# Moves that only some kinds of case know.
_KINDS: dict[str, tuple[CaseKind, ...]] = {
    "accept": (K.CANCEL, K.REFUND, K.PRICE),
    "accept_return": (K.RETURN, K.EXCHANGE),
    "keep": (K.RETURN,),
    "accept_resend": (K.RESEND,),
    "offer": (K.REFUND, K.RETURN),
    "offer_exchange": (K.RETURN,),
    "refund_instead": (K.RESEND, K.EXCHANGE),
    "pass_inspection": (K.RETURN,),
    "pass_exchange": (K.EXCHANGE,),
}
# In the order in which they stand in the menu.
OFFERS: dict[str, Offer] = {
    "accept": Offer("check", _refunds, _decide, main=True),
    "accept_return": Offer("truck-return", _returns, _decide, main=True),
    "accept_resend": Offer("truck-delivery", _resends, _decide, main=True),
    "pass_inspection": Offer("clipboard-check", _inspects, _inspect, main=True),
    "pass_exchange": Offer("clipboard-check", _inspects, _inspect, main=True),
    "resume": Offer("rotate", _resumes, _plain, main=True),
    "refuse": Offer("ban", _refuses, _refuse, second=True, danger=True),
    "refuse_return": Offer("ban", _refuses, _refuse, second=True, danger=True),
    "receive": Offer("package", _receives, _plain, second=True),
    "offer": Offer("discount", _offers, _offer),
    "offer_exchange": Offer("refresh", _exchanges, _decide),
    "keep": Offer("gift", _keeps, _decide),
    "refund_instead": Offer("receipt-refund", _keeps, _plain),
    "ask_platform": Offer("scale", _asks, _plain),
    "extend": Offer("clock", _extends, _extend),
    "pause": Offer("player-pause", _pauses, _pause),
}
