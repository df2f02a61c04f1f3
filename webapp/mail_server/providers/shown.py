"""What the form says about the provider that its values point to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from webapp.mail_server.form import FIELDS
from webapp.smtp.presets import PRESETS, Preset
from webapp.smtp.recognising import by_address, by_host
from webapp.smtp.server import Security
from webapp.text import Message, message

SECURITY_NAMES: Final[Mapping[Security, str | Message]] = {
    Security.NONE: message("no encryption"),
    Security.STARTTLS: "STARTTLS",
    Security.TLS: "TLS",
}
CHOICES: Final[Sequence[tuple[str, str | Message]]] = tuple((preset.key, preset.name) for preset in PRESETS)


@dataclass(frozen=True, slots=True)
class ProviderView:
    """The choice of providers, the rules of the one at hand, and a proposal where the form does not fit it."""

    chosen: str
    """The key of the provider whose server is filled in; empty for another server."""
    rules: Mapping[str, Message | None]
    """One entry a field; None where it has no rule of its own."""
    proposed: str = ""
    """The key of a provider that the values point to, but whose settings are not filled in."""
    proposal: Message | None = None
    choices: Sequence[tuple[str, str | Message]] = CHOICES
    error: Message | None = None
    """What is wrong with the choice of a provider."""


def provider_view(values: Mapping[str, str], *, propose: bool = True, typed: bool = False) -> ProviderView:
    """The provider by the host; where that is not known, a proposal by the domain of sender or username.

    ``typed`` is for a host that was just typed: its port and security are proposed unless they are there already.
    """
    host = by_host(values["host"])
    if host:
        plain = values["security"] == Security.NONE
        other = typed and (values["security"], values["port"]) != (host.security.value, str(host.port))
        proposed = host if (plain or other) and propose and host.security is not Security.NONE else None
    else:
        proposed = by_address(values["sender_address"]) or by_address(values["username"]) if propose else None
    return ProviderView(
        chosen=host.key if host else "",
        rules={name: (host.rules if host else {}).get(name) for name in FIELDS},
        proposed=proposed.key if proposed else "",
        proposal=_proposal(proposed) if proposed else None,
    )


def _proposal(preset: Preset) -> Message:
    return message(
        "This looks like %(name)s: %(host)s, port %(port)s, %(security)s.",
        name=preset.name,
        host=preset.host,
        port=preset.port,
        security=SECURITY_NAMES[preset.security],
    )
