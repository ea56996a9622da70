"""The form by which people ask for an export: how a row is meant, which columns in which order, as what file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from sellercenter.exports import Layout, Source
from sellercenter.models import ExportTemplate, FileForm

SHORTEST_REASON = 5
_SAY = _("Say what the private data is needed for, in a few words.")


class ExportForm(forms.Form):
    """What is asked for besides the list's own filters; `saving` keeps columns and form alone, under a name."""

    layout = forms.ChoiceField(error_messages={"invalid_choice": _("Choose what a row stands for.")})
    form = forms.ChoiceField(
        choices=FileForm.choices,
        error_messages={"required": _("Choose CSV or Excel."), "invalid_choice": _("Choose CSV or Excel.")},
    )
    days = forms.ChoiceField(
        required=False,
        error_messages={"invalid_choice": _("Choose a time from the list.")},
    )
    private = forms.BooleanField(required=False)
    reason = forms.CharField(
        label=_("What the private data is needed for"),
        min_length=SHORTEST_REASON,
        max_length=200,
        help_text=_("It stands in the log, and the owner reads it."),
        error_messages={"required": _SAY, "min_length": _SAY},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label=_("Your own password, once more"),
        max_length=256,
        strip=False,
        error_messages={"required": _("Give your own password once more.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    name = forms.CharField(
        label=_("Name of the template"),
        max_length=40,
        required=False,
        error_messages={"required": _("Give the template a name.")},
    )
    shared = forms.BooleanField(label=_("For the whole team"), required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        source: Source,
        windowed: bool,
        template: ExportTemplate | None = None,
        saving: bool = False,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.source, self.template, self.saving = source, template, saving
        begun = {
            "layout": source.layouts[0].code,
            "form": FileForm.XLSX,
            "days": settings.EXPORT_WINDOW,
            **(initial or {}),
        }
        if template and any(template.layout == one.code for one in source.layouts):
            begun |= {"layout": template.layout, "form": template.form}
        super().__init__(data, initial=begun, auto_id="export_%s")
        fields: Any = self.fields
        fields["layout"].choices = [(one.code, one.label) for one in source.layouts]
        fields["days"].choices = [(n, "") for n in ((settings.EXPORT_WINDOW, 0) if windowed else (0,))]
        fields["name"].required = saving
        # Whoever wants private data owes both; what nobody asked for yet is shown as owed.
        self.owed = not saving and (data is None or bool(data.get("private")))
        for name in ("reason", "password"):
            fields[name].required = self.owed
            fields[name].widget.attrs["aria-describedby"] = f"export_{name}_helptext export_{name}_error"

    def ticked(self, layout: Layout) -> list[str]:
        """Return the columns that are ticked in a layout, in their order, with those that nobody may drop."""
        known = [column.name for column in layout.columns]
        required = [column.name for column in layout.columns if column.required]
        if self.is_bound:
            data: Any = self.data
            asked = data.getlist(f"columns_{layout.code}")
        elif self.template and self.template.layout == layout.code:
            asked = self.template.columns
        else:
            asked = [column.name for column in layout.columns if column.shown or column.required]
        found = [name for name in dict.fromkeys(asked) if name in known]
        return [*(name for name in required if name not in found), *found]

    def clean_days(self) -> int:
        """Return for how many days back; 0 for everything."""
        return int(self.cleaned_data["days"] or 0)

    def clean(self) -> dict[str, Any]:
        """Add the columns of the chosen layout."""
        data = self.cleaned_data
        if not self.owed:  # half a reason that was typed before the tick was taken away is none
            self.errors.pop("reason", None)
            data["reason"] = ""
        if "layout" in data:
            layout = self.source.layout(data["layout"])
            data["columns"] = self.ticked(layout)
            if not layout.fixed and not data["columns"]:
                self.add_error("layout", _("Tick at least one column."))
        return data
