from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("postern", "0008_short_passwords")]

    initial = False

    operations = [
        ops.AddField(
            model_name="KnownBrowser",
            name="credentials_version",
            field=fields.IntField(default=0, db_default=0),
        ),
    ]
