"""What buyers of the demo ask for: a kind of case, a reason that fits the goods, units, and what those are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from aftersales import amounts
from aftersales.demo.scenes import Scene, one
from aftersales.reasons import REASONS, Reason
from aftersales.states import CaseKind as K
from aftersales.states import Fault
from orders.demo.markets import Wheel
from orders.models import Order, OrderLine
from orders.states import Status
from sellercenter import money
from sellercenter.money import ZERO

_KINDS: Wheel[K] = Wheel({K.REFUND: 34, K.RETURN: 38, K.EXCHANGE: 12, K.RESEND: 8, K.PRICE: 8})
_ON_THE_WAY: Wheel[K] = Wheel({K.REFUND: 70, K.RESEND: 30})
_HOSTILE, _SILENT = 0.02, 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """What a case is opened with; `parts` are lines with their units and what is asked for them."""

    kind: K
    reason: Reason
    at: datetime
    words: str
    parts: Sequence[tuple[OrderLine, int, Decimal]]
    freight: Decimal

    @property
    def goods(self) -> Decimal:
        """What is asked for the goods."""
        return sum((amount for _line, _units, amount in self.parts), ZERO)


def ask(scene: Scene, order: Order, rng: Random, *, kind: K | None = None, at: datetime | None = None) -> Asked | None:
    """Think of something to ask for of an order that has left; None when it is worth nothing."""
    arrived = order.delivered_at is not None
    kind = kind or (_KINDS if arrived else _ON_THE_WAY).spin(rng)
    lines = list(order.lines.all())
    line = one(rng, [each for each in lines if not each.gift] or lines)
    reason = reason_for(scene, line, kind, rng, arrived=arrived)
    at = at or _when(scene, order, kind, rng)
    whole = rng.random() < 0.4 and kind in (K.REFUND, K.RETURN)
    chosen = [(each, each.quantity) for each in lines] if whole else [(line, rng.randint(1, line.quantity))]
    asked = Asked(kind, reason, at, say(scene, reason.code, rng), _worth(order, lines, chosen, kind, rng), ZERO)
    if whole and reason.fault != Fault.BUYER:
        asked = Asked(kind, reason, at, asked.words, asked.parts, amounts.shares(order, lines).rest)
    return asked if asked.goods + asked.freight > 0 else None


def reason_for(scene: Scene, line: OrderLine, kind: K, rng: Random, *, arrived: bool) -> Reason:
    """Return why a buyer asks for this kind of thing: mostly what is usual with such goods."""
    fits = [each for each in REASONS.values() if kind in each.kinds and (arrived or not each.in_hand)]
    fits = [each for each in fits if each.code in scene.words.ASKS and not (arrived and each.code == "parcel_lost")]
    title = line.title.lower()
    usual = next((codes for part, codes in scene.words.TROUBLES if part in title), ())
    likely = [REASONS[code] for code in usual if REASONS[code] in fits]
    return one(rng, likely) if likely and rng.random() < 0.8 else one(rng, fits)


def say(scene: Scene, code: str, rng: Random) -> str:
    """Return how a buyer says it: some say nothing, and a few try what a page does with markup."""
    luck = rng.random()
    if luck < _HOSTILE:
        return str(one(rng, scene.words.HOSTILE))
    return "" if luck > 1 - _SILENT else str(one(rng, scene.words.ASKS[code]))


def _when(scene: Scene, order: Order, kind: K, rng: Random) -> datetime:
    """Return when somebody asks: soon after the delivery, or when a parcel has been long on its way."""
    start = order.delivered_at or order.shipped_at or order.placed_at
    latest = min(scene.until, start + (scene.shop.policy.claim_window or timedelta(days=7)))
    if kind == K.REFUND and order.status == Status.COMPLETED and order.completed_at:
        latest = min(latest, order.completed_at)
    return start + max(timedelta(0), latest - start) * (0.03 + 0.94 * rng.random() ** 1.5)


def _worth(
    order: Order, lines: Sequence[OrderLine], chosen: Sequence[tuple[OrderLine, int]], kind: K, rng: Random
) -> list[tuple[OrderLine, int, Decimal]]:
    """Say what the chosen units are worth, or by how much their price has dropped."""
    worth = amounts.shares(order, lines)
    part = Decimal(rng.randint(5, 20)) / 100 if kind == K.PRICE else None
    found = []
    for line, units in chosen:
        own = worth.lines[line.pk]
        amount = amounts.of_units(own, line.quantity, before=0, units=units, currency=order.currency)
        amount = min(amount, amounts.left_of_line(line, own))
        found.append((line, units, amount if part is None else money.quantise(amount * part, order.currency)))
    return found
