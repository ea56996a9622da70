"""What other parts of the room show on the page of a case, and what the room shows on the page of an order."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from aftersales import dispute_panels, refunds_shown, talk_panels, timeline
from aftersales.actions.opening import ALLOWED
from aftersales.forms import OpenForm
from aftersales.models import Case
from aftersales.states import CaseKind
from aftersales.tables import deadline, states
from orders.models import Order
from orders.states import LineStatus
from sellercenter import money
from sellercenter.columns import Setting, labels
from sellercenter.permissions import Actor, Perm


def of_case(case: Case, at: Setting, by: Actor) -> list[dict[str, Any]]:
    """Return the panels of a case, each with its template, in the order in which they stand."""
    return [refunds_shown.of_case(case, at), *dispute_panels.of_case(case, at, by), *talk_panels.of_case(case, at, by)]


def of_order(order: Order, at: Setting, by: Actor) -> dict[str, Any] | None:
    """Return the after-sales panel of an order for those who may see cases: its cases, and how to open one."""
    if not by.may(Perm.AFTERSALES_VIEW):
        return None
    found = list(Case.objects.filter(order=order).order_by("-pk"))
    form = _open_form(order) if by.may(Perm.AFTERSALES_DECIDE) else None
    return {
        "template": "aftersales/parts/cases.html",
        "cases": [_case(case, at) for case in found],
        "open_form": form,
        "timeline": timeline.of_order(order, found, at),
        "open_url": reverse("order_open_case", args=[at.shop.code, order.pk]),
    }


def _case(case: Case, at: Setting) -> dict[str, Any]:
    return {
        "number": case.number,
        "kind": labels(CaseKind)[case.kind],
        "amount": money.text(case.amount, case.currency),
        "badge": states(case, at)[0],
        "url": reverse("case_detail", args=[at.shop.code, case.pk]),
        "due": deadline(case, at),
    }


def _open_form(order: Order) -> OpenForm | None:
    """Return the form for a new case; None when nothing can be asked for in the order's state."""
    kinds = [kind for kind in CaseKind if kind != CaseKind.CANCEL and order.status in ALLOWED[kind]]
    lines = [
        (line.pk, " ".join(filter(None, (line.title, line.variant))), line.quantity)
        for line in order.lines.all()
        if line.status != LineStatus.CANCELLED
    ]
    return OpenForm(kinds=kinds, lines=lines, auto_id="case_%s") if kinds and lines else None
