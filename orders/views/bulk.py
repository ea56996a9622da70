"""The first screen of each bulk action on orders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.bulk import ACTIONS, Chosen
from orders.bulk_forms import ShipLinesForm
from orders.forms import AbnormalForm, CancelForm, FlagForm, RemindForm
from sellercenter import bulk
from sellercenter.bulk_pages import BulkPage
from sellercenter.permissions import Perm


class OrderBulk(BulkPage):
    """One action on many orders."""

    permission, template = Perm.ORDERS_VIEW, "orders/bulk.html"
    actions, action, chosen_class = ACTIONS, ACTIONS[0], Chosen
    list_title = gettext_lazy("Orders")
    choose_first = gettext_lazy("Choose orders in the list first.")
    back_label = gettext_lazy("Back to the orders")
    form_classes = {
        "approve": forms.Form,
        "ship": ShipLinesForm,
        "remind": RemindForm,
        "flag": FlagForm,
        "mark": AbnormalForm,
        "cancel": CancelForm,
    }

    def form(self, data: Any = None) -> forms.Form:
        """Return the form of the action's own values; whether there is a coupon to offer, the shop's policy says."""
        if self.action.code == "remind":
            return RemindForm(data, code=self.shop.policy.coupon, auto_id="bulk_%s")
        return super().form(data)

    def values(self, form: forms.Form) -> dict[str, Any]:
        """Return the form's values; the lines are kept apart."""
        values = super().values(form)
        values.pop("lines", None)
        return {"coupon": False} | values if isinstance(form, RemindForm) else values

    def lines(self, form: forms.Form, chosen: bulk.Chosen) -> list[tuple[int, str, str]] | None:
        """Find the order of each pasted line among the chosen ones; a line without one is a problem of the form."""
        if not isinstance(form, ShipLinesForm):
            return None
        lines = form.cleaned_data["lines"]
        numbers = [number for _place, number, _tracking_no in lines]
        known = dict(chosen.rows(self.shop).filter(number__in=numbers).values_list("number", "pk"))
        for place, number, _tracking_no in lines:
            if number not in known:
                told = {"place": place, "number": number}
                form.add_error("lines", _("Line %(place)s: “%(number)s” is not among the chosen orders.") % told)
        return [(known[number], number, tracking_no) for _place, number, tracking_no in lines if number in known]
