"""Forms on cases. Each carries `seen`, the version of the case that its page showed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from aftersales.reasons import REASONS, REFUSALS, Reason, Refusal
from aftersales.states import CaseKind, Problem

_BY_LINE = re.compile(r"(units|sellable|damaged|wanted)_(\d{1,18})")
# By how much a deadline can be put off at once, in hours.
LONGER = (12, 24, 48, 72, 168, 336)


class SeenForm(forms.Form):
    """The version of the case on which a person decides."""

    seen = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)


class DecideForm(SeenForm):
    """A decision, with a note where it goes against the shop's policy."""

    note = forms.CharField(
        label=_("Why against the proposal"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Needed when you decide otherwise than the shop's policy proposes. The buyer does not see it."),
    )

    def __init__(self, data: Any = None, *, notes: bool = True, against: bool = False, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["note"].required = against
        if not notes:
            del self.fields["note"]


class OfferForm(DecideForm):
    """Which part of the money is offered."""

    amount = forms.DecimalField(
        label=_("Amount"),
        max_digits=12,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"step": "0.01", "min": "0.01", "autofocus": True}),
        error_messages={"required": _("Give the amount that you offer.")},
    )
    field_order = ("seen", "amount", "note")


class RefusalSelect(forms.Select):
    """Reasons to refuse; those that need evidence can't be chosen before the shop has `proved` something."""

    proved = True

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """Close the options that would be refused."""
        option = super().create_option(name, value, *args, **options)
        found = REFUSALS.get(str(value))
        if found is not None and found.evidence and not self.proved:
            option["attrs"]["disabled"] = True
        return option


