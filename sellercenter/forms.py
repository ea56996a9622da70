"""Forms of the platform: people of a shop, and how one reads."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext_lazy as _

from sellercenter.models import Role, User


class RoleField(forms.ModelChoiceField):
    """A role of this shop that the person at the screen may give."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Role.objects.none(), label=_("Role"), empty_label=_("Choose a role"), **options)

    def label_from_instance(self, obj: Any) -> str:
        """Name the role without its shop: there is only one here."""
        return str(obj.label)

    def offer(self, roles: list[Role]) -> None:
        """Offer these roles and no others."""
        self.queryset = Role.objects.filter(pk__in=[role.pk for role in roles])


class MemberForm(forms.Form):
    """A new sub-account."""

    label = forms.CharField(label=_("Name"), max_length=60, help_text=_("As the team knows this person."))
    username = forms.CharField(
        label=_("Signs in as"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        help_text=_("Letters, digits and @ . + - _ only. No e-mail address is needed."),
    )
    password = forms.CharField(
        label=_("First password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )
    role = RoleField()

    def __init__(self, *args: Any, roles: list[Role], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].offer(roles)  # type: ignore[attr-defined]

    def clean_username(self) -> str:
        """Refuse a name that is taken, whatever its capitals."""
        username = str(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError(_("This name is taken. Choose another one."))
        return username


class RoleForm(forms.Form):
    """Another role for a sub-account."""

    role = RoleField()

    def __init__(self, *args: Any, roles: list[Role], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].offer(roles)  # type: ignore[attr-defined]


class PasswordForm(forms.Form):
    """A new password for a sub-account."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )


class ThemeForm(forms.Form):
    """Light, dark, or as the device."""

    theme = forms.ChoiceField(choices=User.Theme.choices)
