"""What a shop decided beforehand: what to propose for which problem, and which cases to accept by themselves."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.states import CaseKind, Problem, Proposal
from orders.models.goods import one_of
from sellercenter.models import Shop, ShopQuerySet


class Sop(models.Model):
    """What the shop answers to one problem (SOP); of several the first that fits is proposed."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="sops", db_index=False)
    position = models.PositiveIntegerField(pgettext_lazy("position", "order"), default=1)
    problem = models.CharField(_("problem"), max_length=16, choices=Problem.choices)
    proposal = models.CharField(_("proposal"), max_length=16, choices=Proposal.choices)
    up_to = models.DecimalField(
        _("up to this amount"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Larger cases go to the next policy. Empty: any amount."),
    )
    percent = models.PositiveSmallIntegerField(
        _("percent"), null=True, blank=True, help_text=_("Of the amount, for a partial refund.")
    )
    coupon = models.CharField(_("coupon"), max_length=40, blank=True)
    text = models.TextField(_("words to the buyer"), max_length=1000, blank=True)
    active = models.BooleanField(_("active"), default=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("after-sales policy"), _("after-sales policies")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint("shop", "id", name="sop_is_of_shop"),
            one_of("sop_problem_known", "problem", Problem.values),
            one_of("sop_proposal_known", "proposal", Proposal.values),
            models.CheckConstraint(
                name="sop_partial_has_percent",
                condition=~Q(proposal="partial") | Q(percent__isnull=False, percent__gte=1, percent__lte=99),
            ),
            models.CheckConstraint(name="sop_coupon_is_named", condition=~Q(proposal="coupon") | ~Q(coupon="")),
            models.CheckConstraint(name="sop_up_to_positive", condition=Q(up_to__isnull=True) | Q(up_to__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.problem}: {self.proposal}"


class CaseRule(models.Model):
    """Which new cases are accepted without a person; every condition that is set must hold."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="case_rules", db_index=False)
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveIntegerField(pgettext_lazy("position", "order"), default=1)
    active = models.BooleanField(_("active"), default=False)
    kinds = ArrayField(models.CharField(max_length=10, choices=CaseKind.choices), verbose_name=_("kinds"), default=list)
    problems = ArrayField(
        models.CharField(max_length=16, choices=Problem.choices), verbose_name=_("problems"), default=list, blank=True
    )
    most_amount = models.DecimalField(_("up to this amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    most_cases = models.PositiveSmallIntegerField(
        _("at most so many cases of the buyer in 30 days"), null=True, blank=True
    )
    unshipped_only = models.BooleanField(_("only before shipping"), default=False)
    changed_at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("case rule"), _("case rules")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint("shop", "id", name="case_rule_is_of_shop"),
            models.UniqueConstraint("shop", "name", name="case_rule_name_once_per_shop"),
            models.CheckConstraint(name="case_rule_names_a_kind", condition=Q(kinds__len__gt=0)),
            models.CheckConstraint(
                name="case_rule_amount_positive", condition=Q(most_amount__isnull=True) | Q(most_amount__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name
