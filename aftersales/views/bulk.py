"""The first screen of each bulk action on cases."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from aftersales.bulk import ACTIONS, Chosen
from aftersales.forms import DecideForm, ExtendForm, RefuseForm
from sellercenter.bulk_pages import BulkPage
from sellercenter.permissions import Perm


class CaseBulk(BulkPage):
    """One action on many cases; each is decided as it is when its turn comes."""

    permission, template = Perm.AFTERSALES_DECIDE, "aftersales/case_bulk.html"
    actions, action, chosen_class = ACTIONS, ACTIONS[0], Chosen
    list_title = gettext_lazy("Cases")
    choose_first = gettext_lazy("Choose cases in the list first.")
    back_label = gettext_lazy("Back to the cases")
    form_classes = {"accept": DecideForm, "extend": ExtendForm, "refuse": RefuseForm}

    def form(self, data: Any = None) -> forms.Form:
        """Return the form of the action's own values: no single version, and no coupon, is meant for many cases."""
        form = super().form(data)
        for name in ("seen", "coupon"):
            form.fields.pop(name, None)
        return form
