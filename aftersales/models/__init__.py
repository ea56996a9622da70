"""The records of after-sales, by concern; everybody imports them from here."""

from aftersales.models.cases import Case, CaseLine
from aftersales.models.disputes import Appeal, Dispute, Evidence, Ticket
from aftersales.models.policies import CaseRule, Sop
from aftersales.models.refunds import Refund
from aftersales.models.reviews import NEGATIVE, CannedReply, Review
from aftersales.models.talk import ChatMessage, Conversation

__all__ = [
    "NEGATIVE",
    "Appeal",
    "CannedReply",
    "Case",
    "CaseLine",
    "CaseRule",
    "ChatMessage",
    "Conversation",
    "Dispute",
    "Evidence",
    "Refund",
    "Review",
    "Sop",
    "Ticket",
]
