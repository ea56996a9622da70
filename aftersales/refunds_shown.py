"""Refunds prepared for pages: one on its own page, and those of an order or a case as a part of theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from aftersales import reasons, refunds
from aftersales.models import Case, Refund
from aftersales.refund_forms import MakeForm
from aftersales.refund_tables import asker, method, states, waits_for_hand
from aftersales.states import RefundStatus
from orders.models import Order
from orders.states import Status
from sellercenter import money
from sellercenter.columns import Setting
from sellercenter.permissions import Actor, Perm
from sellercenter.times import moment

TEMPLATE = "aftersales/parts/refunds.html"
_S = RefundStatus


def of_order(order: Order, at: Setting, by: Actor) -> dict[str, Any] | None:
    """Return the panel of an order for those who may see cases: its refunds, and how to make one of what is owed."""
    if not by.may(Perm.AFTERSALES_VIEW):
        return None
    found = Refund.objects.filter(order=order).select_related("payment", "case").order_by("-pk")
    rest = refunds.owed(order) if order.refund_due and order.status != Status.UNPAID else money.ZERO
    form = MakeForm(initial={"amount": rest}, auto_id="refund_%s") if rest and by.may(Perm.REFUNDS_MAKE) else None
    panel = _panel(found, at)
    return panel | {
        "owed": money.text(rest, order.currency) if rest else "",
        "form": form,
        "url": reverse("order_make_refund", args=[at.shop.code, order.pk]),
    }


def of_case(case: Case, at: Setting) -> dict[str, Any]:
    """Return the panel of a case: the refunds that it granted."""
    return _panel(Refund.objects.filter(case=case).select_related("payment", "case").order_by("-pk"), at)


def _panel(found: Iterable[Refund], at: Setting) -> dict[str, Any]:
    rows = [_row(refund, at) for refund in found]
    # What happened to refunds stands in the timeline of the cases' panel, which every order has.
    return {"template": TEMPLATE, "refunds": rows, "owed": "", "form": None, "timeline": []}


def _row(refund: Refund, at: Setting) -> dict[str, Any]:
    return {
        "key": refund.key,
        "url": reverse("refund_detail", args=[at.shop.code, refund.pk]),
        "amount": money.text(refund.amount, refund.currency),
        "badge": states(refund, at)[-1],
        "people": people(refund, at),
        "said": refund.last_error,
        "at": moment(refund.ended_at or refund.requested_at, at.zone, this_year=at.year),
    }


def people(refund: Refund, at: Setting) -> str:
    """Say who asked, and who confirmed."""
    asked = _("asked by %s") % asker(refund, at)
    return f"{asked}, {_('confirmed by %s') % refund.confirmed_label}" if refund.confirmed_label else asked


def prepare(refund: Refund, at: Setting) -> dict[str, Any]:
    """Return the refund as `templates/aftersales/refund_detail.html` reads it, without moves and timeline."""
    shown = states(refund, at)
    return {
        "number": refund.key,
        "badge": shown[0],
        "badges": shown[1:],
        "amount": money.text(refund.amount, refund.currency),
        "banner": _banner(refund),
        "next_at": moment(refund.due_at, at.zone, this_year=at.year) if refund.due_at else None,
        "facts": _facts(refund, at),
        "order": {"number": refund.order.number, "url": reverse("order_detail", args=[at.shop.code, refund.order_id])},
        "case": _case(refund, at),
        "payment": {
            "method": method(refund, at),
            "transaction_no": refund.payment.transaction_no,
            "amount": money.text(refund.payment.amount, refund.currency),
            "refunded": money.text(refund.payment.refunded, refund.currency),
            "refunding": money.text(refund.payment.refunding, refund.currency),
        },
    }


def _case(refund: Refund, at: Setting) -> dict[str, str] | None:
    if refund.case is None:
        return None
    return {"number": refund.case.number, "url": reverse("case_detail", args=[at.shop.code, refund.case_id])}


def _banner(refund: Refund) -> dict[str, str]:
    """Say where the money is, and what comes next."""
    if waits_for_hand(refund):
        words = _("Nobody sends it by itself: pay, then note the number under which you paid.")
        return {"text": _("Waits for somebody to pay"), "next": words}
    texts = {
        _S.TO_CONFIRM: (_("Waits for a second person"), _("It is above what one person may send back alone.")),
        _S.REQUESTED: (_("About to be handed over"), _("The payment provider gets it in a moment.")),
        _S.SUBMITTED: (_("With the payment provider"), _("It is asked what became of it until it says so.")),
        _S.UNKNOWN: (_("Nobody knows yet whether it went through"), _("The provider is asked again, ever later.")),
        _S.SUCCEEDED: (_("The money went back"), _("Nothing is left to do.")),
        _S.FAILED: (_("The money did not go back"), _("The buyer still waits for it. Try again, or pay by hand.")),
        _S.REJECTED: (_("It was not sent"), _("The money is free for another refund.")),
    }
    text, following = texts[_S(refund.status)]
    return {"text": text, "next": following}


def _facts(refund: Refund, at: Setting) -> list[dict[str, str]]:
    def when(value: Any) -> str:
        shown = moment(value, at.zone, this_year=at.year)
        return shown.short if shown else ""

    rows = [
        (_("Requested"), f"{when(refund.requested_at)} · {asker(refund, at)}"),
        (_("Reason"), str(reasons.label(refund.reason))),
        (_("Confirmed"), f"{when(refund.confirmed_at)} · {refund.confirmed_label}" if refund.confirmed_at else ""),
        (_("Handed over"), when(refund.submitted_at) if refund.submitted_at else ""),
        (_("Calls so far"), str(refund.attempts or "")),
        (_("Last answer"), refund.last_error),
        (_("Number where it was made"), refund.provider_no),
    ]
    return [{"label": label, "value": value} for label, value in rows if value]
