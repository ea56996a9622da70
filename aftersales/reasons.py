"""Why buyers ask and shops refuse: our own canonical words, whose fault each is, and what it must be proved with.

After the reason tables of TikTok Shop and Douyin; both groups differ per kind of case, and a word that does not fit the
kind, or the goods that nobody has yet, is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from aftersales.states import CaseKind as K
from aftersales.states import Fault as F
from aftersales.states import Problem as P
from sellercenter.lifecycle import Refused
from sellercenter.texts import Text

_MONEY, _GOODS = frozenset({K.REFUND}), frozenset({K.RETURN, K.EXCHANGE})
_AFTER, _ALL = _MONEY | _GOODS | {K.RESEND}, frozenset(K)


@dataclass(frozen=True)
class Reason:
    """Why a buyer asks; `evidence` is what the buyer should show, `in_hand` says that the goods must have arrived."""

    code: str
    label: Text
    problem: P
    fault: F
    kinds: frozenset[K]
    evidence: bool = False
    in_hand: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why a shop refuses; with `evidence` only once the shop has put some in. `inspecting` is about returned goods."""

    code: str
    label: Text
    kinds: frozenset[K]
    evidence: bool = False
    inspecting: bool = False


_CANCEL = frozenset({K.CANCEL})
REASONS: dict[str, Reason] = {
    one.code: one
    for one in (
        Reason("no_longer_needed", _("Not needed any more"), P.CHANGED_MIND, F.BUYER, _CANCEL),
        Reason("ordered_by_mistake", _("Ordered by mistake"), P.CHANGED_MIND, F.BUYER, _CANCEL),
        Reason("other_payment", _("Wants to pay in another way"), P.CHANGED_MIND, F.BUYER, _CANCEL),
        Reason("wrong_address", _("Delivery details are wrong"), P.OTHER, F.BUYER, _CANCEL),
        Reason("better_price", _("Found a better price"), P.PRICE, F.BUYER, _CANCEL),
        Reason("discount_missing", _("The expected discount is missing"), P.PRICE, F.SELLER, _CANCEL | {K.PRICE}),
        Reason("freight_too_high", _("Delivery costs too much"), P.PRICE, F.BUYER, _CANCEL),
        Reason("not_shipped_in_time", _("Not shipped in time"), P.LATE, F.SELLER, _CANCEL),
        Reason("shop_silent", _("The shop does not answer"), P.OTHER, F.SELLER, _CANCEL),
        Reason("cancel_other", _("Another reason to cancel"), P.OTHER, F.BUYER, _CANCEL),
        Reason("price_dropped", _("The price dropped after the purchase"), P.PRICE, F.SELLER, frozenset({K.PRICE})),
        Reason("not_received", _("Not received"), P.NOT_RECEIVED, F.LOGISTICS, frozenset({K.REFUND, K.RESEND})),
        Reason("parcel_lost", _("The parcel is lost"), P.NOT_RECEIVED, F.LOGISTICS, frozenset({K.REFUND, K.RESEND})),
        Reason("late", _("Came too late"), P.LATE, F.LOGISTICS, _MONEY | {K.RETURN}),
        Reason("damaged", _("Damaged on the way"), P.DEFECT, F.LOGISTICS, _AFTER, evidence=True, in_hand=True),
        Reason("defective", _("Does not work, or has a defect"), P.DEFECT, F.SELLER, _AFTER, True, True),
        Reason("expired", _("Past its date"), P.DEFECT, F.SELLER, _AFTER, True, True),
        Reason("missing_parts", _("Parts are missing"), P.WRONG_ITEM, F.SELLER, _AFTER, True, True),
        Reason("missing_item", _("An item is missing"), P.WRONG_ITEM, F.SELLER, _MONEY | {K.RESEND}, True),
        Reason("wrong_item", _("The wrong item came"), P.WRONG_ITEM, F.SELLER, _AFTER, True, True),
        Reason("not_as_described", _("Not as described"), P.NOT_AS_DESCRIBED, F.SELLER, _MONEY | _GOODS, True, True),
        Reason("counterfeit", _("Thought to be a fake"), P.NOT_AS_DESCRIBED, F.SELLER, _MONEY | _GOODS, True, True),
        Reason("too_big", _("Too big"), P.SIZE, F.BUYER, _GOODS, in_hand=True),
        Reason("too_small", _("Too small"), P.SIZE, F.BUYER, _GOODS, in_hand=True),
        Reason("changed_mind", _("Does not want it any more"), P.CHANGED_MIND, F.BUYER, _GOODS, in_hand=True),
        Reason("agreed", _("Agreed with the shop"), P.OTHER, F.SELLER, _AFTER | {K.PRICE}),
        Reason("platform_error", _("A mistake of the platform"), P.OTHER, F.PLATFORM, _ALL),
    )
}
REFUSALS: dict[str, Refusal] = {
    one.code: one
    for one in (
        Refusal("packed", _("Packed already"), _CANCEL),
        Refusal("shipped", _("Left already"), _CANCEL),
        Refusal("refused_other", _("Another reason"), _CANCEL),
        Refusal("delivered", _("Delivered, as the carrier can prove"), frozenset({K.REFUND, K.RESEND}), evidence=True),
        Refusal("buyer_agreed", _("The buyer agreed to keep it"), _ALL, evidence=True),
        Refusal("evidence_unclear", _("The evidence of the buyer does not show it"), _AFTER | {K.PRICE}),
        Refusal("item_correct", _("The item is the one that was ordered"), _AFTER, evidence=True),
        Refusal("works", _("The item works"), _AFTER, evidence=True),
        Refusal("not_late", _("The delivery time is not over yet"), frozenset({K.CANCEL, K.REFUND, K.RESEND})),
        Refusal("sent_separately", _("The rest comes in another parcel"), frozenset({K.REFUND, K.RESEND})),
        Refusal("buyers_address", _("The buyer gave a wrong address"), frozenset({K.REFUND, K.RESEND}), evidence=True),
        Refusal("price_held", _("The price did not drop"), frozenset({K.PRICE})),
        Refusal("other_goods_back", _("Other goods came back"), _GOODS, evidence=True, inspecting=True),
        Refusal("used", _("The goods came back used or damaged"), _GOODS, evidence=True, inspecting=True),
        Refusal("incomplete", _("The goods came back incomplete"), _GOODS, evidence=True, inspecting=True),
    )
}


