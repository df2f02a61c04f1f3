"""What the ladder costs over handing a letter to the same server with aiosmtplib alone."""

import asyncio
import json
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import aiosmtplib

from bench.figures import Figure, compared
from bench.process import python
from bench.sink import CREDENTIALS
from webapp.smtp.certificate import trusting
from webapp.smtp.ladder import Outcome, climb
from webapp.smtp.resolve import Egress
from webapp.smtp.server import Auth, MailServer, Security

PAIRS: Final = 150
WARM_UP: Final = 10
AIM: Final = 1.3
SENDER: Final = "postern@example.com"
ALICE: Final = "alice@example.com"


def measure(folder: Path) -> list[Figure]:
    """Interleaved pairs, in plain text and with STARTTLS and a sign-in."""
    with python("-m", "bench.sink", folder=folder) as sink:
        if sink.stdout is None:
            raise RuntimeError("the mail server has no output")
        where = json.loads(sink.stdout.readline())
        return [
            *asyncio.run(_compare("A letter in plain text, climb()", _plain(where))),
            *asyncio.run(_compare("A letter with STARTTLS and sign-in, climb()", _secure(where))),
        ]


def _plain(where: dict[str, Any]) -> MailServer:
    return MailServer(host="127.0.0.1", port=where["plain"], security=Security.NONE, sender_address=SENDER)


def _secure(where: dict[str, Any]) -> MailServer:
    username, secret = CREDENTIALS
    return MailServer(
        host="127.0.0.1",
        port=where["starttls"],
        security=Security.STARTTLS,
        auth=Auth.PASSWORD,
        username=username,
        secret=secret,
        sender_address=SENDER,
        ca_certificate=where["ca"],
    )


async def _compare(what: str, server: MailServer) -> list[Figure]:
    ours: list[float] = []
    bare: list[float] = []
    for number in range(WARM_UP + PAIRS):
        # Whoever goes first has a cold cache: each does every other time.
        for seconds, send in ((ours, _climb), (bare, _bare))[:: 1 if number % 2 else -1]:
            begun = time.perf_counter()
            await send(server)
            if number >= WARM_UP:
                seconds.append(time.perf_counter() - begun)
    return compared(what, ours, bare, at_most=AIM)


async def _climb(server: MailServer) -> None:
    rungs = [rung async for rung in climb(server, _letter(), ALICE, egress=Egress(frozenset({server.port})))]
    if rungs[-1].outcome is not Outcome.OK:
        raise RuntimeError(f"the letter was not taken: {rungs[-1]}")


async def _bare(server: MailServer) -> None:
    secure = server.security is Security.STARTTLS
    await aiosmtplib.send(
        _letter(),
        sender=SENDER,
        recipients=[ALICE],
        hostname=server.host,
        port=server.port,
        username=server.username or None,
        password=server.secret or None,
        start_tls=secure,
        tls_context=trusting(server.ca_certificate) if secure else None,
        local_hostname="bench.example.com",
        timeout=server.timeout_seconds,
    )


def _letter() -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = SENDER, ALICE, "A benchmark"
    letter.set_content("Hello, Alice.\n" * 20)
    return letter
