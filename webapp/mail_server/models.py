"""The tables of mail-server settings and of their tests."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.smtp.server import Auth, Grant, Security
from webapp.users.models import User


class Slot(StrEnum):
    """Which of the two mail servers settings are for."""

    PRIMARY = "primary"
    FALLBACK = "fallback"
    """Takes over while the primary server is at fault."""


class Revision(Model):
    """One saved state of a mail server's settings. Rows are only ever added; the newest of a slot is the active one."""

    id = fields.BigIntField(primary_key=True)
    slot = fields.CharEnumField(Slot, max_length=16, default=Slot.PRIMARY, db_default="primary")
    removed = fields.BooleanField(default=False, db_default=False)
    """The slot is empty since then (only the fallback can be removed); the values are those it had."""
    host = fields.CharField(max_length=255)
    port = fields.IntField()
    security = fields.CharEnumField(Security, max_length=16)
    auth = fields.CharEnumField(Auth, max_length=16)
    username = fields.CharField(max_length=320, default="")
    sealed_password = fields.TextField(default="")
    """The password, or both secrets of OAuth, encrypted and bound to the server typed for; empty when there is none."""
    plaintext_auth = fields.BooleanField(default=False)
    sender_address = fields.CharField(max_length=320)
    sender_name = fields.CharField(max_length=200, default="")
    reply_to = fields.CharField(max_length=320, default="")
    bounce_address = fields.CharField(max_length=320, default="", db_default="")
    """Where mail that comes back goes, each letter with an address of its own made from it; empty: to the sender."""
    ehlo_name = fields.CharField(max_length=255, default="")
    timeout_seconds = fields.IntField(default=15)
    ca_certificate = fields.TextField(default="")
    oauth_grant = fields.CharEnumField(
        Grant, max_length=24, default=Grant.CLIENT_CREDENTIALS, db_default="client_credentials"
    )
    oauth_token_url = fields.CharField(max_length=1_000, default="", db_default="")
    oauth_client_id = fields.CharField(max_length=320, default="", db_default="")
    oauth_scope = fields.CharField(max_length=1_000, default="", db_default="")
    returns_to = fields.BigIntField(null=True)
    """The earlier revision whose values were taken up again; null for values that were typed."""
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
    letter = fields.CharField(max_length=32, default="", db_default="", db_index=True)
    """What the links in the test letter are known by; empty for a test that sent none."""
    opened_at = fields.DatetimeField(null=True)
    """When the letter's link was first opened, which a scanner of mail may have done."""
    received_at = fields.DatetimeField(null=True)
    """When a person first confirmed that the letter arrived."""
    received_by = fields.CharField(max_length=300, default="", db_default="")
    """The origin at which they did, if it was another than PUBLIC_URL."""

    class Meta:
        table = "mail_server_verdicts"
        app = "postern"
