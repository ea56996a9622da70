"""Forms on orders."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.states import Abnormal, Flag

MOST_NUMBERS = 500


class NoteForm(forms.Form):
    """An internal note."""

    body = forms.CharField(
        label=_("Internal note"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Write something first.")},
    )


class SellerNoteForm(forms.Form):
    """The seller note, with the text that the writer saw."""

    note = forms.CharField(
        label=_("Seller note"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Travels with the order to the platform. Internal notes do not."),
    )
    before = forms.CharField(max_length=1000, required=False, strip=False, widget=forms.HiddenInput)


class FlagForm(forms.Form):
    """A flag colour, or none."""

    flag = forms.TypedChoiceField(
        label=_("Flag"),
        choices=[("", _("No flag")), *Flag.choices],
        required=False,
        coerce=int,
        empty_value=None,
        widget=forms.RadioSelect,
    )


class AbnormalForm(forms.Form):
    """What is out of the ordinary."""

    kind = forms.ChoiceField(label=_("What is wrong"), choices=Abnormal.choices)
    reason = forms.CharField(label=_("In a few words"), max_length=300, required=False)


class CancelForm(forms.Form):
    """Why an order is cancelled."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=120,
        help_text=_("The buyer sees it."),
        error_messages={"required": _("Say why the order is cancelled; the buyer sees the reason.")},
    )


class NumbersForm(forms.Form):
    """Order and tracking numbers, pasted."""

    numbers = forms.CharField(
        widget=forms.Textarea, max_length=60_000, error_messages={"required": _("Paste some numbers first.")}
    )

    def clean_numbers(self) -> list[str]:
        """Split at white space, commas and semicolons; keep the first of equals; refuse more than 500."""
        numbers = [one.strip("'\"\t") for one in re.split(r"[\s,;，；、]+", self.cleaned_data["numbers"])]
        unique = list(dict.fromkeys(one for one in numbers if one))
        if len(unique) > MOST_NUMBERS:
            raise forms.ValidationError(
                _("These are %(count)s numbers; at most %(most)s can be looked up at once."),
                params={"count": len(unique), "most": MOST_NUMBERS},
            )
        if not unique:
            raise forms.ValidationError(_("Paste some numbers first."))
        return [one[:64] for one in unique]
