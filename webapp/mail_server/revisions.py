"""The settings as they were saved: revisions are added, never changed, and the newest is in use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.vault import Vault
from webapp.db.connect import is_duplicate, transaction
from webapp.mail_server.credentials import Credential, TypeAgain, credential_for
from webapp.mail_server.form import ServerForm
from webapp.mail_server.models import Revision
from webapp.smtp.server import Auth

ANY: Final = -1
"""Save whatever the newest revision is: for a caller that never saw one."""

SECRET_OF: Final = {Auth.PASSWORD: "password", Auth.XOAUTH2: "oauth_secrets"}
"""What is kept encrypted for a way to sign in, as records of a change call it."""

MOST_TRIES: Final = 20
"""How often a save is tried again because others were faster."""

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


async def newest() -> Revision | None:
    """The revision in use, and who made it."""
    return await Revision.all().order_by("-id").select_related("created_by").first()


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
) -> Saved | Overtaken | TypeAgain:
    """Add a revision and its audit entry.

    ``opened_with`` is the id of the revision that was on the screen, 0 for none, or ANY. ``returns_to`` is that of the
    revision whose values these are, if they were not typed.
    """
    for _ in range(MOST_TRIES):
        current = await newest()
        sealed = current.sealed_password if current else ""
        credential = credential_for(form, sealed, vault=vault, preset=preset)
        details = _details(current, form, credential.sealed) if isinstance(credential, Credential) else {"password": ""}
        if details and returns_to:
            details["returns_to"] = str(returns_to)
        if current and not details:
            return Saved(current, changed=False)
        if current and opened_with not in {ANY, current.id}:
            by = current.created_by
            return Overtaken(current, (by.display_name or by.username) if by else "")
        if isinstance(credential, TypeAgain):
            return credential
        try:
            return Saved(
                await _add(current, form, credential.sealed, details, actor=actor, now=now, returns_to=returns_to)
            )
        except Exception as error:
            # Two saves at once want the same id, and one of them gets it: look again at what is newest now.
            if is_duplicate(error) is None:
                raise
    raise RuntimeError("a revision could not be saved: others were faster again and again")


async def _add(
    current: Revision | None,
    form: ServerForm,
    sealed_password: str,
    details: dict[str, str],
    *,
    actor: Actor,
    now: datetime,
    returns_to: int | None,
) -> Revision:
    async with transaction():
        revision = await Revision.create(
            id=current.id + 1 if current else 1,
            host=form.host,
            port=form.port,
            security=form.security,
            auth=form.auth,
            username=form.username,
            sealed_password=sealed_password,
            plaintext_auth=form.plaintext_auth,
            sender_address=form.sender_address,
            sender_name=form.sender_name,
            reply_to=form.reply_to or "",
            ehlo_name=form.ehlo_name,
            timeout_seconds=form.timeout_seconds,
            ca_certificate=form.ca_certificate,
            oauth_grant=form.oauth_grant,
            oauth_token_url=form.oauth_token_url,
            oauth_client_id=form.oauth_client_id,
            oauth_scope=form.oauth_scope,
            returns_to=returns_to,
            created_at=now,
            created_by_id=actor.user_id,
        )
        await record(actor, Deed("mail_server:saved", Subject(form.host), details), now=now)
    return revision


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
