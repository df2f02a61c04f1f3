"""The tables that belong to no feature: leases and counters."""

from tortoise import fields
from tortoise.models import Model


class Lease(Model):
    """Who may do a job that one process does at a time, and until when by the database's clock."""

    name = fields.CharField(max_length=64, primary_key=True)
    owner = fields.CharField(max_length=64)
    ends_at_ms = fields.BigIntField()
    """Milliseconds since 1970, UTC."""

    class Meta:
        table = "leases"
        app = "postern"


class Counter(Model):
    """How often something happened in one fixed window of time. Seconds since 1970, UTC."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=200)
    starts_at = fields.BigIntField()
    ends_at = fields.BigIntField(db_index=True)
    count = fields.BigIntField()
    about = fields.BigIntField(null=True)
    """Whose events they are, if they are a person's: their id."""

    class Meta:
        table = "counters"
        app = "postern"
        unique_together = (("key", "starts_at", "ends_at"),)
