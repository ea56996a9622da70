"""Random walks over every verb of cases, refunds and their orders: what must hold does, and everything ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal as D
from random import Random
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from aftersales import actions, disputes, paying, refund_actions, refunds, rulings, timers
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case, CaseRule, Dispute, Refund
from aftersales.refund_gateways import NoAnswer, Verdict
from aftersales.states import DISPUTE_OPEN, OPEN, CaseKind, CaseStatus, RefundStatus
from orders import actions as order_actions
from orders import fulfilment, inventory, payments
from orders import timers as order_timers
from orders.imports.changes import update
from orders.models import Order, Sku
from orders.states import AfterSales, LineStatus, Status
from sellercenter import invariants, outbox
from sellercenter.lifecycle import Refused, holding
from sellercenter.models import Fault, ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM, Perm, actor_for
from tests import make

pytestmark = pytest.mark.django_db
# WALKS=2000 walks for long, WALK_FROM=17 begins at that walk; WALK_CAREFULLY=1 looks after every step.
WALKS, FIRST = int(os.environ.get("WALKS", "6")), int(os.environ.get("WALK_FROM", "0"))
STEPS = 40
KINDS = {
    CaseKind.REFUND: "agreed",
    CaseKind.RETURN: "agreed",
    CaseKind.EXCHANGE: "agreed",
    CaseKind.RESEND: "agreed",
    CaseKind.PRICE: "price_dropped",
    CaseKind.CANCEL: "no_longer_needed",
}
# What a sweep may need at most until nothing is due any more.
TURNS = 60


def _refunds() -> QuerySet[Refund]:
    """Read refunds with all that their verbs look at."""
    around = ("shop__policy", "order__shop__policy", "payment", "case__shop__policy")
    return Refund.objects.select_related(*around).order_by("pk")


class Moody:
    """A gateway that pays, fails, keeps silent or thinks, as the walk has it; one key is paid once."""

    chance = Random(0)
    calm = False
    paid: set[str] = set()

    def submit(self, demand: Any) -> Verdict:
        """Take a refund, in whatever mood."""
        if demand.key in self.paid or self.calm:
            return self._pay(demand.key)
        mood = self.chance.random()
        if mood < 0.4:
            return self._pay(demand.key)
        if mood < 0.6:
            return Verdict("failed", reason="the card is closed")
        if mood < 0.8:
            self.paid.add(demand.key)
        raise NoAnswer("silence")

    def ask(self, key: str) -> Verdict:
        """Tell what became of it."""
        if key in self.paid:
            return self._pay(key)
        return Verdict("none")

    def _pay(self, key: str) -> Verdict:
        self.paid.add(key)
        return Verdict("succeeded", f"P-{key}")


class Walk:
    """One order, those who deal with it, and what they did so far."""

    def __init__(self, seed: int, shop: Any, clock: Any, settings: Any) -> None:
        self.chance, self.clock, self.shop = Random(seed), clock, shop
        self.log: list[str] = []
        by_hand = self.chance.random() < 0.4
        settings.REFUND_GATEWAY = (
            "aftersales.refund_gateways.NoGateway" if by_hand else "tests.aftersales.test_walks.Moody"
        )
        Moody.chance, Moody.calm, Moody.paid = Random(seed + 1), False, set()
        self.team = [
            actor_for(make.member(shop, make.role(shop, *Perm.values))),
            actor_for(make.member(shop, make.role(shop, *Perm.values))),
        ]
        limit = self.chance.choice([None, D(0), D(5), D(12)])
        ShopPolicy.objects.filter(shop=shop).update(refund_limit=limit)
        shop.policy.refresh_from_db()
        if self.chance.random() < 0.3:
            CaseRule.objects.create(
                shop=shop, name="small", kinds=list(CaseKind.values), most_amount=D(15), active=True
            )
        self.facts = self._facts()
        self.order = make.orders(shop, [self.facts])[0]
        for sku in Sku.objects.filter(shop=shop):
            if self.chance.random() < 0.5:
                inventory.count(sku, on_hand=self.chance.randrange(4), reason="", by=SYSTEM)
        self.number = 0

    def _facts(self) -> Any:
        """Tell of an order of one to three lines, some with discounts, gifts, freight, or paid by two payments."""
        jpy = self.chance.random() < 0.3
        lines = []
        for i in range(self.chance.randint(1, 3)):
            gift = i > 0 and self.chance.random() < 0.2
            price = "0" if gift else self.chance.choice(["1000", "333"] if jpy else ["10.00", "3.33"])
            units = self.chance.randint(1, 3)
            off = D(0) if gift else self.chance.choice([D(0), D(1)])
            lines.append(make.line(f"Tea {i}", quantity=units, price=price, gift=gift, seller_discount=off))
        stage = self.chance.choice(
            [Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED, Status.SHIPPED] + [Status.DELIVERED] * 4
        )
        told: dict[str, Any] = {"lines": lines, "currency": "JPY" if jpy else "CNY"}
        told["freight_amount"] = self.chance.choice([D(0), D(5)])
        told["payment_discount"] = D(0)
        found = make.facts(self.shop, stage, **told)
        paid = found.payments[0]
        if self.chance.random() < 0.4 and paid.amount > 2:
            second = deepcopy(paid)
            second.transaction_no += "b"
            second.amount = D(2)
            paid.amount -= 2
            found.payments.append(second)
        return found

    # --- Things to act on ---------------------------------------------------------------------------------------------

    def by(self) -> Any:
        return self.chance.choice([*self.team, SYSTEM])

    def outside(self) -> Any:
        return self.chance.choice([BUYER, CHANNEL])

    def case(self) -> Case:
        found = list(Case.objects.select_related("shop__policy", "order", "replacement").order_by("pk"))
        live = [one for one in found if one.status in OPEN]
        return self.chance.choice(live or found)

    def refund(self) -> Refund:
        found = _refunds()
        return self.chance.choice(list(found.order_by("pk")))

    def some_order(self) -> Order:
        found = list(Order.objects.filter(shop=self.shop).select_related("shop__policy").order_by("pk"))
        return self.chance.choice([found[0], found[0], *found])

    def sensible(self, case: Case, *names: str) -> str:
        """Choose one of these moves, mostly one that the case can make."""
        moves = [CASE.moves[name] for name in names if case.status in CASE.moves[name].sources]
        fit = [name for name in names if name in holding(case, moves)]
        return self.chance.choice(fit if fit and self.chance.random() < 0.8 else list(names))

    def next_number(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number}"

    # --- Steps --------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        kind = self.chance.choice(list(KINDS))
        order = self.some_order()
        units = {
            line.pk: self.chance.randint(1, line.quantity)
            for line in order.lines.order_by("pk")
            if self.chance.random() < 0.7
        }
        if self.chance.random() < 0.3:
            units = {line.pk: line.quantity for line in order.lines.exclude(status=LineStatus.CANCELLED)}
        amount = self.chance.choice([None, D(1), D(4)]) if kind != CaseKind.PRICE else D(2)
        by = self.outside() if kind == CaseKind.CANCEL else self.chance.choice([*self.team, BUYER])
        told: dict[str, Any] = {}
        if Case.objects.exists() and self.chance.random() < 0.2:
            told["previous"] = self.case()
            if told["previous"].order_id != order.pk:
                return
        actions.open_case(order, kind=kind, lines=units, reason=KINDS[kind], amount=amount, by=by, **told)

    def wish(self) -> None:
        order_actions.request_cancel(self.some_order(), reason="changed my mind", by=BUYER)

    def answer_order(self) -> None:
        order = self.some_order()
        self.chance.choice(
            [
                lambda: order_actions.accept_cancel(order, by=self.team[0]),
                lambda: order_actions.refuse_cancel(order, reason="packed", by=self.team[0]),
                lambda: order_actions.withdraw_cancel(order, by=BUYER),
                lambda: order_actions.cancel(order, reason="sold out", by=self.team[0]),
                lambda: order_actions.hold(order, reason="look", by=self.team[0]),
                lambda: order_actions.release(order, by=self.team[0]),
                lambda: order_actions.approve(order, by=self.team[0]),
            ]
        )()

    def decide(self) -> None:
        case, by = self.case(), self.by()
        getattr(actions, self.sensible(case, *_ANSWERS))(case, by=by, note="because")

    def offer(self) -> None:
        case = self.case()
        actions.offer(case, amount=self.chance.choice([D(1), D(3)]), by=self.by(), note="because")

    def refuse(self) -> None:
        case = self.case()
        word = (
            "packed"
            if case.kind == CaseKind.CANCEL
            else "price_held"
            if case.kind == CaseKind.PRICE
            else "item_correct"
        )
        actions.refuse(case, refusal=word, by=SYSTEM)

    def buyer(self) -> None:
        case = self.case()
        name = self.sensible(case, "take_offer", "take_exchange", "decline_offer", "withdraw", "escalate", "send_back")
        told = {"carrier": "SF", "tracking_no": "B1"} if name == "send_back" else {}
        getattr(actions, name)(case, by=self.outside(), **told)

    def goods(self) -> None:
        case, by = self.case(), self.by()
        if case.status == CaseStatus.TO_INSPECT:
            results = {}
            for one in case.lines.all():
                good = self.chance.randint(0, one.quantity)
                results[one.line_id] = (good, self.chance.randint(0, one.quantity - good))
            instead = self.chance.random() < 0.3
            what = self.chance.choice(["inspect", "inspect", "refuse_return", "refund_instead"])
            if what == "inspect":
                actions.inspect(case, results=results, instead=instead, by=by)
            elif what == "refuse_return":
                actions.refuse_return(case, refusal="used", by=SYSTEM)
            else:
                actions.refund_instead(case, by=by)
        elif case.status == CaseStatus.TO_RESEND:
            actions.refund_instead(case, by=by)
        else:
            actions.receive(case, by=by)

    def deadlines(self) -> None:
        case = self.case()
        name = self.chance.choice(["extend", "pause", "resume"])
        told: dict[str, Any] = {"reason": "holiday"} if name != "resume" else {}
        if name == "extend":
            told["until"] = self.clock.now + timedelta(days=self.chance.randint(1, 20))
        getattr(actions, name)(case, by=self.by(), **told)

    def platform(self) -> None:
        if self.chance.random() < 0.3:
            return actions.ask_platform(self.case(), by=self.team[0])
        found = list(Dispute.objects.select_related("case__shop__policy", "shop__policy").order_by("pk"))
        live = [one for one in found if one.status in DISPUTE_OPEN]
        dispute = self.chance.choice(live or found)
        by, amount = self.chance.choice([CHANNEL, self.team[0]]), self.chance.choice([None, D(1), D(2)])
        self.chance.choice(
            [
                lambda: disputes.ask_evidence(dispute, by=by),
                lambda: rulings.decide_for_buyer(dispute, conclusion="so", amount=amount, by=by),
                lambda: rulings.decide_for_seller(dispute, conclusion="so", by=by),
                lambda: rulings.end(dispute, conclusion="so", amount=amount, by=by),
            ]
        )()

    def money(self) -> None:
        refund, by = self.refund(), self.chance.choice(self.team)
        self.chance.choice(
            [
                lambda: refund_actions.confirm(refund, by=by),
                lambda: refund_actions.reject(refund, reason="no", by=by),
                lambda: refund_actions.call_back(refund, reason="no", by=by),
                lambda: refund_actions.settle_by_hand(refund, number=self.next_number("BANK"), by=by),
                lambda: refund_actions.note_failure(refund, reason="no", by=by),
                lambda: refund_actions.try_again(refund, by_hand=self.chance.random() < 0.3, by=by),
                lambda: refunds.make_owed_of(self.some_order(), by=by),
            ]
        )()

    def pay(self) -> None:
        payments.pay(
            self.order,
            amount=D(self.chance.choice([1, 7])),
            method="card",
            transaction_no=self.next_number("X"),
            by=BUYER,
        )

    def ship(self) -> None:
        order = self.some_order()
        fulfilment.ship(order, carrier="SF", tracking_no=self.next_number("S"), by=self.team[0])

    def arrive(self) -> None:
        order = self.some_order()
        self.chance.choice(
            [lambda: fulfilment.deliver(order, by=CHANNEL), lambda: fulfilment.confirm(order, by=BUYER)]
        )()

    def bring(self) -> None:
        """Let a file tell something of the order."""
        told = deepcopy(self.facts)
        stored = Order.objects.get(pk=self.order.pk)
        what = self.chance.choice(["refunded", "refunded", "cancelled", "shipped", "completed", "wish", "flag", "line"])
        told.stage = Status(stored.status) if stored.status != Status.PART_SHIPPED else Status.TO_SHIP
        if what == "refunded":
            told.refunded_amount = min(
                told.paid_amount,
                stored.refunded_amount + stored.refunding_amount + self.chance.choice([D(0), D(3), D(500)]),
            )
        elif what == "cancelled":
            told.stage, told.cancelled_at = Status.CANCELLED, self.clock.now
            told.refunded_amount = self.chance.choice([D(0), told.paid_amount])
        elif what == "shipped":
            told.stage, told.shipped_at = Status.SHIPPED, self.clock.now
        elif what == "completed":
            told.stage, told.completed_at = Status.COMPLETED, self.clock.now
        elif what == "wish":
            told.cancel_requested_at = self.clock.now
        elif what == "flag":
            told.aftersales = self.chance.choice([AfterSales.OPEN, AfterSales.CLOSED])
        elif what == "line":
            told.lines[-1].cancelled = True
        self.log.append(f"    file: {what} {told.stage} refunded {told.refunded_amount}")
        update(self.shop, told, by=SYSTEM, now=self.clock.now)

    def wait(self) -> None:
        self.clock.advance(
            self.chance.choice([timedelta(minutes=2), timedelta(hours=5), timedelta(days=2), timedelta(days=8)])
        )

    def sweep(self) -> None:
        self.chance.choice(SWEEPS)(10)

    def step(self) -> None:
        """Do one thing; a refusal is an answer."""
        names = [name for name, many in WEIGHTS.items() for _time in range(many)]
        name = self.chance.choice(names)
        if name == "platform" and not Dispute.objects.exists():
            name = "refuse"
        if (name in NEED_CASE and not Case.objects.exists()) or (name == "money" and not Refund.objects.exists()):
            name = "open"
        self.log.append(name)
        try:
            with transaction.atomic():
                getattr(self, name)()
        except (Refused, PermissionDenied) as refused:
            self.log[-1] += f" !{getattr(refused, 'code', 'denied')}"
        self.log.append(f"    {self.state()}")

    def state(self) -> str:
        order = Order.objects.get(pk=self.order.pk)
        cases = [f"{one.pk}:{one.kind}/{one.status}/{one.amount}" for one in Case.objects.order_by("pk")]
        back = [f"{one.case_id}:{one.status}/{one.amount}" for one in Refund.objects.order_by("pk")]
        sums = (order.paid_amount, order.refunded_amount, order.refunding_amount, order.refund_due)
        return f"{order.status} {[str(one) for one in sums]} {order.aftersales} {order.held_reason} {cases} {back}"

    # --- The end ------------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Let everybody do what is left to do, and time pass, until nothing waits any more."""
        Moody.calm = True
        for _turn in range(12):
            self.rest()
            for refund in _refunds():
                if refund.status == RefundStatus.TO_CONFIRM:
                    other = next(one for one in self.team if one.member_id != refund.requested_by_id)
                    refund_actions.confirm(refund, by=other)
            self.rest()
            for refund in _refunds().filter(refunds.LEFT_BEHIND):
                self.attempt(lambda one=refund: refund_actions.try_again(one, by=self.team[0]))
            for refund in _refunds().filter(status=RefundStatus.REQUESTED, due_at=None):
                refund_actions.settle_by_hand(refund, number=self.next_number("END"), by=self.team[0])
            for case in Case.objects.filter(status__in=OPEN).select_related("shop__policy", "order", "replacement"):
                self.finish(case)
            self.clock.advance(timedelta(days=20))
        self.rest()

    def finish(self, case: Case) -> None:
        """Do what is left to do with a case that waits for somebody and has no clock."""
        if case.paused_at:
            self.attempt(lambda: actions.resume(case, by=self.team[0]))
        elif case.status == CaseStatus.RETURNING:
            actions.receive(case, by=self.team[0])
        elif case.status == CaseStatus.TO_RESEND and case.replacement.status == Status.TO_SHIP:
            if case.replacement.held:
                order_actions.release(case.replacement, by=self.team[0])
            self.attempt(
                lambda: fulfilment.ship(
                    case.replacement, carrier="SF", tracking_no=self.next_number("E"), by=self.team[0]
                )
            )
        elif case.status == CaseStatus.DISPUTED:
            dispute = Dispute.objects.select_related("case__shop__policy", "shop__policy").get(
                case=case, status__in=DISPUTE_OPEN
            )
            rulings.decide_for_seller(dispute, conclusion="so", by=CHANNEL)

    def attempt(self, act: Callable[[], object]) -> None:
        try:
            with transaction.atomic():
                act()
        except Refused as refused:
            self.log.append(f"at the end: {refused.code}: {refused}")

    def rest(self) -> None:
        """Run the sweeps until nothing is due; they must come to rest."""
        for _turn in range(TURNS):
            if not sum(sweep(50) for sweep in SWEEPS):
                return
        self.log.append(self.state())
        raise AssertionError("the sweeps never come to rest")

    def judge(self) -> None:
        """Everything has ended, and the sums are right."""
        assert not list(Fault.objects.values("subject_type", "step", "error")), "a step failed"
        left = [(one.pk, one.kind, one.status) for one in Case.objects.filter(status__in=OPEN)]
        assert not left, "cases never end"
        held = Order.objects.filter(shop=self.shop).filter(held_reason="case") | Order.objects.filter(aftersales="open")
        assert not list(held.values_list("pk", "status", "aftersales", "held_reason"))
        order = Order.objects.get(pk=self.order.pk)
        assert order.refunding_amount == 0
        assert order.refunded_amount <= order.paid_amount


