"""What the order page offers: how each move of the lifecycle looks there, what it says first, and what it asks for.

Who may make a move and from where stands in `orders/lifecycle.py`; each move has an address of its own, `order_<move>`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import detail
from orders.forms import AddressForm, CancelForm, HoldForm, PriceForm, RefuseForm, RemindForm, ShipForm
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import LineStatus
from sellercenter import money
from sellercenter.columns import Setting, labels
from sellercenter.lifecycle import Move, holding
from sellercenter.models import Channel, Event
from sellercenter.permissions import Actor

# The address of a move, by its name.
Link = Callable[[str], str]


@dataclass(frozen=True)
class Offer:
    """How one move is offered.

    `main` is what is done next: it stands as the button, the others in the menu. An offer that does not `fit` the order
    is not even mentioned, because its reason would tell nothing. What `answers` stands beside the buyer's wish.
    """

    icon: str
    says: Callable[[Order, Setting, Sequence[Event]], str] | None = None
    form: Callable[[Order], forms.Form] | None = None
    main: bool = False
    danger: bool = False
    answers: bool = False
    fits: Callable[[Order], bool] = lambda order: True


def offered(
    order: Order, by: Actor, at: Setting, history: Sequence[Event], link: Callable[[str], str]
) -> dict[str, Any]:
    """Prepare the moves that are legal and permitted, and those that something stands against with the reason.

    The first main move leads, the others follow as declared here.
    """
    open_moves = {move.name: move for move in ORDER.open_to(order, by)}
    fitting = [open_moves[name] for name in OFFERS if name in open_moves and OFFERS[name].fits(order)]
    free = holding(order, fitting)
    shapes = [_shape(order, move, at, history, link) for move in fitting if move.name in free]
    against = [{"label": move.label, "why_not": move.why_not} for move in fitting if move.name not in free]
    acts = [one for one in shapes if not one["answers"]]
    lead = next((one for one in acts if one["main"]), None)
    return {
        "lead": lead,
        "moves": [one for one in acts if one is not lead],
        "answers": [one for one in shapes if one["answers"]],
        "refused_moves": against,
    }


def _shape(order: Order, move: Move, at: Setting, history: Sequence[Event], link: Link) -> dict[str, Any]:
    offer = OFFERS[move.name]
    form = offer.form(order) if offer.form else None
    return {
        "name": move.name,
        "label": move.label,
        "url": link(move.name),
        "icon": offer.icon,
        "danger": offer.danger,
        "main": offer.main,
        "answers": offer.answers,
        "consequence": offer.says(order, at, history) if offer.says else "",
        "form": form,
        "fields": form.whole if isinstance(form, ShipForm) else form,
        "parts": form.parts if isinstance(form, ShipForm) else None,
        "total": _total(order) if isinstance(form, PriceForm) else None,
    }


def left(order: Order) -> list[tuple[int, str, int]]:
    """Return (key, words, units) of the lines that still have units to ship."""
    found = []
    for line in order.lines.all():
        units = line.quantity - sum(part.quantity for part in line.parts.all())
        if units > 0 and line.status != LineStatus.CANCELLED:
            told = {"title": " ".join(filter(None, (line.title, line.variant))), "units": units}
            words = ngettext("%(title)s (%(units)s left)", "%(title)s (%(units)s left)", units) % told
            found.append((line.pk, words, units))
    return found


# --- What they say ----------------------------------------------------------------------------------------------------


def _ends(order: Order, at: Setting, history: Sequence[Event]) -> str:
    """State what ending the order means in money."""
    if not order.paid_amount:
        return _("The order ends here. Nothing was paid.")
    paid = money.text(order.paid_amount, order.currency)
    return _("The order ends here. %(amount)s was paid and has to be refunded.") % {"amount": paid}


def _goes_on(order: Order, at: Setting, history: Sequence[Event]) -> str:
    return _("The order goes on and has to be shipped. The buyer is told why.")


def _ships(order: Order, at: Setting, history: Sequence[Event]) -> str:
    units = sum(units for _key, _words, units in left(order))
    return ngettext("%(units)s unit is left to ship.", "%(units)s units are left to ship.", units) % {"units": units}


def _reminds(order: Order, at: Setting, history: Sequence[Event]) -> str:
    """Say by which ways the buyer is reminded, and when that was done last."""
    policy = order.shop.policy
    channels = policy.second_channels or policy.first_channels or [Channel.IN_SITE.value]
    told = _("The buyer gets a message: %s.") % ", ".join(labels(Channel)[one] for one in channels)
    last = detail.reminded(order, at, history)
    return f"{told} {_('Last reminded: %s.') % last.short if last else _('Nobody has reminded the buyer yet.')}"


def _prices(order: Order, at: Setting, history: Sequence[Event]) -> str:
    return _("The buyer has to pay %s now.") % money.text(order.total_amount, order.currency)


def _total(order: Order) -> dict[str, Any]:
    """Return the total and what a page needs to work out the new one while somebody types."""
    symbol, places = money.CURRENCIES[order.currency]
    rest = order.total_amount - order.adjustment - order.freight_amount
    return {"now": money.text(order.total_amount, order.currency), "rest": rest, "symbol": symbol, "places": places}


def _moves_house(order: Order, at: Setting, history: Sequence[Event]) -> str:
    return _("What you leave empty of name, phone, street and postcode stays as it is.")


def _stops(order: Order, at: Setting, history: Sequence[Event]) -> str:
    return _("Nobody can approve, ship or cancel the order until it is released.")


# --- What they ask for ------------------------------------------------------------------------------------------------


def _ship_form(order: Order) -> ShipForm:
    lines = left(order)
    splits = sum(units for _key, _words, units in lines) > 1
    return ShipForm(left=lines if splits else (), auto_id="ship_%s")


def _price_form(order: Order) -> PriceForm:
    now = {"adjustment": order.adjustment, "freight": order.freight_amount, "seen": order.total_amount}
    return PriceForm(initial=now, auto_id="price_%s")


def _address_form(order: Order) -> AddressForm:
    region = {"province": order.province, "city": order.city, "district": order.district}
    return AddressForm(initial=region, auto_id="address_%s")


# In the order in which they stand in the menu.
OFFERS: dict[str, Offer] = {
    "release": Offer("lock-open", main=True, fits=lambda order: order.held),
    "approve": Offer("clipboard-check", main=True),
    "ship": Offer("truck", _ships, _ship_form, main=True),
    "remind": Offer(
        *("bell", _reminds, lambda order: RemindForm(code=order.shop.policy.coupon, auto_id="remind_%s")), main=True
    ),
    "change_price": Offer("discount", _prices, _price_form),
    "change_address": Offer("map-pin", _moves_house, _address_form),
    "hold": Offer("lock", _stops, lambda order: HoldForm(auto_id="hold_%s"), fits=lambda order: not order.held),
    "accept_cancel": Offer(
        *("check", _ends), answers=True, danger=True, fits=lambda order: order.cancel_requested_at is not None
    ),
    "refuse_cancel": Offer(
        *("ban", _goes_on, lambda order: RefuseForm(auto_id="refuse_%s")),
        answers=True,
        fits=lambda order: order.cancel_requested_at is not None,
    ),
    "cancel": Offer("circle-x", _ends, lambda order: CancelForm(auto_id="cancel_%s"), danger=True),
}
