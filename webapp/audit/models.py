"""The table of audit entries."""

from tortoise import fields
from tortoise.models import Model


class AuditEntry(Model):
    """Who did what, on whom, from where. Names are copied, so that an entry outlives the people in it."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    actor_id = fields.BigIntField(null=True)
    actor = fields.CharField(max_length=200, default="")
    action = fields.CharField(max_length=64)
    """``subject:act``, such as ``mail_server:saved``."""
    subject_id = fields.BigIntField(null=True)
    subject = fields.CharField(max_length=320, default="")
    network = fields.CharField(max_length=64, default="")
    details: fields.JSONField[dict[str, str]] = fields.JSONField(default=dict)

    class Meta:
        table = "audit_entries"
        app = "postern"
        indexes = (("at",), ("subject_id",))
