from django.db import migrations, models

_STEPS = ("cancelled_unpaid_amount", "cancelled_unshipped_amount", "cancelled_shipped_amount")


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_stock_sales")]

    operations = [
        migrations.AddField("dayfigure", name, models.DecimalField(decimal_places=2, max_digits=18, null=True))
        for name in _STEPS
    ]
