"""The table of people."""

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from webapp.principal import Role


class UserState(StrEnum):
    """Whether an account may be used."""

    ACTIVE = "active"
    DISABLED = "disabled"


class User(Model):
    """A person with an account.

    ``username_key`` and ``email_key`` are the normalised forms (NFKC, case-folded), which are unique. What a search
    compares is in ``username_search``, ``email_search`` and ``name_search`` (``users.names.search_columns``).
    ``recovery_version`` is what links carry, ``credentials_version`` what browser sessions carry: raising one ends
    them. ``version`` counts the corrections of address, name and role, so that two administrators cannot overwrite
    each other unseen.
    """

    id = fields.BigIntField(primary_key=True)
    username = fields.CharField(max_length=150)
    username_key = fields.CharField(max_length=450, unique=True)
    email = fields.CharField(max_length=320, null=True)
    email_key = fields.CharField(max_length=960, null=True, unique=True)
    display_name = fields.CharField(max_length=200, default="")
    username_search = fields.TextField(default="", db_default="")
    email_search = fields.TextField(default="", db_default="")
    name_search = fields.TextField(default="", db_default="")
    role = fields.CharEnumField(Role, max_length=16, default=Role.USER)
    state = fields.CharEnumField(UserState, max_length=16, default=UserState.ACTIVE)
    language = fields.CharField(max_length=16, null=True)
    password_hash = fields.CharField(max_length=512, null=True)
    must_change = fields.BooleanField(default=False)
    recovery_version = fields.IntField(default=1)
    credentials_version = fields.IntField(default=1)
    version = fields.IntField(default=1)
    email_verified_at = fields.DatetimeField(null=True)
    email_refused_at = fields.DatetimeField(null=True)
    """When a mail server last refused the address for good (5.1.x); empty while none has."""
    email_refusal = fields.CharField(max_length=1000, default="")
    frozen_at = fields.DatetimeField(null=True, db_index=True)
    """Since when the account is frozen, because its owner said "this was not me"; empty while it is not."""
    thawed_at = fields.DatetimeField(null=True)
    """When it was last thawed; the links of notices from before freeze it no more."""
    created_at = fields.DatetimeField()
    last_sign_in_at = fields.DatetimeField(null=True)
    time_zone = fields.CharField(max_length=64, default="")
    """An IANA name, such as ``Europe/Berlin``; empty for the browser's own."""
    second_factor = fields.BooleanField(default=False)
    """Whether there is a row of theirs in ``factors``; written with it, in the same transaction."""
    password_expires_at = fields.DatetimeField(null=True)
    """Until when a password that staff has set lets the person in; empty for one of their own choice."""
    password_is_short = fields.BooleanField(default=False, db_default=False)
    """Whether the password is shorter than one must be that is the only factor: it was set beside a second one."""
    pending_email = fields.CharField(max_length=320, null=True)
    """The address that the person wants instead; it counts once the link in a letter to it was confirmed."""
    pending_email_at = fields.DatetimeField(null=True)
    deleted_at = fields.DatetimeField(null=True)
    """Since when the account is deleted; it can be restored until the days of grace are over. Empty while it is not."""

    class Meta:
        table = "users"
        app = "postern"

    @property
    def may_enter(self) -> bool:
        """Whether a password, session or link opens the account: it is neither disabled, frozen nor deleted."""
        return self.state is UserState.ACTIVE and self.frozen_at is None and self.deleted_at is None

    def password_expired(self, now: datetime) -> bool:
        """Whether the password is one that staff has set and nobody has changed in time."""
        return self.password_expires_at is not None and self.password_expires_at <= now


class PasswordHash(Model):
    """A password that a person has had, so that it is not taken again. The present one is among them."""

    id = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "postern.User", related_name="password_hashes", on_delete=fields.CASCADE, db_index=True
    )
    user_id: int
    password_hash = fields.CharField(max_length=512)
    set_at = fields.DatetimeField()

    class Meta:
        table = "password_hashes"
        app = "postern"
