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

ANY: Final = -1
"""Save whatever the newest revision is: for a caller that never saw one."""

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
    """The values as text for the form; the password is left empty, whether there is one or not."""
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
) -> Saved | Overtaken | TypeAgain:
    """Add a revision and its audit entry.

    ``opened_with`` is the id of the revision that was on the screen, 0 for none, or ANY.
    """
    for _ in range(MOST_TRIES):
        current = await newest()
        sealed = current.sealed_password if current else ""
        credential = credential_for(form, sealed, vault=vault, preset=preset)
        details = _details(current, form, credential.sealed) if isinstance(credential, Credential) else {"password": ""}
        if current and not details:
            return Saved(current, changed=False)
        if current and opened_with not in {ANY, current.id}:
            by = current.created_by
            return Overtaken(current, (by.display_name or by.username) if by else "")
        if isinstance(credential, TypeAgain):
            return credential
        try:
            return Saved(await _add(current, form, credential.sealed, details, actor=actor, now=now))
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
            created_at=now,
            created_by_id=actor.user_id,
        )
        await record(actor, Deed("mail_server:saved", Subject(form.host), details), now=now)
    return revision


def _details(current: Revision | None, form: ServerForm, sealed_password: str) -> dict[str, str]:
    """What the audit entry says: values before and after; of password and certificate only that they changed."""
    before = values_of(current) if current else {}
    found: dict[str, str] = {}
    for name, (old, new) in differences(before, form.shown()).items():
        if name == "ca_certificate":
            found[name] = _CHANGED
        else:
            found |= {f"{name} before": old, f"{name} after": new}
    if (current.sealed_password if current else "") != sealed_password:
        found["password"] = _CHANGED
    return found
