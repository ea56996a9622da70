import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from analytics import triggers


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("orders", "0008_promised_delivery"),
        ("aftersales", "0002_walls_between_shops"),
        ("sellercenter", "0004_aftersales_clocks"),
    ]

    operations = [
        migrations.CreateModel(
            name="DayDurations",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("grain", models.CharField(choices=[("d", "Day"), ("m", "Month")], max_length=1)),
                ("day", models.DateField()),
                ("dimension", models.CharField(blank=True, max_length=20)),
                ("key", models.CharField(blank=True, max_length=160)),
                ("span", models.CharField(max_length=10)),
                (
                    "buckets",
                    django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None),
                ),
                ("counts", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                (
                    "shop",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        models.F("shop"),
                        models.F("span"),
                        models.F("dimension"),
                        models.F("grain"),
                        models.F("day"),
                        models.F("key"),
                        name="durations_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("buckets__len", models.F("counts__len"))),
                        name="durations_count_each_bucket",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DayFigure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("grain", models.CharField(choices=[("d", "Day"), ("m", "Month")], max_length=1)),
                ("day", models.DateField()),
                ("dimension", models.CharField(blank=True, max_length=20)),
                ("key", models.CharField(blank=True, max_length=160)),
                ("placed", models.BigIntegerField(null=True)),
                ("placed_amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("placed_paid", models.BigIntegerField(null=True)),
                ("placed_paid_amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("placed_shipped", models.BigIntegerField(null=True)),
                ("placed_delivered", models.BigIntegerField(null=True)),
                ("placed_cancelled", models.BigIntegerField(null=True)),
                ("unpaid_lost", models.BigIntegerField(null=True)),
                ("unpaid_lost_amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("seller_cancelled", models.BigIntegerField(null=True)),
                ("placed_disputed", models.BigIntegerField(null=True)),
                ("paid", models.BigIntegerField(null=True)),
                ("paid_amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("gmv", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("paid_cased", models.BigIntegerField(null=True)),
                ("paid_returned", models.BigIntegerField(null=True)),
                ("commission", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("shipped", models.BigIntegerField(null=True)),
                ("ship_promised", models.BigIntegerField(null=True)),
                ("ship_late", models.BigIntegerField(null=True)),
                ("ship_timed", models.BigIntegerField(null=True)),
                ("ship_seconds", models.BigIntegerField(null=True)),
                ("ship_problem", models.BigIntegerField(null=True)),
                ("delivered", models.BigIntegerField(null=True)),
                ("deliver_promised", models.BigIntegerField(null=True)),
                ("deliver_on_time", models.BigIntegerField(null=True)),
                ("deliver_late", models.BigIntegerField(null=True)),
                ("transit_timed", models.BigIntegerField(null=True)),
                ("transit_seconds", models.BigIntegerField(null=True)),
                ("cancelled", models.BigIntegerField(null=True)),
                ("cancelled_amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("cancelled_unpaid", models.BigIntegerField(null=True)),
                ("cancelled_unpaid_amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("cancelled_unshipped", models.BigIntegerField(null=True)),
                ("cancelled_unshipped_amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("cancelled_shipped", models.BigIntegerField(null=True)),
                ("cancelled_shipped_amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("cases", models.BigIntegerField(null=True)),
                ("cases_amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("cases_returned", models.BigIntegerField(null=True)),
                ("cases_seller_fault", models.BigIntegerField(null=True)),
                ("cases_decided", models.BigIntegerField(null=True)),
                ("decide_seconds", models.BigIntegerField(null=True)),
                ("reviews", models.BigIntegerField(null=True)),
                ("reviews_negative", models.BigIntegerField(null=True)),
                ("stars", models.BigIntegerField(null=True)),
                (
                    "shop",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        models.F("shop"),
                        models.F("dimension"),
                        models.F("grain"),
                        models.F("day"),
                        models.F("key"),
                        name="figure_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Dirt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "shop",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(models.F("shop"), models.F("day"), models.F("at"), name="dirt_of_day")],
            },
        ),
        migrations.RunSQL(sql=triggers.create(), reverse_sql=triggers.drop()),
        # A shop that is there already gets its figures by the first rounds.
        migrations.RunSQL(sql=triggers.fill(), reverse_sql=migrations.RunSQL.noop),
    ]
