"""The deeds of the living demo: each is one verb, told in a few words; an empty text says that nothing was to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random

from orders import actions, fulfilment, inventory, payments
from orders.demo.journeys import Fate
from orders.demo.markets import Market
from orders.demo.parcels import halves, scan, tracking_no
from orders.demo.people import colleague
from orders.models import Order, Parcel, Sku
from orders.states import PaymentMethod, TrackingCode
from sellercenter import money
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Shop
from sellercenter.permissions import BUYER, CHANNEL, Actor, StockRole

# So far from the running numbers of parcels in the tales that no two are the same.
_FIRST_PARCEL = 400_000_000
_DELIVERY = (20, 80)


def _pay(order: Order, market: Market) -> str:
    """Pay in one sum; the platform reports it."""
    method = order.payment_method or PaymentMethod.OTHER
    told = {"method": method, "transaction_no": f"P{order.number}"}
    new = payments.pay(order, amount=order.total_amount, **told, by=CHANNEL)
    label = PaymentMethod(method).label
    return f"buyer pays {money.text(order.total_amount, order.currency)} by {label}" if new else ""


def _pay_late(order: Order, market: Market) -> str:
    said = _pay(order, market)
    return f"{said}, too late: a refund to make" if said else ""


def _give_up(order: Order, market: Market) -> str:
    reason = _reason(order, market, Fate.DROPS)
    actions.give_up(order, reason=reason, by=BUYER)
    return f"buyer gives up: {reason}"


def _ask_to_cancel(order: Order, market: Market) -> str:
    """Ask once: a buyer whom the shop refused does not ask again."""
    asked = Event.objects.filter(subject_type="order", subject_id=order.pk, kind="order.cancel_requested")
    if asked.exists():
        return ""
    reason = _reason(order, market, Fate.REGRETS)
    actions.request_cancel(order, reason=reason, by=BUYER)
    return f"buyer asks to cancel: {reason}"


def _close(order: Order, market: Market) -> str:
    reason = _reason(order, market, Fate.PLATFORM)
    actions.cancel(order, reason=reason, by=CHANNEL)
    return f"platform cancels: {reason}"


def _confirm(order: Order, market: Market) -> str:
    fulfilment.confirm(order, by=BUYER)
    return "buyer confirms receipt"


def _approve(order: Order, market: Market) -> str:
    by = _somebody(order.shop, StockRole.REVIEWER)
    actions.approve(order, by=by)
    return f"{by.label} approves"


def _sell_out(order: Order, market: Market) -> str:
    by, reason = _somebody(order.shop, StockRole.REVIEWER), _reason(order, market, Fate.SOLD_OUT)
    actions.cancel(order, reason=reason, by=by)
    return f"{by.label} cancels: {reason}"


def _ship(order: Order, market: Market) -> str:
    """Ship all that is left."""
    return _send(order, market, None)


def _ship_part(order: Order, market: Market) -> str:
    """Ship the first half, when there is more than one unit."""
    lines = list(order.lines.order_by("position", "pk"))
    first, _rest = halves(lines)
    units = {line.pk: first[line.number] for line in lines if line.number in first}
    return _send(order, market, units if sum(line.quantity for line in lines) > 1 else None)


def _send(order: Order, market: Market, units: dict[int, int] | None) -> str:
    by = _somebody(order.shop, StockRole.SHIPPING)
    carrier = market.carriers.spin(Random(f"carrier {order.number}"))
    sent = Parcel.objects.filter(parts__order=order).distinct().count()
    number = tracking_no(market, carrier, _FIRST_PARCEL + order.pk * 2 + sent)
    parcel = fulfilment.ship(order, carrier=carrier, tracking_no=number, units=units, by=by)
    return f"{by.label} ships {'a part' if units else 'it'} by {carrier}, {parcel.tracking_no}"


ON_ORDERS: dict[str, Callable[[Order, Market], str]] = {
    "pay": _pay,
    "pay_late": _pay_late,
    "give_up": _give_up,
    "ask_to_cancel": _ask_to_cancel,
    "close": _close,
    "confirm": _confirm,
    "approve": _approve,
    "sell_out": _sell_out,
    "ship": _ship,
    "ship_part": _ship_part,
}


def report(parcel: Parcel, market: Market, code: str, *, city: str, at: datetime) -> str:
    """Let the carrier report a scan of the parcel."""
    told = scan(market, code, city, at=at)
    source = {"text": told.text, "site": told.site, "source": "carrier"}
    new = fulfilment.record_tracking(parcel, code=TrackingCode(code), at=at, **source, by=CHANNEL)
    return f"{parcel.carrier} {parcel.tracking_no}: {told.text}" if new else ""


def restock(sku: Sku, market: Market, rng: Random) -> str:
    """Take in goods from the supplier."""
    by, units = _somebody(sku.shop, StockRole.PACKING), rng.randrange(*_DELIVERY)
    inventory.adjust(sku, change=units, reason=market.words.RESTOCKED, by=by)
    return f"{by.label} takes in {units} units"


def _reason(order: Order, market: Market, fate: Fate) -> str:
    words: Sequence[str] = market.words.REASONS[fate.value]
    return words[order.pk % len(words)]


def _somebody(shop: Shop, role: StockRole) -> Actor:
    by = colleague(shop, role)
    if by is None:
        raise Refused(f"nobody in {shop.code} has the role {role.label}", "nobody_there")
    return by
