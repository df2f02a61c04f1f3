"""The mail server that is in use, ready to be handed a letter, and how it is doing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from webapp.crypto.vault import Vault
from webapp.fields import Invalid, Valid, check
from webapp.mail_server.credentials import Credential, TypeAgain, credential_for
from webapp.mail_server.form import EMPTY, LABELS, ServerForm
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.preset import overlaid
from webapp.mail_server.revisions import newest, values_of
from webapp.mail_server.verdict import LastTest, last_test
from webapp.smtp.server import MailServer
from webapp.text import Message, message


@dataclass(frozen=True, slots=True)
class ActiveServer:
    """The server to use. ``revision_id`` is 0 where the environment alone sets it up."""

    revision_id: int
    server: MailServer


@dataclass(frozen=True, slots=True)
class NotReady:
    """There are settings, and they cannot be used as they are."""

    reason: Message


class State(StrEnum):
    """How the mail server is doing, as far as Postern knows."""

    NONE = "none"
    """Nothing has been set up."""
    NOT_READY = "not_ready"
    UNTESTED = "untested"
    """These very values were never tested."""
    FAILED = "failed"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the mail server, with its last test or the reason why there is none."""

    state: State
    last_test: LastTest | None = None
    reason: Message | None = None


async def active_server(
    vault: Vault, preset: Mapping[str, str], slot: Slot = Slot.PRIMARY
) -> ActiveServer | NotReady | None:
    """The server in use, the fields that the environment fixes of it (``preset``) applied; None if nothing was set up.

    The stored password is opened only if it was stored for exactly this server.
    """
    return active_of(await newest(slot), vault, preset)


def active_of(revision: Revision | None, vault: Vault, preset: Mapping[str, str]) -> ActiveServer | NotReady | None:
    """The same, for a revision already at hand."""
    values = overlaid(values_of(revision) if revision else EMPTY, preset)
    match check(ServerForm, values):
        case Invalid(errors):
            if revision is None:
                return None
            name, reason = next(iter(errors.items()))
            label = LABELS.get(name, name)
            return NotReady(
                message(
                    "The mail server cannot be used as it is set up. %(field)s: %(reason)s", field=label, reason=reason
                )
            )
        case Valid(form):
            sealed = revision.sealed_password if revision else ""
            match credential_for(form, sealed, vault=vault, preset=preset):
                case TypeAgain(why):
                    return NotReady(why) if revision else None
                case Credential(secret=secret):
                    return ActiveServer(revision.id if revision else 0, form.server(secret))


async def health(vault: Vault, preset: Mapping[str, str], slot: Slot = Slot.PRIMARY) -> Health:
    """How the server in use is doing, by the last test of exactly its values."""
    return await health_of(await newest(slot), vault, preset)


async def health_of(revision: Revision | None, vault: Vault, preset: Mapping[str, str]) -> Health:
    """The same, for a revision already at hand."""
    match active_of(revision, vault, preset):
        case None:
            return Health(State.NONE)
        case NotReady(reason):
            return Health(State.NOT_READY, reason=reason)
        case ActiveServer(server=server):
            last = await last_test(vault, server)
            if last is None:
                return Health(State.UNTESTED)
            return Health(State.PASSED if last.passed else State.FAILED, last)
