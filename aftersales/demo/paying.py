"""The refunds of an invented case: spread over the payments of its order, confirmed when they are much, and paid."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from aftersales.demo.scenes import Scene, Told
from aftersales.lifecycle import REFUND
from aftersales.models import Case, Refund
from aftersales.states import REFUND_OPEN, RefundStatus
from orders.lifecycle import ORDER
from orders.models import Order, Payment
from sellercenter.money import ZERO
from sellercenter.permissions import SYSTEM, Actor

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_FRESH = timedelta(days=5)


class Paying:
    """What goes back of one order; `done_at` is when all of it was there, None while it is not."""

    def __init__(self, scene: Scene, order: Order, rng: Random) -> None:
        self.scene, self.order, self.rng = scene, order, rng
        self.refunds: list[Refund] = []
        self.told: list[Told] = []
        self.done_at: datetime | None = None
        # How many of the last days' refunds fail.
        self.failing = 0.06

    def pay(self, amount: Decimal, at: datetime, *, by: Actor, case: Case | None, surely: bool = False) -> None:
        """Let an amount go back; `surely` it has arrived by now, because the order says so."""
        limit = self.scene.shop.policy.refund_limit
        second = limit is not None and amount > limit
        asker = by if not by.is_outside else SYSTEM if case is None or case.decided_at is None else self.scene.decider
        ends = [self._one(part, payment, at, asker, case, second, surely) for payment, part in self._parts(amount)]
        known = [end for end in ends if end is not None]
        self.done_at = max([at, *known]) if len(known) == len(ends) else None

    def sum(self, *states: str) -> Decimal:
        """Return how much stands in these states."""
        return sum((one.amount for one in self.refunds if one.status in states), ZERO)

    def _parts(self, amount: Decimal) -> list[tuple[Payment, Decimal]]:
        """Take the amount from the first payment on."""
        parts = []
        for payment in self.order.payments.all():
            part = min(amount, payment.amount)
            if part > 0:
                parts.append((payment, part))
                amount -= part
        return parts

    def _one(
        self,
        part: Decimal,
        payment: Payment,
        at: datetime,
        asker: Actor,
        case: Case | None,
        second: bool,
        surely: bool,
    ) -> datetime | None:
        """Write one refund as far as it has come, and return when it was there."""
        refund = Refund(
            pk=self.scene.key(Refund),
            shop=self.scene.shop,
            key="R" + "".join(self.rng.choices(_ALPHABET, k=15)),
            order=self.order,
            payment=payment,
            case=case,
            amount=part,
            currency=self.order.currency,
            status=RefundStatus.TO_CONFIRM if second else RefundStatus.REQUESTED,
            status_at=at,
            requested_at=at,
            requested_by_id=asker.member_id,
            requested_label=asker.label,
            reason=case.reason if case else "",
        )
        self.refunds.append(refund)
        told = {"amount": part, "order": self.order.pk, "case": case.pk if case else None, "status": refund.status}
        self._tell(refund, "refund.requested", asker, at, told)
        self._go_on(refund, surely=surely)
        for name, value in REFUND.plan(refund, {}, now=self.scene.until).values().items():
            setattr(refund, name, value)
        return refund.ended_at if refund.status == RefundStatus.SUCCEEDED else None

    def _go_on(self, refund: Refund, *, surely: bool) -> None:
        """Let a refund be confirmed, handed over and paid, as far as the time goes."""
        until, rng, by = self.scene.until, self.rng, self.scene.second
        luck, at = rng.random(), refund.status_at
        if refund.status == RefundStatus.TO_CONFIRM:
            at = at + timedelta(minutes=rng.randint(20, 1400))
            at = min(at, until) if surely else at
            if at > until:
                return
            looked = {"confirmed_at": at, "confirmed_by_id": by.member_id, "confirmed_label": by.label}
            self._move(refund, "confirm", by, at, {"amount": refund.amount}, **looked)
        at = self._later(at, surely, rng.randint(1, 40))
        if at > until:
            return
        self._move(refund, "submit", SYSTEM, at, {"amount": refund.amount}, submitted_at=at, attempts=1)
        at = self._later(at, surely, rng.randint(2, 300))
        if at > until:
            return
        if luck < self.failing and until - at < _FRESH and not surely:
            self._fail(refund, at)
            return
        number = f"DEMO-{refund.key}"
        told = {"amount": refund.amount, "reference": number}
        self._move(refund, "succeed", SYSTEM, at, told, ended_at=at, provider_no=number)
        data = {"amount": refund.amount, "reference": number, "refund": refund.key}
        self.told.append(Told(at, ORDER.kind("record_refund"), self.order, SYSTEM, data))

    def _later(self, at: datetime, surely: bool, seconds: int) -> datetime:
        later = at + timedelta(seconds=seconds)
        return min(later, self.scene.until) if surely else later

    def _fail(self, refund: Refund, at: datetime) -> None:
        reason = "account closed"
        self._move(
            refund, "fail", SYSTEM, at, {"amount": refund.amount, "reason": reason}, ended_at=at, last_error=reason
        )

    def _move(self, refund: Refund, name: str, by: Actor, at: datetime, data: dict[str, Any], **fields: Any) -> None:
        target = REFUND.moves[name].target
        told = {"before": str(refund.status), "after": str(target), **data}
        refund.status, refund.status_at = target, at
        for field, value in fields.items():
            setattr(refund, field, value)
        self._tell(refund, REFUND.kind(name), by, at, told)

    def _tell(self, refund: Refund, kind: str, by: Actor, at: datetime, data: dict[str, Any]) -> None:
        self.told.append(Told(at, kind, refund, by, data))

    @property
    def under_way(self) -> Decimal:
        """How much is set aside and has not arrived."""
        return self.sum(*REFUND_OPEN)

    @property
    def arrived(self) -> Decimal:
        """How much went back."""
        return self.sum(RefundStatus.SUCCEEDED)
