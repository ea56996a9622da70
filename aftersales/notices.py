"""Who is told of what happens after a purchase: people by right, buyers by template.

Of most new cases nobody is told one by one: the list, its counters and the home board show them. A message to a buyer
is composed at the moment of sending, while it still makes sense; in-site only, as these words belong to the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import models
from django.template import Context
from django.template.loader import get_template
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from aftersales import policies, reasons
from aftersales.lifecycle.cases import CASE
from aftersales.models import Appeal, Case, Conversation, Dispute, Refund, Review, Ticket
from aftersales.states import CaseKind, CaseStatus, RefundStatus
from orders.notices import language_of
from sellercenter import money
from sellercenter.gateways import Draft
from sellercenter.models import Channel, Event, OutgoingMessage
from sellercenter.notifications import Notice, Staff, Subject
from sellercenter.outgoing import Buyers, Composed, Letter, Unreachable
from sellercenter.permissions import Perm
from sellercenter.times import moment


def _names(model: type[models.Model], field: str = "number") -> Callable[[Iterable[int]], Mapping[int, str]]:
    def names(ids: Iterable[int]) -> Mapping[int, str]:
        return dict(model._default_manager.filter(pk__in=[*ids]).values_list("pk", field))

    return names


def _above_limit(event: Event) -> bool:
    """Say whether a case asks for more than one person may grant alone."""
    limit = event.shop.policy.refund_limit
    return limit is not None and Decimal(event.data.get("amount", 0)) > limit


def _to_confirm(event: Event) -> bool:
    return event.data.get("status") == RefundStatus.TO_CONFIRM


_P, _FAILED = Perm, _("Something that happens by itself failed")
STAFF = Staff(
    notices=(
        Notice("case.opened", _P.AFTERSALES_DECIDE, "message-report", _("Asks for more than the limit"), _above_limit),
        Notice("case.warned", _P.AFTERSALES_DECIDE, "alarm", _("The deadline of a case comes near")),
        Notice("case.reopened", _P.AFTERSALES_DECIDE, "rotate", _("Its refund did not go through: decide again")),
        Notice("case.escalated", _P.DISPUTES_HANDLE, "scale", _("The buyer asked the platform to decide")),
        Notice("case.step_failed", _P.AFTERSALES_DECIDE, "alert-triangle", _FAILED),
        Notice("refund.requested", _P.REFUNDS_CONFIRM, "checks", _("A refund waits for a second person"), _to_confirm),
        Notice("refund.rejected", _P.AFTERSALES_DECIDE, "ban", _("A refund was rejected")),
        Notice("refund.failed", _P.REFUNDS_MAKE, "alert-circle", _("A refund failed")),
        Notice("refund.unknown", _P.REFUNDS_MAKE, "alert-triangle", _("Nobody knows whether a refund went through")),
        Notice("refund.step_failed", _P.REFUNDS_MAKE, "alert-triangle", _FAILED),
        Notice("dispute.evidence_asked", _P.DISPUTES_HANDLE, "file-text", _("The platform asks for evidence")),
        Notice("dispute.evidence_warned", _P.DISPUTES_HANDLE, "alarm", _("The time for evidence comes to its end")),
        Notice("dispute.silent", _P.DISPUTES_HANDLE, "alarm", _("The time for evidence passed without any")),
        Notice("dispute.decided_for_buyer", _P.DISPUTES_HANDLE, "gavel", _("Decided for the buyer")),
        Notice("dispute.decided_for_seller", _P.DISPUTES_HANDLE, "gavel", _("Decided for the shop")),
        Notice("appeal.file_warned", _P.DISPUTES_HANDLE, "alarm", _("The time to file an appeal comes to its end")),
        Notice("appeal.lapsed", _P.DISPUTES_HANDLE, "circle-x", _("An appeal was not filed in time")),
        Notice("appeal.unanswered", _P.DISPUTES_HANDLE, "alarm", _("The platform has not answered an appeal in time")),
        Notice("ticket.answered", _P.TRACKING_WATCH, "message", _("The carrier has answered")),
        Notice("ticket.overdue", _P.TRACKING_WATCH, "alarm", _("The carrier has not answered in time")),
        Notice("review.negative", _P.MESSAGES_ANSWER, "star", _("A bad review came in")),
        Notice("conversation.warned", _P.MESSAGES_ANSWER, "message-dots", _("A buyer waits for an answer")),
    ),
    subjects={
        "case": Subject(_names(Case), "case_detail"),
        "refund": Subject(_names(Refund, "key"), "refund_detail"),
        "dispute": Subject(_names(Dispute), "dispute_detail"),
        "appeal": Subject(_names(Appeal), "appeal_detail"),
        "ticket": Subject(_names(Ticket), "ticket_detail"),
        "review": Subject(_names(Review), "review_detail"),
        "conversation": Subject(_names(Conversation, "buyer_nickname"), "conversation_detail"),
    },
)

_S = CaseStatus
_PAID = (_S.REFUNDING, _S.DONE)
# What buyers are told of a case, and in which states it must still be for that to make sense.
_STILL: dict[str, tuple[str, ...]] = {
    "case.accepted": _PAID,
    "case.kept": _PAID,
    "case.refunded_instead": _PAID,
    "case.return_accepted": (_S.TO_RETURN,),
    "case.resend_accepted": (_S.TO_RESEND, _S.DONE),
    "case.offered": (_S.OFFERED,),
    "case.exchange_offered": (_S.OFFERED,),
    "case.refused": (_S.REFUSED,),
    "case.return_refused": (_S.REFUSED,),
}
_TEMPLATES = {
    **dict.fromkeys(("case.kept", "case.refunded_instead"), "case.accepted"),
    "case.return_refused": "case.refused",
}
REFUNDED = "refund.succeeded"
BUYERS = Buyers({kind: Letter(kind, (Channel.IN_SITE.value,)) for kind in (*_STILL, REFUNDED)})


def compose_case(message: OutgoingMessage) -> Composed:
    """Write what became of a case, in the words of the shop's policy when it was followed.

    Returns None when the case has moved on, and for wishes to cancel, of whose end the order tells.
    """
    case = Case.objects.select_related("order__buyer").filter(pk=message.subject_id).first()
    if case is None or case.status not in _STILL[message.kind] or case.kind == CaseKind.CANCEL:
        return None
    case.shop = message.shop
    until = moment(case.act_by, message.shop.zone)
    amount = case.offer_amount if case.offer_amount is not None else case.amount
    facts = {
        "number": case.order.number,
        "amount": money.text(amount, case.currency),
        "until": until.short if until else "",
        "reason": reasons.label(case.refusal) if case.refusal else "",
        "words": case.refusal_words,
        "coupon": case.coupon,
        "keeps": case.keep_goods,
    }
    return _written(message, case.order.buyer.uid, facts, said=_policy_words(case, message))


def _policy_words(case: Case, message: OutgoingMessage) -> str:
    """Return the policy's own words, when a person or a rule did what it proposes."""
    proposal = None if case.overridden else policies.shown(case, now=message.event.at)
    follows = proposal is not None and CASE.kind(proposal.move) == message.kind
    # A refusal has words of its own, which somebody has read before they leave.
    return proposal.text if proposal and follows and not case.refusal else ""


def compose_refund(message: OutgoingMessage) -> Composed:
    """Write that money went back; None when it did not after all."""
    refund = Refund.objects.select_related("order__buyer").filter(pk=message.subject_id).first()
    if refund is None or refund.status != RefundStatus.SUCCEEDED:
        return None
    facts = {"number": refund.order.number, "amount": money.text(refund.amount, refund.currency)}
    return _written(message, refund.order.buyer.uid, facts)


def _written(message: OutgoingMessage, uid: str, facts: dict[str, Any], *, said: str = "") -> Composed:
    if not uid:
        return Unreachable()
    language = language_of(message.shop)
    template: Any = get_template(f"notices/{_TEMPLATES.get(message.kind, message.kind)}.txt")
    with translation.override(language):
        plain = {name: str(value) if value else "" for name, value in facts.items()}
        # Plain text: what is escaped for HTML would be read by people as it stands.
        context = Context({"shop": message.shop.name, **plain}, autoescape=False)
        text = said or template.template.render(context).strip()
    return Draft(message.key, message.channel, uid, "", text, language)
