"""The tables of browser sessions, of browsers that are known, and of second factors."""

from enum import StrEnum

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


class KnownBrowser(Model):
    """A browser in which somebody has signed in before and asked to be remembered, or finished a sign-in.

    Only a digest of its cookie's value is stored. One row for each person who signed in there.
    """

    id = fields.BigIntField(primary_key=True)
    digest = fields.CharField(max_length=64, db_index=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="known_browsers", on_delete=fields.CASCADE, db_index=True
    )
    user_id: int
    credentials_version = fields.IntField(default=0, db_default=0)
    """The person's when they signed in there: once that has changed, the browser is known no more."""
    signed_in = fields.BooleanField(default=True, db_default=True)
    """Whether a sign-in was finished there with these credentials, and not only a password set by link."""
    created_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()
    browser = fields.CharField(max_length=300, default="")
    network = fields.CharField(max_length=64, default="")

    class Meta:
        table = "known_browsers"
        app = "postern"
        unique_together = (("user", "digest"),)


class FactorKind(StrEnum):
    """What a second factor is."""

    TOTP = "totp"
    """Codes of an authenticator app (RFC 6238)."""
    PASSKEY = "passkey"
    """A passkey or security key (WebAuthn)."""


class Factor(Model):
    """Something a person has, beside the password."""

    id = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="factors", on_delete=fields.CASCADE, db_index=True
    )
    user_id: int
    kind = fields.CharEnumField(FactorKind, max_length=16)
    name = fields.CharField(max_length=100)
    """What its owner calls it."""
    sealed_secret = fields.TextField(default="")
    """TOTP: the shared secret, encrypted."""
    last_step = fields.BigIntField(default=0)
    """TOTP: the time step of the last code that was taken; no code works twice (RFC 6238, 5.2)."""
    credential_id = fields.CharField(max_length=1400, null=True, unique=True)
    """Passkey: base64url without padding."""
    public_key = fields.TextField(default="")
    """Passkey: COSE, base64url without padding."""
    sign_count = fields.BigIntField(default=0)
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "factors"
        app = "postern"


class RecoveryCode(Model):
    """A code that stands in for the second factor once. Only a keyed digest of it is stored."""

    id = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="recovery_codes", on_delete=fields.CASCADE, db_index=True
    )
    user_id: int
    digest = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "recovery_codes"
        app = "postern"


class Challenge(Model):
    """Something begun that a second step must finish: a sign-in whose password was right, a factor being added.

    Only a digest of its cookie's value is stored.
    """

    id = fields.BigIntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    purpose = fields.CharField(max_length=24)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="challenges", on_delete=fields.CASCADE, db_index=True
    )
    user_id: int
    credentials_version = fields.IntField()
    sealed = fields.TextField(default="")
    """What the second step needs, encrypted (a WebAuthn challenge, a TOTP secret not yet confirmed); JSON."""
    attempts = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "challenges"
        app = "postern"