def reason(code: str, kind: K | str, *, arrived: bool) -> Reason:
    """Return the reason, or refuse one that does not fit the kind of case or goods that have not `arrived`."""
    found = REASONS.get(code)
    if found is None or kind not in found.kinds:
        raise Refused(_now("This reason does not fit what is asked for. Choose another one."), "reason_does_not_fit")
    if found.in_hand and not arrived:
        raise Refused(_now("This reason speaks of goods in hand, and nothing has arrived yet."), "reason_too_early")
    return found


def refusal(code: str, kind: K | str, *, inspecting: bool) -> Refusal:
    """Return the reason to refuse, or refuse one that does not fit the kind of case or its state."""
    found = REFUSALS.get(code)
    if found is None or kind not in found.kinds or (found.inspecting and not inspecting):
        raise Refused(_now("This case can't be refused for that reason. Choose another one."), "refusal_does_not_fit")
    return found


def reasons_for(kind: K | str, *, arrived: bool = True) -> list[Reason]:
    """Return the reasons that may be given for a kind of case."""
    return [one for one in REASONS.values() if kind in one.kinds and (arrived or not one.in_hand)]


def refusals_for(kind: K | str, *, inspecting: bool = False) -> list[Refusal]:
    """Return the reasons for which a kind of case may be refused, of returned goods when these are being looked at."""
    return [one for one in REFUSALS.values() if kind in one.kinds and (inspecting or not one.inspecting)]


def label(code: str) -> Text:
    """Return how a reason of either side is written; a word that nobody knows is shown as it came."""
    found = REASONS.get(code) or REFUSALS.get(code)
    return found.label if found else code
