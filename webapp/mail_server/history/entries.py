"""The settings as they were saved, newest first: who, when, what changed, and how they were tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from webapp.audit.words import Detail, details_in_words
from webapp.crypto.vault import Vault
from webapp.fields import Valid, check
from webapp.mail_server.active import ActiveServer, active_of
from webapp.mail_server.credentials import Credential, TypeAgain, binding, credential_for
from webapp.mail_server.form import ServerForm
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.oauth import CLIENT_SECRET, REFRESH_TOKEN
from webapp.mail_server.preset import overlaid
from webapp.mail_server.revisions import SECRET_OF, in_use, newest, recorded, values_of
from webapp.mail_server.verdict import LastTest, fingerprint, last_tests
from webapp.smtp.server import Auth, Grant

PAGE_SIZE: Final = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One saved state of the settings."""

    revision: Revision
    by: str
    """Who saved it; empty for the command line, or for somebody who is no longer here."""
    changes: Sequence[Detail]
    """Against the one before; of secrets only that they changed."""
    last_test: LastTest | None
    """Of exactly these values."""
    in_use: bool
    asks_for: Sequence[str]
    """The secrets to type for a return to these values: what is stored now belongs to another server."""


@dataclass(frozen=True, slots=True)
class History:
    """One page of it."""

    entries: Sequence[Entry]
    newest_id: int
    """The revision in use; 0 for none."""
    after: int | None
    """The cursor of the next page; None on the last."""


async def history(
    vault: Vault, preset: Mapping[str, str], *, slot: Slot = Slot.PRIMARY, after: int | None = None
) -> History:
    """Revisions older than the one with the id ``after``, or the newest."""
    matching = Revision.filter(slot=slot) if after is None else Revision.filter(slot=slot, id__lt=after)
    # One more than is shown: the last one's changes are against it.
    found = await matching.order_by("-id").limit(PAGE_SIZE + 1).select_related("created_by")
    current = await newest(slot)
    servers = {each.id: active_of(each, vault, preset) for each in found[:PAGE_SIZE] if not each.removed}
    prints = {
        number: fingerprint(vault, active.server)
        for number, active in servers.items()
        if isinstance(active, ActiveServer)
    }
    tests = await last_tests(prints.values())
    entries = [
        Entry(
            revision=each,
            by=(each.created_by.display_name or each.created_by.username) if each.created_by else "",
            changes=() if each.removed else details_in_words(_changes(in_use(before), each, vault)),
            last_test=tests.get(prints.get(each.id, "")),
            in_use=current is not None and each.id == current.id,
            asks_for=_asks_for(each, current, vault, preset),
        )
        for each, before in zip(found[:PAGE_SIZE], [*found[1:], None], strict=False)
    ]
    more = found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None
    return History(entries, current.id if current else 0, more)


def _changes(before: Revision | None, after: Revision, vault: Vault) -> dict[str, str]:
    if before is None:
        changes = {name: value for name, value in values_of(after).items() if value}
        changes |= {name: "changed" for name in ("ca_certificate",) if name in changes}
    else:
        changes = recorded(values_of(before), values_of(after))
    if _secret(before, vault) != _secret(after, vault):
        ways = {each.auth for each in (before, after) if each is not None}
        changes |= {name: "changed" for way, name in SECRET_OF.items() if way in ways}
    return changes


def _secret(revision: Revision | None, vault: Vault) -> str:
    """What tells whether the secret is another one. Sealed texts differ after a change of keys, too."""
    if revision is None or not revision.sealed_password:
        return ""
    match check(ServerForm, values_of(revision)):
        case Valid(form):
            opened = vault.open(revision.sealed_password, binding(form))
            return opened if isinstance(opened, str) else revision.sealed_password
        case _:
            return revision.sealed_password


def _asks_for(target: Revision, current: Revision | None, vault: Vault, preset: Mapping[str, str]) -> Sequence[str]:
    match check(ServerForm, overlaid(values_of(target), preset)):
        case Valid(form):
            sealed = current.sealed_password if current else ""
            match credential_for(form, sealed, vault=vault, preset=preset):
                case Credential():
                    return ()
                case TypeAgain():
                    if form.auth is Auth.PASSWORD:
                        return ("password",)
                    refreshes = form.oauth_grant is Grant.REFRESH_TOKEN
                    return (CLIENT_SECRET, REFRESH_TOKEN) if refreshes else (CLIENT_SECRET,)
        case _:
            return ()
