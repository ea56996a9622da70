"""Records of files that leave and that come in: exports with their templates, rules and downloads; imports."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sellercenter.models.shops import Member, Shop, ShopQuerySet
from sellercenter.models.work import Job

HASH_LENGTH = 64


class FileForm(models.TextChoices):
    """How a file is written."""

    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"


class ExportState(models.TextChoices):
    """Where an export stands."""

    WAITING = "waiting", pgettext_lazy("export", "Being written")
    READY = "ready", pgettext_lazy("export", "Ready")
    FAILED = "failed", pgettext_lazy("export", "Failed")
    GONE = "gone", pgettext_lazy("export", "Deleted")


class Every(models.TextChoices):
    """How often a rule makes an export, and of which days."""

    DAY = "day", _("Every day, of the day before")
    WEEK = "week", _("Every Monday, of the week before")
    MONTH = "month", _("On the first of the month, of the month before")


class ExportTemplate(models.Model):
    """Columns and form of an export under a name, for one person or, without a member, for the team."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=40)
    source = models.CharField(max_length=30)
    layout = models.CharField(max_length=30)
    columns = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    form = models.CharField(_("format"), max_length=4, choices=FileForm.choices, default=FileForm.XLSX)
    created_by = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("export template"), _("export templates")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "shop", "source", "member", "name", name="export_template_once", nulls_distinct=False
            ),
            models.CheckConstraint(name="export_template_form_known", condition=Q(form__in=FileForm.values)),
        ]

    def __str__(self) -> str:
        return self.name


class ExportRule(models.Model):
    """An export that is made again and again, with the rights that its owner has at that moment.

    `query` is a list's address without private words; `next_at` is when it is owed next, empty once it has stopped.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=40)
    source = models.CharField(max_length=30)
    layout = models.CharField(max_length=30)
    columns = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    form = models.CharField(_("format"), max_length=4, choices=FileForm.choices, default=FileForm.XLSX)
    query = models.TextField(blank=True)
    every = models.CharField(_("how often"), max_length=5, choices=Every.choices, default=Every.DAY)
    hour = models.PositiveSmallIntegerField(_("hour"), default=7, validators=[MaxValueValidator(23)])
    readers = models.ManyToManyField(Member, related_name="+", blank=True, verbose_name=_("who is told"))
    next_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    stopped_because = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("scheduled export"), _("scheduled exports")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint("shop", "name", name="export_rule_once"),
            models.CheckConstraint(name="export_rule_form_known", condition=Q(form__in=FileForm.values)),
            models.CheckConstraint(name="export_rule_every_known", condition=Q(every__in=Every.values)),
            models.CheckConstraint(name="export_rule_hour_of_day", condition=Q(hour__lte=23)),
        ]
        indexes = [models.Index("next_at", name="export_rule_owed", condition=Q(next_at__isnull=False))]

    def __str__(self) -> str:
        return self.name


class Export(models.Model):
    """One file that was asked for: what is in it, as of when, who wanted it, and where it lies until it expires.

    `words` tells the filter as people read it, in pairs, and `query` is the list's address, both without what is
    private; what was asked for exactly stands in the job until it ends. `name` is the file below EXPORT_ROOT;
    it exists from the moment in which the state becomes ready, and is deleted when the state becomes gone.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="exports", db_index=False)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    rule = models.ForeignKey(ExportRule, models.SET_NULL, null=True, blank=True, related_name="exports")
    job = models.OneToOneField(Job, models.SET_NULL, null=True, blank=True, related_name="export")
    actor_label = models.CharField(max_length=60)
    source = models.CharField(max_length=30)
    layout = models.CharField(max_length=30)
    columns = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    form = models.CharField(_("format"), max_length=4, choices=FileForm.choices)
    private = models.BooleanField(_("with private data"), default=False)
    reason = models.CharField(_("what for"), max_length=200, blank=True)
    words = models.JSONField(default=list, blank=True)
    query = models.TextField(blank=True)
    # The due moment of the rule that made it, so that each is made once.
    slot = models.DateTimeField(null=True, blank=True)
    state = models.CharField(_("status"), max_length=8, choices=ExportState.choices, default=ExportState.WAITING)
    name = models.CharField(max_length=120, blank=True)
    rows = models.PositiveIntegerField(_("rows"), null=True, blank=True)
    size = models.BigIntegerField(_("size"), null=True, blank=True)
    sha256 = models.CharField(max_length=HASH_LENGTH, blank=True)
    as_of = models.DateTimeField(_("as of"), null=True, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(_("asked for"), db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("export"), _("exports")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="export_state_known", condition=Q(state__in=ExportState.values)),
            models.CheckConstraint(name="export_form_known", condition=Q(form__in=FileForm.values)),
            models.CheckConstraint(
                name="export_ready_has_file",
                condition=~Q(state="ready")
                | ~Q(name="")
                & ~Q(sha256="")
                & Q(rows__isnull=False, size__isnull=False, as_of__isnull=False, expires_at__isnull=False),
            ),
            models.CheckConstraint(name="export_private_has_reason", condition=Q(private=False) | ~Q(reason="")),
            models.UniqueConstraint("rule", "slot", name="export_once_per_slot"),
        ]
        indexes = [
            models.Index("shop", F("created_at").desc(), F("id").desc(), name="export_newest"),
            models.Index("expires_at", name="export_expiring", condition=Q(state="ready")),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.source} {self.pk}"


class ExportDownload(models.Model):
    """Somebody fetched an export."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="downloads")
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    actor_label = models.CharField(max_length=60)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name, verbose_name_plural = _("download"), _("downloads")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.export_id} {self.at:%F %T}"


class ImportState(models.TextChoices):
    """Where an imported file stands."""

    CHECKING = "checking", pgettext_lazy("import", "Being checked")
    CHECKED = "checked", pgettext_lazy("import", "Checked")
    APPLYING = "applying", pgettext_lazy("import", "Being taken in")
    DONE = "done", pgettext_lazy("import", "Taken in")
    FAILED = "failed", pgettext_lazy("import", "Failed")
    DROPPED = "dropped", pgettext_lazy("import", "Dropped")


class ImportFile(models.Model):
    """A file that somebody brought: checked first without writing, then taken in when they agree.

    `checked` and `outcome` are what the two phases found: counts of new, changed, unchanged and rejected records and
    lines, notes, columns that nobody knows, rejected rows. `name` is the file below IMPORT_ROOT, empty once deleted.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="imports", db_index=False)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    actor_label = models.CharField(max_length=60)
    kind = models.CharField(max_length=30, blank=True)
    layout = models.CharField(max_length=30, blank=True)
    # What the person calls the file; only ever shown.
    title = models.CharField(_("file"), max_length=120)
    name = models.CharField(max_length=120, blank=True)
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(max_length=HASH_LENGTH)
    state = models.CharField(_("status"), max_length=8, choices=ImportState.choices, default=ImportState.CHECKING)
    check_job = models.OneToOneField(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    apply_job = models.OneToOneField(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    checked = models.JSONField(default=dict, blank=True)
    outcome = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(_("brought"), db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("imported file"), _("imported files")
        ordering = ["-created_at", "-pk"]
        constraints = [models.CheckConstraint(name="import_state_known", condition=Q(state__in=ImportState.values))]
        indexes = [
            models.Index("shop", F("created_at").desc(), F("id").desc(), name="import_newest"),
            models.Index("shop", "sha256", name="import_same_file"),
        ]

    def __str__(self) -> str:
        return self.title
