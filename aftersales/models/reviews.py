"""What buyers say of the goods, and what the shop answers."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.states import Cause
from orders.models import Buyer, Order, OrderLine, Product
from orders.models.goods import one_of
from sellercenter.models import Member, Shop, ShopQuerySet

# One or two stars are a negative review; the first rating counts (TikTok Shop NRR, Douyin 差评).
NEGATIVE = 2


class Review(models.Model):
    """A buyer's rating of what was bought; stars from 1 to 5."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="reviews", db_index=False)
    number = models.CharField(_("review no."), max_length=64, db_collation="C")
    order = models.ForeignKey(Order, models.CASCADE, null=True, blank=True, related_name="reviews")
    line = models.ForeignKey(OrderLine, models.SET_NULL, null=True, blank=True, related_name="reviews")
    product = models.ForeignKey(Product, models.PROTECT, related_name="reviews", db_index=False)
    buyer = models.ForeignKey(Buyer, models.PROTECT, null=True, blank=True, related_name="reviews")
    buyer_nickname = models.CharField(_("buyer"), max_length=80, blank=True)
    rating = models.PositiveSmallIntegerField(_("stars"))
    first_rating = models.PositiveSmallIntegerField(_("first stars"))
    words = models.TextField(_("review"), max_length=4000, blank=True)
    at = models.DateTimeField(_("written"))
    more_words = models.TextField(_("later addition"), max_length=4000, blank=True)
    more_at = models.DateTimeField(_("added"), null=True, blank=True)
    reply = models.TextField(_("reply"), max_length=1000, blank=True)
    replied_at = models.DateTimeField(_("replied"), null=True, blank=True)
    replied_by = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    replied_label = models.CharField(_("replied by"), max_length=60, blank=True)
    cause = models.CharField(_("cause"), max_length=10, choices=Cause.choices, blank=True)
    seller_fault = models.BooleanField(_("our fault"), null=True, blank=True)
    classified_at = models.DateTimeField(null=True, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("review"), _("reviews")
        constraints = [
            models.UniqueConstraint("shop", "number", name="review_number_once_per_shop"),
            models.UniqueConstraint("shop", "id", name="review_is_of_shop"),
            one_of("review_cause_known", "cause", ["", *Cause.values]),
            models.CheckConstraint(
                name="review_stars_from_1_to_5",
                condition=Q(rating__gte=1, rating__lte=5, first_rating__gte=1, first_rating__lte=5),
            ),
            models.CheckConstraint(
                name="review_reply_has_time",
                condition=Q(reply="", replied_at__isnull=True) | ~Q(reply="") & Q(replied_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index("shop", F("at").desc(), F("id").desc(), name="review_newest"),
            models.Index("shop", "product", F("at").desc(), name="review_of_product"),
            models.Index("shop", "rating", F("at").desc(), F("id").desc(), name="review_by_stars"),
            models.Index(
                *("shop", F("at").desc(), F("id").desc()),
                name="review_negative_open",
                condition=Q(first_rating__lte=NEGATIVE, replied_at__isnull=True),
            ),
            models.Index(
                *("shop", F("at").desc(), F("id").desc()),
                name="review_answered",
                condition=Q(replied_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CannedReply(models.Model):
    """Words that the team uses again and again, found by a shortcut; with variables such as {buyer} and {order}."""

    class Use(models.TextChoices):
        MESSAGE = "message", _("Messages")
        REVIEW = "review", _("Reviews")
        CASE = "case", _("Cases")

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="canned_replies", db_index=False)
    use = models.CharField(_("used for"), max_length=8, choices=Use.choices, default=Use.MESSAGE)
    shortcut = models.CharField(_("shortcut"), max_length=20)
    body = models.TextField(_("words"), max_length=1000)
    changed_at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("canned reply"), _("canned replies")
        ordering = ["use", "shortcut", "pk"]
        constraints = [
            models.UniqueConstraint("shop", "use", "shortcut", name="canned_shortcut_once"),
            models.UniqueConstraint("shop", "id", name="canned_is_of_shop"),
            models.CheckConstraint(name="canned_has_words", condition=~Q(shortcut="") & ~Q(body="")),
        ]

    def __str__(self) -> str:
        return self.shortcut
