from django.db import migrations

# A row names its shop beside its parent, and the database checks the pair:
# no statement, however it is written, can hang a case of one shop on an order of another.
CHILDREN = {
    "aftersales_case": [("order_id", "orders_order"), ("replacement_id", "orders_order")],
    "aftersales_caseline": [("case_id", "aftersales_case")],
    "aftersales_refund": [("order_id", "orders_order"), ("case_id", "aftersales_case")],
    "aftersales_dispute": [("case_id", "aftersales_case")],
    "aftersales_appeal": [("case_id", "aftersales_case"), ("order_id", "orders_order")],
    "aftersales_ticket": [
        ("order_id", "orders_order"),
        ("parcel_id", "orders_parcel"),
        ("case_id", "aftersales_case"),
    ],
    "aftersales_evidence": [
        ("case_id", "aftersales_case"),
        ("dispute_id", "aftersales_dispute"),
        ("appeal_id", "aftersales_appeal"),
    ],
    "aftersales_review": [("order_id", "orders_order")],
    "aftersales_conversation": [("order_id", "orders_order")],
    "aftersales_chatmessage": [("conversation_id", "aftersales_conversation")],
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
    dependencies = [("aftersales", "0001_initial")]

    operations = walls()
