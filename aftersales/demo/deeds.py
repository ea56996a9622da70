"""What people of the living demo do about problems: each deed is one verb, told in a few words."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from aftersales import actions, conversations, disputes, policies, refund_actions, reviews, rulings
from aftersales.demo.asking import ask
from aftersales.demo.scenes import Scene, one
from aftersales.demo.voices import STARS
from aftersales.models import Case, Conversation, Dispute, Refund, Review
from aftersales.reasons import label, refusals_for
from aftersales.reviews import ReviewFacts
from aftersales.states import CaseKind, Fault
from orders.models import Order
from sellercenter import money
from sellercenter.permissions import BUYER, CHANNEL
from sellercenter.ticks import database_now


def claim(scene: Scene, order: Order, rng: Random) -> str:
    """Let the buyer open a case about something that came."""
    asked = ask(scene, order, rng)
    if asked is None or order.cases.exists():
        return ""
    case = actions.open_case(
        order,
        kind=asked.kind,
        lines={line.pk: units for line, units, _amount in asked.parts},
        reason=asked.reason.code,
        words=asked.words,
        amount=asked.goods if asked.kind == CaseKind.PRICE else None,
        by=BUYER,
    )
    return f"buyer opens case {case.number}: {CaseKind(asked.kind).label}, {label(asked.reason.code)}"


# --- The buyer and the carrier ----------------------------------------------------------------------------------------


def withdraw(_scene: Scene, case: Case, _rng: Random) -> str:
    """Let the buyer take the request back."""
    actions.withdraw(case, by=BUYER, seen=case.version)
    return f"buyer withdraws case {case.number}"


def answer_offer(_scene: Scene, case: Case, rng: Random) -> str:
    """Let the buyer take what was offered, or not."""
    offered = money.text(case.offer_amount, case.currency) if case.offer_amount is not None else "an exchange"
    if rng.random() < 0.3:
        actions.decline_offer(case, by=BUYER, seen=case.version)
        return f"buyer declines {offered}"
    verb = actions.take_exchange if case.offer_amount is None else actions.take_offer
    verb(case, by=BUYER, seen=case.version)
    return f"buyer takes {offered}"


def send_back(scene: Scene, case: Case, _rng: Random) -> str:
    """Let the buyer send the goods back."""
    carrier, number = scene.words.CARRIER, f"RB{case.pk:010}"
    actions.send_back(case, carrier=carrier, tracking_no=number, by=BUYER, seen=case.version)
    return f"buyer sends it back by {carrier}, {number}"


def arrive(_scene: Scene, case: Case, _rng: Random) -> str:
    """Let the carrier bring the goods back."""
    actions.receive(case, by=CHANNEL, seen=case.version)
    return f"the return of case {case.number} arrives"


def escalate(scene: Scene, case: Case, rng: Random) -> str:
    """Let the buyer go to the platform."""
    actions.escalate(case, demand=one(rng, scene.words.DEMANDS), by=BUYER, seen=case.version)
    return f"buyer takes case {case.number} to the platform"


# --- The platform -----------------------------------------------------------------------------------------------------


def ask_evidence(_scene: Scene, dispute: Dispute, _rng: Random) -> str:
    """Let the platform ask for evidence."""
    disputes.ask_evidence(dispute, seen=dispute.status, by=CHANNEL)
    return f"platform asks for evidence in dispute {dispute.number}"


def decide(scene: Scene, dispute: Dispute, rng: Random) -> str:
    """Let the platform decide: for the buyer when the shop has said nothing."""
    for_buyer = not dispute.statement or rng.random() < 0.5
    words = scene.words.FOR_BUYER[0] if for_buyer else scene.words.FOR_SELLER[0]
    verb = rulings.decide_for_buyer if for_buyer else rulings.decide_for_seller
    verb(dispute, conclusion=words, blame=Fault.SELLER if for_buyer else Fault.BUYER, seen=dispute.status, by=CHANNEL)
    return f"platform decides dispute {dispute.number} for the {'buyer' if for_buyer else 'shop'}"


# --- The team ---------------------------------------------------------------------------------------------------------


def answer(scene: Scene, case: Case, rng: Random) -> str:
    """Let the team answer: mostly as the policy proposes, now and then by a refusal."""
    by, kind = scene.decider, CaseKind(case.kind)
    wanted = policies.FOLLOWED_BY[case.proposal["answer"]][kind] if case.proposal else ""
    name = "refuse" if rng.random() < 0.2 else wanted or policies.ACCEPTS[kind]
    told = {"note": one(rng, scene.words.OVERRIDES), "by": by, "seen": case.version}
    if name == "offer" and "amount" in case.proposal:
        actions.offer(case, amount=Decimal(case.proposal["amount"]), **told)
    elif name == "refuse":
        fits = [each for each in refusals_for(kind) if not each.evidence and each.code in scene.words.REFUSALS]
        if not fits:
            return ""
        refusal = one(rng, fits)
        actions.refuse(case, refusal=refusal.code, words=scene.words.REFUSALS[refusal.code][0], **told)
    else:
        getattr(actions, name)(case, **told)
    return f"{by.label} answers case {case.number}: {name.replace('_', ' ')}"


def inspect(scene: Scene, case: Case, rng: Random) -> str:
    """Let the team look at what came back."""
    damaged = case.problem == "defect" or rng.random() < 0.1
    results = {part.line_id: (0, part.quantity) if damaged else (part.quantity, 0) for part in case.lines.all()}
    actions.inspect(case, results=results, by=scene.decider, seen=case.version)
    return f"{scene.decider.label} inspects case {case.number}: {'damaged' if damaged else 'sellable'}"


def put_in(scene: Scene, dispute: Dispute, rng: Random) -> str:
    """Let the team put its statement in."""
    words = one(rng, scene.words.STATEMENTS)
    disputes.put_in(dispute, statement=words, before=dispute.statement, by=scene.decider)
    return f"{scene.decider.label} puts a statement in for dispute {dispute.number}"


def confirm_refund(scene: Scene, refund: Refund, _rng: Random) -> str:
    """Let a second person confirm a large refund."""
    refund_actions.confirm(refund, by=scene.second)
    return f"{scene.second.label} confirms the refund of {money.text(refund.amount, refund.currency)}"


# --- Reviews and messages ---------------------------------------------------------------------------------------------


def review(scene: Scene, order: Order, rng: Random) -> str:
    """Let the buyer say what they think of the goods."""
    stars = STARS.spin(rng)
    words = one(rng, scene.words.REVIEWS[stars])
    facts = ReviewFacts(f"V{order.number}", stars, database_now(), words=words, order=order.number)
    reviews.add(scene.shop, facts, by=CHANNEL)
    return f"buyer gives {stars} of 5 stars"


def reply(scene: Scene, found: Review, rng: Random) -> str:
    """Let the team answer a review."""
    reviews.reply(found, words=one(rng, scene.words.REPLIES), seen=reviews.said(found), by=scene.speaker)
    return f"{scene.speaker.label} answers a review of {found.rating} stars"


def write_message(scene: Scene, order: Order, rng: Random) -> str:
    """Let the buyer write."""
    words = one(rng, scene.words.TALKS)[0]
    new = conversations.receive(
        scene.shop,
        buyer=order.buyer,
        order=order,
        words=words,
        number=f"M{order.number}",
        at=database_now(),
        by=BUYER,
    )
    return f"buyer writes: {words}" if new else ""


def answer_message(scene: Scene, talk: Conversation, rng: Random) -> str:
    """Let the team answer a buyer."""
    newest = talk.messages.order_by("-pk").values_list("pk", flat=True).first() or 0
    conversations.answer(talk, words=one(rng, scene.words.TALKS)[1], seen=newest, by=scene.speaker)
    return f"{scene.speaker.label} answers the buyer"
