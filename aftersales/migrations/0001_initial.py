import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("orders", "0007_money_on_its_way_back"),
        ("sellercenter", "0004_aftersales_clocks"),
    ]

    operations = [
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(db_collation="C", max_length=64, verbose_name="case no.")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("cancel", "Cancel before shipping"),
                            ("refund", "Refund only"),
                            ("return", "Return and refund"),
                            ("exchange", "Exchange"),
                            ("resend", "Send again"),
                            ("price", "Price protection"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "To answer"),
                            ("offered", "Offer made"),
                            ("to_return", "To be sent back"),
                            ("returning", "On its way back"),
                            ("to_inspect", "To inspect"),
                            ("to_resend", "To send again"),
                            ("refunding", "Refunding"),
                            ("refused", "Refused"),
                            ("disputed", "In dispute"),
                            ("done", "Done"),
                            ("withdrawn", "Withdrawn"),
                            ("closed", "Closed"),
                        ],
                        default="requested",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("status_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="next automatic step")),
                ("due_step", models.CharField(blank=True, max_length=20)),
                (
                    "due_later",
                    models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1)),
                ("act_by", models.DateTimeField(blank=True, null=True, verbose_name="deadline")),
                (
                    "next_side",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(status="requested", then=models.Value("seller")),
                            models.When(status="offered", then=models.Value("buyer")),
                            models.When(status="to_return", then=models.Value("buyer")),
                            models.When(status="to_inspect", then=models.Value("seller")),
                            models.When(status="to_resend", then=models.Value("seller")),
                            models.When(status="refunding", then=models.Value("platform")),
                            models.When(status="refused", then=models.Value("buyer")),
                            models.When(status="disputed", then=models.Value("platform")),
                            default=models.Value(""),
                        ),
                        output_field=models.CharField(
                            choices=[("seller", "Shop"), ("buyer", "Buyer"), ("platform", "Platform"), ("", "Nobody")],
                            max_length=8,
                            verbose_name="who acts next",
                        ),
                    ),
                ),
                ("paused_at", models.DateTimeField(blank=True, null=True, verbose_name="clock stopped")),
                ("pause_reason", models.CharField(blank=True, max_length=200, verbose_name="why the clock stands")),
                (
                    "opened_by",
                    models.CharField(
                        choices=[("seller", "Shop"), ("buyer", "Buyer"), ("platform", "Platform"), ("", "Nobody")],
                        default="buyer",
                        max_length=8,
                        verbose_name="opened by",
                    ),
                ),
                (
                    "opened_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="opened"),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("sent_back_at", models.DateTimeField(blank=True, null=True, verbose_name="sent back")),
                ("arrived_at", models.DateTimeField(blank=True, null=True, verbose_name="came back")),
                ("inspected_at", models.DateTimeField(blank=True, null=True, verbose_name="inspected")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("reason", models.CharField(max_length=40, verbose_name="reason")),
                (
                    "problem",
                    models.CharField(
                        choices=[
                            ("size", "Size or fit"),
                            ("defect", "Defect or damage"),
                            ("not_received", "Not received"),
                            ("wrong_item", "Wrong or missing item"),
                            ("not_as_described", "Not as described"),
                            ("late", "Late"),
                            ("changed_mind", "Changed mind"),
                            ("price", "Price"),
                            ("other", "Something else"),
                        ],
                        default="other",
                        max_length=16,
                        verbose_name="problem",
                    ),
                ),
                (
                    "fault",
                    models.CharField(
                        choices=[
                            ("seller", "Shop's fault"),
                            ("buyer", "Buyer's wish"),
                            ("logistics", "Carrier's fault"),
                            ("platform", "Platform's fault"),
                        ],
                        default="buyer",
                        max_length=10,
                        verbose_name="fault",
                    ),
                ),
                ("words", models.TextField(blank=True, max_length=2000, verbose_name="buyer's words")),
                ("got_goods", models.BooleanField(blank=True, null=True, verbose_name="buyer has the goods")),
                ("refusal", models.CharField(blank=True, max_length=40, verbose_name="why it was refused")),
                ("refusal_words", models.CharField(blank=True, max_length=500, verbose_name="words of the refusal")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "goods_amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="for goods"
                    ),
                ),
                (
                    "freight_amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="for freight and fees"
                    ),
                ),
                (
                    "amount",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            models.F("goods_amount"), "+", models.F("freight_amount")
                        ),
                        output_field=models.DecimalField(decimal_places=2, max_digits=14, verbose_name="amount"),
                    ),
                ),
                (
                    "offer_amount",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name="offered"),
                ),
                ("coupon", models.CharField(blank=True, max_length=40, verbose_name="coupon given")),
                ("return_carrier", models.CharField(blank=True, max_length=40, verbose_name="carrier of the return")),
                (
                    "return_tracking_no",
                    models.CharField(
                        blank=True, db_collation="C", max_length=64, verbose_name="tracking no. of the return"
                    ),
                ),
                (
                    "keep_goods",
                    models.BooleanField(db_default=False, default=False, verbose_name="buyer keeps the goods"),
                ),
                (
                    "proposal",
                    models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict),
                ),
                (
                    "overridden",
                    models.BooleanField(db_default=False, default=False, verbose_name="decided against the proposal"),
                ),
                (
                    "override_note",
                    models.CharField(blank=True, max_length=300, verbose_name="why against the proposal"),
                ),
                ("decided_by_rule", models.CharField(blank=True, max_length=80, verbose_name="decided by the rule")),
                ("buyer_nickname", models.CharField(blank=True, max_length=80, verbose_name="buyer")),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cases", to="orders.buyer"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="cases", to="orders.order"
                    ),
                ),
                (
                    "previous",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="following",
                        to="aftersales.case",
                    ),
                ),
                (
                    "replacement",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="replaces",
                        to="orders.order",
                        verbose_name="replacement order",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "case",
                "verbose_name_plural": "cases",
            },
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(db_collation="C", max_length=64, verbose_name="appeal no.")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("malicious", "Malicious claim of a buyer"),
                            ("penalty", "Penalty of the platform"),
                            ("compensation", "Compensation that was charged"),
                            ("arbitration", "Arbitration decided wrongly"),
                        ],
                        max_length=12,
                        verbose_name="against",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("filed", "Filed"),
                            ("won", "Won"),
                            ("lost", "Lost"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Not filed in time"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("status_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="next automatic step")),
                ("due_step", models.CharField(blank=True, max_length=20)),
                (
                    "due_later",
                    models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
                ),
                ("target", models.CharField(blank=True, max_length=80, verbose_name="number of the penalty")),
                (
                    "amount",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=14, null=True, verbose_name="amount at stake"
                    ),
                ),
                ("words", models.TextField(max_length=2000, verbose_name="what happened")),
                ("happened_at", models.DateTimeField(verbose_name="when we were told of it")),
                ("file_by", models.DateTimeField(blank=True, null=True, verbose_name="file by")),
                ("filed_at", models.DateTimeField(blank=True, null=True, verbose_name="filed")),
                ("answer_by", models.DateTimeField(blank=True, null=True, verbose_name="answer expected by")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("outcome", models.CharField(blank=True, max_length=500, verbose_name="answer of the platform")),
                (
                    "opened_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="opened"),
                ),
                ("opened_label", models.CharField(max_length=60, verbose_name="opened by")),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="appeals",
                        to="orders.order",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="appeals",
                        to="sellercenter.shop",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="appeals",
                        to="aftersales.case",
                    ),
                ),
            ],
            options={
                "verbose_name": "appeal",
                "verbose_name_plural": "appeals",
            },
        ),
        migrations.CreateModel(
            name="CaseLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                (
                    "amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="amount"
                    ),
                ),
                ("sellable", models.PositiveIntegerField(db_default=0, default=0, verbose_name="sellable")),
                ("damaged", models.PositiveIntegerField(db_default=0, default=0, verbose_name="damaged")),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="aftersales.case",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="cases", to="orders.orderline"
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
                (
                    "wanted_sku",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.sku",
                    ),
                ),
            ],
            options={
                "ordering": ["case_id", "pk"],
            },
        ),
        migrations.CreateModel(
            name="CaseRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("position", models.PositiveIntegerField(default=1, verbose_name="order")),
                ("active", models.BooleanField(default=False, verbose_name="active")),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("cancel", "Cancel before shipping"),
                                ("refund", "Refund only"),
                                ("return", "Return and refund"),
                                ("exchange", "Exchange"),
                                ("resend", "Send again"),
                                ("price", "Price protection"),
                            ],
                            max_length=10,
                        ),
                        default=list,
                        size=None,
                        verbose_name="kinds",
                    ),
                ),
                (
                    "problems",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("size", "Size or fit"),
                                ("defect", "Defect or damage"),
                                ("not_received", "Not received"),
                                ("wrong_item", "Wrong or missing item"),
                                ("not_as_described", "Not as described"),
                                ("late", "Late"),
                                ("changed_mind", "Changed mind"),
                                ("price", "Price"),
                                ("other", "Something else"),
                            ],
                            max_length=16,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="problems",
                    ),
                ),
                (
                    "most_amount",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=14, null=True, verbose_name="up to this amount"
                    ),
                ),
                (
                    "most_cases",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="at most so many cases of the buyer in 30 days"
                    ),
                ),
                ("unshipped_only", models.BooleanField(default=False, verbose_name="only before shipping")),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="case_rules",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "case rule",
                "verbose_name_plural": "case rules",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("buyer_nickname", models.CharField(blank=True, max_length=80, verbose_name="buyer")),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="started"),
                ),
                (
                    "last_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="last message"
                    ),
                ),
                (
                    "last_side",
                    models.CharField(
                        choices=[("seller", "Shop"), ("buyer", "Buyer"), ("platform", "Platform"), ("", "Nobody")],
                        default="buyer",
                        max_length=8,
                    ),
                ),
                ("last_words", models.CharField(blank=True, max_length=120)),
                ("unread", models.PositiveIntegerField(db_default=0, default=0, verbose_name="unread")),
                ("reply_by", models.DateTimeField(blank=True, null=True, verbose_name="reply by")),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="conversations", to="orders.buyer"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="conversations",
                        to="orders.order",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="conversations",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "conversation",
                "verbose_name_plural": "conversations",
            },
        ),
        migrations.CreateModel(
            name="ChatMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(blank=True, db_collation="C", max_length=80)),
                (
                    "side",
                    models.CharField(
                        choices=[("seller", "Shop"), ("buyer", "Buyer"), ("platform", "Platform"), ("", "Nobody")],
                        max_length=8,
                    ),
                ),
                ("label", models.CharField(blank=True, max_length=60)),
                ("words", models.TextField(max_length=2000, verbose_name="message")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="sellercenter.member",
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
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="aftersales.conversation",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(db_collation="C", max_length=64, verbose_name="dispute no.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("in_progress", "In progress"),
                            ("evidence", "Waiting for our evidence"),
                            ("negotiating", "Negotiating"),
                            ("for_buyer", "Decided for the buyer"),
                            ("for_seller", "Decided for the shop"),
                            ("ended", "Ended by agreement"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="in_progress",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("status_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="next automatic step")),
                ("due_step", models.CharField(blank=True, max_length=20)),
                (
                    "due_later",
                    models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
                ),
                (
                    "opened_by",
                    models.CharField(
                        choices=[("seller", "Shop"), ("buyer", "Buyer"), ("platform", "Platform"), ("", "Nobody")],
                        default="buyer",
                        max_length=8,
                        verbose_name="opened by",
                    ),
                ),
                (
                    "opened_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="opened"),
                ),
                ("evidence_by", models.DateTimeField(blank=True, null=True, verbose_name="evidence by")),
                ("demand", models.CharField(blank=True, max_length=500, verbose_name="what is asked of us")),
                ("statement", models.TextField(blank=True, max_length=2000, verbose_name="our statement")),
                ("conclusion", models.CharField(blank=True, max_length=500, verbose_name="conclusion")),
                (
                    "blame",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("seller", "Shop's fault"),
                            ("buyer", "Buyer's wish"),
                            ("logistics", "Carrier's fault"),
                            ("platform", "Platform's fault"),
                        ],
                        max_length=10,
                        verbose_name="blame",
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="disputes", to="aftersales.case"
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="disputes",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "dispute",
                "verbose_name_plural": "disputes",
            },
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "proof",
                    models.CharField(
                        choices=[
                            ("chat", "Chat with the buyer"),
                            ("qc_report", "Quality report"),
                            ("packing_video", "Packing video with the label"),
                            ("weight", "Comparison of weights"),
                            ("carrier", "Carrier's proof of delivery"),
                            ("agreement", "Agreement with the buyer"),
                            ("delivery_slip", "Delivery slip"),
                            ("photo", "Photo of the goods"),
                            ("notice", "Public notice (force majeure)"),
                            ("other", "Other"),
                        ],
                        max_length=16,
                        verbose_name="what it shows",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                (
                    "side",
                    models.CharField(
                        choices=[("seller", "Shop"), ("buyer", "Buyer"), ("platform", "Platform"), ("", "Nobody")],
                        default="seller",
                        max_length=8,
                        verbose_name="put in by",
                    ),
                ),
                ("uploader_label", models.CharField(max_length=60, verbose_name="uploaded by")),
                (
                    "at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="uploaded"),
                ),
                ("name", models.CharField(max_length=120, verbose_name="file")),
                ("content_type", models.CharField(max_length=60)),
                ("size", models.PositiveIntegerField(verbose_name="bytes")),
                ("sha256", models.CharField(max_length=64)),
                ("chain", models.CharField(max_length=64)),
                ("path", models.CharField(max_length=120)),
                (
                    "appeal",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evidence",
                        to="aftersales.appeal",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evidence",
                        to="aftersales.case",
                    ),
                ),
                (
                    "dispute",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evidence",
                        to="aftersales.dispute",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evidence",
                        to="sellercenter.shop",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="sellercenter.member",
                    ),
                ),
            ],
            options={
                "verbose_name": "evidence",
                "verbose_name_plural": "evidence",
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=40, unique=True, verbose_name="refund no.")),
                (
                    "amount",
                    models.DecimalField(
                        db_default=0, decimal_places=2, default=0, max_digits=14, verbose_name="amount"
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("to_confirm", "To confirm"),
                            ("requested", "Requested"),
                            ("submitted", "Submitted"),
                            ("unknown", "Unknown"),
                            ("succeeded", "Refunded"),
                            ("failed", "Failed"),
                            ("rejected", "Rejected"),
                        ],
                        default="requested",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("status_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="next automatic step")),
                ("due_step", models.CharField(blank=True, max_length=20)),
                (
                    "due_later",
                    models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                ("by_hand", models.BooleanField(db_default=False, default=False, verbose_name="made outside")),
                (
                    "requested_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="requested"
                    ),
                ),
                ("requested_label", models.CharField(max_length=60, verbose_name="requested by")),
                ("confirmed_at", models.DateTimeField(blank=True, null=True, verbose_name="confirmed")),
                ("confirmed_label", models.CharField(blank=True, max_length=60, verbose_name="confirmed by")),
                ("submitted_at", models.DateTimeField(blank=True, null=True, verbose_name="submitted")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("attempts", models.PositiveIntegerField(db_default=0, default=0, verbose_name="attempts")),
                ("last_error", models.CharField(blank=True, max_length=200, verbose_name="last answer")),
                ("provider_no", models.CharField(blank=True, max_length=80, verbose_name="number at the gateway")),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="refunds",
                        to="aftersales.case",
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="sellercenter.member",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="refunds", to="orders.order"
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="orders.payment"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="sellercenter.member",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refunds",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "refund",
                "verbose_name_plural": "refunds",
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(db_collation="C", max_length=64, verbose_name="review no.")),
                ("buyer_nickname", models.CharField(blank=True, max_length=80, verbose_name="buyer")),
                ("rating", models.PositiveSmallIntegerField(verbose_name="stars")),
                ("first_rating", models.PositiveSmallIntegerField(verbose_name="first stars")),
                ("words", models.TextField(blank=True, max_length=4000, verbose_name="review")),
                ("at", models.DateTimeField(verbose_name="written")),
                ("more_words", models.TextField(blank=True, max_length=4000, verbose_name="later addition")),
                ("more_at", models.DateTimeField(blank=True, null=True, verbose_name="added")),
                ("reply", models.TextField(blank=True, max_length=1000, verbose_name="reply")),
                ("replied_at", models.DateTimeField(blank=True, null=True, verbose_name="replied")),
                ("replied_label", models.CharField(blank=True, max_length=60, verbose_name="replied by")),
                (
                    "cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("quality", "Quality"),
                            ("package", "Packaging"),
                            ("delivery", "Delivery"),
                            ("service", "Service"),
                            ("wrong_item", "Wrong item"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                        verbose_name="cause",
                    ),
                ),
                ("seller_fault", models.BooleanField(blank=True, null=True, verbose_name="our fault")),
                ("classified_at", models.DateTimeField(blank=True, null=True)),
                (
                    "buyer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="orders.buyer",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reviews",
                        to="orders.orderline",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviews",
                        to="orders.order",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="orders.product",
                    ),
                ),
                (
                    "replied_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="sellercenter.member",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviews",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
            },
        ),
        migrations.CreateModel(
            name="Sop",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=1, verbose_name="order")),
                (
                    "problem",
                    models.CharField(
                        choices=[
                            ("size", "Size or fit"),
                            ("defect", "Defect or damage"),
                            ("not_received", "Not received"),
                            ("wrong_item", "Wrong or missing item"),
                            ("not_as_described", "Not as described"),
                            ("late", "Late"),
                            ("changed_mind", "Changed mind"),
                            ("price", "Price"),
                            ("other", "Something else"),
                        ],
                        max_length=16,
                        verbose_name="problem",
                    ),
                ),
                (
                    "proposal",
                    models.CharField(
                        choices=[
                            ("accept", "Accept"),
                            ("exchange_first", "Offer an exchange first"),
                            ("partial", "Offer a partial refund"),
                            ("keep", "Refund without return"),
                            ("coupon", "Offer a coupon"),
                            ("refuse", "Refuse"),
                        ],
                        max_length=16,
                        verbose_name="proposal",
                    ),
                ),
                (
                    "up_to",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Larger cases go to the next policy. Empty: any amount.",
                        max_digits=14,
                        null=True,
                        verbose_name="up to this amount",
                    ),
                ),
                (
                    "percent",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Of the amount, for a partial refund.", null=True, verbose_name="percent"
                    ),
                ),
                ("coupon", models.CharField(blank=True, max_length=40, verbose_name="coupon")),
                ("text", models.TextField(blank=True, max_length=1000, verbose_name="words to the buyer")),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sops",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "after-sales policy",
                "verbose_name_plural": "after-sales policies",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(db_collation="C", max_length=64, verbose_name="ticket no.")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("redelivery", "Deliver again"),
                            ("lost", "Lost"),
                            ("damaged", "Damaged"),
                            ("stuck", "No movement"),
                            ("intercept", "Call the parcel back"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("answered", "Answered by the carrier"),
                            ("solved", "Solved"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("status_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="next automatic step")),
                ("due_step", models.CharField(blank=True, max_length=20)),
                (
                    "due_later",
                    models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
                ),
                ("words", models.TextField(max_length=1000, verbose_name="what is wrong")),
                ("answer", models.CharField(blank=True, max_length=500, verbose_name="answer of the carrier")),
                (
                    "opened_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="opened"),
                ),
                ("opened_label", models.CharField(max_length=60, verbose_name="opened by")),
                ("answer_by", models.DateTimeField(blank=True, null=True, verbose_name="answer expected by")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tickets",
                        to="aftersales.case",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tickets", to="orders.order"
                    ),
                ),
                (
                    "parcel",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tickets",
                        to="orders.parcel",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tickets",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "logistics ticket",
                "verbose_name_plural": "logistics tickets",
            },
        ),
        migrations.CreateModel(
            name="CannedReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "use",
                    models.CharField(
                        choices=[("message", "Messages"), ("review", "Reviews"), ("case", "Cases")],
                        default="message",
                        max_length=8,
                        verbose_name="used for",
                    ),
                ),
                ("shortcut", models.CharField(max_length=20, verbose_name="shortcut")),
                ("body", models.TextField(max_length=1000, verbose_name="words")),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="canned_replies",
                        to="sellercenter.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "canned reply",
                "verbose_name_plural": "canned replies",
                "ordering": ["use", "shortcut", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("shop"), models.F("use"), models.F("shortcut"), name="canned_shortcut_once"
                    ),
                    models.UniqueConstraint(models.F("shop"), models.F("id"), name="canned_is_of_shop"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("shortcut", ""), _negated=True), models.Q(("body", ""), _negated=True)
                        ),
                        name="canned_has_words",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("opened_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="case_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("shop"),
                models.F("status"),
                models.OrderBy(models.F("opened_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="case_newest_by_status",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("shop"),
                models.F("kind"),
                models.OrderBy(models.F("opened_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="case_newest_by_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("shop"),
                models.F("act_by"),
                models.F("id"),
                condition=models.Q(("act_by__isnull", False)),
                name="case_by_deadline",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("shop"),
                models.F("next_side"),
                models.F("act_by"),
                models.F("id"),
                condition=models.Q(
                    (
                        "status__in",
                        (
                            "requested",
                            "offered",
                            "to_return",
                            "returning",
                            "to_inspect",
                            "to_resend",
                            "refunding",
                            "refused",
                            "disputed",
                        ),
                    )
                ),
                name="case_by_side",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("amount"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="case_by_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("shop"),
                models.F("buyer"),
                models.OrderBy(models.F("opened_at"), descending=True),
                name="case_of_buyer",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(models.F("due_at"), condition=models.Q(("due_at__isnull", False)), name="case_due"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("shop"),
                models.F("return_tracking_no"),
                condition=models.Q(("return_tracking_no", ""), _negated=True),
                name="case_of_return",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=django.contrib.postgres.indexes.GinIndex(
                models.F("shop"),
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("buyer_nickname"), "gin_trgm_ops"
                ),
                name="case_nickname_trigrams",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("number"), name="case_number_once_per_shop"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="case_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                models.F("order"),
                condition=models.Q(
                    ("kind", "cancel"),
                    models.Q(("status__in", ["done", "withdrawn", "closed", "refused"]), _negated=True),
                ),
                name="case_one_cancel_per_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["cancel", "refund", "return", "exchange", "resend", "price"])),
                name="case_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "requested",
                            "offered",
                            "to_return",
                            "returning",
                            "to_inspect",
                            "to_resend",
                            "refunding",
                            "refused",
                            "disputed",
                            "done",
                            "withdrawn",
                            "closed",
                        ],
                    )
                ),
                name="case_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "problem__in",
                        [
                            "size",
                            "defect",
                            "not_received",
                            "wrong_item",
                            "not_as_described",
                            "late",
                            "changed_mind",
                            "price",
                            "other",
                        ],
                    )
                ),
                name="case_problem_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("fault__in", ["seller", "buyer", "logistics", "platform"])), name="case_fault_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("opened_by__in", ["seller", "buyer", "platform", ""])), name="case_opened_by_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("freight_amount__gte", 0), ("goods_amount__gte", 0)),
                name="case_amounts_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("number", ""), _negated=True), name="case_number_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("offer_amount__isnull", True),
                    models.Q(
                        ("offer_amount__gt", 0),
                        (
                            "offer_amount__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("goods_amount"), "+", models.F("freight_amount")
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="case_offer_within_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ("done", "withdrawn", "closed")), _negated=True),
                    ("ended_at__isnull", False),
                    _connector="OR",
                ),
                name="case_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("overridden", False), models.Q(("override_note", ""), _negated=True), _connector="OR"
                ),
                name="case_override_has_note",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("paused_at__isnull", True), models.Q(("pause_reason", ""), _negated=True), _connector="OR"
                ),
                name="case_pause_has_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_at__isnull", True), ("due_step", "")),
                    models.Q(("due_at__isnull", False), models.Q(("due_step", ""), _negated=True)),
                    _connector="OR",
                ),
                name="case_due_step_with_time",
            ),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("opened_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="appeal_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(
                models.F("shop"),
                models.F("file_by"),
                models.F("id"),
                condition=models.Q(("status", "draft")),
                name="appeal_to_file",
            ),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(models.F("due_at"), condition=models.Q(("due_at__isnull", False)), name="appeal_due"),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.UniqueConstraint(
                models.F("shop"), models.F("number"), name="appeal_number_once_per_shop"
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="appeal_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["malicious", "penalty", "compensation", "arbitration"])),
                name="appeal_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["draft", "filed", "won", "lost", "withdrawn", "lapsed"])),
                name="appeal_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__isnull", True), ("amount__gt", 0), _connector="OR"),
                name="appeal_amount_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_at__isnull", True), ("due_step", "")),
                    models.Q(("due_at__isnull", False), models.Q(("due_step", ""), _negated=True)),
                    _connector="OR",
                ),
                name="appeal_due_step_with_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="caseline",
            constraint=models.UniqueConstraint(models.F("case"), models.F("line"), name="case_line_once"),
        ),
        migrations.AddConstraint(
            model_name="caseline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="case_line_quantity_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="caseline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "quantity__gte",
                        django.db.models.expressions.CombinedExpression(models.F("sellable"), "+", models.F("damaged")),
                    )
                ),
                name="case_line_inspected_within_quantity",
            ),
        ),
        migrations.AddConstraint(
            model_name="caseline",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="case_line_amount_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="caserule",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="case_rule_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="caserule",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("name"), name="case_rule_name_once_per_shop"),
        ),
        migrations.AddConstraint(
            model_name="caserule",
            constraint=models.CheckConstraint(condition=models.Q(("kinds__len__gt", 0)), name="case_rule_names_a_kind"),
        ),
        migrations.AddConstraint(
            model_name="caserule",
            constraint=models.CheckConstraint(
                condition=models.Q(("most_amount__isnull", True), ("most_amount__gt", 0), _connector="OR"),
                name="case_rule_amount_positive",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("last_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="conversation_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("shop"),
                models.F("reply_by"),
                models.F("id"),
                condition=models.Q(("reply_by__isnull", False)),
                name="conversation_by_reply",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("last_at"), descending=True),
                condition=models.Q(("unread__gt", 0)),
                name="conversation_unread",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="conversation_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(
                models.F("shop"), models.F("buyer"), models.F("order"), name="conversation_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_side__in", ["seller", "buyer", "platform", ""])),
                name="conversation_last_side_known",
            ),
        ),
        migrations.AddIndex(
            model_name="chatmessage",
            index=models.Index(
                models.F("conversation"), models.F("at"), models.F("id"), name="chat_message_of_conversation"
            ),
        ),
        migrations.AddConstraint(
            model_name="chatmessage",
            constraint=models.UniqueConstraint(
                models.F("conversation"),
                models.F("number"),
                condition=models.Q(("number", ""), _negated=True),
                name="chat_message_number_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="chatmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["seller", "buyer", "platform", ""])), name="chat_message_side_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="chatmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", ""), _negated=True), name="chat_message_not_empty"
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("opened_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="dispute_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                models.F("shop"),
                models.F("evidence_by"),
                models.F("id"),
                condition=models.Q(("status", "evidence")),
                name="dispute_by_deadline",
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(models.F("due_at"), condition=models.Q(("due_at__isnull", False)), name="dispute_due"),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                models.F("shop"), models.F("number"), name="dispute_number_once_per_shop"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="dispute_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                models.F("case"),
                condition=models.Q(("status__in", ("in_progress", "evidence", "negotiating"))),
                name="dispute_one_open_per_case",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["in_progress", "evidence", "negotiating", "for_buyer", "for_seller", "ended", "withdrawn"],
                    )
                ),
                name="dispute_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_at__isnull", True), ("due_step", "")),
                    models.Q(("due_at__isnull", False), models.Q(("due_step", ""), _negated=True)),
                    _connector="OR",
                ),
                name="dispute_due_step_with_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="evidence_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "proof__in",
                        [
                            "chat",
                            "qc_report",
                            "packing_video",
                            "weight",
                            "carrier",
                            "agreement",
                            "delivery_slip",
                            "photo",
                            "notice",
                            "other",
                        ],
                    )
                ),
                name="evidence_proof_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("appeal__isnull", True), ("case__isnull", False), ("dispute__isnull", True)),
                    models.Q(("appeal__isnull", True), ("case__isnull", True), ("dispute__isnull", False)),
                    models.Q(("appeal__isnull", False), ("case__isnull", True), ("dispute__isnull", True)),
                    _connector="OR",
                ),
                name="evidence_is_for_one_thing",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("requested_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="refund_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                models.F("shop"),
                models.F("status"),
                models.OrderBy(models.F("requested_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="refund_newest_by_status",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("amount"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="refund_by_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(models.F("due_at"), condition=models.Q(("due_at__isnull", False)), name="refund_due"),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                models.F("payment"),
                condition=models.Q(("status__in", ("to_confirm", "requested", "submitted", "unknown"))),
                name="refund_open_of_payment",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="refund_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                models.F("shop"),
                models.F("provider_no"),
                condition=models.Q(("provider_no", ""), _negated=True),
                name="refund_provider_no_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["to_confirm", "requested", "submitted", "unknown", "succeeded", "failed", "rejected"],
                    )
                ),
                name="refund_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_amount_positive"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("confirmed_by__isnull", True),
                    ("requested_by__isnull", True),
                    models.Q(("confirmed_by", models.F("requested_by")), _negated=True),
                    _connector="OR",
                ),
                name="refund_confirmed_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["succeeded", "failed", "rejected"]), _negated=True),
                    ("ended_at__isnull", False),
                    _connector="OR",
                ),
                name="refund_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_at__isnull", True), ("due_step", "")),
                    models.Q(("due_at__isnull", False), models.Q(("due_step", ""), _negated=True)),
                    _connector="OR",
                ),
                name="refund_due_step_with_time",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="review_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                models.F("shop"),
                models.F("product"),
                models.OrderBy(models.F("at"), descending=True),
                name="review_of_product",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                models.F("shop"),
                models.F("rating"),
                models.OrderBy(models.F("at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="review_by_stars",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("first_rating__lte", 2), ("replied_at__isnull", True)),
                name="review_negative_open",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("replied_at__isnull", False)),
                name="review_answered",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                models.F("shop"), models.F("number"), name="review_number_once_per_shop"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="review_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cause__in", ["", "quality", "package", "delivery", "service", "wrong_item", "other"])
                ),
                name="review_cause_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_rating__gte", 1), ("first_rating__lte", 5), ("rating__gte", 1), ("rating__lte", 5)
                ),
                name="review_stars_from_1_to_5",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("replied_at__isnull", True), ("reply", "")),
                    models.Q(models.Q(("reply", ""), _negated=True), ("replied_at__isnull", False)),
                    _connector="OR",
                ),
                name="review_reply_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="sop",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="sop_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="sop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "problem__in",
                        [
                            "size",
                            "defect",
                            "not_received",
                            "wrong_item",
                            "not_as_described",
                            "late",
                            "changed_mind",
                            "price",
                            "other",
                        ],
                    )
                ),
                name="sop_problem_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="sop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("proposal__in", ["accept", "exchange_first", "partial", "keep", "coupon", "refuse"])
                ),
                name="sop_proposal_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="sop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("proposal", "partial"), _negated=True),
                    models.Q(("percent__gte", 1), ("percent__isnull", False), ("percent__lte", 99)),
                    _connector="OR",
                ),
                name="sop_partial_has_percent",
            ),
        ),
        migrations.AddConstraint(
            model_name="sop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("proposal", "coupon"), _negated=True),
                    models.Q(("coupon", ""), _negated=True),
                    _connector="OR",
                ),
                name="sop_coupon_is_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="sop",
            constraint=models.CheckConstraint(
                condition=models.Q(("up_to__isnull", True), ("up_to__gt", 0), _connector="OR"),
                name="sop_up_to_positive",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                models.F("shop"),
                models.OrderBy(models.F("opened_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="ticket_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                models.F("shop"),
                models.F("answer_by"),
                models.F("id"),
                condition=models.Q(("status__in", ["open", "answered"])),
                name="ticket_open",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(models.F("due_at"), condition=models.Q(("due_at__isnull", False)), name="ticket_due"),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.UniqueConstraint(
                models.F("shop"), models.F("number"), name="ticket_number_once_per_shop"
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.UniqueConstraint(models.F("shop"), models.F("id"), name="ticket_is_of_shop"),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["redelivery", "lost", "damaged", "stuck", "intercept"])),
                name="ticket_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "answered", "solved", "closed"])), name="ticket_status_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_at__isnull", True), ("due_step", "")),
                    models.Q(("due_at__isnull", False), models.Q(("due_step", ""), _negated=True)),
                    _connector="OR",
                ),
                name="ticket_due_step_with_time",
            ),
        ),
    ]
