"""Forms on reviews, conversations and canned replies."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.canned import MOST_WORDS as MOST_CANNED
from aftersales.conversations import MOST_WORDS as MOST_MESSAGE
from aftersales.models import CannedReply
from aftersales.reviews import MOST_REPLY
from aftersales.states import Cause
from orders.buyers import MOST_CHARACTERS


class ReplyForm(forms.Form):
    """The answer to a review."""

    words = forms.CharField(
        label=_("Answer"),
        max_length=MOST_REPLY,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Everybody reads it. Nothing of value may be offered for a better rating."),
        error_messages={"required": _("Write an answer.")},
    )
    seen = forms.CharField(max_length=32, widget=forms.HiddenInput)


class ClassForm(forms.Form):
    """Why a review is as it is."""

    cause = forms.ChoiceField(
        label=_("Cause"), choices=Cause.choices, error_messages={"required": _("Choose the cause.")}
    )
    fault = forms.ChoiceField(
        label=_("Whose fault"),
        choices=[("ours", _("Our fault")), ("other", _("Not our fault"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whose fault it was.")},
    )
    seen = forms.CharField(max_length=32, widget=forms.HiddenInput)


class AnswerForm(forms.Form):
    """The answer to a buyer."""

    words = forms.CharField(
        label=_("Answer"),
        max_length=MOST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write an answer.")},
    )
    seen = forms.IntegerField(min_value=0, max_value=2**62, widget=forms.HiddenInput)


class SeenForm(forms.Form):
    """How far somebody has read."""

    seen = forms.IntegerField(min_value=0, max_value=2**62)


class TagForm(forms.Form):
    """A word by which the team remembers a buyer."""

    word = forms.CharField(
        label=_("New tag"), max_length=MOST_CHARACTERS, error_messages={"required": _("Write the tag.")}
    )


class CannedForm(forms.Form):
    """Words that are used again and again."""

    use = forms.ChoiceField(label=_("Used for"), choices=CannedReply.Use.choices)
    shortcut = forms.CharField(
        label=_("Shortcut"),
        max_length=21,
        help_text=_("Letters, digits, - and _. While answering, / with the shortcut and a space puts the words in."),
        error_messages={"required": _("Write a shortcut.")},
    )
    body = forms.CharField(
        label=_("Words"),
        max_length=MOST_CANNED,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("{buyer}, {order}, {amount}, {tracking} and {shop} are filled in."),
        error_messages={"required": _("Write the words.")},
    )
