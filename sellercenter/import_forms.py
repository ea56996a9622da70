"""Forms on imported files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sellercenter.import_kinds import ImportKind

# By name and by content type, as not every system knows either; what a file is decides itself by its bytes.
ACCEPT = ".csv,.tsv,.txt,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ImportForm(forms.Form):
    """A file, and what is in it."""

    file = forms.FileField(
        label=_("File"),
        max_length=500,
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPT}),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty. Choose another one.")},
    )
    kind = forms.ChoiceField(
        label=_("What is in it"),
        required=False,
        error_messages={"invalid_choice": _("Choose what is in the file from the list.")},
    )

    def __init__(self, *args: Any, kinds: Iterable[ImportKind], **options: Any) -> None:
        super().__init__(*args, **options)
        offered = [("", _("Recognise by the header")), *((kind.code, kind.label) for kind in kinds)]
        self.fields["kind"].choices = offered  # type: ignore[attr-defined]


class AgreeForm(forms.Form):
    """That a checked file is to be taken in, and that its refused records were seen."""

    despite_refused = forms.BooleanField(required=False)
