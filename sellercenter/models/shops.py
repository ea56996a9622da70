"""The platform's records: people, shops, their policies and teams, what happened, and how lists are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from sellercenter.money import CURRENCIES
from sellercenter.permissions import ActorKind, Perm, StockRole
from sellercenter.texts import Text


class ShopQuerySet(models.QuerySet):
    """What every record of a shop can be asked."""

    def for_shop(self, shop: Shop) -> Self:
        """Keep what belongs to this shop; every query of a page starts here."""
        return self.filter(shop=shop)


class User(AbstractUser):
    """A person who can log in; what they may do is decided shop by shop, in Member."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    language = models.CharField(_("language"), max_length=12, blank=True)
    theme = models.CharField(_("theme"), max_length=8, choices=Theme.choices, default=Theme.AUTO)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(name="user_theme_known", condition=Q(theme__in=["auto", "light", "dark"])),
        ]


def check_time_zone(name: str) -> None:
    """Refuse a time zone that the IANA list does not know."""
    if name not in available_timezones():
        raise ValidationError(_("“%(name)s” is not a time zone. Write one as in Asia/Shanghai."), params={"name": name})


class Shop(models.Model):
    """A shop: the wall between one team's orders and another's."""

    class Accent(models.TextChoices):
        RED = "red", _("Red")
        ORANGE = "orange", _("Orange")
        TEAL = "teal", _("Teal")
        BLUE = "blue", _("Blue")
        INDIGO = "indigo", _("Indigo")
        PINK = "pink", _("Pink")

    code = models.CharField(
        _("code"),
        max_length=32,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", _("Use small letters, digits and single hyphens."))],
        help_text=_("Stands in every address of the shop, so it can't change later."),
    )
    name = models.CharField(_("name"), max_length=80)
    currency = models.CharField(_("currency"), max_length=3, choices=[(c, c) for c in sorted(CURRENCIES)])
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Shanghai", validators=[check_time_zone])
    accent = models.CharField(_("accent colour"), max_length=8, choices=Accent.choices, default=Accent.BLUE)
    opened_at = models.DateTimeField(_("opened"), db_default=Now(), editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("shop"), _("shops")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(name="shop_currency_is_iso", condition=Q(currency__regex=r"^[A-Z]{3}$")),
            models.CheckConstraint(name="shop_code_is_slug", condition=Q(code__regex=r"^[a-z0-9]+(-[a-z0-9]+)*$")),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which the shop's days begin."""
        return ZoneInfo(self.time_zone)


def _clock(label: Text, default: timedelta | None, help_text: Text = "") -> models.DurationField:
    """Declare one clock of a policy; empty means never."""
    return models.DurationField(label, null=True, blank=True, default=default, help_text=help_text)


POLICY_CLOCKS = (
    *("first_reminder", "second_reminder", "payment_window", "cancel_answer", "ship_within"),
    *("ship_warning", "ship_cancel", "tracking_silence", "receipt_window"),
    *("claim_window", "case_answer", "case_warning", "offer_answer", "return_window", "inspect_within"),
    *("resend_within", "escalate_window", "evidence_within", "reply_within"),
)


class Channel(models.TextChoices):
    """A way by which a message reaches a buyer."""

    IN_SITE = "in_site", _("In-site message")
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


def _first_channels() -> list[str]:
    return [Channel.IN_SITE.value]


def _second_channels() -> list[str]:
    return [Channel.IN_SITE.value, Channel.SMS.value]


def _channels(label: Text, default: Callable[[], list[str]]) -> ArrayField:
    """Declare over which channels one step of the reminder ladder goes; none means that the step is left out."""
    known = models.CharField(max_length=10, choices=Channel.choices)
    return ArrayField(known, verbose_name=label, default=default, blank=True)


class ShopPolicy(models.Model):
    """Every clock of a shop as a value; an empty clock never rings.

    Defaults are those of `docs/deadlines.md`: reminders 15 minutes and 16 hours after the order, cancelled unpaid
    after 48 hours, a cancel request answered within 48 hours, shipped within 72 hours, marked after 7 days
    without news of the carrier, receipt confirmed by itself after 10 days; a case answered within 48 hours, goods sent
    back within 7 days and inspected within 48 hours, a message answered within 24 hours.
    """

    shop = models.OneToOneField(Shop, models.CASCADE, related_name="policy")
    first_reminder = _clock(_("first payment reminder"), timedelta(minutes=15), _("After the order was placed."))
    second_reminder = _clock(_("second payment reminder"), timedelta(hours=16), _("After the order was placed."))
    payment_window = _clock(_("unpaid orders are cancelled"), timedelta(hours=48), _("After the order was placed."))
    cancel_answer = _clock(_("cancel request is answered"), timedelta(hours=48), _("After that it counts as accepted."))
    ship_within = _clock(_("ship within"), timedelta(hours=72), _("After payment. Later counts as late."))
    ship_warning = _clock(_("warn before ship-by time"), timedelta(hours=24))
    ship_cancel = _clock(_("unshipped orders are cancelled"), None, _("After payment. Empty: never."))
    tracking_silence = _clock(_("no carrier update"), timedelta(days=7), _("Then the parcel is marked."))
    receipt_window = _clock(_("receipt counts as confirmed"), timedelta(days=10), _("After the parcel was delivered."))
    claim_window = _clock(_("returns can be asked for"), timedelta(days=7), _("After the parcel was delivered."))
    case_answer = _clock(_("case is answered"), timedelta(hours=48), _("After that it counts as accepted."))
    case_warning = _clock(_("warn before a case's deadline"), timedelta(hours=12))
    offer_answer = _clock(_("buyer answers an offer"), timedelta(hours=48), _("After that it counts as declined."))
    return_window = _clock(_("buyer sends goods back"), timedelta(days=7), _("After that the case is closed."))
    inspect_within = _clock(_("return is inspected"), timedelta(hours=48), _("After that it counts as in order."))
    resend_within = _clock(_("goods are sent again"), timedelta(hours=72))
    escalate_window = _clock(_("buyer goes to the platform"), timedelta(hours=48), _("After a refusal."))
    evidence_within = _clock(_("evidence is put in"), timedelta(hours=48), _("When the platform names no time."))
    reply_within = _clock(_("message is answered"), timedelta(hours=24))
    appeal_file_days = models.PositiveSmallIntegerField(
        _("days to file an appeal"), default=7, db_default=7, help_text=_("After we were told of the penalty.")
    )
    appeal_answer_days = models.PositiveSmallIntegerField(
        _("working days until an appeal is answered"), default=5, db_default=5
    )
    refund_limit = models.DecimalField(
        _("refunds above this need a second person"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Empty: one person is enough."),
    )
    first_channels = _channels(_("channels of the first reminder"), _first_channels)
    second_channels = _channels(_("channels of the second reminder"), _second_channels)
    quiet_from = models.TimeField(
        _("quiet from"),
        null=True,
        blank=True,
        help_text=_("No reminder leaves between these hours of the shop's day; it waits for their end."),
    )
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    coupon = models.CharField(
        _("coupon offered with a reminder"),
        max_length=40,
        blank=True,
        help_text=_("The code that a person may offer when reminding a buyer to pay. Empty: no offer."),
    )
    low_stock_at = models.PositiveIntegerField(
        _("low stock"),
        default=5,
        help_text=_("A SKU with so few units is reported, unless it has its own limit."),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("policy"), _("policies")
        constraints = [
            models.CheckConstraint(
                name="policy_clocks_are_positive",
                condition=Q(
                    *(Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gt": timedelta(0)}) for name in POLICY_CLOCKS)
                ),
            ),
            models.CheckConstraint(
                name="policy_refund_limit_not_negative",
                condition=Q(refund_limit__isnull=True) | Q(refund_limit__gte=0),
            ),
            models.CheckConstraint(
                name="policy_quiet_hours_have_both_ends",
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
            ),
            models.CheckConstraint(
                name="policy_second_reminder_follows_first",
                condition=Q(first_reminder__isnull=True)
                | Q(second_reminder__isnull=True)
                | Q(second_reminder__gt=F("first_reminder")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shop}"


def check_perms(codes: list[str]) -> None:
    """Refuse a list of rights that names one that does not exist."""
    unknown = sorted(set(codes) - set(Perm.values))
    if unknown:
        raise ValidationError(_("Unknown rights: %(codes)s."), params={"codes": ", ".join(unknown)})


class Role(models.Model):
    """A named list of rights; stock roles carry a code so that their name is shown in the reader's language."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="roles")
    stock = models.CharField(_("stock role"), max_length=20, choices=StockRole.choices, blank=True, editable=False)
    name = models.CharField(_("name"), max_length=40, blank=True)
    perms = ArrayField(
        models.CharField(max_length=40, choices=Perm.choices),
        verbose_name=_("rights"),
        default=list,
        blank=True,
        validators=[check_perms],
    )

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("role"), _("roles")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("shop", "id", name="role_is_of_shop"),
            models.UniqueConstraint("shop", "stock", condition=~Q(stock=""), name="role_stock_once_per_shop"),
            models.UniqueConstraint("shop", "name", condition=~Q(name=""), name="role_name_once_per_shop"),
            models.CheckConstraint(name="role_has_stock_code_or_name", condition=~Q(stock="") | ~Q(name="")),
        ]

    def __str__(self) -> str:
        return f"{self.shop}: {self.label}"

    @property
    def label(self) -> str:
        """The role's name as people read it."""
        return self.name or str(StockRole(self.stock).label)


class MemberQuerySet(ShopQuerySet):
    """Finding people of a team."""

    def active(self) -> Self:
        """Keep those who may still enter."""
        return self.filter(disabled_at=None, user__is_active=True)


class Member(models.Model):
    """A person's place in a shop: the owner, or a sub-account with a role."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    shop = models.ForeignKey(Shop, models.CASCADE, related_name="members")
    owner = models.BooleanField(_("owner"), default=False)
    role = models.ForeignKey(Role, models.PROTECT, null=True, blank=True, related_name="members")
    label = models.CharField(_("name in this shop"), max_length=60)
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True)
    joined_at = models.DateTimeField(_("joined"), db_default=Now(), editable=False)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("member"), _("members")
        ordering = ["-owner", "label", "pk"]
        constraints = [
            models.UniqueConstraint("user", "shop", name="member_once_per_shop"),
            models.UniqueConstraint("shop", condition=Q(owner=True), name="member_one_owner_per_shop"),
            models.CheckConstraint(
                name="member_is_owner_or_has_role",
                condition=Q(owner=True, role__isnull=True, disabled_at__isnull=True)
                | Q(owner=False, role__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def active(self) -> bool:
        """Say whether this person may enter the shop."""
        return self.disabled_at is None and self.user.is_active

    @property
    def role_label(self) -> str:
        """The role as people read it."""
        return str(_("Owner")) if self.owner else self.role.label if self.role else ""


class Event(models.Model):
    """One thing that happened: the history people read, the log, and the source of notices; only ever added to."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_label = models.CharField(max_length=60)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    recorded_at = models.DateTimeField(db_default=Now())
    data = models.JSONField(default=dict, blank=True)
    # The outbox: from when on somebody must still be told; nothing is owed when empty.
    owed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        ordering = ["at", "pk"]
        indexes = [
            models.Index("subject_type", "subject_id", "at", "id", name="event_of_subject"),
            models.Index("shop", F("recorded_at").desc(), F("id").desc(), name="event_of_shop"),
            models.Index("owed_at", "id", name="event_owed", condition=Q(owed_at__isnull=False)),
            models.Index(
                *("shop", F("at").desc()), include=["kind"], name="event_by_person", condition=Q(member__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(name="event_actor_kind_known", condition=Q(actor_kind__in=ActorKind.values)),
            models.CheckConstraint(name="event_kind_names_subject", condition=Q(kind__contains=".")),
        ]

    def __str__(self) -> str:
        return self.kind


class SavedView(models.Model):
    """A list's filter, sort and columns under a name: one person's own, or the team's when nobody owns it."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=40)
    name = models.CharField(_("name"), max_length=40)
    member = models.ForeignKey(Member, models.CASCADE, null=True, blank=True, related_name="saved_views")
    created_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    query = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("saved view"), _("saved views")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint("shop", "page", "member", "name", name="view_name_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return self.name


class ListLayout(models.Model):
    """The columns and the density that a person chose for a list."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="layouts")
    page = models.CharField(max_length=40)
    columns = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    dense = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint("member", "page", name="layout_once_per_page")]

    def __str__(self) -> str:
        return f"{self.member}: {self.page}"
