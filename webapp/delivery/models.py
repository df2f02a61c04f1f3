"""The tables of attempts and of the pause."""

from tortoise import fields
from tortoise.models import Model

from webapp.mail_server.models import Slot
from webapp.outbox.models import Letter


class Attempt(Model):
    """One try at handing a letter to the mail server."""

    id = fields.BigIntField(primary_key=True)
    letter: fields.ForeignKeyRelation[Letter] = fields.ForeignKeyField(
        "postern.Letter", related_name="tries", on_delete=fields.CASCADE, db_index=True
    )
    letter_id: int
    attempted_at = fields.DatetimeField()
    milliseconds = fields.IntField()
    revision_id = fields.BigIntField(null=True)
    host = fields.CharField(max_length=255, default="")
    step = fields.CharField(max_length=16)
    outcome = fields.CharField(max_length=16)
    reply_code = fields.IntField(null=True)
    enhanced_code = fields.CharField(max_length=16, default="")
    reply = fields.CharField(max_length=1000, default="")
    diagnosis = fields.CharField(max_length=64, default="")
    queue_id = fields.CharField(max_length=100, default="", db_default="")
    """The server's own name for the letter it took."""
    slot = fields.CharEnumField(Slot, max_length=16, default=Slot.PRIMARY, db_default="primary")
    """Which of the two mail servers it was."""

    class Meta:
        table = "attempts"
        app = "postern"
        indexes = (("attempted_at",), ("queue_id",))


class Pause(Model):
    """Why no letters go to a mail server: it, not a letter, was at fault. At most one row for each server."""

    id = fields.IntField(primary_key=True, generated=False)
    """1 for the primary server, 2 for the fallback."""
    revision_id = fields.BigIntField()
    fingerprint = fields.CharField(max_length=64)
    """Of the settings that were refused: other settings are tried at once."""
    since = fields.DatetimeField()
    retry_at = fields.DatetimeField(null=True)
    """When the server is tried again; empty: not before its settings change or an administrator tests them."""
    tries = fields.IntField(default=1)
    step = fields.CharField(max_length=16)
    diagnosis = fields.CharField(max_length=64, default="")
    reply = fields.CharField(max_length=1000, default="")

    class Meta:
        table = "delivery_pause"
        app = "postern"
