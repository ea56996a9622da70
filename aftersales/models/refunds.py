"""Money on its way back to a buyer: one record for each payment that gives back."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.models.cases import Case, step_with_time, steps
from aftersales.states import REFUND_OPEN, RefundStatus
from orders.models import Order, Payment
from orders.models.goods import money, one_of
from sellercenter.models import Member, Shop, ShopQuerySet


class Refund(models.Model):
    """A part of one payment that goes back; `key` is what the payment gateway knows it by, and never changes."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="refunds", db_index=False)
    key = models.CharField(_("refund no."), max_length=40, unique=True)
    order = models.ForeignKey(Order, models.CASCADE, related_name="refunds")
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    case = models.ForeignKey(Case, models.SET_NULL, null=True, blank=True, related_name="refunds")
    amount = money(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=10, choices=RefundStatus.choices, default=RefundStatus.REQUESTED)
    status_at = models.DateTimeField(db_default=Now())
    due_at, due_step, due_later = steps()
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    by_hand = models.BooleanField(_("made outside"), default=False, db_default=False)

    requested_at = models.DateTimeField(_("requested"), db_default=Now())
    requested_by = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    requested_label = models.CharField(_("requested by"), max_length=60)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    confirmed_by = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    confirmed_label = models.CharField(_("confirmed by"), max_length=60, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0, db_default=0)
    last_error = models.CharField(_("last answer"), max_length=200, blank=True)
    # What the gateway, or the person who paid by hand, calls it.
    provider_no = models.CharField(_("number at the gateway"), max_length=80, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("refund"), _("refunds")
        constraints = [
            models.UniqueConstraint("shop", "id", name="refund_is_of_shop"),
            models.UniqueConstraint(
                "shop", "provider_no", condition=~Q(provider_no=""), name="refund_provider_no_once"
            ),
            one_of("refund_status_known", "status", RefundStatus.values),
            models.CheckConstraint(name="refund_amount_positive", condition=Q(amount__gt=0)),
            # Two people: whoever asked never confirms. The system may ask; a person confirms.
            models.CheckConstraint(
                name="refund_confirmed_by_another",
                condition=Q(confirmed_by__isnull=True)
                | Q(requested_by__isnull=True)
                | ~Q(confirmed_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="refund_ended_has_time",
                condition=~Q(status__in=["succeeded", "failed", "rejected"]) | Q(ended_at__isnull=False),
            ),
            step_with_time("refund_due_step_with_time"),
        ]
        indexes = [
            models.Index("shop", F("requested_at").desc(), F("id").desc(), name="refund_newest"),
            models.Index("shop", "status", F("requested_at").desc(), F("id").desc(), name="refund_newest_by_status"),
            models.Index("shop", F("amount").desc(), F("id").desc(), name="refund_by_amount"),
            models.Index("due_at", name="refund_due", condition=Q(due_at__isnull=False)),
            models.Index("payment", name="refund_open_of_payment", condition=Q(status__in=REFUND_OPEN)),
        ]

    def __str__(self) -> str:
        return self.key
