"""What the platform or a carrier decides: disputes, appeals, logistics tickets, and the evidence for them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.models.cases import Case, step_with_time, steps
from aftersales.states import (
    DISPUTE_OPEN,
    AppealKind,
    AppealStatus,
    DisputeStatus,
    Fault,
    Proof,
    Side,
    TicketKind,
    TicketStatus,
)
from orders.models import Order, Parcel
from orders.models.goods import one_of
from sellercenter.models import Member, Shop, ShopQuerySet


class Dispute(models.Model):
    """An arbitration of the platform over one case."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="disputes", db_index=False)
    number = models.CharField(_("dispute no."), max_length=64, db_collation="C")
    case = models.ForeignKey(Case, models.CASCADE, related_name="disputes")
    status = models.CharField(
        _("status"), max_length=12, choices=DisputeStatus.choices, default=DisputeStatus.IN_PROGRESS
    )
    status_at = models.DateTimeField(db_default=Now())
    due_at, due_step, due_later = steps()
    opened_by = models.CharField(_("opened by"), max_length=8, choices=Side.choices, default=Side.BUYER)
    opened_at = models.DateTimeField(pgettext_lazy("case", "opened"), db_default=Now())
    evidence_by = models.DateTimeField(_("evidence by"), null=True, blank=True)
    demand = models.CharField(_("what is asked of us"), max_length=500, blank=True)
    statement = models.TextField(_("our statement"), max_length=2000, blank=True)
    conclusion = models.CharField(_("conclusion"), max_length=500, blank=True)
    blame = models.CharField(_("blame"), max_length=10, choices=Fault.choices, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("dispute"), _("disputes")
        constraints = [
            models.UniqueConstraint("shop", "number", name="dispute_number_once_per_shop"),
            models.UniqueConstraint("shop", "id", name="dispute_is_of_shop"),
            models.UniqueConstraint("case", condition=Q(status__in=DISPUTE_OPEN), name="dispute_one_open_per_case"),
            one_of("dispute_status_known", "status", DisputeStatus.values),
            step_with_time("dispute_due_step_with_time"),
        ]
        indexes = [
            models.Index("shop", F("opened_at").desc(), F("id").desc(), name="dispute_newest"),
            models.Index("shop", "evidence_by", "id", name="dispute_by_deadline", condition=Q(status="evidence")),
            models.Index("due_at", name="dispute_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number


class Appeal(models.Model):
    """Our objection to a penalty, a compensation, a malicious claim, or a wrong arbitration."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="appeals", db_index=False)
    number = models.CharField(_("appeal no."), max_length=64, db_collation="C")
    kind = models.CharField(_("against"), max_length=12, choices=AppealKind.choices)
    status = models.CharField(_("status"), max_length=10, choices=AppealStatus.choices, default=AppealStatus.DRAFT)
    status_at = models.DateTimeField(db_default=Now())
    due_at, due_step, due_later = steps()
    case = models.ForeignKey(Case, models.SET_NULL, null=True, blank=True, related_name="appeals")
    order = models.ForeignKey(Order, models.SET_NULL, null=True, blank=True, related_name="appeals")
    # What the platform calls the penalty or the compensation.
    target = models.CharField(_("number of the penalty"), max_length=80, blank=True)
    amount = models.DecimalField(_("amount at stake"), max_digits=14, decimal_places=2, null=True, blank=True)
    words = models.TextField(_("what happened"), max_length=2000)
    happened_at = models.DateTimeField(_("when we were told of it"))
    file_by = models.DateTimeField(_("file by"), null=True, blank=True)
    filed_at = models.DateTimeField(_("filed"), null=True, blank=True)
    answer_by = models.DateTimeField(_("answer expected by"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    outcome = models.CharField(_("answer of the platform"), max_length=500, blank=True)
    opened_at = models.DateTimeField(pgettext_lazy("case", "opened"), db_default=Now())
    opened_label = models.CharField(_("opened by"), max_length=60)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("appeal"), _("appeals")
        constraints = [
            models.UniqueConstraint("shop", "number", name="appeal_number_once_per_shop"),
            models.UniqueConstraint("shop", "id", name="appeal_is_of_shop"),
            one_of("appeal_kind_known", "kind", AppealKind.values),
            one_of("appeal_status_known", "status", AppealStatus.values),
            models.CheckConstraint(name="appeal_amount_positive", condition=Q(amount__isnull=True) | Q(amount__gt=0)),
            step_with_time("appeal_due_step_with_time"),
        ]
        indexes = [
            models.Index("shop", F("opened_at").desc(), F("id").desc(), name="appeal_newest"),
            models.Index("shop", "file_by", "id", name="appeal_to_file", condition=Q(status="draft")),
            models.Index("due_at", name="appeal_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number


class Ticket(models.Model):
    """What we ask a carrier to mend about an order's parcel."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="tickets", db_index=False)
    number = models.CharField(_("ticket no."), max_length=64, db_collation="C")
    kind = models.CharField(_("kind"), max_length=12, choices=TicketKind.choices)
    status = models.CharField(_("status"), max_length=10, choices=TicketStatus.choices, default=TicketStatus.OPEN)
    status_at = models.DateTimeField(db_default=Now())
    due_at, due_step, due_later = steps()
    order = models.ForeignKey(Order, models.CASCADE, related_name="tickets")
    parcel = models.ForeignKey(Parcel, models.SET_NULL, null=True, blank=True, related_name="tickets")
    case = models.ForeignKey(Case, models.SET_NULL, null=True, blank=True, related_name="tickets")
    words = models.TextField(_("what is wrong"), max_length=1000)
    answer = models.CharField(_("answer of the carrier"), max_length=500, blank=True)
    opened_at = models.DateTimeField(pgettext_lazy("case", "opened"), db_default=Now())
    opened_label = models.CharField(_("opened by"), max_length=60)
    answer_by = models.DateTimeField(_("answer expected by"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("logistics ticket"), _("logistics tickets")
        constraints = [
            models.UniqueConstraint("shop", "number", name="ticket_number_once_per_shop"),
            models.UniqueConstraint("shop", "id", name="ticket_is_of_shop"),
            one_of("ticket_kind_known", "kind", TicketKind.values),
            one_of("ticket_status_known", "status", TicketStatus.values),
            step_with_time("ticket_due_step_with_time"),
        ]
        indexes = [
            models.Index("shop", F("opened_at").desc(), F("id").desc(), name="ticket_newest"),
            models.Index("shop", "answer_by", "id", name="ticket_open", condition=Q(status__in=["open", "answered"])),
            models.Index("due_at", name="ticket_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number


class Evidence(models.Model):
    """One file that proves something: only ever added, each linked by its hash to the one before."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="evidence", db_index=False)
    case = models.ForeignKey(Case, models.CASCADE, null=True, blank=True, related_name="evidence")
    dispute = models.ForeignKey(Dispute, models.CASCADE, null=True, blank=True, related_name="evidence")
    appeal = models.ForeignKey(Appeal, models.CASCADE, null=True, blank=True, related_name="evidence")
    proof = models.CharField(_("what it shows"), max_length=16, choices=Proof.choices)
    note = models.CharField(_("note"), max_length=300, blank=True)
    side = models.CharField(_("put in by"), max_length=8, choices=Side.choices, default=Side.SELLER)
    uploaded_by = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    uploader_label = models.CharField(_("uploaded by"), max_length=60)
    at = models.DateTimeField(_("uploaded"), db_default=Now())
    # As the uploader called it: shown, and never part of a path.
    name = models.CharField(_("file"), max_length=120)
    content_type = models.CharField(max_length=60)
    size = models.PositiveIntegerField(_("bytes"))
    # Of the bytes that are kept.
    sha256 = models.CharField(max_length=64)
    # Of the chain: the hash of the evidence before it and its own.
    chain = models.CharField(max_length=64)
    path = models.CharField(max_length=120)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("evidence"), _("evidence")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint("shop", "id", name="evidence_is_of_shop"),
            one_of("evidence_proof_known", "proof", Proof.values),
            models.CheckConstraint(
                name="evidence_is_for_one_thing",
                condition=Q(case__isnull=False, dispute__isnull=True, appeal__isnull=True)
                | Q(case__isnull=True, dispute__isnull=False, appeal__isnull=True)
                | Q(case__isnull=True, dispute__isnull=True, appeal__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name
