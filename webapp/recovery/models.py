"""The table of requests from the forgot page."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.outbox.models import Letter
from webapp.users.models import User


class RequestOutcome(StrEnum):
    """What a request came to."""

    LETTER = "letter"
    REPEATED = "repeated"
    """The same identifier had been asked for a moment before."""
    NO_SUCH_ACCOUNT = "no_such_account"
    NO_ADDRESS = "no_address"
    DISABLED = "disabled"
    FROZEN = "frozen"
    """The account's owner has said "this was not me"."""
    OVER_CEILING = "over_ceiling"
    """The person has had as many letters as one hour allows."""
    UNREADABLE = "unreadable"
    """It was encrypted with a key that is no longer here."""


class RecoveryRequest(Model):
    """Somebody asked for a reset link. The web writes it without looking anybody up; the worker resolves it."""

    id = fields.BigIntField(primary_key=True)
    sealed_identifier = fields.TextField(default="")
    """What was typed, encrypted; emptied when it has led to a letter, and in any case after a day."""
    identifier_digest = fields.CharField(max_length=64)
    """A keyed digest of the normalised identifier, to recognise repeats."""
    network = fields.CharField(max_length=64, default="")
    language = fields.CharField(max_length=16)
    requested_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)
    outcome = fields.CharEnumField(RequestOutcome, max_length=24, null=True)
    user: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="recovery_requests", null=True, on_delete=fields.CASCADE, db_index=True
    )
    user_id: int | None
    letter: fields.ForeignKeyNullableRelation[Letter] = fields.ForeignKeyField(
        "postern.Letter", related_name="recovery_requests", null=True, on_delete=fields.SET_NULL, db_index=True
    )
    letter_id: int | None

    class Meta:
        table = "recovery_requests"
        app = "postern"
        indexes = (("resolved_at", "id"), ("identifier_digest", "requested_at"))
