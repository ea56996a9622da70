"""The columns of the list of refunds: what each cell shows, prepared once per row."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales.models import Refund
from aftersales.states import RefundStatus
from orders.states import PaymentMethod
from sellercenter.columns import Column, ListTable, MadeColumn, MoneyColumn, NumberColumn, Setting, TimeColumn, labels
from sellercenter.keyset import Sort
from sellercenter.permissions import ActorKind

_LISTED = (
    *("shop_id", "key", "amount", "currency", "status", "due_at", "reason", "by_hand", "requested_at", "ended_at"),
    *("requested_by_id", "requested_label", "confirmed_label", "last_error", "provider_no", "attempts", "case_id"),
    *("order__number", "case__number", "payment__method", "payment__transaction_no"),
)


def listed() -> QuerySet[Refund]:
    """Return the query of the list: what its columns show, with the order, the case and the payment."""
    return Refund.objects.select_related("order", "case", "payment").only(*_LISTED)


def states(refund: Refund, at: Setting) -> list[dict[str, str]]:
    """Show the state, and beside it that a person has to send the money."""
    shown = [{"code": refund.status, "label": labels(RefundStatus)[refund.status]}]
    if waits_for_hand(refund):
        shown.append({"code": "soon", "label": _("To pay by hand")})
    return shown


def waits_for_hand(refund: Refund) -> bool:
    """Say whether nobody but a person sends this money."""
    return refund.status == RefundStatus.REQUESTED and refund.due_at is None


def why(refund: Refund, at: Setting) -> str:
    """Show what the money is for: its case, or that it was owed anyway."""
    return refund.case.number if refund.case is not None else _("Owed without a case")


def asker(refund: Refund, at: Setting) -> str:
    """Show who asked: a person by name, else the system, the buyer or the platform in the reader's language."""
    outside = labels(ActorKind) if refund.requested_by_id is None else {}
    return outside.get(refund.requested_label, refund.requested_label)


def method(refund: Refund, at: Setting) -> str:
    """Show by which way the payment came that gives the money back."""
    return labels(PaymentMethod).get(refund.payment.method, "")


class RefundTable(ListTable):
    """The columns of the list of refunds."""

    number = NumberColumn(gettext_lazy("Refund no."), "key", required=True)
    status = MadeColumn(gettext_lazy("Status"), states, kind="badges", required=True)
    amount = MoneyColumn(gettext_lazy("Amount"), "amount", sort="amount")
    order = MadeColumn(gettext_lazy("Order no."), lambda refund, at: refund.order.number, kind="text")
    why = MadeColumn(gettext_lazy("For"), why, kind="text")
    method = MadeColumn(gettext_lazy("Payment method"), method, kind="text")
    requested = TimeColumn(pgettext_lazy("time", "Requested"), "requested_at", sort="requested")
    by = MadeColumn(gettext_lazy("Requested by"), asker, kind="text")
    confirmed = Column(gettext_lazy("Confirmed by"), "confirmed_label")
    answer = Column(gettext_lazy("Last answer"), "last_error")
    ended = TimeColumn(pgettext_lazy("refunds", "Ended"), "ended_at", shown=False)
    provider = Column(gettext_lazy("Number where it was made"), "provider_no", shown=False)
    transaction = MadeColumn(
        *(gettext_lazy("Transaction no. of the payment"), lambda refund, at: refund.payment.transaction_no),
        kind="text",
        shown=False,
    )

    sorts = {
        "requested": Sort("requested_at", descending=True),
        "amount": Sort("amount", descending=True, type=Decimal),
    }
    default_sort = "requested"

    @classmethod
    def row_css(cls, record: Refund, at: Setting) -> str:
        """Mark what did not go through."""
        return "late" if record.status == RefundStatus.FAILED else ""
