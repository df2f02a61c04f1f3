from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("postern", "0007_audit")]

    initial = False

    operations = [
        ops.AddField(
            model_name="User",
            name="password_is_short",
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
