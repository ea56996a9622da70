"""How a case begins: what is asked of which lines, whether that is possible now, and what it is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from aftersales import amounts, clocks, numbers, policies, reasons
from aftersales.actions.ending import lapse, withdraw
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case, CaseLine
from aftersales.states import ENDED, OPEN, CaseKind, CaseStatus, Fault, Side
from orders import actions as order_actions
from orders.clocks import plus
from orders.models import Order, OrderLine, Sku
from orders.states import UNSHIPPED, LineStatus, Status
from sellercenter import events, money
from sellercenter.lifecycle import Refused, locked
from sellercenter.money import ZERO
from sellercenter.permissions import SYSTEM, Actor, ActorKind, Perm

# So many cases may be about one line, over time.
MOST_PER_LINE = 5
_LEFT = (Status.SHIPPED, Status.DELIVERED)
# In which states of an order what may be asked for; a completed one counts while returns can be asked for.
ALLOWED: dict[str, tuple[Status, ...]] = {
    CaseKind.CANCEL: (Status.TO_REVIEW, Status.TO_SHIP),
    CaseKind.REFUND: (Status.PART_SHIPPED, *_LEFT),
    CaseKind.RETURN: (Status.DELIVERED, Status.COMPLETED),
    CaseKind.EXCHANGE: (Status.DELIVERED, Status.COMPLETED),
    CaseKind.RESEND: (*_LEFT, Status.COMPLETED),
    CaseKind.PRICE: (*UNSHIPPED, *_LEFT, Status.COMPLETED),
}
_SIDES = {ActorKind.BUYER: Side.BUYER, ActorKind.CHANNEL: Side.BUYER, ActorKind.SYSTEM: Side.PLATFORM}
# Open cases whose amount was not granted yet.
ASKING = tuple(status for status in OPEN if status != CaseStatus.REFUNDING)
# Cases that hold units: open ones, and those that ended with money. Whoever got the goods again may ask again.
_HOLDS = Q(case__status__in=OPEN) | Q(case__status=CaseStatus.DONE, case__replacement__isnull=True)
# A wish to cancel that was refused keeps nobody from asking for something else: see `_set_aside`.
_HOLDS &= ~Q(case__kind=CaseKind.CANCEL, case__status=CaseStatus.REFUSED)


@transaction.atomic
def open_case(
    order: Order,
    *,
    kind: CaseKind | str,
    lines: Mapping[int, int],
    reason: str,
    words: str = "",
    amount: Decimal | None = None,
    freight: Decimal | None = None,
    wanted: Mapping[int, int] | None = None,
    got_goods: bool | None = None,
    number: str = "",
    previous: Case | None = None,
    by: Actor,
) -> Case:
    """Open a case about units of an order's lines, by their keys; a wish to cancel is about the whole order.

    `amount` is asked for the goods: what the units are worth when left out, the difference for price protection.
    `freight` is asked besides; left out, it is all of it when the whole order goes back and the buyer is not at fault.
    `wanted` are SKUs by line for an exchange. A `previous` case that is still open is withdrawn for this one. Buyers,
    platform and people who decide cases may open one. Raises Refused for whatever does not fit; nothing is kept then.
    """
    if not by.is_outside:
        by.require(Perm.AFTERSALES_DECIDE)
    now, kind = locked(order), CaseKind(kind)
    _check_time(order, kind, now)
    if previous is not None and previous.status not in ENDED:
        withdraw(previous, by=by if by.is_outside else SYSTEM)
    _set_aside(order)
    words = words.replace("\0", "").strip()[:2000]
    told = _Told(kind, reason, words, number.strip(), got_goods, previous, by, now)
    if kind == CaseKind.CANCEL:
        return _ask_to_cancel(order, told)
    stored = list(order.lines.select_for_update().order_by("pk"))
    chosen = _chosen(stored, lines)
    found = reasons.reason(reason, kind, arrived=_arrived(order, chosen))
    most = _most(order, stored, chosen, kind)
    goods = _goods(order, most, amount, kind)
    extra = _freight(order, stored, chosen, found.fault, freight, kind)
    _check_whole(order, goods, extra, kind)
    case = _new(order, told, found, sum(goods.values(), ZERO), extra)
    _write(case, [(line, units, goods[line.pk], _wanted(line, wanted, kind)) for line, units in chosen])
    return case


def _set_aside(order: Order) -> None:
    """Close refused wishes to cancel the order: its buyer asks for something else now, or once more."""
    refused = Case.objects.filter(order=order, kind=CaseKind.CANCEL, status=CaseStatus.REFUSED)
    for case in refused.select_related("shop__policy"):
        lapse(case, by=SYSTEM)


@dataclass(frozen=True)
class _Told:
    """What the opener says of the case, and when."""

    kind: CaseKind
    reason: str
    words: str
    number: str
    got_goods: bool | None
    previous: Case | None
    by: Actor
    now: datetime


def possible(order: Order, *, now: datetime) -> list[CaseKind]:
    """Return the kinds of cases that people may open about an order in its state; buyers alone ask to cancel."""
    kinds: list[CaseKind] = [kind for kind in CaseKind if kind != CaseKind.CANCEL and order.status in ALLOWED[kind]]
    return [] if _claims_over(order, now) else kinds


def units_left(order: Order, *, claimed: bool) -> dict[int, int]:
    """Return how many units of each line that is not cancelled are in no case yet; `claimed` when there are cases."""
    held = _held(order) if claimed else {}
    live = [line for line in order.lines.all() if line.status != LineStatus.CANCELLED]
    return {line.pk: max(0, line.quantity - held.get(line.pk, 0)) for line in live}


def _claims_over(order: Order, now: datetime) -> bool:
    until = plus(order.delivered_at or order.completed_at, order.shop.policy.claim_window)
    return order.status == Status.COMPLETED and until is not None and until <= now


def _check_time(order: Order, kind: CaseKind, now: datetime) -> None:
    """Refuse what can't be asked for in the order's state, or too long after the delivery."""
    if order.status not in ALLOWED[kind]:
        told = {"kind": kind.label, "state": order.get_status_display()}
        raise Refused(_("“%(kind)s” is not possible while the order is “%(state)s”.") % told, "kind_not_now")
    if _claims_over(order, now):
        raise Refused(_("The time in which something can be claimed is over."), "claim_window_over")


def _chosen(stored: Sequence[OrderLine], units: Mapping[int, int]) -> list[tuple[OrderLine, int]]:
    """Return the lines that are asked for with their units; refuse those of others, cancelled ones, and too many."""
    known = {line.pk: line for line in stored if line.status != LineStatus.CANCELLED}
    if set(units) - set(known):
        raise Refused(_("The order has no such line that could be claimed."), "unknown_line")
    chosen = [(line, units[pk]) for pk, line in known.items() if units.get(pk)]
    if not chosen or min(many for _line, many in chosen) < 0:
        raise Refused(_("Choose at least one unit of a line."), "no_units")
    if (
        CaseLine.objects.filter(line__in=known)
        .values("line")
        .annotate(n=Count("pk"))
        .filter(n__gte=MOST_PER_LINE, line__in=[line.pk for line, _units in chosen])
        .exists()
    ):
        raise Refused(
            _("There have been %d cases about this line: the most there may be.") % MOST_PER_LINE, "too_many_cases"
        )
    return chosen


def _arrived(order: Order, chosen: Sequence[tuple[OrderLine, int]]) -> bool:
    """Say whether the buyer can have the goods in hand."""
    return order.status in (Status.DELIVERED, Status.COMPLETED) or all(
        line.status == LineStatus.DELIVERED for line, _units in chosen
    )


def _held(order: Order) -> dict[int, int]:
    """Return how many units of each line are in cases already; a difference in price takes none."""
    found = CaseLine.objects.filter(_HOLDS, case__order=order).exclude(case__kind=CaseKind.PRICE)
    return dict(found.values("line").annotate(units=Sum("quantity")).values_list("line", "units"))


def _waiting(order: Order) -> dict[int, Decimal]:
    """Return what open cases ask of each line beside what was granted."""
    found = CaseLine.objects.filter(case__order=order, case__status__in=ASKING)
    return dict(found.values("line").annotate(asked=Sum("amount")).values_list("line", "asked"))


def _most(
    order: Order, stored: Sequence[OrderLine], chosen: Sequence[tuple[OrderLine, int]], kind: CaseKind
) -> dict[int, Decimal]:
    """Return what can be asked at most of each chosen line; refuse units that are in another case."""
    worth, held, waiting = amounts.shares(order, stored), _held(order), _waiting(order)
    most = {}
    for line, units in chosen:
        own, price = worth.lines[line.pk], kind == CaseKind.PRICE
        before = 0 if price else held.get(line.pk, 0)
        left = amounts.left_of_line(line, own, waiting.get(line.pk, ZERO))
        if before + units > line.quantity:
            told = {"title": line.title, "left": max(0, line.quantity - before)}
            raise Refused(_("Of “%(title)s” only %(left)d are not in a case yet.") % told, "too_many_units")
        if not price:
            of_units = amounts.of_units(own, line.quantity, before=before, units=units, currency=order.currency)
            left = min(left, of_units)
        most[line.pk] = left
    return most


def _goods(order: Order, most: Mapping[int, Decimal], amount: Decimal | None, kind: CaseKind) -> dict[int, Decimal]:
    """Return what is asked for each line: the amount spread over them, or all that they are worth."""
    whole = sum(most.values(), ZERO)
    if amount is None:
        if kind == CaseKind.PRICE:
            raise Refused(_("Say by how much the price differs."), "amount_missing")
        # Something may have gone back of the order as a whole, before there were cases.
        return money.spread(min(whole, _left(order)), most, order.currency)
    if amount < 0 or money.quantise(amount, order.currency) != amount or amount > whole:
        told = {"most": money.text(whole, order.currency)}
        raise Refused(_("At most %(most)s can be asked for these units, in coins that exist.") % told, "too_much")
    return money.spread(amount, most, order.currency)


def _left(order: Order) -> Decimal:
    """Return what the order can still give back beside what open cases ask for."""
    asked = Case.objects.filter(order=order, status__in=ASKING).aggregate(
        goods=Sum("goods_amount"), rest=Sum("freight_amount")
    )
    return max(ZERO, amounts.left_of_order(order) - (asked["goods"] or ZERO) - (asked["rest"] or ZERO))


def _freight(
    order: Order,
    stored: Sequence[OrderLine],
    chosen: Sequence[tuple[OrderLine, int]],
    fault: Fault,
    asked: Decimal | None,
    kind: CaseKind,
) -> Decimal:
    """Return what is asked for freight and fees: what is left of them, once, and never when the buyer is at fault."""
    given = Case.objects.filter(Q(status__in=OPEN) | Q(status=CaseStatus.DONE), order=order, replacement=None)
    left = amounts.shares(order, stored).rest - (given.aggregate(sum=Sum("freight_amount"))["sum"] or ZERO)
    left = max(ZERO, left) if fault != Fault.BUYER else ZERO
    if asked is None:
        held = Counter(_held(order)) + Counter({line.pk: units for line, units in chosen})
        live = [line for line in stored if line.status != LineStatus.CANCELLED]
        whole = kind in (CaseKind.REFUND, CaseKind.RETURN) and all(held[line.pk] >= line.quantity for line in live)
        return left if whole else ZERO
    if not 0 <= asked <= left or money.quantise(asked, order.currency) != asked:
        told = {"most": money.text(left, order.currency)}
        raise Refused(_("At most %(most)s can be asked for freight and fees.") % told, "too_much_freight")
    return asked


def _check_whole(order: Order, goods: Mapping[int, Decimal], freight: Decimal, kind: CaseKind) -> None:
    """Refuse more than the order can still give back, and a claim for money without any."""
    whole = sum(goods.values(), freight)
    if whole > _left(order):
        told = {"most": money.text(_left(order), order.currency)}
        raise Refused(_("At most %(most)s can still go back of this order.") % told, "too_much")
    if not whole and kind in (CaseKind.REFUND, CaseKind.PRICE):
        raise Refused(_("Nothing of this can be refunded any more."), "nothing_to_refund")


def _wanted(line: OrderLine, wanted: Mapping[int, int] | None, kind: CaseKind) -> Sku | None:
    """Return the SKU that the buyer wants instead, of the same product."""
    if kind != CaseKind.EXCHANGE or not wanted or line.pk not in wanted:
        return None
    sku = Sku.objects.filter(pk=wanted[line.pk], product_id=line.product_id).first()
    if sku is None:
        raise Refused(_("“%s” is not sold in that variant.") % line.title, "unknown_sku")
    return sku


# --- A wish to cancel -------------------------------------------------------------------------------------------------


def _ask_to_cancel(order: Order, told: _Told) -> Case:
    """Pass the wish on to the order, whose clock decides it."""
    if not told.by.is_outside:
        raise Refused(_("Cancel the order itself: only a buyer asks for it."), "only_the_buyer")
    found = reasons.reason(told.reason, CaseKind.CANCEL, arrived=False)
    if _wishes(order).exists():
        raise Refused(_("A wish to cancel this order is being decided already."), "asked_already")
    order_actions.request_cancel(order, reason=told.words or str(found.label), by=told.by)
    return _open_cancel(order, told, found)


@transaction.atomic
def follow_cancel(order: Order, *, by: Actor) -> Case | None:
    """Open the case of a wish to cancel that was put to the order itself; None when there is one or no wish."""
    now = locked(order)
    if order.cancel_requested_at is None or order.status not in ALLOWED[CaseKind.CANCEL] or _wishes(order).exists():
        return None
    _set_aside(order)
    told = _Told(CaseKind.CANCEL, "cancel_other", order.cancel_wish, "", None, None, by, now)
    return _open_cancel(order, told, reasons.REASONS["cancel_other"])


def _wishes(order: Order) -> QuerySet[Case]:
    """Return the wish to cancel an order that is not decided yet, or at the platform."""
    return Case.objects.filter(order=order, kind=CaseKind.CANCEL).exclude(status__in=[*ENDED, CaseStatus.REFUSED])


def _open_cancel(order: Order, told: _Told, found: reasons.Reason) -> Case:
    """Open the case: it is about everything that can still go back, until the order's own deadline.

    Also about what other cases ask for: granted, it ends those.
    """
    stored = list(order.lines.select_for_update().order_by("pk"))
    live = [line for line in stored if line.status != LineStatus.CANCELLED]
    goods, rest = amounts.fit(order, live, amounts.left_of_order(order))
    case = _new(order, told, found, sum(goods.values(), ZERO), rest, act_by=order.answer_by)
    _write(case, [(line, line.quantity, goods[line.pk], None) for line in live])
    return case


# --- Writing ----------------------------------------------------------------------------------------------------------


def _new(
    order: Order, told: _Told, found: reasons.Reason, goods: Decimal, rest: Decimal, act_by: datetime | None = None
) -> Case:
    """Return the case as it begins, with its deadline, what happens by itself, and what the policy proposes."""
    case = Case(
        shop=order.shop,
        order=order,
        buyer_id=order.buyer_id,
        buyer_nickname=order.buyer_nickname,
        number=told.number or numbers.made("C", told.now),
        kind=told.kind,
        status_at=told.now,
        opened_at=told.now,
        opened_by=_SIDES.get(told.by.kind, Side.SELLER),
        reason=found.code,
        problem=found.problem,
        fault=found.fault,
        words=told.words,
        got_goods=told.got_goods,
        previous=told.previous,
        currency=order.currency,
        goods_amount=goods,
        freight_amount=rest,
        act_by=act_by or clocks.act_by(order.shop.policy, CaseStatus.REQUESTED, told.now),
    )
    case.proposal = policies.propose(case)
    for name, value in CASE.plan(case, {}, now=told.now).values().items():
        setattr(case, name, value)
    _save(case, told)
    return case


def _save(case: Case, told: _Told) -> None:
    """Write the case, tell of it, and stop what must not go on meanwhile."""
    try:
        with transaction.atomic():
            Case.objects.bulk_create([case])
    except IntegrityError as error:
        if "case_number_once_per_shop" not in str(error):
            raise
        raise Refused(_("There is a case %s already.") % case.number, "number_taken") from error
    data = {"wanted": str(case.kind), "reason": case.reason, "amount": case.goods_amount + case.freight_amount}
    events.record(case.shop, "case.opened", case, by=told.by, before="", after=str(case.status), **data)
    hold = case.kind not in (CaseKind.CANCEL, CaseKind.PRICE)
    order_actions.begin_aftersales(case.order, case=case.number, hold=hold, by=told.by)


def _write(case: Case, told: Sequence[tuple[OrderLine, int, Decimal, Sku | None]]) -> None:
    rows = [
        CaseLine(shop_id=case.shop_id, case=case, line=line, quantity=units, amount=amount, wanted_sku=sku)
        for line, units, amount, sku in told
    ]
    CaseLine.objects.bulk_create(rows)
