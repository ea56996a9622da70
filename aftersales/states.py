"""The words of after-sales: kinds, states and what else a record of this room may say.

Names follow the two platforms' (TikTok Shop `return_status`, Douyin `standard_aftersale_status`), one word for both.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CaseKind(models.TextChoices):
    """What the buyer wants."""

    CANCEL = "cancel", _("Cancel before shipping")
    REFUND = "refund", _("Refund only")
    RETURN = "return", _("Return and refund")
    EXCHANGE = "exchange", _("Exchange")
    RESEND = "resend", _("Send again")
    PRICE = "price", _("Price protection")


class CaseStatus(models.TextChoices):
    """Where a case stands."""

    REQUESTED = "requested", _("To answer")
    OFFERED = "offered", _("Offer made")
    TO_RETURN = "to_return", _("To be sent back")
    RETURNING = "returning", pgettext_lazy("case", "On its way back")
    TO_INSPECT = "to_inspect", _("To inspect")
    TO_RESEND = "to_resend", _("To send again")
    REFUNDING = "refunding", _("Refunding")
    REFUSED = "refused", _("Refused")
    DISPUTED = "disputed", _("In dispute")
    DONE = "done", _("Done")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    CLOSED = "closed", _("Closed")


# Cases in these states are over for good; a refused one may still be taken to the platform.
ENDED = (CaseStatus.DONE, CaseStatus.WITHDRAWN, CaseStatus.CLOSED)
OPEN = tuple(status for status in CaseStatus if status not in ENDED)


class Side(models.TextChoices):
    """Who acts next, who opened a case, or who put evidence in."""

    SELLER = "seller", _("Shop")
    BUYER = "buyer", _("Buyer")
    PLATFORM = "platform", _("Platform")
    NOBODY = "", _("Nobody")


# Who acts next in each state; states that are not here wait for nobody.
NEXT_SIDE = {
    CaseStatus.REQUESTED: Side.SELLER,
    CaseStatus.OFFERED: Side.BUYER,
    CaseStatus.TO_RETURN: Side.BUYER,
    CaseStatus.TO_INSPECT: Side.SELLER,
    CaseStatus.TO_RESEND: Side.SELLER,
    CaseStatus.REFUNDING: Side.PLATFORM,
    CaseStatus.REFUSED: Side.BUYER,
    CaseStatus.DISPUTED: Side.PLATFORM,
}


class Fault(models.TextChoices):
    """Whose fault a problem is."""

    SELLER = "seller", _("Shop's fault")
    BUYER = "buyer", _("Buyer's wish")
    LOGISTICS = "logistics", _("Carrier's fault")
    PLATFORM = "platform", _("Platform's fault")


class RefundStatus(models.TextChoices):
    """Where money on its way back stands."""

    TO_CONFIRM = "to_confirm", _("To confirm")
    REQUESTED = "requested", _("Requested")
    SUBMITTED = "submitted", _("Submitted")
    UNKNOWN = "unknown", _("Unknown")
    SUCCEEDED = "succeeded", _("Refunded")
    FAILED = "failed", _("Failed")
    REJECTED = "rejected", _("Rejected")


# Refunds in these states hold what they may still give back.
REFUND_OPEN = (RefundStatus.TO_CONFIRM, RefundStatus.REQUESTED, RefundStatus.SUBMITTED, RefundStatus.UNKNOWN)


class Problem(models.TextChoices):
    """What went wrong, as policies group it."""

    SIZE = "size", _("Size or fit")
    DEFECT = "defect", _("Defect or damage")
    NOT_RECEIVED = "not_received", _("Not received")
    WRONG_ITEM = "wrong_item", _("Wrong or missing item")
    NOT_AS_DESCRIBED = "not_as_described", _("Not as described")
    LATE = "late", _("Late")
    CHANGED_MIND = "changed_mind", _("Changed mind")
    PRICE = "price", pgettext_lazy("problem", "Price")
    OTHER = "other", _("Something else")


class Proposal(models.TextChoices):
    """What a policy proposes to answer."""

    ACCEPT = "accept", _("Accept")
    EXCHANGE_FIRST = "exchange_first", _("Offer an exchange first")
    PARTIAL = "partial", _("Offer a partial refund")
    KEEP = "keep", _("Refund without return")
    COUPON = "coupon", _("Offer a coupon")
    REFUSE = "refuse", _("Refuse")


class DisputeStatus(models.TextChoices):
    """Where an arbitration stands; a case without a dispute has none."""

    IN_PROGRESS = "in_progress", _("In progress")
    EVIDENCE = "evidence", _("Waiting for our evidence")
    NEGOTIATING = "negotiating", _("Negotiating")
    FOR_BUYER = "for_buyer", _("Decided for the buyer")
    FOR_SELLER = "for_seller", _("Decided for the shop")
    ENDED = "ended", _("Ended by agreement")
    WITHDRAWN = "withdrawn", _("Withdrawn")


DISPUTE_OPEN = (DisputeStatus.IN_PROGRESS, DisputeStatus.EVIDENCE, DisputeStatus.NEGOTIATING)


class AppealKind(models.TextChoices):
    """What an appeal is against."""

    MALICIOUS = "malicious", _("Malicious claim of a buyer")
    PENALTY = "penalty", _("Penalty of the platform")
    COMPENSATION = "compensation", _("Compensation that was charged")
    ARBITRATION = "arbitration", _("Arbitration decided wrongly")


class AppealStatus(models.TextChoices):
    """Where an appeal stands."""

    DRAFT = "draft", _("Draft")
    FILED = "filed", _("Filed")
    WON = "won", _("Won")
    LOST = "lost", pgettext_lazy("appeal", "Lost")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Not filed in time")


class Proof(models.TextChoices):
    """What a piece of evidence shows."""

    CHAT = "chat", _("Chat with the buyer")
    QC_REPORT = "qc_report", _("Quality report")
    PACKING_VIDEO = "packing_video", _("Packing video with the label")
    WEIGHT = "weight", _("Comparison of weights")
    CARRIER = "carrier", _("Carrier's proof of delivery")
    AGREEMENT = "agreement", _("Agreement with the buyer")
    DELIVERY_SLIP = "delivery_slip", _("Delivery slip")
    PHOTO = "photo", _("Photo of the goods")
    NOTICE = "notice", _("Public notice (force majeure)")
    OTHER = "other", _("Other")


class TicketKind(models.TextChoices):
    """What a carrier is asked to mend."""

    REDELIVERY = "redelivery", _("Deliver again")
    LOST = "lost", _("Lost")
    DAMAGED = "damaged", _("Damaged")
    STUCK = "stuck", _("No movement")
    INTERCEPT = "intercept", _("Call the parcel back")


class TicketStatus(models.TextChoices):
    """Where a logistics ticket stands."""

    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered by the carrier")
    SOLVED = "solved", _("Solved")
    CLOSED = "closed", _("Closed")


class Cause(models.TextChoices):
    """Why a review is bad."""

    QUALITY = "quality", _("Quality")
    PACKAGE = "package", _("Packaging")
    DELIVERY = "delivery", _("Delivery")
    SERVICE = "service", _("Service")
    WRONG_ITEM = "wrong_item", _("Wrong item")
    OTHER = "other", _("Other")
