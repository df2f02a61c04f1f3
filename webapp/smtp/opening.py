"""The steps up to the greeting, and the introduction: address, connect, greeting, capabilities."""

import asyncio
from typing import Final

from webapp.smtp import connection_diagnoses as connection
from webapp.smtp.capabilities import Capabilities, capabilities_of
from webapp.smtp.conversation import Conversation
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.faults import explain_connect, reason_of
from webapp.smtp.looking import speaks_tls
from webapp.smtp.refusals import explain_reply
from webapp.smtp.reply import Reply
from webapp.smtp.resolve import Unresolved, resolve
from webapp.smtp.rung import Detail, Finding, Step, failed, passed
from webapp.smtp.server import Auth, Security
from webapp.smtp.wire import Break, WireError
from webapp.text import message

_UNRESOLVED: Final = {
    Unresolved.MALFORMED: connection.HOST_MALFORMED,
    Unresolved.UNKNOWN: connection.HOST_UNKNOWN,
    Unresolved.UNAVAILABLE: connection.HOST_LOOKUP_FAILED,
}


async def address(talk: Conversation) -> Finding:
    """Look the host up, and sort out the addresses that may not be dialled."""
    server = talk.server
    if refusal := talk.egress.check_port(server.port):
        return failed(talk.diagnose(connection.PORT_NOT_ALLOWED), (message("Not allowed"), refusal))
    try:
        async with asyncio.timeout(talk.patience):
            found = await resolve(server.host, server.port, talk.lookup)
    except TimeoutError:
        found = Unresolved.UNAVAILABLE
    if isinstance(found, Unresolved):
        return failed(talk.diagnose(_UNRESOLVED[found]))
    details: list[Detail] = []
    allowed = []
    for ip in found:
        refusal = talk.egress.check(ip, server.port)
        details.append((message("Address"), ip) if refusal is None else (message("Not allowed"), refusal))
        if refusal is None:
            allowed.append(ip)
    talk.addresses = tuple(allowed)
    if not allowed:
        return failed(talk.diagnose(connection.HOST_NOT_ALLOWED), *details)
    return passed(*details)


async def connect(talk: Conversation) -> Finding:
    """Dial one address after the other, each with its own time, so that a dead one leaves time for the rest."""
    details: list[Detail] = []
    failures: list[Diagnosis] = []
    for position, ip in enumerate(talk.addresses):
        # One share more than addresses: something must be left for the conversation.
        share = talk.deadline.left() / (len(talk.addresses) - position + 1)
        try:
            talk.sock = await talk.dial(ip, talk.server.port, min(talk.server.timeout_seconds, share))
        except OSError as error:
            failure = talk.diagnose(explain_connect(error, talk.server.port), reason=reason_of(error))
            failures.append(failure)
            talk.wire.note(f"no connection to {ip} port {talk.server.port}: {failure.code}")
            details.append((message("No answer"), message("%(address)s: %(cause)s", address=ip, cause=failure.cause)))
            continue
        talk.address = ip
        talk.wire.note(f"connected to {ip} port {talk.server.port}")
        details.append((message("Answered"), f"{ip}:{talk.server.port}"))
        if talk.server.security is not Security.TLS:
            await talk.attach(None)
        return passed(*details)
    telling = [failure for failure in failures if failure.code != connection.NO_ROUTE.code]
    return failed((telling or failures)[-1], *details)


async def greeting(talk: Conversation) -> Finding:
    """Wait for the server's first words. What is not SMTP is never shown."""
    try:
        reply = await talk.wire.greeting(talk.patience)
    except WireError as error:
        silent = error.kind in {Break.TIMED_OUT, Break.DISCONNECTED}
        if silent and talk.server.security is not Security.TLS and await speaks_tls(talk):
            return failed(talk.diagnose(connection.TLS_EXPECTED))
        raise
    if reply.code != 220:
        return failed(talk.diagnose(explain_reply(Step.GREETING, reply, talk.server)), reply=reply)
    return passed((message("Greeting"), reply.text or "-"), reply=reply)


async def capabilities(talk: Conversation) -> Finding:
    """Introduce ourselves and hear what the server can do."""
    reply = await introduce(talk)
    if reply.code != 250:
        return failed(talk.diagnose(explain_reply(Step.CAPABILITIES, reply, talk.server)), reply=reply)
    details = [(message("We introduced ourselves as"), talk.ehlo_name), *talk.capabilities.details()]
    return passed(*details, reply=reply)


async def introduce(talk: Conversation) -> Reply:
    """EHLO, or HELO for a server from before 1995 if nothing more is needed of it. Sets the capabilities."""
    name = talk.ehlo_name.encode()
    reply = await talk.wire.say(b"EHLO " + name, talk.patience)
    if reply.code in {500, 502} and talk.server.auth is Auth.NONE and talk.server.security is Security.NONE:
        reply = await talk.wire.say(b"HELO " + name, talk.patience)
        talk.capabilities = Capabilities()
    elif reply.code == 250:
        talk.capabilities = capabilities_of(reply)
    return reply
