"""Forms on refunds."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class NumberForm(forms.Form):
    """Under which number the money went back."""

    number = forms.CharField(
        label=_("Number of the refund"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
        help_text=_("As the bank, the payment provider or the platform names it. The same number counts once."),
        error_messages={"required": _("A refund needs its number, so that it counts once.")},
    )


class ReasonForm(forms.Form):
    """Why a refund does not go back."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        error_messages={"required": _("Say why, so that others know.")},
    )


class AgainForm(forms.Form):
    """How the money goes back this time."""

    by_hand = forms.BooleanField(
        label=_("Somebody pays by hand"),
        required=False,
        help_text=_("Keeps it from the payment provider, for example because the account there is closed."),
    )


class MakeForm(forms.Form):
    """How much of what is owed goes back now."""

    amount = forms.DecimalField(
        label=_("Amount"),
        max_digits=12,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"step": "0.01", "min": "0.01", "autofocus": True}),
        error_messages={"required": _("Give the amount that goes back.")},
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
