"""The webhook as it is kept: its address and secret encrypted, the secret bound to the address that it is for."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.smtp.https import web_url
from webapp.text import Message, message
from webapp.webhooks.form import ISSUES_SECRETS, WebhookForm, style_of
from webapp.webhooks.models import CallState, Style, Webhook, WebhookCall
from webapp.webhooks.request import Destination

_ROW: Final = 1
_PURPOSE: Final = "webhook"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Stored:
    """What may be shown of the webhook, and what it is called with."""

    origin: str
    """Scheme and host; empty if no key opens the address any more."""
    signed: bool
    style: Style
    language: str
    enabled: bool
    updated_at: datetime
    destination: Destination | None
    """None if no key opens the address any more."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form comes to, with what is stored where a field was left empty."""

    url: str = field(repr=False)
    destination: Destination
    makes_secret: bool
    """Saving it makes a secret, and shows it once."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """What is wrong with the form beside what is stored, by field."""

    errors: dict[str, Message]


@dataclass(frozen=True, slots=True)
class Saved:
    """It is kept. ``secret`` is one that was made just now, to be shown this once; else empty."""

    secret: str = field(default="", repr=False)


async def stored(vault: Vault) -> Stored | None:
    """The webhook, switched on or not; None if there is none."""
    row = await Webhook.get_or_none(id=_ROW)
    if row is None:
        return None
    url, secret = _opened(row, vault)
    parts = web_url(url)
    signed = bool(row.sealed_secret)
    # A secret that no key opens makes calls that nobody believes: as bad as an address that no key opens.
    readable = parts is not None and (secret != "") == signed
    return Stored(
        origin=parts.origin if parts else "",
        signed=signed,
        style=row.style,
        language=row.language,
        enabled=row.enabled,
        updated_at=row.updated_at,
        destination=Destination(parts, row.style, row.language, secret) if parts and readable else None,
    )


async def draft(form: WebhookForm, vault: Vault) -> Draft | Unfit:
    """What the form means. The stored secret is used only with the address that it was stored for."""
    row = await Webhook.get_or_none(id=_ROW)
    kept_url, kept_secret = _opened(row, vault) if row else ("", "")
    url = form.url or kept_url
    parts = web_url(url)
    if parts is None:
        return Unfit({"url": message("Please enter the address that the service gives out, or that of your program.")})
    owner = style_of(url)
    if owner is not None and owner is not form.style:
        return Unfit({"style": message("The address is that of another service: please choose the one that it is of.")})
    secret = ""
    if form.signed:
        secret = form.secret or (kept_secret if url == kept_url and not form.renew else "")
        if not secret and form.style in ISSUES_SECRETS:
            text = message("Please copy the secret that the robot shows beside its address.")
            return Unfit({"secret": text})
    destination = Destination(parts, form.style, form.language, secret)
    return Draft(url, destination, makes_secret=form.signed and not secret)


async def save(form: WebhookForm, vault: Vault, *, actor: Actor, now: datetime) -> Saved | Unfit:
    """Keep it. The audit names scheme and host of the address, and neither address nor secret."""
    drafted = await draft(form, vault)
    if isinstance(drafted, Unfit):
        return drafted
    made = secrets.token_urlsafe(_SECRET_BYTES) if drafted.makes_secret else ""
    secret = made or drafted.destination.secret
    values: dict[str, Any] = {
        "sealed_url": vault.seal(drafted.url, _PURPOSE),
        "sealed_secret": vault.seal(secret, _binding(drafted.url)) if secret else "",
        "style": form.style,
        "language": form.language,
        "enabled": form.enabled,
        "updated_at": now,
    }
    told = {"service": form.style.value, "enabled": _yes(said=form.enabled), "signed": _yes(said=bool(secret))}
    async with transaction():
        if not await Webhook.filter(id=_ROW).update(**values):
            await Webhook.create(id=_ROW, **values)
        if not form.enabled:
            # What happened before belongs to nobody who switches alerts on again later.
            await WebhookCall.filter(state=CallState.QUEUED).update(
                state=CallState.FAILED, trouble="switched_off", finished_at=now
            )
        await record(actor, Deed("webhook:saved", Subject(drafted.destination.url.origin), told), now=now)
    return Saved(made)


async def reseal(vault: Vault) -> int:
    """Encrypt address and secret anew under the newest key; how many of them no key opens."""
    row = await Webhook.get_or_none(id=_ROW)
    if row is None:
        return 0
    sealed = {"sealed_url": row.sealed_url, **({"sealed_secret": row.sealed_secret} if row.sealed_secret else {})}
    found = {name: vault.reseal(text) for name, text in sealed.items()}
    readable = {name: text for name, text in found.items() if isinstance(text, str)}
    if readable:
        await Webhook.filter(id=_ROW).update(**readable)
    return len(found) - len(readable)


def _opened(row: Webhook, vault: Vault) -> tuple[str, str]:
    """The address and the secret, each empty if there is none or no key opens it."""
    url = vault.open(row.sealed_url, _PURPOSE)
    if not isinstance(url, str):
        return "", ""
    secret = vault.open(row.sealed_secret, _binding(url)) if row.sealed_secret else ""
    return url, secret if isinstance(secret, str) else ""


def _binding(url: str) -> dict[str, str]:
    return {"purpose": _PURPOSE, "url": url}


def _yes(*, said: bool) -> str:
    return "yes" if said else "no"
