"""What after-sales owes by itself, for the health page."""

from django.utils.translation import gettext_lazy as _

from aftersales.models import Appeal, Case, Dispute, Refund, Ticket
from sellercenter.health import Owed

OWED = [
    Owed(_("Deadlines of cases"), Case.objects.all, "due_at"),
    Owed(_("Refunds to hand over"), lambda: Refund.objects.filter(due_step="submit"), "due_at"),
    Owed(_("Refunds to ask about"), lambda: Refund.objects.filter(due_step="ask"), "due_at"),
    Owed(_("Deadlines of disputes"), Dispute.objects.all, "due_at"),
    Owed(_("Deadlines of appeals"), Appeal.objects.all, "due_at"),
    Owed(_("Deadlines of logistics tickets"), Ticket.objects.all, "due_at"),
]
