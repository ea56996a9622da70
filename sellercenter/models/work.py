"""Records of what is still to be done: jobs, notices, messages, faults, ticks and heartbeats.

PostgreSQL holds every obligation, so that losing Redis or a worker loses nothing.
"""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sellercenter.models.shops import Channel, Event, Member, Shop, ShopQuerySet
from sellercenter.permissions import ActorKind


class Notification(models.Model):
    """One person is told of one event; the bell counts those that were not read."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="notifications", db_index=False)
    event = models.ForeignKey(Event, models.CASCADE, related_name="notifications", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("notification"), _("notifications")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint("event", "member", name="notification_once_per_person")]
        indexes = [
            models.Index("member", F("created_at").desc(), F("id").desc(), name="notification_newest"),
            models.Index("member", name="notification_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} -> {self.member_id}"


class MessageState(models.TextChoices):
    """Where a message to a buyer stands."""

    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    SKIPPED = "skipped", _("Not needed any more")
    UNSURE = "unsure", _("Perhaps sent")
    DEAD = "dead", _("Given up")


class OutgoingMessage(models.Model):
    """One message to a buyer over one channel, owed from `due_at` on.

    `once` messages (reminders) are marked before they leave and never repeated: a crash in between leaves them
    "perhaps sent". The others (cancellations, refunds) are repeated under the same `key` until the gateway took them.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    event = models.ForeignKey(Event, models.CASCADE, related_name="messages", db_index=False)
    kind = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    # Stable over every attempt, so that the gateway can tell a repetition.
    key = models.CharField(max_length=80, unique=True)
    subject_type = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    once = models.BooleanField()
    state = models.CharField(max_length=10, choices=MessageState.choices, default=MessageState.WAITING)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("message to a buyer"), _("messages to buyers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("event", "channel", name="message_once_per_event_and_channel"),
            models.CheckConstraint(name="message_state_known", condition=Q(state__in=MessageState.values)),
            models.CheckConstraint(name="message_channel_known", condition=Q(channel__in=Channel.values)),
        ]
        indexes = [
            models.Index("due_at", "id", name="message_owed", condition=Q(state__in=["waiting", "sending"])),
            models.Index("subject_type", "subject_id", name="message_of_subject"),
            models.Index("shop", name="message_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return self.key


class Fault(models.Model):
    """One obligation that could not be met: how often it was tried, why it failed, and whether it was given up.

    `subject_type` and `subject_id` name the record, `step` what should have happened to it.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+")
    subject_type = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    step = models.CharField(max_length=40)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(_("why"), max_length=300, blank=True)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())
    dead_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("fault"), _("faults")
        ordering = ["-last_at", "pk"]
        constraints = [
            models.UniqueConstraint("subject_type", "subject_id", "step", name="fault_once_per_obligation"),
        ]
        indexes = [models.Index("last_at", name="fault_dead", condition=Q(dead_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.subject_type} {self.subject_id}: {self.step}"


class Tick(models.Model):
    """One slot of one calendar task: whoever inserts it does the work, however many beats there are."""

    task = models.CharField(max_length=60)
    slot = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint("task", "slot", name="tick_once_per_slot")]

    def __str__(self) -> str:
        return f"{self.task} {self.slot:%F %T}"


class Heartbeat(models.Model):
    """The last sign of life of a queue or a sweep."""

    name = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField(db_default=Now())
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class JobState(models.TextChoices):
    """Where a job stands."""

    QUEUED = "queued", pgettext_lazy("job", "Waiting")
    RUNNING = "running", pgettext_lazy("job", "Running")
    DONE = "done", pgettext_lazy("job", "Done")
    FAILED = "failed", pgettext_lazy("job", "Failed")
    CANCELLED = "cancelled", pgettext_lazy("job", "Stopped")


class JobQuerySet(ShopQuerySet):
    """Finding jobs."""

    def open(self) -> Self:
        """Keep those that still have something to do."""
        return self.filter(state__in=[JobState.QUEUED, JobState.RUNNING])


class Job(models.Model):
    """A long piece of work: who wanted it, how far it is, and who holds it until when.

    The holder proves itself with `fence`: each claim counts it up, and a write with an old number finds no row.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="jobs", db_index=False)
    kind = models.CharField(max_length=60)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_label = models.CharField(max_length=60)
    params = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    total = models.PositiveIntegerField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("job"), _("jobs")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="job_state_known", condition=Q(state__in=JobState.values)),
            models.CheckConstraint(
                name="job_end_has_time",
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | Q(state__in=["done", "failed", "cancelled"], finished_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index("shop", F("created_at").desc(), F("id").desc(), name="job_newest"),
            models.Index("id", name="job_open", condition=Q(state__in=["queued", "running"])),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def handled(self) -> int:
        """How many records have their result."""
        return self.done + self.skipped + self.failed


class ItemState(models.TextChoices):
    """What became of one record of a job."""

    WAITING = "waiting", pgettext_lazy("job item", "Waiting")
    DONE = "done", pgettext_lazy("job item", "Done")
    SKIPPED = "skipped", pgettext_lazy("job item", "Left as it is")
    FAILED = "failed", pgettext_lazy("job item", "Failed")


class JobItem(models.Model):
    """One record of a job with its result, written in the transaction of its effect."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="items", db_index=False)
    ref = models.BigIntegerField()
    label = models.CharField(max_length=80, blank=True)
    given = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.WAITING)
    code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("job", "ref", name="job_item_once"),
            models.CheckConstraint(name="job_item_state_known", condition=Q(state__in=ItemState.values)),
        ]
        indexes = [
            models.Index("job", "id", name="job_item_waiting", condition=Q(state="waiting")),
            models.Index("job", "state", "id", name="job_item_by_state"),
        ]

    def __str__(self) -> str:
        return self.label or str(self.ref)
