from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("sellercenter", "0004_aftersales_clocks")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                "shop", F("at").desc(), include=["kind"], name="event_by_person", condition=Q(member__isnull=False)
            ),
        ),
    ]
