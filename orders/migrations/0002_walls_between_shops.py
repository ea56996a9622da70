from django.db import migrations

# A child row names its shop beside its parent, and the database checks the pair:
# no statement, however it is written, can hang a line of one shop on an order of another.
CHILDREN = {
    "orders_recipient": [("order_id", "orders_order")],
    "orders_orderline": [("order_id", "orders_order")],
    "orders_payment": [("order_id", "orders_order")],
    "orders_ordernote": [("order_id", "orders_order")],
    "orders_parcelline": [("order_id", "orders_order"), ("parcel_id", "orders_parcel")],
}


def walls() -> list[migrations.RunSQL]:
    return [
        migrations.RunSQL(
            f"ALTER TABLE {child} ADD CONSTRAINT {child}_{column}_of_shop FOREIGN KEY (shop_id, {column}) "
            f"REFERENCES {parent} (shop_id, id) DEFERRABLE INITIALLY DEFERRED",
            f"ALTER TABLE {child} DROP CONSTRAINT {child}_{column}_of_shop",
        )
        for child, parents in CHILDREN.items()
        for column, parent in parents
    ]


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = walls()
