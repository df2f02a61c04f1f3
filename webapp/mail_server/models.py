"""The tables of mail-server settings and of their tests."""

from tortoise import fields
from tortoise.models import Model

from webapp.smtp.server import Auth, Security
from webapp.users.models import User


class Revision(Model):
    """One saved state of the mail-server settings. Rows are only ever added; the newest is the active one."""

    id = fields.BigIntField(primary_key=True)
    host = fields.CharField(max_length=255)
    port = fields.IntField()
    security = fields.CharEnumField(Security, max_length=16)
    auth = fields.CharEnumField(Auth, max_length=16)
    username = fields.CharField(max_length=320, default="")
    sealed_password = fields.TextField(default="")
    """The password, encrypted and bound to the server it was typed for; empty when there is none."""
    plaintext_auth = fields.BooleanField(default=False)
    sender_address = fields.CharField(max_length=320)
    sender_name = fields.CharField(max_length=200, default="")
    reply_to = fields.CharField(max_length=320, default="")
    ehlo_name = fields.CharField(max_length=255, default="")
    timeout_seconds = fields.IntField(default=15)
    ca_certificate = fields.TextField(default="")
    created_at = fields.DatetimeField()
    created_by: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="revisions", null=True, on_delete=fields.SET_NULL, db_index=True
    )
    created_by_id: int | None

    class Meta:
        table = "mail_server_revisions"
        app = "postern"


class Verdict(Model):
    """The outcome of a test, bound to exactly the values tested."""

    id = fields.BigIntField(primary_key=True)
    fingerprint = fields.CharField(max_length=64, db_index=True)
    tested_at = fields.DatetimeField()
    tested_by: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="verdicts", null=True, on_delete=fields.SET_NULL, db_index=True
    )
    tested_by_id: int | None
    passed = fields.BooleanField()
    step = fields.CharField(max_length=16)
    """The rung that failed, or the last one reached."""
    diagnosis = fields.CharField(max_length=64, default="")
    milliseconds = fields.IntField()

    class Meta:
        table = "mail_server_verdicts"
        app = "postern"
