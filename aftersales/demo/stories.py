"""One invented case: who asks for what, what everybody does about it, and how far it has come by now.

A story lives by the same table of moves, clocks and amounts as real cases; only its times are invented. What would
happen by itself happens at its deadline, so nothing of the past is still due.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from aftersales import clocks, policies
from aftersales.demo.arbitration import Arbitration
from aftersales.demo.asking import Asked
from aftersales.demo.paying import Paying
from aftersales.demo.scenes import Scene, Told, one
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case, CaseLine
from aftersales.reasons import refusals_for
from aftersales.states import ENDED, CaseKind, CaseStatus, Proof, Side
from orders.models import Order
from orders.states import Status
from sellercenter import money
from sellercenter.permissions import BUYER, SYSTEM, Actor

# Something that somebody does, and when.
Act = tuple[datetime, Callable[[datetime], None]]


class Story:
    """A case on its way through its life, with its lines, refunds, arbitration and history."""

    def __init__(self, scene: Scene, order: Order, asked: Asked, rng: Random) -> None:
        self.scene, self.order, self.rng = scene, order, rng
        self.told: list[Told] = []
        self.proofs: list[tuple[Any, Proof, datetime]] = []
        self.tried = False
        self.granted = False
        self.resent_at: datetime | None = None
        self.case = _opened(scene, order, asked)
        self.lines = [
            CaseLine(shop_id=scene.shop.pk, case_id=self.case.pk, line=line, quantity=units, amount=amount)
            for line, units, amount in asked.parts
        ]
        self.paying = Paying(scene, order, rng)
        self.arbitration: Arbitration | None = None
        data = {"wanted": str(asked.kind), "reason": asked.reason.code, "amount": asked.goods + asked.freight}
        self.tell("case.opened", BUYER, asked.at, before="", after=str(CaseStatus.REQUESTED), **data)
        self.told.append(Told(asked.at, "order.case_opened", order, BUYER, {"case": self.case.number}))

    def live(self) -> Story:
        """Let everybody do what they do until the moment of the scene, and plan what comes next by itself."""
        while planned := self._next():
            at, act = planned
            if at > self.scene.until:
                break
            act(at)
        return self.rest()

    def finish(self, until: datetime) -> None:
        """End a case of which all money has arrived by now."""
        if self.paying.done_at and self.paying.done_at <= until:
            self._finish(self.paying.done_at)

    def rest(self) -> Story:
        """Plan what comes next by itself from where the case stands."""
        for name, value in CASE.plan(self.case, {}, now=self.scene.until).values().items():
            setattr(self.case, name, value)
        if self.arbitration:
            self.arbitration.plan()
        return self

    def tell(self, kind: str, by: Actor, at: datetime, **data: Any) -> None:
        """Keep in the history of the case what happened."""
        self.told.append(Told(at, kind, self.case, by, data))

    def move(self, name: str, by: Actor, at: datetime, data: dict[str, Any] | None = None, **fields: Any) -> None:
        """Make a move of the table at a time of the past."""
        case, target = self.case, CASE.moves[name].target
        told = {"before": str(case.status), "after": str(target), **(data or {})}
        case.status, case.status_at, case.version = target, at, case.version + 1
        case.act_by = clocks.act_by(self.scene.shop.policy, CaseStatus(target), at)
        if target in ENDED:
            case.ended_at = at
        for field, value in fields.items():
            setattr(case, field, value)
        self.tell(CASE.kind(name), by, at, **told)
        if target in ENDED:
            self.told.append(Told(at, "order.case_closed", self.order, by, {"case": case.number}))

    def refund(self, name: str, by: Actor, at: datetime, **fields: Any) -> None:
        """Grant the amount of the case, and send it on its way."""
        amount = self.case.goods_amount + self.case.freight_amount
        self.move(name, by, at, {"amount": amount}, **fields)
        self.granted = True
        self.paying.pay(amount, at, by=by, case=self.case)

    @property
    def completes_at(self) -> datetime | None:
        """When the order was completed because everything of it went back; None unless that was so."""
        whole = self.case.status == CaseStatus.DONE and self.paying.arrived >= self.order.paid_amount
        return self.case.ended_at if whole and self.order.status in (Status.SHIPPED, Status.DELIVERED) else None

    # --- What comes next, by the state of the case ---------------------------------------------------------------

    def _next(self) -> Act | None:
        match self.case.status:
            case CaseStatus.REQUESTED:
                return self._from_requested()
            case CaseStatus.OFFERED:
                return self._from_offered()
            case CaseStatus.TO_RETURN:
                return self._from_to_return()
            case CaseStatus.RETURNING:
                return self.case.status_at + self._hours(20, 100), self._receive
            case CaseStatus.TO_INSPECT:
                return self._from_to_inspect()
            case CaseStatus.TO_RESEND:
                return self.case.status_at + self._hours(4, 60), self._resend
            case CaseStatus.REFUNDING:
                return (self.paying.done_at, self._finish) if self.paying.done_at else None
            case CaseStatus.REFUSED:
                return self._from_refused()
            case CaseStatus.DISPUTED:
                assert self.arbitration
                return self.arbitration.next(self)
        return None

    def _from_requested(self) -> Act:
        luck, case = self.rng.random(), self.case
        if luck < 0.05:
            return self._late(), lambda at: self._accept(at, SYSTEM)
        if luck < 0.11:
            return self._soon(), lambda at: self.move("withdraw", BUYER, at)
        if luck < 0.13 and case.kind in (CaseKind.REFUND, CaseKind.RETURN):
            return self._soon(), lambda at: self._escalate(at, BUYER)
        return self._soon(), self._answer

    def _from_offered(self) -> Act:
        luck = self.rng.random()
        if luck < 0.65:
            return self._soon(), self._take
        by = BUYER if luck < 0.85 else SYSTEM
        return (self._soon() if by is BUYER else self._late()), lambda at: self._decline(at, by)

    def _from_to_return(self) -> Act:
        luck = self.rng.random()
        if luck < 0.1:
            return self._late(), lambda at: self.move("lapse", SYSTEM, at)
        if luck < 0.15:
            return self._soon(), lambda at: self.move("withdraw", BUYER, at)
        return self._soon(), self._send_back

    def _from_to_inspect(self) -> Act:
        luck = self.rng.random()
        if luck < 0.06:
            return self._late(), lambda at: self._inspect(at, SYSTEM)
        if luck < 0.16 and self.scene.files > 0:
            return self._soon(), self._refuse_return
        return self._soon(), lambda at: self._inspect(at, self.scene.decider)

    def _from_refused(self) -> Act:
        luck = self.rng.random()
        if luck < 0.5:
            return self._late(), lambda at: self.move("close", SYSTEM, at)
        if luck < 0.85:
            return self._soon(), lambda at: self._escalate(at, BUYER)
        return self._soon(), lambda at: self.move("withdraw", BUYER, at)

    # --- What is done --------------------------------------------------------------------------------------------

    def _answer(self, at: datetime) -> None:
        """Let the shop answer: mostly as its policy proposes, now and then otherwise and with a note."""
        by, rng = self.scene.decider, self.rng
        wanted = policies.FOLLOWED_BY[self.case.proposal["answer"]][self.case.kind] if self.case.proposal else ""
        name = wanted if wanted and rng.random() < 0.7 else self._own_answer()
        if self.tried and name in ("offer", "offer_exchange"):
            name = policies.ACCEPTS[CaseKind(self.case.kind)]
        values: dict[str, Any] = {"decided_at": self.case.decided_at or at}
        if wanted and name != wanted and not self.tried:
            values |= {"overridden": True, "override_note": one(rng, self.scene.words.OVERRIDES)}
            told = {"proposed": self.case.proposal["answer"], "answered": name}
            self.tell("case.overridden", by, at, **told)
        self._do(name, by, at, values)

    def _own_answer(self) -> str:
        luck, kind = self.rng.random(), CaseKind(self.case.kind)
        if luck < 0.22:
            return "refuse"
        if luck < 0.4 and kind in (CaseKind.REFUND, CaseKind.RETURN):
            return "offer"
        if luck < 0.5 and kind == CaseKind.RETURN:
            return "offer_exchange" if luck < 0.44 else "keep"
        return policies.ACCEPTS[kind]

    def _do(self, name: str, by: Actor, at: datetime, values: dict[str, Any]) -> None:
        match name:
            case "accept":
                self.refund("accept", by, at, **values)
            case "keep":
                self.refund("keep", by, at, keep_goods=True, **values)
            case "offer" if (amount := self._offered()) is not None:
                self.move("offer", by, at, {"amount": amount}, offer_amount=amount, **values)
            case "offer":
                self.refund("accept" if self.case.kind == CaseKind.REFUND else "keep", by, at, **values)
            case "refuse":
                self._refuse(by, at, values)
            case _:
                self.move(name, by, at, **values)

    def _offered(self) -> Decimal | None:
        """Return what is offered, as the policy proposes or by a third; None when that is too little to be offered."""
        case = self.case
        whole = case.goods_amount + case.freight_amount
        proposed = case.proposal.get("amount")
        amount = Decimal(proposed) if proposed else money.quantise(whole / 3, case.currency)
        return amount if 0 < amount < whole else None

    def _refuse(self, by: Actor, at: datetime, values: dict[str, Any]) -> None:
        fits = [each for each in refusals_for(self.case.kind) if not each.evidence]
        refusal = one(self.rng, [each for each in fits if each.code in self.scene.words.REFUSALS])
        values |= {"refusal": refusal.code, "refusal_words": one(self.rng, self.scene.words.REFUSALS[refusal.code])}
        self.move("refuse", by, at, {"refusal": refusal.code}, **values)

    def _accept(self, at: datetime, by: Actor) -> None:
        self._do(policies.ACCEPTS[CaseKind(self.case.kind)], by, at, {"decided_at": at})

    def _take(self, at: datetime) -> None:
        """Take what was offered: a part of the money, or the exchange."""
        case, offer = self.case, self.case.offer_amount
        if offer is None:
            self.move("take_exchange", BUYER, at, kind=CaseKind.EXCHANGE)
            return
        goods = min(offer, case.goods_amount)
        parts = money.spread(goods, {line.line_id: line.amount for line in self.lines}, case.currency)
        for line in self.lines:
            line.amount = parts[line.line_id]
        case.goods_amount, case.freight_amount = goods, offer - goods
        self.refund("take_offer", BUYER, at, keep_goods=True, offer_amount=None)

    def _decline(self, at: datetime, by: Actor) -> None:
        self.tried = True
        self.move("decline_offer", by, at, offer_amount=None)

    def _send_back(self, at: datetime) -> None:
        number = f"RB{self.case.pk:010}"
        told = {"carrier": self.scene.words.CARRIER, "tracking_no": number}
        fields = {"return_carrier": told["carrier"], "return_tracking_no": number, "sent_back_at": at}
        self.move("send_back", BUYER, at, told, **fields)

    def _receive(self, at: datetime) -> None:
        self.move("receive", self.scene.decider, at, arrived_at=at)

    def _inspect(self, at: datetime, by: Actor) -> None:
        """Look at what came back: what was broken before is broken now, and of the rest a little."""
        broken = by is SYSTEM or self.case.problem == "defect"
        for line in self.lines:
            line.damaged = line.quantity if broken or self.rng.random() < 0.1 else 0
            line.sellable = line.quantity - line.damaged
        told = {"sellable": sum(one.sellable for one in self.lines), "damaged": sum(one.damaged for one in self.lines)}
        if self.case.kind == CaseKind.EXCHANGE:
            self.move("pass_exchange", by, at, told, inspected_at=at)
        else:
            self.refund("pass_inspection", by, at, inspected_at=at)
            self.told[-2 if self.told[-1].kind == "order.case_closed" else -1].data.update(told)

    def _refuse_return(self, at: datetime) -> None:
        """Refuse what came back, with a photo that shows why."""
        self.scene.files -= 1
        self.proofs.append((self.case, Proof.PHOTO, at))
        self.move("refuse_return", self.scene.decider, at, {"refusal": "used"}, refusal="used")

    def _resend(self, at: datetime) -> None:
        self.resent_at = at
        self.move("resent", SYSTEM, at)

    def _finish(self, at: datetime) -> None:
        self.move("finish", SYSTEM, at)
        if self.completes_at:
            data = {"before": self.order.status, "after": str(Status.COMPLETED), "refunded": True}
            self.told.append(Told(at, "order.completed", self.order, SYSTEM, data))

    def _escalate(self, at: datetime, by: Actor) -> None:
        self.move("escalate", by, at)
        self.arbitration = Arbitration(self.scene, self.case, by, at, self.rng)

    # --- When ----------------------------------------------------------------------------------------------------

    def _hours(self, low: float, high: float) -> timedelta:
        return timedelta(seconds=int((low + self.rng.random() * (high - low)) * 3600))

    def _soon(self) -> datetime:
        """Return a time well before the deadline, earlier rather than later."""
        start = self.case.status_at
        span = (self.case.act_by - start) if self.case.act_by else timedelta(hours=48)
        return start + span * (0.02 + 0.9 * self.rng.random() ** 1.4)

    def _late(self) -> datetime:
        """Return the deadline; without one nothing ever happens by itself."""
        return self.case.act_by or datetime.max.replace(tzinfo=self.scene.until.tzinfo)


def _opened(scene: Scene, order: Order, asked: Asked) -> Case:
    """Return the case as it begins, with what the shop's policy proposes."""
    case = Case(
        pk=scene.key(Case),
        shop=scene.shop,
        order=order,
        buyer_id=order.buyer_id,
        buyer_nickname=order.buyer_nickname,
        number=f"C{asked.at:%y%m%d}-{order.number[-7:]:0>8}",
        kind=asked.kind,
        status=CaseStatus.REQUESTED,
        status_at=asked.at,
        opened_at=asked.at,
        opened_by=Side.BUYER,
        version=1,
        reason=asked.reason.code,
        problem=asked.reason.problem,
        fault=asked.reason.fault,
        words=asked.words,
        got_goods=order.delivered_at is not None if asked.kind == CaseKind.REFUND else None,
        currency=order.currency,
        goods_amount=asked.goods,
        freight_amount=asked.freight,
        act_by=clocks.act_by(scene.shop.policy, CaseStatus.REQUESTED, asked.at),
    )
    case.proposal = policies.propose(case, sops=scene.sops)
    return case
