# ruff: noqa: N999, RUF012
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("postern", "0001_initial")]

    operations = [
        ops.AlterField(model_name="Shelf", name="name", field=fields.CharField(max_length=100, null=True)),
        ops.AlterField(model_name="Book", name="title", field=fields.CharField(max_length=100)),
        ops.RemoveField(model_name="Book", name="colour"),
    ]
