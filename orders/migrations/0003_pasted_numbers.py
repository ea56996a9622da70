import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0002_walls_between_shops"),
        ("sellercenter", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="PastedNumbers",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "numbers",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), size=None),
                ),
                ("pasted_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "member",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="sellercenter.member",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="sellercenter.shop"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(models.F("pasted_at"), name="pasted_by_age")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("numbers__len__gt", 0), ("numbers__len__lte", 500)),
                        name="pasted_at_most_500",
                    )
                ],
            },
        ),
    ]
