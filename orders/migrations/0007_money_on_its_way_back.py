import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0006_promised_ship_by"),
        ("sellercenter", "0004_aftersales_clocks"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="order",
            name="order_refund_within_paid",
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="order_amounts_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="orderline",
            name="line_amounts_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="payment",
            name="payment_amounts_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="payment",
            name="payment_refund_within_amount",
        ),
        migrations.AddField(
            model_name="order",
            name="refunding_amount",
            field=models.DecimalField(
                db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="refund under way"
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="refunded_amount",
            field=models.DecimalField(
                db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="refunded"
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="refunding",
            field=models.DecimalField(
                db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="refund under way"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("creator_discount__gte", 0),
                    ("fee_amount__gte", 0),
                    ("freight_amount__gte", 0),
                    ("freight_discount__gte", 0),
                    ("goods_amount__gte", 0),
                    ("paid_amount__gte", 0),
                    ("payment_discount__gte", 0),
                    ("platform_discount__gte", 0),
                    ("refund_due__gte", 0),
                    ("refunded_amount__gte", 0),
                    ("refunding_amount__gte", 0),
                    ("seller_discount__gte", 0),
                    ("tax_amount__gte", 0),
                    ("total_amount__gte", 0),
                ),
                name="order_amounts_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "paid_amount__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("refunded_amount"), "+", models.F("refunding_amount")
                        ),
                    )
                ),
                name="order_refund_within_paid",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gte", 0),
                    ("commission_amount__gte", 0),
                    ("creator_discount__gte", 0),
                    ("freight_amount__gte", 0),
                    ("list_price__gte", 0),
                    ("payment_discount__gte", 0),
                    ("platform_discount__gte", 0),
                    ("refunded_amount__gte", 0),
                    ("seller_discount__gte", 0),
                    ("tax_amount__gte", 0),
                    ("unit_price__gte", 0),
                ),
                name="line_amounts_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("refunded_amount__lte", models.F("amount"))), name="line_refund_within_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0), ("refunded__gte", 0), ("refunding__gte", 0)),
                name="payment_amounts_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "amount__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("refunded"), "+", models.F("refunding")
                        ),
                    )
                ),
                name="payment_refund_within_amount",
            ),
        ),
    ]
