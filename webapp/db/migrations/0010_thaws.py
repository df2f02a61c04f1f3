from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("postern", "0009_known_browsers")]

    initial = False

    operations = [
        ops.AddField(
            model_name="KnownBrowser",
            name="signed_in",
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.AddField(
            model_name="User",
            name="thawed_at",
            field=fields.DatetimeField(null=True),
        ),
    ]
