"""What can be done now with a dispute, an appeal or a ticket: which doors, with what words and what form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.dispute_forms import AnswerForm, AskEvidenceForm, DecisionForm, SaidForm, SolvedForm, StateForm, WonForm
from aftersales.lifecycle.disputes import APPEAL, DISPUTE, TICKET
from sellercenter.lifecycle import Lifecycle, Move, holding
from sellercenter.permissions import Actor
from sellercenter.texts import Text


@dataclass(frozen=True)
class Offer:
    """How a door is offered: the move that must be open for it, and its label where that of the move says less."""

    move: str
    icon: str
    form: type[forms.Form]
    says: Text = ""
    label: Text = ""
    main: bool = False
    danger: bool = False


# By the door's name, in the order in which they stand in the menu.
DISPUTE_OFFERS = {
    "decide": Offer(
        *("decide_for_buyer", "gavel", DecisionForm, _("The case is refunded or closed at once.")),
        label=_("Record the decision"),
        main=True,
    ),
    "ask_evidence": Offer("ask_evidence", "file-text", AskEvidenceForm),
    "negotiate": Offer("negotiate", "message", StateForm),
}
APPEAL_OFFERS = {
    "file": Offer(
        *("file", "send", StateForm, _("Send it to the platform, then file it here: afterwards nothing can be added.")),
        main=True,
    ),
    "win": Offer("win", "circle-check", WonForm, main=True),
    "lose": Offer("lose", "circle-x", AnswerForm),
    "withdraw": Offer(
        "withdraw", "arrow-back-up", StateForm, _("The appeal ends here; the time to file runs on."), danger=True
    ),
}
TICKET_OFFERS = {
    "answer": Offer("answer", "message", SaidForm, main=True),
    "solve": Offer("solve", "check", SolvedForm, main=True),
    "ask_again": Offer("ask_again", "rotate", SaidForm, _("The carrier has two working days again.")),
    "close": Offer("close", "circle-x", SaidForm, _("Nothing more is asked of the carrier. Say why."), danger=True),
}
_OFFERS: dict[str, tuple[Lifecycle, dict[str, Offer]]] = {
    "dispute": (DISPUTE, DISPUTE_OFFERS),
    "appeal": (APPEAL, APPEAL_OFFERS),
    "ticket": (TICKET, TICKET_OFFERS),
}


def offered(record: Any, by: Actor, link: Callable[[str], str]) -> dict[str, Any]:
    """Prepare the doors that are legal and permitted, and those that something stands against with the reason."""
    lifecycle, offers = _OFFERS[record._meta.model_name]
    moves = {move.name: move for move in lifecycle.open_to(record, by)}
    fitting = {name: moves[offer.move] for name, offer in offers.items() if offer.move in moves}
    free = holding(record, fitting.values())
    shapes = [_shape(record, name, offers[name], move, link) for name, move in fitting.items() if move.name in free]
    lead = next((one for one in shapes if one["main"]), None)
    against = [{"label": one.label, "why_not": one.why_not} for one in fitting.values() if one.name not in free]
    return {"lead": lead, "moves": [one for one in shapes if one is not lead], "refused_moves": against}


def may(record: Any, by: Actor, *names: str) -> bool:
    """Say whether one of these moves can be made now."""
    lifecycle, _offers = _OFFERS[record._meta.model_name]
    fitting = [move for move in lifecycle.open_to(record, by) if move.name in names]
    return bool(fitting) and bool(holding(record, fitting))


def _shape(record: Any, name: str, offer: Offer, move: Move, link: Callable[[str], str]) -> dict[str, Any]:
    form = offer.form(initial={"seen": record.status}, auto_id=f"{name}_%s")
    return {
        "name": name,
        "label": offer.label or move.label,
        "url": link(name),
        "icon": offer.icon,
        "danger": offer.danger,
        "main": offer.main,
        "consequence": offer.says,
        "form": form,
        "fields": form,
    }
