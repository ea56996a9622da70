import datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sellercenter", "0003_work_to_do"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="shoppolicy",
            name="policy_clocks_are_positive",
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="appeal_answer_days",
            field=models.PositiveSmallIntegerField(
                db_default=5, default=5, verbose_name="working days until an appeal is answered"
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="appeal_file_days",
            field=models.PositiveSmallIntegerField(
                db_default=7,
                default=7,
                help_text="After we were told of the penalty.",
                verbose_name="days to file an appeal",
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="case_answer",
            field=models.DurationField(
                blank=True,
                default=datetime.timedelta(days=2),
                help_text="After that it counts as accepted.",
                null=True,
                verbose_name="case is answered",
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="case_warning",
            field=models.DurationField(
                blank=True,
                default=datetime.timedelta(seconds=43200),
                null=True,
                verbose_name="warn before a case's deadline",
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="claim_window",
            field=models.DurationField(
                blank=True,
                default=datetime.timedelta(days=7),
                help_text="After the parcel was delivered.",
                null=True,
                verbose_name="returns can be asked for",
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="escalate_window",
            field=models.DurationField(
                blank=True,
                default=datetime.timedelta(days=2),
                help_text="After a refusal.",
                null=True,
                verbose_name="buyer goes to the platform",
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="evidence_within",
            field=models.DurationField(
                blank=True,
                default=datetime.timedelta(days=2),
                help_text="When the platform names no time.",
                null=True,
                verbose_name="evidence is put in",
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="inspect_within",
            field=models.DurationField(
                blank=True,
                default=datetime.timedelta(days=2),
                help_text="After that it counts as in order.",
                null=True,
                verbose_name="return is inspected",
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="offer_answer",
            field=models.DurationField(
                blank=True,
                default=datetime.timedelta(days=2),
                help_text="After that it counts as declined.",
                null=True,
                verbose_name="buyer answers an offer",
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="refund_limit",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Empty: one person is enough.",
                max_digits=14,
                null=True,
                verbose_name="refunds above this need a second person",
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="reply_within",
            field=models.DurationField(
                blank=True, default=datetime.timedelta(days=1), null=True, verbose_name="message is answered"
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="resend_within",
            field=models.DurationField(
                blank=True, default=datetime.timedelta(days=3), null=True, verbose_name="goods are sent again"
            ),
        ),
        migrations.AddField(
            model_name="shoppolicy",
            name="return_window",
            field=models.DurationField(
                blank=True,
                default=datetime.timedelta(days=7),
                help_text="After that the case is closed.",
                null=True,
                verbose_name="buyer sends goods back",
            ),
        ),
        migrations.AddConstraint(
            model_name="shoppolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("first_reminder__isnull", True), ("first_reminder__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("second_reminder__isnull", True),
                        ("second_reminder__gt", datetime.timedelta(0)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("payment_window__isnull", True), ("payment_window__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("cancel_answer__isnull", True), ("cancel_answer__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("ship_within__isnull", True), ("ship_within__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("ship_warning__isnull", True), ("ship_warning__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("ship_cancel__isnull", True), ("ship_cancel__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("tracking_silence__isnull", True),
                        ("tracking_silence__gt", datetime.timedelta(0)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("receipt_window__isnull", True), ("receipt_window__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("claim_window__isnull", True), ("claim_window__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("case_answer__isnull", True), ("case_answer__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("case_warning__isnull", True), ("case_warning__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("offer_answer__isnull", True), ("offer_answer__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("return_window__isnull", True), ("return_window__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("inspect_within__isnull", True), ("inspect_within__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("resend_within__isnull", True), ("resend_within__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                    models.Q(
                        ("escalate_window__isnull", True),
                        ("escalate_window__gt", datetime.timedelta(0)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("evidence_within__isnull", True),
                        ("evidence_within__gt", datetime.timedelta(0)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("reply_within__isnull", True), ("reply_within__gt", datetime.timedelta(0)), _connector="OR"
                    ),
                ),
                name="policy_clocks_are_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="shoppolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("refund_limit__isnull", True), ("refund_limit__gte", 0), _connector="OR"),
                name="policy_refund_limit_not_negative",
            ),
        ),
    ]
