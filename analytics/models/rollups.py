"""Figures per day, kept beside the records: what is to be worked out again, sums, and how long things took."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from sellercenter.models import Shop, ShopQuerySet


class Dirt(models.Model):
    """A day of a shop whose figures have to be worked out again.

    Rows are only ever added, by triggers in the transaction of the change itself (see `analytics/triggers.py`): a row
    becomes visible together with its change, so whoever takes it away sees the change.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    day = models.DateField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index("shop", "day", "at", name="dirt_of_day")]

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.day}"


class Grain(models.TextChoices):
    """How long a row's time is."""

    DAY = "d", _("Day")
    MONTH = "m", _("Month")


def _count() -> models.BigIntegerField:
    """Declare a number of records or seconds; empty stands for none and takes no room."""
    return models.BigIntegerField(null=True)


def _sum() -> models.DecimalField:
    return models.DecimalField(max_digits=18, decimal_places=2, null=True)


class _Slot(models.Model):
    """What a row is about: a day or a month in the shop's zone, as a whole or for one key of a dimension."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    grain = models.CharField(max_length=1, choices=Grain.choices)
    # The first day of a month.
    day = models.DateField()
    dimension = models.CharField(max_length=20, blank=True)
    key = models.CharField(max_length=160, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.shop_id} {self.grain} {self.day} {self.dimension} {self.key}".rstrip()


class DayFigure(_Slot):
    """The sums of one day or month; which measure is what says `analytics/measures.py`."""

    placed = _count()
    placed_amount = _sum()
    placed_paid = _count()
    placed_paid_amount = _sum()
    placed_shipped = _count()
    placed_delivered = _count()
    placed_cancelled = _count()
    unpaid_lost = _count()
    unpaid_lost_amount = _sum()
    seller_cancelled = _count()
    placed_disputed = _count()

    paid = _count()
    paid_amount = _sum()
    gmv = _sum()
    paid_cased = _count()
    paid_returned = _count()
    commission = _sum()

    shipped = _count()
    ship_promised = _count()
    ship_late = _count()
    ship_timed = _count()
    ship_seconds = _count()
    ship_problem = _count()

    delivered = _count()
    deliver_promised = _count()
    deliver_on_time = _count()
    deliver_late = _count()
    transit_timed = _count()
    transit_seconds = _count()

    cancelled = _count()
    cancelled_amount = _sum()
    cancelled_unpaid = _count()
    cancelled_unshipped = _count()
    cancelled_shipped = _count()
    cancelled_unpaid_amount = _sum()
    cancelled_unshipped_amount = _sum()
    cancelled_shipped_amount = _sum()

    cases = _count()
    cases_amount = _sum()
    cases_returned = _count()
    cases_seller_fault = _count()
    cases_decided = _count()
    decide_seconds = _count()

    reviews = _count()
    reviews_negative = _count()
    stars = _count()

    class Meta(_Slot.Meta):
        constraints = [
            models.UniqueConstraint("shop", "dimension", "grain", "day", "key", name="figure_once"),
        ]


class DayDurations(_Slot):
    """How long something took on one day or in one month: how many records fell into which logarithmic bucket.

    `buckets[i]` is the number of a bucket (see `analytics/durations.py`) and `counts[i]` how many are in it.
    """

    span = models.CharField(max_length=10)
    buckets = ArrayField(models.SmallIntegerField())
    counts = ArrayField(models.IntegerField())

    class Meta(_Slot.Meta):
        constraints = [
            models.UniqueConstraint("shop", "span", "dimension", "grain", "day", "key", name="durations_once"),
            models.CheckConstraint(
                name="durations_count_each_bucket", condition=models.Q(buckets__len=models.F("counts__len"))
            ),
        ]
