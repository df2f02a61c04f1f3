from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("postern", "0001_initial")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Revision",
            name="oauth_client_id",
            field=fields.CharField(default="", db_default="", max_length=320),
        ),
        ops.AddField(
            model_name="Revision",
            name="oauth_grant",
            field=fields.CharField(default="client_credentials", db_default="client_credentials", max_length=24),
        ),
        ops.AddField(
            model_name="Revision",
            name="oauth_scope",
            field=fields.CharField(default="", db_default="", max_length=1000),
        ),
        ops.AddField(
            model_name="Revision",
            name="oauth_token_url",
            field=fields.CharField(default="", db_default="", max_length=1000),
        ),
        ops.AddField(
            model_name="Revision",
            name="returns_to",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Verdict",
            name="letter",
            field=fields.CharField(default="", db_index=True, db_default="", max_length=32),
        ),
        ops.AddField(
            model_name="Verdict",
            name="opened_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Verdict",
            name="received_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Verdict",
            name="received_by",
            field=fields.CharField(default="", db_default="", max_length=300),
        ),
    ]
