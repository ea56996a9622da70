"""What the page of a refund offers: how each move of the lifecycle looks there, what it says first, what it asks for.

Who may make a move and from where stands in `aftersales/lifecycle/refunds.py`; each has an address, `refund_<move>`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from aftersales import refund_gateways
from aftersales.lifecycle import REFUND
from aftersales.models import Refund
from aftersales.refund_forms import AgainForm, NumberForm, ReasonForm
from aftersales.refund_tables import waits_for_hand
from aftersales.refunds import LEFT_BEHIND
from aftersales.states import RefundStatus
from sellercenter import money
from sellercenter.lifecycle import Move, holding
from sellercenter.permissions import Actor


@dataclass(frozen=True)
class Offer:
    """How one move is offered; `main` is what is done next: it stands as the button, the others in the menu."""

    icon: str
    says: Callable[[Refund], str]
    form: type[forms.Form] | None = None
    main: bool = False
    danger: bool = False


def offered(refund: Refund, by: Actor, link: Callable[[str], str]) -> dict[str, Any]:
    """Prepare the moves that are legal and permitted, and those that something stands against with the reason."""
    open_moves = {move.name: move for move in REFUND.open_to(refund, by)}
    fitting = [open_moves[name] for name in OFFERS if name in open_moves and _fits(refund, name)]
    free = holding(refund, fitting)
    against = [{"label": move.label, "why_not": move.why_not} for move in fitting if move.name not in free]
    if "confirm" in free and by.member_id is not None and refund.requested_by_id == by.member_id:
        free.discard("confirm")
        words = _("Somebody else than the person who asked has to confirm it.")
        against.append({"label": open_moves["confirm"].label, "why_not": words})
    shapes = [_shape(refund, move, link) for move in fitting if move.name in free]
    lead = next((one for one in shapes if one["main"]), None)
    rest = [one for one in shapes if one is not lead]
    return {"lead": lead, "moves": rest, "refused_moves": against}


def _fits(refund: Refund, name: str) -> bool:
    """Leave out what makes no sense now: paying by hand what the gateway gets, asking for what was asked for again."""
    if name == "settle_by_hand":
        return refund.status == RefundStatus.UNKNOWN or waits_for_hand(refund)
    return name != "try_again" or Refund.objects.filter(LEFT_BEHIND, pk=refund.pk).exists()


def _shape(refund: Refund, move: Move, link: Callable[[str], str]) -> dict[str, Any]:
    offer = OFFERS[move.name]
    form = offer.form(auto_id=f"{move.name}_%s") if offer.form else None
    if isinstance(form, AgainForm) and not refund_gateways.configured():
        form = None
    return {
        "name": move.name,
        "label": move.label,
        "url": link(move.name),
        "icon": offer.icon,
        "danger": offer.danger,
        "main": offer.main,
        "consequence": offer.says(refund),
        "form": form,
        "fields": form,
    }


def _amount(refund: Refund) -> str:
    return money.text(refund.amount, refund.currency)


def _confirms(refund: Refund) -> str:
    return _("%(amount)s goes back to the buyer; %(who)s asked for it.") % {
        "amount": _amount(refund),
        "who": refund.requested_label,
    }


def _frees(refund: Refund) -> str:
    if refund.case_id is not None:
        return _("%s does not go back. The case has to be decided again.") % _amount(refund)
    return _("%s does not go back. It stays owed until somebody asks for it again.") % _amount(refund)


def _settles(refund: Refund) -> str:
    if refund.status == RefundStatus.UNKNOWN:
        return _("Look it up at the payment provider first. Note it here only if %s went back.") % _amount(refund)
    return _("Send %s to the buyer first, then note it here; this alone sends no money.") % _amount(refund)


def _fails(refund: Refund) -> str:
    return _("Look it up at the payment provider first: if it pays later, the buyer has the money twice.")


def _asks_again(refund: Refund) -> str:
    return _("%s is asked for once more, by a new refund of the same payment.") % _amount(refund)


OFFERS: dict[str, Offer] = {
    "confirm": Offer("checks", _confirms, main=True),
    "settle_by_hand": Offer("receipt-refund", _settles, NumberForm, main=True),
    "try_again": Offer("rotate", _asks_again, AgainForm, main=True),
    "note_failure": Offer("alert-circle", _fails, ReasonForm, danger=True),
    "reject": Offer("ban", _frees, ReasonForm, danger=True),
    "call_back": Offer("arrow-back-up", _frees, ReasonForm, danger=True),
}
