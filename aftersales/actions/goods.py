"""What happens with goods: they come back, are looked at, go to the shelf, or are sent again."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales import amounts
from aftersales.actions.deciding import refusing
from aftersales.actions.moving import begin, complete_refunded, lines_of, move, refunding, resize
from aftersales.actions.resending import call_off, replace
from aftersales.models import Case, CaseLine
from aftersales.states import CaseKind, CaseStatus
from orders import inventory
from sellercenter.lifecycle import Refused
from sellercenter.permissions import Actor

# Units of a line that came back in order, and those that came back damaged.
Found = tuple[int, int]


@transaction.atomic
def send_back(case: Case, *, carrier: str, tracking_no: str, by: Actor, seen: int | None = None) -> None:
    """Note by which parcel the buyer sends the goods back."""
    carrier, tracking_no = carrier.strip(), tracking_no.strip().upper()
    if not tracking_no or len(tracking_no) > 64 or len(carrier) > 40:
        raise Refused(_("Give the tracking number of the return, of at most 64 characters."), "no_tracking_number")
    now = begin(case, seen=seen)
    values = {"return_carrier": carrier, "return_tracking_no": tracking_no, "sent_back_at": now}
    move(case, "send_back", by=by, now=now, data={"carrier": carrier, "tracking_no": tracking_no}, **values)


@transaction.atomic
def receive(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Note that the return is here; it has to be looked at within the policy's time."""
    now = begin(case, seen=seen)
    move(case, "receive", by=by, now=now, arrived_at=now)


@transaction.atomic
def inspect(
    case: Case, *, results: Mapping[int, Found] | None, by: Actor, seen: int | None = None, instead: bool = False
) -> None:
    """Say in which condition goods came back, and let the case go on: with the money, or with the exchange.

    `results` are units by the keys of the order's lines: sellable ones go back to the shelf, damaged ones are noted.
    What is missing is not refunded; nothing at all is no inspection. None says that nobody looked in time: everything
    counts as complete, and nothing goes to the shelf. An exchange that can't be sent is refused as `out_of_stock`;
    with `instead` the buyer gets the money.
    """
    now = begin(case, seen=seen)
    lines = lines_of(case)
    if results is not None and case.status == CaseStatus.TO_INSPECT:
        _note(lines, results)
    exchange = case.kind == CaseKind.EXCHANGE
    told = {"data": {"sellable": sum(one.sellable for one in lines), "damaged": sum(one.damaged for one in lines)}}
    if exchange and not instead:
        move(case, "pass_exchange", by=by, now=now, inspected_at=now, replacement=replace(case, by=by), **told)
    else:
        if results is not None:
            _only_what_came(case, lines)
        refunding(case, "refund_instead" if exchange else "pass_inspection", by=by, now=now, inspected_at=now, **told)
    units = {one.line_id: one.sellable for one in lines}
    inventory.take_back(case.order, units, reason=case.number, by=by)


def _note(lines: list[CaseLine], results: Mapping[int, Found]) -> None:
    """Keep what was found of each line."""
    if set(results) - {one.line_id for one in lines}:
        raise Refused(_("This case is not about that line."), "unknown_line")
    for one in lines:
        sellable, damaged = results.get(one.line_id, (0, 0))
        if min(sellable, damaged) < 0 or sellable + damaged > one.quantity:
            told = {"title": one.line.title, "most": one.quantity}
            raise Refused(_("Of “%(title)s” at most %(most)d can have come back.") % told, "too_many_units")
        one.sellable, one.damaged = sellable, damaged
        CaseLine.objects.filter(pk=one.pk).update(sellable=sellable, damaged=damaged)
    if not any(one.sellable + one.damaged for one in lines):
        raise Refused(_("Say how many units came back, or refuse the return."), "nothing_inspected")


def _only_what_came(case: Case, lines: list[CaseLine]) -> None:
    """Lessen a case by what units are worth that did not come back."""
    goods = {}
    for one in lines:
        came = one.sellable + one.damaged
        worth = amounts.of_units(one.amount, one.quantity, before=0, units=came, currency=case.currency)
        goods[one.line_id] = worth
    resize(case, lines, goods, case.freight_amount)


@transaction.atomic
def refuse_return(case: Case, *, refusal: str, words: str = "", by: Actor, seen: int | None = None) -> None:
    """Refuse goods that came back, for one of the reasons of `aftersales/reasons.py`; possible until the deadline."""
    now = begin(case, seen=seen)
    values = refusing(case, refusal, words, inspecting=True, by=by)
    move(case, "refuse_return", by=by, now=now, data={"refusal": refusal}, **values)


@transaction.atomic
def refund_instead(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """Give the money back for what is not sent again; the order that waits to be shipped for it is cancelled."""
    now = begin(case, seen=seen)
    replacement = case.replacement
    told = {"replacement": replacement.number} if replacement else None
    refunding(case, "refund_instead", by=by, now=now, data=told, replacement=None)
    if replacement is not None:
        call_off(replacement)


@transaction.atomic
def resent(case: Case, *, by: Actor, seen: int | None = None) -> None:
    """End a case because its goods have left again."""
    now = begin(case, seen=seen)
    move(case, "resent", by=by, now=now)
    complete_refunded(case)
