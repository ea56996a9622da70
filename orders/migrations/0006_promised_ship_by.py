import django.db.models.deletion
from django.db import migrations, models

# What was not worked out by the shop's policy came from outside. Orders that are over need no answer.
GUESS = """
UPDATE orders_order AS one SET ship_by_promised = true FROM sellercenter_shoppolicy AS policy
WHERE policy.shop_id = one.shop_id AND one.status IN ('unpaid', 'to_review', 'to_ship', 'part_shipped')
AND one.ship_by IS NOT NULL AND one.ship_by IS DISTINCT FROM one.paid_at + policy.ship_within
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_lists_of_what_waits")]

    operations = [
        migrations.AddField(
            "order",
            "ship_by_promised",
            models.BooleanField(db_default=False, default=False, verbose_name="ship-by time promised by the platform"),
        ),
        migrations.RunSQL(GUESS, migrations.RunSQL.noop),
        migrations.CreateModel(
            "CancelPace",
            [
                (
                    "shop",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="sellercenter.shop",
                    ),
                ),
                ("next_at", models.DateTimeField()),
                ("queue_at", models.DateTimeField()),
            ],
        ),
    ]
