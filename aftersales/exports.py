"""What can be exported of after-sales: cases, and refunds."""

from __future__ import annotations

from typing import Any

from django.db.models import Case as Which
from django.db.models import CharField, F, OuterRef, Value, When
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales import filters, reasons, refund_filters
from aftersales.models import CaseLine
from aftersales.refund_tables import RefundTable
from aftersales.states import CaseKind, CaseStatus, Fault, Problem, RefundStatus, Side
from aftersales.tables import CaseTable
from orders.exports.order_columns import joined
from orders.states import PaymentMethod
from sellercenter.exports import Column, Layout, Source, Words
from sellercenter.permissions import ActorKind, Perm
from sellercenter.sheets import Kind as As

_TIME: dict[str, Any] = {"kind": As.TIME}
_MONEY: dict[str, Any] = {"kind": As.MONEY}
_MORE: dict[str, Any] = {"shown": False}


def _reason(field: str) -> Which:
    """Return the expression of a reason in words; one that nobody knows is left as it came."""
    known = [(code, reasons.label(code)) for code in (*reasons.REASONS, *reasons.REFUSALS)]
    whens = [When(**{field: code}, then=Value(str(label))) for code, label in known]
    return Which(*whens, default=F(field), output_field=CharField())


def _items() -> Any:
    """Return the expression of what a case is about, such as “Green tea × 2; Mug × 1”."""
    said = Concat("line__title", Value(" × "), Cast("quantity", CharField()), output_field=CharField())
    return joined(CaseLine.objects.filter(case=OuterRef("pk")).order_by("pk").annotate(said=said), "said")


def _asker() -> Which:
    """Return the expression of who asked for a refund: a person by name, everybody else by what they are."""
    outside = [
        When(requested_by__isnull=True, requested_label=kind.value, then=Value(str(kind.label))) for kind in ActorKind
    ]
    return Which(*outside, default=F("requested_label"), output_field=CharField())


CASES = Source(
    code="cases",
    label=_("Cases"),
    permission=Perm.AFTERSALES_VIEW,
    url_name="case_list",
    filterset_class=filters.CaseFilter,
    table_class=CaseTable,
    tabs=filters.TABS,
    matching=filters.matching,
    layouts=(
        Layout(
            "cases",
            _("A row for each case"),
            columns=(
                Column("number", _("Case no."), "number", required=True),
                Column("status", _("Status"), Words("status", CaseStatus)),
                Column("kind", _("Kind"), Words("kind", CaseKind)),
                Column("order", _("Order no."), "order__number", required=True),
                Column("buyer_id", _("Buyer id"), "buyer__uid", required=True),
                Column("buyer", _("Buyer"), "buyer_nickname"),
                Column("items", _("Items"), _items),
                Column("amount", _("Amount"), "amount", **_MONEY),
                Column("reason", _("Reason"), lambda: _reason("reason")),
                Column("problem", _("Problem"), Words("problem", Problem)),
                Column("fault", _("Fault"), Words("fault", Fault)),
                Column("opened", pgettext_lazy("time", "Opened"), "opened_at", **_TIME),
                Column("next", _("Who acts next"), Words("next_side", Side)),
                Column("deadline", _("Deadline"), "act_by", **_TIME),
                Column("decided", pgettext_lazy("case", "Decided"), "decided_at", **_TIME),
                Column("ended", pgettext_lazy("cases", "Ended"), "ended_at", **_TIME),
                Column("opened_by", _("Opened by"), Words("opened_by", Side), **_MORE),
                Column("goods", _("For goods"), "goods_amount", **_MONEY, **_MORE),
                Column("freight", _("For freight and fees"), "freight_amount", **_MONEY, **_MORE),
                Column("offered", _("Offered"), "offer_amount", **_MONEY, **_MORE),
                Column("refusal", _("Why it was refused"), lambda: _reason("refusal"), **_MORE),
                Column("got_goods", _("Buyer has the goods"), "got_goods", As.YES, **_MORE),
                Column("sent_back", _("Sent back"), "sent_back_at", **_TIME, **_MORE),
                Column("arrived", _("Came back"), "arrived_at", **_TIME, **_MORE),
                Column("inspected", _("Inspected"), "inspected_at", **_TIME, **_MORE),
                Column("carrier", _("Carrier of the return"), "return_carrier", **_MORE),
                Column("tracking", _("Tracking no. of the return"), "return_tracking_no", **_MORE),
                Column("rule", _("Decided by the rule"), "decided_by_rule", **_MORE),
                Column("overridden", _("Against the proposal"), "overridden", As.YES, **_MORE),
            ),
        ),
    ),
    time="opened_at",
    spans=frozenset({"opened", "opened_from", "deadline_from"}),
    single=frozenset({"q", "number", "order", "tracking"}),
)

REFUNDS = Source(
    code="refunds",
    label=_("Refunds"),
    permission=Perm.AFTERSALES_VIEW,
    url_name="refund_list",
    filterset_class=refund_filters.RefundFilter,
    table_class=RefundTable,
    tabs=refund_filters.TABS,
    matching=refund_filters.matching,
    layouts=(
        Layout(
            "refunds",
            _("A row for each refund"),
            columns=(
                Column("number", _("Refund no."), "key", required=True),
                Column("status", _("Status"), Words("status", RefundStatus)),
                Column("amount", _("Amount"), "amount", required=True, **_MONEY),
                Column("order", _("Order no."), "order__number", required=True),
                Column("case", _("Case no."), "case__number"),
                Column("method", _("Payment method"), Words("payment__method", PaymentMethod), required=True),
                Column("transaction", _("Transaction no. of the payment"), "payment__transaction_no"),
                Column("requested", pgettext_lazy("time", "Requested"), "requested_at", **_TIME),
                Column("by", _("Requested by"), _asker),
                Column("confirmed", pgettext_lazy("refunds", "Confirmed"), "confirmed_at", **_TIME),
                Column("confirmed_by", _("Confirmed by"), "confirmed_label"),
                Column("ended", pgettext_lazy("refunds", "Ended"), "ended_at", **_TIME),
                Column("provider", _("Number where it was made"), "provider_no"),
                Column("by_hand", _("By hand"), "by_hand", As.YES, **_MORE),
                Column("submitted", pgettext_lazy("refunds", "Submitted"), "submitted_at", **_TIME, **_MORE),
                Column("reason", _("Reason"), "reason", **_MORE),
                Column("answer", _("Last answer"), "last_error", **_MORE),
                Column("attempts", _("Attempts"), "attempts", As.COUNT, **_MORE),
            ),
        ),
    ),
    time="requested_at",
    spans=frozenset({"requested", "requested_from"}),
    single=frozenset({"q", "order", "provider", "transaction"}),
)

SOURCES = [CASES, REFUNDS]
