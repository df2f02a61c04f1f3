"""What the page of the mail server shows: the form as it stands, and the test beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from webapp.audit.words import details_in_words
from webapp.crypto.vault import Vault
from webapp.fields import Valid, check
from webapp.mail_server.active import Health, State, health_of
from webapp.mail_server.checks import USUAL_PORTS
from webapp.mail_server.form import EMPTY, FIELDS, SECRETS, ServerForm
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.preset import locked, overlaid, variable
from webapp.mail_server.providers.shown import ProviderView, provider_view
from webapp.mail_server.receipts.receipt import Receipt
from webapp.mail_server.revisions import SECRET_OF, Overtaken, recorded, values_of
from webapp.mail_server.shown import OutcomeView, RungView
from webapp.smtp.presets import DEV_MAILBOX
from webapp.smtp.server import Auth
from webapp.text import Message, message

_UNUSUAL: Final = ("ehlo_name", "timeout_seconds", "ca_certificate")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two administrators set differently."""

    label: str | Message
    theirs: str | Message
    yours: str | Message


@dataclass(frozen=True, slots=True)
class FormView:
    """The form. ``values`` never holds a password."""

    values: Mapping[str, str]
    errors: Mapping[str, Message | None]
    """One entry a field; None where nothing is wrong."""
    locked: Mapping[str, str]
    """The fields that the environment fixes, with the variable's name."""
    slot: Slot
    revision: str
    """The id of the saved settings that the form was opened with; 0 for none."""
    password_stored: bool
    tokens_stored: bool
    """Whether secrets to get access tokens with are stored."""
    health: Health
    provider: ProviderView
    typed_password: bool = False
    """Whether a password was typed that this page cannot give back."""
    overtaken_by: str | None = None
    """Who saved meanwhile; None if nobody did."""
    differences: Sequence[Difference] = ()
    offer_dev_mailbox: bool = False
    preserve: bool = False
    """Whether the password on the screen is kept when the form is swapped."""

    @property
    def edited(self) -> bool:
        """Whether what is shown was typed or filled in, over settings that are in use."""
        return self.preserve and self.health.state is not State.NONE

    @property
    def usual_port(self) -> int:
        """The port that is taken where none is typed."""
        chosen = self.values["security"]
        return next((port for security, port in USUAL_PORTS.items() if security.value == chosen), 587)

    @property
    def unusual(self) -> bool:
        """Whether the less common settings hold something to look at."""
        set_apart = self.values["ehlo_name"] or self.values["ca_certificate"]
        changed = self.values["timeout_seconds"] not in {"", EMPTY["timeout_seconds"]}
        return bool(set_apart or changed or any(self.errors[name] for name in _UNUSUAL))


@dataclass(frozen=True, slots=True)
class TestView:
    """The test: where to, and what came of it."""

    recipient: str
    error: Message | None = None
    rungs: Sequence[RungView] = field(default_factory=list)
    outcome: OutcomeView | None = None
    support: str = ""
    receipt: Receipt | None = None
    """Whether its letter arrived; None where none was sent."""
    tested: Literal["", "saved", "passed", "failed"] = ""
    """Whether a whole test was of what is saved, or how it ended with other values; empty where there was none."""


async def form_view(
    current: Revision | None,
    *,
    vault: Vault,
    preset: Mapping[str, str],
    slot: Slot = Slot.PRIMARY,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Message] | None = None,
    overtaken: Overtaken | None = None,
    dev: bool = False,
) -> FormView:
    """The form over the settings in use, or over what was typed (``values``)."""
    saved = values_of(current) if current else EMPTY
    shown = overlaid({name: (values or {}).get(name, saved[name]) for name in FIELDS}, preset)
    newest_id = str(current.id if current else 0)
    health = await health_of(current, vault, preset)
    return FormView(
        values={**shown, **dict.fromkeys(SECRETS, "")},
        errors={name: (errors or {}).get(name) for name in FIELDS},
        locked={name: variable(name, slot) for name in locked(preset)},
        slot=slot,
        # A form that was refused goes on from what it was opened with, until its owner was told who was faster.
        revision=newest_id if overtaken else (values or {}).get("revision", newest_id),
        password_stored=bool(current and current.sealed_password and current.auth is Auth.PASSWORD),
        tokens_stored=bool(current and current.sealed_password and current.auth is Auth.XOAUTH2),
        health=health,
        typed_password=any((values or {}).get(name) and name not in preset for name in SECRETS),
        overtaken_by=overtaken.by if overtaken else None,
        differences=_differences(saved, shown) if overtaken and current else (),
        offer_dev_mailbox=(
            dev and slot is Slot.PRIMARY and not preset and not (current and current.host == DEV_MAILBOX.host)
        ),
        preserve=values is not None,
        provider=provider_view(shown, propose=health.state is not State.PASSED or values is not None),
    )


def _differences(theirs: Mapping[str, str], yours: Mapping[str, str]) -> list[Difference]:
    """What differs once the typed values are read: white space and fields that do not apply make no difference."""
    read, typed = dict(yours), ""
    checked = check(ServerForm, yours)
    if isinstance(checked, Valid):
        read, form = checked.form.shown(), checked.form
        typed = form.password or form.oauth_client_secret or form.oauth_refresh_token
    secrets = {SECRET_OF[Auth(read["auth"])]: "changed"} if typed else {}
    return [
        Difference(each.name, message("as it is stored now"), message("changed"))
        if each.before is None
        else Difference(each.name, each.before, each.value)
        for each in details_in_words(recorded(dict(theirs), read) | secrets)
    ]


def dev_mailbox_values(port: int) -> dict[str, str]:
    """What to fill in for the mailbox that is built in for development."""
    return {
        "host": DEV_MAILBOX.host,
        "port": str(port),
        "security": DEV_MAILBOX.security.value,
        "auth": DEV_MAILBOX.auth.value,
        "username": "",
        "sender_address": "postern@postern.test",
        "sender_name": "Postern",
    }
