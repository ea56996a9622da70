from django.db import migrations

# A movement belongs to the shop of its SKU, whoever writes the row.
CONSTRAINT = "orders_stockmovement_sku_id_of_shop"


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_timers_and_stock")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE orders_stockmovement ADD CONSTRAINT {CONSTRAINT} FOREIGN KEY (shop_id, sku_id) "
            "REFERENCES orders_sku (shop_id, id) DEFERRABLE INITIALLY DEFERRED",
            f"ALTER TABLE orders_stockmovement DROP CONSTRAINT {CONSTRAINT}",
        ),
    ]
