"""The table of letters to send."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class LetterState(StrEnum):
    """What has become of a letter."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    """A mail server answered 250 after DATA. Nothing more is ever claimed."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Every attempt ended without an answer to the final dot."""
    CANCELLED = "cancelled"


class Letter(Model):
    """A letter: what to say and to whom, never a link, a token or a rendered body.

    A worker that is sending holds the lease until ``lease_ends_at_ms`` (milliseconds since 1970, UTC, by the database's
    clock); 0 while nobody does.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=40)
    user: fields.ForeignKeyNullableRelation[Model] = fields.ForeignKeyField(
        "postern.User", related_name="letters", null=True, on_delete=fields.CASCADE, db_index=True
    )
    user_id: int | None
    recipient = fields.CharField(max_length=320)
    language = fields.CharField(max_length=16)
    params: fields.JSONField[dict[str, str]] = fields.JSONField(default=dict)
    recovery_version = fields.IntField(null=True)
    """For a letter with a link: the person's recovery_version that the link will carry."""
    state = fields.CharEnumField(LetterState, max_length=16, default=LetterState.QUEUED)
    reason = fields.CharField(max_length=64, default="")
    """Why it failed or was cancelled, as a code."""
    created_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    message_id = fields.CharField(max_length=320, default="")
    """Given at the first attempt and the same at each further one."""
    attempts = fields.IntField(default=0)
    lease_owner = fields.CharField(max_length=64, default="")
    lease_ends_at_ms = fields.BigIntField(default=0)
    requested_by: fields.ForeignKeyNullableRelation[Model] = fields.ForeignKeyField(
        "postern.User", related_name="requested_letters", null=True, on_delete=fields.SET_NULL, db_index=True
    )
    requested_by_id: int | None
    network = fields.CharField(max_length=64, default="", db_default="")
    """From where it was asked for; empty for what Postern writes of itself."""
    link_ends_at = fields.DatetimeField(null=True)
    """When the link in it expires, known once it was minted."""
    link_fetched_at = fields.DatetimeField(null=True)
    """When the link was first fetched by anything, a scanner of mail included."""
    link_opened_at = fields.DatetimeField(null=True)
    """When it was first opened by what behaves as a person's browser."""
    link_used_at = fields.DatetimeField(null=True)
    """When what the link is for was done with it."""

    class Meta:
        table = "letters"
        app = "postern"
        indexes = (("state", "due_at"), ("state", "created_at"), ("created_at",), ("recipient", "created_at"))
