from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_money_on_its_way_back")]

    operations = [
        migrations.AddField(
            "order",
            "deliver_by",
            models.DateTimeField(blank=True, null=True, verbose_name="promised day of delivery"),
        ),
        migrations.AddIndex(
            "order",
            models.Index(
                models.F("shop"),
                models.OrderBy(models.F("delivered_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("delivered_at__isnull", False)),
                name="order_by_delivery",
            ),
        ),
        migrations.AddIndex(
            "order",
            models.Index(
                models.F("shop"),
                models.OrderBy(models.F("cancelled_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("cancelled_at__isnull", False)),
                name="order_by_cancelling",
            ),
        ),
    ]
