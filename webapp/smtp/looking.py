"""A second connection that only looks: which certificate a server shows, and whether a silent port speaks TLS.

Nothing is verified there, and so nothing is said there: no name, no credential, no letter.
"""

from typing import Final

from webapp.smtp.certificate import curious, describe
from webapp.smtp.conversation import Conversation
from webapp.smtp.rung import Detail
from webapp.smtp.server import Security
from webapp.smtp.transcript import Mask, Transcript
from webapp.smtp.wire import Wire, WireError

_SECONDS: Final = 5.0


async def certificate_shown(talk: Conversation) -> tuple[Detail, ...]:
    """What the certificate says that was just refused; empty if it cannot be had again."""
    return await _look(talk, starttls=talk.server.security is Security.STARTTLS)


async def speaks_tls(talk: Conversation) -> bool:
    """Whether the port that did not greet answers a TLS handshake."""
    return bool(await _look(talk, starttls=False))


async def _look(talk: Conversation, *, starttls: bool) -> tuple[Detail, ...]:
    seconds = talk.deadline.within(min(_SECONDS, talk.server.timeout_seconds))
    wire = Wire(Transcript(), Mask())
    try:
        sock = await talk.dial(talk.address, talk.server.port, seconds)
        await wire.attach(sock, None if starttls else curious(), talk.tls_host, seconds)
        if starttls:
            await wire.greeting(seconds)
            await wire.say(b"EHLO " + talk.ehlo_name.encode(), seconds)
            await wire.start_tls(curious(), talk.tls_host, seconds)
        session = wire.ssl_object
        return describe(session) if session else ()
    except (OSError, WireError):
        return ()
    finally:
        wire.abort()
