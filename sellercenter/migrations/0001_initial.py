import datetime

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import sellercenter.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Role",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "stock",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("manager", "Manager"),
                            ("view_only", "View only"),
                            ("after_sales", "After-sales"),
                            ("shipping", "Shipping"),
                            ("reviewer", "Reviewer"),
                            ("printing", "Printing"),
                            ("packing", "Picking and packing"),
                            ("logistics", "Logistics"),
                            ("service", "Customer service"),
                            ("finance", "Finance"),
                            ("data", "Data"),
                        ],
                        editable=False,
                        max_length=20,
                        verbose_name="stock role",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=40, verbose_name="name")),
                (
                    "perms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("orders.view", "See orders"),
                                ("orders.note", "Write notes and set flags"),
                                ("orders.mark", "Mark orders as abnormal"),
                                ("orders.price", "Change price and freight before payment"),
                                ("orders.address", "Change delivery addresses"),
                                ("orders.review", "Review orders: approve or hold"),
                                ("orders.merge", "Merge and split orders"),
                                ("orders.cancel", "Cancel orders"),
                                ("orders.remind", "Remind buyers to pay"),
                                ("waybills.print", "Print waybills and picking lists"),
                                ("parcels.pack", "Pick, pack and scan"),
                                ("parcels.ship", "Ship and edit tracking numbers"),
                                ("tracking.watch", "Watch tracking and open logistics tickets"),
                                ("aftersales.view", "See after-sales cases"),
                                ("aftersales.decide", "Decide after-sales cases"),
                                ("refunds.make", "Make refunds"),
                                ("refunds.confirm", "Confirm refunds above the limit"),
                                ("disputes.handle", "Handle disputes and appeals"),
                                ("messages.answer", "Answer buyers and reviews"),
                                ("private.reveal", "Reveal a buyer's name, phone or address"),
                                ("exports.create", "Export lists, masked"),
                                ("exports.private", "Export buyers' private data"),
                                ("imports.run", "Import orders, stock and tracking numbers"),
                                ("figures.view", "See figures and reports"),
                                ("settlement.view", "See settlements and fees"),
                                ("stock.edit", "Change stock"),
                                ("views.share", "Share saved views with the team"),
                                ("log.view", "See the operation log"),
                                ("policies.edit", "Change the shop's policies"),
                                ("members.manage", "Manage sub-accounts and roles"),
                            ],
                            max_length=40,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        validators=[sellercenter.models.check_perms],
                        verbose_name="rights",
                    ),
                ),
            ],
            options={
                "verbose_name": "role",
                "verbose_name_plural": "roles",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                ("language", models.CharField(blank=True, max_length=12, verbose_name="language")),
                (
                    "theme",
                    models.CharField(
                        choices=[("auto", "As the device"), ("light", "Light"), ("dark", "Dark")],
                        default="auto",
                        max_length=8,
                        verbose_name="theme",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner", models.BooleanField(default=False, verbose_name="owner")),
                ("label", models.CharField(max_length=60, verbose_name="name in this shop")),
                ("disabled_at", models.DateTimeField(blank=True, null=True, verbose_name="disabled")),
                (
                    "joined_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="joined"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="sellercenter.role",
                    ),
                ),
            ],
            options={
                "verbose_name": "member",
                "verbose_name_plural": "members",
                "ordering": ["-owner", "label", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ListLayout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("page", models.CharField(max_length=40)),
                (
                    "columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list, size=None
                    ),
                ),
                ("dense", models.BooleanField(default=False)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="layouts", to="sellercenter.member"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Shop",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="Stands in every address of the shop, so it can't change later.",
                        max_length=32,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9]+(-[a-z0-9]+)*$", "Use small letters, digits and single hyphens."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "currency",
                    models.CharField(
                        choices=[
                            ("AUD", "AUD"),
                            ("BRL", "BRL"),
                            ("CAD", "CAD"),
                            ("CNY", "CNY"),
                            ("EUR", "EUR"),
                            ("GBP", "GBP"),
                            ("HKD", "HKD"),
                            ("IDR", "IDR"),
                            ("JPY", "JPY"),
                            ("KRW", "KRW"),
                            ("MXN", "MXN"),
                            ("MYR", "MYR"),
                            ("PHP", "PHP"),
                            ("SGD", "SGD"),
                            ("THB", "THB"),
                            ("TWD", "TWD"),
                            ("USD", "USD"),
                            ("VND", "VND"),
                        ],
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        default="Asia/Shanghai",
                        max_length=64,
                        validators=[sellercenter.models.check_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "accent",
                    models.CharField(
                        choices=[
                            ("red", "Red"),
                            ("orange", "Orange"),
                            ("teal", "Teal"),
                            ("blue", "Blue"),
                            ("indigo", "Indigo"),
                            ("pink", "Pink"),
                        ],
                        default="blue",
                        max_length=8,
                        verbose_name="accent colour",
                    ),
                ),
                (
                    "opened_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="opened"
                    ),
                ),
            ],
            options={
                "verbose_name": "shop",
                "verbose_name_plural": "shops",
                "ordering": ["name", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="shop_currency_is_iso"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[a-z0-9]+(-[a-z0-9]+)*$")), name="shop_code_is_slug"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("page", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("query", models.TextField(blank=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="sellercenter.member",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to="sellercenter.member",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="saved_views", to="sellercenter.shop"
                    ),
                ),
            ],
            options={
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
                "ordering": ["name", "pk"],
            },
        ),
        migrations.AddField(
            model_name="role",
            name="shop",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="roles", to="sellercenter.shop"
            ),
        ),
        migrations.AddField(
            model_name="member",
            name="shop",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="members", to="sellercenter.shop"
            ),
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=60)),
                ("subject_type", models.CharField(max_length=30)),
                ("subject_id", models.BigIntegerField()),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("member", "Member"),
                            ("system", "System"),
                            ("buyer", "Buyer"),
                            ("channel", "Platform"),
                            ("admin", "Administrator"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor_label", models.CharField(max_length=60)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("data", models.JSONField(blank=True, default=dict)),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="sellercenter.member",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ShopPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "first_reminder",
                    models.DurationField(
                        blank=True,
                        default=datetime.timedelta(seconds=900),
                        help_text="After the order was placed.",
                        null=True,
                        verbose_name="first payment reminder",
                    ),
                ),
                (
                    "second_reminder",
                    models.DurationField(
                        blank=True,
                        default=datetime.timedelta(seconds=57600),
                        help_text="After the order was placed.",
                        null=True,
                        verbose_name="second payment reminder",
                    ),
                ),
                (
                    "payment_window",
                    models.DurationField(
                        blank=True,
                        default=datetime.timedelta(days=2),
                        help_text="After the order was placed.",
                        null=True,
                        verbose_name="unpaid orders are cancelled",
                    ),
                ),
                (
                    "cancel_answer",
                    models.DurationField(
                        blank=True,
                        default=datetime.timedelta(days=2),
                        help_text="After that it counts as accepted.",
                        null=True,
                        verbose_name="cancel request is answered",
                    ),
                ),
                (
                    "ship_within",
                    models.DurationField(
                        blank=True,
                        default=datetime.timedelta(days=3),
                        help_text="After payment. Later counts as late.",
                        null=True,
                        verbose_name="ship within",
                    ),
                ),
                (
                    "ship_warning",
                    models.DurationField(
                        blank=True,
                        default=datetime.timedelta(days=1),
                        null=True,
                        verbose_name="warn before ship-by time",
                    ),
                ),
                (
                    "ship_cancel",
                    models.DurationField(
                        blank=True,
                        default=None,
                        help_text="After payment. Empty: never.",
                        null=True,
                        verbose_name="unshipped orders are cancelled",
                    ),
                ),
                (
                    "tracking_silence",
                    models.DurationField(
                        blank=True,
                        default=datetime.timedelta(days=7),
                        help_text="Then the parcel is marked.",
                        null=True,
                        verbose_name="no carrier update",
                    ),
                ),
                (
                    "receipt_window",
                    models.DurationField(
                        blank=True,
                        default=datetime.timedelta(days=10),
                        help_text="After the parcel was delivered.",
                        null=True,
                        verbose_name="receipt counts as confirmed",
                    ),
                ),
                (
                    "shop",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="policy", to="sellercenter.shop"
                    ),
                ),
            ],
            options={
                "verbose_name": "policy",
                "verbose_name_plural": "policies",
            },
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("theme__in", ["auto", "light", "dark"])), name="user_theme_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="listlayout",
            constraint=models.UniqueConstraint(models.F("member"), models.F("page"), name="layout_once_per_page"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                models.F("shop"),
                models.F("page"),
                models.F("member"),
                models.F("name"),
                name="view_name_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="role_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(
                models.F("shop"),
                models.F("stock"),
                condition=models.Q(("stock", ""), _negated=True),
                name="role_stock_once_per_shop",
            ),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(
                models.F("shop"),
                models.F("name"),
                condition=models.Q(("name", ""), _negated=True),
                name="role_name_once_per_shop",
            ),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stock", ""), _negated=True), models.Q(("name", ""), _negated=True), _connector="OR"
                ),
                name="role_has_stock_code_or_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.UniqueConstraint(models.F("user"), models.F("shop"), name="member_once_per_shop"),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.UniqueConstraint(
                models.F("shop"), condition=models.Q(("owner", True)), name="member_one_owner_per_shop"
            ),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disabled_at__isnull", True), ("owner", True), ("role__isnull", True)),
                    models.Q(("owner", False), ("role__isnull", False)),
                    _connector="OR",
                ),
                name="member_is_owner_or_has_role",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.F("subject_type"),
                models.F("subject_id"),
                models.F("at"),
                models.F("id"),
                name="event_of_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("recorded_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="event_of_shop",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(("actor_kind__in", ["member", "system", "buyer", "channel", "admin"])),
                name="event_actor_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__contains", ".")), name="event_kind_names_subject"
            ),
        ),
        migrations.AddConstraint(
            model_name="shoppolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("first_reminder__isnull", True), ("first_reminder__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("second_reminder__isnull", True),
                        ("second_reminder__gt", datetime.timedelta(0)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("payment_window__isnull", True), ("payment_window__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("cancel_answer__isnull", True), ("cancel_answer__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("ship_within__isnull", True), ("ship_within__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("ship_warning__isnull", True), ("ship_warning__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("ship_cancel__isnull", True), ("ship_cancel__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("tracking_silence__isnull", True),
                        ("tracking_silence__gt", datetime.timedelta(0)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("receipt_window__isnull", True), ("receipt_window__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                ),
                name="policy_clocks_are_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="shoppolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_reminder__isnull", True),
                    ("second_reminder__isnull", True),
                    ("second_reminder__gt", models.F("first_reminder")),
                    _connector="OR",
                ),
                name="policy_second_reminder_follows_first",
            ),
        ),
    ]
