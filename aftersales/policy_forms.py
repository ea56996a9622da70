"""The forms of a shop's policies for problems and of its rules for new cases."""

from __future__ import annotations

import re
from copy import copy
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import policies, policy_changes
from aftersales.models import CaseRule, Sop
from aftersales.states import CaseKind, Problem, Proposal
from sellercenter import money

_NAMED = re.compile(r"\{([^{}]*)\}")


class EntryForm(forms.ModelForm):
    """What an entry of either list says, and the mark of what was there when the form was opened."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)
    amounts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, data: Any = None, *, entry: Any) -> None:
        # The form writes into its instance while it checks; what is saved must stay as it is.
        seen = policy_changes.mark(entry) if entry.pk else ""
        super().__init__(data, instance=copy(entry), initial={"seen": seen})
        for name in self.amounts:
            self.fields[name].label = f"{self.fields[name].label} ({entry.shop.currency})"
            self.fields[name].widget.attrs |= {"min": "0", "inputmode": "decimal"}

    def clean(self) -> dict[str, Any]:
        """Refuse limits that no amount of the shop's currency can reach exactly."""
        data = super().clean() or {}
        for name in self.amounts:
            limit, currency = data.get(name), self.instance.shop.currency
            if limit is not None and limit <= 0:
                self.add_error(name, _("Write an amount above zero, or leave it empty for any amount."))
            elif limit is not None and limit != money.quantise(limit, currency):
                self.add_error(name, _("%s has no smaller part.") % currency)
        return data

    def values(self) -> dict[str, Any]:
        """Return what was typed, by the names of the entry's parts."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class SopForm(EntryForm):
    """A policy: what is proposed for which problem, up to which amount, in which words."""

    amounts = ("up_to",)

    class Meta:
        model = Sop
        fields = ("problem", "proposal", "up_to", "percent", "coupon", "text", "active")
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, data: Any = None, *, entry: Sop) -> None:
        super().__init__(data, entry=entry)
        names = ", ".join(f"{{{name}}}" for name in policies.VARIABLES)
        self.fields["text"].help_text = _("These are filled in: %s.") % names
        self.fields["coupon"].help_text = _("The code of a coupon, when one is offered.")

    def clean_text(self) -> str:
        """Refuse names that nothing would be filled in for: the buyer would read them as they stand."""
        text = str(self.cleaned_data["text"])
        unknown = [name for name in _NAMED.findall(text) if name not in policies.VARIABLES]
        if unknown:
            raise forms.ValidationError(_("Nothing is filled in for {%s}. Look at its spelling.") % unknown[0][:40])
        return text

    def clean(self) -> dict[str, Any]:
        """Ask for what the proposal needs, and drop what it has no use for."""
        data = super().clean()
        partial, coupon = (data.get("proposal") == one for one in (Proposal.PARTIAL, Proposal.COUPON))
        if partial and "percent" not in self.errors and not 1 <= (data.get("percent") or 0) <= 99:
            self.add_error("percent", _("A partial refund needs a percentage from 1 to 99."))
        if coupon and not data.get("coupon"):
            self.add_error("coupon", _("Name the coupon that is offered."))
        return data | ({} if partial else {"percent": None}) | ({} if coupon else {"coupon": ""})


def _ticks(label: Any, choices: Any, **options: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, choices=choices, widget=forms.CheckboxSelectMultiple, **options)


class CaseRuleForm(EntryForm):
    """A rule: which new cases are accepted by themselves.

    `tried` is the mark of the conditions whose figures the person has seen; a rule is switched on with these alone.
    """

    amounts = ("most_amount",)
    kinds = _ticks(gettext_lazy("Kinds"), CaseKind.choices)
    problems = _ticks(
        gettext_lazy("Problems"),
        Problem.choices,
        required=False,
        help_text=gettext_lazy("None ticked: any problem."),
    )
    tried = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)

    class Meta:
        model = CaseRule
        fields = ("name", "kinds", "problems", "most_amount", "most_cases", "unshipped_only", "active")

    def __init__(self, data: Any = None, *, entry: CaseRule) -> None:
        super().__init__(data, entry=entry)
        self.fields["most_amount"].help_text = _("Empty: any amount. Never above what needs a second person.")
        self.fields["most_cases"].help_text = _("The new one counts too. Empty: any number.")
        self.fields["most_cases"].widget.attrs |= {"min": "1"}
        self.fields["name"].help_text = _("Stands on every case that it accepts.")
        self.fields["active"].label = _("Switched on")

    def clean_name(self) -> str:
        """Refuse a name that another rule of the shop has."""
        name = str(self.cleaned_data["name"])
        others = CaseRule.objects.for_shop(self.instance.shop).exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise forms.ValidationError(_("Another rule has this name."))
        return name

    def clean_most_cases(self) -> int | None:
        """Refuse a number that no case can meet."""
        most: int | None = self.cleaned_data["most_cases"]
        if most == 0:
            raise forms.ValidationError(_("The new case counts too, so that no case could be accepted."))
        return most

    def typed(self) -> CaseRule:
        """Return the rule as it was typed, not saved; only after `is_valid`."""
        rule: CaseRule = self.instance
        return rule


class ShiftForm(forms.Form):
    """Where an entry goes in its list."""

    to = forms.ChoiceField(choices=[("up", "up"), ("down", "down")])


class SeenForm(forms.Form):
    """The mark of the entry that the person saw."""

    seen = forms.CharField(max_length=64, required=False)
