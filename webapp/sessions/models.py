"""The table of browser sessions."""

from tortoise import fields
from tortoise.models import Model

from webapp.users.models import User


class Session(Model):
    """A signed-in browser. Only a digest of the cookie's value is stored."""

    id = fields.BigIntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="sessions", on_delete=fields.CASCADE, db_index=True
    )
    user_id: int
    credentials_version = fields.IntField()
    created_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()
    re_authenticated_at = fields.DatetimeField()
    network = fields.CharField(max_length=64, default="")
    browser = fields.CharField(max_length=300, default="")

    class Meta:
        table = "sessions"
        app = "postern"
