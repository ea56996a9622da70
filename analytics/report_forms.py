"""The form of what a shop chooses for its figures: the hour of the daily report, its readers, and the lead time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from analytics import report_readers
from analytics.models import FigureSetting
from sellercenter.models import Member, Role

_OFF = ""
_HOURS = [(_OFF, _("No daily report")), *((str(hour), f"{hour:02}:00") for hour in range(24))]


class SettingForm(forms.Form):
    """Everything that a shop chooses, and below it one address and one language for each possible reader."""

    hour = forms.ChoiceField(
        label=_("Time of the daily report"),
        choices=_HOURS,
        required=False,
        help_text=_("By the shop's clock. It tells of the day before."),
    )
    to_owner = forms.BooleanField(label=_("To the owner"), required=False)
    roles = forms.TypedMultipleChoiceField(
        label=_("To these roles"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Roles that may see figures; each person gets what they may see."),
    )
    by_mail = forms.BooleanField(
        label=_("Also by e-mail"), required=False, help_text=_("A notice behind the bell comes in any case.")
    )
    lead_days = forms.IntegerField(
        label=_("Days until new goods come"),
        min_value=1,
        max_value=180,
        help_text=_("Of SKUs that run out sooner you are warned."),
        error_messages={"required": _("Write a number of days from 1 to 180.")},
    )

    def __init__(
        self, data: Any = None, *, setting: FigureSetting, roles: Sequence[Role], team: Sequence[Member]
    ) -> None:
        start = {name: getattr(setting, name) for name in ("to_owner", "roles", "by_mail", "lead_days")}
        super().__init__(data, initial={**start, "hour": _OFF if setting.hour is None else str(setting.hour)})
        self.team = team
        self.fields["roles"].choices = [(role.pk, role.label) for role in roles]  # type: ignore[attr-defined]
        for member in team:
            self._add_reader(member)

    def _add_reader(self, member: Member) -> None:
        reader = report_readers.reader_of(member)
        languages = [("", _("Language of the account")), *settings.LANGUAGES]
        # Help texts are shown as they stand, and people name their roles themselves.
        known, role = report_readers.address_of(member), escape(member.role_label)
        address = forms.EmailField(
            label=_("E-mail of %s") % member.label,
            required=False,
            initial=reader.email,
            help_text=role if known else _("%s. No address is known.") % role,
        )
        address.widget.attrs |= {"placeholder": member.user.email, "autocomplete": "off"}
        self.fields[f"email_{member.pk}"] = address
        self.fields[f"language_{member.pk}"] = forms.ChoiceField(
            label=_("Language of %s") % member.label, choices=languages, required=False, initial=reader.language
        )

    def main_fields(self) -> list[forms.BoundField]:
        """Return the fields of the shop itself."""
        return [self[name] for name in ("hour", "to_owner", "roles", "by_mail", "lead_days")]

    def reader_fields(self) -> list[tuple[Member, forms.BoundField, forms.BoundField]]:
        """Return each possible reader with the fields of the address and the language."""
        return [(one, self[f"email_{one.pk}"], self[f"language_{one.pk}"]) for one in self.team]

    def values(self) -> dict[str, Any]:
        """Return what was chosen for the shop, by the names of the verb."""
        told = self.cleaned_data
        hour = None if told["hour"] == _OFF else int(told["hour"])
        return {**{name: told[name] for name in ("to_owner", "by_mail", "lead_days")}, "hour": hour} | {
            "roles": sorted(told["roles"])
        }

    def readers(self) -> dict[int, dict[str, str]]:
        """Return what was chosen for each possible reader, by the keys of members."""
        told = self.cleaned_data
        return {one.pk: {"email": told[f"email_{one.pk}"], "language": told[f"language_{one.pk}"]} for one in self.team}
