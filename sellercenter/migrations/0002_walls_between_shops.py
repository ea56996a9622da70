from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sellercenter", "0001_initial")]

    # A member's role is of the member's own shop, whoever writes the row.
    operations = [
        migrations.RunSQL(
            "ALTER TABLE sellercenter_member ADD CONSTRAINT sellercenter_member_role_of_shop "
            "FOREIGN KEY (shop_id, role_id) REFERENCES sellercenter_role (shop_id, id) DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE sellercenter_member DROP CONSTRAINT sellercenter_member_role_of_shop",
        ),
    ]
