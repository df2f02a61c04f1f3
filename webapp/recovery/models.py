"""The tables of the ways back in: requests from the forgot page, handoffs, and requests for help."""

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
    DELETED = "deleted"
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


class Handoff(Model):
    """A link and a code that staff hands to a person whom mail cannot reach; both are needed, once."""

    id = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="handoffs", on_delete=fields.CASCADE, db_index=True
    )
    user_id: int
    recovery_version = fields.IntField()
    """The person's when it was made: whatever raises that ends the handoff."""
    code_digest = fields.CharField(max_length=64)
    """A keyed digest of the code."""
    attempts = fields.IntField(default=0)
    """How many codes were tried."""
    created_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    cancelled_at = fields.DatetimeField(null=True)
    created_by_id = fields.BigIntField(null=True)
    created_by = fields.CharField(max_length=200, default="")
    verified_how = fields.CharField(max_length=500)
    """How staff made sure that the caller is this person."""
    ticket = fields.CharField(max_length=100, default="")

    class Meta:
        table = "handoffs"
        app = "postern"


class HelpRequest(Model):
    """Somebody without a way in asked for an administrator. Written without looking anybody up."""

    id = fields.BigIntField(primary_key=True)
    sealed_identifier = fields.TextField(default="")
    """The username or address that was typed, encrypted."""
    identifier_digest = fields.CharField(max_length=64, db_index=True)
    """A keyed digest of the normalised identifier, to recognise repeats."""
    sealed_message = fields.TextField(default="")
    """How to reach them and what they say, encrypted."""
    network = fields.CharField(max_length=64, default="")
    language = fields.CharField(max_length=16, default="")
    requested_at = fields.DatetimeField(db_index=True)
    closed_at = fields.DatetimeField(null=True)
    closed_by_id = fields.BigIntField(null=True)
    closed_by = fields.CharField(max_length=200, default="")

    class Meta:
        table = "help_requests"
        app = "postern"
