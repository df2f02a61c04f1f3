"""The table of what came back."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.outbox.models import Letter


class Action(StrEnum):
    """What a server on the way did with a letter, of the actions of RFC 3464 (2.3.3) those that are kept."""

    FAILED = "failed"
    """It could not be delivered, and is not tried again."""
    DELAYED = "delayed"
    """It could not be delivered yet, and is still tried."""


class Return(Model):
    """One report about one letter that a mail server on the way sent back (a delivery status notification)."""

    id = fields.BigIntField(primary_key=True)
    letter: fields.ForeignKeyRelation[Letter] = fields.ForeignKeyField(
        "postern.Letter", related_name="returns", on_delete=fields.CASCADE, db_index=True
    )
    letter_id: int
    at = fields.DatetimeField()
    """When Postern read it."""
    action = fields.CharEnumField(Action, max_length=16)
    status = fields.CharField(max_length=16, default="")
    """The enhanced status code, such as ``5.1.1``; empty where the report has none that makes sense."""
    diagnostic = fields.CharField(max_length=1000, default="")
    """What the refusing server said, in its own words."""
    reporting_host = fields.CharField(max_length=255, default="")
    """The server that wrote the report."""
    remote_host = fields.CharField(max_length=255, default="")
    """The server that refused; empty where the reporting one did so itself."""
    marked = fields.BooleanField(default=False)
    """Whether the person's address was marked as undeliverable because of it."""
    digest = fields.CharField(max_length=64)
    """Of all that it says: the same report twice is one."""

    class Meta:
        table = "returns"
        app = "postern"
        unique_together = (("letter", "digest"),)
