"""The form of a shop's policy: lengths of time as people say them, and rules between them in clear sentences."""

from __future__ import annotations

from copy import copy
from datetime import time, timedelta
from typing import Any

from django import forms
from django.db import models
from django.utils.dateparse import parse_duration
from django.utils.formats import time_format
from django.utils.html import escape
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sellercenter import shops
from sellercenter.models import POLICY_CLOCKS, Channel, ShopPolicy
from sellercenter.money import quantise
from sellercenter.texts import Text

LONGEST = timedelta(days=365)
_SPANS = {"days": timedelta(days=1), "hours": timedelta(hours=1), "minutes": timedelta(minutes=1)}
_NO_UNIT = gettext_lazy("Choose a unit.")
UNITS = [("minutes", gettext_lazy("minutes")), ("hours", gettext_lazy("hours")), ("days", gettext_lazy("days"))]


def in_units(value: timedelta | None) -> tuple[int | None, str]:
    """Return a length of time as a whole number of its largest unit; a broken minute counts as one."""
    if value is None:
        return None, "hours"
    minutes = -(-value // _SPANS["minutes"])
    unit = next(unit for unit, span in _SPANS.items() if not minutes % (span // _SPANS["minutes"]))
    return minutes // (_SPANS[unit] // _SPANS["minutes"]), unit


def span_said(value: timedelta | None) -> str:
    """Say a length of time, such as 15 minutes; nothing is never."""
    number, unit = in_units(value)
    if number is None:
        return _("never")
    words = {
        "minutes": ngettext("%(n)s minute", "%(n)s minutes", number),
        "hours": ngettext("%(n)s hour", "%(n)s hours", number),
        "days": ngettext("%(n)s day", "%(n)s days", number),
    }
    return words[unit] % {"n": number}


def remembered(name: str, kept: Any) -> str:
    """Say the value of one part of a policy as its history keeps it."""
    if name in POLICY_CLOCKS:
        return span_said(parse_duration(kept) if kept else None)
    return said(name, time.fromisoformat(kept) if kept and name.startswith("quiet_") else kept)


def said(name: str, value: Any) -> str:
    """Say the value of one part of a policy as people read it."""
    if name in POLICY_CLOCKS:
        return span_said(value)
    if isinstance(value, list):
        return ", ".join(str(Channel(one).label) for one in value if one in Channel.values) or _("none")
    if isinstance(value, time):
        return time_format(value, "H:i")
    return _("none") if value in (None, "") else str(value)


class SpanWidget(forms.MultiWidget):
    """A number and its unit."""

    def __init__(self, label: Text) -> None:
        number = forms.NumberInput(attrs={"min": 1, "inputmode": "numeric", "aria-label": label, "placeholder": "—"})
        unit = forms.Select(choices=UNITS, attrs={"aria-label": gettext_lazy("Unit")})
        super().__init__({"": number, "unit": unit})

    def decompress(self, value: timedelta | None) -> list[Any]:
        """Show a length of time in its largest unit."""
        return list(in_units(value))


class SpanField(forms.MultiValueField):
    """A length of time as a number and a unit; an empty number is never."""

    def __init__(self, *, label: Text, help_text: Text) -> None:
        number = forms.IntegerField(
            error_messages={"invalid": gettext_lazy("Write a whole number, or leave it empty for never.")}
        )
        unit = forms.ChoiceField(
            choices=UNITS, error_messages=dict.fromkeys(("invalid_choice", "incomplete"), _NO_UNIT)
        )
        super().__init__(
            (number, unit),
            label=label,
            help_text=help_text,
            widget=SpanWidget(label),
            required=False,
            require_all_fields=False,
        )

    def clean(self, value: Any) -> timedelta | None:
        """Leave the unit aside where there is no number."""
        number = value[0] if value else None
        return super().clean(value) if number not in (None, "") else None

    def compress(self, data_list: list[Any]) -> timedelta | None:
        """Multiply the number by its unit; refuse what is not above zero or longer than a year."""
        if data_list[0] < 1:
            raise forms.ValidationError(_("Write a number above zero, or leave it empty for never."))
        if data_list[0] > LONGEST // _SPANS[data_list[1]]:
            raise forms.ValidationError(_("More than a year is too long. Leave it empty for never."))
        return data_list[0] * _SPANS[data_list[1]]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lengths of time, whatever their units."""
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True


def _field(column: models.Field, **options: Any) -> forms.Field | None:
    """Choose how one column of a policy is typed."""
    if isinstance(column, models.DurationField):
        return SpanField(label=capfirst(column.verbose_name), help_text=column.help_text)
    if isinstance(column, models.TimeField):
        return column.formfield(widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    if column.name.endswith("_channels"):
        chosen = forms.CheckboxSelectMultiple
        options = {"label": capfirst(column.verbose_name), "help_text": column.help_text, "widget": chosen}
        return forms.MultipleChoiceField(choices=Channel.choices, required=False, **options)
    return column.formfield(**options)


class PolicyForm(forms.ModelForm):
    """Everything that a policy says, with the default beside each, and what is saved now where it differs."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    open_orders = forms.BooleanField(
        label=gettext_lazy("Apply to open orders and cases"),
        required=False,
        help_text=gettext_lazy("Otherwise they keep their times. What is overdue by the new ones happens at once."),
    )

    class Meta:
        model = ShopPolicy
        fields = tuple(shops.policy_parts())
        formfield_callback = _field

    def __init__(self, data: Any = None, *, policy: ShopPolicy) -> None:
        # The form writes into its instance while it checks; what is saved must stay as it is.
        super().__init__(data, instance=copy(policy), initial={"seen": shops.policy_mark(policy)})
        for name in shops.policy_parts():
            field, default = self.fields[name], ShopPolicy._meta.get_field(name).get_default()  # type: ignore[union-attr]
            hints = [str(field.help_text), _("Default: %s.") % said(name, default)]
            if name == "refund_limit":
                hints.append(_("In %s.") % policy.shop.currency)
            if data is not None and field.has_changed(self.initial[name], self._typed(name)):
                hints.append(_("Saved now: %s.") % escape(said(name, getattr(policy, name))))
            field.help_text = " ".join(filter(None, hints))

    def _typed(self, name: str) -> Any:
        # Not by way of the bound field, which would keep the help text as it was before.
        return self.fields[name].widget.value_from_datadict(self.data, self.files, self.add_prefix(name))

    def clean(self) -> dict[str, Any]:
        """Hold the clocks against each other; each rule names the field to change."""
        data = super().clean() or {}
        for later, earlier, sentence in _ORDER:
            after, before = data.get(later), data.get(earlier)
            if after is not None and before is not None and after <= before:
                self.add_error(later, sentence)
        if data.get("ship_warning") and not data.get("ship_within") and "ship_within" not in self.errors:
            self.add_error("ship_warning", _("Without a time to ship within nothing can be warned of. Empty this too."))
        self._check_quiet_hours(data.get("quiet_from"), data.get("quiet_until"))
        self._check_numbers(data)
        return data

    def _check_numbers(self, data: dict[str, Any]) -> None:
        limit, currency = data.get("refund_limit"), self.instance.shop.currency
        if limit is not None and limit < 0:
            self.add_error("refund_limit", _("Write an amount, or leave it empty: then one person is enough."))
        elif limit is not None and limit != quantise(limit, currency):
            self.add_error("refund_limit", _("%s has no smaller part.") % currency)
        for name in ("appeal_file_days", "appeal_answer_days"):
            if name in data and not 1 <= data[name] <= LONGEST.days:
                self.add_error(name, _("Write a number of days from 1 to %s.") % LONGEST.days)

    def _check_quiet_hours(self, start: time | None, end: time | None) -> None:
        if self.has_error("quiet_from") or self.has_error("quiet_until"):
            return
        if (start is None) != (end is None):
            missing = "quiet_from" if start is None else "quiet_until"
            self.add_error(missing, _("Quiet hours need both ends. Fill in this one, or empty the other."))
        elif start is not None and start == end:
            self.add_error("quiet_until", _("Quiet hours can't end at the minute at which they begin."))

    def values(self) -> dict[str, Any]:
        """Return what was typed, by the names of the policy's parts."""
        return {name: self.cleaned_data[name] for name in shops.policy_parts()}


# (the longer one, the shorter one, what to say at the longer one)
_ORDER: tuple[tuple[str, str, Text], ...] = (
    (
        *("second_reminder", "first_reminder"),
        gettext_lazy("The second reminder must come after the first one."),
    ),
    (
        *("payment_window", "first_reminder"),
        gettext_lazy("Unpaid orders would be cancelled before the first reminder. Make this time longer."),
    ),
    (
        *("payment_window", "second_reminder"),
        gettext_lazy("Unpaid orders would be cancelled before the second reminder. Make this time longer."),
    ),
    (
        *("ship_within", "ship_warning"),
        gettext_lazy("The warning would come before the order is paid. Make this longer than the warning."),
    ),
    (
        *("ship_cancel", "ship_within"),
        gettext_lazy("Orders would be cancelled before they are late. Make this longer than the time to ship within."),
    ),
    (
        *("case_answer", "case_warning"),
        gettext_lazy("The warning would come before the case. Make this longer than the warning."),
    ),
    (
        *("inspect_within", "case_warning"),
        gettext_lazy("The warning would come before the return. Make this longer than the warning."),
    ),
)
