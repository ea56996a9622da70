"""The list of refunds, the page of one, and the doors of what can be done with it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import refund_actions, refund_offers, refunds, refunds_shown, timeline
from aftersales.models import Refund
from aftersales.refund_bulk import ACTIONS, Chosen
from aftersales.refund_filters import TABS, RefundFilter
from aftersales.refund_forms import AgainForm, MakeForm, NumberForm, ReasonForm
from aftersales.refund_tables import RefundTable, listed
from aftersales.states import RefundStatus
from orders.models import Order
from sellercenter import money
from sellercenter.bulk_pages import BulkPage
from sellercenter.pages import ActPage, Bulk, ShopPage, TablePage, Text
from sellercenter.permissions import Perm


class RefundList(TablePage):
    """Refunds of this shop, the newest first."""

    name, url_name, permission = "refunds", "refund_list", Perm.AFTERSALES_VIEW
    title = gettext_lazy("Refunds")
    queryset = listed()
    filterset_class, table_class, tabs = RefundFilter, RefundTable, TABS
    bulk = tuple(Bulk(one.label, one.icon, one.permission, one.url_name, one.danger) for one in ACTIONS)

    def link(self, record: Refund) -> str:
        """Return the address of the refund's page."""
        return f"{self._base}/{record.pk}"

    @cached_property
    def _base(self) -> str:
        return self.url(self.url_name)


class RefundBulk(BulkPage):
    """One action on many refunds; each is looked at as it is when its turn comes."""

    permission, template = Perm.AFTERSALES_VIEW, "aftersales/refund_bulk.html"
    actions, action, chosen_class = ACTIONS, ACTIONS[0], Chosen
    list_title = gettext_lazy("Refunds")
    choose_first = gettext_lazy("Choose refunds in the list first.")
    back_label = gettext_lazy("Back to the refunds")
    form_classes = {"confirm": forms.Form, "try_again": AgainForm, "call_back": ReasonForm}


class RefundDetail(ShopPage):
    """Everything about one refund."""

    permission = Perm.AFTERSALES_VIEW
    template = "aftersales/refund_detail.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the refund with its history and what this person can do now."""
        found = Refund.objects.for_shop(self.shop).select_related("order", "case", "payment")
        refund = get_object_or_404(found, pk=pk)
        crumbs = [{"label": _("Refunds"), "url": self.url("refund_list")}, {"label": refund.key, "url": ""}]
        shown = refunds_shown.prepare(refund, self.setting) | {"timeline": timeline.of_refund(refund, self.setting)}
        shown |= refund_offers.offered(refund, self.actor, partial(self._door, refund))
        return self.show(page={"title": refund.key, "breadcrumbs": crumbs}, refund=shown)

    def _door(self, refund: Refund, move: str) -> str:
        return self.url(f"refund_{move}", refund.pk)


class RefundAct(ActPage):
    """A verb on one refund of this shop."""

    abstract = True

    def find(self, **kwargs: Any) -> Refund:
        """Return the refund of this shop, or 404."""
        found = Refund.objects.for_shop(self.shop)
        around = found.select_related("shop__policy", "order__shop__policy", "case__shop__policy", "payment")
        return get_object_or_404(around, pk=kwargs["pk"])

    def after(self, record: Refund) -> str:
        """Go back to the refund."""
        return self.url("refund_detail", record.pk)


class RefundConfirm(RefundAct):
    """Let a refund above the limit go back."""

    permission, done = Perm.REFUNDS_CONFIRM, gettext_lazy("The refund is confirmed and goes back.")

    def act(self, record: Refund, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        refund_actions.confirm(record, by=self.actor)
        return None


class RefundReject(RefundAct):
    """Say no to a refund above the limit."""

    permission, form_class = Perm.REFUNDS_CONFIRM, ReasonForm
    done = gettext_lazy("The refund is rejected; no money goes back.")

    def act(self, record: Refund, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        refund_actions.reject(record, reason=data["reason"], by=self.actor)
        return None


class RefundCallBack(RefundAct):
    """Take a refund back before it is handed over."""

    permission, form_class = Perm.REFUNDS_MAKE, ReasonForm
    done = gettext_lazy("The refund is called back; no money goes back.")

    def act(self, record: Refund, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        refund_actions.call_back(record, reason=data["reason"], by=self.actor)
        return None


class RefundSettleByHand(RefundAct):
    """Note that somebody paid."""

    permission, form_class = Perm.REFUNDS_MAKE, NumberForm

    def act(self, record: Refund, data: dict[str, Any]) -> Text | None:
        """Call the verb, and say what is noted."""
        refund_actions.settle_by_hand(record, number=data["number"], by=self.actor)
        return _("%s is noted as refunded.") % money.text(record.amount, record.currency)


class RefundNoteFailure(RefundAct):
    """Note that a refund of which nobody tells did not happen."""

    permission, form_class = Perm.REFUNDS_CONFIRM, ReasonForm
    done = gettext_lazy("The refund is noted as failed; its money is free again.")

    def act(self, record: Refund, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        refund_actions.note_failure(record, reason=data["reason"], by=self.actor)
        return None


class RefundTryAgain(RefundAct):
    """Ask for the money once more."""

    permission, form_class = Perm.REFUNDS_MAKE, AgainForm

    made: Refund | None = None

    def act(self, record: Refund, data: dict[str, Any]) -> Text | None:
        """Call the verb, and name the new refund."""
        self.made, *_others = refund_actions.try_again(record, by_hand=data["by_hand"], by=self.actor)
        return _("%s is asked for again.") % money.text(record.amount, record.currency)

    def after(self, record: Refund) -> str:
        """Show the new refund."""
        return super().after(self.made or record)


class OrderMakeRefund(ActPage):
    """Send back what is owed of an order without a case."""

    permission, form_class = Perm.REFUNDS_MAKE, MakeForm

    def find(self, **kwargs: Any) -> Order:
        """Return the order of this shop, or 404."""
        return get_object_or_404(Order.objects.for_shop(self.shop).select_related("shop__policy"), pk=kwargs["pk"])

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb, and say whether a second person has to look at it."""
        made = refunds.make(record, **data, case=None, by=self.actor)
        told = money.text(data["amount"], record.currency)
        if made[0].status == RefundStatus.TO_CONFIRM:
            return _("%s waits for a second person to confirm it.") % told
        return _("%s is asked for.") % told

    def after(self, record: Order) -> str:
        """Go back to the order."""
        return self.url("order_detail", record.pk)
