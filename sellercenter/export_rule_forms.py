"""The form of a scheduled export: its name, when it is made, as what file, with which columns, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sellercenter.exports import Layout
from sellercenter.models import Every, FileForm, Member

_HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


class RuleForm(forms.Form):
    """What a person chooses of a rule; the list, its filter and what a row stands for are chosen before."""

    name = forms.CharField(
        label=pgettext_lazy("export rule", "Name"), max_length=40, error_messages={"required": _("Give it a name.")}
    )
    every = forms.ChoiceField(label=pgettext_lazy("export rule", "How often"), choices=Every.choices)
    hour = forms.TypedChoiceField(
        label=_("Time of day"), choices=_HOURS, coerce=int, help_text=_("By the shop's clock; a whole hour.")
    )
    form = forms.ChoiceField(
        label=_("Format"),
        choices=FileForm.choices,
        help_text=_("Excel for people, CSV for programs and for very long lists."),
    )
    readers = forms.TypedMultipleChoiceField(
        label=_("Who is told"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("By a notice, and by an e-mail with a link to the file for those whose address is known."),
    )
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Those that name a record are always in the file."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        layout: Layout,
        chosen: Sequence[str],
        team: Sequence[tuple[Member, str]],
        initial: dict[str, Any] | None = None,
    ) -> None:
        named = [column.name for column in layout.named(chosen)]
        super().__init__(data, initial={**(initial or {}), "columns": named})
        told = [(one.pk, f"{one.label}: {why}" if why else one.label) for one, why in team]
        self.fields["readers"].choices = told  # type: ignore[attr-defined]
        if layout.fixed:
            del self.fields["columns"]
            return
        labels = {column.name: column.label for column in layout.columns}
        # Those that were chosen come first, in their order, which is that of the file.
        every = [*named, *(name for name in labels if name not in named)]
        self.fields["columns"].choices = [(name, labels[name]) for name in every]  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """Return what was typed, by the names of a rule's parts."""
        told = self.cleaned_data
        return {
            **{name: told[name] for name in ("name", "hour")},
            "columns": told.get("columns", []),
            "form": FileForm(told["form"]),
            "every": Every(told["every"]),
        }
