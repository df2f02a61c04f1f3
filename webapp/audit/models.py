"""The tables of the record: entries, the seals that chain them, and the two ends of the chain."""

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
    search = fields.TextField(default="", db_default="")
    """Actor, subject and network, folded, each in a line of its own: what a text is looked for in."""

    class Meta:
        table = "audit_entries"
        app = "postern"
        # The page is in the order of ids; in that of an index it needs no sorting.
        indexes = (("at", "id"), ("subject_id", "id"), ("actor", "id"), ("action", "id"), ("actor", "action", "id"))


class AuditSeal(Model):
    """The seal of one entry, empty until the sealer comes by. The database adds it with the entry, by a trigger.

    It is a table of its own so that an entry is never updated: its many indexes would be written twice.
    """

    entry_id = fields.BigIntField(primary_key=True)
    number = fields.BigIntField(null=True, unique=True)
    """Its place in the chain, from 1 without a gap, in the order in which entries were found committed."""
    mac = fields.CharField(max_length=64, default="")
    """HMAC-SHA256 over the mac before and the entry, in hex; see ``audit.chain``."""
    key_id = fields.CharField(max_length=16, default="")

    class Meta:
        table = "audit_seals"
        app = "postern"


class AuditChain(Model):
    """The two ends of the chain, in the one row with the id 1: so that what is cut off at an end is missed."""

    id = fields.SmallIntField(primary_key=True)
    first_number = fields.BigIntField()
    """That of the last entry that retention has deleted; 0 while it has deleted none."""
    first_mac = fields.CharField(max_length=64)
    last_number = fields.BigIntField()
    """That of the newest sealed entry."""
    last_mac = fields.CharField(max_length=64)
    key_id = fields.CharField(max_length=16)
    mac = fields.CharField(max_length=64)
    """HMAC-SHA256 over all of the above, in hex."""

    class Meta:
        table = "audit_chain"
        app = "postern"