class RefuseForm(DecideForm):
    """Why a request is refused: a reason of the table, and words for the buyer."""

    refusal = forms.ChoiceField(
        label=_("Reason"), widget=RefusalSelect, error_messages={"required": _("Choose a reason.")}
    )
    words = forms.CharField(
        label=_("In your words"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The buyer reads them."),
    )
    coupon = forms.CharField(
        label=_("Coupon instead"), max_length=40, required=False, help_text=_("Its code, when you give one.")
    )
    field_order = ("seen", "refusal", "words", "coupon", "note")

    def __init__(
        self,
        data: Any = None,
        *,
        refusals: Iterable[Refusal] = tuple(REFUSALS.values()),
        proved: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(data, **options)
        field = self.fields["refusal"]
        field.choices = [("", _("Choose a reason")), *((one.code, _named(one, proved)) for one in refusals)]  # type: ignore[attr-defined]
        field.widget.proved = proved
        field.widget.attrs["autofocus"] = True
        if not proved:
            field.help_text = gettext("What needs evidence can be chosen once you have added some on this page.")


def _named(one: Refusal, proved: bool) -> str:
    return str(one.label) if proved or not one.evidence else gettext("%s (needs evidence of yours)") % one.label


class ExtendForm(SeenForm):
    """How much more time there is, and why."""

    hours = forms.TypedChoiceField(
        label=_("How much longer"), coerce=int, widget=forms.Select(attrs={"autofocus": True})
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        error_messages={"required": _("Say why, so that others understand it later.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["hours"].choices = [(hours, _span(hours)) for hours in LONGER]  # type: ignore[attr-defined]


def _span(hours: int) -> str:
    if hours % 24:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}


class PauseForm(SeenForm):
    """Why a clock is stopped."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=forms.TextInput(attrs={"autofocus": True}),
        error_messages={"required": _("Say why, so that others understand it later.")},
    )


class ByLineForm(forms.Form):
    """Fields that stand once for each line, such as `units_17`; what comes in may name any line, the verb decides."""

    def by_line(self, kind: str) -> dict[int, int]:
        """Return the units of one kind by the key of the line."""
        found = ((_BY_LINE.fullmatch(name), value) for name, value in self.cleaned_data.items())
        return {int(match[2]): value or 0 for match, value in found if match and match[1] == kind}

    def accept(self, names: Iterable[str]) -> None:
        """Take in the fields of lines that were sent."""
        for name in names:
            if name not in self.fields and _BY_LINE.fullmatch(name):
                self.fields[name] = units_field(name)


def units_field(
    label: str, *, most: int | None = None, initial: int | None = None, required: bool = False
) -> forms.IntegerField:
    """Return a field for units of one line."""
    wrong = {name: _("Units are whole numbers, from 0 up to what there is.") for name in ("invalid", "min_value")}
    field = forms.IntegerField(label=label, min_value=0, max_value=most, initial=initial, required=required)
    field.error_messages |= wrong
    return field


class InspectForm(ByLineForm, SeenForm):
    """How many units of each line came back fine, and how many damaged; `lines` are (key, title, units)."""

    instead = forms.BooleanField(label=_("Refund instead of sending the exchange"), required=False)

    def __init__(
        self, data: Any = None, *, lines: Sequence[tuple[int, str, int]] = (), exchange: bool = True, **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.lines = lines
        for key, _title, units in lines:
            self.fields[f"sellable_{key}"] = units_field(gettext("Sellable"), most=units, initial=units, required=True)
            self.fields[f"damaged_{key}"] = units_field(gettext("Damaged"), most=units, initial=0, required=True)
        if not exchange:
            del self.fields["instead"]
        self.accept(data or ())

    def results(self) -> dict[int, tuple[int, int]]:
        """Return sellable and damaged units by the key of the line."""
        sellable, damaged = self.by_line("sellable"), self.by_line("damaged")
        return {key: (sellable.get(key, 0), damaged.get(key, 0)) for key in sellable.keys() | damaged.keys()}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields line by line."""
        return [
            {"title": title, "units": units, "sellable": self[f"sellable_{key}"], "damaged": self[f"damaged_{key}"]}
            for key, title, units in self.lines
        ]


class ReasonSelect(forms.Select):
    """Reasons that tell for which kinds of case they may be given, so that the page can leave the others out."""

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """Add the kinds to an option."""
        option = super().create_option(name, value, *args, **options)
        if found := REASONS.get(str(value)):
            option["attrs"]["data-kinds"] = " ".join(sorted(found.kinds))
        return option


class OpenForm(ByLineForm):
    """A case that the shop opens for a buyer; `lines` are (key, title, units), `variants` (key, name) by line."""

    kind = forms.ChoiceField(
        label=_("What the buyer wants"), widget=forms.Select(attrs={"data-narrows": "reason", "autofocus": True})
    )
    reason = forms.ChoiceField(
        label=_("Reason"), widget=ReasonSelect, error_messages={"required": _("Choose a reason.")}
    )
    amount = forms.DecimalField(
        label=_("Amount for the goods"),
        max_digits=12,
        decimal_places=2,
        min_value=0,
        required=False,
        widget=forms.NumberInput(attrs={"step": "0.01"}),
        help_text=_("Empty: what the units are worth. Price protection needs it."),
    )
    words = forms.CharField(
        label=_("Buyer's words"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(
        self,
        data: Any = None,
        *,
        lines: Sequence[tuple[int, str, int]] = (),
        kinds: Iterable[CaseKind] = tuple(CaseKind),
        variants: Mapping[int, Sequence[tuple[int, str]]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data, **options)
        kinds = [*kinds]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        wanted = [one for one in REASONS.values() if one.kinds & {*kinds}]
        self.fields["reason"].choices = [("", _("Choose a reason")), *_grouped(wanted)]  # type: ignore[attr-defined]
        self.lines = lines
        for key, title, units in lines:
            first = units if len(lines) == 1 else 0
            self.fields[f"units_{key}"] = units_field(f"{title} (≤ {units})", most=units, initial=first, required=True)
            if others := (variants or {}).get(key):
                self.fields[f"wanted_{key}"] = _wanted_field(others)
        self.accept(data or ())

    @property
    def whole(self) -> list[forms.BoundField]:
        """The fields of the case."""
        return [self[name] for name in self.fields if not _BY_LINE.fullmatch(name)]

    @property
    def parts(self) -> list[forms.BoundField]:
        """The fields of the lines."""
        return [self[name] for name in self.fields if _BY_LINE.fullmatch(name)]


def _wanted_field(others: Sequence[tuple[int, str]]) -> forms.ChoiceField:
    """Return the choice of another variant of a line's product; js/case.js shows it for exchanges alone."""
    return forms.ChoiceField(
        label=_("Exchange for"),
        required=False,
        choices=[("", gettext("The same variant")), *others],
        widget=forms.Select(attrs={"data-only-kind": CaseKind.EXCHANGE.value}),
    )


def _grouped(reasons: Iterable[Reason]) -> list[tuple[str, list[tuple[str, Any]]]]:
    groups: dict[TextChoices, list[tuple[str, Any]]] = {}
    for one in reasons:
        groups.setdefault(one.problem, []).append((one.code, one.label))
    return [(str(Problem(problem).label), found) for problem, found in groups.items()]
