"""What other parts of the room show on the page of a case, and what the room shows on the page of an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from aftersales import dispute_panels, refunds_shown, talk_panels, timeline
from aftersales.actions.opening import possible, units_left
from aftersales.forms import OpenForm
from aftersales.models import Case
from aftersales.states import CaseKind
from aftersales.tables import deadline, states
from orders.models import Order, OrderLine, Sku
from sellercenter import money
from sellercenter.columns import Setting, labels
from sellercenter.permissions import Actor, Perm

# So many variants are offered for an exchange on the page of an order.
MOST_VARIANTS = 200


def of_case(case: Case, at: Setting, by: Actor) -> list[dict[str, Any]]:
    """Return the panels of a case, each with its template, in the order in which they stand."""
    return [refunds_shown.of_case(case, at), *dispute_panels.of_case(case, at, by), *talk_panels.of_case(case, at, by)]


def of_order(order: Order, at: Setting, by: Actor) -> dict[str, Any] | None:
    """Return the after-sales panel of an order for those who may see cases: its cases, and how to open one."""
    if not by.may(Perm.AFTERSALES_VIEW):
        return None
    found = list(Case.objects.filter(order=order).order_by("-pk"))
    form = _open_form(order, at, claimed=bool(found)) if by.may(Perm.AFTERSALES_DECIDE) else None
    return {
        "template": "aftersales/parts/cases.html",
        "cases": [_case(case, at) for case in found],
        "open_form": form,
        "timeline": timeline.of_order(order, found, at),
        "tells": ("order.case_opened",),
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


def _open_form(order: Order, at: Setting, *, claimed: bool) -> OpenForm | None:
    """Return the form for a new case; None when nothing can be asked for any more."""
    kinds = possible(order, now=at.now)
    left = units_left(order, claimed=claimed) if kinds else {}
    open_lines = [line for line in order.lines.all() if left.get(line.pk)]
    if not open_lines:
        return None
    lines = [(line.pk, " ".join(filter(None, (line.title, line.variant))), left[line.pk]) for line in open_lines]
    variants = _variants(open_lines) if CaseKind.EXCHANGE in kinds else {}
    return OpenForm(kinds=kinds, lines=lines, variants=variants, auto_id="case_%s")


def _variants(lines: Sequence[OrderLine]) -> dict[int, list[tuple[int, str]]]:
    """Return by the key of the line what else there is of its product, as (key of the SKU, name)."""
    found = Sku.objects.filter(product__in={line.product_id for line in lines}).order_by("pk")
    of_product: dict[int, list[tuple[int, str]]] = {}
    for sku in found.only("product_id", "number", "code", "variant")[:MOST_VARIANTS]:
        name = " · ".join(filter(None, (sku.variant, sku.code or sku.number)))
        of_product.setdefault(sku.product_id, []).append((sku.pk, name))
    return {line.pk: [one for one in of_product.get(line.product_id, ()) if one[0] != line.sku_id] for line in lines}
