"""The step that signs in (RFC 4954): one mechanism, one attempt, and never in the clear by accident."""

import binascii
import hmac
from base64 import b64decode, b64encode
from typing import Final

from webapp.smtp import sign_in_diagnoses as diagnoses
from webapp.smtp.access_token import Denied, Granted
from webapp.smtp.conversation import Conversation
from webapp.smtp.refusals import explain_reply
from webapp.smtp.reply import Reply
from webapp.smtp.resolve import is_loopback
from webapp.smtp.rung import Detail, Finding, Step, failed, passed, skipped
from webapp.smtp.server import Auth, OAuth
from webapp.smtp.transcript import MASK
from webapp.text import message

_ENCRYPTED: Final = ("PLAIN", "LOGIN", "CRAM-MD5")
_CLEAR: Final = ("CRAM-MD5", "PLAIN", "LOGIN")
"""Without TLS, the one that does not show the password goes first."""


async def sign_in(talk: Conversation) -> Finding:
    """Sign in as the settings say. A second mechanism is never tried: every refusal may count towards a lock.

    An access token that was kept and is refused is asked for anew, once: it may have been withdrawn.
    """
    server = talk.server
    if server.auth is Auth.NONE:
        return skipped()
    mechanism = _mechanism(talk)
    if isinstance(mechanism, Finding):
        return mechanism
    shown: Detail = (message("Mechanism"), mechanism)
    match mechanism:
        case "PLAIN":
            reply = await _plain(talk)
        case "LOGIN":
            reply = await _login(talk)
        case "CRAM-MD5":
            reply = await _cram_md5(talk)
        case _ if server.oauth is None:
            reply = await _xoauth2(talk, server.secret)
        case _:
            answered = await _with_token(talk, server.oauth)
            if isinstance(answered, Finding):
                return answered
            reply = answered
    if reply.code == 235:
        return passed(shown, (message("Signed in as"), server.username), reply=reply)
    refused = diagnoses.MECHANISM_REFUSED if reply.code < 400 else explain_reply(Step.SIGN_IN, reply, server)
    return failed(talk.diagnose(refused, mechanism=mechanism), shown, reply=reply)


def _mechanism(talk: Conversation) -> str | Finding:
    """Which way to sign in, or why not at all. Nothing was said yet."""
    server, offered = talk.server, talk.capabilities.mechanisms
    secret = server.secret if server.oauth is None else server.oauth.client_id
    if not server.username or not secret or "\0" in server.username + secret:
        return failed(talk.diagnose(diagnoses.CREDENTIALS_MISSING))
    if not talk.encrypted and not server.plaintext_auth and not is_loopback(talk.address):
        return failed(talk.diagnose(diagnoses.PLAINTEXT_AUTH_FORBIDDEN))
    if not offered:
        after_tls = not talk.encrypted and talk.capabilities.offers("starttls")
        return failed(talk.diagnose(diagnoses.AUTH_ONLY_AFTER_TLS if after_tls else diagnoses.AUTH_NOT_OFFERED))
    if server.auth is Auth.XOAUTH2:
        return "XOAUTH2" if "XOAUTH2" in offered else failed(talk.diagnose(diagnoses.XOAUTH2_NOT_OFFERED))
    for mechanism in _ENCRYPTED if talk.encrypted else _CLEAR:
        if mechanism in offered:
            return mechanism
    oauth_only = "XOAUTH2" in offered or "OAUTHBEARER" in offered
    return failed(talk.diagnose(diagnoses.OAUTH_REQUIRED if oauth_only else diagnoses.NO_COMMON_MECHANISM))


async def _plain(talk: Conversation) -> Reply:
    """RFC 4616."""
    response = b64encode(f"\0{talk.server.username}\0{talk.server.secret}".encode())
    return await talk.wire.say(b"AUTH PLAIN " + response, talk.patience, shown=f"AUTH PLAIN {MASK}")


async def _login(talk: Conversation) -> Reply:
    """draft-murchison-sasl-login: two prompts, whatever they say."""
    reply = await talk.wire.say(b"AUTH LOGIN", talk.patience)
    for answer in (talk.server.username, talk.server.secret):
        if reply.code != 334:
            break
        reply = await talk.wire.say(b64encode(answer.encode()), talk.patience, shown=MASK)
    return reply


async def _cram_md5(talk: Conversation) -> Reply:
    """RFC 2195."""
    reply = await talk.wire.say(b"AUTH CRAM-MD5", talk.patience)
    if reply.code != 334:
        return reply
    try:
        challenge = b64decode(reply.text, validate=True)
    except (binascii.Error, ValueError):
        return await talk.wire.say(b"*", talk.patience)
    digest = hmac.new(talk.server.secret.encode(), challenge, "md5").hexdigest()
    return await talk.wire.say(b64encode(f"{talk.server.username} {digest}".encode()), talk.patience, shown=MASK)


async def _with_token(talk: Conversation, oauth: OAuth) -> Reply | Finding:
    """Get an access token and show it to the server, whose reply this is; a finding if there is no token."""
    granted = await _token(talk, oauth)
    if isinstance(granted, Finding):
        return granted
    reply = await _xoauth2(talk, granted.token)
    if reply.code == 235:
        return reply
    talk.access_tokens.forget(oauth)
    if granted.kept and reply.code >= 500:
        granted = await _token(talk, oauth)
        if isinstance(granted, Finding):
            return granted
        reply = await _xoauth2(talk, granted.token)
        if reply.code != 235:
            talk.access_tokens.forget(oauth)
    return reply


async def _token(talk: Conversation, oauth: OAuth) -> Granted | Finding:
    match await talk.access_tokens.get(oauth, seconds=talk.patience):
        case Denied(diagnosis, said):
            talk.wire.note(f"no access token: {diagnosis.code}" + (f" ({said})" if said else ""))
            details: list[Detail] = [(message("Mechanism"), "XOAUTH2"), (message("Token URL"), oauth.token_url)]
            if said:
                details.append((message("The token server says"), said))
            return failed(talk.diagnose(diagnosis, **diagnosis.cause.params), *details)
        case granted:
            talk.mask.add([granted.token])
            talk.wire.note("using an access token from before" if granted.kept else "got an access token")
            return granted


async def _xoauth2(talk: Conversation, token: str) -> Reply:
    """Google's and Microsoft's. A refusal comes as a challenge, which an empty line turns into the reply proper."""
    response = b64encode(f"user={talk.server.username}\x01auth=Bearer {token}\x01\x01".encode())
    reply = await talk.wire.say(b"AUTH XOAUTH2 " + response, talk.patience, shown=f"AUTH XOAUTH2 {MASK}")
    if reply.code == 334:
        reply = await talk.wire.say(b"", talk.patience)
    return reply