_ANSWERS = ("accept", "accept_return", "keep", "accept_resend", "offer_exchange")
SWEEPS = [order_timers.fire_due, timers.fire_due, outbox.fan_out, refunds.make_owed, paying.pay_due]
WEIGHTS = {
    **{"open": 4, "wish": 2, "answer_order": 2, "decide": 6, "offer": 2, "refuse": 2, "buyer": 5, "goods": 4},
    **{"deadlines": 1, "platform": 2, "money": 6, "pay": 1, "ship": 2, "arrive": 1, "bring": 1, "wait": 3, "sweep": 9},
}
NEED_CASE = ("decide", "offer", "refuse", "buyer", "goods", "deadlines")


@pytest.mark.parametrize("seed", range(FIRST, FIRST + WALKS))
def test_whatever_people_buyers_clocks_files_and_the_gateway_do_nothing_breaks_and_all_ends(
    seed, shop, clock, settings
):
    walk = Walk(seed, shop, clock, settings)
    careful = "WALK_CAREFULLY" in os.environ
    try:
        for _step in range(STEPS):
            walk.step()
            if careful:
                assert invariants.check() == []
        assert invariants.check() == []
        walk.end()
        walk.judge()
        assert invariants.check() == []
    except BaseException:
        print("\n".join(walk.log))
        print(walk.state())
        raise
