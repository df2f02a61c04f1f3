"""The settings as they were saved: revisions are added, never changed, and the newest of each slot is in use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.vault import Vault
from webapp.db.connect import is_duplicate, transaction
from webapp.mail_server.credentials import Credential, TypeAgain, credential_for
from webapp.mail_server.form import ServerForm
from webapp.mail_server.models import Revision, Slot
from webapp.smtp.server import Auth
from webapp.users.models import User

ANY: Final = -1
"""Save whatever the newest revision is: for a caller that never saw one."""

SECRET_OF: Final = {Auth.PASSWORD: "password", Auth.XOAUTH2: "oauth_secrets"}
"""What is kept encrypted for a way to sign in, as records of a change call it."""

MOST_TRIES: Final = 20
"""How often a save is tried again because others were faster."""

_SAVED: Final = {Slot.PRIMARY: "mail_server:saved", Slot.FALLBACK: "fallback_server:saved"}
_CHANGED: Final = "changed"


@dataclass(frozen=True, slots=True)
class Saved:
    """It is in use now. ``changed`` is false if it was so before, and then nothing was added."""

    revision: Revision
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else saved since the form was opened; nothing was written."""

    revision: Revision
    by: str
    """Who; empty for the command line, or for somebody who is no longer here."""


async def newest(slot: Slot = Slot.PRIMARY) -> Revision | None:
    """The revision in use; None if there is none, or it was removed."""
    return in_use(await latest(slot))


async def latest(slot: Slot) -> Revision | None:
    """The last revision of a slot, the removal of its server included."""
    return await Revision.filter(slot=slot).order_by("-id").first()


def in_use(revision: Revision | None) -> Revision | None:
    """The last revision of a slot, if it is one to send letters with."""
    return None if revision is None or revision.removed else revision


def values_of(revision: Revision) -> dict[str, str]:
    """The values as text for the form; secrets are left empty, whether there are any or not."""
    return {
        "host": revision.host,
        "port": str(revision.port),
        "security": revision.security.value,
        "auth": revision.auth.value,
        "username": revision.username,
        "password": "",
        "plaintext_auth": "on" if revision.plaintext_auth else "",
        "sender_address": revision.sender_address,
        "sender_name": revision.sender_name,
        "reply_to": revision.reply_to,
        "bounce_address": revision.bounce_address,
        "ehlo_name": revision.ehlo_name,
        "timeout_seconds": str(revision.timeout_seconds),
        "ca_certificate": revision.ca_certificate,
        "oauth_grant": revision.oauth_grant.value if revision.auth is Auth.XOAUTH2 else "",
        "oauth_token_url": revision.oauth_token_url,
        "oauth_client_id": revision.oauth_client_id,
        "oauth_client_secret": "",
        "oauth_refresh_token": "",
        "oauth_scope": revision.oauth_scope,
    }


def differences(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[str, str]]:
    """The fields whose values differ, with both."""
    return {name: (before.get(name, ""), value) for name, value in after.items() if before.get(name, "") != value}


async def save(
    form: ServerForm,
    *,
    vault: Vault,
    preset: Mapping[str, str],
    opened_with: int,
    actor: Actor,
    now: datetime,
    returns_to: int | None = None,
    slot: Slot = Slot.PRIMARY,
) -> Saved | Overtaken | TypeAgain:
    """Add a revision of one of the mail servers, and its audit entry.

    ``opened_with`` is the id of the revision that was on the screen, 0 for none, or ANY. ``returns_to`` is that of the
    revision whose values these are, if they were not typed.
    """
    for _ in range(MOST_TRIES):
        last_id = await newest_id()
        last = await latest(slot)
        current = in_use(last)
        sealed = current.sealed_password if current else ""
        credential = credential_for(form, sealed, vault=vault, preset=preset)
        details = _details(current, form, credential.sealed) if isinstance(credential, Credential) else {"password": ""}
        if details and returns_to:
            details["returns_to"] = str(returns_to)
        if current and not details:
            return Saved(current, changed=False)
        if last and opened_with not in {ANY, current.id if current else 0}:
            return await overtaken_by(last)
        if isinstance(credential, TypeAgain):
            return credential
        values = _columns(form, credential.sealed) | {"slot": slot, "returns_to": returns_to}
        deed = Deed(_SAVED[slot], Subject(form.host), details)
        if revision := await add(last_id + 1, values, deed, actor=actor, now=now):
            return Saved(revision)
    raise RuntimeError("a revision could not be saved: others were faster again and again")


async def newest_id() -> int:
    """The highest id of any revision; 0 if there is none."""
    found = await Revision.all().order_by("-id").first()
    return found.id if found else 0


async def overtaken_by(revision: Revision) -> Overtaken:
    """This revision came first."""
    by = await User.get_or_none(id=revision.created_by_id) if revision.created_by_id else None
    return Overtaken(revision, (by.display_name or by.username) if by else "")


async def add(
    revision_id: int, values: Mapping[str, Any], deed: Deed, *, actor: Actor, now: datetime
) -> Revision | None:
    """Add a revision and its audit entry; None if somebody else got the id, since when other values may be in use.

    Take the id before anything is looked up that the values depend on.
    """
    try:
        async with transaction():
            revision = await Revision.create(id=revision_id, created_at=now, created_by_id=actor.user_id, **values)
            await record(actor, deed, now=now)
    except Exception as error:
        if is_duplicate(error) is None:
            raise
        return None
    return revision


def _columns(form: ServerForm, sealed_password: str) -> dict[str, Any]:
    return {
        "host": form.host,
        "port": form.port,
        "security": form.security,
        "auth": form.auth,
        "username": form.username,
        "sealed_password": sealed_password,
        "plaintext_auth": form.plaintext_auth,
        "sender_address": form.sender_address,
        "sender_name": form.sender_name,
        "reply_to": form.reply_to or "",
        "bounce_address": form.bounce_address or "",
        "ehlo_name": form.ehlo_name,
        "timeout_seconds": form.timeout_seconds,
        "ca_certificate": form.ca_certificate,
        "oauth_grant": form.oauth_grant,
        "oauth_token_url": form.oauth_token_url,
        "oauth_client_id": form.oauth_client_id,
        "oauth_scope": form.oauth_scope,
    }


def _details(current: Revision | None, form: ServerForm, sealed_password: str) -> dict[str, str]:
    """What the audit entry says: values before and after; of secrets and certificate only that they changed."""
    found = recorded(values_of(current) if current else {}, form.shown())
    if (current.sealed_password if current else "") != sealed_password:
        ways = {form.auth, *([current.auth] if current else [])}
        found |= {name: _CHANGED for way, name in SECRET_OF.items() if way in ways}
    return found


def recorded(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """A change as it is put on record: values before and after, and of a certificate only that it changed."""
    found: dict[str, str] = {}
    for name, (old, new) in differences(before, after).items():
        if name == "ca_certificate":
            found[name] = _CHANGED
        else:
            found |= {f"{name} before": old, f"{name} after": new}
    return found
