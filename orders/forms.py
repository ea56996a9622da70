"""Forms on orders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.states import Abnormal, Flag

MOST_NUMBERS = 500
# The fields that say how many units of a line go into a parcel end in the line's key.
UNITS = "units_"
_UNITS_FIELD = re.compile(rf"{UNITS}(\d{{1,18}})")


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
        widget=forms.TextInput(attrs={"autofocus": True}),
        help_text=_("The buyer sees it."),
        error_messages={"required": _("Say why the order is cancelled; the buyer sees the reason.")},
    )


class HoldForm(forms.Form):
    """Why an order has to wait."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=120,
        widget=forms.TextInput(attrs={"autofocus": True}),
        help_text=_("The team sees it, the buyer does not."),
        error_messages={"required": _("Say why the order is held, so that others know what it waits for.")},
    )


class RefuseForm(forms.Form):
    """Why a cancel request is refused."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=120,
        widget=forms.TextInput(attrs={"autofocus": True}),
        help_text=_("The buyer sees it."),
        error_messages={"required": _("Say why the request is refused; the buyer sees the reason.")},
    )


class RemindForm(forms.Form):
    """Whether the shop's coupon goes along with a reminder; not asked when the shop has none."""

    coupon = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, code: str | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["coupon"].label = _("Offer the coupon “%s”") % code if code else ""
        if code == "":
            del self.fields["coupon"]


class PriceForm(forms.Form):
    """The seller's price change and the freight of an unpaid order, with the total that the seller looked at."""

    adjustment = forms.DecimalField(
        label=_("Price change"),
        max_digits=12,
        decimal_places=2,
        help_text=_("With a minus for less, without for more; it replaces the former price change."),
        widget=forms.NumberInput(attrs={"data-part-of-total": "", "step": "0.01", "autofocus": True}),
        error_messages={"required": _("Give the price change; 0 for none.")},
    )
    freight = forms.DecimalField(
        label=_("Freight"),
        max_digits=12,
        decimal_places=2,
        min_value=0,
        widget=forms.NumberInput(attrs={"data-part-of-total": "", "step": "0.01"}),
        error_messages={"required": _("Give the freight; 0 for free.")},
    )
    seen = forms.DecimalField(max_digits=14, decimal_places=2, widget=forms.HiddenInput)


class AddressForm(forms.Form):
    """Where an order goes instead; what is stored of a person is never shown here, and stays when a field is empty."""

    name = forms.CharField(label=_("Recipient"), max_length=60, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    province = forms.CharField(label=_("Province"), max_length=60, required=False)
    city = forms.CharField(
        label=_("City"), max_length=60, error_messages={"required": _("Give the city to which the order goes.")}
    )
    district = forms.CharField(label=_("District"), max_length=60, required=False)
    address = forms.CharField(label=_("Street and number"), max_length=200, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=20, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"


class ShipForm(forms.Form):
    """A parcel: by whom it travels, under which number, and how many units of each line are in it.

    `left` holds (key, title, units left) of the lines of which a part could be sent. What comes in may name any line;
    the verb decides whether it is one of the order.
    """

    carrier = forms.CharField(
        label=_("Carrier"),
        max_length=40,
        widget=forms.TextInput(attrs={"list": "carriers", "autocomplete": "off", "autofocus": True}),
        error_messages={"required": _("Say which carrier takes the parcel.")},
    )
    tracking_no = forms.CharField(
        label=_("Tracking no."),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Give the tracking number.")},
    )

    def __init__(self, data: Any = None, *, left: Sequence[tuple[int, str, int]] = (), **options: Any) -> None:
        super().__init__(data, **options)
        for key, title, units in left:
            self.fields[f"{UNITS}{key}"] = _units(title, most=units)
        for name in data or ():
            if _UNITS_FIELD.fullmatch(name):
                self.fields[name] = _units(name, required=False)

    @property
    def whole(self) -> list[forms.BoundField]:
        """The fields of every parcel."""
        return [self[name] for name in self.fields if not name.startswith(UNITS)]

    @property
    def parts(self) -> list[forms.BoundField]:
        """The fields that matter when only a part is sent."""
        return [self[name] for name in self.fields if name.startswith(UNITS)]

    def clean(self) -> dict[str, Any]:
        """Gather the units by line as `units`; None when everything that is left goes."""
        values = self.cleaned_data
        given = {int(name.removeprefix(UNITS)): values.pop(name) or 0 for name in [*values] if name.startswith(UNITS)}
        if given and not any(given.values()) and not self.errors:
            raise forms.ValidationError(_("Say how many units go into this parcel."))
        return {**values, "units": given or None}


def _units(title: str, *, most: int | None = None, required: bool = True) -> forms.IntegerField:
    wrong = {name: _("Units are whole numbers, from 0 up to what is left.") for name in ("invalid", "min_value")}
    return forms.IntegerField(
        label=title, min_value=0, max_value=most, initial=most, required=required, error_messages=wrong
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
