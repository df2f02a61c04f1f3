"""The table of the canary's checks."""

from tortoise import fields
from tortoise.models import Model

from webapp.mail_server.models import Slot


class Check(Model):
    """One look at a mail server: connect and sign in, no letter."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    slot = fields.CharEnumField(Slot, max_length=16)
    revision_id = fields.BigIntField()
    """0 where the environment alone sets the server up."""
    fingerprint = fields.CharField(max_length=64)
    healthy = fields.BooleanField()
    refused = fields.BooleanField(default=False)
    """The sign-in was refused for good: it is not tried again with these settings until a test of them gets further."""
    step = fields.CharField(max_length=16)
    """The rung that failed, or the last one reached."""
    diagnosis = fields.CharField(max_length=64, default="")
    reply = fields.CharField(max_length=1000, default="")
    milliseconds = fields.IntField()

    class Meta:
        table = "mail_server_checks"
        app = "postern"
        indexes = (("slot", "id"), ("at",))
