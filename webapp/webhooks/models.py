"""The tables of the webhook and of its calls."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class Style(StrEnum):
    """Whose way of writing a message the body follows."""

    JSON = "json"
    SLACK = "slack"
    FEISHU = "feishu"
    DINGTALK = "dingtalk"
    WECOM = "wecom"
    TEAMS = "teams"


class CallState(StrEnum):
    """What has become of a call."""

    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"


class Webhook(Model):
    """Where to call. At most one row, with id 1."""

    id = fields.IntField(primary_key=True, generated=False)
    sealed_url = fields.TextField()
    """Encrypted: the addresses that chat services give out are secrets."""
    sealed_secret = fields.TextField(default="")
    """What calls are signed with (HMAC); empty for none."""
    style = fields.CharEnumField(Style, max_length=16, default=Style.JSON)
    language = fields.CharField(max_length=16, default="en")
    """What the texts are written in: one of webapp.text.LANGUAGES."""
    enabled = fields.BooleanField(default=True)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "webhooks"
        app = "postern"


class WebhookCall(Model):
    """One event to tell. The body is written when it is sent; only what happened is stored."""

    id = fields.BigIntField(primary_key=True)
    event = fields.CharField(max_length=64)
    facts: fields.JSONField[dict[str, str]] = fields.JSONField(default=dict)
    created_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    attempts = fields.IntField(default=0)
    state = fields.CharEnumField(CallState, max_length=16, default=CallState.QUEUED)
    status = fields.IntField(null=True)
    """The HTTP status of the last answer."""
    trouble = fields.CharField(max_length=64, default="")
    """Why the last attempt failed, as a code."""
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "webhook_calls"
        app = "postern"
        indexes = (("state", "due_at"),)
