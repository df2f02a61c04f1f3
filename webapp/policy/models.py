"""The table of the security policy."""

from tortoise import fields
from tortoise.models import Model


class PolicyRow(Model):
    """What administrators have decided. At most one row, with id 1."""

    id = fields.IntField(primary_key=True, generated=False)
    values: fields.JSONField[dict[str, str]] = fields.JSONField(default=dict)
    """By the names of ``security_policy.FIELDS``, as text; what is missing has its default."""
    version = fields.IntField(default=1)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "security_policy"
        app = "postern"
