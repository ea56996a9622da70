"""One case prepared for its page: everything that people read there, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from aftersales import reasons
from aftersales.models import Case, CaseLine, Refund
from aftersales.models.cases import CaseQuerySet
from aftersales.policies import Shown
from aftersales.states import (
    ENDED,
    REFUND_OPEN,
    CaseKind,
    CaseStatus,
    Fault,
    Problem,
    RefundStatus,
    Side,
)
from aftersales.tables import deadline, overdue, states
from orders.tables import initials
from sellercenter import money
from sellercenter.columns import Setting, labels
from sellercenter.times import moment

S, K = CaseStatus, CaseKind
STEPS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("opened_at", "opened", frozenset(K.values)),
    ("decided_at", "decided", frozenset(K.values)),
    ("sent_back_at", "sent_back", frozenset({K.RETURN, K.EXCHANGE})),
    ("arrived_at", "arrived", frozenset({K.RETURN, K.EXCHANGE})),
    ("inspected_at", "inspected", frozenset({K.RETURN, K.EXCHANGE})),
    ("ended_at", "ended", frozenset(K.values)),
)


def loaded() -> CaseQuerySet:
    """Return the query of the case page: the case with its order, its lines, and the orders and cases around it."""
    around = ("order__buyer", "replacement", "previous")
    return Case.objects.select_related(*around).prefetch_related("lines__line", "lines__wanted_sku", "following")


def prepare(case: Case, at: Setting, proposal: Shown | None) -> dict[str, Any]:
    """Return the case as `templates/aftersales/case_detail.html` reads it, without moves, panels and timeline."""
    badges, refunded = states(case, at), _refunded(case)
    if overdue(case, at):
        badges.insert(1, {"code": "late", "label": _("Overdue")})
    return {
        "number": case.number,
        "badge": badges[0],
        "badges": [{"code": "none", "label": labels(K)[case.kind]}, *badges[1:]],
        "banner": banner(case, at, refunded),
        "steps": steps(case, at),
        "words": case.words,
        "asked": asked(case, at),
        "refusal": refusal(case),
        "proposal": proposal if case.status == S.REQUESTED else None,
        "override": case.override_note,
        "items": [item(line, case) for line in case.lines.all()],
        "inspected": case.inspected_at is not None,
        "money": amounts(case, refunded),
        "order": around(case, at),
        "facts": facts(case),
        "return": _return(case),
    }


def _refunded(case: Case) -> dict[str, Decimal]:
    """Return how much is in refunds of the case by their state."""
    return dict(Refund.objects.filter(case=case).values_list("status").annotate(sum=Sum("amount")))


def banner(case: Case, at: Setting, refunded: Mapping[str, Decimal]) -> dict[str, Any]:
    """Say where the case stands, who acts next, and until when."""
    texts = {
        S.REQUESTED: (_("Waiting for your answer"), wish(case)),
        S.OFFERED: (_("Offer made"), _offer_made(case)),
        S.TO_RETURN: (_("The buyer sends the goods back"), _("Nothing is to be done until they are here.")),
        S.RETURNING: (_("The return is on its way"), _("Note when it is here.")),
        S.TO_INSPECT: (_("The return is here"), _("Look at the goods and say what you found.")),
        S.TO_RESEND: (_("To be sent again"), _("Ship the new order; then the case is done.")),
        S.REFUNDING: (_("The money is on its way back"), _("The case is done when all of it has arrived.")),
        S.REFUSED: (_("Refused"), _("The buyer can still ask the platform to decide.")),
        S.DISPUTED: (_("The platform decides"), _("Put in evidence as long as it can be.")),
        S.DONE: (_("Done"), _("Nothing is left to do.")),
        S.WITHDRAWN: (_("Withdrawn by the buyer"), _("Nothing is left to do.")),
        S.CLOSED: (_("Closed"), _("Nothing is left to do.")),
    }
    text, following = texts[S(case.status)]
    side = case.next_side
    if case.status == S.REFUNDING and RefundStatus.TO_CONFIRM in refunded:
        text, following, side = (
            _("Waiting for a second person"),
            _("Somebody else has to confirm the refund."),
            Side.SELLER,
        )
    return {
        "text": text,
        "next": following,
        "side": _("Acts next: %s") % labels(Side)[side] if side else "",
        "due": deadline(case, at),
        "stopped": stopped(case, at),
    }


def wish(case: Case) -> str:
    """Say in one sentence what the buyer wants."""
    amount = money.text(case.amount, case.currency)
    return {
        K.CANCEL: _("The buyer wants to cancel the order before it is shipped."),
        K.REFUND: _("The buyer wants %s back.") % amount,
        K.RETURN: _("The buyer wants to send goods back for %s.") % amount,
        K.EXCHANGE: _("The buyer wants other goods for these."),
        K.RESEND: _("The buyer wants to have it sent again."),
        K.PRICE: _("The buyer wants the difference of %s back.") % amount,
    }[K(case.kind)]


def _offer_made(case: Case) -> str:
    if case.offer_amount is None:
        return _("The buyer can take the exchange or decline it.")
    return _("The buyer can take %s or decline it.") % money.text(case.offer_amount, case.currency)


def stopped(case: Case, at: Setting) -> str:
    """Say since when and why the clock stands, or nothing."""
    since = moment(case.paused_at, at.zone, this_year=at.year)
    if since is None or case.status in ENDED:
        return ""
    return _("The clock stands since %(since)s: %(why)s") % {"since": since.short, "why": case.pause_reason}


def steps(case: Case, at: Setting) -> list[dict[str, str]]:
    """Show the way of the case from the first word to its end."""
    names = {
        "opened": _("Opened"),
        "decided": _("Answered"),
        "sent_back": _("Sent back"),
        "arrived": _("Came back"),
        "inspected": _("Inspected"),
        "ended": labels(S)[case.status] if case.status in ENDED else _("Done"),
    }
    wanted = [(field, word) for field, word, kinds in STEPS if case.kind in kinds]
    times = [(word, moment(getattr(case, field), at.zone, this_year=at.year)) for field, word in wanted]
    reached = max((i for i, (_word, when) in enumerate(times) if when), default=-1)
    shown = []
    for i, (word, when) in enumerate(times):
        # What a case that ended never came to is left out, and what one that is being refunded does not come to.
        if when is None and (i <= reached or (case.status == S.REFUNDING and word != "ended")):
            continue
        state = "done" if i <= reached else "now" if i == reached + 1 else ""
        shown.append({"label": names[word], "at": when.short if when else "", "state": state})
    return shown


def asked(case: Case, at: Setting) -> dict[str, Any]:
    """Say why the buyer asks, and when that was."""
    return {
        "reason": str(reasons.label(case.reason)),
        "by": labels(Side)[case.opened_by],
        "at": moment(case.opened_at, at.zone, this_year=at.year),
    }


def refusal(case: Case) -> dict[str, str] | None:
    """Say why the case was refused."""
    return {"reason": str(reasons.label(case.refusal)), "words": case.refusal_words} if case.refusal else None


def item(line: CaseLine, case: Case) -> dict[str, Any]:
    """Prepare one line."""
    bought, wanted = line.line, line.wanted_sku
    return {
        "initials": initials(bought.title),
        "title": bought.title,
        "variant": bought.variant,
        "sku": bought.seller_sku,
        "quantity": line.quantity,
        "of": bought.quantity,
        "paid": money.text(bought.amount, case.currency),
        "amount": money.text(line.amount, case.currency),
        "wanted": (wanted.code or wanted.number) if wanted else "",
        "sellable": line.sellable,
        "damaged": line.damaged,
    }


def amounts(case: Case, by_status: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """Show what is asked for, what was offered, and what went back."""
    on_its_way = sum((by_status.get(status, Decimal(0)) for status in REFUND_OPEN), Decimal(0))
    rows: list[tuple[str, Decimal | None, bool]] = [
        (_("For goods"), case.goods_amount, False),
        (_("For freight and fees"), case.freight_amount, False),
        (_("Amount of the case"), case.amount, True),
        (_("Offered"), case.offer_amount, False),
        (pgettext("money", "On its way back"), on_its_way or None, False),
        (_("Refunded"), by_status.get(RefundStatus.SUCCEEDED), False),
        (_("The order's payment"), case.order.paid_amount, False),
        (_("Refunded of the order so far"), case.order.refunded_amount or None, False),
    ]
    return [
        {"label": label, "amount": money.text(amount, case.currency), "strong": strong}
        for label, amount, strong in rows
        if amount is not None
    ]


def facts(case: Case) -> list[dict[str, str]]:
    """Show how the case is classed, and how it was decided."""
    got = {True: _("yes"), False: _("no"), None: ""}[case.got_goods]
    rows = [
        (_("Problem"), labels(Problem)[case.problem]),
        (_("Fault"), labels(Fault)[case.fault]),
        (_("Has the goods"), got),
        (_("Decided by the rule"), case.decided_by_rule),
        (_("Coupon given"), case.coupon),
        (_("Against the proposal"), case.override_note),
    ]
    return [{"label": label, "value": value} for label, value in rows if value]


def _return(case: Case) -> dict[str, str] | None:
    if not case.return_tracking_no:
        return None
    return {"carrier": case.return_carrier or _("Carrier unknown"), "tracking_no": case.return_tracking_no}


def around(case: Case, at: Setting) -> dict[str, Any]:
    """Link the order, the order by which goods are sent again, and the cases before and after this one."""
    code = at.shop.code

    def order(found: Any) -> dict[str, str] | None:
        return {"number": found.number, "url": reverse("order_detail", args=[code, found.pk])} if found else None

    def other(found: Case) -> dict[str, str]:
        return {"number": found.number, "url": reverse("case_detail", args=[code, found.pk])}

    return {
        **(order(case.order) or {}),
        "buyer": case.buyer_nickname or "—",
        "replacement": order(case.replacement),
        "previous": other(case.previous) if case.previous else None,
        "following": [other(one) for one in case.following.all()],
    }
