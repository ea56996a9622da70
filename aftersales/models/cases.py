"""Cases: what a buyer wants of which lines, where that stands, who acts next and until when."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case as Choose
from django.db.models import F, Q, Value, When
from django.db.models.fields.generated import GeneratedField
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.states import ENDED, NEXT_SIDE, OPEN, CaseKind, CaseStatus, Fault, Problem, Side
from orders.models import Buyer, Order, OrderLine, Sku
from orders.models.goods import money, never_negative, one_of
from sellercenter.models import Shop, ShopQuerySet

# What the case list can show or sort by.
LISTED = (
    *("shop_id", "order_id", "buyer_id", "number", "kind", "status", "reason", "problem", "fault", "opened_at"),
    *("act_by", "paused_at", "next_side", "currency", "amount", "offer_amount", "buyer_nickname", "ended_at"),
    *("order__number", "order__status", "order__paid_amount"),
)


def steps() -> tuple[models.Field, models.Field, models.Field]:
    """Declare what happens by itself: the next step with its time, and what comes after it."""
    return (
        models.DateTimeField(_("next automatic step"), null=True, blank=True),
        models.CharField(max_length=20, blank=True),
        models.JSONField(db_default=Value([], models.JSONField()), default=list, blank=True),
    )


def step_with_time(name: str) -> models.CheckConstraint:
    """Declare that a step has a time, and a time a step."""
    return models.CheckConstraint(
        name=name, condition=Q(due_at__isnull=True, due_step="") | Q(due_at__isnull=False) & ~Q(due_step="")
    )


class CaseQuerySet(ShopQuerySet):
    """What can be asked of cases."""

    def open(self) -> Self:
        """Keep those that somebody may still have to act on."""
        return self.filter(status__in=OPEN)

    def with_order(self) -> Self:
        """Load what a list row shows besides the case: its order, and its lines."""
        lines = CaseLine.objects.select_related("line").only(
            *("case_id", "quantity", "amount", "line__title", "line__variant", "line__position")
        )
        return self.only(*LISTED).select_related("order").prefetch_related(models.Prefetch("lines", lines))


class Case(models.Model):
    """One request of a buyer after the purchase, from the first word to the money."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="cases", db_index=False)
    # Our own number, or the platform's when the case came from there.
    number = models.CharField(_("case no."), max_length=64, db_collation="C")
    order = models.ForeignKey(Order, models.CASCADE, related_name="cases")
    buyer = models.ForeignKey(Buyer, models.PROTECT, related_name="cases")
    kind = models.CharField(_("kind"), max_length=10, choices=CaseKind.choices)
    status = models.CharField(_("status"), max_length=12, choices=CaseStatus.choices, default=CaseStatus.REQUESTED)
    status_at = models.DateTimeField(db_default=Now())
    due_at, due_step, due_later = steps()
    # Counts every change, so that whoever decides on an old picture is told.
    version = models.PositiveIntegerField(db_default=1, default=1)

    # Until when whoever acts next must act; shown, sorted and counted by this column alone.
    act_by = models.DateTimeField(_("deadline"), null=True, blank=True)
    next_side = GeneratedField(
        expression=Choose(
            *(When(status=status, then=Value(side)) for status, side in NEXT_SIDE.items()), default=Value("")
        ),
        output_field=models.CharField(_("who acts next"), max_length=8, choices=Side.choices),
        db_persist=True,
    )
    # A stopped clock: what was left of it is given back when it goes on.
    paused_at = models.DateTimeField(_("clock stopped"), null=True, blank=True)
    pause_reason = models.CharField(_("why the clock stands"), max_length=200, blank=True)

    opened_by = models.CharField(_("opened by"), max_length=8, choices=Side.choices, default=Side.BUYER)
    opened_at = models.DateTimeField(pgettext_lazy("case", "opened"), db_default=Now())
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    sent_back_at = models.DateTimeField(_("sent back"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("came back"), null=True, blank=True)
    inspected_at = models.DateTimeField(_("inspected"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    # The first reason counts in figures; later changes of it do not.
    reason = models.CharField(_("reason"), max_length=40)
    problem = models.CharField(_("problem"), max_length=16, choices=Problem.choices, default=Problem.OTHER)
    fault = models.CharField(pgettext_lazy("case", "fault"), max_length=10, choices=Fault.choices, default=Fault.BUYER)
    words = models.TextField(_("buyer's words"), max_length=2000, blank=True)
    got_goods = models.BooleanField(_("buyer has the goods"), null=True, blank=True)
    refusal = models.CharField(_("why it was refused"), max_length=40, blank=True)
    refusal_words = models.CharField(_("words of the refusal"), max_length=500, blank=True)

    currency = models.CharField(_("currency"), max_length=3)
    goods_amount = money(_("for goods"))
    freight_amount = money(_("for freight and fees"))
    amount = GeneratedField(
        expression=F("goods_amount") + F("freight_amount"),
        output_field=models.DecimalField(_("amount"), max_digits=14, decimal_places=2),
        db_persist=True,
    )
    # A partial refund that was offered, while the buyer thinks about it and once taken.
    offer_amount = models.DecimalField(_("offered"), max_digits=14, decimal_places=2, null=True, blank=True)
    coupon = models.CharField(_("coupon given"), max_length=40, blank=True)

    return_carrier = models.CharField(_("carrier of the return"), max_length=40, blank=True)
    return_tracking_no = models.CharField(_("tracking no. of the return"), max_length=64, blank=True, db_collation="C")
    keep_goods = models.BooleanField(_("buyer keeps the goods"), default=False, db_default=False)
    replacement = models.ForeignKey(
        Order, models.SET_NULL, null=True, blank=True, related_name="replaces", verbose_name=_("replacement order")
    )
    previous = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="following")

    # What the shop's policy proposed when the case came, and whether somebody decided otherwise.
    proposal = models.JSONField(default=dict, db_default=Value({}, models.JSONField()), blank=True)
    overridden = models.BooleanField(_("decided against the proposal"), default=False, db_default=False)
    override_note = models.CharField(_("why against the proposal"), max_length=300, blank=True)
    # The rule that decided it by itself, in words as they were then.
    decided_by_rule = models.CharField(_("decided by the rule"), max_length=80, blank=True)
    buyer_nickname = models.CharField(_("buyer"), max_length=80, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("case"), _("cases")
        constraints = [
            models.UniqueConstraint("shop", "number", name="case_number_once_per_shop"),
            models.UniqueConstraint("shop", "id", name="case_is_of_shop"),
            # The order itself keeps one wish to cancel at a time.
            models.UniqueConstraint(
                "order",
                condition=Q(kind="cancel") & ~Q(status__in=[*ENDED, "refused"]),
                name="case_one_cancel_per_order",
            ),
            one_of("case_kind_known", "kind", CaseKind.values),
            one_of("case_status_known", "status", CaseStatus.values),
            one_of("case_problem_known", "problem", Problem.values),
            one_of("case_fault_known", "fault", Fault.values),
            one_of("case_opened_by_known", "opened_by", Side.values),
            never_negative("case_amounts_not_negative", "goods_amount", "freight_amount"),
            models.CheckConstraint(name="case_number_not_empty", condition=~Q(number="")),
            models.CheckConstraint(
                name="case_offer_within_amount",
                condition=Q(offer_amount__isnull=True)
                | Q(offer_amount__gt=0, offer_amount__lte=F("goods_amount") + F("freight_amount")),
            ),
            models.CheckConstraint(
                name="case_ended_has_time", condition=~Q(status__in=ENDED) | Q(ended_at__isnull=False)
            ),
            models.CheckConstraint(name="case_override_has_note", condition=Q(overridden=False) | ~Q(override_note="")),
            models.CheckConstraint(
                name="case_pause_has_reason", condition=Q(paused_at__isnull=True) | ~Q(pause_reason="")
            ),
            step_with_time("case_due_step_with_time"),
        ]
        indexes = [
            models.Index("shop", F("opened_at").desc(), F("id").desc(), name="case_newest"),
            models.Index("shop", "status", F("opened_at").desc(), F("id").desc(), name="case_newest_by_status"),
            models.Index("shop", "kind", F("opened_at").desc(), F("id").desc(), name="case_newest_by_kind"),
            models.Index("shop", "act_by", "id", name="case_by_deadline", condition=Q(act_by__isnull=False)),
            models.Index(
                *("shop", "next_side", "act_by", "id"),
                name="case_by_side",
                condition=Q(status__in=OPEN),
            ),
            models.Index("shop", F("amount").desc(), F("id").desc(), name="case_by_amount"),
            models.Index("shop", "buyer", F("opened_at").desc(), name="case_of_buyer"),
            models.Index("due_at", name="case_due", condition=Q(due_at__isnull=False)),
            models.Index("shop", "return_tracking_no", name="case_of_return", condition=~Q(return_tracking_no="")),
            GinIndex("shop", OpClass(Lower("buyer_nickname"), "gin_trgm_ops"), name="case_nickname_trigrams"),
        ]

    def __str__(self) -> str:
        return self.number


class CaseLine(models.Model):
    """How many units of an order's line a case is about, what they are worth, and how they came back."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="lines", db_index=False)
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="cases")
    quantity = models.PositiveIntegerField(_("quantity"))
    amount = money(_("amount"))
    # Wanted instead, in an exchange.
    wanted_sku = models.ForeignKey(Sku, models.PROTECT, null=True, blank=True, related_name="+")
    sellable = models.PositiveIntegerField(_("sellable"), default=0, db_default=0)
    damaged = models.PositiveIntegerField(_("damaged"), default=0, db_default=0)

    objects = ShopQuerySet.as_manager()

    class Meta:
        ordering = ["case_id", "pk"]
        constraints = [
            models.UniqueConstraint("case", "line", name="case_line_once"),
            models.CheckConstraint(name="case_line_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="case_line_inspected_within_quantity",
                condition=Q(quantity__gte=F("sellable") + F("damaged")),
            ),
            never_negative("case_line_amount_not_negative", "amount"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.line_id} x {self.quantity}"
