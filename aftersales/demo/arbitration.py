"""The arbitration over an invented case: the platform asks, the shop puts its statement in, the platform decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from aftersales.demo.scenes import Scene, Told, one
from aftersales.lifecycle import DISPUTE
from aftersales.models import Case, Dispute
from aftersales.states import DisputeStatus, Fault, Proof, Side
from orders.clocks import plus
from sellercenter.permissions import BUYER, CHANNEL, Actor

if TYPE_CHECKING:
    from aftersales.demo.stories import Story

_DAY = timedelta(days=1)


class Arbitration:
    """A dispute on its way; it decides what comes next of its case, too."""

    def __init__(self, scene: Scene, case: Case, by: Actor, at: datetime, rng: Random) -> None:
        self.scene, self.rng = scene, rng
        self.told: list[Told] = []
        self.proofs: list[tuple[Any, Proof, datetime]] = []
        self.dispute = Dispute(
            pk=scene.key(Dispute),
            shop=scene.shop,
            case=case,
            number=f"{case.number}-D1",
            status=DisputeStatus.IN_PROGRESS,
            status_at=at,
            opened_by=Side.BUYER,
            opened_at=at,
            demand=one(rng, scene.words.DEMANDS),
        )
        data = {"case": case.number, "opened_by": str(Side.BUYER)}
        self.told.append(Told(at, "dispute.opened", self.dispute, by, data))

    def next(self, story: Story) -> tuple[datetime, Callable[[datetime], None]]:
        """Return what happens next to the dispute or its case."""
        dispute, rng = self.dispute, self.rng
        luck, since = rng.random(), dispute.status_at
        if luck < 0.05:
            return since + _DAY * rng.random(), lambda at: self._withdraw(story, at)
        if dispute.status == DisputeStatus.EVIDENCE and dispute.evidence_by:
            if luck < 0.2:
                return dispute.evidence_by + _DAY, lambda at: self._for_buyer(story, at)
            return since + (dispute.evidence_by - since) * (0.2 + 0.6 * rng.random()), self._put_in
        if dispute.evidence_by is None:
            return since + _DAY * rng.random(), self._ask
        decide = self._for_seller if luck < 0.6 else self._for_buyer
        return since + _DAY * (1 + 2 * rng.random()), lambda at: decide(story, at)

    def plan(self) -> None:
        """Plan what comes next by itself."""
        for name, value in DISPUTE.plan(self.dispute, {}, now=self.scene.until).values().items():
            setattr(self.dispute, name, value)

    def _ask(self, at: datetime) -> None:
        until = plus(at, self.scene.shop.policy.evidence_within)
        self._move("ask_evidence", CHANNEL, at, {"until": until}, evidence_by=until)

    def _put_in(self, at: datetime) -> None:
        for proof in (Proof.PHOTO, Proof.CHAT):
            if self.scene.files > 0:
                self.scene.files -= 1
                self.proofs.append((self.dispute, proof, at - timedelta(minutes=len(self.proofs) + 1)))
        self._move("put_in", self.scene.decider, at, statement=one(self.rng, self.scene.words.STATEMENTS))

    def _for_buyer(self, story: Story, at: datetime) -> None:
        words = one(self.rng, self.scene.words.FOR_BUYER)
        story.refund("decide_for_buyer", CHANNEL, at)
        self._end("decide_for_buyer", at, words, Fault.SELLER)

    def _for_seller(self, story: Story, at: datetime) -> None:
        words = one(self.rng, self.scene.words.FOR_SELLER)
        story.move("decide_for_seller", CHANNEL, at, {"conclusion": words})
        self._end("decide_for_seller", at, words, Fault.BUYER)

    def _end(self, name: str, at: datetime, words: str, blame: Fault) -> None:
        self._move(name, CHANNEL, at, {"blame": str(blame)}, conclusion=words, blame=str(blame), ended_at=at)

    def _withdraw(self, story: Story, at: datetime) -> None:
        story.move("withdraw", BUYER, at)
        self._move("withdraw", BUYER, at, ended_at=at)

    def _move(self, name: str, by: Actor, at: datetime, data: dict[str, Any] | None = None, **fields: Any) -> None:
        dispute, target = self.dispute, DISPUTE.moves[name].target
        told = {"before": str(dispute.status), "after": str(target), **(data or {})}
        dispute.status, dispute.status_at = target, at
        for field, value in fields.items():
            setattr(dispute, field, value)
        self.told.append(Told(at, DISPUTE.kind(name), dispute, by, told))
