from django.db import migrations

from analytics import triggers


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_amounts_lost_by_step")]

    operations = [
        migrations.RunSQL(sql=f"{triggers.drop()}\n{triggers.create()}", reverse_sql=migrations.RunSQL.noop),
    ]
