"""Appeals and logistics tickets of the demo: a few of each kind, in every state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from aftersales import clocks
from aftersales.appeals import PROOFS
from aftersales.demo import writing
from aftersales.demo.scenes import Scene, Told, one
from aftersales.lifecycle import APPEAL, TICKET
from aftersales.models import Appeal, Case, Dispute, Evidence, Ticket
from aftersales.states import AppealKind, AppealStatus, DisputeStatus, Proof, TicketKind, TicketStatus
from aftersales.tickets import ANSWER_DAYS
from orders.models import Order, ParcelLine
from orders.states import ParcelStatus, Status
from sellercenter.lifecycle import Lifecycle
from sellercenter.permissions import CHANNEL, SYSTEM, Actor

_A, _T = AppealStatus, TicketStatus
_APPEALS = (
    (AppealKind.MALICIOUS, _A.DRAFT),
    (AppealKind.PENALTY, _A.FILED),
    (AppealKind.COMPENSATION, _A.WON),
    (AppealKind.ARBITRATION, _A.FILED),
    (AppealKind.PENALTY, _A.LAPSED),
    (AppealKind.MALICIOUS, _A.WITHDRAWN),
    (AppealKind.ARBITRATION, _A.LOST),
)
_TICKETS = (_T.OPEN, _T.OPEN, _T.ANSWERED, _T.SOLVED, _T.OPEN, _T.CLOSED, _T.ANSWERED, _T.SOLVED)
_WAITING = (ParcelStatus.IN_TRANSIT, ParcelStatus.OUT_FOR_DELIVERY, ParcelStatus.PROBLEM)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class _Paper:
    """A record whose moves are made at times of the past, with its history."""

    def __init__(self, record: Any, lifecycle: Lifecycle) -> None:
        self.record, self.lifecycle = record, lifecycle
        self.told: list[Told] = []
        self.proofs: list[tuple[Any, Proof, datetime]] = []

    def tell(self, kind: str, by: Actor, at: datetime, **data: Any) -> None:
        self.told.append(Told(at, kind, self.record, by, data))

    def move(self, name: str, by: Actor, at: datetime, data: dict[str, Any] | None = None, **fields: Any) -> None:
        before, target = str(self.record.status), self.lifecycle.moves[name].target
        self.record.status, self.record.status_at = target, at
        for field, value in fields.items():
            setattr(self.record, field, value)
        self.tell(self.lifecycle.kind(name), by, at, before=before, after=str(target), **(data or {}))

    def plan(self, until: datetime) -> None:
        """Plan what comes next by itself."""
        for name, value in self.lifecycle.plan(self.record, {}, now=until).values().items():
            setattr(self.record, name, value)


def write(scene: Scene, cases: Sequence[Case]) -> None:
    """Write the appeals and the tickets of a shop; `cases` are what appeals may be about."""
    appeals, tickets = list(_appeals(scene, cases)), list(_tickets(scene))
    for paper in (*appeals, *tickets):
        paper.plan(scene.until)
    kept, of_files = writing.proofs(scene, [proof for paper in appeals for proof in paper.proofs])
    told = [*of_files, *(one for paper in (*appeals, *tickets) for one in paper.told)]
    writing.write(
        writing.rows(Appeal, [paper.record for paper in appeals]),
        writing.rows(Ticket, [paper.record for paper in tickets]),
        writing.rows(Evidence, kept),
        writing.history(scene, told),
    )


def _appeals(scene: Scene, cases: Sequence[Case]) -> Iterator[_Paper]:
    """Tell of appeals, those about a case only where a case is there that fits."""
    lost = Dispute.objects.for_shop(scene.shop).filter(status=DisputeStatus.FOR_BUYER).values_list("case", "ended_at")
    lost_by = dict(lost.order_by("-ended_at"))
    over = {case.pk: case for case in cases if case.status == "done"}
    arbitrated = [over[pk] for pk in lost_by if pk in over]
    paid = [case for case in over.values() if case.kind == "refund" and case.pk not in lost_by]
    for place, (kind, status) in enumerate(_APPEALS):
        rng = scene.chance("appeal", place)
        source = {AppealKind.ARBITRATION: arbitrated, AppealKind.MALICIOUS: paid}.get(kind)
        case = source.pop(0) if source else None
        if source is None or case is not None:
            yield _appeal(scene, kind, status, case, place, rng)


def _appeal(scene: Scene, kind: AppealKind, status: AppealStatus, case: Case | None, place: int, rng: Random) -> _Paper:
    policy, by = scene.shop.policy, scene.decider
    age = {_A.DRAFT: 2, _A.FILED: 3}.get(status, 14) * _DAY
    told_at = scene.until - age - _HOUR * rng.randint(1, 20)
    file_by = told_at + timedelta(days=policy.appeal_file_days)
    appeal = Appeal(
        **{"pk": scene.key(Appeal), "shop": scene.shop, "number": f"A{told_at:%y%m%d}-{place:08}", "kind": str(kind)},
        **{"status": _A.DRAFT, "status_at": told_at + _HOUR, "case": case, "order": case.order if case else None},
        **{"target": f"P{told_at:%y%m%d}{place:04}" if case is None else "", "happened_at": told_at},
        **{"amount": Decimal(rng.randint(20, 300)), "words": scene.words.APPEALS[str(kind)], "file_by": file_by},
        **{"opened_at": told_at + _HOUR, "opened_label": by.label},
    )
    paper = _Paper(appeal, APPEAL)
    paper.tell("appeal.drafted", by, appeal.opened_at, appeal_kind=appeal.kind, file_by=file_by)
    required = PROOFS[kind].required
    paper.proofs += [(appeal, proof, told_at + (2 + number) * _HOUR) for number, proof in enumerate(required)]
    _go_on(scene, paper, status, told_at)
    return paper


def _go_on(scene: Scene, paper: _Paper, status: AppealStatus, told_at: datetime) -> None:
    """Bring an appeal to where it stands."""
    by, appeal, days = scene.decider, paper.record, scene.shop.policy.appeal_answer_days
    if status == _A.LAPSED:
        paper.move("lapse", SYSTEM, appeal.file_by, ended_at=appeal.file_by)
    elif status == _A.WITHDRAWN:
        paper.move("withdraw", by, told_at + _DAY, ended_at=told_at + _DAY)
    elif status != _A.DRAFT:
        filed = told_at + _DAY
        answer_by = clocks.working_days(filed, days, scene.shop.zone)
        paper.move("file", by, filed, {"answer_by": answer_by}, filed_at=filed, answer_by=answer_by)
        answered = filed + 4 * _DAY
        if status == _A.WON:
            data = {"amount": appeal.amount}
            paper.move("win", CHANNEL, answered, data, outcome=scene.words.WON, ended_at=answered)
        elif status == _A.LOST:
            paper.move("lose", CHANNEL, answered, outcome=scene.words.LOST, ended_at=answered)


def _tickets(scene: Scene) -> Iterator[_Paper]:
    """Tell of tickets about parcels that are on their way."""
    inside = ParcelLine.objects.filter(shop=scene.shop, parcel__status__in=_WAITING, order__status=Status.SHIPPED)
    inside = inside.order_by("-parcel__status", "parcel").distinct("parcel__status", "parcel")
    for place, part in enumerate(inside.select_related("parcel", "order")[: len(_TICKETS)]):
        yield _ticket(scene, part.order, part.parcel, _TICKETS[place], place)


def _ticket(scene: Scene, order: Order, parcel: Any, status: TicketStatus, place: int) -> _Paper:
    rng, by = scene.chance("ticket", place), scene.watcher
    start = parcel.shipped_at or order.placed_at
    at = start + (scene.until - start) * (0.4 + 0.4 * rng.random())
    kind = one(rng, [TicketKind.STUCK, TicketKind.LOST, TicketKind.DAMAGED, TicketKind.INTERCEPT])
    asked, answered = scene.words.TICKETS[str(kind)]
    ticket = Ticket(
        **{"pk": scene.key(Ticket), "shop": scene.shop, "number": f"T{at:%y%m%d}-{place:08}", "kind": str(kind)},
        **{"status": _T.OPEN, "status_at": at, "order": order, "parcel": parcel, "words": asked, "opened_at": at},
        **{"opened_label": by.label, "answer_by": clocks.working_days(at, ANSWER_DAYS, scene.shop.zone)},
    )
    paper = _Paper(ticket, TICKET)
    data = {"ticket_kind": str(kind), "carrier": parcel.carrier, "tracking_no": parcel.tracking_no}
    paper.tell("ticket.opened", by, at, order=order.number, answer_by=ticket.answer_by, **data)
    then = at + (scene.until - at) * 0.5
    if status != _T.OPEN:
        paper.move("answer", by, then, answer=answered)
    later = then + (scene.until - then) * 0.5
    if status in (_T.SOLVED, _T.CLOSED):
        paper.move("solve" if status == _T.SOLVED else "close", by, later, ended_at=later)
    return paper
