"""The filters and tabs of the case list."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales import policies, reasons, search
from aftersales.counted import CASE_WORDS, COUNTED_CASES
from aftersales.models import Case, CaseLine
from aftersales.states import ENDED, OPEN, CaseKind, CaseStatus, Fault, Problem, Side
from orders import search as orders
from orders.models import Product
from sellercenter.filters import Amount, Custom, Edge, Finder, Key, LastDays, ListFilter, Pick, Range, Tab, Text, Words
from sellercenter.models import Shop

_S = CaseStatus
TABS = (
    Tab("", _("All")),
    Tab("requested", _S.REQUESTED.label, Q(status=_S.REQUESTED)),
    Tab("to_inspect", _S.TO_INSPECT.label, Q(status=_S.TO_INSPECT)),
    Tab("to_resend", _S.TO_RESEND.label, Q(status=_S.TO_RESEND)),
    Tab("buyer", _("Waiting for the buyer"), Q(status__in=[_S.OFFERED, _S.TO_RETURN, _S.RETURNING])),
    Tab("refused", _S.REFUSED.label, Q(status=_S.REFUSED)),
    Tab("disputed", _S.DISPUTED.label, Q(status=_S.DISPUTED)),
    Tab("refunding", _S.REFUNDING.label, Q(status=_S.REFUNDING)),
    Tab("ended", pgettext_lazy("cases", "Ended"), Q(status__in=ENDED)),
)
_RUNNING = Q(status__in=OPEN, paused_at__isnull=True)


def overdue(filters: Any) -> Q:
    """Keep the open cases whose deadline has passed at the moment of the page."""
    return _RUNNING & Q(act_by__lte=filters.now)


def due_soon(filters: Any) -> Q:
    """Keep the open cases whose deadline comes within the time of the shop's warning."""
    warning = filters.shop.policy.case_warning
    return _RUNNING & Q(act_by__gt=filters.now, act_by__lte=filters.now + warning) if warning else Q(pk__in=[])


def of_products(**of: Any) -> Q:
    """Match the cases that are about such lines of their orders."""
    return Q(Exists(CaseLine.objects.filter(case_id=OuterRef("pk"), **of)))


def product(shop: Shop, text: str) -> Q:
    """Match the cases about a product: by its number, a SKU or a piece of the title."""
    found = orders.products(shop, text.strip())
    return Q(pk__in=[]) if found is None else of_products(line__product__in=found)


def _among_counted(own: Q, filters: Any) -> Q:
    return COUNTED_CASES & own


class CaseFilter(ListFilter):
    """Everything by which cases are looked for; the address holds all of it."""

    q = Custom(search.condition, label=_("Case no., order no., buyer"))
    kind = Words(choices=CaseKind.choices, label=_("Kind"))
    status = Words(choices=CaseStatus.choices, label=_("Status"))
    next = Words(
        field_name="next_side",
        choices=[(side.value, side.label) for side in Side if side],
        label=_("Who acts next"),
    )
    due = Pick({"overdue": (_("Overdue"), overdue), "soon": (_("Due soon"), due_soon)}, label=_("Deadline"))
    clock = Pick(
        {
            "stopped": (_("Stopped"), lambda filters: Q(paused_at__isnull=False)),
            "runs": (_("Running"), lambda filters: _RUNNING & Q(act_by__isnull=False)),
        },
        label=_("Clock"),
    )
    problem = Words(choices=Problem.choices, label=_("Problem"))
    reason = Words(choices=[(code, reason.label) for code, reason in reasons.REASONS.items()], label=_("Reason"))
    fault = Words(choices=Fault.choices, label=_("Fault"))
    product = Custom(product, label=_("Product or SKU"))
    product_id = Key(lambda key: of_products(line__product=key), Product.objects.for_shop, label=_("Product"))
    counted = Pick(
        {word: (label, partial(_among_counted, own)) for word, (label, own) in CASE_WORDS.items()},
        label=_("In figures"),
    )
    number = Text(lookup_expr="startswith", label=_("Case no."))
    order = Custom(search.by_order, label=_("Order no."))
    tracking = Custom(search.by_tracking, label=_("Tracking no. of the return"))
    buyer = Custom(search.nickname, label=_("Buyer's nickname"))
    decided = Pick(
        {
            "against": (_("Against the proposal"), lambda filters: Q(overridden=True)),
            "rule": (_("By a rule"), lambda filters: ~Q(decided_by_rule="")),
        },
        label=pgettext_lazy("case", "Decided"),
    )
    # Reached by the links of the policies alone: nobody knows their keys.
    policy = Custom(policies.proposed_by, label=_("Policy"), max_length=18)
    amount_from = Amount(field_name="amount", lookup_expr="gte")
    amount_to = Amount(field_name="amount", lookup_expr="lte")
    opened = LastDays(field_name="opened_at")
    opened_from = Edge(field_name="opened_at")
    opened_to = Edge(field_name="opened_at", upper=True)
    deadline_from = Edge(field_name="act_by")
    deadline_to = Edge(field_name="act_by", upper=True)

    main = ("kind", "next", "problem", "opened_range", "due")
    more = (
        (_("Case"), ("status", "number", "amount_range", "deadline_range", "clock")),
        (_("What happened"), ("reason", "fault", "decided", "counted")),
        (_("Order and buyer"), ("order", "product", "buyer", "tracking")),
    )
    linked = ("policy", "product_id")
    ranges = {
        "amount_range": Range(_("Amount"), "amount_from", "amount_to"),
        "opened_range": Range(pgettext_lazy("time", "Opened"), "opened_from", "opened_to", "opened"),
        "deadline_range": Range(_("Deadline"), "deadline_from", "deadline_to"),
    }

    class Meta:
        model = Case
        fields: list[str] = []


matching = Finder(
    *(CaseFilter, TABS, Case.objects.for_shop),
    again=_("These filters make no sense any more. Choose the cases again."),
)
