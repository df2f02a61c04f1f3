"""What to send to whoever helps: versions, settings, rungs and transcript, safe to paste in public."""

import base64
import re
import ssl
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from platform import machine, python_version, system
from typing import Final
from urllib.parse import quote

from webapp.smtp.rung import Rung
from webapp.smtp.server import MailServer
from webapp.smtp.transcript import MASK, Mask

_ADDRESS: Final = re.compile(r"""([^\s<>()\[\]\\,;:"@]+|"[^"\r\n]{1,64}")@(?=[\w\[])""")
"""The part of a mail address before the at sign."""

_LINK: Final = re.compile(
    r"/(?:received|not-me|password-reset|invitations|handoffs|address-confirmations)/(?!(?:new|sent)\b)[^\s\"'<>]+",
    re.IGNORECASE,
)
"""The links of Postern's letters, whose last part is a token. A server may quote the letter that it refuses."""

_NAME_LENGTH: Final = 3
"""A username shorter than this is not looked for in what was said: it would be found in other words."""


def support_text(server: MailServer, recipient: str, rungs: Sequence[Rung], transcript: Sequence[str]) -> str:
    """A report in English. ``recipient`` is empty where no letter was to be sent.

    No secret is in it, in any of the forms in which they travel, nor a link of a letter; of people's addresses and of
    the username there is only the first letter. Hosts and domains are left as they are: who helps needs them.
    """
    settings = [
        f"Postern {_version()}, Python {python_version()}, {ssl.OPENSSL_VERSION}, {system()} {machine()}",
        f"{server.host}:{server.port}, security {server.security}, authentication {server.auth}",
        f"sign-in without encryption: {_yes(said=server.plaintext_auth)}",
        f"time-out {server.timeout_seconds} s, EHLO name {server.ehlo_name or '(by itself)'}",
        f"CA certificate of its own: {_yes(said=bool(server.ca_certificate))}",
        *_tokens(server),
        f"sender {server.sender_address}, reply-to {server.reply_to or '(none)'}",
        f"returned mail to {server.bounce_address or '(the sender)'}",
        f"sender's name: {_yes(said=bool(server.sender_name))}",
        f"recipient {recipient or '(none: connection only)'}, username {shortened(server.username) or '(none)'}",
    ]
    said = [*(line for rung in rungs for line in _rung(rung)), "", *transcript]
    # The secrets go first: what is shortened afterwards may be a part of one.
    mask = Mask(_secrets(server))
    text = mask("\n".join([*settings, ""])) + "\n" + _without_username(mask("\n".join(said)), server)
    return _ADDRESS.sub(lambda found: shortened(found[0]), _LINK.sub(_without_token, text))


def _without_username(text: str, server: MailServer) -> str:
    name = server.username
    if len(name) < _NAME_LENGTH or "@" in name:
        return text
    word = re.compile(rf"(?<![\w@.-]){re.escape(name)}(?![\w@.-])", re.IGNORECASE)
    return word.sub(lambda found: shortened(found[0]), text)


def shortened(name: str) -> str:
    """The first letter of an address or username, and the domain if it has one: ``p***@example.org``."""
    local, at, domain = name.rpartition("@") if "@" in name else (name, "", "")
    return f"{local.lstrip(chr(34))[:1]}***{at}{domain}" if local else ""


def _secrets(server: MailServer) -> Iterator[str]:
    """Every secret of the server, and what it becomes on the way: alone, in AUTH PLAIN, in XOAUTH2, in a form."""
    oauth = [server.oauth.client_secret, server.oauth.refresh_token] if server.oauth else []
    for secret in filter(None, [server.secret, *oauth]):
        yield secret
        yield quote(secret, safe="")
        for whole in (f"\0{server.username}\0{secret}", f"user={server.username}\1auth=Bearer {secret}\1\1"):
            yield base64.b64encode(whole.encode("utf-8", "surrogatepass")).decode()


def _without_token(found: re.Match[str]) -> str:
    return f"/{found[0].split('/')[1]}/{MASK}"


def _tokens(server: MailServer) -> list[str]:
    if server.oauth is None:
        return []
    oauth = server.oauth
    return [f"token URL {oauth.token_url}, grant {oauth.grant}, scope {oauth.scope or '(none)'}"]


def _rung(rung: Rung) -> Iterator[str]:
    found = f" [{rung.diagnosis.code}] {rung.diagnosis.cause}" if rung.diagnosis else ""
    yield f"{rung.step}: {rung.outcome} in {rung.milliseconds:.0f} ms{found}"
    for label, value in rung.details:
        yield f"  {label}: {value}"
    if rung.reply and rung.diagnosis:
        yield f"  Reply: {rung.reply}"


def _yes(*, said: bool) -> str:
    return "yes" if said else "no"


def _version() -> str:
    try:
        return version("postern")
    except PackageNotFoundError:
        return "(not installed)"
