"""Forms of the bulk actions that ask for more than the same action on one order."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

MOST_LINES = 5000
# More lines with problems than these are not listed.
MOST_PROBLEMS = 50


class ShipLinesForm(forms.Form):
    """The carrier, and one line for each order: its number, then its tracking number."""

    carrier = forms.CharField(label=_("Carrier"), max_length=40)
    lines = forms.CharField(
        label=_("Order no. and tracking no., one order per line"),
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "autocomplete": "off"}),
        max_length=600_000,
        help_text=_("A tab, a comma or spaces part the two, as in a copied spreadsheet. Orders without a line stay."),
        error_messages={"required": _("Paste a line for each order.")},
    )

    def clean_lines(self) -> list[tuple[int, str, str]]:
        """Return each line's place, order no. and tracking no.; name every line that has a problem."""
        kept: list[tuple[int, str, str]] = []
        problems: list[str] = []
        seen: dict[str, int] = {}
        for place, line in enumerate(self.cleaned_data["lines"].splitlines(), start=1):
            if not (words := [word for word in re.split(r"[\s,;，；]+", line) if word]):
                continue
            problem = self._problem(words, seen)
            if problem:
                problems.append(gettext("Line %(place)s: %(problem)s") % {"place": place, "problem": problem})
            else:
                kept.append((place, words[0], words[1]))
            for word in words[:2]:
                seen.setdefault(word.upper(), place)
        if len(kept) > MOST_LINES:
            told = {"count": len(kept), "most": MOST_LINES}
            problems = [gettext("These are %(count)s lines; at most %(most)s are possible at once.") % told]
        if problems:
            raise forms.ValidationError(problems[:MOST_PROBLEMS])
        return kept

    @staticmethod
    def _problem(words: list[str], seen: dict[str, int]) -> str:
        """Say what is wrong with one line, or nothing."""
        if len(words) != 2:
            return gettext("write an order no. and one tracking no.")
        if len(words[0]) > 64 or len(words[1]) > 64:
            return gettext("a number is too long.")
        twice = next((word for word in words if word.upper() in seen), None)
        if twice:
            return gettext("“%(number)s” stands in line %(place)s already.") % {
                "number": twice,
                "place": seen[twice.upper()],
            }
        return ""
