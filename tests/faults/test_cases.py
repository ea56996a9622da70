"""Cases under kills and under two hands at once: each is decided once, and money goes back for the granted alone."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from django.db.models import Count, Sum

from aftersales import actions, timers
from aftersales.models import Case, Refund
from aftersales.states import CaseKind, CaseStatus
from orders import actions as order_actions
from orders import fulfilment
from orders.models import Order, StockMovement
from sellercenter import outbox
from sellercenter.lifecycle import Refused
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.faults import case_lab, racing
from tests.faults.lab import FULL, SEED, Lab, size, until
from tests.faults.racing import WON
from tests.together import in_threads

SPREAD = 30 if FULL else 4
DECISIONS = {"case.accepted": "refunding", "case.withdrawn": "withdrawn", "case.refused": "refused"}


def person(ids: list[int], name: str, many: int, act: Callable[[Case], object]) -> tuple[Callable[[], None], Counter]:
    """Return an act that does something to random cases, evenly over the time, and what became of it."""
    done: Counter[str] = Counter()

    def acts() -> None:
        chance, began = Random(f"{SEED} {name}"), time.monotonic()
        for turn, pk in enumerate(chance.sample(ids, many)):
            try:
                act(Case.objects.select_related("shop__policy", "order").get(pk=pk))
                done["won"] += 1
            except Refused as refused:
                done[refused.code] += 1
            time.sleep(max(0, began + SPREAD * turn / many - time.monotonic()))

    return acts, done


def test_a_storm_of_kills_decides_each_case_once_and_pays_exactly_the_granted(lab: Lab, shop, report):
    ids = case_lab.cases_for(shop, size(3_000, 150))
    sweeps = [lab.sweep("aftersales.timers.fire_due") for _number in range(size(4, 3))]
    until(lambda: lab.said().count("Sweeping every") == len(sweeps), seconds=60)
    case_lab.make_due(ids, first=2, over=SPREAD)
    planned = dict(Case.objects.filter(pk__in=ids).values_list("pk", "due_at"))
    # Not the same cases: whoever was refused may still withdraw, which would be a second decision.
    buyer, withdrawn = person(ids[::2], "buyer", size(600, 30), lambda case: actions.withdraw(case, by=BUYER))
    team, refused = person(ids[1::2], "team", size(600, 30), _refuse)
    began, ended, kills = time.monotonic(), threading.Event(), 0
    people = threading.Thread(target=lambda: (in_threads(buyer, team, seconds=120), ended.set()))
    people.start()
    while time.monotonic() - began < size(240, 150):
        time.sleep(size(1, 5))
        victim = lab.random.randrange(len(sweeps))
        lab.kill(sweeps[victim])
        sweeps[victim] = lab.sweep("aftersales.timers.fire_due")
        kills += 1
        if ended.is_set() and time.monotonic() - began > SPREAD + 2 and not case_lab.waiting(ids):
            break
    people.join()
    seconds = time.monotonic() - began
    assert ended.is_set(), "somebody failed"
    lab.close()
    judge(ids, planned, withdrawn=withdrawn["won"], refused=refused["won"])
    report(f"case storm: {len(ids):,} cases, {kills} kills: until all decided", seconds, "s", target=240)


def _refuse(case: Case) -> None:
    actions.refuse(case, refusal="evidence_unclear", by=SYSTEM)


def judge(ids: list[int], planned: dict[int, datetime], *, withdrawn: int, refused: int) -> None:
    """Assert that each case was decided once and for one thing, silence never early, and paid for when granted."""
    told = case_lab.happened(ids, *DECISIONS)
    assert {pk: len(told.get(pk, ())) for pk in ids} == dict.fromkeys(ids, 1)
    states = dict(Case.objects.filter(pk__in=ids).values_list("pk", "status"))
    assert states == {pk: DECISIONS[kind] for pk, [(kind, _at)] in told.items()}
    kinds = Counter(kind for [(kind, _at)] in told.values())
    assert (kinds["case.withdrawn"], kinds["case.refused"]) == (withdrawn, refused)
    assert withdrawn > 0 < refused
    granted = {pk for pk, [(kind, _at)] in told.items() if kind == "case.accepted"}
    assert min(at - planned[pk] for pk, [(_kind, at)] in told.items() if pk in granted).total_seconds() >= 0
    made = Refund.objects.filter(case__in=ids).values("case").annotate(many=Count("pk"), back=Sum("amount"))
    assert {row["case"]: (row["many"], row["back"]) for row in made} == dict.fromkeys(granted, (1, Decimal("10.00")))
    held = Order.objects.filter(cases__in=ids, refunding_amount__gt=0)
    assert set(held.values_list("cases", flat=True)) == granted


# --- Two at one case --------------------------------------------------------------------------------------------------


def _fire(case: Case) -> object:
    if not timers.fire_due(1):
        raise Refused("somebody else has it", "not_due")
    return None


def _inspect(case: Case) -> object:
    return actions.inspect(case, results={one.line_id: (one.quantity, 0) for one in case.lines.all()}, by=SYSTEM)


def _ship(case: Case) -> object:
    order = Order.objects.select_related("shop__policy").get(pk=case.order_id)
    return fulfilment.ship(order, carrier="SF", tracking_no=f"{threading.get_ident()}-{case.pk}", by=SYSTEM)


def _cancel_order(case: Case) -> object:
    order = Order.objects.select_related("shop__policy").get(pk=case.order_id)
    return order_actions.cancel(order, reason="sold out", by=SYSTEM)


def _with(name: str, **told: Any) -> Callable[[Case], object]:
    """Return the verb as an agent presses it: with the version that the page showed."""
    return lambda case: getattr(actions, name)(case, by=SYSTEM, seen=case.version, **told)


VERBS: dict[str, Callable[[Case], object]] = {
    "accept": _with("accept"),
    "refuse": _with("refuse", refusal="evidence_unclear"),
    "offer": _with("offer", amount=Decimal("0.01")),
    "accept return": _with("accept_return"),
    "keep": _with("keep"),
    "stop the clock": _with("pause", reason="waits for the carrier"),
    "withdraw": lambda case: actions.withdraw(case, by=BUYER),
    "take": lambda case: actions.take_offer(case, by=BUYER),
    "decline": lambda case: actions.decline_offer(case, by=BUYER),
    "escalate": lambda case: actions.escalate(case, by=BUYER),
    "inspect": _inspect,
    "silence": _fire,
    "ship": _ship,
    "cancel order": _cancel_order,
}
S, K = CaseStatus, CaseKind


@dataclass(frozen=True)
class Pair:
    """Two verbs at one case: where it stands before, and where it may stand after, by who won.

    Both can only win where `both` says where that leads. `step` is due when they begin.
    """

    first: str
    second: str
    status: CaseStatus
    wins: dict[str, str]
    kind: CaseKind | None = None
    both: tuple[str, ...] = field(default=())
    step: str = ""


PAIRS = (
    Pair("accept", "refuse", S.REQUESTED, {"accept": "refunding", "refuse": "refused"}),
    Pair("accept", "accept", S.REQUESTED, {"accept": "refunding"}),
    Pair("accept", "withdraw", S.REQUESTED, {"accept": "refunding", "withdraw": "withdrawn"}),
    Pair("accept", "silence", S.REQUESTED, dict.fromkeys(("accept", "silence"), "refunding"), step="consent"),
    Pair("withdraw", "silence", S.REQUESTED, {"withdraw": "withdrawn", "silence": "refunding"}, step="consent"),
    # From the deadline on nobody can refuse: silence has it, or the sweep passed by and takes it next time.
    Pair("refuse", "silence", S.REQUESTED, {"silence": "refunding"}, step="consent"),
    Pair("accept", "offer", S.REQUESTED, {"accept": "refunding", "offer": "offered"}),
    Pair("accept", "stop the clock", S.REQUESTED, {"accept": "refunding", "stop the clock": "requested"}),
    Pair("keep", "accept return", S.REQUESTED, {"keep": "refunding", "accept return": "to_return"}, K.RETURN),
    Pair("take", "decline", S.OFFERED, {"take": "refunding", "decline": "requested"}),
    Pair("take", "withdraw", S.OFFERED, {"take": "refunding", "withdraw": "withdrawn"}),
    Pair("inspect", "inspect", S.TO_INSPECT, {"inspect": "refunding"}),
    Pair("inspect", "silence", S.TO_INSPECT, dict.fromkeys(("inspect", "silence"), "refunding"), step="consent"),
    Pair("escalate", "silence", S.REFUSED, {"escalate": "disputed", "silence": "closed"}, step="close"),
    Pair("escalate", "withdraw", S.REFUSED, {"escalate": "disputed", "withdraw": "withdrawn"}),
    Pair("accept", "ship", S.REQUESTED, {"accept": "refunding", "ship": "requested"}, K.CANCEL),
    # Whoever accepts a wish whose order has just been cancelled wants the same: the money goes back, once.
    Pair(
        *("accept", "cancel order", S.REQUESTED, {"accept": "refunding", "cancel order": "requested"}, K.CANCEL),
        both=("refunding",),
    ),
    # Price protection of an order that is cancelled at once: what it grants is a part of what goes back.
    Pair("accept", "cancel order", S.REQUESTED, {"cancel order": "requested"}, K.PRICE, both=("refunding",)),
)


def test_of_two_at_one_case_exactly_one_wins(lab: Lab, shop, report):
    rounds = size(20, 1)
    taken: list[float] = []
    for _round in range(rounds):
        for pair in lab.random.sample(PAIRS, len(PAIRS)):
            taken += race(shop, pair)
        follow()
    slow = sorted(taken)[int(len(taken) * 0.99)] * 1000
    report(f"case races: {rounds * len(PAIRS):,} pairs: p99 of one verb", slow, "ms", target=500)


def race(shop, pair: Pair) -> list[float]:
    """Let both act on the same case, each with what it read before, and judge the end."""
    case = make.case(shop, pair.status, kind=pair.kind)
    if pair.step:
        case_lab.make_due([case.pk], step=pair.step)
    seen = [Case.objects.select_related("shop__policy", "order").get(pk=case.pk) for _side in range(2)]
    sides = racing.race(VERBS[pair.first], VERBS[pair.second], seen)
    case.refresh_from_db()
    verbs, outcomes = (pair.first, pair.second), [side.outcome for side in sides]
    told = f"{verbs}: {outcomes}, then {case.status}"
    assert all(isinstance(outcome, str) for outcome in outcomes), told
    won = [verb for verb, outcome in zip(verbs, outcomes, strict=True) if outcome == WON]
    if len(won) == 2:
        assert case.status in pair.both, told
    elif won:
        assert pair.wins[won[0]] == case.status, told
    else:  # a refusal came too late, and the sweep passed by what it held
        assert (verbs, case.status) == (("refuse", "silence"), "requested"), told
        assert timers.fire_due(1) == 1
    paid_once(case, told)
    return [side.took for side in sides]


def paid_once(case: Case, told: str) -> None:
    """Assert that money goes back once when it was granted, and that goods went to the shelf once."""
    case.refresh_from_db()
    made = Refund.objects.filter(case=case).aggregate(back=Sum("amount"), many=Count("pk"))
    granted = case.status == S.REFUNDING
    assert made == ({"back": case.amount, "many": 1} if granted else {"back": None, "many": 0}), told
    shelved = StockMovement.objects.filter(kind="return", order=case.order_id).count()
    assert shelved <= 1, told


def follow() -> None:
    """Let cases follow their orders, as the outbox would a moment later."""
    while outbox.fan_out(500):
        pass
