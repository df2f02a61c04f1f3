"""The step that encrypts the connection: implicit TLS (RFC 8314) or STARTTLS (RFC 3207), never opportunistic."""

import ssl

from webapp.smtp import tls_diagnoses as diagnoses
from webapp.smtp.capabilities import Capabilities
from webapp.smtp.certificate import describe, trusting
from webapp.smtp.conversation import Conversation
from webapp.smtp.faults import explain_handshake, reason_of
from webapp.smtp.looking import certificate_shown
from webapp.smtp.opening import introduce
from webapp.smtp.refusals import explain_reply
from webapp.smtp.rung import Finding, Step, failed, passed, skipped
from webapp.smtp.server import Security


async def tls(talk: Conversation) -> Finding:
    """Encrypt as the settings ask, or say why not and send nothing more."""
    security = talk.server.security
    if security is Security.NONE:
        return skipped()
    try:
        context = trusting(talk.server.ca_certificate)
    except (ssl.SSLError, ValueError):
        return failed(talk.diagnose(diagnoses.CA_CERTIFICATE_UNREADABLE))
    try:
        if security is Security.TLS:
            await talk.attach(context)
        elif refusal := await _starttls(talk, context):
            return refusal
    except OSError as error:
        return await _handshake_failed(talk, error)
    session = talk.wire.ssl_object
    if session is None:  # gone again the moment that it stood
        return failed(talk.diagnose(diagnoses.TLS_DISCONNECTED))
    talk.encrypted = True
    talk.wire.note(f"encrypted with {session.version()}")
    return passed(*describe(session))


async def _starttls(talk: Conversation, context: ssl.SSLContext) -> Finding | None:
    hello = await introduce(talk)
    if hello.code != 250:
        return failed(talk.diagnose(explain_reply(Step.CAPABILITIES, hello, talk.server)), reply=hello)
    if not talk.capabilities.offers("starttls"):
        stripped = talk.capabilities.overwritten
        found = diagnoses.STARTTLS_STRIPPED if stripped else diagnoses.STARTTLS_NOT_OFFERED
        return failed(talk.diagnose(found), *talk.capabilities.details(), reply=hello)
    # What was said in plain text counts for nothing from here on (RFC 3207, 4.2).
    talk.capabilities = Capabilities()
    reply = await talk.wire.start_tls(context, talk.tls_host, talk.patience)
    if reply.code != 220:
        return failed(talk.diagnose(explain_reply(Step.TLS, reply, talk.server)), reply=reply)
    return None


async def _handshake_failed(talk: Conversation, error: OSError) -> Finding:
    found = explain_handshake(error, after_starttls=talk.server.security is Security.STARTTLS)
    diagnosis = talk.diagnose(found, reason=reason_of(error))
    talk.wire.note(f"no encryption: {found.code}")
    refused_certificate = isinstance(error, ssl.SSLCertVerificationError)
    return failed(diagnosis, *(await certificate_shown(talk) if refused_certificate else ()))
