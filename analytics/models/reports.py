"""What a shop chose for its figures, the daily reports that were made, and of which stock people were warned."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models import Sku
from sellercenter.models import Member, Shop, ShopQuerySet

LEAD_DAYS = 7


class FigureSetting(models.Model):
    """What a shop chose: when the daily report comes and to whom, and how many days new goods take.

    Nobody gets a report while `hour` is empty. `since` is when that ended: the first one comes at the next such hour.
    """

    shop = models.OneToOneField(Shop, models.CASCADE, related_name="figure_setting")
    hour = models.PositiveSmallIntegerField(_("hour"), null=True, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    to_owner = models.BooleanField(_("to the owner"), default=True)
    # The keys of roles of the shop; what is no role any more names nobody.
    roles = ArrayField(models.BigIntegerField(), verbose_name=_("to these roles"), default=list, blank=True)
    by_mail = models.BooleanField(_("also by e-mail"), default=True)
    lead_days = models.PositiveSmallIntegerField(
        _("days until new goods come"), default=LEAD_DAYS, db_default=LEAD_DAYS
    )

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("setting of figures"), _("settings of figures")
        constraints = [
            models.CheckConstraint(name="figure_setting_hour_of_day", condition=Q(hour__isnull=True) | Q(hour__lte=23)),
            models.CheckConstraint(name="figure_setting_lead_days", condition=Q(lead_days__gte=1, lead_days__lte=180)),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.hour}"


class ReportReader(models.Model):
    """Where a member's reports go and in which language, when not to the account's address and in its language."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    member = models.OneToOneField(Member, models.CASCADE, related_name="report_reader")
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("reader of reports"), _("readers of reports")

    def __str__(self) -> str:
        return f"{self.member_id}"


class DailyReport(models.Model):
    """The report of one day of a shop was made; whoever writes this row tells everybody, and nobody else does."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    made_at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("daily report"), _("daily reports")
        ordering = ["-day", "-pk"]
        constraints = [models.UniqueConstraint("shop", "day", name="report_once_per_day")]

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.day}"


class ReportCopy(models.Model):
    """One person's e-mail with the report of a day; somebody's trial belongs to no report."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    report = models.ForeignKey(DailyReport, models.CASCADE, null=True, blank=True, related_name="copies")
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    day = models.DateField()
    made_at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("copy of a report"), _("copies of reports")
        constraints = [
            models.UniqueConstraint("member", "day", name="report_copy_once", condition=Q(report__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.day}"


class StockSales(models.Model):
    """The units of each counted SKU that were sold on the days before `until`, as the hourly look read them.

    `units` has, by the key of the SKU, a number for each day, the newest first. Pages read it instead of the lines.
    """

    shop = models.OneToOneField(Shop, models.CASCADE, primary_key=True, related_name="+")
    until = models.DateField()
    units = models.JSONField(default=dict)
    read_at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("units sold lately"), _("units sold lately")

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.until}"


class StockAlert(models.Model):
    """People were warned that a SKU runs out before new goods can come; it stands until the SKU is filled up.

    `available` is how many units there were then: with more, and enough of them, the next time is news again.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    sku = models.OneToOneField(Sku, models.CASCADE, related_name="+")
    available = models.IntegerField()
    runs_out_on = models.DateField()
    told_at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("stock alert"), _("stock alerts")
        indexes = [models.Index("shop", "runs_out_on", name="stock_alert_of_shop")]

    def __str__(self) -> str:
        return f"{self.sku_id}: {self.runs_out_on}"
