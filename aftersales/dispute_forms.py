"""Forms on disputes, appeals, tickets and evidence. Each brings what its page showed, as `seen` or `before`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.evidence_files import ACCEPT
from aftersales.states import AppealKind, Fault, Proof, TicketKind
from sellercenter.filters import DayField
from sellercenter.texts import Text


class WallTimeField(DayField):
    """A time on the shop's clock on the wall, as browsers write it."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def instant(wall: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return the moment of a time on the shop's clock; a day alone means its first moment."""
    if wall is None:
        return None
    at = wall if isinstance(wall, datetime) else datetime.combine(wall, time())
    return at.replace(tzinfo=zone)


def amount_field(label: Any, *, required: bool = False, help_text: Any = "") -> forms.DecimalField:
    """Return a field for an amount of money."""
    step = forms.NumberInput(attrs={"step": "0.01", "min": "0.01"})
    shape = {"max_digits": 12, "decimal_places": 2, "min_value": 0, "widget": step}
    return forms.DecimalField(label=label, required=required, help_text=help_text, **shape)  # type: ignore[arg-type]


def lines_field(label: Any, most: int, *, required: Text | None = None, help_text: Any = "") -> forms.CharField:
    """Return a field for some lines of words; `required` is what to say when there are none."""
    told = {"required": required} if required is not None else {}
    return forms.CharField(
        label=label,
        max_length=most,
        required=required is not None,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=help_text,
        error_messages=told,
    )


class StateForm(forms.Form):
    """The state of the record that the page showed."""

    seen = forms.CharField(max_length=12, required=False, widget=forms.HiddenInput)


class AskEvidenceForm(StateForm):
    """What the platform asks for, and until when."""

    evidence_by = WallTimeField(
        label=_("Evidence by"), required=False, help_text=_("Empty: as long as the shop's policy gives.")
    )
    demand = forms.CharField(label=_("What is asked of us"), max_length=500, required=False)


class StatementForm(forms.Form):
    """Our statement, with the one that the writer saw."""

    statement = lines_field(_("Our statement"), 2000, required=_("Write what the platform should know."))
    before = forms.CharField(max_length=4000, required=False, strip=False, widget=forms.HiddenInput)


class DecisionForm(StateForm):
    """What the platform decided."""

    OUTCOMES = (
        ("buyer", _("For the buyer")),
        ("seller", _("For the shop")),
        ("agreed", _("Both sides agreed")),
    )
    outcome = forms.ChoiceField(label=_("Outcome"), choices=OUTCOMES, widget=forms.RadioSelect)
    amount = amount_field(
        _("Amount for the buyer"),
        help_text=_("Empty: all of it when it was decided for the buyer, nothing when both sides agreed."),
    )
    blame = forms.ChoiceField(label=_("Whose fault"), choices=[("", _("Not said")), *Fault.choices], required=False)
    conclusion = lines_field(
        _("Conclusion in the platform's words"), 500, required=_("Write what the platform decided.")
    )


class AppealTextForm(forms.Form):
    """What an appeal says."""

    words = lines_field(_("What happened"), 2000, required=_("Write what happened; the platform reads it first."))
    target = forms.CharField(
        label=_("Number of the penalty"), max_length=80, required=False, help_text=_("As the platform calls it.")
    )
    amount = amount_field(_("Amount at stake"))


class AppealForm(AppealTextForm):
    """A new appeal."""

    kind = forms.ChoiceField(label=_("Against"), choices=AppealKind.choices)
    told_at = WallTimeField(
        label=_("When we were told of it"),
        help_text=_("On the shop's clock. The time to file is counted from here."),
        error_messages={"required": _("Say when the platform told you of it.")},
    )
    case = forms.CharField(label=_("Case no."), max_length=64, required=False)
    order = forms.CharField(label=_("Order no."), max_length=64, required=False)
    field_order = ("kind", "told_at", "case", "order", "target", "amount", "words")


class AppealChangeForm(AppealTextForm):
    """A draft written anew, with the words that the writer saw."""

    before = forms.CharField(max_length=4000, required=False, strip=False, widget=forms.HiddenInput)


class AnswerForm(StateForm):
    """What the platform answered to an appeal."""

    outcome = lines_field(_("Answer of the platform"), 500, required=_("Write what the platform answered."))


class WonForm(AnswerForm):
    """A granted appeal, with the amount that comes back."""

    amount = amount_field(_("Amount that comes back"))


class SaidForm(StateForm):
    """Words about a ticket."""

    words = lines_field(_("In words"), 500, required=_("Write what was said."))


class SolvedForm(StateForm):
    """How a ticket was solved."""

    words = lines_field(_("In words"), 500)


class TicketForm(forms.Form):
    """What a carrier is asked to mend; the parcels are those of the order."""

    parcel = forms.TypedChoiceField(label=_("Parcel"), coerce=int)
    kind = forms.ChoiceField(label=_("What to mend"), choices=TicketKind.choices)
    words = lines_field(_("What is wrong"), 1000, required=_("Write what is wrong, so that the carrier knows."))

    def __init__(self, data: Any = None, *, parcels: Sequence[tuple[int, str]] = (), **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["parcel"].choices = parcels  # type: ignore[attr-defined]


class EvidenceForm(forms.Form):
    """One file, and what it shows."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        help_text=_("A picture up to 10 MB, a PDF up to 20 MB, a film up to 100 MB, or plain text."),
        error_messages={"required": _("Choose a file.")},
    )
    proof = forms.ChoiceField(label=_("What it shows"), choices=Proof.choices)
    note = forms.CharField(label=_("Remark"), max_length=300, required=False)
