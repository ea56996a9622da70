import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations, models

import orders.grams


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("sellercenter", "0001_initial"),
    ]

    operations = [
        TrigramExtension(),
        BtreeGinExtension(),
        migrations.RunSQL(orders.grams.CREATE, orders.grams.DROP),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(db_collation="C", max_length=64, verbose_name="order no.")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("normal", "Normal"),
                            ("pre_order", "Pre-order"),
                            ("made_to_order", "Made to order"),
                            ("sample", "Sample"),
                            ("lottery", "Lottery"),
                            ("replacement", "Replacement"),
                            ("exchange", "Exchange"),
                        ],
                        default="normal",
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("unpaid", "Unpaid"),
                            ("to_review", "To review"),
                            ("to_ship", "To ship"),
                            ("part_shipped", "Partly shipped"),
                            ("shipped", "Shipped"),
                            ("delivered", "Delivered"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="unpaid",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("status_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("raw_status", models.CharField(blank=True, max_length=40, verbose_name="status at the platform")),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="next automatic step")),
                ("due_step", models.CharField(blank=True, max_length=20)),
                ("placed_at", models.DateTimeField(verbose_name="placed")),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid")),
                ("reviewed_at", models.DateTimeField(blank=True, null=True, verbose_name="reviewed")),
                ("shipped_at", models.DateTimeField(blank=True, null=True, verbose_name="shipped")),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="delivered")),
                ("completed_at", models.DateTimeField(blank=True, null=True, verbose_name="completed")),
                ("cancelled_at", models.DateTimeField(blank=True, null=True, verbose_name="cancelled")),
                (
                    "cancelled_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("buyer", "Buyer"),
                            ("seller", "Seller"),
                            ("system", "Ran out of time"),
                            ("platform", "Platform"),
                        ],
                        max_length=10,
                        verbose_name="cancelled by",
                    ),
                ),
                ("cancel_reason", models.CharField(blank=True, max_length=120, verbose_name="cancel reason")),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True, verbose_name="cancel requested")),
                ("pay_by", models.DateTimeField(blank=True, null=True, verbose_name="pay by")),
                ("ship_by", models.DateTimeField(blank=True, null=True, verbose_name="ship by")),
                ("confirm_by", models.DateTimeField(blank=True, null=True, verbose_name="receipt confirmed by")),
                (
                    "deadline_at",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(status="unpaid", then=models.F("pay_by")),
                            models.When(status__in=("to_review", "to_ship", "part_shipped"), then=models.F("ship_by")),
                            models.When(status__in=("shipped", "delivered"), then=models.F("confirm_by")),
                            default=models.Value(None),
                        ),
                        output_field=models.DateTimeField(null=True, verbose_name="deadline"),
                    ),
                ),
                ("buyer_nickname", models.CharField(blank=True, max_length=80, verbose_name="buyer")),
                ("buyer_message", models.TextField(blank=True, verbose_name="buyer's message")),
                ("province", models.CharField(blank=True, max_length=60, verbose_name="province")),
                ("city", models.CharField(blank=True, max_length=60, verbose_name="city")),
                ("district", models.CharField(blank=True, max_length=60, verbose_name="district")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "goods_amount",
                    models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="goods"),
                ),
                (
                    "platform_discount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="platform discount"
                    ),
                ),
                (
                    "seller_discount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="shop discount"
                    ),
                ),
                (
                    "creator_discount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="creator discount"
                    ),
                ),
                (
                    "payment_discount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="payment discount"
                    ),
                ),
                (
                    "freight_amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="freight"
                    ),
                ),
                (
                    "freight_discount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="freight discount"
                    ),
                ),
                (
                    "tax_amount",
                    models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="tax"),
                ),
                (
                    "fee_amount",
                    models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="fees"),
                ),
                (
                    "adjustment",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=2,
                        default=0,
                        max_digits=14,
                        verbose_name="price change by the seller",
                    ),
                ),
                (
                    "total_amount",
                    models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="total"),
                ),
                (
                    "paid_amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="paid amount"
                    ),
                ),
                (
                    "refunded_amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="refunded amount"
                    ),
                ),
                (
                    "payment_method",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("douyin_pay", "Douyin Pay"),
                            ("alipay", "Alipay"),
                            ("wechat_pay", "WeChat Pay"),
                            ("card", "Card"),
                            ("debit_card", "Debit card"),
                            ("paypal", "PayPal"),
                            ("wallet", "Wallet"),
                            ("bank_transfer", "Bank transfer or slip"),
                            ("voucher", "Voucher"),
                            ("cod", "Cash on delivery"),
                            ("pay_later", "Pay later"),
                            ("other", "Other"),
                        ],
                        max_length=16,
                        verbose_name="payment method",
                    ),
                ),
                (
                    "payment_state",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                refunded_amount__gt=0,
                                refunded_amount__gte=models.F("paid_amount"),
                                then=models.Value("refunded"),
                            ),
                            models.When(refunded_amount__gt=0, then=models.Value("part_refunded")),
                            models.When(paid_at__isnull=False, then=models.Value("paid")),
                            default=models.Value("unpaid"),
                        ),
                        output_field=models.CharField(
                            choices=[
                                ("unpaid", "Unpaid"),
                                ("paid", "Paid"),
                                ("part_refunded", "Partly refunded"),
                                ("refunded", "Refunded"),
                            ],
                            max_length=16,
                            verbose_name="payment",
                        ),
                    ),
                ),
                (
                    "shipment_state",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(delivered_at__isnull=False, then=models.Value("delivered")),
                            models.When(status="part_shipped", then=models.Value("part")),
                            models.When(shipped_at__isnull=False, then=models.Value("shipped")),
                            default=models.Value("none"),
                        ),
                        output_field=models.CharField(
                            choices=[
                                ("none", "Not shipped"),
                                ("part", "Partly shipped"),
                                ("shipped", "On its way"),
                                ("delivered", "Delivered"),
                            ],
                            max_length=16,
                            verbose_name="shipment",
                        ),
                    ),
                ),
                (
                    "aftersales",
                    models.CharField(
                        choices=[("none", "No case"), ("open", "Case open"), ("closed", "Case closed")],
                        default="none",
                        max_length=8,
                        verbose_name="after-sales",
                    ),
                ),
                ("held", models.BooleanField(default=False, verbose_name="held")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("live", "Livestream"),
                            ("video", "Short video"),
                            ("showcase", "Showcase"),
                            ("search", "Search"),
                            ("shop", "Shop page"),
                            ("other", "Other"),
                        ],
                        default="shop",
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                ("channel", models.CharField(blank=True, max_length=40, verbose_name="app")),
                (
                    "flag",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (0, "Grey flag"),
                            (1, "Purple flag"),
                            (2, "Cyan flag"),
                            (3, "Green flag"),
                            (4, "Orange flag"),
                            (5, "Red flag"),
                        ],
                        null=True,
                        verbose_name="flag",
                    ),
                ),
                ("seller_note", models.CharField(blank=True, max_length=500, verbose_name="seller note")),
                ("note_count", models.PositiveIntegerField(default=0)),
                (
                    "abnormal",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("risk", "Risk check"),
                            ("address", "Address problem"),
                            ("stock", "Out of stock"),
                            ("parcel", "Parcel problem"),
                            ("price", "Price problem"),
                            ("buyer", "Buyer can't be reached"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                        verbose_name="abnormal",
                    ),
                ),
                ("abnormal_reason", models.CharField(blank=True, max_length=300, verbose_name="what is wrong")),
                ("abnormal_at", models.DateTimeField(blank=True, null=True)),
                ("import_digest", models.BinaryField(default=b"", max_length=16)),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
            },
        ),
        migrations.CreateModel(
            name="Buyer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.CharField(max_length=64, verbose_name="platform id")),
                ("nickname", models.CharField(blank=True, max_length=80, verbose_name="nickname")),
                ("relay_email", models.EmailField(blank=True, max_length=254, verbose_name="relay e-mail")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), blank=True, default=list, size=None
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="buyers",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "buyer",
                "verbose_name_plural": "buyers",
            },
        ),
        migrations.CreateModel(
            name="Creator",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=64, verbose_name="creator id")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="creators",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "creator",
                "verbose_name_plural": "creators",
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="recipient",
                        serialize=False,
                        to="orders.order",
                    ),
                ),
                ("name_sealed", models.BinaryField(default=b"")),
                ("phone_sealed", models.BinaryField(default=b"")),
                ("address_sealed", models.BinaryField(default=b"")),
                ("name_masked", models.CharField(blank=True, max_length=60, verbose_name="recipient")),
                ("phone_masked", models.CharField(blank=True, max_length=40, verbose_name="phone")),
                ("address_masked", models.CharField(blank=True, max_length=60, verbose_name="address")),
                ("postcode_masked", models.CharField(blank=True, max_length=20, verbose_name="postcode")),
                ("phone_index", models.BinaryField(default=b"", max_length=16)),
            ],
            options={
                "verbose_name": "recipient",
                "verbose_name_plural": "recipients",
            },
        ),
        migrations.AddField(
            model_name="order",
            name="buyer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="orders.buyer"
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="shop",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="orders",
                to="sellercenter.shop",
            ),
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=64, verbose_name="line no.")),
                ("position", models.PositiveIntegerField(default=1)),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("variant", models.CharField(blank=True, max_length=120, verbose_name="variant")),
                ("seller_sku", models.CharField(blank=True, max_length=64, verbose_name="seller SKU")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("part_shipped", "Partly shipped"),
                            ("shipped", "Shipped"),
                            ("delivered", "Delivered"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                (
                    "list_price",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="list price"
                    ),
                ),
                (
                    "unit_price",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="unit price"
                    ),
                ),
                (
                    "platform_discount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="platform discount"
                    ),
                ),
                (
                    "seller_discount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="shop discount"
                    ),
                ),
                (
                    "creator_discount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="creator discount"
                    ),
                ),
                (
                    "payment_discount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="payment discount"
                    ),
                ),
                (
                    "freight_amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="freight"
                    ),
                ),
                (
                    "tax_amount",
                    models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="tax"),
                ),
                (
                    "amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="amount"
                    ),
                ),
                ("gift", models.BooleanField(default=False, verbose_name="gift")),
                ("cancel_reason", models.CharField(blank=True, max_length=120, verbose_name="cancel reason")),
                ("room", models.CharField(blank=True, max_length=64, verbose_name="live room")),
                ("video", models.CharField(blank=True, max_length=64, verbose_name="short video")),
                (
                    "commission_rate",
                    models.DecimalField(
                        blank=True, decimal_places=4, max_digits=5, null=True, verbose_name="commission rate"
                    ),
                ),
                (
                    "commission_amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="commission"
                    ),
                ),
                ("placed_at", models.DateTimeField()),
                (
                    "creator",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.creator",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.order",
                    ),
                ),
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
                "verbose_name": "order line",
                "verbose_name_plural": "order lines",
                "ordering": ["order_id", "position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="OrderNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("author_label", models.CharField(max_length=60)),
                ("body", models.TextField(max_length=2000, verbose_name="note")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="sellercenter.member",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="orders.order",
                    ),
                ),
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
                "verbose_name": "note",
                "verbose_name_plural": "notes",
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Parcel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("carrier", models.CharField(blank=True, max_length=40, verbose_name="carrier")),
                (
                    "tracking_no",
                    models.CharField(blank=True, db_collation="C", max_length=64, verbose_name="tracking no."),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("ready", "Ready for pick-up"),
                            ("in_transit", "In transit"),
                            ("out_for_delivery", "Out for delivery"),
                            ("delivered", "Delivered"),
                            ("problem", "Delivery failed"),
                            ("returned", "Returned"),
                            ("lost", "Lost"),
                        ],
                        default="ready",
                        max_length=18,
                        verbose_name="status",
                    ),
                ),
                ("shipped_at", models.DateTimeField(blank=True, null=True, verbose_name="shipped")),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="delivered")),
                ("last_event_at", models.DateTimeField(blank=True, null=True, verbose_name="last news")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parcels",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "parcel",
                "verbose_name_plural": "parcels",
            },
        ),
        migrations.CreateModel(
            name="ParcelLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="orders.orderline"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parcel_parts",
                        to="orders.order",
                    ),
                ),
                (
                    "parcel",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="orders.parcel",
                    ),
                ),
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
        ),
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
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=1)),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("douyin_pay", "Douyin Pay"),
                            ("alipay", "Alipay"),
                            ("wechat_pay", "WeChat Pay"),
                            ("card", "Card"),
                            ("debit_card", "Debit card"),
                            ("paypal", "PayPal"),
                            ("wallet", "Wallet"),
                            ("bank_transfer", "Bank transfer or slip"),
                            ("voucher", "Voucher"),
                            ("cod", "Cash on delivery"),
                            ("pay_later", "Pay later"),
                            ("other", "Other"),
                        ],
                        max_length=16,
                        verbose_name="method",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Pending"), ("captured", "Captured"), ("failed", "Failed")],
                        default="pending",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("transaction_no", models.CharField(blank=True, max_length=80, verbose_name="transaction no.")),
                (
                    "amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="amount"
                    ),
                ),
                (
                    "refunded",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="refunded"
                    ),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid")),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="payments",
                        to="orders.order",
                    ),
                ),
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
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
                "ordering": ["order_id", "position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=64, verbose_name="product id")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="products",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "product",
                "verbose_name_plural": "products",
                "ordering": ["title", "pk"],
            },
        ),
        migrations.AddField(
            model_name="orderline",
            name="product",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="orders.product"),
        ),
        migrations.CreateModel(
            name="Sku",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=64, verbose_name="SKU id")),
                ("code", models.CharField(blank=True, max_length=64, verbose_name="seller SKU")),
                ("variant", models.CharField(blank=True, max_length=120, verbose_name="variant")),
                (
                    "price",
                    models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="price"),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="skus", to="orders.product"
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="skus",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "SKU",
                "verbose_name_plural": "SKUs",
            },
        ),
        migrations.AddField(
            model_name="orderline",
            name="sku",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="orders.sku"
            ),
        ),
        migrations.CreateModel(
            name="TrackingEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        choices=[
                            ("info", "Information"),
                            ("picked_up", "Picked up"),
                            ("hub", "At a hub"),
                            ("customs", "At customs"),
                            ("out_for_delivery", "Out for delivery"),
                            ("delivered", "Delivered"),
                            ("attempt_failed", "Delivery attempt failed"),
                            ("returning", "On its way back"),
                            ("returned", "Returned"),
                            ("lost", "Lost"),
                        ],
                        default="info",
                        max_length=18,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("site", models.CharField(blank=True, max_length=120)),
                ("text", models.CharField(blank=True, max_length=300)),
                ("source", models.CharField(blank=True, max_length=20)),
                (
                    "parcel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="orders.parcel",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="buyer",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("uid"), name="buyer_uid_once_per_shop"),
        ),
        migrations.AddConstraint(
            model_name="creator",
            constraint=models.UniqueConstraint(
                models.F("shop"), models.F("number"), name="creator_number_once_per_shop"
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="shop",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="sellercenter.shop",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("placed_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="order_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.F("status"),
                models.OrderBy(models.F("placed_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="order_newest_by_status",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.F("deadline_at"),
                models.F("id"),
                condition=models.Q(("deadline_at__isnull", False)),
                name="order_by_deadline",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("paid_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("paid_at__isnull", False)),
                name="order_by_payment",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("total_amount"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="order_by_total",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("shipped_at"), descending=True),
                condition=models.Q(("shipped_at__isnull", False)),
                name="order_by_shipping",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.F("buyer"),
                models.OrderBy(models.F("placed_at"), descending=True),
                name="order_of_buyer",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.F("province"),
                models.F("city"),
                models.OrderBy(models.F("placed_at"), descending=True),
                name="order_by_region",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("placed_at"), descending=True),
                condition=models.Q(("abnormal", ""), _negated=True),
                name="order_abnormal",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("placed_at"), descending=True),
                condition=models.Q(("aftersales", "open")),
                name="order_in_aftersales",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("shop"),
                models.F("flag"),
                models.OrderBy(models.F("placed_at"), descending=True),
                condition=models.Q(("flag__isnull", False)),
                name="order_flagged",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(models.F("due_at"), condition=models.Q(("due_at__isnull", False)), name="order_due"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=django.contrib.postgres.indexes.GinIndex(
                models.F("shop"),
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("buyer_nickname"), "gin_trgm_ops"
                ),
                name="order_nickname_trigrams",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=django.contrib.postgres.indexes.GinIndex(
                models.F("shop"),
                orders.grams.Bigrams(django.db.models.functions.text.Lower("buyer_nickname")),
                name="order_nickname_bigrams",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("number"), name="order_number_once_per_shop"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="order_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "unpaid",
                            "to_review",
                            "to_ship",
                            "part_shipped",
                            "shipped",
                            "delivered",
                            "completed",
                            "cancelled",
                        ],
                    )
                ),
                name="order_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["normal", "pre_order", "made_to_order", "sample", "lottery", "replacement", "exchange"],
                    )
                ),
                name="order_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["live", "video", "showcase", "search", "shop", "other"])),
                name="order_source_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("aftersales__in", ["none", "open", "closed"])), name="order_aftersales_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("abnormal__in", ["", "risk", "address", "stock", "parcel", "price", "buyer", "other"])
                ),
                name="order_abnormal_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("cancelled_by__in", ["", "buyer", "seller", "system", "platform"])),
                name="order_cancelled_by_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "payment_method__in",
                        [
                            "",
                            "douyin_pay",
                            "alipay",
                            "wechat_pay",
                            "card",
                            "debit_card",
                            "paypal",
                            "wallet",
                            "bank_transfer",
                            "voucher",
                            "cod",
                            "pay_later",
                            "other",
                        ],
                    )
                ),
                name="order_payment_method_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("flag__isnull", True), ("flag__in", [0, 1, 2, 3, 4, 5]), _connector="OR"),
                name="order_flag_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("number", ""), _negated=True), name="order_number_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="order_currency_is_iso"
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
                    ("refunded_amount__gte", 0),
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
                condition=models.Q(("refunded_amount__lte", models.F("paid_amount"))), name="order_refund_within_paid"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_amount",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        django.db.models.expressions.CombinedExpression(
                                                            models.F("goods_amount"), "-", models.F("platform_discount")
                                                        ),
                                                        "-",
                                                        models.F("seller_discount"),
                                                    ),
                                                    "-",
                                                    models.F("creator_discount"),
                                                ),
                                                "-",
                                                models.F("payment_discount"),
                                            ),
                                            "+",
                                            models.F("freight_amount"),
                                        ),
                                        "-",
                                        models.F("freight_discount"),
                                    ),
                                    "+",
                                    models.F("tax_amount"),
                                ),
                                "+",
                                models.F("fee_amount"),
                            ),
                            "+",
                            models.F("adjustment"),
                        ),
                    )
                ),
                name="order_total_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "cancelled"), _negated=True), ("cancelled_at__isnull", False), _connector="OR"
                ),
                name="order_cancelled_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("abnormal", ""), ("abnormal_at__isnull", True)),
                    models.Q(models.Q(("abnormal", ""), _negated=True), ("abnormal_at__isnull", False)),
                    _connector="OR",
                ),
                name="order_abnormal_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_at__isnull", True), ("due_step", "")),
                    models.Q(("due_at__isnull", False), models.Q(("due_step", ""), _negated=True)),
                    _connector="OR",
                ),
                name="order_due_step_with_time",
            ),
        ),
        migrations.AddIndex(
            model_name="ordernote",
            index=models.Index(models.F("order"), models.F("at"), name="note_of_order"),
        ),
        migrations.AddConstraint(
            model_name="ordernote",
            constraint=models.CheckConstraint(condition=models.Q(("body", ""), _negated=True), name="note_not_empty"),
        ),
        migrations.AddIndex(
            model_name="parcel",
            index=models.Index(models.F("shop"), models.F("carrier"), name="parcel_of_carrier"),
        ),
        migrations.AddConstraint(
            model_name="parcel",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="parcel_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="parcel",
            constraint=models.UniqueConstraint(
                models.F("shop"),
                models.F("tracking_no"),
                models.F("carrier"),
                condition=models.Q(("tracking_no", ""), _negated=True),
                name="parcel_tracking_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="parcel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["ready", "in_transit", "out_for_delivery", "delivered", "problem", "returned", "lost"],
                    )
                ),
                name="parcel_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="parcelline",
            constraint=models.UniqueConstraint(models.F("parcel"), models.F("line"), name="parcel_line_once"),
        ),
        migrations.AddConstraint(
            model_name="parcelline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="parcel_line_quantity_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="pastednumbers",
            index=models.Index(models.F("pasted_at"), name="pasted_by_age"),
        ),
        migrations.AddConstraint(
            model_name="pastednumbers",
            constraint=models.CheckConstraint(
                condition=models.Q(("numbers__len__gt", 0), ("numbers__len__lte", 500)), name="pasted_at_most_500"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(models.F("order"), models.F("position"), name="payment_position_once"),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "method__in",
                        [
                            "douyin_pay",
                            "alipay",
                            "wechat_pay",
                            "card",
                            "debit_card",
                            "paypal",
                            "wallet",
                            "bank_transfer",
                            "voucher",
                            "cod",
                            "pay_later",
                            "other",
                        ],
                    )
                ),
                name="payment_method_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "captured", "failed"])), name="payment_status_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0), ("refunded__gte", 0)), name="payment_amounts_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("refunded__lte", models.F("amount"))), name="payment_refund_within_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                models.F("order"),
                models.F("transaction_no"),
                condition=models.Q(("transaction_no", ""), _negated=True),
                name="payment_transaction_once",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=django.contrib.postgres.indexes.GinIndex(
                models.F("shop"),
                django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Lower("title"), "gin_trgm_ops"),
                name="product_title_trigrams",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(
                models.F("shop"), models.F("number"), name="product_number_once_per_shop"
            ),
        ),
        migrations.AddIndex(
            model_name="sku",
            index=models.Index(models.F("shop"), models.F("code"), name="sku_code"),
        ),
        migrations.AddConstraint(
            model_name="sku",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("number"), name="sku_number_once_per_shop"),
        ),
        migrations.AddConstraint(
            model_name="sku",
            constraint=models.CheckConstraint(condition=models.Q(("price__gte", 0)), name="sku_price_not_negative"),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                models.F("shop"),
                models.F("product"),
                models.OrderBy(models.F("placed_at"), descending=True),
                include=("order",),
                name="line_of_product",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("placed_at"), descending=True),
                include=("order", "product"),
                name="line_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                models.F("shop"),
                models.F("creator"),
                models.OrderBy(models.F("placed_at"), descending=True),
                condition=models.Q(("creator__isnull", False)),
                include=("order",),
                name="line_of_creator",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                models.F("shop"),
                models.F("seller_sku"),
                condition=models.Q(("seller_sku", ""), _negated=True),
                name="line_of_seller_sku",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.UniqueConstraint(
                models.F("order"), models.F("number"), name="line_number_once_per_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["waiting", "part_shipped", "shipped", "delivered", "cancelled"])),
                name="line_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="line_quantity_positive"),
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
                condition=models.Q(
                    ("commission_rate__isnull", True),
                    models.Q(("commission_rate__gte", 0), ("commission_rate__lte", 1)),
                    _connector="OR",
                ),
                name="line_commission_rate_is_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("commission_amount", 0), ("creator__isnull", False), _connector="OR"),
                name="line_commission_has_creator",
            ),
        ),
        migrations.AddConstraint(
            model_name="trackingevent",
            constraint=models.UniqueConstraint(
                models.F("parcel"), models.F("at"), models.F("code"), models.F("text"), name="tracking_event_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="trackingevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "code__in",
                        [
                            "info",
                            "picked_up",
                            "hub",
                            "customs",
                            "out_for_delivery",
                            "delivered",
                            "attempt_failed",
                            "returning",
                            "returned",
                            "lost",
                        ],
                    )
                ),
                name="tracking_code_known",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                models.F("shop"),
                models.F("phone_index"),
                condition=models.Q(("phone_index", b""), _negated=True),
                name="recipient_phone",
            ),
        ),
    ]
