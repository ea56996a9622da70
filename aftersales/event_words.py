"""What the operation log calls events of reviews, conversations and settings, which have no timeline of their own."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from sellercenter.texts import Text

WORDS: dict[str, Text] = {
    "review.added": _("Review written"),
    "review.negative": _("Negative review written"),
    "review.changed": _("Review changed"),
    "review.replied": _("Review answered"),
    "review.classified": _("Cause of a review set"),
    "conversation.message": _("Message from a buyer"),
    "conversation.answered": _("Buyer answered"),
    "conversation.settled": _("Conversation needs no answer"),
    "conversation.warned": _("A buyer has waited long for an answer"),
    "canned.added": _("Canned reply added"),
    "canned.changed": _("Canned reply changed"),
    "canned.removed": _("Canned reply removed"),
    "sop.added": _("Entry of the SOP added"),
    "sop.changed": _("Entry of the SOP changed"),
    "sop.moved": _("Entry of the SOP moved"),
    "sop.removed": _("Entry of the SOP removed"),
    "case_rule.added": _("Case rule added"),
    "case_rule.changed": _("Case rule changed"),
    "case_rule.moved": _("Case rule moved"),
    "case_rule.removed": _("Case rule removed"),
}
