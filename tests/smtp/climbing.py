"""How the tests of this folder climb the ladder."""

import socket
from email.message import EmailMessage
from typing import Any, Final

from webapp.smtp.ladder import Rung, climb
from webapp.smtp.resolve import Dial, Egress, dial_tcp
from webapp.smtp.server import Auth, MailServer, Security

ALICE: Final = "alice@example.com"
SENDER: Final = "postern@example.com"
PASSWORD: Final = "correct horse battery"


def letter(body: str = "Hello, Alice.") -> EmailMessage:
    made = EmailMessage()
    made["From"] = f"Postern <{SENDER}>"
    made["To"] = ALICE
    made["Subject"] = "A test"
    made.set_content(body)
    return made


def mail_server(server: Any = None, **changes: Any) -> MailServer:
    """Settings for a running test server."""
    settings: dict[str, Any] = {
        "host": getattr(server, "host", "127.0.0.1"),
        "port": getattr(server, "port", 25),
        "security": Security.NONE,
        "sender_address": SENDER,
        "timeout_seconds": 5,
        "ca_certificate": getattr(server, "ca_pem", ""),
    }
    if "username" in changes:
        settings |= {"auth": Auth.PASSWORD, "secret": PASSWORD}
    return MailServer(**(settings | changes))


def anywhere(server: MailServer) -> Egress:
    return Egress(frozenset({server.port}))


async def rungs_of(server: MailServer, **changes: Any) -> list[Rung]:
    """All rungs of one climb."""
    options: dict[str, Any] = {
        "letter": letter(),
        "to": ALICE,
        "egress": anywhere(server),
        "deadline_seconds": 10.0,
    } | changes
    return [rung async for rung in climb(server, options.pop("letter"), options.pop("to"), **options)]


async def last_rung(server: MailServer, **options: Any) -> Rung:
    """The rung that decided."""
    return (await rungs_of(server, **options))[-1]


def dial_instead(host: str, port: int) -> Dial:
    """A dialler that reaches one server under every address: how a test plays a server far away."""

    async def dial(ip: str, _port: int, timeout_seconds: float) -> socket.socket:
        return await dial_tcp(host, port, timeout_seconds)

    return dial


def shown(rung: Rung) -> dict[str, str]:
    """A rung's details as they read in English."""
    return {str(label): str(value) for label, value in rung.details}


def code_of(rung: Rung) -> str:
    """The diagnosis's code, with its texts rendered to prove that no placeholder is left open."""
    if rung.diagnosis is None:
        return ""
    texts = [str(rung.diagnosis.cause), *map(str, rung.diagnosis.steps)]
    assert all(texts)
    assert "%(" not in "".join(texts)
    return rung.diagnosis.code
