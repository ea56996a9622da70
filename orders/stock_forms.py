"""Forms on stock."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.inventory import MOST_ON_HAND
from orders.stock_counts import MOST_BYTES


class CountForm(forms.Form):
    """How many units somebody counted."""

    on_hand = forms.IntegerField(
        label=_("Units on hand"),
        min_value=0,
        max_value=MOST_ON_HAND,
        help_text=_("Everything on the shelf, with what open orders have reserved."),
        error_messages={"required": _("Write how many units are on hand.")},
    )
    reason = forms.CharField(label=_("Remark"), max_length=120, required=False)


class AdjustForm(forms.Form):
    """How many units came or went, and why."""

    change = forms.IntegerField(
        label=_("Change"),
        min_value=-MOST_ON_HAND,
        max_value=MOST_ON_HAND,
        help_text=_("For example 20 when a delivery came, -3 when three broke."),
        error_messages={"required": _("Write how many units came or went.")},
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=120, error_messages={"required": _("Say why the stock changes.")}
    )


class LimitForm(forms.Form):
    """From how few units on a SKU is low."""

    low_at = forms.IntegerField(
        label=_("Low from"),
        min_value=0,
        max_value=MOST_ON_HAND,
        required=False,
        help_text=_("So many available units or fewer are reported. Empty: the limit of the shop."),
    )


class CountsFileForm(forms.Form):
    """A table of counts."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        help_text=_("CSV or XLSX with the columns “SKU” (seller SKU or SKU id) and “On hand”."),
        error_messages={"required": _("Choose a file.")},
    )

    def clean_file(self) -> Any:
        """Refuse a file that is far too large for a table of counts."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB. Split it."))
        return file


class CountsForm(forms.Form):
    """The counts of a file that somebody has looked at, sealed on the way through the browser."""

    counts = forms.CharField(error_messages={"required": _("Upload the file again.")})
